//! A MariaDB server for what templates call `AWS::RDS::DBInstance`: found on the machine or fetched from Debian's
//! packages, without root; its data folder; the command that serves it.
//!
//! Fetched packages are unpacked in a temporary folder and moved to their place by one rename, under a lock. Knows no
//! user and no database of anybody: a prepared data folder has `root` on its socket only, without a password, so the
//! folder has to be private.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::doctor::version_in;
use crate::files::{create_folder, failed, last_lines, lock, remove_folder};
use crate::python::find_program;
use crate::{Folders, InstallStep, LocalError, Progress, ProgressSink};

/// The package with the server alone: no service that starts at boot.
const PACKAGE: &str = "mariadb-server-core";
const MARKER: &str = "installed";
/// The folder in a data folder for what a query needs on disk.
const TEMPORARY: &str = "tmp";
/// What a failed command wrote is shown up to this many lines.
const SHOWN_LINES: usize = 8;

/// Where apt-get keeps its lists on a machine that has none.
const OWN_LISTS: [&str; 2] = ["lists", "cache"];

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

/// Gets Debian packages without root.
struct Fetch<'a> {
    folder: &'a Path,
    apt: &'a Path,
    dpkg: &'a Path,
    path: &'a OsStr,
}

impl Fetch<'_> {
    /// The server's packages and what it needs beyond the system's, unpacked below `root`; their names.
    async fn packages(&self) -> Result<String, String> {
        let (names, lists) = match self.needed(&[]).await {
            Ok(names) => (names, Vec::new()),
            Err(_) => {
                // A machine without package lists: get them into a folder of ours.
                let lists = self.own_lists()?;
                self.apt(&lists, &["update", "-qq"]).await?;
                (self.needed(&lists).await?, lists)
            }
        };
        let mut download = vec!["download", "-qq"];
        download.extend(names.iter().map(String::as_str));
        self.apt(&lists, &download).await?;
        let entries = fs::read_dir(self.folder).map_err(|error| error.to_string())?;
        for file in entries.flatten().map(|entry| entry.path()) {
            if file.extension().is_some_and(|ending| ending == "deb") {
                let into = root(self.folder);
                let arguments = ["-x".as_ref(), file.as_os_str(), into.as_os_str()];
                self.run(self.dpkg, &arguments).await?;
                fs::remove_file(&file).map_err(|error| error.to_string())?;
            }
        }
        for folder in OWN_LISTS {
            remove_folder(&self.folder.join(folder)).map_err(|error| error.to_string())?;
        }
        Ok(names.join(" "))
    }

    /// The packages that installing the server would get: itself and what the system lacks of its dependencies.
    async fn needed(&self, lists: &[OsString]) -> Result<Vec<String>, String> {
        let line = [
            "install",
            "--print-uris",
            "--yes",
            "-qq",
            "--no-install-recommends",
            PACKAGE,
        ];
        let uris = self.apt(lists, &line).await?;
        let names = package_names(&uris);
        if names.iter().any(|name| name == PACKAGE) {
            Ok(names)
        } else {
            Err(format!("apt-get does not offer {PACKAGE}"))
        }
    }

    /// Options that make apt-get keep its lists in a folder of ours.
    fn own_lists(&self) -> Result<Vec<OsString>, String> {
        let mut options = Vec::new();
        for (name, folder) in ["Dir::State::Lists", "Dir::Cache"].iter().zip(OWN_LISTS) {
            let path = self.folder.join(folder);
            for partial in ["partial", "archives/partial"] {
                fs::create_dir_all(path.join(partial)).map_err(|error| error.to_string())?;
            }
            let mut option = OsString::from(format!("{name}="));
            option.push(path);
            options.extend(["-o".into(), option]);
        }
        Ok(options)
    }

    async fn apt(&self, options: &[OsString], arguments: &[&str]) -> Result<String, String> {
        let mut line: Vec<&OsStr> = options.iter().map(OsString::as_os_str).collect();
        line.extend(arguments.iter().map(OsStr::new));
        self.run(self.apt, &line).await
    }

    async fn run(&self, program: &Path, arguments: &[&OsStr]) -> Result<String, String> {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(self.folder)
            .env("PATH", self.path)
            .env("LC_ALL", "C.UTF-8")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(|error| format!("{}: {error}", program.display()))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let text = String::from_utf8_lossy(&output.stderr);
        Err(format!(
            "{} ended with {}\n{}",
            program.display(),
            output.status,
            last_lines(&text, SHOWN_LINES)
        ))
    }
}

/// The names in lines such as `'http://deb.debian.org/.../libaio1_0.3_amd64.deb' libaio1_0.3_amd64.deb 13384 SHA256:..`.
fn package_names(uris: &str) -> Vec<String> {
    uris.lines()
        .filter_map(|line| line.split_whitespace().nth(1)?.split_once('_'))
        .map(|(name, _)| name.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn program(folder: &Path, name: &str, script: &str) {
        let file = folder.join(name);
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A machine with an apt-get that has no package lists until it is told to get some, and a dpkg that "unpacks".
    const APT: &str = r#"
echo "$*" >> "${0%/*}/calls"
case "$*" in
  *update*) touch "${0%/*}/updated" ;;
  *print-uris*) [ -e "${0%/*}/updated" ] || { echo 'E: Unable to locate package' >&2; exit 100; }
    echo "'http://deb/l.deb' libaio1_0.3_amd64.deb 1 SHA256:1"
    echo "'http://deb/m.deb' mariadb-server-core_1%3a10.11_amd64.deb 1 SHA256:2" ;;
  *download*) echo libaio1 > libaio1_0.3_amd64.deb; echo core > mariadb-server-core_1_amd64.deb ;;
esac"#;
    const DPKG: &str = r#"
case "$2" in
  *core*) mkdir -p "$3/usr/sbin" "$3/usr/share/mysql"; cp "$0" "$3/usr/sbin/mariadbd"
    touch "$3/usr/share/mysql/mysql_system_tables.sql" ;;
  *) mkdir -p "$3/usr/lib/x86_64-linux-gnu" ;;
esac"#;

    fn machine(apt: &str) -> (tempfile::TempDir, Folders, OsString) {
        let home = tempfile::tempdir().unwrap();
        let bin = home.path().join("bin");
        fs::create_dir(&bin).unwrap();
        program(&bin, "apt-get", apt);
        program(&bin, "dpkg", DPKG);
        let folders = Folders::below(home.path());
        let path = format!("{}:/usr/bin:/bin", bin.display()).into();
        (home, folders, path)
    }

    fn calls(home: &tempfile::TempDir) -> usize {
        let calls = fs::read_to_string(home.path().join("bin/calls")).unwrap();
        calls.lines().count()
    }

    #[tokio::test]
    async fn a_machine_without_package_lists_gets_the_server_once() {
        let (home, folders, path) = machine(APT);
        if MariaDb::find(&folders, &path).is_some() {
            return; // this machine has one of its own
        }
        let first = MariaDb::ensure(&folders, &path, &mut |_| ()).await.unwrap();
        assert!(first.server.is_file());
        assert!(
            first.libraries().to_string_lossy().ends_with("-linux-gnu"),
            "{first:?}"
        );
        let before = calls(&home);
        let second = MariaDb::ensure(&folders, &path, &mut |_| ()).await.unwrap();
        assert_eq!((&second, calls(&home)), (&first, before), "it is there");

        fs::remove_file(&first.server).unwrap();
        MariaDb::ensure(&folders, &path, &mut |_| ()).await.unwrap();
        assert!(first.server.is_file(), "a broken one is fetched anew");
        let left = fs::read_dir(folders.tools()).unwrap().flatten();
        let left = left.filter(|e| e.file_name().to_string_lossy().starts_with(".inst"));
        assert_eq!(left.count(), 0, "nothing half done is left");
    }

    #[tokio::test]
    async fn what_cannot_be_fetched_is_told_with_the_command_that_installs_it() {
        let (_home, folders, path) = machine("echo 'E: no network' >&2; exit 100");
        if MariaDb::find(&folders, &path).is_some() {
            return;
        }
        let error = MariaDb::ensure(&folders, &path, &mut |_| ())
            .await
            .unwrap_err();
        let text = error.to_string();
        assert!(text.contains("E: no network"), "{text}");
        insta::assert_snapshot!(error.hint().unwrap(), @"sudo apt-get install mariadb-server-core (or brew install mariadb), then run the command again");
        let error = MariaDb::ensure(&folders, "/none".as_ref(), &mut |_| ())
            .await
            .unwrap_err();
        insta::assert_snapshot!(error, @"no MariaDB server for the project's databases: mariadbd is not on the PATH, and its packages cannot be fetched: apt-get and dpkg, which would fetch it, are not there either");
    }

    #[test]
    fn names_of_packages_are_read_from_what_apt_prints() {
        let uris = "'http://d/libaio1_0.3.113-4_amd64.deb' libaio1_0.3.113-4_amd64.deb 13384 SHA256:8\n\
                    'http://d/m.deb' mariadb-server-core_1%3a10.11.19-0+deb12u1_amd64.deb 7342456 SHA256:4\n";
        assert_eq!(package_names(uris), ["libaio1", "mariadb-server-core"]);
        assert_eq!(package_names("\nE: Unable"), Vec::<String>::new());
    }
}
