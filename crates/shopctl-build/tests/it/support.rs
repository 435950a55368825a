//! Folders with files in them, and environments that lead nowhere else.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use shopctl_build::Environment;

/// A temporary folder.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> PathBuf {
        self.0.path().canonicalize().unwrap()
    }

    pub fn join(&self, path: &str) -> PathBuf {
        self.path().join(path)
    }

    pub fn write(&self, path: &str, text: &str) -> &Self {
        let path = self.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// A shell script in the folder's `bin`.
    pub fn program(&self, name: &str, script: &str) -> &Self {
        let path = format!("bin/{name}");
        self.write(&path, &format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(self.join(&path), fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.join(path)).unwrap()
    }

    /// Text with the folder's own path taken out.
    pub fn redact(&self, text: &str) -> String {
        text.replace(self.path().to_str().unwrap(), "DIR")
    }
}

/// The test's own environment, but with cargo's folders below `folder`: neither the
/// user's settings nor the locks of another cargo matter.
pub fn cargo_environment(folder: &Path) -> Environment {
    Environment::new(std::env::vars_os())
        .with("CARGO_HOME", folder.join("cargo-home"))
        .with("CARGO_TARGET_DIR", folder.join("target"))
        .with("CARGO_BUILD_BUILD_DIR", folder.join("target"))
        .with("CARGO_NET_OFFLINE", "true")
        .with("CARGO_INCREMENTAL", "0")
        .without("RUSTFLAGS")
}

/// Collects events.
pub struct Events<E>(Mutex<Vec<E>>);

impl<E: Clone> Events<E> {
    pub fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    pub fn push(&self, event: E) {
        self.0.lock().unwrap().push(event);
    }

    pub fn take(&self) -> Vec<E> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}
