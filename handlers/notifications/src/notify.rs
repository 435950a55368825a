//! Telling everybody, each once.
//!
//! An event may come twice, and one mail may fail where another went out: each
//! notice is claimed before and noted after it is sent, so that the next
//! delivery of the event sends only what is missing.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use chrono::{DateTime, TimeDelta, Utc};
use lambda_runtime::{Error, LambdaEvent};
use serde::Deserialize;
use serde_json::Value;
use shop_core::batch::handle_events;
use shop_core::details::{PaymentStatus, PaymentStepKind};
use shop_core::events::Event;
use shop_core::id::Id;
use shop_core::idempotency::Claim;
use shop_core::money::Money;
use shop_core::order::{CustomerOrder, now};
use shop_core::runtime::error_chain;

use crate::mail::{self, LowProduct};
use crate::notice::{MailError, Notice, Shop};

/// What goes wrong on the way.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// After this time a claim is free again: its owner must have died. Longer than the function runs.
const LEASE: TimeDelta = TimeDelta::seconds(60);

/// What telling needs of the world.
pub trait Outlet {
    /// Asks for the right to send the notice.
    async fn claim(&self, id: &str, lease: TimeDelta, now: DateTime<Utc>)
    -> Result<Claim, Failure>;

    /// Sends it.
    async fn send(&self, notice: &Notice) -> Result<(), Failure>;

    /// Notes that it was sent.
    async fn complete(&self, id: &str, now: DateTime<Utc>) -> Result<(), Failure>;

    /// Gives the right back.
    async fn release(&self, id: &str) -> Result<(), Failure>;

    /// An order with its customer.
    async fn order(&self, order_id: &Id) -> Result<Option<CustomerOrder>, Failure>;
}

/// Some notices are not out; the event has to come again.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not told: {}", .0.join("; "))]
pub struct NotTold(Vec<String>);

/// Somebody else is sending it right now.
#[derive(Debug, thiserror::Error)]
#[error("another delivery of the event is sending it")]
struct Busy;

/// Why an event could not be told.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// It is no event, or its detail is not what its name promises.
    #[error("message is not an event that can be told: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// A notice cannot be written.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// Some notices are not out.
    #[error(transparent)]
    NotTold(#[from] NotTold),
    /// A step failed.
    #[error("{0}")]
    Step(String),
}

#[derive(Debug, Deserialize)]
struct OrderModified {
    new: CustomerOrder,
    changed: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeliveryStarted {
    order_id: Id,
    tracking_number: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PaymentModified {
    old: PaymentSide,
    new: PaymentSide,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PaymentSide {
    order_id: Id,
    status: PaymentStatus,
    #[serde(default)]
    failure: Option<PaymentStepKind>,
    #[serde(default)]
    owed: Option<Money>,
    modified_date: Option<DateTime<Utc>>,
}

impl PaymentModified {
    /// What the customer owes since this change, for goods that he has, and when it was refused.
    fn refused(&self) -> Option<(Money, DateTime<Utc>)> {
        let PaymentSide {
            status,
            failure,
            owed,
            modified_date,
            ..
        } = self.new;
        let is_new = status == PaymentStatus::Failed
            && failure == Some(PaymentStepKind::Capture)
            && self.old.modified_date != modified_date;
        owed.filter(|_| is_new).zip(modified_date)
    }
}

#[derive(Debug, Deserialize)]
struct LowStock {
    products: Vec<LowProduct>,
}

/// Tells everybody concerned about the events of one batch.
pub async fn serve(
    outlet: &impl Outlet,
    shop: &Shop,
    event: LambdaEvent<SqsEvent>,
) -> Result<SqsBatchResponse, Error> {
    Ok(handle_events(event.payload, async |event| {
        handle(outlet, shop, event).await
    })
    .await)
}

async fn handle(outlet: &impl Outlet, shop: &Shop, event: Event<Value>) -> Result<(), NotifyError> {
    let notices = match event.detail_type.as_str() {
        "OrderCreated" => mail::order_created(shop, &serde_json::from_value(event.detail)?)?,
        "OrderModified" => {
            let detail: OrderModified = serde_json::from_value(event.detail)?;
            let has = |name: &str| detail.changed.iter().any(|changed| changed == name);
            match has("status") {
                true => mail::order_moved(shop, &detail.new, has("items"))?,
                false => Vec::new(),
            }
        }
        "DeliveryStarted" => {
            let detail: DeliveryStarted = serde_json::from_value(event.detail)?;
            match asked(outlet, &detail.order_id).await? {
                Some(order) => mail::order_shipped(shop, &order, &detail.tracking_number)?,
                None => Vec::new(),
            }
        }
        "PaymentModified" => {
            let detail: PaymentModified = serde_json::from_value(event.detail)?;
            match detail.refused() {
                Some((owed, time)) => match asked(outlet, &detail.new.order_id).await? {
                    Some(order) => {
                        let occasion = time.timestamp_millis().to_string();
                        mail::payment_refused(shop, &order, owed, &occasion)?
                    }
                    None => Vec::new(),
                },
                None => Vec::new(),
            }
        }
        "LowStock" => {
            let detail: LowStock = serde_json::from_value(event.detail)?;
            mail::low_stock(shop, &event.id, &detail.products)?
        }
        other => {
            tracing::warn!(detail_type = other, "event is told to nobody");
            Vec::new()
        }
    };
    tell(outlet, &notices).await?;
    Ok(())
}

/// The order: events of others tell of which one they are, and not to whom to write (U147). When there
/// is none, it was deleted since, and there is nobody to write to: what these events tell happens to
/// orders that have been there for long.
async fn asked(outlet: &impl Outlet, order_id: &Id) -> Result<Option<CustomerOrder>, NotifyError> {
    let found = outlet.order(order_id).await;
    let found = found.map_err(|error| NotifyError::Step(error_chain(&*error)))?;
    if found.is_none() {
        tracing::warn!(%order_id, "event about an order that is gone");
    }
    Ok(found)
}

async fn tell(outlet: &impl Outlet, notices: &[Notice]) -> Result<(), NotTold> {
    let mut failed = Vec::new();
    for notice in notices {
        match tell_once(outlet, notice).await {
            Ok(true) => tracing::info!(notice = notice.id, "told"),
            Ok(false) => tracing::info!(notice = notice.id, "told before"),
            Err(error) => failed.push(format!("{}: {}", notice.id, error_chain(&*error))),
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(NotTold(failed))
    }
}

/// Sends the notice unless it was sent before; says whether it did.
async fn tell_once(outlet: &impl Outlet, notice: &Notice) -> Result<bool, Failure> {
    match outlet.claim(&notice.id, LEASE, now()).await? {
        Claim::Done => return Ok(false),
        Claim::Busy => return Err(Busy.into()),
        Claim::Won => {}
    }
    if let Err(error) = outlet.send(notice).await {
        // If this fails too, the claim ends with its lease.
        if let Err(error) = outlet.release(&notice.id).await {
            tracing::warn!(
                notice = notice.id,
                error = error_chain(&*error),
                "claim not released"
            );
        }
        return Err(error);
    }
    outlet.complete(&notice.id, now()).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use std::cell::RefCell;
    use std::collections::{HashMap, HashSet};

    use lambda_runtime::Context;
    use serde_json::json;

    use super::*;
    use crate::notice::Channel;

    #[derive(Default)]
    struct FakeOutlet {
        claims: RefCell<HashMap<String, bool>>,
        sent: RefCell<Vec<String>>,
        broken: RefCell<HashSet<&'static str>>,
    }

    impl Outlet for FakeOutlet {
        async fn claim(&self, id: &str, _: TimeDelta, _: DateTime<Utc>) -> Result<Claim, Failure> {
            let mut claims = self.claims.borrow_mut();
            Ok(match claims.get(id) {
                Some(true) => Claim::Done,
                Some(false) => Claim::Busy,
                None => {
                    claims.insert(id.to_owned(), false);
                    Claim::Won
                }
            })
        }

        async fn send(&self, notice: &Notice) -> Result<(), Failure> {
            if self.broken.borrow().contains(notice.id.as_str()) {
                return Err("mailbox full".into());
            }
            self.sent.borrow_mut().push(notice.id.clone());
            Ok(())
        }

        async fn complete(&self, id: &str, _: DateTime<Utc>) -> Result<(), Failure> {
            self.claims.borrow_mut().insert(id.to_owned(), true);
            Ok(())
        }

        async fn release(&self, id: &str) -> Result<(), Failure> {
            self.claims.borrow_mut().remove(id);
            Ok(())
        }

        async fn order(&self, order_id: &Id) -> Result<Option<CustomerOrder>, Failure> {
            let order: CustomerOrder = serde_json::from_value(order())?;
            Ok((order.order.order_id == *order_id).then_some(order))
        }
    }

    fn notices() -> Vec<Notice> {
        let notice = |id: &str| Notice {
            id: id.to_owned(),
            subject: String::new(),
            text: String::new(),
            channel: Channel::Topic,
        };
        ["customer", "owner", "topic"].map(notice).into()
    }

    #[tokio::test]
    async fn an_event_that_comes_twice_is_told_once() {
        let outlet = FakeOutlet::default();
        tell(&outlet, &notices()).await.unwrap();
        tell(&outlet, &notices()).await.unwrap();
        assert_eq!(*outlet.sent.borrow(), ["customer", "owner", "topic"]);
    }

    #[tokio::test]
    async fn one_broken_mailbox_does_not_keep_the_others_from_being_told() {
        let outlet = FakeOutlet::default();
        outlet.broken.borrow_mut().insert("customer");
        let error = tell(&outlet, &notices()).await.unwrap_err();
        insta::assert_snapshot!(error, @"not told: customer: mailbox full");
        assert_eq!(*outlet.sent.borrow(), ["owner", "topic"]);

        outlet.broken.borrow_mut().clear();
        tell(&outlet, &notices()).await.unwrap();
        assert_eq!(*outlet.sent.borrow(), ["owner", "topic", "customer"]);
    }

    #[tokio::test]
    async fn what_another_delivery_is_sending_is_left_to_it() {
        let outlet = FakeOutlet::default();
        outlet.claim("owner", LEASE, now()).await.unwrap();
        let error = tell(&outlet, &notices()).await.unwrap_err();
        insta::assert_snapshot!(error, @"not told: owner: another delivery of the event is sending it");
        assert_eq!(*outlet.sent.borrow(), ["customer", "topic"]);
    }

    fn order() -> Value {
        json!({
            "userId": "eve", "email": "eve@example.com", "orderId": Id::fixed(1, "order"),
            "status": "CONFIRMED", "items": [], "history": [],
            "createdDate": "2026-03-04T23:04:05Z", "modifiedDate": "2026-03-04T23:04:06Z",
            "address": {"name": "Eve", "street": "1", "city": "C", "postalCode": "1", "country": "DE"},
            "deliveryPrice": {"amount": 0, "currency": "EUR"},
            "total": {"amount": 0, "currency": "EUR"},
        })
    }

    fn event(detail_type: &str, detail: Value) -> String {
        json!({
            "id": "e-1", "source": "shop.orders", "detail-type": detail_type,
            "time": "2026-01-02T03:04:05Z", "detail": detail,
        })
        .to_string()
    }

    /// A payment that comes to another status: one that failed is owed.
    fn payment(from: &str, to: &str, second: u32) -> String {
        let side = |status: &str, second: u32| {
            let mut side = json!({
                "orderId": Id::fixed(1, "order"), "userId": "eve", "status": status,
                "modifiedDate": format!("2026-01-02T03:04:0{second}Z"),
            });
            if status == "FAILED" {
                side["failure"] = json!("CAPTURE");
                side["owed"] = json!({"amount": 3000, "currency": "EUR"});
            }
            side
        };
        let detail = json!({
            "old": side(from, second - 1), "new": side(to, second), "changed": ["status"],
        });
        event("PaymentModified", detail)
    }

    /// Every kind of event, one about an order that was deleted, and one that is none.
    fn events() -> Vec<String> {
        let modified = |changed: &str| json!({ "old": {}, "new": order(), "changed": [changed] });
        vec![
            event("OrderCreated", order()),
            event("OrderModified", modified("status")),
            event("OrderModified", modified("address")),
            event(
                "DeliveryStarted",
                json!({ "orderId": Id::fixed(1, "order"), "trackingNumber": "t" }),
            ),
            event(
                "LowStock",
                json!({ "products": [{ "productId": Id::fixed(1, "a"), "name": "A", "quantity": 1 }] }),
            ),
            event("OrderModified", json!({ "poisoned": true })),
            event(
                "DeliveryStarted",
                json!({ "orderId": Id::fixed(1, "other"), "trackingNumber": "t" }),
            ),
            event("OrderDeleted", order()),
            payment("AUTHORISED", "FAILED", 1),
            payment("FAILED", "CAPTURED", 2),
            payment("CAPTURED", "REFUNDED", 3),
            payment("AUTHORISED", "FAILED", 4),
        ]
    }

    async fn deliver(outlet: &FakeOutlet, bodies: &[String]) -> Vec<String> {
        let shop = Shop {
            name: "Tarnside".to_owned(),
            site_url: "https://shop.example".to_owned(),
            owner: "owner@shop.example".to_owned(),
        };
        let record =
            |(id, body): (usize, &String)| json!({ "messageId": id.to_string(), "body": body });
        let records: Vec<_> = bodies.iter().enumerate().map(record).collect();
        let event = serde_json::from_value(json!({ "Records": records })).unwrap();
        let response = serve(outlet, &shop, LambdaEvent::new(event, Context::default())).await;
        let failures = response.unwrap().batch_item_failures.into_iter();
        failures.map(|failure| failure.item_identifier).collect()
    }

    #[tokio::test]
    async fn every_event_is_told_once_and_the_poisoned_ones_come_back_alone() {
        let outlet = FakeOutlet::default();
        let twice = [events(), events()].concat();
        assert_eq!(deliver(&outlet, &events()).await, ["5"]);
        let told = outlet.sent.borrow().clone();
        let kinds: Vec<_> = told
            .iter()
            .map(|id| id.replace(Id::fixed(1, "order").as_str(), "*"))
            .collect();
        assert_eq!(
            kinds,
            [
                "order_created/*/owner",
                "order_created/*/topic",
                "order_confirmed/*/customer",
                "order_shipped/*/customer",
                "low_stock/e-1/owner",
                "payment_refused-1767323041000/*/customer",
                "payment_refused-1767323041000/*/owner",
                "payment_refused-1767323044000/*/customer",
                "payment_refused-1767323044000/*/owner",
            ]
        );
        deliver(&outlet, &twice).await;
        assert_eq!(*outlet.sent.borrow(), told, "told again");
    }
}
