//! The shop's business over HTTP: catalogue, orders, mails.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shopctl_tests::{Answer, eventually};

use crate::Shop;
use crate::books::mails;
use crate::customer::Customer;

pub(crate) fn catalogue_is_public(shop: &Shop) {
    let products = all_products(shop);
    let ids: BTreeSet<&str> = products
        .iter()
        .map(|p| p["productId"].as_str().unwrap())
        .collect();
    assert!(ids.len() >= 24, "{} products", ids.len());
    assert_eq!(ids.len(), products.len(), "a product is on two pages");

    for product in &products {
        assert!(!product["name"].as_str().unwrap().is_empty(), "{product}");
        assert!(
            product["price"]["amount"].as_u64().unwrap() > 0,
            "{product}"
        );
        assert_eq!(product["price"]["currency"], "EUR", "{product}");
        let picture = product["pictures"][0]["url"].as_str().unwrap();
        let picture = shop.http.get(&shop.site(picture)).expect(200);
        assert_eq!(picture.header("content-type"), "image/svg+xml");
    }

    let first = &products[0];
    let id = first["productId"].as_str().unwrap();
    let single = shop
        .http
        .get(&shop.api(&format!("/products/{id}")))
        .expect(200);
    assert_eq!(&single.json(), first);

    let categories = shop.http.get(&shop.api("/categories")).expect(200).json();
    let categories = categories["categories"].as_array().unwrap();
    let counted: u64 = categories
        .iter()
        .map(|c| c["count"].as_u64().unwrap())
        .sum();
    assert_eq!(counted, ids.len() as u64, "{categories:?}");
    let name = categories[0]["name"].as_str().unwrap();
    let of_category = shop
        .http
        .get(&shop.api(&format!("/products?category={name}&limit=100")));
    let of_category = of_category.expect(200).json();
    let of_category = of_category["products"].as_array().unwrap();
    assert_eq!(
        Some(of_category.len() as u64),
        categories[0]["count"].as_u64()
    );
    assert!(
        of_category
            .iter()
            .all(|product| product["category"] == name)
    );

    problem(shop.http.get(&shop.api("/products/no-such-product")), 404);
}

/// The catalogue page by page, without a token.
pub(crate) fn all_products(shop: &Shop) -> Vec<Value> {
    let mut products = Vec::new();
    let mut query = "limit=10".to_owned();
    loop {
        let page = shop
            .http
            .get(&shop.api(&format!("/products?{query}")))
            .expect(200)
            .json();
        let found = page["products"].as_array().unwrap();
        assert!(found.len() <= 10, "more than asked for: {page}");
        products.extend(found.iter().cloned());
        match page["nextToken"].as_str() {
            Some(token) => query = format!("limit=10&nextToken={token}"),
            None => return products,
        }
    }
}

fn g34_somebody_elses_order_does_not_exist(stranger: &Customer<'_>, order_id: &str) {
    problem(stranger.get(&format!("/api/orders/{order_id}")), 404);
}

pub(crate) fn orders_are_placed(shop: &Shop) {
    let products = all_products(shop);
    let (one, two) = (&products[0], &products[1]);
    let order = order_of(&[(one, 2), (two, 1)]);

    let orders = shop.site("/api/orders");
    shop.http.post(&orders, &[], &order).expect(401);
    shop.http.get(&orders).expect(401);
    let forged = [("authorization", "Bearer e30.e30.c2ln")];
    shop.http.post(&orders, &forged, &order).expect(401);

    let anna = Customer::sign_up(shop, "anna@example.com");
    let ben = Customer::sign_up(shop, "ben@example.com");

    refused_orders(&anna, one);

    let placed = anna.order(&order, None).expect(202).json();
    assert_eq!(placed["status"], "NEW", "{placed}");
    let delivery = placed["deliveryPrice"]["amount"].as_u64().unwrap();
    let total = amount(one) * 2 + amount(two) + delivery;
    assert_eq!(placed["total"], json!({"amount": total, "currency": "EUR"}));
    assert_eq!(placed["items"][0]["unitPrice"], one["price"]);
    assert_eq!(placed["items"][1]["name"], two["name"]);

    // The same request once more, as after a lost answer, is the same order.
    let key = "6f1c9a5e-0001";
    let second = order_of(&[(two, 3)]);
    let first_answer = anna.order(&second, Some(key)).expect(202).json();
    let second_answer = anna.order(&second, Some(key)).expect(202).json();
    assert_eq!(first_answer["orderId"], second_answer["orderId"]);
    // Another customer's key is another key.
    let bens = ben.order(&second, Some(key)).expect(202).json();
    assert_ne!(bens["orderId"], first_answer["orderId"]);

    let ids = [&first_answer, &placed].map(|order| order["orderId"].as_str().unwrap());
    assert_eq!(listed(&anna), ids, "newest first, and none twice");
    assert_eq!(listed(&ben), [bens["orderId"].as_str().unwrap()]);
    g34_somebody_elses_order_does_not_exist(&ben, ids[0]);

    for id in ids {
        eventually("its goods are set aside", || {
            let order = anna.get(&format!("/api/orders/{id}")).expect(200).json();
            (order["status"] == "CONFIRMED").then_some(())
        });
    }
    mails_are_sent(shop, &anna, ids[1], &placed);
    an_order_is_followed_through_the_logs(shop, ids[1]);
    a_request_is_followed_through_all_services(shop, ids[1]);
    let dead = shop.output("orders", "DeadLetterQueueUrl");
    assert_eq!(messages_in(shop, dead), 0, "in the dead-letter queue");
}

/// What is wrong with an order is said, and none is placed.
fn refused_orders(customer: &Customer<'_>, product: &Value) {
    let unknown = json!({"productId": "2SwcbqZrBNGd67ZJYvPpSjMmHO3"});
    let said = problem(customer.order(&order_of(&[(&unknown, 1)]), None), 422);
    assert_eq!(said["errors"][0]["pointer"], "/items/0/productId", "{said}");
    problem(customer.order(&order_of(&[(product, 0)]), None), 422);
    problem(customer.order(&order_of(&[]), None), 422);
    problem(customer.order(&json!("not an order"), None), 400);
    // Whoever names a price is not listened to.
    let mut cheap = order_of(&[(product, 1)]);
    cheap["items"][0]["unitPrice"] = json!({"amount": 1, "currency": "EUR"});
    problem(customer.order(&cheap, None), 400);
    assert_eq!(listed(customer), Vec::<String>::new());
}

fn mails_are_sent(shop: &Shop, customer: &Customer<'_>, order_id: &str, order: &Value) {
    let to = |address: &str| -> Vec<Value> {
        let about = |mail: &&Value| {
            mail["To"] == json!([address]) && mail["BodyText"].to_string().contains(order_id)
        };
        mails(shop)
            .into_iter()
            .filter(|mail| about(&mail))
            .collect()
    };
    let total = amount_text(&order["total"]);
    let name = order["items"][0]["name"].as_str().unwrap();
    for address in [&*customer.email, "owner@shopctl.example"] {
        let mail = eventually("the mail is sent", || to(address).pop());
        assert!(!mail["Subject"].as_str().unwrap().is_empty(), "{mail}");
        for body in ["BodyText", "BodyHtml"] {
            let body = mail[body].as_str().unwrap();
            for part in [&*total, name, "Seestraße 12"] {
                assert!(
                    body.contains(part),
                    "no {part} in the mail to {address}:\n{body}"
                );
            }
        }
        assert_eq!(to(address).len(), 1, "mails to {address} about {order_id}");
    }
}

fn an_order_is_followed_through_the_logs(shop: &Shop, order_id: &str) {
    let logs = [
        "logs", "--env", "local", "--order", order_id, "--output", "json",
    ];
    eventually("lines of all functions that had the order", || {
        let lines = shop.project.run(&logs).stdout;
        let sources: BTreeSet<String> = lines
            .lines()
            .map(|line| {
                assert!(line.contains(order_id), "{line}");
                let line: Value = serde_json::from_str(line).unwrap();
                format!("{}.{}", line["stack"], line["source"]).replace('"', "")
            })
            .collect();
        let wanted = ["orders.ApiFunction", "orders.ProcessFunction"];
        wanted
            .iter()
            .all(|source| sources.contains(*source))
            .then_some(())
    });
}

/// What the request set off is found by one trace: in functions that were called, in those that were
/// told by a queue, and in those that the bus told of a row, also by the outbox of MySQL.
fn a_request_is_followed_through_all_services(shop: &Shop, order_id: &str) {
    let lines = |word: &str, id: &str| -> Vec<Value> {
        let logs = ["logs", "--env", "local", word, id, "--output", "json"];
        let text = shop.project.run(&logs).stdout;
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let accepted = |line: &Value| {
        let said: Value = serde_json::from_str(line["message"].as_str()?).ok()?;
        (said["message"] == "order accepted").then(|| said["span"]["trace"].clone())
    };
    let trace = eventually("the order is accepted", || {
        lines("--order", order_id).iter().find_map(accepted)
    });
    let trace = trace.as_str().unwrap();
    eventually("lines of all services that had part in it", || {
        let sources: BTreeSet<String> = lines("--request", trace)
            .iter()
            .map(|line| format!("{}.{}", line["stack"], line["source"]).replace('"', ""))
            .collect();
        let wanted = [
            "orders.ApiFunction",
            "payment.AuthoriseFunction",
            "orders.ProcessFunction",
            "inventory.EventsInsideFunction",
            "orders.EventsConsumeFunction",
            "notifications.EventsConsumeFunction",
        ];
        wanted
            .iter()
            .all(|source| sources.contains(*source))
            .then_some(())
    });
}

/// As a mail writes an amount.
fn amount_text(price: &Value) -> String {
    let amount = price["amount"].as_u64().unwrap();
    format!("{}.{:02} EUR", amount / 100, amount % 100)
}

pub(crate) fn messages_in(shop: &Shop, queue: &str) -> u64 {
    let asked = json!({"QueueUrl": queue, "AttributeNames": ["ApproximateNumberOfMessages"]});
    let answer = shop.emulator.call("sqs", "get_queue_attributes", &asked);
    let count = answer["Attributes"]["ApproximateNumberOfMessages"].as_str();
    count.unwrap().parse().unwrap()
}

/// A line of an order: pieces of a product, in its first size if it comes in several.
pub(crate) fn item_of(product: &Value, quantity: u32) -> Value {
    let mut item = json!({"productId": product["productId"], "quantity": quantity});
    if let Some(size) = product["sizes"].get(0) {
        item["size"] = size.clone();
    }
    item
}

/// Where a packer says how many pieces of such a line are packed.
pub(crate) fn packing_path(order: &str, item: &Value) -> String {
    let product = item["productId"].as_str().unwrap();
    let path = format!("/api/packaging-requests/{order}/items/{product}");
    match item["size"].as_str() {
        Some(size) => format!("{path}?size={size}"),
        None => path,
    }
}

pub(crate) fn order_of(items: &[(&Value, u32)]) -> Value {
    let items: Vec<Value> = items
        .iter()
        .map(|(product, quantity)| item_of(product, *quantity))
        .collect();
    json!({
        "items": items,
        "address": {
            "name": "Anna Berg", "street": "Seestraße 12", "city": "Lindau",
            "postalCode": "88131", "country": "DE",
        },
    })
}

fn listed(customer: &Customer<'_>) -> Vec<String> {
    let orders = customer.get("/api/orders").expect(200).json();
    let orders = orders["orders"].as_array().unwrap().clone();
    let id = |order: Value| order["orderId"].as_str().unwrap().to_owned();
    orders.into_iter().map(id).collect()
}

pub(crate) fn amount(product: &Value) -> u64 {
    product["price"]["amount"].as_u64().unwrap()
}

/// The problem that the answer is about.
#[track_caller]
pub(crate) fn problem(answer: Answer, status: u16) -> Value {
    let answer = answer.expect(status);
    assert_eq!(
        answer.header("content-type"),
        "application/problem+json",
        "{answer:?}"
    );
    let problem = answer.json();
    assert_eq!(problem["status"], status, "{problem}");
    for field in ["type", "title", "detail"] {
        assert!(problem[field].is_string(), "{field} of {problem}");
    }
    problem
}
