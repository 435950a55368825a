//! Part X: refused requests.

use shopctl_deploy::ports::{
    ChangeSetType, CloudErrorKind, CloudFormation, ObjectStore, TemplateSource,
};
use shopctl_testing::{FakeCloud, FaultStep, ResourceFault};

use crate::support::{CHANGED, PAIR, apply, computed, create, request, update};

async fn refusal(
    cloud: &FakeCloud,
    stack: &str,
    change_set_type: ChangeSetType,
    body: &str,
) -> String {
    let error = cloud
        .create_change_set(&request(stack, change_set_type, body))
        .await
        .unwrap_err();
    error.message
}

// X1 X4
#[tokio::test(start_paused = true)]
async fn a_stack_that_is_not_there() {
    let cloud = FakeCloud::default();
    assert_eq!(cloud.describe("s").await.unwrap(), None);
    assert_eq!(
        cloud.calls().0[0].error.as_deref(),
        Some("DescribeStacks of 's': Stack with id s does not exist (ValidationError)")
    );
    let error = cloud.events("s", None).await.unwrap_err();
    assert_eq!(error.kind, CloudErrorKind::NotFound);
    assert_eq!(error.message, "Stack [s] does not exist (ValidationError)");
    let told = "Stack [s] does not exist (ValidationError)";
    assert_eq!(
        refusal(&cloud, "s", ChangeSetType::Update, PAIR).await,
        told
    );
    cloud.person().review("s", PAIR).unwrap();
    assert_eq!(
        refusal(&cloud, "s", ChangeSetType::Update, PAIR).await,
        told
    );
}

// X2 X3 X5
#[tokio::test(start_paused = true)]
async fn a_stack_in_the_wrong_status() {
    let cloud = FakeCloud::default();
    let id = create(&cloud, "s", PAIR).await;
    assert_eq!(
        refusal(&cloud, "s", ChangeSetType::Create, PAIR).await,
        "Stack [s] already exists and cannot be created again with the changeSet [change]. (ValidationError)"
    );
    apply(&cloud, "s", ChangeSetType::Update, CHANGED)
        .await
        .unwrap();
    for change_set_type in [ChangeSetType::Create, ChangeSetType::Update] {
        assert_eq!(
            refusal(&cloud, "s", change_set_type, PAIR).await,
            format!(
                "Stack:{id} is in UPDATE_IN_PROGRESS state and can not be updated. (ValidationError)"
            )
        );
    }
    cloud.settle().await;
    cloud.fail(ResourceFault::new("s", "B", FaultStep::Update, "it broke"));
    cloud.person().update_stack("s", PAIR, &[], true).unwrap();
    cloud.settle().await;
    let text = refusal(&cloud, "s", ChangeSetType::Update, PAIR).await;
    assert!(text.starts_with("This stack is currently in a non-terminal [UPDATE_FAILED] state."));
}

// X6
#[tokio::test(start_paused = true)]
async fn capabilities_have_to_be_acknowledged() {
    let cloud = FakeCloud::default();
    let template = "Resources:\n  R: { Type: AWS::IAM::Role, Properties: { RoleName: r } }\n";
    let mut wanted = request("s", ChangeSetType::Create, template);
    wanted.capabilities.clear();
    let error = cloud.create_change_set(&wanted).await.unwrap_err();
    assert_eq!(
        error.message,
        "Requires capabilities : [CAPABILITY_NAMED_IAM] (InsufficientCapabilitiesException)"
    );
    assert_eq!(cloud.stacks().len(), 0);
    create(&cloud, "s", template).await;
}

// X7
#[tokio::test(start_paused = true)]
async fn parameters_have_to_match() {
    let cloud = FakeCloud::default();
    let template = format!(
        "Parameters:\n  P: {{ Type: String }}\n  D: {{ Type: String, Default: d }}\n{PAIR}"
    );
    assert_eq!(
        refusal(&cloud, "s", ChangeSetType::Create, &template).await,
        "Parameters: [P] must have values (ValidationError)"
    );
    let mut wanted = request("s", ChangeSetType::Create, PAIR);
    wanted.parameters.insert("Q".to_owned(), "1".to_owned());
    let error = cloud.create_change_set(&wanted).await.unwrap_err();
    assert_eq!(
        error.message,
        "Parameters: [Q] do not exist in the template (ValidationError)"
    );
}

// X8 X9
#[tokio::test(start_paused = true)]
async fn large_templates_come_from_objects() {
    let cloud = FakeCloud::default();
    let large = format!("# {}\n{PAIR}", "-".repeat(60_000));
    let text = refusal(&cloud, "s", ChangeSetType::Create, &large).await;
    assert!(
        text.contains("Member must have length less than or equal to 51200"),
        "{text}"
    );
    let huge = format!("# {}\n{PAIR}", "-".repeat(1_000_000));
    cloud.ensure_bucket("templates").await.unwrap();
    cloud.write("templates", "large", large.as_bytes());
    cloud.write("templates", "huge", huge.as_bytes());
    let mut wanted = request("s", ChangeSetType::Create, "");
    for (key, told) in [
        ("missing", Some("S3 error: Access Denied (ValidationError)")),
        (
            "huge",
            Some("Template may not exceed 1000000 bytes in size. (ValidationError)"),
        ),
        ("large", None),
    ] {
        wanted.template = TemplateSource::Object {
            bucket: "templates".to_owned(),
            key: key.to_owned(),
        };
        let answer = cloud.create_change_set(&wanted).await;
        assert_eq!(answer.err().map(|error| error.message).as_deref(), told);
    }
}

// X10 X11
#[tokio::test(start_paused = true)]
async fn wrong_templates_are_refused() {
    let cloud = FakeCloud::default();
    for (template, told) in [
        ("Resources: [", "Template format error"),
        (
            "Outputs: {}",
            "At least one Resources member must be defined",
        ),
        (
            "Resources:\n  A: { Type: AWS::SQS::Queue, Properties: { From: !Ref Nobody } }",
            "Unresolved resource dependencies [Nobody] in the Resources block of the template",
        ),
        (
            "Resources:\n  A: { Type: AWS::SQS::Queue, DependsOn: B }\n  B: { Type: AWS::SQS::Queue, DependsOn: [A] }",
            "Circular dependency between resources: [A, B]",
        ),
    ] {
        let text = refusal(&cloud, "s", ChangeSetType::Create, template).await;
        assert!(text.contains(told), "{text}");
    }
    assert_eq!(cloud.stacks().len(), 0);
}

// X12 X15
#[tokio::test(start_paused = true)]
async fn protected_stacks_are_not_deleted() {
    let cloud = FakeCloud::default();
    let id = create(&cloud, "s", PAIR).await;
    cloud
        .set_termination_protection(&"s".into(), true)
        .await
        .unwrap();
    assert!(
        cloud
            .describe("s")
            .await
            .unwrap()
            .unwrap()
            .termination_protection
    );
    let error = cloud.delete_stack(&id, None, "delete").await.unwrap_err();
    assert_eq!(
        error.message,
        "Stack [s] cannot be deleted while TerminationProtection is enabled (ValidationError)"
    );
    update(&cloud, "s", CHANGED).await;
    cloud
        .set_termination_protection(&"s".into(), false)
        .await
        .unwrap();
    cloud.delete_stack(&id, None, "again").await.unwrap();
    cloud.settle().await;
    assert_eq!(cloud.stacks().len(), 0);
    cloud.delete_stack("nobody", None, "token").await.unwrap();
}

// X16
#[tokio::test(start_paused = true)]
async fn a_role_stays_until_another_is_named_and_is_missed_when_it_is_gone() {
    let cloud = FakeCloud::default();
    let role = "arn:aws:iam::123456789012:role/first";
    let mut wanted = request("s", ChangeSetType::Create, PAIR);
    wanted.service_role = Some(role.to_owned());
    let id = cloud.create_change_set(&wanted).await.unwrap();
    computed(&cloud, &id).await;
    cloud.execute_change_set(&id, "first").await.unwrap();
    cloud.settle().await;
    update(&cloud, "s", CHANGED).await;
    assert_eq!(cloud.role("s").as_deref(), Some(role));

    cloud.configure(|settings| {
        settings.roles_gone.insert(role.to_owned());
    });
    let error = cloud.delete_stack("s", None, "delete").await.unwrap_err();
    assert_eq!(
        error.message,
        format!("Role {role} is invalid or cannot be assumed (ValidationError)")
    );
    let other = Some("arn:aws:iam::123456789012:role/second");
    cloud.delete_stack("s", other, "again").await.unwrap();
    cloud.settle().await;
    assert_eq!(cloud.stacks().len(), 0);
}
