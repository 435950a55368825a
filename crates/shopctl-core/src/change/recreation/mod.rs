//! Which properties make a new resource when they change, and which resources hold data.
//!
//! From CloudFormation's template reference, "Update requires" of each property, for the
//! types that serverless projects use:
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html>.
//! A change set knows better, and wins where there is one.

mod rules;

use self::rules::RULES;
use super::model::{Fate, Recreation};

/// Types that hold data which a new resource would not have.
const STATEFUL: &[&str] = &[
    "AWS::Backup::BackupVault",
    "AWS::CloudTrail::EventDataStore",
    "AWS::Cognito::IdentityPool",
    "AWS::Cognito::UserPool",
    "AWS::DocDB::DBCluster",
    "AWS::DocDB::DBInstance",
    "AWS::DynamoDB::GlobalTable",
    "AWS::DynamoDB::Table",
    "AWS::EC2::Volume",
    "AWS::ECR::Repository",
    "AWS::EFS::FileSystem",
    "AWS::ElastiCache::CacheCluster",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::ElastiCache::ServerlessCache",
    "AWS::Elasticsearch::Domain",
    "AWS::Events::Archive",
    "AWS::FSx::FileSystem",
    "AWS::KMS::Key",
    "AWS::Kinesis::Stream",
    "AWS::Logs::LogGroup",
    "AWS::MSK::Cluster",
    "AWS::Neptune::DBCluster",
    "AWS::Neptune::DBInstance",
    "AWS::OpenSearchServerless::Collection",
    "AWS::OpenSearchService::Domain",
    "AWS::QLDB::Ledger",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::RDS::GlobalCluster",
    "AWS::Redshift::Cluster",
    "AWS::RedshiftServerless::Namespace",
    "AWS::S3::Bucket",
    "AWS::S3Express::DirectoryBucket",
    "AWS::S3Tables::TableBucket",
    "AWS::SQS::Queue",
    "AWS::SSM::Parameter",
    "AWS::SecretsManager::Secret",
    "AWS::Timestream::Database",
    "AWS::Timestream::Table",
];

/// Whether deleting a resource of this type deletes data.
pub fn is_stateful(resource_type: &str) -> bool {
    STATEFUL.contains(&resource_type)
}

/// What a stack does with a resource that leaves it, by its policy or without one.
pub(crate) fn fate(policy: Option<&str>, resource_type: &str, in_cluster: bool) -> Fate {
    match policy {
        Some("Retain" | "RetainExceptOnCreate") => Fate::Retained,
        Some("Snapshot") => Fate::Snapshotted,
        Some(_) => Fate::Deleted,
        // Databases have another default than all else.
        None => match resource_type {
            "AWS::RDS::DBCluster" => Fate::Snapshotted,
            "AWS::RDS::DBInstance" if !in_cluster => Fate::Snapshotted,
            _ => Fate::Deleted,
        },
    }
}

/// What a change of a property means for its resource.
pub(crate) fn recreation(resource_type: &str, property: &str) -> Recreation {
    // Custom resources decide by themselves; their provider stays with them.
    let resource_type = match resource_type.starts_with("Custom::") {
        true => "AWS::CloudFormation::CustomResource",
        false => resource_type,
    };
    match RULES
        .iter()
        .find(|rules| rules.resource_type == resource_type)
    {
        Some(rules) if rules.always.contains(&property) => Recreation::Always,
        Some(rules) if rules.conditionally.contains(&property) => Recreation::Conditionally,
        Some(_) => Recreation::Never,
        None => Recreation::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted_so_that_a_type_is_in_them_once() {
        assert!(STATEFUL.is_sorted());
        let types: Vec<_> = RULES.iter().map(|rules| rules.resource_type).collect();
        assert!(types.is_sorted());
        for rules in RULES {
            assert!(rules.always.is_sorted(), "{}", rules.resource_type);
            assert!(
                rules
                    .conditionally
                    .iter()
                    .all(|p| !rules.always.contains(p)),
                "{}",
                rules.resource_type
            );
        }
        let mut once = types.clone();
        once.dedup();
        assert_eq!(once, types);
    }

    #[test]
    fn known_types_and_unknown_ones() {
        let cases = [
            ("AWS::DynamoDB::Table", "KeySchema", Recreation::Always),
            ("AWS::DynamoDB::Table", "BillingMode", Recreation::Never),
            (
                "AWS::Cognito::UserPool",
                "Schema",
                Recreation::Conditionally,
            ),
            ("AWS::Lambda::Function", "Code", Recreation::Never),
            ("Custom::Seed", "ServiceToken", Recreation::Always),
            ("Custom::Seed", "Digest", Recreation::Never),
            ("AWS::New::Thing", "Name", Recreation::Unknown),
        ];
        for (resource_type, property, expected) in cases {
            assert_eq!(
                recreation(resource_type, property),
                expected,
                "{resource_type} {property}"
            );
        }
    }

    #[test]
    fn databases_are_snapshotted_unless_told_otherwise() {
        assert_eq!(fate(None, "AWS::RDS::DBInstance", false), Fate::Snapshotted);
        assert_eq!(fate(None, "AWS::RDS::DBInstance", true), Fate::Deleted);
        assert_eq!(
            fate(Some("Delete"), "AWS::RDS::DBCluster", false),
            Fate::Deleted
        );
        assert_eq!(fate(None, "AWS::DynamoDB::Table", false), Fate::Deleted);
        assert_eq!(
            fate(Some("RetainExceptOnCreate"), "AWS::S3::Bucket", false),
            Fate::Retained
        );
    }
}
