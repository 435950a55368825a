//! What the routes are for, as an `OpenAPI` document (see `shop_core::openapi`).

use shop_core::openapi::{Access, Operation, Service};

use super::*;

fn service() -> Service {
    let step = |key, summary| {
        Operation::new(key, Access::Delivery, summary)
            .answers::<Shipment>(200)
            .problems(&[404, 409, 503])
    };
    let new = Operation::new;
    Service {
        stack: "delivery",
        title: "Delivery",
        description: "Packages on their way.",
        operations: vec![
            new(
                "GET /api/deliveries",
                Access::Delivery,
                "What waits for a courier, the oldest first",
            )
            .paged()
            .answers::<ShipmentList>(200)
            .problems(&[503]),
            new(
                "GET /api/deliveries/{orderId}",
                Access::Delivery,
                "The delivery of an order",
            )
            .answers::<Shipment>(200)
            .problems(&[404, 503]),
            step(
                "POST /api/deliveries/{orderId}/start",
                "Take a package along",
            ),
            step("POST /api/deliveries/{orderId}/complete", "Hand it over"),
            step(
                "POST /api/deliveries/{orderId}/fail",
                "Say why it cannot be handed over",
            )
            .takes::<FailRequest>(&[])
            .problems(&[422]),
            new(
                "DELETE /api/deliveries/{orderId}",
                Access::Admin,
                "Call a delivery off",
            )
            .says("The answer is what it was.")
            .answers::<Shipment>(200)
            .problems(&[404, 503]),
            new(
                "GET /api/orders/{orderId}/tracking",
                Access::Owner,
                "Follow one's own package",
            )
            .answers::<Tracking>(200)
            .problems(&[503]),
        ],
        calls: Vec::new(),
    }
}

#[test]
fn the_document_says_what_the_routes_are() {
    service().assert_documented(&ROUTES.map(|(key, _)| key));
}
