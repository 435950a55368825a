//! Stock as its keepers see it: lists, single products, corrections; and the
//! names that the catalogue tells.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shop_core::cursor::cut;
use shop_core::id::Id;
use shop_mysql::database::DatabaseError;
use shop_mysql::outbox::Sink;

use crate::store::{Inventory, Stock, add_product, take_product, tell_scarce};

/// Where a page of the list ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Name of the last product.
    pub name: String,
    /// The last product.
    pub product_id: Id,
}

/// A page of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its products, by name.
    pub products: Vec<Stock>,
    /// Where it ends, when another page follows.
    pub next: Option<Place>,
}

/// What became of a correction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Correction {
    /// Done; the product as it is now.
    Done(Stock),
    /// There is no such product.
    Unknown,
    /// Somebody changed it meanwhile; the version that it has now.
    Stale(u64),
}

impl<S: Sink> Inventory<S> {
    /// Products by name, from after `from`.
    pub async fn stocks(&self, limit: u16, from: Option<&Place>) -> Result<Page, DatabaseError> {
        let (name, product_id) = from.map_or(("", ""), |place| {
            (place.name.as_str(), place.product_id.as_str())
        });
        let rows = sqlx::query(
            "SELECT product_id, name, quantity, version FROM product \
             WHERE name > ? OR (name = ? AND product_id > ?) ORDER BY name, product_id LIMIT ?",
        )
        .bind(name)
        .bind(name)
        .bind(product_id)
        .bind(u32::from(limit) + 1)
        .fetch_all(self.database.pool().await?)
        .await?;
        let (rows, follows) = cut(rows, limit, false);
        let products = rows
            .iter()
            .map(Stock::read)
            .collect::<Result<Vec<_>, _>>()?;
        let next = products.last().filter(|_| follows).map(|last| Place {
            name: last.name.clone(),
            product_id: last.product_id.clone(),
        });
        Ok(Page { products, next })
    }

    /// The stock of one product.
    pub async fn stock(&self, product_id: &Id) -> Result<Option<Stock>, DatabaseError> {
        sqlx::query("SELECT product_id, name, quantity, version FROM product WHERE product_id = ?")
            .bind(product_id.as_str())
            .fetch_optional(self.database.pool().await?)
            .await?
            .as_ref()
            .map(Stock::read)
            .transpose()
    }

    /// There are `quantity` pieces: somebody counted, or goods came. With `version`, only when the
    /// product still has it.
    pub async fn set_stock(
        &self,
        product_id: &Id,
        quantity: u32,
        version: Option<u64>,
        now: DateTime<Utc>,
    ) -> Result<Correction, DatabaseError> {
        self.change(async |connection| {
            let Some(stock) = take_product(connection, product_id).await? else {
                return Ok(Correction::Unknown);
            };
            if version.is_some_and(|version| version != stock.version) {
                return Ok(Correction::Stale(stock.version));
            }
            if stock.quantity == quantity {
                return Ok(Correction::Done(stock));
            }
            let scarce = self.write(connection, stock.clone(), quantity, now).await?;
            tell_scarce(connection, scarce.as_slice(), now).await?;
            Ok(Correction::Done(Stock {
                quantity,
                version: stock.version + 1,
                ..stock
            }))
        })
        .await
    }

    /// The catalogue calls a product `name` since `since`. A product that is new here has no
    /// pieces yet.
    pub async fn name_product(
        &self,
        product_id: &Id,
        name: &str,
        since: DateTime<Utc>,
    ) -> Result<(), DatabaseError> {
        self.change(async |connection| {
            add_product(connection, product_id).await?;
            // An older name that comes late is nobody's any more.
            sqlx::query(
                "UPDATE product SET name = ?, named = ? WHERE product_id = ? AND named < ?",
            )
            .bind(name)
            .bind(since.naive_utc())
            .bind(product_id.as_str())
            .bind(since.naive_utc())
            .execute(connection)
            .await?;
            Ok(())
        })
        .await
    }
}
