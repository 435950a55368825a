//! A run in a GitHub workflow: plain lines in groups, annotations on the template's lines,
//! and a job summary in Markdown.
//!
//! Reference: <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands>.

use std::fmt;
use std::io::Write;

use shopctl_core::diagnostic::{Diagnostic, Location, Severity};
use shopctl_core::event::{Event, Numbered};

use crate::appearance::Appearance;
use crate::label::{phase_label, step_label};
use crate::plain::Plain;
use crate::reporter::Reporter;
use crate::{markdown, text};

/// Shows a run in the log of a GitHub workflow.
pub struct GitHub<W> {
    plain: Plain<W>,
    group: Option<String>,
}

impl<W> fmt::Debug for GitHub<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitHub")
            .field("group", &self.group)
            .finish_non_exhaustive()
    }
}

impl<W: Write + Send> GitHub<W> {
    /// Writes to `writer`; `sources` yields a file's text by the name that events use.
    pub fn new(
        writer: W,
        appearance: Appearance,
        sources: impl Fn(&str) -> Option<String> + Send + 'static,
    ) -> Self {
        Self {
            plain: Plain::new(writer, appearance, sources).with_guard(harmless),
            group: None,
        }
    }

    /// The run in Markdown, for the file that `GITHUB_STEP_SUMMARY` names. Call it at the end.
    pub fn job_summary(&self) -> String {
        markdown::summary(self.plain.run())
    }

    fn open(&mut self, title: &str) {
        if self.group.as_deref() != Some(title) {
            self.close();
            self.plain
                .raw(&format!("::group::{}", escape_message(title)));
            self.group = Some(title.to_owned());
        }
    }

    fn close(&mut self) {
        if self.group.take().is_some() {
            self.plain.raw("::endgroup::");
        }
    }
}

impl<W: Write + Send> Reporter for GitHub<W> {
    fn report(&mut self, numbered: &Numbered) {
        match &numbered.event {
            Event::PhaseStarted { phase } => self.open(phase_label(*phase)),
            Event::Planned { .. } => self.open("Plan"),
            Event::StepStarted { .. } | Event::StackStarted { .. } => self.open("Stacks"),
            Event::RunFinished { .. } => self.close(),
            _ => {}
        }
        self.plain.report(numbered);
        match &numbered.event {
            Event::Warned { message, location } => {
                self.plain.raw(&annotation(
                    Severity::Warning,
                    location.as_ref(),
                    "shopctl",
                    message,
                ));
            }
            Event::StackFailed { stack, failure } => {
                let location = failure
                    .resource
                    .as_ref()
                    .and_then(|resource| resource.location.as_ref());
                let title = match &failure.resource {
                    Some(resource) => format!("{stack}: {} failed", resource.logical_id),
                    None => format!("{stack} failed"),
                };
                let explanation = failure
                    .diagnosis
                    .as_ref()
                    .and_then(|found| found.explanation.as_deref());
                let message = with_hint(&failure.reason, explanation);
                let message = with_hint(&message, failure.hint.as_deref());
                self.plain
                    .raw(&annotation(Severity::Error, location, &title, &message));
            }
            Event::StepFailed {
                step,
                title,
                message,
                hint,
            } => {
                let title = format!("{} failed", step_label(step, title));
                let message = with_hint(message, hint.as_deref());
                self.plain
                    .raw(&annotation(Severity::Error, None, &title, &message));
            }
            _ => {}
        }
    }

    fn tick(&mut self, elapsed_ms: u64) {
        self.plain.tick(elapsed_ms);
    }

    fn print(&mut self, text: &str) {
        self.plain.print(text);
    }
}

/// Findings as annotations, one a line.
pub fn annotations(diagnostics: &[Diagnostic]) -> String {
    let lines: Vec<String> = diagnostics
        .iter()
        .map(|diagnostic| {
            let message = with_hint(&diagnostic.message, diagnostic.hint.as_deref());
            annotation(
                diagnostic.severity,
                diagnostic.location.as_ref(),
                "shopctl",
                &message,
            )
        })
        .collect();
    crate::diagnostics::join(&lines)
}

fn with_hint(message: &str, hint: Option<&str>) -> String {
    match hint {
        Some(hint) => format!("{message}\n{hint}"),
        None => message.to_owned(),
    }
}

fn annotation(severity: Severity, place: Option<&Location>, title: &str, message: &str) -> String {
    let command = match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let place = match place {
        Some(place) => format!(
            "file={},line={},col={},",
            escape_property(&place.file),
            place.line,
            place.column
        ),
        None => String::new(),
    };
    let title = escape_property(&text::one_line(title));
    format!(
        "::{command} {place}title={title}::{}",
        escape_message(&text::clean(message))
    )
}

fn escape_message(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn escape_property(text: &str) -> String {
    escape_message(text).replace(':', "%3A").replace(',', "%2C")
}

/// A line that the runner does not take for a command, whatever a service wrote into it.
fn harmless(line: &str) -> String {
    let line = line.replace("##[", "## [");
    match line.trim_start().starts_with("::") {
        true => format!("| {line}"),
        false => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_are_escaped() {
        let location = Location {
            file: "a,b:c.yaml".into(),
            line: 3,
            column: 7,
        };
        let finding = Diagnostic::error(&location, "100% wrong\nvery").with_hint("fix it");
        assert_eq!(
            annotations(&[finding]),
            "::error file=a%2Cb%3Ac.yaml,line=3,col=7,title=shopctl::100%25 wrong%0Avery%0Afix it\n"
        );
    }

    #[test]
    fn text_from_elsewhere_is_no_command() {
        assert_eq!(harmless("  ::stop-commands::x"), "|   ::stop-commands::x");
        assert_eq!(harmless("x ##[error]y"), "x ## [error]y");
        assert_eq!(harmless("[ 0.1s] a: ::b"), "[ 0.1s] a: ::b");
    }
}
