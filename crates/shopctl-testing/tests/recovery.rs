//! What a deploy, a teardown and a repair do with stacks that are stuck.

#![allow(clippy::unwrap_used, reason = "tests")]

use shopctl_core::event::StackResult;
use shopctl_core::planner::Observed;
use shopctl_core::status::StackStatus as S;
use shopctl_deploy::ports::{CloudFormation, Continuation};
use shopctl_deploy::{Consent, EventSender, Repair, RunReport, assess, repair};
use shopctl_testing::{
    Command, FakeCloud, FaultStep, ResourceFault, Run, TestProject, TestResource, TestStack,
};
use tokio::sync::mpsc;

const STACK: &str = "shop";

fn project() -> TestProject {
    TestProject::new([TestStack::new(STACK)
        .with(TestResource::new("Queue"))
        .with(TestResource::new("Table").after("Queue"))])
}

fn fault(project: &TestProject, id: &str, step: FaultStep, reason: &str) -> ResourceFault {
    ResourceFault::new(project.cloud_name(STACK).as_str(), id, step, reason)
}

async fn status(project: &TestProject, cloud: &FakeCloud) -> Option<S> {
    let name = project.cloud_name(STACK);
    let found = cloud.describe(name.as_str()).await.unwrap();
    found.map(|stack| stack.status)
}

/// A stack whose update failed, and whose rollback did so `times` too.
async fn wedged(times: u32) -> (TestProject, FakeCloud) {
    let cloud = FakeCloud::default();
    let mut project = project();
    assert!(project.deploy(&cloud).await.succeeded());
    cloud.fail(fault(&project, "Table", FaultStep::Update, "no such index").times(1));
    cloud.fail(fault(&project, "Queue", FaultStep::Rollback, "Queue not found").times(times));
    project.stack(STACK).bump();
    let run = project.deploy(&cloud).await;
    assert!(run.report().stuck);
    assert_eq!(
        status(&project, &cloud).await,
        Some(S::UpdateRollbackFailed)
    );
    (project, cloud)
}

async fn repaired(project: &TestProject, cloud: &FakeCloud, how: Repair) -> RunReport {
    let (sender, _receiver) = mpsc::unbounded_channel();
    let context = project.context(
        cloud.ports(),
        &project.desired(),
        &Observed::default(),
        "repair",
        EventSender::new(sender),
        shopctl_deploy::Interrupt::new(),
    );
    let name = project.cloud_name(STACK);
    repair(&STACK.into(), &name, &how, std::sync::Arc::new(context)).await
}

#[tokio::test(start_paused = true)]
async fn the_cause_is_the_update_and_not_its_rollback() {
    let cloud = FakeCloud::default();
    let mut project = project();
    project.deploy(&cloud).await;
    cloud.fail(fault(&project, "Table", FaultStep::Update, "no such index"));
    cloud.fail(fault(
        &project,
        "Queue",
        FaultStep::Rollback,
        "Queue not found",
    ));
    project.stack(STACK).bump();
    let run = project.deploy(&cloud).await;
    let failure = run.failure(STACK).unwrap();
    assert_eq!(
        failure.resource.as_ref().unwrap().logical_id.as_str(),
        "Table"
    );
    assert_eq!(failure.reason, "no such index");
    let hint = failure.hint.as_deref().unwrap();
    assert!(hint.contains("shopctl recover --env test shop"), "{hint}");
}

#[tokio::test(start_paused = true)]
async fn a_deploy_continues_a_rollback_that_failed_and_then_updates() {
    let (project, cloud) = wedged(1).await;
    let run = project.deploy(&cloud).await;
    assert!(run.succeeded(), "{:?}", run.report().errors);
    assert_eq!(run.result(STACK), Some(StackResult::Updated));
    assert_eq!(cloud.calls().count("ContinueUpdateRollback"), 1);
    assert_eq!(cloud.calls().count("DeleteStack"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_fails_again_is_told_with_what_could_be_skipped() {
    let (project, cloud) = wedged(9).await;
    let run = project.deploy(&cloud).await;
    let failure = run.failure(STACK).unwrap();
    assert_eq!(failure.status, Some(S::UpdateRollbackFailed));
    let hint = failure.hint.as_deref().unwrap();
    assert!(hint.contains("--skip-resources Queue"), "{hint}");
    // Once a run, and never by deleting.
    assert_eq!(cloud.calls().count("ContinueUpdateRollback"), 1);
    assert_eq!(cloud.calls().count("DeleteStack"), 0);
}

#[tokio::test(start_paused = true)]
async fn skipping_what_is_stuck_makes_the_stack_whole() {
    let (project, cloud) = wedged(9).await;
    let name = project.cloud_name(STACK);
    let found = assess(&cloud.ports(), "test", &STACK.into(), &name).await;
    let found = found.unwrap().unwrap();
    assert_eq!(found.stuck, ["Queue".into()]);
    let skip = Repair::Continue(Continuation::Skipping(found.stuck.clone()));
    assert!(found.choices.contains(&skip));

    let report = repaired(&project, &cloud, skip).await;
    assert!(!report.failed, "{:?}", report.errors);
    assert_eq!(
        status(&project, &cloud).await,
        Some(S::UpdateRollbackComplete)
    );
    assert!(project.deploy(&cloud).await.succeeded());
}

#[tokio::test(start_paused = true)]
async fn a_repair_that_does_not_fit_the_status_changes_nothing() {
    let cloud = FakeCloud::default();
    let project = project();
    project.deploy(&cloud).await;
    for repair in [
        Repair::Continue(Continuation::Whole),
        Repair::RollBack,
        Repair::Delete,
    ] {
        let report = repaired(&project, &cloud, repair).await;
        assert!(report.failed);
        assert!(
            report.errors[0].contains("CREATE_COMPLETE"),
            "{:?}",
            report.errors
        );
    }
    assert_eq!(status(&project, &cloud).await, Some(S::CreateComplete));
}

#[tokio::test(start_paused = true)]
async fn a_paused_update_stops_a_deploy_and_is_rolled_back_on_request() {
    let cloud = FakeCloud::default();
    let mut project = project();
    project.deploy(&cloud).await;
    cloud.fail(fault(&project, "Table", FaultStep::Update, "no such index").times(1));
    project.stack(STACK).bump();
    let body = project.stack(STACK).template();
    let name = project.cloud_name(STACK);
    cloud
        .person()
        .update_stack(name.as_str(), &body, &[], true)
        .unwrap();
    while status(&project, &cloud).await == Some(S::UpdateInProgress) {}
    assert_eq!(status(&project, &cloud).await, Some(S::UpdateFailed));
    let run = project.deploy(&cloud).await;
    assert!(
        matches!(&run.ended, shopctl_testing::Ended::Blocked(blocked)
        if blocked[0].obstacle.hint("test", STACK).contains("--rollback"))
    );

    let report = repaired(&project, &cloud, Repair::RollBack).await;
    assert!(!report.failed, "{:?}", report.errors);
    assert!(project.deploy(&cloud).await.succeeded());
}

async fn teardown(project: &TestProject, cloud: &FakeCloud, consent: Consent) -> Run {
    let runner = project.runner(cloud, Command::Teardown);
    runner.consenting(consent).run().await
}

#[tokio::test(start_paused = true)]
async fn a_teardown_tries_again_when_that_can_help() {
    let cloud = FakeCloud::default();
    let project = project();
    project.deploy(&cloud).await;
    let busy = "resource sg-1 has a dependent object (DependencyViolation)";
    cloud.fail(fault(&project, "Queue", FaultStep::Delete, busy).times(1));
    assert!(project.teardown(&cloud).await.succeeded());
    assert_eq!(cloud.calls().count("DeleteStack"), 2);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_deleted_stays_by_consent_and_is_listed_with_its_price() {
    let cloud = FakeCloud::default();
    let project = project();
    project.deploy(&cloud).await;
    cloud.fail(fault(
        &project,
        "Queue",
        FaultStep::Delete,
        "the queue is cursed",
    ));
    let run = teardown(&project, &cloud, Consent::default()).await;
    let hint = run.failure(STACK).unwrap().hint.clone().unwrap();
    assert!(
        hint.contains("--retain-failed") && hint.contains("--force"),
        "{hint}"
    );
    // Nobody knows why it failed, so a second try would only take time.
    assert_eq!(cloud.calls().count("DeleteStack"), 1);
    assert_eq!(status(&project, &cloud).await, Some(S::DeleteFailed));

    let consent = Consent {
        retain_failed: true,
        ..Consent::default()
    };
    let run = teardown(&project, &cloud, consent).await;
    assert!(run.succeeded(), "{:?}", run.report().errors);
    let left = &run.report().leftovers;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].kind, "AWS::SQS::Queue");
    assert_eq!(left[0].reason, "could not be deleted: the queue is cursed");
    assert_eq!(left[0].cost.as_ref().unwrap().monthly_cents, Some(0));
    assert_eq!(status(&project, &cloud).await, None);
}

#[tokio::test(start_paused = true)]
async fn force_deletes_in_any_case_and_lists_what_stays() {
    let cloud = FakeCloud::default();
    let project = project();
    project.deploy(&cloud).await;
    cloud.fail(fault(
        &project,
        "Queue",
        FaultStep::Delete,
        "the queue is cursed",
    ));
    let consent = Consent {
        force_delete: true,
        ..Consent::default()
    };
    let run = teardown(&project, &cloud, consent).await;
    assert!(run.succeeded(), "{:?}", run.report().errors);
    assert_eq!(run.report().leftovers.len(), 1);
    assert_eq!(status(&project, &cloud).await, None);
}
