//! Python programs with pinned packages, each in a private environment in the user's cache:
//! installed once, shared by all projects. Which program and what it is for is the caller's.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use sha2::{Digest, Sha256};

use crate::files::{failed, lock, remove_folder};
use crate::install::make_environment;
use crate::python;
use crate::{Folders, LocalError, Progress, ProgressSink};

const MARKER: &str = "installed";

/// The interpreter of the environment that holds exactly the packages of `requirements`, a list
/// with hashes; makes the environment if it is not there.
///
/// # Errors
/// [`LocalError`] when there is no fitting Python or the packages cannot be installed.
pub async fn python_tool(
    folders: &Folders,
    name: &str,
    requirements: &str,
    path: &OsStr,
    progress: ProgressSink<'_>,
) -> Result<PathBuf, LocalError> {
    let digest = hex::encode(Sha256::digest(requirements));
    let tools = folders.tools();
    let folder = tools.join(format!("{name}-{}", &digest[..12]));
    if let Some(python) = whole(&folder) {
        return Ok(python);
    }
    let system = python::find(path)?;
    let uv = python::find_program("uv", path);
    if uv.is_none() && !system.has_venv {
        return Err(LocalError::VenvMissing {
            python: system.path,
        });
    }
    let _lock = lock(&tools.join("install.lock"), progress).await?;
    if let Some(python) = whole(&folder) {
        return Ok(python); // another command made it meanwhile
    }
    let started = Instant::now();
    let staging = tempfile::Builder::new()
        .prefix(".installing-")
        .tempdir_in(&tools)
        .map_err(failed("create a folder in", &tools))?;
    let list = staging.path().join("requirements.txt");
    fs::write(&list, requirements).map_err(failed("write", &list))?;
    make_environment(staging.path(), &system, uv.as_deref(), path, progress).await?;
    let marker = staging.path().join(MARKER);
    fs::write(&marker, &system.version).map_err(failed("write", &marker))?;
    remove_folder(&folder)?; // a broken one
    fs::rename(staging.path(), &folder).map_err(failed("move the installation to", &folder))?;
    progress(Progress::Installed {
        took: started.elapsed(),
    });
    Ok(interpreter(&folder))
}

/// The interpreter, if the environment is there and its Python still is.
fn whole(folder: &Path) -> Option<PathBuf> {
    let python = interpreter(folder);
    (folder.join(MARKER).is_file() && python.exists()).then_some(python)
}

fn interpreter(folder: &Path) -> PathBuf {
    folder.join("venv").join("bin").join("python")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A Python that notes what it is asked to do and makes "environments".
    const PYTHON: &str = r#"#!/bin/sh
echo "$@" >> "${0%/*}/calls"
case "$*" in
  *-c*) printf '3.12.1\n%s\nTrue\n' "$0" ;;
  *venv*) for last; do :; done; mkdir -p "$last/bin"; cp "$0" "$last/bin/python" ;;
  *fail*) exit 1 ;;
esac
"#;

    #[tokio::test]
    async fn an_environment_is_made_once_for_a_list_of_packages() {
        let home = tempfile::tempdir().unwrap();
        let bin = home.path().join("bin");
        fs::create_dir(&bin).unwrap();
        let program = bin.join("python3");
        fs::write(&program, PYTHON).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let folders = Folders::below(home.path());
        let path = format!("{}:/usr/bin:/bin", bin.display());
        let ensure = async |list: &str| {
            let mut steps = 0;
            let python = python_tool(&folders, "lint", list, path.as_ref(), &mut |_| steps += 1)
                .await
                .unwrap();
            (python, steps)
        };
        let (first, steps) = ensure("a==1").await;
        assert!(first.is_file() && steps > 0);
        assert_eq!(ensure("a==1").await, (first.clone(), 0), "it is there");
        let (second, _) = ensure("a==2").await;
        assert_ne!(first, second, "other packages, other environment");

        fs::remove_file(&first).unwrap();
        let (again, steps) = ensure("a==1").await;
        assert!(again.is_file() && steps > 0, "a broken one is made anew");
        let left = fs::read_dir(folders.tools()).unwrap().flatten();
        let left = left.filter(|e| e.file_name().to_string_lossy().starts_with(".inst"));
        assert_eq!(left.count(), 0, "nothing half done is left");
    }
}
