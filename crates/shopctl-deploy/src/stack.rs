//! Brings one stack to what its template says, whatever state it is in.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use shopctl_core::event::{Event, StackOperation, StackResult};
use shopctl_core::names::CloudStackName;
use shopctl_core::plan::{PlannedValue, StackDeployment};
use shopctl_core::record::{StackRecord, inputs_digest};
use shopctl_core::status::{DeployApproach, StackStatus};

use crate::executor::{Context, Done, StepError};
use crate::failure;
use crate::follow::{Pause, follow};
use crate::guard;
use crate::ports::{
    ChangeSetOptions, ChangeSetRequest, ChangeSetState, ChangeSetType, StackDescription,
    StackEvent, TemplateSource,
};

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
            DeployApproach::Stop(obstacle) => {
                return Err(stack_error(failure::plain(
                    cloud_name,
                    Some(description.status),
                    format!("the stack is in {}", description.status),
                    Some(obstacle.hint(cloud_name.as_str())),
                )));
            }
            approach @ (DeployApproach::Create | DeployApproach::Update) => break approach,
        }
    };

    if let (Some(description), DeployApproach::Update) = (&found, approach)
        && !context.rules.change_sets.revert_drift
    {
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

    let change_set_type = match approach {
        DeployApproach::Update => ChangeSetType::Update,
        _ => ChangeSetType::Create,
    };
    change(deployment, parameters, &digest, change_set_type, context).await
}

/// Makes a change set, executes it and follows it to its end.
async fn change(
    deployment: &StackDeployment,
    parameters: IndexMap<String, String>,
    digest: &str,
    change_set_type: ChangeSetType,
    context: &Context,
) -> Result<Done, StepError> {
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
    let id = cloudformation
        .create_change_set(&ChangeSetRequest {
            cloud_name: cloud_name.clone(),
            name: format!("shopctl-{}-{}", context.run, &digest[..8.min(digest.len())]),
            change_set_type,
            template: source,
            parameters,
            tags: deployment.tags.clone(),
            capabilities: deployment.capabilities.clone(),
            description: format!("shopctl run {}", context.run),
            options: match change_set_type {
                ChangeSetType::Update => context.rules.change_sets,
                // There is nothing yet that somebody could have changed by hand.
                ChangeSetType::Create => ChangeSetOptions {
                    revert_drift: false,
                    ..context.rules.change_sets
                },
            },
        })
        .await
        .map_err(|error| stack_error(failure::plain(cloud_name, None, error.to_string(), None)))?;

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
                let found = validation_errors(&id.stack, Some(&id.change_set), context).await;
                cloudformation.delete_change_set(&id).await?;
                if change_set_type == ChangeSetType::Create {
                    // The empty stack that the change set made would stay in review for ever.
                    discard_review(cloud_name, &id.stack, context).await?;
                }
                return Err(stack_error(failure::of_change_set(
                    cloud_name, reason, &found, template,
                )));
            }
        }
    };

    if change_set_type == ChangeSetType::Update
        && let Some(refusals) = guard::refused(deployment, &id, context).await?
    {
        cloudformation.delete_change_set(&id).await?;
        return Err(StepError::Refused(Box::new(refusals)));
    }

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
    cloudformation.execute_change_set(&id, &token).await?;
    let followed = follow(context, &deployment.stack, &id.stack, since).await?;
    if !followed.status.is_success() || followed.status == StackStatus::DeleteComplete {
        let status_reason = cloudformation
            .describe(&id.stack)
            .await?
            .and_then(|description| description.status_reason);
        let mut events = followed.events;
        if failure::first_failed(&events).is_none() {
            events.extend(validation_errors(&id.stack, None, context).await);
        }
        return Err(stack_error(failure::from_events(
            cloud_name,
            followed.status,
            status_reason,
            &events,
            template,
        )));
    }
    let description = describe(cloud_name, context).await?;
    finish(deployment, digest, &description, result, context).await
}

/// What was found wrong before a resource was touched. That it cannot be asked for, as by
/// somebody without the permission, must not hide the failure itself.
async fn validation_errors(
    stack_id: &str,
    change_set: Option<&str>,
    context: &Context,
) -> Vec<StackEvent> {
    let cloudformation = &context.ports.cloudformation;
    cloudformation
        .validation_errors(stack_id, change_set)
        .await
        .unwrap_or_default()
}

/// Records a stack that is as it should be.
async fn finish(
    deployment: &StackDeployment,
    digest: &str,
    description: &StackDescription,
    result: StackResult,
    context: &Context,
) -> Result<Done, StepError> {
    let protection = deployment
        .termination_protection
        .filter(|wanted| *wanted != description.termination_protection);
    if let Some(wanted) = protection {
        context
            .ports
            .cloudformation
            .set_termination_protection(&deployment.cloud_name, wanted)
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
        changed: result != StackResult::Unchanged || protection.is_some(),
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
        return Ok(());
    }
    Err(stack_error(failure::from_events(
        &deployment.cloud_name,
        followed.status,
        None,
        &followed.events,
        context.templates.get(&deployment.stack),
    )))
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
    let template = context.templates.get(&deployment.stack);
    for (name, value) in &deployment.parameters {
        let secret = template
            .and_then(|template| template.parameters.get(name))
            .is_some_and(|declaration| declaration.no_echo);
        match (context.state.value(value), value) {
            (Some(text), _) if secret && guard::is_masked(&text) => {
                return Err(StepError::Refused(Box::new(failure::plain(
                    &deployment.cloud_name,
                    None,
                    format!(
                        "the value of parameter '{name}' is '{text}', which CloudFormation shows in place of a secret"
                    ),
                    Some("give the secret itself, or a reference to it: {{resolve:secretsmanager:...}}".to_owned()),
                ))));
            }
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
