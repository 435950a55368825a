//! A preview as a value: serialisable, complete, free of secrets.

use serde::{Deserialize, Serialize};

use crate::names::{CloudStackName, EnvironmentName, LogicalId, StackName};

/// Version of the JSON form.
pub const VERSION: u32 = 1;

/// What a deploy would change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// Version of the form.
    pub version: u32,
    /// The project's name.
    pub project: String,
    /// The environment's name.
    pub environment: EnvironmentName,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// Whether anything would change, as far as that is known.
    pub changes: bool,
    /// The stacks in the order of the deploy.
    pub stacks: Vec<StackChange>,
    /// Objects that templates refer to and that are uploaded unless they are there.
    pub uploads: Vec<UploadPreview>,
    /// The site's files; `None` when the environment has no site.
    pub site: Option<SitePreview>,
    /// Stacks of the last deploy that the project no longer has: a deploy leaves them alone.
    pub left_alone: Vec<CloudStackName>,
}

/// An object that is uploaded unless it is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UploadPreview {
    /// Its key in the artifact bucket.
    pub key: String,
    /// What it is, for people.
    pub label: String,
}

/// What happens to the site's files.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SitePreview {
    /// New files.
    pub added: Vec<String>,
    /// Files with another content or other headers.
    pub changed: Vec<String>,
    /// Files that the site no longer has.
    pub removed: Vec<String>,
    /// Files that stay as they are.
    pub unchanged: usize,
}

impl SitePreview {
    /// Whether no file changes.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

/// What happens to a stack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StackChange {
    /// Which.
    pub stack: StackName,
    /// Its name in CloudFormation.
    pub cloud_name: CloudStackName,
    /// What a deploy does with it.
    pub effect: StackEffect,
    /// Why.
    pub reason: String,
    /// Whether CloudFormation itself was asked (a change set), not only the templates.
    pub asked: bool,
    /// Its resources that change.
    pub resources: Vec<ResourceChange>,
    /// Its parameters that change.
    pub parameters: Vec<PropertyChange>,
    /// Its outputs that change.
    pub outputs: Vec<PropertyChange>,
    /// Its tags that change.
    pub tags: Vec<PropertyChange>,
    /// What termination protection becomes, if it changes.
    pub termination_protection: Option<bool>,
    /// Exports that go away while other stacks import them.
    pub exports: Vec<ExportRemoval>,
    /// Parameters whose values are outputs of stacks that change first.
    pub known_after: Vec<KnownAfter>,
    /// What else is to be known.
    pub notes: Vec<String>,
}

impl StackChange {
    /// Every danger of the stack with the resource it is about.
    pub fn dangers(&self) -> impl Iterator<Item = (&ResourceChange, &Danger)> {
        self.resources.iter().flat_map(|resource| {
            resource
                .dangers
                .iter()
                .map(move |danger| (resource, danger))
        })
    }
}

/// What a deploy does with a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StackEffect {
    /// It is not there.
    Create,
    /// What is left of a failed creation is deleted first.
    Recreate,
    /// It is changed.
    Update,
    /// It stays as it is unless an output that it reads turns out different.
    Undetermined,
    /// It stays as it is.
    Unchanged,
}

/// A parameter whose value is not known before another stack is deployed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KnownAfter {
    /// The parameter.
    pub parameter: String,
    /// The stack whose output it is.
    pub stack: StackName,
    /// The output.
    pub output: String,
    /// The value that was taken for the comparison: the one of today.
    pub assumed: Option<String>,
}

/// An export that goes away while stacks use it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportRemoval {
    /// The export's name.
    pub name: String,
    /// The output that carries it.
    pub output: String,
    /// Stacks that import it.
    pub importers: Vec<String>,
}

/// What happens to a resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceChange {
    /// Its logical ID.
    pub logical_id: LogicalId,
    /// Its type.
    pub resource_type: String,
    /// Its physical ID, when CloudFormation said it.
    pub physical_id: Option<String>,
    /// What is done.
    pub action: ResourceAction,
    /// Whether it is made anew.
    pub replacement: Replacement,
    /// What becomes of the resource that is there, when it goes.
    pub fate: Option<Fate>,
    /// Its properties that change.
    pub properties: Vec<PropertyChange>,
    /// Why a person should look at it.
    pub dangers: Vec<Danger>,
}

/// What is done with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceAction {
    /// It is made.
    Add,
    /// It is changed or replaced.
    Modify,
    /// It leaves the stack.
    Remove,
    /// It is there and becomes part of the stack.
    Import,
    /// CloudFormation finds out during the operation.
    Dynamic,
}

/// Whether a change makes a new resource in place of the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Replacement {
    /// It is changed in place.
    No,
    /// It may be.
    Maybe,
    /// It is.
    Yes,
}

/// What becomes of a resource that leaves its stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It is deleted.
    Deleted,
    /// It stays without belonging to a stack.
    Retained,
    /// It is deleted after a snapshot of its data was made.
    Snapshotted,
}

/// Whether changing a property makes a new resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recreation {
    /// The change is made in place.
    Never,
    /// Neither CloudFormation nor the tool's own table says.
    Unknown,
    /// It depends on the values.
    Conditionally,
    /// Always.
    Always,
}

/// A value that changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PropertyChange {
    /// Where it is: `KeySchema[0].AttributeName`, or a name.
    pub path: String,
    /// What it is; `None` when it is not there.
    pub before: Option<Shown>,
    /// What it becomes; `None` when it goes.
    pub after: Option<Shown>,
    /// Whether that makes a new resource.
    pub recreation: Recreation,
    /// What causes it, when that is not the template itself: `parameter Size`,
    /// `Table.Arn`.
    pub causes: Vec<String>,
}

/// A value as it may be shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Shown {
    /// As it is; `${Table.Arn}` stands for what the deploy finds out.
    Value(serde_json::Value),
    /// A secret.
    Hidden,
    /// Only known during the deploy.
    KnownAfter(String),
}

/// Why a person should look at a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Danger {
    /// What kind of danger it is.
    pub class: DangerClass,
    /// What happens, as a fragment.
    pub message: String,
}

/// Kinds of dangers, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DangerClass {
    /// Data is deleted.
    DataLoss,
    /// Something can be reached by everybody that could not before.
    PublicExposure,
    /// Somebody may do more than before.
    SecurityBroadening,
    /// The resource is made anew, with another physical ID.
    Replacement,
    /// A change that was made by hand is undone.
    DriftOverwritten,
}

impl DangerClass {
    /// For people.
    pub fn label(self) -> &'static str {
        match self {
            DangerClass::DataLoss => "data loss",
            DangerClass::PublicExposure => "public",
            DangerClass::SecurityBroadening => "broader access",
            DangerClass::Replacement => "replacement",
            DangerClass::DriftOverwritten => "drift overwritten",
        }
    }
}
