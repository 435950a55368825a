//! What CloudFormation is told about a stack beside its template.

use std::collections::BTreeSet;
use std::time::Duration;

use shopctl_core::cause::CauseKind;
use shopctl_core::event::Event;
use shopctl_core::plan::PlannedValue;
use shopctl_core::stack_settings::{RollbackAlarm, RollbackRule, StackPolicy};
use shopctl_core::status::StackStatus as S;
use shopctl_testing::{FakeCloud, FaultStep, ResourceFault, TestProject, TestResource, TestStack};

use crate::support::{assert_gone, deploy, errors};

const ROLE: &str = "arn:aws:iam::123456789012:role/cloudformation";
const OTHER: &str = "arn:aws:iam::123456789012:role/other";

fn with_role(role: Option<&str>) -> TestProject {
    let mut project = TestProject::new([TestStack::new("a"), TestStack::new("b")]);
    project.stack("a").settings.service_role = role.map(str::to_owned);
    project
}

#[tokio::test(start_paused = true)]
async fn every_operation_is_done_as_the_service_role() {
    let cloud = FakeCloud::default();
    let mut project = with_role(Some(ROLE));
    deploy(&cloud, &project).await;
    assert_eq!(cloud.role("test-a").as_deref(), Some(ROLE));
    assert_eq!(cloud.role("test-b"), None);

    // A rollback that failed, so that the next deploy continues it, with another role.
    project
        .stack("a")
        .resources
        .push(TestResource::new("Second"));
    project.stack("a").resources[0].version = 2;
    let fail = |step| ResourceFault::new("test-a", "First", step, "no");
    cloud.fail(ResourceFault::new(
        "test-a",
        "Second",
        FaultStep::Create,
        "no",
    ));
    cloud.fail(fail(FaultStep::Rollback));
    assert!(!project.deploy(&cloud).await.succeeded());
    assert_eq!(cloud.status("test-a"), Some(S::UpdateRollbackFailed));
    cloud.heal();
    cloud.configure(|settings| {
        settings.roles_gone.insert(ROLE.to_owned());
    });
    project.stack("a").settings.service_role = Some(OTHER.to_owned());
    let run = project.deploy(&cloud).await;
    assert!(run.succeeded(), "{}", errors(&run));
    assert_eq!(cloud.role("test-a").as_deref(), Some(OTHER));

    cloud.configure(|settings| {
        settings.roles_gone.insert(OTHER.to_owned());
    });
    project.stack("a").settings.service_role = None;
    let run = project.teardown(&cloud).await;
    let told = errors(&run);
    assert!(told.contains("is invalid or cannot be assumed"), "{told}");
    project.stack("a").settings.service_role = Some("arn:aws:iam::1:role/third".to_owned());
    let run = project.teardown(&cloud).await;
    assert!(run.succeeded(), "{}", errors(&run));
    assert_gone(&cloud).await;
}

#[tokio::test(start_paused = true)]
async fn another_role_alone_changes_no_stack() {
    let cloud = FakeCloud::default();
    deploy(&cloud, &with_role(None)).await;
    cloud.forget_calls();
    deploy(&cloud, &with_role(Some(ROLE))).await;
    assert_eq!(cloud.calls().count("CreateChangeSet"), 0);
}

const ALARM: &str = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:errors";

/// An alarm known by its ARN for one stack, and one that another stack puts out.
fn watched(minutes: u32) -> TestProject {
    let mut project = TestProject::new([
        TestStack::new("monitoring"),
        TestStack::new("a").after("monitoring"),
    ]);
    let alarm = |arn| RollbackAlarm {
        arn,
        composite: false,
    };
    project.stack("a").settings.rollback = Some(RollbackRule {
        alarms: BTreeSet::from([
            alarm(PlannedValue::Known(ALARM.to_owned())),
            alarm(PlannedValue::OutputOf {
                stack: "monitoring".into(),
                output: "Value".to_owned(),
            }),
        ]),
        monitoring_minutes: minutes,
    });
    project
}

#[tokio::test(start_paused = true)]
async fn alarms_are_watched_and_changed_like_the_rest() {
    let cloud = FakeCloud::default();
    deploy(&cloud, &watched(0)).await;
    let rule = cloud.rollback_rule("test-a");
    let put_out = cloud.outputs("test-monitoring")["Value"].clone();
    let arns: Vec<&str> = rule.alarms.iter().map(|alarm| alarm.arn.as_str()).collect();
    assert!(
        arns.contains(&ALARM) && arns.contains(&put_out.as_str()),
        "{arns:?}"
    );

    // Nothing differs; then the time alone; then somebody else took the alarms away.
    cloud.forget_calls();
    deploy(&cloud, &watched(0)).await;
    assert_eq!(cloud.calls().count("CreateChangeSet"), 0);
    deploy(&cloud, &watched(10)).await;
    assert_eq!(cloud.rollback_rule("test-a").monitoring_minutes, 10);
    cloud.person().watch("test-a", RollbackRule::default());
    let run = watched(10).deploy(&cloud).await;
    assert!(run.succeeded(), "{}", errors(&run));
    assert_eq!(cloud.rollback_rule("test-a").alarms.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn alarms_that_are_not_taken_alone_are_told() {
    let cloud = FakeCloud::default();
    cloud.configure(|settings| settings.alarms_alone_are_no_change = true);
    deploy(&cloud, &watched(0)).await;
    let run = watched(5).deploy(&cloud).await;
    assert!(run.succeeded(), "{}", errors(&run));
    let told = run.events.iter().any(|event| {
        matches!(event, Event::Warned { message, .. } if message.contains("other rollback alarms"))
    });
    assert!(told, "{:#?}", run.events);
}

#[tokio::test(start_paused = true)]
async fn a_rollback_by_an_alarm_is_told_as_one() {
    let cloud = FakeCloud::default();
    let mut project = watched(0);
    deploy(&cloud, &project).await;
    project.stack("a").resources[0].version = 2;
    let run = project.deploy(&cloud);
    let alarm = async {
        while cloud.status("test-a") != Some(S::UpdateInProgress) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        cloud.person().alarm("test-a", ALARM).unwrap();
    };
    let (run, ()) = tokio::join!(run, alarm);
    let failure = run.failure("a").expect("the alarm rolled it back");
    assert!(failure.reason.contains(ALARM), "{failure:#?}");
    let diagnosis = failure.diagnosis.as_ref().unwrap();
    assert_eq!(diagnosis.kind, Some(CauseKind::AlarmWentOff));
}

fn with_policy(effect: &str) -> TestProject {
    let mut project = TestProject::new([TestStack::new("a"), TestStack::new("b")]);
    let policy = format!(
        r#"{{"Statement":[{{"Effect":"{effect}","Action":"Update:*","Principal":"*","Resource":"*"}}]}}"#
    );
    project.stack("a").settings.policy = Some(StackPolicy::parse(&policy).unwrap());
    project
}

#[tokio::test(start_paused = true)]
async fn a_policy_is_set_when_it_differs_and_never_taken_away() {
    let cloud = FakeCloud::default();
    deploy(&cloud, &with_policy("Allow")).await;
    let policy = cloud.policy("test-a").unwrap();
    assert!(policy.contains("Allow"), "{policy}");
    assert_eq!(cloud.policy("test-b"), None);

    // Only the stack with a policy costs a call more, and nothing is set again.
    cloud.forget_calls();
    let run = with_policy("Allow").deploy(&cloud).await;
    assert!(!run.report().changed);
    let calls = cloud.calls();
    assert_eq!(
        calls.count("GetStackPolicy"),
        1,
        "{:?}",
        calls.by_operation()
    );
    assert_eq!(
        calls.count("SetStackPolicy") + calls.count("CreateChangeSet"),
        0
    );

    let run = with_policy("Deny").deploy(&cloud).await;
    assert!(run.succeeded() && run.report().changed, "{}", errors(&run));
    assert!(cloud.policy("test-a").unwrap().contains("Deny"));

    let mut without = with_policy("Deny");
    without.stack("a").settings.policy = None;
    cloud.forget_calls();
    deploy(&cloud, &without).await;
    assert!(cloud.policy("test-a").is_some());
    assert_eq!(cloud.calls().count("GetStackPolicy"), 0);
}

#[tokio::test(start_paused = true)]
async fn the_policy_of_the_project_holds_for_the_update_that_brings_it() {
    let cloud = FakeCloud::default();
    let mut project = with_policy("Deny");
    deploy(&cloud, &project).await;
    project.stack("a").resources[0].version = 2;
    let run = project.deploy(&cloud).await;
    let failure = run.failure("a").expect("the policy refuses it");
    let diagnosis = failure.diagnosis.as_ref().unwrap();
    assert_eq!(
        diagnosis.kind,
        Some(CauseKind::StackPolicyDenied),
        "{failure:#?}"
    );
    let mut project = with_policy("Allow");
    project.stack("a").resources[0].version = 2;
    let run = project.deploy(&cloud).await;
    assert!(run.succeeded(), "{}", errors(&run));
}
