//! What the routes are for, as an `OpenAPI` document (see `shop_core::openapi`).

use shop_core::openapi::{Access, Call, Operation, Service};
use shop_core::order::{CustomerOrder, OrderStatus};

use super::*;
use crate::admin::{CustomerOrderList, PromotionList};
use crate::lookup::Question;
use crate::promotion::{PromotionCode, PromotionRequest};

/// What an order cannot do without.
const NEEDED: &[&str] = &["items", "address", "paymentToken"];

fn service() -> Service {
    let new = Operation::new;
    Service {
        stack: "orders",
        title: "Orders",
        description: "Orders and promotion codes.",
        operations: vec![
            new("POST /api/orders", Access::Account, "Place an order")
                .says("It is in the queue then. Prices are the shop's; the payment token is the provider's.")
                .idempotent()
                .takes::<OrderRequest>(NEEDED)
                .answers::<Order>(202)
                .with_header("Location", "Where the order is.")
                .perhaps_with_header("Idempotency-Replayed", "`true` when an earlier request placed it.")
                .problems(&[402, 503])
                .limited(),
            new("GET /api/orders", Access::Account, "One's own orders, the newest first")
                .paged()
                .answers::<OrderList>(200),
            new("GET /api/orders/{orderId}", Access::Owner, "An order of one's own")
                .answers::<Order>(200),
            new("PUT /api/orders/{orderId}", Access::Owner, "Change an order until it is packed")
                .says("What is absent stays. A dearer order needs a new payment token.")
                .takes::<EditRequest>(&[])
                .answers::<Order>(200)
                .problems(&[402, 409, 422, 503])
                .limited(),
            new("POST /api/orders/{orderId}/cancel", Access::Owner, "Give an order up until it is packed")
                .answers::<Order>(200)
                .problems(&[409, 503]),
            new("POST /api/promotions/check", Access::Account, "What a promotion code would give")
                .takes::<PromotionQuestion>(&["code"])
                .answers::<PromotionAnswer>(200)
                .limited(),
            new("GET /api/admin/orders", Access::Admin, "Everybody's orders, the newest first")
                .query::<OrderStatus>("status", "Those in this status; `NEW` unless said otherwise.")
                .paged()
                .answers::<CustomerOrderList>(200),
            new("GET /api/admin/orders/{orderId}", Access::Admin, "Any order, with its customer")
                .answers::<CustomerOrder>(200)
                .problems(&[404]),
            new("DELETE /api/admin/orders/{orderId}", Access::Admin, "Delete an order that is at its end")
                .problems(&[404, 409]),
            new("GET /api/promotions", Access::Admin, "All promotion codes")
                .paged()
                .answers::<PromotionList>(200),
            new("GET /api/promotions/{code}", Access::Admin, "A promotion code")
                .answers::<PromotionCode>(200)
                .problems(&[404]),
            new("PUT /api/promotions/{code}", Access::Admin, "Make or change a promotion code")
                .says("Either `amount` or `percentage`.")
                .takes::<PromotionRequest>(&[])
                .answers::<PromotionCode>(200)
                .problems(&[422]),
            new("DELETE /api/promotions/{code}", Access::Admin, "Delete a promotion code"),
        ],
        calls: vec![Call::new::<Question, Option<CustomerOrder>>(
            "get",
            "An order with its customer",
        )],
    }
}

#[test]
fn the_document_says_what_the_routes_are() {
    service().assert_documented(&ROUTES.map(|(key, _)| key));
}
