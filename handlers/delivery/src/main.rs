//! The delivery service: what delivery costs, and where packages are.
//!
//! One binary, five functions. `price` tells other services the price, `price_api` everybody;
//! `packages` makes shipments of what the warehouse has packed; `api` is for couriers and for
//! customers who follow their package; `changes` tells the bus.

use aws_types::SdkConfig;
use lambda_runtime::{Error, service_fn};
use shop_core::aws;
use shop_core::events::Publisher;
use shop_core::runtime::{StartError, function_name, run, setting, start_log};
use shop_core::table;

mod api;
mod backend;
mod changes;
mod countries;
mod demonstration;
mod packages;
mod price;
mod pricing;
mod shipment;
mod store;

use backend::{Demonstration, DispatchBackend, QuoteBackend};
use demonstration::LONGEST_DELAY;
use pricing::Tariff;
use store::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_log();
    let aws = aws::config()?;
    let store = || -> Result<Store, StartError> {
        let client = table::client(&aws);
        Ok(Store::new(client, setting("TABLE_NAME")?))
    };
    match function_name()?.as_str() {
        "price" => {
            let tariff = &tariff()?;
            run(service_fn(|event| price::serve(tariff, event))).await
        }
        "price_api" => {
            let tariff = &tariff()?;
            let catalogue = &QuoteBackend {
                lambda: aws_sdk_lambda::Client::new(&aws),
                quote_function: setting("QUOTE_FUNCTION")?,
            };
            let serve = |event| price::serve_api(tariff, catalogue, event);
            run(service_fn(serve)).await
        }
        "packages" => {
            let backend = &DispatchBackend {
                store: store()?,
                lambda: aws_sdk_lambda::Client::new(&aws),
                get_order_function: setting("GET_ORDER_FUNCTION")?,
                demonstration: demonstration(&aws)?,
            };
            run(service_fn(|event| packages::serve(backend, event))).await
        }
        "api" => {
            let store = &store()?;
            run(service_fn(|event| api::serve(store, event))).await
        }
        "changes" => {
            let bus = aws_sdk_eventbridge::Client::new(&aws);
            let publisher = &Publisher::new(bus, setting("BUS_NAME")?, "shop.delivery");
            run(service_fn(|event| changes::serve(publisher, event))).await
        }
        other => Err(StartError::UnknownFunction {
            found: other.to_owned(),
            known: &["price", "price_api", "packages", "api", "changes"],
        }
        .into()),
    }
}

/// How this shop delivers without couriers; only one that demonstrates itself says so.
fn demonstration(aws: &SdkConfig) -> Result<Option<Demonstration>, Error> {
    let Ok(delay) = setting("DELIVER_AFTER_SECONDS") else {
        return Ok(None);
    };
    let delay = delay.parse()?;
    if !(1..=LONGEST_DELAY).contains(&delay) {
        return Err(format!("DELIVER_AFTER_SECONDS is from 1 to {LONGEST_DELAY}").into());
    }
    Ok(Some(Demonstration {
        client: aws_sdk_sqs::Client::new(aws),
        queue_url: setting("QUEUE_URL")?,
        delay,
    }))
}

/// How this shop charges, from the settings.
fn tariff() -> Result<Tariff, Error> {
    // An empty variable is one that is not set.
    let flat_fee = setting("FLAT_FEE").ok().map(|fee| fee.parse());
    Ok(Tariff {
        currency: setting("CURRENCY")?.parse()?,
        flat_fee: flat_fee.transpose()?,
        tax_rate: setting("TAX_RATE")?.parse()?,
    })
}
