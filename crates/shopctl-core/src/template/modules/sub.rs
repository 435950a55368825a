//! `Fn::Sub`: variables that are known are put in, names are put right, and a text that
//! has none left is a plain text.

use std::collections::HashSet;

use super::lookup::Use;
use super::scope::{Expander, ROOT, ScopeId};
use super::sub_text::{self, Part};
use crate::diagnostic::Location;
use crate::template::function::{attribute_path, call, rebuild, same, scalar_text};
use crate::yaml::{Node, Value};

/// The text of a `Sub` while its variables are put in.
struct Text {
    parts: Vec<Part>,
    /// Variables with a value that only a list of variables can hold.
    variables: Vec<(Node, Node)>,
    taken: HashSet<String>,
}

impl Expander<'_> {
    pub(super) fn resolve_sub(&mut self, scope: ScopeId, node: &Node, argument: &Node) -> Node {
        let (text_node, own) = match argument.items() {
            Some([text, variables]) => (text, variables.entries().unwrap_or(&[]).to_vec()),
            Some(_) => return node.clone(),
            None => (argument, Vec::new()),
        };
        let Some(old) = text_node.as_str() else {
            return node.clone();
        };
        let parts = sub_text::split(old);
        let mut text = Text {
            taken: parts.iter().filter_map(variable).collect(),
            parts: Vec::new(),
            variables: Vec::new(),
        };
        let mut changed = false;
        for part in parts {
            let Part::Variable(name) = &part else {
                text.parts.push(part);
                continue;
            };
            let given = own.iter().find(|(key, _)| key.as_str() == Some(name));
            let value = match given {
                Some((_, value)) => {
                    let resolved = self.resolve(scope, value);
                    // Left alone when nothing is known of it, and never looked up outside.
                    if scope == ROOT && resolved.as_ref().is_some_and(|r| same(r, value)) {
                        text.keep(name, value);
                        continue;
                    }
                    resolved
                }
                None => {
                    let usage = if name.contains('.') || name.contains("[*]") {
                        Use::Attribute
                    } else {
                        Use::Ref
                    };
                    self.find(scope, name, usage, &text_node.location)
                }
            };
            match value {
                Some(value) => {
                    changed = true;
                    self.put(&mut text, name, value, &node.location);
                }
                None => text.parts.push(part),
            }
        }
        if !changed && (scope == ROOT || sub_text::has_variables(&text.parts)) {
            return node.clone();
        }
        text.into_node(node, &text_node.location)
    }

    /// Puts a value in place of the variable `name`.
    fn put(&mut self, text: &mut Text, name: &str, value: Node, location: &Location) {
        if let Some(scalar) = scalar_text(&value) {
            text.parts.push(Part::Value(scalar));
            return;
        }
        let Some(call) = call(&value) else {
            let what = value.describe();
            self.error(
                location,
                format!("'{name}' is {what} and cannot be put in a text"),
            );
            return;
        };
        let path = match &*call.name {
            "Ref" => call.argument.as_str().map(str::to_owned),
            "Fn::GetAtt" => attribute_path(&call.argument),
            "Fn::Sub" => {
                if let Some(inner) = call.argument.as_str() {
                    text.parts.extend(sub_text::split(inner));
                    return;
                }
                None
            }
            _ => None,
        };
        match path {
            Some(path) => text.parts.push(Part::Variable(path)),
            None => {
                let name = text.free_name(name);
                text.keep(&name, &value);
            }
        }
    }
}

impl Text {
    /// A variable with its value in the list of variables.
    fn keep(&mut self, name: &str, value: &Node) {
        self.parts.push(Part::Variable(name.to_owned()));
        let known = |(key, _): &(Node, Node)| key.as_str() == Some(name);
        if !self.variables.iter().any(known) {
            let key = Node::string(name, &value.location);
            self.variables.push((key, value.clone()));
        }
    }

    /// A name for a variable that means nothing else in this text.
    fn free_name(&mut self, name: &str) -> String {
        let base: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let mut candidate = base.clone();
        let mut number = 2;
        // The variable that is replaced may lend its name, once.
        while candidate != name && self.taken.contains(&candidate) {
            candidate = format!("{base}{number}");
            number += 1;
        }
        self.taken.insert(candidate.clone());
        candidate
    }

    fn into_node(self, node: &Node, location: &Location) -> Node {
        if !sub_text::has_variables(&self.parts) {
            return Node::string(sub_text::plain(&self.parts), &node.location);
        }
        let text = Node::string(sub_text::join(&self.parts), location);
        let argument = if self.variables.is_empty() {
            text
        } else {
            let variables = Node {
                tag: None,
                value: Value::Mapping(self.variables),
                location: location.clone(),
            };
            Node::sequence(vec![text, variables], location)
        };
        rebuild(node, "Fn::Sub", argument)
    }
}

fn variable(part: &Part) -> Option<String> {
    match part {
        Part::Variable(name) => Some(name.clone()),
        _ => None,
    }
}
