//! `shopctl render`: the templates as they would be deployed, one file a stack.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::cli::{Global, RenderArguments};
use crate::display::Display;
use crate::error::{CommandError, Kind};
use crate::prepare::{self, environment};
use crate::workspace::Workspace;

/// Renders into a folder. Handlers are built first, because their digests are part of the
/// templates; nothing goes over the network.
pub(crate) async fn run(
    global: &Global,
    arguments: &RenderArguments,
    display: &Display,
) -> Result<u8, CommandError> {
    let workspace = Workspace::open(global)?;
    let environment = environment(&workspace, &arguments.environment.environment)?;
    let progress = prepare::Progress::new(display);
    let artifacts = prepare::build_handlers(
        &workspace,
        environment,
        arguments.profile.as_deref(),
        display,
        &|event| progress.build(event),
    )
    .await?;
    progress.clear();
    let (templates, _) = prepare::render_all(&workspace, environment, &artifacts)?;

    let cannot = |path: &Path, error: std::io::Error| {
        CommandError::message(
            Kind::Failed,
            format!("cannot write '{}': {error}", path.display()),
            None,
        )
    };
    fs::create_dir_all(&arguments.out).map_err(|error| cannot(&arguments.out, error))?;
    let mut written = Vec::new();
    let mut seen = BTreeSet::new();
    for (stack, template) in &templates {
        let path = arguments.out.join(format!("{stack}.yaml"));
        fs::write(&path, &template.body).map_err(|error| cannot(&path, error))?;
        written.push(path);
        for warning in &template.warnings {
            if !display.json && seen.insert(warning.to_string()) {
                display.say(&warning.to_string());
            }
        }
        for omitted in &template.omitted {
            if !display.json {
                display.say(&format!(
                    "left out for '{}': {} ({}) of stack '{}'",
                    environment.name, omitted.logical_id, omitted.resource_type, omitted.stack
                ));
            }
        }
    }
    if display.json {
        let omitted: Vec<_> = templates
            .values()
            .flat_map(|template| template.omitted.iter())
            .collect();
        let document =
            serde_json::json!({ "version": 1, "templates": written, "omitted": omitted });
        display.result(&document.to_string());
    } else {
        for path in &written {
            display.result(&path.display().to_string());
        }
    }
    Ok(0)
}
