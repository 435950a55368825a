//! The cloud as tests see it: ports for the deployer, settings, faults, and a look inside.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shopctl_core::names::ArtifactDigest;
use shopctl_core::stack_settings::RollbackRule;
use shopctl_core::status::StackStatus;
use shopctl_deploy::ports::{CloudError, Ports, StackEvent};
use tokio::sync::Notify;

use crate::call::{Calls, Fault, FaultRule, KillPoint};
use crate::clock::Clock;
use crate::refusal::Refusal;
use crate::settings::{ResourceFault, Settings};
use crate::world::{Physical, World};

/// A cloud in memory. A clone is the same cloud: it survives whoever talks to it.
#[derive(Clone)]
pub struct FakeCloud {
    inner: Arc<Inner>,
}

struct Inner {
    clock: Clock,
    world: Mutex<World>,
    killed: Notify,
}

impl Default for FakeCloud {
    fn default() -> Self {
        Self::new(0)
    }
}

impl FakeCloud {
    /// An empty account. The seed decides what happens by chance.
    pub fn new(seed: u64) -> Self {
        Self {
            inner: Arc::new(Inner {
                clock: Clock::default(),
                world: Mutex::new(World::new(seed)),
                killed: Notify::new(),
            }),
        }
    }

    /// What the executor works with.
    pub fn ports(&self) -> Ports {
        let cloud = Arc::new(self.clone());
        Ports {
            cloudformation: cloud.clone(),
            objects: cloud.clone(),
            distributions: cloud.clone(),
            functions: cloud.clone(),
            log_groups: cloud.clone(),
            probe: cloud.clone(),
            investigation: cloud.clone(),
            repair: cloud,
        }
    }

    /// The world as it is now.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        let now = self.inner.clock.now();
        let mut world = self
            .inner
            .world
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        world.advance(now);
        world
    }

    /// A call: noted, struck by faults, delayed by the latency, with its effect in the middle.
    pub(crate) async fn call<T>(
        &self,
        operation: &'static str,
        subject: &str,
        effect: impl FnOnce(&mut World) -> Result<T, Refusal>,
    ) -> Result<T, CloudError> {
        let (number, fault, latency) = {
            let mut world = self.world();
            let now = world.now;
            let name = world.name_of(subject);
            let (number, fault) = world.traffic.begin(operation, &name, now);
            (number, fault, world.settings.latency)
        };
        self.live(number, KillPoint::BeforeEffect).await;
        tokio::time::sleep(latency / 2).await;
        let result = {
            let mut world = self.world();
            match fault {
                Some(fault) if !fault.after_effect() => Err(fault.refusal(operation)),
                Some(fault) => {
                    // The effect is real; only its answer is not heard of.
                    let _ = effect(&mut world);
                    Err(fault.refusal(operation))
                }
                None => effect(&mut world),
            }
        };
        self.live(number, KillPoint::AfterEffect).await;
        tokio::time::sleep(latency - latency / 2).await;
        let mut world = self.world();
        let subject = world.name_of(subject);
        let now = world.now;
        let result = result.map_err(|refusal| refusal.into_error(operation, &subject));
        let error = result.as_ref().err().map(ToString::to_string);
        world.traffic.end(number, now, error);
        result
    }

    /// Goes on, unless the caller is killed here: then this never returns.
    async fn live(&self, call: usize, point: KillPoint) {
        let killed = self.world().traffic.is_killed(call, point);
        if killed {
            self.inner.killed.notify_one();
            std::future::pending::<()>().await;
        }
    }

    /// Changes how the cloud behaves from now on.
    pub fn configure(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.world().settings);
    }

    /// Puts a fault into calls.
    pub fn inject(&self, rule: FaultRule) {
        self.world().traffic.rules.push(rule);
    }

    /// Makes a resource fail.
    pub fn fail(&self, fault: ResourceFault) {
        self.world().faults.push(fault);
    }

    /// Takes away all faults: of calls and of resources.
    pub fn heal(&self) {
        let mut world = self.world();
        world.faults.clear();
        world.traffic.rules.clear();
        world.traffic.kill = None;
    }

    /// Lets an operation through at most this often: more is `Rate exceeded`.
    pub fn limit_rate(&self, operation: &'static str, per_second: f64, burst: f64) {
        self.world().traffic.limit(operation, per_second, burst);
    }

    /// Has the caller's process die in the call with this number, counted from 0 since the
    /// log was last forgotten. See [`FakeCloud::killed`].
    pub fn kill_at(&self, call: usize, point: KillPoint) {
        self.world().traffic.kill = Some((call, point));
    }

    /// Returns once the caller was killed; whoever waits drops the caller's future then.
    pub async fn killed(&self) {
        self.inner.killed.notified().await;
    }

    /// The calls since the log was last forgotten.
    pub fn calls(&self) -> Calls {
        self.world().traffic.calls.clone()
    }

    /// Forgets the calls that were made.
    pub fn forget_calls(&self) {
        self.world().traffic.calls = Calls::default();
    }

    /// Simulated time since the cloud began.
    pub fn now(&self) -> Duration {
        self.world().now
    }

    /// Waits until nothing happens by itself any more.
    pub async fn settle(&self) {
        loop {
            let (now, next) = {
                let world = self.world();
                (world.now, world.next_occurrence())
            };
            match next {
                None => return,
                Some(time) => tokio::time::sleep(time.saturating_sub(now)).await,
            }
            // The runtime's clock ticks in milliseconds.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Waits until something is true, for an hour of simulated time at most; tells whether it
    /// became true.
    pub async fn wait_until(&self, condition: impl Fn(&Self) -> bool) -> bool {
        for _ in 0..72_000 {
            if condition(self) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    }

    /// The status of a stack by name or ARN; `None` when there is none.
    pub fn status(&self, stack: &str) -> Option<StackStatus> {
        self.world().find(stack).map(|stack| stack.status)
    }

    /// The reason of a stack's status.
    pub fn status_reason(&self, stack: &str) -> Option<String> {
        self.world().find(stack)?.reason.clone()
    }

    /// ARN of a stack.
    pub fn stack_id(&self, stack: &str) -> Option<String> {
        self.world().find_id(stack)
    }

    /// Names and statuses of all stacks that are not deleted.
    pub fn stacks(&self) -> BTreeMap<String, StackStatus> {
        self.world()
            .stacks
            .values()
            .filter(|stack| !stack.is_deleted())
            .map(|stack| (stack.name.clone(), stack.status))
            .collect()
    }

    /// ARNs of all stacks that ever had this name, oldest first.
    pub fn generations(&self, name: &str) -> Vec<String> {
        self.world()
            .stacks
            .values()
            .filter(|stack| stack.name == name)
            .map(|stack| stack.id.clone())
            .collect()
    }

    /// A stack's outputs.
    pub fn outputs(&self, stack: &str) -> BTreeMap<String, String> {
        self.world()
            .find(stack)
            .map(|stack| stack.outputs.clone().into_iter().collect())
            .unwrap_or_default()
    }

    /// Values of a stack's parameters as they were last deployed.
    pub fn parameters(&self, stack: &str) -> BTreeMap<String, String> {
        self.world()
            .find(stack)
            .and_then(|stack| Some(stack.deployed.as_ref()?.parameters.clone()))
            .map(|parameters| parameters.into_iter().collect())
            .unwrap_or_default()
    }

    /// A stack's tags as they were last deployed.
    pub fn tags(&self, stack: &str) -> BTreeMap<String, String> {
        self.world()
            .find(stack)
            .and_then(|stack| Some(stack.deployed.as_ref()?.tags.clone()))
            .unwrap_or_default()
    }

    /// A stack's template as it was last deployed.
    pub fn template_body(&self, stack: &str) -> Option<String> {
        Some(self.world().find(stack)?.deployed.as_ref()?.body.clone())
    }

    /// The role that a stack's operations are done as.
    pub fn role(&self, stack: &str) -> Option<String> {
        self.world().find(stack)?.role.clone()
    }

    /// The alarms that roll a stack's operations back.
    pub fn rollback_rule(&self, stack: &str) -> RollbackRule {
        let world = self.world();
        world
            .find(stack)
            .map(|stack| stack.rollback.clone())
            .unwrap_or_default()
    }

    /// A stack's policy.
    pub fn policy(&self, stack: &str) -> Option<String> {
        self.world().find(stack)?.policy.clone()
    }

    /// Physical ID of a resource.
    pub fn physical_id(&self, stack: &str, logical_id: &str) -> Option<String> {
        let world = self.world();
        world
            .find(stack)?
            .physical(logical_id)
            .map(|(physical, _)| physical)
    }

    /// Names of a stack's change sets, with their execution status.
    pub fn change_sets(&self, stack: &str) -> Vec<(String, &'static str)> {
        self.world()
            .find(stack)
            .map(|stack| {
                let sets = stack.change_sets.iter();
                sets.map(|set| (set.name.clone(), set.execution.as_str()))
                    .collect()
            })
            .unwrap_or_default()
    }

    /// All events of a stack as they happened, whether they can be read yet or not.
    pub fn history(&self, stack: &str) -> Vec<StackEvent> {
        self.world()
            .find(stack)
            .map(|stack| {
                let events = stack.events.iter();
                events.map(|stored| stored.event.clone()).collect()
            })
            .unwrap_or_default()
    }

    /// Everything that exists, in the order of type and physical ID.
    pub fn inventory(&self) -> Vec<Physical> {
        self.world().inventory.values().cloned().collect()
    }

    /// How often a resource was made.
    pub fn times_made(&self, stack: &str, logical_id: &str) -> u32 {
        self.world()
            .made
            .get(&(stack.to_owned(), logical_id.to_owned()))
            .copied()
            .unwrap_or_default()
    }

    /// Lets a function have a published version whose zip has this SHA-256.
    pub fn publish_version(&self, function: &str, digest: &str) -> u64 {
        let mut world = self.world();
        let versions = world.published.entry(function.to_owned()).or_default();
        let number = versions.keys().next_back().copied().unwrap_or_default() + 1;
        versions.insert(number, ArtifactDigest::new(digest));
        number
    }

    /// Has an alias lead to a version.
    pub fn use_version(&self, function: &str, version: u64) {
        let mut world = self.world();
        let used = world.used_versions.entry(function.to_owned()).or_default();
        used.insert(version);
    }

    /// Numbers of a function's published versions.
    pub fn published(&self, function: &str) -> Vec<u64> {
        let world = self.world();
        let versions = world.published.get(function).into_iter().flatten();
        versions.map(|(number, _)| *number).collect()
    }

    /// What a URL answers; those that were not set do not answer.
    pub fn serve(&self, url: &str, status: u16) {
        self.world().urls.insert(url.to_owned(), status);
    }

    /// A function writes its first log line, which makes its log group.
    pub fn invoke(&self, function: &str) {
        self.world()
            .log_groups
            .insert(format!("/aws/lambda/{function}"));
    }

    /// Names of all log groups.
    pub fn log_groups(&self) -> Vec<String> {
        self.world().log_groups.iter().cloned().collect()
    }

    /// Names of all buckets.
    pub fn buckets(&self) -> Vec<String> {
        self.world().storage.buckets.keys().cloned().collect()
    }

    /// Current keys of a bucket.
    pub fn keys(&self, bucket: &str) -> Vec<String> {
        let world = self.world();
        let Some(bucket) = world.storage.buckets.get(bucket) else {
            return Vec::new();
        };
        let keys = bucket.keys.keys();
        keys.filter(|key| bucket.current(key).is_some())
            .cloned()
            .collect()
    }

    /// Number of versions and delete markers in a bucket.
    pub fn versions(&self, bucket: &str) -> usize {
        self.world()
            .storage
            .buckets
            .get(bucket)
            .map_or(0, |bucket| bucket.all_versions().len())
    }

    /// Content type and cache header of an object.
    pub fn headers(&self, bucket: &str, key: &str) -> Option<(String, String)> {
        let world = self.world();
        let bucket = world.storage.buckets.get(bucket)?;
        bucket.current(key)?.headers.clone()
    }

    /// Somebody writes an object; tells whether the bucket was there.
    pub fn write(&self, bucket: &str, key: &str, bytes: &[u8]) -> bool {
        self.world()
            .storage
            .put(bucket, key, bytes.to_vec(), None)
            .is_ok()
    }

    /// Somebody deletes an object; tells whether the bucket was there.
    pub fn erase(&self, bucket: &str, key: &str) -> bool {
        self.world().storage.delete(bucket, key).is_ok()
    }

    /// Leaves an unfinished upload in a bucket.
    pub fn begin_upload(&self, bucket: &str) {
        if let Ok(bucket) = self.world().storage.bucket(bucket) {
            bucket.unfinished += 1;
        }
    }

    /// Somebody writes an object right after each of the next times that a bucket is emptied,
    /// as access logs do.
    pub fn write_after_emptying(&self, bucket: &str, times: u32) {
        if let Ok(bucket) = self.world().storage.bucket(bucket) {
            bucket.late_writes = times;
        }
    }

    pub(crate) fn write_late(&self, bucket: &str) {
        let late = match self.world().storage.bucket(bucket) {
            Ok(bucket) if bucket.late_writes > 0 => {
                bucket.late_writes -= 1;
                true
            }
            _ => false,
        };
        if late {
            self.write(bucket, "log", b"late");
        }
    }

    /// The key of the code that was last put directly into a function.
    pub fn direct_code(&self, function: &str) -> Option<String> {
        self.world().direct_code.get(function).cloned()
    }

    /// Invalidations: the distribution and the paths of each reference.
    pub fn invalidations(&self) -> BTreeMap<String, (String, Vec<String>)> {
        self.world().invalidations.clone()
    }

    /// A number for a run; no two runs get the same.
    pub fn next_run(&self) -> u64 {
        self.world().serial()
    }

    /// Shorthand for the common fault: every call of an operation, this often.
    pub fn inject_times(&self, fault: Fault, operation: &'static str, times: u32) {
        self.inject(FaultRule::new(fault).on(operation).times(times));
    }
}
