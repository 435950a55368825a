//! The catalogue as administrators run it, as everybody searches it, and as stock changes it.

use reqwest::Method;
use serde_json::{Value, json};
use shopctl_tests::eventually;

use crate::Shop;
use crate::bus::Tap;
use crate::customer::Customer;
use crate::orders::{messages_in, problem};

pub(crate) fn administrators_run_the_catalogue(shop: &Shop, bus: &Tap<'_>) {
    let admin = Customer::staff(shop, "admin@shopctl.example", "admin");
    let packer = Customer::staff(shop, "warehouse@shopctl.example", "warehouse");
    let new = json!({
        "name": "Zephyr kite", "description": "For a windy beach.", "category": "Camp",
        "price": {"amount": 3900, "currency": "EUR"}, "tags": ["kevlar"], "sizes": ["S", "L"],
        "pictures": [{"url": "/images/products/noon-wall-clock.svg", "alt": "A kite"}],
        "package": {"width": 900, "length": 120, "height": 60, "weight": 480},
    });
    let products = shop.site("/api/products");
    shop.http.post(&products, &[], &new).expect(401);
    problem(
        packer.send(Method::POST, "/api/products", &[], Some(&new)),
        403,
    );
    let mut wrong = new.clone();
    wrong["price"]["amount"] = json!(-1);
    let said = problem(
        admin.send(Method::POST, "/api/products", &[], Some(&wrong)),
        422,
    );
    assert_eq!(said["errors"][0]["pointer"], "/price/amount");

    let created = admin
        .send(Method::POST, "/api/products", &[], Some(&new))
        .expect(201);
    assert_eq!(created.header("etag"), "\"1\"");
    let kite = created.json();
    let id = kite["productId"].as_str().unwrap();
    let path = format!("/api/products/{id}");
    assert_eq!(created.header("location"), path);
    assert_eq!(shop.http.get(&shop.site(&path)).expect(200).json(), kite);
    assert_eq!(found(shop, "zephyr kev"), ["Zephyr kite"]);
    assert_eq!(bus.event("ProductCreated", id)["detail"], kite);

    // Two administrators see version 1, and both change it.
    let patch = |seen: &str, change: Value| {
        admin.send(Method::PATCH, &path, &[("if-match", seen)], Some(&change))
    };
    let cheaper = json!({"price": {"amount": 2900, "currency": "EUR"}, "tags": ["cotton"]});
    assert_eq!(
        patch("\"1\"", cheaper).expect(200).json()["price"]["amount"],
        2900
    );
    problem(patch("\"1\"", json!({"name": "Other kite"})), 412);
    problem(admin.send(Method::PATCH, &path, &[], Some(&json!({}))), 428);
    assert_eq!(found(shop, "kevlar"), [""; 0]);
    assert_eq!(found(shop, "cotto zeph"), ["Zephyr kite"]);
    let told = bus.event("ProductModified", id);
    let changed = json!(["modifiedDate", "price", "tags", "version"]);
    assert_eq!(told["detail"]["changed"], changed);

    patch("\"2\"", json!({"listed": false})).expect(200);
    problem(shop.http.get(&shop.site(&path)), 404);
    assert_eq!(found(shop, "zephyr"), [""; 0]);
    let hidden = admin
        .get("/api/admin/products?listed=false")
        .expect(200)
        .json();
    assert_eq!(hidden["products"][0]["productId"], id);
    let seen = admin.get(&format!("/api/admin/products/{id}")).expect(200);
    patch(seen.header("etag"), json!({"listed": true})).expect(200);
    shop.http.get(&shop.site(&path)).expect(200);

    let delete = |seen| admin.send(Method::DELETE, &path, &[("if-match", seen)], None);
    problem(delete("\"3\""), 412);
    delete("\"4\"").expect(204);
    problem(shop.http.get(&shop.site(&path)), 404);
    assert_eq!(found(shop, "zephyr"), [""; 0]);
    assert_eq!(
        bus.event("ProductDeleted", id)["detail"]["name"],
        "Zephyr kite"
    );
    results_are_paged(shop);
}

/// What everybody can search for is what the seed brought.
fn results_are_paged(shop: &Shop) {
    let all = found(shop, "waterproof");
    assert!(all.len() >= 5, "{all:?}");
    let mut paged = Vec::new();
    let mut query = "search=waterproof&limit=2".to_owned();
    loop {
        let page = shop.http.get(&shop.api(&format!("/products?{query}")));
        let page = page.expect(200).json();
        paged.extend(names(&page));
        match page["nextToken"].as_str() {
            Some(token) => query = format!("search=waterproof&limit=2&nextToken={token}"),
            None => break,
        }
    }
    assert_eq!(paged, all);
    let shoes = shop
        .http
        .get(&shop.api("/products?search=waterproof&category=Shoes"));
    let shoes = shoes.expect(200).json();
    let shoes = shoes["products"].as_array().unwrap();
    assert!(!shoes.is_empty() && shoes.len() < all.len(), "{shoes:?}");
    assert!(shoes.iter().all(|product| product["category"] == "Shoes"));
    problem(shop.http.get(&shop.api("/products?search=x")), 400);
}

/// Whoever reads the inventory's events, out of order and twice, shows the latest count.
pub(crate) fn stock_is_shown(shop: &Shop) {
    let page = shop
        .http
        .get(&shop.api("/products?limit=1"))
        .expect(200)
        .json();
    let id = page["products"][0]["productId"].as_str().unwrap();
    let tell = |quantity: u32, version: u64| {
        let detail = json!({"productId": id, "quantity": quantity, "version": version});
        let entry = json!({
            "EventBusName": shop.output("platform", "BusName"), "Source": "shop.inventory",
            "DetailType": "StockChanged", "Detail": detail.to_string(),
        });
        let entries = json!({ "Entries": [entry] });
        shop.emulator.call("events", "put_events", &entries);
    };
    let shown = |count: u32| {
        eventually("the count is shown", || {
            let url = shop.api(&format!("/products/{id}"));
            let product = shop.http.get(&url).expect(200).json();
            (product["available"] == count).then_some(product)
        })
    };
    // Far above what the inventory has counted to in this shop, so that its own counts do not
    // interfere.
    tell(7, 1_000_001);
    shown(7);
    tell(4, 1_000_003);
    let product = shown(4);
    tell(9, 1_000_002);
    tell(4, 1_000_003);
    tell(2, 1_000_004);
    let after = shown(2);
    assert_eq!(after["version"], product["version"], "nobody changed it");
    let dead = shop.output("products", "EventDeadLetterQueueUrl");
    assert_eq!(messages_in(shop, dead), 0, "in the dead-letter queue");
}

fn found(shop: &Shop, text: &str) -> Vec<String> {
    let text = text.replace(' ', "%20");
    let url = shop.api(&format!("/products?search={text}&limit=100"));
    names(&shop.http.get(&url).expect(200).json())
}

fn names(page: &Value) -> Vec<String> {
    let products = page["products"].as_array().unwrap().iter();
    products
        .map(|product| product["name"].as_str().unwrap().to_owned())
        .collect()
}
