//! How an order moves on: which status may follow which, and what the other
//! services' events mean for it. Pure rules; nothing is read or written here.
//!
//! ```text
//! NEW -> CONFIRMED -> PACKAGED -> FULFILLED
//!  |       |   |          `-----> DELIVERY_FAILED
//!  |       |   `----------------> PACKAGING_FAILED
//!  `-------`--------------------> CANCELLED
//! ```
//!
//! Events may come late, twice and in another order than they happened. One
//! that tells of a later status takes the order there at once (what lies between
//! must have happened), and one that tells of an earlier status changes nothing.

use chrono::{DateTime, Utc};
use shop_core::details::Pieces;
use shop_core::money::MoneyError;
use shop_core::order::{
    Cancellation, CancellationReason, Order, OrderStatus, Shortage, StatusChange,
};

use crate::pricing;

/// What happened to an order elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Occurrence {
    /// The goods are set aside.
    StockReserved,
    /// There was not enough of something; nothing is set aside.
    ReservationFailed(Vec<Shortage>),
    /// What was set aside is free again, because the customer does not want it.
    ReservationReleased,
    /// It is packed; with these pieces, which may be fewer than were ordered.
    PackageCreated(Vec<Pieces>),
    /// Nothing of it could be packed.
    PackagingFailed,
    /// The courier brought it.
    DeliveryCompleted,
    /// The courier could not bring it.
    DeliveryFailed,
}

impl Occurrence {
    /// The status that an order has after it.
    fn status(&self) -> OrderStatus {
        match self {
            Occurrence::StockReserved => OrderStatus::Confirmed,
            Occurrence::ReservationFailed(_) | Occurrence::ReservationReleased => {
                OrderStatus::Cancelled
            }
            Occurrence::PackageCreated(_) => OrderStatus::Packaged,
            Occurrence::PackagingFailed => OrderStatus::PackagingFailed,
            Occurrence::DeliveryCompleted => OrderStatus::Fulfilled,
            Occurrence::DeliveryFailed => OrderStatus::DeliveryFailed,
        }
    }

    fn cancellation(&self) -> Option<Cancellation> {
        match self {
            Occurrence::ReservationFailed(shortages) => Some(Cancellation {
                reason: CancellationReason::NoStock,
                shortages: shortages.clone(),
            }),
            Occurrence::ReservationReleased => Some(Cancellation {
                reason: CancellationReason::Customer,
                shortages: Vec::new(),
            }),
            _ => None,
        }
    }
}

/// What may come right after `status`.
pub fn followers(status: OrderStatus) -> &'static [OrderStatus] {
    use OrderStatus::{
        Cancelled, Confirmed, DeliveryFailed, Fulfilled, New, Packaged, PackagingFailed,
    };
    match status {
        New => &[Confirmed, Cancelled],
        Confirmed => &[Packaged, PackagingFailed, Cancelled],
        Packaged => &[Fulfilled, DeliveryFailed],
        PackagingFailed | Fulfilled | DeliveryFailed | Cancelled => &[],
    }
}

/// Whether `to` can come after `from`, right away or later.
pub fn leads_to(from: OrderStatus, to: OrderStatus) -> bool {
    let next = followers(from);
    next.contains(&to) || next.iter().any(|status| leads_to(*status, to))
}

/// The order after `what`; nothing when it makes no difference.
pub fn after(
    order: &Order,
    what: &Occurrence,
    now: DateTime<Utc>,
) -> Result<Option<Order>, MoneyError> {
    let status = what.status();
    let mut next = order.clone();
    if leads_to(order.status, status) {
        next.status = status;
        next.cancellation = what.cancellation();
        next.history.push(StatusChange { status, time: now });
    }
    if let Occurrence::PackageCreated(items) = what
        && !was(order, OrderStatus::Packaged)
    {
        // The news of the delivery may have been faster than that of the package.
        let late = leads_to(OrderStatus::Packaged, order.status);
        if late {
            next.history.push(StatusChange { status, time: now });
        }
        if late || next.status == OrderStatus::Packaged {
            reduce(&mut next, items)?;
        }
    }
    Ok((next != *order).then(|| {
        next.modified_date = now;
        next
    }))
}

fn was(order: &Order, status: OrderStatus) -> bool {
    order.history.iter().any(|change| change.status == status)
}

/// Takes out of the order what is not in the package; what it costs then follows (D15).
fn reduce(order: &mut Order, packed: &[Pieces]) -> Result<(), MoneyError> {
    for item in &mut order.items {
        let pieces = packed.iter().find(|p| p.article == item.article);
        // Never more than was ordered, whatever the package says.
        item.quantity = pieces.map_or(0, |p| p.quantity).min(item.quantity);
    }
    order.items.retain(|item| item.quantity > 0);
    pricing::retotal(order)
}

#[cfg(test)]
#[path = "progress_tests.rs"]
pub(crate) mod tests;
