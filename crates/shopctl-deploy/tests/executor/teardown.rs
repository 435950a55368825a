//! Teardowns: buckets, retained resources, exports, protection, late arrivals.

use std::time::Duration;

use shopctl_core::status::StackStatus as S;
use shopctl_testing::{
    FakeCloud, Fault, FaultRule, FaultStep, ResourceFault, TestProject, TestResource, TestStack,
};

use crate::support::{artifacts, assert_gone, deploy, errors, shop};

#[tokio::test(start_paused = true)]
async fn a_teardown_leaves_nothing() {
    let cloud = FakeCloud::default();
    let mut project = shop();
    project
        .stack("api")
        .resources
        .push(TestResource::new("Handler").of_type("AWS::Lambda::Function"));
    deploy(&cloud, &project).await;
    cloud.invoke(&cloud.physical_id("test-api", "Handler").unwrap());
    assert!(
        artifacts(&cloud)
            .iter()
            .any(|key| key.starts_with("artifacts/"))
    );
    let run = project.teardown(&cloud).await;
    assert!(run.succeeded(), "{}", errors(&run));
    assert_eq!(run.report().leftovers, []);
    assert_gone(&cloud).await;
}

#[tokio::test(start_paused = true)]
async fn stacks_go_after_those_that_read_from_them() {
    let cloud = FakeCloud::default();
    let project = shop();
    deploy(&cloud, &project).await;
    let run = project.teardown(&cloud).await;
    let order: Vec<&str> = run
        .events
        .iter()
        .filter_map(|event| match event {
            shopctl_core::event::Event::StackFinished { stack, .. } => Some(stack.as_str()),
            _ => None,
        })
        .filter(|stack| *stack != "mail")
        .collect();
    assert_eq!(order, ["api", "database", "network"]);
}

fn with_bucket() -> TestProject {
    TestProject::new([
        TestStack::new("files").with(TestResource::new("Files").of_type("AWS::S3::Bucket"))
    ])
}

#[tokio::test(start_paused = true)]
async fn buckets_are_emptied_even_when_logs_arrive_late() {
    for late in 0..=1 {
        let cloud = FakeCloud::default();
        let project = with_bucket();
        deploy(&cloud, &project).await;
        let bucket = cloud.physical_id("test-files", "Files").unwrap();
        cloud.write(&bucket, "a", b"a");
        cloud.begin_upload(&bucket);
        cloud.write_after_emptying(&bucket, late);
        let run = project.teardown(&cloud).await;
        assert!(run.succeeded(), "{}", errors(&run));
        assert_gone(&cloud).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_fills_again_and_again_is_told() {
    let cloud = FakeCloud::default();
    let project = with_bucket();
    deploy(&cloud, &project).await;
    let bucket = cloud.physical_id("test-files", "Files").unwrap();
    cloud.write_after_emptying(&bucket, 9);
    let run = project.teardown(&cloud).await;
    let failure = run.failure("files").unwrap();
    assert_eq!(
        failure.resource.as_ref().unwrap().logical_id.as_str(),
        "Files"
    );
    assert!(
        failure
            .reason
            .contains("The bucket you tried to delete is not empty")
    );
    assert_eq!(failure.status, Some(S::DeleteFailed));
    cloud.write_after_emptying(&bucket, 0);
    assert!(project.teardown(&cloud).await.succeeded());
    assert_gone(&cloud).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_retained_is_kept_and_told_also_after_a_second_try() {
    for late in 0..=1 {
        let cloud = FakeCloud::default();
        let mut project = with_bucket();
        let stack = project.stack("files");
        let kept = TestResource::new("Kept")
            .of_type("AWS::S3::Bucket")
            .policy("Retain");
        stack.resources.push(kept);
        deploy(&cloud, &project).await;
        let kept = cloud.physical_id("test-files", "Kept").unwrap();
        let bucket = cloud.physical_id("test-files", "Files").unwrap();
        cloud.write(&kept, "dear", b"data");
        cloud.write_after_emptying(&bucket, late);
        let run = project.teardown(&cloud).await;
        assert!(run.succeeded(), "{}", errors(&run));
        let left: Vec<&str> = run
            .report()
            .leftovers
            .iter()
            .map(|left| left.name.as_str())
            .collect();
        assert_eq!(left, [kept.as_str()]);
        assert_eq!(cloud.keys(&kept), ["dear"]);
        assert_eq!(cloud.inventory().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_retained_is_told_although_its_events_come_late() {
    let cloud = FakeCloud::default();
    let project = TestProject::new([TestStack::new("a").with(
        TestResource::new("Kept")
            .of_type("AWS::DynamoDB::Table")
            .policy("Retain"),
    )]);
    deploy(&cloud, &project).await;
    cloud.configure(|settings| settings.events.lag = Duration::from_secs(30));
    let run = project.teardown(&cloud).await;
    assert!(run.succeeded(), "{}", errors(&run));
    assert_eq!(run.report().leftovers.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_delete_that_runs_already_retains_is_told_too() {
    let cloud = FakeCloud::default();
    let project = TestProject::new([TestStack::new("a").with(
        TestResource::new("Kept")
            .of_type("AWS::DynamoDB::Table")
            .policy("Retain"),
    )]);
    deploy(&cloud, &project).await;
    cloud.person().delete_stack("test-a").unwrap();
    let run = project.teardown(&cloud).await;
    assert!(run.succeeded(), "{}", errors(&run));
    assert_eq!(run.report().leftovers.len(), 1);
    assert!(run.report().changed);
    assert_eq!(cloud.stacks().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn protected_stacks_stay_and_say_so() {
    let cloud = FakeCloud::default();
    let mut project = shop();
    project.termination_protection = true;
    deploy(&cloud, &project).await;
    let run = project.teardown(&cloud).await;
    assert!(run.report().failed);
    let failure = run.failure("api").unwrap();
    assert_eq!(failure.reason, "the stack is protected from deletion");
    assert!(
        failure
            .hint
            .as_ref()
            .unwrap()
            .contains("--disable-protection")
    );
    assert_eq!(cloud.stacks().len(), 4);
    assert_eq!(cloud.calls().count("DeleteStack"), 0);
}

#[tokio::test(start_paused = true)]
async fn protection_that_comes_in_between_is_told_the_same() {
    let cloud = FakeCloud::default();
    let project = TestProject::new([TestStack::new("a")]);
    deploy(&cloud, &project).await;
    cloud.forget_calls();
    let protect = async {
        let asked = |cloud: &FakeCloud| cloud.calls().count("ListStackResources") > 0;
        assert!(cloud.wait_until(asked).await);
        cloud.person().protect("test-a", true).unwrap();
    };
    let (run, ()) = tokio::join!(project.teardown(&cloud), protect);
    let failure = run.failure("a").unwrap();
    assert_eq!(failure.reason, "the stack is protected from deletion");
    assert!(
        failure
            .hint
            .as_ref()
            .unwrap()
            .contains("--disable-protection")
    );
}

#[tokio::test(start_paused = true)]
async fn an_export_that_is_in_use_elsewhere_stops_the_delete() {
    // The events may be told, or their last, or none of them, only after hours.
    let hours = Duration::from_secs(36_000);
    for straggler in [None, Some((1, hours)), Some((2, hours)), Some((3, hours))] {
        for may_ask in [true, false] {
            let cloud = FakeCloud::default();
            let project = TestProject::new([TestStack::new("a").exporting("name", "value")]);
            deploy(&cloud, &project).await;
            let other = TestStack::new("other").importing("name");
            let person = cloud.person();
            person
                .create_stack("other", &other.template(), &[], false)
                .unwrap();
            cloud.settle().await;
            cloud.configure(|settings| settings.events.straggler = straggler);
            if !may_ask {
                // CloudFormation finds it out by itself, late.
                cloud.inject(FaultRule::new(Fault::AccessDenied).on("ListImports"));
            }
            let run = project.teardown(&cloud).await;
            let failure = run
                .failure("a")
                .expect("a delete that was refused is a failure");
            let told = if may_ask {
                "export 'name' of the stack is read by other"
            } else {
                "Delete canceled. Cannot delete export name as it is in use by other."
            };
            assert_eq!(failure.reason, told);
            assert_eq!(cloud.calls().count("DeleteStack"), usize::from(!may_ask));
            assert_eq!(failure.status, Some(S::CreateComplete));
            assert_eq!(cloud.status("test-a"), Some(S::CreateComplete));
            assert!(cloud.now() < Duration::from_secs(600), "{straggler:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_is_deleted_too_is_waited_for() {
    // The project does not know that one imports from the other.
    let cloud = FakeCloud::default();
    let producer = TestStack::new("a").exporting("name", "value");
    let consumer = TestStack::new("b").importing("name");
    deploy(&cloud, &TestProject::new([producer.clone()])).await;
    let project = TestProject::new([producer, consumer]);
    deploy(&cloud, &project).await;
    let run = project.teardown(&cloud).await;
    assert!(run.succeeded(), "{}", errors(&run));
    assert_gone(&cloud).await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_delete_names_its_resource_and_goes_on_later() {
    let cloud = FakeCloud::default();
    let project = shop();
    deploy(&cloud, &project).await;
    let fault = ResourceFault::new("test-database", "First", FaultStep::Delete, "in use");
    cloud.fail(fault);
    let run = project.teardown(&cloud).await;
    let failure = run.failure("database").unwrap();
    assert_eq!(
        failure.resource.as_ref().unwrap().logical_id.as_str(),
        "First"
    );
    assert_eq!(failure.reason, "in use");
    assert!(failure.hint.as_ref().unwrap().contains("shopctl teardown"));
    // What the rest still needs stays, what nothing needs goes.
    assert_eq!(
        cloud.stacks().keys().collect::<Vec<_>>(),
        ["test-database", "test-network"]
    );
    assert!(!artifacts(&cloud).is_empty());
    cloud.heal();
    let run = project.teardown(&cloud).await;
    assert!(run.succeeded(), "{}", errors(&run));
    assert_gone(&cloud).await;
}
