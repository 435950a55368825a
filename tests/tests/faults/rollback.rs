//! Stacks that fail half way: the first cause with its place, what was skipped because of it,
//! and that the next deploy of the corrected project works.

use serde_json::json;
use shopctl_tests::{Output, Process, TestProject, eventually};

use crate::gate;

#[test]
fn a_creation_that_fails_half_way_is_rolled_back_told_and_mended_by_the_next_run() {
    let project = TestProject::small("gate");
    let mut deploy = project.deploy().start();
    gate::wait_until_reached(&mut deploy);
    let emulator = project.emulator();
    gate::signal(&emulator, "FAILURE");
    let failed = deploy.wait().expect_code(1).expect_outcome("failed");

    let failure = &failed.events_of("stack_failed")[0];
    assert_eq!(failure["stack"], "gate");
    let failure = &failure["failure"];
    assert_eq!(failure["status"], "ROLLBACK_COMPLETE", "{failed}");
    assert_eq!(failure["resource"]["logical_id"], "Opened");
    let place = &failure["resource"]["location"];
    assert_eq!(place["file"], "stacks/gate/template.yaml");
    assert_eq!(place["line"], 17, "{place}");
    assert!(
        failure["reason"]
            .as_str()
            .unwrap()
            .contains("WaitCondition"),
        "{failure}"
    );
    assert_eq!(failed.stack_result("before").as_deref(), Some("created"));
    let skipped = &failed.events_of("step_skipped")[0];
    assert_eq!(skipped["step"], "stack:after", "{skipped}");
    assert_eq!(skipped["cause"], "stack:gate", "{skipped}");

    let status = project
        .command(&["status", "--env", "local", "--output", "json"])
        .run();
    let status = status.expect_code(1).json();
    assert_eq!(status["healthy"], false);
    assert_eq!(status["missing"], json!(["after"]));

    let mended = pass(&project);
    assert_eq!(mended.stack_result("gate").as_deref(), Some("created"));
    assert_eq!(project.status()["healthy"], true);
    project
        .deploy()
        .run()
        .expect_code(0)
        .expect_outcome("unchanged");
}

#[test]
fn an_update_that_fails_leaves_the_stack_as_it_was() {
    let project = TestProject::small("gate");
    pass(&project);
    let before = project.emulator().inventory();

    // A second gate, which nobody opens.
    let template = "stacks/gate/template.yaml";
    let text = project.read(template);
    let second = "  Closed:\n    Type: AWS::CloudFormation::WaitCondition\n    Properties:\n      Handle: !Ref Handle2\n      Timeout: \"1\"\n\n  Handle2:\n    Type: AWS::CloudFormation::WaitConditionHandle\n\nOutputs:";
    project.edit(template, "Outputs:", second);
    let failed = project
        .command(&["deploy", "--env", "local", "--yes"])
        .run();
    failed.expect_code(1).expect_stderr(&[
        "stack 'gate' failed at Closed",
        "stacks/gate/template.yaml:24:3",
        "timed out",
        "UPDATE_ROLLBACK_COMPLETE",
    ]);
    let mut after = project.emulator().inventory();
    assert_eq!(
        after["stacks"]["gate-local-gate"],
        "UPDATE_ROLLBACK_COMPLETE"
    );
    after["stacks"]["gate-local-gate"] = json!("CREATE_COMPLETE");
    assert_eq!(after, before);

    project.write(template, &text);
    project.deploy().run().expect_code(0);
    assert_eq!(project.status()["healthy"], true);
}

#[test]
fn a_name_that_is_taken_is_the_reason_that_is_shown() {
    let project = TestProject::small("chain");
    project.write(
        "stacks/alone/template.yaml",
        "Resources:\n  Bucket:\n    Type: AWS::S3::Bucket\n    Properties:\n      BucketName: taken-by-somebody\n",
    );
    project.run(&["local", "start"]);
    let emulator = project.emulator();
    emulator.call(
        "s3",
        "create_bucket",
        &json!({"Bucket": "taken-by-somebody"}),
    );

    let failed = project
        .command(&["deploy", "--env", "local", "--yes"])
        .run();
    failed.expect_code(1).expect_stderr(&[
        "stack 'alone' failed at Bucket (AWS::S3::Bucket)",
        "stacks/alone/template.yaml:2:3",
        "taken-by-somebody",
    ]);
    // What has nothing to do with it is done.
    assert_eq!(
        emulator.inventory()["stacks"]["chain-local-third"],
        "CREATE_COMPLETE"
    );

    project.edit(
        "stacks/alone/template.yaml",
        "taken-by-somebody",
        "not-taken",
    );
    let mended = project
        .deploy()
        .run()
        .expect_code(0)
        .expect_outcome("succeeded");
    assert_eq!(mended.stack_result("alone").as_deref(), Some("created"));
    assert_eq!(mended.stack_result("third").as_deref(), Some("unchanged"));
}

#[test]
fn a_failed_creation_is_torn_down_too() {
    let project = TestProject::small("gate");
    let mut deploy = project.deploy().start();
    gate::wait_until_reached(&mut deploy);
    let emulator = project.emulator();
    gate::signal(&emulator, "FAILURE");
    deploy.wait().expect_code(1);
    let gone = project
        .teardown()
        .run()
        .expect_code(0)
        .expect_outcome("succeeded");
    assert_eq!(gone.finished()["left"], json!([]));
    assert_eq!(emulator.inventory(), json!({}));
}

/// Deploys the project `gate` and opens the gate.
#[track_caller]
pub(crate) fn pass(project: &TestProject) -> Output {
    let mut deploy: Process = project.deploy().start();
    gate::wait_until_reached(&mut deploy);
    let emulator = project.emulator();
    gate::signal(&emulator, "SUCCESS");
    let done = deploy.wait().expect_code(0).expect_outcome("succeeded");
    eventually("the gate is open", || {
        (emulator.inventory()["stacks"]["gate-local-gate"] == "CREATE_COMPLETE").then_some(())
    });
    done
}
