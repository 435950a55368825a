//! Runs a plan: starts each step as soon as those it waits for are done, skips what
//! depends on a failure, and reports every turn as an event.
//!
//! It makes no decision about what to do with a stack; see `stack.rs` for that.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use shopctl_core::event::{Event, Failure, Leftover, StackResult};
use shopctl_core::fast::FastChange;
use shopctl_core::names::StackName;
use shopctl_core::plan::{Action, Plan, StackAction, Step, StepId};
use shopctl_core::planner::Observed;
use shopctl_core::record::{SiteRecord, StackRecord};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::context::{Context, Work};
use crate::interrupt;
use crate::ports::{CloudError, CloudErrorKind};
use crate::schedule::Schedule;
use crate::{code, site, stack, teardown};

/// What came of a run.
#[derive(Debug, Clone, Default)]
pub struct RunReport {
    /// Whether any step changed anything.
    pub changed: bool,
    /// Whether any step failed.
    pub failed: bool,
    /// Whether the user stopped it.
    pub interrupted: bool,
    /// Whether a stack that failed needs a person before it can be deployed again.
    pub stuck: bool,
    /// Whether it failed because the credentials are wrong or expired.
    pub credentials: bool,
    /// Whether a guard refused a change.
    pub refused: bool,
    /// Why it failed, a line each.
    pub errors: Vec<String>,
    /// What a teardown left.
    pub leftovers: Vec<Leftover>,
    /// The stacks as they are now known to be.
    pub stacks: IndexMap<StackName, StackRecord>,
    /// Stacks whose functions run code that CloudFormation does not know of.
    pub fast: IndexMap<StackName, FastChange>,
    /// The site as it is now known to be.
    pub site: Option<SiteRecord>,
    /// Outputs of the stacks, as far as they are known.
    pub outputs: BTreeMap<StackName, IndexMap<String, String>>,
    /// The URLs by name, as far as they are known.
    pub urls: BTreeMap<String, String>,
}

/// What came of a step that worked.
pub(crate) struct Done {
    pub(crate) changed: bool,
    pub(crate) summary: String,
}

/// Why a step did not work.
pub(crate) enum StepError {
    /// The user interrupted.
    Interrupted,
    /// A stack failed; its event tells more.
    Stack(Box<Failure>),
    /// The credentials are wrong or expired: no other step can work either.
    Credentials(CloudError),
    /// A guard refused to change a stack; nothing was done to it.
    Refused(Box<Failure>),
    /// Something else failed.
    Other {
        message: String,
        hint: Option<String>,
    },
}

impl From<CloudError> for StepError {
    fn from(error: CloudError) -> Self {
        match error.kind {
            CloudErrorKind::Credentials => StepError::Credentials(error),
            _ => StepError::Other {
                message: error.to_string(),
                hint: None,
            },
        }
    }
}

enum End {
    Done { changed: bool },
    Failed { stuck: bool, refused: bool },
    NoCredentials,
    Interrupted,
}

/// Whether carrying `plan` out would change nothing but perhaps the record: no stack differs,
/// and the site is known to be as it is to be.
pub fn changes_nothing(plan: &Plan, context: &Context, observed: &Observed) -> bool {
    plan.steps.iter().all(|step| match &step.action {
        Action::DeployStack(deployment) => deployment.action == StackAction::None,
        Action::SyncSite => site::is_synced(context, observed),
        Action::CheckUrls => true,
        _ => false,
    })
}

/// Runs `plan` to its end: every step is done, failed or skipped when this returns.
pub async fn execute(plan: &Plan, context: Arc<Context>) -> RunReport {
    let work = Arc::new(Work::new(context));
    let mut report = RunReport::default();
    let mut schedule = Schedule::new(&plan.steps);
    let mut running: JoinSet<(StepId, End)> = JoinSet::new();
    let stacks = Arc::new(Semaphore::new(work.concurrency.max(1)));
    // Uploads share one uplink; more at once only makes each slower.
    let uploads = Arc::new(Semaphore::new(4));

    loop {
        if work.is_stopped() {
            for step in schedule.clear() {
                skip(step, work.halt.get(), &work);
            }
        }
        for step in schedule.ready() {
            let limit = match step.action {
                Action::Upload { .. } => uploads.clone(),
                _ => stacks.clone(),
            };
            let step = step.clone();
            let work = work.clone();
            running.spawn(async move {
                // The semaphores are never closed, so a permit always comes.
                let _permit = limit.acquire_owned().await;
                let end = run(&step, &work).await;
                (step.id, end)
            });
        }
        match running.join_next().await {
            None => break,
            Some(Ok((id, End::Done { changed }))) => {
                report.changed |= changed;
                schedule.done(&id);
            }
            Some(Ok((id, End::Failed { stuck, refused }))) => {
                report.failed = true;
                report.stuck |= stuck;
                report.refused |= refused;
                for step in schedule.lost(&id) {
                    skip(step, Some(&id), &work);
                }
            }
            Some(Ok((id, End::NoCredentials))) => {
                report.failed = true;
                report.credentials = true;
                for step in schedule.lost(&id) {
                    skip(step, Some(&id), &work);
                }
            }
            Some(Ok((id, End::Interrupted))) => {
                for step in schedule.lost(&id) {
                    skip(step, None, &work);
                }
            }
            Some(Err(panic)) => {
                // A defect of a step: nothing that depends on it may run.
                work.state.fail(format!("internal error: {panic}"));
                report.failed = true;
                work.cancel.detach();
            }
        }
    }

    report.interrupted = work.cancel.is_cancelled();
    for url in &work.urls {
        if let Some(value) = work.state.value(&url.url) {
            report.urls.insert(url.name.clone(), value);
        }
    }
    let learned = work.state.take();
    report.errors = learned.errors;
    report.leftovers = learned.leftovers;
    report.stacks = learned.stacks;
    report.fast = learned.fast;
    report.site = learned.site;
    report.outputs = learned.outputs;
    report
}

fn skip(step: &Step, cause: Option<&StepId>, work: &Work) {
    work.events.send(Event::StepSkipped {
        step: step.id.clone(),
        title: title(&step.action),
        cause: cause.cloned(),
    });
}

async fn run(step: &Step, work: &Work) -> End {
    if work.is_stopped() {
        skip(step, work.halt.get(), work);
        return End::Interrupted;
    }
    let announced = !matches!(
        step.action,
        Action::DeployStack(_) | Action::DeleteStack { .. } | Action::UpdateCode { .. }
    );
    if announced {
        work.events.send(Event::StepStarted {
            step: step.id.clone(),
            title: title(&step.action),
        });
    }
    let result = tokio::select! {
        result = act(&step.action, work) => result,
        () = work.cancel.left(stack_of(&step.action)) => Err(StepError::Interrupted),
    };
    if interrupt::tell(&step.action, &result, work) {
        return End::Interrupted;
    }
    let fail = |message: String, hint: Option<String>| {
        let title = title(&step.action);
        work.events.send(Event::StepFailed {
            step: step.id.clone(),
            title,
            message,
            hint,
        });
    };
    match result {
        Ok(done) => {
            if announced {
                work.events.send(Event::StepFinished {
                    step: step.id.clone(),
                    changed: done.changed,
                    summary: done.summary,
                });
            }
            End::Done {
                changed: done.changed,
            }
        }
        Err(StepError::Interrupted) => {
            skip(step, None, work);
            End::Interrupted
        }
        Err(StepError::Stack(failure)) => stack_failed(step, work, *failure, false),
        Err(StepError::Refused(failure)) => stack_failed(step, work, *failure, true),
        Err(StepError::Credentials(error)) => {
            let hint = "renew the credentials and run the same command again; \
                        operations that CloudFormation has begun go on without it";
            // One such error says it all.
            if work.halt.set(step.id.clone()).is_ok() {
                work.state.fail(error.to_string());
            }
            fail(error.to_string(), Some(hint.to_owned()));
            End::NoCredentials
        }
        Err(StepError::Other { message, hint }) => {
            let title = title(&step.action);
            work.state.fail(format!("{title}: {message}"));
            fail(message, hint);
            End::Failed {
                stuck: false,
                refused: false,
            }
        }
    }
}

fn stack_failed(step: &Step, work: &Work, failure: Failure, refused: bool) -> End {
    let stuck = failure
        .status
        .is_some_and(|status| status.obstacle().is_some());
    work.state.fail(one_line(&failure));
    if let Some(stack) = stack_of(&step.action) {
        work.events.send(Event::StackFailed {
            stack: stack.clone(),
            failure,
        });
    }
    End::Failed { stuck, refused }
}

/// The stack that an action is about.
pub(crate) fn stack_of(action: &Action) -> Option<&StackName> {
    match action {
        Action::DeployStack(deployment) => Some(&deployment.stack),
        Action::DeleteStack { stack, .. } | Action::UpdateCode { stack, .. } => Some(stack),
        _ => None,
    }
}

async fn act(action: &Action, work: &Work) -> Result<Done, StepError> {
    match action {
        Action::EnsureBucket => {
            let made = work.ports.objects.ensure_bucket(&work.bucket).await?;
            let verb = if made { "made" } else { "found" };
            Ok(Done {
                changed: made,
                summary: format!("{verb} {}", work.bucket),
            })
        }
        Action::Upload { key, digest, label } => {
            let body = work
                .uploads
                .0
                .get(key)
                .cloned()
                .ok_or_else(|| StepError::Other {
                    message: format!("the bytes of '{key}' are not at hand"),
                    hint: None,
                })?;
            let put = work
                .ports
                .objects
                .put_if_absent(&work.bucket, key, body, digest)
                .await?;
            let verb = if put { "uploaded" } else { "already there:" };
            Ok(Done {
                changed: put,
                summary: format!("{verb} {label}"),
            })
        }
        // Planned from what was seen a moment ago: nothing is to be asked again.
        Action::DeployStack(deployment) if deployment.action == StackAction::None => {
            work.events.send(Event::StackFinished {
                stack: deployment.stack.clone(),
                status: work.state.status(&deployment.stack),
                result: StackResult::Unchanged,
                outputs: work.state.outputs(&deployment.stack),
            });
            Ok(Done {
                changed: false,
                summary: String::new(),
            })
        }
        Action::DeployStack(deployment) => stack::deploy(deployment, work).await,
        Action::UpdateCode {
            stack,
            cloud_name,
            functions,
        } => code::update(stack, cloud_name, functions, work).await,
        Action::DeleteStack { stack, cloud_name } => {
            teardown::delete_stack(stack, cloud_name, work).await
        }
        Action::SyncSite => site::sync(work).await,
        Action::CheckUrls => site::check_urls(work).await,
        Action::DeleteLogGroups => teardown::delete_log_groups(work).await,
        Action::DeleteBucket => teardown::delete_bucket(work).await,
    }
}

/// What a step does, for people.
fn title(action: &Action) -> String {
    match action {
        Action::EnsureBucket => "artifact bucket".to_owned(),
        Action::Upload { label, .. } => format!("upload {label}"),
        Action::DeployStack(deployment) => format!("stack {}", deployment.stack),
        Action::UpdateCode { stack, .. } | Action::DeleteStack { stack, .. } => {
            format!("stack {stack}")
        }
        Action::SyncSite => "site".to_owned(),
        Action::CheckUrls => "health check".to_owned(),
        Action::DeleteLogGroups => "log groups".to_owned(),
        Action::DeleteBucket => "artifact bucket".to_owned(),
    }
}

pub(crate) fn one_line(failure: &Failure) -> String {
    match &failure.resource {
        Some(resource) => format!(
            "stack '{}': {} ({}): {}",
            failure.cloud_name, resource.logical_id, resource.resource_type, failure.reason
        ),
        None => format!("stack '{}': {}", failure.cloud_name, failure.reason),
    }
}
