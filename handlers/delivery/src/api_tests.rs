//! The routes against shipments in memory.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::*;
use crate::shipment::Status;
use crate::shipment::tests::shipment;

#[derive(Default)]
struct FakeTable {
    rows: RefCell<BTreeMap<Id, Shipment>>,
    down: Cell<bool>,
}

impl FakeTable {
    fn with(names: &[&str]) -> Self {
        let table = FakeTable::default();
        for name in names {
            let shipment = shipment(name);
            let id = shipment.order_id.clone();
            table.rows.borrow_mut().insert(id, shipment);
        }
        table
    }

    async fn answers(&self) -> Result<(), Failure> {
        tokio::task::yield_now().await;
        if self.down.get() {
            return Err("the table is down".into());
        }
        Ok(())
    }

    fn status(&self, name: &str) -> Status {
        self.rows.borrow()[&shipment(name).order_id].status
    }
}

impl Shipments for FakeTable {
    async fn get(&self, order_id: &Id) -> Result<Option<Shipment>, Failure> {
        self.answers().await?;
        Ok(self.rows.borrow().get(order_id).cloned())
    }

    async fn waiting(&self, limit: u16, from: Option<&Place>) -> Result<Page, Failure> {
        self.answers().await?;
        let rows = self.rows.borrow();
        let found: Vec<_> = rows
            .values()
            .filter(|shipment| shipment.status == Status::New)
            .filter(|shipment| from.is_none_or(|from| shipment.order_id > from.order_id))
            .take(usize::from(limit) + 1)
            .cloned()
            .collect();
        let (shipments, follows) = cursor::cut(found, limit, false);
        let next = shipments.last().filter(|_| follows).map(|last| Place {
            created_date: last.created_date,
            order_id: last.order_id.clone(),
        });
        Ok(Page { shipments, next })
    }

    async fn replace(&self, shipment: &Shipment) -> Result<bool, Failure> {
        self.answers().await?;
        let mut rows = self.rows.borrow_mut();
        let found = rows.get_mut(&shipment.order_id);
        let found = found.filter(|found| found.version + 1 == shipment.version);
        Ok(found.map(|found| *found = shipment.clone()).is_some())
    }

    async fn delete(&self, order_id: &Id) -> Result<Option<Shipment>, Failure> {
        self.answers().await?;
        Ok(self.rows.borrow_mut().remove(order_id))
    }
}

/// Who asks: a user and the group he is in.
type Who = Option<(&'static str, &'static str)>;

const COURIER: Who = Some(("kim", "delivery"));
const ADMIN: Who = Some(("root", "admin"));
const EVE: Who = Some(("eve", ""));

fn request(key: &str, who: Who, name: &str, query: Value, body: Option<Value>) -> Request {
    let mut event = json!({
        "version": "2.0", "routeKey": key, "rawPath": "", "rawQueryString": "", "headers": {},
        "requestContext": {"routeKey": key, "http": {"method": "", "path": "", "protocol": ""}},
        "pathParameters": {"orderId": shipment(name).order_id},
        "queryStringParameters": query,
        "body": body.map(|body| body.to_string()), "isBase64Encoded": false,
    });
    if let Some((user, group)) = who {
        let claims = json!({"sub": user, "cognito:groups": format!("[{group}]")});
        event["requestContext"]["authorizer"] = json!({"jwt": {"claims": claims}});
    }
    serde_json::from_value::<ApiGatewayV2httpRequest>(event)
        .unwrap()
        .into()
}

async fn send(table: &FakeTable, request: Request) -> (u16, Value) {
    let answer = match answer(table, &request, now()).await {
        Ok(answer) => answer,
        Err(Refusal::Problem(problem)) => problem.into(),
        Err(Refusal::Unexpected(error)) => panic!("{error}"),
    };
    (
        answer.status(),
        serde_json::from_str(answer.body()).unwrap(),
    )
}

async fn call(table: &FakeTable, who: Who, key: &str, name: &str) -> (u16, Value) {
    let body = key.ends_with("/fail");
    let body = body.then(|| json!({"reason": " nobody at home "}));
    send(table, request(key, who, name, json!({}), body)).await
}

const START: &str = "POST /api/deliveries/{orderId}/start";
const COMPLETE: &str = "POST /api/deliveries/{orderId}/complete";
const FAIL: &str = "POST /api/deliveries/{orderId}/fail";
const DELETE: &str = "DELETE /api/deliveries/{orderId}";
const TRACK: &str = "GET /api/orders/{orderId}/tracking";

#[tokio::test]
async fn who_may_do_what() {
    let mut rows = String::new();
    for (key, _) in ROUTES {
        rows += key;
        for who in [None, EVE, Some(("pat", "warehouse")), COURIER, ADMIN] {
            // Each cell has a table of its own, with a package that is on its way if need be.
            let table = FakeTable::with(&["a"]);
            if [COMPLETE, FAIL].contains(&key) {
                assert_eq!(call(&table, COURIER, START, "a").await.0, 200);
            }
            let (status, _) = call(&table, who, key, "a").await;
            rows += &format!(" {status}");
        }
        rows += "\n";
    }
    // Nobody, a customer, a packer, a courier, an administrator.
    insta::assert_snapshot!(rows, @r"
    GET /api/deliveries 401 403 403 200 200
    GET /api/deliveries/{orderId} 401 403 403 200 200
    POST /api/deliveries/{orderId}/start 401 403 403 200 200
    POST /api/deliveries/{orderId}/complete 401 403 403 200 200
    POST /api/deliveries/{orderId}/fail 401 403 403 200 200
    DELETE /api/deliveries/{orderId} 401 403 403 403 200
    GET /api/orders/{orderId}/tracking 401 200 404 404 404
    ");
}

#[tokio::test]
async fn a_courier_takes_a_package_along_and_hands_it_over() {
    let table = FakeTable::with(&["a"]);
    let (status, body) = call(&table, COURIER, START, "a").await;
    assert_eq!((status, &body["status"]), (200, &json!("IN_PROGRESS")));
    assert_eq!(body["courier"], "kim");
    let (status, body) = call(&table, COURIER, COMPLETE, "a").await;
    assert_eq!((status, &body["status"]), (200, &json!("COMPLETED")));
    assert_eq!(table.status("a"), Status::Completed);
}

#[tokio::test]
async fn the_customer_follows_the_package_and_nobody_elses() {
    let table = FakeTable::with(&["a"]);
    call(&table, COURIER, START, "a").await;
    call(&table, COURIER, FAIL, "a").await;
    let (status, body) = call(&table, EVE, TRACK, "a").await;
    assert_eq!(status, 200);
    assert_eq!(body["status"], "FAILED");
    assert_eq!(body["history"][2]["note"], "nobody at home");
    assert_eq!(body["history"].as_array().unwrap().len(), 3);
    assert_eq!(
        call(&table, Some(("bob", "")), TRACK, "a").await.0,
        404,
        "another customer"
    );
    assert_eq!(call(&table, EVE, TRACK, "unknown").await.0, 404);
}

#[tokio::test]
async fn of_two_couriers_one_gets_the_package() {
    let table = FakeTable::with(&["a"]);
    let (kim, lou) = tokio::join!(
        call(&table, COURIER, START, "a"),
        call(&table, Some(("lou", "delivery")), START, "a")
    );
    let mut statuses = [kim.0, lou.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
}

#[tokio::test]
async fn a_step_out_of_turn_is_refused_and_a_repeated_one_is_not() {
    let table = FakeTable::with(&["a"]);
    let (status, body) = call(&table, COURIER, COMPLETE, "a").await;
    assert_eq!(status, 409);
    assert_eq!(body["detail"], "no courier has started this delivery");
    for _ in 0..2 {
        assert_eq!(call(&table, COURIER, START, "a").await.0, 200);
    }
    for _ in 0..2 {
        assert_eq!(call(&table, COURIER, FAIL, "a").await.0, 200);
    }
    assert_eq!(call(&table, COURIER, START, "a").await.0, 409);
}

#[tokio::test]
async fn only_what_waits_is_listed_page_by_page() {
    let names = ["a", "b", "c", "d", "e"];
    let table = FakeTable::with(&names);
    call(&table, COURIER, START, "c").await;
    let mut query = json!({"limit": "2"});
    let mut seen = BTreeSet::new();
    loop {
        let list = request("GET /api/deliveries", COURIER, "a", query.clone(), None);
        let (status, body) = send(&table, list).await;
        assert_eq!(status, 200, "{body}");
        for shipment in body["deliveries"].as_array().unwrap() {
            assert!(seen.insert(shipment["orderId"].as_str().unwrap().to_owned()));
        }
        match body["nextToken"].as_str() {
            Some(token) => query["nextToken"] = token.into(),
            None => break,
        }
    }
    assert_eq!(seen.len(), 4);
    assert!(!seen.contains(shipment("c").order_id.as_str()));
    let wrong = request(
        "GET /api/deliveries",
        COURIER,
        "a",
        json!({"nextToken": "x"}),
        None,
    );
    assert_eq!(send(&table, wrong).await.0, 400);
}

#[tokio::test]
async fn a_reason_is_one_line_of_text() {
    for (body, status) in [
        (None, 400),
        (Some(json!({})), 400),
        (Some(json!({"reason": "x", "refund": true})), 400),
        (Some(json!({"reason": " "})), 422),
        (Some(json!({"reason": "two\nlines"})), 422),
        (Some(json!({"reason": "x".repeat(201)})), 422),
        (Some(json!({"reason": "ü".repeat(200)})), 200),
    ] {
        let table = FakeTable::with(&["a"]);
        call(&table, COURIER, START, "a").await;
        let fail = request(FAIL, COURIER, "a", json!({}), body.clone());
        assert_eq!(send(&table, fail).await.0, status, "{body:?}");
    }
}

#[tokio::test]
async fn a_deleted_shipment_is_gone() {
    let table = FakeTable::with(&["a"]);
    let (status, body) = call(&table, ADMIN, DELETE, "a").await;
    assert_eq!((status, &body["status"]), (200, &json!("NEW")));
    assert_eq!(call(&table, ADMIN, DELETE, "a").await.0, 404);
    assert_eq!(call(&table, EVE, TRACK, "a").await.0, 404);
}

#[tokio::test]
async fn a_table_that_is_down_can_be_tried_again() {
    let table = FakeTable::with(&["a"]);
    table.down.set(true);
    assert_eq!(call(&table, COURIER, START, "a").await.0, 503);
    assert_eq!(call(&table, EVE, TRACK, "a").await.0, 503);
}
