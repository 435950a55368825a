//! Which failed calls of CloudFormation are worth another try.

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};

/// Forbids retries of a quota that is used up.
///
/// The SDK takes `LimitExceededException` for throttling, which it is with other services;
/// CloudFormation says it when the account has all the stacks that it may have. Waiting does
/// not help then, and the user waits for nothing.
#[derive(Debug)]
pub(crate) struct QuotaIsFinal;

impl ClassifyRetry for QuotaIsFinal {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let body = context
            .response()
            .filter(|response| !response.status().is_success())
            .and_then(|response| response.body().bytes());
        let code = b"<Code>LimitExceededException</Code>";
        match body {
            Some(body) if body.windows(code.len()).any(|window| window == code) => {
                RetryAction::RetryForbidden
            }
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "a CloudFormation quota is final"
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aws_sdk_cloudformation::config::{
        BehaviorVersion, Credentials, Region, retry::RetryConfig,
    };
    use aws_sdk_cloudformation::{Client, Config};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// A server that answers every request with one error; tells its URL and counts.
    async fn failing(code: &'static str) -> (String, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = calls.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let counted = counted.clone();
                tokio::spawn(async move {
                    let mut request = vec![0; 65536];
                    let mut seen = String::new();
                    while !seen.contains("Action=") {
                        match stream.read(&mut request).await {
                            Ok(read) if read > 0 => {
                                seen.push_str(&String::from_utf8_lossy(&request[..read]));
                            }
                            _ => return,
                        }
                    }
                    counted.fetch_add(1, Ordering::SeqCst);
                    let body = format!(
                        "<ErrorResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error><RequestId>1</RequestId></ErrorResponse>"
                    );
                    let answer = format!(
                        "HTTP/1.1 400 Bad Request\r\ncontent-type: text/xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                        body.len()
                    );
                    let _ = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
        (url, calls)
    }

    async fn calls_until_given_up(code: &'static str) -> usize {
        let (url, calls) = failing(code).await;
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .endpoint_url(url)
            .retry_config(
                RetryConfig::standard()
                    .with_max_attempts(3)
                    .with_initial_backoff(std::time::Duration::from_millis(1)),
            )
            .retry_classifier(QuotaIsFinal)
            .build();
        let client = Client::from_conf(config);
        let answer = client
            .create_change_set()
            .stack_name("shop")
            .change_set_name("x")
            .send()
            .await;
        assert!(answer.is_err());
        calls.load(Ordering::SeqCst)
    }

    #[tokio::test]
    async fn a_quota_is_told_at_once_and_throttling_is_tried_again() {
        assert_eq!(calls_until_given_up("LimitExceededException").await, 1);
        assert_eq!(calls_until_given_up("Throttling").await, 3);
    }
}
