//! Looks at what a deploy would do: nothing of them is left, whatever happens.

use std::time::Duration;

use indexmap::IndexMap;
use shopctl_core::change::{Pseudo, StackChange};
use shopctl_core::names::StackName;
use shopctl_core::planner::plan_deploy;
use shopctl_core::template::RenderedTemplate;
use shopctl_deploy::ports::{ChangeSetOptions, CloudError, CloudErrorKind};
use shopctl_deploy::{Interrupt, Method, PreviewRequest, observe, preview};
use shopctl_testing::{
    ACCOUNT, ARTIFACTS, FakeCloud, Fault, FaultRule, TestProject, TestResource, TestStack,
};

use crate::support::deploy;

/// Looks at all stacks by change sets.
async fn look(
    cloud: &FakeCloud,
    project: &TestProject,
    concurrency: usize,
    cancel: &Interrupt,
) -> Result<Vec<StackChange>, CloudError> {
    let ports = cloud.ports();
    let observed = observe(&ports, ARTIFACTS, &project.names()).await.unwrap();
    let desired = project.desired();
    let plan = plan_deploy(&desired, &observed).unwrap();
    let templates: IndexMap<StackName, RenderedTemplate> = desired
        .stacks
        .iter()
        .map(|stack| (stack.template.stack.clone(), stack.template.clone()))
        .collect();
    let place = Pseudo {
        account: ACCOUNT.to_owned(),
        region: "eu-central-1".to_owned(),
        partition: "aws".to_owned(),
        url_suffix: "amazonaws.com".to_owned(),
    };
    preview(
        &ports,
        &PreviewRequest {
            plan: &plan,
            observed: &observed,
            templates: &templates,
            run: "look",
            place: &place,
            method: Method::ChangeSets,
            options: ChangeSetOptions::default(),
            concurrency,
            cancel,
        },
    )
    .await
}

/// Six stacks that are deployed, each with a change that is not.
async fn changed(cloud: &FakeCloud) -> TestProject {
    let names = ["a", "b", "c", "d", "e", "f"];
    let mut project = TestProject::new(
        names.map(|name| TestStack::new(name).with(TestResource::new("Second").after("First"))),
    );
    deploy(cloud, &project).await;
    for name in names {
        project.stack(name).bump();
    }
    cloud.forget_calls();
    project
}

async fn assert_no_trace(cloud: &FakeCloud, project: &TestProject, what: &str) {
    cloud.settle().await;
    for (_, name) in project.names() {
        let left: Vec<_> = cloud
            .change_sets(name.as_str())
            .into_iter()
            .filter(|(set, _)| set.starts_with("shopctl-plan-"))
            .collect();
        assert_eq!(left, [], "{what}: change sets of {name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_look_that_fails_leaves_no_change_set_at_the_other_stacks() {
    for (operation, failing) in [
        ("GetTemplate", "test-a"),
        ("GetTemplate", "test-d"),
        ("DescribeChangeSet", "test-a"),
        ("DescribeChangeSet", "test-f"),
        ("CreateChangeSet", "test-c"),
    ] {
        for concurrency in [1, 3, 6] {
            let what = format!("{operation} of {failing}, {concurrency} at once");
            let cloud = FakeCloud::default();
            let project = changed(&cloud).await;
            let rule = FaultRule::new(Fault::ExpiredCredentials);
            cloud.inject(rule.on(operation).of(failing));
            let error = look(&cloud, &project, concurrency, &Interrupt::new()).await;
            let error = error.expect_err(&what);
            assert_eq!(error.kind, CloudErrorKind::Credentials, "{what}: {error}");
            assert_no_trace(&cloud, &project, &what).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_look_that_is_interrupted_begins_nothing_more_and_leaves_nothing() {
    for (concurrency, tenths) in [(1, 5), (1, 12), (2, 12), (6, 1), (6, 12)] {
        let what = format!("{concurrency} at once, after {tenths} tenths of a second");
        let cloud = FakeCloud::default();
        let project = changed(&cloud).await;
        let cancel = Interrupt::new();
        let stopped = async {
            tokio::time::sleep(Duration::from_millis(tenths * 100)).await;
            cancel.detach();
            cloud.calls().count("CreateChangeSet")
        };
        let (_, begun) = tokio::join!(look(&cloud, &project, concurrency, &cancel), stopped);
        assert!(begun < 6 || concurrency == 6, "{what}: {begun} were begun");
        let in_the_end = cloud.calls().count("CreateChangeSet");
        assert_eq!(in_the_end, begun, "{what}: begun after the interrupt");
        assert_no_trace(&cloud, &project, &what).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_cloud_that_throttles_breaks_off_and_loses_answers_is_looked_at_all_the_same() {
    let calm = FakeCloud::default();
    let project = changed(&calm).await;
    let wanted = look(&calm, &project, 6, &Interrupt::new()).await.unwrap();
    assert_eq!(wanted.len(), 6);
    for fault in [
        Fault::Throttled,
        Fault::ServiceError,
        Fault::ServiceErrorAfterEffect,
        Fault::ConnectionReset,
        Fault::AnswerLost,
    ] {
        for seed in 0..10 {
            let what = format!("{fault:?}, seed {seed}");
            let cloud = FakeCloud::new(seed);
            let project = changed(&cloud).await;
            cloud.inject(FaultRule::new(fault).percent(30));
            let found = look(&cloud, &project, 6, &Interrupt::new()).await;
            let found = found.unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(found, wanted, "{what}");
            cloud.heal();
            assert_no_trace(&cloud, &project, &what).await;
        }
    }
}
