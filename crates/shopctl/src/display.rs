//! Decides once how output looks: from options, environment and terminal.

use std::io::{self, IsTerminal, Write};

use shopctl_core::diagnostic::Diagnostic;
use shopctl_report::{
    Appearance, GitHub, Json, Plain, Reporter, Terminal, annotations, render_diagnostics,
    render_error,
};

use tokio::sync::oneshot;

use crate::cli::{Global, Output, When};
use crate::error::{CommandError, Kind};

/// Columns of output that is not on a terminal.
const PLAIN_WIDTH: usize = 100;

/// The reporter of a run. GitHub's has a summary for the job's page at the end.
pub(crate) enum Sink {
    Any(Box<dyn Reporter>),
    GitHub(Box<GitHub<io::Stderr>>),
}

impl Sink {
    pub(crate) fn reporter(&mut self) -> &mut dyn Reporter {
        match self {
            Sink::Any(reporter) => reporter.as_mut(),
            Sink::GitHub(reporter) => reporter.as_mut(),
        }
    }

    /// The run in Markdown, where somebody shows it.
    pub(crate) fn job_summary(&self) -> Option<String> {
        match self {
            Sink::Any(_) => None,
            Sink::GitHub(reporter) => Some(reporter.job_summary()),
        }
    }
}

/// How output looks.
#[derive(Debug, Clone)]
pub(crate) struct Display {
    pub(crate) json: bool,
    pub(crate) interactive: bool,
    github: bool,
    /// Of standard error, where progress and errors go.
    pub(crate) appearance: Appearance,
    /// Of standard output, where results go.
    pub(crate) results: Appearance,
}

impl Display {
    pub(crate) fn resolve(global: &Global) -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let ci = set("CI");
        let error_is_terminal = io::stderr().is_terminal();
        let utf8 = ["LC_ALL", "LC_CTYPE", "LANG"]
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
            .is_none_or(|locale| {
                let locale = locale.to_lowercase();
                locale.contains("utf-8") || locale.contains("utf8")
            });
        let colour = |terminal: bool| match global.color {
            When::Always => true,
            When::Never => false,
            When::Auto => terminal && !set("NO_COLOR") && !dumb,
        };
        let width = |terminal: bool, columns: Option<(u16, u16)>| match columns {
            Some((_, columns)) if terminal => usize::from(columns),
            _ => PLAIN_WIDTH,
        };
        let output_is_terminal = io::stdout().is_terminal();
        Self {
            json: global.output == Output::Json,
            interactive: error_is_terminal && !dumb && !ci && global.output == Output::Text,
            github: set("GITHUB_ACTIONS"),
            appearance: Appearance {
                width: width(error_is_terminal, console::Term::stderr().size_checked()),
                colour: colour(error_is_terminal),
                unicode: utf8,
            },
            results: Appearance {
                width: width(output_is_terminal, console::Term::stdout().size_checked()),
                colour: colour(output_is_terminal),
                unicode: utf8,
            },
        }
    }

    /// The reporter of a run.
    pub(crate) fn reporter(
        &self,
        sources: impl Fn(&str) -> Option<String> + Send + 'static,
    ) -> Sink {
        if self.json {
            Sink::Any(Box::new(Json::new(io::stdout())))
        } else if self.interactive {
            let terminal = console::Term::buffered_stderr();
            Sink::Any(Box::new(Terminal::new(terminal, self.appearance, sources)))
        } else if self.github {
            Sink::GitHub(Box::new(GitHub::new(
                io::stderr(),
                self.appearance,
                sources,
            )))
        } else {
            Sink::Any(Box::new(Plain::new(io::stderr(), self.appearance, sources)))
        }
    }

    /// Puts findings on the lines of a pull request, in a GitHub workflow.
    pub(crate) fn annotate(&self, findings: &[Diagnostic]) {
        if self.github && !findings.is_empty() {
            self.say(&annotations(findings));
        }
    }

    /// Shows the error that ends a command.
    pub(crate) fn error(&self, error: &CommandError) {
        if let Some(transcript) = &error.transcript {
            self.say(transcript);
        }
        if !error.diagnostics.is_empty() {
            self.annotate(&error.diagnostics);
            let root = error.root.clone();
            let source = move |file: &str| std::fs::read_to_string(root.join(file)).ok();
            self.say(&render_diagnostics(
                &error.diagnostics,
                source,
                self.appearance,
            ));
        }
        self.say(&render_error(
            error.source.as_ref(),
            &error.hints,
            self.appearance,
        ));
    }

    /// Writes to standard error, where a closed pipe is no reason to fail.
    pub(crate) fn say(&self, text: &str) {
        let _ = writeln!(io::stderr(), "{}", text.trim_end());
    }

    /// Writes a result to standard output.
    pub(crate) fn result(&self, text: &str) {
        let _ = writeln!(io::stdout(), "{}", text.trim_end());
    }

    /// Asks on the terminal whether something is meant; without one it is refused, with `--yes` as the way.
    pub(crate) async fn consent(&self, question: Question<'_>) -> Result<(), CommandError> {
        let refused =
            |message: &str, hint| Err(CommandError::message(Kind::Refused, message, hint));
        if !self.interactive {
            return refused(&question.would, Some("say --yes".to_owned()));
        }
        let how = match question.word {
            Some(word) => format!("\nType '{word}' to go on: "),
            None => " [y/N] ".to_owned(),
        };
        let _ = write!(io::stderr(), "{}{how}", question.text);
        let _ = io::stderr().flush();
        let line = typed_line().await;
        let answer = line.trim();
        let agreed = match question.word {
            Some(word) => answer == word,
            None => matches!(answer.to_lowercase().as_str(), "y" | "yes"),
        };
        if agreed {
            Ok(())
        } else {
            refused(question.refused, None)
        }
    }
}

/// Asks for consent to what cannot be taken back.
pub(crate) struct Question<'a> {
    /// What would be done, for a run that nobody can be asked in.
    pub(crate) would: String,
    /// The question.
    pub(crate) text: String,
    /// The word that has to be typed; else yes.
    pub(crate) word: Option<&'a str>,
    /// What is said to any other answer: `nothing was deleted`.
    pub(crate) refused: &'a str,
}

/// The next line of standard input; empty when there is none.
pub(crate) async fn typed_line() -> String {
    let (sender, line) = oneshot::channel();
    // A thread of its own: nothing waits for it when no answer comes, also not the end of the process.
    std::thread::spawn(move || {
        let mut text = String::new();
        let _ = io::stdin().read_line(&mut text);
        let _ = sender.send(text);
    });
    line.await.unwrap_or_default()
}
