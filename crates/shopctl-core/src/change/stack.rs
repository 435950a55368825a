//! What happens to one stack: the comparison of templates and CloudFormation's own words
//! brought together, and what the outputs of one stack mean for the next.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::compare::{Draft, DraftProperty, compare, replacement_of, resolved};
use super::danger;
use super::difference::{Difference, differences, top_level};
use super::evaluate::{Evaluated, Values, evaluate};
use super::model::{
    Danger, DangerClass, ExportRemoval, KnownAfter, PropertyChange, Recreation, Replacement,
    ResourceAction, ResourceChange, Shown, StackChange, StackEffect,
};
use super::noise::without_noise;
use super::recreation::{is_stateful, recreation};
use super::reported::{ReportedChange, ReportedDetail};
use super::shown::{is_masked, shown};
use super::tree::{Tree, resource_of};
use crate::names::{LogicalId, StackName};
use crate::plan::{PlannedValue, StackAction, StackDeployment};
use crate::template::RenderedTemplate;
use crate::yaml::{Node, emit, parse};

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

/// Values of parameters after the deploy, and those that only the deploy will tell.
fn values(
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
struct Sides<'a> {
    input: &'a StackInput<'a>,
    before: Evaluated,
    after: Evaluated,
    /// The new template with the parameters of today: what changes without it being in the
    /// template is caused by a parameter.
    mixed: Evaluated,
    after_document: Option<Node>,
    old_values: BTreeMap<String, String>,
    new_values: BTreeMap<String, String>,
    unreadable: bool,
}

impl<'a> Sides<'a> {
    fn new(
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
    fn forget(&mut self) {
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

    fn parameters(&self, fresh: bool) -> Vec<PropertyChange> {
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

    fn notes(&self, fresh: bool) -> Vec<String> {
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
    fn causes(&self, name: &LogicalId, path: &str) -> Vec<String> {
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

/// A resource as the comparison tells it.
fn drafted(name: &LogicalId, draft: &Draft, sides: &Sides<'_>) -> ResourceChange {
    let properties = draft
        .properties
        .iter()
        .map(|property| property_change(name, property, sides))
        .collect();
    let mut change = ResourceChange {
        logical_id: name.clone(),
        resource_type: draft.resource_type.clone(),
        physical_id: None,
        action: draft.action,
        replacement: draft.replacement,
        fate: draft.fate,
        properties,
        dangers: Vec::new(),
    };
    change.dangers = dangers(&change, draft.before.as_ref(), draft.after.as_ref());
    change
}

fn dangers(change: &ResourceChange, before: Option<&Tree>, after: Option<&Tree>) -> Vec<Danger> {
    let mut found = danger::of_lifecycle(
        &change.resource_type,
        change.action,
        change.replacement,
        change.fate,
    );
    if change.action != ResourceAction::Remove {
        found.extend(danger::of_security(&change.resource_type, before, after));
    }
    found
}

fn property_change(
    name: &LogicalId,
    property: &DraftProperty,
    sides: &Sides<'_>,
) -> PropertyChange {
    let Difference {
        path,
        before,
        after,
    } = &property.difference;
    let (after, causes) = match &property.follows {
        Some(source) => (
            Some(Shown::KnownAfter(format!("{source} is replaced"))),
            vec![source.to_string()],
        ),
        None => (
            after.as_ref().map(|tree| shown(path, tree)),
            sides.causes(name, path),
        ),
    };
    PropertyChange {
        path: path.clone(),
        before: before.as_ref().map(|tree| shown(path, tree)),
        after,
        recreation: property.recreation,
        causes,
    }
}

/// A resource as CloudFormation tells it, with what the comparison knows beyond that.
fn told(reported: &ReportedChange, draft: Option<&Draft>, sides: &Sides<'_>) -> ResourceChange {
    let name = &reported.logical_id;
    let kind = &reported.resource_type;
    let context = |text: &Option<String>| -> Option<Tree> {
        let json = serde_json::from_str(text.as_deref()?).ok()?;
        Tree::from_json(&json)
    };
    let contexts = (context(&reported.before), context(&reported.after));
    let mut properties: Vec<PropertyChange> = match (&contexts, draft) {
        ((Some(before), Some(after)), _) if reported.action != ResourceAction::Add => {
            differences(Some(before), Some(after))
                .into_iter()
                .map(|difference| from_context(name, kind, difference, reported, sides))
                .collect()
        }
        (_, Some(draft)) => draft
            .properties
            .iter()
            .map(|property| {
                let mut change = property_change(name, property, sides);
                let of_property = |detail: &&ReportedDetail| names(detail, &change.path);
                let worst = reported.details.iter().filter(of_property);
                if let Some(worst) = worst.map(|detail| detail.recreation).max() {
                    change.recreation = worst.max(property.recreation);
                }
                change
            })
            .collect(),
        _ => Vec::new(),
    };
    // What CloudFormation knows and the comparison does not: values that follow others.
    for detail in &reported.details {
        let Some(property) = &detail.name else {
            continue;
        };
        let known = properties
            .iter()
            .any(|change| top_level(&change.path) == property);
        if known || reported.action == ResourceAction::Add {
            continue;
        }
        let value =
            |text: &Option<String>| text.as_ref().map(|t| shown(property, &json_or_text(t)));
        let cause = detail.causing_entity.clone();
        properties.push(PropertyChange {
            path: property.clone(),
            before: value(&detail.before),
            after: value(&detail.after).or_else(|| {
                let cause = cause.clone()?;
                Some(Shown::KnownAfter(cause))
            }),
            recreation: detail.recreation,
            causes: cause.into_iter().collect(),
        });
    }
    let replacement = replacement(reported, draft, sides);
    let mut change = ResourceChange {
        logical_id: name.clone(),
        resource_type: kind.clone(),
        physical_id: reported.physical_id.clone(),
        action: reported.action,
        replacement,
        fate: reported
            .fate
            .or_else(|| draft.and_then(|draft| draft.fate))
            .filter(|_| {
                replacement != Replacement::No || reported.action == ResourceAction::Remove
            }),
        properties,
        dangers: Vec::new(),
    };
    if change.fate.is_none() && replacement != Replacement::No {
        change.fate = sides.after.resources.get(name).map(|resource| {
            super::recreation::fate(resource.update_replace_policy.as_deref(), kind, false)
        });
    }
    let side = |evaluated: &Evaluated| {
        let resource = evaluated.resources.get(name)?;
        Some(resource.properties.clone())
    };
    let (before, after) = (side(&sides.before), side(&sides.after));
    change.dangers = dangers(&change, before.as_ref(), after.as_ref());
    for detail in &reported.details {
        if let Some(drift) = &detail.drift {
            let property = detail.name.as_deref().unwrap_or(&detail.attribute);
            let message = match shown(property, &json_or_text(drift)) {
                Shown::Value(value) => {
                    let text = value
                        .as_str()
                        .map_or_else(|| value.to_string(), str::to_owned);
                    format!("{property} was set to '{text}' by hand")
                }
                _ => format!("{property} was changed by hand"),
            };
            change.dangers.push(Danger {
                class: DangerClass::DriftOverwritten,
                message,
            });
        }
    }
    let told_of_drift = |danger: &Danger| danger.class == DangerClass::DriftOverwritten;
    if reported.drifted && !change.dangers.iter().any(told_of_drift) {
        change.dangers.push(Danger {
            class: DangerClass::DriftOverwritten,
            message: "it was changed by hand".to_owned(),
        });
    }
    change.dangers.sort_by_key(|danger| danger.class);
    change
}

/// What of a change set means something.
fn meant(
    reported: &[ReportedChange],
    drafts: &IndexMap<LogicalId, Draft>,
    sides: &Sides<'_>,
) -> Vec<ReportedChange> {
    let side = |evaluated: &Evaluated, name: &LogicalId, property: &str| {
        let resource = evaluated.resources.get(name)?;
        resource.properties.get(property).cloned()
    };
    without_noise(
        reported,
        |change, detail| match &detail.name {
            Some(property) => resolved(
                detail.recreation,
                &change.resource_type,
                property,
                side(&sides.before, &change.logical_id, property).as_ref(),
                side(&sides.after, &change.logical_id, property).as_ref(),
            ),
            None => detail.recreation,
        },
        |name| sides.after.resources.contains_key(name),
        |name| drafts.contains_key(name),
    )
}

fn json_or_text(text: &str) -> Tree {
    serde_json::from_str(text)
        .ok()
        .and_then(|json| Tree::from_json(&json))
        .unwrap_or_else(|| Tree::text(text))
}

fn names(detail: &ReportedDetail, path: &str) -> bool {
    detail.name.as_deref() == Some(top_level(path))
}

fn from_context(
    name: &LogicalId,
    kind: &str,
    difference: Difference,
    reported: &ReportedChange,
    sides: &Sides<'_>,
) -> PropertyChange {
    let path = match difference.path.strip_prefix("Properties.") {
        Some(path) => path.to_owned(),
        None => difference.path.clone(),
    };
    let in_properties = path != difference.path;
    let details = || {
        reported
            .details
            .iter()
            .filter(|detail| names(detail, &path))
    };
    let stated = details().map(|detail| detail.recreation).max();
    let recreation = match stated {
        Some(stated) => stated,
        None if in_properties => recreation(kind, top_level(&path)),
        None => Recreation::Never,
    };
    let mut causes: Vec<String> = details()
        .filter_map(|detail| detail.causing_entity.clone())
        .collect();
    if causes.is_empty() && in_properties {
        causes = sides.causes(name, &path);
    }
    causes.dedup();
    PropertyChange {
        before: difference.before.as_ref().map(|tree| shown(&path, tree)),
        after: difference.after.as_ref().map(|tree| shown(&path, tree)),
        path,
        recreation,
        causes,
    }
}

/// CloudFormation's word, made sharper where "conditionally" can be decided, and not
/// believed where it would be data that is lost by mistake.
fn replacement(reported: &ReportedChange, draft: Option<&Draft>, sides: &Sides<'_>) -> Replacement {
    let kind = &reported.resource_type;
    let side = |evaluated: &Evaluated, property: &str| {
        let resource = evaluated.resources.get(&reported.logical_id)?;
        resource.properties.get(property).cloned()
    };
    let ours = draft.map_or(Replacement::No, |draft| {
        let own: Vec<DraftProperty> = draft
            .properties
            .iter()
            .filter(|property| property.follows.is_none())
            .cloned()
            .collect();
        replacement_of(&own)
    });
    if reported.replacement == Replacement::Maybe && ours == Replacement::Yes {
        return Replacement::Yes;
    }
    if reported.replacement == Replacement::Maybe {
        let decided = reported.details.iter().map(|detail| match &detail.name {
            Some(property) if !detail.dynamic => resolved(
                detail.recreation,
                kind,
                property,
                side(&sides.before, property).as_ref(),
                side(&sides.after, property).as_ref(),
            ),
            _ => detail.recreation,
        });
        return match decided.max() {
            Some(Recreation::Never | Recreation::Unknown) => Replacement::No,
            // The cause may turn out not to change.
            _ => Replacement::Maybe,
        };
    }
    let doubt = is_stateful(kind) && ours == Replacement::Yes;
    if reported.replacement == Replacement::No && doubt {
        return Replacement::Maybe;
    }
    reported.replacement
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
#[path = "stack_tests.rs"]
mod tests;
