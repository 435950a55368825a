//! Reads refused requests: which of them say that somebody else was faster.

use crate::ports::{CloudError, CloudErrorKind};

/// What CloudFormation says of a stack that is not in the status that was seen a moment ago.
/// They come as plain validation errors, so the text has to tell.
const OVERTAKEN: [&str; 5] = [
    "can not be updated",
    "cannot be updated",
    "cannot be deleted while in status",
    "already exists and cannot be created again",
    "is in progress",
];

/// What it says of a stack that may not be deleted.
const PROTECTED: &str = "TerminationProtection is enabled";

/// Whether the request was right when the stack was looked at, and is no more: another run, or a
/// person, did something in between.
pub(crate) fn is_overtaken(error: &CloudError) -> bool {
    match error.kind {
        CloudErrorKind::Conflict | CloudErrorKind::NotFound => true,
        CloudErrorKind::Refused => OVERTAKEN.iter().any(|text| error.message.contains(text)),
        _ => false,
    }
}

/// Whether a delete was refused because the stack is protected.
pub(crate) fn is_protected(error: &CloudError) -> bool {
    error.kind == CloudErrorKind::Refused && error.message.contains(PROTECTED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: CloudErrorKind, message: &str) -> CloudError {
        CloudError {
            kind,
            operation: String::new(),
            message: message.to_owned(),
        }
    }

    #[test]
    fn a_stack_that_moved_on_is_told_from_a_wrong_request() {
        use CloudErrorKind::{Conflict, NotFound, Refused, Throttled};
        for (kind, message, overtaken) in [
            (
                Refused,
                "Stack:arn is in UPDATE_IN_PROGRESS state and can not be updated.",
                true,
            ),
            (
                Refused,
                "Stack [arn] cannot be deleted while in status UPDATE_IN_PROGRESS",
                true,
            ),
            (
                Refused,
                "Stack [s] already exists and cannot be created again with the changeSet [c].",
                true,
            ),
            (
                Conflict,
                "ChangeSet [c] cannot be executed in its current status of [OBSOLETE]",
                true,
            ),
            (NotFound, "ChangeSet [c] does not exist", true),
            (
                Refused,
                "Template format error: unsupported structure",
                false,
            ),
            (Refused, "Parameters: [P] must have values", false),
            (Throttled, "Rate exceeded", false),
        ] {
            assert_eq!(is_overtaken(&error(kind, message)), overtaken, "{message}");
        }
    }

    #[test]
    fn protection_is_told_by_its_text() {
        let text = "Stack [s] cannot be deleted while TerminationProtection is enabled";
        assert!(is_protected(&error(CloudErrorKind::Refused, text)));
        assert!(!is_overtaken(&error(CloudErrorKind::Refused, text)));
    }
}
