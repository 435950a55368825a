//! The order, as clients, queue, table and events carry it.
//!
//! Only data: who may place one and how its status changes is the order
//! service's business.

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};

use crate::id::Id;
use crate::money::Money;

/// Where an order is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderStatus {
    /// Accepted, in the queue.
    New,
    /// Processed: everybody concerned has been told.
    Created,
    /// Accepted, but it cannot be fulfilled.
    Rejected,
}

/// Where to deliver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// Of the person who receives it.
    pub name: String,
    /// Street and number.
    pub street: String,
    /// City.
    pub city: String,
    /// Postal code, as the country writes it.
    pub postal_code: String,
    /// ISO 3166 country code of two letters.
    pub country: String,
}

/// One line of an order, with the product as it was then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderItem {
    /// The product.
    pub product_id: Id,
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

/// An order as its customer sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// What it costs.
    pub total: Money,
}

/// An order with its customer: what the shop itself keeps and passes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// The time as orders keep it, to the millisecond.
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}
