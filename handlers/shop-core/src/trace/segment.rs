//! Spans as X-Ray documents, and the daemon that takes them
//! (<https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html>).
//!
//! On Lambda the function's segment is Lambda's own; what a function adds are subsegments of it. The
//! daemon listens at `AWS_XRAY_DAEMON_ADDRESS`
//! (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>).

use std::env;
use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde_json::{Map, Value};

/// What stands before every document (the daemon's own format).
const PREFIX: &str = "{\"format\":\"json\",\"version\":1}\n";

/// A span below another one.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Subsegment<'a> {
    pub name: &'a str,
    pub id: &'a str,
    pub trace_id: &'a str,
    pub parent_id: &'a str,
    pub start_time: f64,
    pub end_time: f64,
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Whose it is, when it is not the function's own: `aws`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<&'static str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub fault: bool,
    /// What traces can be searched by.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub annotations: Map<String, Value>,
    /// The operation of an AWS service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aws: Option<Value>,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Subsegment,
}

/// Who takes documents.
#[derive(Debug)]
pub struct Daemon {
    socket: UdpSocket,
}

impl Daemon {
    /// The one at `address`: `host:port`, or `tcp:host:port udp:host:port`. None when it is no
    /// address or the machine has no sockets; a function does its work without.
    pub fn at(address: &str) -> Option<Self> {
        let udp = address
            .split(' ')
            .find_map(|part| part.strip_prefix("udp:"));
        let address: SocketAddr = udp.unwrap_or(address).parse().ok()?;
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
        socket.connect(address).ok()?;
        // A daemon that does not read must not hold up the function.
        socket.set_nonblocking(true).ok()?;
        Some(Daemon { socket })
    }

    /// The one of the environment; asked once for a process.
    pub(crate) fn of_environment() -> Option<&'static Daemon> {
        static DAEMON: LazyLock<Option<Daemon>> = LazyLock::new(|| {
            let address = env::var("AWS_XRAY_DAEMON_ADDRESS").ok()?;
            Daemon::at(&address)
        });
        DAEMON.as_ref()
    }

    pub(crate) fn send(&self, subsegment: &Subsegment<'_>) {
        let Ok(document) = serde_json::to_string(subsegment) else {
            return;
        };
        // What is lost is lost: a span is worth no failure.
        let _ = self.socket.send(format!("{PREFIX}{document}").as_bytes());
    }
}

/// Seconds since 1970, as documents have them.
pub(crate) fn seconds(time: SystemTime) -> f64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or(Duration::ZERO).as_secs_f64()
}

/// The identifier of a span.
pub(crate) fn segment_id() -> String {
    random_hex(16)
}

/// So many random hexadecimal digits, at most 32. They tell spans apart and are no secret.
pub(crate) fn random_hex(digits: usize) -> String {
    // Each state has keys of its own, which come from the system's random numbers.
    let number = || u128::from(RandomState::new().hash_one(std::process::id()));
    let mut text = format!("{:032x}", number() << 64 | number());
    text.truncate(digits);
    text
}
