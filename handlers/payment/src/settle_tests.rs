//! What becomes of payments, step by step, against a table and a provider in memory.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use shop_core::details::{PaymentStatus as Status, PaymentStepKind as StepKind};
use shop_core::order::OrderStatus;

use super::*;
use crate::fake::{FakeWorld, at, euro, hear, order, placed, request};

#[tokio::test]
async fn money_is_taken_at_delivery_and_only_what_the_order_costs_then() {
    let world = placed().await;
    for status in [OrderStatus::Confirmed, OrderStatus::Packaged] {
        hear(&world, &order(status, 3000, 1)).await.unwrap();
        assert_eq!(world.books(), (0, 0, 0, 3000));
    }
    // It became cheaper, and this is the first that is heard of it.
    hear(&world, &order(OrderStatus::Fulfilled, 2500, 2))
        .await
        .unwrap();
    assert_eq!(world.books(), (1, 2500, 0, 0));
    let payment = world.payment();
    assert_eq!(payment.status, Status::Captured);
    assert_eq!(payment.amount, euro(2500));
    // News of before come late.
    hear(&world, &order(OrderStatus::Packaged, 2500, 1))
        .await
        .unwrap();
    assert_eq!(world.payment(), payment);
}

#[tokio::test]
async fn an_order_that_is_called_off_is_not_paid() {
    for status in [
        OrderStatus::Cancelled,
        OrderStatus::PackagingFailed,
        OrderStatus::DeliveryFailed,
    ] {
        let world = placed().await;
        for _ in 0..2 {
            hear(&world, &order(status, 3000, 1)).await.unwrap();
        }
        assert_eq!(world.payment().status, Status::Cancelled, "{status}");
        assert_eq!(world.books(), (0, 0, 0, 0));
    }
}

#[tokio::test]
async fn g32_a_deleted_delivery_lets_the_money_go() {
    // The delivery's event makes the order DELIVERY_FAILED, and that is what is heard here.
    let world = placed().await;
    hear(&world, &order(OrderStatus::DeliveryFailed, 3000, 9))
        .await
        .unwrap();
    assert_eq!(world.payment().status, Status::Cancelled);
    assert_eq!(world.books(), (0, 0, 0, 0));
}

#[tokio::test]
async fn money_that_was_taken_already_is_given_back() {
    let world = placed().await;
    hear(&world, &order(OrderStatus::Fulfilled, 3000, 1))
        .await
        .unwrap();
    for _ in 0..2 {
        hear(&world, &order(OrderStatus::Cancelled, 3000, 2))
            .await
            .unwrap();
    }
    assert_eq!(world.books(), (1, 3000, 3000, 0));
    assert_eq!(world.payment().status, Status::Refunded);
}

#[tokio::test]
async fn a_cheaper_order_holds_less_and_old_news_do_not_count() {
    let world = placed().await;
    hear(&world, &order(OrderStatus::New, 2000, 2))
        .await
        .unwrap();
    hear(&world, &order(OrderStatus::New, 2500, 1))
        .await
        .unwrap();
    assert_eq!(world.books(), (0, 0, 0, 2000));
    assert_eq!(world.payment().amount, euro(2000));
}

#[tokio::test]
async fn asking_for_less_again_lets_the_order_say_so() {
    let world = placed().await;
    let answer = authorise(&world, &request("t1", 2000), at(1)).await;
    assert_eq!(answer.unwrap(), Authorised::YES);
    assert_eq!(world.books(), (0, 0, 0, 3000), "it may not come to it");
    hear(&world, &order(OrderStatus::New, 2000, 2))
        .await
        .unwrap();
    assert_eq!(world.books(), (0, 0, 0, 2000));
}

#[tokio::test]
async fn a_dearer_order_needs_a_token_that_covers_it() {
    let world = placed().await;
    let answer = authorise(&world, &request("t1", 4000), at(1)).await;
    assert_eq!(
        answer.unwrap(),
        Authorised::no(NotAuthorised::NotCovered),
        "the old one does not"
    );
    world.hold("t2", 4000);
    let answer = authorise(&world, &request("t2", 4000), at(2)).await;
    assert_eq!(answer.unwrap(), Authorised::YES);
    assert_eq!(world.books(), (0, 0, 0, 4000), "the old one is let go");
    hear(&world, &order(OrderStatus::New, 4000, 3))
        .await
        .unwrap();
    hear(&world, &order(OrderStatus::Fulfilled, 4000, 4))
        .await
        .unwrap();
    assert_eq!(world.books(), (1, 4000, 0, 0));
}

#[tokio::test]
async fn a_dearer_order_that_nobody_authorised_is_a_failure_that_shows() {
    let world = placed().await;
    hear(&world, &order(OrderStatus::New, 4000, 1))
        .await
        .unwrap();
    let payment = world.payment();
    assert_eq!(payment.status, Status::Failed);
    assert_eq!(payment.failure, Some(StepKind::Raise));
    assert_eq!(payment.amount, euro(3000));
}

#[tokio::test]
async fn a_refused_capture_shows_and_is_not_repeated() {
    let world = placed().await;
    world.refuse_captures("t1", true);
    for _ in 0..2 {
        hear(&world, &order(OrderStatus::Fulfilled, 3000, 1))
            .await
            .unwrap();
    }
    let payment = world.payment();
    assert_eq!(payment.status, Status::Failed);
    assert_eq!(payment.failure, Some(StepKind::Capture));
    assert_eq!(payment.history.len(), 2);
    assert_eq!(world.books(), (0, 0, 0, 3000));
}

#[tokio::test]
async fn a_token_pays_for_one_order_of_one_customer() {
    let world = placed().await;
    let mut other_order = request("t1", 1000);
    other_order.order_id = Id::fixed(1_767_225_600, "b");
    let mut other_user = request("t1", 1000);
    other_user.user_id = "bob".to_owned();
    for stolen in [other_order, other_user] {
        let answer = authorise(&world, &stolen, at(1)).await.unwrap();
        assert_eq!(answer, Authorised::no(NotAuthorised::TokenUsed));
    }
    let answer = authorise(&world, &request("t1", 3000), at(1)).await;
    assert_eq!(answer.unwrap(), Authorised::YES, "the same request again");
    assert_eq!(world.payment().version, 1);
}

#[tokio::test]
async fn what_is_no_token_or_is_over_is_refused() {
    let world = placed().await;
    for token in ["", "unknown", &"x".repeat(201)] {
        let answer = authorise(&world, &request(token, 3000), at(1)).await;
        assert_eq!(answer.unwrap(), Authorised::no(NotAuthorised::NotCovered));
    }
    hear(&world, &order(OrderStatus::Cancelled, 3000, 1))
        .await
        .unwrap();
    let answer = authorise(&world, &request("t1", 3000), at(2)).await;
    assert_eq!(answer.unwrap(), Authorised::no(NotAuthorised::Closed));
}

#[tokio::test]
async fn a_free_order_is_paid_like_any_other() {
    let world = FakeWorld::default();
    world.hold("t0", 0);
    let answer = authorise(&world, &request("t0", 0), at(0)).await;
    assert_eq!(answer.unwrap(), Authorised::YES);
    hear(&world, &order(OrderStatus::Fulfilled, 0, 1))
        .await
        .unwrap();
    assert_eq!(world.payment().status, Status::Captured);
    assert_eq!(world.books(), (1, 0, 0, 0));
}
