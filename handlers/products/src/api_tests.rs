//! The routes against a catalogue in memory.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shop_core::testing::{Endpoint, Role, table};

use super::*;
use crate::fake::{FakeCatalogue, product};

fn boot() -> Product {
    product("Boot", "Shoes")
}

fn shop() -> FakeCatalogue {
    FakeCatalogue::with([boot(), product("Bag", "Bags")])
}

/// A request that is right in everything but perhaps who asks.
fn good(route_key: &str) -> Endpoint {
    let endpoint = Endpoint::new(route_key);
    let endpoint = match route_key.contains("{productId}") {
        true => endpoint.path("productId", boot().product_id),
        false => endpoint,
    };
    match route_key.split_once(' ').unwrap().0 {
        "POST" => endpoint.body(new_product()),
        "PATCH" => endpoint
            .header("if-match", "\"1\"")
            .body(json!({"name": "Boots"})),
        "DELETE" => endpoint.header("if-match", "\"1\""),
        _ => endpoint,
    }
}

fn new_product() -> Value {
    json!({
        "name": "Lamp", "description": "It shines.", "category": "Home",
        "price": {"amount": 8900, "currency": "EUR"}, "tags": ["brass"],
        "package": {"width": 200, "length": 300, "height": 400, "weight": 1200},
    })
}

async fn ask(shop: &FakeCatalogue, endpoint: &Endpoint) -> (u16, Value, Option<String>) {
    match answer(shop, &endpoint.request(Role::Admin)).await {
        Ok(answer) => {
            let body = serde_json::from_str(answer.body()).unwrap_or(Value::Null);
            let etag = answer.header("etag").map(str::to_owned);
            (answer.status(), body, etag)
        }
        Err(Refusal::Problem(problem)) => {
            let status = problem.status;
            (status, serde_json::to_value(problem).unwrap(), None)
        }
        Err(Refusal::Unexpected(error)) => panic!("{error}"),
    }
}

#[tokio::test]
async fn everybody_looks_and_administrators_change() {
    let endpoints = ROUTES.map(|(key, _)| good(key));
    let text = table(&endpoints, async |_, request| {
        answer(&shop(), &request).await
    })
    .await;
    insta::assert_snapshot!(text, @r"
                                         nobody  customer  warehouse  delivery  admin
    GET /api/products                    200     200       200        200       200
    GET /api/products/{productId}        200     200       200        200       200
    GET /api/categories                  200     200       200        200       200
    GET /api/health                      200     200       200        200       200
    GET /api/admin/products              401     403       403        403       200
    GET /api/admin/products/{productId}  401     403       403        403       200
    POST /api/products                   401     403       403        403       201
    PATCH /api/products/{productId}      401     403       403        403       200
    DELETE /api/products/{productId}     401     403       403        403       204
    ");
}

#[tokio::test]
async fn a_product_is_created_changed_taken_off_the_list_listed_again_and_deleted() {
    let shop = shop();
    let (created, lamp, etag) = ask(&shop, &good("POST /api/products")).await;
    assert_eq!((created, etag.as_deref()), (201, Some("\"1\"")));
    assert_eq!(lamp["listed"], true);
    let id = lamp["productId"].as_str().unwrap();
    let of = |key: &str| Endpoint::new(key).path("productId", id);
    let get = of("GET /api/products/{productId}");
    let patch = |version: u64, body: Value| {
        of("PATCH /api/products/{productId}")
            .header("if-match", version::etag(version))
            .body(body)
    };
    let search = Endpoint::new("GET /api/products").query("search", "bra");
    assert_eq!(ask(&shop, &get).await.1, lamp);
    assert_eq!(ask(&shop, &search).await.1["products"], json!([lamp]));

    let (changed, lamp, etag) = ask(&shop, &patch(1, json!({"tags": ["copper"]}))).await;
    assert_eq!((changed, etag.as_deref()), (200, Some("\"2\"")));
    assert_eq!(lamp["name"], "Lamp");
    assert_eq!(ask(&shop, &search).await.1["products"], json!([]));

    assert_eq!(ask(&shop, &patch(2, json!({"listed": false}))).await.0, 200);
    assert_eq!(ask(&shop, &get).await.0, 404);
    let hidden = Endpoint::new("GET /api/admin/products").query("listed", "false");
    let hidden = ask(&shop, &hidden).await.1;
    assert_eq!(hidden["products"][0]["productId"], id);
    let (any, _, etag) = ask(&shop, &of("GET /api/admin/products/{productId}")).await;
    assert_eq!((any, etag.as_deref()), (200, Some("\"3\"")));

    // Defect D7 of a system that this shop unites: what was unlisted stayed so.
    assert_eq!(ask(&shop, &patch(3, json!({"listed": true}))).await.0, 200);
    assert_eq!(ask(&shop, &get).await.0, 200);

    let delete = of("DELETE /api/products/{productId}").header("if-match", "\"4\"");
    assert_eq!(ask(&shop, &delete).await.0, 204);
    assert_eq!(ask(&shop, &get).await.0, 404);
    assert_eq!(ask(&shop, &delete).await.0, 404);
}

#[tokio::test]
async fn of_two_administrators_the_later_one_has_to_look_again() {
    for key in [
        "PATCH /api/products/{productId}",
        "DELETE /api/products/{productId}",
    ] {
        let shop = shop();
        let first = good("PATCH /api/products/{productId}").body(json!({"name": "First"}));
        assert_eq!(ask(&shop, &first).await.0, 200);
        assert_eq!(ask(&shop, &good(key)).await.0, 412, "{key}");
        let id = boot().product_id;
        assert_eq!(shop.find(&id).await.unwrap().unwrap().name, "First");
        let blind = Endpoint::new(key).path("productId", &id).body(json!({}));
        assert_eq!(ask(&shop, &blind).await.0, 428, "{key}");
    }
}

#[tokio::test]
async fn a_change_that_changes_nothing_leaves_the_version() {
    let shop = shop();
    let same = good("PATCH /api/products/{productId}").body(json!({"name": "Boot"}));
    for _ in 0..2 {
        let (status, _, etag) = ask(&shop, &same).await;
        assert_eq!((status, etag.as_deref()), (200, Some("\"1\"")));
    }
}

#[tokio::test]
async fn wrong_values_are_refused_with_their_places() {
    let shop = shop();
    let mut wrong = new_product();
    wrong["price"]["amount"] = json!(-1);
    let (status, problem, _) = ask(&shop, &good("POST /api/products").body(wrong)).await;
    assert_eq!(status, 422);
    assert_eq!(problem["errors"][0]["pointer"], "/price/amount");
    for body in [
        json!({"userId": "eve"}),
        json!({"listed": "yes"}),
        json!("a lamp"),
    ] {
        assert_eq!(
            ask(&shop, &good("POST /api/products").body(body)).await.0,
            400
        );
    }
}

#[tokio::test]
async fn lists_and_results_are_paged_with_tokens_of_their_own() {
    let many = (0..5).map(|n| product(&format!("Boot {n}"), "Shoes"));
    let shop = FakeCatalogue::with(many.chain([product("Bag", "Bags")]));
    let list = |query: &[(&str, &str)]| {
        let endpoint = Endpoint::new("GET /api/products").query("limit", 2);
        query.iter().fold(endpoint, |endpoint, (name, value)| {
            endpoint.query(name, value)
        })
    };
    let mut tokens = Vec::new();
    for query in [
        &[] as &[(&str, &str)],
        &[("category", "Shoes")],
        &[("search", "boot")],
        &[("search", "boot"), ("category", "Shoes")],
    ] {
        let mut names = BTreeSet::new();
        let mut page = ask(&shop, &list(query)).await.1;
        tokens.push(page["nextToken"].as_str().unwrap().to_owned());
        loop {
            for product in page["products"].as_array().unwrap() {
                assert!(
                    names.insert(product["name"].to_string()),
                    "twice: {product}"
                );
            }
            let Some(token) = page["nextToken"].as_str() else {
                break;
            };
            page = ask(&shop, &list(query).query("nextToken", token)).await.1;
        }
        assert_eq!(
            names.len(),
            if query.is_empty() { 6 } else { 5 },
            "{query:?}"
        );
    }
    // No list takes the token of another one.
    for (query, token) in [
        (&[("category", "Shoes")] as &[(&str, &str)], &tokens[0]),
        (&[("category", "Bags")], &tokens[1]),
        (&[], &tokens[1]),
        (&[], &tokens[2]),
        (&[("search", "boot")], &tokens[0]),
        (&[("search", "boot")], &tokens[3]),
        (&[("search", "boots")], &tokens[2]),
        (&[("search", "boot"), ("category", "Bags")], &tokens[3]),
        (&[], &"Shoes".to_owned()),
    ] {
        let (status, _, _) = ask(&shop, &list(query).query("nextToken", token)).await;
        assert_eq!(status, 400, "{query:?}");
    }
    for search in ["a", "- 5", "  !"] {
        assert_eq!(
            ask(&shop, &list(&[("search", search)])).await.0,
            400,
            "{search}"
        );
    }
}
