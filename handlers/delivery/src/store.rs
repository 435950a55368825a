//! The shipment table: key `orderId`. Those that wait for a courier carry one more attribute,
//! `waiting`, and only they stand in the index of that name, the oldest first. One that is deleted
//! leaves a tombstone, so that its package does not make it anew when it is told again.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_dynamo::aws_sdk_dynamodb_1::{from_item, from_items, to_attribute_value, to_item};
use shop_core::cursor::cut;
use shop_core::id::Id;
use shop_core::table::{TOMBSTONE, held, is_condition, is_tombstone, tombstone};
use shop_core::trace;

use crate::api::Shipments;
use crate::packages::Failure;
use crate::shipment::{Shipment, Status};

/// Index and attribute of those that wait.
const WAITING: &str = "waiting";
/// The attribute's value, which means nothing.
const YES: &str = "yes";

/// Where a page of the list ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Place {
    /// When the last one was packed.
    pub created_date: DateTime<Utc>,
    /// The last one.
    pub order_id: Id,
}

/// A page of those that wait for a courier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The oldest first.
    pub shipments: Vec<Shipment>,
    /// Where it ends, when another page follows.
    pub next: Option<Place>,
}

/// The table.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: String,
}

type Row = HashMap<String, AttributeValue>;

impl Store {
    /// The table called `table`.
    pub fn new(client: Client, table: String) -> Self {
        Store { client, table }
    }

    /// Whether the order has a shipment, or had one that was deleted.
    pub async fn had(&self, order_id: &Id) -> Result<bool, Failure> {
        Ok(self.row(order_id).await?.is_some())
    }

    async fn row(&self, order_id: &Id) -> Result<Option<Row>, Failure> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(order_id)))
            .consistent_read(true)
            .send()
            .await?;
        Ok(answer.item)
    }

    /// Writes a new shipment; says no when its order has or had one already.
    pub async fn insert(&self, shipment: &Shipment) -> Result<bool, Failure> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(trace::noted(row(shipment)?)))
            .condition_expression("attribute_not_exists(orderId)");
        Ok(held(put.send().await)?)
    }
}

impl Shipments for Store {
    async fn get(&self, order_id: &Id) -> Result<Option<Shipment>, Failure> {
        let row = self.row(order_id).await?;
        let row = row.filter(|row| !is_tombstone(row));
        Ok(row.map(from_item).transpose()?)
    }

    async fn waiting(&self, limit: u16, from: Option<&Place>) -> Result<Page, Failure> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(WAITING)
            .key_condition_expression("#waiting = :yes")
            .expression_attribute_names("#waiting", WAITING)
            .expression_attribute_values(":yes", AttributeValue::S(YES.to_owned()))
            .limit(i32::from(limit) + 1)
            .set_exclusive_start_key(from.map(start_key).transpose()?)
            .send()
            .await?;
        let stopped = answer.last_evaluated_key.is_some();
        let found: Vec<Shipment> = from_items(answer.items.unwrap_or_default())?;
        let (shipments, follows) = cut(found, limit, stopped);
        let next = shipments.last().filter(|_| follows).map(|last| Place {
            created_date: last.created_date,
            order_id: last.order_id.clone(),
        });
        Ok(Page { shipments, next })
    }

    async fn replace(&self, shipment: &Shipment) -> Result<bool, Failure> {
        let before = shipment.version.saturating_sub(1);
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(trace::noted(row(shipment)?)))
            .condition_expression("#version = :before")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":before", AttributeValue::N(before.to_string()));
        Ok(held(put.send().await)?)
    }

    async fn delete(&self, order_id: &Id) -> Result<Option<Shipment>, Failure> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(trace::noted(tombstone(key(order_id)))))
            .condition_expression("attribute_exists(orderId) AND attribute_not_exists(#tombstone)")
            .expression_attribute_names("#tombstone", TOMBSTONE)
            .return_values(ReturnValue::AllOld);
        match put.send().await {
            Ok(answer) => Ok(answer.attributes.map(from_item).transpose()?),
            Err(error) if is_condition(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

fn key(order_id: &Id) -> Row {
    Row::from([(
        "orderId".to_owned(),
        AttributeValue::S(order_id.to_string()),
    )])
}

/// A shipment as the table has it.
fn row(shipment: &Shipment) -> Result<Row, serde_dynamo::Error> {
    let mut row: Row = to_item(shipment)?;
    if shipment.status == Status::New {
        row.insert(WAITING.to_owned(), AttributeValue::S(YES.to_owned()));
    }
    Ok(row)
}

fn start_key(place: &Place) -> Result<Row, serde_dynamo::Error> {
    let mut start = key(&place.order_id);
    start.insert(WAITING.to_owned(), AttributeValue::S(YES.to_owned()));
    start.insert(
        "createdDate".to_owned(),
        to_attribute_value(place.created_date)?,
    );
    Ok(start)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use shop_core::order::now;

    use super::*;
    use crate::shipment::Action;
    use crate::shipment::tests::shipment;

    #[test]
    fn only_what_waits_for_a_courier_is_in_the_list() {
        let new = shipment("a");
        let row_of_new = row(&new).unwrap();
        assert!(row_of_new.contains_key(WAITING));
        assert_eq!(from_item::<Shipment>(row_of_new).unwrap(), new);
        let started = new.after(&Action::Start, "kim", now()).unwrap().unwrap();
        assert!(!row(&started).unwrap().contains_key(WAITING));
    }

    #[test]
    fn a_page_starts_after_the_last_row_of_the_one_before() {
        let shipment = shipment("a");
        let place = Place {
            created_date: shipment.created_date,
            order_id: shipment.order_id.clone(),
        };
        // The index compares texts: the place has to be written exactly as the row is.
        let (start, row) = (start_key(&place).unwrap(), row(&shipment).unwrap());
        for (name, value) in &start {
            assert_eq!(row.get(name), Some(value), "{name}");
        }
        assert_eq!(start.len(), 3);
    }
}
