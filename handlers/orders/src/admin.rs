//! What administrators do about orders and promotion codes.

use serde::Serialize;
use shop_core::cursor;
use shop_core::http::{Answer, Refusal, Request};
use shop_core::id::Id;
use shop_core::order::{CustomerOrder, OrderStatus, now};
use shop_core::problem::Problem;

use crate::backend::ApiBackend;
use crate::progress::followers;
use crate::promotion::{PromotionCode, PromotionRequest, normalized};
use crate::store::Place;

/// A page of everybody's orders.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CustomerOrderList {
    /// The orders.
    pub orders: Vec<CustomerOrder>,
    /// Where the next page begins.
    pub next_token: Option<String>,
}

/// A page of promotion codes.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PromotionList {
    /// The codes.
    pub promotions: Vec<PromotionCode>,
    /// Where the next page begins.
    pub next_token: Option<String>,
}

/// Everybody's orders in one status, the newest first.
pub async fn list_orders(backend: &ApiBackend, request: &Request) -> Result<Answer, Refusal> {
    request.caller()?.require("admin")?;
    let limit = request.limit()?;
    let text = request.query("status").unwrap_or("NEW");
    let status: OrderStatus = serde_json::from_value(text.into())
        .map_err(|_| Problem::bad_request(format!("`{text}` is no status of an order")))?;
    let from: Option<Place> = request.query("nextToken").map(cursor::decode).transpose()?;
    let page = backend
        .store
        .in_status(status, limit, from.as_ref())
        .await?;
    Ok(Answer::json(
        200,
        &CustomerOrderList {
            orders: page.orders,
            next_token: page.next.as_ref().map(cursor::encode).transpose()?,
        },
    )?)
}

/// Any order, with its customer.
pub async fn get_order(backend: &ApiBackend, request: &Request) -> Result<Answer, Refusal> {
    request.caller()?.require("admin")?;
    let found = backend.store.find(&order_id(request)?).await?;
    let found = found.order().ok_or_else(no_order)?;
    Ok(Answer::json(200, &found.order)?)
}

/// Deletes an order that is at its end (feature U107).
pub async fn delete_order(backend: &ApiBackend, request: &Request) -> Result<Answer, Refusal> {
    request.caller()?.require("admin")?;
    let found = backend.store.find(&order_id(request)?).await?;
    let found = found.order().ok_or_else(no_order)?;
    let status = found.order.order.status;
    if !followers(status).is_empty() {
        let detail = format!("it is {status}; only an order at its end can be deleted");
        return Err(Problem::conflict(detail).into());
    }
    if backend.store.delete(&found).await? {
        Ok(Answer::empty(204))
    } else {
        Err(Problem::conflict("it was changed meanwhile; look at it and try again").into())
    }
}

/// All promotion codes.
pub async fn list_promotions(backend: &ApiBackend, request: &Request) -> Result<Answer, Refusal> {
    request.caller()?.require("admin")?;
    let limit = request.limit()?;
    let from: Option<String> = request.query("nextToken").map(cursor::decode).transpose()?;
    let (promotions, next) = backend.promotions.list(limit, from.as_deref()).await?;
    Ok(Answer::json(
        200,
        &PromotionList {
            promotions,
            next_token: next.as_ref().map(cursor::encode).transpose()?,
        },
    )?)
}

/// One promotion code.
pub async fn get_promotion(backend: &ApiBackend, request: &Request) -> Result<Answer, Refusal> {
    request.caller()?.require("admin")?;
    let code = normalized(request.path("code")?);
    let found = backend.promotions.get(&code).await?;
    let found = found.ok_or_else(|| Problem::not_found("there is no such promotion code"))?;
    Ok(Answer::json(200, &found)?)
}

/// Makes or changes a promotion code.
pub async fn put_promotion(backend: &ApiBackend, request: &Request) -> Result<Answer, Refusal> {
    request.caller()?.require("admin")?;
    let code = request
        .json::<PromotionRequest>()?
        .check(request.path("code")?)
        .map_err(Problem::validation)?;
    backend.promotions.put(&code).await?;
    let written = backend.promotions.get(&code.promotion.code).await?;
    Ok(Answer::json(200, &written.unwrap_or(code))?)
}

/// Deletes a promotion code; orders that redeemed it keep what it gave.
pub async fn delete_promotion(backend: &ApiBackend, request: &Request) -> Result<Answer, Refusal> {
    request.caller()?.require("admin")?;
    let code = normalized(request.path("code")?);
    backend.promotions.delete(&code).await?;
    tracing::info!(code, time = %now(), "promotion code deleted");
    Ok(Answer::empty(204))
}

fn order_id(request: &Request) -> Result<Id, Problem> {
    request.path("orderId")?.parse().map_err(|_| no_order())
}

fn no_order() -> Problem {
    Problem::not_found("there is no such order")
}
