//! What every `main` needs: which function this process is, its settings, its log, its loop.

use std::env;
use std::error::Error;
use std::fmt::Debug;

use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, Service};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing_subscriber::EnvFilter;

use crate::trace::TraceLayer;

/// A process that cannot start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// An environment variable is not set.
    #[error("environment variable {0} is not set")]
    MissingSetting(String),
    /// The template names a function that the binary does not have.
    #[error("there is no function `{found}` in this service, only {}", known.join(", "))]
    UnknownFunction {
        /// What `Handler` says.
        found: String,
        /// What the service has.
        known: &'static [&'static str],
    },
}

/// The function that this process is: the template's `Handler`.
pub fn function_name() -> Result<String, StartError> {
    setting("_HANDLER")
}

/// The value of environment variable `name`.
pub fn setting(name: &str) -> Result<String, StartError> {
    env::var(name)
        .ok()
        .filter(|value| !value.is_empty())
        .ok_or_else(|| StartError::MissingSetting(name.to_owned()))
}

/// Answers events with `handler` until Lambda ends the process, each within its trace.
///
/// # Errors
/// When the Runtime API cannot be reached.
pub async fn run<A, F, R>(handler: F) -> Result<(), lambda_runtime::Error>
where
    A: DeserializeOwned,
    R: Serialize,
    F: Service<LambdaEvent<A>, Response = R>,
    F::Future: Future<Output = Result<R, F::Error>>,
    F::Error: Into<Diagnostic> + Debug,
{
    let name = function_name()?;
    Runtime::new(handler)
        .layer(TraceLayer::new(name))
        .run()
        .await
}

/// Starts the log: one JSON object a line on standard output. `RUST_LOG` sets the level.
pub fn start_log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_target(false)
        .with_ansi(false)
        .with_env_filter(filter)
        .init();
}

/// `error` and everything below it in one line, for the log.
pub fn error_chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let level = error.to_string();
        // Some errors print what is below them, too.
        if !text.ends_with(&level) {
            text.push_str(": ");
            text.push_str(&level);
        }
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("order is not stored")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn a_chain_is_one_line_without_repetition() {
        let error = Outer(std::io::Error::other("table is gone"));
        assert_eq!(error_chain(&error), "order is not stored: table is gone");
    }

    #[test]
    fn an_unknown_function_is_named_with_the_known_ones() {
        let error = StartError::UnknownFunction {
            found: "apo".to_owned(),
            known: &["api", "process"],
        };
        insta::assert_snapshot!(error, @"there is no function `apo` in this service, only api, process");
    }
}
