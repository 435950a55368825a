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
                "GET /api/orders/{orderId}/payment",
                Access::Owner,
                "The payment of one's own order",
            )
            .answers::<OwnPayment>(200)
            .problems(&[503]),
            new(
                "POST /api/orders/{orderId}/payment",
                Access::Owner,
                "Pay what the provider refused to take",
            )
            .says("`owed` of the payment says how much. The same request again pays nothing.")
            .takes::<PayRequest>(&[])
            .answers::<OwnPayment>(200)
            .problems(&[402, 409, 503])
            .limited(),
            new(
                "GET /api/payments/{orderId}",
                Access::Admin,
                "The payment of an order",
            )
            .answers::<PaymentState>(200)
            .problems(&[404, 503]),
            new(
                "POST /api/payments/{orderId}/refund",
                Access::Admin,
                "Give money back",
            )
            .says("All that is left, unless `amount` says less.")
            .idempotent()
            .takes::<RefundRequest>(&[])
            .answers::<PaymentState>(200)
            .problems(&[404, 409, 503])
            .limited(),
            new(
                "POST /api/payments/{orderId}/retry",
                Access::Admin,
                "Have the step that was refused tried again",
            )
            .answers::<PaymentState>(200)
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
