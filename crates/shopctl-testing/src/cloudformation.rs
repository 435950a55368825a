//! The CloudFormation port. Pages are calls of their own, newest events first, as on AWS.

use async_trait::async_trait;
use shopctl_core::change::{Deployed, ReportedChange};
use shopctl_core::names::{CloudStackName, LogicalId};
use shopctl_core::status::StackStatus;
use shopctl_deploy::ports::{
    ChangeSetId, ChangeSetRequest, ChangeSetState, CloudError, CloudErrorKind, CloudFormation,
    StackDescription, StackEvent, StackResource,
};

use crate::cloud::FakeCloud;
use crate::refusal::{Refusal, no_such_stack};
use crate::world::World;

/// Resources on a page of `ListStackResources`.
const RESOURCES_PAGE: usize = 100;

/// Events from the newest back, at most a page; of those before an event that was told already,
/// after the first page. The second value says whether there are more.
fn page(
    world: &World,
    stack_id: &str,
    before: Option<&str>,
) -> Result<(Vec<StackEvent>, bool), Refusal> {
    let stack = world
        .find(stack_id)
        .ok_or_else(|| no_such_stack(stack_id))?;
    let readable: Vec<&StackEvent> = stack
        .events
        .iter()
        .filter(|stored| stored.visible <= world.now)
        .map(|stored| &stored.event)
        .collect();
    let end = match before {
        Some(id) => readable
            .iter()
            .position(|event| event.event_id == id)
            .unwrap_or_default(),
        None => readable.len(),
    };
    let begin = end.saturating_sub(world.settings.events_page);
    let events = readable[begin..end]
        .iter()
        .rev()
        .map(|event| (*event).clone())
        .collect();
    Ok((events, begin > 0))
}

#[async_trait]
impl CloudFormation for FakeCloud {
    async fn describe(&self, stack: &str) -> Result<Option<StackDescription>, CloudError> {
        let answer = self
            .call("DescribeStacks", stack, |world| {
                let description = world.describe(stack);
                description.ok_or_else(|| {
                    Refusal::validation(format!("Stack with id {stack} does not exist"))
                })
            })
            .await;
        match answer {
            Err(error) if error.kind == CloudErrorKind::NotFound => Ok(None),
            answer => answer.map(Some),
        }
    }

    async fn create_change_set(
        &self,
        request: &ChangeSetRequest,
    ) -> Result<ChangeSetId, CloudError> {
        self.call("CreateChangeSet", request.cloud_name.as_str(), |world| {
            world.create_change_set(request)
        })
        .await
    }

    async fn change_set(&self, id: &ChangeSetId) -> Result<ChangeSetState, CloudError> {
        self.call("DescribeChangeSet", &id.stack, |world| {
            world.describe_change_set(id)
        })
        .await
    }

    async fn reported_changes(&self, id: &ChangeSetId) -> Result<Vec<ReportedChange>, CloudError> {
        self.call("DescribeChangeSet", &id.stack, |world| {
            world.reported_changes(id)
        })
        .await
    }

    async fn deployed(&self, stack: &str) -> Result<Option<Deployed>, CloudError> {
        let answer = self
            .call("GetTemplate", stack, |world| world.deployed(stack))
            .await;
        match answer {
            Err(error) if error.kind == CloudErrorKind::NotFound => Ok(None),
            answer => answer.map(Some),
        }
    }

    async fn importers(&self, export: &str) -> Result<Vec<String>, CloudError> {
        self.call("ListImports", export, |world| Ok(world.importers(export)))
            .await
    }

    async fn execute_change_set(&self, id: &ChangeSetId, token: &str) -> Result<(), CloudError> {
        self.call("ExecuteChangeSet", &id.stack, |world| {
            world.execute_change_set(id, token)
        })
        .await
    }

    async fn delete_change_set(&self, id: &ChangeSetId) -> Result<(), CloudError> {
        let answer = self
            .call("DeleteChangeSet", &id.stack, |world| {
                world.delete_change_set(id)
            })
            .await;
        match answer {
            Err(error) if error.kind == CloudErrorKind::NotFound => Ok(()),
            answer => answer,
        }
    }

    async fn delete_stack(
        &self,
        stack_id: &str,
        role: Option<&str>,
        token: &str,
    ) -> Result<(), CloudError> {
        self.call("DeleteStack", stack_id, |world| {
            world.use_role(stack_id, role)?;
            world.delete_stack(stack_id, Some(token))
        })
        .await
    }

    async fn cancel_update(&self, stack_id: &str, _token: &str) -> Result<(), CloudError> {
        self.call("CancelUpdateStack", stack_id, |world| {
            world.cancel_update(stack_id)
        })
        .await
    }

    async fn events(
        &self,
        stack_id: &str,
        since: Option<&str>,
    ) -> Result<Vec<StackEvent>, CloudError> {
        let mut newest_first: Vec<StackEvent> = Vec::new();
        let mut before: Option<String> = None;
        'pages: loop {
            let (events, more) = self
                .call("DescribeStackEvents", stack_id, |world| {
                    page(world, stack_id, before.as_deref())
                })
                .await?;
            before = events.last().map(|event| event.event_id.clone());
            for event in events {
                if Some(event.event_id.as_str()) == since {
                    break 'pages;
                }
                newest_first.push(event);
            }
            if !more {
                break;
            }
        }
        newest_first.reverse();
        Ok(newest_first)
    }

    async fn latest_event(&self, stack_id: &str) -> Result<Option<String>, CloudError> {
        self.call("DescribeStackEvents", stack_id, |world| {
            let (events, _) = page(world, stack_id, None)?;
            Ok(events.first().map(|event| event.event_id.clone()))
        })
        .await
    }

    async fn template(&self, stack: &str) -> Result<String, CloudError> {
        self.call("GetTemplate", stack, |world| {
            let found = world.find(stack).ok_or_else(|| {
                Refusal::validation(format!("Stack with id {stack} does not exist"))
            })?;
            // A stack in review has no template yet (C3).
            Ok(match (&found.deployed, found.status) {
                (Some(deployed), status) if status != StackStatus::ReviewInProgress => {
                    deployed.body.clone()
                }
                _ => String::new(),
            })
        })
        .await
    }

    async fn resources(&self, stack: &str) -> Result<Vec<StackResource>, CloudError> {
        let mut all: Vec<StackResource> = Vec::new();
        loop {
            let skip = all.len();
            let page: Vec<StackResource> = self
                .call("ListStackResources", stack, |world| {
                    let found = world.find(stack).ok_or_else(|| {
                        Refusal::validation(format!("Stack with id {stack} does not exist"))
                    })?;
                    let resources = found.resources.iter().skip(skip).take(RESOURCES_PAGE);
                    Ok(resources
                        .map(|(id, resource)| StackResource {
                            logical_id: LogicalId::new(id.clone()),
                            physical_id: resource.physical.clone(),
                            resource_type: resource.resource_type.clone(),
                            status: resource.status.clone(),
                        })
                        .collect())
                })
                .await?;
            let full = page.len() == RESOURCES_PAGE;
            all.extend(page);
            if !full {
                return Ok(all);
            }
        }
    }

    async fn stack_policy(&self, stack: &str) -> Result<Option<String>, CloudError> {
        self.call("GetStackPolicy", stack, |world| {
            let found = world.find(stack).ok_or_else(|| no_such_stack(stack))?;
            Ok(found.policy.clone())
        })
        .await
    }

    async fn set_stack_policy(&self, stack: &str, body: &str) -> Result<(), CloudError> {
        self.call("SetStackPolicy", stack, |world| {
            let id = world.find_id(stack).ok_or_else(|| no_such_stack(stack))?;
            if let Some(stack) = world.stacks.get_mut(&id) {
                stack.policy = Some(body.to_owned());
            }
            Ok(())
        })
        .await
    }

    async fn set_termination_protection(
        &self,
        cloud_name: &CloudStackName,
        enabled: bool,
    ) -> Result<(), CloudError> {
        self.call(
            "UpdateTerminationProtection",
            cloud_name.as_str(),
            |world| world.protect(cloud_name, enabled),
        )
        .await
    }
}
