#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use serde_json::json;
use shop_core::interleave::{interleave, step};
use shop_core::order::{OrderStatus, now};

use super::*;
use crate::events::follow;
use crate::process::{Processing, process};
use crate::progress::{Occurrence, tests::order};
use crate::store::Found;

/// Orders of several customers, one a page. Each call is a step that others may come before.
#[derive(Default)]
struct FakeShop {
    table: RefCell<BTreeMap<Id, Stored>>,
    notes: RefCell<Vec<String>>,
    /// How many writes still come through.
    writes: Cell<Option<u32>>,
}

impl Progress for FakeShop {
    async fn find(&self, order_id: &Id) -> Result<Found, Failure> {
        step().await;
        let found = self.table.borrow().get(order_id).cloned();
        Ok(found.map_or(Found::Nothing, |stored| Found::Order(Box::new(stored))))
    }

    async fn replace(&self, read: &Stored, order: &CustomerOrder) -> Result<bool, Failure> {
        step().await;
        match self.writes.get() {
            Some(0) => return Err("the table is down".into()),
            left => self.writes.set(left.map(|left| left - 1)),
        }
        let mut table = self.table.borrow_mut();
        let row = table.get_mut(&order.order.order_id).unwrap();
        let fits = row.version == read.version;
        if fits {
            *row = read.next(order.clone());
        }
        Ok(fits)
    }

    async fn give_back(&self, _: &CustomerOrder) -> Result<(), Failure> {
        Ok(())
    }
}

impl Farewell for FakeShop {
    async fn note(&self, user_id: &str, _: DateTime<Utc>) -> Result<(), Failure> {
        step().await;
        self.notes.borrow_mut().push(user_id.to_owned());
        Ok(())
    }

    async fn orders(&self, user_id: &str, from: Option<&Id>) -> Result<Page, Failure> {
        step().await;
        let table = self.table.borrow();
        let mut rows = table
            .values()
            .filter(|row| row.order.user_id == user_id)
            .filter(|row| from.is_none_or(|from| row.order.order.order_id > *from))
            .cloned();
        let orders: Vec<_> = rows.next().into_iter().collect();
        let next = rows.next().and(orders.last());
        let next = next.map(|row| row.order.order.order_id.clone());
        Ok(Page { orders, next })
    }
}

impl Processing for FakeShop {
    async fn record(&self, order: &CustomerOrder) -> Result<Option<Stored>, Failure> {
        step().await;
        let mut table = self.table.borrow_mut();
        let row = table.entry(order.order.order_id.clone());
        let row = row.or_insert_with(|| Stored::new(order.clone()));
        Ok(Some(row.clone()))
    }

    async fn has_left(&self, user_id: &str, _: DateTime<Utc>) -> Result<bool, Failure> {
        step().await;
        Ok(self.notes.borrow().iter().any(|noted| noted == user_id))
    }

    async fn replace(&self, read: &Stored, order: &CustomerOrder) -> Result<bool, Failure> {
        Progress::replace(self, read, order).await
    }
}

fn id(name: &str) -> Id {
    Id::fixed(1_767_225_600, name)
}

const STATUSES: [(&str, OrderStatus); 5] = [
    ("delivered", OrderStatus::Fulfilled),
    ("cancelled", OrderStatus::Cancelled),
    ("confirmed", OrderStatus::Confirmed),
    ("packaged", OrderStatus::Packaged),
    ("new", OrderStatus::New),
];

/// A shop with orders of `eve`, called as above, and one of `bob`.
fn shop() -> FakeShop {
    let shop = FakeShop::default();
    let orders = STATUSES.map(|(name, status)| ("eve", name, status));
    for (user, name, status) in [("bob", "bobs", OrderStatus::Fulfilled)]
        .into_iter()
        .chain(orders)
    {
        let mut order = order();
        order.order_id = id(name);
        order.status = status;
        let order = CustomerOrder {
            user_id: user.to_owned(),
            email: Some(format!("{user}@example.com")),
            order,
        };
        let row = Stored::new(order);
        shop.table.borrow_mut().insert(id(name), row);
    }
    shop
}

fn eve() -> Gone {
    serde_json::from_value(json!({"userId": "eve", "email": "e@x", "username": "eve"})).unwrap()
}

/// The orders that still say whose they are.
fn telling(shop: &FakeShop) -> Vec<String> {
    let table = shop.table.borrow();
    let names = STATUSES.iter().map(|(name, _)| *name).chain(["bobs"]);
    let telling = names.filter(|name| {
        let row = serde_json::to_string(&table[&id(name)].order).unwrap();
        row.contains("Eve") || row.contains("@example.com")
    });
    telling.map(str::to_owned).collect()
}

#[tokio::test]
async fn past_orders_lose_their_customer_and_open_ones_when_they_end() {
    let shop = shop();
    let before = shop.table.borrow()[&id("delivered")].order.clone();
    forget(&shop, &eve(), now()).await.unwrap();
    assert_eq!(telling(&shop), ["confirmed", "packaged", "new", "bobs"]);
    let after = shop.table.borrow()[&id("delivered")].order.clone();
    assert_eq!(after.user_id, "eve", "the books know the account");
    assert_eq!(after.order.total, before.order.total);
    assert_eq!(after.order.items, before.order.items);
    assert_eq!(after.order.address.country, "DE");
    assert!(after.order.address.is_forgotten());

    for (name, what) in [
        ("packaged", Occurrence::DeliveryCompleted),
        ("confirmed", Occurrence::ReservationReleased),
    ] {
        follow(&shop, &id(name), &what, now()).await.unwrap();
    }
    assert_eq!(telling(&shop), ["new", "bobs"]);
    follow(&shop, &id("new"), &Occurrence::StockReserved, now())
        .await
        .unwrap();
    assert_eq!(telling(&shop), ["new", "bobs"], "it is to be packed yet");
    follow(&shop, &id("new"), &Occurrence::PackagingFailed, now())
        .await
        .unwrap();
    assert_eq!(telling(&shop), ["bobs"]);
}

#[tokio::test]
async fn the_same_news_again_changes_nothing() {
    let shop = shop();
    forget(&shop, &eve(), now()).await.unwrap();
    let rows = shop.table.borrow().clone();
    forget(&shop, &eve(), now()).await.unwrap();
    assert_eq!(*shop.table.borrow(), rows);
}

#[tokio::test]
async fn what_was_not_done_is_done_with_the_next_delivery() {
    let shop = shop();
    shop.writes.set(Some(2));
    assert!(forget(&shop, &eve(), now()).await.is_err());
    shop.writes.set(None);
    forget(&shop, &eve(), now()).await.unwrap();
    assert_eq!(telling(&shop), ["confirmed", "packaged", "new", "bobs"]);
    assert_eq!(*shop.notes.borrow(), ["eve", "eve"]);
}

/// Both come again until they are done, as the queue and the bus see to.
async fn processed(shop: &FakeShop, message: &str) {
    while process(shop, message, now()).await.is_err() {}
}

async fn forgotten(shop: &FakeShop) {
    while forget(shop, &eve(), now()).await.is_err() {}
}

/// An order of Eve that is in the queue and not in the table yet.
fn placed() -> CustomerOrder {
    let mut order = order();
    order.order_id = id("placed");
    CustomerOrder {
        user_id: "eve".to_owned(),
        email: Some("eve@example.com".to_owned()),
        order,
    }
}

#[test]
fn an_order_that_is_placed_while_its_account_is_deleted_forgets_its_customer_when_it_ends() {
    let message = serde_json::to_string(&placed()).unwrap();
    for turns in 0..1 << 10 {
        let shop = FakeShop::default();
        interleave(turns, processed(&shop, &message), forgotten(&shop));
        let row = shop.table.borrow()[&id("placed")].clone();
        assert!(row.customer_left, "{turns:b}");
        assert_eq!(row.order, placed(), "it is brought to him yet: {turns:b}");

        let end = async {
            let what = Occurrence::ReservationReleased;
            follow(&shop, &id("placed"), &what, now()).await.unwrap();
        };
        interleave(0, end, async {});
        let row = shop.table.borrow()[&id("placed")].clone();
        assert!(row.order.order.address.is_forgotten(), "{turns:b}");
        assert_eq!(row.order.email, None, "{turns:b}");
    }
}

#[test]
fn an_order_that_is_over_when_its_message_comes_again_forgets_its_customer_too() {
    let message = serde_json::to_string(&placed()).unwrap();
    for turns in 0..1 << 10 {
        let shop = FakeShop::default();
        let mut over = placed();
        over.order.status = OrderStatus::Fulfilled;
        let row = Stored::new(over);
        shop.table.borrow_mut().insert(id("placed"), row);
        interleave(turns, processed(&shop, &message), forgotten(&shop));
        let row = shop.table.borrow()[&id("placed")].clone();
        assert!(row.order.order.address.is_forgotten(), "{turns:b}");
    }
}

#[test]
fn orders_of_customers_who_stay_are_not_touched() {
    let shop = FakeShop::default();
    let mut order = placed();
    order.user_id = "bob".to_owned();
    let message = serde_json::to_string(&order).unwrap();
    interleave(0, processed(&shop, &message), forgotten(&shop));
    let table = shop.table.borrow();
    assert_eq!(table[&id("placed")], Stored::new(order));
}
