//! A project of a test's own, with a local cloud of its own.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::checkout::{copy_checkout, copy_folder};
use crate::{Emulator, Invocation, Output, TestFolder, checkout};

/// A copy of a project. Dropping it stops its local cloud and deletes it.
#[derive(Debug)]
pub struct TestProject {
    root: PathBuf,
    home: PathBuf,
    folder: TestFolder,
    /// Whether its local cloud enforces the policies of roles.
    enforces: bool,
}

impl TestProject {
    /// A copy of `tests/projects/<name>`.
    pub fn small(name: &str) -> Self {
        let project = Self::empty();
        copy_folder(&checkout().join("tests/projects").join(name), &project.root);
        project
    }

    /// A copy of this repository: the shop, whose functions may do what their roles allow.
    pub fn shop() -> Self {
        let mut project = Self::empty();
        project.enforces = true;
        copy_checkout(&project.root);
        project
    }

    fn empty() -> Self {
        let folder = TestFolder::new();
        let project = Self {
            root: folder.path().join("project"),
            home: folder.path().join("home"),
            folder,
            enforces: false,
        };
        fs::create_dir_all(&project.root).unwrap();
        project
    }

    /// Another checkout of the same project, with the same user's local clouds.
    #[must_use]
    pub fn second_checkout(&self) -> PathBuf {
        let root = self.folder.path().join("second");
        copy_folder(&self.root, &root);
        root
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A folder beside it for whatever the test needs.
    pub fn beside(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// A call of `shopctl` in it.
    pub fn command(&self, arguments: &[&str]) -> Invocation {
        self.command_in(&self.root, arguments)
    }

    /// A call of `shopctl` in a folder of this user.
    pub fn command_in(&self, folder: &Path, arguments: &[&str]) -> Invocation {
        let call = Invocation::new(folder, arguments).env("SHOPCTL_LOCAL_HOME", &self.home);
        match self.enforces {
            true => call.env("SHOPCTL_LOCAL_POLICIES", "enforce"),
            false => call,
        }
    }

    /// `shopctl deploy --env local`, without a question and with events.
    pub fn deploy(&self) -> Invocation {
        self.command(&["deploy", "--env", "local", "--yes", "--output", "json"])
    }

    /// `shopctl teardown --env local`, without a question and with events.
    pub fn teardown(&self) -> Invocation {
        self.command(&["teardown", "--env", "local", "--yes", "--output", "json"])
    }

    /// Runs a command that is to end well.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).run().expect_code(0)
    }

    /// The status document of the local environment.
    #[track_caller]
    pub fn status(&self) -> Value {
        self.command(&["status", "--env", "local", "--output", "json"])
            .run()
            .json()
    }

    /// The running local cloud.
    #[track_caller]
    pub fn emulator(&self) -> Emulator {
        Emulator::of(&self.run(&["local", "status", "--output", "json"]).json())
    }

    /// The text of a file.
    #[track_caller]
    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    /// Writes a file.
    pub fn write(&self, file: &str, text: &str) {
        let path = self.root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap_or_else(|error| panic!("{file}: {error}"));
    }

    /// Replaces what occurs exactly once in a file.
    #[track_caller]
    pub fn edit(&self, file: &str, old: &str, new: &str) {
        let text = self.read(file);
        assert_eq!(text.matches(old).count(), 1, "{old:?} in {file}:\n{text}");
        self.write(file, &text.replacen(old, new, 1));
    }
}
