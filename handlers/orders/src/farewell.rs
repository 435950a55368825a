//! A customer who left (`UserDeleted`): his orders stay for the books, and what they say of him goes.
//!
//! Name, address, telephone number and e-mail address leave an order that is over at once. One that
//! is on its way is brought to its end first, because somebody waits for the goods and their money is
//! held: it is marked, and loses them with the step that ends it ([`crate::events::follow`]). The
//! account's identifier and the country stay. A note keeps a token that still lives from placing
//! more orders.
//!
//! An order that is placed in the very moment is found, whichever comes first: here the note is
//! written before the orders are listed, and function `process`, which every order goes through,
//! sees that the table has the order before it looks for the note ([`crate::process`]). All four are
//! consistent, so that of the two one sees what the other wrote.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use shop_core::id::Id;
use shop_core::order::CustomerOrder;

use crate::events::{Progress, ProgressError};
use crate::intake::Failure;
use crate::progress::followers;
use crate::store::{Page, Stored};

/// The detail of `UserDeleted`, as far as it is needed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gone {
    user_id: String,
}

/// What forgetting a customer needs of the world.
pub trait Farewell: Progress {
    /// Notes that the account is gone.
    async fn note(&self, user_id: &str, now: DateTime<Utc>) -> Result<(), Failure>;

    /// A page of the customer's orders, from the one after `from`.
    async fn orders(&self, user_id: &str, from: Option<&Id>) -> Result<Page, Failure>;
}

/// Under which key the note is kept that the account is gone.
pub fn note_key(user_id: &str) -> String {
    format!("gone/{user_id}")
}

/// Forgets a customer. When it stops half-way, the next delivery of the event does the rest.
pub async fn forget(
    shop: &impl Farewell,
    gone: &Gone,
    now: DateTime<Utc>,
) -> Result<(), ProgressError> {
    let user_id = &gone.user_id;
    shop.note(user_id, now).await?;
    let mut from = None;
    loop {
        let page = shop.orders(user_id, from.as_ref()).await?;
        for stored in &page.orders {
            let (read, next) = parted(stored, now);
            if (&read, &next) != (stored, &stored.order) && !shop.replace(&read, &next).await? {
                let id = stored.order.order.order_id.clone();
                return Err(ProgressError::Contended(id));
            }
        }
        from = page.next;
        if from.is_none() {
            tracing::info!(user_id, "customer forgotten");
            return Ok(());
        }
    }
}

/// The row as it is kept from now on, and the order in it.
pub fn parted(stored: &Stored, now: DateTime<Utc>) -> (Stored, CustomerOrder) {
    let marked = Stored {
        customer_left: true,
        ..stored.clone()
    };
    let mut next = marked.end_with(stored.order.clone());
    if next != stored.order {
        next.order.modified_date = now;
    }
    (marked, next)
}

impl Stored {
    /// The order as this row may keep it: without its customer, when he left and it is over.
    pub fn end_with(&self, order: CustomerOrder) -> CustomerOrder {
        if self.customer_left && followers(order.order.status).is_empty() {
            order.forgotten()
        } else {
            order
        }
    }
}

#[cfg(test)]
#[path = "farewell_tests.rs"]
mod tests;
