//! Somebody else works on the same stacks at the same time.

use std::time::Duration;

use shopctl_core::event::{Event, StackOperation, StackResult};
use shopctl_core::status::StackStatus as S;
use shopctl_testing::{
    Command, FakeCloud, FaultStep, ResourceFault, TestProject, TestResource, TestStack,
};

use crate::support::{assert_deployed, assert_gone, assert_nothing_to_do, deploy, errors, shop};

async fn after(
    delay: Duration,
    project: &TestProject,
    cloud: &FakeCloud,
    command: Command,
) -> shopctl_testing::Run {
    tokio::time::sleep(delay).await;
    project.runner(cloud, command).run().await
}

#[tokio::test(start_paused = true)]
async fn two_deploys_of_the_same_at_once() {
    for delay in (0..4000).step_by(250).chain([6000, 9000, 15_000]) {
        let delay = Duration::from_millis(delay);
        for deployed in [false, true] {
            let cloud = FakeCloud::default();
            let mut project = shop();
            if deployed {
                deploy(&cloud, &project).await;
                project.stack("network").bump();
                project.stack("mail").bump();
            }
            let (first, second) = tokio::join!(
                project.deploy(&cloud),
                after(delay, &project, &cloud, Command::Deploy)
            );
            assert!(first.succeeded(), "{delay:?}: {}", errors(&first));
            assert!(second.succeeded(), "{delay:?}: {}", errors(&second));
            assert_deployed(&cloud, &project).await;
            for stack in &project.stacks {
                let name = format!("test-{}", stack.name);
                for resource in &stack.resources {
                    assert_eq!(cloud.times_made(&name, &resource.id), 1);
                }
            }
            // The record of the one that ended last may not know of the other's changes.
            deploy(&cloud, &project).await;
            assert_nothing_to_do(&cloud, &project).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_deploys_over_a_failed_creation() {
    for delay in (0..6000).step_by(400) {
        let cloud = FakeCloud::default();
        let project = shop();
        cloud.fail(ResourceFault::new("test-database", "Second", FaultStep::Create, "no").times(1));
        assert!(project.deploy(&cloud).await.report().failed);
        let (first, second) = tokio::join!(
            project.deploy(&cloud),
            after(
                Duration::from_millis(delay),
                &project,
                &cloud,
                Command::Deploy
            )
        );
        assert!(first.succeeded(), "{delay:?}: {}", errors(&first));
        assert!(second.succeeded(), "{delay:?}: {}", errors(&second));
        assert_deployed(&cloud, &project).await;
    }
}

#[tokio::test(start_paused = true)]
async fn two_teardowns_at_once() {
    for delay in (0..8000).step_by(400) {
        let cloud = FakeCloud::default();
        let project = shop();
        deploy(&cloud, &project).await;
        let (first, second) = tokio::join!(
            project.teardown(&cloud),
            after(
                Duration::from_millis(delay),
                &project,
                &cloud,
                Command::Teardown
            )
        );
        assert!(first.succeeded(), "{delay:?}: {}", errors(&first));
        assert!(second.succeeded(), "{delay:?}: {}", errors(&second));
        assert_gone(&cloud).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_teardown_waits_for_an_update_that_came_in_between() {
    let cloud = FakeCloud::default();
    let project = TestProject::new([TestStack::new("a")]);
    deploy(&cloud, &project).await;
    cloud.forget_calls();
    let update = async {
        let asked = |cloud: &FakeCloud| cloud.calls().count("ListStackResources") > 0;
        assert!(cloud.wait_until(asked).await);
        let mut theirs = project.clone();
        theirs.stack("a").bump();
        let body = theirs.stacks[0].template();
        cloud
            .person()
            .update_stack("test-a", &body, &[], false)
            .unwrap();
    };
    let (run, ()) = tokio::join!(project.teardown(&cloud), update);
    assert!(run.succeeded(), "{}", errors(&run));
    assert_gone(&cloud).await;
}

/// Runs a deploy of one changed stack and does something once its update runs.
async fn during_update(act: impl Fn(&FakeCloud)) -> (FakeCloud, TestProject, shopctl_testing::Run) {
    let cloud = FakeCloud::default();
    cloud.configure(|settings| settings.resource = Duration::from_secs(10));
    let mut project = TestProject::new([
        TestStack::new("a").with(TestResource::new("Second").after("First")),
        TestStack::new("b").after("a"),
    ]);
    deploy(&cloud, &project).await;
    cloud.settle().await;
    project.stack("a").bump();
    project.stack("b").reads_version = true;
    let other = async {
        let busy = |cloud: &FakeCloud| cloud.status("test-a") == Some(S::UpdateInProgress);
        assert!(cloud.wait_until(busy).await);
        tokio::time::sleep(Duration::from_secs(8)).await;
        act(&cloud);
    };
    let (run, ()) = tokio::join!(project.deploy(&cloud), other);
    (cloud, project, run)
}

#[tokio::test(start_paused = true)]
async fn an_update_that_somebody_cancels_is_a_failure_with_their_reason() {
    let (cloud, project, run) = during_update(|cloud| {
        cloud.person().cancel_update("test-a").unwrap();
    })
    .await;
    let failure = run.failure("a").unwrap();
    assert_eq!(failure.status, Some(S::UpdateRollbackComplete));
    assert_eq!(failure.reason, "User Initiated");
    assert_eq!(run.skipped().len(), 1);
    deploy(&cloud, &project).await;
    assert_deployed(&cloud, &project).await;
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_somebody_deletes_in_the_middle_is_told_so() {
    let cloud = FakeCloud::default();
    cloud.configure(|settings| settings.resource = Duration::from_secs(10));
    let project = TestProject::new([TestStack::new("a"), TestStack::new("b").after("a")]);
    let other = async {
        let busy = |cloud: &FakeCloud| cloud.status("test-a") == Some(S::CreateInProgress);
        assert!(cloud.wait_until(busy).await);
        tokio::time::sleep(Duration::from_secs(5)).await;
        cloud.person().delete_stack("test-a").unwrap();
    };
    let (run, ()) = tokio::join!(project.deploy(&cloud), other);
    let failure = run.failure("a").unwrap();
    assert_eq!(
        failure.reason,
        "the stack is gone: somebody deleted it during the run"
    );
    assert_eq!(failure.hint.as_deref(), Some("run the same command again"));
    deploy(&cloud, &project).await;
    assert_deployed(&cloud, &project).await;
}

#[tokio::test(start_paused = true)]
async fn a_review_that_somebody_deletes_under_a_change_set_is_begun_again() {
    for step in 0..30 {
        let cloud = FakeCloud::default();
        let project = TestProject::new([TestStack::new("a")]);
        let other = async {
            tokio::time::sleep(Duration::from_millis(step * 100)).await;
            if cloud.status("test-a") == Some(S::ReviewInProgress) {
                cloud.person().delete_stack("test-a").unwrap();
            }
        };
        let (run, ()) = tokio::join!(project.deploy(&cloud), other);
        assert!(run.succeeded(), "{step}: {}", errors(&run));
        assert_deployed(&cloud, &project).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_set_that_is_overtaken_is_made_again() {
    for step in 0..30 {
        let cloud = FakeCloud::default();
        let mut project = TestProject::new([TestStack::new("a")]);
        deploy(&cloud, &project).await;
        cloud.settle().await;
        project.stack("a").bump();
        let other = async {
            tokio::time::sleep(Duration::from_millis(step * 100)).await;
            let mut theirs = project.clone();
            theirs.stack("a").resources[0].version = 99;
            let body = theirs.stacks[0].template();
            // Refused when ours runs already.
            let _ = cloud.person().update_stack("test-a", &body, &[], false);
        };
        let (run, ()) = tokio::join!(project.deploy(&cloud), other);
        assert!(run.succeeded(), "{step}: {}", errors(&run));
        assert_deployed(&cloud, &project).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_changed_by_hand_is_put_right() {
    let cloud = FakeCloud::default();
    let project = shop();
    deploy(&cloud, &project).await;
    cloud.settle().await;
    let mut theirs = project.clone();
    theirs.stack("mail").bump();
    let body = theirs.stack("mail").template();
    cloud
        .person()
        .update_stack("test-mail", &body, &[], false)
        .unwrap();
    cloud.settle().await;
    let run = deploy(&cloud, &project).await;
    assert_eq!(run.result("mail"), Some(StackResult::Updated));
    assert_eq!(run.result("api"), Some(StackResult::Unchanged));
    cloud.person().delete_stack("test-mail").unwrap();
    cloud.settle().await;
    let run = deploy(&cloud, &project).await;
    assert_eq!(run.result("mail"), Some(StackResult::Created));
    assert_deployed(&cloud, &project).await;
}

#[tokio::test(start_paused = true)]
async fn waiting_for_somebody_else_is_told() {
    let cloud = FakeCloud::default();
    let project = TestProject::new([TestStack::new("a")]);
    deploy(&cloud, &project).await;
    let mut theirs = project.clone();
    theirs.stack("a").bump();
    let body = theirs.stacks[0].template();
    cloud
        .person()
        .update_stack("test-a", &body, &[], false)
        .unwrap();
    let run = deploy(&cloud, &project).await;
    let operations: Vec<StackOperation> = run
        .events
        .iter()
        .filter_map(|event| match event {
            Event::StackStarted { operation, .. } => Some(*operation),
            _ => None,
        })
        .collect();
    assert_eq!(operations, [StackOperation::Wait, StackOperation::Update]);
    assert_deployed(&cloud, &project).await;
}
