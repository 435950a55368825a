//! Gets a stack going again that CloudFormation left half way: says what it needs, and does
//! it when somebody asks for it.

use std::sync::Arc;

use shopctl_core::event::{Event, Failure, StackOperation, StackResult};
use shopctl_core::names::{CloudStackName, LogicalId, StackName};
use shopctl_core::status::StackStatus;

use crate::change_set::stack_error;
use crate::context::{Context, Work};
use crate::executor::{RunReport, StepError, one_line};
use crate::failure::{Scene, plain, stuck_in_rollback};
use crate::follow::{Kind, Operation, explain, follow};
use crate::interrupt::Interrupt;
use crate::patience::patient;
use crate::ports::{
    CloudError, CloudErrorKind, Continuation, DeploymentMode, Ports, StackDescription,
};
use crate::teardown;

/// What can be done for a stack that is stuck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// Continue the rollback of an update that could not be rolled back.
    Continue(Continuation),
    /// Roll back an update that stopped half way.
    RollBack,
    /// Finish a delete that failed; the run's consent says how far it may go.
    Delete,
}

/// What a stack needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// Its status.
    pub status: StackStatus,
    /// The mode of its last operation.
    pub mode: DeploymentMode,
    /// Why its last operation failed; `None` when the stack is well.
    pub failure: Option<Failure>,
    /// The resources that could not be rolled back or deleted.
    pub stuck: Vec<LogicalId>,
    /// The repairs that its status allows, the gentlest first.
    pub choices: Vec<Repair>,
}

/// Looks what a stack needs; `None` when it is not there.
pub async fn assess(
    ports: &Ports,
    environment: &str,
    stack: &StackName,
    cloud_name: &CloudStackName,
) -> Result<Option<Assessment>, CloudError> {
    // All stacks of a project are looked at at once.
    let ports = &patient(ports, &Interrupt::new(), None);
    let Some(description) = ports.cloudformation.describe(cloud_name.as_str()).await? else {
        return Ok(None);
    };
    let status = description.status;
    if status.is_healthy() || status.is_in_progress() || status == StackStatus::ReviewInProgress {
        return Ok(Some(Assessment {
            status,
            mode: description.mode,
            failure: None,
            stuck: Vec::new(),
            choices: Vec::new(),
        }));
    }
    let scene = Scene {
        ports,
        environment,
        stack: stack.as_str(),
        cloud_name,
        template: None,
    };
    let failure = scene.operation(&description.stack_id, status, &[]).await;
    let stuck = match status {
        StackStatus::UpdateRollbackFailed => {
            let events = ports
                .cloudformation
                .events(&description.stack_id, None)
                .await?;
            stuck_in_rollback(&events, &description.stack_id)
        }
        StackStatus::DeleteFailed => ports
            .cloudformation
            .resources(&description.stack_id)
            .await?
            .into_iter()
            .filter(|resource| resource.status == "DELETE_FAILED")
            .map(|resource| resource.logical_id)
            .collect(),
        _ => Vec::new(),
    };
    let choices = match status {
        StackStatus::UpdateRollbackFailed if stuck.is_empty() => vec![
            Repair::Continue(Continuation::Whole),
            Repair::Continue(Continuation::Force),
        ],
        StackStatus::UpdateRollbackFailed => vec![
            Repair::Continue(Continuation::Whole),
            Repair::Continue(Continuation::Skipping(stuck.clone())),
            Repair::Continue(Continuation::Force),
        ],
        // CloudFormation refuses to roll back what EXPRESS left half way.
        StackStatus::UpdateFailed if description.mode == DeploymentMode::Express => Vec::new(),
        StackStatus::UpdateFailed => vec![Repair::RollBack],
        StackStatus::CreateFailed if description.mode == DeploymentMode::Standard => {
            vec![Repair::RollBack, Repair::Delete]
        }
        StackStatus::CreateFailed
        | StackStatus::DeleteFailed
        | StackStatus::RollbackFailed
        | StackStatus::RollbackComplete => vec![Repair::Delete],
        _ => Vec::new(),
    };
    Ok(Some(Assessment {
        status,
        mode: description.mode,
        failure: Some(failure),
        stuck,
        choices,
    }))
}

/// Repairs a stack and sends its events.
pub async fn repair(
    stack: &StackName,
    cloud_name: &CloudStackName,
    repair: &Repair,
    context: Arc<Context>,
) -> RunReport {
    let work = Work::new(context);
    let done = tokio::select! {
        done = attempt(stack, cloud_name, repair, &work) => done,
        () = work.cancel.cancelled() => Err(StepError::Interrupted),
    };
    let mut report = RunReport {
        leftovers: work.state.take().leftovers,
        ..RunReport::default()
    };
    let failure = match done {
        Ok(()) => {
            report.changed = true;
            return report;
        }
        Err(StepError::Interrupted) => {
            report.interrupted = true;
            return report;
        }
        Err(StepError::Stack(failure) | StepError::Refused(failure)) => *failure,
        Err(StepError::Credentials(error)) => {
            report.credentials = true;
            plain(cloud_name, None, error.to_string(), None)
        }
        Err(StepError::Other { message, hint }) => plain(cloud_name, None, message, hint),
    };
    report.failed = true;
    report.stuck = failure
        .status
        .is_some_and(|status| status.obstacle().is_some());
    report.errors.push(one_line(&failure));
    work.events.send(Event::StackFailed {
        stack: stack.clone(),
        failure,
    });
    report
}

async fn attempt(
    stack: &StackName,
    cloud_name: &CloudStackName,
    repair: &Repair,
    work: &Work,
) -> Result<(), StepError> {
    let cloudformation = &work.ports.cloudformation;
    let Some(found) = cloudformation.describe(cloud_name.as_str()).await? else {
        return Err(stack_error(plain(
            cloud_name,
            None,
            "the stack is not there",
            Some(format!("run `shopctl deploy --env {}`", work.environment)),
        )));
    };
    let status = found.status;
    let fits = match repair {
        Repair::Continue(_) => status == StackStatus::UpdateRollbackFailed,
        Repair::RollBack => {
            matches!(
                status,
                StackStatus::UpdateFailed | StackStatus::CreateFailed
            )
        }
        // A stack that was ever whole is the business of a teardown.
        Repair::Delete => matches!(
            status,
            StackStatus::CreateFailed
                | StackStatus::DeleteFailed
                | StackStatus::RollbackFailed
                | StackStatus::RollbackComplete
        ),
    };
    if !fits {
        return Err(stack_error(plain(
            cloud_name,
            Some(status),
            format!("the stack is in {status}, which this repair is not for"),
            Some(format!(
                "`shopctl recover --env {} {stack}` shows what helps in this state",
                work.environment
            )),
        )));
    }
    match repair {
        Repair::Continue(how) => roll_back(stack, cloud_name, &found, Some(how), work).await?,
        Repair::RollBack => roll_back(stack, cloud_name, &found, None, work).await?,
        Repair::Delete => {
            teardown::delete_stack(stack, cloud_name, work).await?;
            return Ok(());
        }
    }
    let now = cloudformation.describe(&found.stack_id).await?;
    work.events.send(Event::StackFinished {
        stack: stack.clone(),
        status: now.as_ref().map(|stack| stack.status),
        result: StackResult::RolledBack,
        outputs: now.map(|stack| stack.outputs).unwrap_or_default(),
    });
    Ok(())
}

/// Continues the rollback of an update, as a deploy does by itself once.
pub(crate) async fn continue_rollback(
    stack: &StackName,
    cloud_name: &CloudStackName,
    found: &StackDescription,
    work: &Work,
) -> Result<(), StepError> {
    roll_back(stack, cloud_name, found, Some(&Continuation::Whole), work).await
}

async fn roll_back(
    stack: &StackName,
    cloud_name: &CloudStackName,
    found: &StackDescription,
    continuation: Option<&Continuation>,
    work: &Work,
) -> Result<(), StepError> {
    let stack_id = found.stack_id.as_str();
    work.events.send(Event::StackStarted {
        stack: stack.clone(),
        cloud_name: cloud_name.clone(),
        operation: StackOperation::Rollback,
        resources: None,
    });
    let scene = Scene {
        ports: &work.ports,
        environment: work.environment.as_str(),
        stack: stack.as_str(),
        cloud_name,
        template: work.templates.get(stack),
    };
    let since = work.ports.cloudformation.latest_event(stack_id).await?;
    work.state.stack_touched(stack);
    let seen = since.as_deref().unwrap_or_default();
    let token = work.token(stack_id, &format!("rollback {seen}"));
    let repair = &work.ports.repair;
    let role = work.service_role(stack);
    let asked = match continuation {
        Some(how) => repair.continue_rollback(stack_id, how, role, &token).await,
        None => repair.roll_back(stack_id, role, &token).await,
    };
    match asked {
        Ok(()) => {}
        Err(error) if error.kind == CloudErrorKind::Credentials => return Err(error.into()),
        Err(error) => {
            return Err(stack_error(scene.request(&error, Some(found.status)).await));
        }
    }
    let operation = || Operation {
        stack,
        stack_id,
        kind: Kind::Rollback,
        before: Some(found),
        since: since.clone(),
    };
    let followed = follow(operation(), work).await?;
    if matches!(
        followed.status,
        StackStatus::UpdateRollbackComplete
            | StackStatus::UpdateRollbackCompleteCleanupInProgress
            | StackStatus::RollbackComplete
    ) {
        return Ok(());
    }
    let events = explain(&followed, operation(), work).await?;
    let mut failure = scene.operation(stack_id, followed.status, &events).await;
    let stuck = stuck_in_rollback(&events, stack_id);
    if followed.status == StackStatus::UpdateRollbackFailed && !stuck.is_empty() {
        let names: Vec<&str> = stuck.iter().map(LogicalId::as_str).collect();
        failure.hint = Some(format!(
            "repair it and run `shopctl deploy --env {env}` again, or leave it as it is with \
             `shopctl recover --env {env} {stack} --skip-resources {}`",
            names.join(","),
            env = work.environment,
        ));
    }
    Err(stack_error(failure))
}

impl Assessment {
    /// The assessment in one line.
    pub fn one_line(&self) -> String {
        match &self.failure {
            Some(failure) => one_line(failure),
            None => format!("in {}", self.status),
        }
    }
}
