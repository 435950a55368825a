//! What the tests against the real local cloud share.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use shopctl_local::{Folders, LocalCloud, Progress, Running, Settings};

/// A user's home with its own instances and the shared installation.
pub struct Home {
    pub folder: tempfile::TempDir,
    pub installs: PathBuf,
}

impl Home {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            installs: Path::new(env!("CARGO_TARGET_TMPDIR")).join("installs"),
        }
    }

    pub fn folders(&self) -> Folders {
        Folders {
            installs: self.installs.clone(),
            instances: self.folder.path().join("local"),
        }
    }

    pub fn settings(&self, project: &str) -> Settings {
        let root = self.folder.path().join(project);
        fs::create_dir_all(&root).unwrap();
        Settings {
            project: project.into(),
            root,
            folders: self.folders(),
            port: None,
            database: false,
            enforce_policies: false,
            path: std::env::var_os("PATH").unwrap(),
            die_with_parent: true,
        }
    }

    pub fn cloud(&self, project: &str) -> LocalCloud {
        LocalCloud::new(self.settings(project))
    }
}

pub async fn start(cloud: &LocalCloud) -> Running {
    ensure(cloud).await.0
}

/// Start it, with what was told meanwhile.
pub async fn ensure(cloud: &LocalCloud) -> (Running, Vec<Progress>) {
    let mut told = Vec::new();
    let running = cloud
        .ensure_running(&mut |progress| told.push(progress))
        .await;
    (
        running.unwrap_or_else(|error| panic!("{error}\n{}", cloud.log_tail(40))),
        told,
    )
}

/// Run a probe with the installation's Python against an instance.
pub async fn probe(home: &Home, running: &Running, script: &str, arguments: &[&str]) -> Output {
    let cloud = home.cloud("any");
    let python = cloud.installed().unwrap().join("venv/bin/python");
    let mut command = Command::new(python);
    command
        .arg(
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tests/probes")
                .join(script),
        )
        .args(arguments)
        .env("PROBE_PORT", running.port.to_string())
        .env("PYTHONDONTWRITEBYTECODE", "1");
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

/// The same, and it has to succeed; what it wrote.
pub async fn probe_ok(
    home: &Home,
    cloud: &LocalCloud,
    running: &Running,
    script: &str,
    arguments: &[&str],
) -> String {
    let output = probe(home, running, script, arguments).await;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{script} {arguments:?}\n{}{}\n{}",
        text(&output.stdout),
        text(&output.stderr),
        cloud.log_tail(30)
    );
    text(&output.stdout)
}

pub fn kill_9(running: &Running) {
    assert!(
        Command::new("kill")
            .args(["-9", &running.pid.to_string()])
            .status()
            .unwrap()
            .success()
    );
}

/// Processes whose working folder lies in the instance's folder: the server and its functions.
pub fn processes_of(cloud: &LocalCloud) -> Vec<String> {
    let folder = cloud
        .folder()
        .canonicalize()
        .unwrap_or_else(|_| cloud.folder().to_owned());
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter(|entry| {
            fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(&folder))
        })
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

pub async fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !condition() {
        assert!(Instant::now() < deadline, "{what}: waited in vain");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
