//! Who wants to hear which service: a row for each of both. The table is read by service, so that
//! whoever was told that it is registered hears everything from then on.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::try_join_all;

/// What went wrong with a table.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How long a registration holds: no connection lives longer than two hours, so that this only
/// clears away what was left behind.
pub const LIFETIME: TimeDelta = TimeDelta::days(1);

type Row = HashMap<String, AttributeValue>;

/// What the functions need of the table.
pub trait Registry {
    /// Connection `id` wants to hear these services, beside those of before.
    async fn add(&self, id: &str, services: &[String], now: DateTime<Utc>) -> Result<(), Failure>;

    /// The connections that want to hear a service, however many they are.
    async fn listeners(&self, service: &str, now: DateTime<Utc>) -> Result<Vec<String>, Failure>;

    /// Connection `id` is gone.
    async fn remove(&self, id: &str) -> Result<(), Failure>;
}

/// The table: key `service` and `connectionId`, an index by `connectionId`, TTL `expires`.
#[derive(Debug, Clone)]
pub struct Table {
    client: Client,
    name: String,
    index: String,
}

impl Table {
    /// Table `name` with its index by connection.
    pub fn new(client: Client, name: String, index: String) -> Self {
        Table {
            client,
            name,
            index,
        }
    }
}

impl Registry for Table {
    async fn add(&self, id: &str, services: &[String], now: DateTime<Utc>) -> Result<(), Failure> {
        let expires = (now + LIFETIME).timestamp();
        let writes = services.iter().map(|service| {
            self.client
                .put_item()
                .table_name(&self.name)
                .item("service", AttributeValue::S(service.clone()))
                .item("connectionId", AttributeValue::S(id.to_owned()))
                .item("expires", AttributeValue::N(expires.to_string()))
                .send()
        });
        try_join_all(writes).await?;
        Ok(())
    }

    async fn listeners(&self, service: &str, now: DateTime<Utc>) -> Result<Vec<String>, Failure> {
        let rows: Vec<Row> = self
            .client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .key_condition_expression("#service = :service")
            // What is over stays in the table for up to two days.
            .filter_expression("expires > :now")
            .expression_attribute_names("#service", "service")
            .expression_attribute_values(":service", AttributeValue::S(service.to_owned()))
            .expression_attribute_values(":now", AttributeValue::N(now.timestamp().to_string()))
            .projection_expression("connectionId")
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await?;
        rows.into_iter()
            .map(|mut row| text(&mut row, "connectionId"))
            .collect()
    }

    async fn remove(&self, id: &str) -> Result<(), Failure> {
        let rows: Vec<Row> = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(&self.index)
            .key_condition_expression("connectionId = :id")
            .expression_attribute_values(":id", AttributeValue::S(id.to_owned()))
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await?;
        let keys = rows
            .into_iter()
            .map(|mut row| text(&mut row, "service"))
            .collect::<Result<Vec<_>, _>>()?;
        let deletions = keys.into_iter().map(|service| {
            self.client
                .delete_item()
                .table_name(&self.name)
                .key("service", AttributeValue::S(service))
                .key("connectionId", AttributeValue::S(id.to_owned()))
                .send()
        });
        try_join_all(deletions).await?;
        Ok(())
    }
}

fn text(row: &mut Row, name: &str) -> Result<String, Failure> {
    match row.remove(name) {
        Some(AttributeValue::S(text)) => Ok(text),
        other => Err(format!("no text in column {name}: {other:?}").into()),
    }
}
