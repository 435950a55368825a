//! What rendering a stack's template yields. No rendering itself.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::diagnostic::{Diagnostic, Location};
use crate::names::{ArtifactDigest, LogicalId, StackName};

/// A template as it goes to CloudFormation, with what the planner has to know of it.
#[derive(Debug, Clone, PartialEq)]
pub struct RenderedTemplate {
    /// The stack it belongs to.
    pub stack: StackName,
    /// YAML text.
    pub body: String,
    /// SHA-256 of `body` in hexadecimal digits.
    pub digest: String,
    /// Its parameters, in the order of the template.
    pub parameters: IndexMap<String, ParameterDeclaration>,
    /// The names of its outputs.
    pub outputs: Vec<String>,
    /// What CloudFormation will ask to be acknowledged.
    pub capabilities: BTreeSet<Capability>,
    /// Its resources, in the order of the template.
    pub resources: IndexMap<LogicalId, ResourceDeclaration>,
    /// Where the resources of nested templates are declared, by their logical IDs from the
    /// outermost on, joined by dots.
    pub nested: BTreeMap<String, Location>,
    /// Resources left out because the environment lacks their type.
    pub omitted: Vec<OmittedResource>,
    /// What has to be in the artifact bucket before the stack is deployed.
    pub uploads: Vec<Upload>,
    /// Findings that do not stop the command.
    pub warnings: Vec<Diagnostic>,
}

/// A parameter as the template declares it.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterDeclaration {
    /// For instance `String`, `CommaDelimitedList`, `AWS::SSM::Parameter::Value<String>`.
    pub parameter_type: String,
    /// The default, as text.
    pub default: Option<String>,
    /// Whether its value is a secret.
    pub no_echo: bool,
    /// Allowed values, as text; empty when anything goes.
    pub allowed_values: Vec<String>,
    /// Regular expression that the whole value has to match.
    pub allowed_pattern: Option<String>,
    /// Bounds on length in characters.
    pub min_length: Option<usize>,
    /// Bounds on length in characters.
    pub max_length: Option<usize>,
    /// Bounds on a `Number`.
    pub min_value: Option<f64>,
    /// Bounds on a `Number`.
    pub max_value: Option<f64>,
    /// The text shown when a constraint is violated.
    pub constraint_description: Option<String>,
    /// Where it is declared.
    pub location: Location,
}

/// A resource as the template declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceDeclaration {
    /// For instance `AWS::SQS::Queue`.
    pub resource_type: String,
    /// `Delete`, `Retain`, `RetainExceptOnCreate`, `Snapshot`; `None` when absent or computed.
    pub deletion_policy: Option<String>,
    /// Where it is declared.
    pub location: Location,
}

/// An acknowledgement that CloudFormation demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Capability {
    /// IAM resources with generated names.
    #[serde(rename = "CAPABILITY_IAM")]
    Iam,
    /// IAM resources with names of their own.
    #[serde(rename = "CAPABILITY_NAMED_IAM")]
    NamedIam,
    /// Macros, transforms or nested stacks that hold them.
    #[serde(rename = "CAPABILITY_AUTO_EXPAND")]
    AutoExpand,
}

/// A resource left out for an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OmittedResource {
    /// The stack it would be in.
    pub stack: StackName,
    /// Its logical ID; `Inner.Archive` within the nested stack `Inner`.
    pub logical_id: LogicalId,
    /// Its type.
    pub resource_type: String,
}

/// An object that has to be in the artifact bucket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Upload {
    /// Object key; holds the content's digest.
    pub key: String,
    /// SHA-256 of the object's bytes.
    pub digest: ArtifactDigest,
    /// What it is, for people: the path as the template's author knows it.
    pub label: String,
    /// Where the bytes are.
    pub source: UploadSource,
}

/// Where an upload's bytes are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum UploadSource {
    /// The packed artifact of a handler or a folder, known to the caller by its digest.
    Artifact,
    /// Bytes made by rendering, for instance a nested template.
    Bytes(Vec<u8>),
}
