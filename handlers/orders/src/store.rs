//! The order table: key `userId` and `orderId`, so that everybody reads only
//! his own, and identifiers sort by time.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use serde::{Deserialize, Serialize};
use serde_dynamo::aws_sdk_dynamodb_1::{from_item, from_items, to_item};
use shop_core::cursor::cut;
use shop_core::id::Id;
use shop_core::order::{CustomerOrder, OrderStatus};
use shop_core::table::{held, is_tombstone, tombstone};
use shop_core::trace;

/// Why the table could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It did not answer, or with an error.
    #[error("order table cannot be used")]
    Call(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A row that is not an order.
    #[error("row of the order table cannot be read or written")]
    Row(#[from] serde_dynamo::Error),
}

impl StoreError {
    /// What the SDK says.
    pub fn call(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        StoreError::Call(Box::new(error))
    }
}

/// An order as the table has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stored {
    /// The order.
    #[serde(flatten)]
    pub order: CustomerOrder,
    /// Grows with each change.
    pub version: u64,
    /// Whether the customer has left: what the order says of him goes when it ends.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub customer_left: bool,
}

impl Stored {
    /// A new order.
    pub fn new(order: CustomerOrder) -> Self {
        Stored {
            order,
            version: 1,
            customer_left: false,
        }
    }

    /// The row that comes after this one, with what became of the order.
    pub fn next(&self, order: CustomerOrder) -> Self {
        Stored {
            order,
            version: self.version + 1,
            customer_left: self.customer_left,
        }
    }
}

/// What the table has of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The order.
    Order(Box<Stored>),
    /// It was deleted.
    Deleted,
    /// Nothing, or nothing yet.
    Nothing,
}

impl Found {
    /// The order, if there is one.
    pub fn order(self) -> Option<Stored> {
        match self {
            Found::Order(stored) => Some(*stored),
            Found::Deleted | Found::Nothing => None,
        }
    }
}

/// Where a list of everybody's orders goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    user_id: String,
    order_id: Id,
}

/// A page of orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T = Stored, P = Id> {
    /// The newest first.
    pub orders: Vec<T>,
    /// The last one, when another page follows.
    pub next: Option<P>,
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

    /// The order, if it is this user's.
    pub async fn get(&self, user_id: &str, order_id: &Id) -> Result<Option<Stored>, StoreError> {
        Ok(self.look(user_id, order_id).await?.order())
    }

    async fn look(&self, user_id: &str, order_id: &Id) -> Result<Found, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(user_id, order_id)))
            .consistent_read(true)
            .send()
            .await
            .map_err(StoreError::call)?;
        Ok(match answer.item {
            None => Found::Nothing,
            Some(row) if is_tombstone(&row) => Found::Deleted,
            Some(row) => Found::Order(Box::new(from_item(row)?)),
        })
    }

    /// The order, whosever it is. One that was written a moment ago may not be found yet.
    pub async fn find(&self, order_id: &Id) -> Result<Found, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("byOrder")
            .key_condition_expression("orderId = :orderId")
            .expression_attribute_values(":orderId", AttributeValue::S(order_id.to_string()))
            .send()
            .await
            .map_err(StoreError::call)?;
        let user_id = answer
            .items()
            .first()
            .and_then(|row| row.get("userId")?.as_s().ok());
        match user_id {
            // The index has the keys only, and may lag behind.
            Some(user_id) => self.look(user_id, order_id).await,
            None => Ok(Found::Nothing),
        }
    }

    /// One page of this user's orders, from the one that came after `from` in time.
    pub async fn list(
        &self,
        user_id: &str,
        limit: u16,
        from: Option<&Id>,
    ) -> Result<Page, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("userId = :userId")
            .expression_attribute_values(":userId", AttributeValue::S(user_id.to_owned()))
            .scan_index_forward(false)
            // Whoever placed an order looks for it right away.
            .consistent_read(true)
            .limit(i32::from(limit) + 1)
            .set_exclusive_start_key(from.map(|order_id| key(user_id, order_id)))
            .send()
            .await
            .map_err(StoreError::call)?;
        let stopped = answer.last_evaluated_key.is_some();
        let rows = answer.items.unwrap_or_default();
        page(rows, limit, stopped)
    }

    /// One page of everybody's orders in `status`, the newest first, from the one after `from`.
    pub async fn in_status(
        &self,
        status: OrderStatus,
        limit: u16,
        from: Option<&Place>,
    ) -> Result<Page<CustomerOrder, Place>, StoreError> {
        let from = from.map(|place| {
            let mut row = key(&place.user_id, &place.order_id);
            row.insert("status".to_owned(), AttributeValue::S(status.to_string()));
            row
        });
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("byStatus")
            .key_condition_expression("#status = :status")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":status", AttributeValue::S(status.to_string()))
            .scan_index_forward(false)
            .limit(i32::from(limit) + 1)
            .set_exclusive_start_key(from)
            .send()
            .await
            .map_err(StoreError::call)?;
        let stopped = answer.last_evaluated_key.is_some();
        let found: Vec<CustomerOrder> = from_items(answer.items.unwrap_or_default())?;
        let (orders, follows) = cut(found, limit, stopped);
        let next = orders.last().filter(|_| follows).map(|order| Place {
            user_id: order.user_id.clone(),
            order_id: order.order.order_id.clone(),
        });
        Ok(Page { orders, next })
    }

    /// Writes what became of an order, unless somebody else changed it since it was read; says
    /// whether it was written.
    pub async fn replace(&self, read: &Stored, order: &CustomerOrder) -> Result<bool, StoreError> {
        let row = read.next(order.clone());
        let written = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(trace::noted(to_item(&row)?)))
            .condition_expression("version = :version")
            .expression_attribute_values(":version", AttributeValue::N(read.version.to_string()))
            .send()
            .await;
        held(written).map_err(StoreError::call)
    }

    /// Deletes an order as it was read; says whether it was deleted. Its tombstone keeps a message of
    /// the queue that comes late from bringing it back.
    pub async fn delete(&self, read: &Stored) -> Result<bool, StoreError> {
        let key = key(&read.order.user_id, &read.order.order.order_id);
        let deleted = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(trace::noted(tombstone(key))))
            .condition_expression("version = :version")
            .expression_attribute_values(":version", AttributeValue::N(read.version.to_string()))
            .send()
            .await;
        held(deleted).map_err(StoreError::call)
    }

    /// Writes a new order and gives back what the table then has: the order itself, what it became if
    /// it was processed already, or nothing if it was deleted.
    pub async fn record(&self, order: &CustomerOrder) -> Result<Option<Stored>, StoreError> {
        let row = Stored::new(order.clone());
        let written = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(trace::noted(to_item(&row)?)))
            .condition_expression("attribute_not_exists(orderId)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let error = match written {
            Ok(_) => return Ok(Some(row)),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => match &failed.item {
                Some(row) if is_tombstone(row) => Ok(None),
                Some(row) => Ok(Some(from_item(row.clone())?)),
                None => Err(StoreError::call(error)),
            },
            _ => Err(StoreError::call(error)),
        }
    }
}

/// A page of a customer's orders, made of the rows that a query for one more found. Tombstones are no
/// orders, and a page of nothing else is followed by the one after its last row.
fn page(rows: Vec<Row>, limit: u16, stopped: bool) -> Result<Page, StoreError> {
    let (rows, follows) = cut(rows, limit, stopped);
    let last = rows.last().filter(|_| follows).cloned();
    let last: Option<Place> = last.map(from_item).transpose()?;
    let orders = rows.into_iter().filter(|row| !is_tombstone(row));
    Ok(Page {
        orders: from_items(orders.collect::<Vec<_>>())?,
        next: last.map(|place| place.order_id),
    })
}

fn key(user_id: &str, order_id: &Id) -> Row {
    Row::from([
        ("userId".to_owned(), AttributeValue::S(user_id.to_owned())),
        (
            "orderId".to_owned(),
            AttributeValue::S(order_id.to_string()),
        ),
    ])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;
    use crate::progress::tests::order;

    /// Rows of `eve`, of which some were deleted.
    fn rows(deleted: &[bool]) -> Vec<Row> {
        let row = |(second, deleted): (i64, &bool)| {
            let mut order = CustomerOrder {
                user_id: "eve".to_owned(),
                email: None,
                order: order(),
            };
            order.order.order_id = Id::fixed(1_767_225_600 + second, "a");
            match deleted {
                true => tombstone(key(&order.user_id, &order.order.order_id)),
                false => to_item(Stored::new(order)).unwrap(),
            }
        };
        (0..).zip(deleted).map(row).collect()
    }

    #[test]
    fn deleted_orders_are_in_no_list_and_hide_none_behind_them() {
        for (deleted, limit, stopped, shown, follows) in [
            (&[false, true, false][..], 3, false, 2, false),
            (&[true, true], 1, false, 0, true),
            (&[true, true], 2, true, 0, true),
            (&[true], 1, false, 0, false),
            (&[false, true], 1, false, 1, true),
        ] {
            let rows = rows(deleted);
            let last = usize::from(limit).min(rows.len()) - 1;
            let last: Place = from_item(rows[last].clone()).unwrap();
            let page = page(rows, limit, stopped).unwrap();
            assert_eq!(page.orders.len(), shown, "{deleted:?}");
            let next = follows.then_some(last.order_id);
            assert_eq!(page.next, next, "{deleted:?}");
        }
    }
}
