//! The ways to delete a stack, from the gentle to the hard.

use shopctl_core::cause::{CauseKind, recognise};
use shopctl_core::names::StackName;
use shopctl_core::status::StackStatus;

use super::{BUCKET, Contents, Deletion, empty};
use crate::change_set::stack_error;
use crate::context::Work;
use crate::executor::StepError;
use crate::failure::is_root;
use crate::follow::Followed;
use crate::ports::{
    CloudError, CloudErrorKind, DeleteMode, DeploymentMode, StackDescription, StackEvent,
};
use crate::refusal::{is_overtaken, is_protected};

/// How often a stack is deleted before its failure is told.
const TRIES: u32 = 2;

impl Deletion<'_> {
    /// Deletes; tries again when that can help; then leaves behind what failed, or forces the
    /// delete, if the user agreed to it. The inner error is a refusal as of [`Deletion::run`].
    ///
    /// Buckets that the template keeps are not touched. Something may still write into the
    /// others while they are emptied (access logs arrive late), so a delete that failed over a
    /// bucket gets a second try: CloudFormation names those that it wanted to delete.
    pub(super) async fn descend_ladder(
        &mut self,
        description: &StackDescription,
        contents: &Contents,
    ) -> Result<Result<Followed, CloudError>, StepError> {
        let mut buckets = contents.buckets.clone();
        // What an attempt leaves is what the next one begins with.
        let mut before = description.clone();
        let mut tries = 0;
        let mut ended = loop {
            tries += 1;
            for bucket in &buckets {
                empty(bucket, self.work).await?;
            }
            let purpose = format!("delete {tries}");
            let ended = match self.attempt(&before, &DeleteMode::Plain, &purpose).await? {
                Ok(ended) => ended,
                Err(overtaken) => return Ok(Err(overtaken)),
            };
            before = ended.description.clone().unwrap_or(before);
            buckets = failed(&ended.events, &description.stack_id)
                .filter(|event| event.resource_type == BUCKET)
                .filter_map(|event| event.physical_id.clone())
                .collect();
            let hopeful = failed(&ended.events, &description.stack_id)
                .any(|event| self.may_work_again(event));
            if ended.status == StackStatus::DeleteComplete || tries == TRIES || !hopeful {
                break ended;
            }
        };
        let stuck: Vec<StackEvent> = failed(&ended.events, &description.stack_id)
            .cloned()
            .collect();
        let consent = self.work.consent;
        let names = stuck.iter().map(|event| event.logical_id.clone()).collect();
        let ways = [
            (
                consent.retain_failed && !stuck.is_empty(),
                DeleteMode::Retaining(names),
                "retain",
            ),
            (consent.force_delete, DeleteMode::Force, "force"),
        ];
        for (agreed, mode, purpose) in ways {
            // CloudFormation takes these after a delete that failed only.
            if !agreed || ended.status != StackStatus::DeleteFailed {
                continue;
            }
            ended = match self.attempt(&before, &mode, purpose).await? {
                Ok(ended) => ended,
                Err(overtaken) => return Ok(Err(overtaken)),
            };
            before = ended.description.clone().unwrap_or(before);
            if ended.status == StackStatus::DeleteComplete {
                for event in &stuck {
                    let why = event.reason.as_deref().unwrap_or("no reason given");
                    self.keep(event, format!("could not be deleted: {why}"));
                }
            }
        }
        Ok(Ok(ended))
    }

    /// Asks for one delete and follows it. The inner error is a refusal as of
    /// [`Deletion::run`].
    async fn attempt(
        &mut self,
        description: &StackDescription,
        mode: &DeleteMode,
        purpose: &str,
    ) -> Result<Result<Followed, CloudError>, StepError> {
        let work = self.work;
        let stack_id = description.stack_id.as_str();
        let cloudformation = &work.ports.cloudformation;
        let since = cloudformation.latest_event(stack_id).await?;
        let seen = since.as_deref().unwrap_or_default();
        let token = work.token(stack_id, &format!("{purpose} {seen}"));
        work.state.stack_touched(self.stack);
        work.cancel.operation_begins(self.stack);
        let asked = ask_delete(self.stack, description, mode, &token, work).await;
        match asked {
            Ok(()) => {}
            Err(error) if is_overtaken(&error) => return Ok(Err(error)),
            Err(error) if is_protected(&error) => return Err(self.protected(description)),
            Err(error) if error.kind == CloudErrorKind::Refused => {
                return Err(stack_error(self.scene().request(&error, None).await));
            }
            Err(error) => return Err(error.into()),
        }
        self.begun = true;
        let forced = *mode == DeleteMode::Force;
        Ok(Ok(self.follow(description, since, forced).await?))
    }

    /// Whether a second try can end otherwise than the first.
    fn may_work_again(&self, event: &StackEvent) -> bool {
        let reason = event.reason.as_deref().unwrap_or_default();
        match recognise(reason, self.place()).map(|cause| cause.kind) {
            Some(CauseKind::NotEmpty) | None => event.resource_type == BUCKET,
            Some(CauseKind::StillInUse | CauseKind::ResourceConflict | CauseKind::TimedOut) => true,
            Some(kind) => kind.may_pass_by_itself(),
        }
    }
}

/// Asks CloudFormation to delete a stack.
pub(crate) async fn ask_delete(
    stack: &StackName,
    description: &StackDescription,
    mode: &DeleteMode,
    token: &str,
    work: &Work,
) -> Result<(), CloudError> {
    let stack_id = description.stack_id.as_str();
    let role = work.service_role(stack);
    // What an EXPRESS operation left half way takes EXPRESS operations only.
    let waits = match (work.mode, description.mode) {
        (DeploymentMode::Standard, DeploymentMode::Standard) => DeploymentMode::Standard,
        _ => DeploymentMode::Express,
    };
    if *mode == DeleteMode::Plain && waits == DeploymentMode::Standard {
        return work
            .ports
            .cloudformation
            .delete_stack(stack_id, role, token)
            .await;
    }
    work.ports
        .repair
        .delete(stack_id, mode, waits, role, token)
        .await
}

/// The resources that a delete could not remove.
fn failed<'a>(events: &'a [StackEvent], stack_id: &str) -> impl Iterator<Item = &'a StackEvent> {
    events
        .iter()
        .filter(move |event| event.status == "DELETE_FAILED" && !is_root(event, stack_id))
}
