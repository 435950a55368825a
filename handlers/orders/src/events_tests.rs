#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use lambda_runtime::Context;
use serde_json::{Value, json};

use super::*;
use crate::progress::tests::order;
use crate::store::Page;

#[derive(Default)]
struct FakeShop {
    table: RefCell<HashMap<Id, Stored>>,
    given_back: Cell<u32>,
    promotions_down: Cell<bool>,
    /// Whether whatever is asked for was deleted.
    deleted: Cell<bool>,
    /// How many writers are still to be faster.
    rivals: Cell<u32>,
}

impl Progress for FakeShop {
    async fn find(&self, order_id: &Id) -> Result<Found, Failure> {
        if self.deleted.get() {
            return Ok(Found::Deleted);
        }
        let found = self.table.borrow().get(order_id).cloned();
        Ok(found.map_or(Found::Nothing, |stored| Found::Order(Box::new(stored))))
    }

    async fn replace(&self, read: &Stored, order: &CustomerOrder) -> Result<bool, Failure> {
        let mut table = self.table.borrow_mut();
        let row = table.get_mut(&order.order.order_id).unwrap();
        if self.rivals.get() > 0 {
            self.rivals.set(self.rivals.get() - 1);
            row.version += 1;
        }
        if row.version != read.version {
            return Ok(false);
        }
        *row = read.next(order.clone());
        Ok(true)
    }

    async fn give_back(&self, _: &CustomerOrder) -> Result<(), Failure> {
        if self.promotions_down.get() {
            return Err("the promotion table is down".into());
        }
        self.given_back.set(self.given_back.get() + 1);
        Ok(())
    }
}

impl Farewell for FakeShop {
    async fn note(&self, _: &str, _: DateTime<Utc>) -> Result<(), Failure> {
        Ok(())
    }

    async fn orders(&self, user_id: &str, _: Option<&Id>) -> Result<Page, Failure> {
        let table = self.table.borrow();
        let own = table.values().filter(|row| row.order.user_id == user_id);
        Ok(Page {
            orders: own.cloned().collect(),
            next: None,
        })
    }
}

fn shop() -> FakeShop {
    let shop = FakeShop::default();
    let order = CustomerOrder {
        user_id: "eve".to_owned(),
        email: None,
        order: order(),
    };
    let id = order.order.order_id.clone();
    let row = Stored::new(order);
    shop.table.borrow_mut().insert(id, row);
    shop
}

fn event(detail_type: &str, more: Value) -> String {
    let mut detail = json!({ "orderId": order().order_id });
    for (name, value) in more.as_object().unwrap() {
        detail[name] = value.clone();
    }
    json!({
        "id": "e-1", "source": "shop.inventory", "detail-type": detail_type,
        "time": "2026-01-02T03:04:05Z", "detail": detail,
    })
    .to_string()
}

async fn deliver(shop: &FakeShop, bodies: &[String]) -> Vec<String> {
    let record =
        |(id, body): (usize, &String)| json!({ "messageId": id.to_string(), "body": body });
    let records: Vec<_> = bodies.iter().enumerate().map(record).collect();
    let event = serde_json::from_value(json!({ "Records": records })).unwrap();
    let response = serve(shop, LambdaEvent::new(event, Context::default()))
        .await
        .unwrap();
    let failures = response.batch_item_failures.into_iter();
    failures.map(|failure| failure.item_identifier).collect()
}

fn status(shop: &FakeShop) -> OrderStatus {
    shop.table.borrow()[&order().order_id].order.order.status
}

#[tokio::test]
async fn g20_a_reservation_confirms_the_order() {
    let shop = shop();
    let reserved = event("StockReserved", json!({}));
    assert!(
        deliver(&shop, &[reserved.clone(), reserved])
            .await
            .is_empty()
    );
    assert_eq!(status(&shop), OrderStatus::Confirmed);
}

#[tokio::test]
async fn g22_a_shortage_cancels_the_order_and_gives_its_code_back() {
    let shop = shop();
    let product = &order().items[0].article.product_id;
    let shortages = json!([{ "productId": product, "available": 2, "needed": 3 }]);
    let failed = event("ReservationFailed", json!({ "shortages": shortages }));
    assert!(deliver(&shop, &[failed]).await.is_empty());
    assert_eq!(status(&shop), OrderStatus::Cancelled);
    assert_eq!(shop.given_back.get(), 1);
}

#[tokio::test]
async fn a_code_that_could_not_be_given_back_is_with_the_next_delivery() {
    let shop = shop();
    let failed = event("ReservationFailed", json!({}));
    shop.promotions_down.set(true);
    assert_eq!(deliver(&shop, std::slice::from_ref(&failed)).await, ["0"]);
    assert_eq!(status(&shop), OrderStatus::Cancelled);
    shop.promotions_down.set(false);
    assert!(deliver(&shop, &[failed]).await.is_empty());
    assert_eq!(shop.given_back.get(), 1);
}

#[tokio::test]
async fn whoever_is_slower_reads_again() {
    let shop = shop();
    shop.rivals.set(3);
    assert!(
        deliver(&shop, &[event("StockReserved", json!({}))])
            .await
            .is_empty()
    );
    assert_eq!(status(&shop), OrderStatus::Confirmed);
    shop.rivals.set(99);
    let again = event("PackagingFailed", json!({}));
    assert_eq!(
        deliver(&shop, &[again]).await,
        ["0"],
        "it comes again later"
    );
}

#[tokio::test]
async fn one_poisoned_message_among_ten_comes_back_alone() {
    let shop = shop();
    let mut bodies = vec![event("StockReserved", json!({})); 9];
    bodies.insert(4, "{\"detail-type\": 7}".to_owned());
    assert_eq!(deliver(&shop, &bodies).await, ["4"]);
    assert_eq!(status(&shop), OrderStatus::Confirmed);
}

#[tokio::test]
async fn an_order_that_is_not_there_yet_is_waited_for() {
    let shop = FakeShop::default();
    let reserved = event("StockReserved", json!({}));
    assert_eq!(deliver(&shop, &[reserved]).await, ["0"]);
}

#[tokio::test]
async fn what_is_said_of_an_order_after_it_was_deleted_is_let_pass() {
    let shop = shop();
    shop.deleted.set(true);
    let news = ["StockReserved", "ReservationReleased", "DeliveryCompleted"];
    let news = news.map(|detail_type| event(detail_type, json!({})));
    assert!(deliver(&shop, &news).await.is_empty());
    assert_eq!(status(&shop), OrderStatus::New, "untouched");
}

#[tokio::test]
async fn what_means_nothing_to_orders_is_let_pass() {
    let shop = shop();
    assert!(
        deliver(&shop, &[event("DeliveryStarted", json!({}))])
            .await
            .is_empty()
    );
    assert_eq!(status(&shop), OrderStatus::New);
}

#[tokio::test]
async fn a_customer_who_left_is_marked_at_his_orders() {
    let shop = shop();
    let left = json!({ "userId": "eve", "email": "eve@example.com", "username": "eve" });
    assert!(
        deliver(&shop, &[event("UserDeleted", left)])
            .await
            .is_empty()
    );
    assert!(shop.table.borrow()[&order().order_id].customer_left);
}
