//! For developers and tests (feature U185): whoever opens a WebSocket and says which services it
//! wants to hear gets every event that they tell the bus. Not for production: the stack is left out
//! there (`shopctl.yaml`).
//!
//! Function `sockets` answers the WebSocket API, function `events` passes events on. Function
//! `address` is for people: it prints an address that any WebSocket client can open, because the API
//! wants it signed (`stacks/README.md` says how it is used).

use std::time::{Duration, SystemTime};

use aws_credential_types::provider::ProvideCredentials;
use lambda_runtime::{Error, service_fn};
use shop_core::aws;
use shop_core::runtime::{StartError, function_name, run, setting, start_log};

mod connections;
mod events;
mod registry;
mod sign;
mod sockets;

use connections::Connections;
use registry::Table;
use sign::Signer;

/// How long an address can be opened.
const ADDRESS_LIFETIME: Duration = Duration::from_secs(5 * 60);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_log();
    match function_name()?.as_str() {
        "sockets" => {
            let (table, connections) = (&table()?, &connections().await?);
            run(service_fn(|event| {
                sockets::serve(table, connections, event)
            }))
            .await
        }
        "events" => {
            let (table, connections) = (&table()?, &connections().await?);
            run(service_fn(|event| events::serve(table, connections, event))).await
        }
        "address" => {
            let url = setting("LISTENER_URL")?;
            let signer = signer().await?;
            let signed = signer.address(&url, ADDRESS_LIFETIME, SystemTime::now())?;
            println!("{signed}");
            Ok(())
        }
        other => Err(StartError::UnknownFunction {
            found: other.to_owned(),
            known: &["sockets", "events", "address"],
        }
        .into()),
    }
}

fn table() -> Result<Table, StartError> {
    let client = shop_core::table::client(&aws::config()?);
    Ok(Table::new(
        client,
        setting("TABLE_NAME")?,
        setting("INDEX_NAME")?,
    ))
}

async fn connections() -> Result<Connections, Error> {
    let signer = signer().await?;
    Ok(Connections::new(setting("CONNECTIONS_URL")?, signer)?)
}

async fn signer() -> Result<Signer, Error> {
    let aws = aws::config()?;
    let credentials = aws.credentials_provider();
    let credentials = credentials.ok_or("there are no credentials to sign with")?;
    Ok(Signer {
        credentials: credentials.provide_credentials().await?,
        region: setting("AWS_REGION")?,
    })
}
