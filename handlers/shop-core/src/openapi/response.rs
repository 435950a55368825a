//! What goes wrong: the answers that all routes have in common.

use schemars::JsonSchema;
use schemars::generate::SchemaGenerator;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::problem::Problem;

/// What an error of this status is called, and what it means to a client.
pub(super) fn kind(status: u16) -> (&'static str, &'static str) {
    match status {
        400 => ("BadRequest", "The request cannot be read."),
        401 => (
            "Unauthorized",
            "There is no token, or it does not count (any more).",
        ),
        402 => ("PaymentRefused", "There is no money to be had."),
        403 => ("Forbidden", "This is not for the caller."),
        404 => ("NotFound", "It does not exist, or not for the caller."),
        409 => (
            "Conflict",
            "It is not in a state in which this can be done.",
        ),
        412 => ("PreconditionFailed", "It was changed since it was read."),
        422 => (
            "UnacceptableValues",
            "Some values are not acceptable; `errors` says which and why.",
        ),
        428 => ("PreconditionRequired", "`If-Match` is needed."),
        429 => (
            "TooManyRequests",
            "More requests a second than the stage takes of this route; wait and try again.",
        ),
        503 => (
            "ServiceUnavailable",
            "Something else does not answer; trying again makes sense.",
        ),
        _ => ("InternalServerError", "Our fault; it has been recorded."),
    }
}

/// What the gateway says by itself: an HTTP API has no other form for it.
#[derive(Serialize, JsonSchema)]
#[schemars(description = "An error of the gateway itself.")]
#[allow(dead_code, reason = "only its schema is asked for")]
struct GatewayError {
    message: Option<String>,
}

/// The answer of this status, as every document has it.
pub(super) fn response(status: u16, generator: &mut SchemaGenerator) -> Value {
    let mut content = Map::new();
    if status != 429 {
        let schema = generator.subschema_for::<Problem>();
        content.insert(
            "application/problem+json".to_owned(),
            json!({ "schema": schema }),
        );
    }
    if matches!(status, 401 | 429 | 500 | 503) {
        let schema = generator.subschema_for::<GatewayError>();
        content.insert("application/json".to_owned(), json!({ "schema": schema }));
    }
    json!({ "description": kind(status).1, "content": content })
}
