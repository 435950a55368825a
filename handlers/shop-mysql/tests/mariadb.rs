//! Migrations, transactions and the outbox against a real MariaDB server.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use serde_json::json;
use shop_core::order::now;
use shop_mysql::database::DatabaseError;
use shop_mysql::migrate::{Migration, first_time};
use shop_mysql::outbox::{self, RelayError, relay};
use shop_mysql::testing::{MemorySink, TestServer};
use sqlx::Row;

const COUNTER: Migration = Migration {
    name: "counter-1",
    sql: "CREATE TABLE IF NOT EXISTS counter (id INT PRIMARY KEY, value INT NOT NULL);
INSERT IGNORE INTO counter VALUES (1, 0), (2, 0);
",
};

#[tokio::test]
async fn steps_are_done_once_even_by_two_deploys_at_a_time() {
    let server = TestServer::start().await;
    let steps = [outbox::MIGRATION, COUNTER];
    let (one, two) = tokio::join!(
        server.migrate("shop", &steps[..1]),
        server.migrate("shop", &steps[..1])
    );
    assert_eq!([one, two].concat(), ["outbox-1"]);
    assert_eq!(server.migrate("shop", &steps).await, ["counter-1"]);
    assert_eq!(server.migrate("shop", &steps).await, [""; 0]);

    let database = server.database("shop", 1);
    for expected in [true, false] {
        let first = database.transact(async |connection| first_time(connection, "seed").await);
        assert_eq!(first.await.unwrap(), expected);
    }
    // The service's own user changes rows and no tables, here and in other schemas.
    server.migrate("other", &[COUNTER]).await;
    for refused in ["DROP TABLE counter", "SELECT * FROM other.counter"] {
        let pool = database.pool().await.unwrap();
        sqlx::raw_sql(refused).execute(pool).await.unwrap_err();
    }
}

#[tokio::test]
async fn a_transaction_that_loses_a_deadlock_is_begun_again() {
    let server = TestServer::start().await;
    server.migrate("shop", &[COUNTER]).await;
    let database = server.database("shop", 4);
    let met = tokio::sync::Barrier::new(2);
    // Two that take the same rows in opposite orders, and meet between the two.
    let raise = async |first: i32, second: i32| {
        let begun = std::cell::Cell::new(0);
        database
            .transact(async |connection| {
                begun.set(begun.get() + 1);
                for (step, id) in [first, second].into_iter().enumerate() {
                    sqlx::query("UPDATE counter SET value = value + 1 WHERE id = ?")
                        .bind(id)
                        .execute(&mut *connection)
                        .await?;
                    if step == 0 && begun.get() == 1 {
                        met.wait().await;
                    }
                }
                Ok(())
            })
            .await
            .unwrap();
        begun.get()
    };
    let (one, two) = tokio::join!(raise(1, 2), raise(2, 1));
    assert_eq!(one + two, 3, "one of them was begun twice");
    let rows = sqlx::query("SELECT value FROM counter")
        .fetch_all(database.pool().await.unwrap())
        .await
        .unwrap();
    let values: Vec<i32> = rows.iter().map(|row| row.get("value")).collect();
    assert_eq!(values, [2, 2]);
}

#[tokio::test]
async fn events_leave_with_their_transaction_or_not_at_all() {
    let server = TestServer::start().await;
    let steps = [outbox::MIGRATION, outbox::TRACE_MIGRATION];
    server.migrate("shop", &steps).await;
    let database = server.database("shop", 2);
    let sink = MemorySink::default();
    let tell = async |numbers: std::ops::Range<i32>, fail: bool| {
        database
            .transact(async |connection| {
                for number in numbers.clone() {
                    let detail = json!({ "number": number });
                    outbox::add(connection, "Counted", "n", &detail, now()).await?;
                }
                match fail {
                    true => Err(DatabaseError::Row("what it must not".to_owned())),
                    false => Ok(()),
                }
            })
            .await
    };
    tell(0..3, true).await.unwrap_err();
    assert_eq!(relay(&database, &sink).await.unwrap(), 0);

    // More than one batch, in order; what could not be moved waits.
    tell(0..60, false).await.unwrap();
    sink.set_broken(true);
    let error = relay(&database, &sink).await.unwrap_err();
    assert!(matches!(error, RelayError::Sink(_)));
    sink.set_broken(false);
    assert_eq!(relay(&database, &sink).await.unwrap(), 60);
    let told = sink.drain();
    let numbers: Vec<_> = told.iter().map(|(_, detail)| &detail["number"]).collect();
    assert_eq!(numbers, (0..60).collect::<Vec<_>>());
    assert_eq!(relay(&database, &sink).await.unwrap(), 0);

    // Two at a time share what there is.
    tell(0..40, false).await.unwrap();
    let (one, two) = tokio::join!(relay(&database, &sink), relay(&database, &sink));
    assert_eq!(one.unwrap() + two.unwrap(), 40);
    assert_eq!(sink.drain().len(), 40);
}
