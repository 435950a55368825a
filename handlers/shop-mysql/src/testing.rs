//! A MariaDB server for one test: made on disk, reached by a socket, gone with
//! the test however that ends.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests"
)]

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use shopctl_local::{Folders, Listen, MariaDb};
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlSslMode};
use sqlx::{AssertSqlSafe, Connection};

use crate::database::{Database, Place};
use crate::migrate::{Migration, Proof, migrate};
use crate::outbox::{Sink, Stored};

/// Runs the server beside a `cat` that reads from the test: when the test is gone, so is the
/// server.
const GUARD: &str = r#""$@" & server=$!; cat >/dev/null; kill -KILL $server"#;

/// The password of every schema's user.
const PASSWORD: &str = "for a test";

/// A running server.
#[derive(Debug)]
pub struct TestServer {
    socket: PathBuf,
    _folder: tempfile::TempDir,
    guard: Child,
}

impl TestServer {
    /// Starts one. Panics with the command that installs a server where there is none.
    pub async fn start() -> Self {
        let folders = Folders::from_env(&|name| std::env::var_os(name)).unwrap();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let server = match MariaDb::ensure(&folders, &path, &mut |_| ()).await {
            Ok(server) => server,
            Err(error) => panic!("{error}\n{}", error.hint().unwrap_or_default()),
        };
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        server.prepare(&data, "").await.unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let guard = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .args(server.serve(&data, Listen::SocketOnly))
            .current_dir(&data)
            .env("LD_LIBRARY_PATH", server.libraries())
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("sh runs");
        let server = TestServer {
            socket: data.join("socket"),
            _folder: folder,
            guard,
        };
        let deadline = Instant::now() + Duration::from_secs(120);
        while MySqlConnection::connect_with(&server.owner())
            .await
            .is_err()
        {
            let log = std::fs::read_to_string(server._folder.path().join("log")).unwrap();
            assert!(Instant::now() < deadline, "{log}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server
    }

    /// The server's owner, without a schema.
    pub fn owner(&self) -> MySqlConnectOptions {
        MySqlConnectOptions::new()
            .socket(&self.socket)
            .username("root")
            .ssl_mode(MySqlSslMode::Disabled)
    }

    /// Runs a service's migrations; names of those that were not done before.
    pub async fn migrate(&self, schema: &str, steps: &[Migration]) -> Vec<&'static str> {
        let proof = Proof::Password(PASSWORD.to_owned());
        migrate(&self.owner(), schema, &proof, steps).await.unwrap()
    }

    /// The schema as its service sees it, with up to `connections` at a time.
    pub fn database(&self, schema: &str, connections: u32) -> Database {
        let place = Place {
            host: "127.0.0.1".to_owned(),
            port: 0,
            schema: schema.to_owned(),
            user: schema.to_owned(),
            password: Some(PASSWORD.to_owned()),
        };
        let options = self
            .owner()
            .username(schema)
            .password(PASSWORD)
            .database(schema);
        Database::of_test(place, options, connections)
    }

    /// Empties the tables of a schema.
    pub async fn empty(&self, schema: &str, tables: &[&str]) {
        let mut connection = MySqlConnection::connect_with(&self.owner()).await.unwrap();
        for table in tables {
            let statement = format!("DELETE FROM {schema}.{table}");
            sqlx::raw_sql(AssertSqlSafe(statement))
                .execute(&mut connection)
                .await
                .unwrap();
        }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if let Some(mut input) = self.guard.stdin.take() {
            let _ = input.flush();
        }
        let _ = self.guard.wait();
    }
}

/// Takes events into memory, and may be broken.
#[derive(Debug, Default)]
pub struct MemorySink {
    taken: Mutex<Vec<Stored>>,
    broken: Mutex<bool>,
}

impl MemorySink {
    /// From now on it refuses, or takes again.
    pub fn set_broken(&self, broken: bool) {
        *self.broken.lock().unwrap() = broken;
    }

    /// What it has taken since it was last asked: detail types with details, each event once.
    pub fn drain(&self) -> Vec<(String, serde_json::Value)> {
        let taken = std::mem::take(&mut *self.taken.lock().unwrap());
        let detail = |event: Stored| {
            let detail = serde_json::from_str(&event.detail).unwrap();
            (event.detail_type, detail)
        };
        taken.into_iter().map(detail).collect()
    }
}

impl Sink for MemorySink {
    async fn take(&self, event: &Stored) -> Result<(), Box<dyn Error + Send + Sync>> {
        if *self.broken.lock().unwrap() {
            return Err("out of order".into());
        }
        let mut taken = self.taken.lock().unwrap();
        if taken.iter().all(|known| known.event_id != event.event_id) {
            taken.push(event.clone());
        }
        Ok(())
    }
}
