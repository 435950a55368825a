//! The warehouse behind the API, its rows in MariaDB, and the sales report.

use chrono::{DateTime, Days, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use shopctl_tests::eventually;

use crate::Shop;
use crate::books::{report, rows_of};
use crate::bus::Tap;
use crate::customer::Customer;
use crate::orders::{item_of, order_of, packing_path, problem};

pub(crate) fn stock_is_kept_and_orders_are_packed(shop: &Shop, bus: &Tap<'_>) {
    let clerk = Customer::staff(shop, "clerk@example.com", "admin");
    let cara = Customer::sign_up(shop, "cara@example.com");
    let (product, tag) = stock_is_counted(shop, &clerk, &cara);

    let order = cara.order(&order_of(&[(&product, 2)]), None).expect(202);
    let order = order.json();
    let id = order["orderId"].as_str().unwrap();
    let path = format!("/api/packaging-requests/{id}");
    let request = eventually("the order can be packed", || {
        let answer = clerk.get(&path);
        (answer.status == 200).then(|| answer.json())
    });
    assert_eq!(request["status"], "NEW", "{request}");
    assert_eq!(request["items"][0]["quantity"], 2, "{request}");
    let stock = clerk.get(&stock_path(&product)).expect(200);
    assert_ne!(stock.header("etag"), tag, "the reservation changed it");
    assert_eq!(stock.json()["quantity"], 5);

    let step = |name: &str, status| {
        let step = format!("{path}/{name}");
        clerk.send(Method::POST, &step, &[], None).expect(status)
    };
    step("complete", 409);
    step("start", 200);
    let item = packing_path(id, &item_of(&product, 2));
    let one = json!({ "quantity": 1 });
    clerk.send(Method::PUT, &item, &[], Some(&one)).expect(200);
    assert_eq!(step("complete", 200).json()["status"], "COMPLETED");
    let rows = rows_of(
        shop,
        "inventory",
        &format!(
            "SELECT status, ordered, packed, quantity FROM packaging JOIN packaging_item USING (order_id) \
         JOIN product USING (product_id) WHERE order_id = '{id}'"
        ),
    );
    assert_eq!(rows, json!([["COMPLETED", 2, 1, 6]]), "one went back");

    // Who listens on the bus hears what left the network of the database.
    for told in ["StockReserved", "PackageCreated"] {
        bus.hear(told, |detail| detail["orderId"] == id);
    }
    bus.hear("StockChanged", |detail| {
        detail["productId"] == product["productId"] && detail["quantity"] == 6
    });
    let date = the_day_is_reported(shop, &order);
    bus.hear("SalesReportCreated", |detail| detail["date"] == date);
}

/// An administrator, and nobody else, sees and corrects the stock. A product of which there are
/// seven, with the tag of that.
fn stock_is_counted(shop: &Shop, clerk: &Customer<'_>, cara: &Customer<'_>) -> (Value, String) {
    shop.http.get(&shop.site("/api/inventory")).expect(401);
    problem(cara.get("/api/inventory"), 403);
    let list = clerk.get("/api/inventory?limit=100").expect(200).json();
    let products = list["products"].as_array().unwrap();
    assert!(products.len() >= 24, "{} products", products.len());
    let product = products[3].clone();
    let path = stock_path(&product);
    let read = clerk.get(&path).expect(200);
    let tag = read.header("etag").to_owned();

    let seven = json!({ "quantity": 7 });
    let set = |who: &Customer<'_>, tag: &str| {
        who.send(Method::PUT, &path, &[("if-match", tag)], Some(&seven))
    };
    problem(set(cara, &tag), 403);
    let counted = set(clerk, &tag).expect(200);
    assert_eq!(counted.json()["quantity"], 7);
    problem(set(clerk, &tag), 412);
    let rows = rows_of(
        shop,
        "inventory",
        &format!(
            "SELECT name, quantity FROM product WHERE product_id = '{}'",
            product["productId"].as_str().unwrap()
        ),
    );
    assert_eq!(rows, json!([[product["name"], 7]]));
    let tag = counted.header("etag").to_owned();
    (product, tag)
}

/// The report of the order's day counts it, and is kept in the bucket. That day.
fn the_day_is_reported(shop: &Shop, order: &Value) -> Value {
    let id = order["orderId"].as_str().unwrap();
    eventually("the ledger has the order", || {
        let sql = format!("SELECT COUNT(*) FROM sale WHERE order_id = '{id}'");
        (rows_of(shop, "sales_report", &sql) == json!([[1]])).then_some(())
    });
    let created: DateTime<Utc> = order["createdDate"].as_str().unwrap().parse().unwrap();
    // By the shop's clock it may be the next day already.
    let days = [created.date_naive(), created.date_naive() + Days::new(1)];
    let reports = days.map(|day| report(shop, day));
    let mut reports = reports.into_iter().flatten();
    let report = reports.find(|report| report["orders"] != 0).unwrap();
    let text = report["text"].as_str().unwrap();
    assert!(text.contains(" EUR revenue, and "), "{text}");
    let object = json!({
        "Bucket": shop.output("sales-report", "BucketName"), "Key": report["purchasesKey"],
    });
    let purchases = shop.emulator.call("s3", "get_object", &object);
    assert!(
        purchases["Body"].as_str().unwrap().contains(id),
        "{purchases}"
    );
    report["date"].clone()
}

fn stock_path(product: &Value) -> String {
    format!("/api/inventory/{}", product["productId"].as_str().unwrap())
}
