//! What the cloud understands of a template: resources, what they refer to, outputs.
//!
//! It checks no types and no properties; it reads enough for real rendered templates to
//! deploy, change and resolve their outputs.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use shopctl_core::template::Capability;
use shopctl_core::yaml::{self, Node, Value};

use crate::refusal::Refusal;

/// A template that was read.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) parameters: IndexMap<String, Parameter>,
    pub(crate) mappings: Option<Node>,
    pub(crate) conditions: IndexMap<String, Node>,
    pub(crate) resources: IndexMap<String, ResourceModel>,
    pub(crate) outputs: IndexMap<String, OutputModel>,
    /// Whether a macro or transform goes over it, which changes texts.
    pub(crate) transform: bool,
}

#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) default: Option<String>,
}

#[derive(Debug)]
pub(crate) struct ResourceModel {
    pub(crate) resource_type: String,
    pub(crate) condition: Option<String>,
    /// Logical IDs that it refers to or names in `DependsOn`.
    pub(crate) needs: BTreeSet<String>,
    pub(crate) properties: Option<Node>,
    pub(crate) deletion_policy: Option<Node>,
    pub(crate) update_replace_policy: Option<Node>,
}

#[derive(Debug)]
pub(crate) struct OutputModel {
    pub(crate) condition: Option<String>,
    pub(crate) value: Node,
    pub(crate) export: Option<Node>,
}

/// Names that `Ref` gives without a declaration.
pub(crate) const PSEUDO: [&str; 8] = [
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

impl Template {
    /// Reads a template as CloudFormation does when a request arrives (X8 to X11).
    pub(crate) fn parse(body: &str) -> Result<Self, Refusal> {
        let document = yaml::parse("template", body).map_err(|diagnostics| {
            Refusal::validation(format!("Template format error: {diagnostics:?}"))
        })?;
        let resources = section(&document, "Resources");
        if resources.is_empty() {
            return Err(Refusal::validation(
                "Template format error: At least one Resources member must be defined.",
            ));
        }
        let template = Self {
            parameters: section(&document, "Parameters")
                .into_iter()
                .map(|(name, node)| {
                    let default = node.get("Default").map(text_of);
                    (name, Parameter { default })
                })
                .collect(),
            mappings: document.get("Mappings").cloned(),
            conditions: section(&document, "Conditions")
                .into_iter()
                .map(|(name, node)| (name, node.clone()))
                .collect(),
            resources: resources
                .into_iter()
                .map(|(name, node)| (name, resource(node)))
                .collect(),
            outputs: section(&document, "Outputs")
                .into_iter()
                .filter_map(|(name, node)| Some((name, output(node)?)))
                .collect(),
            transform: document.get("Transform").is_some(),
        };
        template.check_references()?;
        Ok(template)
    }

    fn check_references(&self) -> Result<(), Refusal> {
        let mut unknown = BTreeSet::new();
        for resource in self.resources.values() {
            for need in &resource.needs {
                let known = self.resources.contains_key(need)
                    || self.parameters.contains_key(need)
                    || PSEUDO.contains(&need.as_str());
                if !known {
                    unknown.insert(need.as_str());
                }
            }
        }
        if !unknown.is_empty() {
            let names: Vec<_> = unknown.into_iter().collect();
            return Err(Refusal::validation(format!(
                "Template format error: Unresolved resource dependencies [{}] in the Resources block of the template",
                names.join(", ")
            )));
        }
        if let Some(cycle) = self.cycle() {
            return Err(Refusal::validation(format!(
                "Circular dependency between resources: [{}]",
                cycle.join(", ")
            )));
        }
        Ok(())
    }

    /// The resources that are left when all that wait for nothing are taken away.
    fn cycle(&self) -> Option<Vec<String>> {
        let mut left: BTreeSet<&str> = self.resources.keys().map(String::as_str).collect();
        loop {
            let free: Vec<&str> = left
                .iter()
                .copied()
                .filter(|name| {
                    self.resources[*name]
                        .needs
                        .iter()
                        .all(|need| !left.contains(need.as_str()))
                })
                .collect();
            if free.is_empty() {
                break;
            }
            for name in free {
                left.remove(name);
            }
        }
        (!left.is_empty()).then(|| left.into_iter().map(str::to_owned).collect())
    }

    /// What has to be acknowledged before the template is taken.
    pub(crate) fn needed_capability(&self) -> Option<&'static str> {
        let mut needed = None;
        for resource in self.resources.values() {
            if resource.resource_type.starts_with("AWS::IAM::") {
                let named = resource.properties.as_ref().is_some_and(|properties| {
                    ["RoleName", "PolicyName", "UserName", "GroupName"]
                        .iter()
                        .any(|name| properties.get(name).is_some())
                });
                if named {
                    return Some("CAPABILITY_NAMED_IAM");
                }
                needed = Some("CAPABILITY_IAM");
            }
        }
        match needed {
            None if self.transform => Some("CAPABILITY_AUTO_EXPAND"),
            needed => needed,
        }
    }

    /// Whether all parameters have values, and no others do.
    pub(crate) fn check_parameters(&self, given: &IndexMap<String, String>) -> Result<(), Refusal> {
        let unknown: Vec<&str> = given
            .keys()
            .filter(|name| !self.parameters.contains_key(*name))
            .map(String::as_str)
            .collect();
        if !unknown.is_empty() {
            return Err(Refusal::validation(format!(
                "Parameters: [{}] do not exist in the template",
                unknown.join(", ")
            )));
        }
        let missing: Vec<&str> = self
            .parameters
            .iter()
            .filter(|(name, parameter)| parameter.default.is_none() && !given.contains_key(*name))
            .map(|(name, _)| name.as_str())
            .collect();
        if !missing.is_empty() {
            return Err(Refusal::validation(format!(
                "Parameters: [{}] must have values",
                missing.join(", ")
            )));
        }
        Ok(())
    }

    /// Whether the request acknowledges what the template needs.
    pub(crate) fn check_capabilities(&self, given: &BTreeSet<Capability>) -> Result<(), Refusal> {
        let Some(needed) = self.needed_capability() else {
            return Ok(());
        };
        let suffices = given.iter().any(|capability| match capability {
            Capability::Iam => needed == "CAPABILITY_IAM",
            Capability::NamedIam => needed != "CAPABILITY_AUTO_EXPAND",
            Capability::AutoExpand => needed == "CAPABILITY_AUTO_EXPAND",
        });
        if suffices {
            return Ok(());
        }
        Err(Refusal::new(
            "InsufficientCapabilitiesException",
            format!("Requires capabilities : [{needed}]"),
        ))
    }
}

fn section<'a>(document: &'a Node, name: &str) -> Vec<(String, &'a Node)> {
    document
        .get(name)
        .and_then(Node::entries)
        .unwrap_or_default()
        .iter()
        .map(|(key, value)| (text_of(key), value))
        .collect()
}

fn resource(node: &Node) -> ResourceModel {
    let mut needs = BTreeSet::new();
    match node.get("DependsOn") {
        Some(one) if one.as_str().is_some() => {
            needs.insert(text_of(one));
        }
        Some(many) => needs.extend(many.items().unwrap_or_default().iter().map(text_of)),
        None => {}
    }
    if let Some(properties) = node.get("Properties") {
        references(properties, &mut needs);
    }
    ResourceModel {
        resource_type: node.get("Type").map(text_of).unwrap_or_default(),
        condition: node.get("Condition").map(text_of),
        needs,
        properties: node.get("Properties").cloned(),
        deletion_policy: node.get("DeletionPolicy").cloned(),
        update_replace_policy: node.get("UpdateReplacePolicy").cloned(),
    }
}

fn output(node: &Node) -> Option<OutputModel> {
    Some(OutputModel {
        condition: node.get("Condition").map(text_of),
        value: node.get("Value")?.clone(),
        export: node
            .get("Export")
            .and_then(|export| export.get("Name"))
            .cloned(),
    })
}

/// The text of a scalar; empty for anything else.
pub(crate) fn text_of(node: &Node) -> String {
    match &node.value {
        Value::Scalar(scalar) => scalar.text.clone(),
        _ => String::new(),
    }
}

/// The function that a node calls, if it calls one: its name without `Fn::` and its argument.
pub(crate) fn function(node: &Node) -> Option<(&str, Argument<'_>)> {
    if let Some(tag) = node.tag.as_deref() {
        return Some((tag.trim_start_matches('!'), Argument::Short(node)));
    }
    match node.entries() {
        Some([(key, value)]) => {
            let key = key.as_str()?;
            let name = match key {
                "Ref" | "Condition" => key,
                _ => key.strip_prefix("Fn::")?,
            };
            Some((name, Argument::Long(value)))
        }
        _ => None,
    }
}

/// The argument of a function in its short or long form.
#[derive(Clone, Copy)]
pub(crate) enum Argument<'a> {
    /// The tagged node itself: its tag is that of the function.
    Short(&'a Node),
    /// The value under the function's name.
    Long(&'a Node),
}

impl<'a> Argument<'a> {
    pub(crate) fn node(self) -> &'a Node {
        match self {
            Argument::Short(node) | Argument::Long(node) => node,
        }
    }

    pub(crate) fn text(self) -> Option<String> {
        match &self.node().value {
            Value::Scalar(scalar) => Some(scalar.text.clone()),
            _ => None,
        }
    }

    pub(crate) fn items(self) -> &'a [Node] {
        self.node().items().unwrap_or_default()
    }
}

/// All names that a value refers to.
fn references(node: &Node, into: &mut BTreeSet<String>) {
    if let Some((name, argument)) = function(node) {
        match name {
            "Ref" => {
                into.extend(argument.text());
                return;
            }
            "GetAtt" => {
                into.extend(attribute(argument).map(|(resource, _)| resource));
                return;
            }
            "Sub" => {
                let (text, variables) = sub(argument);
                for name in placeholders(&text) {
                    if !variables.contains_key(&name) {
                        into.insert(name.split('.').next().unwrap_or_default().to_owned());
                    }
                }
                for value in variables.values() {
                    references(value, into);
                }
                return;
            }
            "Condition" => return,
            _ => {}
        }
    }
    match &node.value {
        Value::Sequence(items) => items.iter().for_each(|item| references(item, into)),
        Value::Mapping(entries) => entries
            .iter()
            .for_each(|(_, value)| references(value, into)),
        Value::Scalar(_) => {}
    }
}

/// Resource and attribute of a `GetAtt`.
pub(crate) fn attribute(argument: Argument<'_>) -> Option<(String, String)> {
    if let Some(text) = argument.text() {
        let (resource, attribute) = text.split_once('.')?;
        return Some((resource.to_owned(), attribute.to_owned()));
    }
    match argument.items() {
        [resource, attribute] => Some((text_of(resource), text_of(attribute))),
        _ => None,
    }
}

/// Text and variables of a `Sub`.
pub(crate) fn sub(argument: Argument<'_>) -> (String, IndexMap<String, Node>) {
    match argument.items() {
        [text, variables] => (
            text_of(text),
            variables
                .entries()
                .unwrap_or_default()
                .iter()
                .map(|(name, value)| (text_of(name), value.clone()))
                .collect(),
        ),
        _ => (argument.text().unwrap_or_default(), IndexMap::new()),
    }
}

/// The names in `${...}`, without those that are escaped as `${!...}`.
pub(crate) fn placeholders(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("${") {
        let Some((name, after)) = after.split_once('}') else {
            break;
        };
        if !name.starts_with('!') {
            names.push(name.trim().to_owned());
        }
        rest = after;
    }
    names
}
