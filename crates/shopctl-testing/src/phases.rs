//! The phases of an operation: which resources each works on, and what follows from its end.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use shopctl_core::status::StackStatus as Status;

use crate::operation::{Change, Job, Kind, Phase, Progress, Step};
use crate::stack::{Execution, Policy, Resource};
use crate::world::World;

impl World {
    /// The jobs of the phase that begins.
    pub(crate) fn jobs(&self, stack_id: &str) -> IndexMap<String, Job> {
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

    pub(crate) fn phase_ends(&mut self, stack_id: &str) {
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

    pub(crate) fn roll_back(&mut self, stack_id: &str, reason: &str) {
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

    pub(crate) fn end(&mut self, stack_id: &str, status: Status, reason: Option<&str>) {
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
