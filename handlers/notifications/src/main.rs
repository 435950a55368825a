//! Tells people what happened: customers and the owner by mail, anybody else
//! by a topic.
//!
//! One function for each event; so far `order_created`. It listens on the bus
//! and asks no other service: an event holds what a mail needs.

use aws_config::BehaviorVersion;
use chrono::TimeDelta;
use lambda_runtime::{Error, run, service_fn};
use shop_core::idempotency::IdempotencyStore;
use shop_core::runtime::{StartError, function_name, setting, start_log};

mod backend;
mod mail;
mod notify;

use backend::Backend;
use mail::Shop;

/// How long it is remembered who was told. Events can be replayed for 30 days.
const REMEMBER: TimeDelta = TimeDelta::days(90);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_log();
    let aws = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let shop = &Shop {
        name: setting("SHOP_NAME")?,
        site_url: setting("SITE_URL")?,
        owner: setting("OWNER_ADDRESS")?,
    };
    let table = aws_sdk_dynamodb::Client::new(&aws);
    let backend = &Backend {
        sent: IdempotencyStore::new(table, setting("SENT_TABLE_NAME")?, REMEMBER),
        mail: aws_sdk_sesv2::Client::new(&aws),
        sender: format!("{} <{}>", shop.name, setting("SENDER_ADDRESS")?),
        topics: aws_sdk_sns::Client::new(&aws),
        topic: setting("TOPIC_ARN")?,
    };
    match function_name()?.as_str() {
        "order_created" => {
            run(service_fn(|event| {
                notify::order_created(backend, shop, event)
            }))
            .await
        }
        other => Err(StartError::UnknownFunction {
            found: other.to_owned(),
            known: &["order_created"],
        }
        .into()),
    }
}
