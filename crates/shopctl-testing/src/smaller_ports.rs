//! The ports of CloudFront, Lambda, CloudWatch Logs and HTTP.

use std::collections::BTreeSet;

use async_trait::async_trait;
use shopctl_core::names::ArtifactDigest;
use shopctl_deploy::ports::{
    CloudError, Distributions, FunctionState, Functions, LogGroups, Probe, ProbeAnswer,
    PublishedVersion,
};

use crate::cloud::FakeCloud;
use crate::refusal::Refusal;
use crate::{ACCOUNT, REGION};

#[async_trait]
impl Distributions for FakeCloud {
    async fn status(&self, distribution: &str) -> Result<Option<String>, CloudError> {
        self.call("GetDistribution", distribution, |world| {
            let key = (
                "AWS::CloudFront::Distribution".to_owned(),
                distribution.to_owned(),
            );
            let there = world.inventory.contains_key(&key);
            Ok(there.then(|| "Deployed".to_owned()))
        })
        .await
    }

    async fn invalidate(
        &self,
        distribution: &str,
        paths: &[String],
        reference: &str,
    ) -> Result<(), CloudError> {
        self.call("CreateInvalidation", distribution, |world| {
            world
                .invalidations
                .entry(reference.to_owned())
                .or_insert_with(|| (distribution.to_owned(), paths.to_vec()));
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl Functions for FakeCloud {
    async fn state(&self, name: &str) -> Result<Option<FunctionState>, CloudError> {
        self.call("GetFunctionConfiguration", name, |world| {
            Ok(world.functions.get(name).cloned())
        })
        .await
    }

    async fn code_digests(&self, name: &str) -> Result<Vec<ArtifactDigest>, CloudError> {
        self.call("ListVersionsByFunction", name, |world| {
            let found = world.published.get(name).into_iter().flatten();
            Ok(found.map(|(_, digest)| digest.clone()).collect())
        })
        .await
    }

    async fn versions(&self, name: &str) -> Result<Vec<PublishedVersion>, CloudError> {
        self.call("ListVersionsByFunction", name, |world| {
            let found = world.published.get(name).into_iter().flatten();
            let version = |number: &u64| PublishedVersion {
                number: *number,
                arn: version_arn(name, *number),
                bytes: 1_000,
            };
            Ok(found.map(|(number, _)| version(number)).collect())
        })
        .await
    }

    async fn used_versions(&self, name: &str) -> Result<BTreeSet<u64>, CloudError> {
        self.call("ListAliases", name, |world| {
            Ok(world.used_versions.get(name).cloned().unwrap_or_default())
        })
        .await
    }

    async fn delete_version(&self, name: &str, version: u64) -> Result<(), CloudError> {
        self.call("DeleteFunction", name, |world| {
            if world
                .used_versions
                .get(name)
                .is_some_and(|used| used.contains(&version))
            {
                return Err(Refusal::new(
                    "ResourceConflictException",
                    "Unable to delete version because the following aliases reference it",
                ));
            }
            if let Some(published) = world.published.get_mut(name) {
                published.remove(&version);
            }
            Ok(())
        })
        .await
    }

    async fn update_code(&self, name: &str, _bucket: &str, key: &str) -> Result<(), CloudError> {
        self.call("UpdateFunctionCode", name, |world| {
            if !world.functions.contains_key(name) {
                return Err(Refusal::new(
                    "ResourceNotFoundException",
                    "Function not found",
                ));
            }
            world.direct_code.insert(name.to_owned(), key.to_owned());
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl LogGroups for FakeCloud {
    async fn list(&self, prefix: &str) -> Result<Vec<String>, CloudError> {
        self.call("DescribeLogGroups", prefix, |world| {
            let names = world.log_groups.iter();
            Ok(names
                .filter(|name| name.starts_with(prefix))
                .cloned()
                .collect())
        })
        .await
    }

    async fn delete(&self, name: &str) -> Result<(), CloudError> {
        self.call("DeleteLogGroup", name, |world| {
            world.log_groups.remove(name);
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl Probe for FakeCloud {
    async fn get(&self, url: &str) -> ProbeAnswer {
        let answer = self
            .call("GET", url, |world| Ok(world.urls.get(url).copied()))
            .await;
        match answer {
            Ok(Some(status)) => ProbeAnswer::Status(status),
            Ok(None) => ProbeAnswer::Unreachable("connection refused".to_owned()),
            Err(error) => ProbeAnswer::Unreachable(error.message),
        }
    }
}

/// ARN of a function's published version.
pub(crate) fn version_arn(function: &str, version: u64) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}:{version}")
}
