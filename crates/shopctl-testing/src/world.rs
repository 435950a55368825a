//! The state of the cloud and its time line: what happens by itself, and when.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::Arc;
use std::time::Duration;

use shopctl_core::names::ArtifactDigest;
use shopctl_core::names::LogicalId;
use shopctl_core::status::StackStatus;
use shopctl_deploy::ports::{FunctionState, StackDescription, StackEvent};

use crate::call::Traffic;
use crate::refusal::Refusal;
use crate::settings::{EventDelivery, ResourceFault, Settings};
use crate::stack::{Stack, StoredEvent};
use crate::storage::Storage;
use crate::template::Template;

/// The type of a stack's own events.
pub(crate) const STACK_TYPE: &str = "AWS::CloudFormation::Stack";

/// Something that happens by itself at some time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Occurrence {
    /// The phase of an operation begins with its resources.
    PhaseBegins { stack: String, operation: u64 },
    /// A resource of the phase is done, or fails.
    JobEnds {
        stack: String,
        operation: u64,
        phase: u32,
        logical_id: String,
    },
    /// A change set was computed.
    ChangeSetComputed { stack: String, change_set: String },
    /// A change set is gone.
    ChangeSetGone { stack: String, change_set: String },
}

/// Something that exists in the account, whoever made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Physical {
    /// Its type.
    pub resource_type: String,
    /// Its physical ID.
    pub physical_id: String,
    /// Name of the stack that it belongs to; `None` when no stack owns it any more.
    pub stack: Option<String>,
    /// Its logical ID in that stack.
    pub logical_id: String,
}

/// Everything there is.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) now: Duration,
    pub(crate) settings: Settings,
    pub(crate) traffic: Traffic,
    /// By ARN, in the order in which they were made.
    pub(crate) stacks: indexmap::IndexMap<String, Stack>,
    pub(crate) faults: Vec<ResourceFault>,
    pub(crate) storage: Storage,
    pub(crate) functions: BTreeMap<String, FunctionState>,
    /// Published versions with the digests of their code, by function.
    pub(crate) published: BTreeMap<String, BTreeMap<u64, ArtifactDigest>>,
    /// Versions that an alias leads to, by function.
    pub(crate) used_versions: BTreeMap<String, BTreeSet<u64>>,
    /// Keys of code that was put directly into functions, by their physical IDs.
    pub(crate) direct_code: BTreeMap<String, String>,
    pub(crate) log_groups: BTreeSet<String>,
    pub(crate) invalidations: BTreeMap<String, (String, Vec<String>)>,
    pub(crate) urls: BTreeMap<String, u16>,
    /// By type and physical ID.
    pub(crate) inventory: BTreeMap<(String, String), Physical>,
    /// How often each resource was made: stack's name, logical ID.
    pub(crate) made: BTreeMap<(String, String), u32>,
    tokens: BTreeMap<String, String>,
    templates: BTreeMap<String, Arc<Template>>,
    agenda: BinaryHeap<Reverse<(Duration, u64, Occurrence)>>,
    sequence: u64,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            now: Duration::ZERO,
            settings: Settings::default(),
            traffic: Traffic::new(seed),
            stacks: indexmap::IndexMap::new(),
            faults: Vec::new(),
            storage: Storage::default(),
            functions: BTreeMap::new(),
            published: BTreeMap::new(),
            used_versions: BTreeMap::new(),
            direct_code: BTreeMap::new(),
            log_groups: BTreeSet::new(),
            invalidations: BTreeMap::new(),
            urls: BTreeMap::new(),
            inventory: BTreeMap::new(),
            made: BTreeMap::new(),
            tokens: BTreeMap::new(),
            templates: BTreeMap::new(),
            agenda: BinaryHeap::new(),
            sequence: 0,
        }
    }

    /// A number that was not used before.
    pub(crate) fn serial(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// Has something happen after a while.
    pub(crate) fn schedule(&mut self, after: Duration, occurrence: Occurrence) {
        let number = self.serial();
        self.agenda
            .push(Reverse((self.now + after, number, occurrence)));
    }

    /// Lets happen what is due by `time`.
    pub(crate) fn advance(&mut self, time: Duration) {
        while let Some(Reverse((due, _, _))) = self.agenda.peek() {
            if *due > time {
                break;
            }
            if let Some(Reverse((due, _, occurrence))) = self.agenda.pop() {
                // What was scheduled in the past happens now.
                self.now = self.now.max(due);
                self.happen(occurrence);
            }
        }
        self.now = self.now.max(time);
    }

    /// When the next thing happens.
    pub(crate) fn next_occurrence(&self) -> Option<Duration> {
        self.agenda.peek().map(|Reverse((due, _, _))| *due)
    }

    fn happen(&mut self, occurrence: Occurrence) {
        match occurrence {
            Occurrence::PhaseBegins { stack, operation } => self.phase_begins(&stack, operation),
            Occurrence::JobEnds {
                stack,
                operation,
                phase,
                logical_id,
            } => self.job_ends(&stack, operation, phase, &logical_id),
            Occurrence::ChangeSetComputed { stack, change_set } => {
                self.change_set_computed(&stack, &change_set);
            }
            Occurrence::ChangeSetGone { stack, change_set } => {
                if let Some(stack) = self.stacks.get_mut(&stack) {
                    stack.change_sets.retain(|set| set.id != change_set);
                }
            }
        }
    }

    /// A stack by name, if it is not deleted, or by ARN.
    pub(crate) fn find(&self, stack: &str) -> Option<&Stack> {
        if stack.starts_with("arn:") {
            return self.stacks.get(stack);
        }
        self.stacks
            .values()
            .find(|candidate| candidate.name == stack && !candidate.is_deleted())
    }

    /// What `DescribeStacks` tells, which may be what was true before.
    pub(crate) fn describe(&mut self, stack: &str) -> Option<StackDescription> {
        let lag = u64::try_from(self.settings.read_lag.as_millis()).unwrap_or_default();
        let ago = match lag {
            0 => 0,
            _ => self.traffic.random.below(lag + 1),
        };
        let time = self.now.saturating_sub(Duration::from_millis(ago));
        let stale = self.settings.stale_reads > 0;
        let id = self.find_at(stack, time)?;
        let found = self.stacks.get_mut(&id)?;
        if stale && found.stale_left > 0 {
            found.stale_left -= 1;
            return found.described_before.clone();
        }
        found.description_at(time)
    }

    /// ARN of the stack that a name meant at some time.
    fn find_at(&self, stack: &str, time: Duration) -> Option<String> {
        if stack.starts_with("arn:") {
            return self.find_id(stack);
        }
        let mut named = self.stacks.values().filter(|found| found.name == stack);
        named
            .rfind(|found| {
                found
                    .description_at(time)
                    .is_some_and(|told| told.status != StackStatus::DeleteComplete)
            })
            .map(|found| found.id.clone())
    }

    /// ARN of a stack by name or ARN.
    pub(crate) fn find_id(&self, stack: &str) -> Option<String> {
        self.find(stack).map(|stack| stack.id.clone())
    }

    /// The name of a stack given by name or ARN.
    pub(crate) fn name_of(&self, stack: &str) -> String {
        match self.stacks.get(stack) {
            Some(stack) => stack.name.clone(),
            None => stack.to_owned(),
        }
    }

    /// A template that was read; each text is read once.
    pub(crate) fn read_template(&mut self, body: &str) -> Result<Arc<Template>, Refusal> {
        let key = shopctl_core::record::digest(body.as_bytes());
        if let Some(template) = self.templates.get(&key) {
            return Ok(template.clone());
        }
        let template = Arc::new(Template::parse(body)?);
        self.templates.insert(key, template.clone());
        Ok(template)
    }

    /// Gives a stack a status, with the event that tells it.
    pub(crate) fn transition(&mut self, stack: &str, status: StackStatus, reason: Option<&str>) {
        let stale = self.settings.stale_reads;
        if let Some(stack) = self.stacks.get_mut(stack) {
            stack.described_before = stack.told.take();
            stack.stale_left = stale;
            stack.status = status;
            stack.reason = reason.map(str::to_owned);
            let description = stack.description();
            stack.descriptions.push((self.now, description.clone()));
            stack.told = Some(description);
        }
        self.tell_stack(stack, status, reason);
    }

    fn tell_stack(&mut self, stack: &str, status: StackStatus, reason: Option<&str>) {
        let Some(found) = self.stacks.get(stack) else {
            return;
        };
        let (name, id) = (found.name.clone(), found.id.clone());
        self.tell(stack, &name, Some(id), STACK_TYPE, status.as_str(), reason);
    }

    /// Adds an event.
    pub(crate) fn tell(
        &mut self,
        stack: &str,
        logical_id: &str,
        physical_id: Option<String>,
        resource_type: &str,
        status: &str,
        reason: Option<&str>,
    ) {
        let number = self.serial();
        let visible = self.visible_from(number);
        let event = StackEvent {
            event_id: format!("{logical_id}-{status}-{number}"),
            logical_id: LogicalId::new(logical_id),
            physical_id,
            resource_type: resource_type.to_owned(),
            status: status.to_owned(),
            reason: reason.map(str::to_owned),
        };
        if let Some(stack) = self.stacks.get_mut(stack) {
            stack.events.push(StoredEvent { event, visible });
        }
    }

    fn visible_from(&self, number: u64) -> Duration {
        let EventDelivery {
            lag,
            burst,
            straggler,
        } = self.settings.events;
        let mut visible = self.now + lag;
        if let Some(burst) = burst.filter(|burst| !burst.is_zero()) {
            let step = burst.as_nanos();
            let steps = visible.as_nanos().div_ceil(step);
            visible = Duration::from_nanos(u64::try_from(steps * step).unwrap_or(u64::MAX));
        }
        if let Some((every, later)) = straggler
            && number.is_multiple_of(every.max(1))
        {
            visible += later;
        }
        visible
    }

    /// Whether the same request succeeded with this token before.
    pub(crate) fn knows(&self, token: &str, request: &str) -> Result<bool, Refusal> {
        match self.tokens.get(token) {
            Some(known) if known == request => Ok(true),
            Some(_) => Err(Refusal::new(
                "TokenAlreadyExistsException",
                format!("A request with token {token} already exists with other parameters"),
            )),
            None => Ok(false),
        }
    }

    /// Notes the token of a request that succeeded.
    pub(crate) fn remember(&mut self, token: &str, request: String) {
        self.tokens.insert(token.to_owned(), request);
    }

    /// All exports: name to value.
    pub(crate) fn exports(&self) -> BTreeMap<String, String> {
        self.stacks
            .values()
            .filter(|stack| !stack.is_deleted())
            .flat_map(|stack| stack.exports.clone())
            .collect()
    }

    /// Names of the stacks that import an export.
    pub(crate) fn importers(&self, export: &str) -> Vec<String> {
        self.stacks
            .values()
            .filter(|stack| !stack.is_deleted() && stack.imports.contains(export))
            .map(|stack| stack.name.clone())
            .collect()
    }
}
