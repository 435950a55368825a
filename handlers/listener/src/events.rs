//! Function `events`: passes each event on to those who registered for its service.
//!
//! An event that could not be passed on to one of them comes again, and may be heard twice by the
//! others, as on the bus itself.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use chrono::Utc;
use futures::future::join_all;
use lambda_runtime::{Error, LambdaEvent};
use serde::Deserialize;
use shop_core::batch::handle_batch;
use shop_core::runtime::error_chain;

use crate::connections::{Post, Sent};
use crate::registry::{Failure, Registry};

/// Why an event comes again.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// It is none.
    #[error("message is not an event: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// The table of who wants to hear it.
    #[error("{0}")]
    Registry(String),
    /// A message that was not sent.
    #[error("event not passed on to {0} of its listeners")]
    Unsent(usize),
}

impl From<Failure> for EventError {
    fn from(failure: Failure) -> Self {
        EventError::Registry(error_chain(&*failure))
    }
}

/// Of an event, what decides who hears it.
#[derive(Debug, Deserialize)]
struct Event {
    source: String,
}

/// Passes a batch on.
pub async fn serve(
    registry: &impl Registry,
    connections: &impl Post,
    event: LambdaEvent<SqsEvent>,
) -> Result<SqsBatchResponse, Error> {
    let handle = async |message: SqsMessage| {
        let text = message.body.unwrap_or_default();
        pass_on(registry, connections, &text).await
    };
    Ok(handle_batch(event.payload, handle).await)
}

async fn pass_on(
    registry: &impl Registry,
    connections: &impl Post,
    text: &str,
) -> Result<(), EventError> {
    let Event { source } = serde_json::from_str(text)?;
    let listeners = registry.listeners(&source, Utc::now()).await?;
    let sent = join_all(listeners.iter().map(|id| connections.post(id, text))).await;
    let mut unsent = 0;
    for (id, sent) in listeners.iter().zip(sent) {
        match sent {
            Ok(Sent::Yes) => {}
            Ok(Sent::Gone) => registry.remove(id).await?,
            Ok(Sent::TooLarge) => tracing::warn!(id, source, "event is larger than a message"),
            Err(error) => {
                tracing::error!(
                    id,
                    source,
                    error = error_chain(&error),
                    "event not passed on"
                );
                unsent += 1;
            }
        }
    }
    if unsent > 0 {
        return Err(EventError::Unsent(unsent));
    }
    tracing::info!(source, listeners = listeners.len(), "event passed on");
    Ok(())
}

#[cfg(test)]
pub mod tests {
    #![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

    use std::cell::RefCell;
    use std::collections::{BTreeMap, BTreeSet};

    use chrono::DateTime;
    use reqwest::StatusCode;
    use serde_json::json;

    use super::*;
    use crate::connections::SendError;

    /// Services with connections.
    #[derive(Debug, Default)]
    pub struct Memory(RefCell<BTreeSet<(String, String)>>);

    impl Memory {
        pub fn rows(&self) -> Vec<(String, String)> {
            self.0.borrow().iter().cloned().collect()
        }
    }

    impl Registry for Memory {
        async fn add(
            &self,
            id: &str,
            services: &[String],
            _: DateTime<Utc>,
        ) -> Result<(), Failure> {
            let rows = services.iter().map(|s| (s.clone(), id.to_owned()));
            self.0.borrow_mut().extend(rows);
            Ok(())
        }

        async fn listeners(&self, service: &str, _: DateTime<Utc>) -> Result<Vec<String>, Failure> {
            let rows = self.rows().into_iter();
            let rows = rows.filter(|(known, _)| known == service);
            Ok(rows.map(|(_, id)| id).collect())
        }

        async fn remove(&self, id: &str) -> Result<(), Failure> {
            self.0.borrow_mut().retain(|(_, known)| known != id);
            Ok(())
        }
    }

    /// Open connections with what they heard.
    #[derive(Debug, Default)]
    pub struct Sockets {
        heard: RefCell<BTreeMap<String, Vec<String>>>,
        /// A connection to which nothing gets through.
        pub jammed: Option<&'static str>,
    }

    impl Sockets {
        pub fn open(ids: &[&str]) -> Self {
            let heard = ids.iter().map(|id| ((*id).to_owned(), Vec::new()));
            Sockets {
                heard: RefCell::new(heard.collect()),
                jammed: None,
            }
        }

        pub fn heard(&self, id: &str) -> Vec<String> {
            self.heard.borrow()[id].clone()
        }
    }

    impl Post for Sockets {
        async fn post(&self, id: &str, text: &str) -> Result<Sent, SendError> {
            if self.jammed == Some(id) {
                return Err(SendError::Refused(StatusCode::TOO_MANY_REQUESTS));
            }
            match self.heard.borrow_mut().get_mut(id) {
                None => Ok(Sent::Gone),
                Some(_) if text.len() > 128 * 1024 => Ok(Sent::TooLarge),
                Some(heard) => {
                    heard.push(text.to_owned());
                    Ok(Sent::Yes)
                }
            }
        }
    }

    fn event(source: &str, detail: &str) -> String {
        json!({ "id": "e-1", "source": source, "detail-type": "X", "detail": detail }).to_string()
    }

    /// `c-1` and `c-2` hear orders, `c-3` users.
    async fn registered() -> Memory {
        let registry = Memory::default();
        for (id, service) in [("c-1", "orders"), ("c-2", "orders"), ("c-3", "users")] {
            let services = [format!("shop.{service}")];
            registry.add(id, &services, Utc::now()).await.unwrap();
        }
        registry
    }

    #[tokio::test]
    async fn those_who_registered_hear_the_event_as_it_is() {
        let sockets = Sockets::open(&["c-1", "c-2", "c-3"]);
        let text = event("shop.orders", "o-1");
        pass_on(&registered().await, &sockets, &text).await.unwrap();
        assert_eq!(sockets.heard("c-1"), [text.as_str()]);
        assert_eq!(sockets.heard("c-2"), [text.as_str()]);
        assert_eq!(sockets.heard("c-3"), [""; 0]);
    }

    #[tokio::test]
    async fn who_is_gone_is_forgotten_and_the_others_hear_it() {
        let (registry, sockets) = (registered().await, Sockets::open(&["c-2", "c-3"]));
        let text = event("shop.orders", "o-1");
        pass_on(&registry, &sockets, &text).await.unwrap();
        assert_eq!(sockets.heard("c-2").len(), 1);
        let left: Vec<_> = registry.rows().into_iter().map(|(_, id)| id).collect();
        assert_eq!(left, ["c-2", "c-3"]);
    }

    #[tokio::test]
    async fn an_event_that_did_not_get_through_comes_again() {
        let mut sockets = Sockets::open(&["c-1", "c-2"]);
        sockets.jammed = Some("c-1");
        let text = event("shop.orders", "o-1");
        let error = pass_on(&registered().await, &sockets, &text).await;
        insta::assert_snapshot!(error.unwrap_err(), @"event not passed on to 1 of its listeners");
        assert_eq!(sockets.heard("c-2").len(), 1, "who can hear it does");
        assert!(pass_on(&registered().await, &sockets, "{}").await.is_err());
    }

    #[tokio::test]
    async fn an_event_that_is_no_message_is_left_out() {
        let sockets = Sockets::open(&["c-1", "c-2"]);
        let large = event("shop.orders", &"x".repeat(200_000));
        pass_on(&registered().await, &sockets, &large)
            .await
            .unwrap();
        assert_eq!(sockets.heard("c-1"), [""; 0]);
    }
}
