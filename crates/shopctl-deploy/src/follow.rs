//! Follows a running operation to its end.
//!
//! Two witnesses are heard, and neither is believed alone. Events come late, sometimes those of
//! an operation before this one; `DescribeStacks` tells for a while what was true before. The
//! stack's own event says where to look, and the stack itself says how it ended: an end is
//! believed when its description cannot be from before the operation.

use std::time::Duration;

use shopctl_core::event::Event;
use shopctl_core::names::StackName;
use shopctl_core::status::StackStatus;
use tokio::time::Instant;

use crate::context::Work;
use crate::executor::StepError;
use crate::failure::{first_failure, is_root};
use crate::interrupt;
use crate::ports::{CloudError, CloudErrorKind, StackDescription, StackEvent};

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It creates a stack that was in review.
    Create,
    /// It updates one.
    Update,
    /// It deletes one.
    Delete,
    /// It rolls one back that stopped half way.
    Rollback,
}

/// An operation that was begun.
pub(crate) struct Operation<'a> {
    /// The stack in the project.
    pub(crate) stack: &'a StackName,
    /// Its ARN.
    pub(crate) stack_id: &'a str,
    /// What is done.
    pub(crate) kind: Kind,
    /// The stack as it was before; `None` before it was created.
    pub(crate) before: Option<&'a StackDescription>,
    /// The newest event that was there before; all that is there comes after `None`.
    pub(crate) since: Option<String>,
}

/// How an operation ended.
pub(crate) struct Followed {
    /// The stack's status.
    pub(crate) status: StackStatus,
    /// The stack; `None` when the cloud knows nothing of it any more.
    pub(crate) description: Option<StackDescription>,
    /// The operation's events as far as they were told, oldest first.
    pub(crate) events: Vec<StackEvent>,
    /// Whether the event that tells the end was among them.
    pub(crate) told: bool,
}

/// Without any event for so long the stack itself is asked.
const QUIET: Duration = Duration::from_secs(10);

/// A description that may be from before the operation is believed when it was told so often and
/// for so long, and no event speaks against it. CloudFormation is consistent within seconds.
const ENOUGH_LOOKS: u32 = 5;
const ENOUGH_TIME: Duration = Duration::from_secs(10);

/// After this time without any event a stack that is told to be at rest is believed.
const UNSEEN: Duration = Duration::from_secs(120);

/// How long the last event of an operation is waited for, with and without a cause at hand.
const CAUSED: Duration = Duration::from_secs(15);
const EXPLANATION: Duration = Duration::from_secs(90);

/// What was heard of an operation so far.
struct Heard {
    /// Whether it was seen to run: by its first event, or by its description.
    begun: bool,
    /// Events that may be of an operation before it.
    held: Vec<StackEvent>,
    events: Vec<StackEvent>,
    /// The status in which the stack's own event says that it ended.
    end: Option<StackStatus>,
    /// How often in a row the stack was told to be at that end, or not to be there, and since when.
    looks: u32,
    looked_at: Instant,
}

/// Follows an operation.
pub(crate) async fn follow(operation: Operation<'_>, work: &Work) -> Result<Followed, StepError> {
    let mut since = operation.since.clone();
    let mut heard = Heard {
        begun: false,
        held: Vec::new(),
        events: Vec::new(),
        end: None,
        looks: 0,
        looked_at: Instant::now(),
    };
    let mut pause = Pause::new();
    let mut heard_at = Instant::now();
    let mut quiet_since = heard_at;
    let mut asked = false;
    work.cancel.operation_begins(operation.stack);
    loop {
        let new = read(operation.stack_id, since.as_deref(), work).await?;
        if let Some(last) = new.last() {
            since = Some(last.event_id.clone());
            heard_at = Instant::now();
            quiet_since = heard_at;
            pause.moved();
        }
        for event in new {
            heard.hear(event, &operation, work);
        }
        if heard.end.is_some() || quiet_since.elapsed() >= QUIET {
            quiet_since = Instant::now();
            let seen = work
                .ports
                .cloudformation
                .describe(operation.stack_id)
                .await?;
            if let Some(status) = heard.look(seen.as_ref(), &operation, heard_at.elapsed(), work) {
                work.cancel.operation_followed(operation.stack);
                return Ok(Followed {
                    status,
                    description: seen,
                    events: heard.events,
                    told: heard.end.is_some(),
                });
            }
        }
        tokio::select! {
            () = tokio::time::sleep(pause.next()) => {}
            () = work.cancel.cancel_wanted(), if !asked => {
                asked = true;
                interrupt::cancel(work, operation.stack, operation.stack_id).await;
            }
        }
    }
}

/// The events of an operation that ended. Those that tell what happened may still be on their
/// way.
pub(crate) async fn explain(
    followed: &Followed,
    operation: Operation<'_>,
    work: &Work,
) -> Result<Vec<StackEvent>, StepError> {
    let caused = first_failure(&followed.events, operation.stack_id).is_some();
    if followed.told && (followed.status.is_success() || caused) {
        return Ok(followed.events.clone());
    }
    let began = Instant::now();
    let mut pause = Pause::new();
    loop {
        let mut events = read(operation.stack_id, operation.since.as_deref(), work).await?;
        let first = events.iter().rposition(|event| begins(event, &operation));
        events.drain(..first.unwrap_or_default());
        let complete = events
            .last()
            .is_some_and(|event| status_of(event, operation.stack_id).is_some_and(is_end));
        let caused = first_failure(&events, operation.stack_id).is_some();
        let waited = began.elapsed();
        // Before its first event those of an earlier operation may be told.
        let enough = first.is_some() && (complete || (caused && waited >= CAUSED));
        if enough || waited >= EXPLANATION {
            return Ok(events);
        }
        tokio::time::sleep(pause.next()).await;
    }
}

/// Events after `since`; none of a stack that the cloud no longer knows.
async fn read(
    stack_id: &str,
    since: Option<&str>,
    work: &Work,
) -> Result<Vec<StackEvent>, CloudError> {
    match work.ports.cloudformation.events(stack_id, since).await {
        Err(error) if error.kind == CloudErrorKind::NotFound => Ok(Vec::new()),
        answer => answer,
    }
}

impl Heard {
    fn hear(&mut self, event: StackEvent, operation: &Operation<'_>, work: &Work) {
        if begins(&event, operation) {
            // Whatever was told before is of an earlier operation.
            self.held.clear();
            self.events.clear();
            self.end = None;
            self.begun = true;
        } else if let Some(status) = status_of(&event, operation.stack_id) {
            self.end = Some(status).filter(|status| operation.can_end(*status));
            self.looks = 0;
        } else if self.begun {
            tell(&event, operation, work);
        } else {
            self.held.push(event.clone());
        }
        self.events.push(event);
    }

    /// Judges a description; answers the status if the operation is over.
    fn look(
        &mut self,
        seen: Option<&StackDescription>,
        operation: &Operation<'_>,
        silent: Duration,
        work: &Work,
    ) -> Option<StackStatus> {
        let Some(seen) = seen else {
            let gone = operation.kind == Kind::Delete && self.begun;
            return (self.is_enough() || gone).then_some(StackStatus::DeleteComplete);
        };
        let is_new = operation.is_new(seen);
        if !is_end(seen.status) {
            if is_new {
                self.begin(operation, work);
            }
            self.looks = 0;
            return None;
        }
        if is_new {
            return Some(seen.status);
        }
        if self.end.is_some_and(|end| same_end(end, seen.status)) {
            if self.is_enough() {
                return Some(seen.status);
            }
        } else {
            self.looks = 0;
        }
        // What would tell the end was lost, or the operation never came.
        (silent >= UNSEEN).then_some(seen.status)
    }

    /// Counts one more look at the same; whether that is enough to believe it.
    fn is_enough(&mut self) -> bool {
        if self.looks == 0 {
            self.looked_at = Instant::now();
        }
        self.looks += 1;
        self.looks >= ENOUGH_LOOKS && self.looked_at.elapsed() >= ENOUGH_TIME
    }

    /// The operation runs although its first event was not told: what was held back is its own.
    fn begin(&mut self, operation: &Operation<'_>, work: &Work) {
        if !self.begun {
            self.begun = true;
            for event in self.held.drain(..) {
                tell(&event, operation, work);
            }
        }
    }
}

impl Operation<'_> {
    /// Whether it may be over in this status. A stack that is to be deleted is not at its end where
    /// an update left it: that event is of the update, and late.
    fn can_end(&self, status: StackStatus) -> bool {
        let deleted = matches!(
            status,
            StackStatus::DeleteComplete | StackStatus::DeleteFailed
        );
        is_end(status) && (self.kind != Kind::Delete || deleted)
    }

    /// Whether a description cannot be from before the operation.
    fn is_new(&self, seen: &StackDescription) -> bool {
        match (self.kind, self.before) {
            (Kind::Create, _) => seen.status != StackStatus::ReviewInProgress,
            // Each update has a time of its own; a delete has none.
            (Kind::Update, Some(before)) if seen.last_changed != before.last_changed => true,
            (_, Some(before)) => seen.status != before.status,
            (_, None) => true,
        }
    }
}

fn tell(event: &StackEvent, operation: &Operation<'_>, work: &Work) {
    work.events.send(Event::ResourceChanged {
        stack: operation.stack.clone(),
        logical_id: event.logical_id.clone(),
        resource_type: event.resource_type.clone(),
        status: event.status.clone(),
        reason: event.reason.clone(),
    });
}

/// Whether this is the first event of such an operation.
fn begins(event: &StackEvent, operation: &Operation<'_>) -> bool {
    use StackStatus as S;
    let Some(status) = status_of(event, operation.stack_id) else {
        return false;
    };
    match operation.kind {
        Kind::Create => status == S::CreateInProgress,
        Kind::Update => status == S::UpdateInProgress,
        Kind::Delete => status == S::DeleteInProgress,
        Kind::Rollback => matches!(status, S::RollbackInProgress | S::UpdateRollbackInProgress),
    }
}

/// The status that a stack's own event tells; `None` for events of resources.
fn status_of(event: &StackEvent, stack_id: &str) -> Option<StackStatus> {
    is_root(event, stack_id)
        .then(|| event.status.parse().ok())
        .flatten()
}

/// Outputs are final and dependants may start while old resources are cleaned up.
fn is_end(status: StackStatus) -> bool {
    match status {
        StackStatus::UpdateCompleteCleanupInProgress => true,
        // What a change set makes before anything is created.
        StackStatus::ReviewInProgress => false,
        status => !status.is_in_progress(),
    }
}

fn same_end(told: StackStatus, seen: StackStatus) -> bool {
    use StackStatus::{UpdateComplete, UpdateCompleteCleanupInProgress};
    told == seen || (told == UpdateCompleteCleanupInProgress && seen == UpdateComplete)
}

/// Time between looks: short while things move, longer when nothing does. CloudFormation
/// allows about five such calls a second in an account and region.
pub(crate) struct Pause {
    current: Duration,
}

impl Pause {
    const SHORTEST: Duration = Duration::from_millis(60);
    const LONGEST: Duration = Duration::from_secs(3);

    pub(crate) fn new() -> Self {
        Self {
            current: Self::SHORTEST,
        }
    }

    /// Something moved: look again soon, but not below a second once that was reached.
    fn moved(&mut self) {
        self.current = self.current.min(Duration::from_secs(1));
    }

    pub(crate) fn next(&mut self) -> Duration {
        let now = self.current;
        self.current = (now * 3 / 2).min(Self::LONGEST);
        now
    }
}
