//! A service's document, and whether code, template and document say the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::access::{Access, LOGIN, SIGNED};
use super::body::settings;
use super::call::Call;
use super::operation::{Operation, method_and_path};
use super::response::{kind, response};
use crate::testing::routes;

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

/// The repository's folder.
pub(super) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Where the documents are.
pub(super) fn folder() -> PathBuf {
    root().join("frontend/public/openapi")
}

/// The text of a file; none of one that is not there.
pub(super) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
