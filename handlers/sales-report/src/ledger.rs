//! The ledger: a row for every order, as new as anything that was ever told of
//! it, in whatever order that came.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::Deserialize;
use shop_core::id::Id;
use shop_core::money::Money;
use shop_core::order::{Article, OrderItem, OrderStatus};
use shop_mysql::database::{Database, DatabaseError};
use shop_mysql::outbox::{Sink, relay_soon};
use sqlx::Row;
use sqlx::mysql::{MySqlConnection, MySqlRow};

use crate::summary::{Item, Sale};

/// The service's schema, and where its events go.
#[derive(Debug)]
pub struct Ledger<S> {
    /// Orders, their items and the outbox.
    pub database: Database,
    /// Takes what is in the outbox.
    pub sink: S,
}

/// Of an order, what the ledger keeps.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The order.
    pub order_id: Id,
    /// Where it is.
    pub status: OrderStatus,
    /// When it was placed.
    pub created_date: DateTime<Utc>,
    /// When it changed last.
    pub modified_date: DateTime<Utc>,
    /// What was ordered.
    pub items: Vec<OrderItem>,
    /// What it costs.
    pub total: Money,
}

impl<S: Sink> Ledger<S> {
    /// Writes an order down, unless something newer is known of it. Whether it was written.
    pub async fn write(&self, entry: &Entry) -> Result<bool, DatabaseError> {
        self.database
            .transact(async |connection| {
                if !take(connection, entry).await? {
                    return Ok(false);
                }
                sqlx::query(
                    "UPDATE sale SET created = ?, modified = ?, status = ?, amount = ?, \
                     currency = ? WHERE order_id = ?",
                )
                .bind(entry.created_date.naive_utc())
                .bind(entry.modified_date.naive_utc())
                .bind(entry.status.to_string())
                .bind(entry.total.amount)
                .bind(entry.total.currency.code())
                .bind(entry.order_id.as_str())
                .execute(&mut *connection)
                .await?;
                write_items(connection, entry).await?;
                Ok(true)
            })
            .await
    }

    /// An order that an administrator deleted counts no more, whatever comes late.
    pub async fn delete(&self, entry: &Entry) -> Result<(), DatabaseError> {
        self.database
            .transact(async |connection| {
                take(connection, entry).await?;
                sqlx::query("UPDATE sale SET deleted = TRUE WHERE order_id = ?")
                    .bind(entry.order_id.as_str())
                    .execute(connection)
                    .await?;
                Ok(())
            })
            .await
    }

    /// The sales from `begin` (inclusive) to `end` (exclusive), oldest first.
    pub async fn sales(
        &self,
        begin: DateTime<Utc>,
        end: DateTime<Utc>,
    ) -> Result<Vec<Sale>, DatabaseError> {
        let rows = sqlx::query(
            "SELECT sale.order_id, created, status, sale.amount, sale.currency, product_id, size, name, \
             quantity, item.amount AS unit_amount, item.currency AS unit_currency \
             FROM sale LEFT JOIN sale_item AS item ON item.order_id = sale.order_id \
             WHERE created >= ? AND created < ? AND NOT deleted \
             ORDER BY created, sale.order_id, number",
        )
        .bind(begin.naive_utc())
        .bind(end.naive_utc())
        .fetch_all(self.database.pool().await?)
        .await?;
        let mut sales: Vec<Sale> = Vec::new();
        for row in &rows {
            let order_id = id(row, "order_id")?;
            if sales.last().is_none_or(|sale| sale.order_id != order_id) {
                sales.push(sale(row, order_id)?);
            }
            let item = item(row)?;
            if let Some(sale) = sales.last_mut() {
                sale.items.extend(item);
            }
        }
        Ok(sales)
    }

    /// A transaction that puts events into the outbox, after which they are on their way.
    pub async fn tell(
        &self,
        work: impl AsyncFn(&mut MySqlConnection) -> Result<(), DatabaseError>,
    ) -> Result<(), DatabaseError> {
        self.database.transact(work).await?;
        relay_soon(&self.database, &self.sink).await;
        Ok(())
    }
}

/// Takes an order's row, making it when there is none, until the end of the transaction. Whether
/// `entry` is newer than what it holds.
async fn take(connection: &mut MySqlConnection, entry: &Entry) -> Result<bool, DatabaseError> {
    let modified = entry.modified_date.naive_utc();
    let made = sqlx::query(
        "INSERT IGNORE INTO sale (order_id, created, modified, status, amount, currency, deleted) \
         VALUES (?, ?, ?, ?, ?, ?, FALSE)",
    )
    .bind(entry.order_id.as_str())
    .bind(entry.created_date.naive_utc())
    .bind(modified)
    .bind(entry.status.to_string())
    .bind(entry.total.amount)
    .bind(entry.total.currency.code())
    .execute(&mut *connection)
    .await?;
    if made.rows_affected() == 1 {
        return Ok(true);
    }
    let row = sqlx::query("SELECT modified FROM sale WHERE order_id = ? FOR UPDATE")
        .bind(entry.order_id.as_str())
        .fetch_one(connection)
        .await?;
    let known: NaiveDateTime = row.try_get("modified")?;
    Ok(known < modified)
}

async fn write_items(connection: &mut MySqlConnection, entry: &Entry) -> Result<(), DatabaseError> {
    sqlx::query("DELETE FROM sale_item WHERE order_id = ?")
        .bind(entry.order_id.as_str())
        .execute(&mut *connection)
        .await?;
    for (number, item) in (0_u32..).zip(&entry.items) {
        sqlx::query(
            "INSERT INTO sale_item \
             (order_id, number, product_id, size, name, quantity, amount, currency) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(entry.order_id.as_str())
        .bind(number)
        .bind(item.article.product_id.as_str())
        .bind(&item.article.size)
        .bind(&item.name)
        .bind(item.quantity)
        .bind(item.unit_price.amount)
        .bind(item.unit_price.currency.code())
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

fn sale(row: &MySqlRow, order_id: Id) -> Result<Sale, DatabaseError> {
    let created: NaiveDateTime = row.try_get("created")?;
    let status: String = row.try_get("status")?;
    Ok(Sale {
        order_id,
        created: created.and_utc(),
        status: serde_json::from_value(status.into())?,
        total: money(row, "amount", "currency")?,
        items: Vec::new(),
    })
}

fn item(row: &MySqlRow) -> Result<Option<Item>, DatabaseError> {
    if row.try_get::<Option<String>, _>("product_id")?.is_none() {
        return Ok(None);
    }
    Ok(Some(Item {
        article: Article {
            product_id: id(row, "product_id")?,
            size: row.try_get("size")?,
        },
        name: row.try_get("name")?,
        quantity: row.try_get("quantity")?,
        unit_price: money(row, "unit_amount", "unit_currency")?,
    }))
}

fn money(row: &MySqlRow, amount: &str, currency: &str) -> Result<Money, DatabaseError> {
    let code: String = row.try_get(currency)?;
    let currency = code
        .parse()
        .map_err(|_| DatabaseError::Row(format!("no currency: {code:?}")))?;
    Ok(Money::new(row.try_get(amount)?, currency))
}

fn id(row: &MySqlRow, column: &str) -> Result<Id, DatabaseError> {
    let text: String = row.try_get(column)?;
    text.parse()
        .map_err(|_| DatabaseError::Row(format!("no identifier: {text:?}")))
}
