//! Function `migrate`, and what it makes: the schema, and the first stock of
//! the seed catalogue on the first deploy.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use lambda_runtime::{Error, LambdaEvent};
use serde::Deserialize;
use shop_core::id::Id;
use shop_core::order::now;
use shop_mysql::database::{DatabaseError, Place};
use shop_mysql::migrate::{self, Migration, first_time};
use shop_mysql::outbox::{self, Sink};
use shop_mysql::setup::{Master, proof};
use shop_mysql::unless_column;

use crate::store::{Inventory, Stock, tell_stock};

/// The catalogue that a new shop begins with; the identifiers follow from it.
const CATALOGUE: &str = include_str!("../../products/seed/catalogue.json");
/// How many pieces of each a new shop begins with.
const STOCK: &str = include_str!("../seed/stock.json");
/// The time in the identifiers of seeded products, as in the product service.
const OPENED: i64 = 1_767_225_600;

/// All steps so far. A step that was deployed once stays as it is; what changes is a new one.
pub const MIGRATIONS: [Migration; 4] = [
    outbox::MIGRATION,
    Migration {
        name: "inventory-1",
        sql: "\
CREATE TABLE IF NOT EXISTS product (
  product_id CHAR(27) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  name VARCHAR(200) NOT NULL,
  named DATETIME(3) NOT NULL,
  quantity INT UNSIGNED NOT NULL,
  version BIGINT UNSIGNED NOT NULL,
  KEY by_name (name, product_id)
);
CREATE TABLE IF NOT EXISTS packaging (
  order_id CHAR(27) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  status VARCHAR(11) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created DATETIME(3) NOT NULL,
  modified DATETIME(3) NOT NULL,
  returned DATETIME(3) NULL,
  KEY by_status (status, created, order_id)
);
CREATE TABLE IF NOT EXISTS packaging_item (
  order_id CHAR(27) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  product_id CHAR(27) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  ordered INT UNSIGNED NOT NULL,
  packed INT UNSIGNED NOT NULL,
  PRIMARY KEY (order_id, product_id),
  CONSTRAINT item_of_order FOREIGN KEY (order_id) REFERENCES packaging (order_id)
);
",
    },
    outbox::TRACE_MIGRATION,
    // A line is a product in a size, and no size where it comes in one only: what was ordered before,
    // and what functions of before still write while the deploy goes on.
    Migration {
        name: "inventory-2",
        sql: unless_column!(
            "packaging_item",
            "size",
            "ALTER TABLE packaging_item \
             ADD COLUMN size VARCHAR(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin \
             NOT NULL DEFAULT '''', \
             DROP PRIMARY KEY, ADD PRIMARY KEY (order_id, product_id, size)"
        ),
    },
];

#[derive(Debug, Deserialize)]
struct SeedProduct {
    slug: String,
    name: String,
}

/// Makes or completes the schema, as the master user, and fills it when it is new.
pub async fn migrate<S: Sink>(
    place: &Place,
    inventory: &Inventory<S>,
    event: LambdaEvent<Master>,
) -> Result<(), Error> {
    let owner = event.payload.at(place);
    migrate::migrate(&owner, &place.schema, &proof(place), &MIGRATIONS).await?;
    seed(inventory, now()).await?;
    Ok(())
}

/// The first stock, once in the life of the schema.
pub async fn seed<S: Sink>(
    inventory: &Inventory<S>,
    now: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    let products = first_stock()?;
    inventory
        .change(async |connection| {
            if !first_time(connection, "seed-1").await? {
                return Ok(());
            }
            for stock in &products {
                // One that the catalogue has told already stays what somebody may have made it.
                let written = sqlx::query(
                    "INSERT IGNORE INTO product (product_id, name, named, quantity, version) \
                     VALUES (?, ?, ?, ?, ?)",
                )
                .bind(stock.product_id.as_str())
                .bind(&stock.name)
                .bind(DateTime::<Utc>::UNIX_EPOCH.naive_utc())
                .bind(stock.quantity)
                .bind(stock.version)
                .execute(&mut *connection)
                .await?;
                if written.rows_affected() == 1 {
                    tell_stock(connection, stock, now).await?;
                }
            }
            tracing::info!(products = products.len(), "first stock is in");
            Ok(())
        })
        .await
}

fn first_stock() -> Result<Vec<Stock>, DatabaseError> {
    let mut pieces: BTreeMap<String, u32> = serde_json::from_str(STOCK)?;
    let catalogue: Vec<SeedProduct> = serde_json::from_str(CATALOGUE)?;
    Ok(catalogue
        .into_iter()
        .map(|product| Stock {
            product_id: Id::fixed(OPENED, &format!("products/{}", product.slug)),
            quantity: pieces.remove(&product.slug).unwrap_or_default(),
            name: product.name,
            version: 1,
        })
        .collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_deploy_notices_a_new_migration() {
        let template = include_str!("../../../stacks/inventory/template.yaml");
        let revision = format!("      Revision: {}\n", MIGRATIONS.len());
        assert!(template.contains(&revision), "raise it: {revision}");
    }

    #[test]
    fn every_product_of_the_seed_catalogue_is_in_stock() {
        let products = first_stock().unwrap();
        assert!(products.len() >= 24);
        for product in &products {
            assert!(product.quantity >= 10, "{}", product.name);
        }
        let pieces: BTreeMap<String, u32> = serde_json::from_str(STOCK).unwrap();
        assert_eq!(pieces.len(), products.len(), "stock of no product");
    }
}
