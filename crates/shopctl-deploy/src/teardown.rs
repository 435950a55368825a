//! Takes stacks down: empties their buckets, deletes them, and removes what no stack owns.

use shopctl_core::event::{Event, Leftover, StackOperation, StackResult};
use shopctl_core::names::{CloudStackName, StackName};
use shopctl_core::status::StackStatus;
use shopctl_core::yaml;

use crate::executor::{Context, Done, StepError};
use crate::failure;
use crate::follow::{Pause, follow};
use crate::ports::StackResource;

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
        match cloudformation.describe(cloud_name.as_str()).await? {
            None => break None,
            // Whatever runs, also a delete that somebody else began, has to end first.
            Some(description) if description.status.is_in_progress() => {
                tokio::time::sleep(pause.next()).await;
            }
            Some(description) if description.status == StackStatus::DeleteComplete => break None,
            Some(description) => break Some(description),
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
        return Err(StepError::Stack(Box::new(failure::plain(
            cloud_name,
            Some(description.status),
            "the stack is protected from deletion",
            Some("run the command again with --disable-protection".to_owned()),
        ))));
    }

    let resources = cloudformation.resources(cloud_name.as_str()).await?;
    context.events.send(Event::StackStarted {
        stack: stack.clone(),
        cloud_name: cloud_name.clone(),
        operation: StackOperation::Delete,
        resources: Some(resources.len()),
    });
    // Buckets that the template keeps are not touched. Something may still write into the
    // others while they are emptied (access logs arrive late), so a delete that failed over
    // a bucket gets a second try: CloudFormation names those that it wanted to delete.
    let template = cloudformation.template(cloud_name.as_str()).await?;
    let mut buckets = deletable_buckets(&template, &resources);
    let mut tries = 0;
    let followed = loop {
        tries += 1;
        for bucket in &buckets {
            context.ports.objects.empty(bucket).await?;
        }
        let since = cloudformation.latest_event(&description.stack_id).await?;
        let token = format!("{}-{stack}-delete-{tries}", context.run);
        context.state.stack_touched(stack);
        cloudformation
            .delete_stack(&description.stack_id, &token)
            .await?;
        let followed = follow(context, stack, &description.stack_id, since).await?;
        buckets = followed
            .events
            .iter()
            .filter(|event| event.status == "DELETE_FAILED" && event.resource_type == BUCKET)
            .filter_map(|event| event.physical_id.clone())
            .collect();
        if followed.status == StackStatus::DeleteComplete || tries == 2 || buckets.is_empty() {
            break followed;
        }
    };
    for event in &followed.events {
        if event.status == "DELETE_SKIPPED" {
            context.state.leave(Leftover {
                kind: event.resource_type.clone(),
                name: event
                    .physical_id
                    .clone()
                    .unwrap_or_else(|| event.logical_id.to_string()),
                reason: format!("retained by the DeletionPolicy of '{cloud_name}'"),
            });
        }
    }
    if followed.status != StackStatus::DeleteComplete {
        let mut failure = failure::from_events(
            cloud_name,
            followed.status,
            None,
            &followed.events,
            context.templates.get(stack),
        );
        failure.hint = Some("remove the cause and run `shopctl teardown` again".to_owned());
        return Err(StepError::Stack(Box::new(failure)));
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
    // The lock lies in the bucket and goes with it.
    if let Some(lease) = &context.lease {
        lease.let_go().await;
    }
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
