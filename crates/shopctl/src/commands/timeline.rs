//! `shopctl timeline`: where the time of a run went, drawn from its events.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use shopctl_report::{Timeline, timeline_html, timeline_svg};

use crate::cli::TimelineArguments;
use crate::display::Display;
use crate::error::{CommandError, Kind};

/// Reads events, writes a page or an SVG.
pub(crate) fn run(arguments: &TimelineArguments, display: &Display) -> Result<u8, CommandError> {
    let source = &arguments.events;
    let text = read(source).map_err(|error| {
        let message = format!("cannot read '{}': {error}", source.display());
        CommandError::message(Kind::Input, message, None)
    })?;
    let timeline = Timeline::read(&text).map_err(|error| {
        let hint = "write one with --output json, for instance: \
                    shopctl deploy --env prod --output json > deploy.ndjson";
        CommandError::message(
            Kind::Input,
            format!("'{}' is no record of a run: {error}", source.display()),
            Some(hint.to_owned()),
        )
    })?;
    let out = &arguments.out;
    if out.as_os_str() == "-" {
        display.result(&timeline_svg(&timeline));
        return Ok(0);
    }
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

fn read(path: &Path) -> io::Result<String> {
    if path.as_os_str() == "-" {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text)?;
        return Ok(text);
    }
    fs::read_to_string(path)
}
