//! The client that tries again what a table does not take just now.
//!
//! The SDK tries again what throttles a whole call. It gives up at once when a transaction is
//! cancelled because one of its rows is part of another transaction, or when a write meets one: both
//! are common where many customers write the same row, for instance redeem the same promotion code.

use std::error::Error;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::config::interceptors::InterceptorContext;
use aws_sdk_dynamodb::config::retry::{ClassifyRetry, RetryAction, RetryConfig};
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_types::SdkConfig;

/// How often a call is made at most.
pub(super) const ATTEMPTS: u32 = 8;

/// The first pause is up to this long, each further one up to twice as long as the one before: a
/// random part of it, so that those who met do not meet again.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// No pause is longer. All of them together are shorter than four seconds, and two seconds on
/// average: two such calls fit into every function's time.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Codes of refusals that pass. The first three are those of a cancelled transaction's writes
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>),
/// the others those of whole calls.
const PASSING: [&str; 8] = [
    "TransactionConflict",
    "ThrottlingError",
    "ProvisionedThroughputExceeded",
    "TransactionConflictException",
    "TransactionInProgressException",
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
];

/// A client for tables, which tries again within seconds what a table does not take just now.
pub fn client(aws: &SdkConfig) -> Client {
    let retries = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(FIRST_PAUSE)
        .with_max_backoff(LONGEST_PAUSE);
    let config = Builder::from(aws)
        .retry_config(retries)
        .retry_classifier(Passing);
    Client::from_conf(config.build())
}

/// Whether what `code` says passes.
pub(super) fn passes(code: &str) -> bool {
    PASSING.contains(&code)
}

/// Knows the refusals that pass and that the SDK would not try again.
#[derive(Debug)]
struct Passing;

impl ClassifyRetry for Passing {
    fn classify_retry(&self, call: &InterceptorContext) -> RetryAction {
        let error = match call.output_or_error() {
            Some(Err(error)) => error.as_operation_error(),
            _ => None,
        };
        let Some(error) = error else {
            return RetryAction::NoActionIndicated;
        };
        let transaction = error.downcast_ref::<TransactWriteItemsError>();
        let mut codes = transaction.map_or_else(Vec::new, super::reasons);
        codes.extend(code(error.downcast_ref::<PutItemError>()));
        codes.extend(code(error.downcast_ref::<UpdateItemError>()));
        codes.extend(code(error.downcast_ref::<DeleteItemError>()));
        if codes.into_iter().any(passes) {
            RetryAction::throttling_error()
        } else {
            RetryAction::NoActionIndicated
        }
    }

    fn name(&self) -> &'static str {
        "Refusals of a table that pass"
    }
}

fn code<E: Error + ProvideErrorMetadata>(error: Option<&E>) -> Option<&str> {
    error.and_then(ProvideErrorMetadata::code)
}
