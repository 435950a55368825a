//! Finding a checker: the pinned one, installed if need be; else the one on the search path.

use std::ffi::OsString;
use std::path::PathBuf;

use shopctl_local::{LocalError, Progress};
use tokio::process::Command;

use crate::display::Display;
use crate::error::{CommandError, Kind};
use crate::session::{describe, local_error};

/// A checker that runs.
pub(super) struct Tool {
    /// Its name and version.
    pub(super) name: String,
    pub(super) program: PathBuf,
    /// Arguments that come first.
    pub(super) start: Vec<OsString>,
}

impl Tool {
    /// `installed` with these first arguments, or the program of that name on the search path.
    pub(super) async fn of(
        name: &str,
        version: &str,
        installed: Result<PathBuf, LocalError>,
        start: &[&str],
        display: &Display,
    ) -> Result<Self, CommandError> {
        let error = match installed {
            Ok(program) => {
                return Ok(Self {
                    name: format!("{name} {version}"),
                    program,
                    start: start.iter().map(OsString::from).collect(),
                });
            }
            Err(error) => error,
        };
        match Command::new(name).arg("--version").output().await {
            Ok(answer) if answer.status.success() => {
                let found = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
                display.say(&format!(
                    "warning: {name} {version} cannot be installed ({error}); using {found} from PATH"
                ));
                Ok(Self {
                    name: found,
                    program: name.into(),
                    start: Vec::new(),
                })
            }
            _ => {
                let mut failed = local_error(error);
                failed.source = failed.source.context(format!("no {name} {version}"));
                failed.hints.push(OWN_RULES.to_owned());
                Err(failed)
            }
        }
    }

    /// The error of a run that did not end well, with all that it wrote.
    pub(super) fn failed(&self, kind: Kind, output: &std::process::Output) -> CommandError {
        let said = [&output.stdout[..], &output.stderr].concat();
        CommandError::message(
            kind,
            format!("{} ended with {}", self.name, output.status),
            Some(OWN_RULES.to_owned()),
        )
        .with_transcript(String::from_utf8_lossy(&said).trim_end())
    }
}

const OWN_RULES: &str = "check with the tool's own rules alone: shopctl lint --own";

/// Tells what takes long of an installation.
pub(super) fn tell<'a>(name: &'a str, display: &'a Display) -> impl FnMut(Progress) + 'a {
    move |progress| {
        let tells = matches!(progress, Progress::Installing(_) | Progress::Waiting { .. });
        if tells && !display.json {
            display.say(&format!("{name}: {}", describe(&progress)));
        }
    }
}
