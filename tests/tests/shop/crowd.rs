//! 500 orders of 50 customers at once for 20 products of which there are too few: nothing is sold
//! that is not there, nobody is charged twice, and all books come to the same sums.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, Days, NaiveDate, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use shopctl_tests::Answer;

use crate::books::{Books, doubled_mails, report, the_books_agree};
use crate::consumers::consumers;
use crate::customer::Customer;
use crate::orders::{all_products, messages_in, order_of, problem};
use crate::payment::{DECLINED, GOOD, try_preauthorise};
use crate::{Shop, step};

const CUSTOMERS: usize = 50;
const ORDERS_EACH: usize = 10;
const PRODUCTS: usize = 20;
/// Pieces of each product; some 100 of each are wanted.
const PIECES: u64 = 40;
const CODE: &str = "CROWD";
/// How often the code can be redeemed; some 75 orders want it.
const REDEMPTIONS: u64 = 30;
/// A client that was told to wait longer than this gives up.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many orders are packed and delivered, and how many given up, of those that got their goods.
const DELIVERED: usize = 10;
const GIVEN_UP: usize = 10;

/// What is said of one order of the crowd.
#[derive(Default)]
struct Said {
    /// The answer, by the order.
    accepted: BTreeMap<String, Value>,
    /// Tokens that no order was taken for.
    unused: BTreeSet<String>,
}

pub(crate) fn a_crowd_buys_what_there_is(shop: &Shop) {
    let admin = Customer::staff(shop, "crowd-admin@example.com", "admin");
    let products: Vec<Value> = all_products(shop)
        .into_iter()
        .rev()
        .take(PRODUCTS)
        .collect();
    for product in &products {
        count(&admin, product);
    }
    let code = json!({ "percentage": 10, "limit": REDEMPTIONS, "limitPerCustomer": 1 });
    let path = format!("/api/promotions/{CODE}");
    admin.send(Method::PUT, &path, &[], Some(&code)).expect(200);
    let before = Books::read(shop);
    let doubled = doubled_mails(shop);
    let customers: Vec<_> = (0..CUSTOMERS)
        .map(|number| Customer::sign_up(shop, &format!("crowd-{number}@example.com")))
        .collect();

    let begin = Instant::now();
    let said = Mutex::new(Said::default());
    thread::scope(|scope| {
        for (number, customer) in customers.iter().enumerate() {
            let (said, products) = (&said, &products);
            scope.spawn(move || buys(shop, customer, number, products, said));
        }
    });
    let said = said.into_inner().unwrap();
    let taken = begin.elapsed();
    the_books_agree(shop);
    let decided = begin.elapsed();
    let orders = CUSTOMERS * ORDERS_EACH;
    assert_eq!(said.accepted.len(), orders, "each order is another one");
    step(&format!("{orders} orders taken"), taken);
    step(&format!("{orders} orders decided"), decided);

    some_are_delivered_and_some_given_up(shop, &said);
    the_books_agree(shop);
    let books = Books::read(shop);
    nothing_is_lost_or_sold_twice(&books, &before, &said, &products);
    nobody_is_charged_twice(&books, &said);
    redemptions_are_counted(&admin, &books, &said);
    reports_come_to_the_same(shop, &books);
    assert_eq!(
        doubled_mails(shop),
        doubled,
        "nobody hears twice of an order"
    );
    for consumer in consumers(&shop.emulator) {
        let dead = messages_in(shop, &consumer.dead.url);
        assert_eq!(dead, 0, "dead letters of {}", consumer.function);
    }
}

/// Sets how many there are.
fn count(admin: &Customer<'_>, product: &Value) {
    let path = format!("/api/inventory/{}", id_of(product));
    let read = admin.get(&path).expect(200);
    let tag = [("if-match", read.header("etag"))];
    let pieces = json!({ "quantity": PIECES });
    admin
        .send(Method::PUT, &path, &tag, Some(&pieces))
        .expect(200);
}

fn id_of(product: &Value) -> &str {
    product["productId"].as_str().unwrap()
}

/// One customer's ten orders, one after the other, in different ways.
fn buys(
    shop: &Shop,
    customer: &Customer<'_>,
    number: usize,
    products: &[Value],
    said: &Mutex<Said>,
) {
    let held = |card, amount| patiently(|| try_preauthorise(shop, card, amount));
    let token_for = |amount| {
        let held = held(GOOD, amount).expect(200).json();
        held["paymentToken"].as_str().unwrap().to_owned()
    };
    for nth in 0..ORDERS_EACH {
        let mut order = wanted(number, nth, products);
        let key = format!("crowd-{number}-{nth}");
        let pay = |order: &mut Value| {
            let token = token_for(1_000_000);
            order["paymentToken"] = json!(token);
            token
        };
        match (number + nth * 7) % 20 {
            // A card is refused, and there is another one.
            0 => drop(held(DECLINED, 1_000_000).expect(402)),
            // What is held does not cover it.
            1 => {
                let token = token_for(1);
                order["paymentToken"] = json!(token);
                problem(answered(customer, &order, &format!("{key}-little")), 402);
                said.lock().unwrap().unused.insert(token);
            }
            2..5 => order["promotionCode"] = json!(CODE),
            _ => {}
        }
        let token = pay(&mut order);
        let mut answer = match (number + nth * 7) % 20 {
            // The same request at the same time, as two windows or an impatient client send it.
            5..8 => {
                let (one, other) = thread::scope(|scope| {
                    let other = scope.spawn(|| answered(customer, &order, &key));
                    (answered(customer, &order, &key), other.join().unwrap())
                });
                assert_eq!(id_in(&one), id_in(&other), "two at once");
                one
            }
            _ => answered(customer, &order, &key),
        };
        if order.get("promotionCode").is_some() && answer.status == 422 {
            // Used up, by the customer or by all: then without it.
            order.as_object_mut().unwrap().remove("promotionCode");
            answer = answered(customer, &order, &format!("{key}-dear"));
        }
        let placed = answer.expect(202).json();
        match (number + nth * 7) % 20 {
            // Once more, as after a lost answer.
            8..14 => {
                let again = answered(customer, &order, &key);
                assert_eq!(again.expect(202).json()["orderId"], placed["orderId"]);
            }
            // One token pays for one order.
            14..16 => {
                problem(answered(customer, &order, &format!("{key}-again")), 402);
            }
            _ => {}
        }
        assert_eq!(order["paymentToken"], token);
        let id = placed["orderId"].as_str().unwrap().to_owned();
        let before = said.lock().unwrap().accepted.insert(id, placed);
        assert!(before.is_none(), "{before:?} is two orders");
    }
}

fn id_in(answer: &Answer) -> Value {
    answer.json()["orderId"].clone()
}

/// One to three products, one to three pieces each; which ones is the same in every run.
fn wanted(number: usize, nth: usize, products: &[Value]) -> Value {
    let seed = number * 31 + nth * 17;
    let lines: BTreeMap<usize, u32> = (0..=seed % 3)
        .map(|line| {
            let pieces = u32::try_from((seed / 3 + line) % 3 + 1).unwrap();
            ((seed * 7 + line * 11) % products.len(), pieces)
        })
        .collect();
    let lines: Vec<_> = lines
        .into_iter()
        .map(|(product, pieces)| (&products[product], pieces))
        .collect();
    order_of(&lines)
}

/// The answer to an order, which is sent again under its key.
fn answered(customer: &Customer<'_>, order: &Value, key: &str) -> Answer {
    patiently(|| customer.order(order, Some(key)))
}

/// The answer to a request; a client sends it again when the shop is too busy, each time a little
/// later. Money that is held for a lost answer is let go by the card's bank in the end.
fn patiently(send: impl Fn() -> Answer) -> Answer {
    let mut pause = Duration::from_millis(100);
    loop {
        let answer = send();
        if answer.status < 500 || pause > PATIENCE {
            return answer;
        }
        thread::sleep(pause);
        pause *= 2;
    }
}

/// Of the orders that got their goods.
fn some_are_delivered_and_some_given_up(shop: &Shop, said: &Said) {
    let packer = Customer::staff(shop, "crowd-packer@example.com", "warehouse");
    let courier = Customer::staff(shop, "crowd-courier@example.com", "delivery");
    let books = Books::read(shop);
    let mut confirmed = said
        .accepted
        .keys()
        .filter(|id| books.orders[*id]["status"] == "CONFIRMED");
    for id in confirmed.by_ref().take(DELIVERED) {
        for step in ["start", "complete"] {
            let path = format!("/api/packaging-requests/{id}/{step}");
            packer.post(&path, &json!({})).expect(200);
        }
    }
    for id in confirmed.take(GIVEN_UP) {
        let path = format!("/api/orders/{id}/cancel");
        let email = books.orders[id]["email"].as_str().unwrap();
        let customer = Customer::returning(shop, email);
        customer.post(&path, &json!({})).expect(200);
    }
    // With that every package is known to the couriers.
    the_books_agree(shop);
    let waiting = Books::read(shop).shipments;
    let ours = waiting.keys().filter(|id| said.accepted.contains_key(*id));
    let ours: Vec<_> = ours.collect();
    assert_eq!(ours.len(), DELIVERED, "packages that wait for a courier");
    for id in ours {
        for step in ["start", "complete"] {
            let path = format!("/api/deliveries/{id}/{step}");
            courier.post(&path, &json!({})).expect(200);
        }
    }
    shopctl_tests::eventually("all packages have arrived", || {
        let orders = Books::read(shop).orders;
        let arrived = |id: &&String| orders[*id]["status"] == "FULFILLED";
        (said.accepted.keys().filter(arrived).count() == DELIVERED).then_some(())
    });
}

/// Whether what an order wants is the customer's or set aside for him.
fn has_goods(order: &Value) -> bool {
    let status = order["status"].as_str().unwrap();
    ["CONFIRMED", "PACKAGED", "FULFILLED"].contains(&status)
}

fn nothing_is_lost_or_sold_twice(books: &Books, before: &Books, said: &Said, products: &[Value]) {
    let new = books
        .orders
        .keys()
        .filter(|id| !before.orders.contains_key(*id));
    assert_eq!(
        new.collect::<Vec<_>>(),
        said.accepted.keys().collect::<Vec<_>>(),
        "orders in the table, and those that were accepted"
    );
    let mut sold: BTreeMap<&str, u64> = BTreeMap::new();
    let (mut short, mut given_up) = (0, 0);
    for id in said.accepted.keys() {
        let order = &books.orders[id];
        if has_goods(order) {
            for item in order["items"].as_array().unwrap() {
                *sold.entry(id_of(item)).or_default() += item["quantity"].as_u64().unwrap();
            }
            continue;
        }
        match order["cancellation"]["reason"].as_str() {
            Some("CUSTOMER") => given_up += 1,
            Some("NO_STOCK") => {
                short += 1;
                for shortage in order["cancellation"]["shortages"].as_array().unwrap() {
                    let pieces = |name: &str| shortage[name].as_u64().unwrap();
                    assert!(pieces("available") < pieces("needed"), "{order}");
                }
            }
            _ => panic!("neither sold nor refused: {order}"),
        }
    }
    assert_eq!(given_up, GIVEN_UP);
    assert!(short > 0, "there was enough for everybody");
    for product in products {
        let id = id_of(product);
        let left = PIECES - sold.get(id).copied().unwrap_or_default();
        assert_eq!(books.stock[id], left, "pieces left of {product}");
    }
    eprintln!(
        "shop: {short} of {} orders came too late",
        said.accepted.len()
    );
}

fn nobody_is_charged_twice(books: &Books, said: &Said) {
    let mut tokens = BTreeSet::new();
    let (mut taken, mut sold) = (0, 0);
    for id in said.accepted.keys() {
        let (order, payment) = (&books.orders[id], &books.payments[id]);
        let token = payment["paymentToken"].as_str().unwrap();
        assert!(tokens.insert(token), "{token} pays for two orders");
        let held = &books.authorisations[token];
        if held["state"] == "CAPTURED" {
            taken += held["amount"].as_u64().unwrap();
        }
        if order["status"] == "FULFILLED" {
            sold += order["total"]["amount"].as_u64().unwrap();
        }
        let steps = payment["history"].as_array().unwrap().iter();
        let captures = steps
            .filter(|step| step.to_string().contains("\"CAPTURE\""))
            .count();
        assert_eq!(
            captures,
            usize::from(order["status"] == "FULFILLED"),
            "{payment}"
        );
    }
    assert!(taken > 0);
    assert_eq!(
        taken, sold,
        "what the provider took, and what was delivered"
    );
    for token in &said.unused {
        let state = &books.authorisations[token]["state"];
        assert_eq!(state, "AUTHORISED", "{token} was refused by the shop");
    }
}

/// The code was redeemed by those who have its discount, and by no more than may.
fn redemptions_are_counted(admin: &Customer<'_>, books: &Books, said: &Said) {
    let promoted = said.accepted.keys().map(|id| &books.orders[id]);
    let promoted = promoted.filter(|order| order["promotion"]["code"] == CODE);
    let by: Vec<_> = promoted
        .filter(|order| order["status"] != "CANCELLED")
        .map(|order| order["userId"].as_str().unwrap())
        .collect();
    let each: BTreeSet<_> = by.iter().collect();
    assert_eq!(each.len(), by.len(), "once for each customer");
    let path = format!("/api/promotions/{CODE}");
    let code = admin.get(&path).expect(200).json();
    assert_eq!(code["redeemed"], by.len(), "{code}");
    assert!(by.len() as u64 <= REDEMPTIONS && !by.is_empty(), "{code}");
}

/// The reports of the days on which orders were placed, together.
fn reports_come_to_the_same(shop: &Shop, books: &Books) {
    let placed = |order: &Value| -> DateTime<Utc> {
        order["createdDate"].as_str().unwrap().parse().unwrap()
    };
    // By the shop's clock it may have been the next day.
    let days: BTreeSet<NaiveDate> = books
        .orders
        .values()
        .map(|order| placed(order).date_naive())
        .flat_map(|day| [day, day + Days::new(1)])
        .collect();
    let reports: Vec<_> = days
        .into_iter()
        .filter_map(|day| report(shop, day))
        .collect();
    let sum = |of: fn(&Value) -> u64| reports.iter().map(of).sum::<u64>();
    assert_eq!(
        sum(|report| report["orders"].as_u64().unwrap()),
        books.orders.len() as u64
    );
    let earning = books.orders.values().filter(|order| has_goods(order));
    let earned: u64 = earning
        .map(|order| order["total"]["amount"].as_u64().unwrap())
        .sum();
    let revenue = sum(|report| {
        let sums = report["revenue"].as_array().unwrap().iter();
        sums.map(|sum| sum["amount"].as_u64().unwrap()).sum()
    });
    assert_eq!(revenue, earned, "{reports:#?}");
}
