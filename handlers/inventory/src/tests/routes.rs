//! Requests of the staff, as the gateway passes them on.

use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use aws_lambda_events::encodings::Body;
use lambda_runtime::{Context, LambdaEvent};

use super::*;

use crate::api;

/// A request by somebody of `group`.
async fn ask(warehouse: &Warehouse, group: &str, route: &str, more: Value) -> (i64, Value) {
    let answer = call(warehouse, group, route, more).await;
    let body = match answer.body {
        Some(Body::Text(text)) => serde_json::from_str(&text).unwrap(),
        _ => Value::Null,
    };
    (answer.status_code, body)
}

async fn call(
    warehouse: &Warehouse,
    group: &str,
    route: &str,
    more: Value,
) -> ApiGatewayV2httpResponse {
    let (method, path) = route.split_once(' ').unwrap();
    let mut event = json!({
        "version": "2.0", "routeKey": route, "rawPath": path, "rawQueryString": "", "headers": {},
        "requestContext": {
            "routeKey": route,
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1" },
            "authorizer": { "jwt": { "claims": { "sub": "u-1", "cognito:groups": group } } },
        },
        "isBase64Encoded": false,
    });
    for (key, value) in more.as_object().unwrap() {
        event[key] = value.clone();
    }
    let event = serde_json::from_value(event).unwrap();
    let event = LambdaEvent::new(event, Context::default());
    api::serve(&warehouse.inventory, event).await.unwrap()
}

#[tokio::test]
async fn packers_pack_and_administrators_count() {
    let warehouse = Warehouse::with(&[("boot", 9)]).await;
    let of_order = json!({ "pathParameters": { "orderId": id("o") } });
    let of_product = json!({ "pathParameters": { "productId": product("boot") } });
    for (group, route, more, status) in [
        ("[]", "GET /api/packaging-requests", json!({}), 403),
        ("[delivery]", "GET /api/packaging-requests", json!({}), 403),
        ("[warehouse]", "GET /api/packaging-requests", json!({}), 200),
        ("[admin]", "GET /api/packaging-requests", json!({}), 200),
        ("[warehouse]", "GET /api/inventory", json!({}), 403),
        ("[admin]", "GET /api/inventory", json!({}), 200),
        ("[admin]", "GET /api/inventory/{productId}", of_product, 200),
        (
            "[warehouse]",
            "POST /api/packaging-requests/{orderId}/start",
            of_order,
            404,
        ),
        ("[admin]", "GET /api/other", json!({}), 404),
    ] {
        let (found, body) = ask(&warehouse, group, route, more).await;
        assert_eq!(found, status, "{group} {route}: {body}");
    }
}

#[tokio::test]
async fn a_request_goes_its_way_from_new_to_packed() {
    let warehouse = Warehouse::with(&[("boot", 9), ("hat", 9)]).await;
    for name in ["o", "p", "q"] {
        let items = [("boot/42", 2), ("boot/43 W", 1)];
        warehouse.hear(created(name, &items)).await;
    }
    // Two on a page, then the last one.
    let list = async |query: Value| {
        let more = json!({ "queryStringParameters": query });
        ask(
            &warehouse,
            "[warehouse]",
            "GET /api/packaging-requests",
            more,
        )
        .await
    };
    let (_, first) = list(json!({ "limit": "2" })).await;
    let token = first["nextToken"].as_str().unwrap();
    let (_, second) = list(json!({ "limit": "2", "nextToken": token })).await;
    assert_eq!(second["nextToken"], Value::Null);
    let ids: Vec<_> = [&first, &second]
        .iter()
        .flat_map(|page| page["packagingRequests"].as_array().unwrap())
        .map(|request| request["orderId"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 3);
    for wrong in [json!({ "status": "REFUSED" }), json!({ "nextToken": "x" })] {
        assert_eq!(list(wrong).await.0, 400);
    }

    let order = json!({ "pathParameters": { "orderId": id("o") } });
    let route = |step: &str| format!("POST /api/packaging-requests/{{orderId}}/{step}");
    let step = async |name: &str| ask(&warehouse, "[warehouse]", &route(name), order.clone()).await;
    let (status, problem) = step("complete").await;
    assert_eq!(status, 409);
    assert_eq!(problem["detail"], "the packaging request is NEW");
    assert_eq!(step("start").await.0, 200);
    let pack = async |name: &str, body: &str| {
        let article = article(name);
        let mut more = json!({
            "pathParameters": { "orderId": id("o"), "productId": article.product_id },
            "body": body,
        });
        if let Some(size) = article.size {
            more["queryStringParameters"] = json!({ "size": size });
        }
        let route = "PUT /api/packaging-requests/{orderId}/items/{productId}";
        ask(&warehouse, "[warehouse]", route, more).await
    };
    for (name, body, expected) in [
        ("boot/42", r#"{"quantity":3}"#, 422),
        ("boot/42", r#"{"quantity":-1}"#, 400),
        ("boot/42", r#"{"quantity":1,"price":1}"#, 400),
        ("hat", r#"{"quantity":1}"#, 404),
        ("boot", r#"{"quantity":1}"#, 404),
        ("boot/44", r#"{"quantity":1}"#, 404),
        ("boot/42", r#"{"quantity":1}"#, 200),
        ("boot/43 W", r#"{"quantity":0}"#, 200),
    ] {
        assert_eq!(pack(name, body).await.0, expected, "{name} {body}");
    }
    let (status, packed) = step("complete").await;
    assert_eq!((status, &packed["status"]), (200, &json!("COMPLETED")));
    let item = |size: &str, quantity: u32, packed: u32| {
        json!({
            "productId": product("boot"), "size": size, "name": "boot",
            "quantity": quantity, "packed": packed,
        })
    };
    let items = json!([item("42", 2, 1), item("43 W", 1, 0)]);
    assert_eq!(packed["items"], items);
    let (_, list) = list(json!({ "status": "COMPLETED" })).await;
    assert_eq!(list["packagingRequests"][0]["orderId"], json!(id("o")));
}

#[tokio::test]
async fn a_stale_count_is_refused() {
    let warehouse = Warehouse::with(&[("boot", 9)]).await;
    let set = async |tag: Option<&str>, body: &str| {
        let mut more = json!({
            "pathParameters": { "productId": product("boot") }, "body": body,
        });
        if let Some(tag) = tag {
            more["headers"] = json!({ "if-match": tag });
        }
        call(
            &warehouse,
            "[admin]",
            "PUT /api/inventory/{productId}",
            more,
        )
        .await
    };
    let answer = set(None, r#"{"quantity":7}"#).await;
    assert_eq!(answer.status_code, 200);
    let tag = answer.headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(set(Some(&tag), r#"{"quantity":8}"#).await.status_code, 200);
    assert_eq!(set(Some(&tag), r#"{"quantity":1}"#).await.status_code, 412);
    assert_eq!(set(None, r#"{"quantity":1000001}"#).await.status_code, 422);
    assert_eq!(set(Some("new"), r#"{"quantity":1}"#).await.status_code, 400);
    assert_eq!(warehouse.pieces("boot").await, 8);
    let unknown = json!({
        "pathParameters": { "productId": product("none") }, "body": r#"{"quantity":1}"#,
    });
    let route = "PUT /api/inventory/{productId}";
    assert_eq!(ask(&warehouse, "[admin]", route, unknown).await.0, 404);
}
