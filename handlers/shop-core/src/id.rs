//! Identifiers that a person may see: KSUIDs, 27 letters and digits that sort
//! by the time they were made (to 4 ms).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use svix_ksuid::{Ksuid, KsuidLike, KsuidMs};

/// A text that is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an identifier: 27 letters and digits are expected")]
pub struct InvalidId(String);

/// A KSUID. Later ones compare greater, as values and as texts.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Id(String);

impl Id {
    /// A new one, made from the clock and the system's random numbers.
    #[expect(clippy::new_without_default, reason = "each call gives another value")]
    pub fn new() -> Self {
        Id(KsuidMs::now(None).to_base62())
    }

    /// The identifier that `name` has had since `seconds` (Unix time): the same
    /// input gives the same identifier, for data that is written more than once.
    pub fn fixed(seconds: i64, name: &str) -> Self {
        let digest = Sha256::digest(name.as_bytes());
        Id(Ksuid::from_seconds(Some(seconds), Some(&digest[..16])).to_base62())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Id {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The crate's own length check counts bytes and its decoder takes any
        // text, so that the alphabet is checked first.
        let plausible = text.len() == 27 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        match Ksuid::from_base62(text) {
            Ok(ksuid) if plausible && ksuid.to_base62() == text => Ok(Id(text.to_owned())),
            _ => Err(InvalidId(text.chars().take(40).collect())),
        }
    }
}

impl TryFrom<String> for Id {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn new_ones_differ_and_can_be_read_back() {
        let (a, b) = (Id::new(), Id::new());
        assert_ne!(a, b);
        assert_eq!(a.as_str().parse::<Id>().unwrap(), a);
    }

    #[test]
    fn a_later_one_sorts_after_an_earlier_one() {
        let (early, late) = (Id::fixed(1_700_000_000, "z"), Id::fixed(1_700_000_001, "a"));
        assert!(early < late);
        assert!(early.as_str() < late.as_str());
    }

    #[test]
    fn a_fixed_one_depends_on_its_name_only() {
        assert_eq!(
            Id::fixed(1_767_225_600, "kettle"),
            Id::fixed(1_767_225_600, "kettle")
        );
        assert_ne!(
            Id::fixed(1_767_225_600, "kettle"),
            Id::fixed(1_767_225_600, "teapot")
        );
        insta::assert_snapshot!(Id::fixed(1_767_225_600, "kettle"), @"37dGamnp4Ohe3JM9FL5PNQR3jGm");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}") {
            let _ = text.parse::<Id>();
        }

        #[test]
        fn only_27_letters_and_digits_are_accepted(text in "[0-9A-Za-z_-]{26,28}") {
            if let Ok(id) = text.parse::<Id>() {
                prop_assert_eq!(id.as_str(), text);
            }
        }
    }
}
