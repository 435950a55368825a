//! Events on the shop's bus: what arrives, and how one is published.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::trace::{self, TraceHeader};

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

/// How many events one call of PutEvents takes
/// (<https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>).
const MAX_ENTRIES: usize = 10;

/// An event that is to be published.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// What happened, for instance `OrderCreated`.
    pub detail_type: String,
    /// What it happened to: an identifier.
    pub resource: String,
    /// What there is to say about it.
    pub detail: Value,
    /// The trace it belongs to, when that is not the current one.
    pub trace: Option<TraceHeader>,
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
        let event = Outgoing {
            detail_type: detail_type.to_owned(),
            resource: resource.to_owned(),
            detail: serde_json::to_value(detail)?,
            trace: None,
        };
        self.publish_all(&[event]).await.map_err(|(_, error)| error)
    }

    /// Publishes events in their order; the failure names the first that the bus did not take.
    /// Events after that one may be on the bus all the same.
    pub async fn publish_all(&self, events: &[Outgoing]) -> Result<(), (usize, PublishError)> {
        for (group, events) in events.chunks(MAX_ENTRIES).enumerate() {
            self.put(events)
                .await
                .map_err(|(index, error)| (group * MAX_ENTRIES + index, error))?;
        }
        Ok(())
    }

    async fn put(&self, events: &[Outgoing]) -> Result<(), (usize, PublishError)> {
        let current = trace::current();
        let entries = events.iter().map(|event| {
            let header = event.trace.as_ref().or(current.as_ref());
            PutEventsRequestEntry::builder()
                .event_bus_name(&self.bus)
                .source(self.source)
                .detail_type(&event.detail_type)
                .resources(&event.resource)
                .detail(event.detail.to_string())
                .set_trace_header(header.map(TraceHeader::to_string))
                .build()
        });
        let answer = self
            .client
            .put_events()
            .set_entries(Some(entries.collect()))
            .send()
            .await
            .map_err(|error| {
                let error = PublishError::Call {
                    bus: self.bus.clone(),
                    source: Box::new(error),
                };
                (0, error)
            })?;
        // PutEvents answers 200 even when it took nothing.
        let refused = answer
            .entries()
            .iter()
            .enumerate()
            .find(|(_, entry)| entry.error_code().is_some());
        if let Some((index, entry)) = refused {
            let error = PublishError::Refused {
                bus: self.bus.clone(),
                code: entry.error_code().unwrap_or_default().to_owned(),
                message: entry.error_message().unwrap_or_default().to_owned(),
            };
            return Err((index, error));
        }
        Ok(())
    }
}
