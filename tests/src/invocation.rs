//! One call of the binary, in an environment that is the same on every machine.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::{Output, Process, shopctl};

/// Longer than anything takes on a busy machine but compiling a shop from nothing: only what hangs
/// meets it.
const LIMIT: Duration = Duration::from_secs(600);

/// Variables that would make a test depend on who runs it.
const FOREIGN: &[&str] = &[
    "CI",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "COLUMNS",
    "GITHUB_ACTIONS",
    "GITHUB_STEP_SUMMARY",
    "LC_ALL",
    "LC_CTYPE",
    "NO_COLOR",
    "RUST_BACKTRACE",
    "RUST_LOG",
    "TERM",
];

/// A call of `shopctl` that is being put together.
#[derive(Debug)]
pub struct Invocation {
    command: Command,
    stdout: Stdio,
    stderr: Stdio,
    limit: Duration,
}

impl Invocation {
    /// A call in `folder`, with no credentials and nothing of the caller's settings.
    pub fn new<S: AsRef<OsStr>>(folder: &Path, arguments: &[S]) -> Self {
        let mut command = Command::new(shopctl());
        command
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            let foreign = FOREIGN.contains(&&*text)
                || text.starts_with("AWS_") && text != "AWS_CA_BUNDLE"
                || text.starts_with("SHOPCTL_");
            if foreign {
                command.env_remove(&name);
            }
        }
        command
            .env("LANG", "C.UTF-8")
            .env("AWS_CONFIG_FILE", "/nonexistent")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            // Final binaries belong to the project that is built.
            .env_remove("CARGO_TARGET_DIR")
            .env_remove("CARGO_BUILD_BUILD_DIR");
        Self {
            command,
            stdout: Stdio::piped(),
            stderr: Stdio::piped(),
            limit: LIMIT,
        }
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Unsets a variable.
    #[must_use]
    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Connects standard output to something else than the test.
    #[must_use]
    pub fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.stdout = stdout.into();
        self
    }

    /// Connects standard error to something else than the test.
    #[must_use]
    pub fn stderr(mut self, stderr: impl Into<Stdio>) -> Self {
        self.stderr = stderr.into();
        self
    }

    /// Kills it and fails the test after this time, instead of two minutes.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Starts it.
    pub fn start(mut self) -> Process {
        self.command.stdout(self.stdout).stderr(self.stderr);
        Process::spawn(self.command, self.limit)
    }

    /// Runs it to its end.
    #[track_caller]
    pub fn run(self) -> Output {
        self.start().wait()
    }
}
