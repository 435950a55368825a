//! What the steps of a run share: the cloud, templates, bytes, and what they learn.
//!
//! No step is run here.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use indexmap::IndexMap;
use shopctl_core::event::{Event, Leftover};
use shopctl_core::fast::FastChange;
use shopctl_core::names::{CloudStackName, EnvironmentName, StackName};
use shopctl_core::plan::{PlannedValue, StepId};
use shopctl_core::planner::Observed;
use shopctl_core::record::{SiteRecord, StackRecord, digest};
use shopctl_core::status::StackStatus;
use shopctl_core::template::RenderedTemplate;
use tokio::sync::mpsc;

use crate::guard::Rules;
use crate::interrupt::Interrupt;
use crate::lock::Lease;
use crate::patience::patient;
use crate::ports::{Body, DeploymentMode, Ports};
use crate::site::{SiteConfigValue, SiteFile};

/// Hears of events.
type Observer = Arc<dyn Fn(&Event) + Send + Sync>;

/// Where the executor's events go.
#[derive(Clone)]
pub struct EventSender {
    channel: mpsc::UnboundedSender<Event>,
    observer: Option<Observer>,
}

impl EventSender {
    /// Sends into `channel`; whoever numbers the events reads from it.
    pub fn new(channel: mpsc::UnboundedSender<Event>) -> Self {
        Self {
            channel,
            observer: None,
        }
    }

    /// Has `observer` hear of each event at the moment when it is sent.
    #[must_use]
    pub fn observed_by(mut self, observer: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Sends an event. A reader that went away is no reason to stop a deploy.
    pub fn send(&self, event: Event) {
        if let Some(observer) = &self.observer {
            observer(&event);
        }
        let _ = self.channel.send(event);
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
    pub cancel: Interrupt,
    /// The command that waits for what an interrupted run leaves to CloudFormation, and goes on.
    pub attach: String,
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
    /// ARNs of the roles that CloudFormation takes on, of stacks for which one is named.
    pub service_roles: BTreeMap<StackName, String>,
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
    /// How long a cloud that answered before is waited for when it does not answer any more.
    pub silence: Duration,
    /// Stacks that may be worked on at once.
    pub concurrency: usize,
    /// What may be done to stacks.
    pub rules: Rules,
    /// What the steps learn; begins with what was observed.
    pub state: State,
    /// The environment's lock, when the run holds it.
    pub lease: Option<Arc<Lease>>,
}

/// What the steps of a run learn.
#[derive(Debug, Default)]
pub struct State {
    inner: Mutex<Learned>,
}

#[derive(Debug, Default)]
pub(crate) struct Learned {
    pub(crate) outputs: BTreeMap<StackName, IndexMap<String, String>>,
    statuses: BTreeMap<StackName, StackStatus>,
    pub(crate) stacks: IndexMap<StackName, StackRecord>,
    pub(crate) fast: IndexMap<StackName, FastChange>,
    pub(crate) site: Option<SiteRecord>,
    site_listing: Option<(String, BTreeMap<String, String>)>,
    pub(crate) leftovers: Vec<Leftover>,
    pub(crate) errors: Vec<String>,
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
                fast: record.map(|record| record.fast.clone()).unwrap_or_default(),
                site: record.and_then(|record| record.site.clone()),
                site_listing: observed.site.clone(),
                ..Learned::default()
            }),
        }
    }

    pub(crate) fn status(&self, stack: &StackName) -> Option<StackStatus> {
        self.with(|learned| learned.statuses.get(stack).copied())
    }

    pub(crate) fn outputs(&self, stack: &StackName) -> IndexMap<String, String> {
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

    /// What a fast deploy put into functions of the stack.
    pub(crate) fn fast(&self, stack: &StackName) -> Option<FastChange> {
        self.with(|learned| learned.fast.get(stack).cloned())
    }

    pub(crate) fn set_fast(&self, stack: &StackName, change: Option<FastChange>) {
        self.with(|learned| match change {
            Some(change) => learned.fast.insert(stack.clone(), change),
            None => learned.fast.shift_remove(stack),
        });
    }

    pub(crate) fn site_record(&self) -> Option<SiteRecord> {
        self.with(|learned| learned.site.clone())
    }

    /// What the site's bucket held when the run looked, once: later looks have to be new.
    pub(crate) fn take_site_listing(&self, bucket: &str) -> Option<BTreeMap<String, String>> {
        let (listed, objects) = self.with(|learned| learned.site_listing.take())?;
        (listed == bucket).then_some(objects)
    }

    pub(crate) fn set_site(&self, site: SiteRecord) {
        self.with(|learned| learned.site = Some(site));
    }

    pub(crate) fn leave(&self, leftover: Leftover) {
        self.with(|learned| learned.leftovers.push(leftover));
    }

    pub(crate) fn fail(&self, error: String) {
        self.with(|learned| learned.errors.push(error));
    }

    /// What was learned, at the end of a run.
    pub(crate) fn take(&self) -> Learned {
        self.with(std::mem::take)
    }
}

/// A context at work: its ports wait for a cloud that is out of reach for a while.
pub(crate) struct Work {
    pub(crate) ports: Ports,
    /// The step after whose failure nothing else can work.
    pub(crate) halt: OnceLock<StepId>,
    context: Arc<Context>,
}

impl Work {
    /// Whoever has a context has observed the cloud, so it was reached.
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self {
            ports: patient(&context.ports, &context.cancel, Some(context.silence)),
            halt: OnceLock::new(),
            context,
        }
    }

    /// Whether no more steps may begin: the user interrupted, or nothing can work.
    pub(crate) fn is_stopped(&self) -> bool {
        self.cancel.is_cancelled() || self.halt.get().is_some()
    }

    /// ARN of the role that CloudFormation is to take on for a stack.
    pub(crate) fn service_role(&self, stack: &StackName) -> Option<&str> {
        self.service_roles.get(stack).map(String::as_str)
    }

    /// A request token: the same for the same request of this run on this stack, and for no
    /// other, so that asking twice is asking once. Tokens have at most 128 characters, fewer
    /// than a stack's ARN may have.
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteChangeSet.html>
    pub(crate) fn token(&self, stack_id: &str, purpose: &str) -> String {
        let mut digest = digest(format!("{stack_id} {purpose}").as_bytes());
        digest.truncate(16);
        format!("{}-{digest}", self.run)
    }
}

impl Deref for Work {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.context
    }
}
