//! Ports that wait for a cloud that throttles, breaks off or fails for a while.
//!
//! A stack that is being deployed goes on without us: a run that only loses sight of it must
//! not fail. Every call of the ports can be made again (reads, and writes with a token, a
//! digest or a name that is used once), so all of them are. How long is worth waiting depends
//! on the kind of error; what the service means (wrong request, no permission, credentials) is
//! answered at once. The SDK's own retries, a second or two, come before these.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use shopctl_core::change::{Deployed, ReportedChange};
use shopctl_core::names::{ArtifactDigest, CloudStackName};
use tokio::time::Instant;

use crate::interrupt::Interrupt;
use crate::ports::{
    Body, ChangeSetId, ChangeSetRequest, ChangeSetState, CloudError, CloudErrorKind,
    CloudFormation, Condition, Continuation, DeleteMode, DeploymentMode, Distributions, EventScope,
    FunctionState, Functions, HookResult, HookTarget, Investigation, ListedObject, LogGroups,
    ObjectHeaders, ObjectStore, OperationEvent, Ports, PublishedVersion, StackDescription,
    StackEvent, StackRepair, StackResource, StoredObject,
};

/// The ports, each with patience. `silence` is how long a cloud that answered before is waited
/// for when it cannot be reached; without it the cloud has not answered yet.
pub(crate) fn patient(ports: &Ports, cancel: &Interrupt, silence: Option<Duration>) -> Ports {
    let patience = Arc::new(Patience {
        reached: AtomicBool::new(silence.is_some()),
        silence: silence.unwrap_or(LOOKING),
        at_most: Duration::MAX,
        cancel: cancel.clone(),
        pace: Mutex::new(Pace::default()),
        jitter: AtomicU32::new(0),
    });
    let curiosity = Arc::new(Patience {
        reached: AtomicBool::new(true),
        silence: patience.silence,
        at_most: CURIOSITY,
        cancel: cancel.clone(),
        pace: Mutex::new(Pace::default()),
        jitter: AtomicU32::new(0),
    });
    fn with<P: ?Sized>(port: &Arc<P>, patience: &Arc<Patience>) -> Arc<Patient<P>> {
        Arc::new(Patient {
            port: port.clone(),
            patience: patience.clone(),
        })
    }
    Ports {
        cloudformation: with(&ports.cloudformation, &patience),
        objects: with(&ports.objects, &patience),
        distributions: with(&ports.distributions, &patience),
        functions: with(&ports.functions, &patience),
        log_groups: with(&ports.log_groups, &patience),
        investigation: with(&ports.investigation, &curiosity),
        repair: with(&ports.repair, &patience),
        // Its errors are answers.
        probe: ports.probe.clone(),
    }
}

struct Patient<P: ?Sized> {
    port: Arc<P>,
    patience: Arc<Patience>,
}

/// What all calls of a run know of each other.
struct Patience {
    /// Whether the cloud ever answered.
    reached: AtomicBool,
    /// How long it is waited for when it cannot be reached.
    silence: Duration,
    /// No error is borne longer.
    at_most: Duration,
    cancel: Interrupt,
    pace: Mutex<Pace>,
    jitter: AtomicU32,
}

/// How long a cloud is waited for that never answered: more likely than a broken line is a wrong
/// one, or none.
const UNREACHED: Duration = Duration::from_secs(2);

/// How long a cloud is waited for that answered some calls of the first look at it, but not all.
const LOOKING: Duration = Duration::from_secs(15);

/// How long is waited for what only tells more about a failure.
const CURIOSITY: Duration = Duration::from_secs(15);

/// How long an error is borne.
fn limit(kind: CloudErrorKind, silence: Duration) -> Option<Duration> {
    match kind {
        CloudErrorKind::Throttled => Some(Duration::from_secs(600)),
        CloudErrorKind::Unreachable => Some(silence),
        CloudErrorKind::Service => Some(Duration::from_secs(120)),
        _ => None,
    }
}

impl Patience {
    async fn call<T, F>(&self, call: impl Fn() -> F) -> Result<T, CloudError>
    where
        F: Future<Output = Result<T, CloudError>>,
    {
        // Each kind of error has its own patience: a refusal, say, proves that the line works.
        let mut failing: Option<(CloudErrorKind, Instant)> = None;
        let mut pause = Duration::from_millis(100);
        loop {
            let error = match call().await {
                Ok(answer) => {
                    self.reached.store(true, Ordering::Relaxed);
                    return Ok(answer);
                }
                Err(error) => error,
            };
            if error.kind != CloudErrorKind::Unreachable {
                self.reached.store(true, Ordering::Relaxed);
            }
            let Some(mut limit) = limit(error.kind, self.silence) else {
                return Err(error);
            };
            limit = limit.min(self.at_most);
            if !self.reached.load(Ordering::Relaxed) {
                limit = limit.min(UNREACHED);
            }
            let since = match failing {
                Some((kind, since)) if kind == error.kind => since,
                _ => Instant::now(),
            };
            failing = Some((error.kind, since));
            if since.elapsed() >= limit || self.cancel.is_cancelled() {
                return Err(error);
            }
            tokio::time::sleep(self.spread(pause)).await;
            pause = (pause * 2).min(Duration::from_secs(10));
        }
    }

    /// Between half of a pause and all of it, so that calls that failed together do not come
    /// back together.
    fn spread(&self, pause: Duration) -> Duration {
        // Weyl's sequence of the golden ratio: neighbours are far apart, no two are alike.
        let step = self.jitter.fetch_add(0x9e37_79b9, Ordering::Relaxed);
        pause / 2 + (pause / 2).mul_f64(f64::from(step) / f64::from(u32::MAX))
    }

    /// A call of CloudFormation, which has a rate for all calls of an operation in an account.
    async fn paced<T, F>(
        &self,
        operation: &'static str,
        call: impl Fn() -> F,
    ) -> Result<T, CloudError>
    where
        F: Future<Output = Result<T, CloudError>>,
    {
        let call = &call;
        self.call(move || async move {
            let turn = self.with_pace(|pace| pace.turn(operation, Instant::now()));
            tokio::time::sleep_until(turn).await;
            let answer = call().await;
            let throttled =
                matches!(&answer, Err(error) if error.kind == CloudErrorKind::Throttled);
            self.with_pace(|pace| pace.learn(operation, throttled));
            answer
        })
        .await
    }

    fn with_pace<T>(&self, change: impl FnOnce(&mut Pace) -> T) -> T {
        change(&mut self.pace.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The rate of calls that CloudFormation is found to allow, by operation.
///
/// Nothing is held back until it throttles (an account's limits are not published, a local
/// cloud has none); then the rate is halved with every refusal and grows slowly again.
#[derive(Default)]
struct Pace(BTreeMap<&'static str, Lane>);

struct Lane {
    per_second: f64,
    next: Instant,
}

impl Pace {
    /// Below what users saw allowed: five `DescribeStacks` a second.
    /// <https://github.com/aws/aws-sam-cli/issues/2671>
    const FIRST: f64 = 8.0;
    const LEAST: f64 = 0.5;
    /// From this rate on nothing is held back any more.
    const FREE: f64 = 20.0;

    fn turn(&mut self, operation: &'static str, now: Instant) -> Instant {
        let Some(lane) = self.0.get_mut(operation) else {
            return now;
        };
        let turn = lane.next.max(now);
        lane.next = turn + Duration::from_secs_f64(1.0 / lane.per_second);
        turn
    }

    fn learn(&mut self, operation: &'static str, throttled: bool) {
        if throttled {
            let lane = self.0.entry(operation).or_insert_with(|| Lane {
                per_second: Self::FIRST,
                next: Instant::now(),
            });
            lane.per_second = (lane.per_second / 2.0).max(Self::LEAST);
        } else if let Some(lane) = self.0.get_mut(operation) {
            lane.per_second += 0.1;
            if lane.per_second > Self::FREE {
                self.0.remove(operation);
            }
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_found_by_halving_and_given_up_when_it_was_not_needed() {
        let mut pace = Pace::default();
        let now = Instant::now();
        assert_eq!(pace.turn("DescribeStacks", now), now);
        pace.learn("DescribeStacks", false);
        assert!(
            pace.0.is_empty(),
            "nothing is held back before it is refused"
        );
        pace.learn("DescribeStacks", true);
        let now = Instant::now();
        let first = pace.turn("DescribeStacks", now);
        let second = pace.turn("DescribeStacks", now);
        assert_eq!(second - first, Duration::from_millis(250));
        assert_eq!(pace.turn("DescribeChangeSet", now), now, "each has its own");
        for _ in 0..10 {
            pace.learn("DescribeStacks", true);
        }
        let first = pace.turn("DescribeStacks", now);
        let second = pace.turn("DescribeStacks", now);
        assert_eq!(second - first, Duration::from_secs(2));
        for _ in 0..200 {
            pace.learn("DescribeStacks", false);
        }
        assert_eq!(pace.turn("DescribeStacks", now), now);
    }
}
