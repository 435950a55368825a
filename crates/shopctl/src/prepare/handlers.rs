//! Compiles and packs the handlers.

use std::path::PathBuf;

use shopctl_build::{Artifact, BuildError, BuildEvent, BuildRequest, HandlerSource, RunsOn};
use shopctl_core::event::{Event, Phase};
use shopctl_core::names::ArtifactDigest;
use shopctl_core::project::{Architecture, Environment};

use super::tool_environment;
use crate::display::Display;
use crate::error::{CommandError, Kind};
use crate::run::Run;
use crate::workspace::Workspace;

/// Builds and packs the handlers, with `profile` instead of the environment's if one is given.
pub(crate) async fn build_handlers(
    workspace: &Workspace,
    environment: &Environment,
    profile: Option<&str>,
    display: &Display,
    progress: shopctl_build::BuildProgress<'_>,
) -> Result<Vec<Artifact>, CommandError> {
    let handlers: Vec<HandlerSource> = workspace
        .project
        .handlers()
        .iter()
        .map(|(name, path)| HandlerSource {
            name: name.to_string(),
            path: PathBuf::from(path.value.as_str()),
        })
        .collect();
    if handlers.is_empty() {
        return Ok(Vec::new());
    }
    let architecture = match environment.architecture {
        Some(Architecture::X86_64) => shopctl_build::Architecture::X86_64,
        Some(Architecture::Arm64) => shopctl_build::Architecture::Arm64,
        None => shopctl_build::Architecture::host().ok_or_else(|| {
            CommandError::message(
                Kind::Input,
                "Lambda has no functions for this machine's architecture",
                Some(format!(
                    "set `architecture` for environment '{}'",
                    environment.name
                )),
            )
        })?,
    };
    let request = BuildRequest {
        root: workspace.root.clone(),
        handlers,
        architecture,
        profile: profile.unwrap_or(environment.profile.as_str()).to_owned(),
        runs_on: if environment.is_local() {
            RunsOn::ThisMachine
        } else {
            RunsOn::Lambda
        },
        locked: std::env::var_os("CI").is_some(),
        color: display.appearance.colour,
        cache: workspace.cache().join("artifacts"),
        environment: tool_environment(),
    };
    shopctl_build::build_handlers(&request, progress)
        .await
        .map_err(build_error)
}

fn build_error(error: BuildError) -> CommandError {
    let hint = error.hint();
    match error {
        BuildError::Compile { package, rendered } => CommandError::message(
            Kind::Input,
            format!("package '{package}' does not compile"),
            hint,
        )
        .with_transcript(rendered),
        error => CommandError::new(Kind::Input, error, hint),
    }
}

pub(super) fn report(run: &Run, event: BuildEvent) {
    let progressed = |message: String, done: usize, total: Option<usize>| {
        run.events.send(Event::PhaseProgressed {
            phase: Phase::Build,
            message,
            done: done as u64,
            total: total.map(|total| total as u64),
        });
    };
    let warn = |message: String| {
        run.events.send(Event::Warned {
            message,
            location: None,
        })
    };
    match event {
        BuildEvent::PackageFinished {
            package,
            done,
            total,
            ..
        } => {
            progressed(package, done, total);
        }
        BuildEvent::LockAwaited { lock } => {
            progressed(format!("waiting for another cargo ({lock})"), 0, None);
        }
        BuildEvent::CompilerWarned { rendered, .. } => run.print(&rendered),
        BuildEvent::RebuildStarted { handler, problem } => {
            warn(format!(
                "handler '{handler}': {problem}; building again with cargo-zigbuild"
            ));
        }
        BuildEvent::BinaryWarned { handler, problem } => {
            warn(format!("handler '{handler}': {problem}"));
        }
        BuildEvent::PackagesCounted { .. }
        | BuildEvent::PackageDownloaded { .. }
        | BuildEvent::CompileStarted { .. }
        | BuildEvent::HandlerPacked { .. } => {}
    }
}

/// Artifacts that stand for handlers which were not built: templates render with them, but
/// cannot be deployed.
pub(crate) fn no_artifacts(workspace: &Workspace) -> Vec<Artifact> {
    let names = workspace.project.handlers().keys();
    let none = |name: String| Artifact {
        handler: name,
        digest: ArtifactDigest::new("0".repeat(64)),
        zip_path: PathBuf::new(),
        zip_bytes: 0,
        binary_bytes: 0,
        binary_digest: String::new(),
        architecture: shopctl_build::Architecture::X86_64,
    };
    names.map(|name| none(name.to_string())).collect()
}
