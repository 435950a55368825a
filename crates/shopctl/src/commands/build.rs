//! `shopctl build`: handlers and site, without deploying.

use crate::cli::{EnvironmentArguments, Global};
use crate::display::Display;
use crate::error::CommandError;
use crate::prepare::{self, environment};
use crate::workspace::Workspace;

/// Builds and prints what came out.
pub(crate) async fn run(
    global: &Global,
    arguments: &EnvironmentArguments,
    display: &Display,
) -> Result<u8, CommandError> {
    let workspace = Workspace::open(global)?;
    let environment = environment(&workspace, &arguments.environment)?;
    let progress = prepare::Progress::new(display);
    let on_build = |event| progress.build(event);
    let on_site = |event| progress.site(event);
    let (artifacts, site) = tokio::try_join!(
        prepare::build_handlers(&workspace, environment, None, display, &on_build),
        prepare::build_site(&workspace, environment, &on_site),
    )?;
    progress.clear();
    if display.json {
        let handlers: Vec<_> = artifacts
            .iter()
            .map(|artifact| {
                serde_json::json!({
                    "name": artifact.handler,
                    "digest": artifact.digest,
                    "architecture": artifact.architecture.as_str(),
                    "zipBytes": artifact.zip_bytes,
                    "binaryBytes": artifact.binary_bytes,
                    "zip": artifact.zip_path,
                })
            })
            .collect();
        let document =
            serde_json::json!({ "version": 1, "handlers": handlers, "siteFiles": site.len() });
        display.result(&document.to_string());
        return Ok(0);
    }
    for artifact in &artifacts {
        display.result(&format!(
            "{:<16}{:<8}{:>10} zipped  {}",
            artifact.handler,
            artifact.architecture.as_str(),
            shopctl_report::size(artifact.zip_bytes),
            artifact.digest
        ));
    }
    if !site.is_empty() {
        display.result(&format!(
            "{:<16}{}",
            "site",
            shopctl_report::count(site.len(), "file")
        ));
    }
    Ok(0)
}
