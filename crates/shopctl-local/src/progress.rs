//! What a start tells its caller while it runs. Data only; the caller words and shows it.

use std::path::PathBuf;
use std::time::Duration;

/// Takes progress as it happens.
pub type ProgressSink<'a> = &'a mut (dyn FnMut(Progress) + Send);

/// One step of bringing the local cloud up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// Another command is installing or starting it just now; this one waits for that.
    Waiting {
        /// The lock that the other one holds.
        lock: PathBuf,
    },
    /// The first use on this machine, or the first after an update of the tool.
    Installing(InstallStep),
    /// The packages are in place.
    Installed {
        /// How long it took.
        took: Duration,
    },
    /// The instance ended without being asked to; it is started again from its last saved state.
    Recovering {
        /// The process that ended.
        pid: u32,
        /// When the state that it comes back with was saved, in seconds since 1970; nothing was saved when absent.
        saved_at: Option<u64>,
    },
    /// The instance runs an older version of the local cloud and is restarted with this one; its state stays.
    Updating,
    /// Another program holds the port of the last time. Addresses in the saved state name the old one until the next
    /// deploy.
    Moved {
        /// The port of the last time.
        from: u16,
        /// The port it will serve.
        to: u16,
    },
    /// The process is being started.
    Starting {
        /// The port it will serve.
        port: u16,
    },
    /// It answers.
    Started {
        /// The port it serves.
        port: u16,
        /// How long the start took.
        took: Duration,
    },
}

/// One step of the installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InstallStep {
    /// A private Python environment is made.
    Environment,
    /// The packages are downloaded and installed.
    Packages,
    /// `uv` could not do it; once more with pip.
    PackagesWithPip,
    /// A MariaDB server is fetched.
    Database,
}
