//! Tells people what happened: customers and the owner by mail, anybody else
//! by a topic.
//!
//! Function `events` listens on the bus. Function `preview` is for people who
//! work on the mails: `_HANDLER=preview cargo run -p notifications` writes every
//! mail with example data into `target/mails`.

use std::path::Path;

use chrono::TimeDelta;
use lambda_runtime::{Error, service_fn};
use shop_core::aws;
use shop_core::idempotency::IdempotencyStore;
use shop_core::runtime::{StartError, function_name, run, setting, start_log};
use shop_core::table;

mod backend;
mod mail;
mod notice;
mod notify;
mod preview;
mod view;

use backend::Backend;
use notice::Shop;

/// How long it is remembered who was told. Events can be replayed for 30 days.
const REMEMBER: TimeDelta = TimeDelta::days(90);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_log();
    match function_name()?.as_str() {
        "events" => events().await,
        "preview" => Ok(preview::write(Path::new("target/mails"))?),
        other => Err(StartError::UnknownFunction {
            found: other.to_owned(),
            known: &["events", "preview"],
        }
        .into()),
    }
}

async fn events() -> Result<(), Error> {
    let aws = aws::config()?;
    let shop = &Shop {
        name: setting("SHOP_NAME")?,
        site_url: setting("SITE_URL")?,
        owner: setting("OWNER_ADDRESS")?,
    };
    let tables = table::client(&aws);
    let backend = &Backend {
        sent: IdempotencyStore::new(tables, setting("SENT_TABLE_NAME")?, REMEMBER),
        mail: aws_sdk_sesv2::Client::new(&aws),
        sender: format!("{} <{}>", shop.name, setting("SENDER_ADDRESS")?),
        topics: aws_sdk_sns::Client::new(&aws),
        topic: setting("TOPIC_ARN")?,
        lambda: aws_sdk_lambda::Client::new(&aws),
        order_function: setting("ORDER_FUNCTION")?,
    };
    run(service_fn(|event| notify::serve(backend, shop, event))).await
}
