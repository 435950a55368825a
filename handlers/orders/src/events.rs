//! Function `events`: hears from stock and delivery what happened to an order,
//! and writes it down; and hears which customers have left.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use chrono::{DateTime, Utc};
use lambda_runtime::{Error, LambdaEvent};
use serde::Deserialize;
use serde_json::Value;
use shop_core::batch::handle_events;
use shop_core::details::Pieces;
use shop_core::events::Event;
use shop_core::id::Id;
use shop_core::metrics::{self, Metric};
use shop_core::money::MoneyError;
use shop_core::order::{CustomerOrder, Order, OrderStatus, Shortage, now};
use shop_core::runtime::error_chain;

use crate::farewell::{Farewell, forget};
use crate::intake::Failure;
use crate::progress::{Occurrence, after};
use crate::store::{Found, Stored};

/// How often a write is tried again because somebody else was faster.
pub const ATTEMPTS: usize = 5;

/// What following an order needs of the world.
pub trait Progress {
    /// The order, whosever it is.
    async fn find(&self, order_id: &Id) -> Result<Found, Failure>;

    /// Writes what became of it, unless it was changed since it was read.
    async fn replace(&self, read: &Stored, order: &CustomerOrder) -> Result<bool, Failure>;

    /// Gives the order's promotion back.
    async fn give_back(&self, order: &CustomerOrder) -> Result<(), Failure>;
}

/// Why an event could not be written down.
#[derive(Debug, thiserror::Error)]
pub enum ProgressError {
    /// It is no event, or not one of those that are listened to.
    #[error("message is not an event about an order: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// The order is not there, or not yet.
    #[error("order {0} is not in the table")]
    Unknown(Id),
    /// The order was deleted: whatever comes now comes too late.
    #[error("order {0} was deleted")]
    Deleted(Id),
    /// Its total cannot be worked out.
    #[error(transparent)]
    Total(#[from] MoneyError),
    /// Others changed the order each time it was to be written.
    #[error("order {0} is changed by others all the time")]
    Contended(Id),
    /// A step failed.
    #[error("{0}")]
    Step(String),
}

impl From<Failure> for ProgressError {
    fn from(failure: Failure) -> Self {
        ProgressError::Step(error_chain(&*failure))
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    order_id: Id,
    #[serde(default)]
    shortages: Vec<Shortage>,
    #[serde(default)]
    items: Vec<Pieces>,
}

/// Writes down one batch.
pub async fn serve(
    shop: &impl Farewell,
    event: LambdaEvent<SqsEvent>,
) -> Result<SqsBatchResponse, Error> {
    Ok(handle_events(event.payload, async |event| {
        handle(shop, event, now()).await
    })
    .await)
}

async fn handle(
    shop: &impl Farewell,
    event: Event<Value>,
    now: DateTime<Utc>,
) -> Result<(), ProgressError> {
    if event.detail_type == "UserDeleted" {
        return forget(shop, &serde_json::from_value(event.detail)?, now).await;
    }
    let detail: Detail = serde_json::from_value(event.detail)?;
    let what = match event.detail_type.as_str() {
        "StockReserved" => Occurrence::StockReserved,
        "ReservationFailed" => Occurrence::ReservationFailed(detail.shortages),
        "ReservationReleased" => Occurrence::ReservationReleased,
        "PackageCreated" => Occurrence::PackageCreated(detail.items),
        "PackagingFailed" => Occurrence::PackagingFailed,
        "DeliveryCompleted" => Occurrence::DeliveryCompleted,
        "DeliveryFailed" => Occurrence::DeliveryFailed,
        other => {
            tracing::warn!(detail_type = other, "event means nothing to orders");
            return Ok(());
        }
    };
    match follow(shop, &detail.order_id, &what, now).await {
        Err(ProgressError::Deleted(order_id)) => {
            tracing::info!(%order_id, "event about an order that was deleted");
            Ok(())
        }
        followed => followed.map(drop),
    }
}

/// Takes an order to where `what` leads; gives it back as it then is.
pub async fn follow(
    shop: &impl Progress,
    order_id: &Id,
    what: &Occurrence,
    now: DateTime<Utc>,
) -> Result<CustomerOrder, ProgressError> {
    for _ in 0..ATTEMPTS {
        let read = match shop.find(order_id).await? {
            Found::Order(read) => read,
            Found::Deleted => return Err(ProgressError::Deleted(order_id.clone())),
            Found::Nothing => return Err(ProgressError::Unknown(order_id.clone())),
        };
        let Some(order) = after(&read.order.order, what, now)? else {
            tracing::info!(%order_id, status = %read.order.order.status, "event changes nothing");
            return tidied(shop, read.order).await;
        };
        let next = read.end_with(CustomerOrder {
            order,
            ..read.order.clone()
        });
        if shop.replace(&read, &next).await? {
            tracing::info!(%order_id, status = %next.order.status, "order moved on");
            count(&next.order);
            return tidied(shop, next).await;
        }
    }
    Err(ProgressError::Contended(order_id.clone()))
}

/// What an order that is given up leaves: its promotion can be redeemed again. Done also when the
/// event comes a second time, because the first may have ended right before it.
async fn tidied(
    shop: &impl Progress,
    order: CustomerOrder,
) -> Result<CustomerOrder, ProgressError> {
    if order.order.status == OrderStatus::Cancelled && order.order.promotion.is_some() {
        shop.give_back(&order).await?;
    }
    Ok(order)
}

fn count(order: &Order) {
    let name = match order.status {
        OrderStatus::New => return,
        OrderStatus::Confirmed => "orderConfirmed",
        OrderStatus::Packaged => "orderPackaged",
        OrderStatus::Fulfilled => "orderFulfilled",
        OrderStatus::Cancelled => "orderCancelled",
        OrderStatus::PackagingFailed | OrderStatus::DeliveryFailed => "orderFailed",
    };
    let properties = [("order_id", order.order_id.as_str())];
    metrics::record(&[Metric::count(name)], &properties);
}

#[cfg(test)]
#[path = "events_tests.rs"]
mod tests;
