//! The S3 port.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration, Delete,
    ObjectIdentifier, PublicAccessBlockConfiguration, ServerSideEncryption,
    ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
    VersioningConfiguration,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use shopctl_core::names::ArtifactDigest;
use shopctl_deploy::ports::{
    Body, CloudError, CloudErrorKind, Condition, ListedObject, ObjectHeaders, ObjectStore,
    StoredObject,
};

use crate::error::map;
use crate::s3_conditional;

/// `DeleteObjects` takes this many keys at once.
const DELETE_BATCH: usize = 1000;

pub(crate) struct S3Client {
    client: Client,
    region: String,
}

impl S3Client {
    pub(crate) fn new(client: Client, region: &str) -> Self {
        Self {
            client,
            region: region.to_owned(),
        }
    }

    async fn delete_versions(
        &self,
        bucket: &str,
        objects: Vec<ObjectIdentifier>,
    ) -> Result<(), CloudError> {
        let operation = format!("S3 DeleteObjects in '{bucket}'");
        for batch in objects.chunks(DELETE_BATCH) {
            let delete = Delete::builder()
                .set_objects(Some(batch.to_vec()))
                .quiet(true)
                .build()
                .map_err(|error| refused(&operation, &error))?;
            let answer = self
                .client
                .delete_objects()
                .bucket(bucket)
                .delete(delete)
                .send()
                .await
                .map_err(|error| map(operation.clone(), error))?;
            if let Some(error) = answer.errors.unwrap_or_default().into_iter().next() {
                return Err(CloudError {
                    kind: CloudErrorKind::AccessDenied,
                    operation: format!("{operation} of '{}'", error.key.unwrap_or_default()),
                    message: error.message.unwrap_or_default(),
                });
            }
        }
        Ok(())
    }
}

#[async_trait]
impl ObjectStore for S3Client {
    async fn ensure_bucket(&self, bucket: &str) -> Result<bool, CloudError> {
        let mut create = self.client.create_bucket().bucket(bucket);
        // us-east-1 is the default and must not be named.
        if self.region != "us-east-1" {
            create = create.create_bucket_configuration(
                CreateBucketConfiguration::builder()
                    .location_constraint(BucketLocationConstraint::from(self.region.as_str()))
                    .build(),
            );
        }
        let made = match create.send().await {
            Ok(_) => true,
            Err(error) => {
                let owned = error
                    .as_service_error()
                    .is_some_and(|e| e.is_bucket_already_owned_by_you());
                if !owned {
                    let taken = error
                        .as_service_error()
                        .is_some_and(|e| e.is_bucket_already_exists());
                    let mut error = map(format!("S3 CreateBucket '{bucket}'"), error);
                    if taken {
                        error.message =
                            format!("{}; the name belongs to another account", error.message);
                    }
                    return Err(error);
                }
                false
            }
        };
        // Also for a bucket that is there: a run may have been interrupted in between.
        self.secure(bucket).await?;
        Ok(made)
    }

    async fn put_if_absent(
        &self,
        bucket: &str,
        key: &str,
        body: Body,
        digest: &ArtifactDigest,
    ) -> Result<bool, CloudError> {
        let operation = format!("S3 PutObject '{bucket}/{key}'");
        let checksum = hex::decode(digest.as_str()).map_err(|error| refused(&operation, &error))?;
        let mut tries = 0;
        loop {
            tries += 1;
            let answer = self
                .client
                .put_object()
                .bucket(bucket)
                .key(key)
                .if_none_match("*")
                .checksum_sha256(STANDARD.encode(&checksum))
                .body(self.stream(&operation, body.clone()).await?)
                .send()
                .await;
            let Err(error) = answer else { return Ok(true) };
            let code = error
                .raw_response()
                .map(|response| response.status().as_u16());
            match code {
                // There already, with the same content because the key is its digest.
                Some(412) => return Ok(false),
                Some(409) if tries < s3_conditional::TRIES => s3_conditional::pause(tries).await,
                _ => return Err(map(operation, error)),
            }
        }
    }

    async fn put(
        &self,
        bucket: &str,
        key: &str,
        body: Body,
        headers: &ObjectHeaders,
    ) -> Result<String, CloudError> {
        let operation = format!("S3 PutObject '{bucket}/{key}'");
        let answer = self
            .client
            .put_object()
            .bucket(bucket)
            .key(key)
            .content_type(&headers.content_type)
            .cache_control(&headers.cache_control)
            .set_content_encoding(headers.content_encoding.clone())
            .body(self.stream(&operation, body).await?)
            .send()
            .await
            .map_err(|error| map(operation, error))?;
        Ok(answer.e_tag.unwrap_or_default())
    }

    async fn get(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, CloudError> {
        let operation = format!("S3 GetObject '{bucket}/{key}'");
        let answer = match self
            .client
            .get_object()
            .bucket(bucket)
            .key(key)
            .send()
            .await
        {
            Ok(answer) => answer,
            Err(error) => {
                let error = map(operation, error);
                return if error.kind == CloudErrorKind::NotFound {
                    Ok(None)
                } else {
                    Err(error)
                };
            }
        };
        let bytes = answer.body.collect().await.map_err(|error| CloudError {
            kind: CloudErrorKind::Unreachable,
            operation,
            message: error.to_string(),
        })?;
        Ok(Some(bytes.to_vec()))
    }

    async fn read(&self, bucket: &str, key: &str) -> Result<Option<StoredObject>, CloudError> {
        s3_conditional::read(&self.client, bucket, key).await
    }

    async fn put_if(
        &self,
        bucket: &str,
        key: &str,
        bytes: Vec<u8>,
        condition: &Condition,
    ) -> Result<Option<String>, CloudError> {
        s3_conditional::put(&self.client, bucket, key, bytes, condition).await
    }

    async fn delete_if(&self, bucket: &str, key: &str, etag: &str) -> Result<bool, CloudError> {
        s3_conditional::delete(&self.client, bucket, key, etag).await
    }

    async fn list_under(
        &self,
        bucket: &str,
        prefix: &str,
    ) -> Result<Vec<ListedObject>, CloudError> {
        let mut objects = Vec::new();
        let mut pages = self
            .client
            .list_objects_v2()
            .bucket(bucket)
            .prefix(prefix)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = match page {
                Ok(page) => page,
                Err(error) => {
                    let error = map(format!("S3 ListObjectsV2 '{bucket}/{prefix}'"), error);
                    return if error.kind == CloudErrorKind::NotFound {
                        Ok(Vec::new())
                    } else {
                        Err(error)
                    };
                }
            };
            for object in page.contents.unwrap_or_default() {
                if let Some(key) = object.key {
                    let bytes = u64::try_from(object.size.unwrap_or_default()).unwrap_or_default();
                    objects.push(ListedObject { key, bytes });
                }
            }
        }
        Ok(objects)
    }

    async fn purge(&self, bucket: &str, keys: &BTreeSet<String>) -> Result<u64, CloudError> {
        if keys.is_empty() {
            return Ok(0);
        }
        self.delete_matching(bucket, &|key| keys.contains(key))
            .await
    }

    async fn list(&self, bucket: &str) -> Result<BTreeMap<String, String>, CloudError> {
        let mut objects = BTreeMap::new();
        let mut pages = self
            .client
            .list_objects_v2()
            .bucket(bucket)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| map(format!("S3 ListObjectsV2 '{bucket}'"), error))?;
            for object in page.contents.unwrap_or_default() {
                if let (Some(key), Some(etag)) = (object.key, object.e_tag) {
                    objects.insert(key, etag);
                }
            }
        }
        Ok(objects)
    }

    async fn delete(&self, bucket: &str, keys: &[String]) -> Result<(), CloudError> {
        let operation = format!("S3 DeleteObjects in '{bucket}'");
        let objects: Result<Vec<_>, _> = keys
            .iter()
            .map(|key| {
                ObjectIdentifier::builder()
                    .key(key)
                    .build()
                    .map_err(|error| refused(&operation, &error))
            })
            .collect();
        self.delete_versions(bucket, objects?).await
    }

    async fn empty(&self, bucket: &str) -> Result<u64, CloudError> {
        let count = self.delete_matching(bucket, &|_| true).await?;
        self.abort_uploads(bucket).await?;
        Ok(count)
    }

    async fn delete_bucket(&self, bucket: &str) -> Result<bool, CloudError> {
        match self.client.delete_bucket().bucket(bucket).send().await {
            Ok(_) => Ok(true),
            Err(error) => {
                let error = map(format!("S3 DeleteBucket '{bucket}'"), error);
                if error.kind == CloudErrorKind::NotFound {
                    Ok(false)
                } else {
                    Err(error)
                }
            }
        }
    }
}

impl S3Client {
    async fn stream(&self, operation: &str, body: Body) -> Result<ByteStream, CloudError> {
        match body {
            Body::Bytes(bytes) => Ok(ByteStream::from(bytes)),
            Body::File(path) => ByteStream::from_path(&path)
                .await
                .map_err(|error| CloudError {
                    kind: CloudErrorKind::Refused,
                    operation: operation.to_owned(),
                    message: format!("cannot read '{}': {error}", path.display()),
                }),
            Body::Object { bucket, key } => match self.get(&bucket, &key).await? {
                Some(bytes) => Ok(ByteStream::from(bytes)),
                None => Err(CloudError {
                    kind: CloudErrorKind::NotFound,
                    operation: operation.to_owned(),
                    message: format!("'{bucket}/{key}' is not there"),
                }),
            },
        }
    }

    /// Deletes all versions and delete markers of the objects that `wanted` is true for.
    async fn delete_matching(
        &self,
        bucket: &str,
        wanted: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<u64, CloudError> {
        let operation = format!("S3 ListObjectVersions '{bucket}'");
        let mut count = 0;
        let mut key_marker: Option<String> = None;
        let mut version_marker: Option<String> = None;
        loop {
            let answer = self
                .client
                .list_object_versions()
                .bucket(bucket)
                .set_key_marker(key_marker)
                .set_version_id_marker(version_marker)
                .send()
                .await;
            let page = match answer {
                Ok(page) => page,
                Err(error) => {
                    let error = map(operation, error);
                    return if error.kind == CloudErrorKind::NotFound {
                        Ok(0)
                    } else {
                        Err(error)
                    };
                }
            };
            let versions = page.versions.unwrap_or_default().into_iter();
            let markers = page.delete_markers.unwrap_or_default().into_iter();
            let named = versions
                .map(|version| (version.key, version.version_id))
                .chain(markers.map(|marker| (marker.key, marker.version_id)));
            let mut objects = Vec::new();
            for (key, version) in named {
                if !wanted(key.as_deref().unwrap_or_default()) {
                    continue;
                }
                let object = ObjectIdentifier::builder()
                    .key(key.unwrap_or_default())
                    .set_version_id(version)
                    .build()
                    .map_err(|error| refused(&operation, &error))?;
                objects.push(object);
            }
            count += objects.len() as u64;
            if !objects.is_empty() {
                self.delete_versions(bucket, objects).await?;
            }
            if page.is_truncated != Some(true) {
                break;
            }
            key_marker = page.next_key_marker;
            version_marker = page.next_version_id_marker;
        }
        Ok(count)
    }

    /// Private, encrypted, versioned, TLS only.
    async fn secure(&self, bucket: &str) -> Result<(), CloudError> {
        let block = PublicAccessBlockConfiguration::builder()
            .block_public_acls(true)
            .block_public_policy(true)
            .ignore_public_acls(true)
            .restrict_public_buckets(true)
            .build();
        self.client
            .put_public_access_block()
            .bucket(bucket)
            .public_access_block_configuration(block)
            .send()
            .await
            .map_err(|error| map(format!("S3 PutPublicAccessBlock '{bucket}'"), error))?;

        let operation = format!("S3 PutBucketEncryption '{bucket}'");
        let default = ServerSideEncryptionByDefault::builder()
            .sse_algorithm(ServerSideEncryption::Aes256)
            .build()
            .map_err(|error| refused(&operation, &error))?;
        let rule = ServerSideEncryptionRule::builder()
            .apply_server_side_encryption_by_default(default)
            .build();
        let encryption = ServerSideEncryptionConfiguration::builder()
            .rules(rule)
            .build()
            .map_err(|error| refused(&operation, &error))?;
        self.client
            .put_bucket_encryption()
            .bucket(bucket)
            .server_side_encryption_configuration(encryption)
            .send()
            .await
            .map_err(|error| map(operation, error))?;

        let versioning = VersioningConfiguration::builder()
            .status(BucketVersioningStatus::Enabled)
            .build();
        self.client
            .put_bucket_versioning()
            .bucket(bucket)
            .versioning_configuration(versioning)
            .send()
            .await
            .map_err(|error| map(format!("S3 PutBucketVersioning '{bucket}'"), error))?;

        // Tells AWS partitions apart (aws, aws-cn, aws-us-gov) by the region.
        let partition = match &self.region {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        let arn = format!("arn:{partition}:s3:::{bucket}");
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"TlsOnly","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["{arn}","{arn}/*"],"Condition":{{"Bool":{{"aws:SecureTransport":"false"}}}}}}]}}"#
        );
        self.client
            .put_bucket_policy()
            .bucket(bucket)
            .policy(policy)
            .send()
            .await
            .map_err(|error| map(format!("S3 PutBucketPolicy '{bucket}'"), error))?;
        Ok(())
    }

    async fn abort_uploads(&self, bucket: &str) -> Result<(), CloudError> {
        let uploads = self
            .client
            .list_multipart_uploads()
            .bucket(bucket)
            .send()
            .await
            .map_err(|error| map(format!("S3 ListMultipartUploads '{bucket}'"), error))?;
        for upload in uploads.uploads.unwrap_or_default() {
            self.client
                .abort_multipart_upload()
                .bucket(bucket)
                .set_key(upload.key)
                .set_upload_id(upload.upload_id)
                .send()
                .await
                .map_err(|error| map(format!("S3 AbortMultipartUpload '{bucket}'"), error))?;
        }
        Ok(())
    }
}

fn refused(operation: &str, error: &dyn std::error::Error) -> CloudError {
    CloudError {
        kind: CloudErrorKind::Refused,
        operation: operation.to_owned(),
        message: error.to_string(),
    }
}
