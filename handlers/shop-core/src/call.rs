//! Asking a function of another service directly: its permission to be called is the
//! authentication, and its answer the contract.

use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Request or answer is not what both sides agreed on.
    #[error("function {function} was asked or answered in a wrong form")]
    Form {
        /// Which function.
        function: String,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// It could not be called.
    #[error("function {function} cannot be called")]
    Call {
        /// Which function.
        function: String,
        /// What the SDK says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It was called and failed.
    #[error("function {function} failed: {answer}")]
    Failed {
        /// Which function.
        function: String,
        /// What it says about it.
        answer: String,
    },
}

/// Sends `request` to `function` (name or ARN) and waits for its answer.
pub async fn call<T: DeserializeOwned>(
    client: &Client,
    function: &str,
    request: &impl Serialize,
) -> Result<T, CallError> {
    let form = |source| CallError::Form {
        function: function.to_owned(),
        source,
    };
    let answer = client
        .invoke()
        .function_name(function)
        .payload(Blob::new(serde_json::to_vec(request).map_err(form)?))
        .send()
        .await
        .map_err(|error| CallError::Call {
            function: function.to_owned(),
            source: Box::new(error),
        })?;
    let payload = answer.payload.map(Blob::into_inner).unwrap_or_default();
    if answer.function_error.is_some() {
        return Err(CallError::Failed {
            function: function.to_owned(),
            answer: String::from_utf8_lossy(&payload).into_owned(),
        });
    }
    serde_json::from_slice(&payload).map_err(form)
}
