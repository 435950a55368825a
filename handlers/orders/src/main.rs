//! The order service: it takes orders in, shows customers their own, and
//! follows them to their end.
//!
//! One binary, five functions: `api` answers customers and administrators,
//! `process` reads the queue, `events` hears from stock, delivery and users, `changes`
//! tells the bus what happens in the table, `get` answers other services. An
//! order is accepted when the queue has it. Prices, stock, payment and delivery
//! are the business of others.

use chrono::TimeDelta;
use lambda_runtime::{Error, service_fn};
use shop_core::aws;
use shop_core::events::Publisher;
use shop_core::idempotency::IdempotencyStore;
use shop_core::runtime::{StartError, function_name, run, setting, start_log};
use shop_core::table;

mod admin;
mod api;
mod backend;
mod change;
mod changes;
mod draft;
mod events;
mod farewell;
mod intake;
mod lookup;
mod pricing;
mod process;
mod progress;
mod promotion;
mod promotion_store;
mod store;

use backend::{ApiBackend, EventsBackend, Neighbours, ProcessBackend};
use promotion_store::PromotionStore;
use store::Store;

/// How long a repeated request is answered with the order of the first one.
const REMEMBER: TimeDelta = TimeDelta::hours(48);

/// How long it is known that an account is gone: longer than its tokens live, and longer than an order
/// of it can wait in the queue and then among the dead letters, fourteen days each.
const REMEMBER_GONE: TimeDelta = TimeDelta::days(30);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_log();
    let aws = aws::config()?;
    let tables = table::client(&aws);
    let store =
        || -> Result<Store, StartError> { Ok(Store::new(tables.clone(), setting("TABLE_NAME")?)) };
    let promotions = || -> Result<PromotionStore, StartError> {
        let name = setting("PROMOTION_TABLE_NAME")?;
        Ok(PromotionStore::new(tables.clone(), name))
    };
    let memory = |keep: TimeDelta| -> Result<IdempotencyStore, StartError> {
        let name = setting("IDEMPOTENCY_TABLE_NAME")?;
        Ok(IdempotencyStore::new(tables.clone(), name, keep))
    };
    match function_name()?.as_str() {
        "api" => {
            let backend = &ApiBackend {
                store: store()?,
                promotions: promotions()?,
                memory: memory(REMEMBER)?,
                queue: aws_sdk_sqs::Client::new(&aws),
                queue_url: setting("QUEUE_URL")?,
                lambda: aws_sdk_lambda::Client::new(&aws),
                neighbours: Neighbours {
                    quote: setting("QUOTE_FUNCTION")?,
                    delivery_price: setting("DELIVERY_PRICE_FUNCTION")?,
                    authorise: setting("AUTHORISE_FUNCTION")?,
                    release: setting("RELEASE_FUNCTION")?,
                    exchange: setting("EXCHANGE_FUNCTION")?,
                },
            };
            run(service_fn(|event| api::serve(backend, event))).await
        }
        "events" => {
            let backend = &EventsBackend {
                store: store()?,
                promotions: promotions()?,
                memory: memory(REMEMBER_GONE)?,
            };
            run(service_fn(|event| events::serve(backend, event))).await
        }
        "get" => {
            let store = &store()?;
            run(service_fn(|event| lookup::serve(store, event))).await
        }
        "process" => {
            let backend = &ProcessBackend {
                store: store()?,
                memory: memory(REMEMBER_GONE)?,
            };
            run(service_fn(|event| process::serve(backend, event))).await
        }
        "changes" => {
            let bus = aws_sdk_eventbridge::Client::new(&aws);
            let publisher = &Publisher::new(bus, setting("BUS_NAME")?, "shop.orders");
            run(service_fn(|event| changes::serve(publisher, event))).await
        }
        other => Err(StartError::UnknownFunction {
            found: other.to_owned(),
            known: &["api", "process", "changes", "events", "get"],
        }
        .into()),
    }
}
