//! The CloudWatch Logs port.

use async_trait::async_trait;
use aws_sdk_cloudwatchlogs::Client;
use shopctl_deploy::ports::{CloudError, CloudErrorKind, LogGroups};

use crate::error::map;

pub(crate) struct LogsClient(pub(crate) Client);

#[async_trait]
impl LogGroups for LogsClient {
    async fn list(&self, prefix: &str) -> Result<Vec<String>, CloudError> {
        let mut names = Vec::new();
        let mut pages = self
            .0
            .describe_log_groups()
            .log_group_name_prefix(prefix)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| map("CloudWatch Logs DescribeLogGroups", error))?;
            names.extend(
                page.log_groups
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(|g| g.log_group_name),
            );
        }
        Ok(names)
    }

    async fn delete(&self, name: &str) -> Result<(), CloudError> {
        let answer = self.0.delete_log_group().log_group_name(name).send().await;
        match answer.map_err(|e| map(format!("CloudWatch Logs DeleteLogGroup of '{name}'"), e)) {
            Err(error) if error.kind != CloudErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}
