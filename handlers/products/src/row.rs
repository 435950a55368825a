//! A product as the table keeps it.
//!
//! The attribute `listed` is `yes` or `no`, because it is the partition of index `byName` and an
//! index takes no booleans; `listedIn` is the category of what is listed, so that index `byCategory`
//! holds nothing else.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shop_core::id::Id;
use shop_core::money::Money;
use shop_core::product::{Picture, Product};
use shop_core::quote::Package;

/// Whether a product is listed, as the table writes it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Listed {
    /// It is.
    Yes,
    /// It is not.
    #[default]
    No,
}

impl Listed {
    /// The text in the table.
    pub fn text(self) -> &'static str {
        match self {
            Listed::Yes => "yes",
            Listed::No => "no",
        }
    }
}

/// A row; what belongs to neither product nor index ([`Seeded`], the count's version) is not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    product_id: Id,
    name: String,
    description: String,
    category: String,
    price: Money,
    pictures: Vec<Picture>,
    tags: Vec<String>,
    #[serde(default)]
    sizes: Vec<String>,
    #[serde(default)]
    package: Package,
    #[serde(default)]
    listed: Listed,
    #[serde(skip_serializing_if = "Option::is_none")]
    listed_in: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    available: Option<u32>,
    created_date: DateTime<Utc>,
    modified_date: DateTime<Utc>,
    #[serde(default)]
    version: u64,
}

/// What the seed leaves on a row that it wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seeded {
    /// When: the same as `modifiedDate` until a person changes the product.
    pub seeded_date: DateTime<Utc>,
    /// Of what it wrote.
    pub seed_digest: String,
}

impl From<Product> for Row {
    fn from(product: Product) -> Self {
        let (listed, listed_in) = match product.listed {
            true => (Listed::Yes, Some(product.category.clone())),
            false => (Listed::No, None),
        };
        Row {
            product_id: product.product_id,
            name: product.name,
            description: product.description,
            category: product.category,
            price: product.price,
            pictures: product.pictures,
            tags: product.tags,
            sizes: product.sizes,
            package: product.package,
            listed,
            listed_in,
            available: product.available,
            created_date: product.created_date,
            modified_date: product.modified_date,
            version: product.version,
        }
    }
}

impl From<Row> for Product {
    fn from(row: Row) -> Self {
        Product {
            product_id: row.product_id,
            name: row.name,
            description: row.description,
            category: row.category,
            price: row.price,
            pictures: row.pictures,
            tags: row.tags,
            sizes: row.sizes,
            package: row.package,
            listed: row.listed == Listed::Yes,
            available: row.available,
            created_date: row.created_date,
            modified_date: row.modified_date,
            version: row.version,
        }
    }
}
