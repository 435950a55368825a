//! What clients send to the provider and what they get.
//!
//! Amounts are whole numbers of minor units beside a currency, as this provider's clients know it,
//! and not objects as in the shop.

use serde::Serialize;
use shop_core::http::Request;
use shop_core::id::Id;
use shop_core::money::Money;
use shop_core::problem::Problem;

use crate::card::{Judgement, judge};
use crate::fields::Fields;

/// Asks for money: `{cardNumber, amount, currency?}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreauthRequest {
    /// What is to be thought of the card. Its number goes no further than this module.
    pub card: Judgement,
    /// How much.
    pub amount: Money,
}

/// Asks whether so much is held, or to hold only so much: `{paymentToken, amount, currency?}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckRequest {
    /// Which authorisation.
    pub token: String,
    /// How much.
    pub amount: Money,
}

/// Asks to take the money: `{paymentToken, amount?, currency?, reference?}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureRequest {
    /// Which authorisation.
    pub token: String,
    /// How much of it; all without it.
    pub amount: Option<Money>,
    /// Tells a repeated request from a second one.
    pub reference: Option<String>,
}

/// Asks to let the money go: `{paymentToken, reference?}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelRequest {
    /// Which authorisation.
    pub token: String,
    /// Tells a repeated request from a second one.
    pub reference: Option<String>,
}

/// Asks to give money back: `{paymentToken, amount, currency?, reference}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRequest {
    /// Which authorisation.
    pub token: String,
    /// How much.
    pub amount: Money,
    /// Tells a repeated request from a second one. Needed, because several refunds are nothing
    /// unusual.
    pub reference: String,
}

/// The answer to [`PreauthRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Preauthorised {
    /// Names the authorisation.
    pub payment_token: Id,
}

/// The answer to everything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Outcome {
    /// Whether it was granted.
    pub ok: bool,
}

impl PreauthRequest {
    /// Reads the body of `request`.
    pub fn read(request: &Request) -> Result<Self, Problem> {
        let fields = Fields::read(request, &["cardNumber", "amount", "currency"])?;
        Ok(PreauthRequest {
            card: judge(fields.text("cardNumber")?)?,
            amount: Money::new(fields.amount()?, fields.currency()?),
        })
    }
}

impl CheckRequest {
    /// Reads the body of `request`.
    pub fn read(request: &Request) -> Result<Self, Problem> {
        let fields = Fields::read(request, &["paymentToken", "amount", "currency"])?;
        Ok(CheckRequest {
            token: fields.text("paymentToken")?.to_owned(),
            amount: Money::new(fields.amount()?, fields.currency()?),
        })
    }
}

impl CaptureRequest {
    /// Reads the body of `request`.
    pub fn read(request: &Request) -> Result<Self, Problem> {
        let known = ["paymentToken", "amount", "currency", "reference"];
        let fields = Fields::read(request, &known)?;
        Ok(CaptureRequest {
            token: fields.text("paymentToken")?.to_owned(),
            amount: match fields.optional_amount()? {
                Some(amount) => Some(Money::new(amount, fields.currency()?)),
                None => None,
            },
            reference: fields.optional_text("reference")?.map(str::to_owned),
        })
    }
}

impl CancelRequest {
    /// Reads the body of `request`.
    pub fn read(request: &Request) -> Result<Self, Problem> {
        let fields = Fields::read(request, &["paymentToken", "reference"])?;
        Ok(CancelRequest {
            token: fields.text("paymentToken")?.to_owned(),
            reference: fields.optional_text("reference")?.map(str::to_owned),
        })
    }
}

impl RefundRequest {
    /// Reads the body of `request`.
    pub fn read(request: &Request) -> Result<Self, Problem> {
        let known = ["paymentToken", "amount", "currency", "reference"];
        let fields = Fields::read(request, &known)?;
        Ok(RefundRequest {
            token: fields.text("paymentToken")?.to_owned(),
            amount: Money::new(fields.amount()?, fields.currency()?),
            reference: fields.text("reference")?.to_owned(),
        })
    }
}
