//! The world as the functions need it, made of AWS clients.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use shop_core::call::call;
use shop_core::id::Id;
use shop_core::order::now;
use shop_core::quote::{Package, QuoteRequest};

use crate::api::Shipments;
use crate::demonstration::due;
use crate::packages::{Dispatch, Failure, OrderToDeliver};
use crate::price::Catalogue;
use crate::shipment::Shipment;
use crate::store::Store;

/// For function `price_api`.
#[derive(Debug)]
pub struct QuoteBackend {
    /// To ask the catalogue with.
    pub lambda: aws_sdk_lambda::Client,
    /// The function that quotes.
    pub quote_function: String,
}

/// What is needed of a quote.
#[derive(Debug, Deserialize)]
struct Quoted {
    products: Vec<QuotedPackage>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct QuotedPackage {
    product_id: Id,
    #[serde(default)]
    package: Package,
}

impl Catalogue for QuoteBackend {
    async fn packages(&self, ids: Vec<Id>) -> Result<HashMap<Id, Package>, Failure> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let request = QuoteRequest { product_ids: ids };
        let quoted: Quoted = call(&self.lambda, &self.quote_function, &request).await?;
        let products = quoted.products.into_iter();
        Ok(products.map(|it| (it.product_id, it.package)).collect())
    }
}

/// For function `packages`.
#[derive(Debug)]
pub struct DispatchBackend {
    /// Where shipments are kept.
    pub store: Store,
    /// To ask for orders with.
    pub lambda: aws_sdk_lambda::Client,
    /// The function that tells of an order.
    pub get_order_function: String,
    /// How packages are delivered by themselves, if they are.
    pub demonstration: Option<Demonstration>,
}

/// The function's own queue, by which it hears that a package is due.
#[derive(Debug)]
pub struct Demonstration {
    /// To send with.
    pub client: aws_sdk_sqs::Client,
    /// The queue.
    pub queue_url: String,
    /// After how many seconds it is heard.
    pub delay: i32,
}

/// Asks for an order.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct GetOrder<'a> {
    order_id: &'a Id,
}

impl Dispatch for DispatchBackend {
    async fn order(&self, order_id: &Id) -> Result<Option<OrderToDeliver>, Failure> {
        let request = GetOrder { order_id };
        Ok(call(&self.lambda, &self.get_order_function, &request).await?)
    }

    async fn insert(&self, shipment: &Shipment) -> Result<bool, Failure> {
        self.store.insert(shipment).await
    }

    async fn set_due(&self, order_id: &Id) -> Result<(), Failure> {
        let Some(demonstration) = &self.demonstration else {
            return Ok(());
        };
        demonstration
            .client
            .send_message()
            .queue_url(&demonstration.queue_url)
            .delay_seconds(demonstration.delay)
            .message_body(due(order_id, now()).to_string())
            .send()
            .await?;
        Ok(())
    }

    async fn had_shipment(&self, order_id: &Id) -> Result<bool, Failure> {
        self.store.had(order_id).await
    }

    async fn shipment(&self, order_id: &Id) -> Result<Option<Shipment>, Failure> {
        self.store.get(order_id).await
    }

    async fn replace(&self, shipment: &Shipment) -> Result<bool, Failure> {
        self.store.replace(shipment).await
    }
}
