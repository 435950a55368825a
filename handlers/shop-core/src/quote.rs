//! What the order service asks the catalogue: names and prices of some products, now.

use serde::{Deserialize, Serialize};

use crate::id::Id;
use crate::money::Money;

/// Asks for products.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct QuoteRequest {
    /// Which ones; at most 100.
    pub product_ids: Vec<Id>,
}

/// One piece as it is packed for delivery. All zero: it needs no box, like a voucher.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// Millimetres.
    pub width: u32,
    /// Millimetres.
    pub length: u32,
    /// Millimetres.
    pub height: u32,
    /// Grams.
    pub weight: u32,
}

/// A product that can be ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct QuotedProduct {
    /// The product.
    pub product_id: Id,
    /// Its name.
    pub name: String,
    /// Price of one piece.
    pub price: Money,
    /// Size and weight of one piece.
    #[serde(default)]
    pub package: Package,
    /// URL of its first picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
}

/// The answer. A product that is not in it cannot be ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
pub struct Quote {
    /// Those that can be ordered, in no particular order.
    pub products: Vec<QuotedProduct>,
}
