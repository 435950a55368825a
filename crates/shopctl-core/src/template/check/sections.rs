//! The top level of a template: its sections, and the small ones among them.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html>

use super::expression::Expression;
use super::findings::{Findings, suggest};
use super::limits;
use super::names::Names;
use super::shape::{check_keys, check_length, check_name, doubt_keys, is_null, mapping, text};
use super::walk::{Scope, Section, Walk};
use crate::yaml::{Node, Value};

const SECTIONS: &[&str] = &[
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Transform",
    "Resources",
    "Outputs",
    "Hooks",
];

pub(super) const EXTENSIONS: &str = "AWS::LanguageExtensions";
pub(super) const SERVERLESS: &str = "AWS::Serverless-2016-10-31";

/// The macros of the whole document.
#[derive(Default)]
pub(super) struct Transforms<'a> {
    names: Vec<&'a str>,
    /// Some are not plain names, for instance `AWS::Include` with its location.
    pub(super) others: bool,
}

impl<'a> Transforms<'a> {
    pub(super) fn of(document: &'a Node) -> Self {
        let mut transforms = Self::default();
        if let Some(node) = document.get("Transform") {
            let items = match Expression::new(node).items() {
                Some(items) => items,
                None => std::slice::from_ref(node),
            };
            for item in items {
                match item.as_str() {
                    Some(name) => transforms.names.push(name),
                    None => transforms.others |= !is_null(item),
                }
            }
        }
        transforms
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains(&name)
    }

    /// Whether there is any macro.
    pub(super) fn any(&self) -> bool {
        self.others || !self.names.is_empty()
    }

    /// Whether there are macros of the user's, which may give any section, attribute and
    /// type a meaning.
    pub(super) fn custom(&self) -> bool {
        self.names.iter().any(|name| !name.starts_with("AWS::"))
    }

    /// Whether a macro may add or change what is not seen here.
    pub(super) fn opaque(&self) -> bool {
        self.others || self.names.iter().any(|name| *name != EXTENSIONS)
    }
}

/// Checks which sections there are and the shapes of the small ones. `incomplete` says
/// that resources may be missing which CloudFormation will see.
pub(super) fn check(
    document: &Node,
    transforms: &Transforms<'_>,
    incomplete: bool,
    findings: &mut Findings,
) {
    let mut known = SECTIONS.to_vec();
    if transforms.has(SERVERLESS) {
        known.push("Globals");
    }
    if !transforms.custom() {
        check_keys(document, "section", &known, findings);
    }
    if let Some(version) = document.get("AWSTemplateFormatVersion")
        && let Some(given) = text(version, "AWSTemplateFormatVersion", findings)
        && given != "2010-09-09"
    {
        findings.error_with(
            &version.location,
            format!("unknown AWSTemplateFormatVersion '{given}'"),
            Some("the only one is '2010-09-09'".to_owned()),
        );
    }
    if let Some(description) = document.get("Description") {
        check_description(description, findings);
    }
    match document.get("Resources") {
        None => findings.error(&document.location, "the template has no Resources"),
        Some(section) => {
            let entries = mapping(section, "Resources", findings);
            if entries.is_some_and(<[_]>::is_empty) && !incomplete {
                findings.error(&section.location, "Resources is empty");
            }
        }
    }
    for (name, what, limit) in [
        ("Resources", "resources", limits::RESOURCES),
        ("Outputs", "outputs", limits::OUTPUTS),
        ("Mappings", "mappings", limits::MAPPINGS),
    ] {
        if let Some(section) = document.get(name) {
            let count = section.entries().unwrap_or_default().len();
            findings.extend(limits::check_count(&section.location, what, count, limit));
        }
    }
    for name in ["Outputs", "Conditions", "Rules", "Metadata"] {
        if let Some(section) = document.get(name) {
            mapping(section, name, findings);
        }
    }
    check_nulls(document, findings);
}

pub(super) fn check_description(node: &Node, findings: &mut Findings) {
    if let Some(text) = text(node, "Description", findings)
        && text.len() > limits::DESCRIPTION_BYTES
    {
        let message = format!(
            "a description of {} bytes; CloudFormation takes {}",
            text.len(),
            limits::DESCRIPTION_BYTES
        );
        findings.error(&node.location, message);
    }
}

/// CloudFormation refuses null, wherever it is.
fn check_nulls(node: &Node, findings: &mut Findings) {
    match &node.value {
        Value::Scalar(_) => {}
        Value::Sequence(items) => {
            for item in items {
                if is_null(item) {
                    report_null(item, "a list item", findings);
                }
                check_nulls(item, findings);
            }
        }
        Value::Mapping(entries) => {
            for (key, value) in entries {
                // A bare `!GetAZs` becomes this when YAML is converted to JSON.
                if is_null(value) && key.as_str() != Some("Fn::GetAZs") {
                    let name = format!("'{}'", key.as_str().unwrap_or_default());
                    report_null(value, &name, findings);
                }
                check_nulls(value, findings);
            }
        }
    }
}

fn report_null(node: &Node, what: &str, findings: &mut Findings) {
    findings.error_with(
        &node.location,
        format!("{what} has no value, which CloudFormation refuses"),
        Some("remove it, or write '' for an empty text".to_owned()),
    );
}

/// Checks the `Mappings` section: two levels of keys above texts or lists of texts.
pub(super) fn check_mappings(section: &Node, findings: &mut Findings) {
    for (key, rows) in mapping(section, "Mappings", findings).unwrap_or_default() {
        if key.as_str() == Some("Fn::Transform") {
            continue;
        }
        let name = check_name(key, "mapping name", findings);
        let Some(rows) = mapping(rows, &format!("mapping '{name}'"), findings) else {
            continue;
        };
        findings.extend(limits::check_count(
            &key.location,
            &format!("keys in mapping '{name}'"),
            rows.len(),
            limits::MAPPING_ATTRIBUTES,
        ));
        for (row, columns) in rows {
            check_length(row, "a key of a mapping", findings);
            let row_name = row.as_str().unwrap_or_default();
            if row_name == "Fn::Transform" {
                continue;
            }
            let what = format!("'{row_name}' of mapping '{name}'");
            for (column, value) in mapping(columns, &what, findings).unwrap_or_default() {
                check_length(column, "a key of a mapping", findings);
                if column.as_str() != Some("Fn::Transform") {
                    check_mapped(value, findings);
                }
            }
        }
    }
}

fn check_mapped(value: &Node, findings: &mut Findings) {
    match Expression::new(value).items() {
        Some(items) => {
            for item in items {
                text(item, "a value of a mapping", findings);
            }
        }
        None => {
            text(value, "a value of a mapping", findings);
        }
    }
}

impl<'a> Walk<'_, 'a> {
    /// Checks the `Conditions` section.
    pub(super) fn conditions(&mut self, section: &'a Node) {
        for (key, node) in section.entries().unwrap_or_default() {
            if key.as_str() == Some("Fn::Transform") {
                self.include(node);
                continue;
            }
            let name = key.as_str().unwrap_or_default();
            let is_name = |c: char| c.is_ascii_alphanumeric() || "_&".contains(c);
            if !name.chars().all(is_name) {
                let message = format!("condition name '{name}' has to be of letters and digits");
                self.findings.error(&key.location, message);
            }
            check_length(key, "condition name", self.findings);
            let scope = Scope::new(Section::Conditions, Some(name));
            self.condition(Expression::new(node), scope);
        }
    }

    /// Checks the `Rules` section.
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html>
    pub(super) fn rules(&mut self, section: &'a Node) {
        let scope = Scope::new(Section::Rules, None);
        for (key, rule) in section.entries().unwrap_or_default() {
            let name = check_name(key, "rule name", self.findings);
            if mapping(rule, &format!("rule '{name}'"), self.findings).is_none() {
                continue;
            }
            doubt_keys(
                rule,
                "rule attribute",
                &["RuleCondition", "Assertions"],
                self.findings,
            );
            if let Some(condition) = rule.get("RuleCondition") {
                self.condition(Expression::new(condition), scope);
            }
            let assertions = rule
                .get("Assertions")
                .and_then(|node| Expression::new(node).items());
            if assertions.is_none() {
                let message = format!("rule '{name}' needs a list of Assertions");
                self.findings.error(&key.location, message);
            }
            for assertion in assertions.unwrap_or_default() {
                const KEYS: &[&str] = &["Assert", "AssertDescription"];
                doubt_keys(assertion, "assertion attribute", KEYS, self.findings);
                match assertion.get("Assert") {
                    Some(assert) => self.condition(Expression::new(assert), scope),
                    None => {
                        let message = format!("an assertion of rule '{name}' has no Assert");
                        self.findings.error(&assertion.location, message);
                    }
                }
            }
        }
    }
}

/// Checks that the console's description of parameters names those that there are.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-interface.html>
pub(super) fn check_interface(document: &Node, names: &Names<'_>, findings: &mut Findings) {
    let interface = document
        .get("Metadata")
        .and_then(|metadata| metadata.get("AWS::CloudFormation::Interface"));
    let Some(interface) = interface else { return };
    let groups = interface.get("ParameterGroups").and_then(Node::items);
    let grouped = groups
        .unwrap_or_default()
        .iter()
        .filter_map(|group| group.get("Parameters")?.items())
        .flatten();
    let labelled = interface
        .get("ParameterLabels")
        .and_then(Node::entries)
        .unwrap_or_default()
        .iter()
        .map(|(key, _)| key);
    for node in grouped.chain(labelled) {
        if let Some(name) = node.as_str()
            && !names.parameters.contains_key(name)
            && !names.incomplete
        {
            let mut parameters: Vec<&str> = names.parameters.keys().copied().collect();
            parameters.sort_unstable();
            let hint = suggest(name, parameters).unwrap_or_else(|| "remove it".to_owned());
            let message = format!("'{name}' is no parameter of this template");
            findings.warning_with(&node.location, message, &hint);
        }
    }
}
