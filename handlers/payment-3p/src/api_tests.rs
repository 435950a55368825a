//! The routes against a vault in memory.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use serde_json::{Value, json};

use super::*;

#[derive(Default)]
pub(super) struct FakeVault {
    rows: RefCell<HashMap<String, Authorisation>>,
    down: Cell<bool>,
}

impl FakeVault {
    async fn answers(&self) -> Result<(), Failure> {
        // Others may come in between, as they would over a network.
        tokio::task::yield_now().await;
        if self.down.get() {
            return Err("the table is down".into());
        }
        Ok(())
    }
}

impl Vault for FakeVault {
    async fn get(&self, token: &str) -> Result<Option<Authorisation>, Failure> {
        self.answers().await?;
        Ok(self.rows.borrow().get(token).cloned())
    }

    async fn insert(&self, authorisation: &Authorisation) -> Result<(), Failure> {
        self.answers().await?;
        let token = authorisation.payment_token.to_string();
        self.rows.borrow_mut().insert(token, authorisation.clone());
        Ok(())
    }

    async fn replace(&self, authorisation: &Authorisation) -> Result<bool, Failure> {
        self.answers().await?;
        let mut rows = self.rows.borrow_mut();
        let found = rows.get_mut(authorisation.payment_token.as_str()).unwrap();
        let fits = found.version + 1 == authorisation.version;
        if fits {
            *found = authorisation.clone();
        }
        Ok(fits)
    }
}

/// A request as the gateway hands it on; without a body when there is none.
fn request(operation: &str, body: Option<String>) -> Request {
    let key = format!("POST /api/payment-3p/{operation}");
    let event = json!({
        "version": "2.0", "routeKey": key, "rawPath": "", "rawQueryString": "", "headers": {},
        "requestContext": {"routeKey": key, "http": {"method": "POST", "path": "", "protocol": ""}},
        "body": body, "isBase64Encoded": false,
    });
    serde_json::from_value::<ApiGatewayV2httpRequest>(event)
        .unwrap()
        .into()
}

async fn raw(vault: &FakeVault, operation: &str, body: Option<String>) -> (u16, Value) {
    let request = request(operation, body);
    let answer = match answer(vault, TimeDelta::days(30), &request, Utc::now()).await {
        Ok(answer) => answer,
        Err(Refusal::Problem(problem)) => problem.into(),
        Err(Refusal::Unexpected(error)) => panic!("{error}"),
    };
    let body = serde_json::from_str(answer.body()).unwrap();
    (answer.status(), body)
}

async fn call(vault: &FakeVault, operation: &str, body: Value) -> (u16, Value) {
    raw(vault, operation, Some(body.to_string())).await
}

async fn token(vault: &FakeVault, card: &str, amount: i64) -> String {
    let (status, body) = call(
        vault,
        "preauth",
        json!({"cardNumber": card, "amount": amount}),
    )
    .await;
    assert_eq!(status, 200, "{body}");
    body["paymentToken"].as_str().unwrap().to_owned()
}

async fn ok(vault: &FakeVault, operation: &str, body: Value) -> bool {
    let (status, answer) = call(vault, operation, body).await;
    assert_eq!(status, 200, "{answer}");
    answer["ok"].as_bool().unwrap()
}

const CARD: &str = "4242424242424242";

#[tokio::test]
async fn every_message_is_the_one_that_clients_know() {
    let vault = FakeVault::default();
    let token = token(&vault, CARD, 3000).await;
    let mut table = String::new();
    for (operation, bodies) in [
        (
            "preauth",
            vec![
                json!({}),
                json!({"cardNumber": null, "amount": 1}),
                json!({"cardNumber": "", "amount": 1}),
                json!({"cardNumber": 4_242_424_242_424_242_i64, "amount": 1}),
                json!({"cardNumber": "4242"}),
                json!({"cardNumber": CARD}),
                json!({"cardNumber": CARD, "amount": "1"}),
                json!({"cardNumber": CARD, "amount": -1}),
                json!({"cardNumber": CARD, "amount": -0.5}),
                json!({"cardNumber": CARD, "amount": 12.5}),
                json!({"cardNumber": CARD, "amount": 1e30}),
                json!({"cardNumber": CARD, "amount": 1, "currency": "euro"}),
                json!({"cardNumber": CARD, "amount": 1, "cvc": "123"}),
                json!([]),
            ],
        ),
        (
            "check",
            vec![
                json!({"amount": 1}),
                json!({"paymentToken": 1, "amount": 1}),
                json!({"paymentToken": token}),
                json!({"paymentToken": token, "amount": true}),
                json!({"paymentToken": token, "amount": -1}),
            ],
        ),
        (
            "processPayment",
            vec![json!({}), json!({"paymentToken": []})],
        ),
        (
            "cancelPayment",
            vec![json!({}), json!({"paymentToken": []})],
        ),
        (
            "updateAmount",
            vec![json!({}), json!({"paymentToken": token})],
        ),
        ("refund", vec![json!({"paymentToken": token, "amount": 1})]),
    ] {
        for body in bodies {
            let shown = body.to_string().replace(&token, "TOKEN");
            let (status, answer) = call(&vault, operation, body).await;
            assert_eq!((status, &answer["status"]), (400, &json!(400)), "{answer}");
            let detail = answer["detail"].as_str().unwrap();
            table += &format!("{operation} {shown}\n    {detail}\n");
        }
        for (body, shown) in [(None, "nothing"), (Some("{".to_owned()), "{")] {
            let (status, answer) = raw(&vault, operation, body).await;
            assert_eq!(status, 400, "{answer}");
            table += &format!("{operation} {shown}\n    {}\n", answer["detail"]);
        }
    }
    insta::assert_snapshot!(table);
}

#[tokio::test]
async fn a_free_order_can_be_paid() {
    let vault = FakeVault::default();
    let token = token(&vault, CARD, 0).await;
    let body = json!({"paymentToken": token, "amount": 0});
    assert!(ok(&vault, "check", body.clone()).await);
    assert!(ok(&vault, "processPayment", body).await);
}

#[tokio::test]
async fn a_declined_card_gets_no_token() {
    let vault = FakeVault::default();
    for (card, detail) in [
        ("4000000000000002", "The card was declined."),
        ("4000000000009995", "The card has insufficient funds."),
        ("4000000000000069", "The card has expired."),
    ] {
        let body = json!({"cardNumber": card, "amount": 100});
        let (status, answer) = call(&vault, "preauth", body).await;
        assert_eq!((status, &answer["detail"]), (402, &json!(detail)));
        assert_eq!(answer["type"], "/problems/card-declined");
    }
    assert!(vault.rows.borrow().is_empty());
}

#[tokio::test]
async fn a_card_that_fails_later_gets_a_token_that_takes_nothing() {
    let vault = FakeVault::default();
    let token = token(&vault, "4000000000000341", 3000).await;
    let body = json!({"paymentToken": token});
    assert!(
        ok(
            &vault,
            "check",
            json!({"paymentToken": token, "amount": 3000})
        )
        .await
    );
    assert!(!ok(&vault, "processPayment", body).await);
}

#[tokio::test]
async fn nothing_is_kept_of_a_card() {
    let vault = FakeVault::default();
    token(&vault, CARD, 3000).await;
    let rows = vault.rows.borrow();
    let row = serde_json::to_string(&rows.values().collect::<Vec<_>>()).unwrap();
    assert!(!row.contains("4242"), "{row}");
}

#[tokio::test]
async fn an_unknown_token_is_answered_as_a_used_one() {
    let vault = FakeVault::default();
    for operation in ["check", "processPayment", "cancelPayment", "updateAmount"] {
        let body = match operation {
            "check" | "updateAmount" => json!({"paymentToken": "unknown", "amount": 1}),
            _ => json!({"paymentToken": "unknown"}),
        };
        assert!(!ok(&vault, operation, body).await, "{operation}");
    }
    let body = json!({"paymentToken": "unknown", "amount": 1, "reference": "a"});
    assert!(!ok(&vault, "refund", body).await);
}

#[tokio::test]
async fn of_requests_at_the_same_time_one_takes_the_money() {
    let vault = FakeVault::default();
    let token = token(&vault, CARD, 3000).await;
    let ask = |reference: &str| {
        let body = json!({"paymentToken": token, "reference": reference});
        ok(&vault, "processPayment", body)
    };
    let cancel = ok(&vault, "cancelPayment", json!({"paymentToken": token}));
    let (a, b, c, cancelled) = tokio::join!(ask("a"), ask("b"), ask("c"), cancel);
    let granted = [a, b, c, cancelled].into_iter().filter(|ok| *ok).count();
    assert_eq!(granted, 1);
}

#[tokio::test]
async fn of_refunds_at_the_same_time_none_is_lost() {
    let vault = FakeVault::default();
    let token = token(&vault, CARD, 3000).await;
    assert!(ok(&vault, "processPayment", json!({"paymentToken": token})).await);
    let ask = |reference: &str| {
        let body = json!({"paymentToken": token, "amount": 1000, "reference": reference});
        ok(&vault, "refund", body)
    };
    let (a, b, c, d) = tokio::join!(ask("a"), ask("b"), ask("c"), ask("d"));
    assert_eq!([a, b, c, d].into_iter().filter(|ok| *ok).count(), 3);
    assert_eq!(vault.rows.borrow()[&token].refunds.len(), 3);
}

#[tokio::test]
async fn a_vault_that_is_down_is_our_fault_and_nobody_elses() {
    let vault = FakeVault::default();
    vault.down.set(true);
    let body = json!({"cardNumber": CARD, "amount": 100});
    let (status, answer) = call(&vault, "preauth", body).await;
    assert_eq!(status, 500);
    assert_eq!(answer["detail"], "Failed to generate a token");
    let body = json!({"paymentToken": "any", "amount": 100});
    let (status, answer) = call(&vault, "check", body).await;
    assert_eq!((status, &answer["detail"]), (500, &json!("Internal error")));
}
