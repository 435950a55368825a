//! Wrong input: told with its place and a way out, before anything is called.

use serde_json::json;
use shopctl_tests::TestProject;

/// Deploys what has something wrong in it.
#[track_caller]
fn refused(project: &TestProject, parts: &[&str]) {
    let output = project.deploy().run().expect_code(4).expect_stderr(parts);
    // Programs that read the events are told too.
    let finished = output.finished();
    assert_eq!(finished["outcome"], "failed", "{finished}");
    assert_eq!(finished["exit_code"], 4, "{finished}");
    assert_ne!(finished["errors"], json!([]), "{finished}");
    nothing_is_there(project);
}

/// No stack is there.
#[track_caller]
fn nothing_is_there(project: &TestProject) {
    let status = project.status();
    assert_eq!(status["stacks"], json!([]), "{status}");
}

#[test]
fn an_environment_that_is_not_there_is_named_with_its_like() {
    let project = TestProject::small("minimal");
    for command in [
        &["deploy", "--yes"][..],
        &["status"],
        &["teardown", "--yes"],
        &["build"],
        &["render", "--out", "rendered"],
    ] {
        let arguments = [command, &["--env", "lokal"]].concat();
        let output = project.command(&arguments).run().expect_code(4);
        let output =
            output.expect_stderr(&["there is no environment 'lokal'", "did you mean 'local'?"]);
        assert_eq!(output.stdout, "");
    }
    let deploy = ["deploy", "--env", "lokal", "--yes", "--output", "json"];
    let output = project.command(&deploy).run().expect_code(4);
    assert_eq!(output.finished()["exit_code"], 4, "{output}");
}

#[test]
fn a_folder_without_a_project_is_told_where_was_looked() {
    let project = TestProject::small("minimal");
    let elsewhere = project.beside("elsewhere");
    let output = project
        .command_in(&elsewhere, &["status", "--env", "local"])
        .run();
    let place = elsewhere.display().to_string();
    output
        .expect_code(4)
        .expect_stderr(&["there is no shopctl.yaml in", &place, "--file"]);
}

#[test]
fn a_wrong_project_file_is_told_with_line_and_column() {
    let project = TestProject::small("chain");
    let right = project.read("shopctl.yaml");
    for (old, new, parts) in [
        (
            "environments:",
            "enviroments:",
            &[
                "unknown key 'enviroments'",
                "shopctl.yaml:16:1",
                "did you mean 'environments'?",
            ][..],
        ),
        (
            "{ output: first.QueueName }",
            "{ output: frist.QueueName }",
            &[
                "there is no stack 'frist'",
                "shopctl.yaml:10:25",
                "did you mean 'first'?",
            ],
        ),
        (
            "  first: {}",
            "  first: { parameters: { Before: { output: third.QueueName } } }",
            &["stacks wait for each other", "shopctl.yaml:7:44"],
        ),
        ("version: 1", "version: one", &["shopctl.yaml:2:10", "one"]),
        ("  alone: {}", "  alone: {", &["shopctl.yaml:"]),
    ] {
        project.edit("shopctl.yaml", old, new);
        let said = project.deploy().run().expect_code(4).expect_stderr(parts);
        assert_eq!(said.finished()["exit_code"], 4);
        project.write("shopctl.yaml", &right);
    }
}

#[test]
fn a_wrong_template_is_told_with_line_and_column() {
    const SECOND: &str = "stacks/second/template.yaml";
    let project = TestProject::small("chain");
    let right = project.read(SECOND);
    for (old, new, parts) in [
        (
            "!Ref Before",
            "!Ref Befor",
            &[
                "Ref names 'Befor'",
                "stacks/second/template.yaml:12:33",
                "did you mean 'Before'?",
            ][..],
        ),
        (
            "  Queue:\n",
            "  Queue:\n    Type: AWS::SQS::Queue\n  Queue:\n",
            &[
                "key 'Queue' is already given",
                "stacks/second/template.yaml:10:3",
            ],
        ),
        (
            "    Properties:",
            "    DependsOn: Queue\n    Properties:",
            &["in a circle", "stacks/second/template.yaml:10:16"],
        ),
        (
            "    Type: AWS::SQS::Queue\n",
            "",
            &["stacks/second/template.yaml:8:3", "Type"],
        ),
        (
            "Resources:",
            "Ressources:",
            &[
                "Ressources",
                "stacks/second/template.yaml:7:1",
                "did you mean 'Resources'?",
            ],
        ),
        (
            "  Before:\n    Type: String",
            "  Other:\n    Type: String",
            &["Before", "Other"],
        ),
        (
            "    Value: !GetAtt Queue.QueueName",
            "    Value: [!GetAtt Queue.QueueName",
            &["stacks/second/template.yaml:1"],
        ),
    ] {
        project.edit(SECOND, old, new);
        refused(&project, parts);
        project.write(SECOND, &right);
    }
    // Corrected, it goes on as if nothing had been.
    project
        .deploy()
        .run()
        .expect_code(0)
        .expect_outcome("succeeded");
}

#[test]
fn an_output_that_no_template_has_is_told_where_it_is_asked_for() {
    let project = TestProject::small("chain");
    project.edit("shopctl.yaml", "second.QueueName", "second.QueueNam");
    refused(
        &project,
        &[
            "no output 'QueueNam'",
            "shopctl.yaml:13:25",
            "did you mean 'second.QueueName'?",
        ],
    );
}

#[test]
fn a_variable_of_the_environment_is_a_value_and_is_missed_where_it_is_named() {
    let project = TestProject::small("minimal");
    project.edit(
        "shopctl.yaml",
        "messages: {}",
        "messages: { parameters: { Seconds: { variable: TEST_SECONDS } } }",
    );
    let template = "stacks/messages/template.yaml";
    project.edit(
        template,
        "Resources:",
        "Parameters:\n  Seconds: { Type: Number }\n\nResources:",
    );
    project.edit(
        template,
        "MessageRetentionPeriod: 3600",
        "MessageRetentionPeriod: !Ref Seconds",
    );
    refused(
        &project,
        &[
            "the environment variable 'TEST_SECONDS' is not set",
            "parameter 'Seconds' of stack 'messages'",
            "shopctl.yaml:7:",
        ],
    );
    let deploy = project.deploy().env("TEST_SECONDS", "600").run();
    deploy.expect_code(0).expect_outcome("succeeded");
    let queue = project.emulator().call(
        "sqs",
        "get_queue_attributes",
        &json!({
            "QueueUrl": project.status()["stacks"][0]["outputs"]["QueueUrl"],
            "AttributeNames": ["MessageRetentionPeriod"],
        }),
    );
    assert_eq!(queue["Attributes"]["MessageRetentionPeriod"], "600");
}

#[test]
fn a_wrong_template_is_told_before_anything_is_compiled() {
    let project = TestProject::small("greeter");
    project.edit(
        "stacks/other/template.yaml",
        "AWS::SNS::Topic",
        "[AWS::SNS::Topic]",
    );
    let said = project.deploy().run().expect_code(4);
    let said = said.expect_stderr(&["stacks/other/template.yaml:5:"]);
    let built = said.events_of("phase_progressed");
    assert!(
        built.iter().all(|event| event["phase"] != "build"),
        "{said}"
    );
}

#[test]
fn a_handler_that_does_not_compile_is_shown_as_cargo_shows_it() {
    let project = TestProject::small("greeter");
    let source = "handlers/greeter/src/main.rs";
    project.edit(source, "GREETING: &str = \"hello\"", "GREETING: &str = 5");
    refused(
        &project,
        &[
            "error[E0308]: mismatched types",
            "handlers/greeter/src/main.rs:8:24",
            "does not compile",
        ],
    );
    project.edit(source, "GREETING: &str = 5", "GREETING: &str = \"hello\"");
    project
        .deploy()
        .run()
        .expect_code(0)
        .expect_outcome("succeeded");
}

#[test]
fn a_site_that_does_not_build_is_told_with_what_its_command_wrote() {
    let project = TestProject::small("page");
    let script = "site/build.sh";
    project.edit(
        script,
        "cp index.html out/index.html",
        "echo 'no such colour: blurple' >&2; exit 3",
    );
    refused(&project, &["sh build.sh", "no such colour: blurple", "3"]);
    project.edit(
        script,
        "echo 'no such colour: blurple' >&2; exit 3",
        "cp index.html out/index.html",
    );
    project
        .deploy()
        .run()
        .expect_code(0)
        .expect_outcome("succeeded");
}

#[test]
fn arguments_are_checked() {
    let project = TestProject::small("minimal");
    for (arguments, part) in [
        (&["deploy"][..], "--env"),
        (
            &["deploy", "--env", "local", "--concurrency", "0"],
            "--concurrency",
        ),
        (&["local", "start", "--port", "80"], "--port"),
        (&["depoly", "--env", "local"], "deploy"),
    ] {
        project
            .command(arguments)
            .run()
            .expect_code(4)
            .expect_stderr(&[part]);
    }
}
