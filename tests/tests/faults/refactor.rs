//! `refactor` as a whole. The local cloud moves nothing: a server before it answers for CloudFormation
//! what it does not know, and hands all else on.

use std::sync::{Arc, Mutex};

use nix::sys::signal::Signal;
use serde_json::json;
use shopctl_tests::{Invocation, Latch, Output, Relay};

use crate::aws::Aws;

const TEMPLATE: &str = "stacks/alone/template.yaml";

/// CloudFormation with `*StackRefactor`. What was asked of these is kept, as forms.
struct Mover {
    relay: Relay,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Mover {
    /// Before `cloud`; `refusal` is why it moves nothing.
    fn new(cloud: &str, refusal: Option<&'static str>) -> Self {
        Self::waiting(cloud, refusal, |_| {})
    }

    /// The same; `wait` returns when a request is to be answered.
    fn waiting(
        cloud: &str,
        refusal: Option<&'static str>,
        wait: impl Fn(&str) + Send + Sync + 'static,
    ) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = asked.clone();
        let relay = Relay::before(cloud, move |form| {
            let mut pairs = form.split('&');
            let action = pairs.find_map(|pair| pair.strip_prefix("Action="))?;
            if !action.contains("StackRefactor") {
                return None;
            }
            wait(action);
            let answer = moved(action, &kept, refusal);
            kept.lock().unwrap().push(form.to_owned());
            Some(answer)
        });
        Self { relay, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn moved(action: &str, asked: &Mutex<Vec<String>>, refusal: Option<&str>) -> String {
    let executed = |form: &String| form.contains("Action=ExecuteStackRefactor");
    let result = match action {
        "CreateStackRefactor" => "<StackRefactorId>r-1</StackRefactorId>".to_owned(),
        "DescribeStackRefactor" => match refusal {
            Some(reason) => format!(
                "<Status>CREATE_FAILED</Status><StatusReason>{reason}</StatusReason>\
                 <ExecutionStatus>UNAVAILABLE</ExecutionStatus>"
            ),
            None => {
                let done = asked.lock().unwrap().iter().any(executed);
                let execution = if done {
                    "EXECUTE_COMPLETE"
                } else {
                    "AVAILABLE"
                };
                format!(
                    "<Status>CREATE_COMPLETE</Status><ExecutionStatus>{execution}</ExecutionStatus>"
                )
            }
        },
        "ListStackRefactorActions" => "<StackRefactorActions><member><Action>MOVE</Action>\
             <Description>Topic becomes News</Description></member></StackRefactorActions>"
            .to_owned(),
        _ => String::new(),
    };
    format!("<{action}Response><{action}Result>{result}</{action}Result></{action}Response>")
}

fn refactor(aws: &Aws, mover: &Mover, options: &[&str]) -> Output {
    command(aws, mover, options).run()
}

fn command(aws: &Aws, mover: &Mover, options: &[&str]) -> Invocation {
    let words = [&["refactor", "--env", "staging"], options].concat();
    aws.command(&words)
        .env("AWS_ENDPOINT_URL_CLOUDFORMATION", &mover.relay.endpoint)
}

/// The stacks are there, and a topic has another name in its template by now.
fn renamed() -> Aws {
    let aws = Aws::new();
    aws.command(&["deploy", "--env", "staging", "--yes"])
        .run()
        .expect_code(0);
    aws.project.edit(TEMPLATE, "Topic:", "News:");
    aws
}

#[test]
fn a_resource_under_another_name_is_moved_when_that_is_meant() {
    let aws = renamed();
    let mover = Mover::new(&aws.emulator.endpoint, None);
    let found = refactor(&aws, &mover, &["--dry-run"]).expect_code(0);
    assert!(
        found.stdout.contains("alone.Topic -> alone.News"),
        "{found}"
    );
    refactor(&aws, &mover, &[])
        .expect_code(3)
        .expect_stderr(&["1 resource", "staging", "--yes"]);
    assert_eq!(
        mover.asked(),
        [""; 0],
        "nothing is asked for without a word"
    );

    let done = refactor(&aws, &mover, &["--yes"])
        .expect_code(0)
        .expect_stderr(&["move Topic becomes News"]);
    assert!(done.stdout.contains("Moved."), "{done}");
    let asked = mover.asked();
    for part in [
        "ResourceMappings.member.1.Source.StackName=chain-staging-alone",
        "ResourceMappings.member.1.Source.LogicalResourceId=Topic",
        "ResourceMappings.member.1.Destination.StackName=chain-staging-alone",
        "ResourceMappings.member.1.Destination.LogicalResourceId=News",
        "EnableStackCreation=false",
    ] {
        assert!(asked[0].contains(part), "{part}: {}", asked[0]);
    }
    let executed = asked
        .iter()
        .filter(|form| form.contains("Action=ExecuteStackRefactor"));
    assert_eq!(executed.count(), 1, "{asked:?}");
    // The lock is free again.
    aws.command(&["teardown", "--env", "staging", "--yes"])
        .run()
        .expect_code(0);
}

#[test]
fn what_cloudformation_does_not_move_stays_where_it_is() {
    let aws = renamed();
    let mover = Mover::new(&aws.emulator.endpoint, Some("Stack has a policy"));
    refactor(&aws, &mover, &["--yes"])
        .expect_code(1)
        .expect_stderr(&["CloudFormation does not move them: Stack has a policy"]);
    let executed = mover
        .asked()
        .iter()
        .any(|form| form.contains("Action=Execute"));
    assert!(!executed);

    // With anything else in the same change it is not even asked.
    let asked = mover.asked().len();
    let other = "  Other:\n    Type: AWS::SQS::Queue\n";
    aws.project
        .edit(TEMPLATE, "Resources:\n", &format!("Resources:\n{other}"));
    refactor(&aws, &mover, &["--yes"])
        .expect_code(3)
        .expect_stderr(&["alone.Other", "nothing else changes"]);
    assert_eq!(mover.asked().len(), asked);
}

#[test]
fn who_is_stopped_while_it_moves_gives_the_lock_back() {
    let aws = renamed();
    let latch = Latch::default();
    let at = latch.clone();
    let mover = Mover::waiting(&aws.emulator.endpoint, None, move |action| {
        if action == "CreateStackRefactor" {
            at.reach();
        }
    });
    let locks = || {
        let bucket = json!({"Bucket": "shopctl-chain-staging-000000000000-us-east-1"});
        let listed = aws.emulator.call("s3", "list_objects_v2", &bucket);
        let keys = listed["Contents"].as_array().unwrap().iter();
        keys.filter(|object| object["Key"].as_str().unwrap().contains("lock"))
            .count()
    };
    let moving = command(&aws, &mover, &["--yes"]).start();
    latch.wait_until_reached();
    assert_eq!(locks(), 1);
    moving.signal(Signal::SIGTERM);
    moving.wait().expect_code(130);
    assert_eq!(locks(), 0);
    latch.open();
}

#[test]
fn the_local_cloud_moves_nothing_and_says_so() {
    let project = shopctl_tests::TestProject::small("chain");
    project
        .command(&["refactor", "--env", "local", "--yes"])
        .run()
        .expect_code(4)
        .expect_stderr(&["the local cloud cannot move resources"]);
}
