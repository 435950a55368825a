//! Chooses the event that tells the cause: the first resource that failed by itself.
//!
//! Pure: events in, events out.

use shopctl_core::cause::{is_cascade, is_summary};
use shopctl_core::names::LogicalId;

use crate::ports::{OperationEvent, OperationEventKind, StackEvent};

const STACK: &str = "AWS::CloudFormation::Stack";

/// Whether an event is the stack's own, and not of a stack nested in it.
pub(crate) fn is_root(event: &StackEvent, stack_id: &str) -> bool {
    event.resource_type == STACK && event.physical_id.as_deref() == Some(stack_id)
}

/// The first failure of the last attempt that has one, in a stack's events, oldest first.
///
/// A nested stack that failed is deleted again when its parent rolls back, so the last attempt
/// of all need not be the one to blame.
pub(crate) fn first_failure<'a>(
    events: &'a [StackEvent],
    stack_id: &str,
) -> Option<&'a StackEvent> {
    let mut rest = events;
    loop {
        let attempt = last_attempt(rest, stack_id);
        let failure = attempt.iter().find(|event| is_failure(event, stack_id));
        if failure.is_some() || attempt.len() == rest.len() {
            return failure;
        }
        rest = &rest[..rest.len() - attempt.len()];
    }
}

/// The events since the last operation began that was not a rollback: a rollback's own
/// failures are what came of the cause.
fn last_attempt<'a>(events: &'a [StackEvent], stack_id: &str) -> &'a [StackEvent] {
    let begin = events.iter().rposition(|event| {
        is_root(event, stack_id)
            && matches!(
                event.status.as_str(),
                "CREATE_IN_PROGRESS"
                    | "UPDATE_IN_PROGRESS"
                    | "DELETE_IN_PROGRESS"
                    | "IMPORT_IN_PROGRESS"
            )
    });
    &events[begin.unwrap_or_default()..]
}

fn is_failure(event: &StackEvent, stack_id: &str) -> bool {
    event.status.ends_with("_FAILED")
        && !is_root(event, stack_id)
        && !event.reason.as_deref().is_some_and(is_cascade)
}

/// The resources that the last rollback could not bring back: the only ones that
/// CloudFormation lets a continued rollback skip.
pub(crate) fn stuck_in_rollback(events: &[StackEvent], stack_id: &str) -> Vec<LogicalId> {
    let stuck = stuck_events(events, stack_id);
    stuck
        .into_iter()
        .map(|event| event.logical_id.clone())
        .collect()
}

/// The events that tell why, one for each such resource.
pub(crate) fn stuck_events<'a>(events: &'a [StackEvent], stack_id: &str) -> Vec<&'a StackEvent> {
    let begin = events.iter().rposition(|event| {
        is_root(event, stack_id) && event.status == "UPDATE_ROLLBACK_IN_PROGRESS"
    });
    let mut stuck: Vec<&StackEvent> = Vec::new();
    for event in &events[begin.unwrap_or_default()..] {
        if is_root(event, stack_id) {
            continue;
        }
        let is_same = |other: &&StackEvent| other.logical_id == event.logical_id;
        if is_failure(event, stack_id) {
            if !stuck.iter().any(is_same) {
                stuck.push(event);
            }
        } else if event.status.ends_with("_COMPLETE") {
            stuck.retain(|other| !is_same(other));
        }
    }
    stuck
}

/// The stack's own reason, where no resource has one.
pub(crate) fn stack_reason(events: &[StackEvent], stack_id: &str) -> Option<String> {
    last_attempt(events, stack_id)
        .iter()
        .filter(|event| is_root(event, stack_id))
        // Every operation begins so; a rollback that does is somebody's who cancelled.
        .filter(|event| {
            event.reason.as_deref() != Some("User Initiated") || event.status.contains("ROLLBACK")
        })
        .filter_map(|event| event.reason.clone())
        .find(|reason| !is_summary(reason))
}

/// The failures of the last attempt among those that `DescribeEvents` tells, oldest first.
pub(crate) fn of_last_attempt(events: &[OperationEvent]) -> Vec<&OperationEvent> {
    let is_rollback = |event: &OperationEvent| {
        event
            .operation_type
            .as_deref()
            .is_some_and(|kind| matches!(kind, "ROLLBACK" | "CONTINUE_ROLLBACK"))
    };
    let Some(last) = events.iter().rev().find(|event| !is_rollback(event)) else {
        return Vec::new();
    };
    events
        .iter()
        .filter(|event| event.operation == last.operation)
        .filter(|event| !event.reason.as_deref().is_some_and(is_cascade))
        .collect()
}

/// The cause among failures of one attempt.
pub(crate) fn first_cause<'a>(
    events: &[&'a OperationEvent],
    stack_id: &str,
) -> Option<&'a OperationEvent> {
    events.iter().copied().find(|event| {
        !event.warning
            && event.logical_id.is_some()
            && event.physical_id.as_deref() != Some(stack_id)
            && (event.kind != OperationEventKind::Status
                || event
                    .status
                    .as_deref()
                    .is_some_and(|status| status.ends_with("_FAILED")))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const ID: &str = "arn:aws:cloudformation:us-east-1:1:stack/shop-prod-orders/1";

    fn root(status: &str, reason: &str) -> StackEvent {
        StackEvent {
            physical_id: Some(ID.to_owned()),
            resource_type: STACK.to_owned(),
            ..event("shop-prod-orders", status, reason)
        }
    }

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
    fn the_first_own_failure_of_the_last_attempt_is_the_cause() {
        let events = [
            root("CREATE_IN_PROGRESS", "User Initiated"),
            event("Old", "CREATE_FAILED", "long ago"),
            root("ROLLBACK_COMPLETE", ""),
            root("UPDATE_IN_PROGRESS", "User Initiated"),
            event("Other", "UPDATE_FAILED", "Resource update cancelled"),
            event("Queue", "UPDATE_FAILED", "Invalid queue name"),
            event("Topic", "CREATE_FAILED", "Something later"),
            root(
                "UPDATE_ROLLBACK_IN_PROGRESS",
                "The following resource(s) failed to update: [Queue].",
            ),
            event("Table", "UPDATE_FAILED", "cannot go back"),
            root(
                "UPDATE_ROLLBACK_FAILED",
                "The following resource(s) failed to update: [Table].",
            ),
        ];
        assert_eq!(
            first_failure(&events, ID).unwrap().logical_id.as_str(),
            "Queue"
        );
        assert_eq!(stuck_in_rollback(&events, ID), ["Table".into()]);
        assert_eq!(stack_reason(&events, ID), None);
    }

    #[test]
    fn the_delete_that_follows_a_failed_creation_is_not_to_blame() {
        let events = [
            root("CREATE_IN_PROGRESS", ""),
            event("Queue", "CREATE_FAILED", "Invalid queue name"),
            root(
                "CREATE_FAILED",
                "The following resource(s) failed to create: [Queue].",
            ),
            root("DELETE_IN_PROGRESS", ""),
            event("Queue", "DELETE_COMPLETE", ""),
            root("DELETE_COMPLETE", ""),
        ];
        assert_eq!(
            first_failure(&events, ID).unwrap().logical_id.as_str(),
            "Queue"
        );
        assert!(first_failure(&events[3..], ID).is_none());
    }

    #[test]
    fn what_the_rollback_brought_back_in_the_end_is_not_stuck() {
        let events = [
            root("UPDATE_ROLLBACK_IN_PROGRESS", ""),
            event("A", "UPDATE_FAILED", "no"),
            event("B", "UPDATE_FAILED", "Resource update cancelled"),
            root("UPDATE_ROLLBACK_FAILED", ""),
            root("UPDATE_ROLLBACK_IN_PROGRESS", ""),
            event("A", "UPDATE_COMPLETE", ""),
            event("C", "UPDATE_FAILED", "no"),
            root("UPDATE_ROLLBACK_FAILED", ""),
        ];
        assert_eq!(stuck_in_rollback(&events, ID), ["C".into()]);
    }

    #[test]
    fn without_a_failed_resource_the_stacks_own_reason_counts() {
        let events = [
            root("CREATE_IN_PROGRESS", "User Initiated"),
            root(
                "ROLLBACK_IN_PROGRESS",
                "No export named X found. Rollback requested by user.",
            ),
        ];
        assert!(first_failure(&events, ID).is_none());
        assert!(stack_reason(&events, ID).unwrap().starts_with("No export"));
    }

    fn told(operation: &str, kind: &str, logical_id: &str, reason: &str) -> OperationEvent {
        OperationEvent {
            operation: Some(operation.to_owned()),
            operation_type: Some(kind.to_owned()),
            kind: OperationEventKind::Provisioning,
            logical_id: Some(logical_id.into()),
            physical_id: None,
            resource_type: None,
            status: Some("UPDATE_FAILED".to_owned()),
            reason: Some(reason.to_owned()),
            check: None,
            path: None,
            warning: false,
        }
    }

    #[test]
    fn failures_of_the_rollback_are_not_the_cause() {
        let events = [
            told("1", "CREATE_STACK", "Old", "long ago"),
            told("2", "UPDATE_STACK", "Other", "Resource update cancelled"),
            told("2", "UPDATE_STACK", "Queue", "Invalid queue name"),
            told("3", "ROLLBACK", "Table", "cannot go back"),
        ];
        let attempt = of_last_attempt(&events);
        let cause = first_cause(&attempt, ID).unwrap();
        assert_eq!(cause.reason.as_deref(), Some("Invalid queue name"));
        assert!(of_last_attempt(&[]).is_empty());
    }
}
