//! Function `events` of a service on the database: what its queue brings.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use lambda_runtime::{Error, LambdaEvent};
use serde_json::Value;
use shop_core::batch::handle_events;
use shop_core::events::Event;
use shop_core::runtime::error_chain;

use crate::database::DatabaseError;

/// Why a message is to be delivered again, in one line.
#[derive(Debug, thiserror::Error)]
pub enum IncomingError {
    /// It is no event, or not one as its sender writes them.
    #[error("message is not as expected: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// The database.
    #[error("{0}")]
    Database(String),
}

impl From<DatabaseError> for IncomingError {
    fn from(error: DatabaseError) -> Self {
        IncomingError::Database(error_chain(&error))
    }
}

/// Handles one batch: each event alone.
///
/// # Errors
/// None; a message that failed is named in the answer.
pub async fn serve(
    event: LambdaEvent<SqsEvent>,
    handle: impl AsyncFn(Event<Value>) -> Result<(), IncomingError>,
) -> Result<SqsBatchResponse, Error> {
    Ok(handle_events(event.payload, handle).await)
}
