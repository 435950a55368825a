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
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use shop_core::aws;
use shop_core::events::Publisher;
use shop_core::runtime::{StartError, function_name, run, setting, start_log};
use shop_mysql::database::{Database, Place};
use shop_mysql::outbox::{self, OutboxTable};
use shop_mysql::setup::Setup;

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
        "relay" => {
            let ledger = &ledger(&aws)?;
            run(service_fn(async |_: LambdaEvent<Value>| {
                outbox::relay(&ledger.database, &ledger.sink)
                    .await
                    .map_err(Error::from)
            }))
            .await
        }
        "migrate" => {
            let place = &Place::from_environment()?;
            run(service_fn(|event| schema::migrate(place, event))).await
        }
        "setup" => {
            let setup = &Setup {
                secrets: aws_sdk_secretsmanager::Client::new(&aws),
                secret: setting("SECRET_ARN")?,
                lambda: aws_sdk_lambda::Client::new(&aws),
                function: setting("MIGRATE_FUNCTION")?,
            };
            run(service_fn(|event| {
                setup.serve(event, "sales-report-schema")
            }))
            .await
        }
        "changes" => {
            let bus = aws_sdk_eventbridge::Client::new(&aws);
            let publisher = &Publisher::new(bus, setting("BUS_NAME")?, "shop.sales-report");
            run(service_fn(async |event: LambdaEvent<_>| {
                Ok::<_, Error>(outbox::publish(event.payload, publisher).await)
            }))
            .await
        }
        other => Err(StartError::UnknownFunction {
            found: other.to_owned(),
            known: &["events", "report", "relay", "migrate", "setup", "changes"],
        }
        .into()),
    }
}

/// The ledger as the environment says.
fn ledger(aws: &SdkConfig) -> Result<Ledger<OutboxTable>, StartError> {
    Ok(Ledger {
        database: Database::new(Place::from_environment()?, aws),
        sink: OutboxTable::new(
            aws_sdk_dynamodb::Client::new(aws),
            setting("OUTBOX_TABLE_NAME")?,
        ),
    })
}
