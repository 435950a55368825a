//! A resource of a rendered template, and careful looks at its values.

use crate::template::function::{argument_of, attribute_path, call};
use crate::yaml::Node;

/// A resource.
pub(super) struct Resource<'a> {
    pub(super) id: &'a str,
    pub(super) kind: &'a str,
    /// Its logical ID, as place.
    pub(super) key: &'a Node,
    pub(super) node: &'a Node,
}

/// All resources whose type is known; those in loops have none yet.
pub(super) fn resources(document: &Node) -> Vec<Resource<'_>> {
    let mut resources = Vec::new();
    let entries = document.get("Resources").and_then(Node::entries);
    for (key, node) in entries.unwrap_or(&[]) {
        if let (Some(id), Some(kind)) = (text(key), node.get("Type").and_then(text)) {
            resources.push(Resource {
                id,
                kind,
                key,
                node,
            });
        }
    }
    resources
}

impl<'a> Resource<'a> {
    /// The value of a property by its path below `Properties`, with dots.
    pub(super) fn property(&self, path: &str) -> Option<&'a Node> {
        let mut at = self.node.get("Properties")?;
        for name in path.split('.') {
            at = at.get(name)?;
        }
        Some(at)
    }

    /// Whether a property, or something around it, is computed: nothing is known of it then.
    pub(super) fn is_computed(&self, path: &str) -> bool {
        let mut at = self.node.get("Properties");
        for name in path.split('.') {
            match at {
                Some(node) if call(node).is_some() => return true,
                Some(node) => at = node.get(name),
                None => return false,
            }
        }
        at.is_some_and(|node| call(node).is_some())
    }

    /// A property that is written out as a number.
    pub(super) fn number(&self, path: &str) -> Option<u64> {
        text(self.property(path)?)?.parse().ok()
    }

    /// Whether a property is written out as `true`.
    pub(super) fn is_true(&self, path: &str) -> bool {
        self.property(path).is_some_and(|node| is(node, "true"))
    }
}

/// The text of a scalar that is written out.
pub(super) fn text(node: &Node) -> Option<&str> {
    node.as_str()
}

/// Whether a scalar says `word`, whatever its case.
pub(super) fn is(node: &Node, word: &str) -> bool {
    text(node).is_some_and(|text| text.eq_ignore_ascii_case(word))
}

/// What a value can be: itself, or the branches of an `If`.
pub(super) fn alternatives(node: &Node) -> Vec<Node> {
    let branches = argument_of(node, "Fn::If");
    match branches.as_deref().and_then(Node::items) {
        Some([_, yes, no]) => [alternatives(yes), alternatives(no)].concat(),
        _ => vec![node.clone()],
    }
}

/// The items of a list, or the value alone, each with its alternatives.
pub(super) fn one_or_more(node: &Node) -> Vec<Node> {
    let nodes = alternatives(node);
    let each = |node: &Node| match node.items() {
        Some(items) if node.tag.is_none() => items.iter().flat_map(alternatives).collect(),
        _ => vec![node.clone()],
    };
    nodes.iter().flat_map(each).collect()
}

/// The resource whose attribute or reference a value is: `!GetAtt Queue.Arn`, `!Ref Queue`.
pub(super) fn refers_to(node: &Node) -> Option<String> {
    if let Some(argument) = argument_of(node, "Fn::GetAtt") {
        let path = attribute_path(&argument)?;
        return path.split('.').next().map(str::to_owned);
    }
    argument_of(node, "Ref")?.as_str().map(str::to_owned)
}
