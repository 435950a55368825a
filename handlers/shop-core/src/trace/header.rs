//! The header that carries a trace from one service to the next
//! (<https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>).

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::segment::random_hex;

/// A text that is no trace header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a trace header: `Root=1-<8 hex digits>-<24 hex digits>` is expected")]
pub struct InvalidHeader(String);

/// `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TraceHeader {
    /// The trace's identifier: the same wherever the request goes.
    pub root: String,
    /// The span that asks.
    pub parent: Option<String>,
    /// Whether spans of the trace are kept.
    pub sampled: bool,
    /// Which functions it went through: Lambda's own, to end loops
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html>).
    pub lineage: Option<String>,
}

impl TraceHeader {
    /// A trace that begins here and is not kept: its identifier is good for logs.
    pub fn fresh() -> Self {
        let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        TraceHeader {
            root: format!("1-{:08x}-{}", since.as_secs(), random_hex(24)),
            parent: None,
            sampled: false,
            lineage: None,
        }
    }

    /// What is kept of it beside data: who reads it there later has a lineage of his own.
    pub fn kept(self) -> String {
        TraceHeader {
            lineage: None,
            ..self
        }
        .to_string()
    }
}

impl FromStr for TraceHeader {
    type Err = InvalidHeader;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let field = |name: &str| {
            text.split(';')
                .filter_map(|part| part.trim().split_once('='))
                .find(|(found, _)| *found == name)
                .map(|(_, value)| value)
        };
        let root = field("Root").filter(|root| is_root(root));
        let parent = field("Parent").filter(|parent| is_hex(parent, 16));
        Ok(TraceHeader {
            root: root
                .ok_or_else(|| InvalidHeader(text.chars().take(100).collect()))?
                .to_owned(),
            parent: parent.map(str::to_owned),
            sampled: field("Sampled") == Some("1"),
            lineage: field("Lineage").map(str::to_owned),
        })
    }
}

fn is_root(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut next = || parts.next().unwrap_or_default();
    next() == "1" && is_hex(next(), 8) && is_hex(next(), 24) && parts.next().is_none()
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl TryFrom<String> for TraceHeader {
    type Error = InvalidHeader;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<TraceHeader> for String {
    fn from(header: TraceHeader) -> Self {
        header.to_string()
    }
}

impl fmt::Display for TraceHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Root={}", self.root)?;
        if let Some(parent) = &self.parent {
            write!(f, ";Parent={parent}")?;
        }
        write!(f, ";Sampled={}", u8::from(self.sampled))?;
        match &self.lineage {
            Some(lineage) => write!(f, ";Lineage={lineage}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_header_comes_back_as_it_was() {
        for text in [
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1;Lineage=1:a1b2c3d4:0",
        ] {
            assert_eq!(text.parse::<TraceHeader>().unwrap().to_string(), text);
        }
        let fresh = TraceHeader::fresh();
        assert_eq!(fresh.to_string().parse(), Ok(fresh));
    }

    #[test]
    fn what_others_add_does_not_matter() {
        let header: TraceHeader =
            "Self=1-2-3; Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=?;Other=1"
                .parse()
                .unwrap();
        assert_eq!(header.root, "1-5759e988-bd862e3fe1be46a994272793");
        assert_eq!((header.parent, header.sampled), (None, false));
    }

    #[test]
    fn a_text_without_a_root_is_no_header() {
        for text in [
            "",
            "Root=",
            "Root=1-2-3",
            "Root=1-5759e988-bd862e3fe1be46a994272793-1",
            "Sampled=1",
        ] {
            assert!(text.parse::<TraceHeader>().is_err(), "{text}");
        }
    }
}
