//! `shopctl watch`: deploys, and again whenever a source changes. What does not compile is
//! shown, and the next change is awaited.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::cli::{DeployArguments, EnvironmentArguments, Global, WatchArguments};
use crate::commands::deploy;
use crate::display::Display;
use crate::error::{CommandError, Kind};
use crate::signals;
use crate::workspace::Workspace;

/// Time between looks at the sources. Looking is cheap: a few milliseconds for thousands of
/// files, with every editor and on every file system.
const PAUSE: Duration = Duration::from_millis(250);

/// Folders that builds write to.
const OUTPUTS: [&str; 2] = ["target", "node_modules"];

/// Watches until the user interrupts.
pub(crate) async fn run(
    global: &Global,
    arguments: &WatchArguments,
    display: &Display,
) -> Result<u8, CommandError> {
    loop {
        let workspace = Workspace::open(global);
        let root = match &workspace {
            Ok(workspace) => workspace.root.clone(),
            // A project file that is wrong can be put right; one that is missing cannot.
            Err(error) if error.diagnostics.is_empty() => return workspace.map(|_| 0),
            Err(error) => error.root.clone(),
        };
        let site = workspace.as_ref().ok().and_then(|workspace| {
            let output = workspace.project.site()?.output.value.as_str().to_owned();
            Some(workspace.root.join(output))
        });
        // What changes while the deploy runs is in the next one.
        let before = Sources::look(&root, site.as_deref());
        let ended = match workspace {
            Ok(workspace) => {
                let environment = choose(&workspace, arguments)?;
                deploy(global, environment, display).await
            }
            Err(error) => Err(error),
        };
        match ended {
            Ok(code) if code == Kind::Interrupted.exit_code() => return Ok(code),
            Ok(_) => {}
            Err(error)
                if matches!(
                    error.kind,
                    Kind::Interrupted | Kind::Refused | Kind::Credentials
                ) =>
            {
                return Err(error);
            }
            Err(error) => display.error(&error),
        }
        let files = before.0.len();
        display.say(&format!("watching {files} files; Ctrl-C ends it"));
        let changed = tokio::select! {
            changed = before.change(&root, site.as_deref()) => changed,
            () = signals::stopped() => return Ok(0),
        };
        display.say(&format!("\n{} changed", describe(&changed)));
    }
}

/// The environment: the one that is named, else the local one.
fn choose(workspace: &Workspace, arguments: &WatchArguments) -> Result<String, CommandError> {
    let name = match &arguments.environment {
        Some(name) => Some(name.clone()),
        None => {
            let mut environments = workspace.project.environments();
            environments
                .find(|environment| environment.is_local())
                .map(|environment| environment.name.to_string())
        }
    };
    name.ok_or_else(|| {
        CommandError::message(
            Kind::Input,
            "the project has no local environment",
            Some("name another one with --env".to_owned()),
        )
    })
}

async fn deploy(
    global: &Global,
    environment: String,
    display: &Display,
) -> Result<u8, CommandError> {
    let arguments = DeployArguments {
        fast: true,
        yes: true,
        ..DeployArguments::of(EnvironmentArguments { environment })
    };
    deploy::run(global, &arguments, display).await
}

/// One name, or several, or many.
fn describe(changed: &[PathBuf]) -> String {
    const SHOWN: usize = 3;
    let names: Vec<String> = changed
        .iter()
        .take(SHOWN)
        .map(|path| path.display().to_string())
        .collect();
    match changed.len().saturating_sub(SHOWN) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

/// The sources with time and size of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Sources(BTreeMap<PathBuf, (SystemTime, u64)>);

impl Sources {
    /// All files of a project but hidden ones and what builds write.
    fn look(root: &Path, site_output: Option<&Path>) -> Self {
        let mut sources = Self::default();
        sources.add(root, root, site_output);
        sources
    }

    fn add(&mut self, root: &Path, folder: &Path, site_output: Option<&Path>) {
        // A folder that goes away meanwhile has no files any more.
        let Ok(entries) = fs::read_dir(folder) else {
            return;
        };
        for entry in entries.filter_map(Result::ok) {
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            if name.starts_with('.') || name.ends_with('~') {
                continue;
            }
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            if metadata.is_dir() {
                let is_output = OUTPUTS.contains(&name.as_ref())
                    || site_output == Some(path.as_path())
                    // The mark that caches carry: https://bford.info/cachedir/
                    || path.join("CACHEDIR.TAG").exists();
                if !is_output {
                    self.add(root, &path, site_output);
                }
            } else if metadata.is_file() {
                let time = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                let path = path.strip_prefix(root).unwrap_or(&path).to_path_buf();
                self.0.insert(path, (time, metadata.len()));
            }
        }
    }

    /// Waits until files differ, and then until they rest: an editor writes several times.
    async fn change(&self, root: &Path, site_output: Option<&Path>) -> Vec<PathBuf> {
        let mut last = self.clone();
        loop {
            tokio::time::sleep(PAUSE).await;
            let now = Self::look(root, site_output);
            let changed = self.differences(&now);
            if !changed.is_empty() && now == last {
                return changed;
            }
            last = now;
        }
    }

    fn differences(&self, other: &Self) -> Vec<PathBuf> {
        let changed = other
            .0
            .iter()
            .filter(|(path, state)| self.0.get(*path) != Some(*state));
        let gone = self.0.keys().filter(|path| !other.0.contains_key(*path));
        changed.map(|(path, _)| path).chain(gone).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn sources_are_watched_and_what_builds_write_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let look = || Sources::look(folder.path(), Some(&folder.path().join("site/out")));
        for path in [
            "handlers/api/src/main.rs",
            "site/index.html",
            "shopctl.yaml",
        ] {
            write(path, "1");
        }
        let before = look();
        assert_eq!(before.0.len(), 3);
        for path in [
            "target/debug/api",
            "site/node_modules/a/b.js",
            "site/out/index.html",
            ".shopctl/x.zip",
            "cache/CACHEDIR.TAG",
            "cache/file",
            "handlers/api/src/.main.rs.swp",
        ] {
            write(path, "1");
        }
        assert_eq!(before.differences(&look()), Vec::<PathBuf>::new());

        write("handlers/api/src/main.rs", "22");
        write("handlers/api/src/new.rs", "1");
        fs::remove_file(folder.path().join("site/index.html")).unwrap();
        let changed = before.differences(&look());
        assert_eq!(
            describe(&changed),
            "handlers/api/src/main.rs, handlers/api/src/new.rs, site/index.html"
        );
    }
}
