//! Leaving out resources whose type an environment lacks, in an explicit, listed way.
//!
//! With a resource go its mentions in `DependsOn`, what refers to it in a branch of
//! `Fn::If` (which is how a template guards such a reference), and the outputs that refer
//! to nothing else. Any other reference to it is an error.

use std::collections::{BTreeMap, BTreeSet};

use super::OmittedResource;
use super::function::{attribute_path, call, rebuild, reference};
use crate::diagnostic::{Diagnostic, Location};
use crate::names::{LogicalId, StackName};
use crate::yaml::{Node, Value};

/// What was left out of a template.
#[derive(Debug, Default)]
pub(crate) struct Omission {
    pub(crate) resources: Vec<OmittedResource>,
    /// A warning for each output that went with a resource.
    pub(crate) warnings: Vec<Diagnostic>,
    pub(crate) errors: Vec<Diagnostic>,
}

/// Takes the resources of the types that match `patterns` out of `document`. A pattern is a
/// resource type in which `*` stands for anything.
pub(crate) fn omit(document: &mut Node, patterns: &[String], stack: &StackName) -> Omission {
    let mut omission = Omission::default();
    let mut types = BTreeMap::new();
    if let Some(section) = document.get_mut("Resources") {
        take_out(section, patterns, &mut types);
    }
    if types.is_empty() {
        return omission;
    }
    for (id, kind) in &types {
        omission.resources.push(OmittedResource {
            stack: stack.clone(),
            logical_id: LogicalId::new(id),
            resource_type: kind.clone(),
        });
    }
    if let Some(Value::Mapping(outputs)) = document.get_mut("Outputs").map(|node| &mut node.value) {
        outputs.retain(|(key, output)| {
            let used = used_resources(output);
            let goes = !used.is_empty() && used.iter().all(|id| types.contains_key(id));
            if let (true, Some(name)) = (goes, key.as_str()) {
                let ids: Vec<&str> = used.iter().map(String::as_str).collect();
                omission.warnings.push(Diagnostic::warning(
                    &key.location,
                    format!(
                        "the output '{name}' is left out with '{}'",
                        ids.join("', '")
                    ),
                ));
            }
            !goes
        });
    }
    let mut cleaner = Cleaner {
        types: &types,
        errors: Vec::new(),
    };
    if let Some(section) = document.get_mut("Resources") {
        cleaner.clean_resources(section);
    }
    for section in ["Outputs", "Conditions"] {
        if let Some(node) = document.get_mut(section) {
            *node = cleaner.clean(node);
        }
    }
    omission.errors = cleaner.errors;
    omission
}

/// Whether a type matches a pattern in which `*` stands for anything.
fn matches(pattern: &str, kind: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == kind;
    };
    let Some(mut tail) = kind.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or("");
    for part in parts {
        match tail.find(part) {
            Some(at) => tail = &tail[at + part.len()..],
            None => return false,
        }
    }
    tail.ends_with(last)
}

fn take_out(section: &mut Node, patterns: &[String], types: &mut BTreeMap<String, String>) {
    let Value::Mapping(entries) = &mut section.value else {
        return;
    };
    entries.retain_mut(|(key, resource)| {
        let Some(id) = key.as_str() else { return true };
        if id.starts_with("Fn::ForEach::") {
            // A loop goes when all that it makes goes.
            let before = types.len();
            if let Value::Sequence(parts) = &mut resource.value
                && let [_, _, fragment] = parts.as_mut_slice()
            {
                take_out(fragment, patterns, types);
                let empty = fragment.entries().is_some_and(<[_]>::is_empty);
                return !(empty && types.len() > before);
            }
            return true;
        }
        let kind = resource.get("Type").and_then(Node::as_str).unwrap_or("");
        if !patterns.iter().any(|pattern| matches(pattern, kind)) {
            return true;
        }
        types.insert(id.to_owned(), kind.to_owned());
        false
    });
}

/// The names that are referred to within a node, pseudo parameters aside.
fn used_resources(node: &Node) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    collect(node, &mut names);
    names
}

fn collect(node: &Node, names: &mut BTreeSet<String>) {
    if let Some(call) = call(node) {
        names.extend(names_of_call(&call.name, &call.argument));
        if !matches!(&*call.name, "Ref" | "Condition") {
            collect(&call.argument, names);
        }
        return;
    }
    match &node.value {
        Value::Scalar(_) => {}
        Value::Sequence(items) => items.iter().for_each(|item| collect(item, names)),
        Value::Mapping(entries) => entries.iter().for_each(|(_, value)| collect(value, names)),
    }
}

/// The names that a call itself refers to.
fn names_of_call(name: &str, argument: &Node) -> Vec<String> {
    let base = |path: &str| path.split('.').next().unwrap_or(path).to_owned();
    let names = match name {
        "Ref" => argument.as_str().map(str::to_owned).into_iter().collect(),
        "Fn::GetAtt" => {
            let path = attribute_path(argument);
            let first = || argument.items()?.first()?.as_str().map(str::to_owned);
            path.or_else(first)
                .map(|path| base(&path))
                .into_iter()
                .collect()
        }
        "Fn::Sub" => {
            let (text, own) = match argument.items() {
                Some([text, variables]) => (text.as_str(), Some(variables)),
                _ => (argument.as_str(), None),
            };
            super::modules::sub_variables(text.unwrap_or(""))
                .into_iter()
                .filter(|variable| own.is_none_or(|own| own.get(variable).is_none()))
                .map(|variable| base(&variable))
                .collect()
        }
        _ => Vec::new(),
    };
    let is_own = |name: &String| !name.starts_with("AWS::");
    names.into_iter().filter(is_own).collect()
}

struct Cleaner<'a> {
    types: &'a BTreeMap<String, String>,
    errors: Vec<Diagnostic>,
}

impl Cleaner<'_> {
    fn clean_resources(&mut self, section: &mut Node) {
        let Value::Mapping(entries) = &mut section.value else {
            return;
        };
        for (_, resource) in entries {
            let Value::Mapping(attributes) = &mut resource.value else {
                *resource = self.clean(resource);
                continue;
            };
            attributes.retain_mut(|(key, value)| {
                if key.as_str() == Some("DependsOn") {
                    return self.clean_depends_on(value);
                }
                *value = self.clean(value);
                true
            });
        }
    }

    /// Takes what is left out off a list of dependencies; `false` when nothing is left.
    fn clean_depends_on(&mut self, node: &mut Node) -> bool {
        let stays = |item: &Node| item.as_str().is_none_or(|id| !self.types.contains_key(id));
        match &mut node.value {
            Value::Sequence(items) => {
                items.retain(stays);
                !items.is_empty()
            }
            _ => stays(node),
        }
    }

    /// `node` without guarded references to what is left out; others are errors.
    fn clean(&mut self, node: &Node) -> Node {
        if let Some(call) = call(node) {
            if call.name == "Fn::If"
                && let Some([condition, yes, no]) = call.argument.items()
            {
                let branches = [yes, no].map(|branch| self.clean_branch(branch));
                let [yes, no] = branches;
                let argument = Node {
                    value: Value::Sequence(vec![condition.clone(), yes, no]),
                    ..call.argument.as_ref().clone()
                };
                return rebuild(node, "Fn::If", argument);
            }
            for name in names_of_call(&call.name, &call.argument) {
                self.refuse(&name, &node.location);
            }
            if matches!(&*call.name, "Ref" | "Condition") {
                return node.clone();
            }
            let argument = self.clean(&call.argument);
            return rebuild(node, &call.name, argument);
        }
        let value = match &node.value {
            Value::Scalar(_) => return node.clone(),
            Value::Sequence(items) => {
                Value::Sequence(items.iter().map(|item| self.clean(item)).collect())
            }
            Value::Mapping(entries) => Value::Mapping(
                entries
                    .iter()
                    .map(|(key, value)| (key.clone(), self.clean(value)))
                    .collect(),
            ),
        };
        Node {
            value,
            ..node.clone()
        }
    }

    /// A branch that refers to what is left out is not taken where it is left out, but
    /// CloudFormation refuses the dangling name all the same.
    fn clean_branch(&mut self, branch: &Node) -> Node {
        let errors = self.errors.len();
        let cleaned = self.clean(branch);
        if self.errors.len() == errors {
            return cleaned;
        }
        self.errors.truncate(errors);
        reference("AWS::NoValue", &branch.location)
    }

    fn refuse(&mut self, name: &str, location: &Location) {
        let Some(kind) = self.types.get(name) else {
            return;
        };
        let message = format!("'{name}' is left out here, because the environment omits {kind}");
        let hint = "guard the reference with Fn::If and a condition that does not hold there";
        self.errors
            .push(Diagnostic::error(location, message).with_hint(hint));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, kind, expected) in [
            ("AWS::SQS::Queue", "AWS::SQS::Queue", true),
            ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy", false),
            ("AWS::WAFv2::*", "AWS::WAFv2::WebACL", true),
            ("AWS::WAFv2::*", "AWS::WAF::WebACL", false),
            ("Custom::*", "Custom::CatalogueSeed", true),
            ("AWS::*::Policy", "AWS::IAM::Policy", true),
            ("AWS::*::Policy", "AWS::IAM::ManagedPolicy", false),
            ("*", "AWS::IAM::Policy", true),
        ] {
            assert_eq!(matches(pattern, kind), expected, "{pattern} {kind}");
        }
    }
}
