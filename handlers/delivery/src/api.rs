//! Function `api`: couriers take packages along and hand them over, customers follow theirs.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use chrono::{DateTime, Utc};
use lambda_runtime::{Error, LambdaEvent};
use serde::{Deserialize, Serialize};
use shop_core::cursor;
use shop_core::http::{self, Answer, Refusal, Request};
use shop_core::id::Id;
use shop_core::order::now;
use shop_core::problem::{Problem, Violation};
use shop_core::runtime::error_chain;

use crate::packages::Failure;
use crate::shipment::{Action, Shipment, Tracking};
use crate::store::{Page, Place};

/// The longest reason, in characters.
const LONGEST_REASON: usize = 200;
/// How often a change is tried again that another one overtook.
const ATTEMPTS: u32 = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    List,
    Get,
    Start,
    Complete,
    Fail,
    Delete,
    Track,
}

/// Every route key of the template, and nothing else; what each is for says `openapi.rs`, and a test
/// compares them.
const ROUTES: [(&str, Route); 7] = [
    ("GET /api/deliveries", Route::List),
    ("GET /api/deliveries/{orderId}", Route::Get),
    ("POST /api/deliveries/{orderId}/start", Route::Start),
    ("POST /api/deliveries/{orderId}/complete", Route::Complete),
    ("POST /api/deliveries/{orderId}/fail", Route::Fail),
    ("DELETE /api/deliveries/{orderId}", Route::Delete),
    ("GET /api/orders/{orderId}/tracking", Route::Track),
];

/// What the routes need of the world.
pub trait Shipments {
    /// The shipment of an order.
    async fn get(&self, order_id: &Id) -> Result<Option<Shipment>, Failure>;

    /// One page of those that wait for a courier, from after `from`.
    async fn waiting(&self, limit: u16, from: Option<&Place>) -> Result<Page, Failure>;

    /// Puts `shipment` in the place of the one with the version before; says no when that is not
    /// there any more.
    async fn replace(&self, shipment: &Shipment) -> Result<bool, Failure>;

    /// Deletes the shipment of an order and gives back what it was.
    async fn delete(&self, order_id: &Id) -> Result<Option<Shipment>, Failure>;
}

/// A page of the list, as clients get it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct ShipmentList {
    deliveries: Vec<Shipment>,
    next_token: Option<String>,
}

/// Why a package could not be handed over.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct FailRequest {
    reason: String,
}

/// Answers one request.
pub async fn serve(
    shipments: &impl Shipments,
    event: LambdaEvent<ApiGatewayV2httpRequest>,
) -> Result<ApiGatewayV2httpResponse, Error> {
    http::serve(event, async |request| {
        answer(shipments, &request, now()).await
    })
    .await
}

async fn answer(
    shipments: &impl Shipments,
    request: &Request,
    now: DateTime<Utc>,
) -> Result<Answer, Refusal> {
    let route = ROUTES.iter().find(|(key, _)| *key == request.route_key());
    let caller = request.caller()?;
    let action = match route.map(|(_, route)| route) {
        Some(Route::Track) => return track(shipments, request, &caller.user_id).await,
        Some(Route::Delete) => {
            caller.require("admin")?;
            return delete(shipments, request).await;
        }
        Some(Route::List) => {
            caller.require("delivery")?;
            return list(shipments, request).await;
        }
        Some(Route::Get) => {
            caller.require("delivery")?;
            return Ok(Answer::json(200, &find(shipments, request).await?)?);
        }
        Some(route) => {
            caller.require("delivery")?;
            match route {
                Route::Start => Action::Start,
                Route::Complete => Action::Complete,
                _ => Action::Fail(reason(request)?),
            }
        }
        None => return Err(Problem::not_found("there is no such resource").into()),
    };
    act(shipments, request, &action, &caller.user_id, now).await
}

async fn list(shipments: &impl Shipments, request: &Request) -> Result<Answer, Refusal> {
    let limit = request.limit()?;
    let from: Option<Place> = request.query("nextToken").map(cursor::decode).transpose()?;
    let page = shipments
        .waiting(limit, from.as_ref())
        .await
        .map_err(unavailable)?;
    Ok(Answer::json(
        200,
        &ShipmentList {
            deliveries: page.shipments,
            next_token: page.next.as_ref().map(cursor::encode).transpose()?,
        },
    )?)
}

async fn act(
    shipments: &impl Shipments,
    request: &Request,
    action: &Action,
    courier: &str,
    now: DateTime<Utc>,
) -> Result<Answer, Refusal> {
    for _ in 0..ATTEMPTS {
        let shipment = find(shipments, request).await?;
        let Some(after) = shipment.after(action, courier, now)? else {
            return Ok(Answer::json(200, &shipment)?);
        };
        if shipments.replace(&after).await.map_err(unavailable)? {
            tracing::info!(order_id = %after.order_id, status = ?after.status, "shipment changed");
            return Ok(Answer::json(200, &after)?);
        }
    }
    Err(Problem::unavailable("others are changing this delivery; please try again").into())
}

/// The event about it is the stream's business.
async fn delete(shipments: &impl Shipments, request: &Request) -> Result<Answer, Refusal> {
    let order_id = order_id(request)?;
    let deleted = shipments.delete(&order_id).await.map_err(unavailable)?;
    let shipment = deleted.ok_or_else(not_found)?;
    tracing::info!(%order_id, status = ?shipment.status, "shipment deleted");
    Ok(Answer::json(200, &shipment)?)
}

/// A shipment of somebody else's order is one that does not exist.
async fn track(
    shipments: &impl Shipments,
    request: &Request,
    user_id: &str,
) -> Result<Answer, Refusal> {
    let order_id = order_id(request)?;
    let shipment = shipments.get(&order_id).await.map_err(unavailable)?;
    let shipment = shipment.filter(|shipment| shipment.user_id == user_id);
    let tracking = Tracking::from(shipment.ok_or_else(not_found)?);
    Ok(Answer::json(200, &tracking)?)
}

async fn find(shipments: &impl Shipments, request: &Request) -> Result<Shipment, Refusal> {
    let shipment = shipments.get(&order_id(request)?).await;
    Ok(shipment.map_err(unavailable)?.ok_or_else(not_found)?)
}

/// What is not an identifier names no order either.
fn order_id(request: &Request) -> Result<Id, Problem> {
    request.path("orderId")?.parse().map_err(|_| not_found())
}

fn reason(request: &Request) -> Result<String, Problem> {
    let reason = request.json::<FailRequest>()?.reason;
    let reason = reason.trim();
    let length = reason.chars().count();
    if (1..=LONGEST_REASON).contains(&length) && !reason.chars().any(char::is_control) {
        return Ok(reason.to_owned());
    }
    let detail = format!("one line of text of at most {LONGEST_REASON} characters");
    Err(Problem::validation(vec![Violation::new("/reason", detail)]))
}

fn not_found() -> Problem {
    Problem::not_found("there is no delivery of this order")
}

fn unavailable(error: Failure) -> Refusal {
    tracing::error!(error = error_chain(&*error), "shipments cannot be used");
    Problem::unavailable("deliveries cannot be reached just now; please try again").into()
}

#[cfg(test)]
#[path = "openapi.rs"]
mod openapi;

#[cfg(test)]
#[path = "api_tests.rs"]
mod tests;
