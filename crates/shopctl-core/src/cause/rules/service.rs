//! What a service refused. It is told before the wrapping of CloudFormation, whatever the wrapping says.

use super::{Follow, Rule, lead, rule};
use crate::cause::kind::CauseKind::*;

pub(super) static RULES: &[Rule] = &[
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
];
