//! Checks what a machine needs for building and for the local cloud. Changes nothing; the caller shows the result.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use serde::Serialize;

use crate::assets::MINISTACK_VERSION;
use crate::{CloudStatus, DeathCause, Folders, LocalError, MariaDb, install, port, python};

/// What a full installation and a deployed shop take, in MiB.
const NEEDED_MIB: u64 = 1024;
const OLDEST_RUSTC: [u32; 2] = [1, 95];
const OLDEST_NODE: [u32; 1] = [20];

/// What to check for.
#[derive(Debug, Clone)]
pub struct DoctorRequest {
    /// Where programs are looked for.
    pub path: OsString,
    /// Where the local cloud lies.
    pub folders: Folders,
    /// The project has a site that is built with npm.
    pub site: bool,
    /// The project's templates hold an `AWS::RDS` resource.
    pub database: bool,
    /// What the local cloud is doing, when there is a project.
    pub cloud: Option<CloudStatus>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What.
    pub name: &'static str,
    /// Without it a deploy to the local cloud fails.
    pub required: bool,
    /// How it is.
    pub status: CheckStatus,
    /// The version that was found.
    pub found: Option<String>,
    /// What it means, for a person.
    pub detail: String,
    /// The one command that mends it.
    pub fix: Option<String>,
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    /// As it should be.
    Ok,
    /// Not there.
    Missing,
    /// There, but older than what is needed.
    TooOld,
    /// There, but it does not work as it is.
    Broken,
}

/// Look at everything. Runs a few programs that report their version; a second at most.
#[must_use]
pub fn doctor(request: &DoctorRequest) -> Vec<Check> {
    let path = request.path.as_os_str();
    let mut checks = vec![
        version_check(
            path,
            &Program {
                name: "rustc",
                oldest: &OLDEST_RUSTC,
                required: true,
                purpose: "compiles the handlers",
                fix: if python::find_program("rustup", path).is_some() {
                    "rustup update stable"
                } else {
                    "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
                },
            },
        ),
        version_check(
            path,
            &Program {
                name: "cargo",
                oldest: &OLDEST_RUSTC,
                required: true,
                purpose: "builds the handlers",
                fix: "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh",
            },
        ),
        version_check(
            path,
            &Program {
                name: "cargo-zigbuild",
                oldest: &[],
                required: false,
                purpose: "builds for another architecture or an older glibc",
                fix: "cargo install cargo-zigbuild && pip install ziglang",
            },
        ),
        python_check(path),
        version_check(
            path,
            &Program {
                name: "node",
                oldest: &OLDEST_NODE,
                required: request.site,
                purpose: "builds the site, runs CloudFront functions locally",
                fix: "curl -fsSL https://deb.nodesource.com/setup_22.x | sudo bash - && sudo apt-get install nodejs",
            },
        ),
        version_check(
            path,
            &Program {
                name: "npm",
                oldest: &[],
                required: request.site,
                purpose: "installs the site's packages",
                fix: "sudo apt-get install npm",
            },
        ),
        database_check(request),
        disk_check(&request.folders.installs),
        port_check(),
    ];
    checks.push(cloud_check(request));
    checks
}

struct Program {
    name: &'static str,
    oldest: &'static [u32],
    required: bool,
    purpose: &'static str,
    fix: &'static str,
}

fn version_check(path: &OsStr, program: &Program) -> Check {
    let check = |status, found: Option<String>, detail: String| Check {
        name: program.name,
        required: program.required,
        status,
        found,
        detail,
        fix: (status != CheckStatus::Ok).then(|| program.fix.to_owned()),
    };
    let Some(file) = python::find_program(program.name, path) else {
        return check(
            CheckStatus::Missing,
            None,
            format!("not on PATH; {}", program.purpose),
        );
    };
    // `cargo-zigbuild --version` wants the subcommand's own flag, which it answers as the others do.
    match python::output(&file, &["--version"], path) {
        Ok(output) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stdout);
            let Some(version) = version_in(&text) else {
                return check(
                    CheckStatus::Broken,
                    None,
                    format!("{} tells no version", file.display()),
                );
            };
            if older(&version, program.oldest) {
                let oldest = program
                    .oldest
                    .iter()
                    .map(u32::to_string)
                    .collect::<Vec<_>>()
                    .join(".");
                let detail = format!(
                    "{} is older than {oldest}; {}",
                    file.display(),
                    program.purpose
                );
                return check(CheckStatus::TooOld, Some(version), detail);
            }
            check(CheckStatus::Ok, Some(version), file.display().to_string())
        }
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stderr);
            let why = text
                .lines()
                .find(|line| !line.trim().is_empty())
                .unwrap_or("it does not run")
                .trim();
            check(
                CheckStatus::Broken,
                None,
                format!("{}: {why}", file.display()),
            )
        }
        Err(error) => check(
            CheckStatus::Broken,
            None,
            format!("{}: {error}", file.display()),
        ),
    }
}

/// The server for databases: one on the machine, or one that the local cloud fetches when it is needed.
fn database_check(request: &DoctorRequest) -> Check {
    let path = request.path.as_os_str();
    let check = |status, found, detail, fix: Option<&str>| Check {
        name: "mariadbd",
        required: request.database,
        status,
        found,
        detail,
        fix: fix.map(str::to_owned),
    };
    let install = Some("sudo apt-get install mariadb-server-core");
    let Some(server) = MariaDb::find(&request.folders, path) else {
        let fetches = ["apt-get", "dpkg"]
            .iter()
            .all(|name| python::find_program(name, path).is_some());
        return if fetches {
            let detail =
                "not installed; the first start of a local cloud with databases fetches it";
            check(CheckStatus::Ok, None, detail.to_owned(), None)
        } else {
            let detail = "no whole installation on PATH; serves AWS::RDS databases locally";
            check(CheckStatus::Missing, None, detail.to_owned(), install)
        };
    };
    let file = server.server.display().to_string();
    match server.version() {
        Ok(version) => check(CheckStatus::Ok, Some(version), file, None),
        Err(why) => check(CheckStatus::Broken, None, format!("{file}: {why}"), install),
    }
}

/// The first number with a dot in it, as in `cargo 1.95.0 (abc 2026-01-01)` or `v22.3.0`.
pub(crate) fn version_in(text: &str) -> Option<String> {
    text.split(|c: char| !c.is_ascii_digit() && c != '.')
        .map(|word| word.trim_matches('.'))
        .find(|word| word.contains('.'))
        .map(str::to_owned)
}

fn older(version: &str, oldest: &[u32]) -> bool {
    let found: Vec<u32> = version
        .split('.')
        .map(|part| part.parse().unwrap_or(0))
        .collect();
    found.as_slice() < oldest
}

fn python_check(path: &OsStr) -> Check {
    let check = |status, found, detail, fix: Option<String>| Check {
        name: "python",
        required: true,
        status,
        found,
        detail,
        fix,
    };
    match python::find(path) {
        Ok(python) if python.has_venv || python::find_program("uv", path).is_some() => check(
            CheckStatus::Ok,
            Some(python.version),
            python.path.display().to_string(),
            None,
        ),
        Ok(python) => {
            let version = python.version.clone();
            let error = LocalError::VenvMissing {
                python: python.path,
            };
            check(
                CheckStatus::Broken,
                Some(version),
                error.to_string(),
                error.hint().map(|fix| format!("sudo {fix}")),
            )
        }
        Err(error) => {
            let (status, found) = match &error {
                LocalError::PythonTooOld { version, .. } => {
                    (CheckStatus::TooOld, Some(version.clone()))
                }
                _ => (CheckStatus::Missing, None),
            };
            check(
                status,
                found,
                error.to_string(),
                Some("sudo apt-get install python3 python3-venv".into()),
            )
        }
    }
}

fn disk_check(folder: &Path) -> Check {
    // The folder need not exist yet.
    let existing = folder
        .ancestors()
        .find(|folder| folder.exists())
        .unwrap_or(Path::new("/"));
    let free = nix::sys::statvfs::statvfs(existing)
        .map(|system| (system.blocks_available() as u128 * system.fragment_size() as u128) >> 20);
    let (status, found, detail) = match free {
        Ok(free) if free < u128::from(NEEDED_MIB) => (
            CheckStatus::Missing,
            Some(format!("{free} MiB")),
            format!("{NEEDED_MIB} MiB are needed in {}", existing.display()),
        ),
        Ok(free) => (
            CheckStatus::Ok,
            Some(format!("{free} MiB")),
            existing.display().to_string(),
        ),
        Err(error) => (
            CheckStatus::Broken,
            None,
            format!("{}: {error}", existing.display()),
        ),
    };
    let fix = (status != CheckStatus::Ok)
        .then(|| format!("du -xh -d 2 {} | sort -h | tail", existing.display()));
    Check {
        name: "disk space",
        required: true,
        status,
        found,
        detail,
        fix,
    }
}

fn port_check() -> Check {
    let (first, last) = port::RANGE;
    let free = port::choose("doctor", &std::collections::BTreeSet::new());
    Check {
        name: "loopback port",
        required: true,
        status: if free.is_some() {
            CheckStatus::Ok
        } else {
            CheckStatus::Missing
        },
        found: free.map(|port| port.to_string()),
        detail: if free.is_some() {
            format!("a free port between {first} and {last}")
        } else {
            LocalError::NoPort { first, last }.to_string()
        },
        fix: free.is_none().then(|| "ss -ltn".to_owned()),
    }
}

fn cloud_check(request: &DoctorRequest) -> Check {
    let check = |status, detail, fix: Option<&str>| Check {
        name: "local cloud",
        // Missing is fine: the first deploy installs it.
        required: false,
        status,
        found: install::find(&request.folders).map(|_| MINISTACK_VERSION.to_owned()),
        detail,
        fix: fix.map(str::to_owned),
    };
    match (&request.cloud, install::find(&request.folders)) {
        (Some(CloudStatus::Running(running)), _) => check(
            CheckStatus::Ok,
            format!("running on {} (process {})", running.endpoint, running.pid),
            None,
        ),
        (
            Some(CloudStatus::Dead {
                pid,
                cause: DeathCause::Killed,
                ..
            }),
            _,
        ) => check(
            CheckStatus::Broken,
            format!("process {pid} was killed; the next start brings back its last saved state"),
            Some("shopctl local start"),
        ),
        (
            Some(CloudStatus::Dead {
                pid,
                cause: DeathCause::Silent,
                ..
            }),
            _,
        ) => check(
            CheckStatus::Broken,
            format!("process {pid} does not answer"),
            Some("shopctl local start"),
        ),
        (_, Some(install)) => check(
            CheckStatus::Ok,
            format!("installed in {}", install.folder.display()),
            None,
        ),
        (_, None) => check(
            CheckStatus::Missing,
            "not installed yet; the first start installs it".to_owned(),
            Some("shopctl local start"),
        ),
    }
}

#[cfg(test)]
#[path = "doctor_tests.rs"]
mod tests;
