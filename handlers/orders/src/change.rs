//! What a customer may still do about an order: give it up, or have something
//! else instead, both until packing begins (features U098 and U109).
//!
//! The stock service decides whether packing has begun, because it happens
//! there; what it agreed to is then written down. Should the process end in
//! between, its event does the rest.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use shop_core::delivery::Parcel;
use shop_core::details::Pieces;
use shop_core::http::Refusal;
use shop_core::id::Id;
use shop_core::money::Money;
use shop_core::order::{CustomerOrder, Order, OrderItem, OrderStatus, Shortage};
use shop_core::problem::{Problem, Violation};
use shop_core::quote::{Package, Quote};

use crate::draft::{Edit, Line};
use crate::events::{Progress, ProgressError, follow};
use crate::intake::{Failure, unavailable};
use crate::pricing::{item, quoted, retotal};
use crate::progress::Occurrence;
use crate::store::Stored;

/// Whether the goods of an order were set free.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Released {
    /// They were, or there were none.
    pub released: bool,
}

/// Whether other goods were set aside.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Exchanged {
    /// They were.
    pub ok: bool,
    /// What there was not enough of.
    #[serde(default)]
    pub shortages: Vec<Shortage>,
}

/// What changing an order needs of the world.
pub trait Changing: Progress {
    /// Sets the order's goods free, unless packing has begun.
    async fn release(&self, order_id: &Id) -> Result<Released, Failure>;

    /// Sets these goods aside instead, all or none, unless packing has begun.
    async fn exchange(&self, order_id: &Id, goods: &[Pieces]) -> Result<Exchanged, Failure>;

    /// Names and prices.
    async fn quote(&self, lines: &[Line]) -> Result<Quote, Failure>;

    /// What it costs to bring the parcels to the country.
    async fn delivery_price(
        &self,
        parcels: &[Parcel],
        country: &str,
    ) -> Result<Option<Money>, Failure>;

    /// Binds a payment to the order; the reason when it does not cover it.
    async fn authorise(
        &self,
        order: &CustomerOrder,
        payment_token: &str,
    ) -> Result<Result<(), String>, Failure>;
}

/// Gives the order up. An order that was given up already stays so.
pub async fn cancel(
    shop: &impl Changing,
    read: &Stored,
    now: DateTime<Utc>,
) -> Result<Order, Refusal> {
    let order = &read.order.order;
    match order.status {
        OrderStatus::Cancelled => return Ok(order.clone()),
        OrderStatus::New | OrderStatus::Confirmed => {}
        _ => return Err(too_late(order.status).into()),
    }
    let answer = shop.release(&order.order_id).await.map_err(later)?;
    if !answer.released {
        return Err(
            Problem::conflict("it is being packed and cannot be cancelled any more").into(),
        );
    }
    let after = follow(shop, &order.order_id, &Occurrence::ReservationReleased, now)
        .await
        .map_err(Problem::from)?;
    Ok(after.order)
}

/// Puts other goods into the order, or another address on it.
///
/// What was in the order keeps its price, what is new has the price of now. When it becomes
/// cheaper, the payment is lowered by the event of the change; when it becomes dearer, a payment
/// has to come along that covers it.
pub async fn edit(
    shop: &impl Changing,
    read: &Stored,
    edit: Edit,
    now: DateTime<Utc>,
) -> Result<Order, Refusal> {
    let before = &read.order.order;
    match before.status {
        OrderStatus::Confirmed => {}
        OrderStatus::New => {
            let detail = "its goods are not set aside yet; try again in a moment";
            return Err(Problem::conflict(detail).into());
        }
        status => return Err(too_late(status).into()),
    }
    let mut next = read.order.clone();
    next.order.modified_date = now;
    let lines = edit.lines.unwrap_or_else(|| lines_of(before));
    let quote = shop.quote(&lines).await.map_err(later)?;
    next.order.items = items(&lines, before, &quote).map_err(Problem::validation)?;
    if let Some(address) = edit.address {
        next.order.address = address;
    }
    let parcels = parcels(&lines, &quote);
    let country = &next.order.address.country;
    let price = shop
        .delivery_price(&parcels, country)
        .await
        .map_err(later)?;
    next.order.delivery_price = price.ok_or_else(|| {
        let detail = "we do not deliver there";
        Problem::validation(vec![Violation::new("/address/country", detail)])
    })?;
    retotal(&mut next.order)
        .map_err(|error| Problem::validation(vec![Violation::new("/items", error.to_string())]))?;
    if next.order.total.amount > before.total.amount {
        let Some(token) = &edit.payment_token else {
            let detail = format!("it costs {} now; pay for that first", next.order.total);
            return Err(Problem::payment_required(detail).into());
        };
        shop.authorise(&next, token)
            .await
            .map_err(later)?
            .map_err(Problem::payment_required)?;
    }
    exchange(shop, &next.order).await?;
    if shop.replace(read, &next).await.map_err(later)? {
        return Ok(next.order);
    }
    // Somebody else changed the order meanwhile: its goods are those that it has now.
    let now = shop.find(&before.order_id).await.map_err(later)?;
    if let Some(now) = now.order() {
        exchange(shop, &now.order.order).await?;
    }
    Err(Problem::conflict("the order was changed meanwhile; look at it and try again").into())
}

async fn exchange(shop: &impl Changing, order: &Order) -> Result<(), Refusal> {
    let goods: Vec<Pieces> = order
        .items
        .iter()
        .map(|item| Pieces {
            article: item.article.clone(),
            quantity: item.quantity,
        })
        .collect();
    let answer = shop
        .exchange(&order.order_id, &goods)
        .await
        .map_err(later)?;
    if answer.ok {
        return Ok(());
    }
    if answer.shortages.is_empty() {
        return Err(Problem::conflict("it is being packed and cannot be changed any more").into());
    }
    let violations = answer.shortages.iter().map(|shortage| {
        let position = order
            .items
            .iter()
            .position(|item| item.article.product_id == shortage.product_id);
        let pointer = position.map_or("/items".to_owned(), |at| format!("/items/{at}/quantity"));
        Violation::new(pointer, format!("there are only {}", shortage.available))
    });
    Err(Problem::validation(violations.collect()).into())
}

fn lines_of(order: &Order) -> Vec<Line> {
    let line = |(position, item): (usize, &OrderItem)| Line {
        article: item.article.clone(),
        quantity: item.quantity,
        position,
    };
    order.items.iter().enumerate().map(line).collect()
}

/// The lines as items; see [`replacement`].
fn items(lines: &[Line], before: &Order, quote: &Quote) -> Result<Vec<OrderItem>, Vec<Violation>> {
    let mut violations = Vec::new();
    let mut items = Vec::new();
    for line in lines {
        match replacement(line, before, quote) {
            Ok(item) => items.push(item),
            Err(violation) => violations.push(violation),
        }
    }
    if violations.is_empty() {
        Ok(items)
    } else {
        Err(violations)
    }
}

/// The line as an item: as it was when the order had it, whether or not it is still sold; else as it
/// is quoted. A product that the order had in another size keeps its price.
fn replacement(line: &Line, before: &Order, quote: &Quote) -> Result<OrderItem, Violation> {
    let known = before.items.iter();
    let had: Vec<&OrderItem> = known
        .filter(|item| item.article.product_id == line.article.product_id)
        .collect();
    if let Some(same) = had.iter().find(|item| item.article == line.article) {
        return Ok(OrderItem {
            quantity: line.quantity,
            ..(*same).clone()
        });
    }
    let quoted = item(line, quote)?;
    let unit_price = had
        .first()
        .map_or(quoted.unit_price, |item| item.unit_price);
    Ok(OrderItem {
        unit_price,
        ..quoted
    })
}

/// Like those of a new order, but with what is not sold any more: it counts as small and light.
fn parcels(lines: &[Line], quote: &Quote) -> Vec<Parcel> {
    let parcel = |line: &Line| Parcel {
        quantity: line.quantity,
        package: quoted(line, quote).map_or_else(Package::default, |product| product.package),
    };
    lines.iter().map(parcel).collect()
}

fn too_late(status: OrderStatus) -> Problem {
    Problem::conflict(format!("it is {status} and cannot be changed any more"))
}

fn later(error: Failure) -> Refusal {
    unavailable(error)
}

impl From<ProgressError> for Problem {
    fn from(error: ProgressError) -> Self {
        tracing::error!(error = %error, "order not changed");
        Problem::unavailable("the order could not be changed just now; please try again")
    }
}

#[cfg(test)]
#[path = "change_tests.rs"]
mod tests;
