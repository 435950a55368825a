//! Which properties make a new resource when they change, and which resources hold data.
//!
//! From CloudFormation's template reference, "Update requires" of each property, for the
//! types that serverless projects use:
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html>.
//! A change set knows better, and wins where there is one.

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

struct Rules {
    resource_type: &'static str,
    always: &'static [&'static str],
    conditionally: &'static [&'static str],
}

const fn rules(
    resource_type: &'static str,
    always: &'static [&'static str],
    conditionally: &'static [&'static str],
) -> Rules {
    Rules {
        resource_type,
        always,
        conditionally,
    }
}

/// Properties that are not named here are changed in place.
const RULES: &[Rules] = &[
    rules("AWS::ApiGateway::Deployment", &["RestApiId"], &[]),
    rules(
        "AWS::ApiGateway::Resource",
        &["ParentId", "PathPart", "RestApiId"],
        &[],
    ),
    rules("AWS::ApiGateway::RestApi", &[], &[]),
    rules("AWS::ApiGateway::Stage", &["RestApiId", "StageName"], &[]),
    rules("AWS::ApiGatewayV2::Api", &["ProtocolType"], &[]),
    rules("AWS::ApiGatewayV2::ApiMapping", &["DomainName"], &[]),
    rules("AWS::ApiGatewayV2::Authorizer", &["ApiId"], &[]),
    rules("AWS::ApiGatewayV2::Deployment", &["ApiId"], &[]),
    rules("AWS::ApiGatewayV2::DomainName", &["DomainName"], &[]),
    rules("AWS::ApiGatewayV2::Integration", &["ApiId"], &[]),
    rules("AWS::ApiGatewayV2::Route", &["ApiId"], &[]),
    rules("AWS::ApiGatewayV2::Stage", &["ApiId", "StageName"], &[]),
    rules("AWS::AppSync::ApiKey", &["ApiId"], &[]),
    rules("AWS::AppSync::DataSource", &["ApiId", "Name"], &[]),
    rules("AWS::AppSync::GraphQLApi", &["ApiType", "Visibility"], &[]),
    rules("AWS::AppSync::GraphQLSchema", &["ApiId"], &[]),
    rules(
        "AWS::AppSync::Resolver",
        &["ApiId", "FieldName", "TypeName"],
        &[],
    ),
    rules(
        "AWS::CloudFormation::CustomResource",
        &["ServiceToken"],
        &[],
    ),
    rules("AWS::CloudFormation::Stack", &[], &[]),
    rules("AWS::CloudFront::CachePolicy", &[], &[]),
    rules("AWS::CloudFront::Distribution", &[], &[]),
    rules("AWS::CloudFront::Function", &["Name"], &[]),
    rules("AWS::CloudFront::OriginAccessControl", &[], &[]),
    rules("AWS::CloudFront::OriginRequestPolicy", &[], &[]),
    rules("AWS::CloudFront::ResponseHeadersPolicy", &[], &[]),
    rules("AWS::CloudWatch::Alarm", &["AlarmName"], &[]),
    rules("AWS::CloudWatch::CompositeAlarm", &["AlarmName"], &[]),
    rules("AWS::CloudWatch::Dashboard", &["DashboardName"], &[]),
    rules("AWS::CodeBuild::Project", &["Name"], &[]),
    rules("AWS::CodePipeline::Pipeline", &["Name"], &[]),
    rules("AWS::Cognito::IdentityPool", &[], &[]),
    rules(
        "AWS::Cognito::UserPool",
        &[
            "AliasAttributes",
            "UsernameAttributes",
            "UsernameConfiguration",
        ],
        &["Schema"],
    ),
    rules(
        "AWS::Cognito::UserPoolClient",
        &["GenerateSecret", "UserPoolId"],
        &[],
    ),
    rules(
        "AWS::Cognito::UserPoolDomain",
        &["Domain", "UserPoolId"],
        &[],
    ),
    rules(
        "AWS::Cognito::UserPoolGroup",
        &["GroupName", "UserPoolId"],
        &[],
    ),
    rules(
        "AWS::DynamoDB::GlobalTable",
        &[
            "AttributeDefinitions",
            "KeySchema",
            "LocalSecondaryIndexes",
            "TableName",
        ],
        &[],
    ),
    rules(
        "AWS::DynamoDB::Table",
        &[
            "ImportSourceSpecification",
            "KeySchema",
            "LocalSecondaryIndexes",
            "TableName",
        ],
        &["AttributeDefinitions"],
    ),
    rules("AWS::EC2::InternetGateway", &[], &[]),
    rules(
        "AWS::EC2::Route",
        &[
            "CarrierGatewayId",
            "DestinationCidrBlock",
            "DestinationIpv6CidrBlock",
            "DestinationPrefixListId",
            "RouteTableId",
        ],
        &[],
    ),
    rules("AWS::EC2::RouteTable", &["VpcId"], &[]),
    rules(
        "AWS::EC2::SecurityGroup",
        &["GroupDescription", "GroupName", "VpcId"],
        &[],
    ),
    rules(
        "AWS::EC2::SecurityGroupEgress",
        &[
            "CidrIp",
            "CidrIpv6",
            "DestinationPrefixListId",
            "DestinationSecurityGroupId",
            "FromPort",
            "GroupId",
            "IpProtocol",
            "ToPort",
        ],
        &[],
    ),
    rules(
        "AWS::EC2::SecurityGroupIngress",
        &[
            "CidrIp",
            "CidrIpv6",
            "FromPort",
            "GroupId",
            "GroupName",
            "IpProtocol",
            "SourcePrefixListId",
            "SourceSecurityGroupId",
            "SourceSecurityGroupName",
            "SourceSecurityGroupOwnerId",
            "ToPort",
        ],
        &[],
    ),
    rules(
        "AWS::EC2::Subnet",
        &[
            "AvailabilityZone",
            "AvailabilityZoneId",
            "CidrBlock",
            "Ipv6Native",
            "OutpostArn",
            "VpcId",
        ],
        &["Ipv6CidrBlock"],
    ),
    rules(
        "AWS::EC2::SubnetRouteTableAssociation",
        &["RouteTableId", "SubnetId"],
        &[],
    ),
    rules(
        "AWS::EC2::VPC",
        &["CidrBlock", "Ipv4IpamPoolId"],
        &["InstanceTenancy"],
    ),
    rules(
        "AWS::EC2::VPCEndpoint",
        &["ServiceName", "ServiceRegion", "VpcEndpointType", "VpcId"],
        &[],
    ),
    rules(
        "AWS::ECR::Repository",
        &["EncryptionConfiguration", "RepositoryName"],
        &[],
    ),
    rules(
        "AWS::EFS::FileSystem",
        &[
            "AvailabilityZoneName",
            "Encrypted",
            "KmsKeyId",
            "PerformanceMode",
        ],
        &[],
    ),
    rules("AWS::Events::ApiDestination", &["Name"], &[]),
    rules("AWS::Events::Archive", &["ArchiveName", "SourceArn"], &[]),
    rules("AWS::Events::Connection", &["Name"], &[]),
    rules("AWS::Events::EventBus", &["Name"], &[]),
    rules(
        "AWS::Events::EventBusPolicy",
        &["EventBusName", "StatementId"],
        &[],
    ),
    rules("AWS::Events::Rule", &["EventBusName", "Name"], &[]),
    rules(
        "AWS::IAM::InstanceProfile",
        &["InstanceProfileName", "Path"],
        &[],
    ),
    rules(
        "AWS::IAM::ManagedPolicy",
        &["Description", "ManagedPolicyName", "Path"],
        &[],
    ),
    rules("AWS::IAM::Policy", &[], &[]),
    rules("AWS::IAM::Role", &["Path", "RoleName"], &[]),
    rules("AWS::IAM::User", &["UserName"], &[]),
    rules("AWS::KMS::Alias", &["AliasName"], &[]),
    rules(
        "AWS::KMS::Key",
        &["KeySpec", "KeyUsage", "MultiRegion", "Origin"],
        &[],
    ),
    rules("AWS::Kinesis::Stream", &["Name"], &[]),
    rules(
        "AWS::KinesisFirehose::DeliveryStream",
        &["DeliveryStreamName", "DeliveryStreamType"],
        &["KinesisStreamSourceConfiguration"],
    ),
    rules("AWS::Lambda::Alias", &["FunctionName", "Name"], &[]),
    rules(
        "AWS::Lambda::EventInvokeConfig",
        &["FunctionName", "Qualifier"],
        &[],
    ),
    rules(
        "AWS::Lambda::EventSourceMapping",
        &[
            "EventSourceArn",
            "SelfManagedEventSource",
            "StartingPosition",
            "StartingPositionTimestamp",
        ],
        &[],
    ),
    rules(
        "AWS::Lambda::Function",
        &["FunctionName", "PackageType"],
        &[],
    ),
    rules(
        "AWS::Lambda::LayerVersion",
        &[
            "CompatibleArchitectures",
            "CompatibleRuntimes",
            "Content",
            "Description",
            "LayerName",
            "LicenseInfo",
        ],
        &[],
    ),
    rules(
        "AWS::Lambda::LayerVersionPermission",
        &["Action", "LayerVersionArn", "OrganizationId", "Principal"],
        &[],
    ),
    rules(
        "AWS::Lambda::Permission",
        &[
            "Action",
            "EventSourceToken",
            "FunctionName",
            "FunctionUrlAuthType",
            "InvokedViaFunctionUrl",
            "Principal",
            "PrincipalOrgID",
            "SourceAccount",
            "SourceArn",
        ],
        &[],
    ),
    rules("AWS::Lambda::Url", &["Qualifier", "TargetFunctionArn"], &[]),
    rules(
        "AWS::Lambda::Version",
        &["CodeSha256", "Description", "FunctionName", "RuntimePolicy"],
        &[],
    ),
    rules("AWS::Logs::LogGroup", &["LogGroupName"], &[]),
    rules(
        "AWS::Logs::MetricFilter",
        &["FilterName", "LogGroupName"],
        &[],
    ),
    rules(
        "AWS::Logs::SubscriptionFilter",
        &["FilterName", "LogGroupName"],
        &[],
    ),
    rules(
        "AWS::RDS::DBCluster",
        &[
            "AvailabilityZones",
            "CharacterSetName",
            "DBClusterIdentifier",
            "DBSubnetGroupName",
            "DBSystemId",
            "DatabaseName",
            "EngineMode",
            "KmsKeyId",
            "MasterUsername",
            "NetworkType",
            "PubliclyAccessible",
            "RestoreToTime",
            "RestoreType",
            "SnapshotIdentifier",
            "SourceDBClusterIdentifier",
            "SourceRegion",
            "StorageEncrypted",
            "UseLatestRestorableTime",
        ],
        &[],
    ),
    rules(
        "AWS::RDS::DBInstance",
        &[
            "CharacterSetName",
            "CustomIAMInstanceProfile",
            "DBClusterIdentifier",
            "DBInstanceIdentifier",
            "DBName",
            "DBSubnetGroupName",
            "KmsKeyId",
            "MasterUsername",
            "NcharCharacterSetName",
            "SourceRegion",
            "StorageEncrypted",
            "Timezone",
        ],
        &[
            "AutoMinorVersionUpgrade",
            "AvailabilityZone",
            "BackupRetentionPeriod",
            "CACertificateIdentifier",
            "DBParameterGroupName",
            "DBSnapshotIdentifier",
            "DeleteAutomatedBackups",
            "Engine",
            "PerformanceInsightsKMSKeyId",
            "SourceDBInstanceIdentifier",
        ],
    ),
    rules(
        "AWS::RDS::DBParameterGroup",
        &["DBParameterGroupName", "Description", "Family"],
        &[],
    ),
    rules("AWS::RDS::DBSubnetGroup", &["DBSubnetGroupName"], &[]),
    rules(
        "AWS::S3::Bucket",
        &["BucketName", "BucketNamePrefix", "BucketNamespace"],
        &["ObjectLockEnabled"],
    ),
    rules("AWS::S3::BucketPolicy", &["Bucket"], &[]),
    rules("AWS::SES::ConfigurationSet", &["Name"], &[]),
    rules("AWS::SES::EmailIdentity", &["EmailIdentity"], &[]),
    rules("AWS::SES::Template", &[], &["Template"]),
    rules(
        "AWS::SNS::Subscription",
        &["Endpoint", "Protocol", "TopicArn"],
        &[],
    ),
    rules("AWS::SNS::Topic", &["FifoTopic", "TopicName"], &[]),
    rules("AWS::SNS::TopicPolicy", &[], &[]),
    rules("AWS::SQS::Queue", &["FifoQueue", "QueueName"], &[]),
    rules("AWS::SQS::QueuePolicy", &[], &[]),
    rules("AWS::SSM::Parameter", &["Name"], &[]),
    rules("AWS::Scheduler::Schedule", &["Name"], &[]),
    rules("AWS::Scheduler::ScheduleGroup", &["Name"], &[]),
    rules("AWS::SecretsManager::ResourcePolicy", &["SecretId"], &[]),
    rules("AWS::SecretsManager::RotationSchedule", &["SecretId"], &[]),
    rules("AWS::SecretsManager::Secret", &["Name"], &[]),
    rules("AWS::SecretsManager::SecretTargetAttachment", &[], &[]),
    rules(
        "AWS::StepFunctions::StateMachine",
        &["StateMachineName", "StateMachineType"],
        &[],
    ),
    rules("AWS::WAFv2::WebACL", &["Name", "Scope"], &[]),
    rules(
        "AWS::WAFv2::WebACLAssociation",
        &["ResourceArn", "WebACLArn"],
        &[],
    ),
    rules("AWS::XRay::Group", &[], &[]),
];

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
