//! CloudFormation custom resources: whatever happens, the stack gets an answer.
//!
//! CloudFormation waits up to an hour for one, so that a failure, and a handler
//! that runs out of time, are answered as `FAILED` with the reason.

use std::error::Error;
use std::time::{Duration, SystemTime};

use aws_lambda_events::cloudformation::CloudFormationCustomResourceRequest as CustomRequest;
use aws_smithy_http_client::default_connector;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use lambda_runtime::LambdaEvent;
use serde::Serialize;

use crate::runtime::error_chain;

/// Kept back from the function's time for sending the answer; a handler that is done before leaves
/// more for it.
const ANSWER_TIME: Duration = Duration::from_secs(3);
/// Kept back for ending after that.
const END_TIME: Duration = Duration::from_millis(200);
/// One try to send it takes no longer.
const TRY_TIME: Duration = Duration::from_secs(10);
/// Before the first try more; doubles each time.
const PAUSE: Duration = Duration::from_millis(200);

/// CloudFormation takes an answer of 4 KB at most; the rest of it is short.
const MAX_REASON: usize = 2000;

/// What a stack asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The resource is new.
    Create,
    /// Its properties changed.
    Update,
    /// It goes.
    Delete,
}

/// Why the stack could not be answered. Only the log hears of it.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The SDK was built without its HTTPS client.
    #[error("no HTTPS client was built in")]
    NoClient,
    /// The request to the answer URL cannot be formed or sent.
    #[error("answer cannot be sent to the stack: {0}")]
    Send(String),
    /// The answer URL refused.
    #[error("stack refused the answer with status {0}")]
    Status(u16),
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct StackAnswer<'a> {
    status: &'static str,
    reason: String,
    physical_resource_id: &'a str,
    stack_id: &'a str,
    request_id: &'a str,
    logical_resource_id: &'a str,
}

/// Runs `handle` and tells the stack how it went. The resource is called `physical_id`, and keeps
/// that name, so that no update replaces it.
pub async fn serve<E: Error + 'static>(
    event: LambdaEvent<CustomRequest>,
    physical_id: &str,
    handle: impl AsyncFnOnce(Change) -> Result<(), E>,
) -> Result<(), AnswerError> {
    let (change, url, stack_id, request_id, logical_id) = match &event.payload {
        CustomRequest::Create(r) => (
            Change::Create,
            &r.response_url,
            &r.stack_id,
            &r.request_id,
            &r.logical_resource_id,
        ),
        CustomRequest::Update(r) => (
            Change::Update,
            &r.response_url,
            &r.stack_id,
            &r.request_id,
            &r.logical_resource_id,
        ),
        CustomRequest::Delete(r) => (
            Change::Delete,
            &r.response_url,
            &r.stack_id,
            &r.request_id,
            &r.logical_resource_id,
        ),
        // The type may grow; a change that nobody knows must not be answered as done.
        _ => return Ok(()),
    };
    let deadline = event.context.deadline();
    let time = left(deadline).saturating_sub(ANSWER_TIME);
    let failure = match tokio::time::timeout(time, handle(change)).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error_chain(&error)),
        Err(_) => Some(format!("not done within {} s", time.as_secs())),
    };
    match &failure {
        None => tracing::info!(logical_id, ?change, "custom resource done"),
        Some(reason) => tracing::error!(logical_id, ?change, reason, "custom resource failed"),
    }
    let answer = StackAnswer {
        status: if failure.is_none() {
            "SUCCESS"
        } else {
            "FAILED"
        },
        reason: reason(failure),
        physical_resource_id: physical_id,
        stack_id,
        request_id,
        logical_resource_id: logical_id,
    };
    send(url, &answer, deadline).await
}

fn left(deadline: SystemTime) -> Duration {
    deadline
        .duration_since(SystemTime::now())
        .unwrap_or_default()
}

fn reason(failure: Option<String>) -> String {
    failure.map_or_else(String::new, |text| text.chars().take(MAX_REASON).collect())
}

/// Sends the answer as often as the function's time allows: a stack that never hears of it waits an
/// hour, and one that hears of it twice takes the first.
async fn send(
    url: &str,
    answer: &StackAnswer<'_>,
    deadline: SystemTime,
) -> Result<(), AnswerError> {
    let body = serde_json::to_vec(answer).map_err(unsent)?;
    let settings = HttpConnectorSettings::builder().build();
    let connector = default_connector(&settings, None).ok_or(AnswerError::NoClient)?;
    let mut pause = PAUSE;
    loop {
        let request = request(url, &body)?;
        let time = left(deadline).saturating_sub(END_TIME).min(TRY_TIME);
        let error = match put(&connector, request, time).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        if !error.may_pass() || left(deadline) < pause + END_TIME {
            return Err(error);
        }
        tracing::warn!(
            error = error_chain(&error),
            "the answer to the stack is sent again"
        );
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
}

impl AnswerError {
    fn may_pass(&self) -> bool {
        match self {
            Self::Send(_) => true,
            Self::Status(status) => *status >= 500,
            Self::NoClient => false,
        }
    }
}

fn unsent(error: impl Error + 'static) -> AnswerError {
    AnswerError::Send(error_chain(&error))
}

fn request(url: &str, body: &[u8]) -> Result<HttpRequest, AnswerError> {
    let mut request = HttpRequest::new(SdkBody::from(body));
    request
        .set_method("PUT")
        .and_then(|()| request.set_uri(url))
        .map_err(unsent)?;
    // The URL is signed for an empty content type.
    request.headers_mut().insert("content-type", "");
    Ok(request)
}

async fn put(
    connector: &SharedHttpConnector,
    request: HttpRequest,
    time: Duration,
) -> Result<(), AnswerError> {
    let response = tokio::time::timeout(time, connector.call(request)).await;
    let response = response.map_err(unsent)?.map_err(unsent)?;
    match response.status() {
        status if status.is_success() => Ok(()),
        status => Err(AnswerError::Status(status.as_u16())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use lambda_runtime::Context;
    use serde_json::{Value, json};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Serves one request like the answer URL does and gives back its head and its JSON body.
    async fn stack(listener: TcpListener, status: &str) -> (String, Value) {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut received = Vec::new();
        loop {
            let mut chunk = [0; 4096];
            let read = stream.read(&mut chunk).await.unwrap();
            received.extend_from_slice(&chunk[..read]);
            let text = String::from_utf8(received.clone()).unwrap();
            if let Some((head, body)) = text.split_once("\r\n\r\n")
                && let Ok(body) = serde_json::from_str(body)
            {
                let answer =
                    format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
                return (head.to_lowercase(), body);
            }
            assert_ne!(read, 0, "the request ended early: {text}");
        }
    }

    fn event(url: &str, seconds: u64) -> LambdaEvent<CustomRequest> {
        let mut context = Context::default();
        let deadline = SystemTime::now() + Duration::from_secs(seconds);
        context.deadline = deadline
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap()
            .as_millis()
            .try_into()
            .unwrap();
        let payload = serde_json::from_value(json!({
            "RequestType": "Create", "RequestId": "r-1", "ResponseURL": url, "StackId": "s-1",
            "ResourceType": "Custom::Seed", "LogicalResourceId": "Seed",
            "ResourceProperties": {},
        }))
        .unwrap();
        LambdaEvent::new(payload, context)
    }

    async fn run(
        seconds: u64,
        status: &str,
        handle: impl AsyncFnOnce(Change) -> Result<(), std::io::Error>,
    ) -> (Result<(), AnswerError>, String, Value) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "http://{}/answer?signature=x",
            listener.local_addr().unwrap()
        );
        let event = event(&url, seconds);
        let (result, (head, body)) =
            tokio::join!(serve(event, "seed", handle), stack(listener, status));
        (result, head, body)
    }

    #[tokio::test]
    async fn success_is_told_to_the_stack() {
        let (result, head, body) = run(30, "200 OK", async |change| {
            assert_eq!(change, Change::Create);
            Ok(())
        })
        .await;
        result.unwrap();
        assert!(
            head.starts_with("put /answer?signature=x http/1.1"),
            "{head}"
        );
        assert!(
            head.contains("content-type: \r\n") || head.contains("content-type:\r\n"),
            "{head}"
        );
        assert_eq!(
            body,
            json!({
                "Status": "SUCCESS", "Reason": "", "PhysicalResourceId": "seed", "StackId": "s-1",
                "RequestId": "r-1", "LogicalResourceId": "Seed",
            })
        );
    }

    #[tokio::test]
    async fn a_failure_is_told_with_its_reason() {
        let (result, _, body) = run(30, "200 OK", async |_| {
            Err(std::io::Error::other("no table"))
        })
        .await;
        result.unwrap();
        assert_eq!(body["Status"], "FAILED");
        assert_eq!(body["Reason"], "no table");
    }

    #[tokio::test]
    async fn a_handler_that_runs_out_of_time_is_a_failure() {
        let (result, _, body) = run(3, "200 OK", async |_| std::future::pending().await).await;
        result.unwrap();
        assert_eq!(body["Status"], "FAILED");
        assert_eq!(body["Reason"], "not done within 0 s");
    }

    #[tokio::test]
    async fn an_answer_that_gets_lost_is_sent_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/answer", listener.local_addr().unwrap());
        let lossy = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_u8().await.unwrap();
            drop(stream);
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_u8().await.unwrap();
            let busy = "HTTP/1.1 503 Slow Down\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.write_all(busy.as_bytes()).await.unwrap();
            stack(listener, "200 OK").await
        };
        let done = async |_| Ok::<_, std::io::Error>(());
        let (result, (_, body)) = tokio::join!(serve(event(&url, 30), "seed", done), lossy);
        result.unwrap();
        assert_eq!(body["Status"], "SUCCESS");
    }

    #[tokio::test]
    async fn an_answer_that_nobody_takes_ends_with_the_time() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/answer", listener.local_addr().unwrap());
        drop(listener);
        let done = async |_| Ok::<_, std::io::Error>(());
        let result = serve(event(&url, 1), "seed", done).await;
        assert!(matches!(result, Err(AnswerError::Send(_))), "{result:?}");
    }

    #[tokio::test]
    async fn a_url_that_is_none_is_tried_once() {
        let done = async |_| Ok::<_, std::io::Error>(());
        let sent = serve(event("no url", 600), "seed", done);
        let result = tokio::time::timeout(Duration::from_secs(60), sent).await;
        assert!(
            matches!(result, Ok(Err(AnswerError::Send(_)))),
            "{result:?}"
        );
    }

    #[tokio::test]
    async fn a_refused_answer_is_an_error() {
        let (result, _, _) = run(30, "403 Forbidden", async |_| Ok(())).await;
        assert!(
            matches!(result, Err(AnswerError::Status(403))),
            "{result:?}"
        );
    }
}
