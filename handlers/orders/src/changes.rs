//! Function `changes`: tells the other services what happens to orders, as the
//! table's stream says it (`OrderCreated`, `OrderModified`, `OrderDeleted`).

use aws_lambda_events::dynamodb::Event;
use aws_lambda_events::streams::DynamoDbEventResponse;
use lambda_runtime::{Error, LambdaEvent};
use serde_json::Value;
use shop_core::events::{Outgoing, Publisher};
use shop_core::order::CustomerOrder;
use shop_core::stream::{Change, publish_changes};

/// Tells one batch.
pub async fn serve(
    publisher: &Publisher,
    event: LambdaEvent<Event>,
) -> Result<DynamoDbEventResponse, Error> {
    Ok(publish_changes(event.payload, publisher, describe).await)
}

/// The event of one change. What an order's row has beside the order (notes of this service)
/// is nobody else's business.
fn describe(change: Change<CustomerOrder>) -> Result<Vec<Outgoing>, serde_json::Error> {
    let side = |order: Option<CustomerOrder>| -> Result<Option<(String, Value)>, _> {
        let told = |order: CustomerOrder| {
            Ok((
                order.order.order_id.to_string(),
                serde_json::to_value(&order)?,
            ))
        };
        order.map(told).transpose()
    };
    let (old, new) = (side(change.old)?, side(change.new)?);
    let Some(id) = new.as_ref().or(old.as_ref()).map(|(id, _)| id.clone()) else {
        return Ok(Vec::new());
    };
    let change = Change {
        old: old.map(|(_, order)| order),
        new: new.map(|(_, order)| order),
    };
    Ok(change.told("Order", &id).into_iter().collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use serde_json::json;
    use shop_core::schemas::assert_documented;

    use super::*;

    fn told(old: Option<&str>, new: Option<&str>) -> Vec<Outgoing> {
        let change = Change {
            old: old.map(order),
            new: new.map(order),
        };
        let told = describe(change).unwrap();
        for event in &told {
            assert_documented("shop.orders", event);
        }
        told
    }

    fn order(status: &str) -> CustomerOrder {
        serde_json::from_value(json!({
            "userId": "eve", "orderId": "2SwcbqZrBNGd67ZJYvPpSjMmHO3", "status": status,
            "createdDate": "2026-01-02T03:04:05.678Z", "modifiedDate": "2026-01-02T03:04:05.678Z",
            "items": [{
                "productId": "2SwcbqZrBNGd67ZJYvPpSjMmHO3", "name": "Boot", "quantity": 1,
                "unitPrice": {"amount": 100, "currency": "EUR"}, "picture": "/boot.svg",
            }],
            "promotion": {"code": "TEN", "percentage": 10},
            "address": {"name": "Eve", "street": "1", "city": "C", "postalCode": "1", "country": "DE"},
            "deliveryPrice": {"amount": 0, "currency": "EUR"},
            "total": {"amount": 100, "currency": "EUR"},
            "history": [],
        }))
        .unwrap()
    }

    #[test]
    fn a_new_status_is_told_with_what_was_before() {
        let told = told(Some("NEW"), Some("CONFIRMED"));
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].detail_type, "OrderModified");
        assert_eq!(told[0].resource, "2SwcbqZrBNGd67ZJYvPpSjMmHO3");
        assert_eq!(told[0].detail["changed"], json!(["status"]));
        assert_eq!(told[0].detail["old"]["status"], "NEW");
    }

    #[test]
    fn a_new_order_is_told_whole() {
        let told = told(None, Some("NEW"));
        assert_eq!(told[0].detail_type, "OrderCreated");
        assert_eq!(told[0].detail["userId"], "eve");
    }

    #[test]
    fn u107_a_deleted_order_is_told_whole() {
        let told = told(Some("CANCELLED"), None);
        assert_eq!(told[0].detail_type, "OrderDeleted");
        assert_eq!(told[0].detail["status"], "CANCELLED");
    }
}
