//! An order as far as its payment depends on it.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use shop_core::events::Event;
use shop_core::id::Id;
use shop_core::money::Money;
use shop_core::order::OrderStatus;

/// An order at some time, as an event about it says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderState {
    /// Which order.
    pub order_id: Id,
    /// Where it was on its way.
    pub status: OrderStatus,
    /// What it cost.
    pub total: Money,
    /// As of when.
    pub modified_date: DateTime<Utc>,
    /// Whether it was deleted then.
    #[serde(skip)]
    pub is_deleted: bool,
}

/// What an order's state means for its payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Money is held and waits.
    Open,
    /// The customer has the goods.
    Delivered,
    /// He will not get them.
    CalledOff,
}

/// The detail of `OrderModified`, as far as it is needed.
#[derive(Deserialize)]
struct Modified {
    new: OrderState,
}

impl OrderState {
    /// What `body` says: an event `OrderModified` or `OrderDeleted`.
    pub fn read(body: &str) -> Result<Self, serde_json::Error> {
        let event: Event<Value> = serde_json::from_str(body)?;
        if event.detail_type == "OrderDeleted" {
            let mut order: OrderState = serde_json::from_value(event.detail)?;
            order.is_deleted = true;
            return Ok(order);
        }
        Ok(serde_json::from_value::<Modified>(event.detail)?.new)
    }

    /// What it means for the payment. An order that is deleted before it is delivered is called off.
    pub fn outcome(&self) -> Outcome {
        match self.status {
            OrderStatus::Fulfilled => Outcome::Delivered,
            OrderStatus::New | OrderStatus::Confirmed | OrderStatus::Packaged
                if !self.is_deleted =>
            {
                Outcome::Open
            }
            _ => Outcome::CalledOff,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use serde_json::json;

    use super::*;

    fn event(detail_type: &str, detail: Value) -> String {
        json!({
            "id": "1", "source": "shop.orders", "detail-type": detail_type,
            "time": "2026-01-02T03:04:05Z", "detail": detail,
        })
        .to_string()
    }

    fn order(status: &str) -> Value {
        json!({
            "userId": "eve", "orderId": Id::fixed(1_767_225_600, "a"), "status": status,
            "createdDate": "2026-01-02T03:04:05Z", "modifiedDate": "2026-01-02T03:04:06.789Z",
            "items": [], "total": {"amount": 2500, "currency": "EUR"},
        })
    }

    #[test]
    fn the_new_order_of_a_change_is_what_counts() {
        let detail = json!({"old": order("NEW"), "new": order("FULFILLED"), "changed": ["status"]});
        let order = OrderState::read(&event("OrderModified", detail)).unwrap();
        assert_eq!(order.outcome(), Outcome::Delivered);
        assert_eq!(order.total.amount, 2500);
    }

    #[test]
    fn statuses_that_end_an_order_end_its_payment() {
        for (status, outcome) in [
            ("NEW", Outcome::Open),
            ("CONFIRMED", Outcome::Open),
            ("PACKAGED", Outcome::Open),
            ("FULFILLED", Outcome::Delivered),
            ("CANCELLED", Outcome::CalledOff),
            ("PACKAGING_FAILED", Outcome::CalledOff),
            ("DELIVERY_FAILED", Outcome::CalledOff),
        ] {
            let detail = json!({"new": order(status)});
            let modified = OrderState::read(&event("OrderModified", detail)).unwrap();
            assert_eq!(modified.outcome(), outcome, "{status}");
            let deleted = OrderState::read(&event("OrderDeleted", order(status))).unwrap();
            let called_off = match outcome {
                Outcome::Delivered => Outcome::Delivered,
                _ => Outcome::CalledOff,
            };
            assert_eq!(deleted.outcome(), called_off, "{status}");
        }
        assert!(OrderState::read(&event("OrderModified", json!({}))).is_err());
        assert!(OrderState::read("").is_err());
    }
}
