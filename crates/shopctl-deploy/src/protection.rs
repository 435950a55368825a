//! What in a deployed template guards data: resources that refuse to be deleted, and those
//! of which something stays.

use shopctl_core::event::Leftover;
use shopctl_core::names::LogicalId;
use shopctl_core::price;
use shopctl_core::yaml::{self, Node};

use crate::ports::StackResource;

/// A resource that its service refuses to delete.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Protected {
    pub(crate) logical_id: LogicalId,
    pub(crate) resource_type: String,
    /// The line of the template that protects it.
    pub(crate) property: &'static str,
    /// The command that switches the protection off.
    pub(crate) command: String,
}

/// The resources that the stack would delete and that are protected by their template.
pub(crate) fn protected(template: &str, resources: &[StackResource]) -> Vec<Protected> {
    let Ok(document) = yaml::parse("deployed template", template) else {
        return Vec::new();
    };
    resources
        .iter()
        .filter(|resource| resource.status != "DELETE_COMPLETE")
        .filter_map(|resource| {
            let declared = document.get("Resources")?.get(resource.logical_id.as_str())?;
            let goes = declared
                .get("DeletionPolicy")
                .is_none_or(|policy| matches!(policy.as_str(), Some("Delete" | "Snapshot")));
            let properties = declared.get("Properties")?;
            let id = resource.physical_id.as_deref()?;
            let is_true = |name: &str| properties.get(name).is_some_and(|node| is(node, "true"));
            let (property, command) = match resource.resource_type.as_str() {
                "AWS::DynamoDB::Table" if is_true("DeletionProtectionEnabled") => (
                    "DeletionProtectionEnabled",
                    format!("aws dynamodb update-table --table-name {id} --no-deletion-protection-enabled"),
                ),
                "AWS::Cognito::UserPool"
                    if properties
                        .get("DeletionProtection")
                        .is_some_and(|node| is(node, "ACTIVE")) =>
                {
                    (
                        "DeletionProtection",
                        format!("aws cognito-idp update-user-pool --user-pool-id {id} --deletion-protection INACTIVE"),
                    )
                }
                "AWS::RDS::DBInstance" if is_true("DeletionProtection") => (
                    "DeletionProtection",
                    format!("aws rds modify-db-instance --db-instance-identifier {id} --no-deletion-protection --apply-immediately"),
                ),
                "AWS::RDS::DBCluster" if is_true("DeletionProtection") => (
                    "DeletionProtection",
                    format!("aws rds modify-db-cluster --db-cluster-identifier {id} --no-deletion-protection --apply-immediately"),
                ),
                _ => return None,
            };
            goes.then(|| Protected {
                logical_id: resource.logical_id.clone(),
                resource_type: resource.resource_type.clone(),
                property,
                command,
            })
        })
        .collect()
}

/// What stays of a stack that was deleted, besides what it retains: final snapshots, and keys
/// that wait for their deletion.
pub(crate) fn remains(
    template: &str,
    resources: &[StackResource],
    cloud_name: &str,
) -> Vec<Leftover> {
    let Ok(document) = yaml::parse("deployed template", template) else {
        return Vec::new();
    };
    resources
        .iter()
        .filter_map(|resource| {
            let declared = document
                .get("Resources")?
                .get(resource.logical_id.as_str())?;
            let name = resource.physical_id.clone()?;
            let policy = declared.get("DeletionPolicy").and_then(Node::as_str);
            if policy == Some("Snapshot") {
                let kind = format!("snapshot of {}", resource.resource_type);
                return Some(Leftover {
                    cost: price::about(&kind),
                    kind,
                    name,
                    reason: format!(
                        "a final snapshot, as the DeletionPolicy of '{cloud_name}' asks for"
                    ),
                });
            }
            let key = matches!(
                resource.resource_type.as_str(),
                "AWS::KMS::Key" | "AWS::KMS::ReplicaKey"
            );
            if key && matches!(policy, None | Some("Delete")) {
                let days = declared
                    .get("Properties")
                    .and_then(|properties| properties.get("PendingWindowInDays"))
                    .and_then(Node::as_str)
                    .unwrap_or("30");
                return Some(Leftover {
                    kind: resource.resource_type.clone(),
                    name,
                    reason: format!("is deleted in {days} days, and can be saved until then"),
                    cost: Some(price::nothing("nothing while it waits")),
                });
            }
            None
        })
        .collect()
}

fn is(node: &Node, word: &str) -> bool {
    node.tag.is_none()
        && node
            .as_str()
            .is_some_and(|text| text.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(logical_id: &str, kind: &str) -> StackResource {
        StackResource {
            logical_id: logical_id.into(),
            physical_id: Some(format!("{}-1", logical_id.to_lowercase())),
            resource_type: kind.to_owned(),
            status: "CREATE_COMPLETE".to_owned(),
        }
    }

    #[test]
    fn resources_that_refuse_are_told_with_the_command_that_helps() {
        let template = "
Resources:
  Table: { Type: AWS::DynamoDB::Table, Properties: { DeletionProtectionEnabled: true } }
  Open: { Type: AWS::DynamoDB::Table, Properties: { DeletionProtectionEnabled: false } }
  Kept: { Type: AWS::DynamoDB::Table, DeletionPolicy: Retain, Properties: { DeletionProtectionEnabled: true } }
  Pool: { Type: AWS::Cognito::UserPool, Properties: { DeletionProtection: ACTIVE } }
  Database: { Type: AWS::RDS::DBInstance, DeletionPolicy: Snapshot, Properties: { DeletionProtection: 'true' } }
";
        let resources = [
            resource("Table", "AWS::DynamoDB::Table"),
            resource("Open", "AWS::DynamoDB::Table"),
            resource("Kept", "AWS::DynamoDB::Table"),
            resource("Pool", "AWS::Cognito::UserPool"),
            resource("Database", "AWS::RDS::DBInstance"),
        ];
        let found = protected(template, &resources);
        let commands: Vec<&str> = found.iter().map(|found| found.command.as_str()).collect();
        assert_eq!(
            commands,
            [
                "aws dynamodb update-table --table-name table-1 --no-deletion-protection-enabled",
                "aws cognito-idp update-user-pool --user-pool-id pool-1 --deletion-protection INACTIVE",
                "aws rds modify-db-instance --db-instance-identifier database-1 --no-deletion-protection --apply-immediately",
            ]
        );
    }

    #[test]
    fn snapshots_and_waiting_keys_remain() {
        let template = "
Resources:
  Database: { Type: AWS::RDS::DBInstance, DeletionPolicy: Snapshot }
  Key: { Type: AWS::KMS::Key, Properties: { PendingWindowInDays: 7 } }
  KeptKey: { Type: AWS::KMS::Key, DeletionPolicy: Retain }
  Queue: { Type: AWS::SQS::Queue }
";
        let resources = [
            resource("Database", "AWS::RDS::DBInstance"),
            resource("Key", "AWS::KMS::Key"),
            resource("KeptKey", "AWS::KMS::Key"),
            resource("Queue", "AWS::SQS::Queue"),
        ];
        let told: Vec<String> = remains(template, &resources, "shop-prod-orders")
            .into_iter()
            .map(|left| {
                format!(
                    "{} {}: {} ({})",
                    left.kind,
                    left.name,
                    left.reason,
                    left.cost.map(|cost| cost.text).unwrap_or_default()
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                "snapshot of AWS::RDS::DBInstance database-1: a final snapshot, as the DeletionPolicy of 'shop-prod-orders' asks for (about $0.095 a GB and month)",
                "AWS::KMS::Key key-1: is deleted in 7 days, and can be saved until then (nothing while it waits)",
            ]
        );
    }
}
