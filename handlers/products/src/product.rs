//! A product as clients and the table know it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shop_core::id::Id;
use shop_core::money::Money;
use shop_core::quote::QuotedProduct;

/// A picture of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// Where it is, seen from the site.
    pub url: String,
    /// What it shows.
    pub alt: String,
}

/// A product that can be bought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// When it came into the catalogue.
    pub created_date: DateTime<Utc>,
    /// When it changed last.
    pub modified_date: DateTime<Utc>,
}

impl From<Product> for QuotedProduct {
    fn from(product: Product) -> Self {
        QuotedProduct {
            product_id: product.product_id,
            name: product.name,
            price: product.price,
            picture: product
                .pictures
                .into_iter()
                .next()
                .map(|picture| picture.url),
        }
    }
}
