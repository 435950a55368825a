//! Function `events`: what orders and catalogue tell. Every message may come
//! twice, and none is sure to come in time.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use chrono::{DateTime, Utc};
use lambda_runtime::{Error, LambdaEvent};
use serde::Deserialize;
use serde_json::Value;
use shop_core::events::Event;
use shop_core::id::Id;
use shop_core::order::now;
use shop_mysql::database::DatabaseError;
use shop_mysql::incoming::{self, IncomingError};
use shop_mysql::outbox::Sink;

use crate::reservation::{Released, Until};
use crate::store::{Inventory, Line};

/// Of an order, what the warehouse needs.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    order_id: Id,
    status: String,
    items: Vec<Line>,
}

#[derive(Debug, Deserialize)]
struct Modified<T> {
    new: T,
}

/// Of a product, what the warehouse needs.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Product {
    product_id: Id,
    name: String,
    modified_date: DateTime<Utc>,
}

/// Handles one batch.
pub async fn serve<S: Sink>(
    inventory: &Inventory<S>,
    event: LambdaEvent<SqsEvent>,
) -> Result<SqsBatchResponse, Error> {
    incoming::serve(event, async |event| handle(inventory, event, now()).await).await
}

/// Handles one event.
pub async fn handle<S: Sink>(
    inventory: &Inventory<S>,
    event: Event<Value>,
    now: DateTime<Utc>,
) -> Result<(), IncomingError> {
    let detail = event.detail;
    match (event.source.as_str(), event.detail_type.as_str()) {
        ("shop.orders", "OrderCreated") => {
            let order: Order = serde_json::from_value(detail)?;
            let reserved = inventory
                .reserve(&order.order_id, &order.items, now)
                .await?;
            tracing::info!(order_id = %order.order_id, ?reserved, "order seen");
        }
        ("shop.orders", "OrderModified") => {
            let Modified { new } = serde_json::from_value::<Modified<Order>>(detail)?;
            over(inventory, &new, now).await?;
        }
        ("shop.orders", "OrderDeleted") => {
            let order: Order = serde_json::from_value(detail)?;
            let released = inventory
                .release(&order.order_id, Until::Packed, now)
                .await?;
            tracing::info!(order_id = %order.order_id, ?released, "order deleted");
        }
        ("shop.products", "ProductCreated") => {
            let product: Product = serde_json::from_value(detail)?;
            name(inventory, &product).await?;
        }
        ("shop.products", "ProductModified") => {
            let Modified { new } = serde_json::from_value::<Modified<Product>>(detail)?;
            name(inventory, &new).await?;
        }
        (source, detail_type) => {
            tracing::warn!(source, detail_type, "event is none of ours");
        }
    }
    Ok(())
}

/// An order that ended otherwise than with its delivery gives back what it has. Its items are no
/// business of this event: they change by function `change` alone, which the order service asks
/// before it changes them.
async fn over<S: Sink>(
    inventory: &Inventory<S>,
    order: &Order,
    now: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    if !["CANCELLED", "DELIVERY_FAILED"].contains(&order.status.as_str()) {
        return Ok(());
    }
    let order_id = &order.order_id;
    let released = inventory.release(order_id, Until::Packed, now).await?;
    let back = match released {
        Released::Packing => inventory.come_back(order_id, now).await?,
        Released::Yes | Released::Before => false,
    };
    tracing::info!(%order_id, status = order.status, ?released, back, "order is over");
    Ok(())
}

async fn name<S: Sink>(inventory: &Inventory<S>, product: &Product) -> Result<(), DatabaseError> {
    inventory
        .name_product(&product.product_id, &product.name, product.modified_date)
        .await
}
