//! What the routes are for, as an `OpenAPI` document (see `shop_core::openapi`).

use shop_core::openapi::{Access, Call, Operation, Service};

use super::*;
use crate::calls::{CancelAnswer, CancelRequest, ChangeAnswer, ChangeRequest};

fn service() -> Service {
    let step = |key, summary| {
        Operation::new(key, Access::Warehouse, summary)
            .answers::<PackagingRequest>(200)
            .problems(&[404, 409])
    };
    let new = Operation::new;
    Service {
        stack: "inventory",
        title: "Warehouse",
        description: "What is in stock, and what of it is to be packed.",
        operations: vec![
            new(
                "GET /api/packaging-requests",
                Access::Warehouse,
                "What is to be packed, the oldest first",
            )
            .query::<Status>(
                "status",
                "Those in this status; `NEW` unless said otherwise.",
            )
            .paged()
            .answers::<RequestList>(200),
            new(
                "GET /api/packaging-requests/{orderId}",
                Access::Warehouse,
                "What is to be packed of an order",
            )
            .answers::<PackagingRequest>(200)
            .problems(&[404]),
            step(
                "POST /api/packaging-requests/{orderId}/start",
                "Begin to pack",
            ),
            step(
                "PUT /api/packaging-requests/{orderId}/items/{productId}",
                "Say how many pieces are packed",
            )
            .query::<String>(
                "size",
                "The size that was ordered; needed for a product that comes in several.",
            )
            .takes::<Pieces>(&[])
            .problems(&[422]),
            step(
                "POST /api/packaging-requests/{orderId}/complete",
                "Close the package",
            ),
            new(
                "GET /api/inventory",
                Access::Admin,
                "What is in stock, by name",
            )
            .paged()
            .answers::<StockList>(200),
            new(
                "GET /api/inventory/{productId}",
                Access::Admin,
                "How many pieces there are",
            )
            .answers::<Stock>(200)
            .with_etag()
            .problems(&[404]),
            new(
                "PUT /api/inventory/{productId}",
                Access::Admin,
                "Correct how many pieces there are",
            )
            .takes::<Pieces>(&[])
            .versioned(false)
            .answers::<Stock>(200)
            .with_etag()
            .problems(&[404, 422]),
        ],
        calls: vec![
            Call::new::<CancelRequest, CancelAnswer>("cancel", "Give an order's pieces back"),
            Call::new::<ChangeRequest, ChangeAnswer>("change", "Reserve other pieces for an order"),
        ],
    }
}

#[test]
fn the_document_says_what_the_routes_are() {
    service().assert_documented(&ROUTES.map(|(key, _)| key));
}
