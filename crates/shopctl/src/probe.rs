//! GETs URLs for health checks and `status`.

use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use shopctl_deploy::ports::{Probe, ProbeAnswer};

/// A probe over HTTP.
pub(crate) struct HttpProbe(reqwest::Client);

impl HttpProbe {
    pub(crate) fn new() -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(10))
            .user_agent(concat!("shopctl/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(std::sync::Arc::new(LoopbackResolver))
            // What is checked is the deployed thing itself, not a proxy's idea of it.
            .no_proxy()
            .build()?;
        Ok(Self(client))
    }
}

#[async_trait]
impl Probe for HttpProbe {
    async fn get(&self, url: &str) -> ProbeAnswer {
        match self.0.get(url).send().await {
            Ok(answer) => ProbeAnswer::Status(answer.status().as_u16()),
            Err(error) => {
                // The innermost cause is the one that says something.
                let mut cause: &dyn std::error::Error = &error;
                while let Some(source) = cause.source() {
                    cause = source;
                }
                ProbeAnswer::Unreachable(cause.to_string())
            }
        }
    }
}

/// Names below `localhost` are this machine (RFC 6761), as browsers and curl have it but the
/// C library has not everywhere.
struct LoopbackResolver;

impl Resolve for LoopbackResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str().trim_end_matches('.').to_owned();
            if host == "localhost" || host.ends_with(".localhost") {
                let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
                return Ok(Box::new(std::iter::once(loopback)) as Addrs);
            }
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host, 0)).await?.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
