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
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use shop_core::aws;
use shop_core::events::Publisher;
use shop_core::runtime::{StartError, function_name, run, setting, start_log};
use shop_mysql::database::{Database, Place};
use shop_mysql::outbox::{self, OutboxTable};
use shop_mysql::setup::Setup;

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
        "relay" => {
            let inventory = &inventory(&aws)?;
            run(service_fn(async |_: LambdaEvent<Value>| {
                outbox::relay(&inventory.database, &inventory.sink)
                    .await
                    .map_err(Error::from)
            }))
            .await
        }
        "migrate" => {
            let (place, inventory) = (&Place::from_environment()?, &inventory(&aws)?);
            run(service_fn(|event| schema::migrate(place, inventory, event))).await
        }
        "setup" => {
            let setup = &Setup {
                secrets: aws_sdk_secretsmanager::Client::new(&aws),
                secret: setting("SECRET_ARN")?,
                lambda: aws_sdk_lambda::Client::new(&aws),
                function: setting("MIGRATE_FUNCTION")?,
            };
            run(service_fn(|event| setup.serve(event, "inventory-schema"))).await
        }
        "changes" => {
            let bus = aws_sdk_eventbridge::Client::new(&aws);
            let publisher = &Publisher::new(bus, setting("BUS_NAME")?, "shop.inventory");
            run(service_fn(async |event: LambdaEvent<_>| {
                Ok::<_, Error>(outbox::publish(event.payload, publisher).await)
            }))
            .await
        }
        other => Err(StartError::UnknownFunction {
            found: other.to_owned(),
            known: &[
                "api", "events", "cancel", "change", "relay", "migrate", "setup", "changes",
            ],
        }
        .into()),
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
        sink: OutboxTable::new(
            aws_sdk_dynamodb::Client::new(aws),
            setting("OUTBOX_TABLE_NAME")?,
        ),
        threshold,
    })
}
