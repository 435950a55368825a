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
    /// The sizes that it comes in; none when there is only one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sizes: Vec<String>,
    /// URL of its first picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
}

/// Why a product cannot be ordered in the size that was asked for, or without one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SizeProblem {
    /// It comes in sizes, and none of them was asked for.
    #[error("choose one of the sizes {}", .0.join(", "))]
    Needed(Vec<String>),
    /// It comes in other sizes.
    #[error("there is no such size; choose one of {}", .0.join(", "))]
    Unknown(Vec<String>),
    /// It comes in no sizes.
    #[error("this product comes in one size only: leave this out")]
    OneOnly,
}

impl QuotedProduct {
    /// Whether the product can be had in `size`; it has to be one of the sizes that there are, and
    /// nothing when there are none.
    ///
    /// # Errors
    /// [`SizeProblem`] says which sizes there are.
    pub fn check_size(&self, size: Option<&str>) -> Result<(), SizeProblem> {
        match size {
            None if self.sizes.is_empty() => Ok(()),
            None => Err(SizeProblem::Needed(self.sizes.clone())),
            Some(_) if self.sizes.is_empty() => Err(SizeProblem::OneOnly),
            Some(size) if self.sizes.iter().any(|known| known == size) => Ok(()),
            Some(_) => Err(SizeProblem::Unknown(self.sizes.clone())),
        }
    }
}

/// The answer. A product that is not in it cannot be ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
pub struct Quote {
    /// Those that can be ordered, in no particular order.
    pub products: Vec<QuotedProduct>,
}
