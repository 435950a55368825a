//! Debian's packages, without root.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use super::{SHOWN_LINES, root};
use crate::files::{last_lines, remove_folder};

/// The package with the server alone: no service that starts at boot.
const PACKAGE: &str = "mariadb-server-core";
/// Where apt-get keeps its lists on a machine that has none.
const OWN_LISTS: [&str; 2] = ["lists", "cache"];

/// Gets Debian packages without root.
pub(super) struct Fetch<'a> {
    pub(super) folder: &'a Path,
    pub(super) apt: &'a Path,
    pub(super) dpkg: &'a Path,
    pub(super) path: &'a OsStr,
}

impl Fetch<'_> {
    /// The server's packages and what it needs beyond the system's, unpacked below `root`; their names.
    pub(super) async fn packages(&self) -> Result<String, String> {
        let (names, lists) = match self.needed(&[]).await {
            Ok(names) => (names, Vec::new()),
            Err(_) => {
                // A machine without package lists: get them into a folder of ours.
                let lists = self.own_lists()?;
                self.apt(&lists, &["update", "-qq"]).await?;
                (self.needed(&lists).await?, lists)
            }
        };
        let mut download = vec!["download", "-qq"];
        download.extend(names.iter().map(String::as_str));
        self.apt(&lists, &download).await?;
        let entries = fs::read_dir(self.folder).map_err(|error| error.to_string())?;
        for file in entries.flatten().map(|entry| entry.path()) {
            if file.extension().is_some_and(|ending| ending == "deb") {
                let into = root(self.folder);
                let arguments = ["-x".as_ref(), file.as_os_str(), into.as_os_str()];
                self.run(self.dpkg, &arguments).await?;
                fs::remove_file(&file).map_err(|error| error.to_string())?;
            }
        }
        for folder in OWN_LISTS {
            remove_folder(&self.folder.join(folder)).map_err(|error| error.to_string())?;
        }
        Ok(names.join(" "))
    }

    /// The packages that installing the server would get: itself and what the system lacks of its dependencies.
    async fn needed(&self, lists: &[OsString]) -> Result<Vec<String>, String> {
        let line = [
            "install",
            "--print-uris",
            "--yes",
            "-qq",
            "--no-install-recommends",
            PACKAGE,
        ];
        let uris = self.apt(lists, &line).await?;
        let names = package_names(&uris);
        if names.iter().any(|name| name == PACKAGE) {
            Ok(names)
        } else {
            Err(format!("apt-get does not offer {PACKAGE}"))
        }
    }

    /// Options that make apt-get keep its lists in a folder of ours.
    fn own_lists(&self) -> Result<Vec<OsString>, String> {
        let mut options = Vec::new();
        for (name, folder) in ["Dir::State::Lists", "Dir::Cache"].iter().zip(OWN_LISTS) {
            let path = self.folder.join(folder);
            for partial in ["partial", "archives/partial"] {
                fs::create_dir_all(path.join(partial)).map_err(|error| error.to_string())?;
            }
            let mut option = OsString::from(format!("{name}="));
            option.push(path);
            options.extend(["-o".into(), option]);
        }
        Ok(options)
    }

    async fn apt(&self, options: &[OsString], arguments: &[&str]) -> Result<String, String> {
        let mut line: Vec<&OsStr> = options.iter().map(OsString::as_os_str).collect();
        line.extend(arguments.iter().map(OsStr::new));
        self.run(self.apt, &line).await
    }

    async fn run(&self, program: &Path, arguments: &[&OsStr]) -> Result<String, String> {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(self.folder)
            .env("PATH", self.path)
            .env("LC_ALL", "C.UTF-8")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(|error| format!("{}: {error}", program.display()))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let text = String::from_utf8_lossy(&output.stderr);
        Err(format!(
            "{} ended with {}\n{}",
            program.display(),
            output.status,
            last_lines(&text, SHOWN_LINES)
        ))
    }
}

/// The names in lines such as `'http://deb.debian.org/.../libaio1_0.3_amd64.deb' libaio1_0.3_amd64.deb 13384 SHA256:..`.
pub(super) fn package_names(uris: &str) -> Vec<String> {
    uris.lines()
        .filter_map(|line| line.split_whitespace().nth(1)?.split_once('_'))
        .map(|(name, _)| name.to_owned())
        .collect()
}
