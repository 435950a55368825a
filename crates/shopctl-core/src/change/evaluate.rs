//! Works out a template with given parameters: conditions, mappings, `Ref`, `Sub`, ...
//!
//! What only the deploy finds out stays as a placeholder (`${Table.Arn}`); a function
//! that is not known here stays as a map with the function's name, which can still be
//! compared. A template that is odd is never an error: it was checked before.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::tree::{HIDDEN, Tree};
use crate::names::LogicalId;
use crate::template::check::written_out;
use crate::template::function::{argument_of, attribute_path, call, scalar_text};
use crate::yaml::{Node, Value};

/// How deep functions may be nested; deeper ones are not worked out.
const MAX_DEPTH: usize = 64;

/// A template with its functions worked out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Evaluated {
    pub(crate) resources: IndexMap<LogicalId, EvaluatedResource>,
    pub(crate) outputs: IndexMap<String, EvaluatedOutput>,
}

#[derive(Debug, Clone)]
pub(crate) struct EvaluatedResource {
    pub(crate) resource_type: String,
    pub(crate) deletion_policy: Option<String>,
    pub(crate) update_replace_policy: Option<String>,
    pub(crate) properties: Tree,
    /// `Metadata`, `DependsOn`, `UpdatePolicy`, ...: what is not a property.
    pub(crate) attributes: Tree,
}

#[derive(Debug, Clone)]
pub(crate) struct EvaluatedOutput {
    pub(crate) value: Tree,
    pub(crate) export: Option<String>,
}

/// Values of parameters, and of pseudo parameters such as `AWS::Region`.
pub(crate) struct Values {
    /// As texts; a parameter that is not here has its default.
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) pseudo: BTreeMap<String, String>,
}

/// Works out a document.
pub(crate) fn evaluate(document: &Node, values: &Values) -> Evaluated {
    let document = written_out(document);
    let evaluator = Evaluator {
        document: &document,
        values,
    };
    let section = |name: &str| document.get(name).and_then(Node::entries).unwrap_or(&[]);
    let mut evaluated = Evaluated::default();
    for (key, resource) in section("Resources") {
        let Some(name) = key.as_str() else { continue };
        if evaluator.is_left_out(resource) {
            continue;
        }
        let text = |attribute: &str| {
            evaluator
                .entry(resource, attribute)
                .and_then(|tree| tree.as_text().map(str::to_owned))
        };
        let attributes = resource
            .entries()
            .unwrap_or(&[])
            .iter()
            .filter_map(|(key, value)| {
                let key = key.as_str()?;
                let kept = !matches!(
                    key,
                    "Type" | "Properties" | "Condition" | "DeletionPolicy" | "UpdateReplacePolicy"
                );
                kept.then(|| Some((key.to_owned(), evaluator.value(value, 0)?)))?
            })
            .collect();
        evaluated.resources.insert(
            LogicalId::new(name),
            EvaluatedResource {
                resource_type: text("Type").unwrap_or_default(),
                deletion_policy: text("DeletionPolicy"),
                update_replace_policy: text("UpdateReplacePolicy"),
                properties: evaluator
                    .entry(resource, "Properties")
                    .unwrap_or_else(Tree::empty),
                attributes: Tree::Map(attributes),
            },
        );
    }
    for (key, output) in section("Outputs") {
        let Some(name) = key.as_str() else { continue };
        if evaluator.is_left_out(output) {
            continue;
        }
        let export = output
            .get("Export")
            .and_then(|export| evaluator.entry(export, "Name"))
            .and_then(|tree| tree.as_text().map(str::to_owned));
        if let Some(value) = evaluator.entry(output, "Value") {
            evaluated
                .outputs
                .insert(name.to_owned(), EvaluatedOutput { value, export });
        }
    }
    evaluated
}

struct Evaluator<'a> {
    document: &'a Node,
    values: &'a Values,
}

impl Evaluator<'_> {
    fn entry(&self, node: &Node, key: &str) -> Option<Tree> {
        self.value(node.get(key)?, 0)
    }

    /// Whether a resource or an output has a condition that is false.
    fn is_left_out(&self, node: &Node) -> bool {
        node.get("Condition")
            .and_then(Node::as_str)
            .is_some_and(|name| self.named_condition(name, 0) == Some(false))
    }

    /// `None` for `AWS::NoValue` and null.
    fn value(&self, node: &Node, depth: usize) -> Option<Tree> {
        if depth > MAX_DEPTH {
            return Some(Tree::text("(too deep)"));
        }
        if let Some(call) = call(node) {
            return self.function(&call.name, &call.argument, depth + 1);
        }
        match &node.value {
            Value::Scalar(_) => scalar_text(node).map(Tree::Text),
            Value::Sequence(items) => Some(Tree::List(
                items
                    .iter()
                    .filter_map(|item| self.value(item, depth + 1))
                    .collect(),
            )),
            Value::Mapping(entries) => Some(Tree::Map(
                entries
                    .iter()
                    .filter_map(|(key, value)| {
                        let key = scalar_text(key)?;
                        Some((key, self.value(value, depth + 1)?))
                    })
                    .collect(),
            )),
        }
    }

    fn function(&self, name: &str, argument: &Node, depth: usize) -> Option<Tree> {
        let worked_out = match name {
            "Ref" => return self.reference(argument.as_str()?),
            "Fn::GetAtt" => attribute_path(argument).map(|path| Tree::Text(format!("${{{path}}}"))),
            "Fn::Sub" => self.substitute(argument, depth),
            "Fn::Join" => self.join(argument, depth),
            "Fn::Select" => self.select(argument, depth),
            "Fn::Split" => self.split(argument, depth),
            "Fn::FindInMap" => self.find_in_map(argument, depth),
            "Fn::ImportValue" => self
                .value(argument, depth)
                .and_then(|name| Some(Tree::Text(format!("(import {})", name.as_text()?)))),
            "Fn::If" => {
                let [condition, yes, no] = argument.items()? else {
                    return None;
                };
                match self.named_condition(condition.as_str()?, depth) {
                    Some(true) => return self.value(yes, depth),
                    Some(false) => return self.value(no, depth),
                    None => None,
                }
            }
            _ => None,
        };
        worked_out.or_else(|| {
            let argument = match &argument.value {
                // The argument may carry the tag of the call in the short spelling.
                Value::Scalar(scalar) => Tree::Text(scalar.text.clone()),
                _ => self.value(argument, depth)?,
            };
            Some(Tree::Map(IndexMap::from([(name.to_owned(), argument)])))
        })
    }

    /// `None` only for `AWS::NoValue`.
    fn reference(&self, name: &str) -> Option<Tree> {
        if name == "AWS::NoValue" {
            return None;
        }
        if let Some(text) = self.values.pseudo.get(name) {
            return Some(Tree::text(text.clone()));
        }
        let declaration = self
            .document
            .get("Parameters")
            .and_then(|all| all.get(name));
        let Some(declaration) = declaration else {
            return Some(Tree::Text(format!("${{{name}}}")));
        };
        if declaration.get("NoEcho").and_then(scalar_text).as_deref() == Some("true") {
            return Some(Tree::Hidden(name.to_owned()));
        }
        let kind = declaration.get("Type").and_then(Node::as_str);
        let kind = kind.unwrap_or("String");
        let given = self.values.parameters.get(name).cloned();
        let Some(text) = given.or_else(|| declaration.get("Default").and_then(scalar_text)) else {
            return Some(Tree::Text(format!("${{{name}}}")));
        };
        if kind.starts_with("AWS::SSM::Parameter::Value") {
            return Some(Tree::Text(format!("(value of SSM parameter {text})")));
        }
        if kind == "CommaDelimitedList" || kind.starts_with("List<") {
            let items = text.split(',').map(str::trim).filter(|_| !text.is_empty());
            return Some(Tree::List(items.map(Tree::text).collect()));
        }
        Some(Tree::Text(text))
    }

    fn substitute(&self, argument: &Node, depth: usize) -> Option<Tree> {
        let (template, own) = match argument.items() {
            Some([template, own]) => (template.as_str()?.to_owned(), Some(own)),
            Some(_) => return None,
            None => (scalar_text(argument)?, None),
        };
        let mut text = String::new();
        let mut rest = template.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            text.push_str(before);
            let (name, after) = after.split_once('}')?;
            rest = after;
            if let Some(literal) = name.strip_prefix('!') {
                text.push_str(&format!("${{{literal}}}"));
                continue;
            }
            let name = name.trim();
            let value = match own.and_then(|own| own.get(name)) {
                Some(node) => self.value(node, depth)?,
                None if name.contains('.') => Tree::Text(format!("${{{name}}}")),
                None => self.reference(name)?,
            };
            match value {
                Tree::Text(value) => text.push_str(&value),
                Tree::Hidden(_) => text.push_str(HIDDEN),
                Tree::List(_) | Tree::Map(_) => return None,
            }
        }
        text.push_str(rest);
        Some(Tree::Text(text))
    }

    fn join(&self, argument: &Node, depth: usize) -> Option<Tree> {
        let [delimiter, items] = argument.items()? else {
            return None;
        };
        let Tree::List(items) = self.value(items, depth)? else {
            return None;
        };
        let mut texts = Vec::with_capacity(items.len());
        for item in &items {
            match item {
                Tree::Text(text) => texts.push(text.as_str()),
                Tree::Hidden(_) => texts.push(HIDDEN),
                _ => return None,
            }
        }
        Some(Tree::Text(texts.join(&scalar_text(delimiter)?)))
    }

    fn select(&self, argument: &Node, depth: usize) -> Option<Tree> {
        let [index, items] = argument.items()? else {
            return None;
        };
        let index: usize = self.value(index, depth)?.as_text()?.parse().ok()?;
        match self.value(items, depth)? {
            Tree::List(items) => items.into_iter().nth(index),
            _ => None,
        }
    }

    fn split(&self, argument: &Node, depth: usize) -> Option<Tree> {
        let [delimiter, text] = argument.items()? else {
            return None;
        };
        let delimiter = scalar_text(delimiter).filter(|text| !text.is_empty())?;
        let text = self.value(text, depth)?;
        // What a placeholder holds may contain the delimiter.
        let text = text.as_text().filter(|text| !text.contains("${"))?;
        Some(Tree::List(text.split(&delimiter).map(Tree::text).collect()))
    }

    fn find_in_map(&self, argument: &Node, depth: usize) -> Option<Tree> {
        let items = argument.items()?;
        let [map, first, second, ..] = items else {
            return None;
        };
        let key = |node: &Node| Some(self.value(node, depth)?.as_text()?.to_owned());
        let found = self.document.get("Mappings").and_then(|mappings| {
            mappings
                .get(&key(map)?)?
                .get(&key(first)?)?
                .get(&key(second)?)
        });
        match found {
            Some(node) => self.value(node, depth),
            None => self.value(items.get(3)?.get("DefaultValue")?, depth),
        }
    }

    fn named_condition(&self, name: &str, depth: usize) -> Option<bool> {
        let condition = self.document.get("Conditions")?.get(name)?;
        self.condition(condition, depth + 1)
    }

    fn condition(&self, node: &Node, depth: usize) -> Option<bool> {
        if depth > MAX_DEPTH {
            return None;
        }
        if let Some(argument) = argument_of(node, "Condition") {
            return self.named_condition(argument.as_str()?, depth);
        }
        if let Some(name) = node.get("Condition").and_then(Node::as_str) {
            return self.named_condition(name, depth);
        }
        let call = call(node)?;
        let items = call.argument.items()?;
        let all = || items.iter().map(|item| self.condition(item, depth + 1));
        match (call.name.as_ref(), items) {
            ("Fn::Equals", [left, right]) => {
                let left = self.value(left, depth)?;
                let right = self.value(right, depth)?;
                let known = |tree: &Tree| {
                    !matches!(tree, Tree::Hidden(_)) && tree.placeholders().is_empty()
                };
                (known(&left) && known(&right)).then(|| left == right)
            }
            ("Fn::Not", [item]) => self.condition(item, depth + 1).map(|known| !known),
            ("Fn::And", _) if all().any(|known| known == Some(false)) => Some(false),
            ("Fn::And", _) => all().all(|known| known == Some(true)).then_some(true),
            ("Fn::Or", _) if all().any(|known| known == Some(true)) => Some(true),
            ("Fn::Or", _) => all().all(|known| known == Some(false)).then_some(false),
            _ => None,
        }
    }
}
