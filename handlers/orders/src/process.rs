//! Function `process`: takes orders from the queue, writes them down as created
//! and tells the bus.
//!
//! A message may come twice, and the process may end between any two steps:
//! the row keeps the note `unpublished` until the bus has the event, so that
//! the next delivery does what is missing and no more. Whoever listens on the
//! bus may still hear of an order twice.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use chrono::{DateTime, Utc};
use lambda_runtime::{Error, LambdaEvent};
use shop_core::batch::handle_batch;
use shop_core::order::{CustomerOrder, now};
use shop_core::runtime::error_chain;

use crate::intake::Failure;

/// What processing needs of the world.
pub trait Processing {
    /// Makes the order `CREATED`; gives it back if the bus has to be told of it.
    async fn confirm(
        &self,
        order: &CustomerOrder,
        now: DateTime<Utc>,
    ) -> Result<Option<CustomerOrder>, Failure>;

    /// Tells the bus.
    async fn publish(&self, order: &CustomerOrder) -> Result<(), Failure>;

    /// Notes that the bus was told.
    async fn published(&self, order: &CustomerOrder) -> Result<(), Failure>;
}

/// Why a message could not be processed, in one line.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It is no order.
    #[error("message is not an order: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// A step failed.
    #[error("{0}")]
    Step(String),
}

impl From<Failure> for ProcessError {
    fn from(failure: Failure) -> Self {
        ProcessError::Step(error_chain(&*failure))
    }
}

/// Processes one batch.
pub async fn serve(
    shop: &impl Processing,
    event: LambdaEvent<SqsEvent>,
) -> Result<SqsBatchResponse, Error> {
    Ok(handle_batch(event.payload, async |message: SqsMessage| {
        process(shop, message.body.as_deref().unwrap_or_default(), now()).await
    })
    .await)
}

async fn process(
    shop: &impl Processing,
    body: &str,
    now: DateTime<Utc>,
) -> Result<(), ProcessError> {
    let message: CustomerOrder = serde_json::from_str(body)?;
    let order_id = &message.order.order_id;
    let Some(order) = shop.confirm(&message, now).await? else {
        tracing::info!(%order_id, "order was processed before");
        return Ok(());
    };
    shop.publish(&order).await?;
    shop.published(&order).await?;
    tracing::info!(%order_id, "order created");
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use std::cell::{Cell, RefCell};
    use std::collections::HashMap;

    use lambda_runtime::Context;
    use serde_json::json;
    use shop_core::id::Id;
    use shop_core::order::OrderStatus;

    use super::*;

    #[derive(Default)]
    struct FakeShop {
        /// Orders, and whether the bus still has to be told.
        table: RefCell<HashMap<Id, (CustomerOrder, bool)>>,
        bus: RefCell<Vec<CustomerOrder>>,
        bus_down: Cell<bool>,
        forgetful: Cell<bool>,
    }

    impl Processing for FakeShop {
        async fn confirm(
            &self,
            order: &CustomerOrder,
            now: DateTime<Utc>,
        ) -> Result<Option<CustomerOrder>, Failure> {
            let mut table = self.table.borrow_mut();
            let (stored, unpublished) = table
                .entry(order.order.order_id.clone())
                .or_insert_with(|| (order.clone(), false));
            if stored.order.status == OrderStatus::New {
                stored.order.status = OrderStatus::Created;
                stored.order.modified_date = now;
                *unpublished = true;
            }
            Ok(unpublished.then(|| stored.clone()))
        }

        async fn publish(&self, order: &CustomerOrder) -> Result<(), Failure> {
            if self.bus_down.get() {
                return Err("the bus is down".into());
            }
            self.bus.borrow_mut().push(order.clone());
            Ok(())
        }

        async fn published(&self, order: &CustomerOrder) -> Result<(), Failure> {
            if self.forgetful.get() {
                return Err("the table is down".into());
            }
            let mut table = self.table.borrow_mut();
            table.get_mut(&order.order.order_id).unwrap().1 = false;
            Ok(())
        }
    }

    fn message(name: &str) -> serde_json::Value {
        json!({
            "userId": "eve", "email": "eve@example.com",
            "orderId": Id::fixed(1_767_225_600, name), "status": "NEW",
            "createdDate": "2026-01-02T03:04:05.678Z", "modifiedDate": "2026-01-02T03:04:05.678Z",
            "items": [],
            "address": {"name": "Eve", "street": "1", "city": "C", "postalCode": "1", "country": "DE"},
            "total": {"amount": 100, "currency": "EUR"},
        })
    }

    async fn deliver(shop: &FakeShop, messages: &[(&str, &str)]) -> Vec<String> {
        let record = |(id, body): &(&str, &str)| json!({ "messageId": id, "body": body });
        let records: Vec<_> = messages.iter().map(record).collect();
        let event = serde_json::from_value(json!({ "Records": records })).unwrap();
        let response = serve(shop, LambdaEvent::new(event, Context::default()))
            .await
            .unwrap();
        let failures = response.batch_item_failures.into_iter();
        failures.map(|failure| failure.item_identifier).collect()
    }

    #[tokio::test]
    async fn an_order_becomes_created_and_is_told_once_however_often_it_comes() {
        let shop = FakeShop::default();
        let body = message("a").to_string();
        for _ in 0..3 {
            assert!(deliver(&shop, &[("1", &body)]).await.is_empty());
        }
        let told = shop.bus.borrow();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].order.status, OrderStatus::Created);
        assert_eq!(told[0].email.as_deref(), Some("eve@example.com"));
    }

    #[tokio::test]
    async fn an_event_that_the_bus_did_not_take_is_told_with_the_next_delivery() {
        let shop = FakeShop::default();
        let body = message("a").to_string();
        shop.bus_down.set(true);
        assert_eq!(deliver(&shop, &[("1", &body)]).await, ["1"]);
        shop.bus_down.set(false);
        assert!(deliver(&shop, &[("1", &body)]).await.is_empty());
        assert_eq!(shop.bus.borrow().len(), 1);
    }

    #[tokio::test]
    async fn an_event_is_rather_told_twice_than_never() {
        let shop = FakeShop::default();
        let body = message("a").to_string();
        shop.forgetful.set(true);
        assert_eq!(deliver(&shop, &[("1", &body)]).await, ["1"]);
        shop.forgetful.set(false);
        assert!(deliver(&shop, &[("1", &body)]).await.is_empty());
        assert_eq!(shop.bus.borrow().len(), 2);
    }

    #[tokio::test]
    async fn a_poisoned_message_does_not_hold_up_the_others() {
        let shop = FakeShop::default();
        let (a, b) = (message("a").to_string(), message("b").to_string());
        let failed = deliver(
            &shop,
            &[("1", &a), ("2", "{}"), ("3", "no json"), ("4", &b)],
        )
        .await;
        assert_eq!(failed, ["2", "3"]);
        assert_eq!(shop.bus.borrow().len(), 2);
    }
}
