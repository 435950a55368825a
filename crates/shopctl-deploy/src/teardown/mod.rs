//! Takes stacks down: empties their buckets, deletes them, and removes what no stack owns.

mod guard;
mod ladder;
mod remains;

use std::collections::BTreeMap;

use shopctl_core::cause::{CauseKind, Place, recognise};
use shopctl_core::event::{Event, Failure, Leftover, StackOperation, StackResult};
use shopctl_core::names::{CloudStackName, StackName};
use shopctl_core::price;
use shopctl_core::status::{StackStatus, TeardownApproach};
use shopctl_core::yaml;

use crate::change_set::stack_error;
use crate::context::Work;
use crate::executor::{Done, StepError};
use crate::failure::{self, Scene};
use crate::follow::{Followed, Kind, Operation, Pause, explain, follow};
use crate::ports::{CloudError, CloudErrorKind, StackDescription, StackEvent, StackResource};
use crate::protection;
use crate::refusal::is_overtaken;

pub(crate) use ladder::ask_delete;
pub(crate) use remains::{delete_bucket, delete_log_groups};

/// The resource type that has to be empty before it can be deleted.
const BUCKET: &str = "AWS::S3::Bucket";

/// So often somebody else may come in between before it is told.
const OVERTAKEN_AT_MOST: u32 = 12;

/// Deletes a stack.
pub(crate) async fn delete_stack(
    stack: &StackName,
    cloud_name: &CloudStackName,
    work: &Work,
) -> Result<Done, StepError> {
    let mut deletion = Deletion {
        stack,
        cloud_name,
        work,
        begun: false,
        waited: false,
        kept: BTreeMap::new(),
    };
    let mut pause = Pause::new();
    let mut overtaken = 0;
    while let Some(description) = deletion.find().await? {
        let Some(error) = deletion.run(&description).await? else {
            break;
        };
        overtaken += 1;
        if overtaken > OVERTAKEN_AT_MOST {
            return Err(error.into());
        }
        tokio::time::sleep(pause.next()).await;
    }
    let changed = deletion.begun;
    for leftover in deletion.kept.into_values() {
        work.state.leave(leftover);
    }
    work.events.send(Event::StackFinished {
        stack: stack.clone(),
        status: None,
        result: match changed {
            true => StackResult::Deleted,
            false => StackResult::Unchanged,
        },
        outputs: indexmap::IndexMap::new(),
    });
    Ok(Done {
        changed,
        summary: String::new(),
    })
}

/// What a stack has.
#[derive(Default)]
struct Contents {
    resources: Vec<StackResource>,
    /// The deployed template.
    template: String,
    /// The buckets among its resources that have to be empty.
    buckets: Vec<String>,
}

/// A delete that goes from the gentle to the hard.
struct Deletion<'a> {
    stack: &'a StackName,
    cloud_name: &'a CloudStackName,
    work: &'a Work,
    /// Whether a delete was seen or begun.
    begun: bool,
    /// Whether it was told that something runs that has to end first.
    waited: bool,
    /// What the delete leaves, by physical ID.
    kept: BTreeMap<String, Leftover>,
}

impl Deletion<'_> {
    /// The stack as it is to be deleted; `None` when it is gone. Whatever runs has to end
    /// first; a delete that runs is followed.
    async fn find(&mut self) -> Result<Option<StackDescription>, StepError> {
        let mut pause = Pause::new();
        loop {
            let found = self
                .work
                .ports
                .cloudformation
                .describe(self.cloud_name.as_str())
                .await?;
            let Some(found) = found else {
                return Ok(None);
            };
            match found.status.teardown_approach() {
                TeardownApproach::Nothing => return Ok(None),
                TeardownApproach::Wait if found.status == StackStatus::DeleteInProgress => {
                    self.begun = true;
                    self.start(StackOperation::Delete, None);
                    let ended = self.follow(&found, None, false).await?;
                    if ended.status == StackStatus::DeleteComplete {
                        return Ok(None);
                    }
                }
                TeardownApproach::Wait => {
                    if !std::mem::replace(&mut self.waited, true) {
                        self.start(StackOperation::Wait, None);
                    }
                }
                TeardownApproach::Delete => return Ok(Some(found)),
                TeardownApproach::Stop(_) => {
                    let failure = self
                        .scene()
                        .operation(&found.stack_id, found.status, &[])
                        .await;
                    return Err(stack_error(failure));
                }
            }
            tokio::time::sleep(pause.next()).await;
        }
    }

    /// Deletes the stack; answers a refusal when somebody else works on it.
    ///
    /// What CloudFormation would find out half way is asked for before anything is touched.
    async fn run(
        &mut self,
        description: &StackDescription,
    ) -> Result<Option<CloudError>, StepError> {
        if description.termination_protection {
            return Err(self.protected(description));
        }
        let contents = match self.contents(description).await {
            Ok(contents) => contents,
            Err(error) if is_overtaken(&error) => return Ok(Some(error)),
            Err(error) => return Err(error.into()),
        };
        let consent = &self.work.consent;
        let goes_on = description.status == StackStatus::DeleteFailed;
        if !goes_on && !consent.retain_failed && !consent.force_delete {
            self.refuse_guarded_data(description, &contents)?;
        }
        self.refuse_read_exports(description).await?;
        self.start(StackOperation::Delete, Some(contents.resources.len()));
        let ended = match self.descend_ladder(description, &contents).await? {
            Ok(ended) => ended,
            Err(overtaken) => return Ok(Some(overtaken)),
        };
        if ended.status != StackStatus::DeleteComplete {
            return Err(stack_error(self.failure(description, &ended).await));
        }
        let name = self.cloud_name.as_str();
        for leftover in protection::remains(&contents.template, &contents.resources, name) {
            self.kept.entry(leftover.name.clone()).or_insert(leftover);
        }
        Ok(None)
    }

    /// What the stack has.
    async fn contents(&self, description: &StackDescription) -> Result<Contents, CloudError> {
        // Nothing was ever made.
        if description.status == StackStatus::ReviewInProgress {
            return Ok(Contents::default());
        }
        let cloudformation = &self.work.ports.cloudformation;
        let stack = description.stack_id.as_str();
        let resources = cloudformation.resources(stack).await?;
        let template = cloudformation.template(stack).await?;
        Ok(Contents {
            buckets: deletable_buckets(&template, &resources),
            resources,
            template,
        })
    }

    fn place(&self) -> Place<'_> {
        Place {
            environment: self.work.environment.as_str(),
            stack: self.stack.as_str(),
            cloud_name: self.cloud_name.as_str(),
        }
    }

    fn scene(&self) -> Scene<'_> {
        Scene {
            ports: &self.work.ports,
            environment: self.work.environment.as_str(),
            stack: self.stack.as_str(),
            cloud_name: self.cloud_name,
            template: self.work.templates.get(self.stack),
        }
    }

    /// Why the delete failed, and how to go on.
    async fn failure(&self, description: &StackDescription, ended: &Followed) -> Failure {
        let mut failure = self
            .scene()
            .operation(&description.stack_id, ended.status, &ended.events)
            .await;
        let env = &self.work.environment;
        let kind = failure.diagnosis.as_ref().and_then(|found| found.kind);
        let first = match kind {
            // What these say is a command of its own.
            Some(CauseKind::DeletionProtected | CauseKind::NotEmpty | CauseKind::StillInUse)
                if failure.resource.is_some() =>
            {
                recognise(&failure.reason, self.place()).map(|cause| cause.next)
            }
            _ => None,
        };
        let first = first.unwrap_or_else(|| {
            format!("remove the cause and run `shopctl teardown --env {env}` again")
        });
        let consent = &self.work.consent;
        let last = if consent.force_delete {
            String::new()
        } else if consent.retain_failed {
            format!("; or delete the stack in any case with `shopctl teardown --env {env} --force`")
        } else {
            format!(
                "; or leave behind what cannot be deleted with \
                 `shopctl teardown --env {env} --retain-failed`, or with `--force`"
            )
        };
        failure.hint = Some(format!("{first}{last}"));
        failure
    }

    fn keep(&mut self, event: &StackEvent, reason: String) {
        let name = event
            .physical_id
            .clone()
            .unwrap_or_else(|| event.logical_id.to_string());
        self.kept.insert(
            name.clone(),
            Leftover {
                kind: event.resource_type.clone(),
                name,
                reason,
                cost: price::about(&event.resource_type),
            },
        );
    }

    /// Follows a delete to its end, with all events that tell what came of it.
    async fn follow(
        &mut self,
        before: &StackDescription,
        since: Option<String>,
        forced: bool,
    ) -> Result<Followed, StepError> {
        let operation = || Operation {
            stack: self.stack,
            stack_id: &before.stack_id,
            kind: Kind::Delete,
            before: Some(before),
            since: since.clone(),
        };
        let mut ended = follow(operation(), self.work).await?;
        ended.events = explain(&ended, operation(), self.work).await?;
        for event in &ended.events {
            if event.status == "DELETE_SKIPPED" {
                let reason = if forced {
                    "left behind by the forced delete".to_owned()
                } else {
                    format!("retained by the DeletionPolicy of '{}'", self.cloud_name)
                };
                self.keep(event, reason);
            }
        }
        Ok(ended)
    }

    fn start(&self, operation: StackOperation, resources: Option<usize>) {
        self.work.events.send(Event::StackStarted {
            stack: self.stack.clone(),
            cloud_name: self.cloud_name.clone(),
            operation,
            resources,
        });
    }

    fn protected(&self, description: &StackDescription) -> StepError {
        self.refused(
            description,
            "the stack is protected from deletion".to_owned(),
            format!(
                "run `shopctl teardown --env {} --disable-protection` if it is really to go",
                self.work.environment
            ),
        )
    }

    fn refused(&self, description: &StackDescription, reason: String, hint: String) -> StepError {
        StepError::Refused(Box::new(failure::plain(
            self.cloud_name,
            Some(description.status),
            reason,
            Some(hint),
        )))
    }
}

/// Empties a bucket. One that somebody else deletes meanwhile is empty.
async fn empty(bucket: &str, work: &Work) -> Result<u64, CloudError> {
    match work.ports.objects.empty(bucket).await {
        Err(error) if error.kind == CloudErrorKind::NotFound => Ok(0),
        answer => answer,
    }
}

/// The buckets that CloudFormation will delete with the stack, and so have to be empty: those
/// whose `DeletionPolicy` is `Delete` or absent. Of a template that cannot be read, none.
fn deletable_buckets(template: &str, resources: &[StackResource]) -> Vec<String> {
    let Ok(document) = yaml::parse("deployed template", template) else {
        return Vec::new();
    };
    resources
        .iter()
        .filter(|resource| {
            let declaration = document
                .get("Resources")
                .and_then(|resources| resources.get(resource.logical_id.as_str()));
            let deletes = declaration.is_some_and(|declaration| {
                declaration
                    .get("DeletionPolicy")
                    .is_none_or(|policy| policy.as_str() == Some("Delete"))
            });
            deletes && resource.resource_type == BUCKET && resource.status != "DELETE_COMPLETE"
        })
        .filter_map(|resource| resource.physical_id.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_buckets_that_go_with_the_stack_are_emptied() {
        let template = "
Resources:
  Site: { Type: AWS::S3::Bucket }
  Explicit: { Type: AWS::S3::Bucket, DeletionPolicy: Delete }
  Kept: { Type: AWS::S3::Bucket, DeletionPolicy: Retain }
  Careful: { Type: AWS::S3::Bucket, DeletionPolicy: RetainExceptOnCreate }
  Computed: { Type: AWS::S3::Bucket, DeletionPolicy: !If [Production, Retain, Delete] }
  Table: { Type: AWS::DynamoDB::Table }
";
        let resources: Vec<StackResource> = [
            "Site", "Explicit", "Kept", "Careful", "Computed", "Table", "Unknown",
        ]
        .iter()
        .map(|id| StackResource {
            logical_id: (*id).into(),
            physical_id: Some(id.to_lowercase()),
            resource_type: if *id == "Table" {
                "AWS::DynamoDB::Table"
            } else {
                BUCKET
            }
            .to_owned(),
            status: "CREATE_COMPLETE".to_owned(),
        })
        .collect();
        assert_eq!(
            deletable_buckets(template, &resources),
            ["site", "explicit"]
        );
        assert!(deletable_buckets("{", &resources).is_empty());
    }
}
