//! The project's files as rendering sees them: paths relative to the project's root,
//! `/`-separated and normalised. Nothing here touches a disk; the caller brings the
//! implementation.

use crate::diagnostic::{Diagnostic, Location, did_you_mean};

/// Read access to the project's files.
pub trait Files {
    /// The bytes of a file.
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError>;

    /// What is at a path; `None` when nothing is.
    fn kind(&self, path: &str) -> Option<FileKind>;

    /// The names in a folder, for suggestions; empty when it cannot be listed.
    fn list(&self, folder: &str) -> Vec<String>;
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A file.
    File,
    /// A folder.
    Folder,
}

/// Why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// There is none.
    #[error("no such file")]
    NotFound,
    /// Anything else, in the words of the operating system.
    #[error("{0}")]
    Other(String),
}

/// The project path of `reference` as written in the file `file`.
///
/// `None` for a path that is absolute or leads out of the project.
pub(crate) fn resolve_path(file: &str, reference: &str) -> Option<String> {
    if reference.starts_with('/') || reference.contains('\\') || has_drive(reference) {
        return None;
    }
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in reference.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

fn has_drive(reference: &str) -> bool {
    let mut chars = reference.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic()) && chars.next() == Some(':')
}

/// `resolve_path` for a path written at `location`, with the error to show.
pub(crate) fn path_at(location: &Location, reference: &str) -> Result<String, Diagnostic> {
    resolve_path(&location.file, reference).ok_or_else(|| {
        Diagnostic::error(
            location,
            format!("the path '{reference}' leads out of the project"),
        )
        .with_hint("paths are relative to the file in which they are written and use '/'")
    })
}

/// The text of the file at `path`, which was named at `location`.
pub(crate) fn read_text(
    files: &dyn Files,
    path: &str,
    location: &Location,
) -> Result<String, Diagnostic> {
    if files.kind(path) == Some(FileKind::Folder) {
        return Err(Diagnostic::error(
            location,
            format!("'{path}' is a folder where a file is needed"),
        ));
    }
    let bytes = files
        .read(path)
        .map_err(|error| unreadable(files, path, &error, location))?;
    String::from_utf8(bytes)
        .map_err(|_| Diagnostic::error(location, format!("'{path}' is not UTF-8 text")))
}

/// The error for a file that cannot be read; a near name in its folder is suggested.
pub(crate) fn unreadable(
    files: &dyn Files,
    path: &str,
    error: &FileError,
    location: &Location,
) -> Diagnostic {
    let diagnostic = match error {
        FileError::NotFound => Diagnostic::error(location, format!("'{path}' does not exist")),
        FileError::Other(reason) => {
            Diagnostic::error(location, format!("cannot read '{path}': {reason}"))
        }
    };
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let names = files.list(folder);
    let hint = did_you_mean(name, names.iter().map(String::as_str));
    match hint {
        Some(hint) if *error == FileError::NotFound => diagnostic.with_hint(hint),
        _ => diagnostic,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolves_paths_within_the_project_only() {
        let from = "stacks/products/template.yaml";
        for (reference, expected) in [
            ("openapi.yaml", Some("stacks/products/openapi.yaml")),
            ("./a//b/", Some("stacks/products/a/b")),
            ("../../handlers/products", Some("handlers/products")),
            ("../..", Some("")),
            ("../../../etc/passwd", None),
            ("/etc/passwd", None),
            ("C:/x", None),
            ("..\\x", None),
        ] {
            assert_eq!(
                resolve_path(from, reference).as_deref(),
                expected,
                "{reference}"
            );
        }
        assert_eq!(
            resolve_path("template.yaml", "x").as_deref(),
            Some("x"),
            "a file at the root"
        );
    }
}
