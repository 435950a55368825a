//! Short ways to ask the cloud for something.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use shopctl_core::stack_settings::{RollbackAlarm, RollbackRule};
use shopctl_core::status::StackStatus;
use shopctl_core::template::Capability;
use shopctl_deploy::ports::{
    ChangeSetId, ChangeSetRequest, ChangeSetState, ChangeSetType, CloudError, CloudFormation,
    StackEvent, TemplateSource,
};
use shopctl_testing::FakeCloud;

/// Two queues, one of which refers to the other.
pub const PAIR: &str = "
Resources:
  A: { Type: AWS::SQS::Queue, Properties: { Version: 1 } }
  B: { Type: AWS::SQS::Queue, Properties: { Version: 1, From: !Ref A } }
Outputs:
  Url: { Value: !Ref B }
";

/// The same with both changed.
pub const CHANGED: &str = "
Resources:
  A: { Type: AWS::SQS::Queue, Properties: { Version: 2 } }
  B: { Type: AWS::SQS::Queue, Properties: { Version: 2, From: !Ref A } }
Outputs:
  Url: { Value: !Ref B }
  Version: { Value: two }
";

pub fn request(stack: &str, change_set_type: ChangeSetType, body: &str) -> ChangeSetRequest {
    ChangeSetRequest {
        cloud_name: stack.into(),
        name: "change".to_owned(),
        change_set_type,
        template: TemplateSource::Inline(body.to_owned()),
        parameters: IndexMap::new(),
        tags: BTreeMap::new(),
        capabilities: BTreeSet::from([Capability::NamedIam]),
        description: String::new(),
        options: shopctl_deploy::ports::ChangeSetOptions::default(),
        mode: shopctl_deploy::ports::DeploymentMode::Standard,
        paused: false,
        service_role: None,
        rollback: None,
        token: String::new(),
    }
}

/// Waits until a change set is computed.
pub async fn computed(cloud: &FakeCloud, id: &ChangeSetId) -> ChangeSetState {
    loop {
        match cloud.change_set(id).await.unwrap() {
            ChangeSetState::Pending => {}
            state => return state,
        }
    }
}

/// Makes a change set and executes it; the operation runs when this returns.
pub async fn apply(
    cloud: &FakeCloud,
    stack: &str,
    change_set_type: ChangeSetType,
    body: &str,
) -> Result<ChangeSetId, CloudError> {
    let mut request = request(stack, change_set_type, body);
    request.name = format!("change-{}", cloud.next_run());
    let id = cloud.create_change_set(&request).await?;
    computed(cloud, &id).await;
    cloud.execute_change_set(&id, &request.name).await?;
    Ok(id)
}

/// Creates a stack and waits for its end.
pub async fn create(cloud: &FakeCloud, stack: &str, body: &str) -> String {
    let id = apply(cloud, stack, ChangeSetType::Create, body)
        .await
        .unwrap();
    cloud.settle().await;
    id.stack
}

/// Updates a stack and waits for its end.
pub async fn update(cloud: &FakeCloud, stack: &str, body: &str) {
    apply(cloud, stack, ChangeSetType::Update, body)
        .await
        .unwrap();
    cloud.settle().await;
}

/// Deletes a stack and waits for its end.
pub async fn delete(cloud: &FakeCloud, stack: &str) {
    let id = cloud.stack_id(stack).unwrap();
    cloud
        .delete_stack(&id, None, &format!("delete-{}", cloud.next_run()))
        .await
        .unwrap();
    cloud.settle().await;
}

/// The statuses that a stack went through.
pub fn statuses(cloud: &FakeCloud, stack_id: &str) -> Vec<String> {
    cloud
        .history(stack_id)
        .into_iter()
        .filter(|event| event.physical_id.as_deref() == Some(stack_id))
        .map(|event| event.status)
        .collect()
}

/// The events of one resource, as `STATUS` or `STATUS: reason`.
pub fn resource(cloud: &FakeCloud, stack_id: &str, logical_id: &str) -> Vec<String> {
    cloud
        .history(stack_id)
        .iter()
        .filter(|event| event.logical_id.as_str() == logical_id)
        .map(line)
        .collect()
}

pub fn line(event: &StackEvent) -> String {
    match &event.reason {
        Some(reason) => format!("{}: {reason}", event.status),
        None => event.status.clone(),
    }
}

pub fn status(cloud: &FakeCloud, stack: &str) -> StackStatus {
    cloud.status(stack).unwrap()
}

/// ARN of an alarm.
pub fn alarm(name: &str) -> String {
    format!("arn:aws:cloudwatch:eu-central-1:123456789012:alarm:{name}")
}

/// One alarm that is watched.
pub fn watching(name: &str, monitoring_minutes: u32) -> RollbackRule {
    RollbackRule {
        alarms: BTreeSet::from([RollbackAlarm {
            arn: alarm(name),
            composite: false,
        }]),
        monitoring_minutes,
    }
}
