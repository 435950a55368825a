//! The record of a deploy: what was deployed with which inputs.
//!
//! It lives in the artifact bucket. A stack whose inputs have the recorded digest,
//! and which nobody changed since, needs no change set. Losing the record costs
//! time, never correctness.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::event::Outcome;
use crate::fast::FastChange;
use crate::names::{CloudStackName, EnvironmentName, StackName};
use crate::template::{Capability, OmittedResource};

/// Version of the record's format that this tool writes.
pub const VERSION: u32 = 1;

/// Key of the newest record in the artifact bucket.
pub const LATEST_KEY: &str = "records/latest.json";

/// What was deployed last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Version of the format; another one is ignored.
    pub version: u32,
    /// The run that wrote it.
    pub run: String,
    /// The project's name.
    pub project: String,
    /// The environment's name.
    pub environment: EnvironmentName,
    /// Version of the tool.
    pub tool: String,
    /// When the run began, RFC 3339.
    pub started: String,
    /// When it ended, RFC 3339.
    pub finished: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The stacks that are as this tool left them.
    pub stacks: IndexMap<StackName, StackRecord>,
    /// The site's files as they were left.
    pub site: Option<SiteRecord>,
    /// Stacks whose functions run code that CloudFormation does not know of.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub fast: IndexMap<StackName, FastChange>,
    /// What the environment left out.
    pub omitted: Vec<OmittedResource>,
}

/// A stack as it was left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackRecord {
    /// Its name in CloudFormation.
    pub cloud_name: CloudStackName,
    /// Its ARN; another one means that it was deleted and made again.
    pub stack_id: String,
    /// SHA-256 of the rendered template.
    pub template_digest: String,
    /// Digest of the inputs, see [`inputs_digest`].
    pub inputs_digest: String,
    /// Last change as CloudFormation tells it; another one means somebody else changed it.
    pub last_changed: Option<String>,
}

/// The site as it was left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteRecord {
    /// The bucket.
    pub bucket: String,
    /// SHA-256 and entity tag of each object.
    pub files: BTreeMap<String, SiteFileRecord>,
}

/// An object of the site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteFileRecord {
    /// SHA-256 of content, content type and cache header.
    pub digest: String,
    /// Entity tag that S3 answered.
    pub etag: String,
}

/// The digest of everything that decides what a stack becomes.
///
/// Values of secret parameters go in as digests only, like all others: nothing can be read back.
pub fn inputs_digest<'a>(
    template_digest: &str,
    parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
    tags: &BTreeMap<String, String>,
    capabilities: impl IntoIterator<Item = Capability>,
) -> String {
    let parameters: BTreeMap<&str, &str> = parameters.into_iter().collect();
    let mut hasher = Sha256::new();
    // Each field ends with a byte that no field holds, so that moving a letter from one
    // field to the next gives another digest.
    let mut field = |text: &str| {
        hasher.update(text.as_bytes());
        hasher.update([0xff]);
    };
    field("shopctl inputs 1");
    field(template_digest);
    for (name, value) in parameters {
        field(name);
        field(value);
    }
    field("tags");
    for (key, value) in tags {
        field(key);
        field(value);
    }
    for capability in capabilities {
        field(&format!("{capability:?}"));
    }
    hex::encode(hasher.finalize())
}

/// SHA-256 of some bytes in lower-case hexadecimal digits.
pub fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_tells_fields_apart_and_ignores_their_order() {
        let tags = BTreeMap::new();
        let digest = |parameters: &[(&'static str, &'static str)]| {
            inputs_digest("t", parameters.iter().copied(), &tags, [])
        };
        assert_eq!(
            digest(&[("A", "1"), ("B", "2")]),
            digest(&[("B", "2"), ("A", "1")])
        );
        assert_ne!(digest(&[("A", "12")]), digest(&[("A1", "2")]));
        assert_ne!(digest(&[("A", "1")]), digest(&[("A", "1"), ("B", "")]));
    }

    #[test]
    fn a_tag_is_not_a_parameter() {
        let tags = BTreeMap::from([("A".to_owned(), "1".to_owned())]);
        assert_ne!(
            inputs_digest("t", [], &tags, []),
            inputs_digest("t", [("A", "1")], &BTreeMap::new(), [])
        );
    }
}
