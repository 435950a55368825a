//! Where authorisations are kept, and how one is changed although others change it, too.

use chrono::{DateTime, Utc};

use crate::authorisation::{Authorisation, Operation, Verdict};

/// What the world does when it does not do what was asked.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How often a change is tried again that another one overtook.
const ATTEMPTS: u32 = 10;

/// So many requests change one authorisation that none of ours came through.
#[derive(Debug, thiserror::Error)]
#[error("the authorisation is being changed by {ATTEMPTS} others")]
struct Crowded;

/// What the provider needs of the world.
pub trait Vault {
    /// The authorisation that `token` names.
    async fn get(&self, token: &str) -> Result<Option<Authorisation>, Failure>;

    /// Keeps a new one.
    async fn insert(&self, authorisation: &Authorisation) -> Result<(), Failure>;

    /// Puts `authorisation` in the place of the one with the version before; says no when that is
    /// not there any more.
    async fn replace(&self, authorisation: &Authorisation) -> Result<bool, Failure>;
}

/// Does `operation` with what `token` names; says whether it was granted. An unknown token is
/// refused as a used one is.
pub async fn perform(
    vault: &impl Vault,
    token: &str,
    operation: &Operation,
    now: DateTime<Utc>,
) -> Result<bool, Failure> {
    for _ in 0..ATTEMPTS {
        let Some(found) = vault.get(token).await? else {
            return Ok(false);
        };
        match found.apply(operation, now) {
            Verdict::Refused => return Ok(false),
            Verdict::Granted => return Ok(true),
            Verdict::Changed(changed) => {
                if vault.replace(&changed).await? {
                    return Ok(true);
                }
            }
        }
    }
    Err(Crowded.into())
}
