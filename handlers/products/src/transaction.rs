//! The one transaction that writes a product: its row, the words it is found by, and the note that
//! a deleted one leaves.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update,
};
use serde_dynamo::aws_sdk_dynamodb_1::to_item;
use shop_core::id::Id;
use shop_core::product::Product;
use shop_core::trace;

use crate::row::{Row, Seeded};
use crate::store::{StoreError, key, word_key};
use crate::words;

/// The partition of the word table that says which products were deleted, so that the seed does not
/// bring them back. No word begins with it.
const DELETED: &str = "-";

type Attributes = HashMap<String, AttributeValue>;

/// The tables it is about.
#[derive(Debug, Clone, Copy)]
pub struct Transaction<'a> {
    /// Of products.
    pub products: &'a str,
    /// Of their words.
    pub words: &'a str,
}

impl Transaction<'_> {
    /// What has to happen for `new` to take the place of `old`; see [`crate::catalogue::Catalogue`].
    pub fn items(
        self,
        old: Option<&Product>,
        new: Option<&Product>,
        seeded: Option<&Seeded>,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let mut items = Vec::new();
        match (old, new) {
            (_, Some(new)) => items.push(self.product(old, new, seeded)?),
            (Some(old), None) => items.push(self.without(old)?),
            (None, None) => {}
        }
        let id = old.or(new).map(|product| &product.product_id);
        match (old, new, id) {
            (None, Some(_), Some(id)) => items.push(self.never_deleted(id)?),
            (Some(_), None, Some(id)) => items.push(self.deleted(id)?),
            _ => {}
        }
        let before = old.map(words::of).unwrap_or_default();
        let after = new.map(words::of).unwrap_or_default();
        // A row of the time before words has none in the index, whatever its words would be.
        let indexed = |word: &&String| before.contains(*word) && old.is_some_and(|o| o.version > 0);
        let gone = before.difference(&after);
        let come: BTreeSet<&String> = after.iter().filter(|word| !indexed(word)).collect();
        if let Some(id) = id {
            for word in gone {
                let row = Delete::builder()
                    .table_name(self.words)
                    .set_key(Some(word_key(word, id)));
                let row = row.build().map_err(StoreError::call)?;
                items.push(TransactWriteItem::builder().delete(row).build());
            }
            for word in come {
                items.push(self.put(word_key(word, id))?);
            }
        }
        Ok(items)
    }

    fn product(
        self,
        old: Option<&Product>,
        new: &Product,
        seeded: Option<&Seeded>,
    ) -> Result<TransactWriteItem, StoreError> {
        let mut row: Attributes = trace::noted(to_item(Row::from(new.clone()))?);
        row.remove("productId");
        // The inventory writes it, perhaps at this moment.
        row.remove("available");
        if let Some(seeded) = seeded {
            row.extend(to_item(seeded)?);
        }
        let removed = if row.contains_key("listedIn") {
            ""
        } else {
            " REMOVE listedIn"
        };
        let mut assignments = Vec::new();
        let mut update = Update::builder();
        for (name, value) in row {
            // `name` and others are reserved words.
            assignments.push(format!("#{name} = :{name}"));
            update = update
                .expression_attribute_names(format!("#{name}"), name.clone())
                .expression_attribute_values(format!(":{name}"), value);
        }
        let (condition, version) = condition(old);
        if let Some(version) = version {
            update = update.expression_attribute_values(":old", version);
        }
        let update = update
            .table_name(self.products)
            .set_key(Some(key(&new.product_id)))
            .condition_expression(condition)
            .update_expression(format!("SET {}{removed}", assignments.join(", ")))
            .build()
            .map_err(StoreError::call)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    fn without(self, old: &Product) -> Result<TransactWriteItem, StoreError> {
        let (condition, version) = condition(Some(old));
        let mut delete = Delete::builder()
            .table_name(self.products)
            .set_key(Some(key(&old.product_id)))
            .condition_expression(condition);
        if let Some(version) = version {
            delete = delete.expression_attribute_values(":old", version);
        }
        // `version` is no reserved word, and the other conditions name the key.
        let delete = delete.build().map_err(StoreError::call)?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    fn deleted(self, id: &Id) -> Result<TransactWriteItem, StoreError> {
        self.put(deleted_key(id))
    }

    fn never_deleted(self, id: &Id) -> Result<TransactWriteItem, StoreError> {
        let check = ConditionCheck::builder()
            .table_name(self.words)
            .set_key(Some(deleted_key(id)))
            .condition_expression("attribute_not_exists(entry)")
            .build()
            .map_err(StoreError::call)?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    fn put(self, row: Attributes) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder().table_name(self.words).set_item(Some(row));
        let put = put.build().map_err(StoreError::call)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

fn deleted_key(id: &Id) -> Attributes {
    Attributes::from([
        ("start".to_owned(), AttributeValue::S(DELETED.to_owned())),
        ("entry".to_owned(), AttributeValue::S(id.to_string())),
    ])
}

/// That the table still has `old`, with the value of `:old` where there is one.
fn condition(old: Option<&Product>) -> (&'static str, Option<AttributeValue>) {
    match old.map(|product| product.version) {
        None => ("attribute_not_exists(productId)", None),
        // A row of the time before versions.
        Some(0) => (
            "attribute_exists(productId) AND attribute_not_exists(version)",
            None,
        ),
        Some(version) => (
            "version = :old",
            Some(AttributeValue::N(version.to_string())),
        ),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;
    use crate::fake::product;

    fn items(old: Option<&Product>, new: Option<&Product>) -> Vec<TransactWriteItem> {
        let tables = Transaction {
            products: "products",
            words: "words",
        };
        tables.items(old, new, None).unwrap()
    }

    /// What the transaction does with words: `+` and `-`.
    fn words(items: &[TransactWriteItem]) -> Vec<String> {
        let of = |row: &Attributes| {
            let entry = row.get("entry")?.as_s().ok()?;
            Some(entry.split_once(' ')?.0.to_owned())
        };
        let mut words: Vec<_> = items
            .iter()
            .filter_map(|item| match (item.put(), item.delete()) {
                (Some(put), _) => of(put.item()).map(|word| format!("+{word}")),
                (_, Some(delete)) => of(delete.key()).map(|word| format!("-{word}")),
                _ => None,
            })
            .collect();
        words.sort();
        words
    }

    #[test]
    fn only_words_that_come_or_go_are_written() {
        let old = product("Red boot", "Shoes");
        let new = Product {
            name: "Blue boot".to_owned(),
            version: 2,
            ..old.clone()
        };
        assert_eq!(words(&items(None, Some(&old))), ["+boot", "+red", "+shoes"]);
        assert_eq!(words(&items(Some(&old), Some(&new))), ["+blue", "-red"]);
        assert_eq!(
            words(&items(Some(&new), None)),
            ["-blue", "-boot", "-shoes"]
        );
        let ancient = Product { version: 0, ..old };
        assert_eq!(
            words(&items(Some(&ancient), Some(&new))),
            ["+blue", "+boot", "+shoes", "-red"]
        );
    }

    #[test]
    fn the_largest_change_fits_into_a_transaction() {
        let wordy = |letter: &str| {
            let all: Vec<_> = (0..100).map(|n| format!("{letter}{letter}{n}")).collect();
            Product {
                description: all.join(" "),
                ..product(&letter.repeat(5), &letter.repeat(6))
            }
        };
        let (old, new) = (wordy("a"), wordy("b"));
        let new = Product {
            product_id: old.product_id.clone(),
            version: 2,
            ..new
        };
        for (old, new) in [
            (None, Some(&old)),
            (Some(&old), Some(&new)),
            (Some(&new), None),
        ] {
            assert!(items(old, new).len() <= 100);
        }
        assert!(
            items(Some(&old), Some(&new)).len() > 90,
            "it is the largest one"
        );
    }

    #[test]
    fn a_change_is_of_the_version_that_was_seen_and_leaves_stock_alone() {
        let old = Product {
            available: Some(5),
            ..product("Boot", "Shoes")
        };
        let new = Product {
            listed: false,
            version: 2,
            ..old.clone()
        };
        let items = items(Some(&old), Some(&new));
        let update = items[0].update().unwrap();
        assert_eq!(update.condition_expression(), Some("version = :old"));
        let values = update.expression_attribute_values().unwrap();
        assert_eq!(values[":old"], AttributeValue::N("1".to_owned()));
        assert_eq!(values[":listed"], AttributeValue::S("no".to_owned()));
        assert!(update.update_expression().ends_with("REMOVE listedIn"));
        assert!(!update.update_expression().contains("available"));
    }

    #[test]
    fn what_was_deleted_leaves_a_note_that_keeps_it_away() {
        let boot = product("Boot", "Shoes");
        let note = deleted_key(&boot.product_id);
        let gone = items(Some(&boot), None);
        assert!(
            gone.iter()
                .any(|item| item.put().is_some_and(|put| *put.item() == note))
        );
        let come = items(None, Some(&boot));
        let check = come
            .iter()
            .find_map(TransactWriteItem::condition_check)
            .unwrap();
        assert_eq!(*check.key(), note);
    }
}
