//! Operations on stacks: what is done with which resource, in which order, and what follows
//! from a failure. No call comes in here; see `cloudformation.rs`.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use shopctl_core::status::StackStatus as Status;

use crate::stack::{Deployed, Execution, Policy, Resource};
use crate::world::{Occurrence, World};

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Create,
    Update,
    Delete,
    Import,
}

/// How far an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// What was asked for.
    Forward,
    /// What an update no longer needs is deleted.
    Cleanup,
    /// What was done is undone.
    Rollback,
    /// What the undone update had made is deleted.
    RollbackCleanup,
}

/// What an update does with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Add,
    Modify,
    Replace,
    Remove,
}

/// What a phase does with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Create,
    Update,
    Replace,
    Import,
    Delete,
    /// Deletes what a replacement left.
    DeleteOld,
    /// Keeps it, because its policy says so.
    Skip,
    /// Sets it back to what it was.
    Revert,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    Waiting,
    Running,
    Done,
    Failed,
}

#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) step: Step,
    pub(crate) after: BTreeSet<String>,
    pub(crate) progress: Progress,
}

/// An operation on a stack.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) number: u64,
    pub(crate) kind: Kind,
    pub(crate) phase: Phase,
    /// Counts the phases, so that what a cancelled phase scheduled is ignored.
    pub(crate) round: u32,
    /// Leave everything as it is after a failure.
    pub(crate) disable_rollback: bool,
    pub(crate) target: Option<Deployed>,
    pub(crate) changes: IndexMap<String, Change>,
    pub(crate) jobs: IndexMap<String, Job>,
    pub(crate) failed: Vec<String>,
    /// Resources and status before the operation.
    pub(crate) resources_before: IndexMap<String, Resource>,
    pub(crate) status_before: Status,
    /// Resources that a continued rollback leaves alone.
    pub(crate) skipped: BTreeSet<String>,
}

impl World {
    /// Begins an operation.
    pub(crate) fn begin(
        &mut self,
        stack_id: &str,
        kind: Kind,
        target: Option<Deployed>,
        disable_rollback: bool,
    ) {
        let changes = match (&target, kind) {
            (Some(target), Kind::Create | Kind::Update | Kind::Import) => {
                self.changes(stack_id, target)
            }
            _ => IndexMap::new(),
        };
        let number = self.serial();
        let now = self.now;
        let Some(stack) = self.stacks.get_mut(stack_id) else {
            return;
        };
        let operation = Operation {
            number,
            kind,
            phase: Phase::Forward,
            round: 0,
            disable_rollback,
            target,
            changes,
            jobs: IndexMap::new(),
            failed: Vec::new(),
            resources_before: stack.resources.clone(),
            status_before: stack.status,
            skipped: BTreeSet::new(),
        };
        stack.operation = Some(operation);
        stack.paused = None;
        for set in &mut stack.change_sets {
            if set.execution == Execution::Available {
                set.execution = Execution::Obsolete;
            }
        }
        let status = match kind {
            Kind::Create => Status::CreateInProgress,
            Kind::Update => Status::UpdateInProgress,
            Kind::Delete => Status::DeleteInProgress,
            Kind::Import => Status::ImportInProgress,
        };
        if kind != Kind::Delete
            && let Some(stack) = self.stacks.get_mut(stack_id)
        {
            stack.changed = Some(now);
        }
        self.transition(stack_id, status, Some("User Initiated"));
        self.schedule_phase(stack_id, number);
    }

    /// Goes on with an operation that was left as it failed, backwards.
    pub(crate) fn resume_backwards(&mut self, stack_id: &str, skip: BTreeSet<String>) {
        let number = self.serial();
        let now = self.now;
        let Some(stack) = self.stacks.get_mut(stack_id) else {
            return;
        };
        let Some(mut operation) = stack.paused.take() else {
            return;
        };
        operation.number = number;
        operation.phase = Phase::Rollback;
        operation.round += 1;
        operation.failed.clear();
        operation.skipped = skip;
        let status = match operation.kind {
            Kind::Create => Status::RollbackInProgress,
            Kind::Import => Status::ImportRollbackInProgress,
            _ => Status::UpdateRollbackInProgress,
        };
        stack.operation = Some(operation);
        stack.changed = Some(now);
        self.transition(stack_id, status, Some("User Initiated"));
        self.schedule_phase(stack_id, number);
    }

    /// Ends what runs and rolls it back.
    pub(crate) fn cancel(&mut self, stack_id: &str, reason: &str) {
        self.stop_running(stack_id);
        self.roll_back(stack_id, reason);
    }

    fn schedule_phase(&mut self, stack_id: &str, operation: u64) {
        self.schedule(
            self.settings.pause,
            Occurrence::PhaseBegins {
                stack: stack_id.to_owned(),
                operation,
            },
        );
    }

    /// What the phase has to do becomes jobs, and the first of them begin.
    pub(crate) fn phase_begins(&mut self, stack_id: &str, number: u64) {
        let Some(stack) = self.stacks.get(stack_id) else {
            return;
        };
        let Some(operation) = stack.operation.as_ref().filter(|op| op.number == number) else {
            return;
        };
        if operation.phase == Phase::Forward
            && let Some(reason) = self.refused_at_once(stack_id)
        {
            return self.refuse(stack_id, &reason);
        }
        let jobs = self.jobs(stack_id);
        if let Some(operation) = self.operation(stack_id) {
            operation.jobs = jobs;
        }
        self.start_ready(stack_id);
    }

    pub(crate) fn operation(&mut self, stack_id: &str) -> Option<&mut Operation> {
        self.stacks.get_mut(stack_id)?.operation.as_mut()
    }

    /// What stops an operation before any resource is touched.
    fn refused_at_once(&mut self, stack_id: &str) -> Option<String> {
        let stack = self.stacks.get(stack_id)?;
        let operation = stack.operation.as_ref()?;
        match operation.kind {
            Kind::Delete => stack.exports.keys().find_map(|export| {
                let users = self.importers(export);
                (!users.is_empty()).then(|| {
                    format!(
                        "Delete canceled. Cannot delete export {export} as it is in use by {}.",
                        enumerate(&users)
                    )
                })
            }),
            _ => {
                let target = operation.target.as_ref()?;
                self.missing_import(stack_id, target).map(|name| {
                    format!("No export named {name} found. Rollback requested by user.")
                })
            }
        }
    }

    fn refuse(&mut self, stack_id: &str, reason: &str) {
        let Some(operation) = self.operation(stack_id) else {
            return;
        };
        if operation.kind == Kind::Delete {
            // A refused delete leaves the stack as it was, with the reason (S14).
            let before = operation.status_before;
            self.end(stack_id, before, Some(reason));
        } else {
            self.roll_back(stack_id, reason);
        }
    }

    /// The jobs of the phase that begins.
    fn jobs(&self, stack_id: &str) -> IndexMap<String, Job> {
        let Some(stack) = self.stacks.get(stack_id) else {
            return IndexMap::new();
        };
        let Some(operation) = &stack.operation else {
            return IndexMap::new();
        };
        let mut steps: IndexMap<String, Step> = IndexMap::new();
        match (operation.phase, operation.kind) {
            (Phase::Forward, Kind::Delete) => {
                for (id, resource) in &stack.resources {
                    if resource.is_there() {
                        steps.insert(id.clone(), removal(resource, false));
                    }
                }
            }
            (Phase::Forward, kind) => {
                for (id, change) in &operation.changes {
                    let step = match change {
                        Change::Add if kind == Kind::Import => Step::Import,
                        Change::Add => Step::Create,
                        Change::Modify => Step::Update,
                        Change::Replace => Step::Replace,
                        Change::Remove => continue,
                    };
                    steps.insert(id.clone(), step);
                }
            }
            (Phase::Cleanup, _) => {
                for (id, change) in &operation.changes {
                    let Some(resource) = stack.resources.get(id) else {
                        continue;
                    };
                    match change {
                        Change::Remove => {
                            steps.insert(id.clone(), removal(resource, false));
                        }
                        Change::Replace if resource.old_physical.is_some() => {
                            steps.insert(id.clone(), Step::DeleteOld);
                        }
                        _ => {}
                    }
                }
            }
            (Phase::Rollback, Kind::Create | Kind::Delete) => {
                for (id, resource) in &stack.resources {
                    if resource.is_there() {
                        steps.insert(id.clone(), removal(resource, true));
                    }
                }
            }
            (Phase::Rollback, Kind::Update) => {
                for (id, change) in &operation.changes {
                    let touched = stack.resources.get(id).is_some_and(|resource| {
                        operation
                            .resources_before
                            .get(id)
                            .map(|before| (&before.physical, &before.properties))
                            != Some((&resource.physical, &resource.properties))
                            || resource.status.ends_with("_FAILED")
                    });
                    let changed = matches!(change, Change::Modify | Change::Replace);
                    if changed && touched && !operation.skipped.contains(id) {
                        steps.insert(id.clone(), Step::Revert);
                    }
                }
            }
            (Phase::RollbackCleanup, _) => {
                for (id, change) in &operation.changes {
                    let Some(resource) = stack.resources.get(id) else {
                        continue;
                    };
                    if *change == Change::Add && resource.is_there() {
                        steps.insert(id.clone(), removal(resource, true));
                    } else if *change == Change::Replace && resource.old_physical.is_some() {
                        steps.insert(id.clone(), Step::DeleteOld);
                    }
                }
            }
            // What was imported is let go, never deleted.
            (Phase::Rollback, Kind::Import) => {}
        }
        let deletes = matches!(
            (operation.phase, operation.kind),
            (Phase::Forward, Kind::Delete)
                | (Phase::Cleanup | Phase::RollbackCleanup, _)
                | (Phase::Rollback, Kind::Create)
        );
        let needs = |id: &str| -> BTreeSet<String> {
            let planned = operation
                .target
                .as_ref()
                .filter(|_| operation.phase == Phase::Forward)
                .and_then(|target| target.template.resources.get(id))
                .map(|resource| resource.needs.clone());
            planned.unwrap_or_else(|| {
                stack
                    .resources
                    .get(id)
                    .map(|resource| resource.needs.clone())
                    .unwrap_or_default()
            })
        };
        steps
            .iter()
            .map(|(id, step)| {
                let after = steps
                    .keys()
                    .filter(|other| {
                        *other != id
                            && if deletes {
                                needs(other).contains(id)
                            } else {
                                needs(id).contains(*other)
                            }
                    })
                    .cloned()
                    .collect();
                let job = Job {
                    step: *step,
                    after,
                    progress: Progress::Waiting,
                };
                (id.clone(), job)
            })
            .collect()
    }

    /// Begins all jobs that wait for nothing more, or ends the phase.
    pub(crate) fn start_ready(&mut self, stack_id: &str) {
        let Some(operation) = self.operation(stack_id) else {
            return;
        };
        let done: BTreeSet<String> = operation
            .jobs
            .iter()
            .filter(|(_, job)| job.progress == Progress::Done)
            .map(|(id, _)| id.clone())
            .collect();
        let ready: Vec<(String, Step)> = operation
            .jobs
            .iter()
            .filter(|(_, job)| {
                job.progress == Progress::Waiting && job.after.iter().all(|id| done.contains(id))
            })
            .map(|(id, job)| (id.clone(), job.step))
            .collect();
        let running = operation
            .jobs
            .values()
            .any(|job| job.progress == Progress::Running);
        if ready.is_empty() && !running {
            return self.phase_ends(stack_id);
        }
        for (id, step) in ready {
            self.start(stack_id, &id, step);
        }
    }

    fn start(&mut self, stack_id: &str, id: &str, step: Step) {
        self.job_begins(stack_id, id, step);
        let name = self.name_of(stack_id);
        let Some(stack) = self.stacks.get_mut(stack_id) else {
            return;
        };
        let resource_type = stack
            .resources
            .get(id)
            .map(|resource| resource.resource_type.clone())
            .unwrap_or_default();
        let Some(operation) = &mut stack.operation else {
            return;
        };
        if let Some(job) = operation.jobs.get_mut(id) {
            job.progress = Progress::Running;
        }
        let occurrence = Occurrence::JobEnds {
            stack: stack_id.to_owned(),
            operation: operation.number,
            phase: operation.round,
            logical_id: id.to_owned(),
        };
        let takes = match step {
            Step::Skip => std::time::Duration::ZERO,
            _ => self.settings.duration(&name, id, &resource_type),
        };
        self.schedule(takes, occurrence);
    }

    /// A resource is done, or fails.
    pub(crate) fn job_ends(&mut self, stack_id: &str, number: u64, round: u32, id: &str) {
        let Some(operation) = self.operation(stack_id) else {
            return;
        };
        let Some(job) = operation.jobs.get(id) else {
            return;
        };
        if operation.number != number
            || operation.round != round
            || job.progress != Progress::Running
        {
            return;
        }
        let (step, phase, kind) = (job.step, operation.phase, operation.kind);
        let failure = self.finish_job(stack_id, id, step, phase);
        let Some(operation) = self.operation(stack_id) else {
            return;
        };
        if let Some(job) = operation.jobs.get_mut(id) {
            job.progress = match failure {
                None => Progress::Done,
                Some(_) => Progress::Failed,
            };
        }
        if failure.is_some() {
            operation.failed.push(id.to_owned());
            if phase == Phase::Forward && kind != Kind::Delete {
                self.stop_running(stack_id);
                return self.phase_ends(stack_id);
            }
        }
        self.start_ready(stack_id);
    }

    /// Cancels the resources that are being worked on.
    fn stop_running(&mut self, stack_id: &str) {
        let Some(operation) = self.operation(stack_id) else {
            return;
        };
        let mut stopped = Vec::new();
        for (id, job) in &mut operation.jobs {
            if job.progress == Progress::Running {
                job.progress = Progress::Failed;
                stopped.push((id.clone(), job.step));
            }
        }
        for (id, step) in stopped {
            let (status, reason) = match step {
                Step::Create | Step::Import => ("CREATE_FAILED", "Resource creation cancelled"),
                _ => ("UPDATE_FAILED", "Resource update cancelled"),
            };
            self.resource_status(stack_id, &id, status, Some(reason));
        }
    }

    fn phase_ends(&mut self, stack_id: &str) {
        let Some(operation) = self.operation(stack_id) else {
            return;
        };
        let failed = operation.failed.clone();
        let (phase, kind, disable_rollback) =
            (operation.phase, operation.kind, operation.disable_rollback);
        match (phase, kind) {
            (Phase::Forward, Kind::Delete) => {
                if failed.is_empty() {
                    self.end(stack_id, Status::DeleteComplete, None);
                } else {
                    let reason = format!(
                        "The following resource(s) failed to delete: [{}]. ",
                        failed.join(", ")
                    );
                    self.end(stack_id, Status::DeleteFailed, Some(&reason));
                }
            }
            (Phase::Forward, _) if !failed.is_empty() => {
                let verb = match kind {
                    Kind::Create => "create",
                    Kind::Import => "import",
                    _ => "update",
                };
                let summary = format!(
                    "The following resource(s) failed to {verb}: [{}]. ",
                    failed.join(", ")
                );
                if disable_rollback {
                    let status = match kind {
                        Kind::Create => Status::CreateFailed,
                        _ => Status::UpdateFailed,
                    };
                    self.pause(stack_id, status, &summary);
                } else {
                    let asked = match kind {
                        Kind::Create => "Rollback requested by user.",
                        _ => "",
                    };
                    self.roll_back(stack_id, &format!("{summary}{asked}"));
                }
            }
            (Phase::Forward, Kind::Create | Kind::Import) => match self.adopt_target(stack_id) {
                Ok(()) => {
                    let status = match kind {
                        Kind::Create => Status::CreateComplete,
                        _ => Status::ImportComplete,
                    };
                    self.end(stack_id, status, None);
                }
                Err(reason) => self.roll_back(stack_id, &reason),
            },
            (Phase::Forward, _) => match self.adopt_target(stack_id) {
                Ok(()) => {
                    self.transition(stack_id, Status::UpdateCompleteCleanupInProgress, None);
                    self.next_phase(stack_id, Phase::Cleanup);
                }
                Err(reason) => self.roll_back(stack_id, &reason),
            },
            // CloudFormation gives up on what it cannot clean up, and is done (R12).
            (Phase::Cleanup, _) => self.end(stack_id, Status::UpdateComplete, None),
            (Phase::RollbackCleanup, _) => self.end(stack_id, Status::UpdateRollbackComplete, None),
            (Phase::Rollback, Kind::Create | Kind::Delete) => {
                if failed.is_empty() {
                    self.end(stack_id, Status::RollbackComplete, None);
                } else {
                    let reason = format!(
                        "The following resource(s) failed to delete: [{}]. ",
                        failed.join(", ")
                    );
                    self.end(stack_id, Status::RollbackFailed, Some(&reason));
                }
            }
            (Phase::Rollback, Kind::Import) => {
                // An import can only fail to roll back by an injected fault of the stack.
                let status = if self.take_import_fault(stack_id) {
                    Status::ImportRollbackFailed
                } else {
                    Status::ImportRollbackComplete
                };
                self.end(stack_id, status, None);
            }
            (Phase::Rollback, Kind::Update) => {
                if failed.is_empty() {
                    self.transition(
                        stack_id,
                        Status::UpdateRollbackCompleteCleanupInProgress,
                        None,
                    );
                    self.next_phase(stack_id, Phase::RollbackCleanup);
                } else {
                    let reason = format!(
                        "The following resource(s) failed to update: [{}]. ",
                        failed.join(", ")
                    );
                    self.pause(stack_id, Status::UpdateRollbackFailed, &reason);
                }
            }
        }
    }

    fn next_phase(&mut self, stack_id: &str, phase: Phase) {
        let Some(operation) = self.operation(stack_id) else {
            return;
        };
        operation.phase = phase;
        operation.round += 1;
        operation.failed.clear();
        operation.jobs.clear();
        let number = operation.number;
        self.schedule_phase(stack_id, number);
    }

    fn roll_back(&mut self, stack_id: &str, reason: &str) {
        let Some(operation) = self.operation(stack_id) else {
            return;
        };
        let status = match operation.kind {
            Kind::Create | Kind::Delete => Status::RollbackInProgress,
            Kind::Update => Status::UpdateRollbackInProgress,
            Kind::Import => Status::ImportRollbackInProgress,
        };
        self.transition(stack_id, status, Some(reason));
        self.next_phase(stack_id, Phase::Rollback);
    }

    /// Leaves a failed operation as it is.
    fn pause(&mut self, stack_id: &str, status: Status, reason: &str) {
        let operation = self.operation(stack_id).cloned();
        self.end(stack_id, status, Some(reason));
        if let Some(stack) = self.stacks.get_mut(stack_id) {
            stack.paused = operation;
        }
    }

    fn end(&mut self, stack_id: &str, status: Status, reason: Option<&str>) {
        let Some(stack) = self.stacks.get_mut(stack_id) else {
            return;
        };
        let Some(operation) = stack.operation.take() else {
            return;
        };
        if matches!(
            status,
            Status::UpdateRollbackComplete
                | Status::ImportRollbackComplete
                | Status::RollbackComplete
        ) && operation.kind != Kind::Create
        {
            // Resources that the rolled back operation had added are gone from the stack.
            let before = operation.resources_before;
            stack.resources.retain(|id, _| before.contains_key(id));
        }
        let succeeded = status.is_success();
        for set in &mut stack.change_sets {
            if set.execution == Execution::InProgress {
                set.execution = if succeeded {
                    Execution::Complete
                } else {
                    Execution::Failed
                };
            }
        }
        if matches!(status, Status::UpdateComplete) {
            stack.resources.retain(|_, resource| {
                resource.status != "DELETE_COMPLETE" && resource.status != "DELETE_SKIPPED"
            });
        }
        if status == Status::DeleteComplete {
            stack.change_sets.clear();
            stack.exports.clear();
            stack.imports.clear();
            stack.outputs.clear();
        }
        self.transition(stack_id, status, reason);
    }
}

fn removal(resource: &Resource, rollback: bool) -> Step {
    match resource.policy {
        Policy::Delete => Step::Delete,
        Policy::RetainExceptOnCreate if rollback => Step::Delete,
        Policy::Retain | Policy::RetainExceptOnCreate => Step::Skip,
    }
}

/// `A`, `A and B`, `A, B and C`.
pub(crate) fn enumerate(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}
