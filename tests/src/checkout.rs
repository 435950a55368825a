//! The repository that these tests belong to, and copies of it.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// The repository's folder.
pub fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this crate is in a folder of the repository")
}

/// Copies what git has or would take: neither build results nor installed packages.
pub(crate) fn copy_checkout(to: &Path) {
    let listed = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(checkout())
        .output()
        .expect("git runs");
    assert!(listed.status.success(), "the tests run in a git checkout");
    for file in String::from_utf8(listed.stdout)
        .unwrap()
        .split_terminator('\0')
    {
        let from = checkout().join(file);
        // Tracked and deleted, or a link to somewhere else.
        if from.is_file() {
            copy_file(&from, &to.join(file));
        }
    }
    // Installing them takes longer than the tests that need them. No symbolic link: an `npm ci`
    // in the copy would empty the folder behind it.
    if let Ok(packages) = checkout().join("frontend/node_modules").canonicalize() {
        let target = to.join("frontend/node_modules");
        let linked = copy_with(&["--archive", "--link"], &packages, &target);
        assert!(
            linked || copy_with(&["--archive", "--force"], &packages, &target),
            "the site's packages can be copied"
        );
    }
}

/// Copies with `cp`; whether that worked. Hard links do not reach another file system.
fn copy_with(options: &[&str], from: &Path, to: &Path) -> bool {
    let _ = fs::remove_dir_all(to);
    let mut command = Command::new("cp");
    command
        .args(options)
        .arg(from)
        .arg(to)
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Copies a folder with all that is in it.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    let entries = fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    for entry in entries {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            copy_file(&entry.path(), &target);
        }
    }
}

fn copy_file(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
}
