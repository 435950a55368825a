//! The instance of one project: start, find, stop, save, reset.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use tokio::process::{Child, Command};

use crate::assets::{MINISTACK_VERSION, install_name};
use crate::files::{create_folder, failed, lock, log_tail, remove_folder};
use crate::install::{self, Install};
use crate::instance::{Paths, Record};
use crate::process::{self, ProcessId};
use crate::{Folders, LocalError, Progress, ProgressSink, http, port};

const START_TIMEOUT: Duration = Duration::from_secs(60);
/// The launcher waits up to 2 s for stacks to settle before it saves.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
const SNAPSHOT_TIMEOUT: Duration = Duration::from_secs(60);
const LOG_LINES: usize = 15;
const LOG_BYTES: u64 = 10 * 1024 * 1024;

// The launcher's exit codes.
const STATE_UNREADABLE: i32 = 3;
const INSTALLATION_BROKEN: i32 = 4;

/// Which instance, and what it may use.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The project's name.
    pub project: String,
    /// The project's folder; another checkout is another instance.
    pub root: PathBuf,
    /// Where installations and instances lie.
    pub folders: Folders,
    /// The port to serve, when a certain one is wanted.
    pub port: Option<u16>,
    /// Where programs are looked for.
    pub path: OsString,
    /// End the instance when this process ends. For tests.
    pub die_with_parent: bool,
}

/// A running instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Running {
    /// Its process.
    pub pid: u32,
    /// The port it serves on 127.0.0.1.
    pub port: u16,
    /// What an SDK is pointed at.
    pub endpoint: String,
    /// The version of MiniStack.
    pub version: String,
    /// When it was started, in seconds since 1970.
    pub started_at: u64,
    /// Its folder.
    pub folder: PathBuf,
}

impl Running {
    /// How long it has been running.
    #[must_use]
    pub fn uptime(&self) -> Duration {
        Duration::from_secs(now().saturating_sub(self.started_at))
    }
}

/// What is known about an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloudStatus {
    /// It serves.
    Running(Running),
    /// It was stopped, or never started.
    Stopped,
    /// It should be running and does not serve; [`LocalCloud::ensure_running`] starts it again.
    Dead {
        /// The process.
        pid: u32,
        /// What became of it.
        cause: DeathCause,
        /// When the state that it will come back with was saved, in seconds since 1970.
        saved_at: Option<u64>,
    },
}

/// Why an instance does not serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeathCause {
    /// The process is gone without having been stopped.
    Killed,
    /// The process is there and does not answer.
    Silent,
}

/// The local cloud of one project.
#[derive(Debug, Clone)]
pub struct LocalCloud {
    settings: Settings,
    paths: Paths,
}

impl LocalCloud {
    /// The instance for these settings. Nothing is touched yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let paths = Paths::new(
            &settings.folders.instances,
            &settings.project,
            &settings.root,
        );
        Self { settings, paths }
    }

    /// The file that the instance logs to; it is kept until a reset.
    #[must_use]
    pub fn log_path(&self) -> PathBuf {
        self.paths.log()
    }

    /// The last lines of the log.
    #[must_use]
    pub fn log_tail(&self, lines: usize) -> String {
        log_tail(&self.paths.log(), 0, lines)
    }

    /// The folder with the instance's data.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        &self.paths.folder
    }

    /// The installation that a start would use, if there is one already.
    #[must_use]
    pub fn installed(&self) -> Option<PathBuf> {
        install::find(&self.settings.folders).map(|install| install.folder)
    }

    /// Find the running instance, or install and start it. What was killed is started again from its saved state.
    ///
    /// # Errors
    /// Any [`LocalError`] but [`LocalError::Busy`], [`LocalError::NotRunning`] and [`LocalError::Snapshot`].
    pub async fn ensure_running(&self, progress: ProgressSink<'_>) -> Result<Running, LocalError> {
        // Without the lock first, so that a command beside a long start or stop elsewhere does not wait for nothing.
        if let Some(running) = self.usable().await? {
            return Ok(running);
        }
        let _lock = lock(&self.paths.lock(), progress).await?;
        if let Some(running) = self.usable().await? {
            return Ok(running);
        }
        let install =
            install::ensure(&self.settings.folders, &self.settings.path, progress).await?;
        match self.status().await? {
            CloudStatus::Running(_) => {
                progress(Progress::Updating);
                self.stop_process().await?;
            }
            CloudStatus::Dead { pid, saved_at, .. } => {
                progress(Progress::Recovering { pid, saved_at });
                self.stop_process().await?;
            }
            CloudStatus::Stopped => {}
        }
        process::kill_below(&self.paths.temporary()).await;
        match self.start(&install, progress).await {
            Err(Failure::BrokenInstall) => {
                install.condemn()?;
                let install =
                    install::ensure(&self.settings.folders, &self.settings.path, progress).await?;
                self.start(&install, progress)
                    .await
                    .map_err(|failure| self.error(failure))
            }
            result => result.map_err(|failure| self.error(failure)),
        }
    }

    /// Stop the instance; its state is saved. Tells whether it ran.
    ///
    /// # Errors
    /// [`LocalError::WillNotStop`] or a file error.
    pub async fn stop(&self, progress: ProgressSink<'_>) -> Result<bool, LocalError> {
        if !self.paths.folder.exists() {
            return Ok(false);
        }
        let _lock = lock(&self.paths.lock(), progress).await?;
        self.stop_process().await
    }

    /// Stop the instance and delete all it holds. The next start begins afresh, on the same port.
    ///
    /// # Errors
    /// [`LocalError::WillNotStop`] or a file error.
    pub async fn reset(&self, progress: ProgressSink<'_>) -> Result<(), LocalError> {
        if !self.paths.folder.exists() {
            return Ok(());
        }
        let _lock = lock(&self.paths.lock(), progress).await?;
        // What it would save is to be deleted.
        if let Some(record) = self.paths.read_record()? {
            record.process.kill();
        }
        self.stop_process().await?;
        remove_folder(&self.paths.folder)
    }

    /// What the instance is doing.
    ///
    /// # Errors
    /// A file error.
    pub async fn status(&self) -> Result<CloudStatus, LocalError> {
        let Some(record) = self.paths.read_record()? else {
            return Ok(CloudStatus::Stopped);
        };
        let dead = |cause| CloudStatus::Dead {
            pid: record.process.pid,
            cause,
            saved_at: self.paths.saved_at(),
        };
        if !record.process.runs() {
            return Ok(dead(DeathCause::Killed));
        }
        if !answers(&record).await {
            // It may be ending just now: a process closes its port before it is gone.
            let gone = record.process.wait_gone(Duration::from_millis(300)).await;
            let cause = if gone {
                DeathCause::Killed
            } else {
                DeathCause::Silent
            };
            return Ok(if self.paths.record().exists() {
                dead(cause)
            } else {
                CloudStatus::Stopped
            });
        }
        Ok(CloudStatus::Running(self.running(&record)))
    }

    /// Save the whole state now, so that a kill loses nothing of what was done before. Tells whether it differed
    /// from what was saved already. To be called after each deploy.
    ///
    /// # Errors
    /// [`LocalError::NotRunning`], [`LocalError::Busy`] while a stack is changing, [`LocalError::Snapshot`].
    pub async fn snapshot(&self) -> Result<bool, LocalError> {
        let record = self
            .paths
            .read_record()?
            .filter(|record| record.process.runs())
            .ok_or(LocalError::NotRunning)?;
        let (status, body) =
            http::call("POST", record.port, "/_shopctl/snapshot", SNAPSHOT_TIMEOUT)
                .await
                .map_err(|error| LocalError::Snapshot {
                    detail: error.to_string(),
                })?;
        let detail = || {
            body["error"]
                .as_str()
                .unwrap_or("no reason given")
                .to_owned()
        };
        match status {
            200 => Ok(body["written"].as_bool().unwrap_or_default()),
            409 => Err(LocalError::Busy { detail: detail() }),
            _ => Err(LocalError::Snapshot { detail: detail() }),
        }
    }

    /// The running instance, if it is the one that these settings ask for.
    async fn usable(&self) -> Result<Option<Running>, LocalError> {
        let Some(record) = self.paths.read_record()? else {
            return Ok(None);
        };
        if record.install != install_name() || !record.process.runs() || !answers(&record).await {
            return Ok(None);
        }
        match self.settings.port {
            Some(requested) if requested != record.port => Err(LocalError::OtherPort {
                running: record.port,
                requested,
            }),
            _ => Ok(Some(self.running(&record))),
        }
    }

    fn running(&self, record: &Record) -> Running {
        Running {
            pid: record.process.pid,
            port: record.port,
            endpoint: endpoint(record.port),
            version: record.version.clone(),
            started_at: record.started_at,
            folder: self.paths.folder.clone(),
        }
    }

    async fn stop_process(&self) -> Result<bool, LocalError> {
        let Some(record) = self.paths.read_record()? else {
            return Ok(false);
        };
        let ran = record.process.terminate();
        if ran && !record.process.wait_gone(STOP_TIMEOUT).await {
            record.process.kill();
            if !record.process.wait_gone(STOP_TIMEOUT).await {
                return Err(LocalError::WillNotStop {
                    pid: record.process.pid,
                });
            }
        }
        process::kill_below(&self.paths.temporary()).await;
        self.paths.remove_record()?;
        Ok(ran)
    }

    async fn start(
        &self,
        install: &Install,
        progress: ProgressSink<'_>,
    ) -> Result<Running, Failure> {
        let (port, may_change) = self.choose_port(progress).await?;
        self.prepare_folder()?;
        match self.start_on(port, install, progress).await {
            // Somebody took it between the look and the start.
            Err(Failure::Ended { .. }) if may_change && !port::is_free(port) => {
                let (port, _) = self.choose_port(progress).await?;
                self.start_on(port, install, progress).await
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
        progress: ProgressSink<'_>,
    ) -> Result<Running, Failure> {
        progress(Progress::Starting { port });
        let started = Instant::now();
        let log_path = self.paths.log();
        let log_start = fs::metadata(&log_path).map_or(0, |data| data.len());
        let mut child = self.spawn(port, install)?;
        let Some(process) = child.id().and_then(ProcessId::of) else {
            let status = child
                .wait()
                .await
                .map_err(|source| self.run_failed(install, source))?;
            return Err(Failure::Ended { status, log_start });
        };
        let record = Record {
            process,
            port,
            started_at: now(),
            version: MINISTACK_VERSION.into(),
            install: install_name(),
            project: self.settings.project.clone(),
            root: self.settings.root.clone(),
        };
        // Before it answers: a command that is interrupted now leaves an instance that the next one finds.
        self.paths.write_record(&record)?;
        loop {
            if answers_to(&record, Duration::from_millis(500)).await {
                break;
            }
            if let Some(status) = child
                .try_wait()
                .map_err(|source| self.run_failed(install, source))?
            {
                self.paths.remove_record()?;
                return Err(match status.code() {
                    Some(INSTALLATION_BROKEN) => Failure::BrokenInstall,
                    _ => Failure::Ended { status, log_start },
                });
            }
            if started.elapsed() > START_TIMEOUT {
                self.stop_process().await?;
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

    fn spawn(&self, port: u16, install: &Install) -> Result<Child, LocalError> {
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
        if let Some(zone) = std::env::var_os("TZ") {
            command.env("TZ", zone);
        }
        if self.settings.die_with_parent {
            command.env("SHOPCTL_DIE_WITH_PARENT", std::process::id().to_string());
        }
        command
            .spawn()
            .map_err(|source| self.run_failed(install, source))
    }

    #[expect(clippy::unused_self, reason = "reads as the others do")]
    fn run_failed(&self, install: &Install, source: std::io::Error) -> LocalError {
        LocalError::Run {
            program: install.python(),
            source,
        }
    }

    fn error(&self, failure: Failure) -> LocalError {
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

/// Why one attempt to start did not succeed.
enum Failure {
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

/// Whether the recorded process answers on the recorded port; another server on that port does not count.
async fn answers(record: &Record) -> bool {
    answers_to(record, ANSWER_TIMEOUT).await
}

async fn answers_to(record: &Record, timeout: Duration) -> bool {
    matches!(
        http::call("GET", record.port, "/_shopctl/status", timeout).await,
        Ok((200, body)) if body["pid"].as_u64() == Some(u64::from(record.process.pid))
    )
}

fn endpoint(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |duration| duration.as_secs())
}
