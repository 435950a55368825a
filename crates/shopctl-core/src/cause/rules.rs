//! The table of texts: a pattern, the kind of cause, what it means and what to do.
//!
//! The first rule that matches wins, so what is special stands above what is general.
//! `${name}` stands for a group of the pattern, `{env}`, `{stack}` and `{cloud}` for the
//! place. Services word their messages anew now and then: patterns hold to the words that
//! carry the meaning.

use super::kind::CauseKind::{self, *};

/// What tells more about a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Follow {
    Nothing,
    Validation,
    Hooks,
    NestedStack,
    NestedChangeSet,
    FunctionLog,
    Owner,
    Importers,
    EncodedMessage,
}

/// One row.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) kind: CauseKind,
    pub(super) pattern: &'static str,
    pub(super) explanation: &'static str,
    pub(super) next: &'static str,
    pub(super) follow: Follow,
}

const fn rule(
    kind: CauseKind,
    pattern: &'static str,
    explanation: &'static str,
    next: &'static str,
) -> Rule {
    Rule {
        kind,
        pattern,
        explanation,
        next,
        follow: Follow::Nothing,
    }
}

const fn lead(
    kind: CauseKind,
    pattern: &'static str,
    explanation: &'static str,
    next: &'static str,
    follow: Follow,
) -> Rule {
    Rule {
        kind,
        pattern,
        explanation,
        next,
        follow,
    }
}

const AGAIN: &str = "run `shopctl deploy --env {env}` again";
const WAIT_AND_AGAIN: &str =
    "wait a minute and run `shopctl deploy --env {env}` again; what is done stays done";
const CORRECT: &str = "correct the template and run `shopctl deploy --env {env}` again";

/// All rows.
pub(super) static RULES: &[Rule] = &[
    // A service's refusal is told before the wrapping of CloudFormation, whatever the
    // wrapping says.
    lead(
        AccessDenied,
        r"Encoded authorization failure message:\s*(?P<encoded>[A-Za-z0-9_\-+/=]{20,})",
        "the role or user that deploys lacks a permission; the details are encoded",
        "give the permission, then run `shopctl deploy --env {env}` again",
        Follow::EncodedMessage,
    ),
    rule(
        AccessDenied,
        r"is not authorized to (?:perform|access)|not authorized to perform this operation|HandlerErrorCode: AccessDenied|API: [a-z0-9-]+:\w+ (?:Access ?Denied|User:)|\(AccessDenied(?:Exception)?\)|\bAccessDenied(?:Exception)?;",
        "the role or user that deploys lacks a permission",
        "give the permission, then run `shopctl deploy --env {env}` again",
    ),
    rule(
        TrafficShiftFailed,
        r"alarms have been activated according to the Amazon CloudWatch metrics you selected(?:.*?Activated alarms:\s*(?P<alarms>[^\n]+?)\s*(?:\)|$|\n))?",
        "an alarm went off while traffic was shifted to the new version of a function, so CodeDeploy shifted it back: ${alarms}",
        "look at the alarm and at the function's log (`shopctl logs --env {env}`), correct the code and run `shopctl deploy --env {env}` again",
    ),
    rule(
        TrafficShiftFailed,
        r"lifecycle event hook .*?failed|(?:BeforeAllowTraffic|AfterAllowTraffic)\b.*?(?:failed|did not succeed)|validations? failed during invocation of the Lambda validation function|Lambda (?:function )?validation failed",
        "the function that checks a new version before or after the shift of traffic said that it does not work",
        "look at the log of the hook's function (`shopctl logs --env {env}`), correct the code and run `shopctl deploy --env {env}` again",
    ),
    rule(
        TrafficShiftFailed,
        r"A conflicting deployment is in progress|is already deploying deployment",
        "CodeDeploy still shifts the traffic of another deployment of this alias",
        "wait for its end, or stop it with `aws deploy stop-deployment`, and run `shopctl deploy --env {env}` again",
    ),
    rule(
        TrafficShiftFailed,
        r"INVALID_LAMBDA_CONFIGURATION|alias version does not match the current version in (?:the )?AppSpec|CodeDeploy.*?(?:deployment|rollback)|(?:deployment|rollback).*?CodeDeploy|Deployment d-[A-Z0-9]+ (?:failed|stopped|was stopped)",
        "CodeDeploy could not shift the traffic to the new version of a function",
        "the deployment in CodeDeploy's console, or `aws deploy get-deployment`, tells why; then run `shopctl deploy --env {env}` again",
    ),
    rule(
        StackPolicyDenied,
        r"Action (?:denied|not allowed) by stack policy(?:.*?\[(?P<action>Update:[\w*]+)\].*?\[LogicalResourceId/(?P<resource>\w+)\])?",
        "the stack's policy does not allow this update: ${action} ${resource}",
        "if the change is meant, allow it in the file that `stacks.{stack}.stackPolicy` in shopctl.yaml names (or with `aws cloudformation set-stack-policy --stack-name {cloud}`) and run `shopctl deploy --env {env}` again",
    ),
    rule(
        AlarmWentOff,
        r"(?:rollback trigger|alarm)\b.*?(?P<alarm>arn:aws[a-z-]*:cloudwatch:\S+?:alarm:[^\s,;\])]+).*?(?:not (?:be )?found|does not exist|missing)",
        "an alarm that is to roll the stack back is not there: ${alarm}",
        "correct `rollback` in shopctl.yaml and run `shopctl deploy --env {env}` again",
    ),
    rule(
        AlarmWentOff,
        r"(?:rollback ?triggers?\b.*?)?(?P<alarm>arn:aws[a-z-]*:cloudwatch:\S+?:alarm:[^\s,;\])]+).*?(?:in ALARM|to ALARM|ALARM state|breach|went off|triggered)|rollback ?triggers?\b.*?(?:ALARM|breach|triggered)",
        "an alarm went off while the stack was changed, or shortly after, so CloudFormation rolled the change back; its resources themselves were made without a failure: ${alarm}",
        "look at the alarm and at what it measures, then run `shopctl deploy --env {env}` again once it is quiet",
    ),
    // Before an operation.
    rule(
        Throttled,
        r"Rate exceeded for operation.*(?:EventSourceMapping|429)|(?:EventSourceMapping|Status Code: 429).*Rate exceeded",
        "Lambda allows few changes of event source mappings a second and this stack makes many at once",
        "chain the mappings with `DependsOn`, so that one is made after the other, and deploy again",
    ),
    rule(
        QuotaExceeded,
        r"LimitExceededException|HandlerErrorCode: ServiceLimitExceeded|(?:limit|quota) (?:for the number of [\w ]+ )?(?:has been |was )?(?:exceeded|reached)|exceeded (?:the )?(?:maximum )?(?:limit|quota)|Maximum number of \w+ reached|TooManyBuckets",
        "a quota of the account is used up; trying again does not help",
        "delete what is not needed or ask for more under Service Quotas in the console, then run `shopctl deploy --env {env}` again",
    ),
    rule(
        Throttled,
        r"Rate exceeded|\(Throttling(?:Exception)?\)|TooManyRequestsException|HandlerErrorCode: Throttling",
        "AWS takes fewer calls a second than were made in this account and region",
        WAIT_AND_AGAIN,
    ),
    rule(
        ExpressOnly,
        r"used EXPRESS deployment mode with disable-rollback|must use the same DeploymentConfig",
        "the last operation was an EXPRESS one without rollback and it failed; until the stack is whole again CloudFormation takes EXPRESS operations only",
        "run `shopctl deploy --env {env} --retry-paused`: it goes on in EXPRESS mode with the corrected template",
    ),
    rule(
        ExpressOnly,
        r"RollbackStack is not supported for stacks that were last updated using EXPRESS",
        "a stack that failed in EXPRESS mode without rollback cannot be rolled back",
        "run `shopctl deploy --env {env} --retry-paused`: it goes on in EXPRESS mode with the corrected template",
    ),
    rule(
        StackPaused,
        r"is currently in a non-terminal \[(?P<status>[A-Z_]+)\] state",
        "the last operation failed with rollback switched off, and the stack waits for a choice",
        "roll back with `shopctl recover --env {env} {stack} --rollback`, or go on with `shopctl deploy --env {env} --retry-paused`",
    ),
    rule(
        ReplacementWhilePaused,
        r"Replacement type updates not supported on stack with disable-rollback",
        "a resource would be replaced, which CloudFormation refuses while rollback is off",
        "run `shopctl recover --env {env} {stack} --rollback`, then `shopctl deploy --env {env}`",
    ),
    rule(
        OperationInProgress,
        r"is in (?P<status>[A-Z_]*_IN_PROGRESS) state and can ?not be (?:updated|deleted)|OperationInProgressException|(?:another|an) operation is (?:already )?in progress (?:for|on) (?:this )?stack",
        "another operation on the stack is running, of another run or of a person",
        "wait for its end (`shopctl status --env {env}` shows it) and run the command again",
    ),
    rule(
        StackState,
        r"is in (?P<status>[A-Z_]+) state and can ?not be (?:updated|deleted)",
        "the stack is in ${status}, which allows no such operation",
        "`shopctl recover --env {env} {stack}` says what this status needs",
    ),
    rule(
        StackExists,
        r"Stack \[[^\]]*\] already exists|already exists and cannot be created again with the changeSet",
        "the stack was made between the look and the change, by another run or a person",
        AGAIN,
    ),
    rule(
        ChangeSetBusy,
        r"An operation on this ChangeSet is currently in progress",
        "CloudFormation is still making or deleting this change set",
        WAIT_AND_AGAIN,
    ),
    rule(
        ChangeSetStale,
        r"cannot be executed in its current (?:execution )?status of \[(?P<status>[A-Z_]+)\]|\(InvalidChangeSetStatus\)|ChangeSet \[[^\]]*\] already exists",
        "the stack moved on since the change set was made: what was planned is not what would happen now",
        "run `shopctl plan --env {env}` to see what would change now, then deploy",
    ),
    rule(
        ChangeSetGone,
        r"ChangeSet \[[^\]]*\] does not exist|\(ChangeSetNotFound(?:Exception)?\)",
        "the change set was executed or deleted by another run",
        "run `shopctl plan --env {env}` to see what would change now, then deploy",
    ),
    rule(
        CapabilitiesMissing,
        r"Requires capabilities\s*:\s*\[(?P<capabilities>[A-Z_, ]+)\]|InsufficientCapabilitiesException",
        "the template makes something that has to be acknowledged: ${capabilities}",
        "shopctl acknowledges what it finds in the template; a macro or nested template adds more: run `shopctl render --env {env} --out /tmp/templates` and look for IAM resources and transforms",
    ),
    rule(
        TokenReused,
        r"TokenAlreadyExistsException|A request with this client request token already exists",
        "this run's request reached CloudFormation before, with other contents",
        "`shopctl status --env {env}` shows what runs; then run the command again",
    ),
    rule(
        TemplateTooLarge,
        r"templateBody' failed to satisfy constraint.*less than or equal to 51200",
        "the template is larger than 51,200 bytes, so it has to be read from a bucket",
        "run `shopctl deploy --env {env}`, which uploads such templates by itself",
    ),
    rule(
        TemplateTooLarge,
        r"Template may not exceed (?P<size>\d+) bytes",
        "the template is larger than the ${size} bytes that CloudFormation takes",
        "split the stack in two in shopctl.yaml and wire them by outputs",
    ),
    lead(
        EarlyValidation,
        r"AWS::EarlyValidation::(?P<check>\w+)|following hook\(s\)/validation failed",
        "CloudFormation checked the change set before doing anything and found mistakes; nothing was changed",
        "correct what is listed and run `shopctl deploy --env {env}` again",
        Follow::Validation,
    ),
    lead(
        HookFailed,
        r"The following hook\(s\) failed:\s*\[(?P<hooks>[^\]]*)\]",
        "a policy of the account refused the change: ${hooks}",
        "do what the hook's message asks for, then run `shopctl deploy --env {env}` again",
        Follow::Hooks,
    ),
    rule(
        ImportNeedsRetain,
        r"must have the DeletionPolicy attribute set to 'Retain' or 'RetainExceptOnCreate'.*?affected resources are (?P<resources>.+?)\s*$",
        "these resources exist already and can be taken over only if the template keeps them: ${resources}",
        "add `DeletionPolicy: RetainExceptOnCreate` to each of them and run `shopctl deploy --env {env}` again",
    ),
    lead(
        NestedStackFailed,
        r"Nested change set (?P<arn>arn:\S+?) was not successfully created",
        "the change set of a nested stack could not be made",
        CORRECT,
        Follow::NestedChangeSet,
    ),
    lead(
        NestedStackFailed,
        r"Embedded stack (?P<arn>arn:\S+) was not successfully (?:created|updated|deleted)|(?:Failed to fetch )?nested-stack",
        "a nested stack failed",
        CORRECT,
        Follow::NestedStack,
    ),
    rule(
        TemplateUnreachable,
        r"S3 error: |must be addressed using the specified endpoint|TemplateURL must reference a valid S3 object",
        "CloudFormation cannot read a template from its bucket: the bucket is in another region, or the caller may not read it",
        "check that the bucket is in the environment's region and that the caller has `s3:GetObject` on it, then deploy again",
    ),
    lead(
        ExportMissing,
        r"No export named (?P<export>\S+) found",
        "the template reads the export '${export}', which no stack in this region has",
        "deploy the stack that exports it first, or pass the value as a parameter: `{ output: stack.Output }` in shopctl.yaml",
        Follow::Nothing,
    ),
    lead(
        ExportInUse,
        r"Export (?P<export>\S+) cannot be (?:deleted|updated) as it is in use by (?P<user>[^\s(]+)",
        "stack '${user}' reads the export '${export}', so it can neither change nor go",
        "keep the export, deploy '${user}' without `Fn::ImportValue` of it, then remove it",
        Follow::Importers,
    ),
    rule(
        TerminationProtected,
        r"cannot be deleted while TerminationProtection is enabled",
        "the stack is protected from deletion",
        "run `shopctl teardown --env {env} --disable-protection` if it is really to go",
    ),
    rule(
        OptionsConflict,
        r"cannot specify both OnStackFailure and DisableRollback|OnStackFailure DELETE is only valid|cannot specify both (?:DisableRollback|DeploymentConfig)|(?:DisableRollback|OnFailure).*(?:cannot be|not).*(?:together with|beside|with) DeploymentConfig",
        "the request had options that exclude each other, which is a defect of shopctl",
        "report it with the output of `shopctl --version`",
    ),
    rule(
        ParametersWrong,
        r"Parameters: \[(?P<names>[^\]]*)\] must have values",
        "the template has parameters without a value: ${names}",
        "give them under `stacks.{stack}.parameters` in shopctl.yaml, or a Default in the template",
    ),
    rule(
        ParametersWrong,
        r"Parameters: \[(?P<names>[^\]]*)\] do not exist in the template",
        "shopctl.yaml gives parameters that the template does not have: ${names}",
        "remove them from `stacks.{stack}.parameters`, or declare them in the template",
    ),
    rule(
        ParametersWrong,
        r"Invalid input for parameter key (?P<names>\S+)\. Cannot specify usePreviousValue",
        "parameter ${names} is new, so it has no previous value",
        "give it under `stacks.{stack}.parameters` in shopctl.yaml",
    ),
    rule(
        ParametersWrong,
        r"Parameter '?(?P<names>[\w:]+)'? (?:must be|failed to satisfy constraint|value \S+ does not)|Unable to fetch parameters \[(?P<ssm>[^\]]*)\]",
        "the value of a parameter is not what the template or the Parameter Store allows",
        "correct it under `stacks.{stack}.parameters` in shopctl.yaml",
    ),
    rule(
        TemplateInvalid,
        r"Circular dependency between resources:\s*\[(?P<names>[^\]]*)\]",
        "these resources wait for each other: ${names}",
        "break the circle: give one of them a fixed name, or move the reference into a resource of its own (a policy, a permission)",
    ),
    rule(
        TemplateInvalid,
        r"Unresolved resource dependencies \[(?P<names>[^\]]*)\]",
        "the template refers to what it does not declare: ${names}",
        CORRECT,
    ),
    rule(
        TemplateInvalid,
        r"Template error: (?P<what>[^\n]+?)(?: \(ValidationError\))?$|Template format error: (?P<format>[^\n]+?)(?: \(ValidationError\))?$|Template validation error: (?P<rule>[^\n]+?)(?: \(ValidationError\))?$|Unrecognized resource types: \[(?P<types>[^\]]*)\]|Transform \S+ failed with",
        "CloudFormation does not accept the template",
        CORRECT,
    ),
    rule(
        StackGone,
        r"Stack with id \S+ does not exist|Stack \[[^\]]*\] does not exist|Stack \S+ does not exist|the stack is gone",
        "somebody deleted the stack meanwhile",
        AGAIN,
    ),
    // Deletions.
    rule(
        NotEmpty,
        r"bucket you tried to delete is not empty|BucketNotEmpty",
        "the bucket got new objects, or versions of objects, while it was emptied",
        "stop what writes into it (access logs arrive late) and run `shopctl teardown --env {env}` again",
    ),
    rule(
        NotEmpty,
        r"RepositoryNotEmptyException|repository with name '(?P<repository>[^']+)'.*cannot be deleted because it still contains images",
        "the repository still has images",
        "run `aws ecr delete-repository --force --repository-name ${repository}`, then `shopctl teardown --env {env}` again",
    ),
    rule(
        DeletionProtected,
        r"user pool cannot be deleted because deletion protection is activated",
        "the user pool is protected from deletion; its users would be lost",
        "set `DeletionProtection: INACTIVE` in the template and deploy, or run `aws cognito-idp update-user-pool --user-pool-id POOL --deletion-protection INACTIVE`; then run `shopctl teardown --env {env}` again",
    ),
    rule(
        DeletionProtected,
        r"(?:table|resource) cannot be deleted as it is currently protected against deletion|Disable deletion protection first",
        "the table is protected from deletion; its data would be lost",
        "set `DeletionProtectionEnabled: false` in the template and deploy, or run `aws dynamodb update-table --table-name TABLE --no-deletion-protection-enabled`; then run `shopctl teardown --env {env}` again",
    ),
    rule(
        DeletionProtected,
        r"Cannot delete protected (?:DB|Cluster|\w*)|(?:disable|turn off|modify) deletion protection|DeletionProtection is (?:enabled|turned on)|deletion[ _-]protection",
        "the resource is protected from deletion",
        "set `DeletionProtection: false` in the template and deploy, or run `aws rds modify-db-instance --db-instance-identifier DATABASE --no-deletion-protection --apply-immediately`; then run `shopctl teardown --env {env}` again",
    ),
    rule(
        StillInUse,
        r"replicated function",
        "a function of Lambda@Edge is deleted only hours after its distribution",
        "run `shopctl teardown --env {env}` again in a few hours, or leave it with `--retain-failed`",
    ),
    rule(
        StillInUse,
        r"WAFAssociatedItemException|DistributionNotDisabled|DependencyViolation|has a dependent object|ResourceInUse(?:Exception)?|DeleteConflict|is (?:currently )?in use|still (?:has|in use)|has dependencies",
        "something else still uses the resource; network interfaces of functions need up to half an hour until they are gone",
        "remove what uses it, or wait, and run the command again; `shopctl teardown --env {env} --retain-failed` leaves it behind",
    ),
    rule(
        ServiceRoleGone,
        r"Role \S+ is invalid or cannot be assumed|role (?:defined for the function )?cannot be assumed",
        "the role that CloudFormation works with is gone or does not trust it",
        "make a role of that name again that trusts cloudformation.amazonaws.com, then run the command again",
    ),
    // During an operation.
    lead(
        CustomResourceFailed,
        r"Received response status \[FAILED\] from custom resource\. Message returned:\s*(?P<message>.*?)\s*\(RequestId:\s*(?P<request>[0-9a-fA-F-]+)\)",
        "the function behind the custom resource reported a failure: ${message}",
        "correct the function (its log is the place to look) and run `shopctl deploy --env {env}` again",
        Follow::FunctionLog,
    ),
    lead(
        CustomResourceFailed,
        r"Received response status \[FAILED\] from custom resource|Failed to create resource\.|Failed to update resource\.|Failed to delete resource\.",
        "the function behind the custom resource reported a failure",
        "correct the function (its log is the place to look) and run `shopctl deploy --env {env}` again",
        Follow::FunctionLog,
    ),
    lead(
        CustomResourceSilent,
        r"did not receive a response from your Custom Resource(?:.*?requestId \[?(?P<request>[0-9a-fA-F-]+)\]?)?|Custom Resource failed to stabilize",
        "the function behind the custom resource never answered: it crashed, ran out of time, or cannot reach the answer's URL (functions in a VPC need a way to S3)",
        "look at the function's log, correct it and run `shopctl deploy --env {env}` again; a `ServiceTimeout` on the custom resource shortens the wait",
        Follow::FunctionLog,
    ),
    lead(
        CustomResourceFailed,
        r"Invalid response from custom resource|Vendor response doesn't contain|Invalid PhysicalResourceId|Response object is too long|Response is not valid JSON",
        "the function behind the custom resource answered something that CloudFormation does not take",
        "correct the answer: at most 4,096 bytes of JSON with Status, PhysicalResourceId, StackId, RequestId, LogicalResourceId",
        Follow::FunctionLog,
    ),
    rule(
        InvalidProperty,
        r"Properties validation failed for resource (?P<resource>\S+) with message:\s*(?P<message>.+)$",
        "a property of ${resource} does not fit the type's schema",
        CORRECT,
    ),
    lead(
        AlreadyExists,
        r"Resource of type '(?P<type>[^']+)' with identifier '(?P<id>[^']+)' already exists",
        "a resource of type ${type} named '${id}' exists already, outside this stack",
        "give it another name, delete it, or take it over: `DeletionPolicy: RetainExceptOnCreate` on it, then `shopctl deploy --env {env} --import-existing`",
        Follow::Owner,
    ),
    lead(
        AlreadyExists,
        r"(?P<id>[\w.:/+=@-]+) already exists in stack (?P<owner>arn:\S+)",
        "'${id}' belongs to the stack ${owner}",
        "give it another name, or remove it from that stack first",
        Follow::Nothing,
    ),
    lead(
        AlreadyExists,
        r"(?:Requested bucket name is not available|The bucket namespace is shared)|BucketAlreadyExists|BucketAlreadyOwnedByYou",
        "a bucket of that name exists, maybe of another account: bucket names are taken worldwide",
        "leave `BucketName` away, or make it your own with `$${AWS::AccountId}`, and deploy again",
        Follow::Nothing,
    ),
    lead(
        AlreadyExists,
        r#"(?:with (?:name|identifier|the name)|named|name|identifier)\s+['"\[]?(?P<id>[\w.:/+=@-]+?)['"\]]?\s+already exists|(?P<other>[\w.:/+=@-]+) already exists"#,
        "something of that name exists already, outside this stack",
        "give it another name, delete it, or take it over: `DeletionPolicy: RetainExceptOnCreate` on it, then `shopctl deploy --env {env} --import-existing`",
        Follow::Owner,
    ),
    lead(
        AlreadyExists,
        r"HandlerErrorCode: AlreadyExists|AlreadyExistsException|EntityAlreadyExists",
        "something of that name exists already, outside this stack",
        "give it another name, delete it, or take it over: `DeletionPolicy: RetainExceptOnCreate` on it, then `shopctl deploy --env {env} --import-existing`",
        Follow::Nothing,
    ),
    rule(
        NotStabilized,
        r"did not stabilize|HandlerErrorCode: NotStabilized|failed to stabilize",
        "the service took the request, but the resource did not become ready in time",
        "look at the resource in its console; if it is ready by now, run `shopctl deploy --env {env}` again",
    ),
    rule(
        NotStabilized,
        r"WaitCondition received failed message|received \d+ FAILURE signal",
        "what signals this condition said that it failed",
        "look at what sends the signal, then run `shopctl deploy --env {env}` again",
    ),
    rule(
        TimedOut,
        r"Resource timed out waiting for completion|Exceeded attempts to wait|timed out|Failed to receive \d+ resource signal|WaitCondition timed",
        "the resource was not ready within the time that CloudFormation waits",
        "look at the resource in its console for what holds it up, then run `shopctl deploy --env {env}` again",
    ),
    rule(
        NotUpdatable,
        r"HandlerErrorCode: NotUpdatable|CloudFormation cannot update a stack when a custom-named resource requires replacing",
        "the change needs a new resource in place of the old one, and the fixed name stands in the way",
        "give the resource another name, or leave the name away, and deploy again; its data does not move by itself",
    ),
    rule(
        ResourceConflict,
        r"HandlerErrorCode: ResourceConflict|ResourceConflictException|OperationAborted|ConcurrentModification|ConflictException",
        "something else is changing the resource at the same time",
        WAIT_AND_AGAIN,
    ),
    rule(
        NetworkFailure,
        r"HandlerErrorCode: NetworkFailure",
        "the network between CloudFormation and the service failed",
        WAIT_AND_AGAIN,
    ),
    rule(
        AccessDenied,
        r"HandlerErrorCode: InvalidCredentials|security token included in the request is (?:invalid|expired)",
        "the credentials that CloudFormation works with are invalid or expired",
        "log in again, then run `shopctl deploy --env {env}`",
    ),
    rule(
        NotFound,
        r"HandlerErrorCode: NotFound|was not found|could not be found|NotFoundException|NoSuch\w+|does not exist",
        "something that the resource needs, or the resource itself, is not there",
        "if a person deleted it by hand: `shopctl status --env {env} --drift` finds such resources; else correct the name in the template and deploy again",
    ),
    rule(
        HookFailed,
        r"HandlerErrorCode: NonCompliant",
        "a policy of the account refused the resource",
        "do what the message asks for, then run `shopctl deploy --env {env}` again",
    ),
    rule(
        InvalidProperty,
        r"HandlerErrorCode: (?:InvalidRequest|UnsupportedTarget)|Model validation failed|Encountered unsupported property|ValidationException|InvalidParameter\w*|InvalidRequest\w*|InvalidInput\w*|Invalid request provided",
        "the service does not take the resource's properties as they are",
        CORRECT,
    ),
    rule(
        ServiceFailed,
        r"HandlerErrorCode: (?:GeneralServiceException|ServiceInternalError|InternalFailure|HandlerInternalFailure)|InternalFailure|Internal Failure|ServiceUnavailable|InternalServerError|Status Code: 5\d\d",
        "the service behind the resource failed",
        WAIT_AND_AGAIN,
    ),
    rule(
        StackPaused,
        r"Rollback requested by user",
        "the operation was rolled back because resources of it failed",
        "`shopctl recover --env {env} {stack}` shows the first of them",
    ),
    rule(
        TimedOut,
        r"Waiter .* Max attempts exceeded|ResourceNotReady",
        "another tool gave up waiting; CloudFormation itself may be at work still",
        "`shopctl status --env {env}` shows how far the stack is",
    ),
];
