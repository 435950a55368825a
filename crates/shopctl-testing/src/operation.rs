//! Operations on stacks: what is done with which resource, in which order, and what follows
//! from a failure. No call comes in here; see `cloudformation.rs`.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use shopctl_core::status::StackStatus as Status;

use crate::refusal::{Refusal, no_such_stack};
use crate::stack::{Deployed, Execution, Resource};
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

    /// Ends a running update at somebody's wish; it is rolled back.
    pub(crate) fn cancel_update(&mut self, name: &str) -> Result<(), Refusal> {
        let stack = self.find(name).ok_or_else(|| no_such_stack(name))?;
        let id = stack.id.clone();
        if stack.status != Status::UpdateInProgress {
            return Err(Refusal::validation(
                "CancelUpdateStack cannot be called from current stack status",
            ));
        }
        self.cancel(&id, "User Initiated");
        Ok(())
    }

    /// Ends what runs and rolls it back.
    pub(crate) fn cancel(&mut self, stack_id: &str, reason: &str) {
        self.stop_running(stack_id);
        self.roll_back(stack_id, reason);
    }

    pub(crate) fn schedule_phase(&mut self, stack_id: &str, operation: u64) {
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
}

/// `A`, `A and B`, `A, B and C`.
pub(crate) fn enumerate(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}
