//! HTTP as a browser speaks it: names below `localhost` are this machine.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

/// A client that waits for each answer.
#[derive(Debug)]
pub struct Http {
    client: Client,
    runtime: Runtime,
}

/// An answer, whatever its status.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Http {
    /// A client.
    #[expect(clippy::new_without_default, reason = "it starts a runtime")]
    pub fn new() -> Self {
        let client = Client::builder()
            .dns_resolver(Arc::new(Loopback))
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(120))
            // Between two calls nothing drives the runtime, so a server that closes an idle
            // connection goes unnoticed and the next request would be sent into it.
            .pool_max_idle_per_host(0)
            .build()
            .unwrap();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        Self { client, runtime }
    }

    /// GETs a URL.
    #[track_caller]
    pub fn get(&self, url: &str) -> Answer {
        self.request(Method::GET, url, |request| request)
    }

    /// POSTs JSON with some headers.
    #[track_caller]
    pub fn post(&self, url: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        self.request(Method::POST, url, |request| {
            // A content type among the headers is the one that counts.
            let mut request = request.json(body);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            request
        })
    }

    /// Sends any request.
    #[track_caller]
    pub fn request(
        &self,
        method: Method,
        url: &str,
        with: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Answer {
        let request = with(self.client.request(method, url));
        let answer = self.runtime.block_on(async {
            let response = request.send().await?;
            let status = response.status().as_u16();
            let headers = response
                .headers()
                .iter()
                .map(|(name, value)| {
                    let value = String::from_utf8_lossy(value.as_bytes());
                    (name.to_string(), value.into_owned())
                })
                .collect();
            let body = response.text().await?;
            Ok::<_, reqwest::Error>(Answer {
                status,
                headers,
                body,
            })
        });
        answer.unwrap_or_else(|error| panic!("no answer from {url}: {error:?}"))
    }
}

impl Answer {
    /// The first header of that name, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(header, _)| header == name)
            .map_or("", |(_, value)| value)
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// Fails the test unless it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
}

struct Loopback;

impl Resolve for Loopback {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str();
        assert!(
            host == "localhost" || host.ends_with(".localhost"),
            "tests reach this machine only, not {host}"
        );
        Box::pin(async {
            let address = SocketAddr::from(([127, 0, 0, 1], 0));
            Ok(Box::new(std::iter::once(address)) as Addrs)
        })
    }
}
