#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::cell::{Cell, RefCell};

use serde_json::{Value, json};
use shop_core::money::Currency;
use shop_core::order::now;
use shop_core::quote::QuotedProduct;

use super::*;
use crate::draft::EditRequest;
use crate::progress::tests::order;
use crate::store::Found;

/// One order and its goods.
struct FakeShop {
    row: RefCell<Stored>,
    packing: Cell<bool>,
    stock: Cell<u32>,
    /// What is set aside now.
    goods: RefCell<Vec<Pieces>>,
    covers: Cell<i64>,
    /// Somebody else writes the order once.
    rival: Cell<bool>,
    given_back: Cell<u32>,
    /// In which everything comes.
    sizes: &'static [&'static str],
}

impl Progress for FakeShop {
    async fn find(&self, _: &Id) -> Result<Found, Failure> {
        Ok(Found::Order(Box::new(self.row.borrow().clone())))
    }

    async fn replace(&self, read: &Stored, order: &CustomerOrder) -> Result<bool, Failure> {
        let mut row = self.row.borrow_mut();
        if self.rival.take() {
            row.version += 1;
        }
        if row.version != read.version {
            return Ok(false);
        }
        *row = read.next(order.clone());
        Ok(true)
    }

    async fn give_back(&self, _: &CustomerOrder) -> Result<(), Failure> {
        self.given_back.set(self.given_back.get() + 1);
        Ok(())
    }
}

impl Changing for FakeShop {
    async fn release(&self, _: &Id) -> Result<Released, Failure> {
        if !self.packing.get() {
            self.goods.borrow_mut().clear();
        }
        Ok(Released {
            released: !self.packing.get(),
        })
    }

    async fn exchange(&self, _: &Id, goods: &[Pieces]) -> Result<Exchanged, Failure> {
        let shortages: Vec<_> = goods
            .iter()
            .filter(|wanted| wanted.quantity > self.stock.get())
            .map(|wanted| Shortage {
                product_id: wanted.article.product_id.clone(),
                available: self.stock.get(),
                needed: wanted.quantity,
            })
            .collect();
        let ok = !self.packing.get() && shortages.is_empty();
        if ok {
            *self.goods.borrow_mut() = goods.to_vec();
        }
        let shortages = if self.packing.get() {
            Vec::new()
        } else {
            shortages
        };
        Ok(Exchanged { ok, shortages })
    }

    async fn quote(&self, lines: &[Line]) -> Result<Quote, Failure> {
        let products = lines.iter().map(|line| QuotedProduct {
            product_id: line.article.product_id.clone(),
            name: "Now dearer".to_owned(),
            price: Money::new(9900, Currency::EUR),
            package: Package::default(),
            sizes: self.sizes.iter().map(ToString::to_string).collect(),
            picture: None,
        });
        Ok(Quote {
            products: products.collect(),
        })
    }

    async fn delivery_price(&self, _: &[Parcel], _: &str) -> Result<Option<Money>, Failure> {
        Ok(Some(Money::new(400, Currency::EUR)))
    }

    async fn authorise(
        &self,
        order: &CustomerOrder,
        _: &str,
    ) -> Result<Result<(), String>, Failure> {
        let covered = order.order.total.amount <= self.covers.get();
        Ok(if covered {
            Ok(())
        } else {
            Err("not covered".to_owned())
        })
    }
}

fn shop(status: OrderStatus) -> FakeShop {
    let mut order = order();
    order.status = status;
    let goods = order.items.iter().map(|item| Pieces {
        article: item.article.clone(),
        quantity: item.quantity,
    });
    FakeShop {
        goods: RefCell::new(goods.collect()),
        row: RefCell::new(Stored::new(CustomerOrder {
            user_id: "eve".to_owned(),
            email: None,
            order,
        })),
        packing: Cell::new(false),
        stock: Cell::new(10),
        covers: Cell::new(100_000),
        rival: Cell::new(false),
        given_back: Cell::new(0),
        sizes: &[],
    }
}

fn read(shop: &FakeShop) -> Stored {
    shop.row.borrow().clone()
}

fn boots(quantity: u32) -> Value {
    json!({ "items": [{ "productId": order().items[0].article.product_id, "quantity": quantity }] })
}

async fn edited(shop: &FakeShop, body: Value) -> Result<Order, Refusal> {
    let request: EditRequest = serde_json::from_value(body).unwrap();
    edit(shop, &read(shop), request.check().unwrap(), now()).await
}

fn status<T: std::fmt::Debug>(result: Result<T, Refusal>) -> u16 {
    match result {
        Err(Refusal::Problem(problem)) => problem.status,
        other => panic!("no problem: {other:?}"),
    }
}

#[tokio::test]
async fn an_order_can_be_given_up_until_it_is_packed() {
    for status in [OrderStatus::New, OrderStatus::Confirmed] {
        let shop = shop(status);
        let order = cancel(&shop, &read(&shop), now()).await.unwrap();
        assert_eq!(order.status, OrderStatus::Cancelled);
        assert!(shop.goods.borrow().is_empty());
        assert_eq!(shop.given_back.get(), 1, "its promotion code");
    }
}

#[tokio::test]
async fn giving_up_twice_is_giving_up_once() {
    let shop = shop(OrderStatus::Confirmed);
    let first = cancel(&shop, &read(&shop), now()).await.unwrap();
    let second = cancel(&shop, &read(&shop), now()).await.unwrap();
    assert_eq!(first, second);
}

#[tokio::test]
async fn what_is_being_packed_or_at_its_end_cannot_be_given_up() {
    let packing = shop(OrderStatus::Confirmed);
    packing.packing.set(true);
    assert_eq!(status(cancel(&packing, &read(&packing), now()).await), 409);
    assert_eq!(read(&packing).order.order.status, OrderStatus::Confirmed);
    for end in [
        OrderStatus::Packaged,
        OrderStatus::PackagingFailed,
        OrderStatus::Fulfilled,
        OrderStatus::DeliveryFailed,
    ] {
        let shop = shop(end);
        assert_eq!(
            status(cancel(&shop, &read(&shop), now()).await),
            409,
            "{end}"
        );
    }
}

#[tokio::test]
async fn fewer_pieces_keep_their_price_and_cost_less() {
    let shop = shop(OrderStatus::Confirmed);
    let order = edited(&shop, boots(2)).await.unwrap();
    assert_eq!(order.items.len(), 1);
    assert_eq!(order.items[0].name, "Boot");
    assert_eq!(order.total.amount, 2000 - 200 + 400);
    assert_eq!(shop.goods.borrow()[0].quantity, 2);
    assert_eq!(read(&shop).order.order, order);
}

#[tokio::test]
async fn u056_another_size_costs_what_the_product_cost() {
    let mut shop = shop(OrderStatus::Confirmed);
    shop.sizes = &["41", "42"];
    let boot = order().items[0].article.product_id.clone();
    let of = |size: &str| json!({ "productId": boot, "size": size, "quantity": 1 });
    let order = edited(&shop, json!({ "items": [of("42"), of("41")] }))
        .await
        .unwrap();
    let sizes: Vec<_> = order
        .items
        .iter()
        .map(|item| item.article.size.as_deref().unwrap())
        .collect();
    assert_eq!(sizes, ["42", "41"]);
    assert_eq!(order.items[0].unit_price.amount, 1000);
    assert_eq!(shop.goods.borrow()[1].article, order.items[1].article);

    let wrong = json!({ "items": [of("42"), of("43"), { "productId": boot, "quantity": 1 }] });
    let Err(Refusal::Problem(problem)) = edited(&shop, wrong).await else {
        panic!("there are no such sizes");
    };
    let told: Vec<_> = problem.errors.iter().map(|v| v.pointer.as_str()).collect();
    assert_eq!(told, ["/items/1/size", "/items/2/size"]);
    assert_eq!(read(&shop).order.order, order, "nothing changed");
}

#[tokio::test]
async fn a_dearer_order_has_to_be_paid_for_first() {
    let shop = shop(OrderStatus::Confirmed);
    assert_eq!(status(edited(&shop, boots(9)).await), 402);
    let mut paid = boots(9);
    paid["paymentToken"] = json!("t-2");
    shop.covers.set(8499);
    assert_eq!(status(edited(&shop, paid.clone()).await), 402);
    assert_eq!(shop.goods.borrow().len(), 2, "nothing is set aside for it");
    shop.covers.set(8500);
    assert_eq!(edited(&shop, paid).await.unwrap().total.amount, 8500);
}

#[tokio::test]
async fn what_there_is_not_enough_of_is_told_at_its_line() {
    let shop = shop(OrderStatus::Confirmed);
    shop.stock.set(1);
    let Err(Refusal::Problem(problem)) = edited(&shop, boots(2)).await else {
        panic!("there is not enough");
    };
    insta::assert_snapshot!(problem.errors[0].pointer, @"/items/0/quantity");
    insta::assert_snapshot!(problem.detail, @"there are only 1");
    assert_eq!(read(&shop).order.order.items.len(), 2);
}

#[tokio::test]
async fn goods_follow_the_order_when_somebody_else_was_faster() {
    let shop = shop(OrderStatus::Confirmed);
    shop.rival.set(true);
    assert_eq!(status(edited(&shop, boots(1)).await), 409);
    assert_eq!(shop.goods.borrow().len(), 2, "as the order has them");
}

#[tokio::test]
async fn another_address_is_another_address_only() {
    let shop = shop(OrderStatus::Confirmed);
    let address = json!({
        "name": "Eve", "street": "2 Side Street", "city": "C", "postalCode": "1", "country": "AT",
    });
    let order = edited(&shop, json!({ "address": address })).await.unwrap();
    assert_eq!(order.address.country, "AT");
    assert_eq!(order.items, super::super::progress::tests::order().items);
}

#[test]
fn an_edit_says_what_it_wants() {
    let request: EditRequest = serde_json::from_value(json!({})).unwrap();
    assert_eq!(
        request.check().unwrap_err()[0].detail,
        "items or address are needed"
    );
    let total = serde_json::from_value::<EditRequest>(json!({ "total": 1 }));
    assert!(total.unwrap_err().to_string().contains("unknown field"));
}

#[tokio::test]
async fn an_order_that_is_not_confirmed_is_not_changed() {
    for wrong in [
        OrderStatus::New,
        OrderStatus::Packaged,
        OrderStatus::Cancelled,
    ] {
        let shop = shop(wrong);
        assert_eq!(status(edited(&shop, boots(1)).await), 409, "{wrong}");
    }
}
