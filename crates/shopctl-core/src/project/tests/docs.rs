//! The reference of the project file is complete.

use serde_json::Value as Json;

use super::super::{Project, schema};

const REFERENCE: &str = include_str!("../../../../../docs/project-file.md");

#[test]
fn every_key_is_named_in_the_reference() {
    let schema = schema();
    let definitions = schema["$defs"].as_object().unwrap().values();
    let objects = std::iter::once(&schema).chain(definitions);
    let keys = objects
        .filter_map(|object| object.get("properties").and_then(Json::as_object))
        .flat_map(|properties| properties.keys());
    for key in keys {
        assert!(
            REFERENCE.contains(&format!("`{key}`")),
            "docs/project-file.md does not name `{key}`"
        );
    }
}

#[test]
fn every_example_of_a_whole_file_is_right() {
    let mut seen = 0;
    for block in REFERENCE.split("```yaml\n").skip(1) {
        let example = block.split("```").next().unwrap();
        if example.starts_with("version:") {
            seen += 1;
            if let Err(findings) = Project::parse("example", example) {
                panic!("{findings}");
            }
        }
    }
    assert!(seen > 0);
}
