//! What is known of a run after the events so far: the one state that every
//! reporter draws from. It decides nothing about looks.

mod apply;

use std::collections::BTreeMap;

use indexmap::IndexMap;
use shopctl_core::event::{
    Command, Failure, Leftover, Outcome, Phase, StackOperation, StackResult,
};
use shopctl_core::names::{LogicalId, StackName};
use shopctl_core::plan::{StackAction, StepId};
use shopctl_core::template::OmittedResource;

use crate::label::step_label;

/// The state of a run.
#[derive(Debug, Default)]
pub(crate) struct Run {
    /// The newest moment that is known.
    pub now_ms: u64,
    pub command: Option<Command>,
    pub project: String,
    pub environment: String,
    pub place: Option<(String, String)>,
    pub phases: IndexMap<Phase, PhaseState>,
    pub stacks: IndexMap<StackName, StackState>,
    pub steps: IndexMap<StepId, StepState>,
    pub uploads_planned: usize,
    pub omitted: Vec<OmittedResource>,
    pub warnings: usize,
    pub end: Option<End>,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct End {
    pub elapsed_ms: u64,
    pub outcome: Outcome,
    pub urls: BTreeMap<String, String>,
    pub left: Vec<Leftover>,
    pub errors: Vec<String>,
}

/// A phase before the plan.
#[derive(Debug)]
pub(crate) struct PhaseState {
    pub started_ms: u64,
    pub ended_ms: Option<u64>,
    /// What is being done, then the result.
    pub message: String,
    pub done: u64,
    pub total: Option<u64>,
}

/// Where some work stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Progress<Done, Failed> {
    Waiting,
    Running,
    Done(Done),
    Failed(Failed),
    Skipped(Option<StepId>),
}

/// A stack.
#[derive(Debug)]
pub(crate) struct StackState {
    pub action: StackAction,
    pub progress: Progress<StackResult, Failure>,
    pub operation: Option<StackOperation>,
    pub started_ms: Option<u64>,
    pub ended_ms: Option<u64>,
    /// Resources that the operation touches, when that is known.
    pub total: Option<usize>,
    pub resources: IndexMap<LogicalId, ResourceState>,
    /// The stacks that it waits for.
    pub after: Vec<StackName>,
    /// How long the same took before.
    pub expected_ms: Option<u64>,
    /// Whether what was done is undone.
    pub rolling_back: bool,
    /// The first resource that failed by itself.
    pub culprit: Option<LogicalId>,
    pub outputs: IndexMap<String, String>,
}

/// A resource of a stack.
#[derive(Debug)]
pub(crate) struct ResourceState {
    pub resource_type: String,
    pub status: String,
    /// Whether it was complete at some time; a replaced one is worked on again in the clean-up.
    pub reached: bool,
    pub started_ms: u64,
    pub changed_ms: u64,
}

/// A step that is not a stack.
#[derive(Debug)]
pub(crate) struct StepState {
    pub title: String,
    pub progress: Progress<StepResult, StepFailure>,
    pub started_ms: Option<u64>,
    pub ended_ms: Option<u64>,
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StepResult {
    pub changed: bool,
    pub summary: String,
}

/// Why a step failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StepFailure {
    pub message: String,
    pub hint: Option<String>,
}

impl StackState {
    fn new(action: StackAction) -> Self {
        Self {
            action,
            progress: Progress::Waiting,
            operation: None,
            started_ms: None,
            ended_ms: None,
            total: None,
            resources: IndexMap::new(),
            after: Vec::new(),
            expected_ms: None,
            rolling_back: false,
            culprit: None,
            outputs: IndexMap::new(),
        }
    }

    /// Resources that reached what the operation is for.
    pub fn done(&self) -> usize {
        self.resources
            .values()
            .filter(|resource| resource.reached)
            .count()
    }

    /// Resources that are being worked on, the oldest first.
    pub fn busy(&self) -> Vec<(&LogicalId, &ResourceState)> {
        let mut busy: Vec<_> = self
            .resources
            .iter()
            .filter(|(_, resource)| resource.status.ends_with("_IN_PROGRESS"))
            .collect();
        busy.sort_by_key(|(_, resource)| resource.started_ms);
        busy
    }

    /// The resource that took longest, with its time.
    pub fn slowest(&self) -> Option<(&LogicalId, u64)> {
        self.resources
            .iter()
            .map(|(id, resource)| (id, resource.changed_ms - resource.started_ms))
            .max_by_key(|(_, time)| *time)
    }

    /// Time since work on it began, or that it took.
    pub fn elapsed(&self, now_ms: u64) -> Option<u64> {
        elapsed(self.started_ms, self.ended_ms, now_ms)
    }
}

impl StepState {
    /// Time since it began, or that it took.
    pub fn elapsed(&self, now_ms: u64) -> Option<u64> {
        elapsed(self.started_ms, self.ended_ms, now_ms)
    }
}

fn elapsed(started: Option<u64>, ended: Option<u64>, now: u64) -> Option<u64> {
    started.map(|started| ended.unwrap_or(now).saturating_sub(started))
}

impl Run {
    /// Takes note of the time.
    pub fn advance(&mut self, now_ms: u64) {
        self.now_ms = self.now_ms.max(now_ms);
    }

    /// Whether anything failed by itself.
    pub fn has_failures(&self) -> bool {
        self.stacks
            .values()
            .any(|stack| matches!(stack.progress, Progress::Failed(_)))
            || self
                .steps
                .values()
                .any(|step| matches!(step.progress, Progress::Failed(_)))
    }

    /// What was left out because of `cause`.
    pub fn skipped_because_of(&self, cause: &StepId) -> Vec<&str> {
        let stacks = self
            .stacks
            .iter()
            .filter(
                |(_, stack)| matches!(&stack.progress, Progress::Skipped(Some(id)) if id == cause),
            )
            .map(|(name, _)| name.as_str());
        let steps = self
            .steps
            .iter()
            .filter(
                |(_, step)| matches!(&step.progress, Progress::Skipped(Some(id)) if id == cause),
            )
            .map(|(id, step)| step_label(id, &step.title));
        stacks.chain(steps).collect()
    }

    /// How many stacks need no more work, and how many there are.
    pub fn stacks_done(&self) -> (usize, usize) {
        let busy = self.stacks.values().filter(|stack| match stack.progress {
            Progress::Waiting => stack.action != StackAction::None,
            Progress::Running | Progress::Skipped(_) | Progress::Failed(_) => true,
            Progress::Done(_) => false,
        });
        (self.stacks.len() - busy.count(), self.stacks.len())
    }

    /// How long it takes until the last stack is done, going by earlier runs: the longest chain
    /// of stacks that wait for each other. `None` when earlier runs do not tell, or this one
    /// takes another course than they did.
    pub fn left_ms(&self) -> Option<u64> {
        let mut left: BTreeMap<&StackName, u64> = BTreeMap::new();
        // A stack comes after those that it waits for.
        for (name, stack) in &self.stacks {
            let own = match &stack.progress {
                Progress::Done(_) => 0,
                Progress::Waiting if stack.action == StackAction::None => 0,
                // It may turn out that nothing is to be done.
                Progress::Waiting if stack.action == StackAction::Decide => {
                    stack.expected_ms.unwrap_or_default()
                }
                Progress::Waiting => stack.expected_ms?,
                Progress::Running if stack.rolling_back => return None,
                Progress::Running => {
                    let elapsed = stack.elapsed(self.now_ms).unwrap_or_default();
                    stack.expected_ms?.saturating_sub(elapsed)
                }
                Progress::Failed(_) | Progress::Skipped(_) => return None,
            };
            let before = stack.after.iter().filter_map(|before| left.get(before));
            let before = before.max().copied().unwrap_or_default();
            left.insert(name, before + own);
        }
        left.into_values().max().filter(|left| *left > 0)
    }

    /// Stacks that ended with `result`.
    pub fn with_result(&self, result: StackResult) -> usize {
        self.stacks
            .values()
            .filter(|stack| stack.progress == Progress::Done(result))
            .count()
    }
}
