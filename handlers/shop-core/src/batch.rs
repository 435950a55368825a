//! Batches from SQS: every message is handled, and only those that failed come back.

use std::fmt;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures::future::join_all;
use serde_json::Value;

use crate::events::Event;
use crate::trace;

/// Handles the messages of `event` and names those that have to be delivered again.
///
/// No message waits for another one, not even in a FIFO group: what is given back unseen behind one
/// that fails counts as tried as often, and would end among the dead letters with it. A consumer has
/// to bear any order anyway. Each message is handled within the trace that it came with.
pub async fn handle_batch<E: fmt::Display>(
    event: SqsEvent,
    handle: impl AsyncFn(SqsMessage) -> Result<(), E>,
) -> SqsBatchResponse {
    let handle = &handle;
    let failed = join_all(event.records.into_iter().map(async |message| {
        let id = message.message_id.clone().unwrap_or_default();
        let header = message.attributes.get("AWSTraceHeader").cloned();
        trace::within_message(header.as_deref(), async {
            let error = handle(message).await.err()?;
            trace::fault();
            tracing::error!(message_id = id, error = %error, "message failed");
            Some(id)
        })
        .await
    }))
    .await;

    let mut response = SqsBatchResponse::default();
    response.set_failures(failed.into_iter().flatten());
    response
}

/// The same for messages that are events of the bus: one that is none fails.
pub async fn handle_events<E: fmt::Display + From<serde_json::Error>>(
    event: SqsEvent,
    handle: impl AsyncFn(Event<Value>) -> Result<(), E>,
) -> SqsBatchResponse {
    handle_batch(event, async |message: SqsMessage| {
        let body = message.body.as_deref().unwrap_or_default();
        handle(serde_json::from_str(body)?).await
    })
    .await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use std::cell::RefCell;

    use serde_json::json;

    use super::*;

    fn event(messages: &[(&str, Option<&str>)]) -> SqsEvent {
        let records: Vec<_> = messages
            .iter()
            .map(|(id, group)| match group {
                Some(group) => {
                    json!({"messageId": id, "body": id, "attributes": {"MessageGroupId": group}})
                }
                None => json!({"messageId": id, "body": id, "attributes": {}}),
            })
            .collect();
        serde_json::from_value(json!({ "Records": records })).unwrap()
    }

    async fn run(
        messages: &[(&str, Option<&str>)],
        poisoned: &[&str],
    ) -> (Vec<String>, Vec<String>) {
        let handled = RefCell::new(Vec::new());
        let response = handle_batch(event(messages), async |message: SqsMessage| {
            let id = message.message_id.unwrap();
            if poisoned.contains(&id.as_str()) {
                return Err("poisoned");
            }
            handled.borrow_mut().push(id);
            Ok(())
        })
        .await;
        let failed = response
            .batch_item_failures
            .into_iter()
            .map(|failure| failure.item_identifier)
            .collect();
        (handled.into_inner(), failed)
    }

    #[tokio::test]
    async fn one_poisoned_message_among_ten_comes_back_alone() {
        let ids: Vec<String> = (0..10).map(|n| n.to_string()).collect();
        let messages: Vec<_> = ids.iter().map(|id| (id.as_str(), None)).collect();
        let (handled, failed) = run(&messages, &["4"]).await;
        assert_eq!(handled.len(), 9);
        assert_eq!(failed, ["4"]);
    }

    #[tokio::test]
    async fn a_failed_message_takes_no_other_of_its_group_along() {
        let messages = [
            ("a1", Some("a")),
            ("b1", Some("b")),
            ("a2", Some("a")),
            ("a3", Some("a")),
            ("b2", Some("b")),
        ];
        let (handled, failed) = run(&messages, &["a2"]).await;
        assert_eq!(handled, ["a1", "b1", "a3", "b2"]);
        assert_eq!(failed, ["a2"]);
    }

    #[tokio::test]
    async fn a_batch_without_failures_gives_nothing_back() {
        let (handled, failed) = run(&[("a1", Some("a")), ("n1", None)], &[]).await;
        assert_eq!(handled, ["a1", "n1"]);
        assert!(failed.is_empty());
    }
}
