//! Leads are followed to the cause, and what cannot be looked up is said.

#![allow(clippy::unwrap_used, reason = "tests")]

mod script;

use std::collections::BTreeMap;

use insta::assert_snapshot;
use shopctl_core::event::Failure;
use shopctl_core::names::CloudStackName;
use shopctl_core::status::StackStatus;

use self::script::{Script, ports};
use super::scene::Scene;
use crate::ports::*;

const ID: &str = "arn:aws:cloudformation:us-east-1:1:stack/shop-prod-orders/1";
const NESTED: &str = "arn:aws:cloudformation:us-east-1:1:stack/shop-prod-orders-Queues-X/2";

fn event(logical_id: &str, kind: &str, status: &str, reason: &str) -> StackEvent {
    StackEvent {
        event_id: format!("{logical_id}-{status}"),
        logical_id: logical_id.into(),
        physical_id: None,
        resource_type: kind.to_owned(),
        status: status.to_owned(),
        reason: (!reason.is_empty()).then(|| reason.to_owned()),
    }
}

async fn operation(script: Script, events: &[StackEvent]) -> String {
    let ports = ports(script);
    let name = CloudStackName::new("shop-prod-orders");
    let failure = scene(&ports, &name)
        .operation(ID, StackStatus::UpdateRollbackComplete, events)
        .await;
    told(&failure)
}

async fn change_set(script: Script, reason: &str) -> String {
    let ports = ports(script);
    let name = CloudStackName::new("shop-prod-orders");
    let id = ChangeSetId {
        change_set: "arn:aws:cloudformation:us-east-1:1:changeSet/x/1".to_owned(),
        stack: ID.to_owned(),
    };
    told(&scene(&ports, &name).change_set(&id, reason).await)
}

fn scene<'a>(ports: &'a Ports, cloud_name: &'a CloudStackName) -> Scene<'a> {
    Scene {
        ports,
        environment: "prod",
        stack: "orders",
        cloud_name,
        template: None,
    }
}

fn told(failure: &Failure) -> String {
    let mut lines = Vec::new();
    if let Some(resource) = &failure.resource {
        lines.push(format!(
            "at {} ({})",
            resource.logical_id, resource.resource_type
        ));
    }
    lines.push(format!("cause: {}", failure.reason));
    let found = failure.diagnosis.as_ref().unwrap();
    for id in &found.within {
        lines.push(format!("within: {id}"));
    }
    if let Some(kind) = found.kind {
        lines.push(format!("kind: {kind}"));
    }
    if let Some(text) = &found.explanation {
        lines.push(format!("means: {text}"));
    }
    if let Some(policy) = &found.policy {
        lines.push(format!("policy: {policy}"));
    }
    for detail in &found.details {
        lines.push(format!("{}: {}", detail.topic, detail.text));
    }
    for unknown in &found.unknown {
        lines.push(format!("note: {unknown}"));
    }
    lines.push(format!("next: {}", failure.hint.as_deref().unwrap()));
    lines.join("\n")
}

#[tokio::test]
async fn nested_stacks_are_followed_to_the_resource_that_failed() {
    let reason = format!(
        "Embedded stack {NESTED} was not successfully updated: Currently in UPDATE_ROLLBACK_IN_PROGRESS with reason: The following resource(s) failed to create: [Queue]."
    );
    let script = Script {
        events: BTreeMap::from([(
            NESTED.to_owned(),
            vec![
                event(
                    "Queue",
                    "AWS::SQS::Queue",
                    "CREATE_FAILED",
                    "Properties validation failed for resource Queue with message:\n#/VisibilityTimeout: 99999 is not less or equal to 43200",
                ),
                event(
                    "Topic",
                    "AWS::SNS::Topic",
                    "CREATE_FAILED",
                    "Resource creation cancelled",
                ),
            ],
        )]),
        ..Script::default()
    };
    let events = [
        event(
            "Table",
            "AWS::DynamoDB::Table",
            "UPDATE_FAILED",
            "Resource update cancelled",
        ),
        event(
            "Queues",
            "AWS::CloudFormation::Stack",
            "UPDATE_FAILED",
            &reason,
        ),
    ];
    assert_snapshot!(operation(script, &events).await, @r#"
    at Queue (AWS::SQS::Queue)
    cause: Properties validation failed for resource Queue with message:
    #/VisibilityTimeout: 99999 is not less or equal to 43200
    within: Queues
    kind: invalid_property
    means: a property of Queue does not fit the type's schema
    next: correct the template and run `shopctl deploy --env prod` again
    "#);
}

#[tokio::test]
async fn a_custom_resource_shows_what_its_function_logged() {
    let script = Script {
        template: "
Resources:
  Seed: { Type: Custom::Seed, Properties: { ServiceToken: !GetAtt SeedFunction.Arn } }
  SeedFunction: { Type: AWS::Lambda::Function }
"
        .to_owned(),
        resources: vec![StackResource {
            logical_id: "SeedFunction".into(),
            physical_id: Some("shop-seed".to_owned()),
            resource_type: "AWS::Lambda::Function".to_owned(),
            status: "CREATE_COMPLETE".to_owned(),
        }],
        log: BTreeMap::from([(
            "/aws/lambda/shop-seed".to_owned(),
            vec!["ERROR cannot read catalogue.json: line 3".to_owned()],
        )]),
        ..Script::default()
    };
    let events = [event(
        "Seed",
        "Custom::Seed",
        "CREATE_FAILED",
        "Received response status [FAILED] from custom resource. Message returned: no products (RequestId: 8d6f1b1e-0a9b)",
    )];
    assert_snapshot!(operation(script, &events).await, @r#"
    at Seed (Custom::Seed)
    cause: Received response status [FAILED] from custom resource. Message returned: no products (RequestId: 8d6f1b1e-0a9b)
    kind: custom_resource_failed
    means: the function behind the custom resource reported a failure: no products
    log: /aws/lambda/shop-seed
    ERROR cannot read catalogue.json: line 3
    next: correct the function (its log is the place to look) and run `shopctl deploy --env prod` again
    "#);
}

#[tokio::test]
async fn an_encoded_denial_becomes_a_policy_statement() {
    let events = [event(
        "Server",
        "AWS::EC2::Instance",
        "CREATE_FAILED",
        "You are not authorized to perform this operation. Encoded authorization failure message: abcdefghijklmnopqrstuvwxyz0123",
    )];
    let script = Script {
        decoded: Some(r#"{"allowed":false,"explicitDeny":false,"context":{"principal":{"arn":"arn:aws:iam::1:role/deploy"},"action":"ec2:RunInstances","resource":"arn:aws:ec2:us-east-1:1:instance/*"}}"#.to_owned()),
        ..Script::default()
    };
    assert_snapshot!(operation(script, &events).await, @r#"
    at Server (AWS::EC2::Instance)
    cause: You are not authorized to perform this operation. Encoded authorization failure message: abcdefghijklmnopqrstuvwxyz0123
    kind: access_denied
    means: arn:aws:iam::1:role/deploy may not call ec2:RunInstances on arn:aws:ec2:us-east-1:1:instance/*
    policy: {"Effect":"Allow","Action":"ec2:RunInstances","Resource":"arn:aws:ec2:us-east-1:1:instance/*"}
    next: add this statement to a policy of the role or user, then run `shopctl deploy --env prod` again
    "#);
    // Without the right to decode it says which right that is.
    assert_snapshot!(operation(Script::default(), &events).await, @r#"
    at Server (AWS::EC2::Instance)
    cause: You are not authorized to perform this operation. Encoded authorization failure message: abcdefghijklmnopqrstuvwxyz0123
    kind: access_denied
    means: the role or user that deploys lacks a permission; the details are encoded
    note: the caller lacks the permission sts:DecodeAuthorizationMessage, which would tell more
    next: give the permission, then run `shopctl deploy --env prod` again
    "#);
}

#[tokio::test]
async fn what_exists_already_is_told_with_its_owner() {
    let events = [event(
        "Site",
        "AWS::S3::Bucket",
        "CREATE_FAILED",
        "Resource handler returned message: \"Log group with name orders-log already exists\" (RequestToken: 5b1c, HandlerErrorCode: AlreadyExists)",
    )];
    let script = Script {
        owner: Some("shop-old-orders".to_owned()),
        ..Script::default()
    };
    assert_snapshot!(operation(script, &events).await, @r#"
    at Site (AWS::S3::Bucket)
    cause: Resource handler returned message: "Log group with name orders-log already exists" (RequestToken: 5b1c, HandlerErrorCode: AlreadyExists)
    kind: already_exists
    means: something of that name exists already, outside this stack
    owner: 'orders-log' belongs to stack 'shop-old-orders'
    next: give it another name, or remove it from stack 'shop-old-orders' first; then run `shopctl deploy --env prod` again
    "#);
}

#[tokio::test]
async fn checks_before_the_operation_are_told_one_by_one() {
    let check = |id: &str, reason: &str, warning: bool| OperationEvent {
        operation: Some("1".to_owned()),
        operation_type: Some("CREATE_CHANGESET".to_owned()),
        kind: OperationEventKind::Validation,
        logical_id: Some(id.into()),
        physical_id: None,
        resource_type: Some("AWS::S3::Bucket".to_owned()),
        status: None,
        reason: Some(reason.to_owned()),
        check: Some("NAME_CONFLICT_VALIDATION".to_owned()),
        path: Some(format!("/Resources/{id}/Properties/BucketName")),
        warning,
    };
    let script = Script {
        failed_events: Some(vec![
            check("Old", "Bucket is not empty", true),
            check(
                "Site",
                "Resource of type 'AWS::S3::Bucket' with identifier 'shop-site' already exists.",
                false,
            ),
        ]),
        ..Script::default()
    };
    let reason = "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]. To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information.";
    assert_snapshot!(change_set(script, reason).await, @r#"
    at Site (AWS::S3::Bucket)
    cause: Resource of type 'AWS::S3::Bucket' with identifier 'shop-site' already exists.
    kind: already_exists
    means: a resource of type AWS::S3::Bucket named 'shop-site' exists already, outside this stack
    check: warning: Old /Resources/Old/Properties/BucketName: Bucket is not empty (NAME_CONFLICT_VALIDATION)
    check: Site /Resources/Site/Properties/BucketName: Resource of type 'AWS::S3::Bucket' with identifier 'shop-site' already exists. (NAME_CONFLICT_VALIDATION)
    next: give it another name, delete it, or take it over: `DeletionPolicy: RetainExceptOnCreate` on it, then `shopctl deploy --env prod --import-existing`
    "#);
    assert_snapshot!(change_set(Script::default(), reason).await, @r#"
    cause: The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]. To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information.
    kind: early_validation
    means: CloudFormation checked the change set before doing anything and found mistakes; nothing was changed
    note: the caller lacks the permission cloudformation:DescribeEvents, which would tell more
    next: correct what is listed and run `shopctl deploy --env prod` again
    "#);
}

#[tokio::test]
async fn a_hook_speaks_for_itself() {
    let script = Script {
        failed_events: Some(Vec::new()),
        hooks: vec![HookResult {
            hook: "Shop::Policy::Hook".to_owned(),
            reason: Some("1 rule failed".to_owned()),
            findings: vec![HookFinding {
                rule: "encrypted_queues".to_owned(),
                message: Some("the queue is not encrypted".to_owned()),
                remedy: Some("set SqsManagedSseEnabled".to_owned()),
                link: None,
            }],
        }],
        ..Script::default()
    };
    let reason = "The following hook(s) failed: [Shop::Policy::Hook]";
    assert_snapshot!(change_set(script, reason).await, @r"
    cause: The following hook(s) failed: [Shop::Policy::Hook]
    kind: hook_failed
    means: a policy of the account refused the change: Shop::Policy::Hook
    hook: Shop::Policy::Hook: 1 rule failed
    encrypted_queues: the queue is not encrypted: set SqsManagedSseEnabled
    next: do what the hook's message asks for, then run `shopctl deploy --env prod` again
    ");
}

#[tokio::test]
async fn an_operation_of_somebody_else_is_asked_for() {
    let told = OperationEvent {
        operation: Some("2".to_owned()),
        operation_type: Some("UPDATE_STACK".to_owned()),
        kind: OperationEventKind::Provisioning,
        logical_id: Some("Queue".into()),
        physical_id: None,
        resource_type: Some("AWS::SQS::Queue".to_owned()),
        status: Some("UPDATE_FAILED".to_owned()),
        reason: Some("x (RequestToken: 1, HandlerErrorCode: NotStabilized)".to_owned()),
        check: None,
        path: None,
        warning: false,
    };
    let script = Script {
        failed_events: Some(vec![told]),
        ..Script::default()
    };
    assert_snapshot!(operation(script, &[]).await, @r#"
    at Queue (AWS::SQS::Queue)
    cause: x (RequestToken: 1, HandlerErrorCode: NotStabilized)
    kind: not_stabilized
    means: the service took the request, but the resource did not become ready in time
    next: look at the resource in its console; if it is ready by now, run `shopctl deploy --env prod` again
    "#);
    // Where DescribeEvents is not allowed the stack's own events tell it.
    let script = Script {
        events: BTreeMap::from([(
            ID.to_owned(),
            vec![event(
                "Queue",
                "AWS::SQS::Queue",
                "UPDATE_FAILED",
                "no such queue type",
            )],
        )]),
        ..Script::default()
    };
    assert_snapshot!(operation(script, &[]).await, @r#"
    at Queue (AWS::SQS::Queue)
    cause: no such queue type
    note: the caller lacks the permission cloudformation:DescribeEvents, which would tell more
    next: correct the cause and run `shopctl deploy --env prod` again
    "#);
}
