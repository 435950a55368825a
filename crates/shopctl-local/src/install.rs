//! The installation: a private Python environment with pinned packages, shared by all projects of the user.
//!
//! It is made in a temporary folder beside its place, marked as finished and moved there by one rename, all under a
//! lock: an interrupted installation leaves nothing that a later one could take for whole.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime};

use tokio::process::Command;

use crate::assets::{LAUNCHER, REQUIREMENTS, install_name};
use crate::files::{create_folder, failed, last_lines, lock, remove_file, remove_folder};
use crate::python::{self, Python};
use crate::{Folders, InstallStep, LocalError, Progress, ProgressSink};

const MARKER: &str = "installed";
const STAGING: &str = ".installing-";
/// What a failed command wrote is shown up to this many lines.
const SHOWN_LINES: usize = 12;

/// A finished installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Install {
    /// Its folder.
    pub folder: PathBuf,
}

impl Install {
    /// The interpreter of its environment.
    pub fn python(&self) -> PathBuf {
        self.folder.join("venv").join("bin").join("python")
    }

    /// The launcher's main file.
    pub fn launcher(&self) -> PathBuf {
        self.folder.join(LAUNCHER[0].0)
    }

    /// Keep it from counting as unused.
    fn mark_used(&self) {
        // Best effort: at worst it is made anew some day.
        let _ = fs::File::options()
            .append(true)
            .open(self.folder.join(MARKER))
            .and_then(|marker| marker.set_modified(SystemTime::now()));
    }

    /// Declare it broken, so that the next [`ensure`] makes it anew.
    pub fn condemn(&self) -> Result<(), LocalError> {
        remove_file(&self.folder.join(MARKER))
    }
}

/// The installation for this version of the tool, if it is there and whole.
pub fn find(folders: &Folders) -> Option<Install> {
    let install = Install {
        folder: folders.installs.join(install_name()),
    };
    // `python` is a link to the system's interpreter, which may have been removed since.
    let whole = install.folder.join(MARKER).is_file()
        && install.python().exists()
        && LAUNCHER
            .iter()
            .all(|(name, _)| install.folder.join(name).is_file());
    whole.then_some(install)
}

/// Find the installation, or make it.
pub async fn ensure(
    folders: &Folders,
    path: &OsStr,
    progress: ProgressSink<'_>,
) -> Result<Install, LocalError> {
    if let Some(install) = find(folders) {
        install.mark_used();
        return Ok(install);
    }
    // Before anything is created: the commonest fault, and the one that waiting does not mend.
    let python = python::find(path)?;
    let uv = python::find_program("uv", path);
    if uv.is_none() && !python.has_venv {
        return Err(LocalError::VenvMissing {
            python: python.path,
        });
    }
    let _lock = lock(&folders.installs.join("install.lock"), progress).await?;
    if let Some(install) = find(folders) {
        return Ok(install); // another command made it meanwhile
    }
    remove_leftovers(&folders.installs)?;
    remove_unused(&folders.installs);
    let started = Instant::now();
    let staging = tempfile::Builder::new()
        .prefix(STAGING)
        .tempdir_in(&folders.installs)
        .map_err(failed("create a folder in", &folders.installs))?;
    write_files(staging.path())?;
    make_environment(staging.path(), &python, uv.as_deref(), path, progress).await?;
    let marker = staging.path().join(MARKER);
    fs::write(&marker, format!("python {}\n", python.version)).map_err(failed("write", &marker))?;

    let install = Install {
        folder: folders.installs.join(install_name()),
    };
    remove_folder(&install.folder)?; // a broken one
    fs::rename(staging.path(), &install.folder)
        .map_err(failed("move the installation to", &install.folder))?;
    progress(Progress::Installed {
        took: started.elapsed(),
    });
    Ok(install)
}

/// What killed installations left behind. Only under the lock.
fn remove_leftovers(folder: &Path) -> Result<(), LocalError> {
    for entry in fs::read_dir(folder)
        .map_err(failed("read", folder))?
        .flatten()
    {
        if entry.file_name().to_string_lossy().starts_with(STAGING) {
            remove_folder(&entry.path())?;
        }
    }
    Ok(())
}

/// Installations of other versions of the tool that no start has used for weeks. Only under the lock.
fn remove_unused(folder: &Path) {
    const UNUSED: Duration = Duration::from_secs(14 * 24 * 60 * 60);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let used = fs::metadata(entry.path().join(MARKER)).and_then(|marker| marker.modified());
        if used.is_ok_and(|used| used.elapsed().is_ok_and(|age| age > UNUSED)) {
            // Best effort: it is only about space.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn write_files(folder: &Path) -> Result<(), LocalError> {
    create_folder(folder)?;
    for (name, text) in LAUNCHER.iter().chain(&[("requirements.txt", REQUIREMENTS)]) {
        let file = folder.join(name);
        fs::write(&file, text).map_err(failed("write", &file))?;
    }
    Ok(())
}

/// A virtual environment `venv` in `folder` with the packages of its `requirements.txt`.
pub(crate) async fn make_environment(
    folder: &Path,
    python: &Python,
    uv: Option<&Path>,
    path: &OsStr,
    progress: ProgressSink<'_>,
) -> Result<(), LocalError> {
    let venv = folder.join("venv");
    let requirements = folder.join("requirements.txt");
    let run = Runner {
        path: path.to_owned(),
    };
    progress(Progress::Installing(InstallStep::Environment));
    if let Some(uv) = uv {
        let with_uv = async {
            let venv_python = venv.join("bin").join("python");
            run.run(
                uv,
                "uv venv",
                &[
                    "venv".as_ref(),
                    "--python".as_ref(),
                    python.path.as_ref(),
                    venv.as_ref(),
                ],
            )
            .await?;
            progress(Progress::Installing(InstallStep::Packages));
            let mut arguments: Vec<&OsStr> =
                vec!["pip".as_ref(), "install".as_ref(), "--python".as_ref()];
            arguments.extend([venv_python.as_os_str(), "--compile-bytecode".as_ref()]);
            arguments.extend(HASHED.map(OsStr::new));
            arguments.push(requirements.as_os_str());
            run.run(uv, "uv pip install", &arguments).await
        };
        match with_uv.await {
            Ok(()) => return Ok(()),
            Err(error) if !python.has_venv => return Err(error),
            // uv does not read pip's settings (proxies, certificates, an index of one's own).
            Err(_) => {
                remove_folder(&venv)?;
                progress(Progress::Installing(InstallStep::PackagesWithPip));
            }
        }
    }
    run.run(
        &python.path,
        "python -m venv",
        &["-I".as_ref(), "-m".as_ref(), "venv".as_ref(), venv.as_ref()],
    )
    .await?;
    if uv.is_none() {
        progress(Progress::Installing(InstallStep::Packages));
    }
    let mut arguments: Vec<&OsStr> = ["-I", "-m", "pip", "install", "--no-input"]
        .map(OsStr::new)
        .to_vec();
    arguments.push("--disable-pip-version-check".as_ref());
    arguments.extend(HASHED.map(OsStr::new));
    arguments.push(requirements.as_os_str());
    run.run(&venv.join("bin").join("python"), "pip install", &arguments)
        .await
}

/// Nothing but the pinned wheels: no build of a source package runs on this machine.
const HASHED: [&str; 4] = ["--require-hashes", "--only-binary", ":all:", "-r"];

/// Runs programs that install something.
pub(crate) struct Runner {
    pub(crate) path: OsString,
}

impl Runner {
    pub(crate) async fn run(
        &self,
        program: &Path,
        name: &str,
        arguments: &[&OsStr],
    ) -> Result<(), LocalError> {
        let output = Command::new(program)
            .args(arguments)
            .env("PATH", &self.path)
            .env("UV_PYTHON_DOWNLOADS", "never")
            // Settings of another environment would lead the packages there.
            .env_remove("VIRTUAL_ENV")
            .env_remove("PYTHONHOME")
            .env_remove("PYTHONPATH")
            .env_remove("PIP_TARGET")
            .env_remove("PIP_PREFIX")
            .env_remove("PIP_USER")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(|source| LocalError::Run {
                program: program.to_owned(),
                source,
            })?;
        if output.status.success() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        Err(LocalError::Install {
            step: format!("{name} ended with {}", output.status),
            output: last_lines(&text, SHOWN_LINES),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn only_what_has_long_been_unused_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let install = |name: &str, days: u64| {
            let install = Install {
                folder: folder.path().join(name),
            };
            fs::create_dir_all(&install.folder).unwrap();
            let marker = fs::File::create(install.folder.join(MARKER)).unwrap();
            marker
                .set_modified(SystemTime::now() - Duration::from_secs(days * 86400))
                .unwrap();
            install
        };
        let (old, recent, revived) = (
            install("old", 20),
            install("recent", 3),
            install("revived", 20),
        );
        revived.mark_used();
        remove_unused(folder.path());
        let there = |install: &Install| install.folder.exists();
        assert!(!there(&old) && there(&recent) && there(&revived));
    }
}
