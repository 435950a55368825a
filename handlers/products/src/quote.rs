//! Function `quote`: what the order service may know of products.
//!
//! Another function calls it directly; its permission to do so is the only way in.

use lambda_runtime::{Error, LambdaEvent};
use shop_core::quote::{Quote, QuoteRequest};

use crate::store::Store;

/// Answers with the products of the request that can be ordered.
pub async fn serve(store: &Store, event: LambdaEvent<QuoteRequest>) -> Result<Quote, Error> {
    let products = store.get_all(&event.payload.product_ids).await?;
    tracing::info!(
        asked = event.payload.product_ids.len(),
        found = products.len(),
        "products quoted"
    );
    Ok(Quote {
        products: products.into_iter().map(Into::into).collect(),
    })
}
