//! Keeps the reads of CloudFormation below what an account and region may ask for.
//!
//! All reads of a connection take their turn from one bucket, retries and pages included, so
//! that following many stacks at once does not end in `Rate exceeded`. The rate is found by
//! asking: it is halved when CloudFormation says that it was too much, and grows again slowly.
//! Writes do not wait: they are few, and a deploy waits for them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use tokio::time::Instant;

/// Reads a second to begin with. Users measured about five `DescribeStacks` a second.
const START: f64 = 4.0;

/// Reads that may go at once after a pause: a plan of that many stacks waits for nothing.
const BURST: f64 = 20.0;

/// The rate stays between these two.
const SLOWEST: f64 = 0.5;
const FASTEST: f64 = 20.0;

/// What is added to the rate with each read that was not too much.
const GROWTH: f64 = 0.05;

/// One throttling has many witnesses; only the first within this time halves the rate.
const ONE_THROTTLING: Duration = Duration::from_secs(1);

/// A bucket of turns.
#[derive(Debug)]
pub(crate) struct Bucket(Mutex<Level>);

#[derive(Debug)]
struct Level {
    /// Turns a second.
    rate: f64,
    /// Turns that are there; below zero when that many have been promised.
    turns: f64,
    at: Instant,
    throttled: Option<Instant>,
}

impl Bucket {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Level {
            rate: START,
            turns: BURST,
            at: Instant::now(),
            throttled: None,
        }))
    }

    /// Takes a turn, and waits for it if it is not there yet. First come, first served.
    async fn turn(&self) {
        let wait = self.with(|level| {
            level.turns -= 1.0;
            if level.turns >= 0.0 {
                Duration::ZERO
            } else {
                Duration::from_secs_f64(-level.turns / level.rate)
            }
        });
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    fn went_well(&self) {
        self.with(|level| level.rate = (level.rate + GROWTH).min(FASTEST));
    }

    fn throttled(&self) {
        self.with(|level| {
            let known = level
                .throttled
                .is_some_and(|before| level.at.duration_since(before) < ONE_THROTTLING);
            if !known {
                level.rate = (level.rate / 2.0).max(SLOWEST);
                // What was saved up is what was too much.
                level.turns = level.turns.min(0.0);
                level.throttled = Some(level.at);
            }
        });
    }

    fn with<T>(&self, change: impl FnOnce(&mut Level) -> T) -> T {
        // Numbers are as good after a panic as before.
        let mut level = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let passed = now.duration_since(level.at).as_secs_f64();
        level.turns = (level.turns + passed * level.rate).min(BURST);
        level.at = now;
        change(&mut level)
    }

    #[cfg(test)]
    fn rate(&self) -> f64 {
        self.with(|level| level.rate)
    }
}

/// An HTTP client whose reads of CloudFormation take turns.
pub(crate) fn paced(inner: SharedHttpClient) -> SharedHttpClient {
    SharedHttpClient::new(PacedClient {
        inner,
        bucket: Arc::new(Bucket::new()),
        connectors: Mutex::default(),
    })
}

#[derive(Debug)]
struct PacedClient {
    inner: SharedHttpClient,
    bucket: Arc<Bucket>,
    /// The wrapped connectors; the SDK asks for one with every call.
    connectors: Mutex<HashMap<String, SharedHttpConnector>>,
}

impl HttpClient for PacedClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let mut connectors = self
            .connectors
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        connectors
            .entry(format!("{settings:?}"))
            .or_insert_with(|| {
                SharedHttpConnector::new(PacedConnector {
                    inner: self.inner.http_connector(settings, components),
                    bucket: self.bucket.clone(),
                })
            })
            .clone()
    }
}

#[derive(Debug)]
struct PacedConnector {
    inner: SharedHttpConnector,
    bucket: Arc<Bucket>,
}

impl HttpConnector for PacedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let read = request.body().bytes().is_some_and(is_read);
        let inner = self.inner.clone();
        let bucket = self.bucket.clone();
        HttpConnectorFuture::new(async move {
            if read {
                bucket.turn().await;
            }
            let answer = inner.call(request).await;
            if let Ok(mut answer) = answer {
                if answer.status().is_success() {
                    if read {
                        bucket.went_well();
                    }
                    return Ok(answer);
                }
                // The code is in the body, which is short when it is an error's.
                let body = aws_smithy_types::byte_stream::ByteStream::new(answer.take_body())
                    .collect()
                    .await
                    .map_err(|error| {
                        aws_smithy_runtime_api::client::result::ConnectorError::io(error.into())
                    })?
                    .into_bytes();
                if read && is_throttling(&body) {
                    bucket.throttled();
                }
                *answer.body_mut() = aws_smithy_types::body::SdkBody::from(body);
                return Ok(answer);
            }
            answer
        })
    }
}

/// Whether a call of the query protocol only reads.
fn is_read(body: &[u8]) -> bool {
    ["Action=Describe", "Action=List", "Action=Get"]
        .iter()
        .any(|action| body.starts_with(action.as_bytes()))
}

fn is_throttling(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    text.contains("<Code>Throttling") || text.contains("Rate exceeded")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    /// Answers like CloudFormation with a limit of its own: `limit` reads a second.
    #[derive(Debug)]
    struct Limited {
        limit: usize,
        served: Mutex<Vec<Instant>>,
        refused: Mutex<usize>,
    }

    #[derive(Debug, Clone)]
    struct Handle(Arc<Limited>);

    impl HttpConnector for Handle {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            let now = Instant::now();
            let mut served = self.0.served.lock().unwrap();
            served.retain(|at| now.duration_since(*at) < Duration::from_secs(1));
            let (status, body) = if served.len() < self.0.limit {
                served.push(now);
                (200, "<DescribeStacksResponse/>")
            } else {
                *self.0.refused.lock().unwrap() += 1;
                (
                    400,
                    "<Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error>",
                )
            };
            HttpConnectorFuture::ready(Ok(HttpResponse::new(
                StatusCode::try_from(status).unwrap(),
                SdkBody::from(body),
            )))
        }
    }

    fn connector(limit: usize) -> (PacedConnector, Arc<Limited>) {
        let limited = Arc::new(Limited {
            limit,
            served: Mutex::default(),
            refused: Mutex::default(),
        });
        let connector = PacedConnector {
            inner: SharedHttpConnector::new(Handle(limited.clone())),
            bucket: Arc::new(Bucket::new()),
        };
        (connector, limited)
    }

    fn call(action: &str) -> HttpRequest {
        HttpRequest::new(SdkBody::from(format!("Action={action}&Version=2010-05-15")))
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let (connector, _) = connector(usize::MAX);
        let begin = Instant::now();
        for _ in 0..20 {
            connector.call(call("DescribeStacks")).await.unwrap();
        }
        assert_eq!(begin.elapsed(), Duration::ZERO);
        for _ in 0..20 {
            connector.call(call("DescribeStackEvents")).await.unwrap();
        }
        let seconds = begin.elapsed().as_secs_f64();
        assert!((3.0..=5.0).contains(&seconds), "{seconds}");
    }

    #[tokio::test(start_paused = true)]
    async fn writes_never_wait() {
        let (connector, _) = connector(usize::MAX);
        for _ in 0..20 {
            connector.call(call("ListStackResources")).await.unwrap();
        }
        let begin = Instant::now();
        for action in [
            "CreateChangeSet",
            "ExecuteChangeSet",
            "DeleteStack",
            "CancelUpdateStack",
        ] {
            connector.call(call(action)).await.unwrap();
        }
        assert_eq!(begin.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn many_pollers_settle_below_the_services_limit_and_recover() {
        let (connector, limited) = connector(5);
        let connector = Arc::new(connector);
        let mut pollers = tokio::task::JoinSet::new();
        for _ in 0..30 {
            let connector = connector.clone();
            pollers.spawn(async move {
                for _ in 0..20 {
                    let answer = connector.call(call("DescribeStackEvents")).await.unwrap();
                    if !answer.status().is_success() {
                        // The error still reaches the SDK, which tries again later.
                        assert!(is_throttling(answer.body().bytes().unwrap()));
                    }
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            });
        }
        pollers.join_all().await;
        let refused = *limited.refused.lock().unwrap();
        // 30 pollers alone would be refused 25 of 30 times.
        assert!(refused < 120, "{refused} of 600 refused");

        let (connector, _) = self::connector(usize::MAX);
        connector.bucket.throttled();
        connector.bucket.throttled();
        assert_eq!(connector.bucket.rate(), START / 2.0);
        for _ in 0..60 {
            connector.call(call("DescribeStacks")).await.unwrap();
        }
        assert!(connector.bucket.rate() > START);
    }
}
