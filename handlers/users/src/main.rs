//! The user service: who customers and staff are to the shop.
//!
//! One binary, four functions: `api` answers everybody about himself and administrators about all,
//! `pre_sign_up` and `post_confirmation` are asked and told by the user pool, `changes` tells the bus
//! who came and went. Passwords, codes and tokens are the user pool's business.

use lambda_runtime::{Error, service_fn};
use shop_core::aws;
use shop_core::events::Publisher;
use shop_core::runtime::{StartError, function_name, run, setting, start_log};
use shop_core::table;

mod accounts;
mod api;
mod changes;
mod edit;
mod enrol;
#[cfg(test)]
mod fake;
mod groups;
mod profile;
mod registry;
mod row;
mod sign_up;
mod store;

use accounts::Pool;
use store::Store;

/// What `Handler` may say.
const FUNCTIONS: [&str; 4] = ["api", "pre_sign_up", "post_confirmation", "changes"];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_log();
    let aws = aws::config()?;
    let store = || -> Result<Store, StartError> {
        let table = setting("TABLE_NAME")?;
        Ok(Store::new(table::client(&aws), table))
    };
    match function_name()?.as_str() {
        "api" => {
            let store = &store()?;
            let client = aws_sdk_cognitoidentityprovider::Client::new(&aws);
            let pool = &Pool::new(client, setting("USER_POOL_ID")?);
            run(service_fn(|event| api::serve(store, pool, event))).await
        }
        "pre_sign_up" => {
            let store = &store()?;
            run(service_fn(|event| sign_up::pre_sign_up(store, event))).await
        }
        "post_confirmation" => {
            let store = &store()?;
            run(service_fn(|event| sign_up::post_confirmation(store, event))).await
        }
        "changes" => {
            let bus = aws_sdk_eventbridge::Client::new(&aws);
            let publisher = &Publisher::new(bus, setting("BUS_NAME")?, "shop.users");
            run(service_fn(|event| changes::serve(publisher, event))).await
        }
        other => Err(StartError::UnknownFunction {
            found: other.to_owned(),
            known: &FUNCTIONS,
        }
        .into()),
    }
}
