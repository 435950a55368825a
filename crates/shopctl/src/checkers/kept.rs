//! Results of checks, kept by what was checked: a template that did not change is not checked again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shopctl_core::names::StackName;
use shopctl_core::record;
use shopctl_core::template::RenderedFile;

use crate::error::{CommandError, Kind};
use crate::workspace::Workspace;

/// What a checker says about each template, by the template's digest. `settings` is all that its
/// answers depend on but the template: name, version, rules. `ask` answers for files by their path.
pub(super) async fn checked<T: Serialize + DeserializeOwned>(
    workspace: &Workspace,
    settings: &[&str],
    files: &IndexMap<StackName, Vec<RenderedFile>>,
    ask: impl AsyncFnOnce(Vec<&Path>) -> Result<BTreeMap<PathBuf, Vec<T>>, CommandError>,
) -> Result<BTreeMap<String, Vec<T>>, CommandError> {
    let folder = workspace.cache().join("lint");
    fs::create_dir_all(&folder).map_err(|error| cannot("create", &folder, &error))?;
    let kept = |file: &RenderedFile| {
        let parts = [settings, &[&file.digest]].concat();
        let key = record::digest(parts.join("\u{0}").as_bytes());
        folder.join(format!("{key}.json"))
    };
    let mut known = BTreeMap::new();
    let mut unknown: BTreeMap<PathBuf, &RenderedFile> = BTreeMap::new();
    for file in files.values().flatten() {
        let found = fs::read(kept(file)).ok();
        match found.and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
            Some(found) => {
                known.insert(file.digest.clone(), found);
            }
            None => {
                let path = folder.join(format!("{}.yaml", file.digest));
                fs::write(&path, &file.body).map_err(|error| cannot("write", &path, &error))?;
                unknown.insert(path, file);
            }
        }
    }
    if unknown.is_empty() {
        return Ok(known);
    }
    let mut by_file = ask(unknown.keys().map(PathBuf::as_path).collect()).await?;
    for (path, file) in &unknown {
        let found = by_file.remove(path.as_path()).unwrap_or_default();
        // A lost entry only costs time.
        let _ = serde_json::to_vec(&found).map(|bytes| fs::write(kept(file), bytes));
        let _ = fs::remove_file(path);
        known.insert(file.digest.clone(), found);
    }
    Ok(known)
}

/// A file operation that failed.
pub(crate) fn cannot(action: &str, path: &Path, error: &std::io::Error) -> CommandError {
    CommandError::message(
        Kind::Failed,
        format!("cannot {action} '{}': {error}", path.display()),
        None,
    )
}
