//! The resources of a document that is being changed, those within loops too.

use crate::yaml::{Node, Value};

/// Visits each resource of a `Resources` section by its logical ID. `Fn::ForEach` makes resources
/// of a pattern, which is visited once, with the names still open.
pub(super) fn visit(section: &mut Node, visitor: &mut dyn FnMut(&str, &mut Node)) {
    let Value::Mapping(entries) = &mut section.value else {
        return;
    };
    for (key, resource) in entries {
        let id = key.as_str().unwrap_or_default();
        if !id.starts_with("Fn::ForEach::") {
            visitor(id, resource);
        } else if let Value::Sequence(parts) = &mut resource.value
            && let [_, _, pattern] = parts.as_mut_slice()
        {
            visit(pattern, visitor);
        }
    }
}
