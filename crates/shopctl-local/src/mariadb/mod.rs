//! A MariaDB server for what templates call `AWS::RDS::DBInstance`: found on the machine or fetched from Debian's
//! packages, without root; its data folder; the command that serves it.
//!
//! Fetched packages are unpacked in a temporary folder and moved to their place by one rename, under a lock. Knows no
//! user and no database of anybody: a prepared data folder has `root` on its socket only, without a password, so the
//! folder has to be private.

mod packages;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use self::packages::Fetch;
use crate::doctor::version_in;
use crate::files::{create_folder, failed, last_lines, lock, remove_folder};
use crate::python::find_program;
use crate::{Folders, InstallStep, LocalError, Progress, ProgressSink};

const MARKER: &str = "installed";
/// The folder in a data folder for what a query needs on disk.
const TEMPORARY: &str = "tmp";
/// What a failed command wrote is shown up to this many lines.
const SHOWN_LINES: usize = 8;

/// The system tables of a new data folder, as `mariadb-install-db` makes them, but for help texts and the `sys` schema,
/// which nothing here reads.
const SYSTEM_TABLES: [&str; 3] = [
    "mysql_system_tables.sql",
    "mysql_performance_tables.sql",
    "mysql_system_tables_data.sql",
];

/// Whoever may open the socket is root; nobody else is anybody.
const OWNER: &str = r#"
DELETE FROM mysql.global_priv;
DELETE FROM mysql.proxies_priv;
INSERT INTO mysql.global_priv VALUES ('localhost', 'root', '{"access":18446744073709551615}');
"#;

/// A MariaDB installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MariaDb {
    /// The server.
    pub server: PathBuf,
    /// The folder with `share` in it.
    base: PathBuf,
    /// `base`'s folder with messages and system tables.
    share: PathBuf,
    /// Where fetched libraries lie; empty for an installed server.
    libraries: OsString,
}

/// Where a server listens, beside its socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listen {
    /// On this port of 127.0.0.1.
    Port(u16),
    /// On its socket only.
    SocketOnly,
}

impl MariaDb {
    /// The server that a start would use, if there is one already: on `path`, in the system's own folders, or fetched.
    #[must_use]
    pub fn find(folders: &Folders, path: &OsStr) -> Option<Self> {
        // Debian puts servers where ordinary users' search path does not lead.
        let usual = OsStr::new(if path.is_empty() {
            ""
        } else {
            "/usr/sbin:/usr/local/sbin"
        });
        find_program("mariadbd", path)
            .or_else(|| find_program("mariadbd", usual))
            .and_then(|server| Self::of(server, OsString::new()))
            .or_else(|| Self::fetched(folders))
    }

    /// Find a server, or fetch one.
    ///
    /// # Errors
    /// [`LocalError::DatabaseMissing`] when there is none and none can be fetched; a file error.
    pub async fn ensure(
        folders: &Folders,
        path: &OsStr,
        progress: ProgressSink<'_>,
    ) -> Result<Self, LocalError> {
        if let Some(found) = Self::find(folders, path) {
            return Ok(found);
        }
        let missing = |reason: &str| LocalError::DatabaseMissing {
            reason: reason.to_owned(),
        };
        let (Some(apt), Some(dpkg)) = (find_program("apt-get", path), find_program("dpkg", path))
        else {
            return Err(missing(
                "apt-get and dpkg, which would fetch it, are not there either",
            ));
        };
        let tools = folders.tools();
        let _lock = lock(&tools.join("install.lock"), progress).await?;
        if let Some(found) = Self::fetched(folders) {
            return Ok(found); // another command fetched it meanwhile
        }
        progress(Progress::Installing(InstallStep::Database));
        let started = Instant::now();
        let staging = tempfile::Builder::new()
            .prefix(".installing-")
            .tempdir_in(&tools)
            .map_err(failed("create a folder in", &tools))?;
        let fetch = Fetch {
            folder: staging.path(),
            apt: &apt,
            dpkg: &dpkg,
            path,
        };
        let packages = fetch.packages().await.map_err(|reason| missing(&reason))?;
        let root = root(staging.path());
        if Self::of(root.join("usr/sbin/mariadbd"), OsString::new()).is_none() {
            return Err(missing(&format!(
                "the packages {packages} hold no complete server"
            )));
        }
        let marker = staging.path().join(MARKER);
        fs::write(&marker, packages).map_err(failed("write", &marker))?;
        let place = place(folders);
        remove_folder(&place)?; // a broken one
        fs::rename(staging.path(), &place).map_err(failed("move the server to", &place))?;
        progress(Progress::Installed {
            took: started.elapsed(),
        });
        Self::fetched(folders).ok_or_else(|| missing("it was removed while it was fetched"))
    }

    /// The one that was fetched, if it is whole.
    fn fetched(folders: &Folders) -> Option<Self> {
        let place = place(folders);
        if !place.join(MARKER).is_file() {
            return None;
        }
        let root = root(&place);
        Self::of(root.join("usr/sbin/mariadbd"), libraries(&root))
    }

    fn of(server: PathBuf, libraries: OsString) -> Option<Self> {
        // Behind the links of package managers such as Homebrew.
        let real = server.canonicalize().ok()?;
        let base = real.parent()?.parent()?.to_owned();
        let share = ["share/mysql", "share/mariadb", "share"]
            .iter()
            .map(|folder| base.join(folder))
            .find(|folder| folder.join(SYSTEM_TABLES[0]).is_file())?;
        Some(Self {
            server,
            base,
            share,
            libraries,
        })
    }

    /// Its version, for instance `10.11.19`.
    ///
    /// # Errors
    /// Why it does not run, in one line.
    pub fn version(&self) -> Result<String, String> {
        let output = std::process::Command::new(&self.server)
            .arg("--version")
            .env("LD_LIBRARY_PATH", &self.libraries)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| error.to_string())?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        version_in(&text(&output.stdout)).ok_or_else(|| {
            let errors = text(&output.stderr);
            let line = errors.lines().find(|line| !line.trim().is_empty());
            line.unwrap_or("it tells no version").trim().to_owned()
        })
    }

    /// Make `data` a data folder, unless it is one, and keep it from other users. `more` are statements for a new one,
    /// one a line.
    ///
    /// # Errors
    /// [`LocalError::Database`] when the server refuses; a file error.
    pub async fn prepare(&self, data: &Path, more: &str) -> Result<(), LocalError> {
        if data.join("mysql").is_dir() {
            return Ok(());
        }
        let parent = data.parent().unwrap_or(Path::new("."));
        create_folder(parent)?;
        let staging = tempfile::Builder::new()
            .prefix(".preparing-")
            .tempdir_in(parent)
            .map_err(failed("create a folder in", parent))?;
        let mut statements = "CREATE DATABASE mysql;\nUSE mysql;\n".to_owned();
        for name in SYSTEM_TABLES {
            let file = self.share.join(name);
            statements.push_str(&fs::read_to_string(&file).map_err(failed("read", &file))?);
        }
        statements.push_str(OWNER);
        statements.push_str(more);
        create_folder(&staging.path().join(TEMPORARY))?;
        let mut child = self
            .command(staging.path(), &self.arguments(staging.path()))
            .args(["--bootstrap", "--enforce-storage-engine="])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| self.run_failed(source))?;
        if let Some(mut input) = child.stdin.take() {
            // A server that ends early says why; the broken pipe does not.
            let _ = input.write_all(statements.as_bytes()).await;
        }
        let output = child
            .wait_with_output()
            .await
            .map_err(|source| self.run_failed(source))?;
        if !output.status.success() {
            return Err(LocalError::Database {
                problem: format!("{} could not make a data folder", self.server.display()),
                log: last_lines(&String::from_utf8_lossy(&output.stderr), SHOWN_LINES),
            });
        }
        fs::set_permissions(staging.path(), fs::Permissions::from_mode(0o700))
            .map_err(failed("protect", staging.path()))?;
        remove_folder(data)?; // of an interrupted attempt
        fs::rename(staging.path(), data).map_err(failed("move the data to", data))
    }

    /// The server's command line for a prepared data folder, to be run in that folder with [`Self::libraries`] in
    /// `LD_LIBRARY_PATH`. Its socket is `socket` in the folder, whose own path may be too long for one.
    #[must_use]
    pub fn serve(&self, data: &Path, listen: Listen) -> Vec<OsString> {
        let mut line = vec![self.server.clone().into_os_string()];
        line.extend(self.arguments(data));
        line.push("--socket=socket".into());
        match listen {
            Listen::Port(port) => {
                line.push("--bind-address=127.0.0.1".into());
                line.push(format!("--port={port}").into());
            }
            Listen::SocketOnly => line.push("--skip-networking".into()),
        }
        line
    }

    /// Where the server's libraries are, when the system's own folders do not have them all.
    #[must_use]
    pub fn libraries(&self) -> &OsStr {
        &self.libraries
    }

    /// What holds for preparing and for serving. Small: it serves one person, and in the manner of RDS for MySQL where
    /// that differs from MariaDB's own defaults.
    fn arguments(&self, data: &Path) -> Vec<OsString> {
        let with = |option: &str, value: &Path| {
            let mut argument = OsString::from(option);
            argument.push(value);
            argument
        };
        let mut arguments = vec![
            "--no-defaults".into(),
            with("--basedir=", &self.base),
            with("--datadir=", data),
            with("--lc-messages-dir=", &self.share),
            // Each its own: a server deletes what it takes for the leavings of an earlier run.
            with("--tmpdir=", &data.join(TEMPORARY)),
            with("--ignore-db-dirs=", Path::new(TEMPORARY)),
            "--pid-file=pid".into(),
            "--skip-name-resolve".into(),
            "--skip-log-bin".into(),
            "--character-set-server=utf8mb4".into(),
            "--collation-server=utf8mb4_general_ci".into(),
            "--innodb-buffer-pool-size=32M".into(),
            "--innodb-log-file-size=8M".into(),
            "--innodb-flush-log-at-trx-commit=2".into(),
        ];
        if nix::unistd::geteuid().is_root() {
            arguments.push("--user=root".into());
        }
        arguments
    }

    fn command(&self, folder: &Path, arguments: &[OsString]) -> Command {
        let mut command = Command::new(&self.server);
        command.args(arguments).current_dir(folder).env_clear();
        if !self.libraries.is_empty() {
            command.env("LD_LIBRARY_PATH", &self.libraries);
        }
        command
    }

    fn run_failed(&self, source: std::io::Error) -> LocalError {
        LocalError::Run {
            program: self.server.clone(),
            source,
        }
    }
}

fn place(folders: &Folders) -> PathBuf {
    folders.tools().join("mariadb")
}

fn root(place: &Path) -> PathBuf {
    place.join("root")
}

/// The folders with shared libraries below `root`, for `LD_LIBRARY_PATH`.
fn libraries(root: &Path) -> OsString {
    let folders = ["usr/lib", "lib"]
        .iter()
        .filter_map(|folder| fs::read_dir(root.join(folder)).ok())
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().contains("-linux-gnu"));
    std::env::join_paths(folders).unwrap_or_default()
}

#[cfg(test)]
mod tests;
