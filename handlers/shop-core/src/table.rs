//! What services do alike with a table of DynamoDB: a client with patience, transactions, writes with
//! a condition, and tombstones.
//!
//! A table refuses a write for one of two reasons. A condition does not hold: that is an answer. Or
//! somebody else writes the same row in a transaction at this moment, or more is asked for than the
//! table takes: that passes, and the client of [`client`] tries again by itself. Only when it did not
//! pass in time is it an error, [`WriteError::Overloaded`], which a caller of the API is told as 503.
//!
//! A row that late messages must not make anew leaves a tombstone when it is deleted: its key and an
//! attribute that says so. Who reads rows passes it over, and to the stream's reader
//! ([`crate::stream`]) the row is gone.

use std::collections::HashMap;
use std::error::Error;
use std::fmt::Debug;
use std::hash::BuildHasher;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

mod patience;

pub use patience::client;

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

/// Why a table did not take a write whose condition may well hold.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// However often it was tried, others wrote the same rows, or too much was written.
    #[error("table is overloaded")]
    Overloaded(#[source] Box<dyn Error + Send + Sync>),
    /// It did not answer, or with an error that does not pass.
    #[error("table cannot be written")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

impl WriteError {
    /// Whether this is what went wrong at the bottom of `error`.
    pub fn is_overload(error: &(dyn Error + 'static)) -> bool {
        let mut level = Some(error);
        while let Some(error) = level {
            if let Some(WriteError::Overloaded(_)) = error.downcast_ref() {
                return true;
            }
            level = error.source();
        }
        false
    }
}

/// What became of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transacted {
    /// Everything is written.
    Written,
    /// Nothing is: a condition did not hold. The number is the place of the write in the transaction,
    /// and where several did not hold, the first one's.
    Refused(usize),
}

/// Makes all the writes or none of them.
///
/// # Errors
/// [`WriteError`] when it is none of the conditions that keeps them from being made.
pub async fn transact(
    client: &Client,
    writes: Vec<TransactWriteItem>,
) -> Result<Transacted, WriteError> {
    let answer = client
        .transact_write_items()
        .set_transact_items(Some(writes))
        .send()
        .await;
    let Err(error) = answer else {
        return Ok(Transacted::Written);
    };
    let reasons = error.as_service_error().map_or_else(Vec::new, reasons);
    // While one write waits for somebody else's, it is not known whether the others' conditions will
    // hold when that is done.
    if reasons.iter().any(|reason| patience::passes(reason)) {
        return Err(WriteError::Overloaded(Box::new(error)));
    }
    let refused = reasons
        .iter()
        .position(|reason| *reason == "ConditionalCheckFailed");
    match refused {
        Some(place) => Ok(Transacted::Refused(place)),
        None => Err(failed(error)),
    }
}

/// Why the transaction was cancelled: one code for each write, `None` for one that would have been
/// fine.
fn reasons(error: &TransactWriteItemsError) -> Vec<&str> {
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else {
        return Vec::new();
    };
    let reasons = cancelled.cancellation_reasons().iter();
    reasons
        .map(|reason| reason.code().unwrap_or("None"))
        .collect()
}

/// Whether the condition of a write held.
///
/// # Errors
/// [`WriteError`] when it is not the condition that keeps it from being made.
pub fn held<T, E, R>(written: Result<T, SdkError<E, R>>) -> Result<bool, WriteError>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: Debug + Send + Sync + 'static,
{
    match written {
        Ok(_) => Ok(true),
        Err(error) if is_condition(&error) => Ok(false),
        Err(error) => Err(failed(error)),
    }
}

/// Whether what went wrong is that the condition of the write did not hold.
pub fn is_condition<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    code(error) == Some("ConditionalCheckFailedException")
}

/// What a write is that failed for another reason than its condition.
fn failed<E, R>(error: SdkError<E, R>) -> WriteError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: Debug + Send + Sync + 'static,
{
    if code(&error).is_some_and(patience::passes) {
        WriteError::Overloaded(Box::new(error))
    } else {
        WriteError::Failed(Box::new(error))
    }
}

fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<&str> {
    error.as_service_error().and_then(|error| error.code())
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
