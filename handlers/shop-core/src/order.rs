//! The order, as clients, queue, table and events carry it.
//!
//! Only data: who may place one and how its status changes is the order
//! service's business.

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};

use crate::id::Id;
use crate::money::Money;

/// Where an order is on its way. What may follow what is the order service's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderStatus {
    /// Accepted; the goods are not reserved yet.
    New,
    /// The goods are reserved.
    Confirmed,
    /// Packed, waiting for the courier or on its way.
    Packaged,
    /// Nothing of it could be packed.
    PackagingFailed,
    /// Delivered.
    Fulfilled,
    /// It could not be delivered.
    DeliveryFailed,
    /// Given up before it was packed.
    Cancelled,
}

impl fmt::Display for OrderStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            OrderStatus::New => "NEW",
            OrderStatus::Confirmed => "CONFIRMED",
            OrderStatus::Packaged => "PACKAGED",
            OrderStatus::PackagingFailed => "PACKAGING_FAILED",
            OrderStatus::Fulfilled => "FULFILLED",
            OrderStatus::DeliveryFailed => "DELIVERY_FAILED",
            OrderStatus::Cancelled => "CANCELLED",
        })
    }
}

/// Why an order was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CancellationReason {
    /// The customer wanted it.
    Customer,
    /// There was not enough of something.
    NoStock,
}

/// A product of which there was not enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Shortage {
    /// Which.
    pub product_id: Id,
    /// Pieces there were.
    pub available: u32,
    /// Pieces the order needed.
    pub needed: u32,
}

/// How an order came to be cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
pub struct Cancellation {
    /// Why.
    pub reason: CancellationReason,
    /// What there was not enough of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shortages: Vec<Shortage>,
}

/// What a promotion takes off the items (feature U103).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum PromotionTerms {
    /// So much, or all of it when that is less.
    Amount(Money),
    /// So many per cent, 1 to 100.
    Percentage(u8),
}

/// A promotion of an order, with its terms as they were then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
pub struct Promotion {
    /// What the customer entered, in capitals.
    pub code: String,
    /// What it gives: `amount` or `percentage`.
    #[serde(flatten)]
    pub terms: PromotionTerms,
}

/// When an order came to a status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
pub struct StatusChange {
    /// The status.
    pub status: OrderStatus,
    /// Since when.
    pub time: DateTime<Utc>,
}

/// Where to deliver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// Of the person who receives it.
    pub name: String,
    /// The company, if it goes to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company_name: Option<String>,
    /// Street and number.
    pub street: String,
    /// City.
    pub city: String,
    /// Postal code, as the country writes it.
    pub postal_code: String,
    /// State or province, where addresses name one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// ISO 3166 country code of two letters.
    pub country: String,
    /// For the courier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
}

impl Address {
    /// What stays of it when the person is to be forgotten: the country, for the books.
    pub fn forgotten(self) -> Self {
        Address {
            name: String::new(),
            company_name: None,
            street: String::new(),
            city: String::new(),
            postal_code: String::new(),
            state: None,
            country: self.country,
            phone_number: None,
        }
    }

    /// Whether nothing but the country is left. Nobody writes such an address: it has a name.
    pub fn is_forgotten(&self) -> bool {
        self.name.is_empty()
    }
}

/// What a line of an order is about; no two lines of an order are about the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Article {
    /// The product.
    pub product_id: Id,
    /// In which of its sizes, if it comes in several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
}

impl From<Id> for Article {
    /// A product that comes in one size only.
    fn from(product_id: Id) -> Self {
        Article {
            product_id,
            size: None,
        }
    }
}

/// One line of an order, with the product as it was then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct OrderItem {
    /// The product and its size.
    #[serde(flatten)]
    pub article: Article,
    /// Its name.
    pub name: String,
    /// Pieces.
    pub quantity: u32,
    /// Price of one piece.
    pub unit_price: Money,
    /// URL of its first picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
}

impl OrderItem {
    /// The name with the size, as people read it.
    pub fn title(&self) -> Cow<'_, str> {
        match &self.article.size {
            Some(size) => format!("{}, size {size}", self.name).into(),
            None => Cow::Borrowed(&self.name),
        }
    }
}

/// An order as its customer sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Its identifier.
    pub order_id: Id,
    /// Where it is on its way.
    pub status: OrderStatus,
    /// When it was placed.
    pub created_date: DateTime<Utc>,
    /// When it changed last.
    pub modified_date: DateTime<Utc>,
    /// What was ordered.
    pub items: Vec<OrderItem>,
    /// Where it goes.
    pub address: Address,
    /// What bringing it costs.
    pub delivery_price: Money,
    /// The promotion that was redeemed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotion: Option<Promotion>,
    /// What the promotion takes off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount: Option<Money>,
    /// What it costs: items, less discount, and delivery.
    pub total: Money,
    /// How it came to be cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancellation: Option<Cancellation>,
    /// Where it was when, from the beginning.
    pub history: Vec<StatusChange>,
}

/// An order with its customer: what the shop itself keeps and passes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CustomerOrder {
    /// Whose it is.
    pub user_id: String,
    /// Where mails about it go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The order.
    #[serde(flatten)]
    pub order: Order,
}

impl CustomerOrder {
    /// Without what tells who the customer is; only the account's identifier stays.
    pub fn forgotten(self) -> Self {
        CustomerOrder {
            email: None,
            order: Order {
                address: self.order.address.forgotten(),
                ..self.order
            },
            ..self
        }
    }
}

/// The time as orders keep it, to the millisecond.
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}
