//! How many calls and steps a run needs.

use shopctl_core::event::StackResult;
use shopctl_testing::{ARTIFACTS, FakeCloud, Fault, TestProject, TestResource, TestStack};

use crate::support::{assert_deployed, assert_nothing_to_do, deploy, shop};

#[tokio::test(start_paused = true)]
async fn a_deploy_without_changes_is_one_call_a_stack_and_one_for_the_record() {
    let cloud = FakeCloud::default();
    let project = shop();
    deploy(&cloud, &project).await;
    cloud.settle().await;
    cloud.forget_calls();
    let run = deploy(&cloud, &project).await;
    assert!(!run.report().changed);
    assert_eq!(run.result("api"), Some(StackResult::Unchanged));
    let calls = cloud.calls();
    assert_eq!(
        calls.len(),
        project.stacks.len() + 1,
        "{:?}",
        calls.by_operation()
    );
    assert_eq!(calls.rounds(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_change_costs_calls_for_its_stack_alone() {
    let cloud = FakeCloud::default();
    let mut project = shop();
    deploy(&cloud, &project).await;
    cloud.settle().await;
    project.stack("mail").bump();
    cloud.forget_calls();
    deploy(&cloud, &project).await;
    let others = cloud
        .calls()
        .0
        .into_iter()
        .filter(|call| call.subject.starts_with("test-") && call.subject != "test-mail");
    assert_eq!(others.count(), project.stacks.len() - 1, "one look at each");
}

#[tokio::test(start_paused = true)]
async fn a_lost_record_costs_change_sets_that_go_again() {
    for answers_lost in [0, 1] {
        let cloud = FakeCloud::default();
        let project = shop();
        deploy(&cloud, &project).await;
        cloud.settle().await;
        assert!(cloud.erase(ARTIFACTS, "records/latest.json"));
        cloud.inject_times(Fault::AnswerLost, "CreateChangeSet", answers_lost);
        cloud.forget_calls();
        let run = deploy(&cloud, &project).await;
        assert_eq!(run.result("api"), Some(StackResult::Unchanged));
        let made = 4 + answers_lost as usize;
        assert_eq!(cloud.calls().count("CreateChangeSet"), made);
        assert_eq!(cloud.calls().count("ExecuteChangeSet"), 0);
        cloud.settle().await;
        for stack in cloud.stacks().keys() {
            let left: Vec<_> = cloud
                .change_sets(stack)
                .into_iter()
                .filter(|(_, execution)| *execution != "EXECUTE_COMPLETE")
                .collect();
            assert_eq!(left, [], "{stack}");
        }
        assert_nothing_to_do(&cloud, &project).await;
    }
}

/// `count` stacks of 40 resources, every tenth after the one before it.
fn large(count: usize) -> TestProject {
    TestProject::new((0..count).map(|number| {
        let mut stack = TestStack::new(&format!("s{number}"));
        for resource in 1..40 {
            stack = stack.with(TestResource::new(format!("R{resource}")));
        }
        if number % 10 != 0 {
            stack = stack.after(&format!("s{}", number - 1));
        }
        stack
    }))
}

#[tokio::test(start_paused = true)]
async fn two_hundred_stacks_cost_what_two_hundred_stacks_cost() {
    let mut counted = Vec::new();
    for count in [50, 100, 200] {
        let cloud = FakeCloud::default();
        let project = large(count);
        cloud.forget_calls();
        let first = deploy(&cloud, &project).await;
        let first_calls = cloud.calls().len();
        assert_deployed(&cloud, &project).await;
        cloud.forget_calls();
        let second = deploy(&cloud, &project).await;
        let calls = cloud.calls();
        assert_eq!(calls.len(), count + 1, "{:?}", calls.by_operation());
        assert_eq!(calls.rounds(), 1);
        assert_eq!(second.events.len(), count, "one event a stack");
        let steps = |run: &shopctl_testing::Run| run.plan.as_ref().unwrap().steps.len();
        assert_eq!((steps(&first), steps(&second)), (count + 1, count));
        counted.push((first_calls, first.events.len()));
    }
    for (some, twice) in [(counted[0], counted[1]), (counted[1], counted[2])] {
        assert!(twice.0 <= some.0 * 21 / 10, "calls: {counted:?}");
        assert!(twice.1 <= some.1 * 21 / 10, "events: {counted:?}");
    }
}
