//! Tokens of a GitHub Actions runner: each says which workflow of which repository runs, and
//! a role can trust that. They live for minutes, so one is asked for whenever credentials
//! are renewed; no secret is stored anywhere.
//! <https://docs.github.com/en/actions/reference/security/oidc>

use std::error::Error;

use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde::Deserialize;

use crate::{error, http};

/// Whom the tokens are for.
const AUDIENCE: &str = "sts.amazonaws.com";

/// Why the runner gave no token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    /// There was no answer.
    #[error("the runner's token service cannot be reached: {0}")]
    Unreachable(String),
    /// It said no.
    #[error("the runner's token service answered with status {0}")]
    Refused(u16),
    /// It answered something else.
    #[error("the runner's token service answered without a token")]
    NoToken,
}

/// A runner that hands out tokens.
pub(crate) struct TokenSource {
    url: String,
    bearer: String,
}

impl std::fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The bearer token is a secret.
        f.debug_struct("TokenSource")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Answer {
    value: String,
}

impl TokenSource {
    /// The runner that this process runs on, if it offers tokens (`permissions: id-token:
    /// write` in the workflow).
    pub(crate) fn new(variable: &dyn Fn(&str) -> Option<String>) -> Option<Self> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        Some(Self {
            url: set("ACTIONS_ID_TOKEN_REQUEST_URL")?,
            bearer: set("ACTIONS_ID_TOKEN_REQUEST_TOKEN")?,
        })
    }

    /// Asks for a token.
    pub(crate) async fn token(&self) -> Result<String, TokenError> {
        let unreachable =
            |error: &(dyn Error + 'static)| TokenError::Unreachable(error::chain(error));
        // The runner's URL has a query already.
        let separator = if self.url.contains('?') { '&' } else { '?' };
        let mut request = HttpRequest::new(SdkBody::empty());
        request
            .set_uri(format!("{}{separator}audience={AUDIENCE}", self.url))
            .map_err(|error| unreachable(&error))?;
        let headers = request.headers_mut();
        headers.insert("authorization", format!("Bearer {}", self.bearer));
        headers.insert("accept", "application/json; api-version=2.0");
        headers.insert("user-agent", concat!("shopctl/", env!("CARGO_PKG_VERSION")));
        let mut answer = http::plain_connector()
            .call(request)
            .await
            .map_err(|error| unreachable(&error))?;
        if !answer.status().is_success() {
            return Err(TokenError::Refused(answer.status().as_u16()));
        }
        let body = ByteStream::new(answer.take_body())
            .collect()
            .await
            .map_err(|error| unreachable(&error))?;
        let answer: Answer =
            serde_json::from_slice(&body.into_bytes()).map_err(|_| TokenError::NoToken)?;
        Ok(answer.value)
    }
}
