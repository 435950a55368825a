//! The `Resources` section: attributes and their shapes, apart from the values of
//! properties.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-reference.html>

use indexmap::IndexMap;

use super::expression::{Expected, Expression};
use super::findings::suggest;
use super::names::{Link, sorted};
use super::sections::{EXTENSIONS, SERVERLESS, Transforms};
use super::shape::{check_keys, check_name, is_null, mapping, text};
use super::walk::{Scope, Section, Walk};
use crate::names::LogicalId;
use crate::template::ResourceDeclaration;
use crate::yaml::Node;

const ATTRIBUTES: &[&str] = &[
    "Type",
    "Properties",
    "DependsOn",
    "Condition",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "UpdatePolicy",
    "CreationPolicy",
    "Metadata",
    "Fn::Transform",
];

/// What the macro `AWS::Serverless` adds.
const SERVERLESS_ATTRIBUTES: &[&str] = &["Connectors", "IgnoreGlobals"];

impl<'a> Walk<'_, 'a> {
    /// Checks every resource with all its values.
    pub(super) fn resources(
        &mut self,
        section: &'a Node,
        transforms: &Transforms<'_>,
    ) -> IndexMap<LogicalId, ResourceDeclaration> {
        let mut declarations = IndexMap::new();
        for (key, node) in section.entries().unwrap_or_default() {
            if key.as_str() == Some("Fn::Transform") {
                self.include(node);
                continue;
            }
            let name = check_name(key, "logical ID", self.findings);
            if self.names.parameters.contains_key(name) {
                let message = format!("'{name}' is a parameter and a resource");
                self.findings.error(&key.location, message);
            }
            if mapping(node, &format!("resource '{name}'"), self.findings).is_none() {
                continue;
            }
            let resource_type = self.resource_type(name, key, node, transforms);
            let declaration = ResourceDeclaration {
                resource_type: resource_type.unwrap_or_default().to_owned(),
                deletion_policy: self.policies(node),
                location: key.location.clone(),
            };
            declarations.insert(LogicalId::new(name), declaration);
            self.attributes(name, node, transforms);
        }
        declarations
    }

    /// The argument of a transform that stands among other keys.
    pub(super) fn include(&mut self, node: &'a Node) {
        let scope = Scope::new(
            Section::Early("macros run before there are resources"),
            None,
        );
        self.argument(Expression::new(node), scope);
    }

    fn resource_type(
        &mut self,
        name: &str,
        key: &'a Node,
        node: &'a Node,
        transforms: &Transforms<'_>,
    ) -> Option<&'a str> {
        let Some(type_node) = node.get("Type") else {
            if node.get("Fn::Transform").is_none() {
                let message = format!("resource '{name}' has no Type");
                let hint = Some("for instance Type: AWS::SQS::Queue".to_owned());
                self.findings.error_with(&key.location, message, hint);
            }
            return None;
        };
        let resource_type = text(type_node, "Type", self.findings)?;
        if transforms.custom() {
            // A macro may know it.
        } else if !is_type(resource_type) {
            let message = format!("'{resource_type}' is no resource type");
            let hint = "for instance AWS::SQS::Queue or Custom::Seed".to_owned();
            self.findings
                .error_with(&type_node.location, message, Some(hint));
        } else if resource_type.starts_with("AWS::Serverless::")
            && !transforms.has(SERVERLESS)
            && !self.names.incomplete
        {
            let message = format!("{resource_type} needs 'Transform: AWS::Serverless-2016-10-31'");
            self.findings.error(&type_node.location, message);
        }
        Some(resource_type)
    }

    fn attributes(&mut self, name: &'a str, node: &'a Node, transforms: &Transforms<'_>) {
        let mut known = ATTRIBUTES.to_vec();
        if transforms.has(SERVERLESS) {
            known.extend(SERVERLESS_ATTRIBUTES);
        }
        if node.get("Type").and_then(Node::as_str).is_some_and(|t| {
            t.starts_with("Custom::") || t == "AWS::CloudFormation::CustomResource"
        }) {
            known.push("Version");
        }
        if !transforms.custom() {
            check_keys(node, "resource attribute", &known, self.findings);
        }
        let scope = Scope::new(Section::Resources, Some(name));
        for (key, value) in node.entries().unwrap_or_default() {
            match key.as_str().unwrap_or_default() {
                "Properties" | "Metadata" | "CreationPolicy" | "UpdatePolicy" => {
                    let expression = Expression::new(value);
                    if expression.call(Expected::Value).is_none() {
                        let what = format!("{} of '{name}'", key.as_str().unwrap_or_default());
                        mapping(value, &what, self.findings);
                    }
                    self.value(expression, scope);
                }
                "DependsOn" => self.depends_on(name, value),
                "Condition" => {
                    if let Some(condition) = text(value, "Condition", self.findings) {
                        self.condition_name(condition, &value.location, scope);
                    }
                }
                "Fn::Transform" => self.include(value),
                "Connectors" => self.value(Expression::new(value), scope),
                _ => {}
            }
        }
    }

    fn depends_on(&mut self, name: &'a str, node: &'a Node) {
        let items = match Expression::new(node).items() {
            Some(items) => items,
            None => std::slice::from_ref(node),
        };
        for (at, item) in items.iter().enumerate() {
            let Some(other) = text(item, "DependsOn", self.findings) else {
                continue;
            };
            if items[..at]
                .iter()
                .any(|earlier| earlier.as_str() == Some(other))
            {
                self.findings.warning_with(
                    &item.location,
                    format!("DependsOn names '{other}' twice"),
                    "remove one",
                );
            } else if self.names.resources.contains_key(other) {
                self.uses.between_resources.push(Link {
                    from: name,
                    to: other,
                    how: "DependsOn",
                    location: &item.location,
                    conditional: false,
                });
            } else if !self.names.incomplete {
                let hint = match self.names.kind(other) {
                    Some(kind) => Some(format!("'{other}' is {kind}")),
                    None => suggest(other, sorted(self.names.resources.keys())),
                };
                let message = format!("DependsOn names '{other}', which is no resource");
                self.findings.error_with(&item.location, message, hint);
            }
        }
    }

    /// Checks both policies; yields the deletion policy if it is a literal.
    fn policies(&mut self, node: &'a Node) -> Option<String> {
        const DELETION: &[&str] = &["Delete", "Retain", "RetainExceptOnCreate", "Snapshot"];
        const REPLACEMENT: &[&str] = &["Delete", "Retain", "Snapshot"];
        self.policy(node, "UpdateReplacePolicy", REPLACEMENT);
        self.policy(node, "DeletionPolicy", DELETION)
            .map(str::to_owned)
    }

    fn policy(&mut self, node: &'a Node, key: &'static str, known: &[&str]) -> Option<&'a str> {
        let policy = node.get(key)?;
        let expression = Expression::new(policy);
        if expression.call(Expected::Value).is_some() {
            if !self.names.extensions {
                let message = format!("a function in {key} needs 'Transform: {EXTENSIONS}'");
                self.findings.error(&policy.location, message);
            }
            let section = Section::Early("policies are decided before there are resources");
            self.value(expression, Scope::new(section, None));
            return None;
        }
        let given = text(policy, key, self.findings)?;
        if !known.contains(&given) {
            let hint = suggest(given, known.iter().copied());
            let message = format!("unknown {key} '{given}'");
            self.findings.error_with(&policy.location, message, hint);
        }
        Some(given)
    }

    /// Checks every output with its value; yields their names.
    pub(super) fn outputs(&mut self, section: &'a Node) -> Vec<String> {
        const KEYS: &[&str] = &["Value", "Description", "Export", "Condition"];
        let mut names = Vec::new();
        for (key, node) in section.entries().unwrap_or_default() {
            if key.as_str() == Some("Fn::Transform") {
                self.include(node);
                continue;
            }
            let name = check_name(key, "output name", self.findings);
            names.push(name.to_owned());
            if mapping(node, &format!("output '{name}'"), self.findings).is_none() {
                continue;
            }
            check_keys(node, "output attribute", KEYS, self.findings);
            let scope = Scope::new(Section::Outputs, None);
            match node.get("Value") {
                Some(value) => self.output_value(name, value, scope),
                None => {
                    let message = format!("output '{name}' has no Value");
                    self.findings.error(&key.location, message);
                }
            }
            if let Some(condition) = node.get("Condition")
                && let Some(name) = text(condition, "Condition", self.findings)
            {
                self.condition_name(name, &condition.location, scope);
            }
            if let Some(description) = node.get("Description") {
                super::sections::check_description(description, self.findings);
            }
            if let Some(export) = node.get("Export") {
                self.export(name, export);
            }
        }
        names
    }

    fn output_value(&mut self, name: &str, value: &'a Node, scope: Scope<'a>) {
        let expression = Expression::new(value);
        let is_data = expression.call(Expected::Value).is_none();
        if is_data && expression.text().is_none() && !is_null(value) {
            let message = format!(
                "the value of output '{name}' has to be one text, not {}",
                expression.describe()
            );
            let hint = expression
                .items()
                .map(|_| "a list becomes a text by Fn::Join".to_owned());
            self.findings.error_with(&value.location, message, hint);
        }
        self.value(expression, scope);
    }

    fn export(&mut self, output: &str, export: &'a Node) {
        if mapping(export, &format!("Export of '{output}'"), self.findings).is_none() {
            return;
        }
        check_keys(export, "export attribute", &["Name"], self.findings);
        match export.get("Name") {
            Some(name) => {
                let section =
                    Section::Early("the names of exports are decided before there are resources");
                self.value(Expression::new(name), Scope::new(section, None));
            }
            None => {
                let message = format!("the export of '{output}' has no Name");
                self.findings.error(&export.location, message);
            }
        }
    }
}

/// `Service-provider::service::type`, or a custom one.
fn is_type(text: &str) -> bool {
    let mut parts = text.split("::");
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_@-".contains(c))
    };
    text.contains("::") && parts.all(is_part)
}
