//! Intake against a shop in memory whose parts can be broken.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use shop_core::money::Currency;
use shop_core::order::now;
use shop_core::quote::{Package, QuotedProduct};

use super::*;
use crate::draft::OrderRequest;
use crate::promotion::PromotionRequest;

#[derive(Default)]
struct FakeShop {
    memory: RefCell<HashMap<String, Remembered>>,
    queue: RefCell<Vec<CustomerOrder>>,
    table: RefCell<HashMap<Id, CustomerOrder>>,
    price: Cell<i64>,
    catalogue_down: Cell<bool>,
    queue_down: Cell<bool>,
    table_down: Cell<bool>,
    delivery: Cell<i64>,
    promotions: RefCell<HashMap<String, PromotionCode>>,
    redeemed: RefCell<HashSet<Id>>,
    /// Which order has which token.
    payments: RefCell<HashMap<String, Id>>,
    /// What a payment covers.
    covers: Cell<i64>,
    payment_down: Cell<bool>,
    /// Hides the memory once, as if another request had written it in the meantime.
    blink: Cell<bool>,
}

fn down(is_down: &Cell<bool>) -> Result<(), Failure> {
    if is_down.get() {
        Err("it is down".into())
    } else {
        Ok(())
    }
}

impl Intake for FakeShop {
    async fn recall(&self, key: &str, _: DateTime<Utc>) -> Result<Option<Remembered>, Failure> {
        if self.blink.take() {
            return Ok(None);
        }
        Ok(self.memory.borrow().get(key).cloned())
    }

    async fn remember(
        &self,
        key: &str,
        fingerprint: &str,
        payload: &str,
        _: DateTime<Utc>,
    ) -> Result<Option<Remembered>, Failure> {
        if let Some(found) = self.memory.borrow().get(key) {
            return Ok(Some(found.clone()));
        }
        let value = Remembered {
            fingerprint: fingerprint.to_owned(),
            payload: payload.to_owned(),
        };
        self.memory.borrow_mut().insert(key.to_owned(), value);
        Ok(None)
    }

    async fn quote(&self, lines: &[Line]) -> Result<Quote, Failure> {
        down(&self.catalogue_down)?;
        let product = |line: &Line| QuotedProduct {
            product_id: line.article.product_id.clone(),
            name: "Boot".to_owned(),
            price: Money::new(self.price.get(), Currency::EUR),
            package: Package::default(),
            sizes: Vec::new(),
            picture: None,
        };
        Ok(Quote {
            products: lines.iter().map(product).collect(),
        })
    }

    async fn delivery_price(&self, _: &[Parcel], country: &str) -> Result<Option<Money>, Failure> {
        Ok((country != "AQ").then(|| Money::new(self.delivery.get(), Currency::EUR)))
    }

    async fn promotion(&self, code: &str) -> Result<Option<PromotionCode>, Failure> {
        Ok(self.promotions.borrow().get(code).cloned())
    }

    async fn redeem(
        &self,
        order: &CustomerOrder,
        _: DateTime<Utc>,
    ) -> Result<Result<(), Rejection>, Failure> {
        let id = &order.order.order_id;
        let code = &order.order.promotion.as_ref().unwrap().code;
        let limit = self.promotions.borrow()[code].limit;
        let mut redeemed = self.redeemed.borrow_mut();
        if !redeemed.contains(id) && limit.is_some_and(|limit| redeemed.len() >= limit as usize) {
            return Ok(Err(Rejection::UsedUp));
        }
        redeemed.insert(id.clone());
        Ok(Ok(()))
    }

    async fn give_back(&self, order: &CustomerOrder) -> Result<(), Failure> {
        self.redeemed.borrow_mut().remove(&order.order.order_id);
        Ok(())
    }

    async fn authorise(
        &self,
        order: &CustomerOrder,
        payment_token: &str,
    ) -> Result<Result<(), String>, Failure> {
        down(&self.payment_down)?;
        if order.order.total.amount > self.covers.get() {
            return Ok(Err("the payment does not cover it".to_owned()));
        }
        let id = &order.order.order_id;
        let mut payments = self.payments.borrow_mut();
        let bound = payments.entry(payment_token.to_owned());
        if bound.or_insert_with(|| id.clone()) == id {
            Ok(Ok(()))
        } else {
            Ok(Err("the payment belongs to another order".to_owned()))
        }
    }

    async fn find(&self, order: &CustomerOrder) -> Result<Option<CustomerOrder>, Failure> {
        Ok(self.table.borrow().get(&order.order.order_id).cloned())
    }

    async fn enqueue(&self, order: &CustomerOrder) -> Result<(), Failure> {
        down(&self.queue_down)?;
        self.queue.borrow_mut().push(order.clone());
        Ok(())
    }

    async fn record(&self, order: &CustomerOrder) -> Result<CustomerOrder, Failure> {
        down(&self.table_down)?;
        let mut table = self.table.borrow_mut();
        let id = order.order.order_id.clone();
        Ok(table.entry(id).or_insert_with(|| order.clone()).clone())
    }
}

fn caller(user_id: &str) -> Caller {
    Caller {
        user_id: user_id.to_owned(),
        email: Some(format!("{user_id}@example.com")),
        name: None,
        groups: Vec::new(),
    }
}

fn draft(quantity: u32) -> Draft {
    draft_with(quantity, json!({}))
}

/// Each with a payment of its own, as customers make one for each order, unless one is given.
fn draft_with(quantity: u32, more: Value) -> Draft {
    let mut request = json!({
        "items": [{ "productId": Id::fixed(1_767_225_600, "boot"), "quantity": quantity }],
        "paymentToken": Id::new(),
        "address": {
            "name": "Eve", "street": "1 Main Street", "city": "Springfield",
            "postalCode": "12345", "country": "DE",
        },
    });
    for (name, value) in more.as_object().unwrap() {
        request[name] = value.clone();
    }
    let request: OrderRequest = serde_json::from_value(request).unwrap();
    request.check().unwrap()
}

fn shop() -> FakeShop {
    let shop = FakeShop::default();
    shop.price.set(1000);
    shop.covers.set(1_000_000);
    shop
}

async fn order(shop: &FakeShop, key: Option<&str>, quantity: u32) -> Result<Placed, Refusal> {
    let draft = match key {
        // The same request, with the same payment.
        Some(key) => draft_with(quantity, json!({ "paymentToken": key })),
        None => draft(quantity),
    };
    place(shop, &caller("eve"), key, draft, now()).await
}

async fn order_with(shop: &FakeShop, more: Value) -> Result<Placed, Refusal> {
    place(shop, &caller("eve"), None, draft_with(1, more), now()).await
}

fn problem(result: Result<Placed, Refusal>) -> Problem {
    match result {
        Err(Refusal::Problem(problem)) => problem,
        other => panic!("no problem: {other:?}"),
    }
}

fn status(result: Result<Placed, Refusal>) -> u16 {
    problem(result).status
}

fn promote(shop: &FakeShop, code: &str, body: Value) {
    let request: PromotionRequest = serde_json::from_value(body).unwrap();
    let code = request.check(code).unwrap();
    let name = code.promotion.code.clone();
    shop.promotions.borrow_mut().insert(name, code);
}

#[tokio::test]
async fn g17_the_total_is_items_and_delivery() {
    let shop = shop();
    shop.price.set(500);
    shop.delivery.set(1000);
    let placed = order(&shop, None, 3).await.unwrap();
    assert_eq!(placed.order.total, Money::new(2500, Currency::EUR));
}

#[tokio::test]
async fn g18_a_wrong_delivery_price_is_refused() {
    let shop = shop();
    shop.delivery.set(1000);
    let shown = |amount| json!({ "deliveryPrice": { "amount": amount, "currency": "EUR" } });
    let problem = problem(order_with(&shop, shown(1200)).await);
    assert_eq!(problem.status, 422);
    insta::assert_snapshot!(problem.detail, @"wrong delivery price: got 12.00 EUR, expected 10.00 EUR");
    assert!(shop.queue.borrow().is_empty());
    order_with(&shop, shown(1000)).await.unwrap();
}

#[tokio::test]
async fn g24_a_code_takes_off_what_it_promises_and_delivery_is_charged() {
    let shop = shop();
    shop.price.set(13000);
    shop.delivery.set(1000);
    let twenty = json!({ "amount": { "amount": 2000, "currency": "EUR" } });
    promote(&shop, "20DOLLARSOFF", twenty);
    let placed = order_with(&shop, json!({ "promotionCode": "20dollarsOff" })).await;
    let order = placed.unwrap().order;
    assert_eq!(order.discount, Some(Money::new(2000, Currency::EUR)));
    assert_eq!(order.total, Money::new(12000, Currency::EUR));
    assert_eq!(shop.queue.borrow()[0].order.total, order.total);
}

#[tokio::test]
async fn a_code_that_does_not_count_is_told_at_its_field() {
    let shop = shop();
    promote(&shop, "ONCE", json!({ "percentage": 10, "limit": 1 }));
    promote(
        &shop,
        "GONE",
        json!({ "percentage": 10, "expires": "2020-01-01T00:00:00Z" }),
    );
    order_with(&shop, json!({ "promotionCode": "once" }))
        .await
        .unwrap();
    for (code, detail) in [
        ("NONE", "this promotion code is not valid"),
        ("GONE", "this promotion code has expired"),
        ("ONCE", "this promotion code has been used up"),
    ] {
        let problem = problem(order_with(&shop, json!({ "promotionCode": code })).await);
        assert_eq!(problem.errors[0].pointer, "/promotionCode");
        assert_eq!(problem.detail, detail);
    }
    assert_eq!(shop.queue.borrow().len(), 1);
}

#[tokio::test]
async fn an_order_that_is_not_paid_for_is_not_taken_and_gives_its_code_back() {
    let shop = shop();
    promote(&shop, "ONCE", json!({ "percentage": 10, "limit": 1 }));
    shop.covers.set(899);
    let once = json!({ "promotionCode": "ONCE" });
    let refused = problem(order_with(&shop, once.clone()).await);
    assert_eq!(
        (refused.status, refused.kind),
        (402, "/problems/payment-refused")
    );
    shop.payment_down.set(true);
    assert_eq!(status(order_with(&shop, once.clone()).await), 503);
    assert!(shop.queue.borrow().is_empty() && shop.table.borrow().is_empty());

    shop.payment_down.set(false);
    shop.covers.set(900);
    order_with(&shop, once).await.unwrap();
}

#[tokio::test]
async fn one_payment_pays_one_order() {
    let shop = shop();
    let paid = json!({ "paymentToken": "t-1" });
    order_with(&shop, paid.clone()).await.unwrap();
    assert_eq!(status(order_with(&shop, paid).await), 402);
    assert_eq!(shop.queue.borrow().len(), 1);
}

#[tokio::test]
async fn where_we_do_not_deliver_is_told() {
    let shop = shop();
    let address = json!({
        "name": "Eve", "street": "1", "city": "McMurdo", "postalCode": "1", "country": "AQ",
    });
    let problem = problem(order_with(&shop, json!({ "address": address })).await);
    assert_eq!(problem.errors[0].pointer, "/address/country");
}

#[tokio::test]
async fn an_order_is_queued_and_shown_with_the_price_of_the_catalogue() {
    let shop = shop();
    let placed = order(&shop, None, 2).await.unwrap();
    assert_eq!(placed.order.status, OrderStatus::New);
    assert_eq!(placed.order.total, Money::new(2000, Currency::EUR));
    let queued = shop.queue.borrow()[0].clone();
    assert_eq!(queued.email.as_deref(), Some("eve@example.com"));
    assert_eq!(shop.table.borrow()[&placed.order.order_id], queued);
}

#[tokio::test]
async fn g25_an_order_is_new_and_has_an_identifier_that_sorts_by_time() {
    let shop = shop();
    let placed = order(&shop, None, 2).await.unwrap().order;
    assert_eq!(placed.status, OrderStatus::New);
    let id = placed.order_id.as_str();
    assert_eq!(id.len(), 27, "{id}");
    assert_eq!(id.parse(), Ok(placed.order_id.clone()));
}

#[tokio::test]
async fn a_repeated_request_is_one_order() {
    let shop = shop();
    let first = order(&shop, Some("k"), 2).await.unwrap();
    // The price may change in between: the customer gets what was promised.
    shop.price.set(9999);
    let second = order(&shop, Some("k"), 2).await.unwrap();
    assert_eq!(second.order, first.order);
    assert!(second.replayed && !first.replayed);
    assert_eq!(shop.queue.borrow().len(), 1);
}

#[tokio::test]
async fn without_a_key_every_request_is_an_order() {
    let shop = shop();
    let (first, second) = (
        order(&shop, None, 1).await.unwrap(),
        order(&shop, None, 1).await.unwrap(),
    );
    assert_ne!(first.order.order_id, second.order.order_id);
    assert_eq!(shop.queue.borrow().len(), 2);
}

#[tokio::test]
async fn a_key_is_good_for_one_request_of_one_customer() {
    let shop = shop();
    order(&shop, Some("k"), 1).await.unwrap();
    assert_eq!(status(order(&shop, Some("k"), 2).await), 422);
    // Another customer cannot reach this order by guessing its key.
    let other = place(&shop, &caller("bob"), Some("k"), draft(1), now())
        .await
        .unwrap();
    assert!(!other.replayed);
    assert_eq!(shop.queue.borrow().len(), 2);
}

#[tokio::test]
async fn of_two_requests_at_the_same_time_one_wins() {
    let shop = shop();
    let first = order(&shop, Some("k"), 1).await.unwrap();
    shop.blink.set(true);
    let second = order(&shop, Some("k"), 1).await.unwrap();
    assert_eq!(second.order.order_id, first.order.order_id);
    assert_eq!(shop.queue.borrow().len(), 1);
}

#[tokio::test]
async fn nothing_is_shown_that_the_queue_did_not_take_and_trying_again_places_it_once() {
    let shop = shop();
    shop.queue_down.set(true);
    assert_eq!(status(order(&shop, Some("k"), 1).await), 503);
    assert!(shop.table.borrow().is_empty());

    shop.queue_down.set(false);
    let placed = order(&shop, Some("k"), 1).await.unwrap();
    assert_eq!(shop.queue.borrow().len(), 1);
    assert!(shop.table.borrow().contains_key(&placed.order.order_id));
}

#[tokio::test]
async fn an_order_is_accepted_when_only_the_table_is_down() {
    let shop = shop();
    shop.table_down.set(true);
    let placed = order(&shop, Some("k"), 1).await.unwrap();
    assert_eq!(shop.queue.borrow()[0].order.order_id, placed.order.order_id);
}

#[tokio::test]
async fn an_order_that_was_processed_at_once_is_answered_as_it_is_now() {
    let shop = shop();
    let placed = order(&shop, Some("k"), 1).await.unwrap();
    shop.table
        .borrow_mut()
        .get_mut(&placed.order.order_id)
        .unwrap()
        .order
        .status = OrderStatus::Confirmed;
    let again = order(&shop, Some("k"), 1).await.unwrap();
    assert_eq!(again.order.status, OrderStatus::Confirmed);
}

#[tokio::test]
async fn no_order_without_prices() {
    let shop = shop();
    shop.catalogue_down.set(true);
    assert_eq!(status(order(&shop, Some("k"), 1).await), 503);
    assert!(shop.queue.borrow().is_empty());
    assert!(shop.memory.borrow().is_empty());
}

#[tokio::test]
async fn a_token_that_outlives_its_account_places_no_order() {
    let shop = shop();
    shop.remember(&note_key("eve"), "", "", now())
        .await
        .unwrap();
    assert_eq!(status(order(&shop, None, 1).await), 403);
    assert!(shop.queue.borrow().is_empty());
}
