//! What can go wrong with the local cloud, and the command that mends it.

use std::io;
use std::path::PathBuf;

use crate::port::Holder;

/// A failure of the local cloud. `Display` says what is wrong, [`LocalError::hint`] what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalError {
    /// Neither `HOME` nor the XDG variables are set.
    #[error("no folder for the local cloud: neither {variable} nor HOME is set")]
    NoHome {
        /// The variable that would do.
        variable: &'static str,
    },
    /// There is no Python at all.
    #[error("no python found: the local cloud needs Python 3.10 or newer")]
    PythonMissing,
    /// There is Python, but none new enough.
    #[error("python is too old: {} is {version}, the local cloud needs 3.10 or newer", path.display())]
    PythonTooOld {
        /// The newest one found.
        path: PathBuf,
        /// Its version.
        version: String,
    },
    /// Python has no `venv` with pip, as on Debian before `python3-venv` is installed.
    #[error("{} cannot make virtual environments: its ensurepip module is missing", python.display())]
    VenvMissing {
        /// The Python that was tried.
        python: PathBuf,
    },
    /// Making the environment, or getting or installing the packages, failed.
    #[error("installation failed: {step}\n{output}")]
    Install {
        /// The command that failed and how it ended.
        step: String,
        /// The last lines that it wrote.
        output: String,
    },
    /// The port that was asked for is in use.
    #[error("port {port} is taken{}", holder.as_ref().map(|h| format!(" by {h}")).unwrap_or_default())]
    PortTaken {
        /// The port.
        port: u16,
        /// Who listens on it, where that can be found out.
        holder: Option<Holder>,
    },
    /// No free port was found.
    #[error("no free loopback port for the local cloud between {first} and {last}")]
    NoPort {
        /// The first one tried.
        first: u16,
        /// The last one tried.
        last: u16,
    },
    /// It runs already, on another port than the one asked for.
    #[error("the local cloud of this project runs on port {running} already, not on {requested}")]
    OtherPort {
        /// The port it serves.
        running: u16,
        /// The port asked for.
        requested: u16,
    },
    /// The process ended while it was starting.
    #[error("the local cloud ended while starting ({status})\n{log}")]
    Died {
        /// Its exit status.
        status: String,
        /// The last lines of its log.
        log: String,
        /// The whole log.
        log_path: PathBuf,
    },
    /// The process runs but did not answer in time.
    #[error("the local cloud did not answer within {seconds} s\n{log}")]
    StartTimeout {
        /// How long was waited.
        seconds: u64,
        /// The last lines of its log.
        log: String,
        /// The whole log.
        log_path: PathBuf,
    },
    /// The saved state cannot be restored.
    #[error("the saved state of the local cloud cannot be read\n{log}")]
    StateUnreadable {
        /// The last lines of its log.
        log: String,
    },
    /// The process did not end.
    #[error("the local cloud (process {pid}) does not end")]
    WillNotStop {
        /// The process.
        pid: u32,
    },
    /// It has to run for this, and does not.
    #[error("the local cloud is not running")]
    NotRunning,
    /// A stack is changing, so no consistent state could be saved.
    #[error("the state was not saved: {detail}")]
    Busy {
        /// The stacks that are changing.
        detail: String,
    },
    /// Saving the state failed.
    #[error("the state could not be saved: {detail}")]
    Snapshot {
        /// What the local cloud said.
        detail: String,
    },
    /// There is no MariaDB server, and none can be fetched.
    #[error(
        "no MariaDB server for the project's databases: mariadbd is not on the PATH, and its packages cannot be fetched: {reason}"
    )]
    DatabaseMissing {
        /// Why not.
        reason: String,
    },
    /// The MariaDB server does not do what it has to.
    #[error("{problem}\n{log}")]
    Database {
        /// What went wrong.
        problem: String,
        /// What it wrote.
        log: String,
    },
    /// A file operation failed.
    #[error("cannot {action} {}", path.display())]
    File {
        /// What was tried: `read`, `write`, `lock`...
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A program could not be run.
    #[error("cannot run {}", program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl LocalError {
    /// The next thing to do, where there is one.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoHome { variable } => format!("set {variable} to a folder of yours"),
            Self::PythonMissing | Self::PythonTooOld { .. } => {
                "install Python: apt-get install python3 python3-venv (or https://www.python.org/downloads/)".into()
            }
            Self::VenvMissing { .. } => "apt-get install python3-venv".into(),
            Self::Install { .. } => {
                "look at the network and the free disk space (shopctl doctor), then run the command again".into()
            }
            Self::PortTaken { .. } => "end that program or ask for another port, then run the command again".into(),
            Self::NoPort { .. } => "ask for a free port: shopctl local start --port PORT".into(),
            Self::OtherPort { .. } => "shopctl local stop, then start it with the other port".into(),
            Self::Died { log_path, .. } | Self::StartTimeout { log_path, .. } => {
                format!("the whole log is {}; shopctl doctor checks what it needs", log_path.display())
            }
            Self::StateUnreadable { .. } => "shopctl local reset starts afresh; deploy again after it".into(),
            Self::WillNotStop { pid } => format!("kill -9 {pid}"),
            Self::NotRunning => "shopctl local start".into(),
            Self::Busy { .. } => "wait until no stack is changing, then run the command again".into(),
            Self::Snapshot { .. } => "shopctl local logs".into(),
            Self::DatabaseMissing { .. } => {
                "sudo apt-get install mariadb-server-core (or brew install mariadb), then run the command again".into()
            }
            Self::Database { .. } => "shopctl doctor checks what it needs".into(),
            Self::File { .. } | Self::Run { .. } => return None,
        })
    }
}
