//! What CloudFormation is told about a stack beside its template.

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
