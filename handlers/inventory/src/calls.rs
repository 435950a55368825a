//! Functions `cancel` and `change`: what the order service asks and has to
//! know at once. Permission to invoke them is the authentication.

use lambda_runtime::{Error, LambdaEvent};
use serde::{Deserialize, Serialize};
use shop_core::id::Id;
use shop_core::order::now;
use shop_mysql::outbox::Sink;

use crate::reservation::{Released, Unchanged, Until};
use crate::store::{Inventory, Line};

/// Asks to give an order's pieces back.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CancelRequest {
    order_id: Id,
}

/// Asks to reserve other pieces.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ChangeRequest {
    order_id: Id,
    items: Vec<Line>,
}

/// Whether the pieces are free again, and why not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CancelAnswer {
    released: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

/// `{ok: true}`, or `{ok: false, reason, shortages}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ChangeAnswer {
    ok: bool,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    why_not: Option<Unchanged>,
}

/// Function `cancel`: `{released: true}`, or `{released: false, reason: "PACKING"}`. Works before
/// the order has arrived here, too.
pub async fn cancel<S: Sink>(
    inventory: &Inventory<S>,
    event: LambdaEvent<CancelRequest>,
) -> Result<CancelAnswer, Error> {
    let order_id = event.payload.order_id;
    let released = inventory.release(&order_id, Until::Packing, now()).await?;
    tracing::info!(%order_id, ?released, "asked to cancel");
    Ok(cancelled(released))
}

fn cancelled(released: Released) -> CancelAnswer {
    let reason = match released {
        Released::Yes | Released::Before => None,
        Released::Packing => Some("PACKING"),
    };
    CancelAnswer {
        released: reason.is_none(),
        reason,
    }
}

/// Function `change`.
pub async fn change<S: Sink>(
    inventory: &Inventory<S>,
    event: LambdaEvent<ChangeRequest>,
) -> Result<ChangeAnswer, Error> {
    let ChangeRequest { order_id, items } = event.payload;
    let done = inventory.change_order(&order_id, &items, now()).await?;
    tracing::info!(%order_id, ?done, "asked to change");
    Ok(changed(done))
}

fn changed(done: Result<(), Unchanged>) -> ChangeAnswer {
    ChangeAnswer {
        ok: done.is_ok(),
        why_not: done.err(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;
    use shop_core::order::Shortage;

    use super::*;

    #[test]
    fn answers_are_as_the_order_service_reads_them() {
        let answer = |released| serde_json::to_value(cancelled(released)).unwrap();
        assert_eq!(answer(Released::Yes), json!({ "released": true }));
        assert_eq!(answer(Released::Before), json!({ "released": true }));
        assert_eq!(
            answer(Released::Packing),
            json!({ "released": false, "reason": "PACKING" })
        );
        let answer = |done| serde_json::to_value(changed(done)).unwrap();
        assert_eq!(answer(Ok(())), json!({ "ok": true }));
        assert_eq!(
            answer(Err(Unchanged::Packing)),
            json!({ "ok": false, "reason": "PACKING" })
        );
        let product_id = Id::fixed(0, "boot");
        let shortages = vec![Shortage {
            product_id: product_id.clone(),
            available: 1,
            needed: 2,
        }];
        assert_eq!(
            answer(Err(Unchanged::NoStock { shortages })),
            json!({
                "ok": false, "reason": "NO_STOCK",
                "shortages": [{ "productId": product_id, "available": 1, "needed": 2 }],
            })
        );
    }
}
