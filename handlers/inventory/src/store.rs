//! The service's state, and what every change of stock has in common.
//!
//! Each change is one transaction that takes the order's row first and then
//! the products' in the order of their ids: so no two of them wait for each
//! other.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shop_core::id::Id;
use shop_core::order::{Article, Shortage};
use shop_mysql::database::{Database, DatabaseError};
use shop_mysql::outbox::{self, Sink, relay_soon};
use sqlx::Row;
use sqlx::mysql::{MySqlConnection, MySqlRow};

/// Fewer pieces than this are told (U073).
pub const THRESHOLD: u32 = 3;

/// The service: its schema, and where its events go.
#[derive(Debug)]
pub struct Inventory<S> {
    /// Products, orders and the outbox.
    pub database: Database,
    /// Takes what is in the outbox.
    pub sink: S,
    /// Fewer pieces of a product than this are told.
    pub threshold: u32,
}

/// Pieces of a product in one size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Line {
    /// The product and its size.
    #[serde(flatten)]
    pub article: Article,
    /// Pieces.
    pub quantity: u32,
}

/// Where an order is in the warehouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// There was not enough; nothing is reserved. No client sees one of these.
    #[cfg_attr(test, schemars(skip))]
    Refused,
    /// Reserved, not yet packed.
    New,
    /// Somebody packs it.
    InProgress,
    /// Packed.
    Completed,
    /// Given back before it was packed, or cancelled before it was ever seen.
    Cancelled,
}

impl Status {
    const ALL: [(&'static str, Status); 5] = [
        ("REFUSED", Status::Refused),
        ("NEW", Status::New),
        ("IN_PROGRESS", Status::InProgress),
        ("COMPLETED", Status::Completed),
        ("CANCELLED", Status::Cancelled),
    ];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        let known = Self::ALL.iter().find(|(_, status)| *status == self);
        known.map_or("", |(word, _)| word)
    }

    /// The status that `word` names.
    pub fn read(word: &str) -> Option<Self> {
        let known = Self::ALL.iter().find(|(known, _)| *known == word);
        known.map(|(_, status)| *status)
    }
}

/// A product with its stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Stock {
    /// The product.
    pub product_id: Id,
    /// Its name; empty until the catalogue has told it.
    pub name: String,
    /// Pieces that can be ordered.
    pub quantity: u32,
    /// Rises with every change of the quantity.
    pub version: u64,
}

impl Stock {
    /// A row with the columns `product_id, name, quantity, version`.
    pub fn read(row: &MySqlRow) -> Result<Self, DatabaseError> {
        Ok(Stock {
            product_id: id(row, "product_id")?,
            name: row.try_get("name")?,
            quantity: row.try_get("quantity")?,
            version: row.try_get("version")?,
        })
    }
}

/// Pieces that come (more than 0) or go, by product: stock is kept of all sizes together.
pub type Moves = BTreeMap<Id, i64>;

/// `lines` as moves in the direction of `sign`; a product that occurs twice counts once, with
/// all its pieces.
pub fn moves<'a>(lines: impl IntoIterator<Item = &'a Line>, sign: i64) -> Moves {
    let mut moves = Moves::new();
    for line in lines {
        let product_id = line.article.product_id.clone();
        *moves.entry(product_id).or_default() += sign * i64::from(line.quantity);
    }
    moves
}

impl<S: Sink> Inventory<S> {
    /// One transaction, after which its events are on their way.
    ///
    /// # Errors
    /// [`DatabaseError`] of the transaction. A failure to move the events is the log's alone.
    pub async fn change<T>(
        &self,
        work: impl AsyncFn(&mut MySqlConnection) -> Result<T, DatabaseError>,
    ) -> Result<T, DatabaseError> {
        let done = self.database.transact(work).await?;
        relay_soon(&self.database, &self.sink).await;
        Ok(done)
    }

    /// Moves all pieces, or none when there is not enough of one product. Tells of each new
    /// quantity, and once of what has become scarce.
    pub async fn move_stock(
        &self,
        connection: &mut MySqlConnection,
        moves: &Moves,
        now: DateTime<Utc>,
    ) -> Result<Result<(), Vec<Shortage>>, DatabaseError> {
        let mut changes = Vec::new();
        let mut shortages = Vec::new();
        // One after the other, in the order of their ids: a single query would leave the order
        // in which rows are taken to the server.
        for (product_id, pieces) in moves.iter().filter(|(_, pieces)| **pieces != 0) {
            let stock = take_product(connection, product_id).await?;
            let available = stock.as_ref().map_or(0, |stock| stock.quantity);
            match u32::try_from(i64::from(available) + pieces) {
                Ok(quantity) => changes.push((product_id, stock, quantity)),
                Err(_) => shortages.push(Shortage {
                    product_id: product_id.clone(),
                    available,
                    needed: u32::try_from(-pieces).unwrap_or(u32::MAX),
                }),
            }
        }
        if !shortages.is_empty() {
            return Ok(Err(shortages));
        }
        let mut scarce = Vec::new();
        for (product_id, stock, quantity) in changes {
            let before = match stock {
                Some(stock) => stock,
                // Pieces of a product that the catalogue has not told yet.
                None => add_product(connection, product_id).await?,
            };
            let after = self.write(connection, before, quantity, now).await?;
            scarce.extend(after);
        }
        tell_scarce(connection, &scarce, now).await?;
        Ok(Ok(()))
    }

    /// Writes a quantity to a row that the transaction has taken. The product, when it has just
    /// become scarce; the caller tells of it, once for all products of the transaction.
    pub async fn write(
        &self,
        connection: &mut MySqlConnection,
        before: Stock,
        quantity: u32,
        now: DateTime<Utc>,
    ) -> Result<Option<Stock>, DatabaseError> {
        let after = Stock {
            quantity,
            version: before.version + 1,
            ..before
        };
        sqlx::query("UPDATE product SET quantity = ?, version = ? WHERE product_id = ?")
            .bind(after.quantity)
            .bind(after.version)
            .bind(after.product_id.as_str())
            .execute(&mut *connection)
            .await?;
        tell_stock(connection, &after, now).await?;
        let became_scarce = before.quantity >= self.threshold && after.quantity < self.threshold;
        Ok(became_scarce.then_some(after))
    }
}

/// Tells the quantity of a product.
pub async fn tell_stock(
    connection: &mut MySqlConnection,
    stock: &Stock,
    now: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    let detail = json!({
        "productId": stock.product_id, "quantity": stock.quantity, "version": stock.version,
    });
    let id = stock.product_id.as_str();
    outbox::add(connection, "StockChanged", id, &detail, now).await
}

/// Tells of products that have become scarce, all of one transaction at once.
pub async fn tell_scarce(
    connection: &mut MySqlConnection,
    scarce: &[Stock],
    now: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    let Some(first) = scarce.first() else {
        return Ok(());
    };
    let products: Vec<_> = scarce
        .iter()
        .map(|stock| {
            json!({
                "productId": stock.product_id, "name": stock.name, "quantity": stock.quantity,
            })
        })
        .collect();
    let detail = json!({ "products": products });
    outbox::add(
        connection,
        "LowStock",
        first.product_id.as_str(),
        &detail,
        now,
    )
    .await
}

/// Takes a product's row until the end of the transaction.
pub async fn take_product(
    connection: &mut MySqlConnection,
    product_id: &Id,
) -> Result<Option<Stock>, DatabaseError> {
    sqlx::query(
        "SELECT product_id, name, quantity, version FROM product WHERE product_id = ? FOR UPDATE",
    )
    .bind(product_id.as_str())
    .fetch_optional(connection)
    .await?
    .as_ref()
    .map(Stock::read)
    .transpose()
}

/// Adds a product without pieces and takes its row.
pub async fn add_product(
    connection: &mut MySqlConnection,
    product_id: &Id,
) -> Result<Stock, DatabaseError> {
    sqlx::query(
        "INSERT INTO product (product_id, name, quantity, version, named) VALUES (?, '', 0, 0, ?) \
         ON DUPLICATE KEY UPDATE product_id = product_id",
    )
    .bind(product_id.as_str())
    // Anything that the catalogue tells is newer than nothing.
    .bind(DateTime::<Utc>::UNIX_EPOCH.naive_utc())
    .execute(&mut *connection)
    .await?;
    take_product(connection, product_id)
        .await?
        .ok_or_else(|| DatabaseError::Row("no product that was just added".to_owned()))
}

/// What the line of a row with the columns `product_id, size` is about.
pub fn article(row: &MySqlRow) -> Result<Article, DatabaseError> {
    let size: String = row.try_get("size")?;
    Ok(Article {
        product_id: id(row, "product_id")?,
        size: (!size.is_empty()).then_some(size),
    })
}

/// As column `size` has it, which is part of a key and therefore never null.
pub fn size(article: &Article) -> &str {
    article.size.as_deref().unwrap_or_default()
}

/// The identifier in a column.
pub fn id(row: &MySqlRow, column: &str) -> Result<Id, DatabaseError> {
    let text: String = row.try_get(column)?;
    text.parse()
        .map_err(|_| DatabaseError::Row(format!("no identifier: {text:?}")))
}
