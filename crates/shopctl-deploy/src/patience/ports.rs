//! The ports with patience: each call goes through `Patience::call` or `Patience::paced`.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use shopctl_core::change::{Deployed, ReportedChange};
use shopctl_core::names::{ArtifactDigest, CloudStackName};

use super::Patient;
use crate::ports::{
    Body, ChangeSetId, ChangeSetRequest, ChangeSetState, CloudError, CloudFormation, Condition,
    Continuation, DeleteMode, DeploymentMode, Distributions, EventScope, FunctionState, Functions,
    HookResult, HookTarget, Investigation, ListedObject, LogGroups, ObjectHeaders, ObjectStore,
    OperationEvent, PublishedVersion, StackDescription, StackEvent, StackRepair, StackResource,
    StoredObject,
};

#[async_trait]
impl CloudFormation for Patient<dyn CloudFormation> {
    async fn describe(&self, stack: &str) -> Result<Option<StackDescription>, CloudError> {
        self.patience
            .paced("DescribeStacks", || self.port.describe(stack))
            .await
    }

    async fn create_change_set(
        &self,
        request: &ChangeSetRequest,
    ) -> Result<ChangeSetId, CloudError> {
        // Asked again after an answer that was lost, it is refused because it is there already:
        // whoever asks has to look.
        self.patience
            .paced("CreateChangeSet", || self.port.create_change_set(request))
            .await
    }

    async fn change_set(&self, id: &ChangeSetId) -> Result<ChangeSetState, CloudError> {
        self.patience
            .paced("DescribeChangeSet", || self.port.change_set(id))
            .await
    }

    async fn execute_change_set(&self, id: &ChangeSetId, token: &str) -> Result<(), CloudError> {
        self.patience
            .paced("ExecuteChangeSet", || {
                self.port.execute_change_set(id, token)
            })
            .await
    }

    async fn delete_change_set(&self, id: &ChangeSetId) -> Result<(), CloudError> {
        self.patience
            .paced("DeleteChangeSet", || self.port.delete_change_set(id))
            .await
    }

    async fn delete_stack(
        &self,
        stack_id: &str,
        role: Option<&str>,
        token: &str,
    ) -> Result<(), CloudError> {
        self.patience
            .paced("DeleteStack", || {
                self.port.delete_stack(stack_id, role, token)
            })
            .await
    }

    async fn cancel_update(&self, stack_id: &str, token: &str) -> Result<(), CloudError> {
        self.patience
            .call(|| self.port.cancel_update(stack_id, token))
            .await
    }

    async fn events(
        &self,
        stack_id: &str,
        since: Option<&str>,
    ) -> Result<Vec<StackEvent>, CloudError> {
        self.patience
            .paced("DescribeStackEvents", || self.port.events(stack_id, since))
            .await
    }

    async fn latest_event(&self, stack_id: &str) -> Result<Option<String>, CloudError> {
        self.patience
            .paced("DescribeStackEvents", || self.port.latest_event(stack_id))
            .await
    }

    async fn template(&self, stack: &str) -> Result<String, CloudError> {
        self.patience
            .paced("GetTemplate", || self.port.template(stack))
            .await
    }

    async fn reported_changes(&self, id: &ChangeSetId) -> Result<Vec<ReportedChange>, CloudError> {
        self.patience.call(|| self.port.reported_changes(id)).await
    }

    async fn deployed(&self, stack: &str) -> Result<Option<Deployed>, CloudError> {
        self.patience.call(|| self.port.deployed(stack)).await
    }

    async fn importers(&self, export: &str) -> Result<Vec<String>, CloudError> {
        self.patience.call(|| self.port.importers(export)).await
    }

    async fn resources(&self, stack: &str) -> Result<Vec<StackResource>, CloudError> {
        self.patience
            .paced("ListStackResources", || self.port.resources(stack))
            .await
    }

    async fn stack_policy(&self, stack: &str) -> Result<Option<String>, CloudError> {
        self.patience
            .paced("GetStackPolicy", || self.port.stack_policy(stack))
            .await
    }

    async fn set_stack_policy(&self, stack: &str, body: &str) -> Result<(), CloudError> {
        self.patience
            .paced("SetStackPolicy", || self.port.set_stack_policy(stack, body))
            .await
    }

    async fn set_termination_protection(
        &self,
        cloud_name: &CloudStackName,
        enabled: bool,
    ) -> Result<(), CloudError> {
        self.patience
            .paced("UpdateTerminationProtection", || {
                self.port.set_termination_protection(cloud_name, enabled)
            })
            .await
    }
}

#[async_trait]
impl Investigation for Patient<dyn Investigation> {
    async fn failed_events(
        &self,
        scope: EventScope<'_>,
    ) -> Result<Vec<OperationEvent>, CloudError> {
        self.patience
            .paced("DescribeEvents", || self.port.failed_events(scope))
            .await
    }

    async fn hook_results(&self, target: HookTarget<'_>) -> Result<Vec<HookResult>, CloudError> {
        self.patience
            .paced("ListHookResults", || self.port.hook_results(target))
            .await
    }

    async fn owner(&self, physical_id: &str) -> Result<Option<String>, CloudError> {
        self.patience
            .paced("DescribeStackResources", || self.port.owner(physical_id))
            .await
    }

    async fn decode(&self, message: &str) -> Result<String, CloudError> {
        self.patience.call(|| self.port.decode(message)).await
    }

    async fn log_lines(
        &self,
        group: &str,
        words: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, CloudError> {
        self.patience
            .call(|| self.port.log_lines(group, words, limit))
            .await
    }
}

#[async_trait]
impl StackRepair for Patient<dyn StackRepair> {
    async fn continue_rollback(
        &self,
        stack_id: &str,
        how: &Continuation,
        role: Option<&str>,
        token: &str,
    ) -> Result<(), CloudError> {
        self.patience
            .paced("ContinueUpdateRollback", || {
                self.port.continue_rollback(stack_id, how, role, token)
            })
            .await
    }

    async fn roll_back(
        &self,
        stack_id: &str,
        role: Option<&str>,
        token: &str,
    ) -> Result<(), CloudError> {
        self.patience
            .paced("RollbackStack", || {
                self.port.roll_back(stack_id, role, token)
            })
            .await
    }

    async fn delete(
        &self,
        stack_id: &str,
        mode: &DeleteMode,
        waits: DeploymentMode,
        role: Option<&str>,
        token: &str,
    ) -> Result<(), CloudError> {
        self.patience
            .paced("DeleteStack", || {
                self.port.delete(stack_id, mode, waits, role, token)
            })
            .await
    }

    async fn update_directly(
        &self,
        request: &ChangeSetRequest,
        token: &str,
    ) -> Result<(), CloudError> {
        self.patience
            .paced("UpdateStack", || self.port.update_directly(request, token))
            .await
    }

    async fn execute_paused(&self, id: &ChangeSetId, token: &str) -> Result<(), CloudError> {
        self.patience
            .paced("ExecuteChangeSet", || self.port.execute_paused(id, token))
            .await
    }
}

#[async_trait]
impl ObjectStore for Patient<dyn ObjectStore> {
    async fn ensure_bucket(&self, bucket: &str) -> Result<bool, CloudError> {
        self.patience.call(|| self.port.ensure_bucket(bucket)).await
    }

    async fn put_if_absent(
        &self,
        bucket: &str,
        key: &str,
        body: Body,
        digest: &ArtifactDigest,
    ) -> Result<bool, CloudError> {
        self.patience
            .call(|| self.port.put_if_absent(bucket, key, body.clone(), digest))
            .await
    }

    async fn put(
        &self,
        bucket: &str,
        key: &str,
        body: Body,
        headers: &ObjectHeaders,
    ) -> Result<String, CloudError> {
        self.patience
            .call(|| self.port.put(bucket, key, body.clone(), headers))
            .await
    }

    async fn get(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, CloudError> {
        self.patience.call(|| self.port.get(bucket, key)).await
    }

    async fn read(&self, bucket: &str, key: &str) -> Result<Option<StoredObject>, CloudError> {
        self.patience.call(|| self.port.read(bucket, key)).await
    }

    // A conditional write that is sent again may find itself. Locks, which use it, look for
    // that themselves and have their own idea of how long to wait.
    async fn put_if(
        &self,
        bucket: &str,
        key: &str,
        bytes: Vec<u8>,
        condition: &Condition,
    ) -> Result<Option<String>, CloudError> {
        self.port.put_if(bucket, key, bytes, condition).await
    }

    async fn delete_if(&self, bucket: &str, key: &str, etag: &str) -> Result<bool, CloudError> {
        self.port.delete_if(bucket, key, etag).await
    }

    async fn list_under(
        &self,
        bucket: &str,
        prefix: &str,
    ) -> Result<Vec<ListedObject>, CloudError> {
        self.patience
            .call(|| self.port.list_under(bucket, prefix))
            .await
    }

    async fn purge(&self, bucket: &str, keys: &BTreeSet<String>) -> Result<u64, CloudError> {
        self.patience.call(|| self.port.purge(bucket, keys)).await
    }

    async fn list(&self, bucket: &str) -> Result<BTreeMap<String, String>, CloudError> {
        self.patience.call(|| self.port.list(bucket)).await
    }

    async fn delete(&self, bucket: &str, keys: &[String]) -> Result<(), CloudError> {
        self.patience.call(|| self.port.delete(bucket, keys)).await
    }

    async fn empty(&self, bucket: &str) -> Result<u64, CloudError> {
        self.patience.call(|| self.port.empty(bucket)).await
    }

    async fn delete_bucket(&self, bucket: &str) -> Result<bool, CloudError> {
        self.patience.call(|| self.port.delete_bucket(bucket)).await
    }
}

#[async_trait]
impl Distributions for Patient<dyn Distributions> {
    async fn status(&self, distribution: &str) -> Result<Option<String>, CloudError> {
        self.patience.call(|| self.port.status(distribution)).await
    }

    async fn invalidate(
        &self,
        distribution: &str,
        paths: &[String],
        reference: &str,
    ) -> Result<(), CloudError> {
        self.patience
            .call(|| self.port.invalidate(distribution, paths, reference))
            .await
    }
}

#[async_trait]
impl Functions for Patient<dyn Functions> {
    async fn state(&self, name: &str) -> Result<Option<FunctionState>, CloudError> {
        self.patience.call(|| self.port.state(name)).await
    }

    async fn code_digests(&self, name: &str) -> Result<Vec<ArtifactDigest>, CloudError> {
        self.patience.call(|| self.port.code_digests(name)).await
    }

    async fn versions(&self, name: &str) -> Result<Vec<PublishedVersion>, CloudError> {
        self.patience.call(|| self.port.versions(name)).await
    }

    async fn used_versions(&self, name: &str) -> Result<BTreeSet<u64>, CloudError> {
        self.patience.call(|| self.port.used_versions(name)).await
    }

    async fn delete_version(&self, name: &str, version: u64) -> Result<(), CloudError> {
        self.patience
            .call(|| self.port.delete_version(name, version))
            .await
    }

    async fn update_code(&self, name: &str, bucket: &str, key: &str) -> Result<(), CloudError> {
        self.patience
            .call(|| self.port.update_code(name, bucket, key))
            .await
    }
}

#[async_trait]
impl LogGroups for Patient<dyn LogGroups> {
    async fn list(&self, prefix: &str) -> Result<Vec<String>, CloudError> {
        self.patience.call(|| self.port.list(prefix)).await
    }

    async fn delete(&self, name: &str) -> Result<(), CloudError> {
        self.patience.call(|| self.port.delete(name)).await
    }
}
