//! The routes against a table and a provider in memory.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use serde_json::{Value, json};
use shop_core::order::OrderStatus;
use shop_core::testing::{Endpoint, Role, table};

use super::*;
use crate::fake::{FakeWorld, hear, order, order_id, placed};

const REFUND: &str = "POST /api/payments/{orderId}/refund";
const PAY: &str = "POST /api/orders/{orderId}/payment";

fn endpoint(key: &str) -> Endpoint {
    let endpoint = Endpoint::new(key).path("orderId", order_id());
    match key {
        REFUND => endpoint.body(json!({})),
        PAY => endpoint.body(json!({"paymentToken": "t2"})),
        _ => endpoint,
    }
}

async fn call(world: &FakeWorld, role: Role, endpoint: Endpoint) -> (u16, Value) {
    let answer = match answer(world, &endpoint.request(role), now()).await {
        Ok(answer) => answer,
        Err(Refusal::Problem(problem)) => problem.into(),
        Err(Refusal::Unexpected(error)) => panic!("{error}"),
    };
    (
        answer.status(),
        serde_json::from_str(answer.body()).unwrap(),
    )
}

async fn refund(world: &FakeWorld, key: Option<&str>, body: Value) -> (u16, Value) {
    let mut request = endpoint(REFUND).body(body);
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    call(world, Role::Admin, request).await
}

/// An order that was delivered and whose card does not pay.
async fn unpaid() -> FakeWorld {
    let world = placed().await;
    world.refuse_captures("t1", true);
    hear(&world, &order(OrderStatus::Fulfilled, 3000, 1))
        .await
        .unwrap();
    world.hold("t2", 3000);
    world
}

async fn captured() -> FakeWorld {
    let world = placed().await;
    hear(&world, &order(OrderStatus::Fulfilled, 3000, 1))
        .await
        .unwrap();
    world
}

/// A refund is refused to nobody for want of money: 409 says that the request was let in.
#[tokio::test]
async fn who_may_do_what() {
    let endpoints = ROUTES.map(|(key, _)| endpoint(key));
    let told = table(&endpoints, async |_, request| {
        answer(&unpaid().await, &request, now()).await
    });
    insta::assert_snapshot!(told.await);
}

#[tokio::test]
async fn where_nothing_was_paid_there_is_nothing_to_see() {
    for (key, _) in ROUTES {
        let nothing = FakeWorld::default();
        let role = if key.contains("/orders/") {
            Role::Customer
        } else {
            Role::Admin
        };
        assert_eq!(call(&nothing, role, endpoint(key)).await.0, 404, "{key}");
    }
}

#[tokio::test]
async fn a_customer_sees_what_he_owes_and_pays_it() {
    let world = unpaid().await;
    let own = || endpoint("GET /api/orders/{orderId}/payment");
    let (_, seen) = call(&world, Role::Customer, own()).await;
    assert_eq!(seen["status"], "FAILED");
    assert_eq!(seen["owed"], json!({"amount": 3000, "currency": "EUR"}));
    let (status, paid) = call(&world, Role::Customer, endpoint(PAY)).await;
    assert_eq!((status, &paid["status"]), (200, &json!("CAPTURED")));
    let (_, seen) = call(&world, Role::Customer, own()).await;
    assert_eq!(seen, paid);
    assert_eq!(seen.get("owed"), None);
    assert_eq!(world.books(), (1, 3000, 0, 0));
}

#[tokio::test]
async fn parts_are_given_back_until_nothing_is_left() {
    let world = captured().await;
    let part = json!({
        "amount": {"amount": 1000, "currency": "EUR"}, "reason": " one boot was missing ",
    });
    let (status, body) = refund(&world, None, part).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["status"], "CAPTURED");
    assert_eq!(body["refunded"], json!({"amount": 1000, "currency": "EUR"}));
    assert_eq!(body["refunds"][0]["reason"], "one boot was missing");

    let (_, body) = refund(&world, None, json!({})).await;
    assert_eq!(body["status"], "REFUNDED");
    assert_eq!(world.books(), (1, 3000, 3000, 0));

    let (status, body) = refund(&world, None, json!({})).await;
    assert_eq!(
        (status, &body["detail"]),
        (409, &json!("nothing is left to give back"))
    );
}

#[tokio::test]
async fn a_repeated_request_is_one_refund() {
    let world = captured().await;
    let part = json!({"amount": {"amount": 1000, "currency": "EUR"}});
    for _ in 0..2 {
        let (status, body) = refund(&world, Some("k"), part.clone()).await;
        assert_eq!((status, &body["refunded"]["amount"]), (200, &json!(1000)));
    }
    assert_eq!(world.books(), (1, 3000, 1000, 0));
    let other = json!({"amount": {"amount": 999, "currency": "EUR"}});
    assert_eq!(refund(&world, Some("k"), other).await.0, 422);
    assert_eq!(refund(&world, Some("two words"), part).await.0, 400);
}

#[tokio::test]
async fn no_more_is_given_back_than_was_taken() {
    let world = captured().await;
    for (amount, currency) in [(3001, "EUR"), (0, "EUR"), (-1, "EUR"), (1, "USD")] {
        let body = json!({"amount": {"amount": amount, "currency": currency}});
        let (status, body) = refund(&world, None, body).await;
        assert_eq!(status, 422, "{amount} {currency}");
        assert_eq!(body["errors"][0]["pointer"], "/amount");
        assert_eq!(body["detail"], "at most 30.00 EUR can be given back");
    }
    let two_thousand = || json!({"amount": {"amount": 2000, "currency": "EUR"}});
    let (one, two) = tokio::join!(
        refund(&world, None, two_thousand()),
        refund(&world, None, two_thousand())
    );
    let mut statuses = [one.0, two.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422]);
    assert_eq!(world.books(), (1, 3000, 2000, 0));
}

#[tokio::test]
async fn what_was_not_taken_is_not_given_back() {
    let world = placed().await;
    let (status, body) = refund(&world, None, json!({})).await;
    assert_eq!(
        (status, &body["detail"]),
        (409, &json!("nothing was taken for this order"))
    );
    assert_eq!(world.books(), (0, 0, 0, 3000));
}

#[tokio::test]
async fn a_request_says_only_what_is_known() {
    let world = captured().await;
    for (body, expected) in [
        (json!({"amount": 1000}), 400),
        (json!({"userId": "bob"}), 400),
        (json!({"reason": "two\nlines"}), 422),
        (json!({"reason": "x".repeat(201)}), 422),
    ] {
        let (status, answer) = refund(&world, None, body).await;
        assert_eq!(status, expected, "{answer}");
    }
    assert_eq!(world.books(), (1, 3000, 0, 0));
}
