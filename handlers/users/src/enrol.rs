//! The first time that the shop sees somebody: the profile of an account whose address is verified.
//!
//! The user pool says so once (`PostConfirmation`), and may do it late or not at all; the first
//! request for the own profile does the same. Whoever comes second finds what the first one made.

use chrono::{DateTime, Utc};

use crate::profile::{Profile, Username, folded};
use crate::registry::{Failure, Registry, Written};

/// Somebody without a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newcomer {
    /// The account.
    pub user_id: String,
    /// Its verified address.
    pub email: String,
    /// The username that was asked for, if it is one.
    pub username: Option<Username>,
    /// The name that was given.
    pub full_name: Option<String>,
}

/// Why there is no profile.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// Another profile has the address. The user pool gives an address to one account only, so that
    /// it belonged to an account that was deleted in the pool and not through the shop.
    #[error("another profile has this e-mail address")]
    EmailTaken,
    /// The user was deleted; only a token of his is left.
    #[error("this user was deleted")]
    Gone,
    /// The table.
    #[error(transparent)]
    Registry(#[from] Failure),
}

/// The profile of `newcomer`: the one that there is, or a new one with the username that was asked
/// for, or with the first proposal that nobody has.
pub async fn enrol(
    registry: &impl Registry,
    newcomer: &Newcomer,
    now: DateTime<Utc>,
) -> Result<Profile, EnrolError> {
    let proposals = Username::proposals(&newcomer.email, &newcomer.user_id);
    let names = newcomer.username.iter().cloned().chain(proposals);
    for username in names {
        let profile = Profile {
            user_id: newcomer.user_id.clone(),
            username,
            email: folded(&newcomer.email),
            full_name: newcomer.full_name.clone(),
            addresses: Vec::new(),
            created_date: now,
            modified_date: now,
            version: 1,
        };
        match registry.write(None, Some(&profile), now).await? {
            Written::Done => {
                tracing::info!(user_id = profile.user_id, "user created");
                return Ok(profile);
            }
            // Two writes of the same newcomer collide in all of it, and the profile comes first.
            Written::Overtaken => {
                if let Some(found) = registry.profile(&newcomer.user_id).await? {
                    return Ok(found);
                }
            }
            Written::UsernameTaken => {}
            Written::EmailTaken => return Err(EnrolError::EmailTaken),
            Written::Gone => return Err(EnrolError::Gone),
        }
    }
    // The last proposal is nobody else's, unless somebody is writing at this very moment.
    Err(EnrolError::Registry(Failure::Table(
        "the table is busy with this user".into(),
    )))
}
