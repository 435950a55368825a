//! Events on the shop's bus: what arrives, and how one is published.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// An event as EventBridge delivers it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Event<T> {
    /// The event's own identifier; the same when it is delivered twice.
    pub id: String,
    /// Who published it, for instance `shop.orders`.
    pub source: String,
    /// What happened, for instance `OrderCreated`.
    #[serde(rename = "detail-type")]
    pub detail_type: String,
    /// When it was published.
    pub time: DateTime<Utc>,
    /// What it is about.
    pub detail: T,
}

/// Why an event is not on the bus.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The detail cannot be written as JSON.
    #[error("event cannot be encoded")]
    Encode(#[from] serde_json::Error),
    /// The bus did not answer, or with an error.
    #[error("event bus {bus} cannot be reached")]
    Call {
        /// The bus.
        bus: String,
        /// What the SDK says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The bus answered, but did not take this event.
    #[error("event bus {bus} refused the event: {code}: {message}")]
    Refused {
        /// The bus.
        bus: String,
        /// The error code.
        code: String,
        /// The error message.
        message: String,
    },
}

/// Publishes the events of one service.
#[derive(Debug, Clone)]
pub struct Publisher {
    client: Client,
    bus: String,
    source: &'static str,
}

impl Publisher {
    /// A publisher to `bus` that signs as `source`.
    pub fn new(client: Client, bus: String, source: &'static str) -> Self {
        Publisher {
            client,
            bus,
            source,
        }
    }

    /// Publishes one event about `resource`. Done only when the bus took it.
    pub async fn publish(
        &self,
        detail_type: &str,
        resource: &str,
        detail: &impl Serialize,
    ) -> Result<(), PublishError> {
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(&self.bus)
            .source(self.source)
            .detail_type(detail_type)
            .resources(resource)
            .detail(serde_json::to_string(detail)?)
            .build();
        let answer = self
            .client
            .put_events()
            .entries(entry)
            .send()
            .await
            .map_err(|error| PublishError::Call {
                bus: self.bus.clone(),
                source: Box::new(error),
            })?;
        // PutEvents answers 200 even when it took nothing.
        let refused = answer
            .entries()
            .iter()
            .find(|entry| entry.error_code().is_some());
        if let Some(entry) = refused {
            return Err(PublishError::Refused {
                bus: self.bus.clone(),
                code: entry.error_code().unwrap_or_default().to_owned(),
                message: entry.error_message().unwrap_or_default().to_owned(),
            });
        }
        Ok(())
    }
}
