//! A cloud that throttles, breaks off, forgets and lags behind.

use std::time::Duration;

use shopctl_core::event::{Event, StackResult};
use shopctl_core::status::StackStatus as S;
use shopctl_deploy::ports::CloudErrorKind;
use shopctl_testing::{
    Command, Ended, EventDelivery, FakeCloud, Fault, FaultRule, FaultStep, ResourceFault, Stop,
    TestProject, TestResource, TestStack,
};

use crate::support::{assert_deployed, assert_gone, assert_nothing_to_do, deploy, errors, shop};

/// Create, change and tear down, with the same trouble all the time.
async fn whole_life(cloud: &FakeCloud, trouble: impl Fn(&FakeCloud)) {
    let mut project = shop();
    trouble(cloud);
    let run = project.deploy(cloud).await;
    assert!(run.succeeded(), "{}", errors(&run));
    assert_eq!(run.result("api"), Some(StackResult::Created));
    assert_deployed(cloud, &project).await;
    project.stack("network").bump();
    project.stack("database").reads_version = true;
    let run = project.deploy(cloud).await;
    assert!(run.succeeded(), "{}", errors(&run));
    assert_eq!(run.result("network"), Some(StackResult::Updated));
    assert_eq!(run.result("database"), Some(StackResult::Updated));
    assert_deployed(cloud, &project).await;
    for stack in &project.stacks {
        let name = format!("test-{}", stack.name);
        assert_eq!(cloud.generations(&name).len(), 1, "{name} was made once");
        for resource in &stack.resources {
            assert_eq!(cloud.times_made(&name, &resource.id), 1);
        }
    }
    let run = project.teardown(cloud).await;
    assert!(run.succeeded(), "{}", errors(&run));
    cloud.heal();
    assert_gone(cloud).await;
}

#[tokio::test(start_paused = true)]
async fn a_third_of_all_calls_throttled() {
    for seed in 0..20 {
        let cloud = FakeCloud::new(seed);
        whole_life(&cloud, |cloud| {
            cloud.inject(FaultRule::new(Fault::Throttled).percent(30));
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_third_of_all_calls_broken() {
    for fault in [
        Fault::ServiceError,
        Fault::ServiceErrorAfterEffect,
        Fault::ConnectionReset,
        Fault::AnswerLost,
    ] {
        for seed in 0..8 {
            let cloud = FakeCloud::new(seed);
            whole_life(&cloud, |cloud| {
                cloud.inject(FaultRule::new(fault).percent(30));
            })
            .await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_call_broken_once_in_every_place() {
    for fault in [
        Fault::Throttled,
        Fault::ServiceErrorAfterEffect,
        Fault::AnswerLost,
    ] {
        for operation in [
            "DescribeStacks",
            "CreateChangeSet",
            "DescribeChangeSet",
            "ExecuteChangeSet",
            "DescribeStackEvents",
            "DeleteStack",
            "GetTemplate",
            "ListStackResources",
            "CreateBucket",
            "PutObject",
            "DeleteBucket",
        ] {
            for nth in 0..4 {
                let cloud = FakeCloud::default();
                whole_life(&cloud, |cloud| {
                    let rule = FaultRule::new(fault).on(operation);
                    cloud.inject(rule.after_calls(nth).times(1));
                })
                .await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_of_half_a_minute() {
    let hole = Duration::from_secs(30);
    for after in [1, 3, 5, 8, 12] {
        let cloud = FakeCloud::default();
        let project = shop();
        let begin = Duration::from_secs(after);
        cloud.inject(
            FaultRule::new(Fault::ConnectionReset)
                .from(begin)
                .until(begin + hole),
        );
        let run = project.deploy(&cloud).await;
        assert!(run.succeeded(), "after {after} s: {}", errors(&run));
        assert_deployed(&cloud, &project).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_cloud_that_never_answered_is_told_at_once() {
    let cloud = FakeCloud::default();
    cloud.inject(FaultRule::new(Fault::ConnectionReset));
    let run = shop().deploy(&cloud).await;
    let Ended::Unobserved(error) = &run.ended else {
        panic!("{:?}", run.ended);
    };
    assert_eq!(error.kind, CloudErrorKind::Unreachable);
    assert!(cloud.now() < Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_does_not_come_back_is_told_after_minutes() {
    let cloud = FakeCloud::default();
    cloud.inject(FaultRule::new(Fault::ConnectionReset).from(Duration::from_secs(5)));
    let run = shop().deploy(&cloud).await;
    assert!(run.report().failed);
    let waited = cloud.now();
    assert!(
        waited > Duration::from_secs(60) && waited < Duration::from_secs(1200),
        "{waited:?}"
    );
    assert!(run.report().errors[0].contains("connection reset by peer"));
    cloud.heal();
    let project = shop();
    deploy(&cloud, &project).await;
    assert_deployed(&cloud, &project).await;
}

#[tokio::test(start_paused = true)]
async fn the_rate_that_an_account_has() {
    let cloud = FakeCloud::default();
    for operation in [
        "DescribeStacks",
        "DescribeStackEvents",
        "DescribeChangeSet",
        "CreateChangeSet",
    ] {
        cloud.limit_rate(operation, 2.0, 4.0);
    }
    let project = TestProject::new((0..12).map(|n| TestStack::new(&format!("s{n}"))));
    let run = project.deploy(&cloud).await;
    assert!(run.succeeded(), "{}", errors(&run));
    assert_deployed(&cloud, &project).await;
    let calls = cloud.calls();
    let throttled = calls.0.iter().filter(|call| call.error.is_some()).count();
    assert!(
        throttled * 3 < calls.len(),
        "{throttled} of {} were in vain",
        calls.len()
    );
}

#[tokio::test(start_paused = true)]
async fn statuses_told_late() {
    for reads in [1, 2, 3, 5, 8] {
        let cloud = FakeCloud::default();
        whole_life(&cloud, |cloud| {
            cloud.configure(|settings| settings.stale_reads = reads)
        })
        .await;
    }
}

fn slow_events(lag: u64, burst: u64, straggler: Option<(u64, u64)>) -> EventDelivery {
    EventDelivery {
        lag: Duration::from_secs(lag),
        burst: (burst > 0).then(|| Duration::from_secs(burst)),
        straggler: straggler.map(|(every, later)| (every, Duration::from_secs(later))),
    }
}

#[tokio::test(start_paused = true)]
async fn events_told_late_in_bursts_and_out_of_order() {
    for events in [
        slow_events(2, 0, None),
        slow_events(20, 0, None),
        slow_events(0, 15, None),
        slow_events(5, 30, None),
        slow_events(0, 0, Some((2, 10))),
        slow_events(1, 0, Some((3, 60))),
        slow_events(0, 0, Some((1, 600))),
    ] {
        for reads in [0, 3] {
            let cloud = FakeCloud::default();
            whole_life(&cloud, |cloud| {
                cloud.configure(|settings| {
                    settings.events = events;
                    settings.stale_reads = reads;
                });
            })
            .await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn late_events_of_an_earlier_operation_end_nothing() {
    let cloud = FakeCloud::default();
    let mut project = TestProject::new([TestStack::new("a")]);
    deploy(&cloud, &project).await;
    cloud.settle().await;
    cloud.configure(|settings| {
        settings.events = slow_events(12, 0, None);
        settings.stale_reads = 2;
        settings.resource = Duration::from_secs(40);
        settings.change_set = Duration::from_millis(100);
    });
    // Somebody's update fails; its events come while ours runs.
    let mut theirs = project.clone();
    theirs.stack("a").resources[0].version = 7;
    cloud.fail(ResourceFault::new("test-a", "First", FaultStep::Update, "theirs").times(1));
    let body = theirs.stacks[0].template();
    cloud
        .person()
        .update_stack("test-a", &body, &[], false)
        .unwrap();
    let over = |cloud: &FakeCloud| cloud.status("test-a") == Some(S::UpdateRollbackComplete);
    assert!(cloud.wait_until(over).await);
    project.stack("a").bump();
    let run = project.deploy(&cloud).await;
    assert!(run.succeeded(), "{}", errors(&run));
    assert_eq!(cloud.status("test-a"), Some(S::UpdateComplete));
    assert_eq!(run.result("a"), Some(StackResult::Updated));

    // And when ours fails too, the cause is ours.
    let body = theirs.stacks[0].template();
    cloud.fail(ResourceFault::new("test-a", "First", FaultStep::Update, "theirs").times(1));
    cloud
        .person()
        .update_stack("test-a", &body, &[], false)
        .unwrap();
    let again = |cloud: &FakeCloud| cloud.status("test-a") == Some(S::UpdateRollbackComplete);
    assert!(cloud.wait_until(again).await);
    cloud.fail(ResourceFault::new("test-a", "First", FaultStep::Update, "ours").times(1));
    project.stack("a").bump();
    let run = project.deploy(&cloud).await;
    assert_eq!(run.failure("a").unwrap().reason, "ours");
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_explained_also_when_its_events_are_late() {
    for events in [
        slow_events(0, 0, None),
        slow_events(15, 0, None),
        slow_events(0, 40, None),
        slow_events(0, 0, Some((1, 20))),
    ] {
        for reads in [0, 4] {
            let cloud = FakeCloud::default();
            cloud.configure(|settings| {
                settings.events = events;
                settings.stale_reads = reads;
            });
            let mut project = shop();
            cloud.fail(ResourceFault::new(
                "test-database",
                "Second",
                FaultStep::Create,
                "no",
            ));
            let run = project.deploy(&cloud).await;
            let failure = run.failure("database").unwrap();
            assert_eq!(failure.reason, "no", "{events:?}");
            assert_eq!(failure.status, Some(S::RollbackComplete));
            assert_eq!(
                failure.resource.as_ref().unwrap().logical_id.as_str(),
                "Second"
            );
            cloud.heal();
            deploy(&cloud, &project).await;
            project.stack("database").bump();
            cloud.fail(ResourceFault::new(
                "test-database",
                "First",
                FaultStep::Update,
                "no",
            ));
            let run = project.deploy(&cloud).await;
            let failure = run.failure("database").unwrap();
            assert_eq!(failure.reason, "no", "{events:?}");
            assert_eq!(failure.status, Some(S::UpdateRollbackComplete));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn expired_credentials_end_the_run_at_once() {
    for seconds in [2, 5, 9] {
        let cloud = FakeCloud::default();
        let mut project = shop();
        for number in 0..10 {
            project
                .stacks
                .push(TestStack::new(&format!("more{number}")).after("network"));
        }
        let moment = Duration::from_secs(seconds);
        cloud.inject(FaultRule::new(Fault::ExpiredCredentials).from(moment));
        let run = project.deploy(&cloud).await;
        let report = run.report();
        assert!(report.failed && report.credentials);
        let took = cloud.now() - moment;
        assert!(took < Duration::from_secs(5), "{took:?}");
        // Nothing begins that cannot work.
        let failed = run
            .events
            .iter()
            .filter(|event| matches!(event, Event::StackFailed { .. } | Event::StepFailed { .. }));
        assert!(failed.count() <= 8, "{}", errors(&run));
        let told = &report.errors[0];
        assert!(told.contains("ExpiredToken"), "{told}");
        cloud.heal();
        deploy(&cloud, &project).await;
        assert_deployed(&cloud, &project).await;
        assert_nothing_to_do(&cloud, &project).await;
    }
}

#[tokio::test(start_paused = true)]
async fn missing_permissions_are_not_tried_again() {
    for operation in [
        "CreateChangeSet",
        "DescribeChangeSet",
        "ExecuteChangeSet",
        "DescribeStackEvents",
    ] {
        let cloud = FakeCloud::default();
        cloud.inject(
            FaultRule::new(Fault::AccessDenied)
                .on(operation)
                .of("test-mail"),
        );
        let project = shop();
        let run = project.deploy(&cloud).await;
        let calls = cloud.calls();
        let denied = calls.0.iter().filter(|call| {
            let error = call.error.as_deref().unwrap_or_default();
            error.contains("AccessDenied")
        });
        assert_eq!(denied.count(), 1, "{operation}");
        assert!(run.report().errors[0].contains("is not authorized to perform"));
        assert!(run.result("api").is_some(), "the others are done");
        cloud.heal();
        deploy(&cloud, &project).await;
        assert_deployed(&cloud, &project).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_interruption_does_not_wait_for_a_broken_cloud() {
    let cloud = FakeCloud::default();
    cloud.inject(FaultRule::new(Fault::ConnectionReset).from(Duration::from_secs(5)));
    let project = shop();
    let mut runner = project.runner(&cloud, Command::Deploy);
    runner = runner.stop_after(12, Stop::Cancel);
    let run = runner.run().await;
    assert!(run.report().interrupted);
    // The record is tried to be written, and given up.
    assert!(cloud.now() < Duration::from_secs(1200));
}

#[tokio::test(start_paused = true)]
async fn a_failed_change_set_tells_its_reason_whatever_happens_to_its_removal() {
    for broken in [None, Some("DeleteChangeSet"), Some("DeleteStack")] {
        let cloud = FakeCloud::default();
        let reason = "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck].";
        cloud.configure(|settings| {
            let reasons = vec![reason.to_owned()];
            settings
                .failing_change_sets
                .insert("test-mail".to_owned(), reasons);
        });
        if let Some(operation) = broken {
            cloud.inject(FaultRule::new(Fault::AccessDenied).on(operation));
        }
        let project = shop();
        let run = project.deploy(&cloud).await;
        assert_eq!(run.failure("mail").unwrap().reason, reason, "{broken:?}");
        cloud.settle().await;
        let review = cloud.status("test-mail");
        let stays = broken == Some("DeleteStack");
        assert_eq!(review.is_some(), stays, "{broken:?}: {review:?}");
        cloud.heal();
        deploy(&cloud, &project).await;
        assert_deployed(&cloud, &project).await;
    }
}

#[tokio::test(start_paused = true)]
async fn templates_that_are_large_go_through_the_bucket() {
    let cloud = FakeCloud::default();
    let mut project = TestProject::new([TestStack::new("a").with(TestResource::new("B"))]);
    project.stack("a").padding = 60_000;
    deploy(&cloud, &project).await;
    assert_deployed(&cloud, &project).await;
    assert!(
        cloud
            .keys(shopctl_testing::ARTIFACTS)
            .iter()
            .any(|key| key.starts_with("templates/"))
    );
    assert_nothing_to_do(&cloud, &project).await;
}
