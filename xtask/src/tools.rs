//! Runs commands, and installs the tools that tests need and a machine may lack.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The repository's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Where cargo puts final binaries.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Runs a command and shows its output; an error names it.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = line(command);
    eprintln!("$ {line}");
    let status = command
        .status()
        .with_context(|| format!("cannot run `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

fn line(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Whether a program answers.
fn answers(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Makes sure that a Debian package's program is there.
fn debian(program: &str, package: &str) -> Result<()> {
    if answers(program, &["--version"]) {
        return Ok(());
    }
    if !answers("apt-get", &["--version"]) {
        bail!("'{program}' is not installed; install it with your system's package manager");
    }
    run(Command::new("apt-get").args(["update", "-q"]))?;
    run(Command::new("apt-get")
        .args(["install", "-y", "-q", "--no-install-recommends", package])
        .env("DEBIAN_FRONTEND", "noninteractive"))
}

/// A Chromium for browser tests; `CHROMIUM` names another one.
pub(crate) fn chromium() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("CHROMIUM") {
        return Ok(path.into());
    }
    debian("chromium", "chromium")?;
    Ok("/usr/bin/chromium".into())
}

/// cargo-deny, compiled once a machine.
pub(crate) fn cargo_deny() -> Result<()> {
    if answers("cargo", &["deny", "--version"]) {
        return Ok(());
    }
    run(Command::new("cargo").args(["install", "--quiet", "--locked", "cargo-deny@0.20.2"]))
}

/// Whether cargo-nextest is there; without it the tests run under `cargo test`.
pub(crate) fn nextest() -> bool {
    answers("cargo", &["nextest", "--version"])
}

/// The site's packages, as its lock file says.
pub(crate) fn npm_packages() -> Result<()> {
    let lock = std::fs::read_to_string("frontend/package-lock.json")?;
    let marker = Path::new("frontend/node_modules/.xtask-lock");
    if std::fs::read_to_string(marker).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    run(npm().args(["ci", "--no-audit", "--no-fund"]))?;
    std::fs::write(marker, lock)?;
    Ok(())
}

/// npm in the site's folder.
pub(crate) fn npm() -> Command {
    let mut command = Command::new("npm");
    command.current_dir("frontend");
    command
}
