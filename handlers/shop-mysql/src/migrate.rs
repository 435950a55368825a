//! Migrations: the steps from no schema to today's, each done once.
//!
//! They are built into the binary and run by the deploy ([`crate::setup`]). A
//! lock of the server keeps two deploys apart. MySQL cannot undo a step that
//! changes tables, so that a step is a single statement where possible, and one
//! that was interrupted is tried again: statements have to bear that
//! (`IF NOT EXISTS`). Nothing is ever taken back.

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{AssertSqlSafe, Connection, Row};

use crate::database::DatabaseError;

/// How long another deploy's migration is waited for, in seconds.
const PATIENCE: i32 = 60;

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// Its lasting name; steps run in the order in which they are given.
    pub name: &'static str,
    /// Its statements, each with a semicolon at the end of its last line.
    pub sql: &'static str,
}

/// The statements of a step that changes a table unless it has a column: MySQL adds none `IF NOT
/// EXISTS`, and a step may be done and not noted. Single quotes in the change are doubled.
#[macro_export]
macro_rules! unless_column {
    ($table:literal, $column:literal, $change:literal) => {
        concat!(
            "SET @step = IF(\n  EXISTS (SELECT * FROM information_schema.columns\n",
            "    WHERE table_schema = DATABASE() AND table_name = '",
            $table,
            "' AND column_name = '",
            $column,
            "'),\n  'DO 0',\n  '",
            $change,
            "'\n);\nPREPARE step FROM @step;\nEXECUTE step;\nDEALLOCATE PREPARE step;\n",
        )
    };
}

/// The user of a schema and how it proves itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// A token of IAM, over TLS.
    Iam,
    /// A password.
    Password(String),
}

/// Makes or completes schema `schema` with its user of the same name, who may read and write rows
/// and nothing else. Names of the steps that were done.
///
/// # Errors
/// [`DatabaseError`] when the server refuses a statement or another migration takes too long.
pub async fn migrate(
    owner: &MySqlConnectOptions,
    schema: &str,
    proof: &Proof,
    steps: &[Migration],
) -> Result<Vec<&'static str>, DatabaseError> {
    let mut connection = MySqlConnection::connect_with(owner).await?;
    let lock = format!("migrate {schema}");
    let taken: Option<i64> = sqlx::query_scalar("SELECT GET_LOCK(?, ?)")
        .bind(&lock)
        .bind(PATIENCE)
        .fetch_one(&mut connection)
        .await?;
    if taken != Some(1) {
        return Err(DatabaseError::Row(format!(
            "the lock of another migration of {schema}"
        )));
    }
    make_schema(&mut connection, schema, proof).await?;
    let done = run_steps(&mut connection, steps).await?;
    // Closing frees the lock.
    connection.close().await?;
    Ok(done)
}

async fn make_schema(
    connection: &mut MySqlConnection,
    schema: &str,
    proof: &Proof,
) -> Result<(), DatabaseError> {
    let name = identifier(schema)?;
    let how = match proof {
        Proof::Iam => "IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL".to_owned(),
        Proof::Password(password) => format!("IDENTIFIED BY {}", literal(password)),
    };
    for statement in [
        format!("CREATE DATABASE IF NOT EXISTS `{name}` CHARACTER SET utf8mb4"),
        format!("USE `{name}`"),
        format!("CREATE USER IF NOT EXISTS '{name}'@'%' {how}"),
        format!("ALTER USER '{name}'@'%' {how}"),
        format!("GRANT SELECT, INSERT, UPDATE, DELETE ON `{name}`.* TO '{name}'@'%'"),
        "CREATE TABLE IF NOT EXISTS migration (\
           name VARCHAR(100) CHARACTER SET ascii PRIMARY KEY, \
           done TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)"
            .to_owned(),
    ] {
        // Made of a checked name and an escaped text.
        sqlx::raw_sql(AssertSqlSafe(statement))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn run_steps(
    connection: &mut MySqlConnection,
    steps: &[Migration],
) -> Result<Vec<&'static str>, DatabaseError> {
    let rows = sqlx::query("SELECT name FROM migration")
        .fetch_all(&mut *connection)
        .await?;
    let known: Vec<String> = rows
        .iter()
        .map(|row| row.try_get("name"))
        .collect::<Result<_, _>>()?;
    let mut done = Vec::new();
    for step in steps {
        if known.iter().any(|name| name == step.name) {
            continue;
        }
        for statement in statements(step.sql) {
            sqlx::raw_sql(statement).execute(&mut *connection).await?;
        }
        note(connection, step.name).await?;
        tracing::info!(step = step.name, "migrated");
        done.push(step.name);
    }
    Ok(done)
}

/// Notes in the transaction of `connection` that `name` is done; false when it was before. For
/// steps that write rows: they are done when their transaction is.
///
/// # Errors
/// [`DatabaseError::Sql`].
pub async fn first_time(
    connection: &mut MySqlConnection,
    name: &str,
) -> Result<bool, DatabaseError> {
    let written = sqlx::query("INSERT IGNORE INTO migration (name) VALUES (?)")
        .bind(name)
        .execute(connection)
        .await?;
    Ok(written.rows_affected() == 1)
}

async fn note(connection: &mut MySqlConnection, name: &str) -> Result<(), DatabaseError> {
    first_time(connection, name).await.map(drop)
}

/// The statements of a step: up to a semicolon at the end of a line each.
fn statements(sql: &'static str) -> impl Iterator<Item = &'static str> {
    sql.split(";\n")
        .map(|statement| statement.trim().trim_end_matches(';'))
        .filter(|statement| !statement.is_empty())
}

/// A name that needs no quotes.
fn identifier(name: &str) -> Result<&str, DatabaseError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if !name.is_empty() && name.len() <= 32 && name.bytes().all(plain) {
        Ok(name)
    } else {
        Err(DatabaseError::Row(format!("no name of a schema: {name:?}")))
    }
}

/// A text as SQL has it.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_step_is_split_at_the_ends_of_its_statements() {
        let found: Vec<_> = statements("A (\n  'x;y'\n);\n\nB;\n").collect();
        assert_eq!(found, ["A (\n  'x;y'\n)", "B"]);
    }

    #[test]
    fn what_goes_into_a_statement_cannot_leave_its_place() {
        assert_eq!(literal(r"a'b\c"), r"'a''b\\c'");
        for wrong in ["", "a`b", "A", "a b", &"x".repeat(33)] {
            identifier(wrong).unwrap_err();
        }
        assert_eq!(identifier("sales_report").unwrap(), "sales_report");
    }
}
