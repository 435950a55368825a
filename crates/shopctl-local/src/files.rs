//! File helpers: locks that wait without blocking the runtime, atomic writes, the end of a log.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use crate::{LocalError, Progress, ProgressSink};

/// The error of a file operation.
pub fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> LocalError {
    let path = path.to_owned();
    move |source| LocalError::File {
        action,
        path,
        source,
    }
}

/// Make a folder with its parents.
pub fn create_folder(path: &Path) -> Result<(), LocalError> {
    fs::create_dir_all(path).map_err(failed("create", path))
}

/// Delete a folder; nothing there is fine.
pub fn remove_folder(path: &Path) -> Result<(), LocalError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("delete", path)(error)),
        _ => Ok(()),
    }
}

/// Delete a file; nothing there is fine.
pub fn remove_file(path: &Path) -> Result<(), LocalError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("delete", path)(error)),
        _ => Ok(()),
    }
}

/// The lock on a file, held until it is dropped; the kernel frees it when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Wait for the lock on `path`, telling once when another process holds it.
pub async fn lock(path: &Path, progress: ProgressSink<'_>) -> Result<Lock, LocalError> {
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(failed("open", path))?;
    let mut told = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => {
                if !told {
                    progress(Progress::Waiting {
                        lock: path.to_owned(),
                    });
                    told = true;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(TryLockError::Error(error)) => return Err(failed("lock", path)(error)),
        }
    }
}

/// Write a whole file so that a reader sees the old or the new text, never a part.
pub fn write_atomically(path: &Path, text: &[u8]) -> Result<(), LocalError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed("write", path))?;
    file.write_all(text).map_err(failed("write", path))?;
    file.persist(path)
        .map_err(|error| failed("write", path)(error.error))?;
    Ok(())
}

/// The last lines of a log from `start` on, indented; empty when there is nothing to read.
pub fn log_tail(path: &Path, start: u64, lines: usize) -> String {
    const MOST: u64 = 32 * 1024;
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(start.max(length.saturating_sub(MOST))))?;
        let mut bytes = Vec::new();
        file.take(MOST).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    last_lines(&String::from_utf8_lossy(&read().unwrap_or_default()), lines)
}

/// The last lines of a text, indented, without empty ones.
pub fn last_lines(text: &str, lines: usize) -> String {
    let kept: Vec<&str> = text
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .collect();
    let from = kept.len().saturating_sub(lines);
    kept.get(from..)
        .unwrap_or_default()
        .iter()
        .map(|line| format!("  {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_tail_starts_where_this_run_started() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        fs::write(&path, "old run\n").unwrap();
        let start = fs::metadata(&path).unwrap().len();
        fs::write(&path, "old run\none\n\ntwo\nthree\n").unwrap();
        assert_eq!(log_tail(&path, start, 2), "  two\n  three");
        assert_eq!(log_tail(&path, start, 9), "  one\n  two\n  three");
        assert_eq!(log_tail(&folder.path().join("none"), 0, 9), "");
    }

    #[tokio::test]
    async fn a_held_lock_is_waited_for_and_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep").join("lock");
        let held = lock(&path, &mut |_| {}).await.unwrap();
        let mut told = Vec::new();
        {
            let mut sink = |progress| told.push(progress);
            let second = lock(&path, &mut sink);
            tokio::pin!(second);
            assert!(
                tokio::time::timeout(Duration::from_millis(120), &mut second)
                    .await
                    .is_err()
            );
            drop(held);
            second.await.unwrap();
        }
        assert_eq!(told, [Progress::Waiting { lock: path }]);
    }
}
