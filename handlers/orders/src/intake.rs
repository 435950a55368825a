//! Taking an order in.
//!
//! The order of the steps is what makes an order neither lost nor doubled:
//!
//! 1. a request with an idempotency key leaves the order under that key, so
//!    that a repetition continues with the very same order;
//! 2. the promotion is redeemed and the payment bound to the order: for one
//!    order only once, and a payment to no other order;
//! 3. the queue takes the order: from here on it is accepted, whatever happens
//!    to this process;
//! 4. the table shows it. Should this fail, processing makes up for it, since
//!    the message holds the whole order.

use chrono::{DateTime, Utc};
use futures::future::join;
use serde::Serialize;
use shop_core::delivery::Parcel;
use shop_core::http::{Caller, Refusal};
use shop_core::id::Id;
use shop_core::idempotency::{Remembered, fingerprint};
use shop_core::metrics::{self, Metric};
use shop_core::money::Money;
use shop_core::order::{CustomerOrder, Order, OrderStatus, Promotion, StatusChange};
use shop_core::problem::{Problem, Violation};
use shop_core::quote::Quote;
use shop_core::runtime::error_chain;
use shop_core::trace;

use crate::draft::{Draft, Line};
use crate::farewell::note_key;
use crate::pricing::{parcels, price, retotal};
use crate::promotion::{PromotionCode, Rejection};

/// What went wrong in one of the services that intake needs.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What intake needs of the world.
pub trait Intake {
    /// What an earlier request left under `key`.
    async fn recall(&self, key: &str, now: DateTime<Utc>) -> Result<Option<Remembered>, Failure>;

    /// Leaves `payload` under `key`, or gives back what is there.
    async fn remember(
        &self,
        key: &str,
        fingerprint: &str,
        payload: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Remembered>, Failure>;

    /// Names and prices.
    async fn quote(&self, lines: &[Line]) -> Result<Quote, Failure>;

    /// What it costs to bring the parcels to the country; nothing when it is brought nowhere near.
    async fn delivery_price(
        &self,
        parcels: &[Parcel],
        country: &str,
    ) -> Result<Option<Money>, Failure>;

    /// The promotion of this code.
    async fn promotion(&self, code: &str) -> Result<Option<PromotionCode>, Failure>;

    /// Redeems the order's promotion, once however often it is asked for.
    async fn redeem(
        &self,
        order: &CustomerOrder,
        now: DateTime<Utc>,
    ) -> Result<Result<(), Rejection>, Failure>;

    /// Gives the order's promotion back.
    async fn give_back(&self, order: &CustomerOrder) -> Result<(), Failure>;

    /// Binds the payment to the order; the reason when it does not cover it.
    async fn authorise(
        &self,
        order: &CustomerOrder,
        payment_token: &str,
    ) -> Result<Result<(), String>, Failure>;

    /// The order, if the table has it.
    async fn find(&self, order: &CustomerOrder) -> Result<Option<CustomerOrder>, Failure>;

    /// Puts the order into the queue.
    async fn enqueue(&self, order: &CustomerOrder) -> Result<(), Failure>;

    /// Writes the order into the table; gives back what the table then has.
    async fn record(&self, order: &CustomerOrder) -> Result<CustomerOrder, Failure>;
}

/// An order that was taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Placed {
    /// As it is now.
    pub order: Order,
    /// Whether an earlier request placed it.
    pub replayed: bool,
}

/// Takes an order in.
pub async fn place(
    shop: &impl Intake,
    caller: &Caller,
    idempotency_key: Option<&str>,
    draft: Draft,
    now: DateTime<Utc>,
) -> Result<Placed, Refusal> {
    let key = idempotency_key.map(|key| format!("orders/{}/{key}", caller.user_id));
    let print = fingerprint(&serde_json::to_vec(&draft)?);
    if let Some(key) = &key
        && let Some(found) = shop.recall(key, now).await.map_err(unavailable)?
    {
        return replay(shop, &found, &print, &draft.payment_token, now).await;
    }
    let gone = shop.recall(&note_key(&caller.user_id), now).await;
    if gone.map_err(unavailable)?.is_some() {
        return Err(Problem::forbidden("this account was deleted").into());
    }
    let payment_token = draft.payment_token.clone();
    let order = drawn_up(shop, caller, draft, now).await?;
    if let Some(key) = &key {
        let payload = serde_json::to_string(&order)?;
        let found = shop
            .remember(key, &print, &payload, now)
            .await
            .map_err(unavailable)?;
        // The same request came twice at the same time, and the other one was faster.
        if let Some(found) = found {
            return replay(shop, &found, &print, &payment_token, now).await;
        }
    }
    settle(shop, &order, &payment_token, now).await?;
    let order = accept(shop, order).await?;
    Ok(Placed {
        order: order.order,
        replayed: false,
    })
}

/// The order as it would be, with everything that it costs; or what is wrong with the draft.
async fn drawn_up(
    shop: &impl Intake,
    caller: &Caller,
    draft: Draft,
    now: DateTime<Utc>,
) -> Result<CustomerOrder, Refusal> {
    let quote = shop.quote(&draft.lines).await.map_err(unavailable)?;
    let (items, subtotal) = price(&draft.lines, &quote).map_err(Problem::validation)?;
    let parcels = parcels(&draft.lines, &quote);
    let (delivery_price, promotion) = join(
        shop.delivery_price(&parcels, &draft.address.country),
        promotion(shop, draft.promotion_code.as_deref(), now),
    )
    .await;
    let delivery_price =
        delivered(delivery_price.map_err(unavailable)?, &draft).map_err(Problem::validation)?;
    let mut order = Order {
        order_id: Id::new(),
        status: OrderStatus::New,
        created_date: now,
        modified_date: now,
        items,
        address: draft.address,
        delivery_price,
        promotion: promotion?,
        discount: None,
        total: subtotal,
        cancellation: None,
        history: vec![StatusChange {
            status: OrderStatus::New,
            time: now,
        }],
    };
    retotal(&mut order)
        .map_err(|error| Problem::validation(vec![Violation::new("/items", error.to_string())]))?;
    Ok(CustomerOrder {
        user_id: caller.user_id.clone(),
        email: caller.email.clone(),
        order,
    })
}

/// The price of the delivery, if that is what the customer was shown (G18).
fn delivered(price: Option<Money>, draft: &Draft) -> Result<Money, Vec<Violation>> {
    let Some(expected) = price else {
        let detail = "we do not deliver there";
        return Err(vec![Violation::new("/address/country", detail)]);
    };
    match draft.delivery_price {
        Some(got) if got != expected => {
            let detail = format!("wrong delivery price: got {got}, expected {expected}");
            Err(vec![Violation::new("/deliveryPrice", detail)])
        }
        _ => Ok(expected),
    }
}

async fn promotion(
    shop: &impl Intake,
    code: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Option<Promotion>, Refusal> {
    let Some(code) = code else {
        return Ok(None);
    };
    let found = shop.promotion(code).await.map_err(unavailable)?;
    let found = found.ok_or_else(|| rejected(Rejection::Invalid))?;
    found.check(now).map_err(rejected)?;
    Ok(Some(found.promotion))
}

fn rejected(why: Rejection) -> Problem {
    Problem::validation(vec![Violation::new("/promotionCode", why.to_string())])
}

/// Redeems the promotion and binds the payment: both once for an order, however often a request
/// comes. Should the process end between the two and the request never come again, the code counts
/// as redeemed once too often; money is not touched.
async fn settle(
    shop: &impl Intake,
    order: &CustomerOrder,
    payment_token: &str,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let promoted = order.order.promotion.is_some();
    if promoted {
        shop.redeem(order, now)
            .await
            .map_err(unavailable)?
            .map_err(rejected)?;
    }
    let refused = match shop.authorise(order, payment_token).await {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(reason)) => Problem::payment_required(reason).into(),
        Err(error) => unavailable(error),
    };
    if promoted && let Err(error) = shop.give_back(order).await {
        tracing::warn!(
            order_id = %order.order.order_id,
            error = error_chain(&*error),
            "promotion code not given back"
        );
    }
    Err(refused)
}

/// Continues where an earlier request with the same key stopped.
async fn replay(
    shop: &impl Intake,
    found: &Remembered,
    print: &str,
    payment_token: &str,
    now: DateTime<Utc>,
) -> Result<Placed, Refusal> {
    if found.fingerprint != print {
        return Err(Problem::idempotency_key_reused().into());
    }
    let order: CustomerOrder = serde_json::from_str(&found.payload)?;
    // What the table shows is in the queue, or was: it is written after that.
    let order = match shop.find(&order).await.map_err(unavailable)? {
        Some(order) => order,
        None => {
            settle(shop, &order, payment_token, now).await?;
            accept(shop, order).await?
        }
    };
    Ok(Placed {
        order: order.order,
        replayed: true,
    })
}

async fn accept(shop: &impl Intake, order: CustomerOrder) -> Result<CustomerOrder, Refusal> {
    let order_id = &order.order.order_id;
    trace::annotate("orderId", order_id.as_str());
    shop.enqueue(&order).await.map_err(unavailable)?;
    match shop.record(&order).await {
        Ok(stored) => {
            tracing::info!(%order_id, total = %stored.order.total, "order accepted");
            metrics::record(
                &[
                    Metric::count("orderCreated"),
                    Metric::amount("orderCreatedTotal", stored.order.total),
                ],
                &[("order_id", order_id.as_str())],
            );
            Ok(stored)
        }
        Err(error) => {
            tracing::error!(%order_id, error = error_chain(&*error), "order accepted, but not yet shown");
            Ok(order)
        }
    }
}

/// The answer when a service that is needed does not answer.
pub fn unavailable(error: Failure) -> Refusal {
    tracing::error!(error = error_chain(&*error), "order not accepted");
    Problem::unavailable("the order could not be taken just now; please send it again").into()
}

#[cfg(test)]
#[path = "intake_tests.rs"]
mod tests;
