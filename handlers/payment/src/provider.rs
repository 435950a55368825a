//! The payment provider over HTTP (`handlers/payment-3p`, or whoever speaks as it does).
//!
//! A call that got no answer, or one that says "not now", is made again: every operation is
//! idempotent at the provider, by absolute amounts and by references.

use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde::{Deserialize, Serialize};
use shop_core::money::Currency;

use crate::settle::Call;

/// How long one attempt may take.
const LIMIT: Duration = Duration::from_secs(3);
/// How long connecting may take of it.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// How often a call is made. With [`LIMIT`] this stays below the timeout of each function that
/// waits for it.
const ATTEMPTS: u32 = 3;
/// The pause before the second attempt; it doubles with each one.
const PAUSE: Duration = Duration::from_millis(200);

/// Why the provider did not answer the question.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// No answer, or none that can be read.
    #[error("payment provider cannot be reached")]
    Call(#[source] reqwest::Error),
    /// An answer that is none.
    #[error("payment provider answered {status} to {operation}")]
    Refused {
        /// What was asked.
        operation: &'static str,
        /// The HTTP status.
        status: StatusCode,
    },
}

/// The provider.
#[derive(Debug, Clone)]
pub struct Provider {
    client: Client,
    url: String,
}

/// What the provider is sent.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    payment_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<Currency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<&'a str>,
}

/// What it answers.
#[derive(Debug, Deserialize)]
struct Outcome {
    ok: bool,
}

impl Provider {
    /// The provider whose routes begin at `url`.
    pub fn new(url: String) -> Result<Self, ProviderError> {
        let client = Client::builder()
            .timeout(LIMIT)
            .connect_timeout(CONNECT_LIMIT)
            // A function has none; a developer's machine may have one that does not know it.
            .no_proxy()
            .build()
            .map_err(ProviderError::Call)?;
        Ok(Provider { client, url })
    }

    /// Asks; says whether the provider granted it.
    pub async fn ask(&self, token: &str, call: &Call) -> Result<bool, ProviderError> {
        let (operation, money, reference) = match call {
            Call::Check { amount } => ("check", Some(amount), None),
            Call::Lower { amount } => ("updateAmount", Some(amount), None),
            Call::Capture { amount, reference } => {
                ("processPayment", Some(amount), Some(reference.as_str()))
            }
            Call::Cancel { reference } => ("cancelPayment", None, Some(reference.as_str())),
            Call::Refund { amount, reference } => {
                ("refund", Some(amount), Some(reference.as_str()))
            }
        };
        let body = Body {
            payment_token: token,
            amount: money.map(|money| money.amount),
            currency: money.map(|money| money.currency),
            reference,
        };
        let mut pause = PAUSE;
        let mut attempt = 1;
        loop {
            let answer = self.post(operation, &body).await;
            match answer {
                Err(error) if attempt < ATTEMPTS && error.passes() => {
                    tracing::warn!(operation, attempt, error = %error, "provider is asked again");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                    attempt += 1;
                }
                answer => return answer,
            }
        }
    }

    async fn post(&self, operation: &'static str, body: &Body<'_>) -> Result<bool, ProviderError> {
        let url = format!("{}/{operation}", self.url);
        let request = self.client.post(url).json(body);
        // The address is no secret, but says nothing either.
        let call = |error: reqwest::Error| ProviderError::Call(error.without_url());
        let response = request.send().await.map_err(call)?;
        let status = response.status();
        if status != StatusCode::OK {
            return Err(ProviderError::Refused { operation, status });
        }
        let outcome: Outcome = response.json().await.map_err(call)?;
        Ok(outcome.ok)
    }
}

impl ProviderError {
    /// Whether the same call may have an answer next time.
    fn passes(&self) -> bool {
        match self {
            ProviderError::Call(error) => !error.is_decode() && !error.is_builder(),
            ProviderError::Refused { status, .. } => {
                status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
            }
        }
    }
}

#[cfg(test)]
#[path = "provider_tests.rs"]
mod tests;
