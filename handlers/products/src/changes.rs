//! Function `changes`: tells the bus what the table's stream says of products.
//!
//! `ProductCreated` and `ProductDeleted` carry the product, `ProductModified` both sides and the
//! names of what differs. Stock is the inventory's to tell: a product that differs in nothing else
//! is not told of, and events leave `available` out.

use aws_lambda_events::dynamodb::Event;
use aws_lambda_events::streams::DynamoDbEventResponse;
use lambda_runtime::{Error, LambdaEvent};
use shop_core::events::{Outgoing, Publisher};
use shop_core::product::Product;
use shop_core::stream::{Change, publish_changes};

use crate::row::Row;

/// Tells the bus of one batch.
pub async fn serve(
    publisher: &Publisher,
    event: LambdaEvent<Event>,
) -> Result<DynamoDbEventResponse, Error> {
    Ok(publish_changes(event.payload, publisher, describe).await)
}

fn describe(change: Change<Row>) -> Result<Vec<Outgoing>, serde_json::Error> {
    let product = |row: Option<Row>| row.map(|row| Product::from(row).without_stock());
    let (old, new) = (product(change.old), product(change.new));
    let Some(id) = old
        .as_ref()
        .or(new.as_ref())
        .map(|product| product.product_id.to_string())
    else {
        return Ok(Vec::new());
    };
    let change = Change {
        old: old.map(serde_json::to_value).transpose()?,
        new: new.map(serde_json::to_value).transpose()?,
    };
    Ok(change.told("Product", &id).into_iter().collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use shop_core::schemas::assert_documented;

    use super::*;
    use crate::fake::product;

    fn told(old: Option<&Product>, new: Option<&Product>) -> Vec<(String, serde_json::Value)> {
        let row = |product: &Product| Row::from(product.clone());
        let change = Change {
            old: old.map(row),
            new: new.map(row),
        };
        let events = describe(change).unwrap();
        for event in &events {
            assert_documented("shop.products", event);
        }
        let events = events.into_iter();
        events
            .map(|event| (event.detail_type, event.detail))
            .collect()
    }

    #[test]
    fn a_product_is_told_of_from_its_first_day_to_its_last() {
        let old = product("Boot", "Shoes");
        let new = Product {
            listed: false,
            version: 2,
            available: Some(7),
            ..old.clone()
        };
        let created = told(None, Some(&old));
        assert_eq!(created[0].0, "ProductCreated");
        assert_eq!(created[0].1, serde_json::to_value(&old).unwrap());

        let modified = told(Some(&old), Some(&new));
        assert_eq!(modified[0].0, "ProductModified");
        assert_eq!(
            modified[0].1["changed"],
            serde_json::json!(["listed", "version"])
        );
        assert_eq!(modified[0].1["old"]["listed"], true);
        assert_eq!(modified[0].1["new"]["listed"], false);
        assert_eq!(modified[0].1["new"].get("available"), None);

        let deleted = told(Some(&new), None);
        assert_eq!(deleted[0].0, "ProductDeleted");
        assert_eq!(deleted[0].1["productId"], old.product_id.as_str());
    }

    #[test]
    fn stock_is_not_told() {
        let old = product("Boot", "Shoes");
        let new = Product {
            available: Some(3),
            ..old.clone()
        };
        assert_eq!(told(Some(&old), Some(&new)), []);
    }
}
