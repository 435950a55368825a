//! Finds out why an operation on a stack failed.

use shopctl_core::event::{FailedResource, Failure};
use shopctl_core::names::CloudStackName;
use shopctl_core::status::{DeployApproach, StackStatus};
use shopctl_core::template::RenderedTemplate;

use crate::ports::StackEvent;

/// The failure that an operation's events tell: the first resource that failed by
/// itself, not those that were cancelled because of it.
pub(crate) fn from_events(
    cloud_name: &CloudStackName,
    status: StackStatus,
    status_reason: Option<String>,
    events: &[StackEvent],
    template: Option<&RenderedTemplate>,
) -> Failure {
    let first = first_failed(events);
    let hint = match status.deploy_approach() {
        DeployApproach::Stop(obstacle) => Some(obstacle.hint(cloud_name.as_str())),
        _ => Some("correct the cause and run the same command again".to_owned()),
    };
    match first {
        Some(event) => Failure {
            cloud_name: cloud_name.clone(),
            status: Some(status),
            resource: Some(failed_resource(event, template)),
            reason: event
                .reason
                .clone()
                .unwrap_or_else(|| format!("ended in {}", event.status)),
            hint,
        },
        None => Failure {
            cloud_name: cloud_name.clone(),
            status: Some(status),
            resource: None,
            reason: status_reason
                .or_else(|| events.iter().rev().find_map(|event| event.reason.clone()))
                .unwrap_or_else(|| format!("the operation ended in {status}")),
            hint,
        },
    }
}

/// The failure of a change set: what was found wrong with a resource says more than the reason
/// of the change set itself.
pub(crate) fn of_change_set(
    cloud_name: &CloudStackName,
    reason: String,
    found: &[StackEvent],
    template: Option<&RenderedTemplate>,
) -> Failure {
    let hint = Some("correct the cause and run the same command again".to_owned());
    let mut failure = plain(cloud_name, None, reason, hint);
    if let Some(event) = first_failed(found) {
        failure.resource = Some(failed_resource(event, template));
        if let Some(reason) = &event.reason {
            failure.reason.clone_from(reason);
        }
    }
    failure
}

/// The first resource that failed by itself.
pub(crate) fn first_failed(events: &[StackEvent]) -> Option<&StackEvent> {
    events.iter().find(|event| {
        event.status.ends_with("_FAILED") && !is_stack_itself(event) && !is_cascade(event)
    })
}

fn failed_resource(event: &StackEvent, template: Option<&RenderedTemplate>) -> FailedResource {
    FailedResource {
        logical_id: event.logical_id.clone(),
        resource_type: event.resource_type.clone(),
        location: template
            .and_then(|template| template.resources.get(&event.logical_id))
            .map(|resource| resource.location.clone()),
    }
}

/// A failure before or outside an operation.
pub(crate) fn plain(
    cloud_name: &CloudStackName,
    status: Option<StackStatus>,
    reason: impl Into<String>,
    hint: Option<String>,
) -> Failure {
    Failure {
        cloud_name: cloud_name.clone(),
        status,
        resource: None,
        reason: reason.into(),
        hint,
    }
}

fn is_stack_itself(event: &StackEvent) -> bool {
    event.resource_type == "AWS::CloudFormation::Stack"
        && event.physical_id.as_deref().is_some_and(|id| {
            // A nested stack has the same type, but its logical ID is not in its own ARN.
            id.contains(&format!("/{}/", event.logical_id))
        })
}

fn is_cascade(event: &StackEvent) -> bool {
    event
        .reason
        .as_deref()
        .is_some_and(|reason| reason.to_lowercase().contains("cancelled"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn event(logical_id: &str, status: &str, reason: &str) -> StackEvent {
        StackEvent {
            event_id: format!("{logical_id}-{status}"),
            logical_id: logical_id.into(),
            physical_id: None,
            resource_type: "AWS::SQS::Queue".to_owned(),
            status: status.to_owned(),
            reason: (!reason.is_empty()).then(|| reason.to_owned()),
        }
    }

    #[test]
    fn the_first_own_failure_is_the_cause() {
        let events = [
            event("Table", "CREATE_IN_PROGRESS", ""),
            event("Other", "CREATE_FAILED", "Resource creation cancelled"),
            event("Queue", "CREATE_FAILED", "Invalid queue name"),
            event("Topic", "CREATE_FAILED", "Something later"),
        ];
        let failure = from_events(
            &"shop-local-orders".into(),
            StackStatus::RollbackComplete,
            Some("The following resource(s) failed to create: [Queue].".to_owned()),
            &events,
            None,
        );
        assert_eq!(failure.resource.unwrap().logical_id.as_str(), "Queue");
        assert_eq!(failure.reason, "Invalid queue name");
    }

    #[test]
    fn what_was_found_wrong_with_a_resource_is_told_before_the_change_sets_reason() {
        let name = CloudStackName::from("shop-local-orders");
        let reason = "To troubleshoot Early Validation errors, use the DescribeEvents API";
        let found = [event("Queue", "VALIDATION_FAILED", "the name is taken")];
        let failure = of_change_set(&name, reason.to_owned(), &found, None);
        assert_eq!(failure.resource.unwrap().logical_id.as_str(), "Queue");
        assert_eq!(failure.reason, "the name is taken");

        let failure = of_change_set(&name, reason.to_owned(), &[], None);
        assert_eq!(failure.resource, None);
        assert_eq!(failure.reason, reason);
    }

    #[test]
    fn without_a_failed_resource_the_stacks_own_reason_is_told() {
        let failure = from_events(
            &"shop-local-orders".into(),
            StackStatus::RollbackComplete,
            Some("Rule failed".to_owned()),
            &[],
            None,
        );
        assert_eq!(failure.reason, "Rule failed");
    }
}
