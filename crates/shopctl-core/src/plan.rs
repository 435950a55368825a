//! The plan: what a run will do, as a value.
//!
//! It holds steps, the edges between them and the reason of each, but no client
//! and no closure. Values that are only known once another stack is deployed are
//! honest unknowns ([`PlannedValue::OutputOf`]).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::fast::FunctionCode;
use crate::names::{ArtifactDigest, CloudStackName, EnvironmentName, StackName};
use crate::stack_settings::StackSettings;
use crate::template::Capability;

/// Names a step: `stack:products`, `upload:artifacts/ab12.zip`, `site`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(String);

impl StepId {
    /// The step that deploys or deletes a stack.
    pub fn stack(stack: &StackName) -> Self {
        Self(format!("stack:{stack}"))
    }

    /// The step that uploads an object.
    pub fn upload(key: &str) -> Self {
        Self(format!("upload:{key}"))
    }

    /// A step that a plan has once, for instance `bucket`.
    pub fn single(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a run will do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// The project's name.
    pub project: String,
    /// The environment's name.
    pub environment: EnvironmentName,
    /// The bucket of artifacts and records.
    pub bucket: String,
    /// The steps, each after those it depends on.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// Its name.
    pub id: StepId,
    /// What it does.
    pub action: Action,
    /// Steps that have to be done before it starts.
    pub after: BTreeSet<StepId>,
    /// Why it is in the plan.
    pub reason: String,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Action {
    /// Make the artifact bucket if it is not there.
    EnsureBucket,
    /// Put an object into the artifact bucket unless it is there.
    Upload {
        /// Its key.
        key: String,
        /// SHA-256 of its bytes.
        digest: ArtifactDigest,
        /// What it is, for people, for instance a handler's name.
        label: String,
    },
    /// Bring a stack to what its template says.
    DeployStack(Box<StackDeployment>),
    /// Put new code directly into functions of a stack that differs in nothing else.
    UpdateCode {
        /// Which stack.
        stack: StackName,
        /// Its name in CloudFormation.
        cloud_name: CloudStackName,
        /// The functions with their new code.
        functions: Vec<FunctionCode>,
    },
    /// Bring the site's files into its bucket and invalidate what changed.
    SyncSite,
    /// Prove that the URLs answer.
    CheckUrls,
    /// Delete a stack.
    DeleteStack {
        /// Which.
        stack: StackName,
        /// Its name in CloudFormation.
        cloud_name: CloudStackName,
    },
    /// Delete the log groups of deleted functions.
    DeleteLogGroups,
    /// Delete the artifact bucket with its records.
    DeleteBucket,
}

/// How a stack is to be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StackDeployment {
    /// Which stack.
    pub stack: StackName,
    /// Its name in CloudFormation.
    pub cloud_name: CloudStackName,
    /// What is to be done.
    pub action: StackAction,
    /// SHA-256 of the rendered template.
    pub template_digest: String,
    /// Key in the artifact bucket when the template is too large to go inline.
    pub template_key: Option<String>,
    /// Values of the parameters.
    pub parameters: IndexMap<String, PlannedValue>,
    /// Tags of the stack.
    pub tags: BTreeMap<String, String>,
    /// What is acknowledged.
    pub capabilities: BTreeSet<Capability>,
    /// Whether the stack is protected from deletion; `None` leaves it as it is.
    pub termination_protection: Option<bool>,
    /// How CloudFormation is to treat it.
    pub settings: StackSettings,
}

/// What a plan does with a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StackAction {
    /// It is not there: create it.
    Create,
    /// Its first creation failed: delete what is left, then create it.
    Recreate,
    /// Template, parameters or tags differ from what was deployed.
    Update,
    /// An input is the output of a stack that changes: known once that is done.
    Decide,
    /// Nothing differs.
    None,
    /// It is deleted.
    Delete,
}

/// The value of a parameter as far as the plan knows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlannedValue {
    /// Known.
    Known(String),
    /// An output of a stack that this run changes first.
    OutputOf {
        /// The stack.
        stack: StackName,
        /// The output.
        output: String,
    },
}

/// A plan that breaks its own rules: a defect of the tool, not of the input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Two steps have one name.
    #[error("step '{0}' is in the plan twice")]
    Duplicate(StepId),
    /// A step waits for one that is not in the plan or comes later.
    #[error("step '{step}' waits for '{missing}', which does not come before it")]
    Order {
        /// The step.
        step: StepId,
        /// What it waits for.
        missing: StepId,
    },
    /// A stack reads an output of a stack that it does not wait for.
    #[error("step '{step}' reads an output of '{stack}' without waiting for it")]
    Unordered {
        /// The step.
        step: StepId,
        /// The stack it reads from.
        stack: StackName,
    },
}

/// Verifies what executors rely on: names are unique, every step comes after
/// those it waits for (so there is no cycle), and whoever reads an output waits for it.
pub fn check(plan: &Plan) -> Result<(), PlanError> {
    let mut seen: BTreeSet<&StepId> = BTreeSet::new();
    for step in &plan.steps {
        if let Some(missing) = step.after.iter().find(|id| !seen.contains(id)) {
            return Err(PlanError::Order {
                step: step.id.clone(),
                missing: missing.clone(),
            });
        }
        if let Action::DeployStack(deployment) = &step.action {
            let settings = deployment.settings.values();
            for value in deployment.parameters.values().chain(settings) {
                if let PlannedValue::OutputOf { stack, .. } = value
                    && !step.after.contains(&StepId::stack(stack))
                {
                    return Err(PlanError::Unordered {
                        step: step.id.clone(),
                        stack: stack.clone(),
                    });
                }
            }
        }
        if !seen.insert(&step.id) {
            return Err(PlanError::Duplicate(step.id.clone()));
        }
    }
    Ok(())
}
