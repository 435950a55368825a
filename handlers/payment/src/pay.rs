//! Paying what the provider refused to take: with another card, or once more with the same one.
//!
//! An order is delivered before its money is taken, so a refusal comes when the customer has the
//! goods already. He can bring another token, which is asked for all that is owed and takes the place
//! of the old one; an administrator can have the refused step tried again, for instance after a call
//! with the bank.

use std::cell::Cell;

use chrono::{DateTime, Utc};
use shop_core::details::PaymentStepKind;
use shop_core::http::Refusal;
use shop_core::id::Id;
use shop_core::money::Money;
use shop_core::problem::Problem;
use shop_core::runtime::error_chain;

use crate::payment::{Payment, Step};
use crate::settle::{
    ATTEMPTS, Binding, Call, Crowded, Failure, Task, World, finish_pending, is_token, settle,
};

/// Why a payment is not as it should be.
pub enum NotSettled {
    /// It is the caller's business.
    Problem(Problem),
    /// The world did not do what was asked.
    Failure(Failure),
}

impl From<Problem> for NotSettled {
    fn from(problem: Problem) -> Self {
        NotSettled::Problem(problem)
    }
}

impl From<Failure> for NotSettled {
    fn from(failure: Failure) -> Self {
        NotSettled::Failure(failure)
    }
}

impl From<NotSettled> for Refusal {
    fn from(reason: NotSettled) -> Self {
        match reason {
            NotSettled::Problem(problem) => problem.into(),
            NotSettled::Failure(failure) => {
                tracing::error!(error = error_chain(&*failure), "payment cannot be reached");
                Problem::unavailable("payments cannot be reached just now; please try again").into()
            }
        }
    }
}

/// Pays what customer `user_id` owes for his order with `token`. The same request again, after an
/// answer that was lost, finds that nothing is owed and pays nothing.
pub async fn pay(
    world: &impl World,
    order_id: &Id,
    user_id: &str,
    token: &str,
    now: DateTime<Utc>,
) -> Result<Payment, NotSettled> {
    let mut tried = false;
    for _ in 0..ATTEMPTS {
        let found = world.get(order_id).await?;
        // Another's payment is none.
        let found = found.filter(|payment| payment.user_id == user_id);
        let payment = found.ok_or_else(no_payment)?;
        if finish_pending(world, &payment, now).await? {
            continue;
        }
        let Some((owed, due)) = payment.owed() else {
            return match payment.payment_token == token {
                true => Ok(payment),
                false => Err(Problem::conflict("nothing is owed for this order").into()),
            };
        };
        if tried || !is_token(token) {
            return Err(refused(owed).into());
        }
        if !world.ask(token, &Call::Check { amount: owed }).await? {
            return Err(refused(owed).into());
        }
        let next = payment.authorised_again(token, owed, due, now);
        match world.bind(&next).await? {
            Binding::Taken => {
                return Err(
                    Problem::payment_required("the payment belongs to another order").into(),
                );
            }
            Binding::Bound => tried = true,
            Binding::Changed => {}
        }
    }
    let crowded: Failure = Crowded(order_id.clone()).into();
    Err(crowded.into())
}

/// Has the step that the provider refused last tried once more.
pub async fn retry(
    world: &impl World,
    order_id: &Id,
    now: DateTime<Utc>,
) -> Result<Payment, NotSettled> {
    let seen = Cell::new(None);
    let settled = settle(world, order_id, now, |payment| {
        let tries = payment.history.len();
        if seen.get().is_some_and(|seen| seen < tries) {
            return Ok(None);
        }
        seen.set(Some(tries));
        Ok::<_, NotSettled>(Some(Task {
            step: refused_step(payment)?,
            order_date: None,
        }))
    })
    .await?;
    settled.ok_or_else(|| no_payment().into())
}

fn refused_step(payment: &Payment) -> Result<Step, Problem> {
    let refused = payment.refused();
    let amount = refused.and_then(|entry| entry.amount);
    match (refused.map(|entry| entry.step), amount) {
        (Some(PaymentStepKind::Cancel), _) => Ok(Step::Cancel),
        (Some(PaymentStepKind::Capture), Some(amount)) => Ok(Step::Capture { amount }),
        (Some(PaymentStepKind::Raise), Some(amount)) => Ok(Step::Raise { amount }),
        (Some(PaymentStepKind::Lower), Some(amount)) => Ok(Step::Lower { amount }),
        (Some(PaymentStepKind::Refund), _) => Err(Problem::conflict(
            "a refund was refused; ask for another one",
        )),
        _ => Err(Problem::conflict("nothing was refused")),
    }
}

fn refused(owed: Money) -> Problem {
    Problem::payment_required(format!("{owed} could not be taken; try another card"))
}

/// There is none, or none of the caller's.
pub fn no_payment() -> Problem {
    Problem::not_found("there is no payment of this order")
}

#[cfg(test)]
#[path = "pay_tests.rs"]
mod tests;
