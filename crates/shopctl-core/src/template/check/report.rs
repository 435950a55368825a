//! One pass over a template: every check in turn, and what the planner has to know.

use std::collections::{BTreeSet, HashMap};

use indexmap::IndexMap;

use super::capabilities;
use super::cycle;
use super::expression::Expression;
use super::findings::Findings;
use super::limits;
use super::loops;
use super::names::{Names, Uses};
use super::parameters;
use super::sections::{self, EXTENSIONS, Transforms};
use super::walk::{Scope, Section, Walk};
use crate::diagnostic::{Diagnostic, Severity};
use crate::names::LogicalId;
use crate::template::{Capability, ParameterDeclaration, ResourceDeclaration};
use crate::yaml::Node;

/// What a template declares and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// Its parameters, in the order of the template.
    pub parameters: IndexMap<String, ParameterDeclaration>,
    /// The names of its outputs.
    pub outputs: Vec<String>,
    /// Its resources, in the order of the template, with those that loops make.
    pub resources: IndexMap<LogicalId, ResourceDeclaration>,
    /// What CloudFormation will ask to be acknowledged.
    pub capabilities: BTreeSet<Capability>,
    /// Findings in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// Whether CloudFormation would refuse the template.
    pub fn has_errors(&self) -> bool {
        self.diagnostics
            .iter()
            .any(|finding| finding.severity == Severity::Error)
    }
}

/// Checks a template whose modules are expanded. Paths of local files (`Code:
/// ../handlers/products`) may still be there: properties are not looked into.
pub fn check(document: &Node) -> Report {
    let mut findings = Findings::default();
    let mut report = Report::default();
    if document.entries().is_none() || document.tag.is_some() {
        let message = format!(
            "a template is a mapping with Resources, not {}",
            document.describe()
        );
        findings.error(&document.location, message);
        report.diagnostics = findings.into_sorted();
        return report;
    }
    let transforms = Transforms::of(document);
    let written_out = loops::write_out(document, transforms.has(EXTENSIONS), &mut findings);
    let document = written_out.document.as_ref();
    let incomplete = transforms.opaque()
        || written_out.incomplete
        || capabilities::has_transform(document)
        || has_module(document);
    sections::check(document, &transforms, incomplete, &mut findings);
    if let Some(section) = document.get("Parameters") {
        report.parameters = parameters::declarations(section, &mut findings);
    }
    if let Some(section) = document.get("Mappings") {
        sections::check_mappings(section, &mut findings);
    }

    let names = Names {
        extensions: transforms.has(EXTENSIONS),
        incomplete,
        ..declared(document)
    };
    sections::check_interface(document, &names, &mut findings);
    let mut walk = Walk::new(&names, &mut findings);
    if let Some(section) = document.get("Conditions") {
        walk.conditions(section);
    }
    if let Some(section) = document.get("Rules") {
        walk.rules(section);
    }
    if let Some(section) = document.get("Resources") {
        report.resources = walk.resources(section, &transforms);
    }
    if let Some(section) = document.get("Outputs") {
        report.outputs = walk.outputs(section);
    }
    for name in ["Globals", "Hooks", "Transform"] {
        if let Some(section) = document.get(name) {
            walk.value(
                Expression::new(section),
                Scope::new(Section::Resources, None),
            );
        }
    }
    let uses = walk.uses;
    check_uses(document, &names, &uses, &mut findings);
    report.capabilities = capabilities::of(document, &transforms);
    report.diagnostics = findings.into_sorted();
    report
}

/// The names of each section, whatever their faults.
fn declared(document: &Node) -> Names<'_> {
    let section = |name: &str| {
        document
            .get(name)
            .and_then(Node::entries)
            .unwrap_or_default()
            .iter()
            .filter_map(|(key, value)| Some((key.as_str()?, value)))
    };
    Names {
        parameters: section("Parameters")
            .map(|(name, node)| (name, type_of(node).unwrap_or_default()))
            .collect(),
        resources: section("Resources")
            .map(|(name, node)| (name, type_of(node)))
            .collect(),
        conditions: section("Conditions").map(|(name, _)| name).collect(),
        mappings: section("Mappings").collect(),
        ..Names::default()
    }
}

/// Whether a module of the registry makes resources that others may name.
fn has_module(document: &Node) -> bool {
    let resources = document.get("Resources").and_then(Node::entries);
    resources
        .unwrap_or_default()
        .iter()
        .any(|(_, node)| type_of(node).is_some_and(|name| name.ends_with("::MODULE")))
}

fn type_of(node: &Node) -> Option<&str> {
    node.get("Type").and_then(Node::as_str)
}

/// Checks what only the whole document shows: circles, what nothing uses, counts.
fn check_uses(document: &Node, names: &Names<'_>, uses: &Uses<'_>, findings: &mut Findings) {
    let conditions: HashMap<&str, &str> = document
        .get("Resources")
        .and_then(Node::entries)
        .unwrap_or_default()
        .iter()
        .filter_map(|(key, node)| Some((key.as_str()?, node.get("Condition")?.as_str()?)))
        .collect();
    cycle::report("resources", &uses.between_resources, &conditions, findings);
    cycle::report(
        "conditions",
        &uses.between_conditions,
        &HashMap::new(),
        findings,
    );
    findings.extend(limits::check_count(
        &document.location,
        "dynamic references",
        uses.dynamic_references,
        limits::DYNAMIC_REFERENCES,
    ));
    if names.incomplete {
        return;
    }
    for (section, what, is_used) in [
        (
            "Parameters",
            "parameter",
            &(|name: &str| uses.parameters.contains(name)) as &dyn Fn(&str) -> bool,
        ),
        ("Mappings", "mapping", &|name| {
            uses.any_mapping || uses.mappings.contains(name)
        }),
        ("Conditions", "condition", &|name| {
            uses.conditions.contains(name)
        }),
    ] {
        let entries = document.get(section).and_then(Node::entries);
        for (key, _) in entries.unwrap_or_default() {
            if let Some(name) = key.as_str()
                && !is_used(name)
            {
                let message = format!("nothing uses the {what} '{name}'");
                findings.warning_with(&key.location, message, "remove it");
            }
        }
    }
}

#[cfg(test)]
#[path = "tests/mod.rs"]
mod tests;
