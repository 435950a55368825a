//! What the routes are for, as an `OpenAPI` document (see `shop_core::openapi`).

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use schemars::JsonSchema;
use serde_json::{Value, json};
use shop_core::id::Id;
use shop_core::money::Currency;
use shop_core::openapi::{Access, Operation, Service};

use super::*;

/// Requests are read field by field, for the sake of the provider's own messages; these are their
/// shapes, and a test asks the provider which fields it knows.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
#[allow(dead_code, reason = "only their schemas are asked for")]
struct Preauth {
    /// 16 digits. It is neither kept nor logged.
    #[schemars(regex(pattern = r"^\d{16}$"))]
    card_number: String,
    /// Minor units.
    amount: u64,
    /// Euro without it.
    currency: Option<Currency>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
#[allow(dead_code, reason = "only their schemas are asked for")]
struct Check {
    payment_token: Id,
    /// Minor units.
    amount: u64,
    /// Euro without it.
    currency: Option<Currency>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
#[allow(dead_code, reason = "only their schemas are asked for")]
struct Capture {
    payment_token: Id,
    /// Minor units; all that is held without it.
    amount: Option<u64>,
    /// Euro without it.
    currency: Option<Currency>,
    /// Tells a repeated request from a second one.
    reference: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
#[allow(dead_code, reason = "only their schemas are asked for")]
struct Cancel {
    payment_token: Id,
    /// Tells a repeated request from a second one.
    reference: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
#[allow(dead_code, reason = "only their schemas are asked for")]
struct Refund {
    payment_token: Id,
    /// Minor units.
    amount: u64,
    /// Euro without it.
    currency: Option<Currency>,
    /// Tells a repeated request from a second one.
    reference: String,
}

fn service() -> Service {
    let open = |key, summary| Operation::new(key, Access::Everybody, summary).limited();
    Service {
        stack: "payment-3p",
        title: "Payment provider",
        description: "A simulated provider; no bank is behind it. Whoever has a card may ask for a \
            token, and whoever has a token may use it.",
        operations: vec![
            open("POST /api/payment-3p/preauth", "Hold money of a card")
                .takes::<Preauth>(&[])
                .answers::<Preauthorised>(200)
                .problems(&[402]),
            open("POST /api/payment-3p/check", "Whether so much is held")
                .takes::<Check>(&[])
                .answers::<Outcome>(200),
            open("POST /api/payment-3p/processPayment", "Take the money")
                .takes::<Capture>(&[])
                .answers::<Outcome>(200),
            open("POST /api/payment-3p/cancelPayment", "Let the money go")
                .takes::<Cancel>(&[])
                .answers::<Outcome>(200),
            open("POST /api/payment-3p/updateAmount", "Hold less")
                .takes::<Check>(&[])
                .answers::<Outcome>(200),
            open("POST /api/payment-3p/refund", "Give money back")
                .takes::<Refund>(&[])
                .answers::<Outcome>(200),
        ],
        calls: Vec::new(),
    }
}

#[test]
fn the_document_says_what_the_routes_are() {
    service().assert_documented(&ROUTES.map(|(key, _)| key));
}

#[tokio::test]
async fn the_document_names_the_fields_that_are_read() {
    let document = service().document();
    for (key, _) in ROUTES {
        let event = json!({
            "version": "2.0", "routeKey": key, "rawPath": "", "rawQueryString": "", "headers": {},
            "requestContext": {"routeKey": key, "http": {"method": "POST", "path": "", "protocol": ""}},
            "body": json!({"?": 1}).to_string(), "isBase64Encoded": false,
        });
        let event: ApiGatewayV2httpRequest = serde_json::from_value(event).unwrap();
        let vault = tests::FakeVault::default();
        let refused = answer(&vault, TimeDelta::days(30), &event.into(), Utc::now()).await;
        let Err(Refusal::Problem(problem)) = refused else {
            panic!("{key} takes a field that nobody knows: {refused:?}");
        };
        let read: BTreeSet<&str> = problem.detail.split('\'').skip(1).step_by(2).collect();
        let (_, path) = key.split_once(' ').unwrap();
        let content = &document["paths"][path]["post"]["requestBody"]["content"];
        let reference = content["application/json"]["schema"]["$ref"]
            .as_str()
            .unwrap();
        let schema: &Value = document.pointer(&reference[1..]).unwrap();
        let fields = schema["properties"].as_object().unwrap();
        assert_eq!(
            fields.keys().map(String::as_str).collect::<BTreeSet<_>>(),
            read,
            "{key}"
        );
    }
}
