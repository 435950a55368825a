//! `shopctl timeline`: where the time of a run went, drawn from its record or its events.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use shopctl_deploy::runs;
use shopctl_report::{Timeline, timeline_html, timeline_svg};

use crate::cli::{Global, TimelineArguments};
use crate::commands::{history, status};
use crate::display::Display;
use crate::error::{CommandError, Kind};
use crate::prepare::environment;
use crate::workspace::Workspace;

/// Draws a run; writes a page or an SVG.
pub(crate) async fn run(
    global: &Global,
    arguments: &TimelineArguments,
    display: &Display,
) -> Result<u8, CommandError> {
    let timeline = match (&arguments.events, &arguments.environment) {
        (Some(file), _) => from_events(file)?,
        (None, Some(environment)) => recorded(global, environment, &arguments.run, display).await?,
        // The command line asks for one of them.
        (None, None) => return Err(CommandError::message(Kind::Input, "no run is named", None)),
    };
    let Some(out) = &arguments.out else {
        let svg = timeline_svg(&timeline);
        display.result(&match display.json {
            true => serde_json::json!({ "version": 1, "svg": svg }).to_string(),
            false => svg,
        });
        return Ok(0);
    };
    let is_page = out
        .extension()
        .is_some_and(|ending| ending == "html" || ending == "htm");
    let drawing = match is_page {
        true => timeline_html(&timeline),
        false => timeline_svg(&timeline),
    };
    fs::write(out, drawing).map_err(|error| {
        let message = format!("cannot write '{}': {error}", out.display());
        CommandError::message(Kind::Failed, message, None)
    })?;
    if display.json {
        display.result(&serde_json::json!({ "version": 1, "file": out }).to_string());
    } else {
        display.say(&format!("wrote '{}'", out.display()));
    }
    Ok(0)
}

/// The run that `wanted` names, as it was recorded.
async fn recorded(
    global: &Global,
    name: &str,
    wanted: &str,
    display: &Display,
) -> Result<Timeline, CommandError> {
    let workspace = Workspace::open(global)?;
    let environment = environment(&workspace, name)?;
    let session = status::connect(&workspace, environment, display).await?;
    let session = session.ok_or_else(|| {
        CommandError::message(
            Kind::Input,
            format!("nothing is deployed to {name}, so no run is recorded"),
            Some(format!("`shopctl deploy --env {name}` deploys it")),
        )
    })?;
    let objects = session.ports.objects.as_ref();
    let bucket = workspace
        .project
        .artifact_bucket(environment, &session.account);
    let names = runs::runs(objects, &bucket).await?;
    let document = history::one(Some(objects), &bucket, &names, wanted, name).await?;
    Ok(Timeline::of(&document))
}

fn from_events(file: &Path) -> Result<Timeline, CommandError> {
    let text = read(file).map_err(|error| {
        let message = format!("cannot read '{}': {error}", file.display());
        CommandError::message(Kind::Input, message, None)
    })?;
    Timeline::read(&text).map_err(|error| {
        let hint = "write one with --output json, for instance: \
                    shopctl deploy --env prod --output json > deploy.ndjson";
        CommandError::message(
            Kind::Input,
            format!("'{}' is no record of a run: {error}", file.display()),
            Some(hint.to_owned()),
        )
    })
}

fn read(path: &Path) -> io::Result<String> {
    if path.as_os_str() == "-" {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text)?;
        return Ok(text);
    }
    fs::read_to_string(path)
}
