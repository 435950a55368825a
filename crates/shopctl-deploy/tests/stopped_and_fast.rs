//! Runs that the user stops, and code that goes directly into functions: the executor on the
//! cloud in memory.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use shopctl_core::event::{Event, StackOperation};
use shopctl_core::forecast::stack_work;
use shopctl_core::plan::StackAction;
use shopctl_core::status::StackStatus;
use shopctl_deploy::RunReport;
use shopctl_testing::{
    Command, Ended, FakeCloud, KillPoint, Run, Stop, TestProject, TestResource, TestStack,
};

fn report(run: &Run) -> &RunReport {
    match &run.ended {
        Ended::Ran(report) => report,
        other => panic!("{other:?}"),
    }
}

fn interrupted(run: &Run) -> Vec<(String, bool, Option<StackStatus>, Option<String>)> {
    run.events
        .iter()
        .filter_map(|event| match event {
            Event::StackInterrupted {
                stack,
                cancelled,
                status,
                attach,
                ..
            } => Some((stack.to_string(), *cancelled, *status, attach.clone())),
            _ => None,
        })
        .collect()
}

/// Two stacks, one after the other.
fn pair() -> TestProject {
    TestProject::new([
        TestStack::new("first").with(TestResource::new("One")),
        TestStack::new("second")
            .with(TestResource::new("Two"))
            .after("first"),
    ])
}

/// The number of events until work on a stack has begun.
fn events_until_started(run: &Run, operation: StackOperation) -> usize {
    let started = run.events.iter().position(
        |event| matches!(event, Event::ResourceChanged { status, .. } if status.ends_with("_IN_PROGRESS")),
    );
    assert!(run.events.iter().any(
        |event| matches!(event, Event::StackStarted { operation: found, .. } if *found == operation)
    ));
    started.unwrap() + 1
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_update_is_rolled_back_and_nothing_else_begins() {
    let mut project = pair();
    let cloud = FakeCloud::default();
    project.deploy(&cloud).await;
    let other = FakeCloud::default();
    project.deploy(&other).await;
    project.stack("first").bump();
    project.stack("second").bump();
    let whole = project.deploy(&other).await;
    let events = events_until_started(&whole, StackOperation::Update);

    let run = project
        .runner(&cloud, Command::Deploy)
        .stop_after(events, Stop::CancelStacks)
        .run()
        .await;
    assert_eq!(cloud.calls().count("CancelUpdateStack"), 1);
    assert_eq!(
        interrupted(&run),
        [None, Some(StackStatus::UpdateRollbackComplete)].map(|status| (
            "first".to_owned(),
            true,
            status,
            None
        ))
    );
    assert!(report(&run).interrupted && !report(&run).failed);
    let second = cloud.history(project.cloud_name("second").as_str());
    assert!(
        second
            .iter()
            .all(|event| !event.status.starts_with("UPDATE"))
    );

    // The next run does what was left.
    let run = project.deploy(&cloud).await;
    assert!(!report(&run).failed && report(&run).changed);
    assert_eq!(
        cloud.status(project.cloud_name("second").as_str()),
        Some(StackStatus::UpdateComplete)
    );
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_creation_leaves_no_stack() {
    let project = pair();
    let other = FakeCloud::default();
    let whole = project.deploy(&other).await;
    let events = events_until_started(&whole, StackOperation::Create);
    let cloud = FakeCloud::default();
    let run = project
        .runner(&cloud, Command::Deploy)
        .stop_after(events, Stop::CancelStacks)
        .run()
        .await;
    let told = interrupted(&run);
    assert_eq!(
        told,
        [None, Some(StackStatus::DeleteComplete)].map(|status| (
            "first".to_owned(),
            true,
            status,
            None
        ))
    );
    assert!(cloud.stacks().is_empty(), "{:?}", cloud.stacks());
    let run = project.deploy(&cloud).await;
    assert!(!report(&run).failed);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_detaches_says_what_goes_on_and_how_to_attach() {
    let project = pair();
    let other = FakeCloud::default();
    let whole = project.deploy(&other).await;
    let events = events_until_started(&whole, StackOperation::Create);
    let cloud = FakeCloud::default();
    let run = project
        .runner(&cloud, Command::Deploy)
        .stop_after(events, Stop::Cancel)
        .run()
        .await;
    assert_eq!(
        interrupted(&run),
        [(
            "first".to_owned(),
            false,
            None,
            Some("shopctl deploy --env test".to_owned())
        )]
    );
    cloud.settle().await;
    assert_eq!(
        cloud.status(project.cloud_name("first").as_str()),
        Some(StackStatus::CreateComplete)
    );
}

/// A function and a stack that reads its output.
fn functions(code: &str) -> TestProject {
    TestProject::new([
        TestStack::new("api")
            .with(TestResource::new("Handler").of_type("AWS::Lambda::Function"))
            .with_code(code),
        TestStack::new("site")
            .with(TestResource::new("Page"))
            .after("api"),
    ])
}

fn changed_stacks(run: &Run) -> usize {
    let steps = run.plan.as_ref().unwrap().steps.iter();
    steps
        .filter_map(|step| stack_work(&step.action))
        .filter(|(_, action)| *action != StackAction::None)
        .count()
}

#[tokio::test(start_paused = true)]
async fn code_alone_goes_directly_into_functions_until_the_next_deploy_corrects_it() {
    let cloud = FakeCloud::default();
    functions("a").deploy(&cloud).await;
    let api = functions("a").cloud_name("api").to_string();
    let function = cloud.physical_id(&api, "Handler").unwrap();
    cloud.forget_calls();

    // New code: no change set, and the stack behind is not even looked at.
    let run = functions("b").fast_deploy(&cloud).await;
    assert!(!report(&run).failed, "{:?}", report(&run).errors);
    assert_eq!(changed_stacks(&run), 1);
    assert_eq!(cloud.calls().count("CreateChangeSet"), 0);
    assert_eq!(cloud.calls().count("UpdateFunctionCode"), 1);
    let fast = cloud.direct_code(&function).unwrap();

    // Again: it is in place.
    let run = functions("b").fast_deploy(&cloud).await;
    assert_eq!(changed_stacks(&run), 0);
    assert_eq!(cloud.calls().count("UpdateFunctionCode"), 1);

    // Back to what CloudFormation knows: it would see no change, the functions would stay.
    let run = functions("a").deploy(&cloud).await;
    assert!(!report(&run).failed, "{:?}", report(&run).errors);
    assert!(cloud.calls().count("CreateChangeSet") >= 1);
    let corrected = cloud.direct_code(&function).unwrap();
    assert_ne!(corrected, fast);

    // From then on there is nothing to correct.
    cloud.forget_calls();
    let run = functions("a").deploy(&cloud).await;
    assert!(!report(&run).changed);
    assert_eq!(cloud.calls().count("UpdateFunctionCode"), 0);
    assert_eq!(cloud.calls().count("CreateChangeSet"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_fast_deploy_that_dies_anywhere_is_corrected_by_the_next_deploy() {
    for point in [KillPoint::BeforeEffect, KillPoint::AfterEffect] {
        let mut put_and_died = 0;
        for call in 0.. {
            let cloud = FakeCloud::default();
            functions("a").deploy(&cloud).await;
            let api = functions("a").cloud_name("api").to_string();
            let function = cloud.physical_id(&api, "Handler").unwrap();
            let run = functions("a").fast_deploy(&cloud).await;
            assert!(!report(&run).changed);
            cloud.forget_calls();
            cloud.kill_at(call, point);
            let run = functions("b").fast_deploy(&cloud).await;
            let died = matches!(run.ended, Ended::Died);
            cloud.heal();
            let put = cloud.direct_code(&function);
            put_and_died += u32::from(died && put.is_some());

            let run = functions("a").deploy(&cloud).await;
            assert!(!report(&run).failed, "{:?}", report(&run).errors);
            if let Some(put) = put {
                let corrected = cloud.direct_code(&function);
                assert_ne!(corrected, Some(put), "{point:?} call {call}");
            }
            if !died {
                break;
            }
        }
        assert!(put_and_died > 0, "{point:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_more_than_code_goes_through_cloudformation() {
    let cloud = FakeCloud::default();
    functions("a").deploy(&cloud).await;
    let mut project = functions("b");
    project.stack("api").bump();
    cloud.forget_calls();
    let run = project.fast_deploy(&cloud).await;
    assert!(!report(&run).failed, "{:?}", report(&run).errors);
    assert_eq!(cloud.calls().count("UpdateFunctionCode"), 0);
    assert!(cloud.calls().count("CreateChangeSet") >= 1);
}
