//! Builds the web site with its own command, and only when something changed. It
//! knows npm's lock file and nothing of bundlers.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use walkdir::{DirEntry, WalkDir};

use crate::digest::{FieldDigest, sha256_hex};
use crate::excerpt::Excerpt;
use crate::pack::{PackError, write_atomically};
use crate::process::{Environment, Invocation, ToolError, words};

/// From here on npm lists all options of its command; the cause came before.
const NPM_USAGE: &str = "npm error Clean install a project";

/// What npm says when the lock file does not belong to the manifest.
const NPM_OUT_OF_SYNC: &str = "`npm ci` can only install packages when";

/// In `node_modules`: the digest of the lock file that was installed from.
const INSTALLED: &str = ".shopctl-installed";

/// Raise it when the same inputs are to be built anew.
const RECIPE: &str = "1";

/// Folders and files that a build does not read: what is installed, what belongs to
/// version control or the file manager, and what tests leave behind.
const NOT_INPUT: &[&str] = &[
    ".DS_Store",
    ".git",
    "coverage",
    "node_modules",
    "playwright-report",
    "test-results",
];

/// Variables that bundlers write into what they build.
const BUILD_VARIABLES: &[&str] = &["NODE_ENV", "NEXT_PUBLIC_", "PUBLIC_", "REACT_APP_", "VITE_"];

/// A site to be built.
#[derive(Debug, Clone)]
pub struct SiteRequest {
    /// Where the build command runs.
    pub folder: PathBuf,
    /// The build command; empty when the site is plain files.
    pub build: Vec<String>,
    /// Where the command puts the site.
    pub output: PathBuf,
    /// Files and folders outside of `folder` that the build reads too.
    pub inputs: Vec<PathBuf>,
    /// A folder of our own for notes on what was built.
    pub cache: PathBuf,
    /// The environment that commands are run with and looked up in.
    pub environment: Environment,
}

/// What a build came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SiteBuild {
    /// Whether packages were installed.
    pub installed: bool,
    /// Whether the build command was run.
    pub built: bool,
}

/// What happened during a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SiteEvent {
    /// Packages are being installed, because there are none or the lock file changed.
    InstallStarted {
        /// The command line.
        command: String,
    },
    /// The build command was started.
    BuildStarted {
        /// The command line.
        command: String,
    },
    /// A command wrote a line.
    LineWritten {
        /// The line.
        line: String,
    },
    /// The build command was left out, because nothing has changed since the last.
    BuildSkipped,
}

/// Takes each event as it happens.
pub type SiteProgress<'a> = &'a (dyn Fn(SiteEvent) + Send + Sync);

/// The site could not be built or read.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// There is no folder to build in.
    #[error("the site's folder {} does not exist", .folder.display())]
    NoFolder {
        /// Which.
        folder: PathBuf,
    },
    /// A program could not be run.
    #[error("cannot build the site")]
    Tool(#[from] ToolError),
    /// Packages are declared but not which versions.
    #[error("there is no package-lock.json beside {}", .manifest.display())]
    NoLockFile {
        /// The `package.json`.
        manifest: PathBuf,
    },
    /// A command failed.
    #[error("`{command}` failed ({status}) in {}\n{output}", .folder.display())]
    Command {
        /// The command line.
        command: String,
        /// How it ended.
        status: std::process::ExitStatus,
        /// Where it ran.
        folder: PathBuf,
        /// The first and last lines that it wrote.
        output: String,
    },
    /// The output folder is not a site.
    #[error("{} holds no index.html", .output.display())]
    NoIndex {
        /// Which.
        output: PathBuf,
    },
    /// A file or folder could not be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A name that no URL can hold.
    #[error("the name of {} is not UTF-8", .path.display())]
    Name {
        /// Which.
        path: PathBuf,
    },
    /// A note on what was done could not be written.
    #[error("cannot note that the site is built")]
    Note(#[source] PackError),
}

impl SiteError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoFolder { .. } => Some("correct `site.path` in shopctl.yaml".to_owned()),
            Self::Tool(error) => error.hint(),
            Self::NoLockFile { manifest } => {
                let folder = manifest.parent().unwrap_or(manifest);
                Some(format!(
                    "make it and commit it: npm install --prefix {}",
                    folder.display()
                ))
            }
            Self::Command { output, folder, .. } if output.contains(NPM_OUT_OF_SYNC) => {
                Some(format!("update the lock file: npm install --prefix {}", folder.display()))
            }
            Self::Command {
                command, folder, ..
            } => Some(format!(
                "see it by itself: (cd {} && {command})",
                folder.display()
            )),
            Self::NoIndex { .. } => Some(
                "correct `site.output` in shopctl.yaml, or the build command, so that it writes there"
                    .to_owned(),
            ),
            Self::Note(error) => error.hint(),
            Self::Read { .. } | Self::Name { .. } => None,
        }
    }

    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Read {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn walk(root: &Path, error: walkdir::Error) -> Self {
        Self::Read {
            path: error.path().unwrap_or(root).to_owned(),
            source: error.into(),
        }
    }
}

/// What a build was made from and what it made.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    inputs: String,
    output: String,
}

/// Builds the site unless its inputs and its output are those of the last build.
///
/// Dropping the future stops the command and all that it has started.
pub async fn build_site(
    request: &SiteRequest,
    progress: SiteProgress<'_>,
) -> Result<SiteBuild, SiteError> {
    let folder = &request.folder;
    if !folder.is_dir() {
        return Err(SiteError::NoFolder {
            folder: folder.clone(),
        });
    }
    if request.build.is_empty() {
        return Ok(SiteBuild {
            installed: false,
            built: false,
        });
    }
    let note_path = note_path(request);
    // Taken before the build: what is edited meanwhile belongs to the next one.
    // Inputs that cannot be read, such as a link to nowhere, are the command's
    // matter; the build is then never left out.
    let inputs = input_digest(request).ok();
    let last: Option<Note> = std::fs::read(&note_path)
        .ok()
        .and_then(|note| serde_json::from_slice(&note).ok());
    if last.is_some_and(|last| {
        inputs.as_ref() == Some(&last.inputs)
            && tree_digest(&request.output).is_ok_and(|now| now == last.output)
    }) {
        progress(SiteEvent::BuildSkipped);
        return Ok(SiteBuild {
            installed: false,
            built: false,
        });
    }
    let installed = install(request, progress).await?;
    let invocation = Invocation::new(&request.build, folder, &request.environment)?;
    progress(SiteEvent::BuildStarted {
        command: invocation.shown().to_owned(),
    });
    run(&invocation, folder, progress).await?;
    if !request.output.join("index.html").is_file() {
        return Err(SiteError::NoIndex {
            output: request.output.clone(),
        });
    }
    if let Some(inputs) = inputs {
        let output = tree_digest(&request.output)?;
        // Two strings always serialise.
        let note = serde_json::to_vec(&Note { inputs, output }).unwrap_or_default();
        write_atomically(&note_path, &note).map_err(SiteError::Note)?;
    }
    Ok(SiteBuild {
        installed,
        built: true,
    })
}

/// Installs packages when the lock file is not the one last installed from.
async fn install(request: &SiteRequest, progress: SiteProgress<'_>) -> Result<bool, SiteError> {
    let folder = &request.folder;
    let uses_npm =
        matches!(request.build.first(), Some(program) if program == "npm" || program == "npx");
    let lock = ["npm-shrinkwrap.json", "package-lock.json"]
        .map(|name| folder.join(name))
        .into_iter()
        .find(|path| path.is_file());
    if uses_npm || lock.is_some() {
        // Npm is a script that node runs; without node it fails in riddles.
        for program in ["node", "npm"] {
            request.environment.find(program, folder)?;
        }
    }
    let Some(lock) = lock else {
        let manifest = folder.join("package.json");
        if uses_npm && declares_packages(&manifest) {
            return Err(SiteError::NoLockFile { manifest });
        }
        return Ok(false);
    };
    let digest = sha256_hex(&std::fs::read(&lock).map_err(SiteError::read(&lock))?);
    let modules = folder.join("node_modules");
    let marker = modules.join(INSTALLED);
    if std::fs::read_to_string(&marker).is_ok_and(|installed| installed == digest) {
        return Ok(false);
    }
    let argv = words(["npm", "ci", "--no-audit", "--no-fund"]);
    let invocation = Invocation::new(&argv, folder, &request.environment)?;
    progress(SiteEvent::InstallStarted {
        command: invocation.shown().to_owned(),
    });
    // From here on nobody may take what is there for whole.
    if let Err(source) = std::fs::remove_file(&marker)
        && source.kind() != io::ErrorKind::NotFound
    {
        return Err(SiteError::Note(PackError::Write {
            path: marker,
            source,
        }));
    }
    run(&invocation, folder, progress).await?;
    write_atomically(&marker, digest.as_bytes()).map_err(SiteError::Note)?;
    Ok(true)
}

/// Runs a command; what it says is kept for the case that it fails.
async fn run(
    invocation: &Invocation,
    folder: &Path,
    progress: SiteProgress<'_>,
) -> Result<(), SiteError> {
    let mut said = Excerpt::default();
    let mut explained = false;
    let status = invocation
        .run(|_, line| {
            explained |= line == NPM_USAGE;
            if !explained {
                said.take(&line);
            }
            progress(SiteEvent::LineWritten { line });
        })
        .await?;
    if status.success() {
        return Ok(());
    }
    Err(SiteError::Command {
        command: invocation.shown().to_owned(),
        status,
        folder: folder.to_owned(),
        output: said.text(),
    })
}

fn declares_packages(manifest: &Path) -> bool {
    let Some(json) = std::fs::read(manifest)
        .ok()
        .and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok())
    else {
        return false;
    };
    ["dependencies", "devDependencies"]
        .iter()
        .filter_map(|key| json[key].as_object())
        .any(|packages| !packages.is_empty())
}

/// One note for each site folder on this machine.
fn note_path(request: &SiteRequest) -> PathBuf {
    let folder = request
        .folder
        .canonicalize()
        .unwrap_or_else(|_| request.folder.clone());
    let name = sha256_hex(folder.as_os_str().as_encoded_bytes());
    request.cache.join(format!("site-{}.json", &name[..16]))
}

/// Digest of all that the build's result depends on, as far as can be known from
/// outside: command, variables, and the files but for what is made from them.
fn input_digest(request: &SiteRequest) -> Result<String, SiteError> {
    let mut digest = FieldDigest::new();
    digest.field(RECIPE.as_bytes());
    for word in &request.build {
        digest.field(word.as_bytes());
    }
    for (name, value) in request.environment.variables() {
        let names = name.to_str().unwrap_or_default();
        if BUILD_VARIABLES
            .iter()
            .any(|prefix| names.starts_with(prefix))
        {
            digest.field(name.as_encoded_bytes());
            digest.field(value.as_encoded_bytes());
        }
    }
    for root in std::iter::once(&request.folder).chain(&request.inputs) {
        let is_input = |entry: &DirEntry| {
            let name = entry.file_name();
            entry.depth() == 0
                || !(NOT_INPUT.iter().any(|other| name == *other)
                    || name.as_encoded_bytes().ends_with(b".tsbuildinfo")
                    || entry.path() == request.output)
        };
        digest_files(root, is_input, &mut digest)?;
    }
    Ok(digest.finish())
}

fn tree_digest(root: &Path) -> Result<String, SiteError> {
    let mut digest = FieldDigest::new();
    digest_files(root, |_| true, &mut digest)?;
    Ok(digest.finish())
}

fn digest_files(
    root: &Path,
    counts: impl FnMut(&DirEntry) -> bool,
    digest: &mut FieldDigest,
) -> Result<(), SiteError> {
    let files = WalkDir::new(root)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(counts);
    for item in files {
        let item = item.map_err(|error| SiteError::walk(root, error))?;
        let path = item.path();
        if item.file_type().is_file() {
            let inside = path.strip_prefix(root).unwrap_or(path);
            digest.field(inside.as_os_str().as_encoded_bytes());
            digest.field(&std::fs::read(path).map_err(SiteError::read(path))?);
        }
    }
    // Where one tree ends and the next begins.
    digest.field(b"");
    Ok(())
}
