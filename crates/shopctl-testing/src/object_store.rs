//! The S3 port. Pages and batches are calls of their own, as on AWS.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use shopctl_core::names::ArtifactDigest;
use shopctl_core::record::digest;
use shopctl_deploy::ports::{
    Body, CloudError, Condition, ListedObject, ObjectHeaders, ObjectStore, StoredObject,
};

use crate::cloud::FakeCloud;
use crate::refusal::Refusal;

/// Keys on a page of a listing, and in a batch of deletions.
const PAGE: usize = 1000;

fn bytes(body: Body) -> Result<Vec<u8>, Refusal> {
    match body {
        Body::Bytes(bytes) => Ok(bytes),
        Body::File(path) => std::fs::read(&path).map_err(|error| {
            Refusal::new("IncompleteBody", format!("{}: {error}", path.display()))
        }),
        Body::Object { bucket, key } => Err(Refusal::new(
            "NoSuchKey",
            format!("'{bucket}/{key}' was not read before it was written"),
        )),
    }
}

#[async_trait]
impl ObjectStore for FakeCloud {
    async fn ensure_bucket(&self, bucket: &str) -> Result<bool, CloudError> {
        let made = self
            .call("CreateBucket", bucket, |world| {
                let made = !world.storage.buckets.contains_key(bucket);
                world.storage.make(bucket);
                Ok(made)
            })
            .await?;
        self.call("PutPublicAccessBlock", bucket, |_| Ok(()))
            .await?;
        self.call("PutBucketEncryption", bucket, |_| Ok(())).await?;
        self.call("PutBucketVersioning", bucket, |world| {
            world.storage.bucket(bucket)?.versioned = true;
            Ok(())
        })
        .await?;
        self.call("PutBucketPolicy", bucket, |_| Ok(())).await?;
        Ok(made)
    }

    async fn put_if_absent(
        &self,
        bucket: &str,
        key: &str,
        body: Body,
        wanted: &ArtifactDigest,
    ) -> Result<bool, CloudError> {
        self.call("PutObject", bucket, |world| {
            let body = bytes(body)?;
            if digest(&body) != wanted.as_str() {
                return Err(Refusal::new(
                    "BadDigest",
                    "The SHA256 you specified did not match the calculated checksum.",
                ));
            }
            // 412 PreconditionFailed, which the adapter takes as an answer.
            if world.storage.bucket(bucket)?.current(key).is_some() {
                return Ok(false);
            }
            world.storage.put(bucket, key, body, None)?;
            Ok(true)
        })
        .await
    }

    async fn put(
        &self,
        bucket: &str,
        key: &str,
        body: Body,
        headers: &ObjectHeaders,
    ) -> Result<String, CloudError> {
        let body = match body {
            Body::Object { bucket, key } => match self.get(&bucket, &key).await? {
                Some(bytes) => Body::Bytes(bytes),
                None => Body::Object { bucket, key },
            },
            body => body,
        };
        self.call("PutObject", bucket, |world| {
            let headers = (headers.content_type.clone(), headers.cache_control.clone());
            world.storage.put(bucket, key, bytes(body)?, Some(headers))
        })
        .await
    }

    async fn get(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, CloudError> {
        self.call("GetObject", bucket, |world| {
            let found = world.storage.buckets.get(bucket);
            Ok(found
                .and_then(|bucket| bucket.current(key))
                .and_then(|version| version.body.as_ref())
                .map(|body| body.to_vec()))
        })
        .await
    }

    async fn read(&self, bucket: &str, key: &str) -> Result<Option<StoredObject>, CloudError> {
        self.call("GetObject", bucket, |world| {
            let found = world.storage.buckets.get(bucket);
            let version = found.and_then(|bucket| bucket.current(key));
            Ok(version.and_then(|version| {
                Some(StoredObject {
                    bytes: version.body.as_ref()?.to_vec(),
                    etag: version.etag.clone(),
                    age: version.written.elapsed(),
                })
            }))
        })
        .await
    }

    async fn put_if(
        &self,
        bucket: &str,
        key: &str,
        bytes: Vec<u8>,
        condition: &Condition,
    ) -> Result<Option<String>, CloudError> {
        self.call("PutObject", bucket, |world| {
            let current = world.storage.bucket(bucket)?.current(key);
            let etag = current.map(|version| version.etag.as_str());
            // 412 PreconditionFailed or 404 NoSuchKey, which the adapter takes as an answer.
            let holds = match condition {
                Condition::Absent => etag.is_none(),
                Condition::Unchanged(wanted) => etag == Some(wanted),
            };
            if !holds {
                return Ok(None);
            }
            world.storage.put(bucket, key, bytes, None).map(Some)
        })
        .await
    }

    async fn delete_if(&self, bucket: &str, key: &str, etag: &str) -> Result<bool, CloudError> {
        self.call("DeleteObject", bucket, |world| {
            let Some(found) = world.storage.buckets.get(bucket) else {
                return Ok(false);
            };
            if found
                .current(key)
                .is_none_or(|version| version.etag != etag)
            {
                return Ok(false);
            }
            world.storage.delete(bucket, key)?;
            Ok(true)
        })
        .await
    }

    async fn list_under(
        &self,
        bucket: &str,
        prefix: &str,
    ) -> Result<Vec<ListedObject>, CloudError> {
        let mut objects: Vec<ListedObject> = Vec::new();
        loop {
            let page: Vec<ListedObject> = self
                .call("ListObjectsV2", bucket, |world| {
                    let Some(bucket) = world.storage.buckets.get(bucket) else {
                        return Ok(Vec::new());
                    };
                    let after = objects.last().map(|object| &object.key);
                    let keys = bucket.keys.keys().filter(|key| Some(*key) > after);
                    Ok(keys
                        .filter(|key| key.starts_with(prefix))
                        .filter_map(|key| {
                            let body = bucket.current(key)?.body.as_ref()?;
                            Some(ListedObject {
                                key: key.clone(),
                                bytes: body.len() as u64,
                            })
                        })
                        .take(PAGE)
                        .collect())
                })
                .await?;
            let full = page.len() == PAGE;
            objects.extend(page);
            if !full {
                return Ok(objects);
            }
        }
    }

    async fn purge(&self, bucket: &str, keys: &BTreeSet<String>) -> Result<u64, CloudError> {
        if keys.is_empty() {
            return Ok(0);
        }
        let found = self
            .call("ListObjectVersions", bucket, |world| {
                let mut versions = world.storage.bucket(bucket)?.all_versions();
                versions.retain(|(key, _)| keys.contains(key));
                Ok(versions)
            })
            .await?;
        for batch in found.chunks(PAGE) {
            self.call("DeleteObjects", bucket, |world| {
                world.storage.bucket(bucket)?.purge(batch);
                Ok(())
            })
            .await?;
        }
        Ok(found.len() as u64)
    }

    async fn list(&self, bucket: &str) -> Result<BTreeMap<String, String>, CloudError> {
        let mut objects = BTreeMap::new();
        let mut after: Option<String> = None;
        loop {
            let page: Vec<(String, String)> = self
                .call("ListObjectsV2", bucket, |world| {
                    let bucket = world.storage.bucket(bucket)?;
                    let keys = bucket.keys.keys().filter(|key| Some(*key) > after.as_ref());
                    Ok(keys
                        .filter_map(|key| Some((key.clone(), bucket.current(key)?.etag.clone())))
                        .take(PAGE)
                        .collect())
                })
                .await?;
            let full = page.len() == PAGE;
            after = page.last().map(|(key, _)| key.clone());
            objects.extend(page);
            if !full {
                return Ok(objects);
            }
        }
    }

    async fn delete(&self, bucket: &str, keys: &[String]) -> Result<(), CloudError> {
        for batch in keys.chunks(PAGE) {
            self.call("DeleteObjects", bucket, |world| {
                for key in batch {
                    world.storage.delete(bucket, key)?;
                }
                Ok(())
            })
            .await?;
        }
        Ok(())
    }

    async fn empty(&self, bucket: &str) -> Result<u64, CloudError> {
        let mut count = 0;
        loop {
            let page = self
                .call("ListObjectVersions", bucket, |world| {
                    let found = world.storage.buckets.get(bucket);
                    Ok(found.map(|bucket| {
                        let mut versions = bucket.all_versions();
                        versions.truncate(PAGE);
                        versions
                    }))
                })
                .await?;
            let Some(page) = page else {
                return Ok(count);
            };
            if page.is_empty() {
                break;
            }
            self.call("DeleteObjects", bucket, |world| {
                world.storage.bucket(bucket)?.purge(&page);
                Ok(())
            })
            .await?;
            count += page.len() as u64;
            if page.len() < PAGE {
                break;
            }
        }
        let unfinished = self
            .call("ListMultipartUploads", bucket, |world| {
                Ok(world.storage.bucket(bucket)?.unfinished)
            })
            .await?;
        for _ in 0..unfinished {
            self.call("AbortMultipartUpload", bucket, |world| {
                let bucket = world.storage.bucket(bucket)?;
                bucket.unfinished = bucket.unfinished.saturating_sub(1);
                Ok(())
            })
            .await?;
        }
        self.write_late(bucket);
        Ok(count)
    }

    async fn delete_bucket(&self, bucket: &str) -> Result<bool, CloudError> {
        self.call("DeleteBucket", bucket, |world| {
            if !world.storage.buckets.contains_key(bucket) {
                return Ok(false);
            }
            if !world.storage.is_empty(bucket) {
                return Err(Refusal::new(
                    "BucketNotEmpty",
                    "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
                ));
            }
            world.storage.remove(bucket);
            Ok(true)
        })
        .await
    }
}
