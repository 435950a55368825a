//! Buckets, objects and their versions. Calls come in through `object_store.rs`.

use std::collections::BTreeMap;
use std::sync::Arc;

use shopctl_core::record::digest;
use tokio::time::Instant;

use crate::refusal::Refusal;

/// All buckets.
#[derive(Debug, Default)]
pub(crate) struct Storage {
    pub(crate) buckets: BTreeMap<String, Bucket>,
    versions: u64,
}

/// A bucket.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    pub(crate) versioned: bool,
    /// Versions of each key, oldest first.
    pub(crate) keys: BTreeMap<String, Vec<Version>>,
    /// Uploads in parts that were never finished.
    pub(crate) unfinished: u64,
    /// Objects that somebody else writes right after the bucket was emptied.
    pub(crate) late_writes: u32,
}

/// A version of an object.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    pub(crate) id: u64,
    /// `None` for a delete marker.
    pub(crate) body: Option<Arc<Vec<u8>>>,
    pub(crate) etag: String,
    pub(crate) headers: Option<(String, String)>,
    pub(crate) written: Instant,
}

impl Storage {
    /// Makes a bucket.
    pub(crate) fn make(&mut self, bucket: &str) {
        self.buckets.entry(bucket.to_owned()).or_default();
    }

    pub(crate) fn remove(&mut self, bucket: &str) {
        self.buckets.remove(bucket);
    }

    /// Whether a bucket holds nothing at all, also no old version; one that is not there is empty.
    pub(crate) fn is_empty(&self, bucket: &str) -> bool {
        self.buckets
            .get(bucket)
            .is_none_or(|bucket| bucket.keys.is_empty() && bucket.unfinished == 0)
    }

    pub(crate) fn bucket(&mut self, bucket: &str) -> Result<&mut Bucket, Refusal> {
        self.buckets
            .get_mut(bucket)
            .ok_or_else(|| Refusal::new("NoSuchBucket", "The specified bucket does not exist"))
    }

    /// Puts an object; answers its entity tag.
    pub(crate) fn put(
        &mut self,
        bucket: &str,
        key: &str,
        body: Vec<u8>,
        headers: Option<(String, String)>,
    ) -> Result<String, Refusal> {
        self.versions += 1;
        let id = self.versions;
        let bucket = self.bucket(bucket)?;
        let mut etag = digest(&body);
        etag.truncate(32);
        let etag = format!("\"{etag}\"");
        let version = Version {
            id,
            body: Some(Arc::new(body)),
            etag: etag.clone(),
            headers,
            written: Instant::now(),
        };
        let versions = bucket.keys.entry(key.to_owned()).or_default();
        if !bucket.versioned {
            versions.clear();
        }
        versions.push(version);
        Ok(etag)
    }

    /// Deletes an object; a versioned bucket keeps it behind a delete marker.
    pub(crate) fn delete(&mut self, bucket: &str, key: &str) -> Result<(), Refusal> {
        self.versions += 1;
        let id = self.versions;
        let bucket = self.bucket(bucket)?;
        if !bucket.versioned {
            bucket.keys.remove(key);
            return Ok(());
        }
        bucket
            .keys
            .entry(key.to_owned())
            .or_default()
            .push(Version {
                id,
                body: None,
                etag: String::new(),
                headers: None,
                written: Instant::now(),
            });
        Ok(())
    }
}

impl Bucket {
    /// The current version of an object, if it is not deleted.
    pub(crate) fn current(&self, key: &str) -> Option<&Version> {
        self.keys
            .get(key)?
            .last()
            .filter(|version| version.body.is_some())
    }

    /// Keys and version numbers of everything, delete markers included.
    pub(crate) fn all_versions(&self) -> Vec<(String, u64)> {
        self.keys
            .iter()
            .flat_map(|(key, versions)| {
                versions
                    .iter()
                    .map(move |version| (key.clone(), version.id))
            })
            .collect()
    }

    /// Deletes single versions for good.
    pub(crate) fn purge(&mut self, versions: &[(String, u64)]) {
        for (key, id) in versions {
            if let Some(kept) = self.keys.get_mut(key) {
                kept.retain(|version| version.id != *id);
                if kept.is_empty() {
                    self.keys.remove(key);
                }
            }
        }
    }
}
