//! The names that a template declares and what was used of them.

use std::collections::{HashMap, HashSet};

use crate::diagnostic::Location;
use crate::yaml::Node;

/// Values that every template can refer to
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/pseudo-parameter-reference.html>).
pub(super) const PSEUDO_PARAMETERS: &[&str] = &[
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

/// What a template declares.
#[derive(Default)]
pub(super) struct Names<'a> {
    /// Parameters and their types.
    pub(super) parameters: HashMap<&'a str, &'a str>,
    /// Resources and their types, if these can be told.
    pub(super) resources: HashMap<&'a str, Option<&'a str>>,
    pub(super) conditions: HashSet<&'a str>,
    /// Mappings with their two levels.
    pub(super) mappings: HashMap<&'a str, &'a Node>,
    /// The template uses `AWS::LanguageExtensions`.
    pub(super) extensions: bool,
    /// Macros or unresolved loops may add names, so that an unknown one is no fault.
    pub(super) incomplete: bool,
}

impl<'a> Names<'a> {
    /// Everything that a `Ref` can name, in the order of the alphabet.
    pub(super) fn referable(&self) -> Vec<&'a str> {
        let mut names: Vec<&str> = self
            .parameters
            .keys()
            .chain(self.resources.keys())
            .copied()
            .collect();
        names.sort_unstable();
        names
    }

    /// What a name is that was taken for something else.
    pub(super) fn kind(&self, name: &str) -> Option<&'static str> {
        if self.parameters.contains_key(name) {
            Some("a parameter")
        } else if self.resources.contains_key(name) {
            Some("a resource")
        } else if self.conditions.contains(name) {
            Some("a condition")
        } else if self.mappings.contains_key(name) {
            Some("a mapping")
        } else {
            None
        }
    }
}

/// Names in the order of the alphabet, for suggestions that do not change from run to run.
pub(super) fn sorted<'a>(names: impl Iterator<Item = &'a &'a str>) -> Vec<&'a str> {
    let mut names: Vec<&str> = names.copied().collect();
    names.sort_unstable();
    names
}

/// What was used, and which thing needs which.
#[derive(Default)]
pub(super) struct Uses<'a> {
    pub(super) parameters: HashSet<&'a str>,
    pub(super) conditions: HashSet<&'a str>,
    pub(super) mappings: HashSet<&'a str>,
    /// A mapping's name is computed.
    pub(super) any_mapping: bool,
    pub(super) between_resources: Vec<Link<'a>>,
    pub(super) between_conditions: Vec<Link<'a>>,
    /// How many `{{resolve:...}}` there are.
    pub(super) dynamic_references: usize,
}

/// One thing needs another.
#[derive(Clone)]
pub(super) struct Link<'a> {
    pub(super) from: &'a str,
    pub(super) to: &'a str,
    /// `Ref`, `GetAtt`, `Sub`, `DependsOn`, `Condition`
    pub(super) how: &'static str,
    pub(super) location: &'a Location,
    /// Below an `Fn::If`, so that it is not there in every deployment.
    pub(super) conditional: bool,
}
