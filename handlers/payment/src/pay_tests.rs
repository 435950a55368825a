//! What becomes of money that the provider refused to take.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use shop_core::details::{PaymentState, PaymentStatus};
use shop_core::order::OrderStatus;

use super::*;
use crate::fake::{FakeWorld, at, euro, hear, order, order_id, placed};

/// An order of 2500 that was delivered, and whose card does not pay.
async fn unpaid() -> FakeWorld {
    let world = placed().await;
    world.refuse_captures("t1", true);
    let delivered = order(OrderStatus::Fulfilled, 2500, 1);
    hear(&world, &delivered).await.unwrap();
    assert_eq!(world.books(), (0, 0, 0, 3000));
    world
}

async fn paid(world: &FakeWorld, token: &str) -> Result<Payment, String> {
    said(pay(world, &order_id(), "customer", token, at(2)).await)
}

fn said(answer: Result<Payment, NotSettled>) -> Result<Payment, String> {
    answer.map_err(|reason| match reason {
        NotSettled::Problem(problem) => format!("{}: {}", problem.status, problem.detail),
        NotSettled::Failure(failure) => error_chain(&*failure),
    })
}

#[tokio::test]
async fn another_card_pays_what_the_first_one_did_not() {
    let world = unpaid().await;
    assert_eq!(PaymentState::from(&world.payment()).owed, Some(euro(2500)));
    world.hold("t2", 2500);
    for _ in 0..2 {
        let payment = paid(&world, "t2").await.unwrap();
        assert_eq!(payment.status, PaymentStatus::Captured);
        assert_eq!(payment.owed(), None);
        assert_eq!(world.books(), (1, 2500, 0, 0), "the first card is free");
    }
    // The news that it was delivered comes once more.
    let delivered = order(OrderStatus::Fulfilled, 2500, 1);
    hear(&world, &delivered).await.unwrap();
    assert_eq!(world.books(), (1, 2500, 0, 0));
}

#[tokio::test]
async fn a_card_that_does_not_pay_either_leaves_it_owed() {
    let world = unpaid().await;
    world.hold("t2", 2500);
    world.refuse_captures("t2", true);
    world.hold("small", 2499);
    for token in ["t2", "small", "unknown", "", &"x".repeat(201)] {
        let answer = paid(&world, token).await;
        insta::allow_duplicates! {
            insta::assert_snapshot!(answer.unwrap_err(), @"402: 25.00 EUR could not be taken; try another card");
        }
    }
    let payment = world.payment();
    assert_eq!(payment.status, PaymentStatus::Failed);
    assert_eq!(payment.owed().unwrap().0, euro(2500));
    assert_eq!(world.books().1, 0);
    world.hold("t3", 2500);
    paid(&world, "t3").await.unwrap();
    assert_eq!(world.books().1, 2500);
}

#[tokio::test]
async fn wherever_an_answer_is_lost_the_same_request_pays_once() {
    for lost in 0..12 {
        let world = unpaid().await;
        world.hold("t2", 2500);
        world.lost.set(Some(lost));
        let first = paid(&world, "t2").await;
        world.lost.set(None);
        let payment = paid(&world, "t2").await.unwrap();
        assert_eq!(payment.status, PaymentStatus::Captured, "{lost} {first:?}");
        assert_eq!(world.books(), (1, 2500, 0, 0), "{lost}");
    }
}

#[tokio::test]
async fn two_cards_at_once_are_charged_once() {
    let world = unpaid().await;
    world.hold("t2", 2500);
    world.hold("t3", 2500);
    let (one, two) = tokio::join!(paid(&world, "t2"), paid(&world, "t3"));
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    let (charges, taken, ..) = world.books();
    assert_eq!((charges, taken), (1, 2500));
}

#[tokio::test]
async fn nobody_pays_for_another_or_what_is_not_owed() {
    let world = unpaid().await;
    world.hold("t2", 2500);
    let other = said(pay(&world, &order_id(), "bob", "t2", at(2)).await);
    insta::assert_snapshot!(other.unwrap_err(), @"404: there is no payment of this order");
    let open = placed().await;
    open.hold("t2", 3000);
    insta::assert_snapshot!(paid(&open, "t2").await.unwrap_err(), @"409: nothing is owed for this order");
    assert_eq!(open.books().0, 0);
}

#[tokio::test]
async fn a_dearer_order_is_paid_for_before_it_is_delivered() {
    let world = placed().await;
    hear(&world, &order(OrderStatus::New, 4000, 1))
        .await
        .unwrap();
    assert_eq!(world.payment().owed().unwrap().0, euro(4000));
    world.hold("t2", 4000);
    let payment = paid(&world, "t2").await.unwrap();
    assert_eq!(payment.status, PaymentStatus::Authorised);
    assert_eq!(world.books(), (0, 0, 0, 4000), "held, and not taken yet");
    hear(&world, &order(OrderStatus::Fulfilled, 4000, 3))
        .await
        .unwrap();
    assert_eq!(world.books(), (1, 4000, 0, 0));
}

#[tokio::test]
async fn what_was_refused_is_tried_again_once_a_request() {
    let world = unpaid().await;
    let again = async || said(retry(&world, &order_id(), at(3)).await);
    let payment = again().await.unwrap();
    assert_eq!(payment.status, PaymentStatus::Failed, "it refuses still");
    assert_eq!(payment.history.len(), 3);
    world.refuse_captures("t1", false);
    let payment = again().await.unwrap();
    assert_eq!(payment.status, PaymentStatus::Captured);
    assert_eq!(world.books(), (1, 2500, 0, 0));
    insta::assert_snapshot!(again().await.unwrap_err(), @"409: nothing was refused");
}
