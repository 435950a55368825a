//! The instance of one project: start, find, stop, save, reset.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::assets::install_name;
use crate::files::{lock, log_tail, remove_folder};
use crate::instance::{Paths, Record};
use crate::start::Failure;
use crate::{Folders, LocalError, Progress, ProgressSink, http, install, process};

/// The launcher waits up to 2 s for stacks to settle, then it saves: killed before that is done, the instance would
/// lose what happened since it was last saved.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);
/// For one that is replaced because it does not answer.
pub(crate) const SILENT_STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// What was killed has given back its files and ports before that.
const ENDING_TIMEOUT: Duration = Duration::from_secs(5);
/// Longer than a busy machine keeps an instance from answering: one that is taken for dead is killed.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
const SNAPSHOT_TIMEOUT: Duration = Duration::from_secs(60);

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
    /// Run a MariaDB server beside it, for the project's `AWS::RDS::DBInstance`s.
    pub database: bool,
    /// Let functions do what the policies of their roles allow, and nothing else. It counts from the next start on.
    pub enforce_policies: bool,
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
    /// The port of its MariaDB server on 127.0.0.1, when the project has databases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_port: Option<u16>,
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
    pub(crate) settings: Settings,
    pub(crate) paths: Paths,
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
        if let (Some(record), CloudStatus::Running(running)) = self.observe().await?
            && self.will_do(&record)?
        {
            return Ok(running);
        }
        let _lock = lock(&self.paths.lock(), progress).await?;
        let (record, status) = self.observe().await?;
        if let (Some(record), CloudStatus::Running(running)) = (&record, &status)
            && self.will_do(record)?
        {
            return Ok(running.clone());
        }
        let install =
            install::ensure(&self.settings.folders, &self.settings.path, progress).await?;
        match status {
            CloudStatus::Running(_) => {
                progress(Progress::Updating);
                self.stop_process(STOP_TIMEOUT).await?;
            }
            CloudStatus::Dead { pid, saved_at, .. } => {
                progress(Progress::Recovering { pid, saved_at });
                self.stop_process(SILENT_STOP_TIMEOUT).await?;
            }
            CloudStatus::Stopped => {}
        }
        self.end_leftovers().await;
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
        self.stop_process(STOP_TIMEOUT).await
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
        self.stop_process(STOP_TIMEOUT).await?;
        remove_folder(&self.paths.folder)
    }

    /// What the instance is doing.
    ///
    /// # Errors
    /// A file error.
    pub async fn status(&self) -> Result<CloudStatus, LocalError> {
        Ok(self.observe().await?.1)
    }

    /// The record and the status that it leads to.
    async fn observe(&self) -> Result<(Option<Record>, CloudStatus), LocalError> {
        let Some(record) = self.paths.read_record()? else {
            return Ok((None, CloudStatus::Stopped));
        };
        let runs = record.process.runs();
        if runs && answers(&record).await {
            let running = CloudStatus::Running(self.running(&record));
            return Ok((Some(record), running));
        }
        // It may be ending just now: a process closes its port before it is gone.
        let gone = !runs || record.process.wait_gone(Duration::from_millis(300)).await;
        if gone && !self.paths.record().exists() {
            return Ok((None, CloudStatus::Stopped)); // in good order: it removed its record last
        }
        let dead = CloudStatus::Dead {
            pid: record.process.pid,
            cause: if gone {
                DeathCause::Killed
            } else {
                DeathCause::Silent
            },
            saved_at: self.paths.saved_at(),
        };
        Ok((Some(record), dead))
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

    /// What outlived a launcher that was killed: functions, and the database server, which survives that by its log.
    async fn end_leftovers(&self) {
        process::kill_below(&self.paths.temporary()).await;
        process::kill_below(&self.paths.database()).await;
    }

    /// Whether the running instance is the one that these settings ask for; one of another version is replaced, and so
    /// is one without the database server that the project needs by now.
    fn will_do(&self, record: &Record) -> Result<bool, LocalError> {
        let lacks_database = self.settings.database && record.database_port.is_none();
        if record.install != install_name() || lacks_database {
            return Ok(false);
        }
        match self.settings.port {
            Some(requested) if requested != record.port => Err(LocalError::OtherPort {
                running: record.port,
                requested,
            }),
            _ => Ok(true),
        }
    }

    pub(crate) fn running(&self, record: &Record) -> Running {
        Running {
            pid: record.process.pid,
            port: record.port,
            endpoint: endpoint(record.port),
            database_port: record.database_port,
            version: record.version.clone(),
            started_at: record.started_at,
            folder: self.paths.folder.clone(),
        }
    }

    /// End the process, by force if it has not ended after `patience`.
    pub(crate) async fn stop_process(&self, patience: Duration) -> Result<bool, LocalError> {
        let Some(record) = self.paths.read_record()? else {
            return Ok(false);
        };
        let ran = record.process.terminate();
        if ran && !record.process.wait_gone(patience).await {
            record.process.kill();
            if !record.process.wait_gone(STOP_TIMEOUT).await {
                return Err(LocalError::WillNotStop {
                    pid: record.process.pid,
                });
            }
        }
        self.end_leftovers().await;
        record.process.wait_group_gone(ENDING_TIMEOUT).await;
        self.paths.remove_record()?;
        Ok(ran)
    }
}

/// Whether the recorded process answers on the recorded port; another server on that port does not count.
async fn answers(record: &Record) -> bool {
    answers_to(record, ANSWER_TIMEOUT).await
}

pub(crate) async fn answers_to(record: &Record, timeout: Duration) -> bool {
    matches!(
        http::call("GET", record.port, "/_shopctl/status", timeout).await,
        Ok((200, body)) if body["pid"].as_u64() == Some(u64::from(record.process.pid))
    )
}

pub(crate) fn endpoint(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

pub(crate) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |duration| duration.as_secs())
}
