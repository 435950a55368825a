//! What keeps a service running, and what is left when it is gone: logs, dead letters.

use super::resource::{Resource, refers_to};
use super::rules::{
    FUNCTION_LOG, Findings, LOG_RETENTION, QUEUE_DEAD_LETTERS, QUEUE_VISIBILITY, STAGE_LOG,
};
use crate::yaml::Node;

/// Lambda's timeout and SQS's visibility timeout when the template says nothing, in seconds.
const DEFAULT_TIMEOUT: u64 = 3;
const DEFAULT_VISIBILITY: u64 = 30;

pub(super) fn check(resource: &Resource<'_>, all: &[Resource<'_>], findings: &mut Findings) {
    match resource.kind {
        "AWS::Logs::LogGroup" if resource.property("RetentionInDays").is_none() => findings.add(
            LOG_RETENTION,
            resource.id,
            resource.key,
            "the log group keeps everything for ever",
        ),
        "AWS::Lambda::Function" | "AWS::Serverless::Function"
            if resource.property("LoggingConfig.LogGroup").is_none()
                && !resource.is_computed("LoggingConfig.LogGroup")
                && !has_own_log_group(resource, all) =>
        {
            let message = "Lambda makes the function's log group, which outlives the stack";
            findings.add(FUNCTION_LOG, resource.id, resource.key, message);
        }
        "AWS::ApiGatewayV2::Stage" if resource.property("AccessLogSettings").is_none() => {
            let message = "the stage writes no access log";
            findings.add(STAGE_LOG, resource.id, resource.key, message);
        }
        "AWS::Lambda::EventSourceMapping" => mapping(resource, all, findings),
        _ => {}
    }
}

/// A log group whose name is made of the function's: `/aws/lambda/${Function}`.
fn has_own_log_group(function: &Resource<'_>, all: &[Resource<'_>]) -> bool {
    all.iter()
        .filter(|other| other.kind == "AWS::Logs::LogGroup")
        .filter_map(|group| group.property("LogGroupName"))
        .any(|name| mentions(name, function.id))
}

fn mentions(node: &Node, id: &str) -> bool {
    let in_text = |text: &str| text.contains(&format!("${{{id}}}")) || text == id;
    let scalar = match &node.value {
        crate::yaml::Value::Scalar(scalar) => in_text(&scalar.text),
        _ => false,
    };
    scalar
        || node
            .items()
            .is_some_and(|items| items.iter().any(|item| mentions(item, id)))
        || node
            .entries()
            .is_some_and(|entries| entries.iter().any(|(_, value)| mentions(value, id)))
}

/// A function that reads a queue of the same template.
fn mapping(mapping: &Resource<'_>, all: &[Resource<'_>], findings: &mut Findings) {
    let target = |path: &str, kind: &str| {
        let id = refers_to(mapping.property(path)?)?;
        all.iter()
            .find(|other| other.id == id && other.kind == kind)
    };
    let Some(queue) = target("EventSourceArn", "AWS::SQS::Queue") else {
        return;
    };
    if queue.property("RedrivePolicy").is_none() {
        let message = format!(
            "'{}' reads it, and what fails goes round for days",
            mapping.id
        );
        findings.add(QUEUE_DEAD_LETTERS, queue.id, queue.key, message);
    }
    let Some(function) = target("FunctionName", "AWS::Lambda::Function") else {
        return;
    };
    let seconds =
        |resource: &Resource<'_>, property: &str, default: u64| match resource.property(property) {
            None => Some(default),
            Some(_) => resource.number(property),
        };
    if let (Some(visibility), Some(timeout)) = (
        seconds(queue, "VisibilityTimeout", DEFAULT_VISIBILITY),
        seconds(function, "Timeout", DEFAULT_TIMEOUT),
    ) && visibility < timeout
    {
        let message = format!(
            "messages are hidden for {visibility} s, but '{}' may work for {timeout} s",
            function.id
        );
        findings.add(QUEUE_VISIBILITY, queue.id, queue.key, message);
    }
}
