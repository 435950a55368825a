//! A table and a provider in memory, for tests. Every call can be the last thing a process does, before
//! or after it had its effect, and others may come in between.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use shop_core::id::Id;
use shop_core::money::{Currency, Money};
use shop_core::order::OrderStatus;
use shop_core::payment::{AuthoriseRequest, Authorised};

use crate::order::OrderState;
use crate::payment::Payment;
use crate::settle::{Binding, Call, Failure, Task, World, authorise, settle};

/// What the provider has of a token. It follows the rules of `handlers/payment-3p`.
#[derive(Debug, Clone, Default)]
struct Hold {
    held: i64,
    charged: i64,
    charges: u32,
    over_by: Option<String>,
    refunds: BTreeMap<String, i64>,
    refuses: bool,
}

impl Hold {
    fn answer(&mut self, call: &Call) -> bool {
        let is_open = self.over_by.is_none();
        let was_by = |reference: &str, it: &Self| it.over_by.as_deref() == Some(reference);
        match call {
            Call::Check { amount } => is_open && amount.amount <= self.held,
            Call::Lower { amount } => {
                let ok = is_open && amount.amount <= self.held;
                if ok {
                    self.held = amount.amount;
                }
                ok
            }
            Call::Capture { amount, reference } if is_open => {
                let ok = !self.refuses && amount.amount <= self.held;
                if ok {
                    self.held = 0;
                    self.charged += amount.amount;
                    self.charges += 1;
                    self.over_by = Some(reference.clone());
                }
                ok
            }
            Call::Capture { amount, reference } => {
                was_by(reference, self) && self.charges == 1 && self.charged == amount.amount
            }
            Call::Cancel { reference } if is_open => {
                self.held = 0;
                self.over_by = Some(reference.clone());
                true
            }
            Call::Cancel { reference } => was_by(reference, self) && self.charges == 0,
            Call::Refund { amount, reference } => {
                if let Some(before) = self.refunds.get(reference) {
                    return *before == amount.amount;
                }
                let ok = self.charges == 1 && amount.amount <= self.charged - self.refunded();
                if ok {
                    self.refunds.insert(reference.clone(), amount.amount);
                }
                ok
            }
        }
    }

    fn refunded(&self) -> i64 {
        self.refunds.values().sum()
    }
}

#[derive(Default)]
pub struct FakeWorld {
    rows: RefCell<HashMap<Id, Payment>>,
    tokens: RefCell<HashMap<String, (Id, String)>>,
    provider: RefCell<BTreeMap<String, Hold>>,
    /// The call with this number, counted down, has its effect but no answer comes back.
    pub lost: Cell<Option<u32>>,
}

impl FakeWorld {
    /// Others, or the end, may come before the effect of a call.
    async fn before(&self) {
        tokio::task::yield_now().await;
    }

    /// And after it.
    async fn after<T>(&self, answer: T) -> Result<T, Failure> {
        tokio::task::yield_now().await;
        let lost = self.lost.get();
        self.lost.set(lost.and_then(|left| left.checked_sub(1)));
        match lost {
            Some(0) => Err("no answer came back".into()),
            _ => Ok(answer),
        }
    }

    fn bind_now(&self, payment: &Payment) -> Binding {
        let (mut rows, mut tokens) = (self.rows.borrow_mut(), self.tokens.borrow_mut());
        let owner = (payment.order_id.clone(), payment.user_id.clone());
        let version = rows.get(&payment.order_id).map_or(0, |row| row.version);
        match tokens.get(&payment.payment_token) {
            Some(known) if *known != owner => Binding::Taken,
            _ if version + 1 != payment.version => Binding::Changed,
            _ => {
                tokens.insert(payment.payment_token.clone(), owner);
                rows.insert(payment.order_id.clone(), payment.clone());
                Binding::Bound
            }
        }
    }

    pub fn hold(&self, token: &str, amount: i64) {
        let hold = Hold {
            held: amount,
            ..Hold::default()
        };
        self.provider.borrow_mut().insert(token.to_owned(), hold);
    }

    pub fn refuse_captures(&self, token: &str, refuses: bool) {
        self.provider.borrow_mut().get_mut(token).unwrap().refuses = refuses;
    }

    pub fn payment(&self) -> Payment {
        self.rows.borrow()[&order_id()].clone()
    }

    /// Of all tokens: charges, what was taken, given back, is still held.
    pub fn books(&self) -> (u32, i64, i64, i64) {
        let provider = self.provider.borrow();
        provider
            .values()
            .fold((0, 0, 0, 0), |(charges, taken, back, held), hold| {
                (
                    charges + hold.charges,
                    taken + hold.charged,
                    back + hold.refunded(),
                    held + hold.held,
                )
            })
    }
}

impl World for FakeWorld {
    async fn get(&self, order_id: &Id) -> Result<Option<Payment>, Failure> {
        self.before().await;
        let found = self.rows.borrow().get(order_id).cloned();
        self.after(found).await
    }

    async fn bind(&self, payment: &Payment) -> Result<Binding, Failure> {
        self.before().await;
        let binding = self.bind_now(payment);
        self.after(binding).await
    }

    async fn replace(&self, payment: &Payment) -> Result<bool, Failure> {
        self.before().await;
        let fits = {
            let mut rows = self.rows.borrow_mut();
            let row = rows.get_mut(&payment.order_id);
            let row = row.filter(|row| row.version + 1 == payment.version);
            row.map(|row| *row = payment.clone()).is_some()
        };
        self.after(fits).await
    }

    async fn ask(&self, token: &str, call: &Call) -> Result<bool, Failure> {
        self.before().await;
        let ok = match self.provider.borrow_mut().get_mut(token) {
            Some(hold) => hold.answer(call),
            None => false,
        };
        self.after(ok).await
    }
}

pub fn euro(amount: i64) -> Money {
    Money::new(amount, Currency::EUR)
}

pub fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600 + seconds, 0).unwrap()
}

pub fn order_id() -> Id {
    Id::fixed(1_767_225_600, "a")
}

pub fn request(token: &str, total: i64) -> AuthoriseRequest {
    AuthoriseRequest {
        order_id: order_id(),
        user_id: "customer".to_owned(),
        payment_token: token.to_owned(),
        total: euro(total),
    }
}

pub fn order(status: OrderStatus, total: i64, seconds: i64) -> OrderState {
    OrderState {
        order_id: order_id(),
        status,
        total: euro(total),
        modified_date: at(seconds),
        is_deleted: false,
    }
}

pub async fn hear(world: &FakeWorld, order: &OrderState) -> Result<Option<Payment>, Failure> {
    settle(world, &order.order_id, order.modified_date, |payment| {
        Ok::<_, Failure>(payment.next(order).map(|step| Task {
            step,
            order_date: Some(order.modified_date),
        }))
    })
    .await
}

/// A world with an authorised order of 3000.
pub async fn placed() -> FakeWorld {
    let world = FakeWorld::default();
    world.hold("t1", 3000);
    let answer = authorise(&world, &request("t1", 3000), at(0)).await;
    assert_eq!(answer.unwrap(), Authorised::YES);
    world
}
