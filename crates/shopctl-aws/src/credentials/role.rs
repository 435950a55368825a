//! A role that is taken on for a run, and taken on again before it runs out: with a GitHub
//! runner's token where there is one, else with the credentials at hand.

use std::time::SystemTime;

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use aws_sdk_sts::Client;
use aws_sdk_sts::config::Credentials;
use aws_sdk_sts::error::SdkError;
use aws_sdk_sts::types::Tag;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::github::{TokenError, TokenSource};
use crate::error;

/// The role of an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleRequest {
    /// Its ARN.
    pub arn: String,
    /// What its trust policy asks for besides the right caller.
    pub external_id: Option<String>,
    /// Name of the session: CloudTrail shows it with every call, so it holds the run.
    pub session: String,
    /// Tags of the session, which policies and CloudTrail can read.
    pub tags: Vec<(String, String)>,
}

/// Why a role could not be taken on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RoleError {
    /// STS said no, or could not be reached.
    #[error("cannot take on role '{arn}': {message}")]
    Sts {
        arn: String,
        message: String,
        /// Whether it was STS itself that refused.
        denied: bool,
    },
    /// The runner gave no token.
    #[error("cannot take on role '{arn}' with a GitHub token")]
    Token {
        arn: String,
        #[source]
        source: TokenError,
    },
}

/// Hands out credentials of the role. The SDK's identity cache keeps them until shortly
/// before they run out, and then asks again.
#[derive(Debug)]
pub(crate) struct AssumedRole {
    pub(crate) request: RoleRequest,
    /// STS with the credentials at hand.
    pub(crate) with_credentials: Client,
    /// STS without any, which is how a token is handed in.
    pub(crate) anonymous: Client,
    pub(crate) tokens: Option<TokenSource>,
    /// Whether a token that is refused leaves the credentials at hand to be tried.
    pub(crate) has_other_credentials: bool,
}

impl ProvideCredentials for AssumedRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.take_on())
    }
}

impl AssumedRole {
    async fn take_on(&self) -> provider::Result {
        let Some(tokens) = &self.tokens else {
            return self.with_credentials(true).await.map_err(failed);
        };
        match self.with_token(tokens).await {
            // The role may trust only the role that an earlier step of the job took on.
            Err(RoleError::Sts { denied: true, .. }) if self.has_other_credentials => {
                self.with_credentials(true).await.map_err(failed)
            }
            answer => answer.map_err(failed),
        }
    }

    async fn with_token(&self, tokens: &TokenSource) -> Result<Credentials, RoleError> {
        let token = tokens.token().await.map_err(|source| RoleError::Token {
            arn: self.request.arn.clone(),
            source,
        })?;
        let answer = self
            .anonymous
            .assume_role_with_web_identity()
            .role_arn(&self.request.arn)
            .role_session_name(&self.request.session)
            .web_identity_token(token)
            .send()
            .await
            .map_err(|error| self.refused(error))?;
        self.credentials(answer.credentials)
    }

    async fn with_credentials(&self, tagged: bool) -> Result<Credentials, RoleError> {
        let tags = self
            .request
            .tags
            .iter()
            .filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok());
        let answer = self
            .with_credentials
            .assume_role()
            .role_arn(&self.request.arn)
            .role_session_name(&self.request.session)
            .set_external_id(self.request.external_id.clone())
            .set_tags(tagged.then(|| tags.collect()))
            .send()
            .await
            .map_err(|error| self.refused(error));
        match answer {
            Ok(answer) => self.credentials(answer.credentials),
            // Tags need a permission of their own. The session's name still tells the run.
            Err(RoleError::Sts { message, .. }) if tagged && message.contains("sts:TagSession") => {
                Box::pin(self.with_credentials(false)).await
            }
            Err(error) => Err(error),
        }
    }

    fn refused<E, R>(&self, error: SdkError<E, R>) -> RoleError
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        let denied = error.code() == Some("AccessDenied");
        let mapped = error::map("STS", error);
        RoleError::Sts {
            arn: self.request.arn.clone(),
            message: mapped.message,
            denied,
        }
    }

    fn credentials(
        &self,
        answer: Option<aws_sdk_sts::types::Credentials>,
    ) -> Result<Credentials, RoleError> {
        let Some(credentials) = answer else {
            return Err(RoleError::Sts {
                arn: self.request.arn.clone(),
                message: "the answer holds no credentials".to_owned(),
                denied: false,
            });
        };
        Ok(Credentials::new(
            credentials.access_key_id,
            credentials.secret_access_key,
            Some(credentials.session_token),
            SystemTime::try_from(credentials.expiration).ok(),
            "role",
        ))
    }
}

fn failed(error: RoleError) -> CredentialsError {
    CredentialsError::provider_error(error)
}
