//! Takes stacks down: empties their buckets, deletes them, and removes what no stack owns.

use std::collections::BTreeMap;

use shopctl_core::event::{Event, Leftover, StackOperation, StackResult};
use shopctl_core::names::{CloudStackName, StackName};
use shopctl_core::status::{Obstacle, StackStatus};
use shopctl_core::yaml;

use crate::context::Work;
use crate::executor::{Done, StepError};
use crate::failure;
use crate::follow::{Followed, Kind, Operation, Pause, explain, follow};
use crate::ports::{CloudError, CloudErrorKind, StackDescription, StackResource};
use crate::refusal::{is_overtaken, is_protected};

/// The resource type that has to be empty before it can be deleted.
const BUCKET: &str = "AWS::S3::Bucket";

/// How often a stack is deleted before its failure is told.
const TRIES: u32 = 2;

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
            match found.status {
                StackStatus::DeleteComplete => return Ok(None),
                StackStatus::DeleteInProgress => {
                    self.begun = true;
                    self.start(StackOperation::Delete, None);
                    let ended = self.follow(&found, None).await?;
                    if ended.status == StackStatus::DeleteComplete {
                        return Ok(None);
                    }
                }
                StackStatus::ImportRollbackFailed => {
                    let hint = Obstacle::ImportRollbackFailed.hint(self.cloud_name.as_str());
                    return Err(self.refused(
                        &found,
                        format!("the stack is in {}", found.status),
                        hint,
                    ));
                }
                status if status.is_in_progress() => {
                    if !std::mem::replace(&mut self.waited, true) {
                        self.start(StackOperation::Wait, None);
                    }
                }
                _ => return Ok(Some(found)),
            }
            tokio::time::sleep(pause.next()).await;
        }
    }

    /// Deletes the stack; answers a refusal when somebody else works on it.
    ///
    /// Buckets that the template keeps are not touched. Something may still write into the
    /// others while they are emptied (access logs arrive late), so a delete that failed over a
    /// bucket gets a second try: CloudFormation names those that it wanted to delete.
    async fn run(
        &mut self,
        description: &StackDescription,
    ) -> Result<Option<CloudError>, StepError> {
        if description.termination_protection {
            return Err(self.protected(description));
        }
        let cloudformation = &self.work.ports.cloudformation;
        let (resources, mut buckets) = match self.contents(description).await {
            Ok(contents) => contents,
            Err(error) if is_overtaken(&error) => return Ok(Some(error)),
            Err(error) => return Err(error.into()),
        };
        self.start(StackOperation::Delete, Some(resources));
        let mut tries = 0;
        let ended = loop {
            tries += 1;
            for bucket in &buckets {
                empty(bucket, self.work).await?;
            }
            let since = cloudformation.latest_event(&description.stack_id).await?;
            let token = self.work.token(
                &description.stack_id,
                &format!("delete {tries} {}", since.as_deref().unwrap_or_default()),
            );
            self.work.state.stack_touched(self.stack);
            self.work.cancel.operation_begins(self.stack);
            match cloudformation
                .delete_stack(&description.stack_id, &token)
                .await
            {
                Ok(()) => {}
                Err(error) if is_overtaken(&error) => return Ok(Some(error)),
                Err(error) if is_protected(&error) => return Err(self.protected(description)),
                Err(error) => return Err(error.into()),
            }
            self.begun = true;
            let ended = self.follow(description, since).await?;
            if ended.status == StackStatus::DeleteComplete {
                return Ok(None);
            }
            buckets = ended
                .events
                .iter()
                .filter(|event| event.status == "DELETE_FAILED" && event.resource_type == BUCKET)
                .filter_map(|event| event.physical_id.clone())
                .collect();
            if tries == TRIES || buckets.is_empty() {
                break ended;
            }
        };
        let mut failure = failure::from_events(
            self.cloud_name,
            ended.status,
            ended
                .description
                .and_then(|description| description.status_reason),
            &ended.events,
            self.work.templates.get(self.stack),
        );
        failure.hint = Some("remove the cause and run `shopctl teardown` again".to_owned());
        Err(StepError::Stack(Box::new(failure)))
    }

    /// How many resources there are, and the buckets among them that have to be empty.
    async fn contents(
        &self,
        description: &StackDescription,
    ) -> Result<(usize, Vec<String>), CloudError> {
        // Nothing was ever made.
        if description.status == StackStatus::ReviewInProgress {
            return Ok((0, Vec::new()));
        }
        let cloudformation = &self.work.ports.cloudformation;
        let stack = description.stack_id.as_str();
        let resources = cloudformation.resources(stack).await?;
        let template = cloudformation.template(stack).await?;
        let buckets = deletable_buckets(&template, &resources);
        Ok((resources.len(), buckets))
    }

    /// Follows a delete to its end, with all events that tell what came of it.
    async fn follow(
        &mut self,
        before: &StackDescription,
        since: Option<String>,
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
                let name = event
                    .physical_id
                    .clone()
                    .unwrap_or_else(|| event.logical_id.to_string());
                self.kept.insert(
                    name.clone(),
                    Leftover {
                        kind: event.resource_type.clone(),
                        name,
                        reason: format!("retained by the DeletionPolicy of '{}'", self.cloud_name),
                    },
                );
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
            "run the command again with --disable-protection".to_owned(),
        )
    }

    fn refused(&self, description: &StackDescription, reason: String, hint: String) -> StepError {
        StepError::Stack(Box::new(failure::plain(
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

/// Deletes the log groups that functions of deleted stacks left. Lambda makes a group on
/// the first log line, so one can appear after its stack deleted it.
pub(crate) async fn delete_log_groups(work: &Work) -> Result<Done, StepError> {
    let mut deleted = 0;
    for cloud_name in &work.cloud_names {
        for group in work
            .ports
            .log_groups
            .list(&format!("/aws/lambda/{cloud_name}-"))
            .await?
        {
            work.ports.log_groups.delete(&group).await?;
            deleted += 1;
        }
    }
    Ok(Done {
        changed: deleted > 0,
        summary: format!("{deleted} deleted"),
    })
}

/// Deletes the artifact bucket with all artifacts and records.
pub(crate) async fn delete_bucket(work: &Work) -> Result<Done, StepError> {
    // The lock lies in the bucket and goes with it.
    if let Some(lease) = &work.lease {
        lease.let_go().await;
    }
    let objects = empty(&work.bucket, work).await?;
    let was_there = work.ports.objects.delete_bucket(&work.bucket).await?;
    let summary = if was_there {
        format!("{} deleted with {objects} object versions", work.bucket)
    } else {
        "it was not there".to_owned()
    };
    Ok(Done {
        changed: was_there,
        summary,
    })
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
