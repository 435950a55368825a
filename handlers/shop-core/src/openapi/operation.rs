//! One route: what it takes, answers and refuses.

use std::collections::BTreeSet;

use schemars::generate::SchemaGenerator;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::access::Access;
use super::body::{Body, settings};
use super::response::kind;
use crate::http::{LARGEST_PAGE, PAGE};
use crate::id::Id;

/// A route with what it takes and answers.
#[derive(Debug, Clone)]
pub struct Operation {
    pub(super) route_key: &'static str,
    summary: &'static str,
    pub(super) access: Access,
    details: Vec<&'static str>,
    parameters: Vec<Value>,
    body: Option<Body>,
    status: u16,
    answer: Option<fn(&mut SchemaGenerator) -> Schema>,
    headers: Map<String, Value>,
    pub(super) problems: BTreeSet<u16>,
    limited: bool,
}

impl Operation {
    /// The route of this key; it answers 204 unless something else is said.
    pub fn new(route_key: &'static str, access: Access, summary: &'static str) -> Self {
        let mut problems = BTreeSet::from([429, 500]);
        problems.extend(access.roles().map(|_| 401));
        problems.extend(access.forbids().then_some(403));
        problems.extend((access == Access::Owner).then_some(404));
        Operation {
            route_key,
            summary,
            access,
            details: Vec::new(),
            parameters: path_parameters(route_key),
            body: None,
            status: 204,
            answer: None,
            headers: Map::new(),
            problems,
            limited: false,
        }
    }

    /// A sentence more about it.
    #[must_use]
    pub fn says(mut self, detail: &'static str) -> Self {
        self.details.push(detail);
        self
    }

    /// With an optional query parameter of type `T`.
    #[must_use]
    pub fn query<T: JsonSchema>(self, name: &str, description: &str) -> Self {
        let schema = settings().for_deserialize().into_generator();
        let mut schema = schema.into_root_schema_for::<T>();
        schema.remove("title");
        self.parameter("query", name, description, false, schema.to_value())
    }

    /// A list that comes in pages, of as many entries as [`Request::limit`](crate::http::Request::limit) says.
    #[must_use]
    pub fn paged(self) -> Self {
        let limit =
            json!({ "type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": PAGE });
        self.parameter(
            "query",
            "limit",
            "How many entries a page has at most.",
            false,
            limit,
        )
        .query::<String>(
            "nextToken",
            "The `nextToken` of the page before; without it the list begins.",
        )
    }

    /// A request with the same `Idempotency-Key` is the same request.
    #[must_use]
    pub fn idempotent(self) -> Self {
        let schema =
            json!({ "type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$" });
        let description = "Makes a repeated request the same request, for instance a UUID.";
        self.parameter("header", "Idempotency-Key", description, false, schema)
            .problems(&[422])
    }

    /// A change of the version that `If-Match` names; `required` when it has to.
    #[must_use]
    pub fn versioned(self, required: bool) -> Self {
        let description = "The `ETag` of what is changed, as it was read.";
        let schema = json!({ "type": "string" });
        let operation = self.parameter("header", "If-Match", description, required, schema);
        operation.problems(if required { &[412, 428] } else { &[412] })
    }

    /// With a JSON body. `required` are fields whose lack is told as one of several violations, so
    /// that the type itself reads a body without them.
    #[must_use]
    pub fn takes<T: JsonSchema>(mut self, required: &'static [&'static str]) -> Self {
        self.body = Some(Body::of::<T>(required));
        self.problems(&[400])
    }

    /// The same as [`Operation::takes`], under another name, where two routes read one type.
    #[must_use]
    pub fn takes_as<T: JsonSchema>(self, name: &str, required: &'static [&'static str]) -> Self {
        let mut operation = self.takes::<T>(required);
        if let Some(body) = &mut operation.body {
            name.clone_into(&mut body.name);
        }
        operation
    }

    /// Answers with a `T`.
    #[must_use]
    pub fn answers<T: JsonSchema + Serialize>(mut self, status: u16) -> Self {
        self.status = status;
        self.answer = Some(SchemaGenerator::subschema_for::<T>);
        self
    }

    /// The answer names its version, which a change refers to.
    #[must_use]
    pub fn with_etag(self) -> Self {
        self.with_header("ETag", "The version of this, for `If-Match`.")
    }

    /// The answer has a header.
    #[must_use]
    pub fn with_header(self, name: &str, description: &str) -> Self {
        self.header(name, description, true)
    }

    /// The answer may have a header.
    #[must_use]
    pub fn perhaps_with_header(self, name: &str, description: &str) -> Self {
        self.header(name, description, false)
    }

    fn header(mut self, name: &str, description: &str, required: bool) -> Self {
        self.headers.insert(
            name.to_owned(),
            json!({
                "description": description, "required": required, "schema": { "type": "string" },
            }),
        );
        self
    }

    /// What else may be answered; `response.rs` has those that there are.
    #[must_use]
    pub fn problems(mut self, statuses: &[u16]) -> Self {
        self.problems.extend(statuses);
        self
    }

    /// The stage takes fewer requests of this route than of others (stack `stage`).
    #[must_use]
    pub fn limited(mut self) -> Self {
        self.limited = true;
        self
    }

    fn parameter(
        mut self,
        place: &str,
        name: &str,
        description: &str,
        required: bool,
        schema: Value,
    ) -> Self {
        self.parameters.push(json!({
            "name": name, "in": place, "description": description, "required": required,
            "schema": schema,
        }));
        self.problems(&[400])
    }

    pub(super) fn document(
        &self,
        stack: &str,
        generator: &mut SchemaGenerator,
        schemas: &mut Map<String, Value>,
    ) -> Value {
        let mut document = json!({
            "operationId": operation_id(self.route_key),
            "tags": [stack],
            "summary": self.summary,
        });
        if !self.details.is_empty() {
            document["description"] = self.details.join(" ").into();
        }
        if self.limited {
            document["x-limited"] = true.into();
        }
        document["security"] = self.access.requirements();
        if !self.parameters.is_empty() {
            document["parameters"] = json!(self.parameters);
        }
        if let Some(body) = &self.body {
            let schema = body.reference(schemas);
            let content = json!({ "application/json": { "schema": schema } });
            document["requestBody"] = json!({ "required": true, "content": content });
        }
        let mut success = json!({ "description": if self.answer.is_some() { "Done." } else { "Done; there is nothing to say." } });
        if !self.headers.is_empty() {
            success["headers"] = json!(self.headers);
        }
        if let Some(answer) = self.answer {
            success["content"] = json!({ "application/json": { "schema": answer(generator) } });
        }
        let mut responses = Map::from_iter([(self.status.to_string(), success)]);
        for status in &self.problems {
            let reference = format!("#/components/responses/{}", kind(*status).0);
            responses.insert(status.to_string(), json!({ "$ref": reference }));
        }
        document["responses"] = responses.into();
        document
    }
}

/// The parts of a route's key, the method as a document has it.
pub(super) fn method_and_path(route_key: &str) -> (String, String) {
    let (method, path) = route_key.split_once(' ').unwrap_or(("GET", route_key));
    (method.to_lowercase(), path.to_owned())
}

fn path_parameters(route_key: &str) -> Vec<Value> {
    let names = route_key.split('/').filter_map(|part| {
        let name = part.strip_prefix('{')?;
        name.strip_suffix('}')
    });
    let schema = |name: &str| match name.ends_with("Id") {
        true => Id::json_schema(&mut settings().into_generator()).to_value(),
        false => json!({ "type": "string" }),
    };
    names
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": schema(name) }))
        .collect()
}

/// `GET /api/orders/{orderId}` is `get-orders-orderId`.
fn operation_id(route_key: &str) -> String {
    let (method, path) = method_and_path(route_key);
    let path = path.trim_start_matches("/api").replace(['{', '}'], "");
    format!("{method}{}", path.replace('/', "-"))
}
