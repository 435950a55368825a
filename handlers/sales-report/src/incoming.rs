//! Function `events`: what the order service tells. Every message may come
//! twice, and none is sure to come in time.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use lambda_runtime::{Error, LambdaEvent};
use serde::Deserialize;
use serde_json::Value;
use shop_core::batch::handle_batch;
use shop_core::events::Event;
use shop_core::runtime::error_chain;
use shop_mysql::database::DatabaseError;
use shop_mysql::outbox::Sink;

use crate::ledger::{Entry, Ledger};

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

#[derive(Debug, Deserialize)]
struct Modified {
    new: Entry,
}

/// Handles one batch.
pub async fn serve<S: Sink>(
    ledger: &Ledger<S>,
    event: LambdaEvent<SqsEvent>,
) -> Result<SqsBatchResponse, Error> {
    Ok(handle_batch(event.payload, async |message: SqsMessage| {
        let event = serde_json::from_str(message.body.as_deref().unwrap_or_default())?;
        handle(ledger, event).await
    })
    .await)
}

/// Handles one event.
pub async fn handle<S: Sink>(ledger: &Ledger<S>, event: Event<Value>) -> Result<(), IncomingError> {
    let detail = event.detail;
    let entry = match event.detail_type.as_str() {
        "OrderCreated" => serde_json::from_value(detail)?,
        "OrderModified" => serde_json::from_value::<Modified>(detail)?.new,
        "OrderDeleted" => {
            let entry: Entry = serde_json::from_value(detail)?;
            ledger.delete(&entry).await?;
            tracing::info!(order_id = %entry.order_id, "order deleted");
            return Ok(());
        }
        detail_type => {
            tracing::warn!(detail_type, "event is none of ours");
            return Ok(());
        }
    };
    let written = ledger.write(&entry).await?;
    tracing::info!(order_id = %entry.order_id, status = %entry.status, written, "order noted");
    Ok(())
}
