//! Runs a command of the project's own before or after what the tool does. What the command is
//! for, and what it is told, is its caller's matter.

use std::path::Path;

use crate::excerpt::Excerpt;
use crate::process::{Environment, Invocation, ToolError};

/// A hook did not work.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// Its program could not be run.
    #[error("cannot run the hook")]
    Tool(#[from] ToolError),
    /// It failed.
    #[error("`{command}` failed ({status})")]
    Command {
        /// The command line.
        command: String,
        /// How it ended.
        status: std::process::ExitStatus,
        /// The first and last lines that it wrote.
        output: String,
    },
}

impl HookError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Tool(error) => error.hint(),
            Self::Command { .. } => None,
        }
    }
}

/// Runs `command`, word by word and without a shell, in `folder`; hands over each line that it
/// writes. Dropping the future stops it and all that it has started.
pub async fn run_hook(
    command: &[String],
    folder: &Path,
    environment: &Environment,
    line_written: &(dyn Fn(String) + Send + Sync),
) -> Result<(), HookError> {
    let invocation = Invocation::new(command, folder, environment)?;
    let mut said = Excerpt::default();
    let status = invocation
        .run(|_, line| {
            said.take(&line);
            line_written(line);
        })
        .await?;
    if status.success() {
        return Ok(());
    }
    Err(HookError::Command {
        command: invocation.shown().to_owned(),
        status,
        output: said.text(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::sync::Mutex;

    use super::*;

    async fn run(command: &[&str]) -> (Result<(), HookError>, Vec<String>) {
        let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        let lines = Mutex::new(Vec::new());
        let environment = Environment::new(std::env::vars_os()).with("SHOPCTL_ENV", "prod");
        let take = |line| lines.lock().unwrap().push(line);
        let done = run_hook(&command, Path::new("/"), &environment, &take).await;
        (done, lines.into_inner().unwrap())
    }

    #[tokio::test]
    async fn words_stay_words_and_lines_are_handed_over() {
        let (done, lines) = run(&["printf", "%s|%s\n", "a b; false", "$HOME"]).await;
        done.unwrap();
        assert_eq!(lines, ["a b; false|$HOME"]);
        let (done, lines) = run(&["sh", "-c", "echo $SHOPCTL_ENV in $PWD"]).await;
        done.unwrap();
        assert_eq!(lines, ["prod in /"]);
    }

    #[tokio::test]
    async fn what_a_hook_said_is_told_when_it_fails() {
        let (done, _) = run(&["sh", "-c", "echo no milk >&2; exit 3"]).await;
        let HookError::Command { status, output, .. } = done.unwrap_err() else {
            panic!("it was run");
        };
        assert_eq!((status.code(), output.as_str()), (Some(3), "no milk"));
        let (done, _) = run(&["no-such-program"]).await;
        let hint = done.unwrap_err().hint().unwrap();
        assert!(hint.contains("install `no-such-program`"), "{hint}");
    }
}
