//! Function `api`: the routes of the catalogue. Anybody looks at what is listed; administrators see
//! and change all of it.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use lambda_runtime::{Error, LambdaEvent};
use serde::{Deserialize, Serialize};
use shop_core::cursor;
use shop_core::http::{self, Answer, Refusal, Request};
use shop_core::id::Id;
use shop_core::order::now;
use shop_core::problem::Problem;
use shop_core::product::Product;
use shop_core::version;

use crate::catalogue::{Catalogue, Entry, List, Place};
use crate::change::Change;
use crate::search::search;
use crate::words;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    List,
    Get,
    Categories,
    Health,
    ListAll,
    GetAny,
    Create,
    Change,
    Delete,
}

/// Every route key of the template, and nothing else; what each is for says `openapi.rs`, and a test
/// compares them.
const ROUTES: [(&str, Route); 9] = [
    ("GET /api/products", Route::List),
    ("GET /api/products/{productId}", Route::Get),
    ("GET /api/categories", Route::Categories),
    ("GET /api/health", Route::Health),
    ("GET /api/admin/products", Route::ListAll),
    ("GET /api/admin/products/{productId}", Route::GetAny),
    ("POST /api/products", Route::Create),
    ("PATCH /api/products/{productId}", Route::Change),
    ("DELETE /api/products/{productId}", Route::Delete),
];

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct ProductList {
    products: Vec<Product>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Category {
    name: String,
    count: u64,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CategoryList {
    categories: Vec<Category>,
}

/// That the service is there.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Health {
    status: &'static str,
}

/// Where a page of results ends, and of which search.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Found {
    terms: Vec<String>,
    category: Option<String>,
    entry: Entry,
}

/// Answers one request.
pub async fn serve(
    catalogue: &impl Catalogue,
    event: LambdaEvent<ApiGatewayV2httpRequest>,
) -> Result<ApiGatewayV2httpResponse, Error> {
    http::serve(event, async |request| answer(catalogue, &request).await).await
}

async fn answer(catalogue: &impl Catalogue, request: &Request) -> Result<Answer, Refusal> {
    let route = ROUTES.iter().find(|(key, _)| *key == request.route_key());
    let Some((_, route)) = route else {
        return Err(Problem::not_found("there is no such resource").into());
    };
    match route {
        Route::List => match request.query("search") {
            Some(text) => find(catalogue, request, text).await,
            None => list(catalogue, request).await,
        },
        Route::Get => get(catalogue, request).await,
        Route::Categories => categories(catalogue).await,
        Route::Health => Ok(Answer::json(200, &Health { status: "ok" })?),
        administration => {
            request.caller()?.require("admin")?;
            match administration {
                Route::ListAll => list_all(catalogue, request).await,
                Route::GetAny => get_any(catalogue, request).await,
                Route::Create => create(catalogue, request).await,
                Route::Change => change(catalogue, request).await,
                _ => delete(catalogue, request).await,
            }
        }
    }
}

async fn list(catalogue: &impl Catalogue, request: &Request) -> Result<Answer, Refusal> {
    let list = match request.query("category") {
        Some(category) => List::Category(category.to_owned()),
        None => List::Listed,
    };
    page(catalogue, request, &list).await
}

async fn list_all(catalogue: &impl Catalogue, request: &Request) -> Result<Answer, Refusal> {
    let list = match request.query("listed") {
        None | Some("true") => List::Listed,
        Some("false") => List::Unlisted,
        Some(_) => return Err(Problem::bad_request("listed has to be true or false").into()),
    };
    page(catalogue, request, &list).await
}

async fn page(
    catalogue: &impl Catalogue,
    request: &Request,
    list: &List,
) -> Result<Answer, Refusal> {
    let limit = request.limit()?;
    let from = request
        .query("nextToken")
        .map(|token| place(token, list))
        .transpose()?;
    let page = catalogue.page(list, limit, from.as_ref()).await?;
    Ok(Answer::json(
        200,
        &ProductList {
            products: page.products,
            next_token: page.next.as_ref().map(cursor::encode).transpose()?,
        },
    )?)
}

/// The place that `token` names, if it is one of `list`.
fn place(token: &str, list: &List) -> Result<Place, Problem> {
    let place: Place = cursor::decode(token)?;
    let category = match list {
        List::Category(category) => Some(category),
        List::Listed | List::Unlisted => None,
    };
    if place.category.as_ref() == category {
        Ok(place)
    } else {
        Err(Problem::bad_request(
            "nextToken belongs to the list of another category",
        ))
    }
}

async fn find(
    catalogue: &impl Catalogue,
    request: &Request,
    text: &str,
) -> Result<Answer, Refusal> {
    let terms = words::terms(text);
    if terms.is_empty() {
        return Err(Problem::bad_request(format!(
            "search needs a word of at least {} letters or digits",
            words::SHORTEST
        ))
        .into());
    }
    let category = request.query("category");
    let limit = request.limit()?;
    let from: Option<Found> = request.query("nextToken").map(cursor::decode).transpose()?;
    let another = |from: &Found| from.terms != terms || from.category.as_deref() != category;
    if from.as_ref().is_some_and(another) {
        return Err(Problem::bad_request("nextToken belongs to another search").into());
    }
    let from = from.map(|from| from.entry);
    let results = search(catalogue, &terms, category, limit, from).await?;
    let next = results.next.map(|entry| Found {
        terms,
        category: category.map(str::to_owned),
        entry,
    });
    Ok(Answer::json(
        200,
        &ProductList {
            products: results.products,
            next_token: next.as_ref().map(cursor::encode).transpose()?,
        },
    )?)
}

async fn get(catalogue: &impl Catalogue, request: &Request) -> Result<Answer, Refusal> {
    let product = wanted(catalogue, request).await?;
    if !product.listed {
        return Err(no_such_product().into());
    }
    Ok(Answer::json(200, &product)?)
}

async fn get_any(catalogue: &impl Catalogue, request: &Request) -> Result<Answer, Refusal> {
    versioned(200, &wanted(catalogue, request).await?)
}

async fn categories(catalogue: &impl Catalogue) -> Result<Answer, Refusal> {
    let categories = catalogue
        .categories()
        .await?
        .into_iter()
        .map(|(name, count)| Category { name, count })
        .collect();
    Ok(Answer::json(200, &CategoryList { categories })?)
}

async fn create(catalogue: &impl Catalogue, request: &Request) -> Result<Answer, Refusal> {
    let product = request
        .json::<Change>()?
        .create(Id::new(), now())
        .map_err(Problem::validation)?;
    if !catalogue.write(None, Some(&product)).await? {
        // A new identifier is nobody else's; the tables were busy with each other.
        return Err(Problem::unavailable("the product was not created; send it again").into());
    }
    tracing::info!(product_id = %product.product_id, "product created");
    let location = format!("/api/products/{}", product.product_id);
    Ok(versioned(201, &product)?.with_header("location", &location))
}

async fn change(catalogue: &impl Catalogue, request: &Request) -> Result<Answer, Refusal> {
    let change: Change = request.json()?;
    let old = seen(catalogue, request).await?;
    let Some(new) = change.apply(&old, now()).map_err(Problem::validation)? else {
        return versioned(200, &old);
    };
    if !catalogue.write(Some(&old), Some(&new)).await? {
        return Err(version::outdated().into());
    }
    tracing::info!(product_id = %new.product_id, version = new.version, "product changed");
    versioned(200, &new)
}

async fn delete(catalogue: &impl Catalogue, request: &Request) -> Result<Answer, Refusal> {
    let old = seen(catalogue, request).await?;
    if !catalogue.write(Some(&old), None).await? {
        return Err(version::outdated().into());
    }
    tracing::info!(product_id = %old.product_id, "product deleted");
    Ok(Answer::empty(204))
}

/// The product that the path names, in the version that the caller saw.
async fn seen(catalogue: &impl Catalogue, request: &Request) -> Result<Product, Refusal> {
    let seen = version::required(request)?;
    let product = wanted(catalogue, request).await?;
    match product.version == seen {
        true => Ok(product),
        false => Err(version::outdated().into()),
    }
}

/// The product that the path names.
async fn wanted(catalogue: &impl Catalogue, request: &Request) -> Result<Product, Refusal> {
    // What is not an identifier names no product either.
    let id: Id = request
        .path("productId")?
        .parse()
        .map_err(|_| no_such_product())?;
    Ok(catalogue.find(&id).await?.ok_or_else(no_such_product)?)
}

fn no_such_product() -> Problem {
    Problem::not_found("there is no such product")
}

fn versioned(status: u16, product: &Product) -> Result<Answer, Refusal> {
    let etag = version::etag(product.version);
    Ok(Answer::json(status, product)?.with_header("etag", &etag))
}

#[cfg(test)]
#[path = "openapi.rs"]
mod openapi;

#[cfg(test)]
#[path = "api_tests.rs"]
mod tests;
