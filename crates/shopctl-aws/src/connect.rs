//! Clients for one account and region, and who the caller is.

use std::sync::Arc;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{Credentials, Region};
use shopctl_deploy::operations::SharedOperations;
use shopctl_deploy::ports::{
    CloudError, CloudFormation, Distributions, Functions, Identity, LogGroups, ObjectStore,
};

use crate::cloudformation::CloudFormationClient;
use crate::cloudfront::CloudFrontClient;
use crate::error;
use crate::lambda::LambdaClient;
use crate::logs::LogsClient;
use crate::operations::OperationsClient;
use crate::s3::S3Client;

/// Where calls go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// AWS, or what the SDK's own variables say (`AWS_ENDPOINT_URL`, `AWS_PROFILE`, ...).
    Aws,
    /// A local cloud at this URL, with the credentials that it takes.
    Local(String),
}

/// The ports on the AWS SDK, connected to one account and region.
#[derive(Clone)]
pub struct Cloud {
    /// CloudFormation.
    pub cloudformation: Arc<dyn CloudFormation>,
    /// S3.
    pub objects: Arc<dyn ObjectStore>,
    /// CloudFront.
    pub distributions: Arc<dyn Distributions>,
    /// Lambda.
    pub functions: Arc<dyn Functions>,
    /// CloudWatch Logs.
    pub log_groups: Arc<dyn LogGroups>,
    /// Logs, alarms, drift.
    pub operations: SharedOperations,
    sts: aws_sdk_sts::Client,
}

impl Cloud {
    /// Makes the clients; makes no call.
    pub async fn connect(endpoint: &Endpoint, region: &str) -> Self {
        let loader = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .retry_config(RetryConfig::standard().with_max_attempts(5))
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(5))
                    .build(),
            );
        let loader = match endpoint {
            Endpoint::Aws => loader,
            Endpoint::Local(url) => loader
                .endpoint_url(url)
                // A local process either listens or does not: retries only hide that.
                .retry_config(RetryConfig::standard().with_max_attempts(2))
                .credentials_provider(Credentials::new("test", "test", None, None, "local")),
        };
        let config = loader.load().await;
        let s3 = aws_sdk_s3::config::Builder::from(&config)
            // `bucket.localhost` does not resolve everywhere.
            .force_path_style(config.endpoint_url().is_some())
            .build();
        Self {
            cloudformation: Arc::new(CloudFormationClient::new(
                aws_sdk_cloudformation::Client::new(&config),
                region,
            )),
            objects: Arc::new(S3Client::new(aws_sdk_s3::Client::from_conf(s3), region)),
            distributions: Arc::new(CloudFrontClient(aws_sdk_cloudfront::Client::new(&config))),
            functions: Arc::new(LambdaClient(aws_sdk_lambda::Client::new(&config))),
            log_groups: Arc::new(LogsClient(aws_sdk_cloudwatchlogs::Client::new(&config))),
            operations: Arc::new(OperationsClient {
                cloudformation: aws_sdk_cloudformation::Client::new(&config),
                cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
                lambda: aws_sdk_lambda::Client::new(&config),
                logs: aws_sdk_cloudwatchlogs::Client::new(&config),
            }),
            sts: aws_sdk_sts::Client::new(&config),
        }
    }

    /// Who the caller is (`GetCallerIdentity`): the first call of every command.
    pub async fn identity(&self) -> Result<Identity, CloudError> {
        let answer = self
            .sts
            .get_caller_identity()
            .send()
            .await
            .map_err(|error| error::map("STS GetCallerIdentity", error))?;
        Ok(Identity {
            account: answer.account.unwrap_or_default(),
            arn: answer.arn.unwrap_or_default(),
        })
    }
}
