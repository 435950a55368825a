//! Brings one stack to what its template says, whatever state it is in.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use shopctl_core::event::{Event, StackOperation, StackResult};
use shopctl_core::names::CloudStackName;
use shopctl_core::plan::{PlannedValue, StackDeployment};
use shopctl_core::record::{StackRecord, inputs_digest};
use shopctl_core::status::{DeployApproach, Obstacle, StackStatus};

use crate::executor::{Context, Done, StepError, one_line};
use crate::failure::{self, Scene};
use crate::follow::{Pause, follow};
use crate::ports::{
    ChangeSetRequest, ChangeSetState, ChangeSetType, CloudErrorKind, DeploymentMode,
    StackDescription, StackEvent, TemplateSource,
};
use crate::recover;

/// Deploys a stack; sends its events.
pub(crate) async fn deploy(
    deployment: &StackDeployment,
    context: &Context,
) -> Result<Done, StepError> {
    let cloudformation = &context.ports.cloudformation;
    let cloud_name = &deployment.cloud_name;
    let parameters = resolve(deployment, context)?;
    let digest = inputs_digest(
        &deployment.template_digest,
        parameters
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
        &deployment.tags,
        deployment.capabilities.iter().copied(),
    );

    let mut found = cloudformation.describe(cloud_name.as_str()).await?;
    let mut continued = false;
    // CloudFormation refuses to switch rollback on before such a stack is whole again.
    let mut paused = false;
    let approach = loop {
        let Some(description) = &found else {
            break DeployApproach::Create;
        };
        match description.status.deploy_approach() {
            DeployApproach::Wait => {
                wait(deployment, description, context).await?;
                found = cloudformation.describe(cloud_name.as_str()).await?;
            }
            DeployApproach::DeleteThenCreate => {
                remove(deployment, description, context).await?;
                found = None;
            }
            DeployApproach::ContinueRollback if !continued => {
                continued = true;
                recover::continue_rollback(&deployment.stack, cloud_name, description, context)
                    .await?;
                found = cloudformation.describe(cloud_name.as_str()).await?;
            }
            DeployApproach::Stop(Obstacle::UpdatePaused) if context.consent.retry_paused => {
                paused = true;
                break DeployApproach::Update;
            }
            DeployApproach::ContinueRollback | DeployApproach::Stop(_) => {
                let scene = scene(deployment, context);
                let failure = scene
                    .operation(&description.stack_id, description.status, &[])
                    .await;
                return Err(stack_error(failure));
            }
            approach @ (DeployApproach::Create | DeployApproach::Update) => break approach,
        }
    };

    if let (Some(description), DeployApproach::Update) = (&found, approach) {
        let same = context
            .state
            .stack_record(&deployment.stack)
            .is_some_and(|record| {
                record.inputs_digest == digest
                    && record.stack_id == description.stack_id
                    && record.last_changed == description.last_changed
            });
        if same {
            return finish(
                deployment,
                &digest,
                description,
                StackResult::Unchanged,
                context,
            )
            .await;
        }
    }

    let way = Way {
        change_set_type: match approach {
            DeployApproach::Update => ChangeSetType::Update,
            _ => ChangeSetType::Create,
        },
        // What an EXPRESS operation left paused takes EXPRESS operations only.
        mode: match &found {
            Some(description) if paused => description.mode,
            _ => context.mode,
        },
        paused,
    };
    change(deployment, parameters, &digest, way, context).await
}

/// How a stack is changed.
#[derive(Debug, Clone, Copy)]
struct Way {
    change_set_type: ChangeSetType,
    mode: DeploymentMode,
    paused: bool,
}

fn scene<'a>(deployment: &'a StackDeployment, context: &'a Context) -> Scene<'a> {
    Scene {
        ports: &context.ports,
        environment: context.environment.as_str(),
        stack: deployment.stack.as_str(),
        cloud_name: &deployment.cloud_name,
        template: context.templates.get(&deployment.stack),
    }
}

/// Makes a change set, executes it and follows it to its end.
async fn change(
    deployment: &StackDeployment,
    parameters: IndexMap<String, String>,
    digest: &str,
    way: Way,
    context: &Context,
) -> Result<Done, StepError> {
    let change_set_type = way.change_set_type;
    let scene = scene(deployment, context);
    let cloudformation = &context.ports.cloudformation;
    let cloud_name = &deployment.cloud_name;
    let template = context.templates.get(&deployment.stack);
    let source = match (&deployment.template_key, template) {
        (Some(key), _) => TemplateSource::Object {
            bucket: context.bucket.clone(),
            key: key.clone(),
        },
        (None, Some(template)) => TemplateSource::Inline(template.body.clone()),
        (None, None) => {
            return Err(other(format!(
                "the template of '{}' is not at hand",
                deployment.stack
            )));
        }
    };
    let asked = cloudformation
        .create_change_set(&ChangeSetRequest {
            cloud_name: cloud_name.clone(),
            name: format!("shopctl-{}-{}", context.run, &digest[..8.min(digest.len())]),
            change_set_type,
            template: source,
            parameters,
            tags: deployment.tags.clone(),
            capabilities: deployment.capabilities.clone(),
            description: format!("shopctl run {}", context.run),
            mode: way.mode,
            import_existing: context.consent.import_existing,
        })
        .await;
    let id = match asked {
        Ok(id) => id,
        // Nothing of CloudFormation's: the network, or credentials.
        Err(error)
            if matches!(
                error.kind,
                CloudErrorKind::Credentials | CloudErrorKind::Unreachable
            ) =>
        {
            return Err(error.into());
        }
        Err(error) => return Err(stack_error(scene.request(&error, None).await)),
    };

    let mut pause = Pause::new();
    let changes = loop {
        match cloudformation.change_set(&id).await? {
            ChangeSetState::Pending => tokio::time::sleep(pause.next()).await,
            ChangeSetState::Ready { changes } => break changes,
            ChangeSetState::Empty => {
                cloudformation.delete_change_set(&id).await?;
                let description = describe(cloud_name, context).await?;
                return finish(
                    deployment,
                    digest,
                    &description,
                    StackResult::Unchanged,
                    context,
                )
                .await;
            }
            ChangeSetState::Failed { reason } => {
                // Its events go with it.
                let failure = scene.change_set(&id, &reason).await;
                cloudformation.delete_change_set(&id).await?;
                if change_set_type == ChangeSetType::Create {
                    // The empty stack that the change set made would stay in review for ever.
                    discard_review(cloud_name, &id.stack, context).await?;
                }
                return Err(stack_error(failure));
            }
        }
    };

    let (operation, result) = match change_set_type {
        ChangeSetType::Create => (StackOperation::Create, StackResult::Created),
        ChangeSetType::Update => (StackOperation::Update, StackResult::Updated),
    };
    context.events.send(Event::StackStarted {
        stack: deployment.stack.clone(),
        cloud_name: cloud_name.clone(),
        operation,
        resources: Some(changes),
    });
    let since = cloudformation.latest_event(&id.stack).await?;
    context.state.stack_touched(&deployment.stack);
    let token = format!("{}-{}", context.run, &digest[..8.min(digest.len())]);
    let started = match way.paused {
        // EXPRESS has its own say about rollback and refuses a second one.
        true if way.mode == DeploymentMode::Standard => {
            context.ports.repair.execute_paused(&id, &token).await
        }
        _ => cloudformation.execute_change_set(&id, &token).await,
    };
    if let Err(error) = started {
        return Err(stack_error(scene.request(&error, None).await));
    }
    let followed = follow(context, &deployment.stack, &id.stack, since).await?;
    if !followed.status.is_success() || followed.status == StackStatus::DeleteComplete {
        let failure = scene
            .operation(&id.stack, followed.status, &followed.events)
            .await;
        return Err(stack_error(failure));
    }
    let description = describe(cloud_name, context).await?;
    tell_what_is_left_to_do(
        deployment,
        way.mode,
        &description,
        &followed.events,
        context,
    );
    finish(deployment, digest, &description, result, context).await
}

/// What a finished operation did not do: resources that are still becoming ready, and old
/// ones that could not be deleted.
fn tell_what_is_left_to_do(
    deployment: &StackDeployment,
    mode: DeploymentMode,
    description: &StackDescription,
    events: &[StackEvent],
    context: &Context,
) {
    let warn = |message: String| {
        context.events.send(Event::Warned {
            message,
            location: None,
        });
    };
    let names = |wanted: &dyn Fn(&StackEvent) -> bool| {
        let mut names: Vec<&str> = events
            .iter()
            .filter(|event| wanted(event))
            .map(|event| event.logical_id.as_str())
            .collect();
        names.dedup();
        names.join(", ")
    };
    let left = names(&|event| event.status == "DELETE_FAILED");
    if !left.is_empty() {
        warn(format!(
            "stack '{}': CloudFormation could not delete what the update replaced or removed, and \
             gave it up: {left}",
            deployment.stack
        ));
    }
    if mode == DeploymentMode::Express {
        if description.mode != DeploymentMode::Express {
            warn(format!(
                "stack '{}': CloudFormation did not take EXPRESS mode and waited for every resource",
                deployment.stack
            ));
        }
        let unstable = names(&|event| {
            event.reason.as_deref().is_some_and(|reason| {
                reason.contains("It may continue becoming available in the background")
            })
        });
        if !unstable.is_empty() {
            warn(format!(
                "stack '{}' is still stabilizing in the background: {unstable}",
                deployment.stack
            ));
        }
    }
}

/// Records a stack that is as it should be.
async fn finish(
    deployment: &StackDeployment,
    digest: &str,
    description: &StackDescription,
    result: StackResult,
    context: &Context,
) -> Result<Done, StepError> {
    if deployment.termination_protection && !description.termination_protection {
        context
            .ports
            .cloudformation
            .set_termination_protection(&deployment.cloud_name, true)
            .await?;
    }
    context.state.stack_done(
        &deployment.stack,
        description.outputs.clone(),
        StackRecord {
            cloud_name: deployment.cloud_name.clone(),
            stack_id: description.stack_id.clone(),
            template_digest: deployment.template_digest.clone(),
            inputs_digest: digest.to_owned(),
            last_changed: description.last_changed.clone(),
        },
    );
    context.events.send(Event::StackFinished {
        stack: deployment.stack.clone(),
        status: Some(description.status),
        result,
        outputs: description.outputs.clone(),
    });
    Ok(Done {
        changed: result != StackResult::Unchanged,
        summary: String::new(),
    })
}

/// Waits for the end of an operation that another run began.
async fn wait(
    deployment: &StackDeployment,
    description: &StackDescription,
    context: &Context,
) -> Result<(), StepError> {
    context.events.send(Event::StackStarted {
        stack: deployment.stack.clone(),
        cloud_name: deployment.cloud_name.clone(),
        operation: StackOperation::Wait,
        resources: None,
    });
    let mut pause = Pause::new();
    loop {
        let status = context
            .ports
            .cloudformation
            .describe(&description.stack_id)
            .await?
            .map_or(StackStatus::DeleteComplete, |description| {
                description.status
            });
        if !status.is_in_progress() {
            if !status.is_success() {
                let scene = scene(deployment, context);
                let failure = scene.operation(&description.stack_id, status, &[]).await;
                context.events.send(Event::Warned {
                    message: format!(
                        "the operation that was running ended in {status}: {}",
                        one_line(&failure)
                    ),
                    location: None,
                });
            }
            return Ok(());
        }
        tokio::time::sleep(pause.next()).await;
    }
}

/// Deletes what is left of a creation that failed.
async fn remove(
    deployment: &StackDeployment,
    description: &StackDescription,
    context: &Context,
) -> Result<(), StepError> {
    let cloudformation = &context.ports.cloudformation;
    context.events.send(Event::StackStarted {
        stack: deployment.stack.clone(),
        cloud_name: deployment.cloud_name.clone(),
        operation: StackOperation::Delete,
        resources: None,
    });
    let since = cloudformation.latest_event(&description.stack_id).await?;
    context.state.stack_touched(&deployment.stack);
    let token = format!("{}-remove", context.run);
    cloudformation
        .delete_stack(&description.stack_id, &token)
        .await?;
    let followed = follow(context, &deployment.stack, &description.stack_id, since).await?;
    if followed.status == StackStatus::DeleteComplete {
        let kept: Vec<String> = followed
            .events
            .iter()
            .filter(|event| event.status == "DELETE_SKIPPED")
            .map(|event| match &event.physical_id {
                Some(id) => format!("{} ({id})", event.logical_id),
                None => event.logical_id.to_string(),
            })
            .collect();
        if !kept.is_empty() {
            context.events.send(Event::Warned {
                message: format!(
                    "what was left of stack '{}' is deleted but for resources that its template \
                     keeps: {}; if the creation now finds them in its way, take them over with \
                     `shopctl deploy --env {} --import-existing`",
                    deployment.stack,
                    kept.join(", "),
                    context.environment
                ),
                location: None,
            });
        }
        return Ok(());
    }
    let scene = scene(deployment, context);
    let failure = scene
        .operation(&description.stack_id, followed.status, &followed.events)
        .await;
    Err(stack_error(failure))
}

async fn discard_review(
    cloud_name: &CloudStackName,
    stack_id: &str,
    context: &Context,
) -> Result<(), StepError> {
    let cloudformation = &context.ports.cloudformation;
    let in_review = cloudformation
        .describe(cloud_name.as_str())
        .await?
        .is_some_and(|description| description.status == StackStatus::ReviewInProgress);
    if in_review {
        cloudformation
            .delete_stack(stack_id, &format!("{}-review", context.run))
            .await?;
    }
    Ok(())
}

async fn describe(
    cloud_name: &CloudStackName,
    context: &Context,
) -> Result<StackDescription, StepError> {
    context
        .ports
        .cloudformation
        .describe(cloud_name.as_str())
        .await?
        .ok_or_else(|| {
            stack_error(failure::plain(
                cloud_name,
                None,
                "the stack is gone: somebody deleted it during the run",
                Some("run the same command again".to_owned()),
            ))
        })
}

fn resolve(
    deployment: &StackDeployment,
    context: &Context,
) -> Result<IndexMap<String, String>, StepError> {
    let mut resolved = IndexMap::new();
    let mut missing: BTreeMap<String, &String> = BTreeMap::new();
    for (name, value) in &deployment.parameters {
        match (context.state.value(value), value) {
            (Some(text), _) => {
                resolved.insert(name.clone(), text);
            }
            (None, PlannedValue::OutputOf { stack, output }) => {
                missing.insert(format!("{stack}.{output}"), name);
            }
            (None, PlannedValue::Known(_)) => {}
        }
    }
    if let Some((output, parameter)) = missing.into_iter().next() {
        return Err(stack_error(failure::plain(
            &deployment.cloud_name,
            None,
            format!(
                "parameter '{parameter}' reads output '{output}', which the deployed stack does not have"
            ),
            Some("the output may have a condition that is false in this environment".to_owned()),
        )));
    }
    Ok(resolved)
}

fn stack_error(failure: shopctl_core::event::Failure) -> StepError {
    StepError::Stack(Box::new(failure))
}

fn other(message: String) -> StepError {
    StepError::Other {
        message,
        hint: None,
    }
}
