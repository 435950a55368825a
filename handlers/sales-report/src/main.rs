//! The sales report: what was sold on a day of the shop's own clock.
//!
//! One binary, six functions. In the network of the database: `events` keeps
//! the ledger of orders, `report` sums up a day and leaves it in a bucket,
//! `relay` moves events that a failure left behind, `migrate` is the deploy's.
//! Outside: `setup` (the deploy's custom resource) and `changes` (from the
//! outbox's table to the bus).

// Futures within futures: the type of a message on its way through a transaction is that deep.
#![recursion_limit = "256"]

use aws_types::SdkConfig;
use lambda_runtime::{Error, service_fn};
use shop_core::aws;
use shop_core::runtime::{StartError, function_name, run, setting, start_log};
use shop_mysql::database::{Database, Place};
use shop_mysql::functions::run_shared;
use shop_mysql::outbox::OutboxTable;

mod day;
mod files;
mod incoming;
mod ledger;
mod report;
mod schema;
mod summary;
#[cfg(test)]
mod tests;

use files::Bucket;
use ledger::Ledger;
use report::Reports;

/// As whom it publishes.
const SOURCE: &str = "shop.sales-report";
/// What `Handler` may say.
const FUNCTIONS: [&str; 6] = ["events", "report", "relay", "migrate", "setup", "changes"];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_log();
    let aws = aws::config()?;
    match function_name()?.as_str() {
        "events" => {
            let ledger = &ledger(&aws)?;
            run(service_fn(|event| incoming::serve(ledger, event))).await
        }
        "report" => {
            let zone = setting("TIME_ZONE")?;
            let reports = &Reports {
                ledger: ledger(&aws)?,
                files: Bucket::new(aws_sdk_s3::Client::new(&aws), setting("BUCKET_NAME")?),
                zone: zone.parse().map_err(|_| {
                    StartError::MissingSetting(format!("TIME_ZONE (there is no `{zone}`)"))
                })?,
                currency: setting("CURRENCY")?.parse()?,
            };
            run(service_fn(|event| report::serve(reports, event))).await
        }
        "migrate" => {
            let place = &Place::from_environment()?;
            run(service_fn(|event| schema::migrate(place, event))).await
        }
        other => run_shared(SOURCE, other, &aws, &FUNCTIONS).await,
    }
}

/// The ledger as the environment says.
fn ledger(aws: &SdkConfig) -> Result<Ledger<OutboxTable>, StartError> {
    Ok(Ledger {
        database: Database::new(Place::from_environment()?, aws),
        sink: OutboxTable::from_environment(aws)?,
    })
}
