//! Function `api`: a customer places orders, sees his own, and changes them
//! while that is possible; an administrator sees everybody's.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use lambda_runtime::{Error, LambdaEvent};
use serde::{Deserialize, Serialize};
use shop_core::cursor;
use shop_core::http::{self, Answer, Refusal, Request};
use shop_core::id::Id;
use shop_core::money::Money;
use shop_core::order::{Order, Promotion, now};
use shop_core::problem::Problem;

use crate::admin;
use crate::backend::ApiBackend;
use crate::change::{cancel, edit};
use crate::draft::{EditRequest, OrderRequest};
use crate::intake::place;
use crate::promotion::{Rejection, discount, normalized};
use crate::store::Stored;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    Place,
    List,
    Get,
    Edit,
    Cancel,
    CheckPromotion,
    AdminList,
    AdminGet,
    AdminDelete,
    Promotions,
    GetPromotion,
    PutPromotion,
    DeletePromotion,
}

/// Every route key of the template, and nothing else; what each is for says `openapi.rs`, and a test
/// compares them.
const ROUTES: [(&str, Route); 13] = [
    ("POST /api/orders", Route::Place),
    ("GET /api/orders", Route::List),
    ("GET /api/orders/{orderId}", Route::Get),
    ("PUT /api/orders/{orderId}", Route::Edit),
    ("POST /api/orders/{orderId}/cancel", Route::Cancel),
    ("POST /api/promotions/check", Route::CheckPromotion),
    ("GET /api/admin/orders", Route::AdminList),
    ("GET /api/admin/orders/{orderId}", Route::AdminGet),
    ("DELETE /api/admin/orders/{orderId}", Route::AdminDelete),
    ("GET /api/promotions", Route::Promotions),
    ("GET /api/promotions/{code}", Route::GetPromotion),
    ("PUT /api/promotions/{code}", Route::PutPromotion),
    ("DELETE /api/promotions/{code}", Route::DeletePromotion),
];

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct OrderList {
    orders: Vec<Order>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PromotionQuestion {
    code: String,
    subtotal: Option<Money>,
}

/// Whether a code counts, and what it gives (D5).
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct PromotionAnswer {
    valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    promotion: Option<Promotion>,
    #[serde(skip_serializing_if = "Option::is_none")]
    discount: Option<Money>,
}

/// Answers one request.
pub async fn serve(
    backend: &ApiBackend,
    event: LambdaEvent<ApiGatewayV2httpRequest>,
) -> Result<ApiGatewayV2httpResponse, Error> {
    http::serve(event, async |request| answer(backend, &request).await).await
}

async fn answer(backend: &ApiBackend, request: &Request) -> Result<Answer, Refusal> {
    let route = ROUTES.iter().find(|(key, _)| *key == request.route_key());
    match route.map(|(_, route)| route) {
        Some(Route::Place) => place_order(backend, request).await,
        Some(Route::List) => list(backend, request).await,
        Some(Route::Get) => get(backend, request).await,
        Some(Route::Edit) => edit_order(backend, request).await,
        Some(Route::Cancel) => cancel_order(backend, request).await,
        Some(Route::CheckPromotion) => check_promotion(backend, request).await,
        Some(Route::AdminList) => admin::list_orders(backend, request).await,
        Some(Route::AdminGet) => admin::get_order(backend, request).await,
        Some(Route::AdminDelete) => admin::delete_order(backend, request).await,
        Some(Route::Promotions) => admin::list_promotions(backend, request).await,
        Some(Route::GetPromotion) => admin::get_promotion(backend, request).await,
        Some(Route::PutPromotion) => admin::put_promotion(backend, request).await,
        Some(Route::DeletePromotion) => admin::delete_promotion(backend, request).await,
        None => Err(Problem::not_found("there is no such resource").into()),
    }
}

async fn place_order(backend: &ApiBackend, request: &Request) -> Result<Answer, Refusal> {
    let caller = request.caller()?;
    let key = request.idempotency_key()?;
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

async fn list(backend: &ApiBackend, request: &Request) -> Result<Answer, Refusal> {
    let caller = request.caller()?;
    let limit = request.limit()?;
    // The token names an order only; whose orders are listed is the caller's business.
    let from: Option<Id> = request.query("nextToken").map(cursor::decode).transpose()?;
    let page = backend
        .store
        .list(&caller.user_id, limit, from.as_ref())
        .await?;
    Ok(Answer::json(
        200,
        &OrderList {
            orders: page
                .orders
                .into_iter()
                .map(|stored| stored.order.order)
                .collect(),
            next_token: page.next.as_ref().map(cursor::encode).transpose()?,
        },
    )?)
}

async fn get(backend: &ApiBackend, request: &Request) -> Result<Answer, Refusal> {
    Ok(Answer::json(
        200,
        &own(backend, request).await?.order.order,
    )?)
}

async fn edit_order(backend: &ApiBackend, request: &Request) -> Result<Answer, Refusal> {
    let read = own(backend, request).await?;
    let wanted = request
        .json::<EditRequest>()?
        .check()
        .map_err(Problem::validation)?;
    let order = edit(backend, &read, wanted, now()).await?;
    Ok(Answer::json(200, &order)?)
}

async fn cancel_order(backend: &ApiBackend, request: &Request) -> Result<Answer, Refusal> {
    let read = own(backend, request).await?;
    let order = cancel(backend, &read, now()).await?;
    Ok(Answer::json(200, &order)?)
}

/// The order that the path names, if it is the caller's; else it does not exist for him.
async fn own(backend: &ApiBackend, request: &Request) -> Result<Stored, Refusal> {
    let caller = request.caller()?;
    let not_found = || Problem::not_found("there is no such order");
    let id: Id = request.path("orderId")?.parse().map_err(|_| not_found())?;
    let found = backend.store.get(&caller.user_id, &id).await?;
    Ok(found.ok_or_else(not_found)?)
}

/// What a code would give; redeemed is it by an order only.
async fn check_promotion(backend: &ApiBackend, request: &Request) -> Result<Answer, Refusal> {
    request.caller()?;
    let question = request.json::<PromotionQuestion>()?;
    let found = backend.promotions.get(&normalized(&question.code)).await?;
    let checked = match found {
        Some(code) => code.check(now()).map(|()| code.promotion),
        None => Err(Rejection::Invalid),
    };
    let answer = match checked {
        Ok(promotion) => PromotionAnswer {
            valid: true,
            reason: None,
            discount: question
                .subtotal
                .map(|subtotal| discount(promotion.terms, subtotal)),
            promotion: Some(promotion),
        },
        Err(why) => PromotionAnswer {
            valid: false,
            reason: Some(why.to_string()),
            promotion: None,
            discount: None,
        },
    };
    Ok(Answer::json(200, &answer)?)
}

#[cfg(test)]
#[path = "openapi.rs"]
mod openapi;

#[cfg(test)]
#[path = "api_tests.rs"]
mod tests;
