//! Desired and observed state in, plan out. No calls, no clock.

mod decide;
mod fast;
mod teardown;

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use crate::names::{CloudStackName, EnvironmentName, StackName};
use crate::plan::{Action, Plan, PlannedValue, StackAction, StackDeployment, Step, StepId};
use crate::record::Record;
use crate::stack_settings::{RollbackRule, StackSettings};
use crate::status::{DeployApproach, Obstacle, StackStatus};
use crate::template::RenderedTemplate;

pub use fast::plan_fast_deploy;
pub use teardown::plan_teardown;

/// CloudFormation takes templates of up to this many bytes in the request itself.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>
pub const INLINE_TEMPLATE_LIMIT: usize = 51_200;

/// What is to be deployed.
#[derive(Debug, Clone)]
pub struct Desired {
    /// The project's name.
    pub project: String,
    /// The environment's name.
    pub environment: EnvironmentName,
    /// The bucket of artifacts and records.
    pub bucket: String,
    /// The stacks, each after those it depends on.
    pub stacks: Vec<DesiredStack>,
    /// Stacks whose outputs the site needs; `None` without a site.
    pub site: Option<BTreeSet<StackName>>,
    /// Whether there are URLs to be checked.
    pub urls: bool,
    /// Whether stacks whose inputs stay the same are looked at all the same, because
    /// somebody may have changed their resources by hand.
    pub look_again: bool,
    /// Whether stacks that stopped after a failed update are updated from there.
    pub retry_paused: bool,
}

/// A stack that is to be deployed.
#[derive(Debug, Clone)]
pub struct DesiredStack {
    /// Its name in CloudFormation.
    pub cloud_name: CloudStackName,
    /// Its template.
    pub template: RenderedTemplate,
    /// Values of parameters.
    pub parameters: IndexMap<String, PlannedValue>,
    /// Stacks that have to be there first.
    pub depends_on: BTreeSet<StackName>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Whether it is protected from deletion; `None` leaves it as it is.
    pub termination_protection: Option<bool>,
    /// How CloudFormation is to treat it.
    pub settings: StackSettings,
}

/// What there is.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// The stacks that are there.
    pub stacks: BTreeMap<StackName, ObservedStack>,
    /// The record of the last deploy.
    pub record: Option<Record>,
    /// Whether the artifact bucket is known to be there.
    pub bucket_exists: bool,
    /// Keys and entity tags of the objects in the site's bucket, with its name, when the
    /// record knows it.
    pub site: Option<(String, BTreeMap<String, String>)>,
}

/// A stack that is there.
#[derive(Debug, Clone)]
pub struct ObservedStack {
    /// Its ARN.
    pub stack_id: String,
    /// Its status.
    pub status: StackStatus,
    /// Time of its last change.
    pub last_changed: Option<String>,
    /// Its outputs.
    pub outputs: IndexMap<String, String>,
    /// Whether it is protected from deletion.
    pub termination_protection: bool,
    /// The alarms that have CloudFormation roll it back.
    pub rollback: RollbackRule,
    /// Its stack policy, of stacks for which the project names one.
    pub policy: Option<String>,
}

/// A stack that a deploy cannot touch before a person has acted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("stack '{cloud_name}' is in {status}")]
pub struct BlockedStack {
    /// Its name in the project file.
    pub stack: StackName,
    /// Its name in CloudFormation.
    pub cloud_name: CloudStackName,
    /// Its status.
    pub status: StackStatus,
    /// Why it is stuck.
    pub obstacle: Obstacle,
}

/// Plans a deploy. Answers every stack that blocks it instead, if there are any.
pub fn plan_deploy(desired: &Desired, observed: &Observed) -> Result<Plan, Vec<BlockedStack>> {
    let blocked: Vec<BlockedStack> = desired
        .stacks
        .iter()
        .filter_map(|stack| {
            let status = observed.stacks.get(&stack.template.stack)?.status;
            match status.deploy_approach() {
                DeployApproach::Stop(Obstacle::UpdatePaused) if desired.retry_paused => None,
                DeployApproach::Stop(obstacle) => Some(BlockedStack {
                    stack: stack.template.stack.clone(),
                    cloud_name: stack.cloud_name.clone(),
                    status,
                    obstacle,
                }),
                _ => None,
            }
        })
        .collect();
    if !blocked.is_empty() {
        return Err(blocked);
    }

    let mut steps = Vec::new();
    let mut uploads: BTreeSet<StepId> = BTreeSet::new();
    // Outputs of stacks that stay as they are; those of the others are not known yet.
    let mut known: BTreeMap<&StackName, &IndexMap<String, String>> = BTreeMap::new();
    let bucket = StepId::single("bucket");
    let mut after_bucket = BTreeSet::new();
    if !observed.bucket_exists {
        after_bucket.insert(bucket.clone());
        steps.push(Step {
            id: bucket,
            action: Action::EnsureBucket,
            after: BTreeSet::new(),
            reason: "artifacts and records are kept in it".to_owned(),
        });
    }

    for stack in &desired.stacks {
        let template = &stack.template;
        let parameters: IndexMap<String, PlannedValue> = stack
            .parameters
            .iter()
            .map(|(name, value)| (name.clone(), resolve(value, &known)))
            .collect();
        let mut settings = stack.settings.clone();
        if let Some(rule) = &mut settings.rollback
            && let Ok(resolved) = rule.resolved(|value| Some(resolve(value, &known)))
        {
            *rule = resolved;
        }
        let seen = observed.stacks.get(&template.stack);
        let recorded = observed
            .record
            .as_ref()
            .and_then(|record| record.stacks.get(&template.stack));
        let is_fast = |record: &Record| record.fast.contains_key(&template.stack);
        let (action, reason) = match decide::decide(stack, &parameters, &settings, seen, recorded) {
            (StackAction::None, _) if observed.record.as_ref().is_some_and(is_fast) => (
                StackAction::Update,
                "its functions run code that a fast deploy put there".to_owned(),
            ),
            (StackAction::None, _) if desired.look_again => (
                StackAction::Decide,
                "what was changed by hand is to be as the template says".to_owned(),
            ),
            decided => decided,
        };
        if let (StackAction::None, Some(seen)) = (action, seen) {
            known.insert(&template.stack, &seen.outputs);
        }

        let mut after: BTreeSet<StepId> = stack.depends_on.iter().map(StepId::stack).collect();
        let mut template_key = None;
        if action != StackAction::None {
            let mut wanted: Vec<(String, &crate::names::ArtifactDigest, String)> = template
                .uploads
                .iter()
                .map(|upload| (upload.key.clone(), &upload.digest, upload.label.clone()))
                .collect();
            let template_digest = crate::names::ArtifactDigest::new(template.digest.clone());
            if template.body.len() > INLINE_TEMPLATE_LIMIT {
                let key = template_object_key(template);
                wanted.push((
                    key.clone(),
                    &template_digest,
                    format!("template of {}", template.stack),
                ));
                template_key = Some(key);
            }
            for (key, digest, label) in wanted {
                let id = StepId::upload(&key);
                if uploads.insert(id.clone()) {
                    steps.push(Step {
                        id: id.clone(),
                        action: Action::Upload {
                            key,
                            digest: digest.clone(),
                            label,
                        },
                        after: after_bucket.clone(),
                        reason: format!("stack '{}' needs it", template.stack),
                    });
                }
                after.insert(id);
            }
        }
        steps.push(Step {
            id: StepId::stack(&template.stack),
            action: Action::DeployStack(Box::new(StackDeployment {
                stack: template.stack.clone(),
                cloud_name: stack.cloud_name.clone(),
                action,
                template_digest: template.digest.clone(),
                template_key,
                parameters,
                tags: stack.tags.clone(),
                capabilities: template.capabilities.clone(),
                termination_protection: stack.termination_protection,
                settings,
            })),
            after,
            reason,
        });
    }

    let all_stacks: BTreeSet<StepId> = desired
        .stacks
        .iter()
        .map(|stack| StepId::stack(&stack.template.stack))
        .collect();
    let mut last = all_stacks;
    if let Some(needs) = &desired.site {
        let id = StepId::single("site");
        steps.push(Step {
            id: id.clone(),
            action: Action::SyncSite,
            // Its files are also kept in the artifact bucket.
            after: needs
                .iter()
                .map(StepId::stack)
                .chain(after_bucket)
                .collect(),
            reason: "the site's files are compared with its bucket".to_owned(),
        });
        last.insert(id);
    }
    if desired.urls {
        steps.push(Step {
            id: StepId::single("urls"),
            action: Action::CheckUrls,
            after: last,
            reason: "what is deployed has to answer".to_owned(),
        });
    }
    Ok(Plan {
        project: desired.project.clone(),
        environment: desired.environment.clone(),
        bucket: desired.bucket.clone(),
        steps,
    })
}

/// Key of a template that is too large to go inline.
pub fn template_object_key(template: &RenderedTemplate) -> String {
    crate::run_document::template_key(&template.digest)
}

fn resolve(
    value: &PlannedValue,
    known: &BTreeMap<&StackName, &IndexMap<String, String>>,
) -> PlannedValue {
    if let PlannedValue::OutputOf { stack, output } = value
        && let Some(text) = known.get(stack).and_then(|outputs| outputs.get(output))
    {
        return PlannedValue::Known(text.clone());
    }
    value.clone()
}
