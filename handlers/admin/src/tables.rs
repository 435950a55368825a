//! The tables that may be looked into.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_dynamo::aws_sdk_dynamodb_1::{from_item, to_item};
use serde_json::{Map, Value};

/// Why a table could not be read.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The key is not one of this table.
    #[error("the key is not as this table has it")]
    Key,
    /// It did not answer, or with an error.
    #[error("table cannot be read")]
    Call(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A row that has no JSON.
    #[error("row cannot be read")]
    Row(#[from] serde_dynamo::Error),
}

/// A row, or a key, as JSON.
pub type Row = Map<String, Value>;

/// Some rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// In no particular order.
    pub rows: Vec<Row>,
    /// The key to go on from, when more follow.
    pub next: Option<Row>,
}

/// The tables.
pub trait Tables {
    /// What they are called, for people.
    fn names(&self) -> Vec<&str>;

    /// The next rows of a table that [`Tables::names`] names.
    async fn scan(&self, table: &str, limit: u16, from: Option<Row>) -> Result<Page, TableError>;

    /// The row with this key, in a table that [`Tables::names`] names.
    async fn get(&self, table: &str, key: Row) -> Result<Option<Row>, TableError>;
}

/// Those in `DynamoDB`.
#[derive(Debug, Clone)]
pub struct Dynamo {
    client: Client,
    /// Names for people to names in `DynamoDB`.
    tables: BTreeMap<String, String>,
}

impl Dynamo {
    /// `tables` are names for people with the names that `DynamoDB` knows them by.
    pub fn new(client: Client, tables: BTreeMap<String, String>) -> Self {
        Dynamo { client, tables }
    }

    fn table(&self, name: &str) -> Option<String> {
        self.tables.get(name).cloned()
    }
}

impl Tables for Dynamo {
    fn names(&self) -> Vec<&str> {
        self.tables.keys().map(String::as_str).collect()
    }

    async fn scan(&self, table: &str, limit: u16, from: Option<Row>) -> Result<Page, TableError> {
        let from = from.map(to_item).transpose()?;
        let answer = self
            .client
            .scan()
            .set_table_name(self.table(table))
            .limit(limit.into())
            .set_exclusive_start_key(from)
            .send()
            .await
            .map_err(refused)?;
        let rows = answer.items.unwrap_or_default().into_iter().map(row);
        Ok(Page {
            rows: rows.collect::<Result<_, _>>()?,
            next: answer.last_evaluated_key.map(row).transpose()?,
        })
    }

    async fn get(&self, table: &str, key: Row) -> Result<Option<Row>, TableError> {
        let answer = self
            .client
            .get_item()
            .set_table_name(self.table(table))
            .set_key(Some(to_item(key)?))
            .consistent_read(true)
            .send()
            .await
            .map_err(refused)?;
        answer.item.map(row).transpose()
    }
}

fn row(item: HashMap<String, AttributeValue>) -> Result<Row, TableError> {
    Ok(from_item(item)?)
}

/// A key that does not fit is the caller's mistake; `DynamoDB` calls it a `ValidationException`.
fn refused<E>(error: E) -> TableError
where
    E: aws_sdk_dynamodb::error::ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match error.code() {
        Some("ValidationException") => TableError::Key,
        _ => TableError::Call(Box::new(error)),
    }
}
