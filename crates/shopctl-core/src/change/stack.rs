//! What happens to one stack: the comparison of templates and CloudFormation's own words
//! brought together, and what the outputs of one stack mean for the next.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::compare::compare;
use super::model::{
    ExportRemoval, PropertyChange, Recreation, Replacement, ResourceChange, Shown, StackChange,
    StackEffect,
};
use super::reported::ReportedChange;
use super::resource::{drafted, meant, told};
use super::shown::shown;
use super::sides::{Sides, values};
use super::tree::{Tree, resource_of};
use crate::names::StackName;
use crate::plan::{StackAction, StackDeployment};
use crate::template::RenderedTemplate;

/// A stack as it is deployed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Deployed {
    /// The template as it was sent.
    pub template: String,
    /// Values of parameters; those of secrets are stars.
    pub parameters: IndexMap<String, String>,
    /// Tags of the stack.
    pub tags: BTreeMap<String, String>,
    /// Its outputs.
    pub outputs: IndexMap<String, String>,
    /// Whether it is protected from deletion.
    pub termination_protection: bool,
}

/// What templates read of the place that they are deployed to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pseudo {
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// `aws`, `aws-cn`, ...
    pub partition: String,
    /// `amazonaws.com`, ...
    pub url_suffix: String,
}

/// Everything that is known of a stack before its deploy.
#[derive(Debug)]
pub struct StackInput<'a> {
    /// What the plan says of it.
    pub deployment: &'a StackDeployment,
    /// Why.
    pub reason: &'a str,
    /// The rendered template.
    pub template: &'a RenderedTemplate,
    /// The stack as it is; `None` when there is none.
    pub deployed: Option<&'a Deployed>,
    /// CloudFormation's own words, when it was asked.
    pub reported: Option<&'a [ReportedChange]>,
    /// Values of outputs of other stacks as they are today.
    pub assumed: &'a BTreeMap<(StackName, String), String>,
    /// The place.
    pub pseudo: &'a Pseudo,
}

/// A compared stack.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// What happens to it.
    pub change: StackChange,
    /// Outputs that have the same value afterwards.
    pub settled: BTreeSet<String>,
}

/// Compares a stack.
pub fn stack_change(input: &StackInput<'_>) -> Compared {
    let deployment = input.deployment;
    let mut change = StackChange {
        stack: deployment.stack.clone(),
        cloud_name: deployment.cloud_name.clone(),
        effect: StackEffect::Unchanged,
        reason: input.reason.to_owned(),
        asked: input.reported.is_some(),
        resources: Vec::new(),
        parameters: Vec::new(),
        outputs: Vec::new(),
        tags: Vec::new(),
        termination_protection: None,
        exports: Vec::new(),
        known_after: Vec::new(),
        notes: Vec::new(),
    };
    if deployment.action == StackAction::None {
        let settled = input.deployed.map(|deployed| &deployed.outputs);
        return Compared {
            change,
            settled: settled
                .into_iter()
                .flat_map(|o| o.keys().cloned())
                .collect(),
        };
    }
    let fresh = matches!(
        deployment.action,
        StackAction::Create | StackAction::Recreate
    );
    let nothing = Deployed::default();
    let deployed = match input.deployed {
        Some(deployed) if !fresh => deployed,
        _ => &nothing,
    };

    let (after_values, known_after) = values(input, deployed, fresh);
    let mut sides = Sides::new(input, deployed, after_values);
    change.known_after = known_after;
    change.parameters = sides.parameters(fresh);
    change.tags = tags(&deployed.tags, &deployment.tags, fresh);
    change.termination_protection = deployment
        .termination_protection
        .filter(|wanted| *wanted != deployed.termination_protection);
    if sides.unreadable {
        change.notes.push(
            "the deployed template cannot be read, so what it holds is not compared".to_owned(),
        );
    }
    change.notes.extend(sides.notes(fresh));

    let mut drafts = compare(&sides.before, &sides.after);
    change.resources = match input.reported {
        Some(reported) if !fresh => meant(reported, &drafts, &sides)
            .iter()
            .map(|reported| {
                let draft = drafts.shift_remove(&reported.logical_id);
                told(reported, draft.as_ref(), &sides)
            })
            .collect(),
        _ => drafts
            .iter()
            .map(|(name, draft)| drafted(name, draft, &sides))
            .collect(),
    };
    change.outputs = outputs(&sides, deployed, fresh);
    change.exports = exports(&sides, &change.resources);

    let own = !change.resources.is_empty()
        || !change.outputs.is_empty()
        || !change.tags.is_empty()
        || !change.parameters.is_empty()
        || change.termination_protection.is_some();
    change.effect = match deployment.action {
        StackAction::Create => StackEffect::Create,
        StackAction::Recreate => StackEffect::Recreate,
        _ if own => StackEffect::Update,
        _ if !change.known_after.is_empty() => StackEffect::Undetermined,
        _ => StackEffect::Unchanged,
    };
    if change.effect == StackEffect::Unchanged {
        change.reason = "nothing differs".to_owned();
        change.notes.clear();
    }
    let settled = settled(&sides, &change);
    sides.forget();
    Compared { change, settled }
}

/// Takes back doubts that earlier stacks have settled; `stacks` are in the order of the
/// deploy.
pub fn settle(stacks: &mut [Compared]) {
    for index in 0..stacks.len() {
        let (earlier, rest) = stacks.split_at_mut(index);
        let Some(stack) = rest.first_mut() else {
            continue;
        };
        let before = stack.change.known_after.len();
        stack.change.known_after.retain(|known| {
            !earlier.iter().any(|other| {
                other.change.stack == known.stack
                    && known.assumed.is_some()
                    && other.settled.contains(&known.output)
            })
        });
        if !stack.change.known_after.is_empty() {
            // Whatever its outputs are made of may still change.
            if stack.change.effect == StackEffect::Undetermined
                || stack.change.effect == StackEffect::Update
            {
                stack.settled.clear();
            }
        } else if before > 0 && stack.change.effect == StackEffect::Undetermined {
            stack.change.effect = StackEffect::Unchanged;
            stack.change.reason = "the outputs that it reads stay as they are".to_owned();
            stack.change.notes.clear();
        }
    }
}

fn tags(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
    fresh: bool,
) -> Vec<PropertyChange> {
    if fresh {
        return Vec::new();
    }
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| PropertyChange {
            path: name.clone(),
            before: before
                .get(name)
                .map(|text| Shown::Value(text.clone().into())),
            after: after
                .get(name)
                .map(|text| Shown::Value(text.clone().into())),
            recreation: Recreation::Never,
            causes: Vec::new(),
        })
        .collect()
}

fn outputs(sides: &Sides<'_>, deployed: &Deployed, fresh: bool) -> Vec<PropertyChange> {
    if fresh {
        return Vec::new();
    }
    let names: BTreeSet<&String> = sides
        .before
        .outputs
        .keys()
        .chain(sides.after.outputs.keys())
        .collect();
    names
        .into_iter()
        .filter_map(|name| {
            let old = sides.before.outputs.get(name);
            let new = sides.after.outputs.get(name);
            let same = match (old, new) {
                (Some(old), Some(new)) => old.value == new.value && old.export == new.export,
                _ => false,
            };
            if same {
                return None;
            }
            let before = old.map(|old| match (&old.value, deployed.outputs.get(name)) {
                (Tree::Hidden(_), _) => Shown::Hidden,
                (_, Some(text)) => Shown::Value(text.clone().into()),
                (value, None) => shown(name, value),
            });
            let causes = match (
                old.and_then(|o| o.export.as_ref()),
                new.and_then(|n| n.export.as_ref()),
            ) {
                (old, new) if old == new => Vec::new(),
                (Some(old), _) => vec![format!("export {old}")],
                (None, Some(new)) => vec![format!("export {new}")],
                (None, None) => Vec::new(),
            };
            Some(PropertyChange {
                path: name.clone(),
                before,
                after: new.map(|new| shown(name, &new.value)),
                recreation: Recreation::Never,
                causes,
            })
        })
        .collect()
}

/// Exports that go, or whose values change.
fn exports(sides: &Sides<'_>, resources: &[ResourceChange]) -> Vec<ExportRemoval> {
    let replaced = |tree: &Tree| {
        tree.placeholders().iter().any(|found| {
            resources.iter().any(|resource| {
                resource.logical_id.as_str() == resource_of(found)
                    && resource.replacement == Replacement::Yes
            })
        })
    };
    let kept = |export: &str, value: &Tree| {
        sides.after.outputs.values().any(|output| {
            output.export.as_deref() == Some(export)
                && output.value == *value
                && !replaced(&output.value)
        })
    };
    sides
        .before
        .outputs
        .iter()
        .filter_map(|(output, old)| {
            let export = old.export.as_deref()?;
            (!kept(export, &old.value)).then(|| ExportRemoval {
                name: export.to_owned(),
                output: output.clone(),
                importers: Vec::new(),
            })
        })
        .collect()
}

/// Outputs that say what they said, made of resources that nobody touches.
fn settled(sides: &Sides<'_>, change: &StackChange) -> BTreeSet<String> {
    let touched = |tree: &Tree| {
        tree.placeholders().iter().any(|found| {
            change
                .resources
                .iter()
                .any(|resource| resource.logical_id.as_str() == resource_of(found))
        })
    };
    sides
        .after
        .outputs
        .iter()
        .filter(|(name, new)| {
            sides
                .before
                .outputs
                .get(*name)
                .is_some_and(|old| old.value == new.value && !touched(&new.value))
        })
        .map(|(name, _)| name.clone())
        .collect()
}

#[cfg(test)]
#[path = "stack_tests/mod.rs"]
mod tests;
