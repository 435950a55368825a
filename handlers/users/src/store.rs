//! The table of users: one table for profiles and for what makes names and addresses unique.
//!
//! | key `id` | holds |
//! |---|---|
//! | `user/<account>` | a profile; index `byUsername` has these rows only |
//! | `username/<name>`, `email/<address>` | whose it is |
//! | `deleted/<account>` | that this user was deleted, for as long as a token of his may live |
//! | `lock/administrators` | that somebody changes who the administrators are |

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem};
use chrono::{DateTime, TimeDelta, Utc};
use serde_dynamo::aws_sdk_dynamodb_1::{from_item, from_items, to_item};
use shop_core::cursor::cut;
use shop_core::idempotency::{Claim, IdempotencyStore};
use shop_core::table::{Transacted, transact};
use shop_core::trace;

use crate::profile::Profile;
use crate::registry::{Failure, Page, Place, Registry, Unique, Written};
use crate::row::{KIND, Row, deleted_id, guard_id, profile_id};

/// How long the note of a deleted user stays: far longer than the hour that an ID token lives.
const REMEMBER_DELETED: TimeDelta = TimeDelta::days(2);

/// The right to change who the administrators are.
const LOCK: &str = "lock/administrators";
/// How long it may be held.
const LEASE: TimeDelta = TimeDelta::seconds(30);

/// The table.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: String,
    locks: IdempotencyStore,
}

type Attributes = HashMap<String, AttributeValue>;

impl Store {
    /// The table called `table`.
    pub fn new(client: Client, table: String) -> Self {
        let locks = IdempotencyStore::new(client.clone(), table.clone(), TimeDelta::hours(1));
        Store {
            client,
            table,
            locks,
        }
    }

    async fn read(&self, id: String) -> Result<Option<Attributes>, Failure> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("id", AttributeValue::S(id))
            .consistent_read(true)
            .send()
            .await
            .map_err(table)?;
        Ok(answer.item)
    }
}

impl Registry for Store {
    async fn profile(&self, user_id: &str) -> Result<Option<Profile>, Failure> {
        let row: Option<Row> = self
            .read(profile_id(user_id))
            .await?
            .map(from_item)
            .transpose()?;
        Ok(row.map(Into::into))
    }

    async fn owner(&self, unique: &Unique) -> Result<Option<String>, Failure> {
        let guard = self.read(guard_id(unique)).await?;
        Ok(guard.and_then(|row| row.get("userId")?.as_s().ok().cloned()))
    }

    async fn page(&self, limit: u16, from: Option<&Place>) -> Result<Page, Failure> {
        let start = from.map(|place| {
            Attributes::from([
                (
                    "id".to_owned(),
                    AttributeValue::S(profile_id(&place.user_id)),
                ),
                ("kind".to_owned(), AttributeValue::S(KIND.to_owned())),
                (
                    "username".to_owned(),
                    AttributeValue::S(place.username.to_string()),
                ),
            ])
        });
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("byUsername")
            .key_condition_expression("#kind = :kind")
            .expression_attribute_names("#kind", "kind")
            .expression_attribute_values(":kind", AttributeValue::S(KIND.to_owned()))
            .limit(i32::from(limit) + 1)
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(table)?;
        let stopped = answer.last_evaluated_key.is_some();
        let found: Vec<Row> = from_items(answer.items.unwrap_or_default())?;
        let (rows, follows) = cut(found, limit, stopped);
        let profiles: Vec<Profile> = rows.into_iter().map(Into::into).collect();
        let next = profiles.last().filter(|_| follows).map(|last| Place {
            username: last.username.clone(),
            user_id: last.user_id.clone(),
        });
        Ok(Page { profiles, next })
    }

    async fn write(
        &self,
        old: Option<&Profile>,
        new: Option<&Profile>,
        now: DateTime<Utc>,
    ) -> Result<Written, Failure> {
        let steps = steps(&self.table, old, new, now)?;
        let (items, meanings): (Vec<_>, Vec<_>) = steps.into_iter().unzip();
        Ok(match transact(&self.client, items).await.map_err(table)? {
            Transacted::Written => Written::Done,
            // The first condition that did not hold is told.
            Transacted::Refused(place) => meanings[place],
        })
    }

    async fn lock(&self, now: DateTime<Utc>) -> Result<bool, Failure> {
        let claim = self.locks.claim(LOCK, LEASE, now).await.map_err(table)?;
        Ok(claim == Claim::Won)
    }

    async fn unlock(&self) -> Result<(), Failure> {
        self.locks.release(LOCK).await.map_err(table)
    }
}

/// The steps of the one transaction, each with what it means when its condition does not hold. The
/// profile comes first: where several conditions fail, the first one is told.
fn steps(
    table: &str,
    old: Option<&Profile>,
    new: Option<&Profile>,
    now: DateTime<Utc>,
) -> Result<Vec<(TransactWriteItem, Written)>, Failure> {
    let id = |id: String| AttributeValue::S(id);
    let mut steps = Vec::new();
    if let Some(new) = new {
        let put = Put::builder()
            .table_name(table)
            .set_item(Some(trace::noted(to_item(Row::from(new.clone()))?)));
        let put = match old {
            None => put.condition_expression("attribute_not_exists(id)"),
            Some(old) => put
                .condition_expression("version = :old")
                .expression_attribute_values(":old", AttributeValue::N(old.version.to_string())),
        };
        let item = TransactWriteItem::builder().put(put.build().map_err(self::table)?);
        steps.push((item.build(), Written::Overtaken));
    } else if let Some(old) = old {
        let delete = Delete::builder()
            .table_name(table)
            .key("id", id(profile_id(&old.user_id)))
            .condition_expression("version = :old")
            .expression_attribute_values(":old", AttributeValue::N(old.version.to_string()))
            .build()
            .map_err(self::table)?;
        let item = TransactWriteItem::builder().delete(delete);
        steps.push((item.build(), Written::Overtaken));
        let expires = (now + REMEMBER_DELETED).timestamp().to_string();
        let note = Put::builder()
            .table_name(table)
            .item("id", id(deleted_id(&old.user_id)))
            .item("expires", AttributeValue::N(expires))
            .build()
            .map_err(self::table)?;
        steps.push((
            TransactWriteItem::builder().put(note).build(),
            Written::Overtaken,
        ));
    }
    if let (None, Some(new)) = (old, new) {
        let check = ConditionCheck::builder()
            .table_name(table)
            .key("id", id(deleted_id(&new.user_id)))
            .condition_expression("attribute_not_exists(id)")
            .build()
            .map_err(self::table)?;
        steps.push((
            TransactWriteItem::builder().condition_check(check).build(),
            Written::Gone,
        ));
    }
    let (before, after) = (old.map(unique), new.map(unique));
    for (index, taken) in [(0, Written::UsernameTaken), (1, Written::EmailTaken)] {
        let before = before.as_ref().map(|unique| &unique[index]);
        let after = after.as_ref().map(|unique| &unique[index]);
        if before == after {
            continue;
        }
        if let Some(gone) = before {
            let delete = Delete::builder()
                .table_name(table)
                .key("id", id(guard_id(gone)))
                .build()
                .map_err(self::table)?;
            steps.push((
                TransactWriteItem::builder().delete(delete).build(),
                Written::Overtaken,
            ));
        }
        if let (Some(come), Some(new)) = (after, new) {
            let put = Put::builder()
                .table_name(table)
                .item("id", id(guard_id(come)))
                .item("userId", AttributeValue::S(new.user_id.clone()))
                .condition_expression("attribute_not_exists(id)")
                .build()
                .map_err(self::table)?;
            steps.push((TransactWriteItem::builder().put(put).build(), taken));
        }
    }
    Ok(steps)
}

/// What only one user can have: name and address of this one.
fn unique(profile: &Profile) -> [Unique; 2] {
    [
        Unique::Username(profile.username.clone()),
        Unique::Email(profile.email.clone()),
    ]
}

fn table(error: impl std::error::Error + Send + Sync + 'static) -> Failure {
    Failure::Table(Box::new(error))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use shop_core::order::now;

    use super::*;
    use crate::fake::profile;
    use crate::profile::Username;

    /// The steps as text: what is done to which row.
    fn plan(old: Option<&Profile>, new: Option<&Profile>) -> String {
        let steps = steps("users", old, new, now()).unwrap();
        let lines = steps.iter().map(|(item, meaning)| {
            let id = |key: &Attributes| key["id"].as_s().unwrap().clone();
            let (what, id, condition) = if let Some(put) = item.put() {
                ("put", id(put.item()), put.condition_expression())
            } else if let Some(delete) = item.delete() {
                ("delete", id(delete.key()), delete.condition_expression())
            } else {
                let check = item.condition_check().unwrap();
                ("check", id(check.key()), Some(check.condition_expression()))
            };
            match condition {
                Some(condition) => format!("{what} {id} if {condition}, else {meaning:?}"),
                None => format!("{what} {id}"),
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_user_comes_with_his_guards() {
        insta::assert_snapshot!(plan(None, Some(&profile("anna"))), @r"
        put user/anna if attribute_not_exists(id), else Overtaken
        check deleted/anna if attribute_not_exists(id), else Gone
        put username/anna if attribute_not_exists(id), else UsernameTaken
        put email/anna@example.com if attribute_not_exists(id), else EmailTaken
        ");
    }

    #[test]
    fn another_name_moves_one_guard_and_a_new_address_book_none() {
        let old = profile("anna");
        let new = Profile {
            username: Username::new("berg").unwrap(),
            version: 2,
            ..old.clone()
        };
        insta::assert_snapshot!(plan(Some(&old), Some(&new)), @r"
        put user/anna if version = :old, else Overtaken
        delete username/anna
        put username/berg if attribute_not_exists(id), else UsernameTaken
        ");
        let named = Profile {
            full_name: Some("Anna".to_owned()),
            version: 2,
            ..old.clone()
        };
        insta::assert_snapshot!(plan(Some(&old), Some(&named)), @"put user/anna if version = :old, else Overtaken");
    }

    /// Defect D28 of a system that this shop unites: there an address stayed taken for ever.
    #[test]
    fn a_user_goes_with_his_guards() {
        insta::assert_snapshot!(plan(Some(&profile("anna")), None), @r"
        delete user/anna if version = :old, else Overtaken
        put deleted/anna
        delete username/anna
        delete email/anna@example.com
        ");
    }
}
