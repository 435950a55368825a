//! What a command wrote and how it ended.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use serde_json::Value;

/// What a command wrote and how it ended.
pub struct Output {
    pub(crate) command: String,
    pub(crate) status: ExitStatus,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
    /// How long it took.
    pub took: Duration,
}

impl Output {
    /// The exit status; `None` when a signal ended it.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Fails the test unless it ended with this exit status.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.status.code(), Some(code), "exit status\n{self}");
        self
    }

    /// Fails the test unless standard error holds all of these.
    #[track_caller]
    pub fn expect_stderr(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(
                self.stderr.contains(part),
                "not in standard error: {part:?}\n{self}"
            );
        }
        assert!(!self.stderr.contains("panicked at"), "it panicked\n{self}");
        self
    }

    /// The one JSON document on standard output.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("no JSON document: {error}\n{self}"))
    }

    /// The events on standard output, one a line.
    #[track_caller]
    pub fn events(&self) -> Vec<Value> {
        let parse = |line| {
            serde_json::from_str(line)
                .unwrap_or_else(|error| panic!("no JSON: {error}: {line}\n{self}"))
        };
        self.stdout.lines().map(parse).collect()
    }

    /// The events of one type.
    #[track_caller]
    pub fn events_of(&self, kind: &str) -> Vec<Value> {
        let mut events = self.events();
        events.retain(|event| event["type"] == kind);
        events
    }

    /// The last event, which every run ends with.
    #[track_caller]
    pub fn finished(&self) -> Value {
        let last = self.events().pop().unwrap_or_default();
        assert_eq!(last["type"], "run_finished", "last event\n{self}");
        last
    }

    /// Fails the test unless the run ended so.
    #[track_caller]
    pub fn expect_outcome(self, outcome: &str) -> Self {
        assert_eq!(self.finished()["outcome"], outcome, "outcome\n{self}");
        self
    }

    /// How a stack ended: `created`, `updated`, `unchanged`, `deleted`; `None` without such an event.
    pub fn stack_result(&self, stack: &str) -> Option<String> {
        self.events_of("stack_finished")
            .iter()
            .find(|event| event["stack"] == stack)
            .and_then(|event| event["result"].as_str().map(str::to_owned))
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            command,
            status,
            stdout,
            stderr,
            took,
        } = self;
        write!(
            f,
            "$ {command}\n{status} ({:?}) after {took:.1?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}",
            status.signal()
        )
    }
}
