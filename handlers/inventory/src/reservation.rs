//! Reservations: all pieces of an order or none, each order once, whatever
//! comes twice or late.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use shop_core::id::Id;
use shop_core::order::{Article, Shortage};
use shop_mysql::database::DatabaseError;
use shop_mysql::outbox::{self, Sink};
use sqlx::Row;
use sqlx::mysql::MySqlConnection;

use crate::packaging::items;
use crate::store::{Inventory, Line, Status, article, moves, size};

/// What became of a wish to reserve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reserved {
    /// All pieces are reserved.
    Yes,
    /// Nothing is: of these there is not enough.
    No(Vec<Shortage>),
    /// The order was dealt with before, or cancelled before it came.
    Before(Status),
}

/// What became of a wish to give an order's pieces back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Released {
    /// They are back, and the order will never be reserved.
    Yes,
    /// So it was before.
    Before,
    /// It is being packed, or is packed.
    Packing,
}

/// How much has to have happened for an order not to be released any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Somebody has begun to pack it: the customer may not cancel it any more.
    Packing,
    /// It was packed: the order is over anyhow.
    Packed,
}

/// Why a reservation stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "reason", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Unchanged {
    /// There are no pieces of such an order.
    NotReserved,
    /// Somebody packs it already, or it is packed.
    Packing,
    /// An order of nothing.
    Empty,
    /// Of these there is not enough.
    NoStock {
        /// Which.
        shortages: Vec<Shortage>,
    },
}

impl<S: Sink> Inventory<S> {
    /// Reserves the pieces of an order (U071, D8). Tells `StockReserved` or `ReservationFailed`.
    pub async fn reserve(
        &self,
        order_id: &Id,
        lines: &[Line],
        now: DateTime<Utc>,
    ) -> Result<Reserved, DatabaseError> {
        self.change(async |connection| {
            if let Some(status) = take_order(connection, order_id, now).await? {
                return Ok(Reserved::Before(status));
            }
            if let Err(shortages) = self.move_stock(connection, &moves(lines, -1), now).await? {
                set_status(connection, order_id, Status::Refused, now).await?;
                let detail = json!({ "orderId": order_id, "shortages": shortages });
                tell(connection, "ReservationFailed", order_id, &detail, now).await?;
                return Ok(Reserved::No(shortages));
            }
            add_items(connection, order_id, lines).await?;
            set_status(connection, order_id, Status::New, now).await?;
            let detail = json!({ "orderId": order_id });
            tell(connection, "StockReserved", order_id, &detail, now).await?;
            Ok(Reserved::Yes)
        })
        .await
    }

    /// Gives back what is reserved for an order (U072, D9), and makes sure that nothing is reserved
    /// for it later: its order may still be on the way. Tells `ReservationReleased`.
    pub async fn release(
        &self,
        order_id: &Id,
        until: Until,
        now: DateTime<Utc>,
    ) -> Result<Released, DatabaseError> {
        self.change(async |connection| {
            match (take_order(connection, order_id, now).await?, until) {
                (None, _) => {}
                (Some(Status::New), _) | (Some(Status::InProgress), Until::Packed) => {
                    let lines = ordered(connection, order_id).await?;
                    self.give_pieces(connection, &lines, now).await?;
                }
                (Some(Status::Cancelled | Status::Refused), _) => return Ok(Released::Before),
                (Some(Status::InProgress | Status::Completed), _) => return Ok(Released::Packing),
            }
            set_status(connection, order_id, Status::Cancelled, now).await?;
            let detail = json!({ "orderId": order_id });
            tell(connection, "ReservationReleased", order_id, &detail, now).await?;
            Ok(Released::Yes)
        })
        .await
    }

    /// Reserves other pieces for an order that nobody packs yet (U109): all of them, or everything
    /// stays as it is.
    pub async fn change_order(
        &self,
        order_id: &Id,
        lines: &[Line],
        now: DateTime<Utc>,
    ) -> Result<Result<(), Unchanged>, DatabaseError> {
        if lines.iter().all(|line| line.quantity == 0) {
            return Ok(Err(Unchanged::Empty));
        }
        self.change(async |connection| {
            match known_order(connection, order_id).await? {
                Some(Status::New) => {}
                Some(Status::InProgress | Status::Completed) => {
                    return Ok(Err(Unchanged::Packing));
                }
                Some(Status::Refused | Status::Cancelled) | None => {
                    return Ok(Err(Unchanged::NotReserved));
                }
            }
            let mut difference = moves(&ordered(connection, order_id).await?, 1);
            for (product_id, pieces) in moves(lines, -1) {
                *difference.entry(product_id).or_default() += pieces;
            }
            if let Err(shortages) = self.move_stock(connection, &difference, now).await? {
                return Ok(Err(Unchanged::NoStock { shortages }));
            }
            sqlx::query("DELETE FROM packaging_item WHERE order_id = ?")
                .bind(order_id.as_str())
                .execute(&mut *connection)
                .await?;
            add_items(connection, order_id, lines).await?;
            set_status(connection, order_id, Status::New, now).await?;
            Ok(Ok(()))
        })
        .await
    }

    /// Puts pieces back into stock.
    pub(crate) async fn give_pieces(
        &self,
        connection: &mut MySqlConnection,
        lines: &[Line],
        now: DateTime<Utc>,
    ) -> Result<(), DatabaseError> {
        match self.move_stock(connection, &moves(lines, 1), now).await? {
            Ok(()) => Ok(()),
            // More pieces of a product than a row can hold.
            Err(shortages) => Err(DatabaseError::Row(format!("no room for {shortages:?}"))),
        }
    }
}

/// Takes an order's row, making it when there is none, until the end of the transaction, which has
/// to give a new one its status. The status of one that was there.
async fn take_order(
    connection: &mut MySqlConnection,
    order_id: &Id,
    now: DateTime<Utc>,
) -> Result<Option<Status>, DatabaseError> {
    // An update takes the row at once; an insertion that is ignored would share it first, and two
    // that share a row and both want it stop each other.
    sqlx::query(
        "INSERT INTO packaging (order_id, status, created, modified) VALUES (?, '', ?, ?) \
         ON DUPLICATE KEY UPDATE order_id = VALUES(order_id)",
    )
    .bind(order_id.as_str())
    .bind(now.naive_utc())
    .bind(now.naive_utc())
    .execute(&mut *connection)
    .await?;
    known_order(connection, order_id).await
}

/// Takes the row of an order that is known.
pub(crate) async fn known_order(
    connection: &mut MySqlConnection,
    order_id: &Id,
) -> Result<Option<Status>, DatabaseError> {
    let row = sqlx::query("SELECT status FROM packaging WHERE order_id = ? FOR UPDATE")
        .bind(order_id.as_str())
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let word: String = row.try_get("status")?;
    match Status::read(&word) {
        None if word.is_empty() => Ok(None),
        None => Err(DatabaseError::Row(format!("no status: {word:?}"))),
        status => Ok(status),
    }
}

/// Sets the status of an order that the transaction has taken.
pub(crate) async fn set_status(
    connection: &mut MySqlConnection,
    order_id: &Id,
    status: Status,
    now: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    sqlx::query("UPDATE packaging SET status = ?, modified = ? WHERE order_id = ?")
        .bind(status.as_str())
        .bind(now.naive_utc())
        .bind(order_id.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

/// Adds what is ordered to an order that has nothing; lines of the same product and size are one.
async fn add_items(
    connection: &mut MySqlConnection,
    order_id: &Id,
    lines: &[Line],
) -> Result<(), DatabaseError> {
    let mut pieces = BTreeMap::<&Article, u32>::new();
    for line in lines.iter().filter(|line| line.quantity > 0) {
        let sum = pieces.entry(&line.article).or_default();
        *sum = sum.saturating_add(line.quantity);
    }
    for (article, quantity) in pieces {
        sqlx::query(
            "INSERT INTO packaging_item (order_id, product_id, size, ordered, packed) \
             VALUES (?, ?, ?, ?, ?)",
        )
        .bind(order_id.as_str())
        .bind(article.product_id.as_str())
        .bind(size(article))
        .bind(quantity)
        .bind(quantity)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// What was ordered.
async fn ordered(
    connection: &mut MySqlConnection,
    order_id: &Id,
) -> Result<Vec<Line>, DatabaseError> {
    let rows = items(connection, order_id).await?;
    rows.iter()
        .map(|row| {
            Ok(Line {
                article: article(row)?,
                quantity: row.try_get("ordered")?,
            })
        })
        .collect()
}

pub(crate) async fn tell(
    connection: &mut MySqlConnection,
    detail_type: &'static str,
    order_id: &Id,
    detail: &impl Serialize,
    now: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    outbox::add(connection, detail_type, order_id.as_str(), detail, now).await
}
