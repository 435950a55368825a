//! One attempt to start an instance: choose its port, prepare its folder, spawn the launcher, wait until it answers.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::PermissionsExt;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::process::{Child, Command};

use crate::assets::{MINISTACK_VERSION, install_name};
use crate::cloud::{
    ANSWER_TIMEOUT, LocalCloud, Running, SILENT_STOP_TIMEOUT, answers_to, endpoint, now,
};
use crate::files::{create_folder, failed, log_tail, remove_folder};
use crate::install::Install;
use crate::instance::Record;
use crate::process::ProcessId;
use crate::{Listen, LocalError, MariaDb, Progress, ProgressSink, port};

/// Its end is noticed at once. This is for one that neither ends nor answers: on a machine whose disk and processors are
/// busy with compiling, reading the packages for the first time has taken more than a minute.
const START_TIMEOUT: Duration = Duration::from_secs(300);
const LOG_LINES: usize = 15;
const LOG_BYTES: u64 = 10 * 1024 * 1024;

// The launcher's exit codes.
const STATE_UNREADABLE: i32 = 3;
const INSTALLATION_BROKEN: i32 = 4;

impl LocalCloud {
    /// Start the instance. Under its lock, with nothing of it running.
    pub(crate) async fn start(
        &self,
        install: &Install,
        progress: ProgressSink<'_>,
    ) -> Result<Running, Failure> {
        let (port, may_change) = self.choose_port(progress).await?;
        self.prepare_folder()?;
        let database = self.prepare_database(port, progress).await?;
        let database = database.as_ref();
        match self.start_on(port, install, database, progress).await {
            // Somebody took it between the look and the start.
            Err(Failure::Ended { .. }) if may_change && !port::is_free(port) => {
                let (port, _) = self.choose_port(progress).await?;
                self.start_on(port, install, database, progress).await
            }
            result => result,
        }
    }

    /// The port to serve, and whether another one would do.
    async fn choose_port(&self, progress: ProgressSink<'_>) -> Result<(u16, bool), LocalError> {
        if let Some(port) = self.settings.port {
            if port::is_free(port) || freed(port).await {
                return Ok((port, false));
            }
            let mut holder = port::holder(port);
            if let Some(holder) = &mut holder {
                holder.project = self
                    .paths
                    .record_of(holder.pid)
                    .map(|record| format!("{} in {}", record.project, record.root.display()));
            }
            return Err(LocalError::PortTaken { port, holder });
        }
        let remembered = self.paths.remembered_port();
        if let Some(port) = remembered
            && (port::is_free(port) || freed(port).await)
        {
            return Ok((port, true));
        }
        let (first, last) = port::RANGE;
        let port = port::choose(&self.paths.name, &self.paths.ports_of_others())
            .ok_or(LocalError::NoPort { first, last })?;
        if let Some(from) = remembered {
            progress(Progress::Moved { from, to: port });
        }
        Ok((port, true))
    }

    /// The database server with its folder and port, if the project needs one. The launcher runs it, so that it
    /// ends with the launcher.
    async fn prepare_database(
        &self,
        own_port: u16,
        progress: ProgressSink<'_>,
    ) -> Result<Option<Database>, LocalError> {
        if !self.settings.database {
            return Ok(None);
        }
        let server = MariaDb::ensure(&self.settings.folders, &self.settings.path, progress).await?;
        let data = self.paths.database();
        server.prepare(&data, "").await?;
        let port = self.choose_database_port(own_port, progress).await?;
        let text = |value: &OsStr| value.to_string_lossy().into_owned();
        let line = server.serve(&data, Listen::Port(port));
        Ok(Some(Database {
            port,
            command: line.iter().map(|argument| text(argument)).collect(),
            libraries: text(server.libraries()),
        }))
    }

    async fn choose_database_port(
        &self,
        own_port: u16,
        progress: ProgressSink<'_>,
    ) -> Result<u16, LocalError> {
        let remembered = self.paths.remembered_database_port();
        if let Some(port) = remembered
            && (port::is_free(port) || freed(port).await)
        {
            return Ok(port);
        }
        let (first, last) = port::RANGE;
        let mut others = self.paths.ports_of_others();
        others.insert(own_port);
        let name = format!("{}/database", self.paths.name);
        let port = port::choose(&name, &others).ok_or(LocalError::NoPort { first, last })?;
        if let Some(from) = remembered {
            progress(Progress::Moved { from, to: port });
        }
        Ok(port)
    }

    fn prepare_folder(&self) -> Result<(), LocalError> {
        create_folder(&self.paths.folder)?;
        let private = fs::Permissions::from_mode(0o700);
        fs::set_permissions(&self.paths.folder, private)
            .map_err(failed("protect", &self.paths.folder))?;
        // Unpacked functions of earlier versions, which nothing else prunes.
        remove_folder(&self.paths.temporary())?;
        for folder in [self.paths.temporary(), self.paths.data(), self.paths.keys()] {
            create_folder(&folder)?;
        }
        let log = self.paths.log();
        if fs::metadata(&log).is_ok_and(|data| data.len() > LOG_BYTES) {
            fs::rename(&log, log.with_extension("old")).map_err(failed("move", &log))?;
        }
        Ok(())
    }

    async fn start_on(
        &self,
        port: u16,
        install: &Install,
        database: Option<&Database>,
        progress: ProgressSink<'_>,
    ) -> Result<Running, Failure> {
        progress(Progress::Starting { port });
        let started = Instant::now();
        let log_path = self.paths.log();
        let log_start = fs::metadata(&log_path).map_or(0, |data| data.len());
        let mut child = self.spawn(port, install, database)?;
        let Some(process) = child.id().and_then(ProcessId::of) else {
            let status = child
                .wait()
                .await
                .map_err(|source| run_failed(install, source))?;
            return Err(Failure::Ended { status, log_start });
        };
        let record = Record {
            process,
            port,
            database_port: database.map(|database| database.port),
            started_at: now(),
            version: MINISTACK_VERSION.into(),
            install: install_name(),
            project: self.settings.project.clone(),
            root: self.settings.root.clone(),
        };
        // Before it answers: a command that is interrupted now leaves an instance that the next one finds.
        self.paths.write_record(&record)?;
        loop {
            if answers_to(&record, ANSWER_TIMEOUT).await {
                break;
            }
            if let Some(status) = child
                .try_wait()
                .map_err(|source| run_failed(install, source))?
            {
                self.paths.remove_record()?;
                return Err(match status.code() {
                    Some(INSTALLATION_BROKEN) => Failure::BrokenInstall,
                    _ => Failure::Ended { status, log_start },
                });
            }
            if started.elapsed() > START_TIMEOUT {
                self.stop_process(SILENT_STOP_TIMEOUT).await?;
                return Err(Failure::Late { log_start });
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        progress(Progress::Started {
            port,
            took: started.elapsed(),
        });
        Ok(self.running(&record))
    }

    fn spawn(
        &self,
        port: u16,
        install: &Install,
        database: Option<&Database>,
    ) -> Result<Child, LocalError> {
        let log_path = self.paths.log();
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&log_path)
            .map_err(failed("open", &log_path))?;
        let errors = log.try_clone().map_err(failed("open", &log_path))?;
        let mut command = Command::new(install.python());
        // Isolated: no PYTHON* variables, nothing from the user's own packages. Its environment reaches the
        // functions, so it holds nothing of the caller's but the search path.
        command
            .args(["-I", "-X", "utf8"])
            .arg(install.launcher())
            .env_clear()
            .env("PATH", &self.settings.path)
            .env("LANG", "C.UTF-8")
            .env("HOME", self.paths.temporary())
            .env("TMPDIR", self.paths.temporary())
            .env("GATEWAY_PORT", port.to_string())
            .env("BIND_HOST", "127.0.0.1")
            .env("AWS_ENDPOINT_URL", endpoint(port))
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("MINISTACK_REGION", "us-east-1")
            .env("MINISTACK_ACCOUNT_ID", "000000000000")
            .env("IOT_MTLS_ENABLED", "0")
            .env("SFTP_ENABLED", "0")
            // The same with and without Docker on the machine.
            .env("DOCKER_HOST", "unix:///nonexistent")
            .env("STATE_DIR", self.paths.keys())
            .env("SHOPCTL_DATA", self.paths.data())
            .env("SHOPCTL_RECORD", self.paths.record())
            .current_dir(&self.paths.folder)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            // Ctrl-C on the command that started it must not end it.
            .process_group(0);
        if let Some(database) = database {
            let text = serde_json::to_string(database)
                .map_err(|error| failed("describe", &self.paths.database())(error.into()))?;
            command.env("SHOPCTL_DATABASE", text);
        }
        if self.settings.enforce_policies {
            command.env("AUTH", "true");
        }
        if let Some(zone) = std::env::var_os("TZ") {
            command.env("TZ", zone);
        }
        if self.settings.die_with_parent {
            command.env("SHOPCTL_DIE_WITH_PARENT", std::process::id().to_string());
        }
        command
            .spawn()
            .map_err(|source| run_failed(install, source))
    }

    /// The failure as the caller sees it.
    pub(crate) fn error(&self, failure: Failure) -> LocalError {
        let log_path = self.paths.log();
        let tail = |start| log_tail(&log_path, start, LOG_LINES);
        match failure {
            Failure::Ended { status, log_start } if status.code() == Some(STATE_UNREADABLE) => {
                LocalError::StateUnreadable {
                    log: tail(log_start),
                }
            }
            Failure::Ended { status, log_start } => LocalError::Died {
                status: status.to_string(),
                log: tail(log_start),
                log_path,
            },
            Failure::BrokenInstall => LocalError::Died {
                status: "broken installation".into(),
                log: tail(0),
                log_path,
            },
            Failure::Late { log_start } => LocalError::StartTimeout {
                seconds: START_TIMEOUT.as_secs(),
                log: tail(log_start),
                log_path,
            },
            Failure::Other(error) => error,
        }
    }
}

/// The database server, as the launcher is told to run it.
#[derive(Debug, Serialize)]
pub(crate) struct Database {
    port: u16,
    command: Vec<String>,
    libraries: String,
}

fn run_failed(install: &Install, source: std::io::Error) -> LocalError {
    LocalError::Run {
        program: install.python(),
        source,
    }
}

/// Why one attempt to start did not succeed.
pub(crate) enum Failure {
    Ended { status: ExitStatus, log_start: u64 },
    Late { log_start: u64 },
    BrokenInstall,
    Other(LocalError),
}

impl From<LocalError> for Failure {
    fn from(error: LocalError) -> Self {
        Self::Other(error)
    }
}

/// Wait for a port that nobody seems to hold: a killed process keeps its sockets for a moment after it is gone from
/// the process table. Whether it became free.
async fn freed(port: u16) -> bool {
    let deadline = Instant::now() + Duration::from_secs(2);
    while port::holder(port).is_none() && Instant::now() < deadline {
        if port::is_free(port) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    port::is_free(port)
}
