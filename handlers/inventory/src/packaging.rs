//! Packaging requests: what of an order is packed (U074-U078, D16, D17).

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shop_core::cursor::cut;
use shop_core::id::Id;
use shop_core::order::Article;
use shop_mysql::database::DatabaseError;
use shop_mysql::outbox::Sink;
use sqlx::Row;
use sqlx::mysql::{MySqlConnection, MySqlRow};

use crate::reservation::{known_order, set_status, tell};
use crate::store::{Inventory, Line, Status, article, id, size};

/// One product of a request, in one size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PackagingItem {
    /// The product and its size.
    #[serde(flatten)]
    pub article: Article,
    /// Its name.
    pub name: String,
    /// Pieces that were ordered.
    pub quantity: u32,
    /// Pieces that are, or will be, in the package.
    pub packed: u32,
}

/// An order as packers see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PackagingRequest {
    /// The order.
    pub order_id: Id,
    /// How far it is.
    pub status: Status,
    /// When it was reserved.
    pub created_date: DateTime<Utc>,
    /// When it changed last.
    pub modified_date: DateTime<Utc>,
    /// When a packed order came back, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returned_date: Option<DateTime<Utc>>,
    /// What is to be packed.
    pub items: Vec<PackagingItem>,
}

/// Where a page of the list ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// When the last order was reserved.
    pub created: NaiveDateTime,
    /// The last order.
    pub order_id: Id,
}

/// A page of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its requests, oldest first.
    pub requests: Vec<PackagingRequest>,
    /// Where it ends, when another page follows.
    pub next: Option<Place>,
}

/// What became of a packer's step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Done; the request as it is now.
    Done(PackagingRequest),
    /// There is no such request.
    Unknown,
    /// There is no such product in it, or not in this size.
    UnknownItem,
    /// More pieces than this were not ordered.
    TooMany(u32),
    /// Not from this status.
    Wrong(Status),
}

impl<S: Sink> Inventory<S> {
    /// Requests with `status`, oldest first, from after `from`.
    pub async fn requests(
        &self,
        status: Status,
        limit: u16,
        from: Option<&Place>,
    ) -> Result<Page, DatabaseError> {
        let first = Place {
            created: DateTime::<Utc>::UNIX_EPOCH.naive_utc(),
            order_id: Id::fixed(0, ""),
        };
        let from = from.unwrap_or(&first);
        let pool = self.database.pool().await?;
        let rows = sqlx::query(
            "SELECT order_id, created FROM packaging \
             WHERE status = ? AND (created > ? OR (created = ? AND order_id > ?)) \
             ORDER BY created, order_id LIMIT ?",
        )
        .bind(status.as_str())
        .bind(from.created)
        .bind(from.created)
        .bind(from.order_id.as_str())
        .bind(u32::from(limit) + 1)
        .fetch_all(pool)
        .await?;
        let (rows, follows) = cut(rows, limit, false);
        let mut page = Page {
            requests: Vec::new(),
            next: None,
        };
        let mut connection = pool.acquire().await?;
        for row in &rows {
            let order_id = id(row, "order_id")?;
            page.next = follows.then_some(Place {
                created: row.try_get("created")?,
                order_id: order_id.clone(),
            });
            page.requests
                .extend(read(&mut connection, &order_id).await?);
        }
        Ok(page)
    }

    /// The request of an order.
    pub async fn request(&self, order_id: &Id) -> Result<Option<PackagingRequest>, DatabaseError> {
        let mut connection = self.database.pool().await?.acquire().await?;
        read(&mut connection, order_id).await
    }

    /// Somebody begins to pack. From here on the order cannot be cancelled or changed.
    pub async fn start(&self, order_id: &Id, now: DateTime<Utc>) -> Result<Step, DatabaseError> {
        self.step(order_id, Status::New, async |connection| {
            set_status(connection, order_id, Status::InProgress, now).await?;
            Ok(None)
        })
        .await
    }

    /// Only so many pieces of a product in one size will be in the package: from none to what was ordered.
    pub async fn pack(
        &self,
        order_id: &Id,
        article: &Article,
        pieces: u32,
        now: DateTime<Utc>,
    ) -> Result<Step, DatabaseError> {
        self.step(order_id, Status::InProgress, async |connection| {
            let row = sqlx::query(
                "SELECT ordered FROM packaging_item \
                 WHERE order_id = ? AND product_id = ? AND size = ?",
            )
            .bind(order_id.as_str())
            .bind(article.product_id.as_str())
            .bind(size(article))
            .fetch_optional(&mut *connection)
            .await?;
            let Some(row) = row else {
                return Ok(Some(Step::UnknownItem));
            };
            let ordered: u32 = row.try_get("ordered")?;
            if pieces > ordered {
                return Ok(Some(Step::TooMany(ordered)));
            }
            sqlx::query(
                "UPDATE packaging_item SET packed = ? \
                 WHERE order_id = ? AND product_id = ? AND size = ?",
            )
            .bind(pieces)
            .bind(order_id.as_str())
            .bind(article.product_id.as_str())
            .bind(size(article))
            .execute(&mut *connection)
            .await?;
            set_status(connection, order_id, Status::InProgress, now).await?;
            Ok(None)
        })
        .await
    }

    /// The package is ready. Tells `PackageCreated` with what is in it, or `PackagingFailed` when
    /// that is nothing; what is not in it goes back to stock.
    pub async fn complete(&self, order_id: &Id, now: DateTime<Utc>) -> Result<Step, DatabaseError> {
        self.step(order_id, Status::InProgress, async |connection| {
            let mut packed = Vec::new();
            let mut left = Vec::new();
            for row in items(connection, order_id).await? {
                let article = article(&row)?;
                let (ordered, inside): (u32, u32) =
                    (row.try_get("ordered")?, row.try_get("packed")?);
                let line = |quantity| Line {
                    article: article.clone(),
                    quantity,
                };
                left.push(line(ordered - inside));
                packed.extend((inside > 0).then(|| line(inside)));
            }
            self.give_pieces(connection, &left, now).await?;
            set_status(connection, order_id, Status::Completed, now).await?;
            if packed.is_empty() {
                let detail = json!({ "orderId": order_id });
                tell(connection, "PackagingFailed", order_id, &detail, now).await?;
            } else {
                let detail = json!({ "orderId": order_id, "items": packed });
                tell(connection, "PackageCreated", order_id, &detail, now).await?;
            }
            Ok(None)
        })
        .await
    }

    /// What was packed comes back to stock, once, because the order was not delivered or was
    /// cancelled while it was packed. Whether it came.
    pub async fn come_back(
        &self,
        order_id: &Id,
        now: DateTime<Utc>,
    ) -> Result<bool, DatabaseError> {
        self.change(async |connection| {
            if known_order(connection, order_id).await? != Some(Status::Completed) {
                return Ok(false);
            }
            let first = sqlx::query(
                "UPDATE packaging SET returned = ? WHERE order_id = ? AND returned IS NULL",
            )
            .bind(now.naive_utc())
            .bind(order_id.as_str())
            .execute(&mut *connection)
            .await?;
            if first.rows_affected() == 0 {
                return Ok(false);
            }
            let rows = items(connection, order_id).await?;
            let lines = rows.iter().map(|row| {
                Ok(Line {
                    article: article(row)?,
                    quantity: row.try_get("packed")?,
                })
            });
            let lines = lines.collect::<Result<Vec<_>, DatabaseError>>()?;
            self.give_pieces(connection, &lines, now).await?;
            Ok(true)
        })
        .await
    }

    /// A packer's step from `from`; `work` gives back why it is not done, if it is not.
    async fn step(
        &self,
        order_id: &Id,
        from: Status,
        work: impl AsyncFn(&mut MySqlConnection) -> Result<Option<Step>, DatabaseError>,
    ) -> Result<Step, DatabaseError> {
        self.change(async |connection| {
            match known_order(connection, order_id).await? {
                None | Some(Status::Refused) => return Ok(Step::Unknown),
                Some(status) if status != from => return Ok(Step::Wrong(status)),
                Some(_) => {}
            }
            if let Some(refused) = work(connection).await? {
                return Ok(refused);
            }
            let request = read(connection, order_id).await?;
            Ok(request.map_or(Step::Unknown, Step::Done))
        })
        .await
    }
}

/// The items of an order, by product and size.
pub(crate) async fn items(
    connection: &mut MySqlConnection,
    order_id: &Id,
) -> Result<Vec<MySqlRow>, DatabaseError> {
    let rows = sqlx::query(
        "SELECT item.product_id, size, COALESCE(product.name, '') AS name, ordered, packed \
         FROM packaging_item AS item LEFT JOIN product ON product.product_id = item.product_id \
         WHERE order_id = ? ORDER BY item.product_id, size",
    )
    .bind(order_id.as_str())
    .fetch_all(connection)
    .await?;
    Ok(rows)
}

async fn read(
    connection: &mut MySqlConnection,
    order_id: &Id,
) -> Result<Option<PackagingRequest>, DatabaseError> {
    let row =
        sqlx::query("SELECT status, created, modified, returned FROM packaging WHERE order_id = ?")
            .bind(order_id.as_str())
            .fetch_optional(&mut *connection)
            .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let word: String = row.try_get("status")?;
    // What was refused was never to be packed.
    let Some(status) = Status::read(&word).filter(|status| *status != Status::Refused) else {
        return Ok(None);
    };
    let (created, modified): (NaiveDateTime, NaiveDateTime) =
        (row.try_get("created")?, row.try_get("modified")?);
    let returned: Option<NaiveDateTime> = row.try_get("returned")?;
    let rows = items(connection, order_id).await?;
    let items = rows.iter().map(|row| {
        Ok(PackagingItem {
            article: article(row)?,
            name: row.try_get("name")?,
            quantity: row.try_get("ordered")?,
            packed: row.try_get("packed")?,
        })
    });
    Ok(Some(PackagingRequest {
        order_id: order_id.clone(),
        status,
        created_date: created.and_utc(),
        modified_date: modified.and_utc(),
        returned_date: returned.map(|time| time.and_utc()),
        items: items.collect::<Result<_, DatabaseError>>()?,
    }))
}
