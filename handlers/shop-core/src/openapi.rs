//! OpenAPI 3.1 documents of the services' routes, made of the types that requests are read into and
//! answers are written from (features U177 and U021).
//!
//! The documents are `frontend/public/openapi/<stack>.json`: the site serves them, and shows them at
//! `/api-docs`; below the site's folder, because the tool builds the site anew when something there
//! changes. Each service says in a test what its routes are for, and [`Service::assert_documented`]
//! holds that against the code, the template and the document (`INSTA_UPDATE=always` writes it).
//!
//! Who may use a route stands in its security requirements, as roles. The end-to-end test asks every
//! route of every document as every role.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::id::Id;
use crate::problem::Problem;
use crate::testing::routes;

/// The security scheme of people: their ID token.
const LOGIN: &str = "login";
/// The security scheme of services: a signature.
const SIGNED: &str = "signed";
/// Where the schemas stand in a document.
const SCHEMAS: &str = "#/components/schemas";

/// Who may use a route. Administrators may do whatever a group may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody, without a token.
    Everybody,
    /// Everybody with an account, about himself.
    Account,
    /// Whose it is. Somebody else's does not exist.
    Owner,
    /// Whose it is, and administrators.
    OwnerOrAdmin,
    /// Who packs.
    Warehouse,
    /// Who delivers.
    Delivery,
    /// Who runs the shop.
    Admin,
}

impl Access {
    /// The roles of which one is needed; none when an account is enough, `None` when not even that.
    fn roles(self) -> Option<&'static [&'static str]> {
        match self {
            Access::Everybody => None,
            Access::Account => Some(&[]),
            Access::Owner => Some(&["owner"]),
            Access::OwnerOrAdmin => Some(&["owner", "admin"]),
            Access::Warehouse => Some(&["warehouse", "admin"]),
            Access::Delivery => Some(&["delivery", "admin"]),
            Access::Admin => Some(&["admin"]),
        }
    }

    /// As security requirements: any one of them is enough, and each names the role that it wants
    /// (OpenAPI 3.1.1, "Security Requirement Object").
    fn requirements(self) -> Value {
        match self.roles() {
            None => json!([]),
            Some([]) => json!([{ LOGIN: [] }]),
            Some(roles) => roles.iter().map(|role| json!({ LOGIN: [role] })).collect(),
        }
    }

    /// Whether there is somebody who is logged in and told that this is not for him.
    fn forbids(self) -> bool {
        !matches!(self, Access::Everybody | Access::Account | Access::Owner)
    }
}

/// What is sent along with a request.
#[derive(Debug, Clone)]
struct Body {
    name: String,
    required: &'static [&'static str],
    schema: fn() -> Schema,
}

impl Body {
    fn of<T: JsonSchema>(required: &'static [&'static str]) -> Self {
        Body {
            name: T::schema_name().into_owned(),
            required,
            schema: || {
                let inlined = |settings: &mut SchemaSettings| settings.inline_subschemas = true;
                let settings = settings().for_deserialize().with(inlined);
                settings.into_generator().into_root_schema_for::<T>()
            },
        }
    }

    /// Puts the schema among the others, and answers with a reference to it.
    ///
    /// Its parts are inlined: a type reads more than it writes, so that its two schemas may differ.
    fn reference(&self, schemas: &mut Map<String, Value>) -> Value {
        let mut schema = (self.schema)();
        if !self.required.is_empty() {
            schema.insert("required".to_owned(), json!(self.required));
        }
        let before = schemas.insert(self.name.clone(), schema.to_value());
        assert!(
            before.is_none_or(|before| before == schemas[&self.name]),
            "{} is the name of two schemas",
            self.name
        );
        json!({ "$ref": format!("{SCHEMAS}/{}", self.name) })
    }
}

/// A route with what it takes and answers.
#[derive(Debug, Clone)]
pub struct Operation {
    route_key: &'static str,
    summary: &'static str,
    access: Access,
    details: Vec<&'static str>,
    parameters: Vec<Value>,
    body: Option<Body>,
    status: u16,
    answer: Option<fn(&mut SchemaGenerator) -> Schema>,
    headers: Map<String, Value>,
    problems: BTreeSet<u16>,
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

    /// A list that comes in pages: `most` entries at most, `usual` unless the client says otherwise.
    #[must_use]
    pub fn paged(self, usual: u16, most: u16) -> Self {
        let limit = json!({ "type": "integer", "minimum": 1, "maximum": most, "default": usual });
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

    /// What else may be answered; see [`kind`] for those that there are.
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

    fn document(
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

/// A function that other services call directly: no route leads to it, and the permission to invoke
/// it is the authentication (feature U191).
#[derive(Debug, Clone)]
pub struct Call {
    function: &'static str,
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
    fn document(
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

/// A service with what it can be asked.
#[derive(Debug, Clone)]
pub struct Service {
    /// The stack with its routes.
    pub stack: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// What it is about.
    pub description: &'static str,
    /// Its routes.
    pub operations: Vec<Operation>,
    /// Its functions for other services.
    pub calls: Vec<Call>,
}

impl Service {
    /// The OpenAPI 3.1 document.
    pub fn document(&self) -> Value {
        let mut generator = settings().for_serialize().into_generator();
        let mut schemas = Map::new();
        let mut paths = Map::new();
        let mut problems = BTreeSet::new();
        for operation in &self.operations {
            let (method, path) = method_and_path(operation.route_key);
            let item = paths.entry(path).or_insert_with(|| json!({}));
            item[method] = operation.document(self.stack, &mut generator, &mut schemas);
            problems.extend(&operation.problems);
        }
        for call in &self.calls {
            let path = format!("/2015-03-31/functions/{}/invocations", call.function);
            let item = call.document(self.stack, &mut generator, &mut schemas);
            paths.insert(path, item);
        }
        let responses: Map<_, _> = problems
            .into_iter()
            .map(|status| (kind(status).0.to_owned(), response(status, &mut generator)))
            .collect();
        for (name, schema) in generator.take_definitions(true) {
            let before = schemas.insert(name.clone(), schema);
            assert!(before.is_none(), "{name} is the name of two schemas");
        }
        schemas.sort_keys();
        let mut schemes = json!({ LOGIN: {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "The ID token of the shop's Cognito user pool. Its groups are the roles; \
                `owner` is whoever the thing belongs to.",
        }});
        if !self.calls.is_empty() {
            schemes[SIGNED] = json!({
                "type": "apiKey", "in": "header", "name": "Authorization",
                "description": "AWS Signature Version 4, by a role that may invoke the function.",
            });
        }
        json!({
            "openapi": "3.1.0",
            "info": { "title": self.title, "description": self.description, "version": "1.0.0" },
            "servers": [{ "url": "/", "description": "The shop's site, which has the API on its own origin." }],
            "tags": [{ "name": self.stack, "description": self.description }],
            "paths": paths,
            "components": {
                "securitySchemes": schemes, "responses": responses, "schemas": schemas,
            },
        })
    }

    /// Fails the test unless these are the routes that the service answers and that its template has,
    /// open or not as said here, and the document is what all this makes of it.
    #[track_caller]
    pub fn assert_documented(&self, answered: &[&str]) {
        let template = read(&root().join(format!("stacks/{}/template.yaml", self.stack)));
        let documented: BTreeMap<_, _> = self
            .operations
            .iter()
            .map(|it| (it.route_key, it.access != Access::Everybody))
            .collect();
        assert_eq!(
            documented.len(),
            self.operations.len(),
            "a route is there twice"
        );
        assert_eq!(
            documented,
            routes(&template),
            "documented routes and those of the template, and whether they ask for a token"
        );
        let answered: BTreeSet<_> = answered.iter().copied().collect();
        let documented: BTreeSet<_> = documented.into_keys().collect();
        assert_eq!(documented, answered, "documented and answered routes");

        let made = format!("{:#}\n", self.document());
        let path = folder().join(format!("{}.json", self.stack));
        if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
            let written = fs::create_dir_all(folder()).and_then(|()| fs::write(&path, &made));
            assert!(written.is_ok(), "{}: {written:?}", path.display());
        }
        assert!(
            read(&path) == made,
            "{}: INSTA_UPDATE=always writes it",
            path.display()
        );
    }
}

fn settings() -> SchemaSettings {
    SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    })
}

/// What an error of this status is called, and what it means to a client.
fn kind(status: u16) -> (&'static str, &'static str) {
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

fn response(status: u16, generator: &mut SchemaGenerator) -> Value {
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

fn method_and_path(route_key: &str) -> (String, String) {
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

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Where the documents are.
fn folder() -> PathBuf {
    root().join("frontend/public/openapi")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

#[cfg(test)]
#[path = "openapi_tests.rs"]
mod tests;
