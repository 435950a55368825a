//! Function `process`: takes orders from the queue and sees that the table has
//! them.
//!
//! Usually it has: intake writes the order right after the queue took it. When
//! that failed, this makes up for it. What the table has stays as it is, and what
//! was deleted stays away, so that a message may come as often as it likes.
//!
//! An order may have been on its way while its account was deleted, with nobody
//! there to find it. So its customer's leaving is looked for after the table has
//! it ([`crate::farewell`] says why this is enough), and noted with the order,
//! which is brought to its end and then forgets him.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use chrono::{DateTime, Utc};
use lambda_runtime::{Error, LambdaEvent};
use shop_core::batch::handle_batch;
use shop_core::id::Id;
use shop_core::order::{CustomerOrder, now};
use shop_core::runtime::error_chain;
use shop_core::trace;

use crate::events::ATTEMPTS;
use crate::farewell::parted;
use crate::intake::Failure;
use crate::store::Stored;

/// What processing needs of the world.
pub trait Processing {
    /// Writes the order into the table unless it is or was there; gives back what the table then has.
    async fn record(&self, order: &CustomerOrder) -> Result<Option<Stored>, Failure>;

    /// Whether it is noted that the account is gone.
    async fn has_left(&self, user_id: &str, now: DateTime<Utc>) -> Result<bool, Failure>;

    /// Writes what became of an order, unless it was changed since it was read.
    async fn replace(&self, read: &Stored, order: &CustomerOrder) -> Result<bool, Failure>;
}

/// Why a message could not be processed, in one line.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It is no order.
    #[error("message is not an order: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// Others changed the order each time it was to be written.
    #[error("order {0} is changed by others all the time")]
    Contended(Id),
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

/// Processes one message.
pub async fn process(
    shop: &impl Processing,
    body: &str,
    now: DateTime<Utc>,
) -> Result<(), ProcessError> {
    let order: CustomerOrder = serde_json::from_str(body)?;
    let order_id = &order.order.order_id;
    trace::annotate("orderId", order_id.as_str());
    for _ in 0..ATTEMPTS {
        let Some(stored) = shop.record(&order).await? else {
            tracing::info!(%order_id, "order of the queue was deleted");
            return Ok(());
        };
        let status = stored.order.order.status;
        if stored.customer_left || !shop.has_left(&order.user_id, now).await? {
            tracing::info!(%order_id, %status, "order taken from the queue");
            return Ok(());
        }
        let (read, next) = parted(&stored, now);
        if shop.replace(&read, &next).await? {
            tracing::info!(%order_id, %status, "order taken from the queue, its customer has left");
            return Ok(());
        }
    }
    Err(ProcessError::Contended(order_id.clone()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use std::cell::{Cell, RefCell};
    use std::collections::HashMap;

    use lambda_runtime::Context;
    use serde_json::json;
    use shop_core::order::OrderStatus;

    use super::*;

    /// What becomes of customers who leave is tried in `farewell_tests.rs`.
    #[derive(Default)]
    struct FakeShop {
        /// Those that were deleted have nothing.
        table: RefCell<HashMap<Id, Option<Stored>>>,
        table_down: Cell<bool>,
    }

    impl Processing for FakeShop {
        async fn record(&self, order: &CustomerOrder) -> Result<Option<Stored>, Failure> {
            if self.table_down.get() {
                return Err("the table is down".into());
            }
            let mut table = self.table.borrow_mut();
            let row = table.entry(order.order.order_id.clone());
            Ok(row
                .or_insert_with(|| Some(Stored::new(order.clone())))
                .clone())
        }

        async fn has_left(&self, _: &str, _: DateTime<Utc>) -> Result<bool, Failure> {
            Ok(false)
        }

        async fn replace(&self, _: &Stored, order: &CustomerOrder) -> Result<bool, Failure> {
            panic!("{order:?} is not to be changed");
        }
    }

    fn message(name: &str) -> serde_json::Value {
        json!({
            "userId": "eve", "email": "eve@example.com",
            "orderId": Id::fixed(1_767_225_600, name), "status": "NEW",
            "createdDate": "2026-01-02T03:04:05.678Z", "modifiedDate": "2026-01-02T03:04:05.678Z",
            "items": [],
            "address": {"name": "Eve", "street": "1", "city": "C", "postalCode": "1", "country": "DE"},
            "deliveryPrice": {"amount": 0, "currency": "EUR"},
            "total": {"amount": 100, "currency": "EUR"},
            "history": [{"status": "NEW", "time": "2026-01-02T03:04:05.678Z"}],
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
    async fn an_order_that_the_table_missed_is_written_once_however_often_it_comes() {
        let shop = FakeShop::default();
        let body = message("a").to_string();
        for _ in 0..3 {
            assert!(deliver(&shop, &[("1", &body)]).await.is_empty());
        }
        assert_eq!(shop.table.borrow().len(), 1);
    }

    #[tokio::test]
    async fn a_message_that_comes_late_does_not_take_an_order_back() {
        let shop = FakeShop::default();
        let body = message("a").to_string();
        assert!(deliver(&shop, &[("1", &body)]).await.is_empty());
        for row in shop.table.borrow_mut().values_mut().flatten() {
            row.order.order.status = OrderStatus::Packaged;
        }
        assert!(deliver(&shop, &[("1", &body)]).await.is_empty());
        for row in shop.table.borrow().values().flatten() {
            assert_eq!(row.order.order.status, OrderStatus::Packaged);
        }
    }

    #[tokio::test]
    async fn a_message_that_comes_late_does_not_bring_a_deleted_order_back() {
        let shop = FakeShop::default();
        let body = message("a").to_string();
        assert!(deliver(&shop, &[("1", &body)]).await.is_empty());
        for order in shop.table.borrow_mut().values_mut() {
            *order = None;
        }
        assert!(deliver(&shop, &[("1", &body)]).await.is_empty());
        assert!(shop.table.borrow().values().all(Option::is_none));
    }

    #[tokio::test]
    async fn what_the_table_did_not_take_comes_again() {
        let shop = FakeShop::default();
        let body = message("a").to_string();
        shop.table_down.set(true);
        assert_eq!(deliver(&shop, &[("1", &body)]).await, ["1"]);
        shop.table_down.set(false);
        assert!(deliver(&shop, &[("1", &body)]).await.is_empty());
        assert_eq!(shop.table.borrow().len(), 1);
    }

    #[tokio::test]
    async fn g28_a_message_without_its_customers_name_is_not_an_order() {
        let shop = FakeShop::default();
        let (mut nameless, mut nobodys) = (message("a"), message("b"));
        nameless["address"].as_object_mut().unwrap().remove("name");
        nobodys.as_object_mut().unwrap().remove("userId");
        let bodies = [nameless.to_string(), nobodys.to_string()];
        let failed = deliver(&shop, &[("1", &bodies[0]), ("2", &bodies[1])]).await;
        // They come again, and end among the dead letters.
        assert_eq!(failed, ["1", "2"]);
        assert!(shop.table.borrow().is_empty());
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
        assert_eq!(shop.table.borrow().len(), 2);
    }
}
