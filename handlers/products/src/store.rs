//! The catalogue's two tables.
//!
//! Products have the key `productId`; index `byName` has all of them, parted by whether they are
//! listed, and index `byCategory` those that are listed. Words have the key `start`, `entry` (see
//! [`crate::words`]). Both change in one transaction, so that a search never finds what is gone and
//! never misses what is there.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use chrono::{DateTime, Utc};
use serde_dynamo::aws_sdk_dynamodb_1::{from_item, from_items};
use shop_core::cursor::cut;
use shop_core::details::StockChanged;
use shop_core::id::Id;
use shop_core::product::Product;
use shop_core::table::{Transacted, held, transact};

use crate::catalogue::{Catalogue, Entry, List, Page, Place};
use crate::row::{Listed, Row, Seeded};
use crate::seed::SeedProduct;
use crate::transaction::Transaction;
use crate::words::partition;

/// How often a batch read asks again for the keys that the table left out.
const BATCH_ATTEMPTS: u32 = 5;

/// Why the tables could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// They did not answer, or with an error.
    #[error("product table cannot be used")]
    Call(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A row that is not a product.
    #[error("row of the product table cannot be read or written")]
    Row(#[from] serde_dynamo::Error),
    /// A row of the index that names no product.
    #[error("row of the word table is damaged: {0}")]
    Word(String),
    /// They answered, but not for all products.
    #[error("product table is too busy: {0} products were not read")]
    Busy(usize),
}

impl StoreError {
    pub(crate) fn call(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        StoreError::Call(Box::new(error))
    }
}

/// The tables.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    products: String,
    words: String,
}

type Attributes = HashMap<String, AttributeValue>;

impl Store {
    /// The tables called `products` and `words`.
    pub fn new(client: Client, products: String, words: String) -> Self {
        Store {
            client,
            products,
            words,
        }
    }

    /// Writes a product of the seed, unless the very same was written before, or a person has
    /// changed or deleted it since. Says whether it was written.
    pub async fn seed(&self, seed: &SeedProduct, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let old = self.attributes(&seed.id()).await?;
        let seeded = Seeded {
            seeded_date: now,
            seed_digest: seed.digest(),
        };
        let old = match old {
            None => None,
            Some(attributes) => {
                let before: Option<Seeded> = from_item(attributes.clone()).ok();
                let product = Product::from(from_item::<Row>(attributes)?);
                // A person's change moves `modifiedDate` away from `seededDate`.
                let untouched = before.is_some_and(|before| {
                    before.seeded_date == product.modified_date
                        && before.seed_digest != seeded.seed_digest
                });
                if !untouched {
                    return Ok(false);
                }
                Some(product)
            }
        };
        let new = seed.product(old.as_ref(), now);
        self.commit(old.as_ref(), Some(&new), Some(&seeded)).await
    }

    async fn commit(
        &self,
        old: Option<&Product>,
        new: Option<&Product>,
        seeded: Option<&Seeded>,
    ) -> Result<bool, StoreError> {
        let items = Transaction {
            products: &self.products,
            words: &self.words,
        }
        .items(old, new, seeded)?;
        let written = transact(&self.client, items).await;
        // It is refused when somebody else wrote in between.
        Ok(written.map_err(StoreError::call)? == Transacted::Written)
    }

    async fn attributes(&self, id: &Id) -> Result<Option<Attributes>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.products)
            .set_key(Some(key(id)))
            .consistent_read(true)
            .send()
            .await
            .map_err(StoreError::call)?;
        Ok(answer.item)
    }
}

impl Catalogue for Store {
    async fn page(
        &self,
        list: &List,
        limit: u16,
        from: Option<&Place>,
    ) -> Result<Page, StoreError> {
        let (index, attribute, value) = index(list);
        let answer = self
            .client
            .query()
            .table_name(&self.products)
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
        let found: Vec<Row> = from_items(answer.items.unwrap_or_default())?;
        let (rows, follows) = cut(found, limit, stopped);
        let products: Vec<Product> = rows.into_iter().map(Into::into).collect();
        let next = products.last().filter(|_| follows).map(|last| Place {
            category: match list {
                List::Category(category) => Some(category.clone()),
                List::Listed | List::Unlisted => None,
            },
            name: last.name.clone(),
            id: last.product_id.clone(),
        });
        Ok(Page { products, next })
    }

    async fn find(&self, id: &Id) -> Result<Option<Product>, StoreError> {
        let row: Option<Row> = self.attributes(id).await?.map(from_item).transpose()?;
        Ok(row.map(Into::into))
    }

    async fn find_all(&self, ids: &[Id]) -> Result<Vec<Product>, StoreError> {
        let mut rows = Vec::new();
        let mut wanted: Vec<Attributes> = ids.iter().map(key).collect();
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
                .request_items(&self.products, request)
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
        let rows: Vec<Row> = from_items(rows)?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    async fn entries(
        &self,
        term: &str,
        limit: u16,
        from: Option<&Entry>,
    ) -> Result<(Vec<Entry>, bool), StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.words)
            .key_condition_expression("#start = :start AND begins_with(entry, :term)")
            .expression_attribute_names("#start", "start")
            .expression_attribute_values(":start", AttributeValue::S(partition(term)))
            .expression_attribute_values(":term", AttributeValue::S(term.to_owned()))
            .limit(limit.into())
            .set_exclusive_start_key(from.map(|entry| word_key(&entry.word, &entry.id)))
            .send()
            .await
            .map_err(StoreError::call)?;
        let more = answer.last_evaluated_key.is_some();
        let entries = answer.items.unwrap_or_default();
        let entries = entries.iter().map(entry).collect::<Result<_, _>>()?;
        Ok((entries, more))
    }

    async fn categories(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        let (index, attribute, value) = index(&List::Listed);
        let mut pages = self
            .client
            .query()
            .table_name(&self.products)
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

    async fn write(
        &self,
        old: Option<&Product>,
        new: Option<&Product>,
    ) -> Result<bool, StoreError> {
        self.commit(old, new, None).await
    }

    async fn stock(&self, count: &StockChanged) -> Result<bool, StoreError> {
        let noted = self
            .client
            .update_item()
            .table_name(&self.products)
            .set_key(Some(key(&count.product_id)))
            .update_expression("SET available = :quantity, availableVersion = :version")
            .condition_expression(
                "attribute_exists(productId) AND \
                 (attribute_not_exists(availableVersion) OR availableVersion < :version)",
            )
            .expression_attribute_values(":quantity", AttributeValue::N(count.quantity.to_string()))
            .expression_attribute_values(":version", AttributeValue::N(count.version.to_string()))
            .send()
            .await;
        held(noted).map_err(StoreError::call)
    }
}

/// Key of a product.
pub(crate) fn key(id: &Id) -> Attributes {
    Attributes::from([("productId".to_owned(), AttributeValue::S(id.to_string()))])
}

/// Key of a word of a product. A space sorts before every letter, so that entries sort by word.
pub(crate) fn word_key(word: &str, id: &Id) -> Attributes {
    Attributes::from([
        ("start".to_owned(), AttributeValue::S(partition(word))),
        (
            "entry".to_owned(),
            AttributeValue::S(format!("{word} {id}")),
        ),
    ])
}

fn entry(row: &Attributes) -> Result<Entry, StoreError> {
    let text = row.get("entry").and_then(|value| value.as_s().ok());
    text.and_then(|text| text.split_once(' '))
        .and_then(|(word, id)| {
            let id = id.parse().ok()?;
            let word = word.to_owned();
            Some(Entry { word, id })
        })
        .ok_or_else(|| StoreError::Word(text.cloned().unwrap_or_default()))
}

/// The index that has `list`, with its partition attribute and value.
fn index(list: &List) -> (&'static str, &'static str, &str) {
    match list {
        List::Listed => ("byName", "listed", Listed::Yes.text()),
        List::Unlisted => ("byName", "listed", Listed::No.text()),
        List::Category(category) => ("byCategory", "listedIn", category),
    }
}

fn start_key(attribute: &str, value: &str, place: &Place) -> Attributes {
    let mut start = key(&place.id);
    start.insert(attribute.to_owned(), AttributeValue::S(value.to_owned()));
    start.insert("name".to_owned(), AttributeValue::S(place.name.clone()));
    start
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_page_starts_in_the_partition_of_the_request() {
        let place = Place {
            category: Some("Shoes".to_owned()),
            name: "Boot".to_owned(),
            id: Id::fixed(1_767_225_600, "boot"),
        };
        let list = List::Category("Bags".to_owned());
        let (_, attribute, value) = index(&list);
        let start = start_key(attribute, value, &place);
        assert_eq!(start["listedIn"], AttributeValue::S("Bags".to_owned()));
        assert_eq!(start["name"], AttributeValue::S("Boot".to_owned()));
        assert_eq!(start.len(), 3);
    }

    #[test]
    fn an_entry_is_read_back_from_its_key() {
        let id = Id::fixed(1_767_225_600, "boot");
        let row = word_key("straße", &id);
        assert_eq!(row["start"], AttributeValue::S("st".to_owned()));
        let word = "straße".to_owned();
        assert_eq!(entry(&row).unwrap(), Entry { word, id });
        assert!(entry(&Attributes::new()).is_err());
    }
}
