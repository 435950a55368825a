//! The Lambda port.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::types::FunctionConfiguration;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use shopctl_core::names::ArtifactDigest;
use shopctl_deploy::ports::{
    CloudError, CloudErrorKind, FunctionState, Functions, PublishedVersion,
};

use crate::error::map;

pub(crate) struct LambdaClient(pub(crate) Client);

#[async_trait]
impl Functions for LambdaClient {
    async fn state(&self, name: &str) -> Result<Option<FunctionState>, CloudError> {
        let answer = self
            .0
            .get_function_configuration()
            .function_name(name)
            .send()
            .await;
        let operation = format!("Lambda GetFunctionConfiguration of '{name}'");
        let function = unless_gone(answer.map_err(|error| map(operation, error)))?;
        Ok(function.map(|function| FunctionState {
            // Services that leave the fields out have functions that are simply there.
            state: function
                .state
                .map_or("Active".to_owned(), |s| s.as_str().to_owned()),
            last_update: function
                .last_update_status
                .map_or("Successful".to_owned(), |status| status.as_str().to_owned()),
            reason: function.last_update_status_reason.or(function.state_reason),
        }))
    }

    async fn code_digests(&self, name: &str) -> Result<Vec<ArtifactDigest>, CloudError> {
        let versions = self.all_versions(name).await?.into_iter();
        // Images have digests of another form, and no zip.
        let digests = versions.filter_map(|version| STANDARD.decode(version.code_sha256?).ok());
        Ok(digests
            .map(|digest| ArtifactDigest::new(hex::encode(digest)))
            .collect())
    }

    async fn versions(&self, name: &str) -> Result<Vec<PublishedVersion>, CloudError> {
        let versions = self.all_versions(name).await?.into_iter();
        // `$LATEST` is no number.
        Ok(versions
            .filter_map(|version| {
                Some(PublishedVersion {
                    number: version.version?.parse().ok()?,
                    arn: version.function_arn.unwrap_or_default(),
                    bytes: u64::try_from(version.code_size).unwrap_or(0),
                })
            })
            .collect())
    }

    async fn used_versions(&self, name: &str) -> Result<BTreeSet<u64>, CloudError> {
        let mut used = BTreeSet::new();
        let mut pages = self
            .0
            .list_aliases()
            .function_name(name)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| map(format!("Lambda ListAliases of '{name}'"), error));
            let Some(page) = unless_gone(page)? else {
                return Ok(used);
            };
            for alias in page.aliases.unwrap_or_default() {
                let weights = alias
                    .routing_config
                    .and_then(|routing| routing.additional_version_weights)
                    .unwrap_or_default();
                let versions = alias
                    .function_version
                    .into_iter()
                    .chain(weights.into_keys());
                used.extend(versions.filter_map(|version| version.parse::<u64>().ok()));
            }
        }
        let mut pages = self
            .0
            .list_provisioned_concurrency_configs()
            .function_name(name)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                let operation = format!("Lambda ListProvisionedConcurrencyConfigs of '{name}'");
                map(operation, error)
            });
            let Some(page) = unless_gone(page)? else {
                return Ok(used);
            };
            let configs = page.provisioned_concurrency_configs.unwrap_or_default();
            // Of an alias the ARN ends with its name; its versions are known already.
            used.extend(
                configs.into_iter().filter_map(|config| {
                    config.function_arn?.rsplit(':').next()?.parse::<u64>().ok()
                }),
            );
        }
        Ok(used)
    }

    async fn delete_version(&self, name: &str, version: u64) -> Result<(), CloudError> {
        let answer = self
            .0
            .delete_function()
            .function_name(name)
            .qualifier(version.to_string())
            .send()
            .await;
        let operation = format!("Lambda DeleteFunction of '{name}:{version}'");
        unless_gone(answer.map_err(|error| map(operation, error)))?;
        Ok(())
    }

    async fn update_code(&self, name: &str, bucket: &str, key: &str) -> Result<(), CloudError> {
        self.0
            .update_function_code()
            .function_name(name)
            .s3_bucket(bucket)
            .s3_key(key)
            .send()
            .await
            .map_err(|error| map(format!("Lambda UpdateFunctionCode of '{name}'"), error))?;
        Ok(())
    }
}

impl LambdaClient {
    /// All versions of a function, `$LATEST` among them; none when the function is not there.
    async fn all_versions(&self, name: &str) -> Result<Vec<FunctionConfiguration>, CloudError> {
        let mut versions = Vec::new();
        let mut pages = self
            .0
            .list_versions_by_function()
            .function_name(name)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page
                .map_err(|error| map(format!("Lambda ListVersionsByFunction of '{name}'"), error));
            let Some(page) = unless_gone(page)? else {
                return Ok(Vec::new());
            };
            versions.extend(page.versions.unwrap_or_default());
        }
        Ok(versions)
    }
}

/// An answer, or `None` when the function is not there.
fn unless_gone<T>(answer: Result<T, CloudError>) -> Result<Option<T>, CloudError> {
    match answer {
        Err(error) if error.kind == CloudErrorKind::NotFound => Ok(None),
        answer => answer.map(Some),
    }
}
