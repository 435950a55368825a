//! The JSON Schema of the project file, for editors. It is drawn from the same keys and
//! rules that the file is read with.

use serde_json::{Value as Json, json};

use super::file::ProjectFile;
use super::shape::{Definitions, describe_object};

/// The JSON Schema (draft 2020-12) of `shopctl.yaml`.
pub fn schema() -> Json {
    let mut definitions = Definitions::default();
    let mut file = describe_object::<ProjectFile>(&mut definitions);
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
    });
    if let (Some(schema), Some(file)) = (schema.as_object_mut(), file.as_object_mut()) {
        schema.append(file);
        schema.insert("$defs".to_owned(), Json::Object(definitions.0));
    }
    schema
}
