//! What the cloud keeps of a stack: its status, resources, change sets and events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::Value as Json;
use shopctl_core::stack_settings::RollbackRule;
use shopctl_core::status::StackStatus;
use shopctl_deploy::ports::{ChangeSetType, StackDescription, StackEvent};

use crate::clock;
use crate::operation::Operation;
use crate::template::Template;

/// A template with everything that was given beside it.
#[derive(Debug, Clone)]
pub(crate) struct Deployed {
    pub(crate) template: Arc<Template>,
    pub(crate) body: String,
    pub(crate) parameters: IndexMap<String, String>,
    pub(crate) tags: BTreeMap<String, String>,
}

/// What happens to a resource when its stack goes or no longer wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    Delete,
    Retain,
    RetainExceptOnCreate,
}

/// A resource of a stack.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    pub(crate) resource_type: String,
    pub(crate) physical: Option<String>,
    /// What a replacement left to be deleted in the cleanup.
    pub(crate) old_physical: Option<String>,
    pub(crate) status: String,
    pub(crate) properties: Json,
    pub(crate) policy: Policy,
    /// Logical IDs of resources that have to be there before it.
    pub(crate) needs: BTreeSet<String>,
}

impl Resource {
    /// Whether there is something to delete or to keep.
    pub(crate) fn is_there(&self) -> bool {
        self.physical.is_some()
            && !matches!(self.status.as_str(), "DELETE_COMPLETE" | "DELETE_SKIPPED")
    }
}

/// An event with the time from which it can be read.
#[derive(Debug, Clone)]
pub(crate) struct StoredEvent {
    pub(crate) event: StackEvent,
    pub(crate) visible: Duration,
}

/// How far the making of a change set is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ChangeSetStatus {
    CreateInProgress,
    CreateComplete,
    Failed(String),
    DeleteInProgress,
}

impl ChangeSetStatus {
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            ChangeSetStatus::CreateInProgress => "CREATE_IN_PROGRESS",
            ChangeSetStatus::CreateComplete => "CREATE_COMPLETE",
            ChangeSetStatus::Failed(_) => "FAILED",
            ChangeSetStatus::DeleteInProgress => "DELETE_IN_PROGRESS",
        }
    }
}

/// Whether a change set can be executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Execution {
    Unavailable,
    Available,
    InProgress,
    Complete,
    Failed,
    Obsolete,
}

impl Execution {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Execution::Unavailable => "UNAVAILABLE",
            Execution::Available => "AVAILABLE",
            Execution::InProgress => "EXECUTE_IN_PROGRESS",
            Execution::Complete => "EXECUTE_COMPLETE",
            Execution::Failed => "EXECUTE_FAILED",
            Execution::Obsolete => "OBSOLETE",
        }
    }
}

/// A change set.
#[derive(Debug, Clone)]
pub(crate) struct ChangeSet {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) change_set_type: ChangeSetType,
    pub(crate) status: ChangeSetStatus,
    pub(crate) execution: Execution,
    pub(crate) target: Deployed,
    pub(crate) role: Option<String>,
    pub(crate) rollback: Option<RollbackRule>,
    pub(crate) changes: usize,
}

/// A stack.
#[derive(Debug)]
pub(crate) struct Stack {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) status: StackStatus,
    pub(crate) reason: Option<String>,
    pub(crate) created: Duration,
    pub(crate) changed: Option<Duration>,
    pub(crate) protected: bool,
    /// The role that its operations are done as.
    pub(crate) role: Option<String>,
    /// The alarms that roll its operations back.
    pub(crate) rollback: RollbackRule,
    /// Its policy.
    pub(crate) policy: Option<String>,
    pub(crate) deployed: Option<Deployed>,
    pub(crate) resources: IndexMap<String, Resource>,
    pub(crate) outputs: IndexMap<String, String>,
    pub(crate) exports: BTreeMap<String, String>,
    pub(crate) imports: BTreeSet<String>,
    pub(crate) change_sets: Vec<ChangeSet>,
    pub(crate) events: Vec<StoredEvent>,
    pub(crate) operation: Option<Operation>,
    /// A failed operation that was left as it is, for a rollback that is asked for.
    pub(crate) paused: Option<Operation>,
    /// What was described when the status changed last.
    pub(crate) told: Option<StackDescription>,
    /// What was described before the last change of status; `None` when nothing was.
    pub(crate) described_before: Option<StackDescription>,
    /// What was described since which time.
    pub(crate) descriptions: Vec<(Duration, StackDescription)>,
    /// How many reads still answer that.
    pub(crate) stale_left: u32,
}

impl Stack {
    pub(crate) fn new(id: String, name: String, now: Duration) -> Self {
        Self {
            id,
            name,
            status: StackStatus::ReviewInProgress,
            reason: None,
            created: now,
            changed: None,
            protected: false,
            role: None,
            rollback: RollbackRule::default(),
            policy: None,
            deployed: None,
            resources: IndexMap::new(),
            outputs: IndexMap::new(),
            exports: BTreeMap::new(),
            imports: BTreeSet::new(),
            change_sets: Vec::new(),
            events: Vec::new(),
            operation: None,
            paused: None,
            told: None,
            described_before: None,
            descriptions: Vec::new(),
            stale_left: 0,
        }
    }

    pub(crate) fn description(&self) -> StackDescription {
        StackDescription {
            stack_id: self.id.clone(),
            status: self.status,
            status_reason: self.reason.clone(),
            last_changed: Some(clock::timestamp(self.changed.unwrap_or(self.created))),
            outputs: self.outputs.clone(),
            exports: self.exports.keys().cloned().collect(),
            termination_protection: self.protected,
            mode: shopctl_deploy::ports::DeploymentMode::Standard,
            rollback: self.rollback.clone(),
        }
    }

    /// What was described at some time; the newest is as it is now.
    pub(crate) fn description_at(&self, time: Duration) -> Option<StackDescription> {
        let place = self
            .descriptions
            .partition_point(|(since, _)| *since <= time);
        if place == self.descriptions.len() {
            return Some(self.description());
        }
        let (_, description) = self.descriptions.get(place.checked_sub(1)?)?;
        Some(description.clone())
    }

    pub(crate) fn is_deleted(&self) -> bool {
        self.status == StackStatus::DeleteComplete
    }

    /// Reads a resource's physical ID and type.
    pub(crate) fn physical(&self, logical_id: &str) -> Option<(String, String)> {
        let resource = self.resources.get(logical_id)?;
        Some((resource.physical.clone()?, resource.resource_type.clone()))
    }
}
