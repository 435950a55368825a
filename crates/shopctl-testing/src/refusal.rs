//! Refused calls: AWS's codes and texts, and the kind of error that the adapter makes of each.
//!
//! The texts are those of the behaviour specification (`SPEC.md`, part X); no call is made here.

use shopctl_deploy::ports::{CloudError, CloudErrorKind};

/// A call that the cloud refuses or fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// AWS's error code; empty when there was no answer at all.
    pub code: &'static str,
    /// AWS's text.
    pub message: String,
}

impl Refusal {
    /// A refusal with a code and a text.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// The code of everything that CloudFormation does not model as an error of its own.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationError", message)
    }

    /// As the adapter hands it to the executor.
    pub fn into_error(self, operation: &str, subject: &str) -> CloudError {
        CloudError {
            kind: kind(self.code, &self.message),
            operation: match subject {
                "" => operation.to_owned(),
                _ => format!("{operation} of '{subject}'"),
            },
            message: match self.code {
                "" => self.message,
                code => format!("{} ({code})", self.message),
            },
        }
    }
}

/// The refusal of every operation on a stack that is not there, `DescribeStacks` excepted.
pub(crate) fn no_such_stack(name: &str) -> Refusal {
    Refusal::validation(format!("Stack [{name}] does not exist"))
}

/// What kind of error a code and a text are, as `shopctl-aws` reads them.
fn kind(code: &str, message: &str) -> CloudErrorKind {
    match code {
        "" => CloudErrorKind::Unreachable,
        "ExpiredToken" | "ExpiredTokenException" | "InvalidClientTokenId" => {
            CloudErrorKind::Credentials
        }
        "AccessDenied" | "AccessDeniedException" => CloudErrorKind::AccessDenied,
        "Throttling" | "SlowDown" | "TooManyRequestsException" => CloudErrorKind::Throttled,
        "NoSuchBucket" | "NoSuchKey" | "ChangeSetNotFound" | "ResourceNotFoundException" => {
            CloudErrorKind::NotFound
        }
        "PreconditionFailed"
        | "ConditionalRequestConflict"
        | "AlreadyExistsException"
        | "InvalidChangeSetStatus"
        | "OperationAborted" => CloudErrorKind::Conflict,
        "InternalFailure" | "InternalError" | "ServiceUnavailable" => CloudErrorKind::Service,
        "ValidationError" if message.contains("does not exist") => CloudErrorKind::NotFound,
        _ => CloudErrorKind::Refused,
    }
}
