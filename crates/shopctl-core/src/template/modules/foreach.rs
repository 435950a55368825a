//! Loops: `ForEach` of an import or a resource, and `Fn::ForEach` around imports.
//!
//! A loop makes copies of its entry, named after it with a number from 0, as if the
//! author had written them out. What it runs over has to be known when rendering; a
//! `Ref` to a parameter of the template reads the value that the environment gives it,
//! else its default. `Map`, `$MapValue` and `$MapIndex` are older spellings of `ForEach`,
//! `$Identifier` and `$Index`.

use super::scope::{Copy, Expander, ScopeId};
use super::sub_text::{self, Part};
use crate::template::function::{argument_of, attribute_path, call, is_call, make, scalar_text};
use crate::yaml::{Node, Value};

/// The tag of a value that needs no more looking up.
pub(super) const FINAL: &str = "!shopctl::final";

/// Marks a value as needing no more looking up.
pub(super) fn finished(node: Node) -> Node {
    let location = node.location.clone();
    Node::sequence(vec![node], &location).tagged(FINAL)
}

/// An item of a loop.
struct Item {
    key: String,
    /// What `$Value` stands for, when it is more than the key.
    value: Option<Node>,
}

impl Expander<'_> {
    /// The copies that `ForEach` of an entry makes; `None` when it has none.
    pub(super) fn copies(&mut self, scope: ScopeId, name: &str, entry: &Node) -> Option<Vec<Copy>> {
        let collection = entry.get("ForEach").or_else(|| entry.get("Map"))?;
        let mut entry = entry.clone();
        if let Value::Mapping(entries) = &mut entry.value {
            entries.retain(|(key, _)| !matches!(key.as_str(), Some("ForEach" | "Map")));
        }
        let items = self.items(scope, name, collection);
        let copy = |(index, item): (usize, Item)| Copy {
            value: fill(&entry, &item, index),
            id: format!("{name}{index}"),
            key: item.key,
        };
        Some(items.into_iter().enumerate().map(copy).collect())
    }

    /// The copies that `Fn::ForEach::Name: [Identifier, Collection, {Key: Import}]` makes.
    pub(super) fn loop_copies(&mut self, scope: ScopeId, name: &str, entry: &Node) -> Vec<Copy> {
        let parts = match entry.items() {
            Some([identifier, collection, fragment]) => identifier
                .as_str()
                .zip(fragment.entries())
                .map(|(identifier, fragment)| (identifier, collection, fragment)),
            _ => None,
        };
        let Some((identifier, collection, fragment)) = parts else {
            self.error(
                &entry.location,
                format!("the loop '{name}' is a list of an identifier, a list and modules"),
            );
            return Vec::new();
        };
        let items = self.items(scope, name, collection);
        let mut copies = Vec::new();
        for (index, item) in items.iter().enumerate() {
            for (key, value) in fragment {
                let old = key.as_str().unwrap_or("");
                let new = fill_name(old, identifier, &item.key);
                copies.push(Copy {
                    id: if new == old {
                        format!("{old}{index}")
                    } else {
                        new
                    },
                    key: item.key.clone(),
                    value: fill_loop(value, identifier, &item.key),
                });
            }
        }
        copies
    }

    fn items(&mut self, scope: ScopeId, name: &str, collection: &Node) -> Vec<Item> {
        let known_here = argument_of(collection, "Ref").is_some()
            || argument_of(collection, "Fn::Flatten").is_some();
        let found = self.diagnostics.len();
        let before = std::mem::replace(&mut self.render_time, known_here);
        let resolved = self.resolve(scope, collection);
        self.render_time = before;
        if self.diagnostics.len() > found {
            return Vec::new();
        }
        let Some(resolved) = resolved else {
            return Vec::new();
        };
        if is_call(&resolved) {
            self.error(
                &collection.location,
                format!("what '{name}' loops over has to be known when the template is rendered"),
            );
            return Vec::new();
        }
        match &resolved.value {
            Value::Mapping(entries) => entries
                .iter()
                .filter_map(|(key, value)| {
                    Some(Item {
                        key: key.as_str()?.to_owned(),
                        value: Some(value.clone()),
                    })
                })
                .collect(),
            Value::Sequence(items) => items
                .iter()
                .filter_map(|item| self.item(name, item))
                .collect(),
            Value::Scalar(_) => {
                let text = scalar_text(&resolved).unwrap_or_default();
                split_list(&text)
                    .map(|key| Item {
                        key: key.to_owned(),
                        value: None,
                    })
                    .collect()
            }
        }
    }

    fn item(&mut self, name: &str, item: &Node) -> Option<Item> {
        if let Some(key) = scalar_text(item) {
            return Some(Item { key, value: None });
        }
        let Some(key) = item.get("Identifier").and_then(scalar_text) else {
            self.error(
                &item.location,
                format!("an item of the list that '{name}' loops over needs an 'Identifier'"),
            );
            return None;
        };
        Some(Item {
            key,
            value: Some(item.clone()),
        })
    }
}

/// The texts of a comma-delimited list.
pub(super) fn split_list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(move |_| !text.trim().is_empty())
}

/// `node` with the placeholders of an item filled in.
fn fill(node: &Node, item: &Item, index: usize) -> Node {
    if let Some(call) = call(node) {
        if call.name == "Fn::Sub" {
            return fill_sub(node, &call.argument, item, index);
        }
        if call.name == "Fn::GetAtt"
            && let Some(path) = attribute_path(&call.argument)
            && let Some(value) = path.strip_prefix("$Value.").and_then(|p| property(item, p))
        {
            return finished(value);
        }
    }
    let value = match &node.value {
        Value::Scalar(scalar) => {
            if scalar.text == "$Value"
                && let Some(value) = &item.value
            {
                return finished(value.clone());
            }
            if let Some(path) = scalar.text.strip_prefix("$Value.")
                && let Some(value) = property(item, path)
            {
                return finished(value);
            }
            let text = fill_text(&scalar.text, item, index);
            if text == scalar.text {
                return node.clone();
            }
            return Node {
                tag: node.tag.clone(),
                ..Node::string(text, &node.location)
            };
        }
        Value::Sequence(items) => {
            Value::Sequence(items.iter().map(|node| fill(node, item, index)).collect())
        }
        Value::Mapping(entries) => Value::Mapping(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), fill(value, item, index)))
                .collect(),
        ),
    };
    Node {
        value,
        ..node.clone()
    }
}

/// `Sub` knows `${Identifier}` and `${Value.Name}` besides the placeholders.
fn fill_sub(node: &Node, argument: &Node, item: &Item, index: usize) -> Node {
    let (text_node, mut variables) = match argument.items() {
        Some([text, variables]) => (
            text,
            fill(variables, item, index)
                .entries()
                .unwrap_or(&[])
                .to_vec(),
        ),
        _ => (argument, Vec::new()),
    };
    let Some(old) = text_node.as_str() else {
        return node.clone();
    };
    let location = &text_node.location;
    let mut parts = sub_text::split(&fill_text(old, item, index));
    for part in &mut parts {
        let Part::Variable(name) = part else { continue };
        if name == "Identifier" {
            *part = Part::Value(item.key.clone());
        } else if let Some(value) = name.strip_prefix("Value.").and_then(|p| property(item, p)) {
            match scalar_text(&value) {
                Some(text) => *part = Part::Value(text),
                None => {
                    let variable: String =
                        name.chars().filter(char::is_ascii_alphanumeric).collect();
                    variables.push((Node::string(&variable, location), finished(value)));
                    *part = Part::Variable(variable);
                }
            }
        }
    }
    if !sub_text::has_variables(&parts) {
        return Node::string(sub_text::plain(&parts), &node.location);
    }
    let text = Node::string(sub_text::join(&parts), location);
    let argument = if variables.is_empty() {
        text
    } else {
        Node::sequence(vec![text, Node::mapping(variables, location)], location)
    };
    make("Fn::Sub", argument, &node.location)
}

fn fill_text(text: &str, item: &Item, index: usize) -> String {
    if !text.contains('$') {
        return text.to_owned();
    }
    let index = index.to_string();
    text.replace("$Identifier", &item.key)
        .replace("$MapValue", &item.key)
        .replace("$Index", &index)
        .replace("$MapIndex", &index)
}

/// The property of an item's value at a dotted path.
fn property(item: &Item, path: &str) -> Option<Node> {
    path.split('.')
        .try_fold(item.value.as_ref()?, |node, name| node.get(name))
        .cloned()
}

/// `node` with the identifier of a `Fn::ForEach` filled in, keys included.
fn fill_loop(node: &Node, identifier: &str, key: &str) -> Node {
    let value = match &node.value {
        Value::Scalar(scalar) => {
            let text = fill_name(&scalar.text, identifier, key);
            if text == scalar.text {
                return node.clone();
            }
            let is_sub = node.tag.as_deref() == Some("!Sub");
            let tag = node
                .tag
                .clone()
                .filter(|_| !is_sub || sub_text::has_variables(&sub_text::split(&text)));
            return Node {
                tag,
                ..Node::string(text, &node.location)
            };
        }
        Value::Sequence(items) => Value::Sequence(
            items
                .iter()
                .map(|item| fill_loop(item, identifier, key))
                .collect(),
        ),
        Value::Mapping(entries) => Value::Mapping(
            entries
                .iter()
                .map(|(name, value)| {
                    (
                        fill_loop(name, identifier, key),
                        fill_loop(value, identifier, key),
                    )
                })
                .collect(),
        ),
    };
    Node {
        value,
        ..node.clone()
    }
}

fn fill_name(text: &str, identifier: &str, key: &str) -> String {
    text.replace(&format!("${{{identifier}}}"), key)
        .replace(&format!("&{{{identifier}}}"), key)
}
