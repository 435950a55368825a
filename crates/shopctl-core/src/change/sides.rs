//! Both templates of a stack, the deployed one and the one to come, worked out with their values.

use std::collections::{BTreeMap, BTreeSet};

use super::difference::top_level;
use super::evaluate::{Evaluated, Values, evaluate};
use super::model::{KnownAfter, PropertyChange, Recreation, Shown};
use super::shown::is_masked;
use super::stack::{Deployed, StackInput};
use crate::names::LogicalId;
use crate::plan::PlannedValue;
use crate::yaml::{Node, emit, parse};

/// Values of parameters after the deploy, and those that only the deploy will tell.
pub(super) fn values(
    input: &StackInput<'_>,
    deployed: &Deployed,
    fresh: bool,
) -> (BTreeMap<String, String>, Vec<KnownAfter>) {
    let mut values = BTreeMap::new();
    let mut unknown = Vec::new();
    for (name, value) in &input.deployment.parameters {
        let text = match value {
            PlannedValue::Known(text) => text.clone(),
            PlannedValue::OutputOf { stack, output } => {
                let today = input.assumed.get(&(stack.clone(), output.clone())).cloned();
                let before = deployed.parameters.get(name);
                unknown.push(KnownAfter {
                    parameter: name.clone(),
                    stack: stack.clone(),
                    output: output.clone(),
                    assumed: today.clone().filter(|_| !fresh),
                });
                today
                    .or_else(|| before.cloned())
                    .unwrap_or_else(|| format!("(known after {stack}.{output})"))
            }
        };
        values.insert(name.clone(), text);
    }
    (values, unknown)
}

/// Both templates, worked out.
pub(super) struct Sides<'a> {
    pub(super) input: &'a StackInput<'a>,
    pub(super) before: Evaluated,
    pub(super) after: Evaluated,
    /// The new template with the parameters of today: what changes without it being in the
    /// template is caused by a parameter.
    pub(super) mixed: Evaluated,
    pub(super) after_document: Option<Node>,
    pub(super) old_values: BTreeMap<String, String>,
    pub(super) new_values: BTreeMap<String, String>,
    pub(super) unreadable: bool,
}

impl<'a> Sides<'a> {
    pub(super) fn new(
        input: &'a StackInput<'a>,
        deployed: &Deployed,
        new_values: BTreeMap<String, String>,
    ) -> Self {
        let pseudo = |name: &str| -> BTreeMap<String, String> {
            let place = input.pseudo;
            [
                ("AWS::AccountId", place.account.as_str()),
                ("AWS::Region", &place.region),
                ("AWS::Partition", &place.partition),
                ("AWS::URLSuffix", &place.url_suffix),
                ("AWS::StackName", name),
            ]
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
        };
        let name = input.deployment.cloud_name.as_str();
        let with = |document: &Node, parameters: &BTreeMap<String, String>| {
            evaluate(
                document,
                &Values {
                    parameters: parameters.clone(),
                    pseudo: pseudo(name),
                },
            )
        };
        let old_values: BTreeMap<String, String> =
            deployed.parameters.clone().into_iter().collect();
        let before_document =
            (!deployed.template.is_empty()).then(|| parse("deployed template", &deployed.template));
        let unreadable = matches!(before_document, Some(Err(_)));
        let after_document = parse("template", &input.template.body).ok();
        let before = match &before_document {
            Some(Ok(document)) => with(document, &old_values),
            _ => Evaluated::default(),
        };
        let (after, mixed) = match &after_document {
            Some(document) => (with(document, &new_values), with(document, &old_values)),
            None => Default::default(),
        };
        Self {
            input,
            before,
            after,
            mixed,
            after_document,
            old_values,
            new_values,
            unreadable,
        }
    }

    /// Drops what may hold secrets as soon as it is of no use any more.
    pub(super) fn forget(&mut self) {
        self.old_values.clear();
        self.new_values.clear();
    }

    fn is_secret(&self, parameter: &str) -> bool {
        let declared = self.input.template.parameters.get(parameter);
        declared.is_some_and(|declaration| declaration.no_echo)
    }

    /// The values of declared parameters as the deploy will send them.
    fn new_value(&self, name: &str) -> Option<&str> {
        let declared = self.input.template.parameters.get(name)?;
        let given = self.new_values.get(name).map(String::as_str);
        given.or(declared.default.as_deref())
    }

    pub(super) fn parameters(&self, fresh: bool) -> Vec<PropertyChange> {
        if fresh {
            return Vec::new();
        }
        let names: BTreeSet<&String> = self
            .input
            .template
            .parameters
            .keys()
            .chain(self.old_values.keys())
            .collect();
        names
            .into_iter()
            .filter_map(|name| {
                let old = self.old_values.get(name).map(String::as_str);
                let new = self.new_value(name);
                let hidden = self.is_secret(name) || old.is_some_and(is_masked);
                // Of a secret only its coming and going is known.
                let same = if hidden {
                    old.is_some() == new.is_some()
                } else {
                    old == new
                };
                let show = |text: &str| match hidden {
                    true => Shown::Hidden,
                    false => Shown::Value(text.into()),
                };
                (!same).then(|| PropertyChange {
                    path: name.clone(),
                    before: old.map(show),
                    after: new.map(show),
                    recreation: Recreation::Never,
                    causes: Vec::new(),
                })
            })
            .collect()
    }

    pub(super) fn notes(&self, fresh: bool) -> Vec<String> {
        if fresh {
            return Vec::new();
        }
        let secrets: Vec<&str> = self
            .input
            .template
            .parameters
            .iter()
            .filter(|(name, declared)| declared.no_echo && self.old_values.contains_key(*name))
            .map(|(name, _)| name.as_str())
            .collect();
        match secrets.as_slice() {
            [] => Vec::new(),
            [one] => vec![format!(
                "parameter {one} is secret: CloudFormation does not tell its value, so whether it changes is not known"
            )],
            many => vec![format!(
                "parameters {} are secret: CloudFormation does not tell their values, so whether they change is not known",
                many.join(", ")
            )],
        }
    }

    /// Parameters that change a property although the template says what it said.
    pub(super) fn causes(&self, name: &LogicalId, path: &str) -> Vec<String> {
        let property = top_level(path);
        let of = |side: &Evaluated| {
            side.resources
                .get(name)
                .and_then(|resource| resource.properties.get(property).cloned())
        };
        if of(&self.mixed) != of(&self.before) {
            return Vec::new();
        }
        let changed: Vec<&str> = self
            .input
            .template
            .parameters
            .keys()
            .filter(|name| self.old_values.get(*name).map(String::as_str) != self.new_value(name))
            .map(String::as_str)
            .collect();
        let text = self
            .after_document
            .as_ref()
            .and_then(|document| {
                document
                    .get("Resources")?
                    .get(name.as_str())?
                    .get("Properties")?
                    .get(property)
            })
            .map(emit)
            .unwrap_or_default();
        let named: Vec<&str> = changed
            .iter()
            .filter(|name| has_word(&text, name))
            .copied()
            .collect();
        let causes = if named.is_empty() { changed } else { named };
        causes
            .into_iter()
            .map(|name| format!("parameter {name}"))
            .collect()
    }
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .any(|found| found == word)
}
