//! Environments on AWS: credentials, accounts, protection. The cloud is the local one, reached
//! as AWS is: by the SDK's own variables.

use serde_json::json;
use shopctl_tests::{Emulator, Invocation, TestProject};

/// A project with environments on AWS beside the local one, and a cloud for them.
pub(crate) struct Aws {
    pub(crate) project: TestProject,
    pub(crate) emulator: Emulator,
}

impl Aws {
    pub(crate) fn new() -> Self {
        let project = TestProject::small("chain");
        let file = project.read("shopctl.yaml");
        let environments = "  staging: { account: \"000000000000\" }
  other: { account: \"123456789012\" }
  prod: { account: \"000000000000\", protected: true }
";
        project.write("shopctl.yaml", &format!("{file}{environments}"));
        project.run(&["local", "start"]);
        let emulator = project.emulator();
        Self { project, emulator }
    }

    /// A call with credentials for that cloud.
    pub(crate) fn command(&self, arguments: &[&str]) -> Invocation {
        self.project
            .command(arguments)
            .env("AWS_ENDPOINT_URL", &self.emulator.endpoint)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
    }

    /// The change sets of plans that are there, of the stack that nothing else has to do with.
    pub(crate) fn plans_change_sets(&self) -> Vec<String> {
        let stack = json!({"StackName": "chain-staging-alone"});
        let sets = self
            .emulator
            .call("cloudformation", "list_change_sets", &stack);
        let sets = sets["Summaries"].as_array().unwrap().iter();
        sets.map(|set| set["ChangeSetName"].as_str().unwrap().to_owned())
            .filter(|name| name.starts_with("shopctl-plan-"))
            .collect()
    }
}

#[test]
fn without_credentials_it_says_how_to_get_some() {
    let project = TestProject::small("chain");
    let file = project.read("shopctl.yaml");
    project.write(
        "shopctl.yaml",
        &format!("{file}  staging: {{ account: \"123456789012\" }}\n"),
    );
    for command in [
        &["deploy", "--yes"][..],
        &["status"],
        &["teardown", "--yes"],
    ] {
        let arguments = [command, &["--env", "staging"]].concat();
        let output = project.command(&arguments).run().expect_code(5);
        output.expect_stderr(&[
            "there are no AWS credentials",
            "aws configure sso",
            "AWS_ACCESS_KEY_ID",
        ]);
    }
    let deploy = ["deploy", "--env", "staging", "--yes", "--output", "json"];
    let output = project.command(&deploy).run().expect_code(5);
    assert_eq!(output.finished()["exit_code"], 5, "{output}");
}

#[test]
fn a_wrong_account_is_refused_before_anything_is_written() {
    let aws = Aws::new();
    for command in [
        &["deploy", "--yes"][..],
        &["status"],
        &["teardown", "--yes"],
    ] {
        let arguments = [command, &["--env", "other"]].concat();
        let output = aws.command(&arguments).run().expect_code(5);
        output.expect_stderr(&["123456789012", "000000000000", "shopctl.yaml:19:21"]);
    }
    assert_eq!(aws.emulator.inventory(), json!({}));
}

#[test]
fn an_environment_on_aws_is_deployed_by_the_sdks_own_settings() {
    let aws = Aws::new();
    let with_events = |command: &str| {
        aws.command(&[command, "--env", "staging", "--yes", "--output", "json"])
            .run()
    };
    with_events("deploy")
        .expect_code(0)
        .expect_outcome("succeeded");
    with_events("deploy")
        .expect_code(0)
        .expect_outcome("unchanged");
    let status = aws
        .command(&["status", "--env", "staging", "--output", "json"])
        .run();
    let status = status.expect_code(0).json();
    assert_eq!(status["healthy"], true);
    assert_eq!(status["stacks"][0]["stackName"], "chain-staging-first");
    // Another environment of the same account is another matter.
    assert_eq!(aws.project.status()["stacks"], json!([]));
    with_events("teardown")
        .expect_code(0)
        .expect_outcome("succeeded");
    assert_eq!(aws.emulator.inventory(), json!({}));
}

#[test]
fn a_protected_environment_wants_to_be_named_twice() {
    let aws = Aws::new();
    let refused = aws
        .command(&["deploy", "--env", "prod"])
        .run()
        .expect_code(3);
    refused.expect_stderr(&["'prod'", "000000000000", "--yes"]);
    assert_eq!(aws.emulator.inventory(), json!({}));

    aws.command(&["deploy", "--env", "prod", "--yes"])
        .run()
        .expect_code(0);
    let deployed = aws.emulator.inventory();
    let refused = aws
        .command(&["teardown", "--env", "prod", "--yes"])
        .run()
        .expect_code(3);
    refused.expect_stderr(&["'prod' is protected", "--disable-protection"]);
    assert_eq!(aws.emulator.inventory(), deployed);
    aws.command(&["teardown", "--env", "prod", "--yes", "--disable-protection"])
        .run()
        .expect_code(0);
    assert_eq!(aws.emulator.inventory(), json!({}));
}

#[test]
fn a_teardown_that_nobody_confirms_deletes_nothing() {
    let project = TestProject::small("minimal");
    project.deploy().run().expect_code(0);
    let before = project.emulator().inventory();
    let refused = project
        .command(&["teardown", "--env", "local"])
        .run()
        .expect_code(3);
    refused.expect_stderr(&["deletes everything of 'minimal'", "--yes"]);
    assert_eq!(project.emulator().inventory(), before);
}

#[test]
fn a_cloud_that_does_not_answer_is_named() {
    let aws = Aws::new();
    aws.emulator.kill();
    let output = aws
        .command(&["deploy", "--env", "staging", "--yes"])
        .run()
        .expect_code(1);
    output.expect_stderr(&["AWS_ENDPOINT_URL"]);
}
