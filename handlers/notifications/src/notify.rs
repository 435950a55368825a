//! Telling everybody, each once.
//!
//! An event may come twice, and one mail may fail where another went out: each
//! notice is claimed before and noted after it is sent, so that the next
//! delivery of the event sends only what is missing.

use chrono::{DateTime, TimeDelta, Utc};
use lambda_runtime::{Error, LambdaEvent};
use shop_core::events::Event;
use shop_core::idempotency::Claim;
use shop_core::order::{CustomerOrder, now};
use shop_core::runtime::error_chain;

use crate::mail::{self, Notice, Shop};

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
}

/// Some notices are not out; the event has to come again.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not told: {}", .0.join("; "))]
pub struct NotTold(Vec<String>);

/// Somebody else is sending it right now.
#[derive(Debug, thiserror::Error)]
#[error("another delivery of the event is sending it")]
struct Busy;

/// Tells everybody about a new order.
pub async fn order_created(
    outlet: &impl Outlet,
    shop: &Shop,
    event: LambdaEvent<Event<CustomerOrder>>,
) -> Result<(), Error> {
    let order = &event.payload.detail;
    let notices = mail::order_created(shop, order)?;
    if order.email.is_none() {
        tracing::warn!(order_id = %order.order.order_id, "customer has no mail address");
    }
    Ok(tell(outlet, &notices).await?)
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

    use super::*;
    use crate::mail::Channel;

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
}
