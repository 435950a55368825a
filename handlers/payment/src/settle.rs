//! How a payment gets from one state to the next, although everything may happen twice, at the same
//! time, or stop half way.

use chrono::{DateTime, Utc};
use shop_core::details::PaymentStatus;
use shop_core::id::Id;
use shop_core::money::Money;
use shop_core::payment::{AuthoriseRequest, Authorised, NotAuthorised};

use crate::payment::{Due, Payment, Step};

/// What the world does when it does not do what was asked.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How many changes are made in one go, those that others began included.
pub const ATTEMPTS: u32 = 20;
/// The longest token, in bytes.
const LONGEST_TOKEN: usize = 200;

/// So many others change one payment that nothing of ours came through.
#[derive(Debug, thiserror::Error)]
#[error("payment of order {0} is being changed by many others")]
pub struct Crowded(pub Id);

/// A question to the provider. Each may be repeated: the provider answers as the first time, because
/// the amounts are absolute and the references name what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Is so much held?
    Check {
        /// How much.
        amount: Money,
    },
    /// Hold only so much.
    Lower {
        /// How much.
        amount: Money,
    },
    /// Take so much.
    Capture {
        /// How much.
        amount: Money,
        /// For what.
        reference: String,
    },
    /// Let it go.
    Cancel {
        /// For what.
        reference: String,
    },
    /// Give so much back.
    Refund {
        /// How much.
        amount: Money,
        /// For what.
        reference: String,
    },
}

/// What came of an attempt to bind a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// It is this order's now.
    Bound,
    /// It is another order's, or another customer's.
    Taken,
    /// The payment is not what it was any more.
    Changed,
}

/// What settling needs of the world.
pub trait World {
    /// The payment of an order.
    async fn get(&self, order_id: &Id) -> Result<Option<Payment>, Failure>;

    /// Writes the payment in the place of the one with the version before (of none, if it is the
    /// first) and binds its token to it: both or neither.
    async fn bind(&self, payment: &Payment) -> Result<Binding, Failure>;

    /// Puts `payment` in the place of the one with the version before; says no when that is not
    /// there any more.
    async fn replace(&self, payment: &Payment) -> Result<bool, Failure>;

    /// Asks the provider about a token.
    async fn ask(&self, token: &str, call: &Call) -> Result<bool, Failure>;
}

/// What to do with a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The step.
    pub step: Step,
    /// As of when the order asks for it.
    pub order_date: Option<DateTime<Utc>>,
}

/// Does what `decide` wants done with the payment of an order until it wants nothing more, and
/// answers the payment as it is then; nothing when there is none.
///
/// `decide` may be asked several times and sees only payments without an unfinished step.
pub async fn settle<E: From<Failure>>(
    world: &impl World,
    order_id: &Id,
    now: DateTime<Utc>,
    decide: impl Fn(&Payment) -> Result<Option<Task>, E>,
) -> Result<Option<Payment>, E> {
    for _ in 0..ATTEMPTS {
        let Some(payment) = world.get(order_id).await? else {
            return Ok(None);
        };
        if finish_pending(world, &payment, now).await? {
            continue;
        }
        let Some(Task { step, order_date }) = decide(&payment)? else {
            return Ok(Some(payment));
        };
        // When somebody else was faster, what he did is looked at first.
        world.replace(&payment.begin(step, order_date)).await?;
    }
    Err(E::from(Crowded(order_id.clone()).into()))
}

/// Finishes the step that was begun, if there is one; says whether there was.
pub async fn finish_pending(
    world: &impl World,
    payment: &Payment,
    now: DateTime<Utc>,
) -> Result<bool, Failure> {
    let Some(step) = &payment.pending else {
        return Ok(false);
    };
    let reference = payment.order_id.to_string();
    let token = match step {
        Step::Release { payment_token, .. } => payment_token,
        _ => &payment.payment_token,
    };
    let call = match step {
        Step::Capture { amount } => Call::Capture {
            amount: *amount,
            reference,
        },
        Step::Cancel | Step::Release { .. } => Call::Cancel { reference },
        Step::Lower { amount } => Call::Lower { amount: *amount },
        Step::Raise { amount } => Call::Check { amount: *amount },
        Step::Refund {
            amount,
            reference: which,
            ..
        } => Call::Refund {
            amount: *amount,
            reference: format!("{reference}/{which}"),
        },
    };
    let ok = world.ask(token, &call).await?;
    // When somebody else was faster, he wrote the same.
    if world.replace(&payment.finish(ok, now)).await? {
        tracing::info!(order_id = %payment.order_id, step = ?step.kind(), ok, "payment step done");
    }
    Ok(true)
}

/// Whether the provider can know it.
pub fn is_token(text: &str) -> bool {
    (1..=LONGEST_TOKEN).contains(&text.len())
}

/// Binds a token to an order, if it covers the total (features U121 and U124; defect D20: a token is
/// good for one order of one customer).
pub async fn authorise(
    world: &impl World,
    request: &AuthoriseRequest,
    now: DateTime<Utc>,
) -> Result<Authorised, Failure> {
    let AuthoriseRequest {
        order_id,
        user_id,
        payment_token: token,
        total,
    } = request;
    // What is no token need not be asked about.
    if !is_token(token) || total.amount < 0 {
        return Ok(Authorised::no(NotAuthorised::NotCovered));
    }
    for _ in 0..ATTEMPTS {
        let found = world.get(order_id).await?;
        if let Some(payment) = &found {
            if finish_pending(world, payment, now).await? {
                continue;
            }
            if payment.user_id != *user_id {
                return Ok(Authorised::no(NotAuthorised::TokenUsed));
            }
            if payment.status != PaymentStatus::Authorised {
                return Ok(Authorised::no(NotAuthorised::Closed));
            }
            // What is held beyond the total goes when the order says that it is cheaper now.
            if payment.payment_token == *token && payment.covers(*total) {
                return Ok(Authorised::YES);
            }
        }
        if !world.ask(token, &Call::Check { amount: *total }).await? {
            return Ok(Authorised::no(NotAuthorised::NotCovered));
        }
        let payment = match found {
            Some(payment) => payment.authorised_again(token, *total, Due::AtDelivery, now),
            None => {
                let (order_id, user_id) = (order_id.clone(), user_id.clone());
                Payment::new(order_id, user_id, token.clone(), *total, now)
            }
        };
        match world.bind(&payment).await? {
            Binding::Taken => return Ok(Authorised::no(NotAuthorised::TokenUsed)),
            // Once more, to let go of the token that was replaced.
            Binding::Bound if payment.pending.is_some() => {}
            Binding::Bound => return Ok(Authorised::YES),
            Binding::Changed => {}
        }
    }
    Err(Crowded(order_id.clone()).into())
}

#[cfg(test)]
#[path = "settle_tests.rs"]
mod tests;
