//! Brings one stack to what its template says, whatever state it is in.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use shopctl_core::event::{Event, StackOperation, StackResult};
use shopctl_core::plan::{PlannedValue, StackDeployment};
use shopctl_core::record::{StackRecord, inputs_digest};
use shopctl_core::stack_settings::RollbackRule;
use shopctl_core::status::{DeployApproach, Obstacle, StackStatus};

use crate::change_set::{Attempt, Wanted, apply, scene, settle_policy, stack_error};
use crate::code;
use crate::context::Work;
use crate::executor::{Done, StepError, one_line};
use crate::failure;
use crate::follow::{Kind, Operation, Pause, explain, follow};
use crate::guard;
use crate::ports::{CloudError, DeleteMode, StackDescription, StackEvent};
use crate::recover;
use crate::refusal::is_overtaken;
use crate::teardown;

/// So often somebody else may come in between before it is told.
const OVERTAKEN_AT_MOST: u32 = 12;

/// Deploys a stack; sends its events.
pub(crate) async fn deploy(deployment: &StackDeployment, work: &Work) -> Result<Done, StepError> {
    let parameters = resolve(deployment, work)?;
    let digest = inputs_digest(
        &deployment.template_digest,
        parameters
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
        &deployment.tags,
        deployment.capabilities.iter().copied(),
    );
    let wanted = Wanted {
        deployment,
        parameters,
        rollback: rollback(deployment, work)?,
        digest,
    };
    let mut pause = Pause::new();
    let mut attempt = 0;
    loop {
        let error = match bring(&wanted, attempt, work).await? {
            Attempt::Done(description, result) => {
                return finish(&wanted, &description, result, work).await;
            }
            Attempt::Overtaken(error) => error,
        };
        work.cancel.operation_ended(&deployment.stack);
        if work.cancel.is_cancelled() {
            return Err(StepError::Interrupted);
        }
        attempt += 1;
        if attempt > OVERTAKEN_AT_MOST {
            return Err(stack_error(failure::plain(
                &deployment.cloud_name,
                None,
                error.to_string(),
                Some("somebody else works on this stack; wait for them and run the same command again".to_owned()),
            )));
        }
        tokio::time::sleep(pause.next()).await;
    }
}

/// Looks at the stack and does what its status asks for.
async fn bring(wanted: &Wanted<'_>, attempt: u32, work: &Work) -> Result<Attempt, StepError> {
    let deployment = wanted.deployment;
    let cloud_name = &deployment.cloud_name;
    let cloudformation = &work.ports.cloudformation;
    let mut found = cloudformation.describe(cloud_name.as_str()).await?;
    let mut continued = false;
    while let Some(description) = &found {
        match description.status.deploy_approach() {
            DeployApproach::Wait => {
                wait(deployment, description, work).await?;
                found = cloudformation.describe(cloud_name.as_str()).await?;
            }
            DeployApproach::DeleteThenCreate => {
                if let Some(error) = remove(deployment, description, work).await? {
                    return Ok(Attempt::Overtaken(error));
                }
                found = None;
            }
            DeployApproach::Create => found = None,
            DeployApproach::ContinueRollback if !continued => {
                continued = true;
                recover::continue_rollback(&deployment.stack, cloud_name, description, work)
                    .await?;
                found = cloudformation.describe(cloud_name.as_str()).await?;
            }
            DeployApproach::Stop(Obstacle::UpdatePaused) if work.consent.retry_paused => break,
            DeployApproach::ContinueRollback | DeployApproach::Stop(_) => {
                let failure = scene(deployment, work)
                    .operation(&description.stack_id, description.status, &[])
                    .await;
                return Err(stack_error(failure));
            }
            DeployApproach::Update if is_recorded(wanted, description, work) => {
                return Ok(Attempt::Done(description.clone(), StackResult::Unchanged));
            }
            DeployApproach::Update => break,
        }
    }
    apply(wanted, found.as_ref(), attempt, work).await
}

/// Whether the stack is as the record says, and the record says what is wanted. What somebody
/// changed by hand is in no record: where that is to be reverted, CloudFormation looks.
fn is_recorded(wanted: &Wanted<'_>, description: &StackDescription, work: &Work) -> bool {
    let stack = &wanted.deployment.stack;
    !work.rules.change_sets.revert_drift
        // Functions that run other code are made right with a change set.
        && work.state.fast(stack).is_none()
        && wanted.has_alarms_of(description)
        && work.state.stack_record(stack).is_some_and(|record| {
            record.inputs_digest == wanted.digest
                && record.stack_id == description.stack_id
                && record.last_changed == description.last_changed
        })
}

/// Records a stack that is as it should be.
async fn finish(
    wanted: &Wanted<'_>,
    description: &StackDescription,
    result: StackResult,
    work: &Work,
) -> Result<Done, StepError> {
    let deployment = wanted.deployment;
    let protection = deployment
        .termination_protection
        .filter(|wanted| *wanted != description.termination_protection);
    if let Some(wanted) = protection {
        work.ports
            .cloudformation
            .set_termination_protection(&deployment.cloud_name, wanted)
            .await?;
    }
    let policed = settle_policy(deployment, &description.stack_id, work).await?;
    let corrected = code::correct(&deployment.stack, &deployment.cloud_name, work).await?;
    let result = match result {
        StackResult::Unchanged if corrected => StackResult::Updated,
        result => result,
    };
    work.state.stack_done(
        &deployment.stack,
        description.outputs.clone(),
        StackRecord {
            cloud_name: deployment.cloud_name.clone(),
            stack_id: description.stack_id.clone(),
            template_digest: deployment.template_digest.clone(),
            inputs_digest: wanted.digest.clone(),
            last_changed: description.last_changed.clone(),
        },
    );
    work.events.send(Event::StackFinished {
        stack: deployment.stack.clone(),
        status: Some(description.status),
        result,
        outputs: description.outputs.clone(),
    });
    Ok(Done {
        changed: result != StackResult::Unchanged || protection.is_some() || policed,
        summary: String::new(),
    })
}

/// Waits for the end of an operation that another run began.
async fn wait(
    deployment: &StackDeployment,
    description: &StackDescription,
    work: &Work,
) -> Result<(), StepError> {
    work.events.send(Event::StackStarted {
        stack: deployment.stack.clone(),
        cloud_name: deployment.cloud_name.clone(),
        operation: StackOperation::Wait,
        resources: None,
    });
    if let (StackStatus::Unknown, Some(reason)) = (description.status, &description.status_reason) {
        work.events.send(Event::Warned {
            message: format!(
                "stack '{}': {reason}; it is left alone until that is over",
                deployment.stack
            ),
            location: None,
        });
    }
    let mut pause = Pause::new();
    loop {
        let seen = work
            .ports
            .cloudformation
            .describe(&description.stack_id)
            .await?;
        let status = seen
            .as_ref()
            .map_or(StackStatus::DeleteComplete, |seen| seen.status);
        if !status.is_in_progress() {
            if !status.is_success() {
                tell_what_somebody_left(deployment, &description.stack_id, status, work).await;
            }
            return Ok(());
        }
        tokio::time::sleep(pause.next()).await;
    }
}

/// Why the operation failed that another run began.
async fn tell_what_somebody_left(
    deployment: &StackDeployment,
    stack_id: &str,
    status: StackStatus,
    work: &Work,
) {
    let failure = scene(deployment, work)
        .operation(stack_id, status, &[])
        .await;
    work.events.send(Event::Warned {
        message: format!(
            "the operation that was running ended in {status}: {}",
            one_line(&failure)
        ),
        location: None,
    });
}

/// Deletes what is left of a creation that failed; answers a refusal when somebody else works
/// on it.
async fn remove(
    deployment: &StackDeployment,
    description: &StackDescription,
    work: &Work,
) -> Result<Option<CloudError>, StepError> {
    let cloudformation = &work.ports.cloudformation;
    let stack_id = description.stack_id.as_str();
    work.events.send(Event::StackStarted {
        stack: deployment.stack.clone(),
        cloud_name: deployment.cloud_name.clone(),
        operation: StackOperation::Delete,
        resources: None,
    });
    let since = cloudformation.latest_event(stack_id).await?;
    work.state.stack_touched(&deployment.stack);
    work.cancel.operation_begins(&deployment.stack);
    let token = work.token(stack_id, "remove");
    match teardown::ask_delete(
        &deployment.stack,
        description,
        &DeleteMode::Plain,
        &token,
        work,
    )
    .await
    {
        Ok(()) => {}
        Err(error) if is_overtaken(&error) => return Ok(Some(error)),
        Err(error) => return Err(error.into()),
    }
    let operation = || Operation {
        stack: &deployment.stack,
        stack_id,
        kind: Kind::Delete,
        before: Some(description),
        since: since.clone(),
    };
    let followed = follow(operation(), work).await?;
    if followed.status == StackStatus::DeleteComplete {
        tell_what_was_kept(deployment, &followed.events, work);
        return Ok(None);
    }
    let events = explain(&followed, operation(), work).await?;
    let failure = scene(deployment, work)
        .operation(stack_id, followed.status, &events)
        .await;
    Err(stack_error(failure))
}

/// What the template keeps of a stack that was deleted to be created anew is in the way of its
/// creation when it has a name.
fn tell_what_was_kept(deployment: &StackDeployment, events: &[StackEvent], work: &Work) {
    let kept: Vec<String> = events
        .iter()
        .filter(|event| event.status == "DELETE_SKIPPED")
        .map(|event| match &event.physical_id {
            Some(id) => format!("{} ({id})", event.logical_id),
            None => event.logical_id.to_string(),
        })
        .collect();
    if kept.is_empty() {
        return;
    }
    work.events.send(Event::Warned {
        message: format!(
            "what was left of stack '{}' is deleted but for resources that its template keeps: \
             {}; if the creation now finds them in its way, take them over with \
             `shopctl deploy --env {} --import-existing`",
            deployment.stack,
            kept.join(", "),
            work.environment
        ),
        location: None,
    });
}

/// The alarms that have CloudFormation roll the stack back.
fn rollback(deployment: &StackDeployment, work: &Work) -> Result<Option<RollbackRule>, StepError> {
    let Some(planned) = &deployment.settings.rollback else {
        return Ok(None);
    };
    let rule = planned.resolved(|value| work.state.value(value));
    rule.map(Some).map_err(|missing| {
        let output = match missing {
            PlannedValue::OutputOf { stack, output } => format!("{stack}.{output}"),
            PlannedValue::Known(text) => text.clone(),
        };
        stack_error(failure::plain(
            &deployment.cloud_name,
            None,
            format!(
                "a rollback alarm is output '{output}', which the deployed stack does not have"
            ),
            Some("the output may have a condition that is false in this environment".to_owned()),
        ))
    })
}

fn resolve(
    deployment: &StackDeployment,
    work: &Work,
) -> Result<IndexMap<String, String>, StepError> {
    let mut resolved = IndexMap::new();
    let mut missing: BTreeMap<String, &String> = BTreeMap::new();
    let template = work.templates.get(&deployment.stack);
    for (name, value) in &deployment.parameters {
        let secret = template
            .and_then(|template| template.parameters.get(name))
            .is_some_and(|declaration| declaration.no_echo);
        match (work.state.value(value), value) {
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
