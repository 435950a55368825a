//! Function `api`: a customer places orders and sees his own.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use lambda_runtime::{Error, LambdaEvent};
use serde::Serialize;
use shop_core::cursor;
use shop_core::http::{self, Answer, Refusal, Request};
use shop_core::id::Id;
use shop_core::order::{Order, now};
use shop_core::problem::Problem;

use crate::backend::IntakeBackend;
use crate::draft::OrderRequest;
use crate::intake::place;

/// How many orders a page has, unless the client says otherwise.
const PAGE: u16 = 20;
/// And how many at most.
const LARGEST_PAGE: u16 = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    Place,
    List,
    Get,
}

/// Every route key of the template, and nothing else: a test compares them.
const ROUTES: [(&str, Route); 3] = [
    ("POST /api/orders", Route::Place),
    ("GET /api/orders", Route::List),
    ("GET /api/orders/{orderId}", Route::Get),
];

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OrderList {
    orders: Vec<Order>,
    next_token: Option<String>,
}

/// Answers one request.
pub async fn serve(
    backend: &IntakeBackend,
    event: LambdaEvent<ApiGatewayV2httpRequest>,
) -> Result<ApiGatewayV2httpResponse, Error> {
    http::serve(event, async |request| answer(backend, &request).await).await
}

async fn answer(backend: &IntakeBackend, request: &Request) -> Result<Answer, Refusal> {
    let route = ROUTES.iter().find(|(key, _)| *key == request.route_key());
    match route.map(|(_, route)| route) {
        Some(Route::Place) => place_order(backend, request).await,
        Some(Route::List) => list(backend, request).await,
        Some(Route::Get) => get(backend, request).await,
        None => Err(Problem::not_found("there is no such resource").into()),
    }
}

async fn place_order(backend: &IntakeBackend, request: &Request) -> Result<Answer, Refusal> {
    let caller = request.caller()?;
    let key = idempotency_key(request.header("idempotency-key"))?;
    let draft = request
        .json::<OrderRequest>()?
        .check()
        .map_err(Problem::validation)?;
    let placed = place(backend, &caller, key, draft, now()).await?;
    let location = format!("/api/orders/{}", placed.order.order_id);
    let answer = Answer::json(202, &placed.order)?.with_header("location", &location);
    Ok(if placed.replayed {
        answer.with_header("idempotency-replayed", "true")
    } else {
        answer
    })
}

/// The key of the request, if it has one that can be kept.
fn idempotency_key(header: Option<&str>) -> Result<Option<&str>, Problem> {
    match header {
        None => Ok(None),
        Some(key)
            if (1..=200).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()) =>
        {
            Ok(Some(key))
        }
        Some(_) => Err(Problem::bad_request(
            "Idempotency-Key has to be 1 to 200 visible characters, for instance a UUID",
        )),
    }
}

async fn list(backend: &IntakeBackend, request: &Request) -> Result<Answer, Refusal> {
    let caller = request.caller()?;
    let limit = request.limit(PAGE, LARGEST_PAGE)?;
    // The token names an order only; whose orders are listed is the caller's business.
    let from: Option<Id> = request.query("nextToken").map(cursor::decode).transpose()?;
    let page = backend
        .store
        .list(&caller.user_id, limit, from.as_ref())
        .await?;
    Ok(Answer::json(
        200,
        &OrderList {
            orders: page.orders,
            next_token: page.next.as_ref().map(cursor::encode).transpose()?,
        },
    )?)
}

async fn get(backend: &IntakeBackend, request: &Request) -> Result<Answer, Refusal> {
    let caller = request.caller()?;
    let not_found = || Problem::not_found("there is no such order");
    let id: Id = request.path("orderId")?.parse().map_err(|_| not_found())?;
    let order = backend
        .store
        .get(&caller.user_id, &id)
        .await?
        .ok_or_else(not_found)?;
    Ok(Answer::json(200, &order.order)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use std::collections::BTreeSet;

    use super::*;

    const TEMPLATE: &str = include_str!("../../../stacks/orders/template.yaml");

    fn values(key: &str) -> Vec<&'static str> {
        let lines = TEMPLATE.lines();
        lines
            .filter_map(|line| line.trim().strip_prefix(key))
            .collect()
    }

    #[test]
    fn the_template_routes_exactly_what_is_answered() {
        let routed: BTreeSet<_> = values("RouteKey: ").into_iter().collect();
        let answered: BTreeSet<_> = ROUTES.iter().map(|(key, _)| *key).collect();
        assert_eq!(routed, answered);
    }

    #[test]
    fn no_route_is_open_to_everybody() {
        assert_eq!(values("AuthorizationType: "), vec!["JWT"; ROUTES.len()]);
    }

    #[test]
    fn an_idempotency_key_is_a_plain_text() {
        assert_eq!(idempotency_key(None), Ok(None));
        assert_eq!(idempotency_key(Some("6f1c-1")), Ok(Some("6f1c-1")));
        for wrong in ["", " ", "two words", &"x".repeat(201), "a\tb"] {
            assert_eq!(
                idempotency_key(Some(wrong)).unwrap_err().status,
                400,
                "{wrong:?}"
            );
        }
    }
}
