//! A product, as clients and events carry it.
//!
//! Only data: what may stand in one and who may change it is the catalogue's
//! business.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::Id;
use crate::money::Money;
use crate::quote::{Package, QuotedProduct};

/// A picture of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Picture {
    /// Where it is, seen from the site.
    pub url: String,
    /// What it shows.
    pub alt: String,
}

/// A product of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Product {
    /// Its identifier.
    pub product_id: Id,
    /// Its name.
    pub name: String,
    /// What it is, in plain text; an empty line parts paragraphs.
    pub description: String,
    /// The one category it stands in.
    pub category: String,
    /// Price of one piece.
    pub price: Money,
    /// Pictures, the most telling one first.
    pub pictures: Vec<Picture>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// The sizes it comes in, smallest first; none when there is only one.
    #[serde(default)]
    pub sizes: Vec<String>,
    /// One piece as it is packed.
    #[serde(default)]
    pub package: Package,
    /// Whether it can be found and bought.
    pub listed: bool,
    /// Pieces in stock, as the inventory last said; nothing until it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available: Option<u32>,
    /// When it came into the catalogue.
    pub created_date: DateTime<Utc>,
    /// When it changed last.
    pub modified_date: DateTime<Utc>,
    /// How often a person or the seed changed it; stock does not count. Before versions it was 0.
    #[serde(default)]
    pub version: u64,
}

impl Product {
    /// Without what is the inventory's business: what the bus is told of a product.
    pub fn without_stock(self) -> Self {
        Product {
            available: None,
            ..self
        }
    }
}

impl From<Product> for QuotedProduct {
    fn from(product: Product) -> Self {
        QuotedProduct {
            product_id: product.product_id,
            name: product.name,
            price: product.price,
            package: product.package,
            sizes: product.sizes,
            picture: product
                .pictures
                .into_iter()
                .next()
                .map(|picture| picture.url),
        }
    }
}
