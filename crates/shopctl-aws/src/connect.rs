//! Clients for one account and region, and who the caller is.

use std::sync::Arc;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{Credentials, IdentityCache, Region};
use shopctl_deploy::operations::SharedOperations;
use shopctl_deploy::ports::{
    CloudError, CloudFormation, Distributions, Functions, Identity, Investigation, LogGroups,
    ObjectStore, Refactoring, StackRepair,
};

use crate::cloudformation::CloudFormationClient;
use crate::cloudfront::CloudFrontClient;
use crate::credentials::{self, RoleRequest};
use crate::error;
use crate::http;
use crate::lambda::LambdaClient;
use crate::logs::LogsClient;
use crate::operations::OperationsClient;
use crate::pace;
use crate::recovery::{InvestigationClient, RepairClient};
use crate::refactor::RefactoringClient;
use crate::retry::QuotaIsFinal;
use crate::s3::S3Client;

/// Credentials are renewed this long before they run out, so that no call takes old ones along.
const RENEWED_BEFORE_EXPIRY: Duration = Duration::from_secs(60);

/// Where calls go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// AWS, or what the SDK's own variables say (`AWS_ENDPOINT_URL`, `AWS_PROFILE`, ...).
    Aws {
        /// The role that everything is done as, instead of whoever the credentials are.
        role: Option<RoleRequest>,
    },
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
    /// Moves resources between stacks.
    pub refactoring: Arc<dyn Refactoring>,
    /// Finds causes.
    pub investigation: Arc<dyn Investigation>,
    /// Gets stacks going again.
    pub repair: Arc<dyn StackRepair>,
    sts: aws_sdk_sts::Client,
}

impl Cloud {
    /// Makes the clients; makes no call.
    pub async fn connect(endpoint: &Endpoint, region: &str) -> Self {
        let own_region = Region::new(region.to_owned());
        let http = http::client();
        let loader = aws_config::defaults(BehaviorVersion::latest())
            .region(own_region.clone())
            .http_client(http.clone())
            .retry_config(RetryConfig::standard().with_max_attempts(5))
            .identity_cache(
                IdentityCache::lazy()
                    .buffer_time(RENEWED_BEFORE_EXPIRY)
                    .load_timeout(Duration::from_secs(15))
                    .build(),
            )
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(5))
                    .build(),
            );
        let variable = |name: &str| std::env::var(name).ok();
        let loader = match endpoint {
            Endpoint::Aws { role } => loader.credentials_provider(
                credentials::provider(role.as_ref(), &own_region, &http, &variable).await,
            ),
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
        let mut cloudformation = aws_sdk_cloudformation::config::Builder::from(&config);
        // Only AWS itself counts how often it is asked.
        if config.endpoint_url().is_none() {
            cloudformation.set_http_client(Some(pace::paced(http)));
        }
        cloudformation = cloudformation.retry_classifier(QuotaIsFinal);
        let cloudformation = aws_sdk_cloudformation::Client::from_conf(cloudformation.build());
        let sts = aws_sdk_sts::Client::new(&config);
        let logs = aws_sdk_cloudwatchlogs::Client::new(&config);
        Self {
            cloudformation: Arc::new(CloudFormationClient::new(cloudformation.clone(), region)),
            investigation: Arc::new(InvestigationClient {
                cloudformation: cloudformation.clone(),
                sts: sts.clone(),
                logs: logs.clone(),
            }),
            repair: Arc::new(RepairClient {
                cloudformation: cloudformation.clone(),
                region: region.to_owned(),
            }),
            objects: Arc::new(S3Client::new(aws_sdk_s3::Client::from_conf(s3), region)),
            distributions: Arc::new(CloudFrontClient(aws_sdk_cloudfront::Client::new(&config))),
            functions: Arc::new(LambdaClient(aws_sdk_lambda::Client::new(&config))),
            log_groups: Arc::new(LogsClient(logs.clone())),
            refactoring: Arc::new(RefactoringClient {
                cloudformation: cloudformation.clone(),
                region: region.to_owned(),
            }),
            operations: Arc::new(OperationsClient {
                cloudformation,
                cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
                lambda: aws_sdk_lambda::Client::new(&config),
                logs,
            }),
            sts,
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
