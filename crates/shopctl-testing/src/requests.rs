//! What CloudFormation does with a request: checks it, refuses it or begins an operation.

use shopctl_core::names::CloudStackName;
use shopctl_core::status::StackStatus as Status;
use shopctl_deploy::ports::{
    ChangeSetId, ChangeSetRequest, ChangeSetState, ChangeSetType, TemplateSource,
};

use crate::operation::Kind;
use crate::refusal::{Refusal, no_such_stack};
use crate::stack::{ChangeSet, ChangeSetStatus, Deployed, Execution, Stack};
use crate::world::{Occurrence, World};
use crate::{ACCOUNT, REGION};

/// CloudFormation takes templates of up to this many bytes in a request, and of up to
/// [`OBJECT_LIMIT`] in an object.
const INLINE_LIMIT: usize = 51_200;
const OBJECT_LIMIT: usize = 1_000_000;

/// Why an empty change set failed, without and with a transform.
const UNCHANGED: &str = "The submitted information didn't contain changes. Submit different information to create a change set.";
const UNCHANGED_BY_TRANSFORM: &str = "No updates are to be performed.";

impl World {
    /// `CreateChangeSet`
    pub(crate) fn create_change_set(
        &mut self,
        request: &ChangeSetRequest,
    ) -> Result<ChangeSetId, Refusal> {
        let name = request.cloud_name.as_str();
        let target = self.target(request)?;
        let found = self.find_id(name);
        self.check_role(name, request.service_role.as_deref())?;
        let stack_id = match (request.change_set_type, found) {
            (ChangeSetType::Update, None) => return Err(no_such_stack(name)),
            (ChangeSetType::Create, None) => self.new_stack(name),
            (change_set_type, Some(id)) => {
                self.check_takes_change_set(&id, change_set_type, &request.name)?;
                id
            }
        };
        let Some(stack) = self.stacks.get(&stack_id) else {
            return Err(no_such_stack(name));
        };
        if let Some(existing) = stack
            .change_sets
            .iter()
            .find(|set| set.name == request.name)
        {
            return Err(match existing.status {
                ChangeSetStatus::DeleteInProgress => Refusal::new(
                    "InvalidChangeSetStatus",
                    "An operation on this ChangeSet is currently in progress. Please attempt this operation again later.",
                ),
                _ => Refusal::new(
                    "AlreadyExistsException",
                    format!("ChangeSet [{}] already exists", existing.id),
                ),
            });
        }
        let number = self.serial();
        let id = format!(
            "arn:aws:cloudformation:{REGION}:{ACCOUNT}:changeSet/{}/{number:08x}",
            request.name
        );
        let change_set = ChangeSet {
            id: id.clone(),
            name: request.name.clone(),
            change_set_type: request.change_set_type,
            status: ChangeSetStatus::CreateInProgress,
            execution: Execution::Unavailable,
            target,
            role: request.service_role.clone(),
            rollback: request.rollback.clone(),
            changes: 0,
        };
        if let Some(stack) = self.stacks.get_mut(&stack_id) {
            stack.change_sets.push(change_set);
        }
        self.schedule(
            self.settings.change_set,
            Occurrence::ChangeSetComputed {
                stack: stack_id.clone(),
                change_set: id.clone(),
            },
        );
        Ok(ChangeSetId {
            change_set: id,
            stack: stack_id,
        })
    }

    pub(crate) fn new_stack(&mut self, name: &str) -> String {
        let number = self.serial();
        let id =
            format!("arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/{number:08x}-0000");
        let stack = Stack::new(id.clone(), name.to_owned(), self.now);
        self.stacks.insert(id.clone(), stack);
        self.transition(&id, Status::ReviewInProgress, Some("User Initiated"));
        id
    }

    fn check_takes_change_set(
        &self,
        stack_id: &str,
        change_set_type: ChangeSetType,
        change_set: &str,
    ) -> Result<(), Refusal> {
        let Some(stack) = self.stacks.get(stack_id) else {
            return Ok(());
        };
        match (change_set_type, stack.status) {
            (ChangeSetType::Create, Status::ReviewInProgress) => Ok(()),
            (ChangeSetType::Update, Status::ReviewInProgress) => Err(no_such_stack(&stack.name)),
            (ChangeSetType::Create, status) if !status.is_in_progress() => {
                Err(Refusal::validation(format!(
                    "Stack [{}] already exists and cannot be created again with the changeSet [{change_set}].",
                    stack.name
                )))
            }
            _ => check_updatable(stack),
        }
    }

    /// Reads what a request asks for.
    fn target(&mut self, request: &ChangeSetRequest) -> Result<Deployed, Refusal> {
        let body = match &request.template {
            TemplateSource::Inline(body) if body.len() > INLINE_LIMIT => {
                return Err(Refusal::validation(format!(
                    "1 validation error detected: Value '...' at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to {INLINE_LIMIT}"
                )));
            }
            TemplateSource::Inline(body) => body.clone(),
            TemplateSource::Object { bucket, key } => {
                let object = self
                    .storage
                    .buckets
                    .get(bucket)
                    .and_then(|bucket| bucket.current(key))
                    .and_then(|version| version.body.clone());
                let Some(bytes) = object else {
                    return Err(Refusal::validation("S3 error: Access Denied"));
                };
                if bytes.len() > OBJECT_LIMIT {
                    return Err(Refusal::validation(
                        "Template may not exceed 1000000 bytes in size.",
                    ));
                }
                String::from_utf8_lossy(&bytes).into_owned()
            }
        };
        let template = self.read_template(&body)?;
        template.check_parameters(&request.parameters)?;
        template.check_capabilities(&request.capabilities)?;
        Ok(Deployed {
            template,
            body,
            parameters: request.parameters.clone(),
            tags: request.tags.clone(),
        })
    }

    /// A change set was computed: it can be executed, or it failed.
    pub(crate) fn change_set_computed(&mut self, stack_id: &str, change_set: &str) {
        let Some(stack) = self.stacks.get(stack_id) else {
            return;
        };
        let name = stack.name.clone();
        let Some(set) = stack.change_sets.iter().find(|set| set.id == change_set) else {
            return;
        };
        if set.status != ChangeSetStatus::CreateInProgress {
            return;
        }
        let (target, change_set_type) = (set.target.clone(), set.change_set_type);
        let other_alarms = set
            .rollback
            .as_ref()
            .is_some_and(|rule| *rule != stack.rollback)
            && !self.settings.alarms_alone_are_no_change;
        let injected = match self.settings.failing_change_sets.get_mut(&name) {
            Some(reasons) if !reasons.is_empty() => Some(reasons.remove(0)),
            _ => None,
        };
        let unchanged = change_set_type == ChangeSetType::Update
            && !other_alarms
            && !self.differs(stack_id, &target);
        let failure = injected.or_else(|| {
            unchanged.then(|| match target.template.transform {
                true => UNCHANGED_BY_TRANSFORM.to_owned(),
                false => UNCHANGED.to_owned(),
            })
        });
        let kind = match change_set_type {
            ChangeSetType::Create => Kind::Create,
            ChangeSetType::Update => Kind::Update,
        };
        let changes = self.count_changes(stack_id, &target, kind);
        // The stack may have moved on while this was computed (C9).
        let overtaken = self.stacks.get(stack_id).is_some_and(|stack| {
            stack.operation.is_some()
                || (change_set_type == ChangeSetType::Create
                    && stack.status != Status::ReviewInProgress)
        });
        if let Some(set) = self.change_set_mut(stack_id, change_set) {
            set.changes = changes;
            match failure {
                Some(reason) => set.status = ChangeSetStatus::Failed(reason),
                None => {
                    set.status = ChangeSetStatus::CreateComplete;
                    set.execution = match overtaken {
                        true => Execution::Obsolete,
                        false => Execution::Available,
                    };
                }
            }
        }
    }

    fn change_set_mut(&mut self, stack_id: &str, change_set: &str) -> Option<&mut ChangeSet> {
        self.stacks
            .get_mut(stack_id)?
            .change_sets
            .iter_mut()
            .find(|set| set.id == change_set || set.name == change_set)
    }

    pub(crate) fn find_change_set(
        &self,
        id: &ChangeSetId,
    ) -> Result<(&Stack, &ChangeSet), Refusal> {
        let gone = || {
            Refusal::new(
                "ChangeSetNotFound",
                format!("ChangeSet [{}] does not exist", id.change_set),
            )
        };
        let stack = self.find(&id.stack).ok_or_else(gone)?;
        let set = stack
            .change_sets
            .iter()
            .find(|set| set.id == id.change_set || set.name == id.change_set)
            .ok_or_else(gone)?;
        Ok((stack, set))
    }

    /// `DescribeChangeSet`
    pub(crate) fn describe_change_set(&self, id: &ChangeSetId) -> Result<ChangeSetState, Refusal> {
        let (_, set) = self.find_change_set(id)?;
        Ok(match &set.status {
            ChangeSetStatus::CreateInProgress | ChangeSetStatus::DeleteInProgress => {
                ChangeSetState::Pending
            }
            ChangeSetStatus::CreateComplete => ChangeSetState::Ready {
                changes: set.changes,
            },
            ChangeSetStatus::Failed(reason)
                if reason.starts_with("The submitted information didn't contain changes")
                    || reason.starts_with("No updates are to be performed") =>
            {
                ChangeSetState::Empty
            }
            ChangeSetStatus::Failed(reason) => ChangeSetState::Failed {
                reason: reason.clone(),
            },
        })
    }

    /// `ExecuteChangeSet`
    pub(crate) fn execute_change_set(
        &mut self,
        id: &ChangeSetId,
        token: &str,
    ) -> Result<(), Refusal> {
        let (stack, set) = self.find_change_set(id)?;
        let (stack_id, set_id) = (stack.id.clone(), set.id.clone());
        let (status, execution) = (set.status.as_str(), set.execution);
        let (target, role) = (set.target.clone(), set.role.clone());
        let rollback = set.rollback.clone();
        let kind = match set.change_set_type {
            ChangeSetType::Create => Kind::Create,
            ChangeSetType::Update => Kind::Update,
        };
        let request = format!("ExecuteChangeSet {set_id}");
        if self.knows(token, &request)? {
            return Ok(());
        }
        if status != "CREATE_COMPLETE" {
            return Err(Refusal::new(
                "InvalidChangeSetStatus",
                format!(
                    "ChangeSet [{set_id}] cannot be executed in its current status of [{status}]"
                ),
            ));
        }
        if execution != Execution::Available {
            return Err(Refusal::new(
                "InvalidChangeSetStatus",
                format!(
                    "ChangeSet [{set_id}] cannot be executed in its current execution status of [{}]",
                    execution.as_str()
                ),
            ));
        }
        if let Some(stack) = self.stacks.get(&stack_id)
            && stack.status != Status::ReviewInProgress
        {
            check_updatable(stack)?;
        }
        self.use_role(&stack_id, role.as_deref())?;
        self.remember(token, request);
        if let Some(set) = self.change_set_mut(&stack_id, &set_id) {
            set.execution = Execution::InProgress;
        }
        if let (Some(stack), Some(rollback)) = (self.stacks.get_mut(&stack_id), rollback) {
            stack.rollback = rollback;
        }
        self.launch(&stack_id, kind, target, false);
        Ok(())
    }

    /// Begins to create or update, with the template that the stack shows from now on.
    pub(crate) fn launch(
        &mut self,
        stack_id: &str,
        kind: Kind,
        target: Deployed,
        disable_rollback: bool,
    ) {
        if kind == Kind::Create
            && let Some(stack) = self.stacks.get_mut(stack_id)
        {
            stack.deployed = Some(target.clone());
        }
        self.begin(stack_id, kind, Some(target), disable_rollback);
    }

    /// `DeleteChangeSet`
    pub(crate) fn delete_change_set(&mut self, id: &ChangeSetId) -> Result<(), Refusal> {
        let (stack, set) = self.find_change_set(id)?;
        let (stack_id, set_id) = (stack.id.clone(), set.id.clone());
        if set.execution == Execution::InProgress {
            return Err(Refusal::new(
                "InvalidChangeSetStatus",
                format!(
                    "ChangeSet [{set_id}] cannot be deleted in its current execution status of [EXECUTE_IN_PROGRESS]"
                ),
            ));
        }
        if let Some(set) = self.change_set_mut(&stack_id, &set_id) {
            set.status = ChangeSetStatus::DeleteInProgress;
            set.execution = Execution::Unavailable;
        }
        self.schedule(
            self.settings.change_set_delete,
            Occurrence::ChangeSetGone {
                stack: stack_id,
                change_set: set_id,
            },
        );
        Ok(())
    }

    /// `DeleteStack`
    pub(crate) fn delete_stack(&mut self, stack: &str, token: Option<&str>) -> Result<(), Refusal> {
        let Some(stack_id) = self.find_id(stack) else {
            return Ok(());
        };
        let request = format!("DeleteStack {stack_id}");
        if let Some(token) = token
            && self.knows(token, &request)?
        {
            return Ok(());
        }
        let Some(stack) = self.stacks.get(&stack_id) else {
            return Ok(());
        };
        if stack.protected {
            return Err(Refusal::validation(format!(
                "Stack [{}] cannot be deleted while TerminationProtection is enabled",
                stack.name
            )));
        }
        match stack.status {
            Status::DeleteInProgress | Status::DeleteComplete => Ok(()),
            Status::UpdateInProgress
            | Status::UpdateCompleteCleanupInProgress
            | Status::UpdateRollbackInProgress
            | Status::UpdateRollbackCompleteCleanupInProgress
            | Status::ImportInProgress
            | Status::ImportRollbackInProgress => Err(Refusal::validation(format!(
                "Stack [{stack_id}] cannot be deleted while in status {}",
                stack.status
            ))),
            _ => {
                if let Some(token) = token {
                    self.remember(token, request);
                }
                self.begin(&stack_id, Kind::Delete, None, false);
                Ok(())
            }
        }
    }

    /// From now on operations on the stack are done as `role`; without one, as before.
    pub(crate) fn use_role(&mut self, stack: &str, role: Option<&str>) -> Result<(), Refusal> {
        self.check_role(stack, role)?;
        if let Some(stack) = self.find_id(stack).and_then(|id| self.stacks.get_mut(&id))
            && let Some(role) = role
        {
            stack.role = Some(role.to_owned());
        }
        Ok(())
    }

    /// Whether the role that an operation would be done as can be taken on.
    fn check_role(&self, stack: &str, role: Option<&str>) -> Result<(), Refusal> {
        let of_before = || self.find(stack)?.role.as_deref();
        match role.or_else(of_before) {
            Some(role) if self.settings.roles_gone.contains(role) => Err(Refusal::validation(
                format!("Role {role} is invalid or cannot be assumed"),
            )),
            _ => Ok(()),
        }
    }

    /// `UpdateTerminationProtection`
    pub(crate) fn protect(
        &mut self,
        cloud_name: &CloudStackName,
        enabled: bool,
    ) -> Result<(), Refusal> {
        let id = self
            .find_id(cloud_name.as_str())
            .ok_or_else(|| no_such_stack(cloud_name.as_str()))?;
        if let Some(stack) = self.stacks.get_mut(&id) {
            stack.protected = enabled;
        }
        Ok(())
    }
}

/// Whether a stack takes updates in its status.
pub(crate) fn check_updatable(stack: &Stack) -> Result<(), Refusal> {
    match stack.status {
        Status::CreateComplete
        | Status::UpdateComplete
        | Status::ImportComplete
        | Status::UpdateRollbackComplete
        | Status::ImportRollbackComplete => Ok(()),
        Status::UpdateFailed | Status::CreateFailed => Err(Refusal::validation(format!(
            "This stack is currently in a non-terminal [{}] state. To update the stack from this state, please use the disable-rollback parameter with update-stack API. To rollback to the last known good state, use the rollback-stack API",
            stack.status
        ))),
        status => Err(Refusal::validation(format!(
            "Stack:{} is in {status} state and can not be updated.",
            stack.id
        ))),
    }
}
