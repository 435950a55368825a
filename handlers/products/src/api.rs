//! Function `api`: the public routes of the catalogue.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use lambda_runtime::{Error, LambdaEvent};
use serde::Serialize;
use serde_json::json;
use shop_core::cursor;
use shop_core::http::{self, Answer, Refusal, Request};
use shop_core::id::Id;
use shop_core::problem::Problem;

use crate::product::Product;
use crate::store::{Place, Store};

/// How many products a page has, unless the client says otherwise.
const PAGE: u16 = 50;
/// And how many at most.
const LARGEST_PAGE: u16 = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    List,
    Get,
    Categories,
    Health,
}

/// Every route key of the template, and nothing else: a test compares them.
const ROUTES: [(&str, Route); 4] = [
    ("GET /api/products", Route::List),
    ("GET /api/products/{productId}", Route::Get),
    ("GET /api/categories", Route::Categories),
    ("GET /api/health", Route::Health),
];

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ProductList {
    products: Vec<Product>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
struct Category {
    name: String,
    count: u64,
}

/// Answers one request.
pub async fn serve(
    store: &Store,
    event: LambdaEvent<ApiGatewayV2httpRequest>,
) -> Result<ApiGatewayV2httpResponse, Error> {
    http::serve(event, async |request| answer(store, &request).await).await
}

async fn answer(store: &Store, request: &Request) -> Result<Answer, Refusal> {
    let route = ROUTES.iter().find(|(key, _)| *key == request.route_key());
    match route.map(|(_, route)| route) {
        Some(Route::List) => list(store, request).await,
        Some(Route::Get) => get(store, request).await,
        Some(Route::Categories) => categories(store).await,
        Some(Route::Health) => Ok(Answer::json(200, &json!({ "status": "ok" }))?),
        None => Err(Problem::not_found("there is no such resource").into()),
    }
}

async fn list(store: &Store, request: &Request) -> Result<Answer, Refusal> {
    let category = request.query("category");
    let limit = request.limit(PAGE, LARGEST_PAGE)?;
    let from = request
        .query("nextToken")
        .map(|token| place(token, category))
        .transpose()?;
    let page = store.list(category, limit, from.as_ref()).await?;
    Ok(Answer::json(
        200,
        &ProductList {
            products: page.products,
            next_token: page.next.as_ref().map(cursor::encode).transpose()?,
        },
    )?)
}

/// The place that `token` names, if it is one of the list of `category`.
fn place(token: &str, category: Option<&str>) -> Result<Place, Problem> {
    let place: Place = cursor::decode(token)?;
    if place.category.as_deref() == category {
        Ok(place)
    } else {
        Err(Problem::bad_request(
            "nextToken belongs to the list of another category",
        ))
    }
}

async fn get(store: &Store, request: &Request) -> Result<Answer, Refusal> {
    let not_found = || Problem::not_found("there is no such product");
    // What is not an identifier names no product either.
    let id: Id = request
        .path("productId")?
        .parse()
        .map_err(|_| not_found())?;
    let product = store.get(&id).await?.ok_or_else(not_found)?;
    Ok(Answer::json(200, &product)?)
}

async fn categories(store: &Store) -> Result<Answer, Refusal> {
    let categories: Vec<Category> = store
        .categories()
        .await?
        .into_iter()
        .map(|(name, count)| Category { name, count })
        .collect();
    Ok(Answer::json(200, &json!({ "categories": categories }))?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_template_routes_exactly_what_is_answered() {
        let template = include_str!("../../../stacks/products/template.yaml");
        let routed: BTreeSet<_> = template
            .lines()
            .filter_map(|line| line.trim().strip_prefix("RouteKey: "))
            .collect();
        let answered: BTreeSet<_> = ROUTES.iter().map(|(key, _)| *key).collect();
        assert_eq!(routed, answered);
    }

    #[test]
    fn a_token_is_good_for_the_list_that_gave_it_only() {
        let given = Place {
            category: Some("Shoes".to_owned()),
            name: "Boot".to_owned(),
            id: Id::fixed(1_767_225_600, "boot"),
        };
        let token = cursor::encode(&given).unwrap();
        assert_eq!(place(&token, Some("Shoes")), Ok(given));
        assert_eq!(place(&token, Some("Bags")).unwrap_err().status, 400);
        assert_eq!(place(&token, None).unwrap_err().status, 400);
        assert_eq!(place("Shoes", Some("Shoes")).unwrap_err().status, 400);
    }
}
