//! Function `events`: what the order service tells. Every message may come
//! twice, and none is sure to come in time.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use lambda_runtime::{Error, LambdaEvent};
use serde::Deserialize;
use serde_json::Value;
use shop_core::events::Event;
use shop_mysql::incoming::{self, IncomingError};
use shop_mysql::outbox::Sink;

use crate::ledger::{Entry, Ledger};

#[derive(Debug, Deserialize)]
struct Modified {
    new: Entry,
}

/// Handles one batch.
pub async fn serve<S: Sink>(
    ledger: &Ledger<S>,
    event: LambdaEvent<SqsEvent>,
) -> Result<SqsBatchResponse, Error> {
    incoming::serve(event, async |event| handle(ledger, event).await).await
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
