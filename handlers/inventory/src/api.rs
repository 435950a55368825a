//! Function `api`: packers work on packaging requests, keepers correct the
//! stock.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use lambda_runtime::{Error, LambdaEvent};
use serde::{Deserialize, Serialize};
use shop_core::cursor;
use shop_core::http::{self, Answer, Refusal, Request};
use shop_core::id::Id;
use shop_core::order::{Article, now};
use shop_core::problem::{Problem, Violation};
use shop_mysql::outbox::Sink;

use crate::packaging::{self, PackagingRequest, Step};
use crate::stock::{self, Correction};
use crate::store::{Inventory, Status, Stock};

/// More pieces of one product than any warehouse has.
const MOST_PIECES: u32 = 1_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    ListRequests,
    GetRequest,
    Start,
    Pack,
    Complete,
    ListStock,
    GetStock,
    SetStock,
}

/// Every route key of the template, and nothing else; what each is for says `openapi.rs`, and a test
/// compares them.
const ROUTES: [(&str, Route); 8] = [
    ("GET /api/packaging-requests", Route::ListRequests),
    ("GET /api/packaging-requests/{orderId}", Route::GetRequest),
    ("POST /api/packaging-requests/{orderId}/start", Route::Start),
    (
        "PUT /api/packaging-requests/{orderId}/items/{productId}",
        Route::Pack,
    ),
    (
        "POST /api/packaging-requests/{orderId}/complete",
        Route::Complete,
    ),
    ("GET /api/inventory", Route::ListStock),
    ("GET /api/inventory/{productId}", Route::GetStock),
    ("PUT /api/inventory/{productId}", Route::SetStock),
];

impl Route {
    /// Who may: packers pack, the stock itself is the administrators'.
    fn group(self) -> &'static str {
        match self {
            Route::ListStock | Route::GetStock | Route::SetStock => "admin",
            _ => "warehouse",
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct RequestList {
    packaging_requests: Vec<PackagingRequest>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct StockList {
    products: Vec<Stock>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Pieces {
    quantity: u32,
}

/// Answers one request.
pub async fn serve<S: Sink>(
    inventory: &Inventory<S>,
    event: LambdaEvent<ApiGatewayV2httpRequest>,
) -> Result<ApiGatewayV2httpResponse, Error> {
    http::serve(event, async |request| answer(inventory, &request).await).await
}

async fn answer<S: Sink>(inventory: &Inventory<S>, request: &Request) -> Result<Answer, Refusal> {
    let known = ROUTES.iter().find(|(key, _)| *key == request.route_key());
    let Some((_, route)) = known else {
        return Err(Problem::not_found("there is no such resource").into());
    };
    request.caller()?.require(route.group())?;
    match route {
        Route::ListRequests => list_requests(inventory, request).await,
        Route::GetRequest => {
            let found = inventory.request(&order(request)?).await?;
            Ok(Answer::json(200, &found.ok_or_else(no_request)?)?)
        }
        Route::Start => stepped(inventory.start(&order(request)?, now()).await?),
        Route::Complete => stepped(inventory.complete(&order(request)?, now()).await?),
        Route::Pack => {
            let pieces = request.json::<Pieces>()?.quantity;
            let article = Article {
                product_id: product(request)?,
                size: request.query("size").map(str::to_owned),
            };
            let order = order(request)?;
            stepped(inventory.pack(&order, &article, pieces, now()).await?)
        }
        Route::ListStock => list_stock(inventory, request).await,
        Route::GetStock => {
            let found = inventory.stock(&product(request)?).await?;
            stocked(&found.ok_or_else(no_product)?)
        }
        Route::SetStock => set_stock(inventory, request).await,
    }
}

async fn list_requests<S: Sink>(
    inventory: &Inventory<S>,
    request: &Request,
) -> Result<Answer, Refusal> {
    let limit = request.limit()?;
    let status = wanted_status(request.query("status"))?;
    let from: Option<packaging::Place> =
        request.query("nextToken").map(cursor::decode).transpose()?;
    let page = inventory.requests(status, limit, from.as_ref()).await?;
    Ok(Answer::json(
        200,
        &RequestList {
            packaging_requests: page.requests,
            next_token: page.next.as_ref().map(cursor::encode).transpose()?,
        },
    )?)
}

/// The requests that are listed: new ones, unless the client asks for others.
fn wanted_status(word: Option<&str>) -> Result<Status, Problem> {
    match word {
        None => Ok(Status::New),
        Some(word) => Status::read(word)
            .filter(|status| *status != Status::Refused)
            .ok_or_else(|| {
                Problem::bad_request("status has to be NEW, IN_PROGRESS, COMPLETED or CANCELLED")
            }),
    }
}

/// The answer to a packer's step.
fn stepped(step: Step) -> Result<Answer, Refusal> {
    match step {
        Step::Done(request) => Ok(Answer::json(200, &request)?),
        Step::Unknown => Err(no_request().into()),
        Step::UnknownItem => {
            Err(Problem::not_found("this product was not ordered, or not in this size").into())
        }
        Step::TooMany(ordered) => Err(Problem::validation(vec![Violation::new(
            "/quantity",
            format!("from 0 to {ordered} pieces can be packed"),
        )])
        .into()),
        Step::Wrong(status) => {
            let detail = format!("the packaging request is {}", status.as_str());
            Err(Problem::conflict(detail).into())
        }
    }
}

async fn list_stock<S: Sink>(
    inventory: &Inventory<S>,
    request: &Request,
) -> Result<Answer, Refusal> {
    let limit = request.limit()?;
    let from: Option<stock::Place> = request.query("nextToken").map(cursor::decode).transpose()?;
    let page = inventory.stocks(limit, from.as_ref()).await?;
    Ok(Answer::json(
        200,
        &StockList {
            products: page.products,
            next_token: page.next.as_ref().map(cursor::encode).transpose()?,
        },
    )?)
}

async fn set_stock<S: Sink>(
    inventory: &Inventory<S>,
    request: &Request,
) -> Result<Answer, Refusal> {
    let Pieces { quantity } = request.json()?;
    if quantity > MOST_PIECES {
        let detail = format!("from 0 to {MOST_PIECES} pieces can be in stock");
        return Err(Problem::validation(vec![Violation::new("/quantity", detail)]).into());
    }
    let version = wanted_version(request.header("if-match"))?;
    let product = product(request)?;
    match inventory
        .set_stock(&product, quantity, version, now())
        .await?
    {
        Correction::Done(stock) => stocked(&stock),
        Correction::Unknown => Err(no_product().into()),
        Correction::Stale(version) => Err(Problem::precondition_failed(format!(
            "the stock has changed meanwhile: its version is {version}"
        ))
        .into()),
    }
}

/// A product's stock; its version is the tag that a correction may refer to.
fn stocked(stock: &Stock) -> Result<Answer, Refusal> {
    let tag = format!("\"{}\"", stock.version);
    Ok(Answer::json(200, stock)?.with_header("etag", &tag))
}

/// The version that `If-Match` names; none when there is no such header, or `*`.
fn wanted_version(header: Option<&str>) -> Result<Option<u64>, Problem> {
    match header.map(str::trim) {
        None | Some("*") => Ok(None),
        Some(tag) => tag
            .trim_start_matches("W/")
            .trim_matches('"')
            .parse()
            .map(Some)
            .map_err(|_| {
                Problem::bad_request("If-Match has to be the ETag that a stock was read with")
            }),
    }
}

/// The order of the path; what is not an identifier names none.
fn order(request: &Request) -> Result<Id, Problem> {
    request.path("orderId")?.parse().map_err(|_| no_request())
}

fn product(request: &Request) -> Result<Id, Problem> {
    request.path("productId")?.parse().map_err(|_| no_product())
}

fn no_request() -> Problem {
    Problem::not_found("there is no such packaging request")
}

fn no_product() -> Problem {
    Problem::not_found("there is no such product")
}

#[cfg(test)]
#[path = "openapi.rs"]
mod openapi;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_version_is_read_as_it_was_given_out() {
        for (header, version) in [
            (None, None),
            (Some("*"), None),
            (Some("\"7\""), Some(7)),
            (Some("W/\"7\""), Some(7)),
            (Some(" 7 "), Some(7)),
        ] {
            assert_eq!(wanted_version(header), Ok(version), "{header:?}");
        }
        for wrong in ["", "\"\"", "seven", "-1", "\"1\", \"2\""] {
            assert_eq!(wanted_version(Some(wrong)).unwrap_err().status, 400);
        }
    }

    #[test]
    fn what_was_refused_is_no_packaging_request() {
        assert_eq!(wanted_status(None), Ok(Status::New));
        assert_eq!(wanted_status(Some("IN_PROGRESS")), Ok(Status::InProgress));
        for wrong in ["REFUSED", "new", "", "PACKED"] {
            assert_eq!(wanted_status(Some(wrong)).unwrap_err().status, 400);
        }
    }
}
