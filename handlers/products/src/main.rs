//! The catalogue service: which products there are and what they cost.
//!
//! One binary, three functions: `api` answers the public routes, `quote` tells
//! the order service names and prices, `seed` is a custom resource that fills an
//! empty catalogue. It keeps no stock.

use aws_config::BehaviorVersion;
use lambda_runtime::{Error, run, service_fn};
use shop_core::runtime::{StartError, function_name, setting, start_log};

mod api;
mod product;
mod quote;
mod seed;
mod store;

use store::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_log();
    let aws = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let store = &Store::new(aws_sdk_dynamodb::Client::new(&aws), setting("TABLE_NAME")?);
    match function_name()?.as_str() {
        "api" => run(service_fn(|event| api::serve(store, event))).await,
        "quote" => run(service_fn(|event| quote::serve(store, event))).await,
        "seed" => run(service_fn(|event| seed::serve(store, event))).await,
        other => Err(StartError::UnknownFunction {
            found: other.to_owned(),
            known: &["api", "quote", "seed"],
        }
        .into()),
    }
}
