//! A profile as the table keeps it, and the keys of everything in the table.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::profile::{Profile, SavedAddress, Username};
use crate::registry::Unique;

/// The partition of index `byUsername`, which only profiles have.
pub const KIND: &str = "user";

/// A row with a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    id: String,
    kind: String,
    user_id: String,
    username: Username,
    email: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    full_name: Option<String>,
    #[serde(default)]
    addresses: Vec<SavedAddress>,
    created_date: DateTime<Utc>,
    modified_date: DateTime<Utc>,
    version: u64,
}

/// Key of a profile.
pub fn profile_id(user_id: &str) -> String {
    format!("user/{user_id}")
}

/// Key of the row that guards what only one user can have.
pub fn guard_id(unique: &Unique) -> String {
    match unique {
        Unique::Username(name) => format!("username/{name}"),
        Unique::Email(email) => format!("email/{email}"),
    }
}

/// Key of the note that a deleted user leaves.
pub fn deleted_id(user_id: &str) -> String {
    format!("deleted/{user_id}")
}

impl From<Profile> for Row {
    fn from(profile: Profile) -> Self {
        Row {
            id: profile_id(&profile.user_id),
            kind: KIND.to_owned(),
            user_id: profile.user_id,
            username: profile.username,
            email: profile.email,
            full_name: profile.full_name,
            addresses: profile.addresses,
            created_date: profile.created_date,
            modified_date: profile.modified_date,
            version: profile.version,
        }
    }
}

impl From<Row> for Profile {
    fn from(row: Row) -> Self {
        Profile {
            user_id: row.user_id,
            username: row.username,
            email: row.email,
            full_name: row.full_name,
            addresses: row.addresses,
            created_date: row.created_date,
            modified_date: row.modified_date,
            version: row.version,
        }
    }
}
