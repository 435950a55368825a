//! Puts the sources of credentials together: all that the SDKs of AWS know, in their order,
//! and a role on top where the environment names one.

use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::imds;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::config::Region;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::github::TokenSource;
use super::role::{AssumedRole, RoleRequest};

/// Where an instance asks for its role's credentials answers come within milliseconds;
/// everywhere else nobody answers, and nothing is gained by waiting for that.
const INSTANCE_METADATA_PATIENCE: Duration = Duration::from_millis(300);

/// The SDKs' own order of sources: variables, profiles (keys, SSO, `aws login`, processes,
/// role chains), web identity, container, instance.
async fn at_hand(region: &Region, http: &SharedHttpClient) -> SharedCredentialsProvider {
    let config = ProviderConfig::without_region()
        .with_region(Some(region.clone()))
        .with_http_client(http.clone());
    let metadata = imds::Client::builder()
        .configure(&config)
        .max_attempts(1)
        .connect_timeout(INSTANCE_METADATA_PATIENCE)
        .read_timeout(INSTANCE_METADATA_PATIENCE)
        .build();
    let chain = DefaultCredentialsChain::builder()
        .configure(config)
        .region(region.clone())
        .imds_client(metadata)
        .build()
        .await;
    SharedCredentialsProvider::new(chain)
}

/// What hands out the credentials of a run.
pub(crate) async fn provider(
    role: Option<&RoleRequest>,
    region: &Region,
    http: &SharedHttpClient,
    variable: &dyn Fn(&str) -> Option<String>,
) -> SharedCredentialsProvider {
    let at_hand = at_hand(region, http).await;
    let Some(role) = role else {
        return at_hand;
    };
    let loader = || {
        aws_config::defaults(BehaviorVersion::latest())
            .region(region.clone())
            .http_client(http.clone())
    };
    let sts = loader().credentials_provider(at_hand).load().await;
    let nobody: SdkConfig = loader().no_credentials().load().await;
    SharedCredentialsProvider::new(AssumedRole {
        request: role.clone(),
        with_credentials: aws_sdk_sts::Client::new(&sts),
        anonymous: aws_sdk_sts::Client::new(&nobody),
        tokens: TokenSource::new(variable),
        has_other_credentials: [
            "AWS_ACCESS_KEY_ID",
            "AWS_PROFILE",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
        ]
        .iter()
        .any(|name| variable(name).is_some_and(|value| !value.is_empty())),
    })
}
