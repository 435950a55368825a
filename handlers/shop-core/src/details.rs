//! What events of the bus say, where it is neither an order nor a product.
//!
//! One type for each detail; [`crate::schemas`] makes the documents in
//! `stacks/platform/schemas` of them. A field may be added, none is renamed or
//! removed: events of the last 30 days can be replayed.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::id::Id;
use crate::money::Money;
use crate::order::{Address, Article, Shortage};

/// Something before and after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
pub struct Modified<T> {
    /// What it was.
    pub old: T,
    /// What it is.
    pub new: T,
    /// Names of what differs at the top level, sorted; never empty.
    pub changed: Vec<String>,
}

/// A user, as far as others have to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PublicUser {
    /// The account.
    pub user_id: String,
    /// Where mails go.
    pub email: String,
    /// The unique name.
    pub username: String,
}

/// Something about an order that needs no more words: its goods are reserved, or set free again, or
/// nothing of it could be packed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct OrderReference {
    /// The order.
    pub order_id: Id,
}

/// There is not enough for an order; nothing of it is reserved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReservationFailed {
    /// The order.
    pub order_id: Id,
    /// What there is not enough of.
    pub shortages: Vec<Shortage>,
}

/// Pieces of a product in one size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Pieces {
    /// The product and its size.
    #[serde(flatten)]
    pub article: Article,
    /// How many.
    pub quantity: u32,
}

/// Pieces of a product that has a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct NamedPieces {
    /// The product.
    pub product_id: Id,
    /// Its name.
    pub name: String,
    /// How many are left.
    pub quantity: u32,
}

/// Products that run out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
pub struct LowStock {
    /// Which.
    pub products: Vec<NamedPieces>,
}

/// How many pieces of a product there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct StockChanged {
    /// The product.
    pub product_id: Id,
    /// Pieces there are now.
    pub quantity: u32,
    /// Grows with every change of this product's stock: of two events the one with the higher
    /// version is the later one, in whatever order they come.
    pub version: u64,
}

/// A package is ready for the courier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PackageCreated {
    /// The order.
    pub order_id: Id,
    /// What is in the package; perhaps less than was ordered.
    pub items: Vec<Pieces>,
}

/// How a shipment gets on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ShipmentProgress {
    /// The order.
    pub order_id: Id,
    /// Its customer.
    pub user_id: String,
    /// Where it goes.
    pub address: Address,
    /// What to ask about it by.
    pub tracking_number: String,
    /// Why it failed, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Where a payment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PaymentStatus {
    /// The money is held.
    Authorised,
    /// It was taken; some of it may have been given back.
    Captured,
    /// It was let go.
    Cancelled,
    /// It was taken and all of it was given back.
    Refunded,
    /// The provider refused a step: somebody has to look.
    Failed,
}

/// Something the payment provider is asked to do about a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PaymentStepKind {
    /// Is so much held by a token, which is the order's from now on?
    Authorise,
    /// Take it.
    Capture,
    /// Let it go.
    Cancel,
    /// Hold less.
    Lower,
    /// Is more held than was asked for so far?
    Raise,
    /// Give some of it back.
    Refund,
    /// Let go what a token holds that was replaced.
    Release,
}

/// What was tried about a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
pub struct PaymentStep {
    /// When.
    pub time: DateTime<Utc>,
    /// What.
    pub step: PaymentStepKind,
    /// Whether the provider did it.
    pub ok: bool,
    /// About how much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
}

/// Money that was given back, or should have been.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
pub struct Refund {
    /// Tells it from others.
    pub reference: String,
    /// How much.
    pub amount: Money,
    /// When.
    pub time: DateTime<Utc>,
    /// Whether the provider did it.
    pub ok: bool,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The payment of an order. The token that it is made with is not among it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PaymentState {
    /// The order.
    pub order_id: Id,
    /// Its customer.
    pub user_id: String,
    /// What is held, then what was taken.
    pub amount: Money,
    /// Where it is.
    pub status: PaymentStatus,
    /// How much was given back.
    pub refunded: Money,
    /// What was given back, or should have been, in this order.
    pub refunds: Vec<Refund>,
    /// Which step the provider refused last; nothing when it did the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<PaymentStepKind>,
    /// What the customer still has to pay, because the provider refused to take it or does not hold
    /// it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owed: Option<Money>,
    /// What was tried, from the beginning on.
    pub history: Vec<PaymentStep>,
    /// When it was authorised first.
    pub created_date: DateTime<Utc>,
    /// When anything came of a step.
    pub modified_date: DateTime<Utc>,
}

/// A day's figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SalesSummary {
    /// The day.
    pub date: NaiveDate,
    /// Of whose clock.
    pub time_zone: String,
    /// Whether the day is over; one that is not may still sell.
    pub complete: bool,
    /// Orders that were placed, whatever became of them.
    pub orders: usize,
    /// Those that were cancelled.
    pub cancelled: usize,
    /// Those that could not be packed or delivered.
    pub failed: usize,
    /// What the others come to, by currency.
    pub revenue: Vec<Money>,
    /// All of it in a sentence.
    pub text: String,
}

/// A report with where it is kept: the answer, and the details of `SalesReportCreated`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SalesReport {
    /// The figures.
    #[serde(flatten)]
    pub summary: SalesSummary,
    /// The key of the figures as JSON.
    pub report_key: String,
    /// The key of the purchases as CSV.
    pub purchases_key: String,
}
