//! One instance of the local cloud: the folder of a project checkout, and the record of the process that serves it.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::LocalError;
use crate::files::{failed, remove_file, write_atomically};
use crate::process::ProcessId;

/// What is written down about a started process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The process.
    pub process: ProcessId,
    /// The port it serves.
    pub port: u16,
    /// When it was started, in seconds since 1970.
    pub started_at: u64,
    /// The port of the MariaDB server that runs beside it, if one does.
    #[serde(default)]
    pub database_port: Option<u16>,
    /// The version of MiniStack.
    pub version: String,
    /// The installation it runs from.
    pub install: String,
    /// The project, for messages of other projects.
    pub project: String,
    /// The project's folder.
    pub root: PathBuf,
}

/// The folder of an instance and the files in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The instance's name: project and a hash of the checkout's path.
    pub name: String,
    /// The instance's folder.
    pub folder: PathBuf,
}

impl Paths {
    /// The instance of the project in `root`. Two checkouts of a project are two instances.
    pub fn new(instances: &Path, project: &str, root: &Path) -> Self {
        let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        let hash = hex::encode(Sha256::digest(root.as_os_str().as_encoded_bytes()));
        let plain: String = project
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || c == '-' {
                    c
                } else {
                    '-'
                }
            })
            .take(40)
            .collect();
        let name = format!("{plain}-{}", &hash[..12]);
        Self {
            folder: instances.join(&name),
            name,
        }
    }

    /// Held while the instance is started or stopped.
    pub fn lock(&self) -> PathBuf {
        // Beside the folder, so that a reset can delete the folder under the lock.
        self.folder.with_extension("lock")
    }

    /// What runs.
    pub fn record(&self) -> PathBuf {
        self.folder.join("instance.json")
    }

    /// The port of the last time; outlives a stop and a reset.
    pub fn port(&self) -> PathBuf {
        self.folder.with_extension("port")
    }

    /// The database server's port of the last time; outlives a stop and a reset.
    pub fn database_port(&self) -> PathBuf {
        self.folder.with_extension("database-port")
    }

    /// What the database server keeps.
    pub fn database(&self) -> PathBuf {
        self.folder.join("database")
    }

    /// What the process writes.
    pub fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// The saved state.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Signing keys and the like, which MiniStack writes by itself.
    pub fn keys(&self) -> PathBuf {
        self.folder.join("keys")
    }

    /// Unpacked functions and their temporary files.
    pub fn temporary(&self) -> PathBuf {
        self.folder.join("tmp")
    }

    /// When the state was last saved, in seconds since 1970.
    pub fn saved_at(&self) -> Option<u64> {
        let modified = fs::metadata(self.data().join("state.pickle"))
            .ok()?
            .modified()
            .ok()?;
        Some(
            modified
                .duration_since(std::time::UNIX_EPOCH)
                .ok()?
                .as_secs(),
        )
    }

    /// The record of the running process, if any.
    pub fn read_record(&self) -> Result<Option<Record>, LocalError> {
        match fs::read(self.record()) {
            // One that cannot be read says nothing about a process: as if there were none.
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("read", &self.record())(error)),
        }
    }

    /// Write the record of a started process.
    pub fn write_record(&self, record: &Record) -> Result<(), LocalError> {
        let text = serde_json::to_vec_pretty(record)
            .map_err(|error| failed("write", &self.record())(error.into()))?;
        write_atomically(&self.record(), &text)?;
        write_atomically(&self.port(), record.port.to_string().as_bytes())?;
        match record.database_port {
            Some(port) => write_atomically(&self.database_port(), port.to_string().as_bytes()),
            None => Ok(()),
        }
    }

    /// Forget the process.
    pub fn remove_record(&self) -> Result<(), LocalError> {
        remove_file(&self.record())
    }

    /// The port of the last time.
    pub fn remembered_port(&self) -> Option<u16> {
        read_port(&self.port())
    }

    /// The database server's port of the last time.
    pub fn remembered_database_port(&self) -> Option<u16> {
        read_port(&self.database_port())
    }

    /// The ports that other instances remember as theirs.
    pub fn ports_of_others(&self) -> BTreeSet<u16> {
        let own = [self.port(), self.database_port()];
        ["port", "database-port"]
            .iter()
            .flat_map(|extension| siblings(&self.folder, extension))
            .filter(|path| !own.contains(path))
            .filter_map(|path| read_port(&path))
            .collect()
    }

    /// The record of the instance that `pid` serves, this one or another.
    pub fn record_of(&self, pid: u32) -> Option<Record> {
        let folder = self.folder.parent()?;
        fs::read_dir(folder).ok()?.flatten().find_map(|entry| {
            let record: Record =
                serde_json::from_slice(&fs::read(entry.path().join("instance.json")).ok()?).ok()?;
            (record.process.pid == pid && record.process.runs()).then_some(record)
        })
    }
}

fn siblings(folder: &Path, extension: &'static str) -> impl Iterator<Item = PathBuf> {
    let entries = folder.parent().and_then(|parent| fs::read_dir(parent).ok());
    entries
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(move |path| path.extension().is_some_and(|found| found == extension))
}

fn read_port(path: &Path) -> Option<u16> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn checkouts_and_projects_have_folders_of_their_own() {
        let base = tempfile::tempdir().unwrap();
        let (one, two) = (base.path().join("one"), base.path().join("two"));
        fs::create_dir_all(&one).unwrap();
        fs::create_dir_all(&two).unwrap();
        let name = |project: &str, root: &Path| Paths::new(base.path(), project, root).name;
        assert_ne!(name("shop", &one), name("shop", &two));
        assert_ne!(name("shop", &one), name("other", &one));
        assert_eq!(
            name("shop", &one),
            name("shop", &base.path().join("two").join("..").join("one"))
        );
        let odd = name("../a b", &one);
        assert!(odd.starts_with("---a-b-"), "{odd}");
    }

    #[test]
    fn a_record_of_another_form_counts_as_none() {
        let base = tempfile::tempdir().unwrap();
        let paths = Paths::new(base.path(), "shop", base.path());
        assert_eq!(paths.read_record().unwrap(), None);
        fs::create_dir_all(&paths.folder).unwrap();
        fs::write(paths.record(), "{\"pid\": 1").unwrap();
        assert_eq!(paths.read_record().unwrap(), None);
    }

    #[test]
    fn ports_are_remembered_for_each_instance() {
        let base = tempfile::tempdir().unwrap();
        let one = Paths::new(base.path(), "one", base.path());
        let two = Paths::new(base.path(), "two", base.path());
        fs::write(one.port(), "20001").unwrap();
        fs::write(two.port(), "20002\n").unwrap();
        assert_eq!(one.remembered_port(), Some(20001));
        assert_eq!(one.ports_of_others(), [20002].into());
        fs::write(two.database_port(), "20003").unwrap();
        assert_eq!(one.ports_of_others(), [20002, 20003].into());
        assert_eq!(two.remembered_database_port(), Some(20003));
        fs::write(one.port(), "no port").unwrap();
        assert_eq!(one.remembered_port(), None);
    }
}
