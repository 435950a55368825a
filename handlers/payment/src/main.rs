//! The payment service: it holds the money of an order, takes it at delivery, lets it go or gives it
//! back.
//!
//! One binary, four functions. `authorise` binds a token to an order for the order service;
//! `orders` hears what becomes of orders; `api` is for administrators, and for customers who still owe
//! something; `changes` tells the bus.
//! The money is the provider's business.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use shop_core::aws;
use shop_core::events::Publisher;
use shop_core::order::now;
use shop_core::payment::{AuthoriseRequest, Authorised};
use shop_core::runtime::{StartError, function_name, run, setting, start_log};
use shop_core::table;

mod api;
mod backend;
mod changes;
#[cfg(test)]
mod fake;
mod order;
mod orders;
mod pay;
mod payment;
mod provider;
mod settle;
mod store;
#[cfg(test)]
mod story_tests;

use backend::Backend;
use provider::Provider;
use store::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_log();
    let aws = aws::config()?;
    let backend = || -> Result<Backend, Error> {
        let client = table::client(&aws);
        let (table, token_table) = (setting("TABLE_NAME")?, setting("TOKEN_TABLE_NAME")?);
        Ok(Backend {
            store: Store::new(client, table, token_table),
            provider: Provider::new(setting("PROVIDER_URL")?)?,
        })
    };
    match function_name()?.as_str() {
        "authorise" => {
            let backend = &backend()?;
            run(service_fn(|event| authorise(backend, event))).await
        }
        "orders" => {
            let backend = &backend()?;
            run(service_fn(|event| orders::serve(backend, event))).await
        }
        "api" => {
            let backend = &backend()?;
            run(service_fn(|event| api::serve(backend, event))).await
        }
        "changes" => {
            let bus = aws_sdk_eventbridge::Client::new(&aws);
            let publisher = &Publisher::new(bus, setting("BUS_NAME")?, "shop.payment");
            run(service_fn(|event| changes::serve(publisher, event))).await
        }
        other => Err(StartError::UnknownFunction {
            found: other.to_owned(),
            known: &["authorise", "orders", "api", "changes"],
        }
        .into()),
    }
}

/// Function `authorise`: another service asks whether an order is paid for.
async fn authorise(
    backend: &Backend,
    event: LambdaEvent<AuthoriseRequest>,
) -> Result<Authorised, Error> {
    let answer = settle::authorise(backend, &event.payload, now()).await?;
    let AuthoriseRequest {
        order_id, total, ..
    } = &event.payload;
    tracing::info!(%order_id, %total, ok = answer.ok, reason = ?answer.reason, "payment asked for");
    Ok(answer)
}
