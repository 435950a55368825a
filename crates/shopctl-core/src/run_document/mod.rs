//! What is kept of each run that changed something: who did what with which inputs, how
//! long it took, how it ended. It is also all that is needed to deploy the same again.
//!
//! It is written when a run begins to change things and again at its end; one that says
//! `running` for ever is of a run that died. Values of secret parameters are never in it.

mod again;
mod find;

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::event::{Outcome, StackResult};
use crate::names::{CloudStackName, EnvironmentName, StackName};
use crate::plan::{PlannedValue, StackAction};
use crate::planner::DesiredStack;
use crate::template::Capability;
use crate::timings::{StackTiming, StepTiming, Timings};

pub use again::{RollbackError, desired_again};
pub use find::{UnknownRun, find_run};

/// Version of the document's format that this tool writes.
pub const VERSION: u32 = 1;

/// Keys of run documents begin with this; what follows sorts by time.
pub const PREFIX: &str = "records/runs/";

/// Key of a run's document in the artifact bucket.
pub fn key(run: &str) -> String {
    format!("{PREFIX}{run}.json")
}

/// Key of a file of the site that is kept for a rollback.
pub fn site_object_key(sha256: &str) -> String {
    format!("site/{sha256}")
}

/// Key of a rendered template.
pub fn template_key(digest: &str) -> String {
    format!("templates/{digest}.yaml")
}

/// What a run was to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunCommand {
    /// `shopctl deploy`
    Deploy,
    /// `shopctl rollback`
    Rollback,
    /// `shopctl teardown`
    Teardown,
    /// `shopctl recover`
    Recover,
}

impl RunCommand {
    /// The command's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Rollback => "rollback",
            Self::Teardown => "teardown",
            Self::Recover => "recover",
        }
    }

    /// Whether such a run says all that is deployed, so that it can be gone back to.
    pub fn deploys(self) -> bool {
        match self {
            Self::Deploy | Self::Rollback => true,
            Self::Teardown | Self::Recover => false,
        }
    }
}

/// How far a run is, or how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// It began, and has not said how it ended.
    Running,
    /// All of it worked.
    Succeeded,
    /// There was nothing to change after all.
    Unchanged,
    /// Something failed.
    Failed,
    /// The user stopped it.
    Interrupted,
    /// It died; a later run found that.
    Abandoned,
}

impl RunState {
    /// The state's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Abandoned => "abandoned",
        }
    }
}

impl From<Outcome> for RunState {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Succeeded => Self::Succeeded,
            Outcome::Unchanged => Self::Unchanged,
            Outcome::Failed => Self::Failed,
            Outcome::Interrupted => Self::Interrupted,
        }
    }
}

/// A run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunDocument {
    /// Version of the format.
    pub version: u32,
    /// Its identifier.
    pub run: String,
    /// What it was to do.
    pub command: RunCommand,
    /// How it ended.
    pub state: RunState,
    /// The project's name.
    pub project: String,
    /// The environment's name.
    pub environment: EnvironmentName,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// Version of the tool.
    pub tool: String,
    /// When it began, RFC 3339.
    pub started: String,
    /// When it ended, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<String>,
    /// How long it took from its beginning to its record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elapsed_ms: Option<u64>,
    /// Who ran it and where.
    pub by: Origin,
    /// The commit that was deployed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<Git>,
    /// SHA-256 of the project file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_digest: Option<String>,
    /// Whether code that was all that had changed went directly into functions.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fast: bool,
    /// The run that a rollback went back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback_to: Option<String>,
    /// The dead run whose lock it took over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_over: Option<String>,
    /// The run that found it dead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_dead_by: Option<String>,
    /// The stacks, each after those it depends on.
    #[serde(default)]
    pub stacks: IndexMap<StackName, RunStack>,
    /// The site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<RunSite>,
    /// Steps that are not stacks, with their times.
    #[serde(default)]
    pub steps: Vec<StepTiming>,
    /// Why it failed, a line each.
    #[serde(default)]
    pub errors: Vec<String>,
}

/// Who ran something, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    /// The ARN that AWS knew the caller by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// Name of the user on the machine, or in CI the one who started the job.
    pub user: String,
    /// Name of the machine.
    pub host: String,
    /// Number of the process.
    pub pid: u32,
    /// Where the run can be watched, in CI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_url: Option<String>,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Git {
    /// Its hash.
    pub commit: String,
    /// The branch; `None` when none is checked out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Whether files differed from the commit.
    pub dirty: bool,
}

/// A stack in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunStack {
    /// Its name in CloudFormation.
    pub cloud_name: CloudStackName,
    /// What was planned.
    pub action: StackAction,
    /// What was done; `None` when it failed or was not come to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<StackResult>,
    /// Whether it failed.
    #[serde(default)]
    pub failed: bool,
    /// SHA-256 of the rendered template, which is kept under [`template_key`]; `None` of a
    /// teardown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_digest: Option<String>,
    /// Keys of the objects that the template refers to.
    #[serde(default)]
    pub artifacts: Vec<String>,
    /// Values of the parameters.
    #[serde(default)]
    pub parameters: IndexMap<String, RecordedValue>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// What was acknowledged.
    #[serde(default)]
    pub capabilities: BTreeSet<Capability>,
    /// Stacks that came first.
    #[serde(default)]
    pub depends_on: BTreeSet<StackName>,
    /// Whether CloudFormation was to refuse to delete it; `None` when that was left as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub termination_protection: Option<bool>,
    /// Its times, with those of its resources; `None` when nothing was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timing: Option<StackTiming>,
}

/// A parameter's value as it may be kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RecordedValue {
    /// The value.
    Value(String),
    /// The output of a stack, read anew by a rollback.
    Output {
        /// The stack.
        stack: StackName,
        /// The output.
        output: String,
    },
    /// A secret, which is not kept.
    Secret,
}

impl From<&PlannedValue> for RecordedValue {
    fn from(value: &PlannedValue) -> Self {
        match value {
            PlannedValue::Known(text) => Self::Value(text.clone()),
            PlannedValue::OutputOf { stack, output } => Self::Output {
                stack: stack.clone(),
                output: output.clone(),
            },
        }
    }
}

/// The site in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunSite {
    /// The bucket's name.
    pub bucket: RecordedValue,
    /// The distribution's ID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distribution: Option<RecordedValue>,
    /// Name of the run-time configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_file: Option<String>,
    /// Its values; outputs are read anew by a rollback.
    #[serde(default)]
    pub config: IndexMap<String, RecordedConfig>,
    /// The built files by key; their bytes are kept under [`site_object_key`].
    pub files: BTreeMap<String, RunSiteFile>,
}

/// A value of the site's run-time configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RecordedConfig {
    /// As it is.
    Given(serde_json::Value),
    /// The output of a stack.
    Output {
        /// The stack.
        stack: StackName,
        /// The output.
        output: String,
    },
}

/// A file of the site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunSiteFile {
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// `Content-Type`
    pub content_type: String,
    /// `Cache-Control`
    pub cache_control: String,
    /// `Content-Encoding`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    /// `hashed`, `plain` or `page`.
    pub class: String,
}

impl RunStack {
    /// A stack as it is to be; `action` is what was planned.
    pub fn planned(stack: &DesiredStack, action: StackAction) -> Self {
        let secret = |name: &str| {
            stack
                .template
                .parameters
                .get(name)
                .is_some_and(|declared| declared.no_echo)
        };
        Self {
            cloud_name: stack.cloud_name.clone(),
            action,
            result: None,
            failed: false,
            template_digest: Some(stack.template.digest.clone()),
            artifacts: stack
                .template
                .uploads
                .iter()
                .map(|upload| upload.key.clone())
                .collect(),
            parameters: stack
                .parameters
                .iter()
                .map(|(name, value)| {
                    let kept = if secret(name) {
                        RecordedValue::Secret
                    } else {
                        value.into()
                    };
                    (name.clone(), kept)
                })
                .collect(),
            tags: stack.tags.clone(),
            capabilities: stack.template.capabilities.clone(),
            depends_on: stack.depends_on.clone(),
            termination_protection: stack.termination_protection,
            timing: None,
        }
    }

    /// A stack that is to be deleted.
    pub fn to_delete(cloud_name: CloudStackName) -> Self {
        Self::without_template(cloud_name, StackAction::Delete)
    }

    /// A stack that is to be rolled back to what it was.
    pub fn to_roll_back(cloud_name: CloudStackName) -> Self {
        Self::without_template(cloud_name, StackAction::Update)
    }

    fn without_template(cloud_name: CloudStackName, action: StackAction) -> Self {
        Self {
            cloud_name,
            action,
            result: None,
            failed: false,
            template_digest: None,
            artifacts: Vec::new(),
            parameters: IndexMap::new(),
            tags: BTreeMap::new(),
            capabilities: BTreeSet::new(),
            depends_on: BTreeSet::new(),
            termination_protection: None,
            timing: None,
        }
    }
}

impl RunDocument {
    /// Takes over what the run's events told.
    pub fn settle(&mut self, timings: &Timings) {
        self.steps = timings.steps().to_vec();
        for (name, stack) in &mut self.stacks {
            if let Some(told) = timings.stack(name) {
                stack.result = told.result;
                stack.failed = told.failed;
                stack.timing = told.timing.clone();
            }
        }
    }

    /// Keys of the objects that deploying this again would need.
    pub fn needs(&self) -> BTreeSet<String> {
        let stacks = self.stacks.values().flat_map(|stack| {
            let template = stack.template_digest.as_deref().map(template_key);
            template.into_iter().chain(stack.artifacts.iter().cloned())
        });
        let files = self.site.iter().flat_map(|site| site.files.values());
        stacks
            .chain(files.map(|file| site_object_key(&file.sha256)))
            .collect()
    }
}

#[cfg(test)]
mod tests;
