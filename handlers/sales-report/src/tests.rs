//! The service against a real MariaDB server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Mutex;

use serde_json::{Value, json};
use shop_core::events::Event;
use shop_core::id::Id;
use shop_core::money::Currency;
use shop_core::schemas::assert_detail_documented;
use shop_mysql::testing::{MemorySink, TestServer};

use crate::files::Files;
use crate::incoming::handle;
use crate::ledger::Ledger;
use crate::report::{ReportError, Reports};
use crate::schema::MIGRATIONS;

/// Files in memory, with a switch to break them.
#[derive(Debug, Default)]
struct Memory {
    files: Mutex<BTreeMap<String, (String, String)>>,
    broken: Mutex<bool>,
}

impl Files for Memory {
    async fn put(
        &self,
        key: &str,
        content_type: &str,
        text: String,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        if *self.broken.lock().unwrap() {
            return Err("no bucket".into());
        }
        let file = (content_type.to_owned(), text);
        self.files.lock().unwrap().insert(key.to_owned(), file);
        Ok(())
    }
}

struct Office {
    _server: TestServer,
    reports: Reports<MemorySink, Memory>,
}

impl Office {
    async fn new() -> Self {
        let server = TestServer::start().await;
        server.migrate("sales_report", &MIGRATIONS).await;
        let reports = Reports {
            ledger: Ledger {
                database: server.database("sales_report", 2),
                sink: MemorySink::default(),
            },
            files: Memory::default(),
            zone: chrono_tz::Europe::Berlin,
            currency: Currency::EUR,
        };
        Office {
            _server: server,
            reports,
        }
    }

    async fn hear(&self, detail_type: &str, detail: Value) {
        let event = Event {
            id: "e-1".to_owned(),
            source: "shop.orders".to_owned(),
            detail_type: detail_type.to_owned(),
            time: "2026-05-01T10:00:00Z".parse().unwrap(),
            detail,
        };
        handle(&self.reports.ledger, event).await.unwrap();
    }

    async fn text(&self, date: &str) -> String {
        let date = Some(date.parse().unwrap());
        let now = "2026-12-31T12:00:00Z".parse().unwrap();
        let report = self.reports.make(date, now).await.unwrap();
        report.summary.text
    }
}

/// An order as its service tells it.
fn order(name: &str, status: &str, created: &str, minute: u32, euros: i64) -> Value {
    let money = |amount: i64| json!({ "amount": amount, "currency": "EUR" });
    json!({
        "userId": "u-1", "orderId": Id::fixed(1_777_777_777, name), "status": status,
        "createdDate": created, "modifiedDate": format!("2026-12-01T10:{minute:02}:00Z"),
        "items": [{
            "productId": Id::fixed(0, "boot"), "name": "Boot, waxed", "quantity": 2,
            "unitPrice": money(euros * 50),
        }],
        "address": {}, "deliveryPrice": money(0), "total": money(euros * 100), "history": [],
    })
}

fn modified(new: Value) -> Value {
    json!({ "old": {}, "new": new, "changed": ["status"] })
}

#[tokio::test]
async fn g23_three_orders_of_which_one_is_cancelled() {
    let office = Office::new().await;
    let at = "2026-05-01T10:00:00Z";
    for (name, euros) in [("a", 10), ("b", 20), ("c", 30)] {
        office
            .hear("OrderCreated", order(name, "NEW", at, 0, euros))
            .await;
    }
    let cancelled = order("b", "CANCELLED", at, 5, 20);
    office.hear("OrderModified", modified(cancelled)).await;
    insta::assert_snapshot!(office.text("2026-05-01").await, @"There are 3 total orders, with a total of 40.00 EUR revenue, and 1 cancelled orders for 2026-05-01.");

    // The figures and the purchases are kept, and the bus is told with the sentence.
    let files = office.reports.files.files.lock().unwrap().clone();
    let keys: Vec<_> = files.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "purchases/date=2026-05-01/purchases.csv",
            "reports/date=2026-05-01/report.json"
        ]
    );
    let (content_type, text) = &files[keys[1]];
    let figures: Value = serde_json::from_str(text).unwrap();
    assert_eq!(content_type, "application/json");
    assert_eq!(
        figures["revenue"],
        json!([{ "amount": 4000, "currency": "EUR" }])
    );
    assert_eq!(files[keys[0]].1.lines().count(), 4, "{}", files[keys[0]].1);
    let told = office.reports.ledger.sink.drain();
    assert_eq!(told.len(), 1);
    assert_detail_documented("shop.sales-report", &told[0].0, &told[0].1);
    assert_eq!(told[0].0, "SalesReportCreated");
    assert_eq!(told[0].1["text"], figures["text"]);
    assert_eq!(told[0].1["reportKey"], keys[1]);
}

#[tokio::test]
async fn the_newest_of_an_order_counts_whatever_comes_last() {
    let office = Office::new().await;
    let at = "2026-05-01T10:00:00Z";
    let new = order("a", "NEW", at, 0, 10);
    let confirmed = modified(order("a", "CONFIRMED", at, 1, 12));
    let cancelled = modified(order("a", "CANCELLED", at, 2, 12));
    for _ in 0..2 {
        office.hear("OrderModified", cancelled.clone()).await;
        office.hear("OrderCreated", new.clone()).await;
        office.hear("OrderModified", confirmed.clone()).await;
    }
    insta::assert_snapshot!(office.text("2026-05-01").await, @"There are 1 total orders, with a total of 0.00 EUR revenue, and 1 cancelled orders for 2026-05-01.");

    // Deleted is deleted, even when the order itself comes after it.
    let other = order("b", "NEW", at, 0, 10);
    office.hear("OrderDeleted", other.clone()).await;
    office.hear("OrderCreated", other.clone()).await;
    let late = modified(order("b", "CONFIRMED", at, 9, 10));
    office.hear("OrderModified", late).await;
    insta::assert_snapshot!(office.text("2026-05-01").await, @"There are 1 total orders, with a total of 0.00 EUR revenue, and 1 cancelled orders for 2026-05-01.");
}

#[tokio::test]
async fn an_order_belongs_to_the_day_of_the_shops_clock() {
    let office = Office::new().await;
    // Around both nights in which clocks are changed, and an ordinary midnight of summer.
    for (name, created) in [
        ("a", "2026-03-28T22:59:59.999Z"),
        ("b", "2026-03-28T23:00:00Z"),
        ("c", "2026-03-29T21:59:59.999Z"),
        ("d", "2026-03-29T22:00:00Z"),
        ("e", "2026-10-24T22:00:00Z"),
        ("f", "2026-10-25T22:59:59.999Z"),
        ("g", "2026-10-25T23:00:00Z"),
    ] {
        office
            .hear("OrderCreated", order(name, "NEW", created, 0, 1))
            .await;
    }
    for (date, orders) in [
        ("2026-03-28", 1),
        ("2026-03-29", 2),
        ("2026-03-30", 1),
        ("2026-10-24", 0),
        ("2026-10-25", 2),
        ("2026-10-26", 1),
    ] {
        let text = office.text(date).await;
        let expected = format!("There are {orders} total orders");
        assert!(text.starts_with(&expected), "{date}: {text}");
    }
}

#[tokio::test]
async fn without_a_date_it_is_yesterday_and_tomorrow_is_refused() {
    let office = Office::new().await;
    // Half past midnight in Berlin, and still yesterday in Greenwich.
    let now = "2026-04-30T22:30:00Z".parse().unwrap();
    let yesterday = office.reports.make(None, now).await.unwrap();
    assert_eq!(yesterday.summary.date.to_string(), "2026-04-30");
    assert!(yesterday.summary.complete);
    let today = office
        .reports
        .make(Some("2026-05-01".parse().unwrap()), now);
    let today = today.await.unwrap().summary;
    assert!(!today.complete && today.text.ends_with("The day is not over yet."));
    let tomorrow = office
        .reports
        .make(Some("2026-05-02".parse().unwrap()), now);
    let error = tomorrow.await.unwrap_err();
    insta::assert_snapshot!(error, @"2026-05-02 has not begun yet: it is 2026-05-01 in Europe/Berlin");

    // What could not be kept is told by nobody.
    office.reports.ledger.sink.drain();
    *office.reports.files.broken.lock().unwrap() = true;
    let error = office.reports.make(None, now).await.unwrap_err();
    assert!(matches!(error, ReportError::Files(_)));
    assert_eq!(office.reports.ledger.sink.drain(), []);
}
