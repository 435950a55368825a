//! What the routes are for, as an `OpenAPI` document (see `shop_core::openapi`).

use shop_core::openapi::{Access, Operation, Service};

use super::*;

fn service() -> Service {
    let new = Operation::new;
    Service {
        stack: "users",
        title: "Users",
        description: "Who customers and staff are to the shop. Sign-up, login and passwords are the \
            user pool's.",
        operations: vec![
            new("GET /api/users/me", Access::Account, "One's own profile")
                .says("The first request makes it, and needs an ID token with a verified address.")
                .answers::<Profile>(200)
                .with_etag()
                .problems(&[400, 404, 409, 412]),
            new(
                "PUT /api/users/me",
                Access::Account,
                "Change one's own profile",
            )
            .says("What is absent goes.")
            .takes::<ProfileRequest>(&["username"])
            .versioned(false)
            .answers::<Profile>(200)
            .with_etag()
            .problems(&[404, 409, 422])
            .limited(),
            new("DELETE /api/users/me", Access::Account, "Leave")
                .says("Account and profile go; orders stay in the books.")
                .problems(&[404, 409, 412, 503]),
            new("GET /api/users", Access::Admin, "All users")
                .paged()
                .answers::<UserList>(200),
            new(
                "GET /api/users/{username}",
                Access::OwnerOrAdmin,
                "A user's profile",
            )
            .answers::<Profile>(200)
            .with_etag()
            .problems(&[404]),
            new(
                "DELETE /api/users/{username}",
                Access::Admin,
                "Remove a user",
            )
            .problems(&[404, 409, 412, 503]),
            new(
                "GET /api/users/{username}/groups",
                Access::Admin,
                "A user's roles",
            )
            .answers::<GroupList>(200)
            .problems(&[404]),
            new(
                "PUT /api/users/{username}/groups",
                Access::Admin,
                "Give roles",
            )
            .says("They count from the next token on. One administrator always stays.")
            .takes::<GroupsRequest>(&[])
            .answers::<GroupList>(200)
            .problems(&[404, 409, 422, 503]),
        ],
        calls: Vec::new(),
    }
}

#[test]
fn the_document_says_what_the_routes_are() {
    service().assert_documented(&ROUTES.map(|(key, _)| key));
}
