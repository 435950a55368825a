//! The warehouse behind the API, its rows in MariaDB, and the sales report.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use shopctl_tests::eventually;

use crate::Shop;
use crate::customer::Customer;
use crate::orders::{order_of, problem};

pub(crate) fn stock_is_kept_and_orders_are_packed(shop: &Shop) {
    let clerk = Customer::staff(shop, "clerk@example.com", "admin");
    let cara = Customer::sign_up(shop, "cara@example.com");
    let (product, tag) = stock_is_counted(shop, &clerk, &cara);

    // Who listens on the bus hears what left the network of the database.
    let listener = Listener::new(shop);
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
    let item = format!("{path}/items/{}", product["productId"].as_str().unwrap());
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

    listener.hears(&["StockChanged", "StockReserved", "PackageCreated"]);
    the_day_is_reported(shop, &order);
    listener.hears(&["SalesReportCreated"]);
    listener.end();
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

/// The report of the order's day counts it, and is kept in the bucket.
fn the_day_is_reported(shop: &Shop, order: &Value) {
    let id = order["orderId"].as_str().unwrap();
    eventually("the ledger has the order", || {
        let sql = format!("SELECT COUNT(*) FROM sale WHERE order_id = '{id}'");
        (rows_of(shop, "sales_report", &sql) == json!([[1]])).then_some(())
    });
    let created: DateTime<Utc> = order["createdDate"].as_str().unwrap().parse().unwrap();
    // By the shop's clock it may be the next day already.
    let days = [created.date_naive(), created.date_naive() + Days::new(1)];
    let reports = days.map(|day| {
        let asked = json!({
            "FunctionName": shop.output("sales-report", "ReportFunctionName"),
            "Payload": json!({ "date": day }).to_string(),
        });
        let answer = shop.emulator.call("lambda", "invoke", &asked);
        serde_json::from_str::<Value>(answer["Payload"].as_str().unwrap()).unwrap()
    });
    let report = reports
        .iter()
        .find(|report| report["orders"].as_u64().is_some_and(|orders| orders > 0))
        .unwrap_or_else(|| panic!("{reports:?}"));
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
}

fn stock_path(product: &Value) -> String {
    format!("/api/inventory/{}", product["productId"].as_str().unwrap())
}

/// What MariaDB answers, row by row.
fn rows_of(shop: &Shop, schema: &str, sql: &str) -> Value {
    let asked = json!({
        "resourceArn": shop.output("database", "InstanceArn"),
        "secretArn": shop.output("database", "SecretArn"), "database": schema, "sql": sql,
    });
    let answer = shop.emulator.call("rds-data", "execute_statement", &asked);
    let value = |field: &Value| field.as_object().unwrap().values().next().unwrap().clone();
    let rows = answer["records"].as_array().unwrap().iter();
    rows.map(|row| row.as_array().unwrap().iter().map(value).collect::<Value>())
        .collect()
}

/// A queue of its own on the bus.
struct Listener<'a> {
    shop: &'a Shop,
    queue: String,
}

impl<'a> Listener<'a> {
    fn new(shop: &'a Shop) -> Self {
        let cloud = &shop.emulator;
        let made = cloud.call("sqs", "create_queue", &json!({ "QueueName": "listener" }));
        let queue = made["QueueUrl"].as_str().unwrap().to_owned();
        let asked = json!({ "QueueUrl": queue, "AttributeNames": ["QueueArn"] });
        let attributes = cloud.call("sqs", "get_queue_attributes", &asked);
        let bus = shop.output("platform", "BusName");
        let pattern = json!({ "source": ["shop.inventory", "shop.sales-report"] });
        let rule = json!({
            "Name": "listener", "EventBusName": bus, "EventPattern": pattern.to_string(),
        });
        cloud.call("events", "put_rule", &rule);
        let target = json!({ "Id": "queue", "Arn": attributes["Attributes"]["QueueArn"] });
        let targets = json!({ "Rule": "listener", "EventBusName": bus, "Targets": [target] });
        cloud.call("events", "put_targets", &targets);
        Self { shop, queue }
    }

    /// Waits until each of these has been heard.
    fn hears(&self, wanted: &[&str]) {
        let mut missing: BTreeSet<&str> = wanted.iter().copied().collect();
        eventually(&format!("the bus tells {wanted:?}"), || {
            let asked = json!({ "QueueUrl": self.queue, "MaxNumberOfMessages": 10 });
            let answer = self.shop.emulator.call("sqs", "receive_message", &asked);
            for message in answer["Messages"].as_array().into_iter().flatten() {
                let body = message["Body"].as_str().unwrap();
                let event: Value = serde_json::from_str(body).unwrap();
                missing.remove(event["detail-type"].as_str().unwrap());
            }
            missing.is_empty().then_some(())
        });
    }

    fn end(self) {
        let bus = self.shop.output("platform", "BusName");
        let cloud = &self.shop.emulator;
        let rule = json!({ "Rule": "listener", "EventBusName": bus, "Ids": ["queue"] });
        cloud.call("events", "remove_targets", &rule);
        let rule = json!({ "Name": "listener", "EventBusName": bus });
        cloud.call("events", "delete_rule", &rule);
        cloud.call("sqs", "delete_queue", &json!({ "QueueUrl": self.queue }));
    }
}
