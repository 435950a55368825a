//! What services do alike with a table of DynamoDB.
//!
//! A row that late messages must not make anew leaves a tombstone when it is deleted: its key and an
//! attribute that says so. Who reads rows passes it over, and to the stream's reader
//! ([`crate::stream`]) the row is gone.

use std::collections::HashMap;
use std::hash::BuildHasher;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::AttributeValue;

/// The attribute that only a tombstone has.
pub const TOMBSTONE: &str = "tombstone";

/// What a deleted row leaves under its `key`.
pub fn tombstone(mut key: HashMap<String, AttributeValue>) -> HashMap<String, AttributeValue> {
    key.insert(TOMBSTONE.to_owned(), AttributeValue::Bool(true));
    key
}

/// Whether there is only a tombstone of the row.
pub fn is_tombstone<V, S: BuildHasher>(row: &HashMap<String, V, S>) -> bool {
    row.contains_key(TOMBSTONE)
}

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

/// Whether what went wrong is that the condition of the write did not hold.
pub fn is_condition<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
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
