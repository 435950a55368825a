//! What other services ask the delivery service: the price of bringing goods to a country.

use serde::{Deserialize, Serialize};

use crate::money::Money;
use crate::quote::Package;

/// Pieces of one product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Parcel {
    /// How many.
    pub quantity: u32,
    /// One of them.
    pub package: Package,
}

/// Asks for the price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PriceRequest {
    /// What is to be delivered.
    pub items: Vec<Parcel>,
    /// Where to: an ISO 3166 country code of two letters, in any case.
    pub country: String,
}

/// The answer. A country that is none fails the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
pub struct Price {
    /// What delivery costs, tax included.
    pub pricing: Money,
}
