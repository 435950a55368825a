//! Zip files whose bytes depend on their content alone.
//!
//! The container is written here rather than by a library because an artifact's
//! digest is its name on AWS: a library's next version, or a feature that another
//! crate turns on, would change every artifact. The deflate implementation is
//! plain Rust without CPU-dependent paths, and its version is pinned. Encryption,
//! archives over 4 GiB and reading are left out.

use std::path::PathBuf;

/// Seconds and years are counted from here; no earlier date can be written.
const DOS_DATE_1980_01_01: u16 = 0x0021;
const DOS_MIDNIGHT: u16 = 0;
/// "Made by Unix", so that modes are taken over, and version 2.0 of the format.
const MADE_BY: u16 = (3 << 8) | 20;
const NEEDED: u16 = 20;
/// Names are UTF-8.
const FLAGS: u16 = 1 << 11;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
const REGULAR_FILE: u32 = 0o100_000;

/// How much effort goes into compression. Part of what an artifact's bytes
/// depend on.
///
/// The measurements behind the levels are in `pack.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Compression {
    /// For the local cloud, where the zip travels over loopback.
    Fast,
    /// For AWS, where the zip's size is part of every cold start.
    Small,
}

impl Compression {
    /// The level of the deflate implementation.
    pub(crate) fn level(self) -> u8 {
        match self {
            Self::Fast => 1,
            Self::Small => 6,
        }
    }
}

/// A file to be packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Path inside the archive, with slashes.
    pub path: String,
    /// Whether it may be executed (mode 755 instead of 644).
    pub executable: bool,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// What a zip file cannot hold.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ArchiveError {
    /// Two entries have one path.
    #[error("two files have the path `{0}` in the archive")]
    Duplicate(String),
    /// A path that would land elsewhere when unpacked.
    #[error("`{}` is no path inside an archive", .0.display())]
    Path(PathBuf),
    /// Too large for the format without its 64-bit extension.
    #[error("the files are too large or too many for a zip file (4 GiB, 65535 files)")]
    TooLarge,
}

/// Packs `entries`, in whatever order they come.
pub fn write_zip(
    mut entries: Vec<Entry>,
    compression: Compression,
) -> Result<Vec<u8>, ArchiveError> {
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    if let Some(pair) = entries.windows(2).find(|pair| pair[0].path == pair[1].path) {
        return Err(ArchiveError::Duplicate(pair[0].path.clone()));
    }
    let mut zip = Vec::new();
    let mut directory = Vec::new();
    for entry in &entries {
        check_path(&entry.path)?;
        let offset = size(zip.len())?;
        let deflated = miniz_oxide::deflate::compress_to_vec(&entry.content, compression.level());
        let (method, data) = if deflated.len() < entry.content.len() {
            (DEFLATED, deflated.as_slice())
        } else {
            (STORED, entry.content.as_slice())
        };
        let mut common = Vec::new();
        put16(
            &mut common,
            &[NEEDED, FLAGS, method, DOS_MIDNIGHT, DOS_DATE_1980_01_01],
        );
        put32(
            &mut common,
            &[
                crc32fast::hash(&entry.content),
                size(data.len())?,
                size(entry.content.len())?,
            ],
        );
        let name = u16::try_from(entry.path.len()).map_err(|_| ArchiveError::TooLarge)?;
        put16(&mut common, &[name, 0]);

        zip.extend(b"PK\x03\x04");
        zip.extend(&common);
        zip.extend(entry.path.as_bytes());
        zip.extend(data);

        let mode = if entry.executable { 0o755 } else { 0o644 };
        directory.extend(b"PK\x01\x02");
        put16(&mut directory, &[MADE_BY]);
        directory.extend(&common);
        // No comment, first disk, no internal attributes.
        put16(&mut directory, &[0, 0, 0]);
        put32(&mut directory, &[(REGULAR_FILE | mode) << 16, offset]);
        directory.extend(entry.path.as_bytes());
    }
    let count = u16::try_from(entries.len()).map_err(|_| ArchiveError::TooLarge)?;
    let (start, length) = (size(zip.len())?, size(directory.len())?);
    zip.extend(directory);
    zip.extend(b"PK\x05\x06");
    put16(&mut zip, &[0, 0, count, count]);
    put32(&mut zip, &[length, start]);
    put16(&mut zip, &[0]);
    Ok(zip)
}

/// Refuses what an unpacker would refuse, or worse, follow.
fn check_path(path: &str) -> Result<(), ArchiveError> {
    let bad = |part: &str| part.is_empty() || part == "." || part == "..";
    if path.split('/').any(bad) || path.contains(['\\', '\0']) {
        return Err(ArchiveError::Path(path.into()));
    }
    Ok(())
}

fn size(length: usize) -> Result<u32, ArchiveError> {
    // The highest value says "see the 64-bit extension".
    u32::try_from(length)
        .ok()
        .filter(|length| *length != u32::MAX)
        .ok_or(ArchiveError::TooLarge)
}

fn put16(to: &mut Vec<u8>, values: &[u16]) {
    values
        .iter()
        .for_each(|value| to.extend(value.to_le_bytes()));
}

fn put32(to: &mut Vec<u8>, values: &[u32]) {
    values
        .iter()
        .for_each(|value| to.extend(value.to_le_bytes()));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use std::io::{Cursor, Read};

    use proptest::collection::btree_map;
    use proptest::prelude::*;

    use super::*;
    use crate::digest::sha256_hex;

    fn entry(path: &str, executable: bool, content: &[u8]) -> Entry {
        Entry {
            path: path.to_owned(),
            executable,
            content: content.to_vec(),
        }
    }

    /// What an independent reader finds.
    fn read_back(zip: &[u8]) -> Vec<(String, u32, Vec<u8>)> {
        let mut archive = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
        (0..archive.len())
            .map(|index| {
                let mut file = archive.by_index(index).unwrap();
                let mut content = Vec::new();
                file.read_to_end(&mut content).unwrap();
                (
                    file.name().unwrap().into_owned(),
                    file.unix_mode().unwrap(),
                    content,
                )
            })
            .collect()
    }

    #[test]
    fn another_program_reads_names_modes_and_content() {
        let zip = write_zip(
            vec![
                entry("lib/ä.txt", false, b""),
                entry("bootstrap", true, &[7; 100_000]),
            ],
            Compression::Small,
        )
        .unwrap();
        assert!(zip.len() < 1000);
        assert_eq!(
            read_back(&zip),
            [
                ("bootstrap".to_owned(), 0o100_755, vec![7; 100_000]),
                ("lib/ä.txt".to_owned(), 0o100_644, Vec::new()),
            ]
        );
    }

    /// Fails when the packing of one and the same content changes, which would
    /// upload every artifact and update every function anew. If that is wanted,
    /// raise `RECIPE` in `pack.rs` together with these digests.
    #[test]
    fn bytes_are_the_same_on_every_machine_and_version() {
        // Bytes that compress partly, so that the compressor has choices to make.
        let mut state = 1_u32;
        let content: Vec<u8> = (0..200_000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 28) as u8
            })
            .collect();
        let digest = |compression| {
            sha256_hex(&write_zip(vec![entry("bootstrap", true, &content)], compression).unwrap())
        };
        insta::assert_snapshot!(digest(Compression::Fast), @"b59d0a81e808327ac45aa8b41c0f94238ebbdccb74a31422f5ced153ad5e21c3");
        insta::assert_snapshot!(digest(Compression::Small), @"2a0bf182c06416fd1595dff27ec02e3a3c6d17ff062fc8222a25e55c8cd97852");
    }

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        for path in [
            "",
            "/etc/passwd",
            "../x",
            "a/../b",
            "a//b",
            "./a",
            r"a\b",
            "a/",
        ] {
            let result = write_zip(vec![entry(path, false, b"")], Compression::Fast);
            assert_eq!(result, Err(ArchiveError::Path(path.into())), "{path}");
        }
        assert_eq!(
            write_zip(
                vec![entry("a", false, b"1"), entry("a", false, b"2")],
                Compression::Fast
            ),
            Err(ArchiveError::Duplicate("a".to_owned()))
        );
    }

    fn files() -> impl Strategy<Value = Vec<Entry>> {
        btree_map(
            "[a-c]{1,3}(/[a-c]{1,3}){0,2}",
            (any::<bool>(), prop::collection::vec(0_u8..4, 0..300)),
            1..8,
        )
        .prop_map(|files| {
            files
                .into_iter()
                .map(|(path, (executable, content))| Entry {
                    path,
                    executable,
                    content,
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn the_order_of_entries_does_not_matter(
            (files, shuffled) in files().prop_flat_map(|f| (Just(f.clone()), Just(f).prop_shuffle())),
        ) {
            prop_assert_eq!(
                write_zip(files, Compression::Fast),
                write_zip(shuffled, Compression::Fast)
            );
        }

        #[test]
        fn what_goes_in_comes_out(files in files()) {
            for compression in [Compression::Fast, Compression::Small] {
                let read = read_back(&write_zip(files.clone(), compression).unwrap());
                let written: Vec<_> = files
                    .iter()
                    .map(|file| {
                        let mode = if file.executable { 0o100_755 } else { 0o100_644 };
                        (file.path.clone(), mode, file.content.clone())
                    })
                    .collect();
                prop_assert_eq!(read, written);
            }
        }

        #[test]
        fn any_change_changes_the_bytes(
            files in files(),
            index in any::<prop::sample::Index>(),
            change in 0..3,
        ) {
            let mut changed = files.clone();
            let file = index.get_mut(&mut changed);
            match change {
                0 => file.content.push(1),
                1 => file.executable = !file.executable,
                _ => file.path.push('z'),
            }
            prop_assert_ne!(
                write_zip(files, Compression::Fast),
                write_zip(changed, Compression::Fast)
            );
        }
    }
}
