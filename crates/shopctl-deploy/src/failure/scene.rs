//! Finds the resource that failed by itself: in the events of the operation, in those of the
//! checks before it, and down in nested stacks.

use shopctl_core::cause::{self, Cause, Lead, Place};
use shopctl_core::event::{Detail, Diagnosis, FailedResource, Failure};
use shopctl_core::names::{CloudStackName, LogicalId};
use shopctl_core::status::StackStatus;
use shopctl_core::template::RenderedTemplate;

use super::choose;
use super::leads::lacking;
use crate::ports::{
    ChangeSetId, CloudError, CloudErrorKind, EventScope, OperationEvent, OperationEventKind, Ports,
    StackEvent,
};

/// Nested stacks that are followed; CloudFormation itself allows few more.
const DEPTH: usize = 8;

const STACK: &str = "AWS::CloudFormation::Stack";

/// A stack that something went wrong with.
pub(crate) struct Scene<'a> {
    pub(crate) ports: &'a Ports,
    pub(crate) environment: &'a str,
    pub(crate) stack: &'a str,
    pub(crate) cloud_name: &'a CloudStackName,
    pub(crate) template: Option<&'a RenderedTemplate>,
}

/// A resource that failed, with its reason.
#[derive(Debug, Clone)]
pub(super) struct Culprit {
    pub(super) logical_id: LogicalId,
    physical_id: Option<String>,
    resource_type: String,
    reason: String,
}

impl From<&StackEvent> for Culprit {
    fn from(event: &StackEvent) -> Self {
        Self {
            logical_id: event.logical_id.clone(),
            physical_id: event.physical_id.clone(),
            resource_type: event.resource_type.clone(),
            reason: event
                .reason
                .clone()
                .unwrap_or_else(|| format!("ended in {} without a reason", event.status)),
        }
    }
}

impl Culprit {
    fn told(event: &OperationEvent) -> Option<Self> {
        Some(Self {
            logical_id: event.logical_id.clone()?,
            physical_id: event.physical_id.clone(),
            resource_type: event.resource_type.clone().unwrap_or_default(),
            reason: event.reason.clone().unwrap_or_else(|| {
                let status = event.status.as_deref().unwrap_or("a failure");
                format!("ended in {status} without a reason")
            }),
        })
    }
}

/// A failure that needs no looking up.
pub(crate) fn plain(
    cloud_name: &CloudStackName,
    status: Option<StackStatus>,
    reason: impl Into<String>,
    hint: Option<String>,
) -> Failure {
    Failure {
        cloud_name: cloud_name.clone(),
        status,
        resource: None,
        reason: reason.into(),
        hint,
        diagnosis: None,
    }
}

impl Scene<'_> {
    /// Why an operation failed that ended in `status`; `events` are its own, oldest first,
    /// or none when somebody else began it.
    pub(crate) async fn operation(
        &self,
        stack_id: &str,
        status: StackStatus,
        events: &[StackEvent],
    ) -> Failure {
        let mut found = Diagnosis::default();
        let mut culprit = choose::first_failure(events, stack_id).map(Culprit::from);
        let mut reason = choose::stack_reason(events, stack_id);
        if culprit.is_none() {
            // What stopped before it touched a resource only points to these events.
            culprit = self.ask_for_culprit(stack_id, &mut found).await;
        }
        if culprit.is_none() && reason.is_none() {
            // Its own account needs no permission that the run did not need anyway.
            match self.ports.cloudformation.events(stack_id, None).await {
                Ok(all) => {
                    culprit = choose::first_failure(&all, stack_id).map(Culprit::from);
                    reason = choose::stack_reason(&all, stack_id);
                }
                Err(error) => found.unknown.push(error.to_string()),
            }
        }
        if culprit.is_none() && reason.is_none() {
            let described = self.ports.cloudformation.describe(stack_id).await;
            reason = described
                .ok()
                .flatten()
                .and_then(|stack| stack.status_reason);
        }
        let mut holder = stack_id.to_owned();
        if let Some(outer) = culprit.take() {
            let (inner, stack) = self.descend(outer, stack_id, &mut found).await;
            culprit = Some(inner);
            holder = stack;
        }
        let reason = match &culprit {
            Some(culprit) => culprit.reason.clone(),
            None => reason.unwrap_or_else(|| format!("the operation ended in {status}")),
        };
        let hint = self
            .diagnose(&reason, culprit.as_ref(), &holder, None, &mut found)
            .await;
        if status == StackStatus::UpdateRollbackFailed {
            self.what_stumbled(stack_id, events, &mut found).await;
        }
        let hint = match status.obstacle() {
            Some(obstacle) => obstacle.hint(self.environment, self.stack),
            None => hint,
        };
        Failure {
            cloud_name: self.cloud_name.clone(),
            status: Some(status),
            resource: culprit.map(|culprit| self.failed_resource(culprit, &found.within)),
            reason,
            hint: Some(hint),
            diagnosis: Some(Box::new(found)),
        }
    }

    /// Why a change set could not be made.
    pub(crate) async fn change_set(&self, id: &ChangeSetId, reason: &str) -> Failure {
        let mut found = Diagnosis::default();
        let mut culprit = None;
        let cause = cause::recognise(reason, self.place());
        let lead = cause.as_ref().and_then(|cause| cause.lead.clone());
        let mut checked = id.change_set.clone();
        if let Some(Lead::NestedChangeSet { change_set }) = lead {
            checked = change_set;
        }
        // Only checks before the operation say more than the reason does.
        if cause.as_ref().is_some_and(|cause| {
            matches!(
                cause.lead,
                Some(Lead::Validation | Lead::Hooks | Lead::NestedChangeSet { .. })
            )
        }) {
            match self
                .ports
                .investigation
                .failed_events(EventScope::ChangeSet(&checked))
                .await
            {
                Ok(events) => culprit = self.checks(&events.iter().collect::<Vec<_>>(), &mut found),
                Err(error) => found
                    .unknown
                    .push(lacking(&error, "cloudformation:DescribeEvents")),
            }
        }
        let hint = self
            .diagnose(
                reason,
                culprit.as_ref(),
                &id.stack,
                Some(&checked),
                &mut found,
            )
            .await;
        // A check names the cause better than the line that says there was one.
        let hint = match culprit
            .as_ref()
            .and_then(|c| cause::recognise(&c.reason, self.place()))
        {
            Some(inner) => {
                let explanation = inner.explanation.clone();
                if let Some(Lead::Owner { identifier }) = &inner.lead {
                    let identifier = identifier.clone();
                    self.owner(&identifier, &mut found).await;
                }
                found.kind = Some(inner.kind);
                found.explanation = Some(explanation);
                inner.next
            }
            None => hint,
        };
        Failure {
            cloud_name: self.cloud_name.clone(),
            status: None,
            reason: match &culprit {
                Some(culprit) => culprit.reason.clone(),
                None => reason.to_owned(),
            },
            resource: culprit.map(|culprit| self.failed_resource(culprit, &found.within)),
            hint: Some(hint),
            diagnosis: Some(Box::new(found)),
        }
    }

    /// Why a request was refused.
    pub(crate) async fn request(&self, error: &CloudError, status: Option<StackStatus>) -> Failure {
        let mut found = Diagnosis::default();
        let hint = self
            .diagnose(
                &error.message,
                None,
                self.cloud_name.as_str(),
                None,
                &mut found,
            )
            .await;
        Failure {
            cloud_name: self.cloud_name.clone(),
            status,
            resource: None,
            reason: error.to_string(),
            hint: Some(hint),
            diagnosis: Some(Box::new(found)),
        }
    }

    pub(super) fn place(&self) -> Place<'_> {
        Place {
            environment: self.environment,
            stack: self.stack,
            cloud_name: self.cloud_name.as_str(),
        }
    }

    /// The resource, with the place that declares it, or else the place of the nested stack
    /// that has it; `within` are the nested stacks that lead to it.
    fn failed_resource(&self, culprit: Culprit, within: &[LogicalId]) -> FailedResource {
        let mut path: Vec<&str> = within.iter().map(LogicalId::as_str).collect();
        path.push(culprit.logical_id.as_str());
        let declared = self
            .template
            .and_then(|template| template.resources.get(path[0]));
        let location = self
            .template
            .and_then(|template| template.nested.get(&path.join(".")).cloned())
            .or_else(|| declared.map(|resource| resource.location.clone()));
        FailedResource {
            location,
            logical_id: culprit.logical_id,
            resource_type: culprit.resource_type,
        }
    }

    /// The culprit as `DescribeEvents` tells it.
    async fn ask_for_culprit(&self, stack_id: &str, found: &mut Diagnosis) -> Option<Culprit> {
        let events = self
            .ports
            .investigation
            .failed_events(EventScope::Stack(stack_id))
            .await;
        match events {
            Ok(events) => {
                let attempt = choose::of_last_attempt(&events);
                self.checks(&attempt, found);
                choose::first_cause(&attempt, stack_id).and_then(Culprit::told)
            }
            Err(error) if error.kind == CloudErrorKind::AccessDenied => {
                found
                    .unknown
                    .push(lacking(&error, "cloudformation:DescribeEvents"));
                None
            }
            // Not every endpoint offers it; the stack's events tell it as well.
            Err(_) => None,
        }
    }

    /// Goes down from a nested stack that failed to the resource that did.
    async fn descend(
        &self,
        outer: Culprit,
        stack_id: &str,
        found: &mut Diagnosis,
    ) -> (Culprit, String) {
        let mut culprit = outer;
        let mut holder = stack_id.to_owned();
        for _ in 0..DEPTH {
            if culprit.resource_type != STACK {
                break;
            }
            let named = match cause::recognise(&culprit.reason, self.place()) {
                Some(Cause {
                    lead: Some(Lead::NestedStack { stack_id }),
                    ..
                }) => stack_id,
                _ => None,
            };
            let Some(nested) = (match named.or_else(|| culprit.physical_id.clone()) {
                None => self.physical_id(&holder, &culprit.logical_id).await,
                known => known,
            }) else {
                break;
            };
            let events = match self.ports.cloudformation.events(&nested, None).await {
                Ok(events) => events,
                Err(error) => {
                    found.unknown.push(error.to_string());
                    break;
                }
            };
            let Some(inner) = choose::first_failure(&events, &nested) else {
                break;
            };
            found.within.push(culprit.logical_id.clone());
            culprit = Culprit::from(inner);
            holder = nested;
        }
        (culprit, holder)
    }

    /// What the rollback stumbled over, which is not what made it necessary.
    async fn what_stumbled(&self, stack_id: &str, events: &[StackEvent], found: &mut Diagnosis) {
        let all = if events.is_empty() {
            let read = self.ports.cloudformation.events(stack_id, None).await;
            read.unwrap_or_default()
        } else {
            events.to_vec()
        };
        for event in choose::stuck_events(&all, stack_id) {
            let reason = event.reason.as_deref().unwrap_or("no reason given");
            found.details.push(Detail {
                topic: "rollback".to_owned(),
                text: format!("{}: {reason}", event.logical_id),
            });
        }
    }

    /// A resource's physical ID, which not every event tells.
    async fn physical_id(&self, stack_id: &str, logical_id: &LogicalId) -> Option<String> {
        let resources = self.ports.cloudformation.resources(stack_id).await.ok()?;
        resources
            .into_iter()
            .find(|resource| resource.logical_id == *logical_id)?
            .physical_id
    }

    /// What the checks before an operation found; the first that is no warning is the cause.
    fn checks(&self, events: &[&OperationEvent], found: &mut Diagnosis) -> Option<Culprit> {
        let mut culprit = None;
        for event in events {
            if event.kind != OperationEventKind::Validation {
                continue;
            }
            let place = match (&event.logical_id, &event.path) {
                (Some(id), Some(path)) => format!("{id} {path}: "),
                (Some(id), None) => format!("{id}: "),
                (None, Some(path)) => format!("{path}: "),
                (None, None) => String::new(),
            };
            let check = event
                .check
                .as_deref()
                .map(|check| format!(" ({check})"))
                .unwrap_or_default();
            let weight = if event.warning { "warning: " } else { "" };
            let reason = event.reason.as_deref().unwrap_or("failed");
            found.details.push(Detail {
                topic: "check".to_owned(),
                text: format!("{weight}{place}{reason}{check}"),
            });
            if culprit.is_none() && !event.warning {
                culprit = Culprit::told(event);
            }
        }
        culprit
    }
}
