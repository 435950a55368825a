//! The section `Constants`: texts and objects of one file, put in place of
//! `${Const::name}` in `Sub` and of `!Ref Const::name` before anything else is read.
//!
//! A text constant is the text of a `Sub`: unlike in the AWS CLI, `!Ref` to a text with
//! variables yields a `Sub`, not the text with its variables unread.

use indexmap::IndexMap;

use super::sub_text::{self, Part};
use crate::diagnostic::{Diagnostic, Location, did_you_mean};
use crate::template::function::{call, make, rebuild};
use crate::yaml::{Node, Value};

const PREFIX: &str = "Const::";

/// Takes the section out of `document` and puts its values in place.
pub(super) fn apply(document: &mut Node, diagnostics: &mut Vec<Diagnostic>) {
    let Some(section) = take(document, "Constants") else {
        return;
    };
    let Some(entries) = section.entries() else {
        diagnostics.push(Diagnostic::error(
            &section.location,
            format!("'Constants' is a mapping, not {}", section.describe()),
        ));
        return;
    };
    let mut constants = Constants {
        known: IndexMap::new(),
        diagnostics,
    };
    for (key, value) in entries {
        // A constant may use those before it.
        let value = match value.as_str() {
            Some(text) => Node::string(constants.text(text, &value.location), &value.location),
            None => constants.replace(value),
        };
        if let Some(name) = key.as_str() {
            constants.known.insert(name.to_owned(), value);
        }
    }
    *document = constants.replace(document);
}

/// Removes a section and returns it.
pub(super) fn take(document: &mut Node, section: &str) -> Option<Node> {
    let Value::Mapping(entries) = &mut document.value else {
        return None;
    };
    let index = entries
        .iter()
        .position(|(key, _)| key.as_str() == Some(section))?;
    Some(entries.remove(index).1)
}

struct Constants<'a> {
    known: IndexMap<String, Node>,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Constants<'_> {
    fn replace(&mut self, node: &Node) -> Node {
        if let Some(call) = call(node) {
            if call.name == "Ref"
                && let Some(name) = call.argument.as_str().and_then(|n| n.strip_prefix(PREFIX))
            {
                return self.value(name, node);
            }
            if call.name == "Fn::Sub" {
                return self.sub(node, &call.argument);
            }
            let argument = self.replace(&call.argument);
            return rebuild(node, &call.name, argument);
        }
        let value = match &node.value {
            Value::Scalar(_) => return node.clone(),
            Value::Sequence(items) => {
                Value::Sequence(items.iter().map(|item| self.replace(item)).collect())
            }
            Value::Mapping(entries) => Value::Mapping(
                entries
                    .iter()
                    .map(|(key, value)| (key.clone(), self.replace(value)))
                    .collect(),
            ),
        };
        Node {
            value,
            ..node.clone()
        }
    }

    /// The value that stands in place of `!Ref Const::name`.
    fn value(&mut self, name: &str, node: &Node) -> Node {
        let Some(value) = self.known.get(name).cloned() else {
            self.unknown(name, &node.location);
            return node.clone();
        };
        match value.as_str() {
            Some(text) => from_text(text, &node.location),
            None => value,
        }
    }

    fn sub(&mut self, node: &Node, argument: &Node) -> Node {
        if let Some(text) = argument.as_str() {
            let replaced = self.text(text, &argument.location);
            if replaced == text {
                return node.clone();
            }
            return from_text(&replaced, &node.location);
        }
        let Some([text, variables]) = argument.items() else {
            return node.clone();
        };
        let mut items = vec![text.clone(), self.replace(variables)];
        if let Some(old) = text.as_str() {
            items[0] = Node::string(self.text(old, &text.location), &text.location);
        }
        let argument = Node {
            value: Value::Sequence(items),
            ..argument.clone()
        };
        rebuild(node, "Fn::Sub", argument)
    }

    /// `text` with the constants put in; they are texts of a `Sub` themselves.
    fn text(&mut self, text: &str, location: &Location) -> String {
        if !text.contains(PREFIX) {
            return text.to_owned();
        }
        let mut out = String::new();
        for part in sub_text::split(text) {
            let name = match &part {
                Part::Variable(variable) => variable.strip_prefix(PREFIX),
                _ => None,
            };
            let Some(name) = name else {
                out.push_str(&sub_text::join(&[part]));
                continue;
            };
            match self.known.get(name).map(|value| (value.as_str(), value)) {
                Some((Some(text), _)) => out.push_str(text),
                Some((None, value)) => {
                    let what = value.describe();
                    self.diagnostics.push(Diagnostic::error(
                        location,
                        format!("the constant '{name}' is {what} and cannot be put in a text"),
                    ));
                }
                None => self.unknown(name, location),
            }
        }
        out
    }

    fn unknown(&mut self, name: &str, location: &Location) {
        let mut diagnostic = Diagnostic::error(location, format!("unknown constant '{name}'"));
        diagnostic.hint = did_you_mean(name, self.known.keys().map(String::as_str));
        self.diagnostics.push(diagnostic);
    }
}

fn from_text(text: &str, location: &Location) -> Node {
    let parts = sub_text::split(text);
    if sub_text::has_variables(&parts) {
        make("Fn::Sub", Node::string(text, location), location)
    } else {
        Node::string(sub_text::plain(&parts), location)
    }
}
