//! A delivery without a courier, for a shop that demonstrates itself (feature U100): after a delay
//! the shop takes the package along and hands it over.
//!
//! It does so as a courier does, step by step and by the same conditional writes. So whoever was
//! quicker has it: what a courier has begun is the courier's, and what is over stays as it is.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shop_core::id::Id;

use crate::packages::{Dispatch, DispatchError};
use crate::shipment::Action;

/// The event by which the function `packages` hears of itself that the delay is over.
pub const DUE: &str = "DeliveryDue";
/// The courier of such deliveries; no user is called so.
const NOBODY: &str = "demonstration";

/// The longest delay that a queue knows, in seconds
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>).
pub const LONGEST_DELAY: i32 = 900;

/// The detail of [`DUE`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Due {
    /// Whose package it is.
    pub order_id: Id,
}

/// The event, as the bus would deliver it.
pub fn due(order_id: &Id, now: DateTime<Utc>) -> Value {
    json!({
        "id": order_id, "source": "shop.delivery", "detail-type": DUE, "time": now,
        "detail": { "orderId": order_id },
    })
}

/// Delivers the package of an order, unless somebody else has.
pub async fn deliver(
    world: &impl Dispatch,
    order_id: Id,
    now: DateTime<Utc>,
) -> Result<(), DispatchError> {
    for action in [Action::Start, Action::Complete] {
        let Some(shipment) = world.shipment(&order_id).await? else {
            tracing::info!(%order_id, "package was called off");
            return Ok(());
        };
        match shipment.after(&action, NOBODY, now) {
            Ok(None) => {}
            Ok(Some(after)) => {
                if !world.replace(&after).await? {
                    return Err(DispatchError::Contended(order_id));
                }
            }
            Err(_) => {
                tracing::info!(%order_id, status = ?shipment.status, "a courier was quicker");
                return Ok(());
            }
        }
    }
    tracing::info!(%order_id, "package delivered by itself");
    Ok(())
}
