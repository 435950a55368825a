//! Doing something once although it is asked for several times.
//!
//! One small table (`id`, TTL attribute `expires`) serves two needs: to give the
//! same answer to a repeated request ([`IdempotencyStore::remember`]), and to let
//! one of several deliveries of a message do the work
//! ([`IdempotencyStore::claim`], [`IdempotencyStore::complete`]).
//! What has an effect outside (a mail) can still happen twice when the process
//! dies between the effect and `complete`; no store can prevent that.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

/// Why the store could not answer.
#[derive(Debug, thiserror::Error)]
pub enum IdempotencyError {
    /// The table did not answer, or with an error.
    #[error("idempotency table cannot be used")]
    Table(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A row that this code did not write.
    #[error("idempotency record {0} is damaged")]
    Damaged(String),
}

/// What a repeated request finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// Of the request that came first.
    pub fingerprint: String,
    /// What it left.
    pub payload: String,
}

/// Whether this delivery may do the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Yes; `complete` or `release` has to follow.
    Won,
    /// Somebody else is at it; come back later.
    Busy,
    /// It is done already.
    Done,
}

/// The fingerprint of a request: equal for equal bytes.
pub fn fingerprint(request: &[u8]) -> String {
    hex::encode(Sha256::digest(request))
}

/// The table.
#[derive(Debug, Clone)]
pub struct IdempotencyStore {
    client: Client,
    table: String,
    keep: TimeDelta,
}

type Row = HashMap<String, AttributeValue>;

impl IdempotencyStore {
    /// A store in `table` that forgets after `keep`.
    pub fn new(client: Client, table: String, keep: TimeDelta) -> Self {
        IdempotencyStore {
            client,
            table,
            keep,
        }
    }

    /// Keeps `payload` under `id`, unless something is kept there already: then that is given back.
    pub async fn remember(
        &self,
        id: &str,
        fingerprint: &str,
        payload: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Remembered>, IdempotencyError> {
        let row = Row::from([
            ("fingerprint".into(), AttributeValue::S(fingerprint.into())),
            ("payload".into(), AttributeValue::S(payload.into())),
        ]);
        let row = self.row(id, row, now);
        match self
            .put_if_absent(id, row, "expires", now.timestamp())
            .await?
        {
            None => Ok(None),
            Some(found) => remembered(id, &found).map(Some),
        }
    }

    /// What is kept under `id`, if anything.
    pub async fn recall(
        &self,
        id: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Remembered>, IdempotencyError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("id", AttributeValue::S(id.into()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| IdempotencyError::Table(Box::new(error)))?;
        let Some(row) = answer.item else {
            return Ok(None);
        };
        // DynamoDB deletes expired rows within days, not at once.
        if number(&row, "expires").is_none_or(|expires| expires < now.timestamp()) {
            return Ok(None);
        }
        remembered(id, &row).map(Some)
    }

    /// Asks for the right to do the work `id`. A claim that is not completed within `lease` (its
    /// owner died) can be won again.
    pub async fn claim(
        &self,
        id: &str,
        lease: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<Claim, IdempotencyError> {
        let row = Row::from([(
            "leaseUntil".into(),
            AttributeValue::N((now + lease).timestamp_millis().to_string()),
        )]);
        // A completed claim has no `leaseUntil`, and no value is never below another.
        let row = self.row(id, row, now);
        let found = self
            .put_if_absent(id, row, "leaseUntil", now.timestamp_millis())
            .await?;
        Ok(match found {
            None => Claim::Won,
            Some(found) if found.contains_key("leaseUntil") => Claim::Busy,
            Some(_) => Claim::Done,
        })
    }

    /// Says that the claimed work is done.
    pub async fn complete(&self, id: &str, now: DateTime<Utc>) -> Result<(), IdempotencyError> {
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(self.row(id, Row::new(), now)))
            .send()
            .await
            .map(drop)
            .map_err(|error| IdempotencyError::Table(Box::new(error)))
    }

    /// Gives a claim back after the work failed, so that the next delivery need not wait.
    pub async fn release(&self, id: &str) -> Result<(), IdempotencyError> {
        self.client
            .delete_item()
            .table_name(&self.table)
            .key("id", AttributeValue::S(id.into()))
            .condition_expression("attribute_exists(leaseUntil)")
            .send()
            .await
            .map(drop)
            .map_err(|error| IdempotencyError::Table(Box::new(error)))
    }

    fn row(&self, id: &str, mut attributes: Row, now: DateTime<Utc>) -> Row {
        let expires = (now + self.keep).timestamp().to_string();
        attributes.insert("id".into(), AttributeValue::S(id.into()));
        attributes.insert("expires".into(), AttributeValue::N(expires));
        attributes
    }

    /// Writes the row when there is none, or one whose number `attribute` is below `now`; else
    /// gives back the one that is there.
    async fn put_if_absent(
        &self,
        id: &str,
        row: Row,
        attribute: &str,
        now: i64,
    ) -> Result<Option<Row>, IdempotencyError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(row))
            .condition_expression("attribute_not_exists(id) OR #number < :now")
            .expression_attribute_names("#number", attribute)
            .expression_attribute_values(":now", AttributeValue::N(now.to_string()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match put.send().await {
            Ok(_) => Ok(None),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => failed
                    .item
                    .clone()
                    .map(Some)
                    .ok_or_else(|| IdempotencyError::Damaged(id.to_owned())),
                _ => Err(IdempotencyError::Table(Box::new(error))),
            },
        }
    }
}

fn remembered(id: &str, row: &Row) -> Result<Remembered, IdempotencyError> {
    match (text(row, "fingerprint"), text(row, "payload")) {
        (Some(fingerprint), Some(payload)) => Ok(Remembered {
            fingerprint,
            payload,
        }),
        _ => Err(IdempotencyError::Damaged(id.to_owned())),
    }
}

fn text(row: &Row, name: &str) -> Option<String> {
    row.get(name)?.as_s().ok().cloned()
}

fn number(row: &Row, name: &str) -> Option<i64> {
    row.get(name)?.as_n().ok()?.parse().ok()
}
