//! The template that is deployed against the one that was rendered: which resources
//! change, in which properties, and which are made anew, with all that follows from it.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::difference::{Difference, differences, top_level};
use super::evaluate::{Evaluated, EvaluatedResource};
use super::model::{Fate, Recreation, Replacement, ResourceAction};
use super::recreation::{fate, recreation};
use super::tree::{Tree, placeholders, resource_of};
use crate::names::LogicalId;

/// A change of a resource under construction.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) resource_type: String,
    pub(crate) action: ResourceAction,
    pub(crate) replacement: Replacement,
    pub(crate) fate: Option<Fate>,
    pub(crate) properties: Vec<DraftProperty>,
    pub(crate) before: Option<Tree>,
    pub(crate) after: Option<Tree>,
}

/// A property that changes.
#[derive(Debug, Clone)]
pub(crate) struct DraftProperty {
    pub(crate) difference: Difference,
    pub(crate) recreation: Recreation,
    /// The resource whose replacement changes the value in a way that is not known yet.
    pub(crate) follows: Option<LogicalId>,
}

/// All resources that differ, in the order of the new template, those that go at the end.
pub(crate) fn compare(before: &Evaluated, after: &Evaluated) -> IndexMap<LogicalId, Draft> {
    let mut drafts = IndexMap::new();
    for (name, new) in &after.resources {
        let draft = match before.resources.get(name) {
            None => Some(added(new)),
            Some(old) => modified(old, new),
        };
        if let Some(draft) = draft {
            drafts.insert(name.clone(), draft);
        }
    }
    for (name, old) in &before.resources {
        if !after.resources.contains_key(name) {
            drafts.insert(name.clone(), removed(old));
        }
    }
    follow_replacements(before, after, &mut drafts);
    drafts
}

fn added(new: &EvaluatedResource) -> Draft {
    Draft {
        resource_type: new.resource_type.clone(),
        action: ResourceAction::Add,
        replacement: Replacement::No,
        fate: None,
        properties: Vec::new(),
        before: None,
        after: Some(new.properties.clone()),
    }
}

fn removed(old: &EvaluatedResource) -> Draft {
    Draft {
        resource_type: old.resource_type.clone(),
        action: ResourceAction::Remove,
        replacement: Replacement::No,
        fate: Some(fate(
            old.deletion_policy.as_deref(),
            &old.resource_type,
            in_cluster(&old.properties),
        )),
        properties: Vec::new(),
        before: Some(old.properties.clone()),
        after: None,
    }
}

fn modified(old: &EvaluatedResource, new: &EvaluatedResource) -> Option<Draft> {
    let kind = &new.resource_type;
    let mut properties: Vec<DraftProperty> =
        differences(Some(&old.properties), Some(&new.properties))
            .into_iter()
            .map(|difference| {
                let property = top_level(&difference.path).to_owned();
                DraftProperty {
                    recreation: resolved(
                        recreation(kind, &property),
                        kind,
                        &property,
                        old.properties.get(&property),
                        new.properties.get(&property),
                    ),
                    difference,
                    follows: None,
                }
            })
            .collect();
    let policy = |name: &str, old: &Option<String>, new: &Option<String>| Difference {
        path: name.to_owned(),
        before: old.clone().map(Tree::Text),
        after: new.clone().map(Tree::Text),
    };
    let others = differences(Some(&old.attributes), Some(&new.attributes))
        .into_iter()
        // The order of the work is no change of a resource.
        .filter(|difference| top_level(&difference.path) != "DependsOn")
        .chain([
            policy("DeletionPolicy", &old.deletion_policy, &new.deletion_policy),
            policy(
                "UpdateReplacePolicy",
                &old.update_replace_policy,
                &new.update_replace_policy,
            ),
        ])
        .filter(|difference| difference.before != difference.after);
    properties.extend(others.map(|difference| DraftProperty {
        difference,
        recreation: Recreation::Never,
        follows: None,
    }));
    let mut replacement = replacement_of(&properties);
    if old.resource_type != *kind {
        replacement = Replacement::Yes;
        properties.insert(
            0,
            DraftProperty {
                difference: Difference {
                    path: "Type".to_owned(),
                    before: Some(Tree::text(&old.resource_type)),
                    after: Some(Tree::text(kind)),
                },
                recreation: Recreation::Always,
                follows: None,
            },
        );
    }
    if properties.is_empty() {
        return None;
    }
    Some(Draft {
        resource_type: kind.clone(),
        action: ResourceAction::Modify,
        replacement,
        fate: fate_of_replaced(old, new, replacement),
        properties,
        before: Some(old.properties.clone()),
        after: Some(new.properties.clone()),
    })
}

/// What a list of changes means for the resource.
pub(crate) fn replacement_of(properties: &[DraftProperty]) -> Replacement {
    let worst = properties.iter().map(|property| property.recreation).max();
    match worst {
        Some(Recreation::Always) => Replacement::Yes,
        Some(Recreation::Conditionally) => Replacement::Maybe,
        // That the tool does not know a type is no reason to frighten anybody: most
        // properties are changed in place.
        Some(Recreation::Unknown | Recreation::Never) | None => Replacement::No,
    }
}

fn fate_of_replaced(
    old: &EvaluatedResource,
    new: &EvaluatedResource,
    replacement: Replacement,
) -> Option<Fate> {
    (replacement != Replacement::No).then(|| {
        fate(
            new.update_replace_policy.as_deref(),
            &old.resource_type,
            in_cluster(&old.properties),
        )
    })
}

fn in_cluster(properties: &Tree) -> bool {
    properties.get("DBClusterIdentifier").is_some()
}

/// Decides what "conditionally" means where the values themselves tell.
pub(crate) fn resolved(
    stated: Recreation,
    resource_type: &str,
    property: &str,
    before: Option<&Tree>,
    after: Option<&Tree>,
) -> Recreation {
    if stated != Recreation::Conditionally {
        return stated;
    }
    let name = match (resource_type, property) {
        // An attribute may come or go; one that stays must not get another type.
        ("AWS::DynamoDB::Table" | "AWS::DynamoDB::GlobalTable", "AttributeDefinitions") => {
            "AttributeName"
        }
        // Attributes of users may be added.
        ("AWS::Cognito::UserPool", "Schema") => "Name",
        _ => return stated,
    };
    let items = |tree: Option<&Tree>| -> BTreeMap<String, Tree> {
        tree.map(Tree::items)
            .unwrap_or_default()
            .into_iter()
            .filter_map(|item| Some((item.get(name)?.as_text()?.to_owned(), item.clone())))
            .collect()
    };
    let (before, after) = (items(before), items(after));
    let kept = |(key, old): (&String, &Tree)| match after.get(key) {
        Some(new) => new == old,
        None => resource_type.starts_with("AWS::DynamoDB"),
    };
    if before.iter().all(kept) {
        Recreation::Never
    } else {
        Recreation::Always
    }
}

/// A resource that is made anew gets another ID, so whatever names it changes too, and may
/// itself be made anew because of that.
fn follow_replacements(
    before: &Evaluated,
    after: &Evaluated,
    drafts: &mut IndexMap<LogicalId, Draft>,
) {
    let mut waiting: Vec<LogicalId> = replaced(drafts).map(|(name, _)| name.clone()).collect();
    while let Some(source) = waiting.pop() {
        let certain = drafts
            .get(&source)
            .is_some_and(|draft| draft.replacement == Replacement::Yes);
        for (name, new) in &after.resources {
            let Some(old) = before.resources.get(name) else {
                continue;
            };
            if *name == source {
                continue;
            }
            for (path, text) in leaves(&new.properties) {
                if !placeholders(text).any(|found| resource_of(found) == source.as_str()) {
                    continue;
                }
                let draft = drafts.entry(name.clone()).or_insert_with(|| Draft {
                    resource_type: new.resource_type.clone(),
                    action: ResourceAction::Modify,
                    replacement: Replacement::No,
                    fate: None,
                    properties: Vec::new(),
                    before: Some(old.properties.clone()),
                    after: Some(new.properties.clone()),
                });
                let known = |property: &DraftProperty| path.starts_with(&property.difference.path);
                if draft.properties.iter().any(known) {
                    continue;
                }
                let value = Some(Tree::text(text));
                let stated = recreation(&new.resource_type, top_level(&path));
                draft.properties.push(DraftProperty {
                    difference: Difference {
                        path,
                        before: value.clone(),
                        after: value,
                    },
                    recreation: match stated {
                        Recreation::Always if !certain => Recreation::Conditionally,
                        stated => stated,
                    },
                    follows: Some(source.clone()),
                });
                let was = draft.replacement;
                draft.replacement = was.max(replacement_of(&draft.properties));
                if draft.replacement != was {
                    draft.fate = fate_of_replaced(old, new, draft.replacement);
                    waiting.push(name.clone());
                }
            }
        }
    }
}

fn replaced(drafts: &IndexMap<LogicalId, Draft>) -> impl Iterator<Item = (&LogicalId, &Draft)> {
    drafts
        .iter()
        .filter(|(_, draft)| draft.replacement != Replacement::No)
}

/// All texts of a value with their places.
fn leaves(tree: &Tree) -> Vec<(String, &str)> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), tree)];
    while let Some((path, tree)) = open.pop() {
        match tree {
            Tree::Text(text) => found.push((path, text.as_str())),
            Tree::Hidden(_) => {}
            Tree::List(items) => {
                for (index, item) in items.iter().enumerate().rev() {
                    open.push((format!("{path}[{index}]"), item));
                }
            }
            Tree::Map(entries) => {
                for (key, value) in entries.iter().rev() {
                    let path = match path.is_empty() {
                        true => key.clone(),
                        false => format!("{path}.{key}"),
                    };
                    open.push((path, value));
                }
            }
        }
    }
    found
}
