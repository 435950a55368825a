//! The order service: it takes orders in, shows customers their own, and
//! processes what was taken in.
//!
//! One binary, three functions: `api` answers customers, `process` reads the
//! queue, `changes` tells the bus what happens in the table. An order is
//! accepted when the queue has it. Prices are the catalogue's business.

use aws_config::BehaviorVersion;
use chrono::TimeDelta;
use lambda_runtime::{Error, run, service_fn};
use shop_core::events::Publisher;
use shop_core::idempotency::IdempotencyStore;
use shop_core::runtime::{StartError, function_name, setting, start_log};

mod api;
mod backend;
mod changes;
mod draft;
mod intake;
mod pricing;
mod process;
mod store;

use backend::IntakeBackend;
use store::Store;

/// How long a repeated request is answered with the order of the first one.
const REMEMBER: TimeDelta = TimeDelta::hours(48);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_log();
    let aws = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let table = aws_sdk_dynamodb::Client::new(&aws);
    let store =
        || -> Result<Store, StartError> { Ok(Store::new(table.clone(), setting("TABLE_NAME")?)) };
    match function_name()?.as_str() {
        "api" => {
            let backend = &IntakeBackend {
                store: store()?,
                memory: IdempotencyStore::new(
                    table.clone(),
                    setting("IDEMPOTENCY_TABLE_NAME")?,
                    REMEMBER,
                ),
                queue: aws_sdk_sqs::Client::new(&aws),
                queue_url: setting("QUEUE_URL")?,
                lambda: aws_sdk_lambda::Client::new(&aws),
                quote_function: setting("QUOTE_FUNCTION")?,
            };
            run(service_fn(|event| api::serve(backend, event))).await
        }
        "process" => {
            let store = &store()?;
            run(service_fn(|event| process::serve(store, event))).await
        }
        "changes" => {
            let bus = aws_sdk_eventbridge::Client::new(&aws);
            let publisher = &Publisher::new(bus, setting("BUS_NAME")?, "shop.orders");
            run(service_fn(|event| changes::serve(publisher, event))).await
        }
        other => Err(StartError::UnknownFunction {
            found: other.to_owned(),
            known: &["api", "process", "changes"],
        }
        .into()),
    }
}
