//! Parts T and F: time, the log of calls, and their faults. Part Z: the smaller services.

use std::time::Duration;

use shopctl_core::status::StackStatus as S;
use shopctl_deploy::ports::{
    ChangeSetType, CloudErrorKind, CloudFormation, Distributions, Functions, LogGroups, Probe,
    ProbeAnswer,
};
use shopctl_testing::{FakeCloud, Fault, FaultRule, KillPoint};

use crate::support::{PAIR, apply, create, delete, request};

// T1
#[tokio::test(start_paused = true)]
async fn time_is_simulated() {
    let cloud = FakeCloud::default();
    let real = std::time::Instant::now();
    cloud.configure(|settings| settings.resource = Duration::from_secs(3600));
    create(&cloud, "s", PAIR).await;
    assert!(cloud.now() > Duration::from_secs(7200));
    assert!(real.elapsed() < Duration::from_secs(3600));
    let before = cloud.now();
    cloud.describe("s").await.unwrap();
    assert_eq!(cloud.now() - before, Duration::from_millis(40));
}

// T2 T3
#[tokio::test(start_paused = true)]
async fn calls_are_logged_and_counted_in_rounds() {
    let cloud = FakeCloud::default();
    let id = create(&cloud, "s", PAIR).await;
    cloud.forget_calls();
    let (a, b, c) = tokio::join!(
        cloud.describe("s"),
        cloud.describe(&id),
        cloud.describe("t")
    );
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    assert_eq!(cloud.calls().rounds(), 1);
    cloud.resources("s").await.unwrap();
    let calls = cloud.calls();
    assert_eq!((calls.len(), calls.rounds()), (4, 2));
    assert_eq!(calls.count("DescribeStacks"), 3);
    assert_eq!(calls.by_operation()["ListStackResources"], 1);
    // An ARN is told as the stack's name.
    assert_eq!(calls.0[1].subject, "s");
    assert_eq!(
        calls.0[3].ended.unwrap() - calls.0[3].began,
        Duration::from_millis(40)
    );
}

// T4 T5
#[tokio::test(start_paused = true)]
async fn the_cloud_outlives_a_caller_that_is_killed() {
    for (point, there) in [
        (KillPoint::BeforeEffect, false),
        (KillPoint::AfterEffect, true),
    ] {
        let cloud = FakeCloud::default();
        cloud.kill_at(1, point);
        tokio::select! {
            _ = apply(&cloud, "s", ChangeSetType::Create, PAIR) => unreachable!("it was killed"),
            () = cloud.killed() => {}
        }
        let calls = cloud.calls();
        assert_eq!(calls.0[1].operation, "DescribeChangeSet");
        assert_eq!(calls.0[1].ended, None);
        assert_eq!(cloud.status("s"), Some(S::ReviewInProgress));

        let cloud = FakeCloud::default();
        cloud.kill_at(0, point);
        tokio::select! {
            _ = apply(&cloud, "s", ChangeSetType::Create, PAIR) => unreachable!("it was killed"),
            () = cloud.killed() => {}
        }
        assert_eq!(cloud.stacks().len(), usize::from(there));
    }
}

// F1 F2 F3
#[tokio::test(start_paused = true)]
async fn a_fault_comes_before_or_after_the_effect() {
    for (fault, kind, text, effect) in [
        (
            Fault::Throttled,
            CloudErrorKind::Throttled,
            "Rate exceeded (Throttling)",
            false,
        ),
        (
            Fault::ServiceError,
            CloudErrorKind::Service,
            "internal error",
            false,
        ),
        (
            Fault::ServiceErrorAfterEffect,
            CloudErrorKind::Service,
            "internal error",
            true,
        ),
        (
            Fault::ConnectionReset,
            CloudErrorKind::Unreachable,
            "connection reset",
            false,
        ),
        (
            Fault::AnswerLost,
            CloudErrorKind::Unreachable,
            "connection reset",
            true,
        ),
    ] {
        let cloud = FakeCloud::default();
        cloud.inject_times(fault, "CreateChangeSet", 1);
        let wanted = request("s", ChangeSetType::Create, PAIR);
        let error = cloud.create_change_set(&wanted).await.unwrap_err();
        assert_eq!(error.kind, kind);
        assert!(error.message.contains(text), "{error}");
        assert_eq!(cloud.stacks().len(), usize::from(effect), "{fault:?}");
    }
}

// F4 F5
#[tokio::test(start_paused = true)]
async fn faults_strike_where_they_are_told() {
    let cloud = FakeCloud::default();
    create(&cloud, "s", PAIR).await;
    let rule = FaultRule::new(Fault::AccessDenied)
        .on("DescribeStacks")
        .of("s");
    cloud.inject(rule.after_calls(1).times(2));
    let mut told = Vec::new();
    for _ in 0..4 {
        assert!(cloud.describe("t").await.unwrap().is_none());
        told.push(cloud.describe("s").await.err().map(|error| error.kind));
    }
    let denied = Some(CloudErrorKind::AccessDenied);
    assert_eq!(told, [None, denied, denied, None]);

    let now = cloud.now();
    cloud.inject(FaultRule::new(Fault::ExpiredCredentials).from(now + Duration::from_secs(10)));
    cloud.describe("s").await.unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    let error = cloud.describe("s").await.unwrap_err();
    assert_eq!(error.kind, CloudErrorKind::Credentials);
    cloud.heal();
    let soon = cloud.now() + Duration::from_secs(1);
    cloud.inject(FaultRule::new(Fault::ConnectionReset).until(soon));
    assert!(cloud.describe("s").await.is_err());
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(cloud.describe("s").await.is_ok());

    let cloud = FakeCloud::new(7);
    cloud.inject(FaultRule::new(Fault::Throttled).percent(30));
    let mut failed = 0;
    for _ in 0..1000 {
        failed += u32::from(cloud.describe("s").await.is_err());
    }
    assert!((250..350).contains(&failed), "{failed}");
}

// F6
#[tokio::test(start_paused = true)]
async fn a_rate_can_be_limited() {
    let cloud = FakeCloud::default();
    cloud.limit_rate("DescribeStacks", 2.0, 3.0);
    let mut told = Vec::new();
    for _ in 0..5 {
        told.push(cloud.describe("s").await.is_ok());
    }
    assert_eq!(told, [true, true, true, false, false]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(cloud.describe("s").await.is_ok());
    assert!(cloud.describe("s").await.is_ok());
    assert!(cloud.describe("s").await.is_err());
}

// Z1
#[tokio::test(start_paused = true)]
async fn one_reference_is_one_invalidation() {
    let cloud = FakeCloud::default();
    for path in ["/a", "/b"] {
        cloud
            .invalidate("E1", &[path.to_owned()], "reference")
            .await
            .unwrap();
    }
    let made = cloud.invalidations();
    assert_eq!(made.len(), 1);
    assert_eq!(made["reference"], ("E1".to_owned(), vec!["/a".to_owned()]));
}

// Z2 Z3
#[tokio::test(start_paused = true)]
async fn a_function_leaves_its_log_group() {
    let cloud = FakeCloud::default();
    create(
        &cloud,
        "s",
        "Resources:\n  F: { Type: AWS::Lambda::Function }\n",
    )
    .await;
    let name = cloud.physical_id("s", "F").unwrap();
    let state = cloud.state(&name).await.unwrap().unwrap();
    assert_eq!(
        (state.state.as_str(), state.last_update.as_str()),
        ("Active", "Successful")
    );
    cloud.invoke(&name);
    delete(&cloud, "s").await;
    assert_eq!(cloud.state(&name).await.unwrap(), None);
    let groups = LogGroups::list(&cloud, "/aws/lambda/s-").await.unwrap();
    assert_eq!(groups, [format!("/aws/lambda/{name}")]);
    LogGroups::delete(&cloud, &groups[0]).await.unwrap();
    assert_eq!(cloud.log_groups(), Vec::<String>::new());
}

// Z4
#[tokio::test(start_paused = true)]
async fn urls_answer_what_they_are_told() {
    let cloud = FakeCloud::default();
    cloud.serve("http://shop/", 200);
    assert_eq!(
        Probe::get(&cloud, "http://shop/").await,
        ProbeAnswer::Status(200)
    );
    assert!(matches!(
        Probe::get(&cloud, "http://other/").await,
        ProbeAnswer::Unreachable(_)
    ));
}
