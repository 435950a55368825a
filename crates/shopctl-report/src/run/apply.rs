//! Takes events in.

use shopctl_core::event::{Event, Failure, Numbered, Phase, StackOperation};
use shopctl_core::names::{CloudStackName, LogicalId, StackName};
use shopctl_core::plan::{StackAction, StepId};

use super::{
    End, PhaseState, Progress, ResourceState, Run, StackState, StepFailure, StepResult, StepState,
};
use crate::label::{is_cascade, stack_of};

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
