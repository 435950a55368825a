//! What the routes are for, as an `OpenAPI` document (see `shop_core::openapi`).

use shop_core::openapi::{Access, Call, Operation, Service};
use shop_core::quote::{Quote, QuoteRequest};

use super::*;
use crate::validate::{Claims, Verdict};

/// What a new product cannot do without.
const NEEDED: &[&str] = &["name", "description", "category", "price", "package"];

fn service() -> Service {
    let new = Operation::new;
    Service {
        stack: "products",
        title: "Catalogue",
        description: "What the shop sells.",
        operations: vec![
            new("GET /api/products", Access::Everybody, "What can be bought")
                .query::<String>("category", "Only of this category.")
                .query::<String>("search", "Only those with words that begin with these.")
                .paged()
                .answers::<ProductList>(200),
            new(
                "GET /api/products/{productId}",
                Access::Everybody,
                "A product that can be bought",
            )
            .answers::<Product>(200)
            .problems(&[404]),
            new(
                "GET /api/categories",
                Access::Everybody,
                "Categories, and how much is in them",
            )
            .answers::<CategoryList>(200),
            new(
                "GET /api/health",
                Access::Everybody,
                "Whether the API answers",
            )
            .answers::<Health>(200),
            new(
                "GET /api/admin/products",
                Access::Admin,
                "Products on the list, or off it",
            )
            .query::<bool>("listed", "`false` for those off the list.")
            .paged()
            .answers::<ProductList>(200),
            new(
                "GET /api/admin/products/{productId}",
                Access::Admin,
                "Any product",
            )
            .answers::<Product>(200)
            .with_etag()
            .problems(&[404]),
            new("POST /api/products", Access::Admin, "Create a product")
                .takes_as::<Change>("NewProduct", NEEDED)
                .answers::<Product>(201)
                .with_etag()
                .with_header("Location", "Where the product is.")
                .problems(&[422, 503]),
            new(
                "PATCH /api/products/{productId}",
                Access::Admin,
                "Change a product",
            )
            .says("What is absent stays.")
            .takes::<Change>(&[])
            .versioned(true)
            .answers::<Product>(200)
            .with_etag()
            .problems(&[404, 422]),
            new(
                "DELETE /api/products/{productId}",
                Access::Admin,
                "Delete a product",
            )
            .versioned(true)
            .problems(&[404]),
        ],
        calls: vec![
            Call::new::<QuoteRequest, Quote>("quote", "Names, prices and packages, now"),
            Call::new::<Claims, Verdict>("validate", "Whether products are as somebody thinks"),
        ],
    }
}

#[test]
fn the_document_says_what_the_routes_are() {
    service().assert_documented(&ROUTES.map(|(key, _)| key));
}
