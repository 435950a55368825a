//! What a document says, whatever it is written like.

use serde_json::{Map, Value as Json, json};

use super::{Node, Value};

/// Content without places, style, and order of keys; functions in their long form.
pub fn canonical(node: &Node) -> Json {
    let value = match &node.value {
        Value::Scalar(scalar) => json!(scalar.text),
        Value::Sequence(items) => items.iter().map(canonical).collect(),
        Value::Mapping(entries) => {
            let mut map: Map<String, Json> = entries
                .iter()
                .map(|(key, value)| {
                    (
                        key.as_str().unwrap_or_default().to_owned(),
                        canonical(value),
                    )
                })
                .collect();
            map.sort_keys();
            Json::Object(map)
        }
    };
    match node.tag.as_deref().map(|tag| tag.trim_start_matches('!')) {
        Some("GetAtt") => match value.as_str().and_then(|text| text.split_once('.')) {
            Some((resource, attribute)) => json!({ "Fn::GetAtt": [resource, attribute] }),
            None => json!({ "Fn::GetAtt": value }),
        },
        Some(name @ ("Ref" | "Condition")) => json!({ name: value }),
        Some(name) => json!({ format!("Fn::{name}"): value }),
        None => value,
    }
}
