//! Builds the site.

use shopctl_build::{SiteError, SiteEvent, SiteRequest};
use shopctl_core::event::{Event, Phase};
use shopctl_core::project::Environment;
use shopctl_deploy::ports::{Body, ObjectHeaders};
use shopctl_deploy::{SiteFile, SiteFileClass};

use super::tool_environment;
use crate::error::{CommandError, Kind};
use crate::run::Run;
use crate::workspace::Workspace;

/// Builds the site and lists its files.
pub(crate) async fn build_site(
    workspace: &Workspace,
    environment: &Environment,
    progress: shopctl_build::SiteProgress<'_>,
) -> Result<Vec<SiteFile>, CommandError> {
    let Some(site) = workspace.project.site_in(environment) else {
        return Ok(Vec::new());
    };
    let output = workspace.root.join(site.output.value.as_str());
    let request = SiteRequest {
        folder: workspace.root.join(site.path.value.as_str()),
        build: site.build.clone().unwrap_or_default(),
        output: output.clone(),
        inputs: Vec::new(),
        cache: workspace.cache().join("site"),
        environment: tool_environment(),
    };
    shopctl_build::build_site(&request, progress)
        .await
        .map_err(site_error)?;
    let config = site.config.as_ref().map(|config| config.file.as_str());
    let files = shopctl_build::site_files(&output, config).map_err(site_error)?;
    Ok(files
        .into_iter()
        // What the deploy writes itself wins over what the build left under that name.
        .filter(|file| Some(file.path.as_str()) != config)
        .map(|file| SiteFile {
            key: file.path,
            body: Body::File(file.source),
            digest: file.sha256,
            headers: ObjectHeaders {
                content_type: file.content_type,
                cache_control: file.cache_control.to_owned(),
                content_encoding: file.content_encoding.map(str::to_owned),
            },
            class: match file.class {
                shopctl_build::SiteFileClass::Hashed => SiteFileClass::Hashed,
                shopctl_build::SiteFileClass::Plain => SiteFileClass::Plain,
                shopctl_build::SiteFileClass::Page => SiteFileClass::Page,
            },
        })
        .collect())
}

fn site_error(error: SiteError) -> CommandError {
    let hint = error.hint();
    CommandError::new(Kind::Input, error, hint)
}

pub(super) fn report(run: &Run, event: SiteEvent) {
    let message = match event {
        SiteEvent::InstallStarted { command } | SiteEvent::BuildStarted { command } => command,
        SiteEvent::LineWritten { line } => line,
        SiteEvent::BuildSkipped => return,
    };
    run.events.send(Event::PhaseProgressed {
        phase: Phase::Site,
        message,
        done: 0,
        total: None,
    });
}
