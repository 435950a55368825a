//! Newtypes for the identifiers that travel through the whole tool, so that a
//! stack of the project is never mistaken for a stack on AWS.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps `value`; whoever reads it from input checks its form first.
            pub fn new(value: impl Into<String>) -> Self {
                Self(value.into())
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(value: &str) -> Self {
                Self(value.to_owned())
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

identifier! {
    /// A stack's name in the project file, for instance `products`.
    StackName
}
identifier! {
    /// A stack's name in CloudFormation, for instance `shop-local-products`.
    CloudStackName
}
identifier! {
    /// A resource's logical ID in a template.
    LogicalId
}
identifier! {
    /// An environment's name in the project file.
    EnvironmentName
}
identifier! {
    /// SHA-256 in lower-case hexadecimal digits of an artifact's bytes.
    ArtifactDigest
}

/// The bucket that holds an environment's artifacts and the records of its deploys.
///
/// In a template, `account` and `region` are `${AWS::AccountId}` and `${AWS::Region}`;
/// the length is reckoned with the longest that can come in their place, so that both
/// forms are the same bucket.
pub fn artifact_bucket(project: &str, environment: &str, account: &str, region: &str) -> String {
    // 63 characters, less `shopctl-`, 12 digits, 14 characters of region and two dashes.
    const LONGEST: usize = 63 - 8 - 12 - 14 - 2;
    const HASH: usize = 8;
    let full = format!("{project}-{environment}");
    let lower = full.to_ascii_lowercase();
    let parts = lower.split(|c: char| !c.is_ascii_alphanumeric());
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    let mut name = parts.join("-");
    if name.len() > LONGEST || name != full {
        // What is cut off or rewritten still tells two names apart.
        let digest = Sha256::digest(format!("{project}/{environment}"));
        let mut hash = hex::encode(digest);
        hash.truncate(HASH);
        name.truncate(LONGEST - HASH - 1);
        name = format!("{}-{hash}", name.trim_end_matches('-'));
    }
    format!("shopctl-{name}-{account}-{region}")
}

/// The partition that a region is in, and the end of its services' host names.
pub fn partition(region: &str) -> (&'static str, &'static str) {
    const PARTITIONS: &[(&str, &str, &str)] = &[
        ("cn-", "aws-cn", "amazonaws.com.cn"),
        ("us-gov-", "aws-us-gov", "amazonaws.com"),
        ("us-iso-", "aws-iso", "c2s.ic.gov"),
        ("us-isob-", "aws-iso-b", "sc2s.sgov.gov"),
        ("us-isof-", "aws-iso-f", "csp.hci.ic.gov"),
        ("eu-isoe-", "aws-iso-e", "cloud.adc-e.uk"),
        ("eusc-", "aws-eusc", "amazonaws.eu"),
    ];
    PARTITIONS
        .iter()
        .find(|(prefix, _, _)| region.starts_with(prefix))
        .map_or(("aws", "amazonaws.com"), |(_, partition, suffix)| {
            (partition, suffix)
        })
}

/// Whether an ARN belongs to this account and region; parts that it leaves empty fit all.
pub fn arn_is_at(arn: &str, account: &str, region: &str) -> bool {
    let mut parts = arn.split(':');
    let (Some("arn"), Some(in_partition)) = (parts.next(), parts.next()) else {
        return false;
    };
    let _service = parts.next();
    let fits = |part: Option<&str>, expected: &str| {
        part.is_some_and(|part| part.is_empty() || part == expected)
    };
    fits(Some(in_partition), partition(region).0)
        && fits(parts.next(), region)
        && fits(parts.next(), account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_have_partitions() {
        let cases = [
            ("eu-central-1", "aws"),
            ("us-gov-west-1", "aws-us-gov"),
            ("cn-north-1", "aws-cn"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eusc-de-east-1", "aws-eusc"),
        ];
        for (region, expected) in cases {
            assert_eq!(partition(region).0, expected, "{region}");
        }
    }

    #[test]
    fn an_arn_of_another_place_is_seen() {
        let at = |arn| arn_is_at(arn, "123456789012", "eu-central-1");
        assert!(at(
            "arn:aws:cloudformation:eu-central-1:123456789012:stack/a/b"
        ));
        assert!(at("arn:aws:sts::123456789012:assumed-role/ci/run"));
        assert!(!at(
            "arn:aws:cloudformation:eu-west-1:123456789012:stack/a/b"
        ));
        assert!(!at(
            "arn:aws:cloudformation:eu-central-1:999999999999:stack/a/b"
        ));
        assert!(!at("arn:aws-cn:sts::123456789012:user/a"));
        assert!(!at("a stack"));
    }

    #[test]
    fn artifact_bucket_names_fit_and_differ() {
        let bucket = |project, environment| {
            artifact_bucket(project, environment, "123456789012", "ap-southeast-1")
        };
        assert_eq!(
            bucket("shop", "local"),
            "shopctl-shop-local-123456789012-ap-southeast-1"
        );
        assert_eq!(
            artifact_bucket("shop", "prod", "${AWS::AccountId}", "${AWS::Region}"),
            "shopctl-shop-prod-${AWS::AccountId}-${AWS::Region}"
        );
        let long = [
            bucket("a-shop-with-a-name-that-is-long", "production"),
            bucket("a-shop-with-a-name-that-is-long", "preview"),
            bucket("a-shop-with-a-name", "that-is-long-production"),
            bucket("Shop", "local"),
            bucket("shop_", "local"),
            bucket("shop.", "local"),
            bucket("shop", "local"),
        ];
        for (index, name) in long.iter().enumerate() {
            assert!(name.len() <= 63, "{name}");
            assert!(!long[..index].contains(name), "{name} twice");
            assert!(!name.contains("--"), "{name}");
            let valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(name.chars().all(valid), "{name}");
        }
    }
}
