//! The inventory service: what is in stock, what is reserved for whom, and what
//! is packed.
//!
//! One binary, eight functions. In the network of the database: `api` (routes
//! of the staff), `events` (what orders and catalogue tell), `cancel` and
//! `change` (the order service's calls), `relay` (events that a failure left
//! behind), `migrate` (the deploy's). Outside: `setup` (the deploy's custom
//! resource) and `changes` (from the outbox's table to the bus).

// Futures within futures: the type of a request on its way through a transaction is that deep.
#![recursion_limit = "256"]

use std::env;

use aws_types::SdkConfig;
use lambda_runtime::{Error, service_fn};
use shop_core::aws;
use shop_core::runtime::{StartError, function_name, run, start_log};
use shop_mysql::database::{Database, Place};
use shop_mysql::functions::run_shared;
use shop_mysql::outbox::OutboxTable;

mod api;
mod calls;
mod incoming;
mod packaging;
mod reservation;
mod schema;
mod stock;
mod store;
#[cfg(test)]
mod tests;

use store::{Inventory, THRESHOLD};

/// As whom it publishes.
const SOURCE: &str = "shop.inventory";
/// What `Handler` may say.
const FUNCTIONS: [&str; 8] = [
    "api", "events", "cancel", "change", "relay", "migrate", "setup", "changes",
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_log();
    let aws = aws::config()?;
    match function_name()?.as_str() {
        "api" => {
            let inventory = &inventory(&aws)?;
            run(service_fn(|event| api::serve(inventory, event))).await
        }
        "events" => {
            let inventory = &inventory(&aws)?;
            run(service_fn(|event| incoming::serve(inventory, event))).await
        }
        "cancel" => {
            let inventory = &inventory(&aws)?;
            run(service_fn(|event| calls::cancel(inventory, event))).await
        }
        "change" => {
            let inventory = &inventory(&aws)?;
            run(service_fn(|event| calls::change(inventory, event))).await
        }
        "migrate" => {
            let (place, inventory) = (&Place::from_environment()?, &inventory(&aws)?);
            run(service_fn(|event| schema::migrate(place, inventory, event))).await
        }
        other => run_shared(SOURCE, other, &aws, &FUNCTIONS).await,
    }
}

/// The service as the environment says.
fn inventory(aws: &SdkConfig) -> Result<Inventory<OutboxTable>, StartError> {
    let threshold = match env::var("LOW_STOCK_THRESHOLD") {
        Ok(text) => text
            .parse()
            .map_err(|_| StartError::MissingSetting("LOW_STOCK_THRESHOLD (a number)".to_owned()))?,
        Err(_) => THRESHOLD,
    };
    Ok(Inventory {
        database: Database::new(Place::from_environment()?, aws),
        sink: OutboxTable::from_environment(aws)?,
        threshold,
    })
}
