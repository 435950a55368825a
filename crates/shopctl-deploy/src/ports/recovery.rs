//! What it takes to find out why an operation failed, and to get a stack going again.
//!
//! Everything that only looks is in [`Investigation`]; what changes a stack is in
//! [`StackRepair`].

use async_trait::async_trait;
use shopctl_core::names::LogicalId;

use super::{ChangeSetId, ChangeSetRequest, CloudError, DeploymentMode};

/// Whose failures are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventScope<'a> {
    /// A stack, by name or ARN.
    Stack(&'a str),
    /// A change set, by ARN.
    ChangeSet(&'a str),
}

/// What kind of failure an event of an operation tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationEventKind {
    /// A stack or a resource changed its status.
    Status,
    /// A check before the operation failed.
    Validation,
    /// A resource could not be provisioned.
    Provisioning,
    /// A hook could not be run, or refused.
    Hook,
}

/// A failure as `DescribeEvents` tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationEvent {
    /// The operation's identifier.
    pub operation: Option<String>,
    /// The operation's type, for instance `UPDATE_STACK` or `ROLLBACK`.
    pub operation_type: Option<String>,
    /// What it tells.
    pub kind: OperationEventKind,
    /// The resource.
    pub logical_id: Option<LogicalId>,
    /// Its physical ID.
    pub physical_id: Option<String>,
    /// Its type.
    pub resource_type: Option<String>,
    /// Its status.
    pub status: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Name of the validation, or type of the hook.
    pub check: Option<String>,
    /// Which part of the resource, for instance `/Resources/Site/Properties/BucketName`.
    pub path: Option<String>,
    /// Whether it is only a warning.
    pub warning: bool,
}

/// What hooks are asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookTarget<'a> {
    /// A change set, by ARN.
    ChangeSet(&'a str),
    /// A stack, by ARN.
    Stack(&'a str),
}

/// What a hook said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookResult {
    /// The hook's type.
    pub hook: String,
    /// Its reason.
    pub reason: Option<String>,
    /// What it found, each with the remedy when the hook names one.
    pub findings: Vec<HookFinding>,
}

/// A finding of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookFinding {
    /// The rule.
    pub rule: String,
    /// What is wrong.
    pub message: Option<String>,
    /// What to do.
    pub remedy: Option<String>,
    /// Where more is written.
    pub link: Option<String>,
}

/// Looks for causes; changes nothing.
#[async_trait]
pub trait Investigation: Send + Sync {
    /// Failures of operations, oldest first.
    async fn failed_events(&self, scope: EventScope<'_>)
    -> Result<Vec<OperationEvent>, CloudError>;
    /// What hooks that refused said.
    async fn hook_results(&self, target: HookTarget<'_>) -> Result<Vec<HookResult>, CloudError>;
    /// The name of the stack that has a resource with this physical ID.
    async fn owner(&self, physical_id: &str) -> Result<Option<String>, CloudError>;
    /// The JSON behind an encoded authorisation message.
    async fn decode(&self, message: &str) -> Result<String, CloudError>;
    /// The last lines of a log group that contain `words`, or its last lines without, oldest
    /// first. No lines when the group is not there.
    async fn log_lines(
        &self,
        group: &str,
        words: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, CloudError>;
}

/// How a rollback is continued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Continuation {
    /// Every resource is rolled back.
    Whole,
    /// These are left as they are and marked as rolled back.
    Skipping(Vec<LogicalId>),
    /// CloudFormation itself leaves what it cannot roll back.
    Force,
}

/// How a stack is deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeleteMode {
    /// With everything in it.
    Plain,
    /// Without these resources, which stay. Only after a delete that failed.
    Retaining(Vec<LogicalId>),
    /// In any case; what cannot be deleted stays.
    Force,
}

/// Gets a stack going again. `role` is the ARN of the role that CloudFormation takes on; without
/// one it goes on with that of before.
#[async_trait]
pub trait StackRepair: Send + Sync {
    /// Continues a rollback that failed.
    async fn continue_rollback(
        &self,
        stack_id: &str,
        how: &Continuation,
        role: Option<&str>,
        token: &str,
    ) -> Result<(), CloudError>;
    /// Rolls a paused stack back to what it was.
    async fn roll_back(
        &self,
        stack_id: &str,
        role: Option<&str>,
        token: &str,
    ) -> Result<(), CloudError>;
    /// Deletes a stack in a way of its own; no error if it is gone. `waits` says whether
    /// CloudFormation waits until each resource is gone.
    async fn delete(
        &self,
        stack_id: &str,
        mode: &DeleteMode,
        waits: DeploymentMode,
        role: Option<&str>,
        token: &str,
    ) -> Result<(), CloudError>;
    /// Updates a stack without a change set, with rollback off: what an EXPRESS operation left
    /// half way becomes whole again when it is given what it last was as a whole, which is no
    /// change that a change set could hold.
    /// <https://github.com/aws/aws-cdk-cli/pull/1970>
    async fn update_directly(
        &self,
        request: &ChangeSetRequest,
        token: &str,
    ) -> Result<(), CloudError>;
    /// Executes a change set with rollback off, as a paused stack needs it.
    async fn execute_paused(&self, id: &ChangeSetId, token: &str) -> Result<(), CloudError>;
}
