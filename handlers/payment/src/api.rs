//! Function `api`: an administrator looks at payments and gives money back (feature U127).

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use chrono::{DateTime, Utc};
use lambda_runtime::{Error, LambdaEvent};
use serde::Deserialize;
use shop_core::http::{self, Answer, Refusal, Request};
use shop_core::id::Id;
use shop_core::money::Money;
use shop_core::order::now;
use shop_core::problem::{Problem, Violation};
use shop_core::runtime::error_chain;

use crate::payment::{Payment, PaymentView, Step};
use crate::settle::{Failure, Task, World, settle};

/// The longest reason, in characters.
const LONGEST_REASON: usize = 200;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    Get,
    Refund,
}

/// Every route key of the template, and nothing else; what each is for says `openapi.rs`, and a test
/// compares them.
const ROUTES: [(&str, Route); 2] = [
    ("GET /api/payments/{orderId}", Route::Get),
    ("POST /api/payments/{orderId}/refund", Route::Refund),
];

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
    request.caller()?.require("admin")?;
    match route.map(|(_, route)| route) {
        Some(Route::Get) => {
            let payment = world.get(&order_id(request)?).await.map_err(unavailable)?;
            shown(payment)
        }
        Some(Route::Refund) => refund(world, request, now).await,
        None => Err(Problem::not_found("there is no such resource").into()),
    }
}

fn shown(payment: Option<Payment>) -> Result<Answer, Refusal> {
    let payment = payment.ok_or_else(not_found)?;
    Ok(Answer::json(200, &PaymentView::from(&payment))?)
}

async fn refund(
    world: &impl World,
    request: &Request,
    now: DateTime<Utc>,
) -> Result<Answer, Refusal> {
    let order_id = order_id(request)?;
    let reference = match request.header("idempotency-key") {
        Some(key) => format!("admin/{}", checked_key(key)?),
        None => format!("admin/{}", Id::new()),
    };
    let RefundRequest { amount, reason } = request.json()?;
    let reason = reason.map(checked_reason).transpose()?;
    let payment = settle(world, &order_id, now, |payment| {
        decide(payment, &reference, amount, reason.as_deref())
    })
    .await
    .map_err(Refusal::from)?;
    shown(payment)
}

/// Whether the refund is still to be made; nothing when it was.
fn decide(
    payment: &Payment,
    reference: &str,
    amount: Option<Money>,
    reason: Option<&str>,
) -> Result<Option<Task>, NotRefunded> {
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

/// Why money was not given back.
enum NotRefunded {
    Problem(Problem),
    Failure(Failure),
}

impl From<Problem> for NotRefunded {
    fn from(problem: Problem) -> Self {
        NotRefunded::Problem(problem)
    }
}

impl From<Failure> for NotRefunded {
    fn from(failure: Failure) -> Self {
        NotRefunded::Failure(failure)
    }
}

impl From<NotRefunded> for Refusal {
    fn from(reason: NotRefunded) -> Self {
        match reason {
            NotRefunded::Problem(problem) => problem.into(),
            NotRefunded::Failure(failure) => unavailable(failure),
        }
    }
}

fn checked_key(key: &str) -> Result<&str, Problem> {
    if (1..=200).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(key);
    }
    Err(Problem::bad_request(
        "Idempotency-Key has to be 1 to 200 visible characters, for instance a UUID",
    ))
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
    request.path("orderId")?.parse().map_err(|_| not_found())
}

fn not_found() -> Problem {
    Problem::not_found("there is no payment of this order")
}

fn unavailable(error: Failure) -> Refusal {
    tracing::error!(error = error_chain(&*error), "payment cannot be reached");
    Problem::unavailable("payments cannot be reached just now; please try again").into()
}

#[cfg(test)]
#[path = "openapi.rs"]
mod openapi;

#[cfg(test)]
#[path = "api_tests.rs"]
mod tests;
