//! An authorisation: money that a card's owner promised, and what may be done with it.
//!
//! Only decisions. `AUTHORISED` becomes `CAPTURED` or `CANCELLED`, once; what was captured can be
//! refunded, in parts, and never more of it than there was.
//!
//! Whoever asks twice gets the same answer when he says that it is the same request, by its
//! `reference`: a client that did not hear the first answer cannot take money twice, nor take a
//! success for a failure. Without a reference a second request is a second request, and refused.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use shop_core::id::Id;
use shop_core::money::{Currency, Money};

/// How long what was captured can be refunded, and a repeated request is recognised.
const REMEMBER: TimeDelta = TimeDelta::days(180);

/// Where an authorisation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// Money is held.
    Authorised,
    /// It was taken.
    Captured,
    /// It was let go.
    Cancelled,
}

/// Money that was promised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authorisation {
    /// Names it. Whoever has the token may use it.
    pub payment_token: Id,
    /// What is held, then what was taken; minor units.
    pub amount: i64,
    /// Its currency.
    pub currency: Currency,
    /// Where it is.
    pub state: State,
    /// Grows with every change, so that two changes at a time are noticed.
    pub version: u64,
    /// From when on it is as if there were none.
    #[serde(with = "chrono::serde::ts_seconds")]
    pub expires: DateTime<Utc>,
    /// Whether the card refuses in the end.
    #[serde(default)]
    pub fails_later: bool,
    /// The request that took it, or let it go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What was given back, by the reference of the request.
    #[serde(default)]
    pub refunds: BTreeMap<String, i64>,
}

/// What can be asked about an authorisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Is at least this much held?
    Check(Money),
    /// Take this much (all, if nothing is said) and let the rest go.
    Capture {
        /// How much.
        amount: Option<Money>,
        /// The request.
        reference: Option<String>,
    },
    /// Let it go.
    Cancel {
        /// The request.
        reference: Option<String>,
    },
    /// Hold only this much from now on.
    Lower(Money),
    /// Give so much back of what was taken.
    Refund {
        /// How much.
        amount: Money,
        /// The request.
        reference: String,
    },
}

/// What comes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// No.
    Refused,
    /// Yes, and nothing has to be changed for it.
    Granted,
    /// Yes, and this is what it is now.
    Changed(Authorisation),
}

impl Authorisation {
    /// A new one: `money` is held until `expires`.
    pub fn new(money: Money, expires: DateTime<Utc>, fails_later: bool) -> Self {
        Authorisation {
            payment_token: Id::new(),
            amount: money.amount,
            currency: money.currency,
            state: State::Authorised,
            version: 1,
            expires,
            fails_later,
            reference: None,
            refunds: BTreeMap::new(),
        }
    }

    /// What comes of `operation` at the time `now`.
    pub fn apply(&self, operation: &Operation, now: DateTime<Utc>) -> Verdict {
        if self.expires <= now {
            return Verdict::Refused;
        }
        match (self.state, operation) {
            (State::Authorised, Operation::Check(money)) if self.covers(*money) => Verdict::Granted,
            (State::Authorised, Operation::Lower(money)) if self.covers(*money) => {
                if money.amount == self.amount {
                    Verdict::Granted
                } else {
                    self.changed(|it| it.amount = money.amount)
                }
            }
            (State::Authorised, Operation::Capture { amount, reference }) => {
                let money = amount.unwrap_or(self.money());
                if self.fails_later || !self.covers(money) {
                    return Verdict::Refused;
                }
                self.changed(|it| {
                    it.state = State::Captured;
                    it.amount = money.amount;
                    it.reference.clone_from(reference);
                    it.expires = now + REMEMBER;
                })
            }
            (State::Authorised, Operation::Cancel { reference }) => self.changed(|it| {
                it.state = State::Cancelled;
                it.reference.clone_from(reference);
                it.expires = now + REMEMBER;
            }),
            (State::Captured, Operation::Capture { amount, reference })
                if self.is_repeated(reference)
                    && amount.is_none_or(|money| money == self.money()) =>
            {
                Verdict::Granted
            }
            (State::Cancelled, Operation::Cancel { reference }) if self.is_repeated(reference) => {
                Verdict::Granted
            }
            (State::Captured, Operation::Refund { amount, reference }) => {
                self.refund(*amount, reference)
            }
            _ => Verdict::Refused,
        }
    }

    fn refund(&self, money: Money, reference: &str) -> Verdict {
        if money.currency != self.currency {
            return Verdict::Refused;
        }
        if let Some(before) = self.refunds.get(reference) {
            return if *before == money.amount {
                Verdict::Granted
            } else {
                Verdict::Refused
            };
        }
        // What was given back is never more than what was taken, so this does not wrap.
        let left = self.amount - self.refunds.values().sum::<i64>();
        if money.amount > left {
            return Verdict::Refused;
        }
        self.changed(|it| {
            it.refunds.insert(reference.to_owned(), money.amount);
        })
    }

    fn money(&self) -> Money {
        Money::new(self.amount, self.currency)
    }

    fn covers(&self, money: Money) -> bool {
        money.currency == self.currency && money.amount <= self.amount
    }

    /// Whether the request with this reference is what brought it here.
    fn is_repeated(&self, reference: &Option<String>) -> bool {
        reference.is_some() && self.reference == *reference
    }

    fn changed(&self, change: impl FnOnce(&mut Self)) -> Verdict {
        let mut changed = self.clone();
        change(&mut changed);
        changed.version += 1;
        Verdict::Changed(changed)
    }
}

#[cfg(test)]
#[path = "authorisation_tests.rs"]
mod tests;
