//! The catalogue service: which products there are and what they cost.
//!
//! One binary, six functions: `api` answers the routes, `quote` tells other
//! services names, prices and packages, `validate` compares what they think
//! they know, `changes` tells the bus what became of a product, `events` hears
//! from the inventory how many pieces there are, `seed` is a custom resource
//! that fills an empty catalogue. It decides on no stock.

use lambda_runtime::{Error, service_fn};
use shop_core::aws;
use shop_core::events::Publisher;
use shop_core::runtime::{StartError, function_name, run, setting, start_log};
use shop_core::table;

mod api;
mod catalogue;
mod change;
mod changes;
#[cfg(test)]
mod fake;
mod quote;
mod row;
mod search;
mod seed;
mod stock;
mod store;
mod transaction;
mod validate;
mod words;

use store::Store;

/// What `Handler` may say.
const FUNCTIONS: [&str; 6] = ["api", "quote", "validate", "changes", "events", "seed"];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_log();
    let aws = aws::config()?;
    let name = function_name()?;
    if name == "changes" {
        let bus = aws_sdk_eventbridge::Client::new(&aws);
        let publisher = &Publisher::new(bus, setting("BUS_NAME")?, "shop.products");
        return run(service_fn(|event| changes::serve(publisher, event))).await;
    }
    let store = &Store::new(
        table::client(&aws),
        setting("TABLE_NAME")?,
        setting("WORD_TABLE_NAME")?,
    );
    match name.as_str() {
        "api" => run(service_fn(|event| api::serve(store, event))).await,
        "quote" => run(service_fn(|event| quote::serve(store, event))).await,
        "validate" => run(service_fn(|event| validate::serve(store, event))).await,
        "events" => run(service_fn(|event| stock::serve(store, event))).await,
        "seed" => run(service_fn(|event| seed::serve(store, event))).await,
        _ => Err(StartError::UnknownFunction {
            found: name,
            known: &FUNCTIONS,
        }
        .into()),
    }
}
