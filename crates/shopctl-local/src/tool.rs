//! Programs of others, pinned, in the user's cache: installed once, shared by all projects. Python
//! programs get a private environment each, others are taken out of a package of npm's registry.
//! No package's code runs while installing. Which program and what it is for is the caller's.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use sha2::{Digest, Sha256};

use crate::files::{failed, lock, remove_folder};
use crate::install::{Runner, make_environment};
use crate::python;
use crate::{Folders, InstallStep, LocalError, Progress, ProgressSink};

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

/// A program within a package of npm's registry.
#[derive(Debug, Clone, Copy)]
pub struct NpmProgram {
    /// The program's name.
    pub name: &'static str,
    /// Name and version of the package.
    pub package: &'static str,
    /// SHA-256 of the package's archive in hexadecimal digits.
    pub sha256: &'static str,
    /// Where it is in the archive.
    pub member: &'static str,
}

/// The program, taken out of its package if it is not there yet.
///
/// # Errors
/// [`LocalError`] when npm or tar are missing, or the package cannot be had or is another one.
pub async fn npm_program(
    folders: &Folders,
    program: &NpmProgram,
    path: &OsStr,
    progress: ProgressSink<'_>,
) -> Result<PathBuf, LocalError> {
    let tools = folders.tools();
    let folder = tools.join(format!("{}-{}", program.name, &program.sha256[..12]));
    let file = folder.join(program.name);
    if file.is_file() {
        return Ok(file);
    }
    let find = |name: &str| {
        python::find_program(name, path).ok_or_else(|| LocalError::Install {
            step: format!("{} comes by {name}, which is not on the PATH", program.name),
            output: String::new(),
        })
    };
    let (npm, tar) = (find("npm")?, find("tar")?);
    let _lock = lock(&tools.join("install.lock"), progress).await?;
    if file.is_file() {
        return Ok(file); // another command made it meanwhile
    }
    let started = Instant::now();
    let staging = tempfile::Builder::new()
        .prefix(".installing-")
        .tempdir_in(&tools)
        .map_err(failed("create a folder in", &tools))?;
    let run = Runner {
        path: path.to_owned(),
    };
    progress(Progress::Installing(InstallStep::Packages));
    let place = ["--pack-destination".as_ref(), staging.path().as_os_str()];
    let arguments = ["pack", "--ignore-scripts", program.package].map(OsStr::new);
    run.run(&npm, "npm pack", &[&arguments[..], &place].concat())
        .await?;
    let archive = archive(staging.path(), program)?;
    let what = ["-xzf".as_ref(), archive.as_os_str()];
    let into = ["-C".as_ref(), staging.path().as_os_str()];
    let member = [OsStr::new(program.member)];
    run.run(&tar, "tar", &[&what[..], &into, &member].concat())
        .await?;
    fs::create_dir_all(&folder).map_err(failed("create", &folder))?;
    fs::rename(staging.path().join(program.member), &file)
        .map_err(failed("move the program to", &file))?;
    progress(Progress::Installed {
        took: started.elapsed(),
    });
    Ok(file)
}

/// The package that npm wrote into `folder`, if it is the one that is meant.
fn archive(folder: &Path, program: &NpmProgram) -> Result<PathBuf, LocalError> {
    let entries = fs::read_dir(folder).map_err(failed("read", folder))?;
    let archive = entries
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|ending| ending == "tgz"))
        .unwrap_or_else(|| folder.join("package.tgz"));
    let bytes = fs::read(&archive).map_err(failed("read", &archive))?;
    let sha256 = hex::encode(Sha256::digest(bytes));
    if sha256 == program.sha256 {
        return Ok(archive);
    }
    Err(LocalError::Install {
        step: format!(
            "{} has the digest {sha256}, not {}",
            program.package, program.sha256
        ),
        output: String::new(),
    })
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
case " $* " in
  *" -c "*) printf '3.12.1\n%s\nTrue\n' "$0" ;;
  *" venv "*) for last; do :; done; mkdir -p "$last/bin"; cp "$0" "$last/bin/python" ;;
esac
"#;

    #[tokio::test]
    async fn a_program_is_taken_out_of_its_package_once_if_it_is_the_right_one() {
        let home = tempfile::tempdir().unwrap();
        let bin = home.path().join("bin");
        fs::create_dir_all(home.path().join("package/bin")).unwrap();
        fs::create_dir(&bin).unwrap();
        fs::write(home.path().join("package/bin/guard"), "program").unwrap();
        let archive = bin.join("archive");
        let made = std::process::Command::new("tar")
            .arg("-czf")
            .arg(&archive)
            .arg("-C")
            .args([home.path(), Path::new("package")])
            .status();
        assert!(made.unwrap().success());
        let npm = bin.join("npm");
        let script =
            "#!/bin/sh\nfor last; do :; done\ncp \"${0%/*}/archive\" \"$last/some-1.tgz\"\n";
        fs::write(&npm, script).unwrap();
        fs::set_permissions(&npm, fs::Permissions::from_mode(0o755)).unwrap();
        let folders = Folders::below(home.path());
        let path = format!("{}:/usr/bin:/bin", bin.display());
        let take = async |sha256: String, path: &str| {
            let program = NpmProgram {
                name: "guard",
                package: "some@1",
                sha256: sha256.leak(),
                member: "package/bin/guard",
            };
            let taken = npm_program(&folders, &program, path.as_ref(), &mut |_| ()).await;
            taken.map_err(|error| error.to_string())
        };
        let wrong = take("0".repeat(64), &path).await.unwrap_err();
        assert!(wrong.contains("some@1 has the digest"), "{wrong}");

        let right = hex::encode(Sha256::digest(fs::read(&archive).unwrap()));
        let file = take(right.clone(), &path).await.unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "program");
        assert_eq!(take(right, "/none").await.unwrap(), file, "it is there");
        let missing = take("1".repeat(64), "/none").await.unwrap_err();
        assert!(
            missing.contains("npm, which is not on the PATH"),
            "{missing}"
        );
    }

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
