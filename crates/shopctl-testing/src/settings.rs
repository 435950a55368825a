//! How the cloud behaves: how long things take, what is told late, what fails.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What a resource fails at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultStep {
    /// Its creation.
    Create,
    /// Its update or replacement.
    Update,
    /// Its deletion.
    Delete,
    /// What a rollback does with it: deletes it again or sets it back.
    Rollback,
}

/// A resource that fails.
#[derive(Debug, Clone)]
pub struct ResourceFault {
    /// The stack's name in CloudFormation.
    pub stack: String,
    /// The resource.
    pub logical_id: String,
    /// What it fails at.
    pub step: FaultStep,
    /// The reason that its event tells.
    pub reason: String,
    /// How often it fails before it works; `None`: as long as the fault is there.
    pub times: Option<u32>,
}

impl ResourceFault {
    /// A resource that fails until the fault is taken away.
    pub fn new(
        stack: impl Into<String>,
        logical_id: impl Into<String>,
        step: FaultStep,
        reason: impl Into<String>,
    ) -> Self {
        Self {
            stack: stack.into(),
            logical_id: logical_id.into(),
            step,
            reason: reason.into(),
            times: None,
        }
    }

    /// Fails this often, then works.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }
}

/// How events become readable.
#[derive(Debug, Clone, Copy, Default)]
pub struct EventDelivery {
    /// How much later than it happened each one can be read.
    pub lag: Duration,
    /// Events become readable together, at multiples of this time.
    pub burst: Option<Duration>,
    /// Every n-th event comes later still, in its place among those that were read before.
    pub straggler: Option<(u64, Duration)>,
}

/// How the cloud behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long a call takes, half before and half after its effect.
    pub latency: Duration,
    /// How long CloudFormation computes a change set.
    pub change_set: Duration,
    /// How long it deletes one.
    pub change_set_delete: Duration,
    /// How long an operation or a phase of it takes until its first resource begins.
    pub pause: Duration,
    /// How long a resource takes to be created, updated or deleted, unless told otherwise.
    pub resource: Duration,
    /// How long resources take, by `stack/logical ID`, else by type.
    pub durations: BTreeMap<String, Duration>,
    /// How many reads of a stack tell its old status after each change of status.
    pub stale_reads: u32,
    /// Each read of a stack tells what was true up to this long ago, by chance.
    pub read_lag: Duration,
    /// How events become readable.
    pub events: EventDelivery,
    /// Events on a page of `DescribeStackEvents`.
    pub events_page: usize,
    /// Reasons with which the next change sets of a stack fail, by the stack's name.
    pub failing_change_sets: BTreeMap<String, Vec<String>>,
    /// What `DescribeEvents` tells of a stack's failed change set: resource, type and reason.
    pub validation_errors: BTreeMap<String, Vec<(String, String, String)>>,
    /// Whether a change set is empty that has other rollback alarms and nothing else.
    pub alarms_alone_are_no_change: bool,
    /// ARNs of service roles that were deleted.
    pub roles_gone: BTreeSet<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            latency: Duration::from_millis(40),
            change_set: Duration::from_millis(1500),
            change_set_delete: Duration::from_millis(500),
            pause: Duration::from_millis(500),
            resource: Duration::from_secs(3),
            durations: BTreeMap::new(),
            stale_reads: 0,
            read_lag: Duration::ZERO,
            events: EventDelivery::default(),
            events_page: 100,
            failing_change_sets: BTreeMap::new(),
            validation_errors: BTreeMap::new(),
            alarms_alone_are_no_change: false,
            roles_gone: BTreeSet::new(),
        }
    }
}

impl Settings {
    pub(crate) fn duration(&self, stack: &str, logical_id: &str, resource_type: &str) -> Duration {
        self.durations
            .get(&format!("{stack}/{logical_id}"))
            .or_else(|| self.durations.get(resource_type))
            .copied()
            .unwrap_or(self.resource)
    }
}
