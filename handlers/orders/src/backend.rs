//! The world as the functions need it, made of AWS clients.

use aws_sdk_lambda::primitives::Blob;
use chrono::{DateTime, Utc};
use shop_core::idempotency::{IdempotencyStore, Remembered};
use shop_core::order::CustomerOrder;
use shop_core::quote::{Quote, QuoteRequest};

use crate::draft::Line;
use crate::intake::{Failure, Intake};
use crate::process::Processing;
use crate::store::Store;

/// The catalogue answered, but not with a quote.
#[derive(Debug, thiserror::Error)]
#[error("quote function failed: {0}")]
struct QuoteFailed(String);

/// For function `api`.
#[derive(Debug)]
pub struct IntakeBackend {
    /// Where orders are kept.
    pub store: Store,
    /// What earlier requests left.
    pub memory: IdempotencyStore,
    /// To send orders with.
    pub queue: aws_sdk_sqs::Client,
    /// Where to.
    pub queue_url: String,
    /// To ask the catalogue with.
    pub lambda: aws_sdk_lambda::Client,
    /// The function that quotes.
    pub quote_function: String,
}

impl Intake for IntakeBackend {
    async fn recall(&self, key: &str, now: DateTime<Utc>) -> Result<Option<Remembered>, Failure> {
        Ok(self.memory.recall(key, now).await?)
    }

    async fn remember(
        &self,
        key: &str,
        fingerprint: &str,
        payload: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Remembered>, Failure> {
        Ok(self.memory.remember(key, fingerprint, payload, now).await?)
    }

    /// Asks the catalogue's own function instead of reading its table: how the table looks stays
    /// the catalogue's business, and the permission to call is the authentication.
    async fn quote(&self, lines: &[Line]) -> Result<Quote, Failure> {
        let request = QuoteRequest {
            product_ids: lines.iter().map(|line| line.product_id.clone()).collect(),
        };
        let answer = self
            .lambda
            .invoke()
            .function_name(&self.quote_function)
            .payload(Blob::new(serde_json::to_vec(&request)?))
            .send()
            .await?;
        let payload = answer.payload.map(Blob::into_inner).unwrap_or_default();
        if let Some(kind) = answer.function_error {
            let text = String::from_utf8_lossy(&payload);
            return Err(QuoteFailed(format!("{kind}: {text}")).into());
        }
        Ok(serde_json::from_slice(&payload)?)
    }

    async fn find(&self, order: &CustomerOrder) -> Result<Option<CustomerOrder>, Failure> {
        Ok(self
            .store
            .get(&order.user_id, &order.order.order_id)
            .await?)
    }

    async fn enqueue(&self, order: &CustomerOrder) -> Result<(), Failure> {
        self.queue
            .send_message()
            .queue_url(&self.queue_url)
            .message_group_id(&order.user_id)
            .message_deduplication_id(order.order.order_id.as_str())
            .message_body(serde_json::to_string(order)?)
            .send()
            .await?;
        Ok(())
    }

    async fn record(&self, order: &CustomerOrder) -> Result<CustomerOrder, Failure> {
        Ok(self.store.record(order).await?)
    }
}

/// For function `process`.
impl Processing for Store {
    async fn record(&self, order: &CustomerOrder) -> Result<CustomerOrder, Failure> {
        Ok(Store::record(self, order).await?)
    }
}
