//! Function `get`: an order with its customer, for the other services. Its
//! permission to be called is the authentication (U191).

use lambda_runtime::{Error, LambdaEvent};
use serde::Deserialize;
use shop_core::id::Id;
use shop_core::order::CustomerOrder;

use crate::store::Store;

/// Which order.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Question {
    order_id: Id,
}

/// Answers with the order, or with nothing when there is none.
pub async fn serve(
    store: &Store,
    event: LambdaEvent<Question>,
) -> Result<Option<CustomerOrder>, Error> {
    let found = store.find(&event.payload.order_id).await?;
    Ok(found.order().map(|stored| stored.order))
}
