//! Roles: which groups an account is in, and the rule that one administrator stays.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use shop_core::http::Refusal;
use shop_core::problem::{Problem, Violation};
use shop_core::runtime::error_chain;

use crate::registry::{Accounts, Registry};

/// The groups of the user pool (`stacks/identity`).
pub const KNOWN: [&str; 3] = ["admin", "delivery", "warehouse"];

/// The group that may do everything.
pub const ADMIN: &str = "admin";

/// Groups of an account, by name.
pub type Groups = BTreeSet<String>;

/// The groups that an account is to have.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GroupsRequest {
    groups: Vec<String>,
}

impl GroupsRequest {
    /// The groups, or everything that is wrong.
    pub fn check(self) -> Result<Groups, Vec<Violation>> {
        let wrong: Vec<_> = self
            .groups
            .iter()
            .enumerate()
            .filter(|(_, name)| !KNOWN.contains(&name.as_str()))
            .map(|(position, _)| {
                let detail = format!("one of {}", KNOWN.join(", "));
                Violation::new(format!("/groups/{position}"), detail)
            })
            .collect();
        match wrong.is_empty() {
            true => Ok(self.groups.into_iter().collect()),
            false => Err(wrong),
        }
    }
}

/// Gives the account these groups and no others. They are in its tokens from the next one on.
pub async fn assign(
    registry: &impl Registry,
    accounts: &impl Accounts,
    user_id: &str,
    wanted: &Groups,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let Some(current) = accounts.groups(user_id).await? else {
        return Err(Problem::conflict("there is no account behind this profile any more").into());
    };
    let joins_and_leaves = async || {
        for group in wanted.difference(&current) {
            accounts.join(user_id, group).await?;
        }
        for group in current.difference(wanted) {
            accounts.leave(user_id, group).await?;
        }
        Ok(())
    };
    if current.contains(ADMIN) && !wanted.contains(ADMIN) {
        as_last_but_one(registry, accounts, user_id, now, joins_and_leaves).await
    } else {
        joins_and_leaves().await
    }
}

/// Does what makes this account no administrator any more, unless it is the last one. Two who would
/// take the role from each other at the same time come one after the other.
pub async fn as_last_but_one(
    registry: &impl Registry,
    accounts: &impl Accounts,
    user_id: &str,
    now: DateTime<Utc>,
    work: impl AsyncFnOnce() -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    if !registry.lock(now).await? {
        return Err(Problem::unavailable("somebody else changes administrators just now").into());
    }
    let done = match accounts.other_administrator(user_id).await {
        Ok(true) => work().await,
        Ok(false) => Err(Problem::conflict("this is the last administrator").into()),
        Err(error) => Err(error.into()),
    };
    if let Err(error) = registry.unlock().await {
        // It ends by itself soon.
        tracing::warn!(error = error_chain(&error), "lock was not given back");
    }
    done
}
