//! The ports that look for causes and repair stacks.
//!
//! `DescribeEvents` tells what validation found of a change set. Of stacks the cloud answers
//! like an endpoint that does not offer it, so that what falls back to stack events is under
//! test. Hooks are not modelled.

use std::collections::BTreeSet;

use async_trait::async_trait;
use shopctl_core::names::LogicalId;
use shopctl_core::status::StackStatus as Status;
use shopctl_deploy::ports::{
    ChangeSetId, ChangeSetRequest, CloudError, Continuation, DeleteMode, DeploymentMode,
    EventScope, HookResult, HookTarget, Investigation, OperationEvent, OperationEventKind,
    StackRepair,
};

use crate::cloud::FakeCloud;
use crate::refusal::{Refusal, no_such_stack};
use crate::stack::ChangeSetStatus;

#[async_trait]
impl Investigation for FakeCloud {
    async fn failed_events(
        &self,
        scope: EventScope<'_>,
    ) -> Result<Vec<OperationEvent>, CloudError> {
        self.call("DescribeEvents", "", |world| {
            let EventScope::ChangeSet(id) = scope else {
                let text = "Unknown action DescribeEvents";
                return Err(Refusal::new("InvalidAction", text));
            };
            let failed = world.stacks.values().find(|stack| {
                stack
                    .change_sets
                    .iter()
                    .any(|set| set.id == id && matches!(set.status, ChangeSetStatus::Failed(_)))
            });
            let found = failed.and_then(|stack| world.settings.validation_errors.get(&stack.name));
            Ok(found.into_iter().flatten().map(finding).collect())
        })
        .await
    }

    async fn hook_results(&self, _target: HookTarget<'_>) -> Result<Vec<HookResult>, CloudError> {
        self.call("ListHookResults", "", |_| Ok(Vec::new())).await
    }

    async fn owner(&self, physical_id: &str) -> Result<Option<String>, CloudError> {
        self.call("DescribeStackResources", physical_id, |world| {
            let owner = world
                .inventory
                .values()
                .find(|physical| physical.physical_id == physical_id)
                .and_then(|physical| physical.stack.clone());
            Ok(owner.map(|stack| world.name_of(&stack)))
        })
        .await
    }

    async fn decode(&self, _message: &str) -> Result<String, CloudError> {
        self.call("DecodeAuthorizationMessage", "", |_| {
            Err(Refusal::new("AccessDenied", "not allowed to decode"))
        })
        .await
    }

    async fn log_lines(
        &self,
        group: &str,
        _words: Option<&str>,
        _limit: usize,
    ) -> Result<Vec<String>, CloudError> {
        self.call("FilterLogEvents", group, |_| Ok(Vec::new()))
            .await
    }
}

fn finding((id, resource_type, reason): &(String, String, String)) -> OperationEvent {
    OperationEvent {
        operation: Some("1".to_owned()),
        operation_type: Some("CREATE_CHANGESET".to_owned()),
        kind: OperationEventKind::Validation,
        logical_id: Some(LogicalId::new(id.clone())),
        physical_id: None,
        resource_type: Some(resource_type.clone()),
        status: None,
        reason: Some(reason.clone()),
        check: Some("NAME_CONFLICT_VALIDATION".to_owned()),
        path: None,
        warning: false,
    }
}

#[async_trait]
impl StackRepair for FakeCloud {
    async fn continue_rollback(
        &self,
        stack_id: &str,
        how: &Continuation,
        role: Option<&str>,
        _token: &str,
    ) -> Result<(), CloudError> {
        self.call("ContinueUpdateRollback", stack_id, |world| {
            world.use_role(stack_id, role)?;
            let stack = world
                .find(stack_id)
                .ok_or_else(|| no_such_stack(stack_id))?;
            if stack.status != Status::UpdateRollbackFailed {
                return Err(Refusal::validation(format!(
                    "Stack:{stack_id} is in {} state and can not be continued.",
                    stack.status
                )));
            }
            let failed = || {
                stack
                    .resources
                    .iter()
                    .filter(|(_, resource)| resource.status == "UPDATE_FAILED")
                    .map(|(id, _)| id.clone())
                    .collect::<BTreeSet<String>>()
            };
            let skip = match how {
                Continuation::Whole => BTreeSet::new(),
                Continuation::Skipping(ids) => ids.iter().map(ToString::to_string).collect(),
                Continuation::Force => failed(),
            };
            let id = stack.id.clone();
            world.resume_backwards(&id, skip);
            Ok(())
        })
        .await
    }

    async fn roll_back(
        &self,
        stack_id: &str,
        role: Option<&str>,
        _token: &str,
    ) -> Result<(), CloudError> {
        self.call("RollbackStack", stack_id, |world| {
            world.use_role(stack_id, role)?;
            let stack = world
                .find(stack_id)
                .ok_or_else(|| no_such_stack(stack_id))?;
            if !matches!(stack.status, Status::CreateFailed | Status::UpdateFailed) {
                return Err(Refusal::validation(format!(
                    "RollbackStack cannot be called from stack status {}",
                    stack.status
                )));
            }
            let id = stack.id.clone();
            world.resume_backwards(&id, BTreeSet::new());
            Ok(())
        })
        .await
    }

    async fn delete(
        &self,
        stack_id: &str,
        mode: &DeleteMode,
        _waits: DeploymentMode,
        role: Option<&str>,
        token: &str,
    ) -> Result<(), CloudError> {
        self.call("DeleteStack", stack_id, |world| {
            world.use_role(stack_id, role)?;
            let Some(id) = world.find_id(stack_id) else {
                return Ok(());
            };
            if let Some(stack) = world.stacks.get_mut(&id).filter(|_| *mode != DeleteMode::Plain) {
                if stack.status != Status::DeleteFailed {
                    return Err(Refusal::validation(
                        "Invalid operation on stack: resources can be retained only when the stack is in the DELETE_FAILED state",
                    ));
                }
                // What is retained is no longer the stack's; it stays in the account.
                match mode {
                    DeleteMode::Retaining(ids) => stack
                        .resources
                        .retain(|name, _| ids.iter().all(|id| id.as_str() != name)),
                    DeleteMode::Plain => {}
                    DeleteMode::Force => stack
                        .resources
                        .retain(|_, resource| resource.status != "DELETE_FAILED"),
                }
            }
            world.delete_stack(stack_id, Some(token))
        })
        .await
    }

    async fn update_directly(
        &self,
        request: &ChangeSetRequest,
        _token: &str,
    ) -> Result<(), CloudError> {
        // Only EXPRESS stacks need it, which are not modelled.
        self.call("UpdateStack", request.cloud_name.as_str(), |_| {
            Err(Refusal::validation("No updates are to be performed."))
        })
        .await
    }

    async fn execute_paused(&self, id: &ChangeSetId, token: &str) -> Result<(), CloudError> {
        self.call("ExecuteChangeSet", &id.stack, |world| {
            world.execute_change_set(id, token)
        })
        .await
    }
}
