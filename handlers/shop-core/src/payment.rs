//! What the order service asks the payment service: is an order paid for, as far as it can be before
//! it is delivered.

use serde::{Deserialize, Serialize};

use crate::id::Id;
use crate::money::Money;

/// Asks to bind a payment token to an order. Asked again with the same values it answers the same;
/// with another token, which covers the new total, it puts this one in the place of the old one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct AuthoriseRequest {
    /// The order.
    pub order_id: Id,
    /// Its customer.
    pub user_id: String,
    /// What the provider gave the customer for his card. No `Debug`: whoever has it can use it.
    pub payment_token: String,
    /// What the order costs.
    pub total: Money,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
pub struct Authorised {
    /// Whether the order is paid for.
    pub ok: bool,
    /// Why it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<NotAuthorised>,
}

/// Why an order is not paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NotAuthorised {
    /// The token is unknown, used up, too old, or for less than the total.
    NotCovered,
    /// The token pays for another order or is another customer's.
    TokenUsed,
    /// The order was paid, or its payment was given up: nothing can be added.
    Closed,
}

impl Authorised {
    /// The order is paid for.
    pub const YES: Authorised = Authorised {
        ok: true,
        reason: None,
    };

    /// It is not.
    pub const fn no(reason: NotAuthorised) -> Self {
        Authorised {
            ok: false,
            reason: Some(reason),
        }
    }
}
