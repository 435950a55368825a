//! `Fn::ForEach` written out, so that the other checks see what a loop makes. The
//! rendered template keeps its loops; CloudFormation writes them out by itself.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html>

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::expression::{Expected, Expression, Function, LOOP_PREFIX};
use super::findings::Findings;
use crate::diagnostic::Location;
use crate::yaml::{Node, ScalarStyle, Value};

/// Sections that may hold loops.
const SECTIONS: &[&str] = &["Conditions", "Resources", "Outputs"];

/// How many nodes the loops of a document may make.
const MAX_NODES: usize = 200_000;

/// A document without loops.
pub(super) struct WrittenOut<'a> {
    pub(super) document: Cow<'a, Node>,
    /// A loop's values are known only at the deployment, so what it makes is missing.
    pub(super) incomplete: bool,
}

/// Writes out the loops of a document, which are allowed if it uses the language
/// extensions.
pub(super) fn write_out<'a>(
    document: &'a Node,
    extensions: bool,
    findings: &mut Findings,
) -> WrittenOut<'a> {
    let sections: Vec<&str> = SECTIONS
        .iter()
        .copied()
        .filter(|name| document.get(name).is_some_and(has_loop))
        .collect();
    if sections.is_empty() {
        return WrittenOut {
            document: Cow::Borrowed(document),
            incomplete: false,
        };
    }
    let mut writer = Writer {
        parameters: document.get("Parameters"),
        extensions,
        names: HashMap::new(),
        nodes: 0,
        incomplete: false,
        findings,
    };
    let mut document = document.clone();
    for name in sections {
        if let Some(section) = document.get(name) {
            let section = writer.node(section);
            document.set(name, section);
        }
    }
    WrittenOut {
        document: Cow::Owned(document),
        incomplete: writer.incomplete,
    }
}

fn is_loop(key: &Node) -> bool {
    key.as_str().is_some_and(|key| key.starts_with(LOOP_PREFIX))
}

fn has_loop(node: &Node) -> bool {
    match &node.value {
        Value::Scalar(_) => false,
        Value::Sequence(items) => items.iter().any(has_loop),
        Value::Mapping(entries) => entries
            .iter()
            .any(|(key, value)| is_loop(key) || has_loop(value)),
    }
}

struct Writer<'f> {
    parameters: Option<&'f Node>,
    extensions: bool,
    /// Names of loops; copies of an inner loop share name and place.
    names: HashMap<String, Location>,
    nodes: usize,
    incomplete: bool,
    findings: &'f mut Findings,
}

impl Writer<'_> {
    fn node(&mut self, node: &Node) -> Node {
        let value = match &node.value {
            Value::Scalar(_) => return node.clone(),
            Value::Sequence(items) => {
                Value::Sequence(items.iter().map(|item| self.node(item)).collect())
            }
            Value::Mapping(entries) => {
                let mut out = Entries::default();
                for (key, value) in entries {
                    if is_loop(key) {
                        self.write_loop(key, value, &mut out);
                    } else {
                        let value = self.node(value);
                        self.add(&mut out, key.clone(), value);
                    }
                }
                Value::Mapping(out.entries)
            }
        };
        Node {
            tag: node.tag.clone(),
            value,
            location: node.location.clone(),
        }
    }

    fn add(&mut self, out: &mut Entries, key: Node, value: Node) {
        let name = key.as_str().unwrap_or_default();
        if out.keys.insert(name.to_owned()) {
            out.entries.push((key, value));
        } else {
            let message = format!("the loop makes the key '{name}' a second time");
            self.findings.error(&key.location, message);
        }
    }

    fn write_loop(&mut self, key: &Node, node: &Node, out: &mut Entries) {
        if !self.extensions {
            let message = "Fn::ForEach needs 'Transform: AWS::LanguageExtensions'";
            self.findings.error(&key.location, message);
        }
        let Some(parts) = self.parts(key, node) else {
            self.incomplete = true;
            return;
        };
        let Parts {
            identifier, body, ..
        } = parts;
        let Some(values) = self.values(parts.collection) else {
            self.incomplete = true;
            return;
        };
        for value in values {
            for (key, content) in body {
                let key = substitute(key, identifier, &value);
                let content = substitute(content, identifier, &value);
                self.nodes = self.nodes.saturating_add(count(&content));
                if self.nodes > MAX_NODES {
                    let message = format!("the loops make more than {MAX_NODES} nodes");
                    self.findings.error(&key.location, message);
                    self.incomplete = true;
                    return;
                }
                if is_loop(&key) {
                    self.write_loop(&key, &content, out);
                } else {
                    let content = self.node(&content);
                    self.add(out, key, content);
                }
            }
        }
    }

    /// Identifier, collection and body of a loop.
    fn parts<'n>(&mut self, key: &Node, node: &'n Node) -> Option<Parts<'n>> {
        let written = key.as_str().unwrap_or_default();
        let name = written.strip_prefix(LOOP_PREFIX).unwrap_or_default();
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric()) {
            let message = format!("the loop name '{name}' has to be of letters and digits");
            self.findings.error(&key.location, message);
        } else if let Some(first) = self.names.get(name)
            && *first != key.location
        {
            let message = format!("a second loop is called '{name}'");
            self.findings.error(&key.location, message);
        }
        self.names.insert(name.to_owned(), key.location.clone());
        let parts = match node.items() {
            Some([identifier, collection, body]) if node.tag.is_none() => identifier
                .as_str()
                .zip(body.entries().filter(|_| body.tag.is_none()))
                .map(|(identifier, body)| Parts {
                    identifier,
                    collection,
                    body,
                }),
            _ => None,
        };
        if parts.is_none() {
            self.findings.error_with(
                &node.location,
                format!("{written} takes an identifier, a list of values and a mapping"),
                Some(format!(
                    "for instance {written}: [Name, [A, B], {{'Topic${{Name}}': {{...}}}}]"
                )),
            );
        }
        parts
    }

    /// The values to go through; `None` when they are known only at the deployment.
    fn values(&mut self, collection: &Node) -> Option<Vec<String>> {
        if let Some(items) = collection.items().filter(|_| collection.tag.is_none()) {
            return items
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect();
        }
        let call = Expression::new(collection).call(Expected::Value);
        let Some(call) = call else {
            let message = format!("a loop goes through a list, not {}", collection.describe());
            self.findings.error(&collection.location, message);
            return None;
        };
        let parameter = match call.function {
            Some(Function::Ref) => self.parameters?.get(call.argument.text()?)?,
            _ => return None,
        };
        // The default is a fair sample; other values make other names.
        self.incomplete = true;
        let default = parameter.get("Default")?.as_str()?;
        Some(
            default
                .split(',')
                .map(|item| item.trim().to_owned())
                .collect(),
        )
    }
}

struct Parts<'n> {
    identifier: &'n str,
    collection: &'n Node,
    body: &'n [(Node, Node)],
}

/// The entries of a mapping that is written out.
#[derive(Default)]
struct Entries {
    entries: Vec<(Node, Node)>,
    keys: HashSet<String>,
}

/// A copy with `value` for `${identifier}`, `&{identifier}` and `Ref: identifier`.
fn substitute(node: &Node, identifier: &str, value: &str) -> Node {
    let call = Expression::new(node).call(Expected::Value);
    if let Some(call) = call
        && call.function == Some(Function::Ref)
        && call.argument.text() == Some(identifier)
    {
        return Node::string(value, &node.location);
    }
    let mut copy = node.clone();
    copy.value = match &node.value {
        Value::Scalar(scalar) => {
            let mut scalar = scalar.clone();
            if scalar.text.contains('{') {
                let letters: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
                scalar.text = scalar
                    .text
                    .replace(&format!("${{{identifier}}}"), value)
                    .replace(&format!("&{{{identifier}}}"), &letters);
                // What was a text stays one, whatever was put in.
                if scalar.style == ScalarStyle::Plain && copy.tag.is_none() {
                    scalar.style = ScalarStyle::Quoted;
                }
            }
            Value::Scalar(scalar)
        }
        Value::Sequence(items) => Value::Sequence(
            items
                .iter()
                .map(|item| substitute(item, identifier, value))
                .collect(),
        ),
        Value::Mapping(entries) => Value::Mapping(
            entries
                .iter()
                .map(|(key, content)| {
                    (
                        substitute(key, identifier, value),
                        substitute(content, identifier, value),
                    )
                })
                .collect(),
        ),
    };
    copy
}

fn count(node: &Node) -> usize {
    match &node.value {
        Value::Scalar(_) => 1,
        Value::Sequence(items) => 1 + items.iter().map(count).sum::<usize>(),
        Value::Mapping(entries) => {
            1 + entries
                .iter()
                .map(|(_, value)| 1 + count(value))
                .sum::<usize>()
        }
    }
}
