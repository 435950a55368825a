//! The texts as CloudFormation and the services write them, each with its cause.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::kind::CauseKind::{self, *};
use super::recognise::{Cause, Lead, Place, is_cascade, is_summary, recognise};

const PLACE: Place<'_> = Place {
    environment: "prod",
    stack: "orders",
    cloud_name: "shop-prod-orders",
};

const ARN: &str = "arn:aws:cloudformation:us-east-1:123456789012:stack/shop-prod-orders/4f1a";

fn cause(text: &str) -> Cause {
    recognise(text, PLACE).unwrap_or_else(|| panic!("not recognised: {text}"))
}

/// Text, cause, a word of the explanation, a word of the advice.
type Row = (&'static str, CauseKind, &'static str, &'static str);

/// Requests that CloudFormation refuses.
const REFUSED: &[Row] = &[
    (
        "Rate exceeded (Throttling)",
        Throttled,
        "fewer calls",
        "wait",
    ),
    (
        "Stack:arn:aws:cloudformation:us-east-1:123456789012:stack/shop-prod-orders/4f1a is in UPDATE_IN_PROGRESS state and can not be updated. (ValidationError)",
        OperationInProgress,
        "running",
        "shopctl status --env prod",
    ),
    (
        "Stack:arn:aws:cloudformation:us-east-1:123456789012:stack/shop-prod-orders/4f1a is in ROLLBACK_FAILED state and can not be updated. (ValidationError)",
        StackState,
        "ROLLBACK_FAILED",
        "shopctl recover --env prod orders",
    ),
    (
        "Stack [shop-prod-orders] already exists (AlreadyExistsException)",
        StackExists,
        "meanwhile|between",
        "deploy --env prod",
    ),
    (
        "Stack [shop-prod-orders] already exists and cannot be created again with the changeSet [shopctl-1].",
        StackExists,
        "between",
        "deploy",
    ),
    (
        "ChangeSet [shopctl-1] already exists (AlreadyExistsException)",
        ChangeSetStale,
        "moved on",
        "plan",
    ),
    (
        "ChangeSet [shopctl-1] does not exist (ChangeSetNotFound)",
        ChangeSetGone,
        "another run",
        "plan --env prod",
    ),
    (
        "ChangeSet [arn:aws:cloudformation:us-east-1:1:changeSet/x/1] cannot be executed in its current status of [FAILED] (InvalidChangeSetStatus)",
        ChangeSetStale,
        "moved on",
        "plan",
    ),
    (
        "ChangeSet [x] cannot be executed in its current execution status of [OBSOLETE] (InvalidChangeSetStatus)",
        ChangeSetStale,
        "not what would happen",
        "plan",
    ),
    (
        "An operation on this ChangeSet is currently in progress. Please attempt this operation again later. (InvalidChangeSetStatus)",
        ChangeSetBusy,
        "making or deleting",
        "wait",
    ),
    (
        "Requires capabilities : [CAPABILITY_NAMED_IAM] (InsufficientCapabilitiesException)",
        CapabilitiesMissing,
        "CAPABILITY_NAMED_IAM",
        "render --env prod",
    ),
    (
        "A request with this client request token already exists (TokenAlreadyExistsException)",
        TokenReused,
        "other contents",
        "status",
    ),
    (
        "An operation is in progress (OperationInProgressException)",
        OperationInProgress,
        "running",
        "wait",
    ),
    (
        "Limit for stack has been exceeded (LimitExceededException)",
        QuotaExceeded,
        "does not help",
        "Service Quotas",
    ),
    (
        "1 validation error detected: Value '...' at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to 51200 (ValidationError)",
        TemplateTooLarge,
        "51,200",
        "uploads",
    ),
    (
        "Template may not exceed 1000000 bytes in size. (ValidationError)",
        TemplateTooLarge,
        "1000000",
        "split",
    ),
    (
        "Template format error: YAML not well-formed. (line 3, column 5) (ValidationError)",
        TemplateInvalid,
        "does not accept",
        "correct",
    ),
    (
        "Template error: instance of Fn::GetAtt references undefined resource Queue (ValidationError)",
        TemplateInvalid,
        "does not accept",
        "correct",
    ),
    (
        "Template format error: Unresolved resource dependencies [Queue] in the Resources block of the template (ValidationError)",
        TemplateInvalid,
        "does not declare: Queue",
        "correct",
    ),
    (
        "Circular dependency between resources: [Queue, Policy] (ValidationError)",
        TemplateInvalid,
        "wait for each other: Queue, Policy",
        "break the circle",
    ),
    (
        "Unrecognized resource types: [AWS::Sqs::Queue] (ValidationError)",
        TemplateInvalid,
        "does not accept",
        "correct",
    ),
    (
        "Parameters: [TableName] must have values (ValidationError)",
        ParametersWrong,
        "TableName",
        "stacks.orders.parameters",
    ),
    (
        "Parameters: [Old] do not exist in the template (ValidationError)",
        ParametersWrong,
        "Old",
        "remove",
    ),
    (
        "Invalid input for parameter key New. Cannot specify usePreviousValue as true for a parameter key not in the previous template (ValidationError)",
        ParametersWrong,
        "no previous value",
        "shopctl.yaml",
    ),
    (
        "No export named shop-prod-ApiId found. Rollback requested by user.",
        ExportMissing,
        "'shop-prod-ApiId'",
        "output: stack.Output",
    ),
    (
        "No export named shop-prod-ApiId found (ValidationError)",
        ExportMissing,
        "'shop-prod-ApiId'",
        "first",
    ),
    (
        "Export shop-ApiId cannot be deleted as it is in use by shop-prod-products",
        ExportInUse,
        "shop-prod-products",
        "without `Fn::ImportValue`",
    ),
    (
        "Export shop-ApiId cannot be updated as it is in use by shop-prod-products and shop-prod-users",
        ExportInUse,
        "'shop-ApiId'",
        "keep the export",
    ),
    (
        "Stack [shop-prod-orders] cannot be deleted while TerminationProtection is enabled (ValidationError)",
        TerminationProtected,
        "protected",
        "--disable-protection",
    ),
    (
        "You cannot specify both OnStackFailure and DisableRollback. (ValidationError)",
        OptionsConflict,
        "exclude",
        "report",
    ),
    (
        "OnStackFailure DELETE is only valid when ChangeSetType is CREATE. (ValidationError)",
        OptionsConflict,
        "exclude",
        "report",
    ),
    (
        "Replacement type updates not supported on stack with disable-rollback. (ValidationError)",
        ReplacementWhilePaused,
        "replaced",
        "recover --env prod orders --rollback",
    ),
    (
        "This stack is currently in a non-terminal [UPDATE_FAILED] state. To update the stack from this state, please use the disable-rollback parameter with update-stack API. To rollback to the last known good state, use the rollback-stack API (ValidationError)",
        StackPaused,
        "waits for a choice",
        "--retry-paused",
    ),
    (
        "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]. To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information.",
        EarlyValidation,
        "nothing was changed",
        "listed",
    ),
    (
        "The following hook(s)/validation failed: [AWS::EarlyValidation::PropertyValidation]. To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information.",
        EarlyValidation,
        "nothing was changed",
        "listed",
    ),
    (
        "Resource of type 'AWS::S3::Bucket' with identifier 'shop-site' already exists.",
        AlreadyExists,
        "AWS::S3::Bucket named 'shop-site' exists already",
        "--import-existing",
    ),
    (
        "shop-site already exists in stack arn:aws:cloudformation:us-east-1:1:stack/other/1",
        AlreadyExists,
        "stack/other/1",
        "remove it from that stack",
    ),
    (
        "Resource handler returned message: \"Log group with name orders already exists\" (RequestToken: 5b1c, HandlerErrorCode: AlreadyExists)",
        AlreadyExists,
        "exists already",
        "another name",
    ),
    (
        "shop-queue already exists",
        AlreadyExists,
        "exists already",
        "another name",
    ),
    (
        "CloudFormation is attempting to import some resources because they already exist in your account. The resources must have the DeletionPolicy attribute set to 'Retain' or 'RetainExceptOnCreate' in the template for successful import. The affected resources are Site ({BucketName=shop-site})",
        ImportNeedsRetain,
        "Site ({BucketName=shop-site})",
        "RetainExceptOnCreate",
    ),
    (
        "The following hook(s) failed: [Shop::Policy::Hook]",
        HookFailed,
        "Shop::Policy::Hook",
        "message",
    ),
    (
        "Nested change set arn:aws:cloudformation:us-east-1:1:changeSet/nested/2 was not successfully created: Currently in FAILED.",
        NestedStackFailed,
        "nested",
        "correct",
    ),
    (
        "S3 error: Access Denied For more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (ValidationError)",
        TemplateUnreachable,
        "cannot read",
        "s3:GetObject",
    ),
    (
        "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.",
        TemplateUnreachable,
        "another region",
        "region",
    ),
    (
        "This stack is in a UPDATE_FAILED state from a previous operation that used EXPRESS deployment mode with disable-rollback. Follow-up operations must use the same DeploymentConfig (mode=EXPRESS) until the stack reaches a *_COMPLETE state",
        ExpressOnly,
        "EXPRESS",
        "--retry-paused",
    ),
    (
        "RollbackStack is not supported for stacks that were last updated using EXPRESS deployment mode and are in a failed state",
        ExpressOnly,
        "cannot be rolled back",
        "--retry-paused",
    ),
    (
        "Waiter StackCreateComplete failed: Max attempts exceeded",
        TimedOut,
        "gave up",
        "status",
    ),
    (
        "Stack with id shop-prod-orders does not exist (ValidationError)",
        StackGone,
        "deleted",
        "deploy",
    ),
];

/// Reasons of resources and stacks while an operation runs.
const RUNNING: &[Row] = &[
    (
        "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the affected deployments have been stopped. Activated alarms: <orders-errors>",
        TrafficShiftFailed,
        "<orders-errors>",
        "shopctl logs --env prod",
    ),
    (
        "The overall deployment failed because the BeforeAllowTraffic lifecycle event hook failed",
        TrafficShiftFailed,
        "does not work",
        "log of the hook",
    ),
    (
        "A conflicting deployment is in progress",
        TrafficShiftFailed,
        "another deployment",
        "stop-deployment",
    ),
    (
        "The deployment failed because the AppSpec file that specifies the AWS Lambda deployment configuration is missing or has an invalid configuration. The Lambda function alias version does not match the current version in AppSpec file. (Error code: INVALID_LAMBDA_CONFIGURATION)",
        TrafficShiftFailed,
        "could not shift",
        "get-deployment",
    ),
    (
        "Action denied by stack policy: Statement [#1] does not allow [Update:Replace] for resource [LogicalResourceId/Table];",
        StackPolicyDenied,
        "Update:Replace Table",
        "stacks.orders.stackPolicy",
    ),
    (
        "Action not allowed by stack policy",
        StackPolicyDenied,
        "does not allow this update",
        "set-stack-policy --stack-name shop-prod-orders",
    ),
    (
        "Rollback trigger arn:aws:cloudwatch:eu-central-1:123456789012:alarm:errors is in ALARM state. Rollback requested.",
        AlarmWentOff,
        "alarm:errors",
        "look at the alarm",
    ),
    (
        "Rollback triggers [arn:aws:cloudwatch:eu-central-1:123456789012:alarm:errors] breached",
        AlarmWentOff,
        "rolled the change back",
        "once it is quiet",
    ),
    (
        "Alarm arn:aws:cloudwatch:eu-central-1:123456789012:alarm:errors does not exist",
        AlarmWentOff,
        "is not there: arn",
        "correct `rollback`",
    ),
    (
        "Properties validation failed for resource Queue with message:\n#/VisibilityTimeout: 99999 is not less or equal to 43200",
        InvalidProperty,
        "Queue",
        "correct",
    ),
    (
        "User: arn:aws:iam::1:user/ci is not authorized to perform: sqs:CreateQueue on resource: arn:aws:sqs:us-east-1:1:q",
        AccessDenied,
        "permission",
        "give the permission",
    ),
    (
        "API: iam:CreateRole User: arn:aws:iam::1:user/ci is not authorized to perform: iam:CreateRole on resource: arn:aws:iam::1:role/x",
        AccessDenied,
        "permission",
        "give",
    ),
    (
        "You are not authorized to perform this operation. Encoded authorization failure message: 4GIOHlTkIaWHQD0Q0m6XSnuUMCm-abcdefghijklmnop (Service: AmazonEC2; Status Code: 403)",
        AccessDenied,
        "encoded",
        "give",
    ),
    (
        "Resource timed out waiting for completion (RequestToken: 1)",
        TimedOut,
        "not ready",
        "console",
    ),
    (
        "WaitCondition received failed message: 'no' for uniqueId: build-1",
        NotStabilized,
        "said that it failed",
        "sends the signal",
    ),
    (
        "Exceeded attempts to wait",
        TimedOut,
        "not ready",
        "console",
    ),
    (
        "Resource of type AWS::RDS::DBInstance did not stabilize.",
        NotStabilized,
        "ready",
        "again",
    ),
    (
        "x (RequestToken: 1, HandlerErrorCode: NotStabilized)",
        NotStabilized,
        "ready",
        "again",
    ),
    (
        "x (RequestToken: 1, HandlerErrorCode: GeneralServiceException)",
        ServiceFailed,
        "failed",
        "wait",
    ),
    (
        "x (RequestToken: 1, HandlerErrorCode: AccessDenied)",
        AccessDenied,
        "permission",
        "give",
    ),
    (
        "x (RequestToken: 1, HandlerErrorCode: AlreadyExists)",
        AlreadyExists,
        "exists already",
        "another name",
    ),
    (
        "x (RequestToken: 1, HandlerErrorCode: NotFound)",
        NotFound,
        "not there",
        "drift",
    ),
    (
        "x (RequestToken: 1, HandlerErrorCode: Throttling)",
        Throttled,
        "fewer calls",
        "wait",
    ),
    (
        "x (RequestToken: 1, HandlerErrorCode: ServiceLimitExceeded)",
        QuotaExceeded,
        "quota",
        "Service Quotas",
    ),
    (
        "x (RequestToken: 1, HandlerErrorCode: InvalidRequest)",
        InvalidProperty,
        "does not take",
        "correct",
    ),
    (
        "x (RequestToken: 1, HandlerErrorCode: ResourceConflict)",
        ResourceConflict,
        "same time",
        "wait",
    ),
    (
        "x (RequestToken: 1, HandlerErrorCode: NetworkFailure)",
        NetworkFailure,
        "network",
        "wait",
    ),
    (
        "x (RequestToken: 1, HandlerErrorCode: InternalFailure)",
        ServiceFailed,
        "failed",
        "wait",
    ),
    (
        "x (RequestToken: 1, HandlerErrorCode: ServiceInternalError)",
        ServiceFailed,
        "failed",
        "wait",
    ),
    (
        "x (RequestToken: 1, HandlerErrorCode: NotUpdatable)",
        NotUpdatable,
        "new resource",
        "another name",
    ),
    (
        "x (RequestToken: 1, HandlerErrorCode: InvalidCredentials)",
        AccessDenied,
        "credentials",
        "log in",
    ),
    (
        "x (RequestToken: 1, HandlerErrorCode: UnsupportedTarget)",
        InvalidProperty,
        "does not take",
        "correct",
    ),
    (
        "x (RequestToken: 1, HandlerErrorCode: NonCompliant)",
        HookFailed,
        "policy",
        "message",
    ),
    (
        "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename shop-table and update the stack again.",
        NotUpdatable,
        "fixed name",
        "another name",
    ),
    (
        "Received response status [FAILED] from custom resource. Message returned: catalogue.json has no products (RequestId: 8d6f1b1e-0a9b-4e1c-9b55-2f3c6f1d2a33)",
        CustomResourceFailed,
        "catalogue.json has no products",
        "log",
    ),
    (
        "CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId [8d6f1b1e-0a9b-4e1c-9b55-2f3c6f1d2a33]. If you are using the Python cfn-response module, you may need to update your Lambda function code so that CloudFormation can attach the updated version.",
        CustomResourceSilent,
        "never answered",
        "ServiceTimeout",
    ),
    (
        "Rate exceeded for operation 'CreateEventSourceMapping' (Service: Lambda, Status Code: 429)",
        Throttled,
        "event source mappings",
        "DependsOn",
    ),
    (
        "Embedded stack arn:aws:cloudformation:us-east-1:1:stack/shop-prod-orders-Queues-1A/9 was not successfully created: The following resource(s) failed to create: [Queue]. ",
        NestedStackFailed,
        "nested stack",
        "correct",
    ),
    (
        "Role arn:aws:iam::1:role/cfn is invalid or cannot be assumed",
        ServiceRoleGone,
        "role",
        "trusts",
    ),
    (
        "shop-site already exists (Service: S3, Status Code: 409) BucketAlreadyExists",
        AlreadyExists,
        "worldwide",
        "AccountId",
    ),
];

/// Reasons of deletes that failed.
const DELETING: &[Row] = &[
    (
        "The bucket you tried to delete is not empty. You must delete all versions in the bucket. (Service: S3, Status Code: 409, Request ID: X)",
        NotEmpty,
        "bucket",
        "teardown --env prod",
    ),
    (
        "The repository with name 'shop' in registry with id '1' cannot be deleted because it still contains images (Service: Ecr) RepositoryNotEmptyException",
        NotEmpty,
        "images",
        "aws ecr delete-repository",
    ),
    (
        "InvalidParameterException: The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first.",
        DeletionProtected,
        "users would be lost",
        "aws cognito-idp update-user-pool",
    ),
    (
        "ValidationException: Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
        DeletionProtected,
        "data would be lost",
        "--no-deletion-protection-enabled",
    ),
    (
        "Cannot delete protected DB Instance, please disable deletion protection and try again.",
        DeletionProtected,
        "protected",
        "aws rds modify-db-instance",
    ),
    (
        "WAFAssociatedItemException: AWS WAF couldn't perform the operation because your resource is being used by another resource",
        StillInUse,
        "uses",
        "--retain-failed",
    ),
    (
        "resource sg-1 has a dependent object (Service: Ec2, Status Code: 400) DependencyViolation",
        StillInUse,
        "half an hour",
        "wait",
    ),
    (
        "The distribution you are trying to delete has not been disabled. DistributionNotDisabled",
        StillInUse,
        "uses",
        "again",
    ),
    (
        "Lambda was unable to delete arn:aws:lambda:us-east-1:1:function:x:1 because it is a replicated function.",
        StillInUse,
        "hours",
        "few hours",
    ),
];

#[test]
fn every_text_has_its_cause() {
    for (text, kind, explanation, next) in REFUSED.iter().chain(RUNNING).chain(DELETING) {
        let cause = cause(text);
        assert_eq!(cause.kind, *kind, "{text}");
        assert!(
            explanation
                .split('|')
                .any(|word| cause.explanation.contains(word)),
            "{text}\nexplained as: {}",
            cause.explanation
        );
        assert!(cause.next.contains(next), "{text}\nnext: {}", cause.next);
        for part in [&cause.explanation, &cause.next] {
            assert!(!part.is_empty() && !part.contains("{env}"), "{part}");
            assert!(!part.ends_with('.'), "{part}");
        }
    }
}

#[test]
fn every_kind_has_a_text() {
    for kind in CauseKind::ALL {
        let shown = REFUSED
            .iter()
            .chain(RUNNING)
            .chain(DELETING)
            .any(|(_, shown, _, _)| shown == kind);
        assert!(shown, "no text shows {kind}");
    }
}

#[test]
fn words_in_between_change_nothing() {
    // Tools and services wrap texts; upper and lower case differ between regions.
    let cause = cause("wrapped: RATE EXCEEDED, sorry");
    assert_eq!(cause.kind, Throttled);
}

#[test]
fn what_nobody_knows_is_not_guessed() {
    assert_eq!(recognise("The moon is in the wrong house", PLACE), None);
    assert_eq!(recognise("", PLACE), None);
}

#[test]
fn leads_name_where_to_look() {
    let lead = |text: &str| cause(text).lead;
    assert_eq!(
        lead(
            "Received response status [FAILED] from custom resource. Message returned: x (RequestId: 8d6f-01)"
        ),
        Some(Lead::FunctionLog {
            request_id: Some("8d6f-01".to_owned())
        })
    );
    assert_eq!(
        lead(
            "CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId [8d6f-01]."
        ),
        Some(Lead::FunctionLog {
            request_id: Some("8d6f-01".to_owned())
        })
    );
    assert_eq!(
        lead(&format!(
            "Embedded stack {ARN} was not successfully updated: x"
        )),
        Some(Lead::NestedStack {
            stack_id: Some(ARN.to_owned())
        })
    );
    assert_eq!(
        lead("Nested change set arn:aws:x:changeSet/n/1 was not successfully created: y"),
        Some(Lead::NestedChangeSet {
            change_set: "arn:aws:x:changeSet/n/1".to_owned()
        })
    );
    assert_eq!(
        lead("Resource of type 'AWS::S3::Bucket' with identifier 'shop-site' already exists."),
        Some(Lead::Owner {
            identifier: "shop-site".to_owned()
        })
    );
    assert_eq!(
        lead(
            "Resource handler returned message: \"Role with name shop-role already exists.\" (HandlerErrorCode: AlreadyExists)"
        ),
        Some(Lead::Owner {
            identifier: "shop-role".to_owned()
        })
    );
    assert_eq!(
        lead("Export A cannot be deleted as it is in use by B"),
        Some(Lead::Importers {
            export: "A".to_owned()
        })
    );
    assert_eq!(
        lead("Encoded authorization failure message: abcdefghijklmnopqrstuvwxyz"),
        Some(Lead::EncodedMessage {
            message: "abcdefghijklmnopqrstuvwxyz".to_owned()
        })
    );
    assert_eq!(
        lead("The following hook(s) failed: [A::B::C]"),
        Some(Lead::Hooks)
    );
    assert_eq!(lead("Rate exceeded"), None);
}

#[test]
fn the_cascade_and_the_summary_are_no_causes() {
    for text in [
        "Resource creation cancelled",
        "Resource update cancelled",
        "Resource creation Canceled",
    ] {
        assert!(is_cascade(text), "{text}");
    }
    assert!(is_summary(
        "The following resource(s) failed to create: [A, B]. Rollback requested by user."
    ));
    assert!(!is_cascade("Invalid queue name") && !is_summary("Invalid queue name"));
}

#[test]
fn only_failures_of_the_moment_are_worth_another_try() {
    assert!(cause("Rate exceeded").kind.may_pass_by_itself());
    assert!(
        !cause("Limit (LimitExceededException)")
            .kind
            .may_pass_by_itself()
    );
}
