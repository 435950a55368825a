//! Handlers from source to artifact: one cargo call for all of them, then each
//! binary is checked and packed. Nothing is uploaded.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use shopctl_core::names::ArtifactDigest;
use tokio::sync::{Notify, Semaphore};
use tokio::task::{JoinError, JoinSet};

use crate::archive::Compression;
use crate::binary::{Architecture, BinaryProblem, check_binary};
use crate::build_error::BuildError;
use crate::cargo::{Cargo, Listener, Package, Report, Workspace};
use crate::digest::sha256_hex;
use crate::pack::{PackError, pack_binary};
use crate::process::{Environment, words};
use crate::toolchain::Toolchain;

/// Lambda's limit for a zip that is sent to it directly.
const LARGE_ZIP_BYTES: u64 = 52_428_800;

/// A handler of the project file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandlerSource {
    /// Its name.
    pub name: String,
    /// The folder of its cargo package, relative to the project's.
    pub path: PathBuf,
}

/// Where binaries will run, which decides what is an error and how much effort
/// goes into the zip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunsOn {
    /// AWS Lambda, runtime `provided.al2023`.
    Lambda,
    /// The local cloud on this machine.
    ThisMachine,
}

/// What is to be built.
#[derive(Debug, Clone)]
pub struct BuildRequest {
    /// The project's folder, inside the cargo workspace.
    pub root: PathBuf,
    /// The handlers.
    pub handlers: Vec<HandlerSource>,
    /// The architecture of the functions.
    pub architecture: Architecture,
    /// The cargo profile, for instance `dev` or `lambda`.
    pub profile: String,
    /// Where the binaries will run.
    pub runs_on: RunsOn,
    /// Whether `Cargo.lock` has to be up to date, as it should be in CI.
    pub locked: bool,
    /// Whether diagnostics are to have colours.
    pub color: bool,
    /// A folder of our own for zips.
    pub cache: PathBuf,
    /// The environment that cargo is run with and looked up in.
    pub environment: Environment,
}

/// A packed handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// The handler's name.
    pub handler: String,
    /// SHA-256 of the zip.
    pub digest: ArtifactDigest,
    /// Where the zip is.
    pub zip_path: PathBuf,
    /// The zip's size.
    pub zip_bytes: u64,
    /// The binary's size.
    pub binary_bytes: u64,
    /// SHA-256 of the binary, in hexadecimal digits.
    pub binary_digest: String,
    /// What it is compiled for.
    pub architecture: Architecture,
}

/// What happened during a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildEvent {
    /// Cargo was found waiting for another cargo to finish.
    LockAwaited {
        /// What is locked, for instance `build directory`.
        lock: String,
    },
    /// The sources of a package were fetched.
    PackageDownloaded {
        /// Name and version.
        package: String,
    },
    /// The compiler was started on a package.
    CompileStarted {
        /// Name and version.
        package: String,
    },
    /// It became known how many packages the build goes through. A build with
    /// little to do may end before.
    PackagesCounted {
        /// Packages in all.
        total: usize,
    },
    /// A package was finished, or found unchanged.
    PackageFinished {
        /// Its name.
        package: String,
        /// Whether there was nothing to compile.
        fresh: bool,
        /// Packages finished so far.
        done: usize,
        /// Packages in all, as soon as that is known.
        total: Option<usize>,
    },
    /// The compiler warned.
    CompilerWarned {
        /// About which package.
        package: String,
        /// The warning as cargo shows it.
        rendered: String,
    },
    /// A binary turned out to need another glibc, and all is built again with
    /// cargo-zigbuild.
    RebuildStarted {
        /// The handler whose binary it is.
        handler: String,
        /// What was wrong.
        problem: BinaryProblem,
    },
    /// A binary has a flaw that does not keep it from running.
    BinaryWarned {
        /// The handler.
        handler: String,
        /// The flaw.
        problem: BinaryProblem,
    },
    /// A handler is ready.
    HandlerPacked {
        /// The handler.
        handler: String,
        /// SHA-256 of its zip.
        digest: ArtifactDigest,
        /// The zip's size.
        zip_bytes: u64,
        /// Whether the same binary had been packed before.
        cached: bool,
    },
}

/// Takes each event as it happens.
pub type BuildProgress<'a> = &'a (dyn Fn(BuildEvent) + Send + Sync);

/// A handler with its place in the workspace.
struct Source<'a> {
    handler: &'a HandlerSource,
    package: &'a Package,
    binary: &'a str,
}

/// Builds and packs all handlers of a request, in its order.
///
/// Dropping the future stops cargo and the compilers that it has started.
pub async fn build_handlers(
    request: &BuildRequest,
    progress: BuildProgress<'_>,
) -> Result<Vec<Artifact>, BuildError> {
    if request.handlers.is_empty() {
        return Ok(Vec::new());
    }
    let mut cargo = Cargo::new(&request.root, &request.environment);
    let workspace = cargo.workspace().await?;
    let sources = find_sources(request, &workspace)?;
    let toolchain = Toolchain::choose(request, &mut cargo).await?;
    match build_with(&toolchain, request, &cargo, &sources, progress).await {
        Err(BuildError::Binary {
            handler,
            path,
            problem,
        }) if problem.is_solved_by_zigbuild() => {
            let Some(zigbuild) = toolchain.with_older_glibc(request, &mut cargo).await? else {
                return Err(BuildError::Binary {
                    handler,
                    path,
                    problem,
                });
            };
            progress(BuildEvent::RebuildStarted { handler, problem });
            build_with(&zigbuild, request, &cargo, &sources, progress).await
        }
        result => result,
    }
}

async fn build_with(
    toolchain: &Toolchain,
    request: &BuildRequest,
    cargo: &Cargo<'_>,
    sources: &[Source<'_>],
    progress: BuildProgress<'_>,
) -> Result<Vec<Artifact>, BuildError> {
    let listener = compile(toolchain, request, cargo, sources, progress).await?;
    let mut binaries = Vec::new();
    for source in sources {
        let handler = source.handler.name.clone();
        match listener.executable(source.package, source.binary) {
            Some(path) => binaries.push((handler, path.to_owned())),
            None => {
                return Err(BuildError::NothingBuilt {
                    handler,
                    binary: source.binary.to_owned(),
                });
            }
        }
    }
    check_and_pack_all(request, binaries, progress).await
}

/// Finds each handler's package and its one binary.
fn find_sources<'a>(
    request: &'a BuildRequest,
    workspace: &'a Workspace,
) -> Result<Vec<Source<'a>>, BuildError> {
    let mut owners: BTreeMap<&str, &Package> = BTreeMap::new();
    let mut sources = Vec::new();
    for handler in &request.handlers {
        let manifest = request.root.join(&handler.path).join("Cargo.toml");
        let name = || handler.name.clone();
        // Cargo gives real paths; the project's may lead through links.
        let Ok(real) = manifest.canonicalize() else {
            return Err(BuildError::NoManifest {
                handler: name(),
                manifest,
            });
        };
        let is_it = |package: &&Package| {
            package.manifest_path == real
                || package
                    .manifest_path
                    .canonicalize()
                    .is_ok_and(|path| path == real)
        };
        let Some(package) = workspace.packages.iter().find(is_it) else {
            return Err(BuildError::NotMember {
                handler: name(),
                manifest,
                workspace: workspace.workspace_root.join("Cargo.toml"),
            });
        };
        let binary = match package.binaries().as_slice() {
            [] => {
                return Err(BuildError::NoBinary {
                    handler: name(),
                    manifest,
                });
            }
            [binary] => *binary,
            several => {
                return Err(BuildError::SeveralBinaries {
                    handler: name(),
                    manifest,
                    binaries: words(several.iter().copied()),
                });
            }
        };
        let owner = owners.entry(binary).or_insert(package);
        if owner.id != package.id {
            return Err(BuildError::SameBinary {
                binary: binary.to_owned(),
                first: owner.manifest_path.clone(),
                second: package.manifest_path.clone(),
            });
        }
        sources.push(Source {
            handler,
            package,
            binary,
        });
    }
    Ok(sources)
}

async fn compile(
    toolchain: &Toolchain,
    request: &BuildRequest,
    cargo: &Cargo<'_>,
    sources: &[Source<'_>],
    progress: BuildProgress<'_>,
) -> Result<Listener, BuildError> {
    let packages: BTreeSet<&str> = sources
        .iter()
        .map(|source| source.package.name.as_str())
        .collect();
    let binaries: BTreeSet<&str> = sources.iter().map(|source| source.binary).collect();

    let mut arguments = words([toolchain.command()]);
    arguments.extend(words(["--profile", &request.profile]));
    arguments.extend(
        toolchain
            .target()
            .map(|target| format!("--target={target}")),
    );
    if request.locked {
        arguments.extend(words(["--locked"]));
    }
    let format = if request.color {
        "json-diagnostic-rendered-ansi"
    } else {
        "json"
    };
    arguments.push(format!("--message-format={format}"));
    for package in &packages {
        arguments.extend(words(["--package", package]));
    }
    for binary in &binaries {
        arguments.extend(words(["--bin", binary]));
    }
    let invocation = cargo.invocation(&arguments)?;

    // Counting is done beside the build, and only once the build has read its own
    // dependencies: before that, the two would wait for each other's locks.
    let (total, under_way) = (AtomicUsize::new(0), Notify::new());
    let counting = async {
        under_way.notified().await;
        if let Some(count) = cargo.count_packages(&packages, toolchain.triple()).await {
            total.store(count, Ordering::Relaxed);
            progress(BuildEvent::PackagesCounted { total: count });
        }
        std::future::pending::<Infallible>().await
    };
    let mut listener = Listener::default();
    let building = invocation.run(|stream, line| {
        if let Some(report) = listener.hear(stream, &line) {
            if matches!(report, Report::Compiling { .. } | Report::Finished { .. }) {
                under_way.notify_one();
            }
            progress(event(report, total.load(Ordering::Relaxed)));
        }
    });
    let status = tokio::select! {
        status = building => status?,
        never = counting => match never {},
    };
    if status.success() {
        Ok(listener)
    } else {
        Err(listener.into_error(invocation.shown()))
    }
}

fn event(report: Report, total: usize) -> BuildEvent {
    match report {
        Report::Waiting { on } => BuildEvent::LockAwaited { lock: on },
        Report::Downloaded { package } => BuildEvent::PackageDownloaded { package },
        Report::Compiling { package } => BuildEvent::CompileStarted { package },
        Report::Finished {
            package,
            fresh,
            done,
        } => BuildEvent::PackageFinished {
            package,
            fresh,
            done,
            // A cargo that counts otherwise must not lead to "9 of 8".
            total: (total > 0).then_some(total.max(done)),
        },
        Report::Warning { package, rendered } => BuildEvent::CompilerWarned { package, rendered },
    }
}

/// Checks and packs binaries side by side, as many as there are processors.
async fn check_and_pack_all(
    request: &BuildRequest,
    binaries: Vec<(String, PathBuf)>,
    progress: BuildProgress<'_>,
) -> Result<Vec<Artifact>, BuildError> {
    let processors = std::thread::available_parallelism().map_or(1, |count| count.get());
    let permits = Arc::new(Semaphore::new(processors));
    let mut tasks = JoinSet::new();
    for (index, (handler, path)) in binaries.into_iter().enumerate() {
        let (permits, request) = (Arc::clone(&permits), request.clone());
        tasks.spawn(async move {
            // Only a closed semaphore gives an error, and nobody closes it.
            let _permit = permits.acquire_owned().await;
            let work = move || check_and_pack(handler, path, &request);
            (index, joined(tokio::task::spawn_blocking(work).await))
        });
    }
    let mut artifacts = BTreeMap::new();
    while let Some(task) = tasks.join_next().await {
        let (index, packed) = joined(task);
        let (artifact, events) = packed?;
        events.into_iter().for_each(progress);
        artifacts.insert(index, artifact);
    }
    Ok(artifacts.into_values().collect())
}

/// A panic in a task is ours.
fn joined<T>(result: Result<T, JoinError>) -> T {
    result.unwrap_or_else(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(error) => unreachable!("nobody aborts a task that is awaited: {error}"),
    })
}

fn check_and_pack(
    handler: String,
    path: PathBuf,
    request: &BuildRequest,
) -> Result<(Artifact, Vec<BuildEvent>), BuildError> {
    let pack_error = |source| BuildError::Pack {
        handler: handler.clone(),
        source,
    };
    let binary = std::fs::read(&path).map_err(|source| {
        let path = path.clone();
        pack_error(PackError::Read { path, source })
    })?;
    let mut problems = match request.runs_on {
        // A local cloud on another system runs that system's programs.
        RunsOn::ThisMachine if cfg!(not(target_os = "linux")) => Vec::new(),
        _ => check_binary(&binary, request.architecture),
    };
    let stops = |problem: &BinaryProblem| match request.runs_on {
        RunsOn::Lambda => problem.stops_on_aws(),
        RunsOn::ThisMachine => problem.stops_here(),
    };
    if let Some(index) = problems.iter().position(stops) {
        return Err(BuildError::Binary {
            handler,
            path,
            problem: problems.swap_remove(index),
        });
    }
    let compression = match request.runs_on {
        RunsOn::Lambda => Compression::Small,
        RunsOn::ThisMachine => Compression::Fast,
    };
    let binary_digest = sha256_hex(&binary);
    let packed = pack_binary(binary, compression, &request.cache).map_err(pack_error)?;
    if packed.zip_bytes > LARGE_ZIP_BYTES {
        problems.push(BinaryProblem::LargeZip {
            bytes: packed.zip_bytes,
        });
    }
    let mut events: Vec<_> = problems
        .into_iter()
        .map(|problem| BuildEvent::BinaryWarned {
            handler: handler.clone(),
            problem,
        })
        .collect();
    events.push(BuildEvent::HandlerPacked {
        handler: handler.clone(),
        digest: packed.digest.clone(),
        zip_bytes: packed.zip_bytes,
        cached: packed.cached,
    });
    let artifact = Artifact {
        handler,
        digest: packed.digest,
        zip_path: packed.zip_path,
        zip_bytes: packed.zip_bytes,
        binary_bytes: packed.unzipped_bytes,
        binary_digest,
        architecture: request.architecture,
    };
    Ok((artifact, events))
}
