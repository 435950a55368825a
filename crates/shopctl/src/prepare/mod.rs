//! From the project to what can be deployed: artifacts, the site's files, rendered templates.

mod handlers;
mod progress;
mod site;
mod templates;

use std::collections::BTreeMap;

use indexmap::IndexMap;
use shopctl_core::diagnostic::Diagnostic;
use shopctl_core::event::{Event, Phase};
use shopctl_core::names::StackName;
use shopctl_core::project::Environment;
use shopctl_core::stack_settings::StackSettings;
use shopctl_core::template::RenderedTemplate;
use shopctl_deploy::{SiteFile, UploadBodies};

use crate::display::Display;
use crate::error::{CommandError, Kind};
use crate::run::Run;
use crate::settings;
use crate::workspace::Workspace;

pub(crate) use handlers::{build_handlers, no_artifacts};
pub(crate) use progress::Progress;
pub(crate) use site::build_site;
pub(crate) use templates::{each_template, render_all};

/// What can be deployed.
pub(crate) struct Prepared {
    /// Templates by stack, in the order of the project file.
    pub(crate) templates: IndexMap<StackName, RenderedTemplate>,
    /// Bytes of everything that templates refer to.
    pub(crate) uploads: UploadBodies,
    /// The site's files; `None` when the environment has no site.
    pub(crate) site: Option<Vec<SiteFile>>,
    /// How CloudFormation is to treat the stacks.
    pub(crate) settings: BTreeMap<StackName, StackSettings>,
}

/// The environment of that name.
pub(crate) fn environment<'a>(
    workspace: &'a Workspace,
    name: &str,
) -> Result<&'a Environment, CommandError> {
    workspace.project.environment(name).map_err(|error| {
        let hint = error.hint();
        CommandError::new(Kind::Input, error, hint)
    })
}

/// Builds handlers and site at the same time, then renders, as phases of a run.
pub(crate) async fn prepare(
    workspace: &Workspace,
    environment: &Environment,
    display: &Display,
    run: &Run,
) -> Result<Prepared, CommandError> {
    check_templates(workspace, environment)?;
    let settings = settings::of_stacks(workspace, environment)?;
    let handlers = async {
        if workspace.project.handlers().is_empty() {
            return Ok(Vec::new());
        }
        run.phase(Phase::Build, async {
            let artifacts = build_handlers(workspace, environment, None, display, &|event| {
                handlers::report(run, event);
            })
            .await?;
            let bytes: u64 = artifacts.iter().map(|artifact| artifact.zip_bytes).sum();
            let summary = format!(
                "{}, {} zipped",
                shopctl_report::count(artifacts.len(), "handler"),
                shopctl_report::size(bytes)
            );
            Ok((artifacts, summary))
        })
        .await
    };
    let site = async {
        if workspace.project.site_in(environment).is_none() {
            return Ok(None);
        }
        run.phase(Phase::Site, async {
            let files =
                build_site(workspace, environment, &|event| site::report(run, event)).await?;
            let summary = shopctl_report::count(files.len(), "file");
            Ok((Some(files), summary))
        })
        .await
    };
    let (artifacts, site) = tokio::try_join!(handlers, site)?;
    run.phase(Phase::Render, async {
        let (templates, uploads) = render_all(workspace, environment, &artifacts)?;
        for warning in templates.values().flat_map(|template| &template.warnings) {
            run.events.send(warned(warning));
        }
        let summary = shopctl_report::count(templates.len(), "template");
        Ok((
            Prepared {
                templates,
                uploads,
                site,
                settings,
            },
            summary,
        ))
    })
    .await
}

/// Renders with stand-ins for the handlers' artifacts, so that a mistake in a template is told
/// before anything is compiled.
fn check_templates(workspace: &Workspace, environment: &Environment) -> Result<(), CommandError> {
    render_all(workspace, environment, &no_artifacts(workspace)).map(|_| ())
}

/// A warning about a file as an event.
fn warned(warning: &Diagnostic) -> Event {
    let message = match &warning.hint {
        Some(hint) => format!("{} ({hint})", warning.message),
        None => warning.message.clone(),
    };
    Event::Warned {
        message,
        location: warning.location.clone(),
    }
}

/// The environment that cargo and npm run in: the user's, without what `cargo run` added for
/// this process, which would make cargo think that inputs of build scripts changed.
pub(crate) fn tool_environment() -> shopctl_build::Environment {
    shopctl_build::Environment::new(std::env::vars_os())
}
