//! Function `changes`: tells the other services how shipments get on, as the table's stream says it
//! (`DeliveryStarted`, `DeliveryCompleted`, `DeliveryFailed`).

use aws_lambda_events::dynamodb::Event;
use aws_lambda_events::streams::DynamoDbEventResponse;
use lambda_runtime::{Error, LambdaEvent};
use shop_core::events::{Outgoing, Publisher};
use shop_core::metrics::{self, Metric};
use shop_core::stream::{Change, publish_changes};

use crate::shipment::{Shipment, told};

/// Tells one batch.
pub async fn serve(
    publisher: &Publisher,
    event: LambdaEvent<Event>,
) -> Result<DynamoDbEventResponse, Error> {
    Ok(publish_changes(event.payload, publisher, describe).await)
}

fn describe(change: Change<Shipment>) -> Result<Vec<Outgoing>, serde_json::Error> {
    let event = told(&change);
    match (&event, &change.old, &change.new) {
        (Some(event), _, _) => count(&event.detail_type, &event.resource),
        (None, None, Some(new)) => count("DeliveryCreated", new.order_id.as_str()),
        _ => {}
    }
    Ok(event.into_iter().collect())
}

fn count(name: &str, order_id: &str) {
    // Metrics begin with a lower-case letter, events do not.
    let name = name.replacen('D', "d", 1);
    metrics::record(&[Metric::count(&name)], &[("order_id", order_id)]);
}
