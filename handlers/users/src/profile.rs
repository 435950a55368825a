//! Who somebody is to the shop, apart from the account that he logs in with.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use shop_core::order::Address;

/// An address of the address book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SavedAddress {
    /// How its owner calls it, for instance "home".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Whether it is offered first. One of them is.
    pub default: bool,
    /// The address.
    #[serde(flatten)]
    pub address: Address,
}

/// A customer, or someone of the staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// The account's lasting identifier, `sub` of its tokens.
    pub user_id: String,
    /// Unique, and nobody's secret.
    pub username: Username,
    /// Unique; it was verified when the account was.
    pub email: String,
    /// As in a greeting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
    /// The address book.
    #[serde(default)]
    pub addresses: Vec<SavedAddress>,
    /// When the shop first saw him.
    pub created_date: DateTime<Utc>,
    /// When it changed last.
    pub modified_date: DateTime<Utc>,
    /// How often it was written.
    pub version: u64,
}

/// The form of an e-mail address in which two are compared.
pub fn folded(email: &str) -> String {
    email.trim().to_lowercase()
}

/// A name that is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a username has 3 to 30 characters a-z, 0-9, '.', '_' and '-', and begins with a letter or digit"
)]
pub struct InvalidUsername;

/// A unique name in lower case.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct Username(String);

impl Username {
    /// `text` as a username, whatever its case. With three characters at least it is never the `me`
    /// of `/api/users/me`.
    pub fn new(text: &str) -> Result<Self, InvalidUsername> {
        let name = text.trim().to_lowercase();
        let fits = (3..=30).contains(&name.len());
        let first = name
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_alphanumeric());
        if fits && first && name.bytes().all(is_part) {
            Ok(Username(name))
        } else {
            Err(InvalidUsername)
        }
    }

    /// Names for somebody who did not choose one, or chose one that is taken: as much as possible of
    /// the address before the `@`, then with more and more of a digest of `user_id`. The last one is
    /// nobody else's.
    pub fn proposals(email: &str, user_id: &str) -> Vec<Self> {
        let digest = hex::encode(Sha256::digest(user_id.as_bytes()));
        let local = email.split('@').next().unwrap_or_default().to_lowercase();
        let local = local
            .bytes()
            .filter(|byte| is_part(*byte))
            .map(char::from)
            .collect::<String>();
        let local = local.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
        let cut = |length: usize| local.get(..length.min(local.len())).unwrap_or_default();
        [
            cut(30).to_owned(),
            format!("{}-{}", cut(23), &digest[..6]),
            format!("user-{}", &digest[..25]),
        ]
        .iter()
        .filter_map(|name| Username::new(name).ok())
        .collect()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte)
}

impl TryFrom<String> for Username {
    type Error = InvalidUsername;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Username::new(&text)
    }
}

impl From<Username> for String {
    fn from(name: Username) -> Self {
        name.0
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_username_is_folded_or_refused() {
        for (text, name) in [("Anna", "anna"), (" a.b-c_9 ", "a.b-c_9"), ("007", "007")] {
            assert_eq!(Username::new(text).unwrap().as_str(), name);
        }
        let long = "x".repeat(31);
        for wrong in [
            "me", "", ".anna", "-anna", "an na", "änna", "anna/x", "a@b.c", &long,
        ] {
            assert_eq!(Username::new(wrong), Err(InvalidUsername), "{wrong}");
        }
    }

    #[test]
    fn a_name_is_proposed_from_the_address() {
        let names = |email| {
            Username::proposals(email, "u-1")
                .iter()
                .map(Username::to_string)
                .collect::<Vec<_>>()
        };
        insta::assert_snapshot!(names("Anna.Berg+shop@example.com").join(" "), @"anna.bergshop anna.bergshop-a24a7f user-a24a7f55f278dd49fb1f99c55");
        insta::assert_snapshot!(names("a@example.com").join(" "), @"a-a24a7f user-a24a7f55f278dd49fb1f99c55");
    }

    proptest! {
        #[test]
        fn there_is_always_a_name_and_the_last_depends_on_the_account_alone(
            email in "\\PC{0,80}", other in "\\PC{0,80}", id in "[a-z0-9-]{1,40}",
        ) {
            let names = Username::proposals(&email, &id);
            prop_assert!(!names.is_empty());
            let others = Username::proposals(&other, &id);
            prop_assert_eq!(names.last(), others.last());
        }
    }
}
