//! The Lambda port.

use async_trait::async_trait;
use aws_sdk_lambda::Client;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use shopctl_core::names::ArtifactDigest;
use shopctl_deploy::ports::{CloudError, CloudErrorKind, FunctionState, Functions};

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
        match answer {
            Ok(function) => Ok(Some(FunctionState {
                // Services that leave the fields out have functions that are simply there.
                state: function
                    .state
                    .map_or("Active".to_owned(), |s| s.as_str().to_owned()),
                last_update: function
                    .last_update_status
                    .map_or("Successful".to_owned(), |status| status.as_str().to_owned()),
                reason: function.last_update_status_reason.or(function.state_reason),
            })),
            Err(error) => {
                let error = map(
                    format!("Lambda GetFunctionConfiguration of '{name}'"),
                    error,
                );
                if error.kind == CloudErrorKind::NotFound {
                    Ok(None)
                } else {
                    Err(error)
                }
            }
        }
    }
    async fn code_digests(&self, name: &str) -> Result<Vec<ArtifactDigest>, CloudError> {
        let mut digests = Vec::new();
        let mut pages = self
            .0
            .list_versions_by_function()
            .function_name(name)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = match page {
                Ok(page) => page,
                Err(error) => {
                    let operation = format!("Lambda ListVersionsByFunction of '{name}'");
                    let error = map(operation, error);
                    return if error.kind == CloudErrorKind::NotFound {
                        Ok(Vec::new())
                    } else {
                        Err(error)
                    };
                }
            };
            digests.extend(
                page.versions
                    .unwrap_or_default()
                    .into_iter()
                    // Images have digests of another form, and no zip.
                    .filter_map(|version| STANDARD.decode(version.code_sha256?).ok())
                    .map(|digest| ArtifactDigest::new(hex::encode(digest))),
            );
        }
        Ok(digests)
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
