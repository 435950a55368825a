//! Room on the disk for compiling and running everything.
//!
//! Cargo never deletes what it compiled, and all checkouts share one folder for it
//! (docs/decisions/001): it grows until the disk is full, in the middle of a run.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

const GIB: u64 = 1 << 30;
/// What cargo's folder holds after `cargo xtask test` began without it (measured: 10.4).
const BUILT: u64 = 11 * GIB;
/// What a run takes besides: this repository's crates compiled once more, local clouds, a browser
/// (measured on a new machine: 2.4).
const RUN: u64 = 4 * GIB;

/// Ends with an error if the disk has no room for a run. What earlier builds left goes first, if
/// that helps and no other build is using it.
pub(crate) fn make_room() -> Result<()> {
    let folder = build_folder()?;
    let free = free(&folder)?;
    let built = size(&folder);
    match room(free, built) {
        Room::Enough => Ok(()),
        Room::WithoutBuilt => {
            let locks = lock(&folder)?;
            eprintln!(
                "{} are free, too little for the tests: deleting {} in {}, which cargo compiled earlier",
                gib(free),
                gib(built),
                folder.display()
            );
            delete(&folder, locks)
        }
        Room::TooLittle { needed } => bail!(
            "the tests need {} in {}, and {} are free\n\
             delete something there; what takes most shows `du -xh -d 3 / | sort -h | tail`",
            gib(needed),
            folder.display(),
            gib(free)
        ),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Room {
    Enough,
    /// Enough once cargo's folder is deleted.
    WithoutBuilt,
    TooLittle {
        needed: u64,
    },
}

fn room(free: u64, built: u64) -> Room {
    let missing = BUILT.saturating_sub(built);
    if free >= RUN + missing {
        Room::Enough
    } else if free + built >= RUN + BUILT {
        Room::WithoutBuilt
    } else {
        Room::TooLittle {
            needed: RUN + missing,
        }
    }
}

/// The folder that cargo keeps intermediate files in.
fn build_folder() -> Result<PathBuf> {
    let output = Command::new("cargo")
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .context("cannot run `cargo metadata`")?;
    let metadata: Value = serde_json::from_slice(&output.stdout)
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())
        .context("`cargo metadata` failed")?;
    let folder = metadata["build_directory"].as_str();
    let folder = folder.context("`cargo metadata` does not say where cargo builds")?;
    Ok(folder.into())
}

/// Bytes that are free where a folder is, or will be.
fn free(folder: &Path) -> Result<u64> {
    let existing = folder.ancestors().find(|folder| folder.exists());
    let existing = existing.unwrap_or(Path::new("/"));
    let system = nix::sys::statvfs::statvfs(existing)
        .with_context(|| format!("cannot tell how much is free in {}", existing.display()))?;
    Ok(system.blocks_available() * system.fragment_size())
}

/// Bytes that a folder takes; 0 if it is not there.
fn size(folder: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    let of = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size(&entry.path()),
        // Cargo links a file into several places; each of its names has its part.
        Ok(metadata) => metadata.blocks() * 512 / metadata.nlink().max(1),
        // Deleted since.
        Err(_) => 0,
    };
    entries.flatten().map(of).sum()
}

/// Keeps all builds away from a folder of cargo's; an error if one is under way.
fn lock(folder: &Path) -> Result<Vec<File>> {
    let mut locks = Vec::new();
    // As cargo does, one for each profile.
    for profile in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = profile.path().join(".cargo-lock");
        let Ok(lock) = File::options().write(true).open(&path) else {
            continue;
        };
        match lock.try_lock() {
            Ok(()) => locks.push(lock),
            Err(TryLockError::WouldBlock) => bail!(
                "a build is using {}; run the command again when it has ended",
                folder.display()
            ),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
    }
    Ok(locks)
}

/// Deletes a folder of cargo's, whose locks are held until it is gone.
fn delete(folder: &Path, locks: Vec<File>) -> Result<()> {
    std::fs::remove_dir_all(folder)
        .with_context(|| format!("cannot delete {}", folder.display()))?;
    drop(locks);
    Ok(())
}

fn gib(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / GIB as f64)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn write(path: &Path, bytes: usize) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, vec![1; bytes]).unwrap();
    }

    #[test]
    fn a_full_disk_is_made_room_on_only_if_that_helps() {
        assert_eq!(room(RUN + BUILT, 0), Room::Enough, "a new machine");
        assert_eq!(room(RUN, BUILT), Room::Enough, "compiled before");
        assert_eq!(
            room(GIB, 5 * BUILT),
            Room::WithoutBuilt,
            "a folder that grew"
        );
        let needed = RUN + BUILT - GIB;
        assert_eq!(room(GIB, GIB), Room::TooLittle { needed });
    }

    proptest! {
        /// Deleting is never followed by the news that it was not enough, and never by another deletion.
        #[test]
        fn what_is_deleted_is_enough(free in 0..1u64 << 40, built in 0..1u64 << 40) {
            match room(free, built) {
                Room::WithoutBuilt => prop_assert_eq!(room(free + built, 0), Room::Enough),
                Room::TooLittle { needed } => {
                    prop_assert!(needed > free);
                    prop_assert_eq!(room(needed, built), Room::Enough);
                }
                Room::Enough => {}
            }
        }
    }

    #[test]
    fn a_folder_is_as_large_as_its_files_and_a_link_counts_once() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(size(&folder.path().join("none")), 0);
        write(&folder.path().join("debug/deps/a"), 1 << 20);
        let once = size(folder.path());
        assert!(((1 << 20)..(2 << 20)).contains(&once), "{once}");
        std::fs::hard_link(
            folder.path().join("debug/deps/a"),
            folder.path().join("debug/a"),
        )
        .unwrap();
        assert_eq!(size(folder.path()), once);
    }

    #[test]
    fn what_a_build_is_using_stays() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("built");
        write(&folder.join("debug/.cargo-lock"), 0);
        write(&folder.join("debug/deps/a"), 10);
        let build = File::open(folder.join("debug/.cargo-lock")).unwrap();
        build.lock().unwrap();
        let error = lock(&folder).unwrap_err().to_string();
        assert!(error.contains("a build is using"), "{error}");
        assert!(folder.join("debug/deps/a").exists());
        drop(build);
        delete(&folder, lock(&folder).unwrap()).unwrap();
        assert!(!folder.exists());
    }
}
