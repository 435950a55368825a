//! What the shop has for those who run it: a look into its tables, and names for its parts.

use reqwest::Method;
use serde_json::{Value, json};
use shopctl_tests::Answer;

use crate::Shop;
use crate::customer::Customer;
use crate::orders::problem;

pub(crate) fn administrators_look_into_the_tables(shop: &Shop) {
    let admin = Customer::returning(shop, "admin@shopctl.example");
    let packer = Customer::returning(shop, "warehouse@shopctl.example");
    let ask = |who: &Customer<'_>, body: Value| -> Answer {
        who.send(Method::POST, "/api/admin/tool", &[], Some(&body))
    };
    problem(ask(&packer, json!({"operation": "ping"})), 403);
    assert_eq!(
        ask(&admin, json!({"operation": "ping"})).expect(200).json(),
        "pong"
    );
    let payload = json!({"a": [1, null]});
    let echo = json!({"operation": "echo", "payload": payload});
    assert_eq!(ask(&admin, echo).expect(200).json(), payload);
    let unknown = problem(ask(&admin, json!({"operation": "foo"})), 400);
    assert_eq!(unknown["detail"], "Unrecognized operation \"foo\"");
    let write = json!({"operation": "delete", "tableName": "products"});
    problem(ask(&admin, write), 403);
    let any = json!({"operation": "list", "tableName": shop.output("products", "TableName")});
    problem(ask(&admin, any), 400);

    let mut found = Vec::new();
    let mut payload = json!({"limit": 20});
    loop {
        let list = json!({"operation": "list", "tableName": "products", "payload": payload});
        let page = ask(&admin, list).expect(200).json();
        found.extend(page["items"].as_array().unwrap().clone());
        match page["nextToken"].as_str() {
            Some(token) => payload = json!({"limit": 20, "nextToken": token}),
            None => break,
        }
    }
    assert!(found.len() >= 24, "{} rows", found.len());
    let key = json!({"key": {"productId": found[0]["productId"]}});
    let read = json!({"operation": "read", "tableName": "products", "payload": key});
    assert_eq!(
        ask(&admin, read).expect(200).json()["item"]["name"],
        found[0]["name"]
    );
    let key = json!({"key": {"name": "no key"}});
    let wrong = json!({"operation": "read", "tableName": "products", "payload": key});
    problem(ask(&admin, wrong), 400);
}

pub(crate) fn parts_are_found_by_name(shop: &Shop) {
    for (name, stack, output) in [
        ("platform/bus-name", "platform", "BusName"),
        ("api/url", "api", "ApiUrl"),
        (
            "products/quote-function-arn",
            "products",
            "QuoteFunctionArn",
        ),
        ("users/table-name", "accounts", "TableName"),
    ] {
        let asked = json!({"Name": format!("/shop/local/{name}")});
        let found = shop.emulator.call("ssm", "get_parameter", &asked);
        assert_eq!(
            found["Parameter"]["Value"],
            shop.output(stack, output),
            "{name}"
        );
    }
}
