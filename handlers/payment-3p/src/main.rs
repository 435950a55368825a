//! A payment provider to try the shop with: no bank is behind it.
//!
//! One function, `api`. It holds, takes and gives back money that does not exist, as a real
//! provider would: a card may be declined, an authorisation ends, a token is good once. The shop's
//! own payment service is one of its clients and knows nothing but its routes.

use chrono::TimeDelta;
use lambda_runtime::{Error, service_fn};
use shop_core::aws;
use shop_core::runtime::{StartError, function_name, run, setting, start_log};
use shop_core::table;

mod api;
mod authorisation;
mod card;
mod fields;
mod request;
mod store;
mod vault;

use store::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_log();
    let aws = aws::config()?;
    let store = &Store::new(table::client(&aws), setting("TABLE_NAME")?);
    match function_name()?.as_str() {
        "api" => {
            let hold = TimeDelta::try_days(setting("HOLD_DAYS")?.parse()?).unwrap_or_default();
            run(service_fn(|event| api::serve(store, hold, event))).await
        }
        other => Err(StartError::UnknownFunction {
            found: other.to_owned(),
            known: &["api"],
        }
        .into()),
    }
}
