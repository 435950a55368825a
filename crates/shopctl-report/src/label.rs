//! What steps and phases are, by their names, and what they are called for people.

use shopctl_core::event::{Event, Phase, StackOperation, StackResult};
use shopctl_core::plan::StepId;

/// The stack that a step is about.
pub(crate) fn stack_of(step: &StepId) -> Option<&str> {
    step.as_str().strip_prefix("stack:")
}

/// What an upload is of.
pub(crate) fn upload_label(title: &str) -> &str {
    title.strip_prefix("upload ").unwrap_or(title)
}

/// Whether a step uploads an object.
pub(crate) fn is_upload(step: &StepId) -> bool {
    step.as_str().starts_with("upload:")
}

/// What a step is called where there is little room.
pub(crate) fn step_label<'a>(step: &'a StepId, title: &'a str) -> &'a str {
    match step.as_str() {
        "bucket" => "artifact bucket",
        "site" => "site files",
        "urls" => "health check",
        "logs" => "log groups",
        other => stack_of(step).unwrap_or(if title.is_empty() { other } else { title }),
    }
}

/// What a phase is called.
pub(crate) fn phase_label(phase: Phase) -> &'static str {
    match phase {
        Phase::LocalCloud => "Local cloud",
        Phase::Build => "Build",
        Phase::Site => "Site",
        Phase::Render => "Render",
        Phase::Plan => "Plan",
        Phase::Hook => "Hook",
    }
}

/// Whether a reason only says that another resource failed.
pub(crate) fn is_cascade(reason: Option<&str>) -> bool {
    reason.is_some_and(|reason| {
        let reason = reason.to_lowercase();
        reason.starts_with("resource ") && reason.contains("cancelled")
    })
}

/// What becomes of the operation on a stack that a stopped run leaves; empty for other events.
pub(crate) fn interrupted(event: &Event) -> String {
    let Event::StackInterrupted {
        cancelled,
        status,
        attach,
        ..
    } = event
    else {
        return String::new();
    };
    let attach = attach
        .as_ref()
        .map(|command| format!("; `{command}` waits for the end"))
        .unwrap_or_default();
    match (cancelled, status) {
        (true, Some(status)) => format!("cancelled: CloudFormation undid it ({status})"),
        (true, None) => format!("cancelled: CloudFormation is undoing it{attach}"),
        (false, _) => format!("goes on in CloudFormation{attach}"),
    }
}

/// What an operation is called while it has not touched a resource.
pub(crate) fn operation_word(operation: Option<StackOperation>) -> &'static str {
    match operation {
        Some(StackOperation::Create) => "creating",
        Some(StackOperation::Update) => "updating",
        Some(StackOperation::Delete) => "deleting",
        Some(StackOperation::Rollback) => "rolling back",
        Some(StackOperation::Wait) | None => "waiting for the operation that is running",
    }
}

/// What a result is called.
pub(crate) fn result_word(result: StackResult) -> &'static str {
    match result {
        StackResult::Created => "created",
        StackResult::Updated => "updated",
        StackResult::Deleted => "deleted",
        StackResult::RolledBack => "rolled back",
        StackResult::Unchanged => "unchanged",
    }
}

#[cfg(test)]
mod tests {
    use shopctl_core::names::StackName;

    use super::*;

    #[test]
    fn steps_are_told_apart_by_the_names_that_the_plan_gives_them() {
        assert_eq!(
            stack_of(&StepId::stack(&StackName::from("api"))),
            Some("api")
        );
        assert!(is_upload(&StepId::upload("artifacts/ab.zip")));
        assert!(!is_upload(&StepId::single("bucket")));
        assert_eq!(stack_of(&StepId::single("site")), None);
    }

    #[test]
    fn only_cancelled_resources_are_cascade() {
        assert!(is_cascade(Some("Resource creation cancelled")));
        assert!(is_cascade(Some("Resource update cancelled")));
        assert!(!is_cascade(Some("Order was cancelled by the service")));
        assert!(!is_cascade(None));
    }
}
