//! A look into the shop for administrators (feature U111): is it there, and what do its tables hold.
//!
//! One function, `tool`, behind one route. It reads tables that its template names and writes none:
//! each service keeps its own rules, and a tool that goes past them would break what they hold
//! together.

use lambda_runtime::{Error, service_fn};
use shop_core::aws;
use shop_core::runtime::{StartError, function_name, run, setting, start_log};
use shop_core::table;

mod tables;
mod tool;

use tables::Dynamo;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_log();
    let aws = aws::config()?;
    match function_name()?.as_str() {
        "tool" => {
            let client = table::client(&aws);
            let names = serde_json::from_str(&setting("TABLES")?)?;
            let tables = &Dynamo::new(client, names);
            run(service_fn(|event| tool::serve(tables, event))).await
        }
        other => Err(StartError::UnknownFunction {
            found: other.to_owned(),
            known: &["tool"],
        }
        .into()),
    }
}
