//! What the routes are for, as an `OpenAPI` document (see `shop_core::openapi`).

use shop_core::openapi::{Access, Call, Operation, Service};
use shop_core::payment::{AuthoriseRequest, Authorised};

use super::*;

fn service() -> Service {
    let new = Operation::new;
    Service {
        stack: "payment",
        title: "Payments",
        description: "Whose money is held, taken and given back.",
        operations: vec![
            new(
                "GET /api/payments/{orderId}",
                Access::Admin,
                "The payment of an order",
            )
            .answers::<PaymentView>(200)
            .problems(&[404, 503]),
            new(
                "POST /api/payments/{orderId}/refund",
                Access::Admin,
                "Give money back",
            )
            .says("All that is left, unless `amount` says less.")
            .idempotent()
            .takes::<RefundRequest>(&[])
            .answers::<PaymentView>(200)
            .problems(&[404, 409, 503])
            .limited(),
        ],
        calls: vec![Call::new::<AuthoriseRequest, Authorised>(
            "authorise",
            "Bind a payment token to an order",
        )],
    }
}

#[test]
fn the_document_says_what_the_routes_are() {
    service().assert_documented(&ROUTES.map(|(key, _)| key));
}
