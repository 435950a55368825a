//! What is refused unless it is allowed by name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::model::{Fate, Replacement, ResourceAction, StackChange};
use super::recreation::is_stateful;
use crate::names::LogicalId;

/// Something that the user allows by name: `replace:Table`, `delete:orders.Table`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    what: Verb,
    stack: Option<String>,
    logical_id: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Verb {
    Replace,
    Delete,
}

/// Text that is no allowance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not of the form replace:RESOURCE or delete:RESOURCE, where RESOURCE is a logical ID or stack.logicalID"
)]
pub struct AllowanceError(String);

impl FromStr for Allowance {
    type Err = AllowanceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || AllowanceError(text.to_owned());
        let (verb, resource) = text.split_once(':').ok_or_else(wrong)?;
        let what = match verb {
            "replace" => Verb::Replace,
            "delete" => Verb::Delete,
            _ => return Err(wrong()),
        };
        let (stack, logical_id) = match resource.split_once('.') {
            Some((stack, logical_id)) => (Some(stack), logical_id),
            None => (None, resource),
        };
        let is_name = !logical_id.is_empty()
            && logical_id.chars().all(|c| c.is_ascii_alphanumeric())
            && stack != Some("");
        is_name
            .then(|| Self {
                what,
                stack: stack.map(str::to_owned),
                logical_id: logical_id.to_owned(),
            })
            .ok_or_else(wrong)
    }
}

impl fmt::Display for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.what {
            Verb::Replace => "replace",
            Verb::Delete => "delete",
        };
        match &self.stack {
            Some(stack) => write!(f, "{verb}:{stack}.{}", self.logical_id),
            None => write!(f, "{verb}:{}", self.logical_id),
        }
    }
}

impl Allowance {
    fn covers(&self, refusal: &Refusal) -> bool {
        let Refusal::Resource { allow, .. } = refusal else {
            return false;
        };
        self.what == allow.what
            && self.logical_id == allow.logical_id
            && self
                .stack
                .as_ref()
                .is_none_or(|stack| Some(stack) == allow.stack.as_ref())
    }
}

/// A change that is not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A resource that holds data would be made anew or deleted.
    Resource {
        /// Its name.
        logical_id: LogicalId,
        /// Its type.
        resource_type: String,
        /// What would happen, as a fragment.
        what: String,
        /// What allows it.
        allow: Allowance,
    },
    /// An export would go or change that other stacks import; CloudFormation refuses that
    /// as well, but only in the middle of the update.
    Export {
        /// The stack that exports it.
        stack: String,
        /// Its name.
        name: String,
        /// Who imports it.
        importers: Vec<String>,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Resource {
                logical_id,
                resource_type,
                what,
                allow,
            } => {
                let stack = allow.stack.as_deref().unwrap_or_default();
                write!(f, "{stack}.{logical_id} ({resource_type}) {what}")
            }
            Refusal::Export {
                stack,
                name,
                importers,
            } => write!(
                f,
                "{stack} gives up export '{name}', which is imported by {}",
                importers.join(", ")
            ),
        }
    }
}

impl Refusal {
    /// What the user can do.
    pub fn hint(&self) -> String {
        match self {
            Refusal::Resource { allow, .. } => {
                format!("if that is meant: save what you need, then say --allow {allow}")
            }
            Refusal::Export {
                name, importers, ..
            } => format!(
                "in two steps: keep '{name}' as it is and deploy {} without Fn::ImportValue of it, then remove it with the next deploy",
                importers.join(", ")
            ),
        }
    }
}

/// What of some changes is refused.
pub fn refusals(stacks: &[StackChange], allowed: &[Allowance]) -> Vec<Refusal> {
    all(stacks)
        .into_iter()
        .filter(|refusal| !allowed.iter().any(|allowance| allowance.covers(refusal)))
        .collect()
}

/// Allowances that nothing needs.
pub fn unused<'a>(stacks: &[StackChange], allowed: &'a [Allowance]) -> Vec<&'a Allowance> {
    let needed = all(stacks);
    allowed
        .iter()
        .filter(|allowance| !needed.iter().any(|refusal| allowance.covers(refusal)))
        .collect()
}

fn all(stacks: &[StackChange]) -> Vec<Refusal> {
    let mut found = Vec::new();
    for stack in stacks {
        for resource in &stack.resources {
            if !is_stateful(&resource.resource_type) {
                continue;
            }
            let fate = resource.fate.unwrap_or(Fate::Deleted);
            let (verb, what) = match (resource.action, resource.replacement, fate) {
                (ResourceAction::Remove, _, Fate::Deleted) => {
                    (Verb::Delete, "would be deleted with all that it holds")
                }
                (ResourceAction::Remove, _, Fate::Snapshotted) => (
                    Verb::Delete,
                    "would be deleted; only a snapshot of its data would stay",
                ),
                (
                    ResourceAction::Modify | ResourceAction::Dynamic,
                    Replacement::Yes,
                    Fate::Deleted,
                ) => (
                    Verb::Replace,
                    "would be replaced by a new, empty one and deleted with all that it holds",
                ),
                (ResourceAction::Modify | ResourceAction::Dynamic, Replacement::Yes, _) => {
                    (Verb::Replace, "would be replaced by a new, empty one")
                }
                (ResourceAction::Modify | ResourceAction::Dynamic, Replacement::Maybe, _) => (
                    Verb::Replace,
                    "might be replaced by a new, empty one: CloudFormation cannot tell before it does it",
                ),
                _ => continue,
            };
            found.push(Refusal::Resource {
                logical_id: resource.logical_id.clone(),
                resource_type: resource.resource_type.clone(),
                what: what.to_owned(),
                allow: Allowance {
                    what: verb,
                    stack: Some(stack.stack.to_string()),
                    logical_id: resource.logical_id.to_string(),
                },
            });
        }
        for export in stack
            .exports
            .iter()
            .filter(|export| !export.importers.is_empty())
        {
            found.push(Refusal::Export {
                stack: stack.stack.to_string(),
                name: export.name.clone(),
                importers: export.importers.clone(),
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::change::{ExportRemoval, ResourceChange, StackEffect};

    fn stack(resources: Vec<ResourceChange>) -> StackChange {
        StackChange {
            stack: "orders".into(),
            cloud_name: "shop-prod-orders".into(),
            effect: StackEffect::Update,
            reason: String::new(),
            asked: true,
            resources,
            parameters: Vec::new(),
            outputs: Vec::new(),
            tags: Vec::new(),
            termination_protection: None,
            exports: Vec::new(),
            known_after: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn table(action: ResourceAction, replacement: Replacement, fate: Fate) -> ResourceChange {
        ResourceChange {
            logical_id: "Table".into(),
            resource_type: "AWS::DynamoDB::Table".to_owned(),
            physical_id: None,
            action,
            replacement,
            fate: Some(fate),
            properties: Vec::new(),
            dangers: Vec::new(),
        }
    }

    #[test]
    fn data_is_only_given_up_by_name() {
        let replaced = [stack(vec![table(
            ResourceAction::Modify,
            Replacement::Yes,
            Fate::Deleted,
        )])];
        let refused = |allowed: &[&str]| {
            let allowed: Vec<Allowance> = allowed.iter().map(|a| a.parse().unwrap()).collect();
            refusals(&replaced, &allowed)
        };
        let refusal = refused(&[]).remove(0);
        insta::assert_snapshot!(format!("{refusal}\n{}", refusal.hint()), @r"
        orders.Table (AWS::DynamoDB::Table) would be replaced by a new, empty one and deleted with all that it holds
        if that is meant: save what you need, then say --allow replace:orders.Table
        ");
        assert!(refused(&["replace:Table"]).is_empty());
        assert!(refused(&["replace:orders.Table"]).is_empty());
        assert_eq!(refused(&["replace:products.Table"]).len(), 1);
        assert_eq!(refused(&["delete:Table"]).len(), 1);
        assert_eq!(refused(&["replace:Other"]).len(), 1);
    }

    #[test]
    fn what_keeps_data_is_not_refused() {
        use ResourceAction as A;
        let cases = [
            (table(A::Remove, Replacement::No, Fate::Retained), false),
            (table(A::Remove, Replacement::No, Fate::Snapshotted), true),
            (table(A::Modify, Replacement::No, Fate::Deleted), false),
            (table(A::Modify, Replacement::Maybe, Fate::Deleted), true),
            (table(A::Modify, Replacement::Yes, Fate::Retained), true),
            (table(A::Add, Replacement::No, Fate::Deleted), false),
        ];
        for (change, expected) in cases {
            let text = format!("{change:?}");
            assert_eq!(
                !refusals(&[stack(vec![change])], &[]).is_empty(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn a_used_export_is_told_with_the_way_out() {
        let mut change = stack(Vec::new());
        change.exports.push(ExportRemoval {
            name: "shop-bus".to_owned(),
            output: "Bus".to_owned(),
            importers: vec!["billing".to_owned()],
        });
        let refusal = refusals(&[change], &["replace:Bus".parse().unwrap()]).remove(0);
        insta::assert_snapshot!(format!("{refusal}\n{}", refusal.hint()), @r"
        orders gives up export 'shop-bus', which is imported by billing
        in two steps: keep 'shop-bus' as it is and deploy billing without Fn::ImportValue of it, then remove it with the next deploy
        ");
    }

    #[test]
    fn allowances_have_one_form() {
        for text in ["replace:Table", "delete:orders.Table"] {
            assert_eq!(text.parse::<Allowance>().unwrap().to_string(), text);
        }
        for text in [
            "Table",
            "replace:",
            "all:Table",
            "replace:*",
            "delete:.Table",
            "replace:a.b.c",
        ] {
            assert!(text.parse::<Allowance>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_allowance_that_nothing_needs_is_told() {
        let allowed = ["replace:Tabel".parse().unwrap()];
        assert_eq!(unused(&[], &allowed).len(), 1);
    }
}
