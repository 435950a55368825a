//! The cloud that the tests ask: it answers what it was told to, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use shopctl_core::change::{Deployed, ReportedChange};
use shopctl_core::names::{ArtifactDigest, CloudStackName};

use crate::ports::*;

/// A cloud that answers what it was told to.
#[derive(Default)]
pub(super) struct Script {
    pub(super) events: BTreeMap<String, Vec<StackEvent>>,
    pub(super) failed_events: Option<Vec<OperationEvent>>,
    pub(super) hooks: Vec<HookResult>,
    pub(super) owner: Option<String>,
    pub(super) importers: Vec<String>,
    pub(super) decoded: Option<String>,
    pub(super) log: BTreeMap<String, Vec<String>>,
    pub(super) template: String,
    pub(super) resources: Vec<StackResource>,
}

fn denied(operation: &str) -> CloudError {
    CloudError {
        kind: CloudErrorKind::AccessDenied,
        operation: operation.to_owned(),
        message: "no".to_owned(),
    }
}

fn unasked<T>() -> Result<T, CloudError> {
    Err(denied("a call that no look-up makes"))
}

#[async_trait]
impl CloudFormation for Script {
    async fn describe(&self, _: &str) -> Result<Option<StackDescription>, CloudError> {
        Ok(None)
    }
    async fn create_change_set(&self, _: &ChangeSetRequest) -> Result<ChangeSetId, CloudError> {
        unasked()
    }
    async fn change_set(&self, _: &ChangeSetId) -> Result<ChangeSetState, CloudError> {
        unasked()
    }
    async fn execute_change_set(&self, _: &ChangeSetId, _: &str) -> Result<(), CloudError> {
        unasked()
    }
    async fn delete_change_set(&self, _: &ChangeSetId) -> Result<(), CloudError> {
        unasked()
    }
    async fn delete_stack(&self, _: &str, _: Option<&str>, _: &str) -> Result<(), CloudError> {
        unasked()
    }
    async fn cancel_update(&self, _: &str, _: &str) -> Result<(), CloudError> {
        unasked()
    }
    async fn events(&self, stack: &str, _: Option<&str>) -> Result<Vec<StackEvent>, CloudError> {
        Ok(self.events.get(stack).cloned().unwrap_or_default())
    }
    async fn latest_event(&self, _: &str) -> Result<Option<String>, CloudError> {
        unasked()
    }
    async fn template(&self, _: &str) -> Result<String, CloudError> {
        Ok(self.template.clone())
    }
    async fn reported_changes(&self, _: &ChangeSetId) -> Result<Vec<ReportedChange>, CloudError> {
        unasked()
    }
    async fn deployed(&self, _: &str) -> Result<Option<Deployed>, CloudError> {
        unasked()
    }
    async fn importers(&self, _: &str) -> Result<Vec<String>, CloudError> {
        Ok(self.importers.clone())
    }
    async fn resources(&self, _: &str) -> Result<Vec<StackResource>, CloudError> {
        Ok(self.resources.clone())
    }
    async fn stack_policy(&self, _: &str) -> Result<Option<String>, CloudError> {
        unasked()
    }
    async fn set_stack_policy(&self, _: &str, _: &str) -> Result<(), CloudError> {
        unasked()
    }
    async fn set_termination_protection(
        &self,
        _: &CloudStackName,
        _: bool,
    ) -> Result<(), CloudError> {
        unasked()
    }
}

#[async_trait]
impl Investigation for Script {
    async fn failed_events(&self, _: EventScope<'_>) -> Result<Vec<OperationEvent>, CloudError> {
        self.failed_events
            .clone()
            .ok_or_else(|| denied("CloudFormation DescribeEvents"))
    }
    async fn hook_results(&self, _: HookTarget<'_>) -> Result<Vec<HookResult>, CloudError> {
        Ok(self.hooks.clone())
    }
    async fn owner(&self, _: &str) -> Result<Option<String>, CloudError> {
        Ok(self.owner.clone())
    }
    async fn decode(&self, _: &str) -> Result<String, CloudError> {
        self.decoded
            .clone()
            .ok_or_else(|| denied("STS DecodeAuthorizationMessage"))
    }
    async fn log_lines(
        &self,
        group: &str,
        words: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, CloudError> {
        let lines = self.log.get(group).cloned().unwrap_or_default();
        let wanted = |line: &String| words.is_none_or(|words| line.contains(words));
        Ok(lines.into_iter().filter(wanted).take(limit).collect())
    }
}

#[async_trait]
impl StackRepair for Script {
    async fn continue_rollback(
        &self,
        _: &str,
        _: &Continuation,
        _: Option<&str>,
        _: &str,
    ) -> Result<(), CloudError> {
        unasked()
    }
    async fn roll_back(&self, _: &str, _: Option<&str>, _: &str) -> Result<(), CloudError> {
        unasked()
    }
    async fn delete(
        &self,
        _: &str,
        _: &DeleteMode,
        _: DeploymentMode,
        _: Option<&str>,
        _: &str,
    ) -> Result<(), CloudError> {
        unasked()
    }
    async fn update_directly(&self, _: &ChangeSetRequest, _: &str) -> Result<(), CloudError> {
        unasked()
    }
    async fn execute_paused(&self, _: &ChangeSetId, _: &str) -> Result<(), CloudError> {
        unasked()
    }
}

/// Ports that no look-up uses.
struct Unused;

#[async_trait]
impl ObjectStore for Unused {
    async fn ensure_bucket(&self, _: &str) -> Result<bool, CloudError> {
        unasked()
    }
    async fn put_if_absent(
        &self,
        _: &str,
        _: &str,
        _: Body,
        _: &ArtifactDigest,
    ) -> Result<bool, CloudError> {
        unasked()
    }
    async fn put(
        &self,
        _: &str,
        _: &str,
        _: Body,
        _: &ObjectHeaders,
    ) -> Result<String, CloudError> {
        unasked()
    }
    async fn get(&self, _: &str, _: &str) -> Result<Option<Vec<u8>>, CloudError> {
        unasked()
    }
    async fn read(&self, _: &str, _: &str) -> Result<Option<StoredObject>, CloudError> {
        unasked()
    }
    async fn put_if(
        &self,
        _: &str,
        _: &str,
        _: Vec<u8>,
        _: &Condition,
    ) -> Result<Option<String>, CloudError> {
        unasked()
    }
    async fn delete_if(&self, _: &str, _: &str, _: &str) -> Result<bool, CloudError> {
        unasked()
    }
    async fn list_under(&self, _: &str, _: &str) -> Result<Vec<ListedObject>, CloudError> {
        unasked()
    }
    async fn purge(&self, _: &str, _: &BTreeSet<String>) -> Result<u64, CloudError> {
        unasked()
    }
    async fn list(&self, _: &str) -> Result<BTreeMap<String, String>, CloudError> {
        unasked()
    }
    async fn delete(&self, _: &str, _: &[String]) -> Result<(), CloudError> {
        unasked()
    }
    async fn empty(&self, _: &str) -> Result<u64, CloudError> {
        unasked()
    }
    async fn delete_bucket(&self, _: &str) -> Result<bool, CloudError> {
        unasked()
    }
}

#[async_trait]
impl Distributions for Unused {
    async fn status(&self, _: &str) -> Result<Option<String>, CloudError> {
        unasked()
    }
    async fn invalidate(&self, _: &str, _: &[String], _: &str) -> Result<(), CloudError> {
        unasked()
    }
}

#[async_trait]
impl Functions for Unused {
    async fn state(&self, _: &str) -> Result<Option<FunctionState>, CloudError> {
        unasked()
    }
    async fn update_code(&self, _: &str, _: &str, _: &str) -> Result<(), CloudError> {
        unasked()
    }
    async fn versions(&self, _: &str) -> Result<Vec<PublishedVersion>, CloudError> {
        unasked()
    }
    async fn used_versions(&self, _: &str) -> Result<BTreeSet<u64>, CloudError> {
        unasked()
    }
    async fn delete_version(&self, _: &str, _: u64) -> Result<(), CloudError> {
        unasked()
    }
    async fn code_digests(&self, _: &str) -> Result<Vec<ArtifactDigest>, CloudError> {
        unasked()
    }
}

#[async_trait]
impl LogGroups for Unused {
    async fn list(&self, _: &str) -> Result<Vec<String>, CloudError> {
        unasked()
    }
    async fn delete(&self, _: &str) -> Result<(), CloudError> {
        unasked()
    }
}

#[async_trait]
impl Probe for Unused {
    async fn get(&self, _: &str) -> ProbeAnswer {
        ProbeAnswer::Status(200)
    }
}

/// Its ports.
pub(super) fn ports(script: Script) -> Ports {
    let script = Arc::new(script);
    let unused = Arc::new(Unused);
    Ports {
        cloudformation: script.clone(),
        objects: unused.clone(),
        distributions: unused.clone(),
        functions: unused.clone(),
        log_groups: unused.clone(),
        probe: unused,
        investigation: script.clone(),
        repair: script,
    }
}
