//! What a request has as its body.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

/// Where the schemas stand in a document.
const SCHEMAS: &str = "#/components/schemas";

/// What is sent along with a request.
#[derive(Debug, Clone)]
pub(super) struct Body {
    pub(super) name: String,
    required: &'static [&'static str],
    schema: fn() -> Schema,
}

impl Body {
    pub(super) fn of<T: JsonSchema>(required: &'static [&'static str]) -> Self {
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
    pub(super) fn reference(&self, schemas: &mut Map<String, Value>) -> Value {
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

/// How the types of this shop become schemas.
pub(super) fn settings() -> SchemaSettings {
    SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    })
}
