//! What the user wants when a run is stopped, and which operations CloudFormation is
//! carrying out at that moment.
//!
//! To detach leaves CloudFormation to its work; to cancel has it undo what can be undone.
//! Either way nothing new is started.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use shopctl_core::event::Event;
use shopctl_core::names::StackName;
use shopctl_core::plan::Action;
use shopctl_core::status::{DeployApproach, StackStatus};
use tokio_util::sync::CancellationToken;

use crate::context::Work;
use crate::executor::{Done, StepError, stack_of};
use crate::ports::CloudError;

/// Stops a run. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Nothing new is started.
    stop: CancellationToken,
    /// What is running is left alone.
    detach: CancellationToken,
    /// What is running is cancelled.
    cancel: CancellationToken,
    /// Stacks with an operation of this run.
    running: Mutex<BTreeMap<StackName, Cancelling>>,
}

/// What was done about an operation that was to be cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cancelling {
    /// Nothing yet.
    NotAsked,
    /// CloudFormation undoes it.
    Undone,
    /// It cannot be undone, and goes on.
    Impossible,
}

impl Interrupt {
    /// One that nobody has used.
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops, and leaves CloudFormation to its work.
    pub fn detach(&self) {
        self.0.stop.cancel();
        self.0.detach.cancel();
    }

    /// Stops, and has CloudFormation cancel what it is doing.
    pub fn cancel_stacks(&self) {
        self.0.stop.cancel();
        self.0.cancel.cancel();
    }

    /// Whether nothing new is to be started.
    pub fn is_cancelled(&self) -> bool {
        self.0.stop.is_cancelled()
    }

    /// Returns once nothing new is to be started.
    pub async fn cancelled(&self) {
        self.0.stop.cancelled().await;
    }

    /// The stacks that CloudFormation is carrying out an operation of this run on.
    pub fn operations(&self) -> Vec<StackName> {
        self.with(|running| running.keys().cloned().collect())
    }

    /// Returns once a step is to be left: at once when the user detaches; when the user
    /// cancels, only while the step has no operation that is being cancelled.
    pub(crate) async fn left(&self, stack: Option<&StackName>) {
        self.cancelled().await;
        if !self.0.detach.is_cancelled()
            && stack.is_some_and(|stack| self.operation(stack).is_some())
        {
            self.0.detach.cancelled().await;
        }
    }

    /// Returns once operations are to be cancelled.
    pub(crate) async fn cancel_wanted(&self) {
        self.0.cancel.cancelled().await;
    }

    /// An operation is about to begin.
    pub(crate) fn operation_begins(&self, stack: &StackName) {
        self.with(|running| {
            running.entry(stack.clone()).or_insert(Cancelling::NotAsked);
        });
    }

    /// An operation was followed to its end. One that was to be cancelled is still told.
    pub(crate) fn operation_followed(&self, stack: &StackName) {
        self.with(|running| {
            if running.get(stack) == Some(&Cancelling::NotAsked) {
                running.remove(stack);
            }
        });
    }

    /// An operation has ended.
    pub(crate) fn operation_ended(&self, stack: &StackName) -> Option<Cancelling> {
        self.with(|running| running.remove(stack))
    }

    /// The operation of a stack, if there is one.
    pub(crate) fn operation(&self, stack: &StackName) -> Option<Cancelling> {
        self.with(|running| running.get(stack).copied())
    }

    fn with<T>(&self, change: impl FnOnce(&mut BTreeMap<StackName, Cancelling>) -> T) -> T {
        // Plain data is as good after a panic as before.
        change(
            &mut self
                .0
                .running
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

/// Tells what becomes of the operation of a step that the user stopped; `false` when the step
/// has none, or something to say for itself.
pub(crate) fn tell(action: &Action, result: &Result<Done, StepError>, work: &Work) -> bool {
    let Some(stack) = stack_of(action) else {
        return false;
    };
    let operation = work.cancel.operation_ended(stack);
    let cancelled = operation == Some(Cancelling::Undone);
    let status = match result {
        // Whoever detaches does not wait for what comes of it.
        Err(StepError::Interrupted) if operation.is_some() => None,
        Err(StepError::Stack(failure)) if cancelled => {
            let status = failure.status.unwrap_or(StackStatus::DeleteComplete);
            if matches!(status.deploy_approach(), DeployApproach::Stop(_)) {
                return false;
            }
            Some(status)
        }
        _ => return false,
    };
    work.events.send(Event::StackInterrupted {
        stack: stack.clone(),
        cancelled,
        status,
        attach: status.is_none().then(|| work.attach.clone()),
    });
    true
}

/// Asks CloudFormation to undo what it is doing to a stack, as far as it can: an update is
/// cancelled, a creation is turned into a delete; a delete and a rollback go on.
pub(crate) async fn cancel(work: &Work, stack: &StackName, stack_id: &str) {
    let asked = ask(work, stack, stack_id).await;
    let cancelling = match asked {
        Ok(cancelling) => cancelling,
        Err(error) => {
            work.events.send(Event::Warned {
                message: format!("stack '{stack}' cannot be cancelled: {error}"),
                location: None,
            });
            Cancelling::Impossible
        }
    };
    if cancelling == Cancelling::Undone {
        work.events.send(Event::StackInterrupted {
            stack: stack.clone(),
            cancelled: true,
            status: None,
            attach: None,
        });
    }
    work.cancel.with(|running| {
        running.insert(stack.clone(), cancelling);
    });
}

async fn ask(work: &Work, stack: &StackName, stack_id: &str) -> Result<Cancelling, CloudError> {
    let cloudformation = &work.ports.cloudformation;
    let token = work.token(stack_id, "cancel");
    let status = cloudformation
        .describe(stack_id)
        .await?
        .map(|description| description.status);
    match status {
        Some(StackStatus::UpdateInProgress) => {
            cloudformation.cancel_update(stack_id, &token).await?;
            Ok(Cancelling::Undone)
        }
        Some(StackStatus::CreateInProgress | StackStatus::ReviewInProgress) => {
            let role = work.service_role(stack);
            cloudformation.delete_stack(stack_id, role, &token).await?;
            Ok(Cancelling::Undone)
        }
        _ => Ok(Cancelling::Impossible),
    }
}
