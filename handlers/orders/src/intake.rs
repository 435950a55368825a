//! Taking an order in.
//!
//! The order of the steps is what makes an order neither lost nor doubled:
//!
//! 1. a request with an idempotency key leaves the order under that key, so
//!    that a repetition continues with the very same order;
//! 2. the queue takes the order: from here on it is accepted, whatever happens
//!    to this process;
//! 3. the table shows it. Should this fail, processing makes up for it, since
//!    the message holds the whole order.

use chrono::{DateTime, Utc};
use serde::Serialize;
use shop_core::http::{Caller, Refusal};
use shop_core::id::Id;
use shop_core::idempotency::{Remembered, fingerprint};
use shop_core::money::Money;
use shop_core::order::{CustomerOrder, Order, OrderStatus, StatusChange};
use shop_core::problem::Problem;
use shop_core::quote::Quote;
use shop_core::runtime::error_chain;

use crate::draft::{Draft, Line};
use crate::pricing::price;

/// What went wrong in one of the services that intake needs.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What intake needs of the world.
pub trait Intake {
    /// What an earlier request left under `key`.
    async fn recall(&self, key: &str, now: DateTime<Utc>) -> Result<Option<Remembered>, Failure>;

    /// Leaves `payload` under `key`, or gives back what is there.
    async fn remember(
        &self,
        key: &str,
        fingerprint: &str,
        payload: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Remembered>, Failure>;

    /// Names and prices.
    async fn quote(&self, lines: &[Line]) -> Result<Quote, Failure>;

    /// The order, if the table has it.
    async fn find(&self, order: &CustomerOrder) -> Result<Option<CustomerOrder>, Failure>;

    /// Puts the order into the queue.
    async fn enqueue(&self, order: &CustomerOrder) -> Result<(), Failure>;

    /// Writes the order into the table; gives back what the table then has.
    async fn record(&self, order: &CustomerOrder) -> Result<CustomerOrder, Failure>;
}

/// An order that was taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Placed {
    /// As it is now.
    pub order: Order,
    /// Whether an earlier request placed it.
    pub replayed: bool,
}

/// Takes an order in.
pub async fn place(
    shop: &impl Intake,
    caller: &Caller,
    idempotency_key: Option<&str>,
    draft: Draft,
    now: DateTime<Utc>,
) -> Result<Placed, Refusal> {
    let key = idempotency_key.map(|key| format!("orders/{}/{key}", caller.user_id));
    let print = fingerprint(&serde_json::to_vec(&draft)?);
    if let Some(key) = &key
        && let Some(found) = shop.recall(key, now).await.map_err(unavailable)?
    {
        return replay(shop, &found, &print).await;
    }
    let quote = shop.quote(&draft.lines).await.map_err(unavailable)?;
    let (items, total) = price(&draft.lines, &quote).map_err(Problem::validation)?;
    let order = CustomerOrder {
        user_id: caller.user_id.clone(),
        email: caller.email.clone(),
        order: Order {
            order_id: Id::new(),
            status: OrderStatus::New,
            created_date: now,
            modified_date: now,
            items,
            address: draft.address,
            delivery_price: Money::new(0, total.currency),
            discount: None,
            promotion_code: None,
            total,
            cancellation: None,
            history: vec![StatusChange {
                status: OrderStatus::New,
                time: now,
            }],
        },
    };
    if let Some(key) = &key {
        let payload = serde_json::to_string(&order)?;
        let found = shop
            .remember(key, &print, &payload, now)
            .await
            .map_err(unavailable)?;
        // The same request came twice at the same time, and the other one was faster.
        if let Some(found) = found {
            return replay(shop, &found, &print).await;
        }
    }
    let order = accept(shop, order).await?;
    Ok(Placed {
        order: order.order,
        replayed: false,
    })
}

/// Continues where an earlier request with the same key stopped.
async fn replay(shop: &impl Intake, found: &Remembered, print: &str) -> Result<Placed, Refusal> {
    if found.fingerprint != print {
        return Err(Problem::idempotency_key_reused().into());
    }
    let order: CustomerOrder = serde_json::from_str(&found.payload)?;
    // What the table shows is in the queue, or was: it is written after that.
    let order = match shop.find(&order).await.map_err(unavailable)? {
        Some(order) => order,
        None => accept(shop, order).await?,
    };
    Ok(Placed {
        order: order.order,
        replayed: true,
    })
}

async fn accept(shop: &impl Intake, order: CustomerOrder) -> Result<CustomerOrder, Refusal> {
    shop.enqueue(&order).await.map_err(unavailable)?;
    let order_id = &order.order.order_id;
    match shop.record(&order).await {
        Ok(stored) => {
            tracing::info!(%order_id, total = %stored.order.total, "order accepted");
            Ok(stored)
        }
        Err(error) => {
            tracing::error!(%order_id, error = error_chain(&*error), "order accepted, but not yet shown");
            Ok(order)
        }
    }
}

fn unavailable(error: Failure) -> Refusal {
    tracing::error!(error = error_chain(&*error), "order not accepted");
    Problem::unavailable("the order could not be taken just now; please send it again").into()
}

#[cfg(test)]
#[path = "intake_tests.rs"]
mod tests;
