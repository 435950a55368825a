//! Follows a running operation by its events until the stack itself reports an end.

use std::time::Duration;

use shopctl_core::event::Event;
use shopctl_core::names::StackName;
use shopctl_core::status::StackStatus;

use crate::executor::{Context, StepError};
use crate::failure::is_root;
use crate::ports::StackEvent;

/// How an operation ended.
pub(crate) struct Followed {
    /// The status that the stack reported.
    pub(crate) status: StackStatus,
    /// The operation's events, oldest first.
    pub(crate) events: Vec<StackEvent>,
}

/// Follows the operation that began after the event `since`.
///
/// The stack's own event tells the end; a look at the stack itself now and then covers
/// events that are late or were missed.
pub(crate) async fn follow(
    context: &Context,
    stack: &StackName,
    stack_id: &str,
    since: Option<String>,
) -> Result<Followed, StepError> {
    let mut since = since;
    let mut seen: Vec<StackEvent> = Vec::new();
    let mut pause = Pause::new();
    let mut quiet_rounds = 0;
    loop {
        let new = context
            .ports
            .cloudformation
            .events(stack_id, since.as_deref())
            .await?;
        if let Some(last) = new.last() {
            since = Some(last.event_id.clone());
            quiet_rounds = 0;
            pause.moved();
        } else {
            quiet_rounds += 1;
        }
        let mut end = None;
        for event in new {
            if is_root(&event, stack_id) {
                end = event
                    .status
                    .parse::<StackStatus>()
                    .ok()
                    .filter(|status| is_end(*status));
            } else {
                context.events.send(Event::ResourceChanged {
                    stack: stack.clone(),
                    logical_id: event.logical_id.clone(),
                    resource_type: event.resource_type.clone(),
                    status: event.status.clone(),
                    reason: event.reason.clone(),
                });
            }
            seen.push(event);
        }
        if let Some(status) = end {
            return Ok(Followed {
                status,
                events: seen,
            });
        }
        if quiet_rounds >= 3 {
            quiet_rounds = 0;
            let status = match context.ports.cloudformation.describe(stack_id).await? {
                Some(description) => description.status,
                None => StackStatus::DeleteComplete,
            };
            // REVIEW_IN_PROGRESS after an execution is a stale read.
            if is_end(status) && status != StackStatus::ReviewInProgress {
                return Ok(Followed {
                    status,
                    events: seen,
                });
            }
        }
        tokio::time::sleep(pause.next()).await;
    }
}

/// Outputs are final and dependants may start while old resources are cleaned up.
fn is_end(status: StackStatus) -> bool {
    !status.is_in_progress() || status == StackStatus::UpdateCompleteCleanupInProgress
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
