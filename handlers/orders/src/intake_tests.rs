//! Intake against a shop in memory whose parts can be broken.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use serde_json::json;
use shop_core::money::Currency;
use shop_core::order::now;
use shop_core::quote::{Package, QuotedProduct};

use super::*;
use crate::draft::OrderRequest;

#[derive(Default)]
struct FakeShop {
    memory: RefCell<HashMap<String, Remembered>>,
    queue: RefCell<Vec<CustomerOrder>>,
    table: RefCell<HashMap<Id, CustomerOrder>>,
    price: Cell<i64>,
    catalogue_down: Cell<bool>,
    queue_down: Cell<bool>,
    table_down: Cell<bool>,
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
            product_id: line.product_id.clone(),
            name: "Boot".to_owned(),
            price: Money::new(self.price.get(), Currency::EUR),
            package: Package::default(),
            picture: None,
        };
        Ok(Quote {
            products: lines.iter().map(product).collect(),
        })
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
    let request: OrderRequest = serde_json::from_value(json!({
        "items": [{ "productId": Id::fixed(1_767_225_600, "boot"), "quantity": quantity }],
        "address": {
            "name": "Eve", "street": "1 Main Street", "city": "Springfield",
            "postalCode": "12345", "country": "DE",
        },
    }))
    .unwrap();
    request.check().unwrap()
}

fn shop() -> FakeShop {
    let shop = FakeShop::default();
    shop.price.set(1000);
    shop
}

async fn order(shop: &FakeShop, key: Option<&str>, quantity: u32) -> Result<Placed, Refusal> {
    place(shop, &caller("eve"), key, draft(quantity), now()).await
}

fn status(result: Result<Placed, Refusal>) -> u16 {
    match result {
        Err(Refusal::Problem(problem)) => problem.status,
        other => panic!("no problem: {other:?}"),
    }
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
