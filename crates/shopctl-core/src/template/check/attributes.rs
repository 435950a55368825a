//! The attributes that `GetAtt` reads of the resource types a web shop is made of.
//! From the pages of the types in
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html>.
//!
//! AWS adds attributes, so one that is not listed is doubted, not refused; of types
//! that are not listed nothing is said.

/// Types and the first parts of their attributes.
const ATTRIBUTES: &[(&str, &[&str])] = &[
    (
        "AWS::ApiGatewayV2::Api",
        &["ApiEndpoint", "ApiId", "ExecuteApiArn"],
    ),
    ("AWS::ApiGatewayV2::Authorizer", &["AuthorizerId"]),
    ("AWS::ApiGatewayV2::Integration", &["IntegrationId"]),
    (
        "AWS::AppSync::GraphQLApi",
        &[
            "ApiId",
            "Arn",
            "GraphQLDns",
            "GraphQLEndpointArn",
            "GraphQLUrl",
            "RealtimeDns",
            "RealtimeUrl",
        ],
    ),
    ("AWS::CloudFront::Distribution", &["DomainName", "Id"]),
    (
        "AWS::CloudFront::Function",
        &["FunctionARN", "FunctionMetadata", "Stage"],
    ),
    ("AWS::CloudFront::OriginAccessControl", &["Id"]),
    ("AWS::CloudWatch::Alarm", &["Arn"]),
    (
        "AWS::Cognito::UserPool",
        &["Arn", "ProviderName", "ProviderURL", "UserPoolId"],
    ),
    (
        "AWS::Cognito::UserPoolClient",
        &["ClientId", "ClientSecret", "Name"],
    ),
    ("AWS::DynamoDB::Table", &["Arn", "StreamArn"]),
    ("AWS::Events::Archive", &["Arn"]),
    ("AWS::Events::Rule", &["Arn", "RuleName"]),
    ("AWS::IAM::Role", &["Arn", "RoleId"]),
    ("AWS::KMS::Key", &["Arn", "KeyId"]),
    ("AWS::Lambda::Alias", &["AliasArn"]),
    (
        "AWS::Lambda::EventSourceMapping",
        &["EventSourceMappingArn", "Id"],
    ),
    ("AWS::Lambda::Function", &["Arn", "SnapStartResponse"]),
    ("AWS::Lambda::Version", &["FunctionArn", "Version"]),
    ("AWS::Logs::LogGroup", &["Arn"]),
    (
        "AWS::S3::Bucket",
        &[
            "Arn",
            "DomainName",
            "DualStackDomainName",
            "MetadataConfiguration",
            "MetadataTableConfiguration",
            "RegionalDomainName",
            "WebsiteURL",
        ],
    ),
    ("AWS::SNS::Subscription", &["Arn"]),
    (
        "AWS::SNS::Topic",
        &[
            "ContentBasedDeduplication",
            "DeliveryStatusLogging",
            "DisplayName",
            "FifoThroughputScope",
            "FifoTopic",
            "KmsMasterKeyId",
            "MaximumMessageSize",
            "SignatureVersion",
            "Subscription",
            "Tags",
            "TopicArn",
            "TopicName",
            "TracingConfig",
        ],
    ),
    (
        "AWS::SQS::Queue",
        &[
            "Arn",
            "ContentBasedDeduplication",
            "DeduplicationScope",
            "DelaySeconds",
            "FifoQueue",
            "FifoThroughputLimit",
            "KmsDataKeyReusePeriodSeconds",
            "KmsMasterKeyId",
            "MaximumMessageSize",
            "MessageRetentionPeriod",
            "QueueName",
            "QueueUrl",
            "ReceiveMessageWaitTimeSeconds",
            "RedrivePolicy",
            "SqsManagedSseEnabled",
            "Tags",
            "VisibilityTimeout",
        ],
    ),
    ("AWS::Scheduler::Schedule", &["Arn"]),
    ("AWS::SecretsManager::Secret", &["Id"]),
    (
        "AWS::StepFunctions::StateMachine",
        &["Arn", "Name", "StateMachineRevisionId"],
    ),
];

/// The attributes of a type, if `attribute` is not among them.
pub(super) fn lacking(resource_type: &str, attribute: &str) -> Option<&'static [&'static str]> {
    let (_, known) = ATTRIBUTES.iter().find(|(name, _)| *name == resource_type)?;
    let first = attribute.split('.').next().unwrap_or(attribute);
    (!known.contains(&first)).then_some(known)
}
