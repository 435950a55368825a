#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use lambda_runtime::Context;
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

fn event(changes: Value) -> ApiGatewayV2httpRequest {
    let mut event = json!({
        "version": "2.0",
        "routeKey": "POST /api/orders",
        "rawPath": "/api/orders",
        "rawQueryString": "",
        "headers": { "content-type": "application/json", "idempotency-key": "k-1" },
        "requestContext": {
            "routeKey": "POST /api/orders",
            "http": { "method": "POST", "path": "/api/orders", "protocol": "HTTP/1.1" },
        },
        "isBase64Encoded": false,
    });
    for (key, value) in changes.as_object().unwrap() {
        if key == "claims" {
            event["requestContext"]["authorizer"] = json!({ "jwt": { "claims": value } });
        } else {
            event[key] = value.clone();
        }
    }
    serde_json::from_value(event).unwrap()
}

fn request(changes: Value) -> Request {
    event(changes).into()
}

#[derive(Debug, Deserialize, PartialEq)]
struct Cup {
    size: u8,
}

#[test]
fn an_idempotency_key_is_a_plain_text() {
    let asked = |headers: Value| {
        let request = Request::from(event(json!({ "headers": headers })));
        request.idempotency_key().map(|key| key.map(str::to_owned))
    };
    assert_eq!(asked(json!({})), Ok(None));
    let key = json!({ "idempotency-key": "6f1c-1" });
    assert_eq!(asked(key), Ok(Some("6f1c-1".to_owned())));
    for wrong in ["", " ", "two words", &"x".repeat(201), "a\tb"] {
        let refused = asked(json!({ "idempotency-key": wrong }));
        assert_eq!(refused.unwrap_err().status, 400, "{wrong:?}");
    }
}

#[test]
fn a_body_is_read_plain_or_base64() {
    assert_eq!(
        request(json!({"body": "{\"size\":2}"})).json::<Cup>(),
        Ok(Cup { size: 2 })
    );
    assert_eq!(
        request(json!({"body": "eyJzaXplIjoyfQ==", "isBase64Encoded": true})).json::<Cup>(),
        Ok(Cup { size: 2 })
    );
}

#[test]
fn a_wrong_body_is_refused_with_its_place() {
    let refuse = |changes: Value| request(changes).json::<Cup>().unwrap_err();
    assert_eq!(refuse(json!({})).detail, "the request has no body");
    insta::assert_snapshot!(refuse(json!({"body": "{\"size\":\"big\"}"})).detail, @r#"the body is not as expected: invalid type: string "big", expected u8 at line 1 column 13"#);
    assert_eq!(
        refuse(json!({"body": "***", "isBase64Encoded": true})).detail,
        "the body cannot be decoded"
    );
    let long = format!("{{\"size\":2,\"padding\":\"{}\"}}", "x".repeat(MAX_BODY));
    assert_eq!(
        refuse(json!({ "body": long })).detail,
        "the body is larger than 64 KB"
    );
}

#[test]
fn the_caller_is_who_the_token_names() {
    let caller = request(json!({"claims": {
        "sub": "u-1", "email": "eve@example.com", "cognito:groups": "[admin warehouse]",
    }}))
    .caller()
    .unwrap();
    assert_eq!(caller.user_id, "u-1");
    assert_eq!(caller.email.as_deref(), Some("eve@example.com"));
    assert_eq!(caller.groups, ["admin", "warehouse"]);
    assert!(caller.is("delivery"), "an admin may do everything");

    assert_eq!(request(json!({})).caller().unwrap_err().status, 401);
    assert_eq!(
        request(json!({"claims": {"sub": ""}}))
            .caller()
            .unwrap_err()
            .status,
        401
    );
}

#[test]
fn a_group_is_needed_where_one_is_asked_for() {
    let packer = request(json!({"claims": {"sub": "u-2", "cognito:groups": "[warehouse]"}}));
    let packer = packer.caller().unwrap();
    assert_eq!(packer.require("warehouse"), Ok(()));
    assert_eq!(packer.require("admin").unwrap_err().status, 403);
    let customer = request(json!({"claims": {"sub": "u-3"}})).caller().unwrap();
    assert_eq!(customer.require("warehouse").unwrap_err().status, 403);
}

#[test]
fn a_limit_has_to_be_in_range() {
    let limit = |value: &str| request(json!({"queryStringParameters": {"limit": value}})).limit();
    assert_eq!(request(json!({})).limit(), Ok(20));
    assert_eq!(limit(""), Ok(20));
    assert_eq!(limit("1"), Ok(1));
    assert_eq!(limit("100"), Ok(100));
    for wrong in ["0", "101", "-1", "many", "1.5", "99999999999"] {
        assert_eq!(limit(wrong).unwrap_err().status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn an_unexpected_error_does_not_leak() {
    let event = LambdaEvent::new(event(json!({})), Context::default());
    let answer = serve(event, async |_| {
        Err(std::io::Error::other("password of the table is secret").into())
    })
    .await
    .unwrap();
    assert_eq!(answer.status_code, 500);
    let Some(Body::Text(body)) = answer.body else {
        panic!("an answer without a text");
    };
    insta::assert_snapshot!(body, @r#"{"type":"about:blank","title":"Internal Server Error","status":500,"detail":"something went wrong on our side; it has been recorded"}"#);
    assert_eq!(answer.headers["content-type"], "application/problem+json");
}

#[tokio::test]
async fn who_asks_at_a_bad_moment_is_told_to_try_again() {
    let overloaded = || WriteError::Overloaded("busy".into());
    for refusal in [
        Problem::unavailable("try again").into(),
        overloaded().into(),
    ] {
        let event = LambdaEvent::new(event(json!({})), Context::default());
        let answer = serve(event, async |_| Err(refusal)).await.unwrap();
        assert_eq!(answer.status_code, 503);
        assert_eq!(answer.headers["retry-after"], "1");
    }
}
