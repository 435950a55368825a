//! What others may see of a payment.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use shop_core::money::Currency;

use super::*;

fn payment() -> Payment {
    let now = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
    let order_id = Id::fixed(1_767_225_600, "a");
    let amount = Money::new(3000, Currency::EUR);
    Payment::new(
        order_id,
        "eve".to_owned(),
        "secret-token".to_owned(),
        amount,
        now,
    )
}

#[test]
fn nobody_but_this_service_sees_the_token() {
    let payment = payment();
    let later = payment.created_date + chrono::TimeDelta::seconds(5);
    let replaced = payment.authorised_again("other-token", payment.amount, Due::Now, later);
    for payment in [&payment, &replaced] {
        let shown = serde_json::to_string(&PaymentState::from(payment)).unwrap();
        assert!(!shown.contains("token"), "{shown}");
    }
    let shown = serde_json::to_string(&PaymentState::from(&payment)).unwrap();
    insta::assert_snapshot!(shown, @r#"{"orderId":"37dGaryDBtCBHp0nczk3OkqjYg1","userId":"eve","amount":{"amount":3000,"currency":"EUR"},"status":"AUTHORISED","refunded":{"amount":0,"currency":"EUR"},"refunds":[],"history":[{"time":"2026-01-01T00:00:00Z","step":"AUTHORISE","ok":true,"amount":{"amount":3000,"currency":"EUR"}}],"createdDate":"2026-01-01T00:00:00Z","modifiedDate":"2026-01-01T00:00:00Z"}"#);
}

#[test]
fn a_step_that_was_only_begun_is_nobody_elses_business() {
    let payment = payment();
    let begun = payment.begin(Step::Cancel, None);
    assert_eq!(PaymentState::from(&begun), PaymentState::from(&payment));
    let done = begun.finish(true, payment.created_date);
    assert_ne!(PaymentState::from(&done), PaymentState::from(&payment));
}

#[test]
fn a_row_comes_back_as_it_was() {
    let steps = [
        Step::Cancel,
        Step::Capture {
            amount: payment().amount,
        },
        Step::Refund {
            amount: payment().amount,
            reference: "admin/1".to_owned(),
            reason: None,
        },
        Step::Release {
            payment_token: "old".to_owned(),
            then_capture: Some(payment().amount),
        },
    ];
    for step in steps {
        let begun = payment().begin(step, None);
        for payment in [begun.finish(false, begun.created_date), begun] {
            let row: serde_dynamo::Item = serde_dynamo::to_item(&payment).unwrap();
            let read: Payment = serde_dynamo::from_item(row).unwrap();
            assert_eq!(read, payment);
        }
    }
}
