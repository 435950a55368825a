//! What the routes are for, as an `OpenAPI` document (see `shop_core::openapi`).

use shop_core::openapi::{Access, Operation, Service};

use super::*;

fn service() -> Service {
    Service {
        stack: "admin",
        title: "Tool",
        description: "A look into the tables.",
        operations: vec![
            Operation::new(ROUTE, Access::Admin, "Look into a table")
                .says(
                    "`operation` is `ping`, `echo`, `list` or `read`. `ping` answers \"pong\", `echo` the \
                     payload, `list` (payload `{limit?, nextToken?}`) `{items, count, nextToken}`, \
                     `read` (payload `{key}`) `{item}`.",
                )
                .takes::<ToolRequest>(&[])
                .answers::<Value>(200)
                .problems(&[404]),
        ],
        calls: Vec::new(),
    }
}

#[test]
fn the_document_says_what_the_route_is() {
    service().assert_documented(&[ROUTE]);
}
