//! Somebody else who works on the same account, for instance in the console: what they ask for
//! happens at once and is no call of the deployer.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use shopctl_core::stack_settings::RollbackRule;
use shopctl_core::status::StackStatus as Status;

use crate::cloud::FakeCloud;
use crate::operation::Kind;
use crate::refusal::{Refusal, no_such_stack};
use crate::requests::check_updatable;
use crate::stack::Deployed;
use crate::world::World;

/// Somebody else. See [`FakeCloud::person`].
pub struct Person<'a>(&'a FakeCloud);

impl FakeCloud {
    /// Somebody else who works on the account.
    pub fn person(&self) -> Person<'_> {
        Person(self)
    }
}

fn deployed(
    world: &mut World,
    body: &str,
    parameters: &[(&str, &str)],
) -> Result<Deployed, Refusal> {
    let template = world.read_template(body)?;
    Ok(Deployed {
        template,
        body: body.to_owned(),
        parameters: parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<IndexMap<String, String>>(),
        tags: BTreeMap::new(),
    })
}

impl Person<'_> {
    /// Creates a stack; with `disable_rollback` a failure leaves it in `CREATE_FAILED`.
    pub fn create_stack(
        &self,
        name: &str,
        body: &str,
        parameters: &[(&str, &str)],
        disable_rollback: bool,
    ) -> Result<String, Refusal> {
        let world = &mut self.0.world();
        let target = deployed(world, body, parameters)?;
        if let Some(stack) = world.find(name)
            && stack.status != Status::ReviewInProgress
        {
            return Err(Refusal::new(
                "AlreadyExistsException",
                format!("Stack [{name}] already exists"),
            ));
        }
        let id = match world.find_id(name) {
            Some(id) => id,
            None => world.new_stack(name),
        };
        world.launch(&id, Kind::Create, target, disable_rollback);
        Ok(id)
    }

    /// Updates a stack; with `disable_rollback` a failure leaves it in `UPDATE_FAILED`.
    pub fn update_stack(
        &self,
        name: &str,
        body: &str,
        parameters: &[(&str, &str)],
        disable_rollback: bool,
    ) -> Result<(), Refusal> {
        let world = &mut self.0.world();
        let target = deployed(world, body, parameters)?;
        let stack = world.find(name).ok_or_else(|| no_such_stack(name))?;
        let id = stack.id.clone();
        if !(disable_rollback
            && matches!(stack.status, Status::UpdateFailed | Status::CreateFailed))
        {
            check_updatable(stack)?;
        }
        if !world.differs(&id, &target) {
            return Err(Refusal::validation("No updates are to be performed."));
        }
        world.launch(&id, Kind::Update, target, disable_rollback);
        Ok(())
    }

    /// Imports what exists without a stack: the resources that a template adds.
    pub fn import(&self, name: &str, body: &str) -> Result<(), Refusal> {
        let world = &mut self.0.world();
        let target = deployed(world, body, &[])?;
        let stack = world.find(name).ok_or_else(|| no_such_stack(name))?;
        let id = stack.id.clone();
        check_updatable(stack)?;
        world.launch(&id, Kind::Import, target, false);
        Ok(())
    }

    /// Leaves something behind that no stack owns, for instance to be imported.
    pub fn make(&self, resource_type: &str, physical_id: &str) {
        let world = &mut self.0.world();
        let physical = crate::world::Physical {
            resource_type: resource_type.to_owned(),
            physical_id: physical_id.to_owned(),
            stack: None,
            logical_id: String::new(),
        };
        world
            .inventory
            .insert((resource_type.to_owned(), physical_id.to_owned()), physical);
    }

    /// Deletes a stack.
    pub fn delete_stack(&self, name: &str) -> Result<(), Refusal> {
        self.0.world().delete_stack(name, None)
    }

    /// Switches a stack's termination protection.
    pub fn protect(&self, name: &str, enabled: bool) -> Result<(), Refusal> {
        self.0.world().protect(&name.into(), enabled)
    }

    /// Ends a running update; it is rolled back.
    pub fn cancel_update(&self, name: &str) -> Result<(), Refusal> {
        self.0.world().cancel_update(name)
    }

    /// Rolls back what failed while rollback was off.
    pub fn rollback_stack(&self, name: &str) -> Result<(), Refusal> {
        let world = &mut self.0.world();
        let stack = world.find(name).ok_or_else(|| no_such_stack(name))?;
        let id = stack.id.clone();
        if !matches!(stack.status, Status::CreateFailed | Status::UpdateFailed) {
            return Err(Refusal::validation(format!(
                "RollbackStack cannot be called from stack status {}",
                stack.status
            )));
        }
        world.resume_backwards(&id, BTreeSet::new());
        Ok(())
    }

    /// Tries a failed rollback again, without the resources in `skip`.
    pub fn continue_update_rollback(&self, name: &str, skip: &[&str]) -> Result<(), Refusal> {
        let world = &mut self.0.world();
        let stack = world.find(name).ok_or_else(|| no_such_stack(name))?;
        let id = stack.id.clone();
        if stack.status != Status::UpdateRollbackFailed {
            return Err(Refusal::validation(format!(
                "Stack:{id} is in {} state and can not be continued.",
                stack.status
            )));
        }
        let skip = skip.iter().map(|id| (*id).to_owned()).collect();
        world.resume_backwards(&id, skip);
        Ok(())
    }

    /// Has other alarms roll a stack back.
    pub fn watch(&self, name: &str, rule: RollbackRule) {
        let world = &mut self.0.world();
        if let Some(stack) = world.find_id(name).and_then(|id| world.stacks.get_mut(&id)) {
            stack.rollback = rule;
        }
    }

    /// Lets an alarm go off: a stack that it watches over and that is being made or updated is
    /// rolled back.
    pub fn alarm(&self, name: &str, arn: &str) -> Result<(), Refusal> {
        let world = &mut self.0.world();
        let stack = world.find(name).ok_or_else(|| no_such_stack(name))?;
        let id = stack.id.clone();
        let works = matches!(
            stack.status,
            Status::CreateInProgress | Status::UpdateInProgress
        );
        if works && stack.rollback.alarms.iter().any(|alarm| alarm.arn == arn) {
            world.cancel(
                &id,
                &format!("Rollback trigger {arn} is in ALARM state. Rollback requested."),
            );
        }
        Ok(())
    }

    /// Leaves an empty stack with a change set that nobody executes.
    pub fn review(&self, name: &str, body: &str) -> Result<(), Refusal> {
        let request = shopctl_deploy::ports::ChangeSetRequest {
            cloud_name: name.into(),
            name: "by-hand".to_owned(),
            change_set_type: shopctl_deploy::ports::ChangeSetType::Create,
            template: shopctl_deploy::ports::TemplateSource::Inline(body.to_owned()),
            parameters: IndexMap::new(),
            tags: BTreeMap::new(),
            capabilities: BTreeSet::new(),
            description: String::new(),
            options: shopctl_deploy::ports::ChangeSetOptions::default(),
            mode: shopctl_deploy::ports::DeploymentMode::Standard,
            paused: false,
            service_role: None,
            rollback: None,
            token: String::new(),
        };
        self.0.world().create_change_set(&request)?;
        Ok(())
    }
}
