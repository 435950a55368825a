//! Takes stacks down: empties their buckets, deletes them, and removes what no stack owns.

use shopctl_core::cause::{CauseKind, Place, recognise};
use shopctl_core::event::{Event, Leftover, StackOperation, StackResult};
use shopctl_core::names::{CloudStackName, StackName};
use shopctl_core::price;
use shopctl_core::status::{StackStatus, TeardownApproach};
use shopctl_core::yaml;

use crate::executor::{Context, Done, StepError};
use crate::failure::{self, Scene};
use crate::follow::{Followed, Pause, follow};
use crate::ports::{DeleteMode, StackDescription, StackEvent, StackResource};
use crate::protection;

/// The resource type that has to be empty before it can be deleted.
const BUCKET: &str = "AWS::S3::Bucket";

/// Deletes a stack.
pub(crate) async fn delete_stack(
    stack: &StackName,
    cloud_name: &CloudStackName,
    context: &Context,
) -> Result<Done, StepError> {
    let cloudformation = &context.ports.cloudformation;
    let mut pause = Pause::new();
    let description = loop {
        let Some(description) = cloudformation.describe(cloud_name.as_str()).await? else {
            break None;
        };
        match description.status.teardown_approach() {
            TeardownApproach::Nothing => break None,
            // Whatever runs, also a delete that somebody else began, has to end first.
            TeardownApproach::Wait => tokio::time::sleep(pause.next()).await,
            TeardownApproach::Delete => break Some(description),
            TeardownApproach::Stop(obstacle) => {
                return Err(stack_error(failure::plain(
                    cloud_name,
                    Some(description.status),
                    format!("the stack is in {}", description.status),
                    Some(obstacle.hint(context.environment.as_str(), stack.as_str())),
                )));
            }
        }
    };
    let Some(description) = description else {
        context.events.send(Event::StackFinished {
            stack: stack.clone(),
            status: None,
            result: StackResult::Unchanged,
            outputs: indexmap::IndexMap::new(),
        });
        return Ok(Done {
            changed: false,
            summary: String::new(),
        });
    };
    if description.termination_protection {
        return Err(stack_error(failure::plain(
            cloud_name,
            Some(description.status),
            "the stack is protected from deletion",
            Some(format!(
                "run `shopctl teardown --env {} --disable-protection` if it is really to go",
                context.environment
            )),
        )));
    }

    let resources = cloudformation.resources(cloud_name.as_str()).await?;
    let template = cloudformation.template(cloud_name.as_str()).await?;
    let consents = context.consent.retain_failed || context.consent.force_delete;
    if !consents && description.status != StackStatus::DeleteFailed {
        refuse_protected(cloud_name, &description, &template, &resources, context)?;
    }
    context.events.send(Event::StackStarted {
        stack: stack.clone(),
        cloud_name: cloud_name.clone(),
        operation: StackOperation::Delete,
        resources: Some(resources.len()),
    });
    let deletion = Deletion {
        stack,
        cloud_name,
        stack_id: &description.stack_id,
        context,
    };
    let followed = deletion.descend_ladder(&template, &resources).await?;
    for event in &followed.events {
        if event.status == "DELETE_SKIPPED" {
            let reason = format!("retained by the DeletionPolicy of '{cloud_name}'");
            context.state.leave(left(event, reason));
        }
    }
    if followed.status != StackStatus::DeleteComplete {
        return Err(stack_error(deletion.failure(&followed).await));
    }
    for leftover in protection::remains(&template, &resources, cloud_name.as_str()) {
        context.state.leave(leftover);
    }
    context.events.send(Event::StackFinished {
        stack: stack.clone(),
        status: None,
        result: StackResult::Deleted,
        outputs: indexmap::IndexMap::new(),
    });
    Ok(Done {
        changed: true,
        summary: String::new(),
    })
}

/// Refuses before anything is deleted: CloudFormation would find out half way.
fn refuse_protected(
    cloud_name: &CloudStackName,
    description: &StackDescription,
    template: &str,
    resources: &[StackResource],
    context: &Context,
) -> Result<(), StepError> {
    let protected = protection::protected(template, resources);
    if protected.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = protected
        .iter()
        .map(|found| format!("{} ({})", found.logical_id, found.resource_type))
        .collect();
    let commands: Vec<String> = protected
        .iter()
        .map(|found| format!("`{}`", found.command))
        .collect();
    let property = protected[0].property;
    Err(stack_error(failure::plain(
        cloud_name,
        Some(description.status),
        format!(
            "the stack has data that its template protects from deletion: {}",
            names.join(", ")
        ),
        Some(format!(
            "switch `{property}` off in the template and deploy; or run {} and then \
             `shopctl teardown --env {} --retain-failed`",
            commands.join(" and "),
            context.environment
        )),
    )))
}

/// A delete that goes from the gentle to the hard.
struct Deletion<'a> {
    stack: &'a StackName,
    cloud_name: &'a CloudStackName,
    stack_id: &'a str,
    context: &'a Context,
}

impl Deletion<'_> {
    /// Deletes; tries again when that can help; then leaves behind what failed, or forces the
    /// delete, if the user agreed to it.
    async fn descend_ladder(
        &self,
        template: &str,
        resources: &[StackResource],
    ) -> Result<Followed, StepError> {
        let context = self.context;
        // Buckets that the template keeps are not touched. Something may still write into the
        // others while they are emptied (access logs arrive late), so a delete that failed over
        // a bucket gets a second try: CloudFormation names those that it wanted to delete.
        let mut buckets = deletable_buckets(template, resources);
        let mut tries = 0;
        let mut followed = loop {
            tries += 1;
            for bucket in &buckets {
                context.ports.objects.empty(bucket).await?;
            }
            let followed = self.run(&format!("delete-{tries}"), None).await?;
            buckets = failed(&followed.events)
                .filter(|event| event.resource_type == BUCKET)
                .filter_map(|event| event.physical_id.clone())
                .collect();
            let hopeless = !failed(&followed.events).any(|event| self.may_work_again(event));
            if followed.status == StackStatus::DeleteComplete || tries == 2 || hopeless {
                break followed;
            }
        };
        if followed.status == StackStatus::DeleteComplete {
            return Ok(followed);
        }
        let stuck: Vec<StackEvent> = failed(&followed.events).cloned().collect();
        let ways = [
            (
                context.consent.retain_failed && !stuck.is_empty(),
                DeleteMode::Retaining(stuck.iter().map(|event| event.logical_id.clone()).collect()),
                "retain",
            ),
            (context.consent.force_delete, DeleteMode::Force, "force"),
        ];
        for (agreed, mode, token) in ways {
            if !agreed {
                continue;
            }
            let skipped = std::mem::take(&mut followed.events);
            followed = self.run(token, Some(&mode)).await?;
            followed.events.splice(
                0..0,
                skipped
                    .into_iter()
                    .filter(|event| event.status == "DELETE_SKIPPED"),
            );
            if followed.status == StackStatus::DeleteComplete {
                for event in &stuck {
                    let why = event.reason.as_deref().unwrap_or("no reason given");
                    context
                        .state
                        .leave(left(event, format!("could not be deleted: {why}")));
                }
                // They are told with their reason already.
                followed.events.retain(|event| {
                    event.status != "DELETE_SKIPPED"
                        || stuck
                            .iter()
                            .all(|stuck| stuck.logical_id != event.logical_id)
                });
                break;
            }
        }
        Ok(followed)
    }

    async fn run(&self, attempt: &str, mode: Option<&DeleteMode>) -> Result<Followed, StepError> {
        let context = self.context;
        let cloudformation = &context.ports.cloudformation;
        let since = cloudformation.latest_event(self.stack_id).await?;
        let token = format!("{}-{attempt}", context.run);
        context.state.stack_touched(self.stack);
        let asked = match mode {
            None => cloudformation.delete_stack(self.stack_id, &token).await,
            Some(mode) => {
                context
                    .ports
                    .repair
                    .delete(self.stack_id, mode, &token)
                    .await
            }
        };
        if let Err(error) = asked {
            return Err(stack_error(self.scene().request(&error, None).await));
        }
        follow(context, self.stack, self.stack_id, since).await
    }

    /// Whether a second try can end otherwise than the first.
    fn may_work_again(&self, event: &StackEvent) -> bool {
        let place = Place {
            environment: self.context.environment.as_str(),
            stack: self.stack.as_str(),
            cloud_name: self.cloud_name.as_str(),
        };
        let reason = event.reason.as_deref().unwrap_or_default();
        match recognise(reason, place).map(|cause| cause.kind) {
            Some(CauseKind::NotEmpty) => event.resource_type == BUCKET,
            Some(CauseKind::StillInUse | CauseKind::ResourceConflict | CauseKind::TimedOut) => true,
            Some(kind) => kind.may_pass_by_itself(),
            None => event.resource_type == BUCKET,
        }
    }

    fn scene(&self) -> Scene<'_> {
        Scene {
            ports: &self.context.ports,
            environment: self.context.environment.as_str(),
            stack: self.stack.as_str(),
            cloud_name: self.cloud_name,
            template: self.context.templates.get(self.stack),
        }
    }

    async fn failure(&self, followed: &Followed) -> shopctl_core::event::Failure {
        let mut failure = self
            .scene()
            .operation(self.stack_id, followed.status, &followed.events)
            .await;
        let env = &self.context.environment;
        let kind = failure.diagnosis.as_ref().and_then(|found| found.kind);
        let first = match kind {
            // What these say is a command of its own.
            Some(CauseKind::DeletionProtected | CauseKind::NotEmpty | CauseKind::StillInUse) => {
                failure.resource.as_ref().and_then(|_| {
                    let place = Place {
                        environment: env.as_str(),
                        stack: self.stack.as_str(),
                        cloud_name: self.cloud_name.as_str(),
                    };
                    recognise(&failure.reason, place).map(|cause| cause.next)
                })
            }
            _ => None,
        };
        let first = first.unwrap_or_else(|| {
            format!("remove the cause and run `shopctl teardown --env {env}` again")
        });
        let consent = &self.context.consent;
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
}

fn failed(events: &[StackEvent]) -> impl Iterator<Item = &StackEvent> {
    events.iter().filter(|event| {
        event.status == "DELETE_FAILED"
            && !event
                .physical_id
                .as_deref()
                .is_some_and(|id| id.contains(&format!("/{}/", event.logical_id)))
    })
}

fn left(event: &StackEvent, reason: String) -> Leftover {
    Leftover {
        kind: event.resource_type.clone(),
        name: event
            .physical_id
            .clone()
            .unwrap_or_else(|| event.logical_id.to_string()),
        reason,
        cost: price::about(&event.resource_type),
    }
}

fn stack_error(failure: shopctl_core::event::Failure) -> StepError {
    StepError::Stack(Box::new(failure))
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
pub(crate) async fn delete_log_groups(context: &Context) -> Result<Done, StepError> {
    let mut deleted = 0;
    for cloud_name in &context.cloud_names {
        for group in context
            .ports
            .log_groups
            .list(&format!("/aws/lambda/{cloud_name}-"))
            .await?
        {
            context.ports.log_groups.delete(&group).await?;
            deleted += 1;
        }
    }
    Ok(Done {
        changed: deleted > 0,
        summary: format!("{deleted} deleted"),
    })
}

/// Deletes the artifact bucket with all artifacts and records.
pub(crate) async fn delete_bucket(context: &Context) -> Result<Done, StepError> {
    let objects = context.ports.objects.empty(&context.bucket).await?;
    let was_there = context.ports.objects.delete_bucket(&context.bucket).await?;
    let summary = if was_there {
        format!("{} deleted with {objects} object versions", context.bucket)
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
