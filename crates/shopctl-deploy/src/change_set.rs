//! Changes a stack through a change set: makes it, waits for it, executes it and follows it.

use indexmap::IndexMap;
use shopctl_core::event::{Event, Failure, StackOperation, StackResult};
use shopctl_core::plan::StackDeployment;
use shopctl_core::status::StackStatus;

use crate::context::Work;
use crate::executor::StepError;
use crate::failure;
use crate::follow::{Kind, Operation, Pause, explain, follow};
use crate::guard;
use crate::ports::{
    ChangeSetId, ChangeSetOptions, ChangeSetRequest, ChangeSetState, ChangeSetType, CloudError,
    CloudErrorKind, StackDescription, StackEvent, TemplateSource,
};
use crate::refusal::is_overtaken;

/// What is wanted of a stack.
pub(crate) struct Wanted<'a> {
    pub(crate) deployment: &'a StackDeployment,
    /// Values of the parameters.
    pub(crate) parameters: IndexMap<String, String>,
    /// Digest of all that decides what the stack becomes.
    pub(crate) digest: String,
}

/// What came of an attempt.
pub(crate) enum Attempt {
    /// The stack is as wanted.
    Done(StackDescription, StackResult),
    /// Somebody else changed the stack in between: look at it again.
    Overtaken(CloudError),
}

/// Changes the stack that was `found`, or makes it. The number of the attempt keeps the names of
/// a run's change sets apart.
pub(crate) async fn apply(
    wanted: &Wanted<'_>,
    found: Option<&StackDescription>,
    attempt: u32,
    work: &Work,
) -> Result<Attempt, StepError> {
    let deployment = wanted.deployment;
    let cloudformation = &work.ports.cloudformation;
    let kind = match found {
        Some(_) => Kind::Update,
        None => Kind::Create,
    };
    let name = name(wanted, attempt, work);
    let id = match make(wanted, kind, &name, work).await {
        Ok(id) => id,
        Err(error) if is_overtaken(&error) => return Ok(Attempt::Overtaken(error)),
        Err(error) if error.kind == CloudErrorKind::Credentials => return Err(error.into()),
        Err(error) => return Err(refused(deployment, error.to_string())),
    };
    let changes = match computed(&id, work).await {
        Ok(ChangeSetState::Ready { changes }) => changes,
        Ok(ChangeSetState::Empty) => {
            discard(&id, work).await;
            return unchanged(&id, work).await;
        }
        Ok(ChangeSetState::Failed { reason }) => {
            return Err(failed(wanted, kind, &id, reason, work).await);
        }
        Ok(ChangeSetState::Pending) => {
            return Err(refused(deployment, "the change set is pending".to_owned()));
        }
        Err(error) if is_overtaken(&error) => return Ok(Attempt::Overtaken(error)),
        Err(error) => return Err(error.into()),
    };

    // Right before it is executed, so that nothing slips in between a plan and its deploy.
    if kind == Kind::Update
        && let Some(refusals) = guard::refused(deployment, &id, work).await?
    {
        discard(&id, work).await;
        return Err(StepError::Refused(Box::new(refusals)));
    }

    // Nothing is begun that the user would have to wait for.
    if work.cancel.is_cancelled() {
        discard(&id, work).await;
        return Err(StepError::Interrupted);
    }
    // A stack in review has no events that could be taken for those of its creation.
    let since = match kind {
        Kind::Create => None,
        _ => cloudformation.latest_event(&id.stack).await?,
    };
    let (operation, result) = match kind {
        Kind::Create => (StackOperation::Create, StackResult::Created),
        _ => (StackOperation::Update, StackResult::Updated),
    };
    work.events.send(Event::StackStarted {
        stack: deployment.stack.clone(),
        cloud_name: deployment.cloud_name.clone(),
        operation,
        resources: Some(changes),
    });
    work.state.stack_touched(&deployment.stack);
    work.cancel.operation_begins(&deployment.stack);
    // The name is the run's own and says which stack and which inputs it is about.
    let token = work.token(&id.stack, &name);
    match cloudformation.execute_change_set(&id, &token).await {
        Ok(()) => {}
        Err(error) if is_overtaken(&error) => {
            discard(&id, work).await;
            return Ok(Attempt::Overtaken(error));
        }
        Err(error) => return Err(error.into()),
    }
    let operation = || Operation {
        stack: &deployment.stack,
        stack_id: &id.stack,
        kind,
        before: found,
        since: since.clone(),
    };
    let followed = follow(operation(), work).await?;
    match &followed.description {
        Some(description)
            if followed.status.is_success() && followed.status != StackStatus::DeleteComplete =>
        {
            Ok(Attempt::Done(description.clone(), result))
        }
        _ if followed.status == StackStatus::DeleteComplete => Err(stack_error(failure::plain(
            &deployment.cloud_name,
            None,
            "the stack is gone: somebody deleted it during the run",
            Some("run the same command again".to_owned()),
        ))),
        description => {
            let mut events = explain(&followed, operation(), work).await?;
            if failure::first_failed(&events).is_none() {
                events.extend(validation_errors(&id.stack, None, work).await);
            }
            Err(stack_error(failure::from_events(
                &deployment.cloud_name,
                followed.status,
                description
                    .as_ref()
                    .and_then(|description| description.status_reason.clone()),
                &events,
                work.templates.get(&deployment.stack),
            )))
        }
    }
}

/// Name of a change set: which run, which inputs, and which attempt after the first.
fn name(wanted: &Wanted<'_>, attempt: u32, work: &Work) -> String {
    let digest = wanted.digest.get(..8).unwrap_or(&wanted.digest);
    match attempt {
        0 => format!("shopctl-{}-{digest}", work.run),
        _ => format!("shopctl-{}-{digest}-{attempt}", work.run),
    }
}

async fn make(
    wanted: &Wanted<'_>,
    kind: Kind,
    name: &str,
    work: &Work,
) -> Result<ChangeSetId, CloudError> {
    let deployment = wanted.deployment;
    let template = match (
        &deployment.template_key,
        work.templates.get(&deployment.stack),
    ) {
        (Some(key), _) => TemplateSource::Object {
            bucket: work.bucket.clone(),
            key: key.clone(),
        },
        (None, Some(template)) => TemplateSource::Inline(template.body.clone()),
        (None, None) => {
            return Err(CloudError {
                kind: CloudErrorKind::Refused,
                operation: "CreateChangeSet".to_owned(),
                message: format!("the template of '{}' is not at hand", deployment.stack),
            });
        }
    };
    let request = ChangeSetRequest {
        cloud_name: deployment.cloud_name.clone(),
        name: name.to_owned(),
        change_set_type: match kind {
            Kind::Create => ChangeSetType::Create,
            _ => ChangeSetType::Update,
        },
        template,
        parameters: wanted.parameters.clone(),
        tags: deployment.tags.clone(),
        capabilities: deployment.capabilities.clone(),
        description: format!("shopctl run {}", work.run),
        options: match kind {
            // There is nothing yet that somebody could have changed by hand.
            Kind::Create => ChangeSetOptions {
                revert_drift: false,
                ..work.rules.change_sets
            },
            _ => work.rules.change_sets,
        },
    };
    let cloudformation = &work.ports.cloudformation;
    let error = match cloudformation.create_change_set(&request).await {
        Ok(id) => return Ok(id),
        Err(error) => error,
    };
    // A change set of this name can only be this one: its answer was lost on the way.
    if error.kind == CloudErrorKind::Conflict && error.message.contains("ChangeSet [") {
        let stack = cloudformation
            .describe(deployment.cloud_name.as_str())
            .await?;
        if let Some(stack) = stack {
            return Ok(ChangeSetId {
                change_set: name.to_owned(),
                stack: stack.stack_id,
            });
        }
    }
    Err(error)
}

/// Waits until a change set is ready, or failed.
async fn computed(id: &ChangeSetId, work: &Work) -> Result<ChangeSetState, CloudError> {
    let mut pause = Pause::new();
    loop {
        match work.ports.cloudformation.change_set(id).await? {
            ChangeSetState::Pending => tokio::time::sleep(pause.next()).await,
            state => return Ok(state),
        }
    }
}

/// The stack is as wanted, unless somebody is about to change it.
async fn unchanged(id: &ChangeSetId, work: &Work) -> Result<Attempt, StepError> {
    let seen = work.ports.cloudformation.describe(&id.stack).await?;
    match seen {
        Some(seen) if seen.status.is_healthy() => Ok(Attempt::Done(seen, StackResult::Unchanged)),
        _ => Ok(Attempt::Overtaken(CloudError {
            kind: CloudErrorKind::Conflict,
            operation: format!("CloudFormation DescribeStacks of '{}'", id.stack),
            message: "the stack changes".to_owned(),
        })),
    }
}

/// A change set could not be made: takes away what it left, and says why.
async fn failed(
    wanted: &Wanted<'_>,
    kind: Kind,
    id: &ChangeSetId,
    reason: String,
    work: &Work,
) -> StepError {
    let deployment = wanted.deployment;
    let found = validation_errors(&id.stack, Some(&id.change_set), work).await;
    discard(id, work).await;
    if kind == Kind::Create {
        discard_review(id, work).await;
    }
    stack_error(failure::of_change_set(
        &deployment.cloud_name,
        reason,
        &found,
        work.templates.get(&deployment.stack),
    ))
}

/// Deletes a change set. One that stays is only clutter, and must not hide what happened.
async fn discard(id: &ChangeSetId, work: &Work) {
    let _ = work.ports.cloudformation.delete_change_set(id).await;
}

/// The empty stack that a change set made would stay in review for ever.
async fn discard_review(id: &ChangeSetId, work: &Work) {
    let cloudformation = &work.ports.cloudformation;
    let in_review = matches!(
        cloudformation.describe(&id.stack).await,
        Ok(Some(seen)) if seen.status == StackStatus::ReviewInProgress
    );
    if in_review {
        let token = work.token(&id.stack, "review");
        // As above.
        let _ = cloudformation.delete_stack(&id.stack, &token).await;
    }
}

/// What was found wrong before a resource was touched. That it cannot be asked for, as by
/// somebody without the permission, must not hide the failure itself.
async fn validation_errors(
    stack_id: &str,
    change_set: Option<&str>,
    work: &Work,
) -> Vec<StackEvent> {
    let cloudformation = &work.ports.cloudformation;
    cloudformation
        .validation_errors(stack_id, change_set)
        .await
        .unwrap_or_default()
}

fn refused(deployment: &StackDeployment, reason: String) -> StepError {
    stack_error(failure::plain(&deployment.cloud_name, None, reason, None))
}

pub(crate) fn stack_error(failure: Failure) -> StepError {
    StepError::Stack(Box::new(failure))
}
