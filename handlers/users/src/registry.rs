//! What this service needs of the world: where profiles are kept, and the accounts behind them.
//! [`crate::store`] and [`crate::accounts`] are those on AWS.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::groups::Groups;
use crate::profile::{Profile, Username};

/// Why one of the two could not be used.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The table did not answer, or with an error.
    #[error("user table cannot be used")]
    Table(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A row that is not a profile.
    #[error("row of the user table cannot be read or written")]
    Row(#[from] serde_dynamo::Error),
    /// The user pool did not answer, or with an error.
    #[error("user pool cannot be used")]
    Pool(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What became of a write. Only `Done` has changed anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// All of it is written.
    Done,
    /// Somebody else has this username.
    UsernameTaken,
    /// Somebody else has this e-mail address.
    EmailTaken,
    /// There is another version, or already one where none was expected.
    Overtaken,
    /// This user was deleted and does not come back.
    Gone,
}

/// Something that one user can have.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unique {
    /// A username.
    Username(Username),
    /// An e-mail address, folded.
    Email(String),
}

/// Where a page of the list ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Place {
    /// Name of the last one.
    pub username: Username,
    /// The last one.
    pub user_id: String,
}

/// A page of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// By username.
    pub profiles: Vec<Profile>,
    /// Where it ends, when another page follows.
    pub next: Option<Place>,
}

/// Where profiles are kept.
pub trait Registry {
    /// The profile of this account.
    async fn profile(&self, user_id: &str) -> Result<Option<Profile>, Failure>;

    /// Whose this is.
    async fn owner(&self, unique: &Unique) -> Result<Option<String>, Failure>;

    /// One page of all profiles, from after `from`.
    async fn page(&self, limit: u16, from: Option<&Place>) -> Result<Page, Failure>;

    /// Puts `new` in the place of `old` together with what only one user can have, in one
    /// transaction: nothing old is a new user, nothing new one who leaves.
    async fn write(
        &self,
        old: Option<&Profile>,
        new: Option<&Profile>,
        now: DateTime<Utc>,
    ) -> Result<Written, Failure>;

    /// Takes the right to change who the administrators are, which one at a time may do; false when
    /// somebody else has it.
    async fn lock(&self, now: DateTime<Utc>) -> Result<bool, Failure>;

    /// Gives it back.
    async fn unlock(&self) -> Result<(), Failure>;
}

/// The accounts that people log in with.
pub trait Accounts {
    /// The groups of this account; nothing when there is no such account.
    async fn groups(&self, user_id: &str) -> Result<Option<Groups>, Failure>;

    /// Puts the account into `group`.
    async fn join(&self, user_id: &str, group: &str) -> Result<(), Failure>;

    /// Takes the account out of `group`.
    async fn leave(&self, user_id: &str, group: &str) -> Result<(), Failure>;

    /// Whether an account other than this one can act as administrator.
    async fn other_administrator(&self, user_id: &str) -> Result<bool, Failure>;

    /// Deletes the account, if there still is one.
    async fn delete(&self, user_id: &str) -> Result<(), Failure>;
}
