//! Changes a stack through a change set: makes it, waits for it, executes it and follows it.

use indexmap::IndexMap;
use shopctl_core::change::Replacement;
use shopctl_core::event::{Event, Failure, StackOperation, StackResult};
use shopctl_core::plan::StackDeployment;
use shopctl_core::stack_settings::RollbackRule;
use shopctl_core::status::{Obstacle, StackStatus};

use crate::context::Work;
use crate::executor::StepError;
use crate::failure::{self, Scene};
use crate::follow::{Kind, Operation, Pause, explain, follow};
use crate::guard;
use crate::ports::{
    ChangeSetId, ChangeSetOptions, ChangeSetRequest, ChangeSetState, ChangeSetType, CloudError,
    CloudErrorKind, DeploymentMode, StackDescription, StackEvent, TemplateSource,
};
use crate::refusal::is_overtaken;

/// What is wanted of a stack.
pub(crate) struct Wanted<'a> {
    pub(crate) deployment: &'a StackDeployment,
    /// Values of the parameters.
    pub(crate) parameters: IndexMap<String, String>,
    /// The alarms that have CloudFormation roll it back.
    pub(crate) rollback: Option<RollbackRule>,
    /// Digest of all that decides what the stack becomes.
    pub(crate) digest: String,
}

impl Wanted<'_> {
    /// Whether the alarms that roll the stack back are those that are wanted.
    pub(crate) fn has_alarms_of(&self, description: &StackDescription) -> bool {
        let wanted = self.rollback.as_ref();
        wanted.is_none_or(|wanted| *wanted == description.rollback)
    }
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
    let request = request(wanted, found, attempt, work)?;
    let id = match make(&request, work).await {
        Ok(id) => id,
        Err(error) if is_overtaken(&error) => return Ok(Attempt::Overtaken(error)),
        Err(error) => return Err(refused(deployment, error, work).await),
    };
    let changes = match computed(&id, work).await {
        Ok(ChangeSetState::Ready { changes }) => Some(changes),
        Ok(ChangeSetState::Empty) => {
            discard(&id, work).await;
            match (request.paused, request.mode) {
                (false, _) => return unchanged(wanted, &id, work).await,
                // Nothing differs from what the stack last was as a whole. CloudFormation
                // offers no other way back to that after EXPRESS.
                (true, DeploymentMode::Express) => None,
                (true, DeploymentMode::Standard) => return Err(nothing_to_retry(deployment, work)),
            }
        }
        Ok(ChangeSetState::Failed { reason }) => {
            return Err(failed(wanted, kind, &id, &reason, work).await);
        }
        Ok(ChangeSetState::Pending) => {
            let name = &deployment.cloud_name;
            let reason = "the change set is pending";
            return Err(stack_error(failure::plain(name, None, reason, None)));
        }
        Err(error) if is_overtaken(&error) => return Ok(Attempt::Overtaken(error)),
        Err(error) => return Err(error.into()),
    };

    // Right before it is executed, so that nothing slips in between a plan and its deploy.
    if kind == Kind::Update && changes.is_some() {
        let mut refusal = guard::refused(deployment, &id, work).await?;
        if refusal.is_none() && request.paused {
            refusal = replaces_while_paused(deployment, &id, work).await?;
        }
        if let Some(refusal) = refusal {
            discard(&id, work).await;
            return Err(StepError::Refused(Box::new(refusal)));
        }
    }

    // Nothing is begun that the user would have to wait for.
    if work.cancel.is_cancelled() {
        discard(&id, work).await;
        return Err(StepError::Interrupted);
    }
    // What the project says about updates holds for this one.
    if kind == Kind::Update {
        settle_policy(deployment, &id.stack, work).await?;
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
        resources: changes,
    });
    work.state.stack_touched(&deployment.stack);
    work.cancel.operation_begins(&deployment.stack);
    // The name is the run's own and says which stack and which inputs it is about.
    let token = work.token(&id.stack, &request.name);
    let started = match (changes, request.mode) {
        (None, _) => work.ports.repair.update_directly(&request, &token).await,
        // EXPRESS has its own say about rollback, and refuses another one.
        (_, DeploymentMode::Standard) if request.paused => {
            work.ports.repair.execute_paused(&id, &token).await
        }
        _ => cloudformation.execute_change_set(&id, &token).await,
    };
    match started {
        Ok(()) => {}
        Err(error) if is_overtaken(&error) => {
            discard(&id, work).await;
            return Ok(Attempt::Overtaken(error));
        }
        Err(error) => return Err(refused(deployment, error, work).await),
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
            tell_what_is_left_to_do(
                deployment,
                request.mode,
                description,
                &followed.events,
                work,
            );
            Ok(Attempt::Done(description.clone(), result))
        }
        _ if followed.status == StackStatus::DeleteComplete => Err(stack_error(failure::plain(
            &deployment.cloud_name,
            None,
            "the stack is gone: somebody deleted it during the run",
            Some("run the same command again".to_owned()),
        ))),
        _ => {
            let events = explain(&followed, operation(), work).await?;
            let failure = scene(deployment, work)
                .operation(&id.stack, followed.status, &events)
                .await;
            Err(stack_error(failure))
        }
    }
}

/// Gives the stack its policy, when the project names one and the stack has another; tells
/// whether it did.
pub(crate) async fn settle_policy(
    deployment: &StackDeployment,
    stack: &str,
    work: &Work,
) -> Result<bool, CloudError> {
    let Some(policy) = &deployment.settings.policy else {
        return Ok(false);
    };
    let cloudformation = &work.ports.cloudformation;
    if policy.is(cloudformation.stack_policy(stack).await?.as_deref()) {
        return Ok(false);
    }
    cloudformation
        .set_stack_policy(stack, policy.body())
        .await?;
    Ok(true)
}

/// Name of a change set: which run, which inputs, and which attempt after the first.
fn name(wanted: &Wanted<'_>, attempt: u32, work: &Work) -> String {
    let digest = wanted.digest.get(..8).unwrap_or(&wanted.digest);
    match attempt {
        0 => format!("shopctl-{}-{digest}", work.run),
        _ => format!("shopctl-{}-{digest}-{attempt}", work.run),
    }
}

fn request(
    wanted: &Wanted<'_>,
    found: Option<&StackDescription>,
    attempt: u32,
    work: &Work,
) -> Result<ChangeSetRequest, StepError> {
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
            return Err(stack_error(failure::plain(
                &deployment.cloud_name,
                None,
                format!("the template of '{}' is not at hand", deployment.stack),
                None,
            )));
        }
    };
    let name = name(wanted, attempt, work);
    let paused = found.filter(|found| found.status == StackStatus::UpdateFailed);
    Ok(ChangeSetRequest {
        cloud_name: deployment.cloud_name.clone(),
        token: work.token(deployment.cloud_name.as_str(), &name),
        name,
        change_set_type: match found {
            None => ChangeSetType::Create,
            Some(_) => ChangeSetType::Update,
        },
        template,
        parameters: wanted.parameters.clone(),
        tags: deployment.tags.clone(),
        capabilities: deployment.capabilities.clone(),
        description: format!("shopctl run {}", work.run),
        options: ChangeSetOptions {
            // There is nothing yet that somebody could have changed by hand.
            revert_drift: work.rules.change_sets.revert_drift && found.is_some(),
            ..work.rules.change_sets
        },
        // What an EXPRESS operation left half way takes EXPRESS operations only.
        mode: paused.map_or(work.mode, |found| found.mode),
        paused: paused.is_some(),
        service_role: deployment.settings.service_role.clone(),
        rollback: wanted.rollback.clone(),
    })
}

async fn make(request: &ChangeSetRequest, work: &Work) -> Result<ChangeSetId, CloudError> {
    let cloudformation = &work.ports.cloudformation;
    let error = match cloudformation.create_change_set(request).await {
        Ok(id) => return Ok(id),
        Err(error) => error,
    };
    if is_there(&error) {
        let stack = cloudformation.describe(request.cloud_name.as_str()).await?;
        if let Some(stack) = stack {
            return Ok(ChangeSetId {
                change_set: request.name.clone(),
                stack: stack.stack_id,
            });
        }
    }
    Err(error)
}

/// Whether a change set was not made because there is one of this name. That can only be the same
/// one, whose answer was lost on the way: a run uses a name once.
pub(crate) fn is_there(error: &CloudError) -> bool {
    error.kind == CloudErrorKind::Conflict && error.message.contains("ChangeSet [")
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
async fn unchanged(
    wanted: &Wanted<'_>,
    id: &ChangeSetId,
    work: &Work,
) -> Result<Attempt, StepError> {
    let seen = work.ports.cloudformation.describe(&id.stack).await?;
    match seen {
        Some(seen) if seen.status.is_healthy() => {
            if !wanted.has_alarms_of(&seen) {
                work.events.send(Event::Warned {
                    message: format!(
                        "stack '{}': CloudFormation takes other rollback alarms only together \
                         with another change; they come with the next one",
                        wanted.deployment.stack
                    ),
                    location: None,
                });
            }
            Ok(Attempt::Done(seen, StackResult::Unchanged))
        }
        _ => Ok(Attempt::Overtaken(CloudError {
            kind: CloudErrorKind::Conflict,
            operation: format!("CloudFormation DescribeStacks of '{}'", id.stack),
            message: "the stack changes".to_owned(),
        })),
    }
}

/// What a finished operation did not do: resources that are still becoming ready, and old
/// ones that could not be deleted.
fn tell_what_is_left_to_do(
    deployment: &StackDeployment,
    mode: DeploymentMode,
    description: &StackDescription,
    events: &[StackEvent],
    work: &Work,
) {
    let warn = |message: String| {
        work.events.send(Event::Warned {
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

/// A request that was refused, with the way out.
async fn refused(deployment: &StackDeployment, error: CloudError, work: &Work) -> StepError {
    match error.kind {
        // Nothing of CloudFormation's.
        CloudErrorKind::Credentials | CloudErrorKind::Unreachable => error.into(),
        _ => stack_error(scene(deployment, work).request(&error, None).await),
    }
}

/// Retrying needs something to try: the stack stopped on the way to something else.
fn nothing_to_retry(deployment: &StackDeployment, work: &Work) -> StepError {
    stack_error(failure::plain(
        &deployment.cloud_name,
        Some(StackStatus::UpdateFailed),
        "what is to be deployed is what the stack was before its update stopped half way",
        Some(format!(
            "roll back with `shopctl recover --env {} {} --rollback`",
            work.environment, deployment.stack
        )),
    ))
}

/// CloudFormation replaces nothing while rollback is off, and would find that out half way.
async fn replaces_while_paused(
    deployment: &StackDeployment,
    id: &ChangeSetId,
    work: &Work,
) -> Result<Option<Failure>, CloudError> {
    let reported = work.ports.cloudformation.reported_changes(id).await?;
    let replaced: Vec<&str> = reported
        .iter()
        .filter(|change| change.replacement == Replacement::Yes)
        .map(|change| change.logical_id.as_str())
        .collect();
    Ok((!replaced.is_empty()).then(|| {
        failure::plain(
            &deployment.cloud_name,
            None,
            format!(
                "this would replace {}, which CloudFormation does not do in a stack that stopped \
                 half way",
                replaced.join(", ")
            ),
            Some(Obstacle::UpdatePaused.hint(work.environment.as_str(), deployment.stack.as_str())),
        )
    }))
}

/// A change set could not be made: says why, and takes away what it left.
async fn failed(
    wanted: &Wanted<'_>,
    kind: Kind,
    id: &ChangeSetId,
    reason: &str,
    work: &Work,
) -> StepError {
    // What tells the cause goes with the change set.
    let failure = scene(wanted.deployment, work).change_set(id, reason).await;
    discard(id, work).await;
    if kind == Kind::Create {
        discard_review(wanted.deployment, id, work).await;
    }
    stack_error(failure)
}

/// What there is to look at when a stack fails.
pub(crate) fn scene<'a>(deployment: &'a StackDeployment, work: &'a Work) -> Scene<'a> {
    Scene {
        ports: &work.ports,
        environment: work.environment.as_str(),
        stack: deployment.stack.as_str(),
        cloud_name: &deployment.cloud_name,
        template: work.templates.get(&deployment.stack),
    }
}

/// Deletes a change set. One that stays is only clutter, and must not hide what happened.
async fn discard(id: &ChangeSetId, work: &Work) {
    let _ = work.ports.cloudformation.delete_change_set(id).await;
}

/// The empty stack that a change set made would stay in review for ever.
async fn discard_review(deployment: &StackDeployment, id: &ChangeSetId, work: &Work) {
    let cloudformation = &work.ports.cloudformation;
    let in_review = matches!(
        cloudformation.describe(&id.stack).await,
        Ok(Some(seen)) if seen.status == StackStatus::ReviewInProgress
    );
    if in_review {
        let token = work.token(&id.stack, "review");
        let role = deployment.settings.service_role.as_deref();
        // As above.
        let _ = cloudformation.delete_stack(&id.stack, role, &token).await;
    }
}

pub(crate) fn stack_error(failure: Failure) -> StepError {
    StepError::Stack(Box::new(failure))
}
