//! What the executor needs from the outside world.
//!
//! The traits speak the tool's own types. Implementations map errors to
//! [`CloudError`], retry what is safe to retry, and never print.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use indexmap::IndexMap;
use shopctl_core::change::{Deployed, ReportedChange};
use shopctl_core::names::{ArtifactDigest, CloudStackName, LogicalId};
use shopctl_core::stack_settings::RollbackRule;
use shopctl_core::status::StackStatus;
use shopctl_core::template::Capability;

mod recovery;
mod refactor;

pub use recovery::{
    Continuation, DeleteMode, EventScope, HookFinding, HookResult, HookTarget, Investigation,
    OperationEvent, OperationEventKind, StackRepair,
};
pub use refactor::{RefactorState, RefactoredResource, RefactoredStack, Refactoring};

/// A call that did not work.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{operation}: {message}")]
pub struct CloudError {
    /// What kind of failure it is.
    pub kind: CloudErrorKind,
    /// The call, for instance `CloudFormation CreateChangeSet on shop-prod-api`.
    pub operation: String,
    /// The service's or the connection's words.
    pub message: String,
}

/// Kinds of failed calls that the tool treats differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloudErrorKind {
    /// There are no credentials, or they are wrong or expired.
    Credentials,
    /// The caller may not do this.
    AccessDenied,
    /// The endpoint cannot be reached.
    Unreachable,
    /// The thing is not there.
    NotFound,
    /// Somebody else did it first, or an operation is running.
    Conflict,
    /// Too many requests, also after retries.
    Throttled,
    /// The service says the request is wrong.
    Refused,
    /// The service failed.
    Service,
}

/// Who the caller is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Account number, 12 digits.
    pub account: String,
    /// The caller's ARN.
    pub arn: String,
}

/// A stack as `DescribeStacks` tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackDescription {
    /// The stack's ARN.
    pub stack_id: String,
    /// Its status.
    pub status: StackStatus,
    /// The status's reason.
    pub status_reason: Option<String>,
    /// Time of the last update, else of the creation, RFC 3339.
    pub last_changed: Option<String>,
    /// Its outputs.
    pub outputs: IndexMap<String, String>,
    /// Names of the outputs that it exports.
    pub exports: Vec<String>,
    /// Whether it is protected from deletion.
    pub termination_protection: bool,
    /// The mode of its last operation.
    pub mode: DeploymentMode,
    /// The alarms that have CloudFormation roll it back.
    pub rollback: RollbackRule,
}

/// Whether CloudFormation waits for resources to be ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeploymentMode {
    /// It does.
    #[default]
    Standard,
    /// It does not: resources become ready in the background.
    Express,
}

/// A resource of a stack as CloudFormation lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackResource {
    /// Its logical ID.
    pub logical_id: LogicalId,
    /// Its physical ID, once it has one.
    pub physical_id: Option<String>,
    /// Its type.
    pub resource_type: String,
    /// Its status.
    pub status: String,
}

/// An event of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackEvent {
    /// Unique name of the event.
    pub event_id: String,
    /// Logical ID of the resource, or the stack's name.
    pub logical_id: LogicalId,
    /// Physical ID of the resource, or the stack's ARN.
    pub physical_id: Option<String>,
    /// Type of the resource.
    pub resource_type: String,
    /// Its status.
    pub status: String,
    /// The reason.
    pub reason: Option<String>,
}

/// Whether a change set makes a stack or changes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeSetType {
    /// The stack is not there, or in review.
    Create,
    /// The stack is there.
    Update,
}

/// The template of a change set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateSource {
    /// At most 51,200 bytes.
    Inline(String),
    /// An object of the artifact bucket, at most 1 MB.
    Object {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
    },
}

/// A change set to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeSetRequest {
    /// The stack.
    pub cloud_name: CloudStackName,
    /// The change set's name.
    pub name: String,
    /// Create or update.
    pub change_set_type: ChangeSetType,
    /// The template.
    pub template: TemplateSource,
    /// Values of parameters.
    pub parameters: IndexMap<String, String>,
    /// Tags of the stack.
    pub tags: BTreeMap<String, String>,
    /// Acknowledgements.
    pub capabilities: BTreeSet<Capability>,
    /// Shown in the console, for instance the run.
    pub description: String,
    /// What else is asked for.
    pub options: ChangeSetOptions,
    /// Whether CloudFormation waits for resources to be ready.
    pub mode: DeploymentMode,
    /// Whether the stack stopped half way: rollback is off until it is whole again.
    pub paused: bool,
    /// ARN of the role that CloudFormation takes on; without one it goes on with that of before.
    pub service_role: Option<String>,
    /// The alarms that have CloudFormation roll the operation back; `None` leaves those of before.
    pub rollback: Option<RollbackRule>,
    /// Makes a repeated request the same request.
    pub token: String,
}

/// What a change set may do beyond changing what the templates say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChangeSetOptions {
    /// Resources that were changed by hand become again what the template says. Only for
    /// stacks that are there.
    pub revert_drift: bool,
    /// Resources that are there under the names that the template gives become part of the
    /// stack.
    pub import_existing: bool,
}

/// A change set that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeSetId {
    /// ARN of the change set.
    pub change_set: String,
    /// ARN of the stack.
    pub stack: String,
}

/// How far a change set is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeSetState {
    /// CloudFormation is computing it.
    Pending,
    /// It can be executed.
    Ready {
        /// Number of resources that it touches.
        changes: usize,
    },
    /// There is nothing to change.
    Empty,
    /// It could not be made.
    Failed {
        /// CloudFormation's reason.
        reason: String,
    },
}

/// CloudFormation.
#[async_trait]
pub trait CloudFormation: Send + Sync {
    /// The stack by name or ARN; `None` when there is none (a deleted stack's ARN still
    /// answers, with `DELETE_COMPLETE`).
    async fn describe(&self, stack: &str) -> Result<Option<StackDescription>, CloudError>;
    /// Asks for a change set.
    async fn create_change_set(
        &self,
        request: &ChangeSetRequest,
    ) -> Result<ChangeSetId, CloudError>;
    /// How far it is.
    async fn change_set(&self, id: &ChangeSetId) -> Result<ChangeSetState, CloudError>;
    /// The resources that a change set touches, with their values before and after as far
    /// as CloudFormation tells them.
    async fn reported_changes(&self, id: &ChangeSetId) -> Result<Vec<ReportedChange>, CloudError>;
    /// Starts it; `token` makes a repeated call harmless.
    async fn execute_change_set(&self, id: &ChangeSetId, token: &str) -> Result<(), CloudError>;
    /// Removes one that is not wanted; it is no error if it is gone.
    async fn delete_change_set(&self, id: &ChangeSetId) -> Result<(), CloudError>;
    /// Starts to delete a stack, as `role` if there is one; no error if it is gone.
    async fn delete_stack(
        &self,
        stack_id: &str,
        role: Option<&str>,
        token: &str,
    ) -> Result<(), CloudError>;
    /// Has an update that is running rolled back.
    async fn cancel_update(&self, stack_id: &str, token: &str) -> Result<(), CloudError>;
    /// Events newer than `since`, oldest first; all of them without `since`.
    async fn events(
        &self,
        stack_id: &str,
        since: Option<&str>,
    ) -> Result<Vec<StackEvent>, CloudError>;
    /// The newest event's name.
    async fn latest_event(&self, stack_id: &str) -> Result<Option<String>, CloudError>;
    /// The deployed template, as CloudFormation carries it out.
    async fn template(&self, stack: &str) -> Result<String, CloudError>;
    /// A stack as it is deployed, with its template as it was sent; `None` when there is
    /// none.
    async fn deployed(&self, stack: &str) -> Result<Option<Deployed>, CloudError>;
    /// The stacks that import an export; none when there is no such export.
    async fn importers(&self, export: &str) -> Result<Vec<String>, CloudError>;
    /// All resources.
    async fn resources(&self, stack: &str) -> Result<Vec<StackResource>, CloudError>;
    /// A stack's policy; `None` when it has none.
    async fn stack_policy(&self, stack: &str) -> Result<Option<String>, CloudError>;
    /// Gives a stack a policy.
    async fn set_stack_policy(&self, stack: &str, body: &str) -> Result<(), CloudError>;
    /// Switches termination protection.
    async fn set_termination_protection(
        &self,
        cloud_name: &CloudStackName,
        enabled: bool,
    ) -> Result<(), CloudError>;
}

/// The bytes of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// A file on disk.
    File(PathBuf),
    /// In memory.
    Bytes(Vec<u8>),
    /// Another object, read when it is needed.
    Object {
        /// Its bucket.
        bucket: String,
        /// Its key.
        key: String,
    },
}

/// What a browser is told about an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectHeaders {
    /// `Content-Type`
    pub content_type: String,
    /// `Cache-Control`
    pub cache_control: String,
    /// `Content-Encoding`
    pub content_encoding: Option<String>,
}

/// An object with what a conditional write and a lease need to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObject {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its entity tag.
    pub etag: String,
    /// Time since it was written, both ends told by the service's own clock: a wrong clock
    /// of this machine changes nothing. Zero when the service did not tell.
    pub age: Duration,
}

/// When an object may be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Only when there is none (`If-None-Match: *`).
    Absent,
    /// Only when it still has this entity tag (`If-Match`).
    Unchanged(String),
}

/// An object in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedObject {
    /// Its key.
    pub key: String,
    /// Its size in bytes.
    pub bytes: u64,
}

/// S3.
#[async_trait]
pub trait ObjectStore: Send + Sync {
    /// Makes a private, encrypted, versioned bucket that speaks TLS only, unless it is
    /// there; tells whether it was made.
    async fn ensure_bucket(&self, bucket: &str) -> Result<bool, CloudError>;
    /// Puts an object unless one is there (`If-None-Match: *`) with its SHA-256 as
    /// checksum; tells whether it was put.
    async fn put_if_absent(
        &self,
        bucket: &str,
        key: &str,
        body: Body,
        digest: &ArtifactDigest,
    ) -> Result<bool, CloudError>;
    /// Puts an object; answers its entity tag.
    async fn put(
        &self,
        bucket: &str,
        key: &str,
        body: Body,
        headers: &ObjectHeaders,
    ) -> Result<String, CloudError>;
    /// An object's bytes; `None` when bucket or object are not there.
    async fn get(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, CloudError>;
    /// An object with its entity tag and age; `None` when bucket or object are not there.
    async fn read(&self, bucket: &str, key: &str) -> Result<Option<StoredObject>, CloudError>;
    /// Puts a small object if `condition` holds; answers its entity tag, or `None` when the
    /// condition did not hold. A bucket that is not there is [`CloudErrorKind::NotFound`].
    async fn put_if(
        &self,
        bucket: &str,
        key: &str,
        bytes: Vec<u8>,
        condition: &Condition,
    ) -> Result<Option<String>, CloudError>;
    /// Deletes an object that still has this entity tag; tells whether it did.
    async fn delete_if(&self, bucket: &str, key: &str, etag: &str) -> Result<bool, CloudError>;
    /// Objects whose keys begin with `prefix`, in the order of their keys; none when there
    /// is no bucket.
    async fn list_under(&self, bucket: &str, prefix: &str)
    -> Result<Vec<ListedObject>, CloudError>;
    /// Deletes all versions of the objects with these keys; tells how many versions.
    async fn purge(&self, bucket: &str, keys: &BTreeSet<String>) -> Result<u64, CloudError>;
    /// Keys and entity tags of all objects.
    async fn list(&self, bucket: &str) -> Result<BTreeMap<String, String>, CloudError>;
    /// Deletes objects by key.
    async fn delete(&self, bucket: &str, keys: &[String]) -> Result<(), CloudError>;
    /// Deletes all versions, delete markers and unfinished uploads; tells how many. A bucket
    /// that is not there is empty.
    async fn empty(&self, bucket: &str) -> Result<u64, CloudError>;
    /// Deletes an empty bucket; tells whether it was there.
    async fn delete_bucket(&self, bucket: &str) -> Result<bool, CloudError>;
}

/// CloudFront.
#[async_trait]
pub trait Distributions: Send + Sync {
    /// `Deployed`, or `InProgress` while its configuration still spreads to all edge locations;
    /// `None` when it is not there.
    async fn status(&self, distribution: &str) -> Result<Option<String>, CloudError>;
    /// Invalidates paths; the same `reference` twice is one invalidation.
    async fn invalidate(
        &self,
        distribution: &str,
        paths: &[String],
        reference: &str,
    ) -> Result<(), CloudError>;
}

/// State of a Lambda function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionState {
    /// `Active`, `Pending`, `Failed`, ...
    pub state: String,
    /// `Successful`, `InProgress`, `Failed`.
    pub last_update: String,
    /// Why it failed.
    pub reason: Option<String>,
}

/// A published version of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedVersion {
    /// Its number.
    pub number: u64,
    /// Its ARN, which ends with the number.
    pub arn: String,
    /// Bytes of its code.
    pub bytes: u64,
}

/// Lambda.
#[async_trait]
pub trait Functions: Send + Sync {
    /// A function's state; `None` when it is not there.
    async fn state(&self, name: &str) -> Result<Option<FunctionState>, CloudError>;
    /// SHA-256 of the zip of each of its published versions and of `$LATEST`; none when the
    /// function is not there.
    async fn code_digests(&self, name: &str) -> Result<Vec<ArtifactDigest>, CloudError>;
    /// A function's published versions, without `$LATEST`; none when it is not there.
    async fn versions(&self, name: &str) -> Result<Vec<PublishedVersion>, CloudError>;
    /// Numbers of the versions that aliases lead to, also with a part of the traffic, or that
    /// have provisioned concurrency.
    async fn used_versions(&self, name: &str) -> Result<BTreeSet<u64>, CloudError>;
    /// Deletes a published version; no error if it is gone.
    async fn delete_version(&self, name: &str, version: u64) -> Result<(), CloudError>;
    /// Starts to put an artifact into a function; a conflict when another update is going on.
    async fn update_code(&self, name: &str, bucket: &str, key: &str) -> Result<(), CloudError>;
}

/// CloudWatch Logs.
#[async_trait]
pub trait LogGroups: Send + Sync {
    /// Names that begin with `prefix`.
    async fn list(&self, prefix: &str) -> Result<Vec<String>, CloudError>;
    /// Deletes one; no error if it is gone.
    async fn delete(&self, name: &str) -> Result<(), CloudError>;
}

/// What a URL answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeAnswer {
    /// An HTTP status.
    Status(u16),
    /// No answer.
    Unreachable(String),
}

/// A plain HTTP client.
#[async_trait]
pub trait Probe: Send + Sync {
    /// GETs a URL.
    async fn get(&self, url: &str) -> ProbeAnswer;
}

/// All ports together.
#[derive(Clone)]
pub struct Ports {
    /// CloudFormation.
    pub cloudformation: Arc<dyn CloudFormation>,
    /// S3.
    pub objects: Arc<dyn ObjectStore>,
    /// CloudFront.
    pub distributions: Arc<dyn Distributions>,
    /// Lambda.
    pub functions: Arc<dyn Functions>,
    /// CloudWatch Logs.
    pub log_groups: Arc<dyn LogGroups>,
    /// HTTP.
    pub probe: Arc<dyn Probe>,
    /// Finds causes.
    pub investigation: Arc<dyn Investigation>,
    /// Gets stacks going again.
    pub repair: Arc<dyn StackRepair>,
}
