//! Function `orders`: what becomes of an order becomes of its payment (feature U125).

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use chrono::{DateTime, Utc};
use lambda_runtime::{Error, LambdaEvent};
use shop_core::batch::handle_batch;
use shop_core::id::Id;
use shop_core::order::now;
use shop_core::runtime::error_chain;

use crate::order::{OrderState, Outcome};
use crate::settle::{Failure, Task, World, settle};

/// Why an event could not be handled, in one line.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// It is no such event.
    #[error("message is not an event about an order: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// An order was delivered that nobody pays for.
    #[error("order {0} was delivered and has no payment")]
    Unpaid(Id),
    /// A step failed.
    #[error("{0}")]
    Step(String),
}

impl From<Failure> for EventError {
    fn from(failure: Failure) -> Self {
        EventError::Step(error_chain(&*failure))
    }
}

/// Handles one batch.
pub async fn serve(
    world: &impl World,
    event: LambdaEvent<SqsEvent>,
) -> Result<SqsBatchResponse, Error> {
    Ok(handle_batch(event.payload, async |message: SqsMessage| {
        hear(world, message.body.as_deref().unwrap_or_default(), now()).await
    })
    .await)
}

async fn hear(world: &impl World, body: &str, now: DateTime<Utc>) -> Result<(), EventError> {
    let order = OrderState::read(body)?;
    let settled = settle(world, &order.order_id, now, |payment| {
        Ok::<_, EventError>(payment.next(&order).map(|step| Task {
            step,
            order_date: Some(order.modified_date),
        }))
    })
    .await?;
    // An order that was called off before it was paid for has no payment, and needs none.
    match settled {
        None if order.outcome() == Outcome::Delivered => Err(EventError::Unpaid(order.order_id)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use lambda_runtime::Context;
    use serde_json::json;
    use shop_core::details::PaymentStatus;

    use super::*;
    use crate::fake::{FakeWorld, order_id, placed};

    fn event(order_id: &Id, status: &str) -> String {
        let order = json!({
            "userId": "eve", "orderId": order_id, "status": status,
            "modifiedDate": "2026-01-02T03:04:06Z", "total": {"amount": 3000, "currency": "EUR"},
        });
        json!({
            "id": "1", "source": "shop.orders", "detail-type": "OrderModified",
            "time": "2026-01-02T03:04:06Z",
            "detail": {"old": order, "new": order, "changed": ["status"]},
        })
        .to_string()
    }

    async fn deliver(world: &FakeWorld, bodies: &[String]) -> Vec<String> {
        let records: Vec<_> = bodies
            .iter()
            .enumerate()
            .map(|(n, body)| json!({"messageId": n.to_string(), "body": body}))
            .collect();
        let event = serde_json::from_value(json!({ "Records": records })).unwrap();
        let response = serve(world, LambdaEvent::new(event, Context::default())).await;
        let failures = response.unwrap().batch_item_failures.into_iter();
        failures.map(|failure| failure.item_identifier).collect()
    }

    #[tokio::test]
    async fn a_batch_with_everything_twice_takes_the_money_once() {
        let world = placed().await;
        let delivered = event(&order_id(), "FULFILLED");
        let packed = event(&order_id(), "PACKAGED");
        let bodies = [delivered.clone(), packed, delivered];
        assert!(deliver(&world, &bodies).await.is_empty());
        assert_eq!(world.books(), (1, 3000, 0, 0));
        assert_eq!(world.payment().status, PaymentStatus::Captured);
    }

    #[tokio::test]
    async fn goods_that_nobody_pays_for_are_noticed() {
        let world = FakeWorld::default();
        let bodies = [
            event(&order_id(), "FULFILLED"),
            event(&order_id(), "CANCELLED"),
            "no event".to_owned(),
        ];
        assert_eq!(deliver(&world, &bodies).await, ["0", "2"]);
    }
}
