//! The catalogue's table.
//!
//! Key `productId`. A product that is listed carries two more attributes, and
//! only listed products stand in the two indexes made of them: `byName` (all
//! products by name) and `byCategory` (those of one category by name).

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_dynamo::aws_sdk_dynamodb_1::{from_item, from_items, to_attribute_value};
use shop_core::cursor::cut;
use shop_core::id::Id;

use crate::product::Product;
use crate::seed::SeedProduct;

/// The value of the attribute `listed`; an index needs one, its value means nothing.
const LISTED: &str = "yes";

/// How often a batch read asks again for the keys that the table left out.
const BATCH_ATTEMPTS: u32 = 5;

/// Why the table could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It did not answer, or with an error.
    #[error("product table cannot be used")]
    Call(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A row that is not a product.
    #[error("row of the product table cannot be read or written")]
    Row(#[from] serde_dynamo::Error),
    /// It answered, but not for all products.
    #[error("product table is too busy: {0} products were not read")]
    Busy(usize),
}

impl StoreError {
    fn call(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        StoreError::Call(Box::new(error))
    }
}

/// Where a page of the list ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The category the list is limited to.
    pub category: Option<String>,
    /// Name of the last product.
    pub name: String,
    /// The last product.
    pub id: Id,
}

/// A page of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its products, by name.
    pub products: Vec<Product>,
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

    /// One page of the listed products, of all categories or of one, from after `from`.
    pub async fn list(
        &self,
        category: Option<&str>,
        limit: u16,
        from: Option<&Place>,
    ) -> Result<Page, StoreError> {
        let (index, attribute, value) = index(category);
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(index)
            .key_condition_expression("#partition = :value")
            .expression_attribute_names("#partition", attribute)
            .expression_attribute_values(":value", AttributeValue::S(value.to_owned()))
            .limit(i32::from(limit) + 1)
            .set_exclusive_start_key(from.map(|place| start_key(attribute, value, place)))
            .send()
            .await
            .map_err(StoreError::call)?;
        let stopped = answer.last_evaluated_key.is_some();
        let found: Vec<Product> = from_items(answer.items.unwrap_or_default())?;
        let (products, follows) = cut(found, limit, stopped);
        let next = products.last().filter(|_| follows).map(|last| Place {
            category: category.map(str::to_owned),
            name: last.name.clone(),
            id: last.product_id.clone(),
        });
        Ok(Page { products, next })
    }

    /// The listed product `id`.
    pub async fn get(&self, id: &Id) -> Result<Option<Product>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(id)))
            .send()
            .await
            .map_err(StoreError::call)?;
        match answer.item {
            Some(row) if row.contains_key("listed") => Ok(Some(from_item(row)?)),
            _ => Ok(None),
        }
    }

    /// How many listed products each category has.
    pub async fn categories(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        let (index, attribute, value) = index(None);
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(index)
            .key_condition_expression("#partition = :value")
            .expression_attribute_names("#partition", attribute)
            .expression_attribute_values(":value", AttributeValue::S(value.to_owned()))
            .projection_expression("category")
            .into_paginator()
            .items()
            .send();
        let mut counts = BTreeMap::new();
        while let Some(row) = pages.next().await {
            let mut row = row.map_err(StoreError::call)?;
            if let Some(AttributeValue::S(category)) = row.remove("category") {
                *counts.entry(category).or_default() += 1;
            }
        }
        Ok(counts)
    }

    /// Those of `ids` (at most 100) that are listed, as they are now.
    pub async fn get_all(&self, ids: &[Id]) -> Result<Vec<Product>, StoreError> {
        let mut rows = Vec::new();
        let mut wanted: Vec<Row> = ids.iter().map(key).collect();
        for attempt in 0..BATCH_ATTEMPTS {
            if wanted.is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(u64::from(attempt) * 50)).await;
            let request = KeysAndAttributes::builder()
                .set_keys(Some(wanted))
                .consistent_read(true)
                .build()
                .map_err(StoreError::call)?;
            let answer = self
                .client
                .batch_get_item()
                .request_items(&self.table, request)
                .send()
                .await
                .map_err(StoreError::call)?;
            rows.extend(
                answer
                    .responses
                    .into_iter()
                    .flatten()
                    .flat_map(|(_, rows)| rows),
            );
            wanted = answer
                .unprocessed_keys
                .into_iter()
                .flatten()
                .flat_map(|(_, left)| left.keys)
                .collect();
        }
        if !wanted.is_empty() {
            return Err(StoreError::Busy(wanted.len()));
        }
        rows.retain(|row: &Row| row.contains_key("listed"));
        Ok(from_items(rows)?)
    }

    /// Writes a product of the seed, unless the very same was written before or a person has
    /// changed it since. Says whether it was written.
    pub async fn seed(
        &self,
        product: &SeedProduct,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        // A person's change moves `modifiedDate` away from `seededDate`.
        let untouched = "modifiedDate = seededDate AND seedDigest <> :seedDigest";
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(&product.id())))
            .condition_expression(format!("attribute_not_exists(productId) OR ({untouched})"));
        let mut assignments =
            vec!["createdDate = if_not_exists(createdDate, :modifiedDate)".to_owned()];
        for (name, value) in [
            ("name", to_attribute_value(&product.name)?),
            ("description", to_attribute_value(&product.description)?),
            ("category", to_attribute_value(&product.category)?),
            ("price", to_attribute_value(product.price)?),
            ("pictures", to_attribute_value(&product.pictures)?),
            ("tags", to_attribute_value(&product.tags)?),
            ("listed", to_attribute_value(LISTED)?),
            ("listedIn", to_attribute_value(&product.category)?),
            ("modifiedDate", to_attribute_value(now)?),
            ("seededDate", to_attribute_value(now)?),
            ("seedDigest", to_attribute_value(product.digest())?),
        ] {
            // `name` and others are reserved words.
            assignments.push(format!("#{name} = :{name}"));
            update = update
                .expression_attribute_names(format!("#{name}"), name)
                .expression_attribute_values(format!(":{name}"), value);
        }
        let written = update
            .update_expression(format!("SET {}", assignments.join(", ")))
            .send()
            .await;
        match written {
            Ok(_) => Ok(true),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_conditional_check_failed_exception()) =>
            {
                Ok(false)
            }
            Err(error) => Err(StoreError::call(error)),
        }
    }
}

fn key(id: &Id) -> Row {
    Row::from([("productId".to_owned(), AttributeValue::S(id.to_string()))])
}

/// The index that lists `category`, with its partition attribute and value.
fn index(category: Option<&str>) -> (&'static str, &'static str, &str) {
    match category {
        None => ("byName", "listed", LISTED),
        Some(category) => ("byCategory", "listedIn", category),
    }
}

fn start_key(attribute: &str, value: &str, place: &Place) -> Row {
    let mut start = key(&place.id);
    start.insert(attribute.to_owned(), AttributeValue::S(value.to_owned()));
    start.insert("name".to_owned(), AttributeValue::S(place.name.clone()));
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_starts_in_the_partition_of_the_request() {
        let place = Place {
            category: Some("Shoes".to_owned()),
            name: "Boot".to_owned(),
            id: Id::fixed(1_767_225_600, "boot"),
        };
        let (_, attribute, value) = index(Some("Bags"));
        let start = start_key(attribute, value, &place);
        assert_eq!(start["listedIn"], AttributeValue::S("Bags".to_owned()));
        assert_eq!(start["name"], AttributeValue::S("Boot".to_owned()));
        assert_eq!(start.len(), 3);
    }
}
