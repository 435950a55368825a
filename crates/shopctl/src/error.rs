//! The error that ends a command: its kind decides the exit code, hints say what to do.

use std::error::Error;
use std::path::{Path, PathBuf};

use shopctl_core::diagnostic::{Diagnostic, Diagnostics};
use shopctl_deploy::ports::{CloudError, CloudErrorKind};

/// Kinds of errors, each with an exit code of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Something did not work.
    Failed,
    /// A guard refused.
    Refused,
    /// The user's input is wrong.
    Input,
    /// Credentials or account.
    Credentials,
    /// Another run is at work.
    Locked,
    /// A stack needs a person.
    Stuck,
    /// The user stopped it.
    Interrupted,
}

impl Kind {
    /// The process's exit status.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Kind::Failed => 1,
            Kind::Refused => 3,
            Kind::Input => 4,
            Kind::Credentials => 5,
            Kind::Locked => 6,
            Kind::Stuck => 7,
            Kind::Interrupted => 130,
        }
    }
}

/// The error that ends a command.
#[derive(Debug)]
pub(crate) struct CommandError {
    pub(crate) kind: Kind,
    pub(crate) source: anyhow::Error,
    pub(crate) hints: Vec<String>,
    /// Findings about the user's files, shown with their lines.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// The folder that the findings' files are in.
    pub(crate) root: PathBuf,
    /// Whether a run's last event told it already.
    pub(crate) reported: bool,
    /// Text of another tool that is shown as it is, for instance the compiler's.
    pub(crate) transcript: Option<String>,
}

impl CommandError {
    pub(crate) fn new(
        kind: Kind,
        source: impl Error + Send + Sync + 'static,
        hint: Option<String>,
    ) -> Self {
        Self::from_anyhow(kind, anyhow::Error::new(source), hint)
    }

    pub(crate) fn message(kind: Kind, message: impl Into<String>, hint: Option<String>) -> Self {
        Self::from_anyhow(kind, anyhow::Error::msg(message.into()), hint)
    }

    /// An error whose causes are told with it.
    pub(crate) fn from_anyhow(kind: Kind, source: anyhow::Error, hint: Option<String>) -> Self {
        Self {
            kind,
            source,
            hints: hint.into_iter().collect(),
            diagnostics: Vec::new(),
            root: PathBuf::new(),
            reported: false,
            transcript: None,
        }
    }

    pub(crate) fn interrupted() -> Self {
        Self::message(Kind::Interrupted, "interrupted", None)
    }

    pub(crate) fn with_transcript(mut self, transcript: impl Into<String>) -> Self {
        self.transcript = Some(transcript.into());
        self
    }

    /// The findings in files as an error; `what` says what was being done.
    pub(crate) fn findings(what: &str, diagnostics: Diagnostics, root: &Path) -> Self {
        let errors = diagnostics
            .0
            .iter()
            .filter(|finding| finding.severity == shopctl_core::diagnostic::Severity::Error)
            .count();
        let noun = if errors == 1 { "error" } else { "errors" };
        Self {
            diagnostics: diagnostics.0,
            root: root.to_path_buf(),
            ..Self::message(Kind::Input, format!("{what}: {errors} {noun}"), None)
        }
    }

    /// Its message and those of its causes on one line.
    pub(crate) fn one_line(&self) -> String {
        let mut line = format!("{:#}", self.source);
        if let Some(first) = self.diagnostics.first() {
            line = format!("{line}: {first}");
        }
        line
    }
}

impl From<CloudError> for CommandError {
    fn from(error: CloudError) -> Self {
        let (kind, hint) = match error.kind {
            CloudErrorKind::Credentials => (
                Kind::Credentials,
                Some(
                    "log in (`aws sso login`, or set AWS_PROFILE or AWS_ACCESS_KEY_ID and \
                     AWS_SECRET_ACCESS_KEY), then check with `aws sts get-caller-identity`"
                        .to_owned(),
                ),
            ),
            CloudErrorKind::AccessDenied => (
                Kind::Credentials,
                Some("the credentials work, but this call is not allowed for them".to_owned()),
            ),
            CloudErrorKind::Unreachable => (
                Kind::Failed,
                Some("check the network and AWS_ENDPOINT_URL".to_owned()),
            ),
            _ => (Kind::Failed, None),
        };
        Self::new(kind, error, hint)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::collections::BTreeSet;

    use clap::CommandFactory;

    use crate::cli::Cli;

    /// Codes that lines of a text begin with, in the way that `code` finds them.
    fn codes(text: &str, code: impl Fn(&str) -> Option<&str>) -> BTreeSet<u8> {
        let lines = text.lines().filter_map(|line| code(line.trim()));
        lines.filter_map(|code| code.trim().parse().ok()).collect()
    }

    /// `| 4 | bad input | ...`
    fn of_table(line: &str) -> Option<&str> {
        line.strip_prefix("| ")?
            .split_once(" |")
            .map(|(code, _)| code)
    }

    /// `Kind::Input => 4,`
    fn of_program(line: &str) -> Option<&str> {
        let (_, code) = line.strip_prefix("Kind::")?.split_once(" => ")?;
        Some(code.trim_end_matches(','))
    }

    /// `4    bad input`
    fn of_help(line: &str) -> Option<&str> {
        line.split_once("  ").map(|(code, _)| code)
    }

    #[test]
    fn every_exit_code_is_documented_wherever_they_are_listed() {
        let page = codes(include_str!("../../../docs/exit-codes.md"), of_table);
        let readme = codes(include_str!("../../../README.md"), of_table);
        let help = Cli::command().get_after_help().unwrap().to_string();
        let help = codes(&help, of_help);
        let program = codes(include_str!("error.rs"), of_program);

        assert!(program.len() > 5, "{program:?}");
        assert!(
            page.is_superset(&program),
            "the page lacks one of {program:?}"
        );
        assert_eq!(page, help, "docs/exit-codes.md and --help");
        assert_eq!(page, readme, "docs/exit-codes.md and README.md");
    }
}
