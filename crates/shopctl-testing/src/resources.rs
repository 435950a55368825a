//! What happens to single resources: their physical IDs, events and side effects
//! (a bucket can be written to, a function has a state, a log group can be listed).

use serde_json::Value as Json;
use shopctl_deploy::ports::FunctionState;

use crate::changes::{NAMES, policy, properties};
use crate::operation::{Phase, Step};
use crate::settings::FaultStep;
use crate::stack::Resource;
use crate::world::{Physical, World};
use crate::{ACCOUNT, REGION};

const BUCKET: &str = "AWS::S3::Bucket";
const FUNCTION: &str = "AWS::Lambda::Function";
const LOG_GROUP: &str = "AWS::Logs::LogGroup";

/// A cleanup is tried this often before CloudFormation gives up.
const CLEANUP_TRIES: u32 = 3;

impl World {
    /// The first events of a resource in a phase.
    pub(crate) fn job_begins(&mut self, stack_id: &str, id: &str, step: Step) {
        match step {
            Step::Create | Step::Import => {
                self.place(stack_id, id);
                let status = match step {
                    Step::Import => "IMPORT_IN_PROGRESS",
                    _ => "CREATE_IN_PROGRESS",
                };
                self.resource_status(stack_id, id, status, None);
            }
            Step::Update | Step::Revert => {
                self.resource_status(stack_id, id, "UPDATE_IN_PROGRESS", None);
            }
            Step::Replace => self.resource_status(
                stack_id,
                id,
                "UPDATE_IN_PROGRESS",
                Some("Requested update requires the creation of a new physical resource; hence creating one."),
            ),
            Step::Delete | Step::DeleteOld => {
                self.resource_status(stack_id, id, "DELETE_IN_PROGRESS", None);
            }
            Step::Skip => {}
        }
    }

    /// Puts a resource that is to be made into the stack.
    fn place(&mut self, stack_id: &str, id: &str) {
        let Some(target) = self.operation(stack_id).and_then(|op| op.target.clone()) else {
            return;
        };
        let exports = self.exports();
        let Some(stack) = self.stacks.get(stack_id) else {
            return;
        };
        let Some(model) = target.template.resources.get(id) else {
            return;
        };
        let (properties, policy) = self.with_scope(stack, &target, &exports, |scope| {
            (
                properties(scope, model).unwrap_or_default(),
                policy(scope, model),
            )
        });
        let resource = Resource {
            resource_type: model.resource_type.clone(),
            physical: None,
            old_physical: None,
            status: String::new(),
            properties,
            policy,
            needs: model.needs.clone(),
        };
        if let Some(stack) = self.stacks.get_mut(stack_id) {
            stack.resources.insert(id.to_owned(), resource);
        }
    }

    /// Gives a resource a status, with the event that tells it.
    pub(crate) fn resource_status(
        &mut self,
        stack_id: &str,
        id: &str,
        status: &str,
        reason: Option<&str>,
    ) {
        let Some(resource) = self
            .stacks
            .get_mut(stack_id)
            .and_then(|stack| stack.resources.get_mut(id))
        else {
            return;
        };
        resource.status = status.to_owned();
        let (physical, resource_type) = (resource.physical.clone(), resource.resource_type.clone());
        self.tell(stack_id, id, physical, &resource_type, status, reason);
    }

    /// Ends a resource's step; answers the reason if it failed.
    pub(crate) fn finish_job(
        &mut self,
        stack_id: &str,
        id: &str,
        step: Step,
        phase: Phase,
    ) -> Option<String> {
        let backwards = matches!(phase, Phase::Rollback | Phase::RollbackCleanup);
        let (fault_step, failed) = match step {
            Step::Create | Step::Import => (FaultStep::Create, "CREATE_FAILED"),
            Step::Update | Step::Replace => (FaultStep::Update, "UPDATE_FAILED"),
            Step::Revert => (FaultStep::Rollback, "UPDATE_FAILED"),
            Step::Delete | Step::DeleteOld if backwards => (FaultStep::Rollback, "DELETE_FAILED"),
            Step::Delete | Step::DeleteOld => (FaultStep::Delete, "DELETE_FAILED"),
            Step::Skip => {
                self.let_go(stack_id, id);
                self.resource_status(stack_id, id, "DELETE_SKIPPED", None);
                return None;
            }
        };
        let failed = match step {
            Step::Import => "IMPORT_FAILED",
            _ => failed,
        };
        let mut tries = match phase {
            Phase::Cleanup => CLEANUP_TRIES,
            _ => 1,
        };
        let failure = loop {
            let failure = self
                .denied_by_policy(stack_id, id, step)
                .or_else(|| self.take_fault(stack_id, id, fault_step))
                .or_else(|| self.carry_out(stack_id, id, step));
            tries -= 1;
            if failure.is_none() || tries == 0 {
                break failure;
            }
        };
        match failure {
            Some(reason) => {
                self.resource_status(stack_id, id, failed, Some(&reason));
                self.keep_replacement(stack_id, id, step);
                Some(reason)
            }
            None => {
                let done = match step {
                    Step::Create => "CREATE_COMPLETE",
                    Step::Import => "IMPORT_COMPLETE",
                    Step::Update | Step::Replace | Step::Revert => "UPDATE_COMPLETE",
                    _ => "DELETE_COMPLETE",
                };
                self.resource_status(stack_id, id, done, None);
                self.keep_replacement(stack_id, id, step);
                None
            }
        }
    }

    /// What was deleted is the old one; the resource itself is as the update left it.
    fn keep_replacement(&mut self, stack_id: &str, id: &str, step: Step) {
        if step == Step::DeleteOld
            && let Some(resource) = self
                .stacks
                .get_mut(stack_id)
                .and_then(|stack| stack.resources.get_mut(id))
        {
            resource.status = "UPDATE_COMPLETE".to_owned();
        }
    }

    /// Why the stack's policy does not let a resource be updated. Of policies only statements
    /// are known that name resources by `LogicalResourceId/NAME` or `*`.
    fn denied_by_policy(&self, stack_id: &str, id: &str, step: Step) -> Option<String> {
        let action = match step {
            Step::Update => "Update:Modify",
            Step::Replace => "Update:Replace",
            _ => return None,
        };
        let policy = self.stacks.get(stack_id)?.policy.as_deref()?;
        let policy: Json = serde_json::from_str(policy).ok()?;
        let resource = format!("LogicalResourceId/{id}");
        let covers = |statement: &Json, key: &str, wanted: &str| {
            let texts = match &statement[key] {
                Json::Array(items) => items.iter().filter_map(Json::as_str).collect(),
                one => Vec::from_iter(one.as_str()),
            };
            texts.iter().any(|text| match text.strip_suffix('*') {
                Some(prefix) => wanted.starts_with(prefix),
                None => *text == wanted,
            })
        };
        let statements = policy["Statement"].as_array()?;
        let applies = |statement: &&Json, effect: &str| {
            statement["Effect"] == effect
                && covers(statement, "Action", action)
                && covers(statement, "Resource", &resource)
        };
        let denied = statements.iter().position(|s| applies(&s, "Deny"));
        let allowed = statements.iter().any(|s| applies(&s, "Allow"));
        match (denied, allowed) {
            (Some(number), _) => Some(format!(
                "Action denied by stack policy: Statement [#{}] does not allow [{action}] for resource [{resource}];",
                number + 1
            )),
            (None, false) => Some(format!(
                "Action not allowed by stack policy: no statement allows [{action}] for resource [{resource}]"
            )),
            (None, true) => None,
        }
    }

    fn take_fault(&mut self, stack_id: &str, id: &str, step: FaultStep) -> Option<String> {
        let name = self.name_of(stack_id);
        let fault = self.faults.iter_mut().find(|fault| {
            fault.stack == name
                && fault.logical_id == id
                && fault.step == step
                && fault.times != Some(0)
        })?;
        if let Some(times) = &mut fault.times {
            *times -= 1;
        }
        Some(fault.reason.clone())
    }

    /// Whether the rollback of an import was made to fail.
    pub(crate) fn take_import_fault(&mut self, stack_id: &str) -> bool {
        let ids: Vec<String> = match self.stacks.get(stack_id) {
            Some(stack) => stack.resources.keys().cloned().collect(),
            None => return false,
        };
        ids.iter()
            .any(|id| self.take_fault(stack_id, id, FaultStep::Rollback).is_some())
    }

    fn carry_out(&mut self, stack_id: &str, id: &str, step: Step) -> Option<String> {
        match step {
            Step::Create => self.make(stack_id, id),
            Step::Import => self.claim(stack_id, id),
            Step::Update => {
                self.reread(stack_id, id);
                None
            }
            Step::Replace => self.replace(stack_id, id),
            Step::Revert => {
                self.revert(stack_id, id);
                None
            }
            Step::Delete => {
                let physical = self.stacks.get(stack_id)?.physical(id)?;
                self.destroy(&physical.1, &physical.0)
            }
            Step::DeleteOld => {
                let resource = self.stacks.get_mut(stack_id)?.resources.get_mut(id)?;
                let old = resource.old_physical.take()?;
                let resource_type = resource.resource_type.clone();
                self.destroy(&resource_type, &old)
            }
            Step::Skip => None,
        }
    }

    fn make(&mut self, stack_id: &str, id: &str) -> Option<String> {
        let stack = self.stacks.get(stack_id)?;
        let name = stack.name.clone();
        // Dependencies have their physical IDs by now.
        self.reread(stack_id, id);
        let resource = self.stacks.get(stack_id)?.resources.get(id)?.clone();
        let number = self.serial();
        let physical = physical_id(&name, id, &resource, number);
        let key = (resource.resource_type.clone(), physical.clone());
        if self.inventory.contains_key(&key) {
            return Some(format!(
                "Resource handler returned message: \"{physical} already exists\" (RequestToken: {number:08x}, HandlerErrorCode: AlreadyExists)"
            ));
        }
        *self.made.entry((name.clone(), id.to_owned())).or_default() += 1;
        self.inventory.insert(
            key,
            Physical {
                resource_type: resource.resource_type.clone(),
                physical_id: physical.clone(),
                stack: Some(name),
                logical_id: id.to_owned(),
            },
        );
        match resource.resource_type.as_str() {
            BUCKET => self.storage.make(&physical),
            FUNCTION => {
                let state = FunctionState {
                    state: "Active".to_owned(),
                    last_update: "Successful".to_owned(),
                    reason: None,
                };
                self.functions.insert(physical.clone(), state);
            }
            LOG_GROUP => {
                self.log_groups.insert(physical.clone());
            }
            _ => {}
        }
        let resource = self.stacks.get_mut(stack_id)?.resources.get_mut(id)?;
        resource.physical = Some(physical);
        self.resource_status(
            stack_id,
            id,
            "CREATE_IN_PROGRESS",
            Some("Resource creation Initiated"),
        );
        None
    }

    /// Takes over what exists without a stack.
    fn claim(&mut self, stack_id: &str, id: &str) -> Option<String> {
        self.reread(stack_id, id);
        let stack = self.stacks.get(stack_id)?;
        let name = stack.name.clone();
        let resource = stack.resources.get(id)?.clone();
        let physical = physical_id(&name, id, &resource, 0);
        let key = (resource.resource_type.clone(), physical.clone());
        match self.inventory.get_mut(&key) {
            Some(found) if found.stack.is_none() => {
                found.stack = Some(name);
                found.logical_id = id.to_owned();
            }
            _ => return Some(format!("{physical} does not exist")),
        }
        self.stacks
            .get_mut(stack_id)?
            .resources
            .get_mut(id)?
            .physical = Some(physical);
        None
    }

    fn replace(&mut self, stack_id: &str, id: &str) -> Option<String> {
        let resource = self.stacks.get_mut(stack_id)?.resources.get_mut(id)?;
        let old = resource.physical.take();
        let name = given_name(&resource.properties);
        let target = self.operation(stack_id).and_then(|op| op.target.clone())?;
        let model = target.template.resources.get(id)?;
        if let Some(resource) = self.stacks.get_mut(stack_id)?.resources.get_mut(id) {
            resource.resource_type = model.resource_type.clone();
        }
        self.reread(stack_id, id);
        let new = self.stacks.get(stack_id)?.resources.get(id)?;
        let failure = if name.is_some() && name == given_name(&new.properties) {
            Some(format!(
                "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename {} and update the stack again.",
                name.unwrap_or_default()
            ))
        } else {
            self.make(stack_id, id)
        };
        let resource = self.stacks.get_mut(stack_id)?.resources.get_mut(id)?;
        match failure {
            Some(_) => resource.physical = old,
            None => resource.old_physical = old,
        }
        failure
    }

    /// Reads a resource's properties again, with the physical IDs that are known by now.
    fn reread(&mut self, stack_id: &str, id: &str) {
        let Some(target) = self.operation(stack_id).and_then(|op| op.target.clone()) else {
            return;
        };
        let exports = self.exports();
        let Some(stack) = self.stacks.get(stack_id) else {
            return;
        };
        let Some(model) = target.template.resources.get(id) else {
            return;
        };
        let (properties, policy) = self.with_scope(stack, &target, &exports, |scope| {
            (
                properties(scope, model).unwrap_or_default(),
                policy(scope, model),
            )
        });
        if let Some(resource) = self
            .stacks
            .get_mut(stack_id)
            .and_then(|stack| stack.resources.get_mut(id))
        {
            resource.properties = properties;
            resource.policy = policy;
            resource.needs = model.needs.clone();
        }
    }

    fn revert(&mut self, stack_id: &str, id: &str) {
        let Some(before) = self
            .operation(stack_id)
            .and_then(|op| op.resources_before.get(id).cloned())
        else {
            return;
        };
        if let Some(resource) = self
            .stacks
            .get_mut(stack_id)
            .and_then(|stack| stack.resources.get_mut(id))
        {
            // What the replacement made is what the cleanup deletes now.
            let made = resource
                .physical
                .take()
                .filter(|physical| Some(physical) != before.physical.as_ref());
            let status = resource.status.clone();
            *resource = Resource {
                old_physical: made,
                status,
                ..before
            };
        }
    }

    /// Deletes something; answers the reason if that fails.
    fn destroy(&mut self, resource_type: &str, physical: &str) -> Option<String> {
        if resource_type == BUCKET && !self.storage.is_empty(physical) {
            return Some(
                "Resource handler returned message: \"The bucket you tried to delete is not empty. You must delete all versions in the bucket. (Service: S3, Status Code: 409, Request ID: 6K1PQ3Y8, Extended Request ID: null)\" (RequestToken: 0f1e, HandlerErrorCode: GeneralServiceException)"
                    .to_owned(),
            );
        }
        match resource_type {
            BUCKET => self.storage.remove(physical),
            FUNCTION => {
                self.functions.remove(physical);
            }
            LOG_GROUP => {
                self.log_groups.remove(physical);
            }
            _ => {}
        }
        self.inventory
            .remove(&(resource_type.to_owned(), physical.to_owned()));
        None
    }

    /// A kept resource belongs to no stack any more.
    fn let_go(&mut self, stack_id: &str, id: &str) {
        let Some((physical, resource_type)) = self
            .stacks
            .get(stack_id)
            .and_then(|stack| stack.physical(id))
        else {
            return;
        };
        if let Some(found) = self.inventory.get_mut(&(resource_type, physical)) {
            found.stack = None;
        }
    }
}

fn given_name(properties: &Json) -> Option<String> {
    NAMES
        .iter()
        .find_map(|name| properties.get(name)?.as_str())
        .map(str::to_owned)
}

/// The physical ID of a new resource: its given name, or one that CloudFormation makes.
fn physical_id(stack: &str, id: &str, resource: &Resource, number: u64) -> String {
    let mut name = given_name(&resource.properties).unwrap_or_else(|| {
        format!(
            "{stack}-{id}-{:012X}",
            number.wrapping_mul(0x2545_f491_4f6d)
        )
    });
    if resource.resource_type == BUCKET {
        name = name.to_lowercase();
    }
    match resource.resource_type.as_str() {
        "AWS::SQS::Queue" => format!("https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"),
        "AWS::SNS::Topic" => format!("arn:aws:sns:{REGION}:{ACCOUNT}:{name}"),
        "AWS::CloudFront::Distribution" => format!("E{number:013X}"),
        _ => name,
    }
}
