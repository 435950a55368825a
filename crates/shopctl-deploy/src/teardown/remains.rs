//! What belongs to an environment and to no stack.

use super::empty;
use crate::context::Work;
use crate::executor::{Done, StepError};

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
