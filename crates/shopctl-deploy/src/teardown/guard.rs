//! What stands against a delete, asked for before anything is touched.

use std::time::Duration;

use shopctl_core::status::StackStatus;
use tokio::time::Instant;

use super::{Contents, Deletion};
use crate::executor::StepError;
use crate::follow::Pause;
use crate::ports::StackDescription;
use crate::protection;

/// For so long a stack may be told to read an export that is deleted already.
const STALE_IMPORTS: Duration = Duration::from_secs(15);

impl Deletion<'_> {
    /// Refuses a stack that has data which its template protects.
    pub(super) fn refuse_guarded_data(
        &self,
        description: &StackDescription,
        contents: &Contents,
    ) -> Result<(), StepError> {
        let guarded = protection::protected(&contents.template, &contents.resources);
        let Some(first) = guarded.first() else {
            return Ok(());
        };
        let names: Vec<String> = guarded
            .iter()
            .map(|found| format!("{} ({})", found.logical_id, found.resource_type))
            .collect();
        let commands: Vec<String> = guarded
            .iter()
            .map(|found| format!("`{}`", found.command))
            .collect();
        Err(self.refused(
            description,
            format!(
                "the stack has data that its template protects from deletion: {}",
                names.join(", ")
            ),
            format!(
                "switch `{}` off in the template and deploy; or run {} and then \
                 `shopctl teardown --env {} --retain-failed`",
                first.property,
                commands.join(" and "),
                self.work.environment
            ),
        ))
    }

    /// Refuses a stack whose exports others read, before its buckets are emptied: CloudFormation
    /// would refuse only after. A reader that is being deleted is waited for.
    pub(super) async fn refuse_read_exports(
        &self,
        description: &StackDescription,
    ) -> Result<(), StepError> {
        let began = Instant::now();
        let mut pause = Pause::new();
        loop {
            let Some((export, readers)) = self.read_export(description).await else {
                return Ok(());
            };
            let mut goes = false;
            for reader in &readers {
                let seen = self.work.ports.cloudformation.describe(reader).await?;
                goes |= seen.is_some_and(|seen| seen.status == StackStatus::DeleteInProgress);
            }
            if !goes && began.elapsed() >= STALE_IMPORTS {
                return Err(self.refused(
                    description,
                    format!(
                        "export '{export}' of the stack is read by {}",
                        readers.join(", ")
                    ),
                    format!(
                        "delete what reads it, or deploy that without `Fn::ImportValue`; then run \
                         `shopctl teardown --env {}` again",
                        self.work.environment
                    ),
                ));
            }
            tokio::time::sleep(pause.next()).await;
        }
    }

    /// An export that is read, with the stacks that do. That it cannot be looked up is no reason
    /// to stop: CloudFormation itself looks too.
    async fn read_export(&self, description: &StackDescription) -> Option<(String, Vec<String>)> {
        for export in &description.exports {
            let readers = self.work.ports.cloudformation.importers(export).await;
            match readers {
                Ok(readers) if !readers.is_empty() => return Some((export.clone(), readers)),
                _ => {}
            }
        }
        None
    }
}
