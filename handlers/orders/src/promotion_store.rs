//! The promotion table: key `code` and `entry`. Entry `#` is the code itself,
//! `order#<id>` says that an order redeemed it, `customer#<id>` how often one did.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem, Update};
use chrono::{DateTime, Utc};
use serde_dynamo::aws_sdk_dynamodb_1::{from_item, from_items, to_attribute_value, to_item};
use shop_core::cursor::cut;
use shop_core::order::CustomerOrder;
use shop_core::table::{Transacted, transact};

use crate::promotion::{PromotionCode, Rejection};
use crate::store::StoreError;

/// The entry of the code itself.
const CODE: &str = "#";

/// The table.
#[derive(Debug, Clone)]
pub struct PromotionStore {
    client: Client,
    table: String,
}

type Row = HashMap<String, AttributeValue>;

impl PromotionStore {
    /// The table called `table`.
    pub fn new(client: Client, table: String) -> Self {
        PromotionStore { client, table }
    }

    /// The code.
    pub async fn get(&self, code: &str) -> Result<Option<PromotionCode>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(code, CODE)))
            .consistent_read(true)
            .send()
            .await
            .map_err(StoreError::call)?;
        Ok(answer.item.map(from_item).transpose()?)
    }

    /// One page of all codes by name, from the one after `from`.
    pub async fn list(
        &self,
        limit: u16,
        from: Option<&str>,
    ) -> Result<(Vec<PromotionCode>, Option<String>), StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("codes")
            .key_condition_expression("entry = :entry")
            .expression_attribute_values(":entry", AttributeValue::S(CODE.to_owned()))
            .limit(i32::from(limit) + 1)
            .set_exclusive_start_key(from.map(|code| key(code, CODE)))
            .send()
            .await
            .map_err(StoreError::call)?;
        let stopped = answer.last_evaluated_key.is_some();
        let found: Vec<PromotionCode> = from_items(answer.items.unwrap_or_default())?;
        let (codes, follows) = cut(found, limit, stopped);
        let next = codes
            .last()
            .filter(|_| follows)
            .map(|code| code.promotion.code.clone());
        Ok((codes, next))
    }

    /// Writes a code; one that is there keeps how often it was redeemed.
    pub async fn put(&self, code: &PromotionCode) -> Result<(), StoreError> {
        let mut row: Row = to_item(code)?;
        row.remove("code");
        row.remove("redeemed");
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(&code.promotion.code, CODE)))
            .expression_attribute_names("#redeemed", "redeemed")
            .expression_attribute_values(":none", AttributeValue::N("0".to_owned()));
        let mut set = vec!["#redeemed = if_not_exists(#redeemed, :none)".to_owned()];
        let mut remove = Vec::new();
        // What is not said any more does not hold any more.
        for name in [
            "amount",
            "percentage",
            "validFrom",
            "expires",
            "limit",
            "limitPerCustomer",
        ] {
            update = update.expression_attribute_names(format!("#{name}"), name);
            match row.remove(name) {
                Some(value) => {
                    set.push(format!("#{name} = :{name}"));
                    update = update.expression_attribute_values(format!(":{name}"), value);
                }
                None => remove.push(format!("#{name}")),
            }
        }
        update
            .update_expression(format!(
                "SET {} REMOVE {}",
                set.join(", "),
                remove.join(", ")
            ))
            .send()
            .await
            .map(drop)
            .map_err(StoreError::call)
    }

    /// Deletes a code. Who redeemed it stays written down.
    pub async fn delete(&self, code: &str) -> Result<(), StoreError> {
        self.client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key(code, CODE)))
            .send()
            .await
            .map(drop)
            .map_err(StoreError::call)
    }

    /// Redeems the order's promotion: counts it with the code and with the customer, both or
    /// neither, and for an order only once.
    pub async fn redeem(
        &self,
        order: &CustomerOrder,
        now: DateTime<Utc>,
    ) -> Result<Result<(), Rejection>, StoreError> {
        let Some(promotion) = &order.order.promotion else {
            return Ok(Ok(()));
        };
        let Some(code) = self.get(&promotion.code).await? else {
            return Ok(Err(Rejection::Invalid));
        };
        let redemption = Put::builder()
            .table_name(&self.table)
            .set_item(Some(redemption(order, &promotion.code)))
            .condition_expression("attribute_not_exists(code)")
            .build()
            .map_err(StoreError::call)?;
        // The number is capped by the request, because a code that changes meanwhile is as good as
        // one that changes right after.
        let mut total = counted(&self.table, key(&promotion.code, CODE), 1, code.limit)?;
        total = total.expression_attribute_names("#entry", "entry");
        let total = match total.get_condition_expression().clone() {
            Some(limit) => {
                total.condition_expression(format!("attribute_exists(#entry) AND {limit}"))
            }
            None => total.condition_expression("attribute_exists(#entry)"),
        };
        let customer = key(&promotion.code, &format!("customer#{}", order.user_id));
        let customer = counted(&self.table, customer, 1, code.limit_per_customer)?;
        let redemption = TransactWriteItem::builder().put(redemption).build();
        let writes = vec![redemption, update(total)?, update(customer)?];
        let written = transact(&self.client, writes).await;
        Ok(match written.map_err(StoreError::call)? {
            Transacted::Written => Ok(()),
            // This very order redeemed it before.
            Transacted::Refused(0) => Ok(()),
            Transacted::Refused(_) => Err(code.check(now).err().unwrap_or(Rejection::UsedUp)),
        })
    }

    /// Takes the order's redemption back, once.
    pub async fn give_back(&self, order: &CustomerOrder) -> Result<(), StoreError> {
        let Some(promotion) = &order.order.promotion else {
            return Ok(());
        };
        let entry = format!("order#{}", order.order.order_id);
        let redemption = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(key(&promotion.code, &entry)))
            .condition_expression("attribute_exists(code)")
            .build()
            .map_err(StoreError::call)?;
        let total = counted(&self.table, key(&promotion.code, CODE), -1, None)?;
        let customer = key(&promotion.code, &format!("customer#{}", order.user_id));
        let customer = counted(&self.table, customer, -1, None)?;
        let redemption = TransactWriteItem::builder().delete(redemption).build();
        let writes = vec![redemption, update(total)?, update(customer)?];
        // Only the redemption has a condition: the order did not redeem the code, or gave it back.
        let written = transact(&self.client, writes).await;
        written.map(drop).map_err(StoreError::call)
    }
}

fn key(code: &str, entry: &str) -> Row {
    Row::from([
        ("code".to_owned(), AttributeValue::S(code.to_owned())),
        ("entry".to_owned(), AttributeValue::S(entry.to_owned())),
    ])
}

fn redemption(order: &CustomerOrder, code: &str) -> Row {
    let mut row = key(code, &format!("order#{}", order.order.order_id));
    row.insert(
        "userId".to_owned(),
        AttributeValue::S(order.user_id.clone()),
    );
    row
}

/// Adds `difference` to a count, unless it is at its limit.
fn counted(
    table: &str,
    key: Row,
    difference: i8,
    limit: Option<u32>,
) -> Result<aws_sdk_dynamodb::types::builders::UpdateBuilder, StoreError> {
    let update = Update::builder()
        .table_name(table)
        .set_key(Some(key))
        .update_expression("ADD #redeemed :difference")
        .expression_attribute_names("#redeemed", "redeemed")
        .expression_attribute_values(":difference", to_attribute_value(difference)?);
    Ok(match limit {
        Some(limit) => update
            .condition_expression("(attribute_not_exists(#redeemed) OR #redeemed < :limit)")
            .expression_attribute_values(":limit", to_attribute_value(limit)?),
        None => update,
    })
}

fn update(
    update: aws_sdk_dynamodb::types::builders::UpdateBuilder,
) -> Result<TransactWriteItem, StoreError> {
    let update = update.build().map_err(StoreError::call)?;
    Ok(TransactWriteItem::builder().update(update).build())
}
