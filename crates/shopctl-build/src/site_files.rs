//! The files of a built site and the headers that they are served with. Uploading
//! is left to others.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::digest::sha256_hex;
use crate::site::SiteError;

/// How a file of the site changes, and so how long it may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SiteFileClass {
    /// Its name holds a hash of its content: under that name it never changes.
    Hashed,
    /// A file with a lasting name, for instance a picture.
    Plain,
    /// A page or the run-time configuration: what points at the others.
    Page,
}

impl SiteFileClass {
    /// The header `Cache-Control`.
    pub fn cache_control(self) -> &'static str {
        match self {
            Self::Hashed => "public, max-age=31536000, immutable",
            Self::Plain => "public, max-age=3600",
            // May be kept, but is asked for anew each time.
            Self::Page => "no-cache",
        }
    }
}

/// A file of the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteFile {
    /// Path below the site's root, with slashes: the object's key.
    pub path: String,
    /// Where it is on disk.
    pub source: PathBuf,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
    /// The header `Content-Type`.
    pub content_type: String,
    /// The header `Cache-Control`.
    pub cache_control: &'static str,
    /// The header `Content-Encoding`, of a file that lies compressed beside the one it stands
    /// for: `index.html.br` or `index.html.gz` beside `index.html`.
    pub content_encoding: Option<&'static str>,
    /// How it changes.
    pub class: SiteFileClass,
}

/// Lists the site below `output`, sorted by path.
///
/// `config_file` is the path of the file that the page reads at run time. Hidden
/// files are left out, but for the folder `.well-known` of RFC 8615.
pub fn site_files(output: &Path, config_file: Option<&str>) -> Result<Vec<SiteFile>, SiteError> {
    if !output.join("index.html").is_file() {
        return Err(SiteError::NoIndex {
            output: output.to_owned(),
        });
    }
    let mut files = Vec::new();
    for item in WalkDir::new(output)
        .follow_links(true)
        .into_iter()
        .filter_entry(is_public)
    {
        let item = item.map_err(|error| SiteError::walk(output, error))?;
        if !item.file_type().is_file() {
            continue;
        }
        let source = item.path();
        let inside = source.strip_prefix(output).unwrap_or(source);
        let path = inside.to_str().ok_or_else(|| SiteError::Name {
            path: source.to_owned(),
        })?;
        let content = std::fs::read(source).map_err(SiteError::read(source))?;
        let class = classify(path, config_file);
        files.push(SiteFile {
            path: path.to_owned(),
            source: source.to_owned(),
            sha256: sha256_hex(&content),
            size: content.len() as u64,
            content_type: content_type(path),
            cache_control: class.cache_control(),
            content_encoding: None,
            class,
        });
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    mark_compressed(&mut files);
    Ok(files)
}

/// Gives files that lie compressed beside others the headers of those: to a browser they are
/// the same file.
fn mark_compressed(files: &mut [SiteFile]) {
    let originals: BTreeMap<String, (String, SiteFileClass)> = files
        .iter()
        .map(|file| (file.path.clone(), (file.content_type.clone(), file.class)))
        .collect();
    for file in files {
        let stands_for = |ending: &str| originals.get(file.path.strip_suffix(ending)?);
        let found = stands_for(".br")
            .map(|original| ("br", original))
            .or_else(|| Some(("gzip", stands_for(".gz")?)));
        if let Some((encoding, (content_type, class))) = found {
            file.content_encoding = Some(encoding);
            file.content_type.clone_from(content_type);
            file.class = *class;
            file.cache_control = class.cache_control();
        }
    }
}

fn is_public(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    let is_hidden = name.as_encoded_bytes().starts_with(b".") && name != ".well-known";
    entry.depth() == 0 || !(is_hidden || name == "Thumbs.db")
}

fn classify(path: &str, config_file: Option<&str>) -> SiteFileClass {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let is_page = name.ends_with(".html") || name.ends_with(".htm");
    if is_page || config_file.is_some_and(|config| config.trim_start_matches('/') == path) {
        SiteFileClass::Page
    } else if folder.split('/').any(|part| part == "assets") && has_hash(name) {
        SiteFileClass::Hashed
    } else {
        SiteFileClass::Plain
    }
}

/// Whether a name is of the form `name-<hash>.ext`, as Vite gives to what it
/// bundles: eight digits of URL-safe base64.
///
/// A file that is copied into the same folder may have a name of that form by
/// chance (`team-portrait.png`). Kept for a year by every browser it could never be
/// replaced, while a bundled file that is taken for a plain one only costs a
/// request an hour. So what reads like words or sizes is not a hash.
fn has_hash(name: &str) -> bool {
    const LENGTH: usize = 8;
    let bytes = name.as_bytes();
    bytes.windows(LENGTH + 2).any(|window| {
        let hash = &window[1..=LENGTH];
        window[0] == b'-'
            && window[LENGTH + 1] == b'.'
            && hash
                .iter()
                .all(|c| c.is_ascii_alphanumeric() || b"-_".contains(c))
            && !hash.split(|c| b"-_".contains(c)).all(is_wordlike)
    })
}

/// `portrait`, `Portrait`, `PORTRAIT`, `20240131`, `800x1200`, `2x`.
fn is_wordlike(part: &[u8]) -> bool {
    let rest = part.get(1..).unwrap_or_default();
    let is_size = || {
        let mut sides = part.split(|c| *c == b'x');
        sides.clone().count() == 2 && sides.all(|side| side.iter().all(u8::is_ascii_digit))
    };
    part.iter().all(u8::is_ascii_uppercase)
        || part.iter().all(u8::is_ascii_digit)
        || part.first().is_none_or(u8::is_ascii_alphabetic)
            && rest.iter().all(u8::is_ascii_lowercase)
        || is_size()
}

fn content_type(path: &str) -> String {
    // A source map; the guess would be a text file.
    if path.ends_with(".map") {
        return "application/json".to_owned();
    }
    let guess = mime_guess::from_path(path).first_or_octet_stream();
    // Without it a browser guesses the encoding of text.
    if guess.type_() == "text" {
        format!("{}; charset=utf-8", guess.essence_str())
    } else {
        guess.essence_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use std::fmt::Write;
    use std::fs;

    use super::*;

    #[test]
    fn files_are_listed_with_what_they_are_served_with() {
        let folder = tempfile::tempdir().unwrap();
        for path in [
            "index.html",
            "admin/index.html",
            "config.json",
            "robots.txt",
            "favicon.svg",
            "site.webmanifest",
            "images/products/lamp.svg",
            "images/lamp-DiwrgTda.png",
            "assets/index-DiwrgTda.js",
            "assets/index-DiwrgTda.js.map",
            "assets/style-C-x_9aB1.css",
            "assets/fonts/inter-B3kZ91-q.woff2",
            "assets/team-portrait.png",
            "assets/data.bin",
            ".well-known/security.txt",
            ".DS_Store",
            ".vite/manifest.json",
            "images/Thumbs.db",
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        let files = site_files(folder.path(), Some("config.json")).unwrap();
        let mut table = String::new();
        for file in &files {
            assert_eq!(file.sha256, sha256_hex(b"x"));
            assert_eq!(file.size, 1);
            assert_eq!(file.source, folder.path().join(&file.path));
            assert_eq!(file.cache_control, file.class.cache_control());
            writeln!(
                table,
                "{:?} {} {}",
                file.class, file.path, file.content_type
            )
            .unwrap();
        }
        insta::assert_snapshot!(table, @r"
        Plain .well-known/security.txt text/plain; charset=utf-8
        Page admin/index.html text/html; charset=utf-8
        Plain assets/data.bin application/octet-stream
        Hashed assets/fonts/inter-B3kZ91-q.woff2 font/woff2
        Hashed assets/index-DiwrgTda.js text/javascript; charset=utf-8
        Hashed assets/index-DiwrgTda.js.map application/json
        Hashed assets/style-C-x_9aB1.css text/css; charset=utf-8
        Plain assets/team-portrait.png image/png
        Page config.json application/json
        Plain favicon.svg image/svg+xml
        Plain images/lamp-DiwrgTda.png image/png
        Plain images/products/lamp.svg image/svg+xml
        Page index.html text/html; charset=utf-8
        Plain robots.txt text/plain; charset=utf-8
        Plain site.webmanifest application/manifest+json
        ");
    }

    #[test]
    fn what_lies_compressed_beside_a_file_is_served_as_that_file() {
        let folder = tempfile::tempdir().unwrap();
        for path in [
            "index.html",
            "index.html.br",
            "index.html.gz",
            "assets/index-DiwrgTda.js",
            "assets/index-DiwrgTda.js.br",
            "downloads/data.gz",
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        let mut table = String::new();
        for file in site_files(folder.path(), None).unwrap() {
            let encoding = file.content_encoding.unwrap_or("-");
            assert_eq!(file.cache_control, file.class.cache_control());
            writeln!(
                table,
                "{:?} {} {} {encoding}",
                file.class, file.path, file.content_type
            )
            .unwrap();
        }
        insta::assert_snapshot!(table, @r"
        Hashed assets/index-DiwrgTda.js text/javascript; charset=utf-8 -
        Hashed assets/index-DiwrgTda.js.br text/javascript; charset=utf-8 br
        Plain downloads/data.gz application/gzip -
        Page index.html text/html; charset=utf-8 -
        Page index.html.br text/html; charset=utf-8 br
        Page index.html.gz text/html; charset=utf-8 gzip
        ");
    }

    #[test]
    fn names_that_only_look_hashed_may_change() {
        for name in [
            "index-DiwrgTda.js",
            "a-b-c-B2k1-abc.js",
            "jquery.min-BxYz1234.js",
            "x-0a1b2c3d.css",
            "x-_aB3dE-f.css",
        ] {
            assert!(has_hash(name), "{name}");
        }
        for name in [
            "index.js",
            "team-portrait.png",
            "team-Portrait.png",
            "team-PORTRAIT.png",
            "photo-20240131.jpg",
            "hero-800x1200.jpg",
            "icon-top-left.svg",
            "icon-2x-large.svg",
            "index-DiwrgTd.js",
            "index-DiwrgTdaX.js",
            "DiwrgTda.js",
            "index-DiwrgTda",
            "index-Diw+gTda.js",
        ] {
            assert!(!has_hash(name), "{name}");
        }
    }

    #[test]
    fn a_folder_without_a_page_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("main.js"), "").unwrap();
        let error = site_files(folder.path(), None).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{} holds no index.html", folder.path().display())
        );
        assert!(site_files(&folder.path().join("gone"), None).is_err());
    }
}
