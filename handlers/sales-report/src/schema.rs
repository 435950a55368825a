//! Function `migrate`, and the schema that it makes.

use lambda_runtime::{Error, LambdaEvent};
use shop_mysql::database::Place;
use shop_mysql::migrate::{self, Migration};
use shop_mysql::outbox;
use shop_mysql::setup::{Master, proof};
use shop_mysql::unless_column;

/// All steps so far. A step that was deployed once stays as it is; what changes is a new one.
pub const MIGRATIONS: [Migration; 4] = [
    outbox::MIGRATION,
    Migration {
        name: "sales-1",
        sql: "\
CREATE TABLE IF NOT EXISTS sale (
  order_id CHAR(27) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  created DATETIME(3) NOT NULL,
  modified DATETIME(3) NOT NULL,
  status VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount BIGINT NOT NULL,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  deleted BOOLEAN NOT NULL,
  KEY by_time (created)
);
CREATE TABLE IF NOT EXISTS sale_item (
  order_id CHAR(27) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  number INT UNSIGNED NOT NULL,
  product_id CHAR(27) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name VARCHAR(200) NOT NULL,
  quantity INT UNSIGNED NOT NULL,
  amount BIGINT NOT NULL,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  PRIMARY KEY (order_id, number),
  CONSTRAINT item_of_sale FOREIGN KEY (order_id) REFERENCES sale (order_id)
);
",
    },
    outbox::TRACE_MIGRATION,
    Migration {
        name: "sales-2",
        sql: unless_column!(
            "sale_item",
            "size",
            "ALTER TABLE sale_item ADD COLUMN size VARCHAR(30) NULL"
        ),
    },
];

/// Makes or completes the schema, as the master user.
pub async fn migrate(place: &Place, event: LambdaEvent<Master>) -> Result<(), Error> {
    let owner = event.payload.at(place);
    migrate::migrate(&owner, &place.schema, &proof(place), &MIGRATIONS).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deploy_notices_a_new_migration() {
        let template = include_str!("../../../stacks/sales-report/template.yaml");
        let revision = format!("      Revision: {}\n", MIGRATIONS.len());
        assert!(template.contains(&revision), "raise it: {revision}");
    }
}
