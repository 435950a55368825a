//! The payment of one order, and what an order's state asks of it.
//!
//! Only decisions. A payment changes in steps. A step is written down before the provider is asked
//! to do it (`pending`), and its outcome after that. Whoever finds a step that was begun finishes it
//! first: the provider answers a repeated request as the first one, so it does not matter how often
//! a step is done, by whom, or who died while doing it. This is why nobody is charged twice.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shop_core::id::Id;
use shop_core::money::Money;

use crate::order::{OrderState, Outcome};

/// The reference of the refund that comes with an order that was called off.
const CALLED_OFF: &str = "order";

/// Where a payment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
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

/// Something the provider is asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Step {
    /// Take this much and let the rest go.
    Capture {
        /// How much.
        amount: Money,
    },
    /// Let the money go.
    Cancel,
    /// Hold only this much from now on.
    Lower {
        /// How much.
        amount: Money,
    },
    /// Is so much held, although less was asked for so far?
    Raise {
        /// How much.
        amount: Money,
    },
    /// Give so much back.
    Refund {
        /// How much.
        amount: Money,
        /// Tells one refund from another.
        reference: String,
        /// Why.
        reason: Option<String>,
    },
    /// Let the money go that a token holds which was replaced.
    #[serde(rename_all = "camelCase")]
    Release {
        /// The old token.
        payment_token: String,
    },
}

/// A kind of step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StepKind {
    /// A token was bound to the order.
    Authorise,
    /// [`Step::Capture`].
    Capture,
    /// [`Step::Cancel`].
    Cancel,
    /// [`Step::Lower`].
    Lower,
    /// [`Step::Raise`].
    Raise,
    /// [`Step::Refund`].
    Refund,
    /// [`Step::Release`].
    Release,
}

/// One line of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Entry {
    /// When.
    pub time: DateTime<Utc>,
    /// What was tried.
    pub step: StepKind,
    /// Whether the provider did it.
    pub ok: bool,
    /// About how much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
}

/// Money that was given back, or should have been.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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

/// The payment of one order, as the table has it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payment {
    /// The order.
    pub order_id: Id,
    /// Its customer.
    pub user_id: String,
    /// The provider's name for it. It leaves this service for the provider only (defect D25).
    pub payment_token: String,
    /// What is held, then what was taken.
    pub amount: Money,
    /// Where it is.
    pub status: Status,
    /// Whether money was taken.
    pub captured: bool,
    /// What was given back.
    #[serde(default)]
    pub refunds: Vec<Refund>,
    /// Which step the provider refused last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<StepKind>,
    /// What was tried, from the beginning on.
    pub history: Vec<Entry>,
    /// What was begun and may not be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Step>,
    /// As of when the order is known.
    pub order_date: DateTime<Utc>,
    /// When it was authorised first.
    pub created_date: DateTime<Utc>,
    /// When anything came of a step.
    pub modified_date: DateTime<Utc>,
    /// Grows with every change, so that two changes at a time are noticed.
    pub version: u64,
}

/// A payment as everybody but this service may see it: without the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PaymentView {
    /// The order.
    pub order_id: Id,
    /// Its customer.
    pub user_id: String,
    /// What is held, then what was taken.
    pub amount: Money,
    /// Where it is.
    pub status: Status,
    /// How much was given back.
    pub refunded: Money,
    /// What was given back.
    pub refunds: Vec<Refund>,
    /// Which step the provider refused last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<StepKind>,
    /// What was tried, from the beginning on.
    pub history: Vec<Entry>,
    /// When it was authorised first.
    pub created_date: DateTime<Utc>,
    /// When anything came of a step.
    pub modified_date: DateTime<Utc>,
}

impl Step {
    /// Its kind.
    pub fn kind(&self) -> StepKind {
        match self {
            Step::Capture { .. } => StepKind::Capture,
            Step::Cancel => StepKind::Cancel,
            Step::Lower { .. } => StepKind::Lower,
            Step::Raise { .. } => StepKind::Raise,
            Step::Refund { .. } => StepKind::Refund,
            Step::Release { .. } => StepKind::Release,
        }
    }

    fn amount(&self) -> Option<Money> {
        match self {
            Step::Capture { amount }
            | Step::Lower { amount }
            | Step::Raise { amount }
            | Step::Refund { amount, .. } => Some(*amount),
            Step::Cancel | Step::Release { .. } => None,
        }
    }
}

impl Payment {
    /// A payment that was just authorised.
    pub fn new(
        order_id: Id,
        user_id: String,
        payment_token: String,
        amount: Money,
        now: DateTime<Utc>,
    ) -> Self {
        Payment {
            order_id,
            user_id,
            payment_token,
            amount,
            status: Status::Authorised,
            captured: false,
            refunds: Vec::new(),
            failure: None,
            history: vec![Entry {
                time: now,
                step: StepKind::Authorise,
                ok: true,
                amount: Some(amount),
            }],
            pending: None,
            order_date: now,
            created_date: now,
            modified_date: now,
            version: 1,
        }
    }

    /// The same payment with `token` for `amount`. The old token, if it is another one, is let go
    /// next.
    pub fn authorised_again(&self, token: &str, amount: Money, now: DateTime<Utc>) -> Self {
        let mut payment = self.clone();
        if payment.payment_token != token {
            let payment_token = std::mem::replace(&mut payment.payment_token, token.to_owned());
            payment.pending = Some(Step::Release { payment_token });
        }
        payment.amount = amount;
        payment.order_date = now;
        payment.modified_date = now;
        payment.version += 1;
        payment.note(StepKind::Authorise, true, Some(amount), now);
        payment
    }

    /// Whether so much is held for the order.
    pub fn covers(&self, total: Money) -> bool {
        total.currency == self.amount.currency && total.amount <= self.amount.amount
    }

    /// What can still be given back, in minor units.
    pub fn refundable(&self) -> i64 {
        // What was given back is never more than what was taken, so this does not wrap.
        i64::from(self.captured) * (self.amount.amount - self.refunded().amount)
    }

    /// The refund of this reference, done or refused.
    pub fn refund(&self, reference: &str) -> Option<&Refund> {
        self.refunds
            .iter()
            .find(|refund| refund.reference == reference)
    }

    /// What the state of the order asks for; nothing when it was done, or was refused before.
    ///
    /// States come more than once and in any order. Those that end an order hold whenever they come;
    /// of the others only a state that is newer than what is known.
    pub fn next(&self, order: &OrderState) -> Option<Step> {
        let refused = |kind| self.failure == Some(kind);
        let is_open = !self.captured && self.status != Status::Cancelled;
        match order.outcome() {
            Outcome::Delivered if is_open && !refused(StepKind::Capture) => Some(Step::Capture {
                amount: order.total,
            }),
            Outcome::CalledOff if is_open && !refused(StepKind::Cancel) => Some(Step::Cancel),
            Outcome::CalledOff if self.refundable() > 0 && self.refund(CALLED_OFF).is_none() => {
                Some(Step::Refund {
                    amount: Money::new(self.refundable(), self.amount.currency),
                    reference: CALLED_OFF.to_owned(),
                    reason: Some(order.status.to_string()),
                })
            }
            Outcome::Open
                if self.status == Status::Authorised && order.modified_date > self.order_date =>
            {
                let amount = order.total;
                if amount == self.amount {
                    None
                } else if self.covers(amount) {
                    Some(Step::Lower { amount })
                } else {
                    Some(Step::Raise { amount })
                }
            }
            _ => None,
        }
    }

    /// The payment with `step` begun, because of an order as it was at `order_date`.
    pub fn begin(&self, step: Step, order_date: Option<DateTime<Utc>>) -> Self {
        let mut payment = self.clone();
        payment.pending = Some(step);
        payment.order_date = payment.order_date.max(order_date.unwrap_or_default());
        payment.version += 1;
        payment
    }

    /// The payment after the provider did what was begun (`ok`) or refused it. A refusal is never
    /// passed over (defect D19): it shows in the status and is told to the bus.
    pub fn finish(&self, ok: bool, now: DateTime<Utc>) -> Self {
        let mut payment = self.clone();
        let Some(step) = payment.pending.take() else {
            return payment;
        };
        payment.version += 1;
        payment.modified_date = now;
        payment.note(step.kind(), ok, step.amount(), now);
        let kind = step.kind();
        match step {
            // Nothing depends on it: what is not held any more needs not be let go.
            Step::Release { .. } => return payment,
            Step::Refund {
                amount,
                reference,
                reason,
            } => payment.refunds.push(Refund {
                reference,
                amount,
                time: now,
                ok,
                reason,
            }),
            Step::Capture { amount } | Step::Lower { amount } | Step::Raise { amount } if ok => {
                payment.amount = amount;
                payment.captured |= kind == StepKind::Capture;
            }
            _ => {}
        }
        payment.failure = (!ok).then_some(kind);
        payment.status = match kind {
            _ if !ok => Status::Failed,
            StepKind::Cancel => Status::Cancelled,
            _ if !payment.captured => Status::Authorised,
            StepKind::Refund if payment.refundable() == 0 => Status::Refunded,
            _ => Status::Captured,
        };
        payment
    }

    fn refunded(&self) -> Money {
        let done = self.refunds.iter().filter(|refund| refund.ok);
        let amount = done.map(|refund| refund.amount.amount).sum();
        Money::new(amount, self.amount.currency)
    }

    fn note(&mut self, step: StepKind, ok: bool, amount: Option<Money>, time: DateTime<Utc>) {
        self.history.push(Entry {
            time,
            step,
            ok,
            amount,
        });
    }
}

/// Without the token, so that no log can show it.
impl fmt::Debug for Payment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payment")
            .field("seen", &PaymentView::from(self))
            .field("pending", &self.pending.as_ref().map(Step::kind))
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl From<&Payment> for PaymentView {
    fn from(payment: &Payment) -> Self {
        PaymentView {
            order_id: payment.order_id.clone(),
            user_id: payment.user_id.clone(),
            amount: payment.amount,
            status: payment.status,
            refunded: payment.refunded(),
            refunds: payment.refunds.clone(),
            failure: payment.failure,
            history: payment.history.clone(),
            created_date: payment.created_date,
            modified_date: payment.modified_date,
        }
    }
}

#[cfg(test)]
#[path = "payment_tests.rs"]
mod tests;
