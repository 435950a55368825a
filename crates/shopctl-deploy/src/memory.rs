//! A bucket in memory with simulated time, for tests of this crate.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use shopctl_core::names::ArtifactDigest;
use tokio::time::Instant;

use crate::ports::{
    Body, CloudError, CloudErrorKind, Condition, ListedObject, ObjectHeaders, ObjectStore,
    StoredObject,
};

/// Bytes, entity tag, time of writing.
type Entry = (Vec<u8>, String, Instant);

/// One bucket; which, it does not ask.
#[derive(Default)]
pub(crate) struct MemoryBucket {
    objects: Mutex<BTreeMap<String, Entry>>,
    exists: AtomicBool,
    /// Calls of any kind.
    pub(crate) calls: AtomicU64,
    /// Set: nothing is reached.
    pub(crate) down: AtomicBool,
    /// Set: the next conditional write is done, but its answer is lost.
    pub(crate) lose_answer: AtomicBool,
}

impl MemoryBucket {
    pub(crate) fn new() -> Self {
        let bucket = Self::default();
        bucket.exists.store(true, Ordering::SeqCst);
        bucket
    }

    fn reach(&self, operation: &str) -> Result<(), CloudError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if self.down.load(Ordering::SeqCst) {
            return Err(failed(CloudErrorKind::Unreachable, operation));
        }
        Ok(())
    }

    fn bytes_of(&self, body: Body) -> Result<Vec<u8>, CloudError> {
        match body {
            Body::Bytes(bytes) => Ok(bytes),
            Body::File(path) => Ok(std::fs::read(path).unwrap()),
            Body::Object { key, .. } => {
                let objects = self.objects.lock().unwrap();
                let found = objects.get(&key).map(|(bytes, _, _)| bytes.clone());
                found.ok_or_else(|| failed(CloudErrorKind::NotFound, "CopyObject"))
            }
        }
    }

    fn write(&self, key: &str, bytes: Vec<u8>) -> String {
        let etag = shopctl_core::record::digest(&bytes);
        let entry = (bytes, etag.clone(), Instant::now());
        self.objects.lock().unwrap().insert(key.to_owned(), entry);
        etag
    }
}

fn failed(kind: CloudErrorKind, operation: &str) -> CloudError {
    CloudError {
        kind,
        operation: operation.to_owned(),
        message: format!("{kind:?}"),
    }
}

#[async_trait]
impl ObjectStore for MemoryBucket {
    async fn ensure_bucket(&self, _: &str) -> Result<bool, CloudError> {
        self.reach("CreateBucket")?;
        Ok(!self.exists.swap(true, Ordering::SeqCst))
    }

    async fn put_if_absent(
        &self,
        _: &str,
        key: &str,
        body: Body,
        _: &ArtifactDigest,
    ) -> Result<bool, CloudError> {
        self.reach("PutObject")?;
        let there = self.objects.lock().unwrap().contains_key(key);
        if !there {
            self.write(key, self.bytes_of(body)?);
        }
        Ok(!there)
    }

    async fn put(
        &self,
        _: &str,
        key: &str,
        body: Body,
        _: &ObjectHeaders,
    ) -> Result<String, CloudError> {
        self.reach("PutObject")?;
        Ok(self.write(key, self.bytes_of(body)?))
    }

    async fn get(&self, _: &str, key: &str) -> Result<Option<Vec<u8>>, CloudError> {
        self.reach("GetObject")?;
        let objects = self.objects.lock().unwrap();
        Ok(objects.get(key).map(|(bytes, _, _)| bytes.clone()))
    }

    async fn read(&self, _: &str, key: &str) -> Result<Option<StoredObject>, CloudError> {
        self.reach("GetObject")?;
        let objects = self.objects.lock().unwrap();
        Ok(objects.get(key).map(|(bytes, etag, at)| StoredObject {
            bytes: bytes.clone(),
            etag: etag.clone(),
            age: at.elapsed(),
        }))
    }

    async fn put_if(
        &self,
        _: &str,
        key: &str,
        bytes: Vec<u8>,
        condition: &Condition,
    ) -> Result<Option<String>, CloudError> {
        self.reach("PutObject")?;
        if !self.exists.load(Ordering::SeqCst) {
            return Err(failed(CloudErrorKind::NotFound, "PutObject"));
        }
        let found = self
            .objects
            .lock()
            .unwrap()
            .get(key)
            .map(|(_, etag, _)| etag.clone());
        let holds = match condition {
            Condition::Absent => found.is_none(),
            Condition::Unchanged(etag) => found.as_ref() == Some(etag),
        };
        if !holds {
            return Ok(None);
        }
        let etag = self.write(key, bytes);
        // The SDK sends a request again whose answer was lost, and then it finds itself.
        if self.lose_answer.swap(false, Ordering::SeqCst) {
            return Ok(None);
        }
        Ok(Some(etag))
    }

    async fn delete_if(&self, _: &str, key: &str, etag: &str) -> Result<bool, CloudError> {
        self.reach("DeleteObject")?;
        let mut objects = self.objects.lock().unwrap();
        let same = objects.get(key).is_some_and(|(_, found, _)| found == etag);
        if same {
            objects.remove(key);
        }
        Ok(same)
    }

    async fn list_under(&self, _: &str, prefix: &str) -> Result<Vec<ListedObject>, CloudError> {
        self.reach("ListObjectsV2")?;
        let objects = self.objects.lock().unwrap();
        Ok(objects
            .iter()
            .filter(|(key, _)| key.starts_with(prefix))
            .map(|(key, (bytes, _, _))| ListedObject {
                key: key.clone(),
                bytes: bytes.len() as u64,
            })
            .collect())
    }

    async fn purge(&self, _: &str, keys: &BTreeSet<String>) -> Result<u64, CloudError> {
        self.reach("DeleteObjects")?;
        let mut objects = self.objects.lock().unwrap();
        let before = objects.len();
        objects.retain(|key, _| !keys.contains(key));
        Ok((before - objects.len()) as u64)
    }

    async fn list(&self, _: &str) -> Result<BTreeMap<String, String>, CloudError> {
        self.reach("ListObjectsV2")?;
        let objects = self.objects.lock().unwrap();
        Ok(objects
            .iter()
            .map(|(key, (_, etag, _))| (key.clone(), etag.clone()))
            .collect())
    }

    async fn delete(&self, bucket: &str, keys: &[String]) -> Result<(), CloudError> {
        self.purge(bucket, &keys.iter().cloned().collect()).await?;
        Ok(())
    }

    async fn empty(&self, _: &str) -> Result<u64, CloudError> {
        self.reach("DeleteObjects")?;
        let mut objects = self.objects.lock().unwrap();
        let count = objects.len() as u64;
        objects.clear();
        Ok(count)
    }

    async fn delete_bucket(&self, _: &str) -> Result<bool, CloudError> {
        self.reach("DeleteBucket")?;
        Ok(self.exists.swap(false, Ordering::SeqCst))
    }
}
