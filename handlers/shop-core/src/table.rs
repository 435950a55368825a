//! What services do alike with a table of DynamoDB.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// Whether the condition of a write held. Any other error stays one.
pub fn held<T, E: ProvideErrorMetadata, R>(
    written: Result<T, SdkError<E, R>>,
) -> Result<bool, SdkError<E, R>> {
    match written {
        Ok(_) => Ok(true),
        Err(error) if is_condition(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

fn is_condition<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    let code = error.as_service_error().and_then(|error| error.code());
    code == Some("ConditionalCheckFailedException")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use aws_sdk_dynamodb::error::ErrorMetadata;
    use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;

    use super::*;

    fn failed(code: &str) -> SdkError<DeleteItemError, ()> {
        let metadata = ErrorMetadata::builder().code(code).build();
        SdkError::service_error(DeleteItemError::generic(metadata), ())
    }

    #[test]
    fn a_condition_that_does_not_hold_is_an_answer_and_all_else_an_error() {
        assert!(held(Ok::<_, SdkError<DeleteItemError, ()>>(())).unwrap());
        assert!(!held(Err::<(), _>(failed("ConditionalCheckFailedException"))).unwrap());
        assert!(
            held(Err::<(), _>(failed(
                "ProvisionedThroughputExceededException"
            )))
            .is_err()
        );
    }
}
