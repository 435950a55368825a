//! From files to artifacts: a zip in a cache folder, named by the SHA-256 of its
//! bytes. What has been packed before is not packed again.
//!
//! Choices, measured with a handler of three SDK crates in the dev profile
//! (49 MB; two busy cores; deflate by `miniz_oxide`):
//!
//! | what | time | zip |
//! |---|---|---|
//! | level 1 | 0.45 s | 17.2 MB |
//! | level 3 | 1.2 s | 14.3 MB |
//! | level 6 | 3.5 s | 13.8 MB |
//! | level 9 | 7.7 s | 13.7 MB |
//! | stripped first, level 1 | 0.23 s + 0.15 s | 11.9 MB |
//!
//! So the local cloud gets level 1, and AWS, whose profile strips and whose cold
//! start pays for every byte, level 6. Stripping for the local cloud would gain a
//! tenth of a second and lose the line numbers of panics, so it is not done.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use shopctl_core::names::ArtifactDigest;
use walkdir::{DirEntry, WalkDir};

use crate::archive::{ArchiveError, Compression, Entry, write_zip};
use crate::digest::{FieldDigest, sha256_hex};

/// Raise it when the same files are to give other bytes; it keeps old cache
/// entries from being taken for new ones.
const RECIPE: &str = "1";

/// Lambda's quota for the unpacked files of a function.
pub const MAX_UNZIPPED_BYTES: u64 = 262_144_000;

/// Cache entries that nobody has used for this long are removed.
const KEEP: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// What an operating system or a file manager leaves in a folder, and what
/// depends on who ran the code last: none of it is part of the code.
const NOT_CODE: &[&str] = &[".DS_Store", ".git", "Thumbs.db", "__pycache__"];

/// A zip on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// SHA-256 of the zip.
    pub digest: ArtifactDigest,
    /// Where it is.
    pub zip_path: PathBuf,
    /// Its size.
    pub zip_bytes: u64,
    /// The size of what is in it.
    pub unzipped_bytes: u64,
    /// Whether it was there already.
    pub cached: bool,
}

/// Files could not be packed.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// A file or folder could not be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The cache could not be written.
    #[error("cannot write {}", .path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The disk, or the user's share of it, is full.
    #[error("no space left on the disk for {}", .path.display())]
    DiskFull {
        /// What was to be written.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// A symbolic link: what it points to differs between machines.
    #[error("{} is a symbolic link, which cannot be packed", .path.display())]
    SymbolicLink {
        /// Which.
        path: PathBuf,
    },
    /// A socket, a pipe or a device.
    #[error("{} is neither a file nor a folder", .path.display())]
    SpecialFile {
        /// Which.
        path: PathBuf,
    },
    /// A name that cannot be written into a zip file everybody can read.
    #[error("the name of {} is not UTF-8", .path.display())]
    Name {
        /// Which.
        path: PathBuf,
    },
    /// There is nothing to pack.
    #[error("{} holds no file", .path.display())]
    Empty {
        /// Which folder.
        path: PathBuf,
    },
    /// More than Lambda takes.
    #[error(
        "{} is {} MB unpacked; Lambda takes 250 MB at most",
        .path.display(),
        .bytes / (1024 * 1024)
    )]
    TooLarge {
        /// Which file or folder.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// The zip format cannot hold it.
    #[error("cannot pack {}", .path.display())]
    Archive {
        /// Which file or folder.
        path: PathBuf,
        /// Why.
        source: ArchiveError,
    },
}

impl PackError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::DiskFull { path, .. } => {
                let folder = path.parent().unwrap_or(path);
                return Some(format!(
                    "free some space, then run again: df -h {}",
                    folder.display()
                ));
            }
            Self::SymbolicLink { .. } => "put a copy of the file in its place",
            Self::TooLarge { .. } => "leave out what the function does not need at run time",
            Self::Empty { .. } => "put the function's code into it, or correct the path",
            Self::Read { .. }
            | Self::Write { .. }
            | Self::SpecialFile { .. }
            | Self::Name { .. }
            | Self::Archive { .. } => return None,
        };
        Some(hint.to_owned())
    }

    fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Read {
            path: path.to_owned(),
            source,
        }
    }

    fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| {
            let path = path.to_owned();
            match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    Self::DiskFull { path, source }
                }
                _ => Self::Write { path, source },
            }
        }
    }
}

/// Packs a compiled handler as `bootstrap`, the name that Lambda starts.
///
/// `cache` is a folder of our own; it is made when it is not there.
pub fn pack_binary(
    binary: Vec<u8>,
    compression: Compression,
    cache: &Path,
) -> Result<Packed, PackError> {
    let entry = Entry {
        path: "bootstrap".to_owned(),
        executable: true,
        content: binary,
    };
    pack_entries(vec![entry], compression, cache, Path::new("bootstrap"))
}

/// Packs a plain folder, or a single file under its own name. A file that is a zip
/// already is taken as it is.
///
/// All files count, whatever `.gitignore` says, but for `.git`, `__pycache__` and
/// what file managers leave behind.
pub fn pack_folder(
    path: &Path,
    compression: Compression,
    cache: &Path,
) -> Result<Packed, PackError> {
    let (entries, bytes) = read_entries(path)?;
    if bytes > MAX_UNZIPPED_BYTES {
        return Err(PackError::TooLarge {
            path: path.to_owned(),
            bytes,
        });
    }
    match entries.as_slice() {
        [] => Err(PackError::Empty {
            path: path.to_owned(),
        }),
        [zip] if zip.content.starts_with(b"PK\x03\x04") && path.is_file() => {
            store(&zip.content, bytes, cache)
        }
        _ => pack_entries(entries, compression, cache, path),
    }
}

fn pack_entries(
    entries: Vec<Entry>,
    compression: Compression,
    cache: &Path,
    what: &Path,
) -> Result<Packed, PackError> {
    let unzipped_bytes = entries.iter().map(|entry| entry.content.len() as u64).sum();
    let note = cache.join(format!("{}.packed", input_digest(&entries, compression)));
    if let Some(packed) = cached(&note, cache, unzipped_bytes) {
        return Ok(packed);
    }
    let zip = write_zip(entries, compression).map_err(|source| PackError::Archive {
        path: what.to_owned(),
        source,
    })?;
    let packed = store(&zip, unzipped_bytes, cache)?;
    write_atomically(&note, packed.digest.as_str().as_bytes())?;
    prune(cache);
    Ok(packed)
}

/// What the zip's bytes depend on, without making them.
fn input_digest(entries: &[Entry], compression: Compression) -> String {
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    let mut digest = FieldDigest::new();
    digest.field(RECIPE.as_bytes());
    digest.field(&[compression.level()]);
    for entry in sorted {
        digest.field(entry.path.as_bytes());
        digest.field(&[u8::from(entry.executable)]);
        digest.field(&entry.content);
    }
    digest.finish()
}

/// What `note` says was packed, if the zip is there and whole.
fn cached(note: &Path, cache: &Path, unzipped_bytes: u64) -> Option<Packed> {
    let digest = fs::read_to_string(note).ok()?;
    let zip_path = zip_path(cache, &digest);
    let zip = fs::read(&zip_path).ok()?;
    if sha256_hex(&zip) != digest {
        return None;
    }
    for path in [note, &zip_path] {
        touch(path);
    }
    Some(Packed {
        digest: ArtifactDigest::new(digest),
        zip_path,
        zip_bytes: zip.len() as u64,
        unzipped_bytes,
        cached: true,
    })
}

fn store(zip: &[u8], unzipped_bytes: u64, cache: &Path) -> Result<Packed, PackError> {
    let digest = sha256_hex(zip);
    let zip_path = zip_path(cache, &digest);
    let cached = fs::read(&zip_path).is_ok_and(|there| there == zip);
    if cached {
        touch(&zip_path);
    } else {
        write_atomically(&zip_path, zip)?;
    }
    Ok(Packed {
        digest: ArtifactDigest::new(digest),
        zip_path,
        zip_bytes: zip.len() as u64,
        unzipped_bytes,
        cached,
    })
}

fn zip_path(cache: &Path, digest: &str) -> PathBuf {
    cache.join(format!("{digest}.zip"))
}

/// Either all of `content` is at `path`, or what was there before. A reader, or a
/// run beside this one, never sees half of it.
pub(crate) fn write_atomically(path: &Path, content: &[u8]) -> Result<(), PackError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(PackError::write(folder))?;
    let write = || {
        let mut file = tempfile::Builder::new()
            .prefix(".new-")
            .tempfile_in(folder)?;
        file.write_all(content)?;
        // A full disk may only be noticed here.
        file.as_file().sync_data()?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(PackError::write(path))
}

/// Marks a file as used. Failing to do so only means that it is packed again.
fn touch(path: &Path) {
    if let Ok(file) = File::options().append(true).open(path) {
        let _ = file.set_modified(SystemTime::now());
    }
}

/// Removes what has not been used for long, and what a killed run left half
/// written. The cache is a convenience: nothing here is worth an error.
fn prune(cache: &Path) {
    for entry in fs::read_dir(cache).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(|name| {
            name.ends_with(".zip") || name.ends_with(".packed") || name.starts_with(".new-")
        });
        let unused = entry
            .metadata()
            .and_then(|meta| meta.modified())
            .is_ok_and(|used| used.elapsed().is_ok_and(|ago| ago > KEEP));
        if ours && unused {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The files below `root`, or `root` itself, and their size together. Reading
/// stops where Lambda's quota ends.
fn read_entries(root: &Path) -> Result<(Vec<Entry>, u64), PackError> {
    let is_code = |entry: &DirEntry| {
        entry.depth() == 0 || !NOT_CODE.iter().any(|name| entry.file_name() == *name)
    };
    let mut entries = Vec::new();
    let mut bytes = 0;
    for item in WalkDir::new(root).into_iter().filter_entry(is_code) {
        let item = item.map_err(|error| PackError::Read {
            path: error.path().unwrap_or(root).to_owned(),
            source: error.into(),
        })?;
        let path = item.path();
        let kind = item.file_type();
        if kind.is_dir() {
            continue;
        }
        if item.path_is_symlink() {
            return Err(PackError::SymbolicLink {
                path: path.to_owned(),
            });
        }
        if !kind.is_file() {
            return Err(PackError::SpecialFile {
                path: path.to_owned(),
            });
        }
        let name = match path.strip_prefix(root) {
            Ok(inside) if !inside.as_os_str().is_empty() => inside,
            _ => Path::new(item.file_name()),
        };
        let name = name.to_str().ok_or_else(|| PackError::Name {
            path: path.to_owned(),
        })?;
        let meta = item
            .metadata()
            .map_err(|error| PackError::read(path)(error.into()))?;
        bytes += meta.len();
        if bytes <= MAX_UNZIPPED_BYTES {
            entries.push(Entry {
                path: name.to_owned(),
                executable: is_executable(&meta),
                content: fs::read(path).map_err(PackError::read(path))?,
            });
        }
    }
    Ok((entries, bytes))
}

/// Only the owner's bit counts, as in git: the others depend on the umask.
fn is_executable(meta: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    meta.permissions().mode() & 0o100 != 0
}

#[cfg(test)]
mod tests;
