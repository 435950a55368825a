//! Function `api`: the provider's public routes. They need no login: whoever has a card may ask for
//! a token, and whoever has a token may use it.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use chrono::{DateTime, TimeDelta, Utc};
use lambda_runtime::{Error, LambdaEvent};
use shop_core::http::{self, Answer, Refusal, Request};
use shop_core::problem::Problem;
use shop_core::runtime::error_chain;

use crate::authorisation::{Authorisation, Operation};
use crate::card::Judgement;
use crate::request::{
    CancelRequest, CaptureRequest, CheckRequest, Outcome, PreauthRequest, Preauthorised,
    RefundRequest,
};
use crate::vault::{Failure, Vault, perform};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    Preauth,
    Check,
    Capture,
    Cancel,
    Lower,
    Refund,
}

/// Every route key of the template, and nothing else; what each is for says `openapi.rs`, and a test
/// compares them.
const ROUTES: [(&str, Route); 6] = [
    ("POST /api/payment-3p/preauth", Route::Preauth),
    ("POST /api/payment-3p/check", Route::Check),
    ("POST /api/payment-3p/processPayment", Route::Capture),
    ("POST /api/payment-3p/cancelPayment", Route::Cancel),
    ("POST /api/payment-3p/updateAmount", Route::Lower),
    ("POST /api/payment-3p/refund", Route::Refund),
];

/// Answers one request. What is authorised is held for `hold`.
pub async fn serve(
    vault: &impl Vault,
    hold: TimeDelta,
    event: LambdaEvent<ApiGatewayV2httpRequest>,
) -> Result<ApiGatewayV2httpResponse, Error> {
    http::serve(event, async |request| {
        answer(vault, hold, &request, Utc::now()).await
    })
    .await
}

async fn answer(
    vault: &impl Vault,
    hold: TimeDelta,
    request: &Request,
    now: DateTime<Utc>,
) -> Result<Answer, Refusal> {
    let route = ROUTES.iter().find(|(key, _)| *key == request.route_key());
    let (token, operation) = match route.map(|(_, route)| route) {
        Some(Route::Preauth) => return preauth(vault, hold, request, now).await,
        Some(Route::Check) => {
            let CheckRequest { token, amount } = CheckRequest::read(request)?;
            (token, Operation::Check(amount))
        }
        Some(Route::Capture) => {
            let CaptureRequest {
                token,
                amount,
                reference,
            } = CaptureRequest::read(request)?;
            (token, Operation::Capture { amount, reference })
        }
        Some(Route::Cancel) => {
            let CancelRequest { token, reference } = CancelRequest::read(request)?;
            (token, Operation::Cancel { reference })
        }
        Some(Route::Lower) => {
            let CheckRequest { token, amount } = CheckRequest::read(request)?;
            (token, Operation::Lower(amount))
        }
        Some(Route::Refund) => {
            let RefundRequest {
                token,
                amount,
                reference,
            } = RefundRequest::read(request)?;
            (token, Operation::Refund { amount, reference })
        }
        None => return Err(Problem::not_found("there is no such resource").into()),
    };
    let ok = perform(vault, &token, &operation, now)
        .await
        .map_err(|error| failed("Internal error", &error))?;
    tracing::info!(ok, "payment operation answered");
    Ok(Answer::json(200, &Outcome { ok })?)
}

async fn preauth(
    vault: &impl Vault,
    hold: TimeDelta,
    request: &Request,
    now: DateTime<Utc>,
) -> Result<Answer, Refusal> {
    let PreauthRequest { card, amount } = PreauthRequest::read(request)?;
    let fails_later = match card {
        Judgement::Good => false,
        Judgement::FailsLater => true,
        Judgement::Declined(reason) => return Err(declined(reason).into()),
    };
    let authorisation = Authorisation::new(amount, now + hold, fails_later);
    vault
        .insert(&authorisation)
        .await
        .map_err(|error| failed("Failed to generate a token", &error))?;
    tracing::info!(%amount, "payment authorised");
    let payment_token = authorisation.payment_token;
    Ok(Answer::json(200, &Preauthorised { payment_token })?)
}

/// 402: the card is a card, but there is no money to be had from it.
fn declined(reason: &str) -> Problem {
    Problem {
        kind: "/problems/card-declined",
        title: "Card declined",
        status: 402,
        detail: reason.to_owned(),
        errors: Vec::new(),
    }
}

fn failed(detail: &str, error: &Failure) -> Problem {
    tracing::error!(error = error_chain(&**error), "vault cannot be used");
    Problem {
        detail: detail.to_owned(),
        ..Problem::internal()
    }
}

#[cfg(test)]
#[path = "openapi.rs"]
mod openapi;

#[cfg(test)]
#[path = "api_tests.rs"]
mod tests;
