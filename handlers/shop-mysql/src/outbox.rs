//! The outbox: events of a service whose functions cannot reach the bus.
//!
//! The network of the database has no way out but to S3 and DynamoDB, which
//! cost nothing (docs/decisions/009-vpc-without-nat.md). So an event is a row
//! of the same transaction as what it tells of; right after the commit, and
//! every minute for what a failure left behind, rows are moved to a table of
//! DynamoDB, whose stream feeds function `changes` outside the network.
//!
//! An event may be told twice, and events of one transaction in any order.

use std::error::Error;

use aws_lambda_events::dynamodb::Event as StreamEvent;
use aws_lambda_events::streams::DynamoDbEventResponse;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_types::SdkConfig;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use shop_core::events::{Outgoing, Publisher};
use shop_core::id::Id;
use shop_core::runtime::{StartError, error_chain, setting};
use shop_core::stream::{Change, publish_changes};
use shop_core::table;
use shop_core::trace::{self, TraceHeader};
use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Row};

use crate::database::{Database, DatabaseError};
use crate::migrate::Migration;
use crate::unless_column;

/// The outbox's table, for a service's migrations.
pub const MIGRATION: Migration = Migration {
    name: "outbox-1",
    sql: "\
CREATE TABLE IF NOT EXISTS outbox (
  number BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  event_id CHAR(27) CHARACTER SET ascii COLLATE ascii_bin NOT NULL UNIQUE,
  detail_type VARCHAR(64) NOT NULL,
  resource VARCHAR(128) NOT NULL,
  detail MEDIUMTEXT NOT NULL,
  created DATETIME(3) NOT NULL
);
",
};

/// The trace that each event belongs to.
pub const TRACE_MIGRATION: Migration = Migration {
    name: "outbox-2",
    sql: unless_column!(
        "outbox",
        "trace",
        "ALTER TABLE outbox ADD COLUMN trace VARCHAR(200) CHARACTER SET ascii NULL"
    ),
};

/// How many rows are moved at once.
const BATCH: u32 = 25;

/// How long a moved event stays where the stream has taken it from, for somebody who looks.
const KEPT: TimeDelta = TimeDelta::days(7);

/// An event on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The event's identifier; the same when it is moved again.
    pub event_id: String,
    /// What happened, for instance `StockChanged`.
    pub detail_type: String,
    /// What it happened to.
    pub resource: String,
    /// The details, as JSON.
    pub detail: String,
    /// When it happened.
    pub created: DateTime<Utc>,
    /// The trace in which it happened, as a header.
    pub trace: Option<String>,
}

/// Puts an event into the outbox, as part of the transaction of `connection`.
///
/// # Errors
/// [`DatabaseError`].
pub async fn add(
    connection: &mut MySqlConnection,
    detail_type: &'static str,
    resource: &str,
    detail: &impl Serialize,
    now: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    sqlx::query(
        "INSERT INTO outbox (event_id, detail_type, resource, detail, created, trace) \
         VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(Id::new().as_str())
    .bind(detail_type)
    .bind(resource)
    .bind(serde_json::to_string(detail)?)
    .bind(now.naive_utc())
    .bind(trace::current().map(TraceHeader::kept))
    .execute(connection)
    .await?;
    Ok(())
}

/// Where events are moved to.
pub trait Sink {
    /// Takes an event; one that it has taken before changes nothing.
    fn take(
        &self,
        event: &Stored,
    ) -> impl Future<Output = Result<(), Box<dyn Error + Send + Sync>>>;
}

/// Why events are still in the outbox.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// Where they are moved to.
    #[error("event cannot be moved out of the outbox")]
    Sink(#[source] Box<dyn Error + Send + Sync>),
}

/// Moves what is in the outbox, oldest first. How many. What somebody else is moving is left to him:
/// in a crowd everybody would move everything otherwise.
///
/// # Errors
/// [`RelayError`]; what was not moved stays.
pub async fn relay(database: &Database, sink: &impl Sink) -> Result<u32, RelayError> {
    let mut moved = 0;
    loop {
        let (count, failure) = database
            .transact(async |connection| {
                let batch = oldest(connection).await?;
                let (mut done, mut failure) = (0, None);
                for (_, event) in &batch {
                    if let Err(error) = sink.take(event).await {
                        failure = Some(error);
                        break;
                    }
                    done += 1;
                }
                remove(connection, &batch[..done]).await?;
                Ok((u32::try_from(done).unwrap_or(BATCH), failure))
            })
            .await?;
        if let Some(failure) = failure {
            return Err(RelayError::Sink(failure));
        }
        moved += count;
        if count < BATCH {
            return Ok(moved);
        }
    }
}

/// The same, after a commit: a failure is the log's, because what was done is done, and the next
/// relay makes up for it.
pub async fn relay_soon(database: &Database, sink: &impl Sink) {
    if let Err(error) = relay(database, sink).await {
        tracing::error!(
            error = error_chain(&error),
            "events wait for the next relay"
        );
    }
}

/// Rows that nobody else has taken, until the end of the transaction.
async fn oldest(connection: &mut MySqlConnection) -> Result<Vec<(u64, Stored)>, DatabaseError> {
    let rows = sqlx::query(
        "SELECT number, event_id, detail_type, resource, detail, created, trace FROM outbox \
         ORDER BY number LIMIT ? FOR UPDATE SKIP LOCKED",
    )
    .bind(BATCH)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let created: chrono::NaiveDateTime = row.try_get("created")?;
            let event = Stored {
                event_id: row.try_get("event_id")?,
                detail_type: row.try_get("detail_type")?,
                resource: row.try_get("resource")?,
                detail: row.try_get("detail")?,
                created: created.and_utc(),
                trace: row.try_get("trace")?,
            };
            Ok((row.try_get("number")?, event))
        })
        .collect()
}

async fn remove(
    connection: &mut MySqlConnection,
    batch: &[(u64, Stored)],
) -> Result<(), DatabaseError> {
    if batch.is_empty() {
        return Ok(());
    }
    let list = vec!["?"; batch.len()].join(", ");
    // Made of question marks.
    let statement = AssertSqlSafe(format!("DELETE FROM outbox WHERE number IN ({list})"));
    let mut query = sqlx::query(statement);
    for (number, _) in batch {
        query = query.bind(number);
    }
    query.execute(connection).await?;
    Ok(())
}

/// The table whose stream function `changes` reads. Key `eventId`; rows go by themselves.
#[derive(Debug, Clone)]
pub struct OutboxTable {
    client: Client,
    table: String,
}

impl OutboxTable {
    /// The table that the function's settings name.
    ///
    /// # Errors
    /// [`StartError`] when they name none.
    pub fn from_environment(aws: &SdkConfig) -> Result<Self, StartError> {
        Ok(OutboxTable {
            client: table::client(aws),
            table: setting("OUTBOX_TABLE_NAME")?,
        })
    }
}

impl Sink for OutboxTable {
    async fn take(&self, event: &Stored) -> Result<(), Box<dyn Error + Send + Sync>> {
        let expires = (event.created + KEPT).timestamp();
        let text = |value: &str| AttributeValue::S(value.to_owned());
        // The same event makes the same row, of which the stream says nothing the second time.
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("eventId", text(&event.event_id))
            .item("detailType", text(&event.detail_type))
            .item("resource", text(&event.resource))
            .item("detail", text(&event.detail))
            .item("expires", AttributeValue::N(expires.to_string()));
        // The attribute that the stream's reader looks for.
        let put = match &event.trace {
            Some(header) => put.item(trace::ATTRIBUTE, text(header)),
            None => put,
        };
        put.send().await?;
        Ok(())
    }
}

/// A row of that table, as its stream has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Moved {
    detail_type: String,
    resource: String,
    detail: String,
}

/// Function `changes`: tells the bus what comes into the table.
pub async fn publish(event: StreamEvent, publisher: &Publisher) -> DynamoDbEventResponse {
    publish_changes(event, publisher, told).await
}

/// The event of a new row; a row that goes tells nothing.
fn told(change: Change<Moved>) -> Result<Vec<Outgoing>, serde_json::Error> {
    let (None, Some(row)) = (change.old, change.new) else {
        return Ok(Vec::new());
    };
    Ok(vec![Outgoing {
        detail: serde_json::from_str(&row.detail)?,
        detail_type: row.detail_type,
        resource: row.resource,
        trace: None,
    }])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;

    fn row(detail: &str) -> Moved {
        Moved {
            detail_type: "StockReserved".to_owned(),
            resource: "o-1".to_owned(),
            detail: detail.to_owned(),
        }
    }

    #[test]
    fn the_bus_hears_of_a_new_row_and_of_nothing_else() {
        let new = Change {
            old: None,
            new: Some(row(r#"{"orderId":"o-1"}"#)),
        };
        assert_eq!(
            told(new).unwrap(),
            [Outgoing {
                detail_type: "StockReserved".to_owned(),
                resource: "o-1".to_owned(),
                detail: json!({ "orderId": "o-1" }),
                trace: None,
            }]
        );
        let expired = Change {
            old: Some(row("{}")),
            new: None,
        };
        assert_eq!(told(expired).unwrap(), []);
        let broken = Change {
            old: None,
            new: Some(row("{")),
        };
        told(broken).unwrap_err();
    }
}
