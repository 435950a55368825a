//! What happens to one resource: what the comparison drafted, or CloudFormation's word for it with
//! what the comparison knows beyond that.

use indexmap::IndexMap;

use super::compare::{Draft, DraftProperty, replacement_of, resolved};
use super::danger;
use super::difference::{Difference, differences, top_level};
use super::evaluate::Evaluated;
use super::model::{
    Danger, DangerClass, PropertyChange, Recreation, Replacement, ResourceAction, ResourceChange,
    Shown,
};
use super::noise::without_noise;
use super::recreation::{is_stateful, recreation};
use super::reported::{ReportedChange, ReportedDetail};
use super::shown::shown;
use super::sides::Sides;
use super::tree::Tree;
use crate::names::LogicalId;

/// A resource as the comparison tells it.
pub(super) fn drafted(name: &LogicalId, draft: &Draft, sides: &Sides<'_>) -> ResourceChange {
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
pub(super) fn told(
    reported: &ReportedChange,
    draft: Option<&Draft>,
    sides: &Sides<'_>,
) -> ResourceChange {
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
pub(super) fn meant(
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
