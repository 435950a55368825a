#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use super::*;
use crate::event::StackOperation;
use crate::forecast::expected_times;
use crate::planner::{Desired, Observed, plan_deploy};
use crate::stack_settings::StackSettings;
use crate::template::reread;

const TEMPLATE: &str = "\
Parameters:
  PoolId: { Type: String }
  Password: { Type: String, NoEcho: true }
Resources:
  Queue: { Type: AWS::SQS::Queue }
";

fn desired() -> DesiredStack {
    let parameters = [
        (
            "PoolId",
            PlannedValue::OutputOf {
                stack: "identity".into(),
                output: "PoolId".to_owned(),
            },
        ),
        ("Password", PlannedValue::Known("hunter2".to_owned())),
    ];
    DesiredStack {
        cloud_name: "shop-prod-api".into(),
        template: reread(&"api".into(), "api.yaml", TEMPLATE).unwrap(),
        parameters: parameters
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        depends_on: BTreeSet::from(["identity".into()]),
        tags: BTreeMap::new(),
        termination_protection: Some(true),
        settings: StackSettings::default(),
    }
}

fn document() -> RunDocument {
    RunDocument {
        version: VERSION,
        run: "20260102T030405Z-00ff".to_owned(),
        command: RunCommand::Deploy,
        state: RunState::Succeeded,
        project: "shop".to_owned(),
        environment: "prod".into(),
        account: "123456789012".to_owned(),
        region: "eu-central-1".to_owned(),
        tool: "0.1.0".to_owned(),
        started: "2026-01-02T03:04:05Z".to_owned(),
        finished: None,
        elapsed_ms: None,
        by: Origin::default(),
        git: None,
        project_digest: None,
        fast: false,
        rollback_to: None,
        took_over: None,
        found_dead_by: None,
        stacks: IndexMap::from([(
            "api".into(),
            RunStack::planned(&desired(), StackAction::Update),
        )]),
        site: None,
        steps: Vec::new(),
        errors: Vec::new(),
    }
}

#[test]
fn a_secret_is_nowhere_in_the_document() {
    let text = serde_json::to_string(&document()).unwrap();
    assert!(!text.contains("hunter2"), "{text}");
    assert!(text.contains(r#""Password":"secret""#), "{text}");
}

#[test]
fn what_is_read_back_deploys_the_same_inputs() {
    let text = serde_json::to_string(&document()).unwrap();
    let read: RunDocument = serde_json::from_str(&text).unwrap();
    assert_eq!(read, document());
    let templates = IndexMap::from([("api".into(), desired().template)]);
    let secret = |_: &StackName, parameter: &str| {
        (parameter == "Password").then(|| PlannedValue::Known("hunter2".to_owned()))
    };
    let again = desired_again(&read, "bucket", &templates, secret, |_| desired().settings).unwrap();
    let (again, before) = (&again.stacks[0], desired());
    assert_eq!(again.parameters, before.parameters);
    assert_eq!(again.template.digest, before.template.digest);
    assert_eq!(again.depends_on, before.depends_on);
    assert_eq!(again.termination_protection, Some(true));
}

#[test]
fn what_cannot_be_deployed_again_is_refused_with_the_reason() {
    let again = |document: &RunDocument| {
        let templates = IndexMap::from([("api".into(), desired().template)]);
        let settings = |_: &StackName| StackSettings::default();
        desired_again(document, "bucket", &templates, |_, _| None, settings)
            .unwrap_err()
            .to_string()
    };
    insta::assert_snapshot!(again(&document()), @"parameter 'Password' of stack 'api' is a secret, which is not kept, and the project file has no value for it");
    let mut failed = document();
    failed.state = RunState::Failed;
    insta::assert_snapshot!(again(&failed), @"run 20260102T030405Z-00ff failed, so what it left is no state to go back to");
    let mut teardown = document();
    teardown.command = RunCommand::Teardown;
    insta::assert_snapshot!(again(&teardown), @"run 20260102T030405Z-00ff was a teardown: there is nothing to go back to");
    let mut recover = document();
    recover.command = RunCommand::Recover;
    insta::assert_snapshot!(again(&recover), @"run 20260102T030405Z-00ff was a recover: there is nothing to go back to");
}

#[test]
fn a_run_is_found_by_its_beginning_when_that_is_enough() {
    let runs: Vec<String> = ["20260102T0304-a", "20260102T0305-b", "20260103T0000-c"]
        .map(str::to_owned)
        .into();
    assert_eq!(find_run(&runs, "20260103"), Ok("20260103T0000-c"));
    assert_eq!(find_run(&runs, "20260102T0305-b"), Ok("20260102T0305-b"));
    assert_eq!(find_run(&runs, "latest"), Ok("20260103T0000-c"));
    assert_eq!(find_run(&runs, "previous"), Ok("20260102T0305-b"));
    let several = find_run(&runs, "20260102").unwrap_err();
    insta::assert_snapshot!(several, @"more than one run begins with '20260102'");
    assert!(find_run(&runs, "").is_err());
    assert!(find_run(&[], "previous").is_err());
}

#[test]
fn earlier_runs_tell_how_long_the_same_operation_takes() {
    let run = |operation, elapsed_ms, failed| {
        let mut run = document();
        let stack = run.stacks.get_mut(&StackName::from("api")).unwrap();
        stack.failed = failed;
        stack.timing = Some(StackTiming {
            operation,
            started_ms: 0,
            elapsed_ms,
            resources: Vec::new(),
        });
        run
    };
    let earlier = [
        run(StackOperation::Create, Some(9_000), false),
        run(StackOperation::Create, Some(7_000), false),
        run(StackOperation::Create, Some(8_000), false),
        run(StackOperation::Create, Some(1), true),
        run(StackOperation::Create, None, false),
        run(StackOperation::Update, Some(2), false),
    ];
    let desired = Desired {
        project: "shop".to_owned(),
        environment: "prod".into(),
        bucket: "bucket".to_owned(),
        stacks: vec![DesiredStack {
            depends_on: BTreeSet::new(),
            parameters: IndexMap::new(),
            ..desired()
        }],
        site: None,
        urls: false,
        look_again: false,
        retry_paused: false,
    };
    let plan = plan_deploy(&desired, &Observed::default()).unwrap();
    let expected = expected_times(&plan, &earlier);
    assert_eq!(expected, BTreeMap::from([("api".into(), 8_000)]));
    assert_eq!(expected_times(&plan, &[]), BTreeMap::new());
}
