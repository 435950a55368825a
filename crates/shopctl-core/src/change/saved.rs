//! A plan kept in a file, and whether the world is still the one that it was made in.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::model::Preview;
use crate::names::{EnvironmentName, StackName};
use crate::plan::{Action, Plan, PlannedValue, StackDeployment};
use crate::planner::Observed;
use crate::stack_settings::StackSettings;

/// Version of the file's form.
pub const SAVED_VERSION: u32 = 1;

/// A plan in a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SavedPlan {
    /// Version of the form.
    pub saved_version: u32,
    /// Version of the tool.
    pub tool: String,
    /// When it was made, RFC 3339.
    pub created: String,
    /// What it was made of.
    pub fingerprint: Fingerprint,
    /// What it says.
    pub preview: Preview,
}

/// Everything that decides what a deploy does, as digests: no value can be read back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fingerprint {
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: EnvironmentName,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// The stacks.
    pub stacks: BTreeMap<StackName, StackFingerprint>,
    /// Digest of the site's files, if there is a site.
    pub site: Option<String>,
}

/// What decides what a deploy does with a stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StackFingerprint {
    /// ARN of the stack, when it was there.
    pub stack_id: Option<String>,
    /// Its status.
    pub status: Option<String>,
    /// Its last change.
    pub last_changed: Option<String>,
    /// Digest of the rendered template; holds the digests of all artifacts.
    pub template: String,
    /// Digest of parameters, tags and capabilities.
    pub inputs: String,
}

impl Fingerprint {
    /// Of a plan, what it was made from, and the site's files (name, digest).
    pub fn new(
        plan: &Plan,
        observed: &Observed,
        account: &str,
        region: &str,
        site: Option<&BTreeMap<String, String>>,
    ) -> Self {
        let stacks = plan
            .steps
            .iter()
            .filter_map(|step| match &step.action {
                Action::DeployStack(deployment) => Some(deployment),
                _ => None,
            })
            .map(|deployment| {
                let seen = observed.stacks.get(&deployment.stack);
                let fingerprint = StackFingerprint {
                    stack_id: seen.map(|seen| seen.stack_id.clone()),
                    status: seen.map(|seen| seen.status.to_string()),
                    last_changed: seen.and_then(|seen| seen.last_changed.clone()),
                    template: deployment.template_digest.clone(),
                    inputs: inputs(deployment),
                };
                (deployment.stack.clone(), fingerprint)
            })
            .collect();
        Self {
            project: plan.project.clone(),
            environment: plan.environment.clone(),
            account: account.to_owned(),
            region: region.to_owned(),
            stacks,
            site: site.map(|files| {
                digest(
                    files
                        .iter()
                        .flat_map(|(name, digest)| [name.as_str(), digest.as_str()]),
                )
            }),
        }
    }
}

fn inputs(deployment: &StackDeployment) -> String {
    let mut fields: Vec<String> = Vec::new();
    let parameters: BTreeMap<_, _> = deployment.parameters.iter().collect();
    for (name, value) in parameters {
        fields.push(name.clone());
        match value {
            PlannedValue::Known(text) => fields.extend(["known".to_owned(), text.clone()]),
            PlannedValue::OutputOf { stack, output } => {
                fields.extend(["output".to_owned(), format!("{stack}.{output}")]);
            }
        }
    }
    for (key, value) in &deployment.tags {
        fields.extend(["tag".to_owned(), key.clone(), value.clone()]);
    }
    for capability in &deployment.capabilities {
        fields.push(format!("{capability:?}"));
    }
    fields.push(format!("protected {:?}", deployment.termination_protection));
    if deployment.settings != StackSettings::default() {
        fields.push(format!("{:?}", deployment.settings));
    }
    digest(fields.iter().map(String::as_str))
}

fn digest<'a>(fields: impl Iterator<Item = &'a str>) -> String {
    let mut hasher = Sha256::new();
    for field in fields {
        hasher.update(field.as_bytes());
        // A byte that no text holds keeps neighbours apart.
        hasher.update([0xff]);
    }
    hex::encode(hasher.finalize())
}

/// What is different now from when a plan was made; empty when it can be carried out.
pub fn moved(saved: &Fingerprint, now: &Fingerprint) -> Vec<String> {
    let mut found = Vec::new();
    let mut differ = |what: &str, saved: &str, now: &str| {
        if saved != now {
            found.push(format!("the plan is for {what} '{saved}', this is '{now}'"));
        }
    };
    differ("project", &saved.project, &now.project);
    differ(
        "environment",
        saved.environment.as_str(),
        now.environment.as_str(),
    );
    differ("account", &saved.account, &now.account);
    differ("region", &saved.region, &now.region);
    let names: BTreeSet<&StackName> = saved.stacks.keys().chain(now.stacks.keys()).collect();
    for name in names {
        match (saved.stacks.get(name), now.stacks.get(name)) {
            (Some(old), Some(new)) => {
                found.extend(stack_moved(old, new).map(|what| format!("stack '{name}': {what}")));
            }
            (Some(_), None) => found.push(format!("stack '{name}' is no longer in the project")),
            (None, Some(_)) => found.push(format!("stack '{name}' is new in the project")),
            (None, None) => {}
        }
    }
    if saved.site != now.site {
        found.push("the site's files are others".to_owned());
    }
    found
}

fn stack_moved(old: &StackFingerprint, new: &StackFingerprint) -> Option<String> {
    let status = |text: &Option<String>| text.clone().unwrap_or_else(|| "absent".to_owned());
    if old.stack_id != new.stack_id {
        return Some(match (&old.stack_id, &new.stack_id) {
            (Some(_), Some(_)) => "it was deleted and made again".to_owned(),
            (Some(_), None) => "it was deleted".to_owned(),
            _ => "it was created".to_owned(),
        });
    }
    if old.last_changed != new.last_changed {
        return Some("it was changed".to_owned());
    }
    if old.status != new.status {
        return Some(format!(
            "it was {}, it is {}",
            status(&old.status),
            status(&new.status)
        ));
    }
    if old.template != new.template {
        return Some("its template or code is another".to_owned());
    }
    (old.inputs != new.inputs).then(|| "its parameters, tags or capabilities are others".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn stack() -> StackFingerprint {
        StackFingerprint {
            stack_id: Some("arn:1".to_owned()),
            status: Some("CREATE_COMPLETE".to_owned()),
            last_changed: Some("2026-01-01T00:00:00Z".to_owned()),
            template: "t".to_owned(),
            inputs: "i".to_owned(),
        }
    }

    fn world(stack: StackFingerprint) -> Fingerprint {
        Fingerprint {
            project: "shop".to_owned(),
            environment: "prod".into(),
            account: "123456789012".to_owned(),
            region: "eu-central-1".to_owned(),
            stacks: [("orders".into(), stack)].into(),
            site: Some("s".to_owned()),
        }
    }

    #[test]
    fn every_way_the_world_can_move_is_told() {
        let saved = world(stack());
        assert!(moved(&saved, &saved).is_empty());
        type Change = fn(&mut Fingerprint);
        fn orders(world: &mut Fingerprint) -> &mut StackFingerprint {
            world.stacks.get_mut("orders").unwrap()
        }
        let cases: &[(Change, &str)] = &[
            (
                |w| w.account = "2".to_owned(),
                "the plan is for account '123456789012', this is '2'",
            ),
            (
                |w| w.environment = "dev".into(),
                "the plan is for environment 'prod', this is 'dev'",
            ),
            (
                |w| w.region = "r".to_owned(),
                "the plan is for region 'eu-central-1', this is 'r'",
            ),
            (|w| w.site = None, "the site's files are others"),
            (
                |w| orders(w).stack_id = None,
                "stack 'orders': it was deleted",
            ),
            (
                |w| orders(w).stack_id = Some("arn:2".to_owned()),
                "stack 'orders': it was deleted and made again",
            ),
            (
                |w| orders(w).last_changed = None,
                "stack 'orders': it was changed",
            ),
            (
                |w| orders(w).status = Some("UPDATE_IN_PROGRESS".to_owned()),
                "stack 'orders': it was CREATE_COMPLETE, it is UPDATE_IN_PROGRESS",
            ),
            (
                |w| orders(w).template = "u".to_owned(),
                "stack 'orders': its template or code is another",
            ),
            (
                |w| orders(w).inputs = "j".to_owned(),
                "stack 'orders': its parameters, tags or capabilities are others",
            ),
            (
                |w| {
                    w.stacks.clear();
                },
                "stack 'orders' is no longer in the project",
            ),
            (
                |w| {
                    w.stacks.insert("new".into(), stack());
                },
                "stack 'new' is new in the project",
            ),
        ];
        for (change, expected) in cases {
            let mut now = saved.clone();
            change(&mut now);
            assert_eq!(moved(&saved, &now), [*expected]);
        }
    }
}
