//! A function for other services.

use schemars::generate::SchemaGenerator;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use super::access::SIGNED;
use super::body::Body;

/// A function that other services call directly: no route leads to it, and the permission to invoke
/// it is the authentication (feature U191).
#[derive(Debug, Clone)]
pub struct Call {
    pub(super) function: &'static str,
    summary: &'static str,
    request: Body,
    answer: fn(&mut SchemaGenerator) -> Schema,
}

impl Call {
    /// Function `function` of the service's binary, from `Q` to `A`.
    pub fn new<Q: JsonSchema, A: JsonSchema>(
        function: &'static str,
        summary: &'static str,
    ) -> Self {
        Call {
            function,
            summary,
            request: Body::of::<Q>(&[]),
            answer: SchemaGenerator::subschema_for::<A>,
        }
    }

    /// As the Lambda API has it.
    pub(super) fn document(
        &self,
        stack: &str,
        generator: &mut SchemaGenerator,
        schemas: &mut Map<String, Value>,
    ) -> Value {
        let request = self.request.reference(schemas);
        let answer = (self.answer)(generator);
        json!({
            "servers": [{
                "url": "https://lambda.{region}.amazonaws.com",
                "variables": { "region": { "default": "us-east-1" } },
            }],
            "post": {
                "operationId": format!("call-{stack}-{}", self.function),
                "tags": [stack],
                "summary": self.summary,
                "description": format!(
                    "For other services only: no route leads to it. `{}` stands for the name that \
                     the stack gives the function.",
                    self.function
                ),
                "security": [{ SIGNED: [] }],
                "requestBody": {
                    "required": true,
                    "content": { "application/json": { "schema": request } },
                },
                "responses": {
                    "200": {
                        "description": "Done, unless there is a header `X-Amz-Function-Error`.",
                        "content": { "application/json": { "schema": answer } },
                    },
                    "403": { "description": "The signature is wrong, or its role may not call this." },
                },
            },
        })
    }
}
