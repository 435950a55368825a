//! What holds data: kept, encrypted, recoverable.

use super::resource::Resource;
use super::rules::{DATA_ENCRYPTED, DATA_KEPT, Findings, IMAGES_LEFT, TABLE_RECOVERY};
use crate::template::function::is_call;

/// Types whose deletion loses what nobody can make again.
const HOLDS_DATA: [&str; 14] = [
    "AWS::Cognito::UserPool",
    "AWS::DocDB::DBCluster",
    "AWS::DynamoDB::GlobalTable",
    "AWS::DynamoDB::Table",
    "AWS::ECR::Repository",
    "AWS::EFS::FileSystem",
    "AWS::KMS::Key",
    "AWS::Neptune::DBCluster",
    "AWS::OpenSearchService::Domain",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
    "AWS::Timestream::Table",
];

/// Properties that say whether something is encrypted at rest, where that is not always so.
const ENCRYPTED: [(&str, &str); 4] = [
    ("AWS::EFS::FileSystem", "Encrypted"),
    ("AWS::RDS::DBCluster", "StorageEncrypted"),
    ("AWS::RDS::DBInstance", "StorageEncrypted"),
    ("AWS::DocDB::DBCluster", "StorageEncrypted"),
];

pub(super) fn check(resource: &Resource<'_>, findings: &mut Findings) {
    if HOLDS_DATA.contains(&resource.kind) {
        let missing: Vec<&str> = ["DeletionPolicy", "UpdateReplacePolicy"]
            .into_iter()
            .filter(|name| resource.node.get(name).is_none())
            .collect();
        if !missing.is_empty() {
            let message = format!(
                "{} holds data and does not say what becomes of it: {}",
                resource.kind,
                missing.join(" and ")
            );
            findings.add(DATA_KEPT, resource.id, resource.key, message);
        }
    }
    // A policy that is computed is one for each environment.
    let deletion = resource.node.get("DeletionPolicy");
    let is_kept = deletion.is_some_and(|policy| {
        is_call(policy) || policy.as_str().is_some_and(|text| text != "Delete")
    });
    if resource.kind == "AWS::ECR::Repository"
        && !is_kept
        && !resource.is_true("EmptyOnDelete")
        && !resource.is_computed("EmptyOnDelete")
    {
        let message = "a teardown stops at the repository as long as it has images";
        findings.add(IMAGES_LEFT, resource.id, resource.key, message);
    }
    for (kind, property) in ENCRYPTED {
        // An instance of a cluster is encrypted as its cluster is.
        let in_cluster = resource.property("DBClusterIdentifier").is_some();
        let known = !resource.is_computed(property) && !in_cluster;
        if resource.kind == kind && known && !resource.is_true(property) {
            let message = format!("{kind} is not encrypted");
            findings.add(DATA_ENCRYPTED, resource.id, resource.key, message);
        }
    }
    let recovery = "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled";
    // One that goes with its stack by intention is not worth a backup.
    let goes = resource
        .node
        .get("DeletionPolicy")
        .and_then(|policy| policy.as_str())
        == Some("Delete");
    if resource.kind == "AWS::DynamoDB::Table"
        && !goes
        && !resource.is_true(recovery)
        && !resource.is_computed(recovery)
    {
        let message = "the table cannot be restored to an earlier time";
        findings.add(TABLE_RECOVERY, resource.id, resource.key, message);
    }
}
