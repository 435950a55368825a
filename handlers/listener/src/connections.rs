//! The connections of the WebSocket API, by its management API: `POST .../@connections/{id}`.

use std::time::{Duration, SystemTime};

use reqwest::{Client, StatusCode};

use crate::sign::{SignError, Signer, encoded};

/// How long one attempt may take.
const LIMIT: Duration = Duration::from_secs(5);

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// It is on its way to the client.
    Yes,
    /// There is no such connection any more.
    Gone,
    /// It is larger than any message may be (128 KB).
    TooLarge,
}

/// Why a message is not sent, this time.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The request cannot be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// No answer.
    #[error("the WebSocket API cannot be reached")]
    Call(#[from] reqwest::Error),
    /// An answer that is none of the expected.
    #[error("the WebSocket API answered {0} to a message")]
    Refused(StatusCode),
}

/// Sends messages to connections.
pub trait Post {
    /// Sends `text` to connection `id`.
    async fn post(&self, id: &str, text: &str) -> Result<Sent, SendError>;
}

/// The management API.
#[derive(Debug)]
pub struct Connections {
    client: Client,
    /// Up to and with the stage.
    url: String,
    signer: Signer,
}

impl Connections {
    /// The connections of the API and stage at `url`.
    pub fn new(url: String, signer: Signer) -> Result<Self, SendError> {
        let client = Client::builder().timeout(LIMIT).no_proxy().build()?;
        Ok(Connections {
            client,
            url,
            signer,
        })
    }
}

impl Post for Connections {
    async fn post(&self, id: &str, text: &str) -> Result<Sent, SendError> {
        let url = format!("{}/@connections/{}", self.url, encoded(id));
        let headers = self
            .signer
            .headers(&url, text.as_bytes(), SystemTime::now())?;
        let request = self.client.post(url).body(text.to_owned());
        let request = headers.into_iter().fold(request, |request, (name, value)| {
            request.header(name, value)
        });
        match request.send().await?.status() {
            StatusCode::GONE => Ok(Sent::Gone),
            StatusCode::PAYLOAD_TOO_LARGE => Ok(Sent::TooLarge),
            status if status.is_success() => Ok(Sent::Yes),
            status => Err(SendError::Refused(status)),
        }
    }
}
