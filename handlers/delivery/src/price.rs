//! Functions `price` (asked by other services) and `price_api` (asked by everybody): what delivery
//! costs.

use std::collections::HashMap;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use lambda_runtime::{Error, LambdaEvent};
use serde::Deserialize;
use shop_core::delivery::{Parcel, Price, PriceRequest};
use shop_core::http::{self, Answer, Refusal, Request};
use shop_core::id::Id;
use shop_core::problem::{Problem, Violation};
use shop_core::quote::Package;
use shop_core::runtime::error_chain;

use crate::countries::Country;
use crate::packages::Failure;
use crate::pricing::Tariff;

/// The one public route; what it is for says `price_openapi.rs`.
const ROUTE: &str = "POST /api/delivery/price";
/// How many products a request may have, as an order.
const MAX_LINES: usize = 50;
/// How many pieces of each.
const MAX_QUANTITY: u32 = 99;

/// What the public route needs of the world.
pub trait Catalogue {
    /// The packages of those of `ids` that can be ordered.
    async fn packages(&self, ids: Vec<Id>) -> Result<HashMap<Id, Package>, Failure>;
}

/// Asks for the price of products, whose packages the catalogue knows.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ProductsPriceRequest {
    items: Vec<Item>,
    country: String,
}

#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Item {
    product_id: String,
    quantity: u32,
}

/// What is asked about: products with quantities, and where to.
type Question = (Vec<(Id, u32)>, Country);

/// Answers another service.
pub async fn serve(tariff: &Tariff, event: LambdaEvent<PriceRequest>) -> Result<Price, Error> {
    let PriceRequest { items, country } = event.payload;
    Ok(tariff.price(&items, country.try_into()?)?)
}

/// Answers one request of the public route.
pub async fn serve_api(
    tariff: &Tariff,
    catalogue: &impl Catalogue,
    event: LambdaEvent<ApiGatewayV2httpRequest>,
) -> Result<ApiGatewayV2httpResponse, Error> {
    http::serve(event, async |request| {
        answer(tariff, catalogue, &request).await
    })
    .await
}

async fn answer(
    tariff: &Tariff,
    catalogue: &impl Catalogue,
    request: &Request,
) -> Result<Answer, Refusal> {
    if request.route_key() != ROUTE {
        return Err(Problem::not_found("there is no such resource").into());
    }
    let (items, country) = check(request.json()?).map_err(Problem::validation)?;
    let mut ids: Vec<Id> = items.iter().map(|(id, _)| id.clone()).collect();
    ids.sort_unstable();
    ids.dedup();
    let packages = catalogue.packages(ids).await.map_err(|error| {
        tracing::error!(error = error_chain(&*error), "catalogue does not answer");
        Problem::unavailable("the price cannot be told just now; please try again")
    })?;
    let parcels = parcels(&items, &packages).map_err(Problem::validation)?;
    let price = tariff
        .price(&parcels, country)
        .map_err(|error| Problem::validation(vec![Violation::new("/items", error.to_string())]))?;
    tracing::info!(%country, pricing = %price.pricing, "delivery priced");
    Ok(Answer::json(200, &price)?)
}

/// The question, or everything that is wrong with it.
fn check(request: ProductsPriceRequest) -> Result<Question, Vec<Violation>> {
    let mut violations = Vec::new();
    if request.items.len() > MAX_LINES {
        let detail = format!("at most {MAX_LINES} different products fit into an order");
        violations.push(Violation::new("/items", detail));
    }
    let mut items = Vec::new();
    for (position, item) in request.items.into_iter().enumerate() {
        match item.product_id.parse::<Id>() {
            Ok(id) => items.push((id, item.quantity)),
            Err(_) => violations.push(unknown_product(position)),
        }
        if !(1..=MAX_QUANTITY).contains(&item.quantity) {
            let detail = format!("from 1 to {MAX_QUANTITY} pieces can be ordered");
            let pointer = format!("/items/{position}/quantity");
            violations.push(Violation::new(pointer, detail));
        }
    }
    let country = Country::try_from(request.country)
        .map_err(|error| violations.push(Violation::new("/country", error.to_string())));
    match country {
        Ok(country) if violations.is_empty() => Ok((items, country)),
        _ => Err(violations),
    }
}

fn parcels(
    items: &[(Id, u32)],
    packages: &HashMap<Id, Package>,
) -> Result<Vec<Parcel>, Vec<Violation>> {
    let mut violations = Vec::new();
    let mut parcels = Vec::new();
    for (position, (id, quantity)) in items.iter().enumerate() {
        match packages.get(id) {
            Some(package) => parcels.push(Parcel {
                quantity: *quantity,
                package: *package,
            }),
            None => violations.push(unknown_product(position)),
        }
    }
    if violations.is_empty() {
        Ok(parcels)
    } else {
        Err(violations)
    }
}

fn unknown_product(position: usize) -> Violation {
    let pointer = format!("/items/{position}/productId");
    Violation::new(pointer, "this product cannot be ordered")
}

#[cfg(test)]
#[path = "price_openapi.rs"]
mod openapi;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use serde_json::{Value, json};
    use shop_core::money::{Currency, Money};

    use super::*;

    const TARIFF: Tariff = Tariff {
        currency: Currency::EUR,
        flat_fee: None,
        tax_rate: 0,
    };

    struct FakeCatalogue {
        is_down: bool,
    }

    impl Catalogue for FakeCatalogue {
        async fn packages(&self, ids: Vec<Id>) -> Result<HashMap<Id, Package>, Failure> {
            if self.is_down {
                return Err("the catalogue is down".into());
            }
            assert!(ids.is_sorted_by(|a, b| a < b), "a product is asked twice");
            let known = ids.into_iter().filter(|known| *known == id("boot"));
            Ok(known.map(|id| (id, package())).collect())
        }
    }

    fn id(name: &str) -> Id {
        Id::fixed(1_767_225_600, name)
    }

    fn package() -> Package {
        Package {
            width: 100,
            length: 100,
            height: 100,
            weight: 5000,
        }
    }

    async fn ask(catalogue: &FakeCatalogue, body: Value) -> (u16, Value) {
        let event = json!({
            "version": "2.0", "routeKey": ROUTE, "rawPath": "", "rawQueryString": "", "headers": {},
            "requestContext": {"routeKey": ROUTE, "http": {"method": "", "path": "", "protocol": ""}},
            "body": body.to_string(), "isBase64Encoded": false,
        });
        let event: ApiGatewayV2httpRequest = serde_json::from_value(event).unwrap();
        let answer = match answer(&TARIFF, catalogue, &event.into()).await {
            Ok(answer) => answer,
            Err(Refusal::Problem(problem)) => problem.into(),
            Err(Refusal::Unexpected(error)) => panic!("{error}"),
        };
        (
            answer.status(),
            serde_json::from_str(answer.body()).unwrap(),
        )
    }

    const UP: FakeCatalogue = FakeCatalogue { is_down: false };

    #[tokio::test]
    async fn another_service_says_what_is_packed() {
        let request: PriceRequest = serde_json::from_value(json!({
            "items": [{"quantity": 3, "package": package()}], "country": "it",
        }))
        .unwrap();
        let event = LambdaEvent::new(request, lambda_runtime::Context::default());
        let price = serve(&TARIFF, event).await.unwrap();
        assert_eq!(price.pricing, Money::new(2000, Currency::EUR));
    }

    #[tokio::test]
    async fn everybody_else_says_which_products() {
        // Two lines of one product are as one with both quantities.
        let items = json!([
            {"productId": id("boot"), "quantity": 1}, {"productId": id("boot"), "quantity": 2},
        ]);
        let (status, body) = ask(&UP, json!({"items": items, "country": "it"})).await;
        assert_eq!(status, 200, "{body}");
        let pricing = json!({"amount": 2000, "currency": "EUR"});
        assert_eq!(body, json!({ "pricing": pricing }));
        let (_, body) = ask(&UP, json!({"items": [], "country": "IT"})).await;
        assert_eq!(body["pricing"]["amount"], 0);
    }

    #[tokio::test]
    async fn everything_wrong_is_told_at_once() {
        let items = json!([
            {"productId": "boot", "quantity": 1}, {"productId": id("boot"), "quantity": 0},
            {"productId": id("boot"), "quantity": 100},
        ]);
        let (status, body) = ask(&UP, json!({"items": items, "country": "Italy"})).await;
        assert_eq!(status, 422);
        let pointers: Vec<_> = body["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| error["pointer"].as_str().unwrap())
            .collect();
        assert_eq!(
            pointers,
            [
                "/items/0/productId",
                "/items/1/quantity",
                "/items/2/quantity",
                "/country"
            ]
        );
        let gone = json!([{"productId": id("gone"), "quantity": 1}]);
        let (status, body) = ask(&UP, json!({"items": gone, "country": "IT"})).await;
        assert_eq!(status, 422);
        assert_eq!(body["errors"][0]["pointer"], "/items/0/productId");
        let priced = json!({"items": [], "country": "IT", "pricing": 0});
        assert_eq!(ask(&UP, priced).await.0, 400);
    }

    #[tokio::test]
    async fn without_the_catalogue_there_is_no_price() {
        let items = json!([{"productId": id("boot"), "quantity": 1}]);
        let down = FakeCatalogue { is_down: true };
        let (status, _) = ask(&down, json!({"items": items, "country": "IT"})).await;
        assert_eq!(status, 503);
    }
}
