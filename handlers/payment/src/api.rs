//! Function `api`: an administrator looks at payments, gives money back (feature U127) and has what was
//! refused tried again; a customer sees what he owes, and pays it.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use chrono::{DateTime, Utc};
use lambda_runtime::{Error, LambdaEvent};
use serde::{Deserialize, Serialize};
use shop_core::details::{PaymentState, PaymentStatus};
use shop_core::http::{self, Answer, Refusal, Request};
use shop_core::id::Id;
use shop_core::money::Money;
use shop_core::order::now;
use shop_core::problem::{Problem, Violation};

use crate::pay::{NotSettled, no_payment, pay, retry};
use crate::payment::{Payment, Step};
use crate::settle::{Task, World, settle};

/// The longest reason, in characters.
const LONGEST_REASON: usize = 200;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    GetOwn,
    Pay,
    Get,
    Refund,
    Retry,
}

/// Every route key of the template, and nothing else; what each is for says `openapi.rs`, and a test
/// compares them.
const ROUTES: [(&str, Route); 5] = [
    ("GET /api/orders/{orderId}/payment", Route::GetOwn),
    ("POST /api/orders/{orderId}/payment", Route::Pay),
    ("GET /api/payments/{orderId}", Route::Get),
    ("POST /api/payments/{orderId}/refund", Route::Refund),
    ("POST /api/payments/{orderId}/retry", Route::Retry),
];

/// A payment as its customer sees it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct OwnPayment {
    order_id: Id,
    status: PaymentStatus,
    amount: Money,
    refunded: Money,
    /// What he still has to pay; `POST` does.
    #[serde(skip_serializing_if = "Option::is_none")]
    owed: Option<Money>,
}

/// Pays what is owed.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PayRequest {
    /// What the payment provider gave the customer for what he owes.
    payment_token: String,
}

/// Gives money back. With an `Idempotency-Key` a repeated request is the same refund.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
struct RefundRequest {
    /// How much; everything that is left without it.
    amount: Option<Money>,
    /// Why, for the records.
    reason: Option<String>,
}

/// Answers one request.
pub async fn serve(
    world: &impl World,
    event: LambdaEvent<ApiGatewayV2httpRequest>,
) -> Result<ApiGatewayV2httpResponse, Error> {
    http::serve(event, async |request| answer(world, &request, now()).await).await
}

async fn answer(
    world: &impl World,
    request: &Request,
    now: DateTime<Utc>,
) -> Result<Answer, Refusal> {
    let route = ROUTES.iter().find(|(key, _)| *key == request.route_key());
    let caller = request.caller()?;
    let Some((_, route)) = route else {
        return Err(Problem::not_found("there is no such resource").into());
    };
    if !matches!(route, Route::GetOwn | Route::Pay) {
        caller.require("admin")?;
    }
    let order_id = order_id(request)?;
    let found = match route {
        Route::GetOwn => return own_payment(&own(world, &order_id, &caller.user_id).await?),
        Route::Pay => {
            // What is wrong with a request about another's payment is nobody's business.
            own(world, &order_id, &caller.user_id).await?;
            let PayRequest { payment_token } = request.json()?;
            let token = payment_token.trim();
            let paid = pay(world, &order_id, &caller.user_id, token, now).await?;
            return own_payment(&paid);
        }
        Route::Get => world.get(&order_id).await.map_err(NotSettled::from)?,
        Route::Refund => refund(world, request, &order_id, now).await?,
        Route::Retry => Some(retry(world, &order_id, now).await?),
    };
    let payment = found.ok_or_else(no_payment)?;
    Ok(Answer::json(200, &PaymentState::from(&payment))?)
}

/// The payment of an order of this customer; another's is none.
async fn own(world: &impl World, order_id: &Id, user_id: &str) -> Result<Payment, Refusal> {
    let found = world.get(order_id).await.map_err(NotSettled::from)?;
    let own = found.filter(|payment| payment.user_id == user_id);
    Ok(own.ok_or_else(no_payment)?)
}

fn own_payment(payment: &Payment) -> Result<Answer, Refusal> {
    let state = PaymentState::from(payment);
    Ok(Answer::json(
        200,
        &OwnPayment {
            order_id: state.order_id,
            status: state.status,
            amount: state.amount,
            refunded: state.refunded,
            owed: state.owed,
        },
    )?)
}

async fn refund(
    world: &impl World,
    request: &Request,
    order_id: &Id,
    now: DateTime<Utc>,
) -> Result<Option<Payment>, Refusal> {
    let reference = match request.idempotency_key()? {
        Some(key) => format!("admin/{key}"),
        None => format!("admin/{}", Id::new()),
    };
    let RefundRequest { amount, reason } = request.json()?;
    let reason = reason.map(checked_reason).transpose()?;
    let refunded = settle(world, order_id, now, |payment| {
        decide(payment, &reference, amount, reason.as_deref())
    });
    Ok(refunded.await?)
}

/// Whether the refund is still to be made; nothing when it was.
fn decide(
    payment: &Payment,
    reference: &str,
    amount: Option<Money>,
    reason: Option<&str>,
) -> Result<Option<Task>, NotSettled> {
    if let Some(before) = payment.refund(reference) {
        if amount.is_some_and(|amount| amount != before.amount) {
            return Err(Problem::idempotency_key_reused().into());
        }
        return match before.ok {
            true => Ok(None),
            false => Err(Problem::conflict("the payment provider refused this refund").into()),
        };
    }
    if !payment.captured {
        return Err(Problem::conflict("nothing was taken for this order").into());
    }
    let left = Money::new(payment.refundable(), payment.amount.currency);
    if left.amount == 0 {
        return Err(Problem::conflict("nothing is left to give back").into());
    }
    let amount = amount.unwrap_or(left);
    if amount.currency != left.currency || !(1..=left.amount).contains(&amount.amount) {
        let detail = format!("at most {left} can be given back");
        return Err(Problem::validation(vec![Violation::new("/amount", detail)]).into());
    }
    let step = Step::Refund {
        amount,
        reference: reference.to_owned(),
        reason: reason.map(str::to_owned),
    };
    Ok(Some(Task {
        step,
        order_date: None,
    }))
}

fn checked_reason(reason: String) -> Result<String, Problem> {
    let reason = reason.trim();
    if reason.chars().count() <= LONGEST_REASON && !reason.chars().any(char::is_control) {
        return Ok(reason.to_owned());
    }
    let detail = format!("one line of text of at most {LONGEST_REASON} characters");
    Err(Problem::validation(vec![Violation::new("/reason", detail)]))
}

/// What is not an identifier names no order either.
fn order_id(request: &Request) -> Result<Id, Problem> {
    request.path("orderId")?.parse().map_err(|_| no_payment())
}

#[cfg(test)]
#[path = "openapi.rs"]
mod openapi;

#[cfg(test)]
#[path = "api_tests.rs"]
mod tests;
