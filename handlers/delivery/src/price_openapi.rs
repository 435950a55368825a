//! What the routes are for, as an `OpenAPI` document (see `shop_core::openapi`).

use shop_core::openapi::{Access, Call, Operation, Service};

use super::*;

fn service() -> Service {
    Service {
        stack: "delivery-pricing",
        title: "Delivery prices",
        description: "What delivery costs.",
        operations: vec![
            Operation::new(
                ROUTE,
                Access::Everybody,
                "What it costs to deliver products",
            )
            .takes::<ProductsPriceRequest>(&[])
            .answers::<Price>(200)
            .problems(&[422, 503]),
        ],
        calls: vec![Call::new::<PriceRequest, Price>(
            "price",
            "What it costs to deliver packages",
        )],
    }
}

#[test]
fn the_document_says_what_the_route_is() {
    service().assert_documented(&[ROUTE]);
}
