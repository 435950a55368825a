//! Stacks that no plain deploy or teardown gets on with: what is told about them, and the
//! commands that are told.

use serde_json::{Value, json};
use shopctl_tests::{Emulator, Output, TestProject};

use crate::gate;
use crate::rollback::pass;

const GATE: &str = "stacks/gate/template.yaml";

/// A function whose code is an object of a bucket.
const FUNCTION: &str = r#"  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: { Service: lambda.amazonaws.com }
            Action: sts:AssumeRole

  Function:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      Role: !GetAtt Role.Arn
      Code: { S3Bucket: gate-code, S3Key: one.zip }

Outputs:"#;

/// A second gate behind the change of the function.
const SECOND: &str = r#"  Handle2:
    Type: AWS::CloudFormation::WaitConditionHandle

  Opened2:
    Type: AWS::CloudFormation::WaitCondition
    DependsOn: Function
    Properties:
      Handle: !Ref Handle2
      Timeout: "600"

Outputs:"#;

/// The project `gate` with a stack that could not be rolled back: the code that its function
/// had before was deleted.
struct Wedged {
    project: TestProject,
    emulator: Emulator,
    /// The template that was deployed before.
    good: String,
    failed: Output,
}

fn wedged() -> Wedged {
    let project = TestProject::small("gate");
    project.run(&["local", "start"]);
    let emulator = project.emulator();
    emulator.call("s3", "create_bucket", &json!({"Bucket": "gate-code"}));
    put(&emulator, "one.zip");
    put(&emulator, "two.zip");
    project.edit(GATE, "Outputs:", FUNCTION);
    pass(&project);
    let good = project.read(GATE);
    project.edit(GATE, "Outputs:", SECOND);
    project.edit(GATE, "one.zip", "two.zip");
    let mut deploy = project.deploy().start();
    gate::wait_until_reached_at("Opened2", &mut deploy);
    emulator.call("s3", "delete_object", &code("one.zip"));
    gate::signal_at("Opened2", &emulator, "FAILURE");
    let failed = deploy.wait().expect_code(7).expect_outcome("failed");
    Wedged {
        project,
        emulator,
        good,
        failed,
    }
}

fn put(emulator: &Emulator, key: &str) {
    let mut object = code(key);
    // A zip file without files.
    object["Body"] = json!(format!("PK\u{5}\u{6}{}", "\0".repeat(18)));
    emulator.call("s3", "put_object", &object);
}

fn code(key: &str) -> Value {
    json!({"Bucket": "gate-code", "Key": key})
}

fn status(emulator: &Emulator, stack: &str) -> Value {
    emulator.inventory()["stacks"][stack].clone()
}

#[test]
fn a_rollback_that_failed_is_explained_and_skipped_by_name() {
    let Wedged {
        project,
        emulator,
        good,
        failed,
        ..
    } = wedged();
    let failure = &failed.events_of("stack_failed")[0]["failure"];
    assert_eq!(failure["status"], "UPDATE_ROLLBACK_FAILED", "{failed}");
    // The cause is what failed first, not what stumbled afterwards.
    assert_eq!(failure["resource"]["logical_id"], "Opened2", "{failed}");
    let details = &failure["diagnosis"]["details"];
    assert_eq!(details[0]["topic"], "rollback", "{failed}");
    assert!(details[0]["text"].as_str().unwrap().contains("one.zip"));
    let hint = failure["hint"].as_str().unwrap();
    assert!(hint.contains("shopctl recover --env local gate"), "{hint}");

    let shown = project
        .command(&["recover", "--env", "local", "--output", "json"])
        .run()
        .expect_code(7)
        .json();
    assert_eq!(shown["version"], 1);
    let stack = shown["stacks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|stack| stack["name"] == "gate")
        .unwrap();
    assert_eq!(stack["needsHelp"], true, "{shown}");
    assert_eq!(stack["stuck"], json!(["Function"]), "{shown}");
    let skip = "shopctl recover --env local gate --skip-resources Function";
    let told = stack["choices"].as_array().unwrap();
    assert!(told.iter().any(|one| one["command"] == skip), "{shown}");

    // Nothing is done without a word.
    let words = ["recover", "--env", "local", "gate", "--skip-resources"];
    let skip = [&words[..], &["Function"]].concat();
    project
        .command(&skip)
        .run()
        .expect_code(3)
        .expect_stderr(&["--yes"]);
    // Only what stumbled can be skipped.
    let wrong = [&words[..], &["Handle", "--yes"]].concat();
    project
        .command(&wrong)
        .run()
        .expect_code(7)
        .expect_stderr(&["Handle"]);
    let skip = [&skip[..], &["--yes", "--output", "json"]].concat();
    let done = project.command(&skip).run().expect_code(0);
    assert_eq!(done.stack_result("gate").as_deref(), Some("rolled_back"));
    assert_eq!(
        status(&emulator, "gate-local-gate"),
        "UPDATE_ROLLBACK_COMPLETE"
    );
    project
        .command(&["recover", "--env", "local"])
        .run()
        .expect_code(0);
    the_repair_is_a_run_of_the_history(&project);
    project.write(GATE, &good);
    project.deploy().run().expect_code(0);
}

/// After the deploy that passed and the one that failed: a repair that failed, and one that did not.
fn the_repair_is_a_run_of_the_history(project: &TestProject) {
    let history = project
        .run(&["history", "--env", "local", "--output", "json"])
        .json();
    let runs = history["runs"].as_array().unwrap().iter();
    let told: Vec<_> = runs
        .map(|run| format!("{} {}", run["command"], run["state"]).replace('"', ""))
        .collect();
    let expected = [
        "recover succeeded",
        "recover failed",
        "deploy failed",
        "deploy succeeded",
    ];
    assert_eq!(told, expected, "{history}");
    let run = project
        .run(&["history", "--env", "local", "latest", "--output", "json"])
        .json();
    let stack = &run["stacks"]["gate"];
    assert_eq!(stack["result"], "rolled_back", "{run}");
    assert_eq!(stack["failed"], false, "{run}");
    // It says nothing of what is deployed, so there is nothing to deploy again.
    project
        .command(&["rollback", "--env", "local", "--to", "latest", "--yes"])
        .run()
        .expect_stderr(&["was a recover"]);
}

#[test]
fn a_deploy_continues_the_rollback_once_its_cause_is_gone() {
    let Wedged {
        project,
        emulator,
        good,
        ..
    } = wedged();
    project.write(GATE, &good);
    // As long as the code is not there, the deploy stumbles too, and says over what.
    let again = project
        .command(&["deploy", "--env", "local", "--yes"])
        .run()
        .expect_code(7);
    again.expect_stderr(&[
        "stack 'gate' failed at Function",
        "--skip-resources Function",
    ]);
    put(&emulator, "one.zip");
    project.deploy().run().expect_code(0);
    assert_eq!(project.status()["healthy"], true);
}

#[test]
fn an_update_that_stopped_half_way_is_rolled_back_or_gone_on_with() {
    for way in ["--rollback", "--retry-paused"] {
        let project = TestProject::small("minimal");
        project.deploy().run().expect_code(0);
        let emulator = project.emulator();
        // Somebody updates it with rollback off, and it fails.
        let template = project.read("stacks/messages/template.yaml").replace(
            "\nOutputs:",
            "\n  Handle:\n    Type: AWS::CloudFormation::WaitConditionHandle\n\n  Never:\n    Type: \
             AWS::CloudFormation::WaitCondition\n    Properties:\n      Handle: !Ref Handle\n      \
             Timeout: \"1\"\n\nOutputs:",
        );
        let update = json!({
            "StackName": "minimal-local-messages", "TemplateBody": template,
            "DisableRollback": true,
        });
        emulator.call("cloudformation", "update_stack", &update);
        shopctl_tests::eventually("it has stopped", || {
            (status(&emulator, "minimal-local-messages") == "UPDATE_FAILED").then_some(())
        });
        project
            .command(&["deploy", "--env", "local", "--yes"])
            .run()
            .expect_code(7)
            .expect_stderr(&[
                "UPDATE_FAILED",
                "shopctl recover --env local messages --rollback",
                "--retry-paused",
            ]);
        if way == "--rollback" {
            let words = [
                "recover",
                "--env",
                "local",
                "messages",
                "--rollback",
                "--yes",
            ];
            project.command(&words).run().expect_code(0);
            project.deploy().run().expect_code(0);
        } else {
            project.edit(
                "stacks/messages/template.yaml",
                "MessageRetentionPeriod: 3600",
                "MessageRetentionPeriod: 7200",
            );
            let words = ["deploy", "--env", "local", "--yes", way, "--output", "json"];
            let done = project.command(&words).run().expect_code(0);
            assert_eq!(done.stack_result("messages").as_deref(), Some("updated"));
        }
        assert_eq!(project.status()["healthy"], true);
    }
}

#[test]
fn what_cannot_be_deleted_is_left_by_consent_and_listed_with_its_price() {
    let project = TestProject::small("minimal");
    project.edit(
        "stacks/messages/template.yaml",
        "\nOutputs:",
        "\n  Net:\n    Type: AWS::EC2::VPC\n    Properties:\n      CidrBlock: 10.0.0.0/16\n\nOutputs:",
    );
    project.deploy().run().expect_code(0);
    let emulator = project.emulator();
    let asked = json!({"StackName": "minimal-local-messages", "LogicalResourceId": "Net"});
    let found = emulator.call("cloudformation", "describe_stack_resource", &asked);
    let net = &found["StackResourceDetail"]["PhysicalResourceId"];
    // Somebody's own subnet is in the way.
    let subnet = json!({"VpcId": net, "CidrBlock": "10.0.1.0/24"});
    emulator.call("ec2", "create_subnet", &subnet);

    let words = ["teardown", "--env", "local", "--yes"];
    project
        .command(&words)
        .run()
        .expect_code(7)
        .expect_stderr(&[
            "stack 'messages' failed at Net (AWS::EC2::VPC)",
            "DELETE_FAILED",
            "--retain-failed",
        ]);
    // A deploy does not build on a ruin.
    project
        .command(&["deploy", "--env", "local", "--yes"])
        .run()
        .expect_code(7)
        .expect_stderr(&["shopctl recover --env local messages --delete"]);
    let words = [&words[..], &["--retain-failed", "--output", "json"]].concat();
    let done = project.command(&words).run().expect_code(0);
    let left = done.finished()["left"].clone();
    assert_eq!(left.as_array().map(Vec::len), Some(1), "{left}");
    assert_eq!(left[0]["kind"], "AWS::EC2::VPC");
    assert_eq!(left[0]["name"], *net);
    assert!(status(&emulator, "minimal-local-messages").is_null());
}

#[test]
fn a_stack_that_others_read_is_refused_before_its_buckets_are_emptied() {
    let project = TestProject::small("exports");
    project.edit(
        "stacks/owner/template.yaml",
        "Outputs:",
        "  Bucket:\n    Type: AWS::S3::Bucket\n    Properties:\n      BucketName: exports-treasure\n\nOutputs:",
    );
    project.deploy().run().expect_code(0);
    let emulator = project.emulator();
    let object = json!({"Bucket": "exports-treasure", "Key": "gold"});
    emulator.call("s3", "put_object", &object);
    // A stack of somebody else reads the export.
    let stranger = json!({
        "StackName": "stranger",
        "TemplateBody": "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n    Properties:\n      Subscription:\n        - { Protocol: sqs, Endpoint: !ImportValue exports-queue }\n",
    });
    emulator.call("cloudformation", "create_stack", &stranger);
    shopctl_tests::eventually("it is there", || {
        (status(&emulator, "stranger") == "CREATE_COMPLETE").then_some(())
    });
    project
        .command(&["teardown", "--env", "local", "--yes"])
        .run()
        .expect_code(3)
        .expect_stderr(&["export 'exports-queue'", "stranger"]);
    emulator.call("s3", "get_object", &object);

    let gone = json!({"StackName": "stranger"});
    emulator.call("cloudformation", "delete_stack", &gone);
    project.teardown().run().expect_code(0);
    assert!(status(&emulator, "exports-local-owner").is_null());
}

#[test]
fn the_cause_in_a_nested_stack_is_the_one_that_is_told() {
    let project = TestProject::small("nested");
    let never = "\n  Handle:\n    Type: AWS::CloudFormation::WaitConditionHandle\n\n  Never:\n    \
                 Type: AWS::CloudFormation::WaitCondition\n    Properties:\n      Handle: !Ref \
                 Handle\n      Timeout: \"1\"\n";
    project.deploy().run().expect_code(0);
    let bell = project.read("stacks/app/bell.yaml");
    project.write("stacks/app/bell.yaml", &format!("{bell}{never}"));
    let failed = project.deploy().run().expect_code(1);
    let failure = &failed.events_of("stack_failed")[0]["failure"];
    assert_eq!(failure["resource"]["logical_id"], "Never", "{failed}");
    assert_eq!(failure["diagnosis"]["within"], json!(["Bell"]), "{failed}");
    let place = &failure["resource"]["location"];
    assert_eq!(place["file"], "stacks/app/bell.yaml", "{failed}");
    assert!(failure["reason"].as_str().unwrap().contains("timed out"));
}
