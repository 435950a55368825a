//! The routes against a cloud in which nothing is yet.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use chrono::TimeDelta;
use serde_json::json;
use shop_core::idempotency::IdempotencyStore;
use shop_core::testing::{Endpoint, table};

use super::*;
use crate::backend::Neighbours;
use crate::promotion_store::PromotionStore;
use crate::store::Store;

/// Whatever it is asked for, there is none of it.
#[derive(Debug)]
struct Nothing;

impl HttpConnector for Nothing {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let ok = 200_u16.try_into().unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(ok, SdkBody::from("{}"))))
    }
}

fn backend() -> ApiBackend {
    let credentials = Credentials::new("nobody", "nothing", None, None, "a test");
    let aws = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http_client_fn(|_, _| SharedHttpConnector::new(Nothing)))
        .build();
    let tables = shop_core::table::client(&aws);
    let name = |name: &str| name.to_owned();
    ApiBackend {
        store: Store::new(tables.clone(), name("orders")),
        promotions: PromotionStore::new(tables.clone(), name("promotions")),
        memory: IdempotencyStore::new(tables, name("memory"), TimeDelta::hours(1)),
        queue: aws_sdk_sqs::Client::new(&aws),
        queue_url: name("https://sqs.us-east-1.amazonaws.com/123456789012/orders.fifo"),
        lambda: aws_sdk_lambda::Client::new(&aws),
        neighbours: Neighbours {
            quote: name("quote"),
            delivery_price: name("delivery-price"),
            authorise: name("authorise"),
            release: name("release"),
            exchange: name("exchange"),
        },
    }
}

/// A request that whoever may make it is told something else about than that he may not.
fn request(route_key: &str) -> Endpoint {
    Endpoint::new(route_key)
        .path("orderId", Id::fixed(1_767_225_600, "order"))
        .path("code", "SUMMER")
        .body(match route_key {
            "PUT /api/promotions/{code}" => json!({"percentage": 10}),
            "POST /api/promotions/check" => json!({"code": "SUMMER"}),
            _ => json!({}),
        })
}

#[tokio::test]
async fn customers_order_and_administrators_see_all() {
    let endpoints = ROUTES.map(|(key, _)| request(key));
    let text = table(&endpoints, async |_, request| {
        answer(&backend(), &request).await
    })
    .await;
    insta::assert_snapshot!(text, @r"
                                        nobody  customer  warehouse  delivery  admin
    POST /api/orders                    401     422       422        422       422
    GET /api/orders                     401     200       200        200       200
    GET /api/orders/{orderId}           401     404       404        404       404
    PUT /api/orders/{orderId}           401     404       404        404       404
    POST /api/orders/{orderId}/cancel   401     404       404        404       404
    POST /api/promotions/check          401     200       200        200       200
    GET /api/admin/orders               401     403       403        403       200
    GET /api/admin/orders/{orderId}     401     403       403        403       404
    DELETE /api/admin/orders/{orderId}  401     403       403        403       404
    GET /api/promotions                 401     403       403        403       200
    GET /api/promotions/{code}          401     403       403        403       404
    PUT /api/promotions/{code}          401     403       403        403       200
    DELETE /api/promotions/{code}       401     403       403        403       204
    ");
}
