//! The lock of an environment: one run at a time.
//!
//! It is an object in the artifact bucket, made, renewed, taken over and removed by
//! conditional writes only. It is a lease: a holder that died stops renewing it, and once
//! it is older than its time by S3's own clock the next run takes it over. No local clock
//! is compared with another machine's.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::interrupt::Interrupt;
use crate::ports::{CloudError, CloudErrorKind, Condition, ObjectStore};

/// Key of the lock in the artifact bucket.
pub const LOCK_KEY: &str = "locks/run.json";

/// Version of the document's format.
const VERSION: u32 = 1;

/// A lock that nobody renewed for this long is free.
pub const LEASE: Duration = Duration::from_secs(60);

/// A bucket that is not there is made this often at most.
const MAKINGS: u32 = 5;

/// A waiting run looks this often.
const LOOK: Duration = Duration::from_secs(2);

/// Who holds a lock, and for what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Holder {
    /// Name of the user.
    pub user: String,
    /// Name of the machine.
    pub host: String,
    /// Number of the process.
    pub pid: u32,
    /// The command, for instance `deploy`.
    pub command: String,
    /// Identifier of the run.
    pub run: String,
    /// Tells its process apart from all others of its machine, where that is known. A run on
    /// the same machine sees by it that the process is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<String>,
    /// Where the run can be watched, in CI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_url: Option<String>,
    /// When it took the lock by its own clock, RFC 3339; for people only.
    pub since: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "run {} ({} by {}@{}, process {}, since {}",
            self.run, self.command, self.user, self.host, self.pid, self.since
        )?;
        if let Some(url) = &self.run_url {
            write!(f, ", {url}")?;
        }
        f.write_str(")")
    }
}

/// The lock as it lies in the bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    version: u32,
    #[serde(flatten)]
    holder: Holder,
    lease_seconds: u64,
    /// Tells two processes apart that call themselves the same.
    nonce: String,
    /// Counts renewals. Entity tags are digests of the content, so each has to differ.
    beat: u64,
}

/// A lock that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundLock {
    /// Its holder; `None` when the object cannot be read as a lock.
    pub holder: Option<Holder>,
    /// Time since its last renewal.
    pub age: Duration,
    /// How long it is good for after a renewal.
    pub lease: Duration,
    etag: String,
}

impl FoundLock {
    /// Whether its holder has stopped renewing it, or is known to be gone.
    pub fn is_free(&self, is_gone: fn(&str) -> bool) -> bool {
        let process = self.holder.as_ref().and_then(|h| h.process.as_deref());
        self.age > self.lease || process.is_some_and(is_gone)
    }
}

/// Why there is no lock.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another run holds it.
    #[error("another run is at work: {}", holder_text(.0))]
    Held(Box<FoundLock>),
    /// The user stopped waiting.
    #[error("interrupted")]
    Interrupted,
    /// A call did not work.
    #[error(transparent)]
    Cloud(#[from] CloudError),
}

fn holder_text(found: &FoundLock) -> String {
    match &found.holder {
        Some(holder) => holder.to_string(),
        None => format!("an object '{LOCK_KEY}' that is no lock of this version"),
    }
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The artifact bucket.
    pub bucket: String,
    /// Who asks.
    pub holder: Holder,
    /// A value that no other process has.
    pub nonce: String,
    /// How long the lock is good for after a renewal; renewed four times as often.
    pub lease: Duration,
    /// How long to wait for another run.
    pub wait: Duration,
    /// Whether the process of this mark is known to be gone; see [`Holder::process`].
    pub is_gone: fn(&str) -> bool,
}

/// The lock that is there, if any.
pub async fn find(
    objects: &dyn ObjectStore,
    bucket: &str,
) -> Result<Option<FoundLock>, CloudError> {
    let Some(object) = objects.read(bucket, LOCK_KEY).await? else {
        return Ok(None);
    };
    let document = serde_json::from_slice::<Document>(&object.bytes)
        .ok()
        .filter(|document| document.version == VERSION);
    Ok(Some(FoundLock {
        lease: document.as_ref().map_or(LEASE, |document| {
            Duration::from_secs(document.lease_seconds)
        }),
        holder: document.map(|document| document.holder),
        age: object.age,
        etag: object.etag,
    }))
}

/// Removes a lock that was found, unless it was renewed or taken since.
pub async fn remove(
    objects: &dyn ObjectStore,
    bucket: &str,
    found: &FoundLock,
) -> Result<bool, CloudError> {
    objects.delete_if(bucket, LOCK_KEY, &found.etag).await
}

/// Takes the lock, waits for it, or says who holds it. The bucket is made if it is not there.
///
/// `on_wait` hears once of the run that is waited for. When the lease is lost later, `cancel`
/// is set.
pub async fn acquire(
    objects: Arc<dyn ObjectStore>,
    claim: &Claim,
    cancel: &Interrupt,
    mut on_wait: impl FnMut(&FoundLock),
) -> Result<Lease, LockError> {
    let document = Document {
        version: VERSION,
        holder: claim.holder.clone(),
        // A lease below a second could not be told from S3's times, which are whole seconds.
        lease_seconds: claim.lease.as_secs().max(1),
        nonce: claim.nonce.clone(),
        beat: 0,
    };
    let end = Instant::now() + claim.wait;
    let mut told = false;
    let mut makings = 0;
    loop {
        let put = put_again(objects.as_ref(), claim, &document, &Condition::Absent).await;
        let put = match put {
            Err(error) if error.kind == CloudErrorKind::NotFound && makings < MAKINGS => {
                objects.ensure_bucket(&claim.bucket).await?;
                // A new bucket is not known everywhere at once.
                sleep(Duration::from_millis(200) * makings).await;
                makings += 1;
                continue;
            }
            put => put?,
        };
        if let Some(etag) = put {
            return Ok(Lease::keep(objects, claim, document, etag, None, cancel));
        }
        let Some(found) = find(objects.as_ref(), &claim.bucket).await? else {
            // Released in between.
            continue;
        };
        if found.is_free(claim.is_gone) {
            let condition = Condition::Unchanged(found.etag.clone());
            match put_again(objects.as_ref(), claim, &document, &condition).await? {
                Some(etag) => {
                    let dead = found.holder;
                    return Ok(Lease::keep(objects, claim, document, etag, dead, cancel));
                }
                // Somebody else was quicker, or the holder came back.
                None => continue,
            }
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(LockError::Held(Box::new(found)));
        }
        if !told {
            told = true;
            on_wait(&found);
        }
        tokio::select! {
            () = sleep(LOOK.min(left)) => {}
            () = cancel.cancelled() => return Err(LockError::Interrupted),
        }
    }
}

async fn put(
    objects: &dyn ObjectStore,
    claim: &Claim,
    document: &Document,
    condition: &Condition,
) -> Result<Option<String>, CloudError> {
    let bytes = serde_json::to_vec(document).map_err(|error| CloudError {
        kind: CloudErrorKind::Refused,
        operation: "writing the lock".to_owned(),
        message: error.to_string(),
    })?;
    objects
        .put_if(&claim.bucket, LOCK_KEY, bytes, condition)
        .await
}

/// A write whose answer was lost and that was sent again finds its own first copy.
async fn put_again(
    objects: &dyn ObjectStore,
    claim: &Claim,
    document: &Document,
    condition: &Condition,
) -> Result<Option<String>, CloudError> {
    if let Some(etag) = put(objects, claim, document, condition).await? {
        return Ok(Some(etag));
    }
    let Some(object) = objects.read(&claim.bucket, LOCK_KEY).await? else {
        return Ok(None);
    };
    let own = serde_json::from_slice::<Document>(&object.bytes)
        .is_ok_and(|found| found.nonce == claim.nonce);
    Ok(own.then_some(object.etag))
}

/// A lock that is held and renewed until it is released.
pub struct Lease {
    /// The run whose expired lock this was; it is dead.
    pub taken_over: Option<Holder>,
    shared: Arc<Shared>,
    #[cfg(test)]
    beating: tokio::task::JoinHandle<()>,
}

struct Shared {
    objects: Arc<dyn ObjectStore>,
    claim: Claim,
    current: Mutex<(Document, String)>,
    stop: CancellationToken,
    lost: OnceLock<String>,
}

impl Lease {
    fn keep(
        objects: Arc<dyn ObjectStore>,
        claim: &Claim,
        document: Document,
        etag: String,
        taken_over: Option<Holder>,
        cancel: &Interrupt,
    ) -> Self {
        let shared = Arc::new(Shared {
            objects,
            claim: claim.clone(),
            current: Mutex::new((document, etag)),
            stop: CancellationToken::new(),
            lost: OnceLock::new(),
        });
        // It ends by itself once the lease is let go or lost.
        let _beating = tokio::spawn(beat(shared.clone(), cancel.clone()));
        Self {
            taken_over,
            shared,
            #[cfg(test)]
            beating: _beating,
        }
    }

    /// Why the lock is no longer held, when it was lost.
    pub fn lost(&self) -> Option<&str> {
        self.shared.lost.get().map(String::as_str)
    }

    /// Renews it no more, for instance because its bucket is about to go.
    pub async fn let_go(&self) {
        self.shared.stop.cancel();
        // A renewal on its way is waited for.
        drop(self.shared.current.lock().await);
    }

    /// Removes it, unless it is another's by now.
    pub async fn release(&self) -> Result<(), CloudError> {
        self.let_go().await;
        if self.shared.lost.get().is_some() {
            return Ok(());
        }
        let (_, etag) = &*self.shared.current.lock().await;
        let bucket = &self.shared.claim.bucket;
        let removed = self.shared.objects.delete_if(bucket, LOCK_KEY, etag).await;
        match removed {
            // The bucket went with all that was in it.
            Err(error) if error.kind == CloudErrorKind::NotFound => Ok(()),
            removed => removed.map(|_| ()),
        }
    }
}

async fn beat(shared: Arc<Shared>, cancel: Interrupt) {
    let lease = shared.claim.lease;
    let pause = lease / 4;
    let mut renewed = Instant::now();
    loop {
        tokio::select! {
            () = sleep(pause) => {}
            () = shared.stop.cancelled() => return,
        }
        let mut current = shared.current.lock().await;
        if shared.stop.is_cancelled() {
            return;
        }
        let (document, etag) = &*current;
        let mut next = document.clone();
        next.beat += 1;
        let condition = Condition::Unchanged(etag.clone());
        let began = Instant::now();
        let renewal = put_again(shared.objects.as_ref(), &shared.claim, &next, &condition);
        let lost = match timeout(pause, renewal).await {
            Ok(Ok(Some(etag))) => {
                renewed = began;
                *current = (next, etag);
                None
            }
            Ok(Ok(None)) => Some("another run took it over, or somebody removed it".to_owned()),
            // A hiccup; another may not yet take the lock over.
            _ if renewed.elapsed() + pause < lease => None,
            Ok(Err(error)) => Some(format!("it could not be renewed in time: {error}")),
            Err(_) => Some("it could not be renewed in time: S3 does not answer".to_owned()),
        };
        drop(current);
        if let Some(reason) = lost {
            let _ = shared.lost.set(reason);
            cancel.detach();
            return;
        }
    }
}

#[cfg(test)]
#[path = "lock_tests.rs"]
mod tests;
