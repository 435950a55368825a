//! Finds programs on a given search path, and a Python that can run the local cloud. Installs nothing.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::LocalError;

/// The oldest Python that MiniStack runs on.
pub const OLDEST: (u32, u32) = (3, 10);

/// The names to look for. The plain one first: it is the one that its owner chose.
const NAMES: [&str; 7] = [
    "python3",
    "python3.14",
    "python3.13",
    "python3.12",
    "python3.11",
    "python3.10",
    "python",
];

/// A Python interpreter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Python {
    /// The interpreter itself, behind version managers' shims.
    pub path: PathBuf,
    /// For instance `3.11.2`.
    pub version: String,
    /// It can make virtual environments with pip in them.
    pub has_venv: bool,
    new_enough: bool,
}

/// The first executable file `name` on `path`.
pub fn find_program(name: &str, path: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata()
        .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// Run a program that only reports something.
pub fn output(program: &Path, arguments: &[&str], path: &OsStr) -> io::Result<Output> {
    Command::new(program)
        .args(arguments)
        .env("PATH", path)
        .stdin(Stdio::null())
        .output()
}

/// The first Python on `path` that is new enough; it need not have `venv`.
///
/// # Errors
/// [`LocalError::PythonMissing`] or [`LocalError::PythonTooOld`], naming the newest one there is.
pub fn find(path: &OsStr) -> Result<Python, LocalError> {
    let mut old: Option<Python> = None;
    let mut without_venv: Option<Python> = None;
    for program in NAMES.iter().filter_map(|name| find_program(name, path)) {
        let Some(python) = inspect(&program, path) else {
            continue;
        };
        if !python.new_enough {
            old = old.or(Some(python));
        } else if python.has_venv {
            return Ok(python);
        } else {
            without_venv = without_venv.or(Some(python));
        }
    }
    match (without_venv, old) {
        (Some(python), _) => Ok(python),
        (None, Some(python)) => Err(LocalError::PythonTooOld {
            path: python.path,
            version: python.version,
        }),
        (None, None) => Err(LocalError::PythonMissing),
    }
}

/// Ask an interpreter what it is. None when it does not run, as a shim without a version behind it.
fn inspect(program: &Path, path: &OsStr) -> Option<Python> {
    const QUESTION: &str = "import importlib.util as u, sys
print('%d.%d.%d' % sys.version_info[:3])
print(sys.executable)
print(bool(u.find_spec('venv') and u.find_spec('ensurepip')) and sys.implementation.name == 'cpython')";
    let answer = output(program, &["-I", "-c", QUESTION], path)
        .ok()
        .filter(|output| output.status.success())?;
    parse(&String::from_utf8_lossy(&answer.stdout))
}

fn parse(answer: &str) -> Option<Python> {
    let mut lines = answer.lines();
    let (version, path, has_venv) = (lines.next()?, lines.next()?, lines.next()? == "True");
    let mut numbers = version.split('.').map(str::parse::<u32>);
    let (major, minor) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    Some(Python {
        path: PathBuf::from(OsString::from(path)),
        version: version.to_owned(),
        has_venv,
        new_enough: (major, minor) >= OLDEST,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A folder with pretended interpreters.
    fn interpreters(scripts: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, script) in scripts {
            let file = folder.path().join(name);
            fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        }
        folder
    }

    const OLD: &str = "printf '3.9.2\\n/old/python3\\nTrue\\n'";
    const NEW: &str = "printf '3.12.1\\n/new/python3\\nTrue\\n'";
    const NO_VENV: &str = "printf '3.11.2\\n/debian/python3\\nFalse\\n'";
    const BROKEN_SHIM: &str = "echo 'no version is set' >&2; exit 126";

    fn found(scripts: &[(&str, &str)]) -> String {
        match find(interpreters(scripts).path().as_os_str()) {
            Ok(python) => format!(
                "{} {} venv={}",
                python.path.display(),
                python.version,
                python.has_venv
            ),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_first_python_that_will_do_is_taken() {
        assert_eq!(
            found(&[("python3", NEW)]),
            "/new/python3 3.12.1 venv=True".replace("True", "true")
        );
        assert_eq!(
            found(&[("python3", OLD), ("python3.12", NEW)]),
            "/new/python3 3.12.1 venv=true"
        );
        assert_eq!(
            found(&[("python3", NO_VENV), ("python3.12", NEW)]),
            "/new/python3 3.12.1 venv=true"
        );
        assert_eq!(
            found(&[("python3", NO_VENV)]),
            "/debian/python3 3.11.2 venv=false"
        );
        assert_eq!(
            found(&[("python3", BROKEN_SHIM), ("python", NEW)]),
            "/new/python3 3.12.1 venv=true"
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(
            found(&[]),
            "no python found: the local cloud needs Python 3.10 or newer"
        );
        assert_eq!(
            found(&[("python3", BROKEN_SHIM)]),
            "no python found: the local cloud needs Python 3.10 or newer"
        );
        assert_eq!(
            found(&[("python3", OLD)]),
            "python is too old: /old/python3 is 3.9.2, the local cloud needs 3.10 or newer"
        );
    }
}
