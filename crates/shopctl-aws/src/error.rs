//! SDK errors to [`CloudError`]s.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use shopctl_deploy::ports::{CloudError, CloudErrorKind};

/// Says which call failed and why, in the service's words where it said any.
pub(crate) fn map<E, R>(operation: impl Into<String>, error: SdkError<E, R>) -> CloudError
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let operation = operation.into();
    let (kind, message) = match &error {
        SdkError::ServiceError(context) => {
            let metadata = context.err();
            let code = metadata.code().unwrap_or("Unknown");
            let message = match metadata.message() {
                Some(message) => format!("{message} ({code})"),
                None => code.to_owned(),
            };
            (
                classify(code, metadata.message().unwrap_or_default()),
                message,
            )
        }
        SdkError::DispatchFailure(failure) => {
            let text = chain(&error);
            let credentials = is_about_credentials(&error)
                || failure.as_other().is_some()
                    && (text.contains("credential") || text.contains("identity"));
            if credentials {
                (CloudErrorKind::Credentials, text)
            } else {
                (CloudErrorKind::Unreachable, text)
            }
        }
        SdkError::TimeoutError(_) => (CloudErrorKind::Unreachable, chain(&error)),
        SdkError::ResponseError(_) => (CloudErrorKind::Service, chain(&error)),
        // Building a request fails, among others, when a profile is broken.
        _ => {
            let text = chain(&error);
            let kind = if is_about_credentials(&error)
                || text.contains("credential")
                || text.contains("identity")
            {
                CloudErrorKind::Credentials
            } else {
                CloudErrorKind::Refused
            };
            (kind, text)
        }
    };
    CloudError {
        kind,
        operation,
        message,
    }
}

fn classify(code: &str, message: &str) -> CloudErrorKind {
    match code {
        "ExpiredToken"
        | "ExpiredTokenException"
        | "RequestTimeTooSkewed"
        | "InvalidClientTokenId"
        | "RequestExpired"
        | "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException"
        | "MissingAuthenticationToken"
        | "InvalidToken"
        | "AuthFailure" => CloudErrorKind::Credentials,
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "Forbidden" => {
            CloudErrorKind::AccessDenied
        }
        "Throttling"
        | "ThrottlingException"
        | "TooManyRequestsException"
        | "SlowDown"
        | "RequestLimitExceeded" => CloudErrorKind::Throttled,
        "NoSuchBucket"
        | "NoSuchKey"
        | "NoSuchDistribution"
        | "NotFound"
        | "ResourceNotFoundException"
        | "ChangeSetNotFound"
        | "ChangeSetNotFoundException" => CloudErrorKind::NotFound,
        "PreconditionFailed"
        | "ConditionalRequestConflict"
        | "AlreadyExistsException"
        | "InvalidChangeSetStatus"
        | "ResourceConflictException"
        | "OperationAborted" => CloudErrorKind::Conflict,
        "InternalFailure" | "InternalError" | "ServiceUnavailable" => CloudErrorKind::Service,
        "ValidationError" if message.contains("does not exist") => CloudErrorKind::NotFound,
        _ => CloudErrorKind::Refused,
    }
}

/// Whether what hands out credentials failed, however deep the SDK has wrapped that.
fn is_about_credentials(error: &(dyn Error + 'static)) -> bool {
    let mut current = Some(error);
    while let Some(error) = current {
        if error.is::<CredentialsError>() {
            return true;
        }
        current = error.source();
    }
    false
}

/// The causes of an error on one line, innermost last, each said once.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut current = Some(error);
    while let Some(error) = current {
        let text = error.to_string();
        if parts.last() != Some(&text) {
            parts.push(text);
        }
        current = error.source();
    }
    parts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_stack_is_told_from_other_validation_errors() {
        let kind = classify("ValidationError", "Stack with id shop does not exist");
        assert_eq!(kind, CloudErrorKind::NotFound);
        let kind = classify("ValidationError", "Template format error");
        assert_eq!(kind, CloudErrorKind::Refused);
    }

    #[test]
    fn an_expired_token_is_about_credentials() {
        assert_eq!(classify("ExpiredToken", ""), CloudErrorKind::Credentials);
    }
}
