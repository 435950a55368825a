//! What goes wrong during an operation.

use super::{CORRECT, Follow, Rule, WAIT_AND_AGAIN, lead, rule};
use crate::cause::kind::CauseKind::*;

pub(super) static RULES: &[Rule] = &[
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
