//! Runs a plan: starts each step as soon as those it waits for are done, skips what
//! depends on a failure, and reports every turn as an event.
//!
//! It makes no decision about what to do with a stack; see `stack.rs` for that.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indexmap::IndexMap;
use shopctl_core::event::{Event, Failure, Leftover, StackResult};
use shopctl_core::names::{CloudStackName, EnvironmentName, StackName};
use shopctl_core::plan::{Action, Plan, PlannedValue, StackAction, Step, StepId};
use shopctl_core::planner::Observed;
use shopctl_core::record::{SiteRecord, StackRecord};
use shopctl_core::status::StackStatus;
use shopctl_core::template::RenderedTemplate;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::ports::{Body, CloudError, DeploymentMode, Ports};
use crate::site::{SiteConfigValue, SiteFile};
use crate::{site, stack, teardown};

/// Where the executor's events go.
#[derive(Debug, Clone)]
pub struct EventSender(mpsc::UnboundedSender<Event>);

impl EventSender {
    /// Sends into `channel`; whoever numbers the events reads from it.
    pub fn new(channel: mpsc::UnboundedSender<Event>) -> Self {
        Self(channel)
    }

    /// Sends an event. A reader that went away is no reason to stop a deploy.
    pub fn send(&self, event: Event) {
        let _ = self.0.send(event);
    }
}

/// Where the bytes of uploads are, by object key.
#[derive(Debug, Clone, Default)]
pub struct UploadBodies(pub BTreeMap<String, Body>);

/// The site to be synced.
#[derive(Debug, Clone)]
pub struct SiteSource {
    /// Its files.
    pub files: Vec<SiteFile>,
    /// The bucket's name.
    pub bucket: PlannedValue,
    /// The distribution's ID.
    pub distribution: Option<PlannedValue>,
    /// Name and values of the run-time configuration.
    pub config: Option<(String, IndexMap<String, SiteConfigValue>)>,
}

/// A URL to be checked.
#[derive(Debug, Clone)]
pub struct UrlCheck {
    /// Its name, for instance `site`.
    pub name: String,
    /// Its value.
    pub url: PlannedValue,
    /// Path below it that has to answer; `None` when it is only shown.
    pub check: Option<String>,
}

/// What a run does only if the user says so.
#[derive(Debug, Clone, Copy, Default)]
pub struct Consent {
    /// Go on with stacks that stopped after a failed update.
    pub retry_paused: bool,
    /// Take named resources that exist already into the stack.
    pub import_existing: bool,
    /// Leave behind what a delete could not remove.
    pub retain_failed: bool,
    /// Delete a stack in any case, whatever stays of it.
    pub force_delete: bool,
}

/// What steps share.
pub struct Context {
    /// The cloud.
    pub ports: Ports,
    /// Events go here.
    pub events: EventSender,
    /// Set when the user interrupts.
    pub cancel: CancellationToken,
    /// Identifier of the run; part of change set names and request tokens.
    pub run: String,
    /// The environment's name; the commands that failures name are for it.
    pub environment: EnvironmentName,
    /// Whether CloudFormation waits for resources to be ready.
    pub mode: DeploymentMode,
    /// What the user agreed to.
    pub consent: Consent,
    /// The bucket of artifacts and records.
    pub bucket: String,
    /// The stacks of the run in CloudFormation.
    pub cloud_names: Vec<CloudStackName>,
    /// Rendered templates.
    pub templates: BTreeMap<StackName, RenderedTemplate>,
    /// Bytes of uploads.
    pub uploads: UploadBodies,
    /// The site.
    pub site: Option<SiteSource>,
    /// URLs.
    pub urls: Vec<UrlCheck>,
    /// How long URLs may take to answer.
    pub url_deadline: Duration,
    /// Stacks that may be worked on at once.
    pub concurrency: usize,
    /// What the steps learn; begins with what was observed.
    pub state: State,
}

/// What the steps of a run learn.
#[derive(Debug, Default)]
pub struct State {
    inner: Mutex<Learned>,
}

#[derive(Debug, Default)]
struct Learned {
    outputs: BTreeMap<StackName, IndexMap<String, String>>,
    statuses: BTreeMap<StackName, StackStatus>,
    stacks: IndexMap<StackName, StackRecord>,
    site: Option<SiteRecord>,
    leftovers: Vec<Leftover>,
    errors: Vec<String>,
}

impl State {
    /// Begins with what was observed.
    pub fn new(observed: &Observed) -> Self {
        let record = observed.record.as_ref();
        let described = observed
            .stacks
            .iter()
            .map(|(stack, seen)| (stack.clone(), seen.outputs.clone()));
        Self {
            inner: Mutex::new(Learned {
                outputs: described.collect(),
                statuses: observed
                    .stacks
                    .iter()
                    .map(|(stack, seen)| (stack.clone(), seen.status))
                    .collect(),
                stacks: record
                    .map(|record| record.stacks.clone())
                    .unwrap_or_default(),
                site: record.and_then(|record| record.site.clone()),
                ..Learned::default()
            }),
        }
    }

    fn status(&self, stack: &StackName) -> Option<StackStatus> {
        self.with(|learned| learned.statuses.get(stack).copied())
    }

    fn outputs(&self, stack: &StackName) -> IndexMap<String, String> {
        self.with(|learned| learned.outputs.get(stack).cloned().unwrap_or_default())
    }

    fn with<T>(&self, change: impl FnOnce(&mut Learned) -> T) -> T {
        // A step that panicked left plain data behind; it is as good as before.
        change(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The value, if it is known by now.
    pub fn value(&self, value: &PlannedValue) -> Option<String> {
        match value {
            PlannedValue::Known(text) => Some(text.clone()),
            PlannedValue::OutputOf { stack, output } => {
                self.with(|learned| learned.outputs.get(stack)?.get(output).cloned())
            }
        }
    }

    pub(crate) fn stack_record(&self, stack: &StackName) -> Option<StackRecord> {
        self.with(|learned| learned.stacks.get(stack).cloned())
    }

    /// From here until [`State::stack_done`] the stack is not what the record says.
    pub(crate) fn stack_touched(&self, stack: &StackName) {
        self.with(|learned| {
            learned.stacks.shift_remove(stack);
            learned.outputs.remove(stack);
        });
    }

    pub(crate) fn stack_done(
        &self,
        stack: &StackName,
        outputs: IndexMap<String, String>,
        record: StackRecord,
    ) {
        self.with(|learned| {
            learned.outputs.insert(stack.clone(), outputs);
            learned.stacks.insert(stack.clone(), record);
        });
    }

    pub(crate) fn site_record(&self) -> Option<SiteRecord> {
        self.with(|learned| learned.site.clone())
    }

    pub(crate) fn set_site(&self, site: SiteRecord) {
        self.with(|learned| learned.site = Some(site));
    }

    pub(crate) fn leave(&self, leftover: Leftover) {
        self.with(|learned| learned.leftovers.push(leftover));
    }

    pub(crate) fn take_leftovers(&self) -> Vec<Leftover> {
        self.with(|learned| std::mem::take(&mut learned.leftovers))
    }

    fn fail(&self, error: String) {
        self.with(|learned| learned.errors.push(error));
    }
}

/// What came of a run.
#[derive(Debug, Default)]
pub struct RunReport {
    /// Whether any step changed anything.
    pub changed: bool,
    /// Whether any step failed.
    pub failed: bool,
    /// Whether the user stopped it.
    pub interrupted: bool,
    /// Whether a stack that failed needs a person before it can be deployed again.
    pub stuck: bool,
    /// Why it failed, a line each.
    pub errors: Vec<String>,
    /// What a teardown left.
    pub leftovers: Vec<Leftover>,
    /// The stacks as they are now known to be.
    pub stacks: IndexMap<StackName, StackRecord>,
    /// The site as it is now known to be.
    pub site: Option<SiteRecord>,
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
    /// Something else failed.
    Other {
        message: String,
        hint: Option<String>,
    },
}

impl From<CloudError> for StepError {
    fn from(error: CloudError) -> Self {
        StepError::Other {
            message: error.to_string(),
            hint: None,
        }
    }
}

enum End {
    Done { changed: bool },
    Failed { stuck: bool },
    Interrupted,
}

/// Runs `plan` to its end: every step is done, failed or skipped when this returns.
pub async fn execute(plan: &Plan, context: Arc<Context>) -> RunReport {
    let mut report = RunReport::default();
    let mut waiting: Vec<&Step> = plan.steps.iter().collect();
    let mut done: BTreeSet<StepId> = BTreeSet::new();
    // Steps that will never be done, each with the failure that is to blame.
    let mut lost: BTreeMap<StepId, Option<StepId>> = BTreeMap::new();
    let mut running: JoinSet<(StepId, End)> = JoinSet::new();
    let stacks = Arc::new(Semaphore::new(context.concurrency.max(1)));
    // Uploads share one uplink; more at once only makes each slower.
    let uploads = Arc::new(Semaphore::new(4));

    loop {
        let mut still_waiting = Vec::new();
        for step in waiting {
            let cause = step.after.iter().find_map(|id| lost.get(id));
            if context.cancel.is_cancelled() || cause.is_some() {
                let cause = cause.cloned().flatten();
                context.events.send(Event::StepSkipped {
                    step: step.id.clone(),
                    title: title(&step.action),
                    cause: cause.clone(),
                });
                lost.insert(step.id.clone(), cause);
            } else if step.after.iter().all(|id| done.contains(id)) {
                let limit = match step.action {
                    Action::Upload { .. } => uploads.clone(),
                    _ => stacks.clone(),
                };
                let step = step.clone();
                let context = context.clone();
                running.spawn(async move {
                    // The semaphores are never closed, so a permit always comes.
                    let _permit = limit.acquire_owned().await;
                    let end = run(&step, &context).await;
                    (step.id, end)
                });
            } else {
                still_waiting.push(step);
            }
        }
        waiting = still_waiting;

        match running.join_next().await {
            None => break,
            Some(Ok((id, End::Done { changed }))) => {
                report.changed |= changed;
                done.insert(id);
            }
            Some(Ok((id, End::Failed { stuck }))) => {
                report.failed = true;
                report.stuck |= stuck;
                lost.insert(id.clone(), Some(id));
            }
            Some(Ok((id, End::Interrupted))) => {
                lost.insert(id, None);
            }
            Some(Err(panic)) => {
                // A defect of a step: nothing that depends on it may run.
                context.state.fail(format!("internal error: {panic}"));
                report.failed = true;
                context.cancel.cancel();
            }
        }
    }

    report.interrupted = context.cancel.is_cancelled();
    context.state.with(|learned| {
        report.errors.append(&mut learned.errors);
        report.leftovers.append(&mut learned.leftovers);
        report.stacks = std::mem::take(&mut learned.stacks);
        report.site = learned.site.take();
    });
    for url in &context.urls {
        if let Some(value) = context.state.value(&url.url) {
            report.urls.insert(url.name.clone(), value);
        }
    }
    report
}

async fn run(step: &Step, context: &Context) -> End {
    if context.cancel.is_cancelled() {
        context.events.send(Event::StepSkipped {
            step: step.id.clone(),
            title: title(&step.action),
            cause: None,
        });
        return End::Interrupted;
    }
    let announced = !matches!(
        step.action,
        Action::DeployStack(_) | Action::DeleteStack { .. }
    );
    if announced {
        context.events.send(Event::StepStarted {
            step: step.id.clone(),
            title: title(&step.action),
        });
    }
    let result = tokio::select! {
        result = act(&step.action, context) => result,
        () = context.cancel.cancelled() => Err(StepError::Interrupted),
    };
    match result {
        Ok(done) => {
            if announced {
                context.events.send(Event::StepFinished {
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
            context.events.send(Event::StepSkipped {
                step: step.id.clone(),
                title: title(&step.action),
                cause: None,
            });
            End::Interrupted
        }
        Err(StepError::Stack(failure)) => {
            let stuck = failure
                .status
                .is_some_and(|status| status.obstacle().is_some());
            context.state.fail(one_line(&failure));
            if let Action::DeployStack(deployment) = &step.action {
                context.events.send(Event::StackFailed {
                    stack: deployment.stack.clone(),
                    failure: *failure,
                });
            } else if let Action::DeleteStack { stack, .. } = &step.action {
                context.events.send(Event::StackFailed {
                    stack: stack.clone(),
                    failure: *failure,
                });
            }
            End::Failed { stuck }
        }
        Err(StepError::Other { message, hint }) => {
            context
                .state
                .fail(format!("{}: {message}", title(&step.action)));
            context.events.send(Event::StepFailed {
                step: step.id.clone(),
                title: title(&step.action),
                message,
                hint,
            });
            End::Failed { stuck: false }
        }
    }
}

async fn act(action: &Action, context: &Context) -> Result<Done, StepError> {
    match action {
        Action::EnsureBucket => {
            let made = context.ports.objects.ensure_bucket(&context.bucket).await?;
            let verb = if made { "made" } else { "found" };
            Ok(Done {
                changed: made,
                summary: format!("{verb} {}", context.bucket),
            })
        }
        Action::Upload { key, digest, label } => {
            let body = context
                .uploads
                .0
                .get(key)
                .cloned()
                .ok_or_else(|| StepError::Other {
                    message: format!("the bytes of '{key}' are not at hand"),
                    hint: None,
                })?;
            let put = context
                .ports
                .objects
                .put_if_absent(&context.bucket, key, body, digest)
                .await?;
            let verb = if put { "uploaded" } else { "already there:" };
            Ok(Done {
                changed: put,
                summary: format!("{verb} {label}"),
            })
        }
        // Planned from what was seen a moment ago: nothing is to be asked again.
        Action::DeployStack(deployment) if deployment.action == StackAction::None => {
            context.events.send(Event::StackFinished {
                stack: deployment.stack.clone(),
                status: context.state.status(&deployment.stack),
                result: StackResult::Unchanged,
                outputs: context.state.outputs(&deployment.stack),
            });
            Ok(Done {
                changed: false,
                summary: String::new(),
            })
        }
        Action::DeployStack(deployment) => stack::deploy(deployment, context).await,
        Action::DeleteStack { stack, cloud_name } => {
            teardown::delete_stack(stack, cloud_name, context).await
        }
        Action::SyncSite => site::sync(context).await,
        Action::CheckUrls => site::check_urls(context).await,
        Action::DeleteLogGroups => teardown::delete_log_groups(context).await,
        Action::DeleteBucket => teardown::delete_bucket(context).await,
    }
}

/// What a step does, for people.
fn title(action: &Action) -> String {
    match action {
        Action::EnsureBucket => "artifact bucket".to_owned(),
        Action::Upload { label, .. } => format!("upload {label}"),
        Action::DeployStack(deployment) => format!("stack {}", deployment.stack),
        Action::DeleteStack { stack, .. } => format!("stack {stack}"),
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
