//! The functions that every service on the database has beside its own: `relay`, `setup`, `changes`
//! (`stacks/modules/database-service.yaml`).

use aws_types::SdkConfig;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use shop_core::events::Publisher;
use shop_core::runtime::{StartError, run, setting};

use crate::database::{Database, Place};
use crate::outbox::{self, OutboxTable};
use crate::setup::Setup;

/// Runs the shared function `name` of the service that publishes as `source`, for instance
/// `shop.inventory`.
///
/// # Errors
/// A missing setting, or [`StartError::UnknownFunction`], which names those that are `known`.
pub async fn run_shared(
    source: &'static str,
    name: &str,
    aws: &SdkConfig,
    known: &'static [&'static str],
) -> Result<(), Error> {
    match name {
        "relay" => {
            let database = &Database::new(Place::from_environment()?, aws);
            let sink = &OutboxTable::from_environment(aws)?;
            run(service_fn(async |_: LambdaEvent<Value>| {
                outbox::relay(database, sink).await.map_err(Error::from)
            }))
            .await
        }
        "setup" => {
            let setup = &Setup {
                secrets: aws_sdk_secretsmanager::Client::new(aws),
                secret: setting("SECRET_ARN")?,
                lambda: aws_sdk_lambda::Client::new(aws),
                function: setting("MIGRATE_FUNCTION")?,
            };
            let id = &format!("{}-schema", source.trim_start_matches("shop."));
            run(service_fn(|event| setup.serve(event, id))).await
        }
        "changes" => {
            let bus = aws_sdk_eventbridge::Client::new(aws);
            let publisher = &Publisher::new(bus, setting("BUS_NAME")?, source);
            run(service_fn(async |event: LambdaEvent<_>| {
                Ok::<_, Error>(outbox::publish(event.payload, publisher).await)
            }))
            .await
        }
        other => Err(StartError::UnknownFunction {
            found: other.to_owned(),
            known,
        }
        .into()),
    }
}
