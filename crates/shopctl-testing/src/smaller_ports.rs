//! The ports of CloudFront, Lambda, CloudWatch Logs and HTTP.

use async_trait::async_trait;
use shopctl_core::names::ArtifactDigest;
use shopctl_deploy::ports::{
    CloudError, Distributions, FunctionState, Functions, LogGroups, Probe, ProbeAnswer,
};

use crate::cloud::FakeCloud;
use crate::refusal::Refusal;

#[async_trait]
impl Distributions for FakeCloud {
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
            let found = world.code_digests.get(name);
            Ok(found.cloned().unwrap_or_default())
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
