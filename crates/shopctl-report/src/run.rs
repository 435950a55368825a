//! What is known of a run after the events so far: the one state that every
//! reporter draws from. It decides nothing about looks.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use shopctl_core::event::{
    Command, Event, Failure, Leftover, Numbered, Outcome, Phase, StackOperation, StackResult,
};
use shopctl_core::names::{CloudStackName, LogicalId, StackName};
use shopctl_core::plan::{StackAction, StepId};
use shopctl_core::template::OmittedResource;

use crate::label::{is_cascade, stack_of, step_label};

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
    /// Takes an event in.
    pub fn apply(&mut self, numbered: &Numbered) {
        self.now_ms = self.now_ms.max(numbered.elapsed_ms);
        let now = numbered.elapsed_ms;
        match &numbered.event {
            Event::RunStarted {
                command,
                project,
                environment,
                ..
            } => {
                self.command = Some(*command);
                self.project.clone_from(project);
                self.environment = environment.as_str().to_owned();
            }
            Event::PhaseStarted { phase } => {
                self.phase(*phase, now);
            }
            Event::PhaseProgressed {
                phase,
                message,
                done,
                total,
            } => {
                let state = self.phase(*phase, now);
                state.message.clone_from(message);
                state.done = *done;
                state.total = *total;
            }
            Event::PhaseFinished { phase, summary } => {
                let state = self.phase(*phase, now);
                state.message.clone_from(summary);
                state.ended_ms = Some(now);
            }
            Event::Warned { .. } => self.warnings += 1,
            Event::Planned {
                account,
                region,
                stacks,
                uploads,
                omitted,
            } => {
                self.place = Some((account.clone(), region.clone()));
                self.uploads_planned = *uploads;
                self.omitted.clone_from(omitted);
                for planned in stacks {
                    let state = self.stack(&planned.stack);
                    state.action = planned.action;
                    state.after.clone_from(&planned.after);
                    state.expected_ms = planned.expected_ms;
                    // An update touches some of its resources; how many is told when it starts.
                    if matches!(
                        planned.action,
                        StackAction::Create | StackAction::Recreate | StackAction::Delete
                    ) {
                        state.total = Some(planned.resources);
                    }
                }
            }
            Event::StepStarted { step, title } => {
                let state = self.step(step);
                state.title.clone_from(title);
                state.progress = Progress::Running;
                state.started_ms = Some(now);
            }
            Event::StepFinished {
                step,
                changed,
                summary,
            } => {
                let state = self.step(step);
                state.progress = Progress::Done(StepResult {
                    changed: *changed,
                    summary: summary.clone(),
                });
                state.ended_ms = Some(now);
            }
            Event::StepSkipped { step, title, cause } => {
                self.step_skipped(step, title, cause.as_ref(), now);
            }
            Event::StepFailed {
                step,
                title,
                message,
                hint,
            } => {
                self.step_failed(step, title, message, hint.as_deref(), now);
            }
            Event::StackStarted {
                stack,
                operation,
                resources,
                ..
            } => {
                let state = self.stack(stack);
                // A stack that is waited for or recreated starts more than once.
                state.started_ms.get_or_insert(now);
                state.operation = Some(*operation);
                state.progress = Progress::Running;
                state.resources.clear();
                state.rolling_back = false;
                state.culprit = None;
                if resources.is_some() {
                    state.total = *resources;
                }
            }
            Event::ResourceChanged {
                stack,
                logical_id,
                resource_type,
                status,
                reason,
            } => {
                let change = (resource_type.as_str(), status.as_str(), reason.as_deref());
                self.resource_changed(stack, logical_id, change, now);
            }
            Event::StackFinished {
                stack,
                result,
                outputs,
                ..
            } => {
                let state = self.stack(stack);
                state.progress = Progress::Done(*result);
                state.ended_ms = Some(now);
                state.outputs.clone_from(outputs);
            }
            Event::StackFailed { stack, failure } => {
                let state = self.stack(stack);
                state.progress = Progress::Failed(failure.clone());
                state.ended_ms = Some(now);
            }
            Event::StackInterrupted {
                stack,
                cancelled,
                status,
                ..
            } => {
                let state = self.stack(stack);
                state.rolling_back |= cancelled;
                // One that CloudFormation goes on with stays as it is.
                if status.is_some() {
                    state.progress = Progress::Skipped(None);
                    state.ended_ms = Some(now);
                }
            }
            Event::RunFinished {
                outcome,
                urls,
                left,
                errors,
                ..
            } => {
                self.end = Some(End {
                    elapsed_ms: now,
                    outcome: *outcome,
                    urls: urls.clone(),
                    left: left.clone(),
                    errors: errors.clone(),
                });
            }
        }
    }

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

    fn phase(&mut self, phase: Phase, now: u64) -> &mut PhaseState {
        self.phases.entry(phase).or_insert_with(|| PhaseState {
            started_ms: now,
            ended_ms: None,
            message: String::new(),
            done: 0,
            total: None,
        })
    }

    fn stack(&mut self, stack: &StackName) -> &mut StackState {
        self.stacks
            .entry(stack.clone())
            .or_insert_with(|| StackState::new(StackAction::Decide))
    }

    fn step(&mut self, step: &StepId) -> &mut StepState {
        self.steps.entry(step.clone()).or_insert_with(|| StepState {
            title: String::new(),
            progress: Progress::Waiting,
            started_ms: None,
            ended_ms: None,
        })
    }

    fn step_skipped(&mut self, step: &StepId, title: &str, cause: Option<&StepId>, now: u64) {
        if let Some(stack) = stack_of(step) {
            let state = self.stack(&StackName::from(stack));
            // After an interruption, CloudFormation finishes by itself what it began.
            if state.progress != Progress::Running {
                state.progress = Progress::Skipped(cause.cloned());
            }
            return;
        }
        let state = self.step(step);
        state.title = title.to_owned();
        state.progress = Progress::Skipped(cause.cloned());
        state.ended_ms = Some(now);
    }

    fn step_failed(
        &mut self,
        step: &StepId,
        title: &str,
        message: &str,
        hint: Option<&str>,
        now: u64,
    ) {
        if let Some(stack) = stack_of(step) {
            // It failed before CloudFormation had a say.
            let state = self.stack(&StackName::from(stack));
            state.progress = Progress::Failed(Failure {
                cloud_name: CloudStackName::new(stack),
                status: None,
                resource: None,
                reason: message.to_owned(),
                hint: hint.map(str::to_owned),
                diagnosis: None,
            });
            state.ended_ms = Some(now);
            return;
        }
        let state = self.step(step);
        state.title = title.to_owned();
        state.progress = Progress::Failed(StepFailure {
            message: message.to_owned(),
            hint: hint.map(str::to_owned),
        });
        state.ended_ms = Some(now);
    }

    fn resource_changed(
        &mut self,
        stack: &StackName,
        id: &LogicalId,
        (resource_type, status, reason): (&str, &str, Option<&str>),
        now: u64,
    ) {
        let state = self.stack(stack);
        let failed = status.ends_with("_FAILED");
        let deploys = matches!(
            state.operation,
            Some(StackOperation::Create | StackOperation::Update)
        );
        state.rolling_back |= failed && deploys;
        if failed && state.culprit.is_none() && !is_cascade(reason) {
            state.culprit = Some(id.clone());
        }
        let running = status.ends_with("_IN_PROGRESS");
        let resource = state
            .resources
            .entry(id.clone())
            .or_insert_with(|| ResourceState {
                resource_type: resource_type.to_owned(),
                status: String::new(),
                reached: false,
                started_ms: now,
                changed_ms: now,
            });
        if running && !resource.status.ends_with("_IN_PROGRESS") {
            resource.started_ms = now;
        }
        resource.reached |= status.ends_with("_COMPLETE") || status == "DELETE_SKIPPED";
        resource.status = status.to_owned();
        resource.changed_ms = now;
    }
}
