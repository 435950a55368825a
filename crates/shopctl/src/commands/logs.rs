//! `shopctl logs`: the logs of everything that is deployed, merged by time. Changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use shopctl_core::diagnostic::did_you_mean;
use shopctl_core::names::StackName;
use shopctl_core::project::Environment;
use shopctl_deploy::operations::{LogEvent, LogQuery};
use shopctl_deploy::ports::{CloudError, CloudErrorKind};
use shopctl_report::{LogLine, render_log_line};

use crate::cli::{Global, LogsArguments};
use crate::commands::status::connect;
use crate::display::Display;
use crate::duration;
use crate::error::{CommandError, Kind};
use crate::interrupt::until_interrupted;
use crate::prepare::environment;
use crate::session::Session;
use crate::workspace::Workspace;

/// CloudWatch hands out lines late and not in order: so far back is looked again.
const LATE: i64 = 10_000;
/// FilterLogEvents may be called so often a second in an account; a tail takes half of it.
const CALLS_A_SECOND: f64 = 5.0;

/// A log group with who writes to it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Source {
    stack: StackName,
    /// The logical ID of the function, or of the log group when no function writes to it.
    name: String,
    group: String,
}

impl Source {
    fn label(&self) -> String {
        format!("{}.{}", self.stack, self.name)
    }
}

/// Shows the lines that there are; with `--follow` goes on until Ctrl-C.
pub(crate) async fn run(
    global: &Global,
    arguments: &LogsArguments,
    display: &Display,
) -> Result<u8, CommandError> {
    let workspace = Workspace::open(global)?;
    let environment = environment(&workspace, &arguments.environment.environment)?;
    let now = Utc::now();
    let from = since(&arguments.since, now).map_err(|message| {
        let hint = "for instance --since 10m, 2h, 1d or 2026-07-12T10:00:00Z";
        CommandError::message(Kind::Input, message, Some(hint.to_owned()))
    })?;
    let stacks = stacks(&workspace, environment, arguments.service.as_deref())?;
    let Some(session) = connect(&workspace, environment, display).await? else {
        display.say(&format!("nothing is deployed to {}", environment.name));
        return Ok(0);
    };
    let sources = sources(&workspace, environment, &session, &stacks).await?;
    if sources.is_empty() {
        display.say(&format!(
            "nothing that writes a log is deployed to {}",
            environment.name
        ));
        return Ok(0);
    }
    let words: Vec<String> = [&arguments.order, &arguments.request, &arguments.filter]
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    let tail = Tail {
        session: &session,
        display,
        columns: sources
            .iter()
            .map(|source| source.label().chars().count())
            .max()
            .unwrap_or(0),
        sources: &sources,
        words,
    };
    let from = from.timestamp_millis();
    match arguments.follow {
        true => until_interrupted(tail.run(from, true)).await,
        false => tail.run(from, false).await,
    }
}

/// The stacks whose logs are wanted.
fn stacks(
    workspace: &Workspace,
    environment: &Environment,
    service: Option<&str>,
) -> Result<Vec<StackName>, CommandError> {
    let all = workspace.project.stacks_in(environment);
    let all: Vec<StackName> = all.map(|stack| stack.name.clone()).collect();
    match service {
        None => Ok(all),
        Some(name) => match all.iter().find(|stack| stack.as_str() == name) {
            Some(stack) => Ok(vec![stack.clone()]),
            None => Err(CommandError::message(
                Kind::Input,
                format!(
                    "there is no service '{name}' in environment '{}'",
                    environment.name
                ),
                did_you_mean(name, all.iter().map(StackName::as_str)),
            )),
        },
    }
}

/// The log groups of the functions, and those that something else writes to.
async fn sources(
    workspace: &Workspace,
    environment: &Environment,
    session: &Session,
    stacks: &[StackName],
) -> Result<Vec<Source>, CloudError> {
    let of_stack = |stack: StackName| async move {
        let name = workspace.project.cloud_stack_name(environment, &stack);
        let resources = match session.ports.cloudformation.resources(name.as_str()).await {
            Err(error) if error.kind == CloudErrorKind::NotFound => Vec::new(),
            answer => answer?,
        };
        let of_type = |kind: &'static str| {
            let fitting = resources
                .iter()
                .filter(move |resource| resource.resource_type == kind);
            fitting.filter_map(|resource| {
                Some((
                    resource.logical_id.to_string(),
                    resource.physical_id.clone()?,
                ))
            })
        };
        let functions = of_type("AWS::Lambda::Function").map(|(name, function)| async move {
            let group = session.operations.log_group(&function).await?;
            Ok::<_, CloudError>(group.map(|group| (name, group)))
        });
        let mut found: BTreeMap<String, String> = BTreeMap::new();
        for (name, group) in try_join_all(functions).await?.into_iter().flatten() {
            found.insert(group, name);
        }
        for (name, group) in of_type("AWS::Logs::LogGroup") {
            found.entry(group).or_insert(name);
        }
        Ok::<_, CloudError>(found.into_iter().map(move |(group, name)| Source {
            stack: stack.clone(),
            name,
            group,
        }))
    };
    let found = try_join_all(stacks.iter().cloned().map(of_stack)).await?;
    Ok(found.into_iter().flatten().collect())
}

struct Tail<'a> {
    session: &'a Session,
    display: &'a Display,
    sources: &'a [Source],
    words: Vec<String>,
    columns: usize,
}

impl Tail<'_> {
    async fn run(&self, from: i64, follow: bool) -> Result<u8, CommandError> {
        let mut from = from;
        let mut shown: BTreeSet<(i64, String)> = BTreeSet::new();
        let pause = Duration::from_secs_f64((self.sources.len() as f64 / CALLS_A_SECOND).max(1.0));
        loop {
            let lines = self.read(from).await?;
            for (source, event) in lines {
                if shown.insert((event.timestamp, event.id.clone())) {
                    self.show(source, &event);
                }
            }
            if !follow {
                return Ok(0);
            }
            if let Some((newest, _)) = shown.last() {
                from = from.max(newest - LATE);
                // What is older is not read again.
                shown = shown.split_off(&(from, String::new()));
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// The lines of all sources since a moment, in the order of time.
    async fn read(&self, from: i64) -> Result<Vec<(&Source, LogEvent)>, CloudError> {
        let groups = self.sources.iter().map(|source| async move {
            let query = LogQuery {
                group: source.group.clone(),
                from,
                words: self.words.clone(),
            };
            let events = self.session.operations.log_events(&query).await?;
            Ok::<_, CloudError>(events.into_iter().map(move |event| (source, event)))
        });
        let mut lines: Vec<_> = try_join_all(groups).await?.into_iter().flatten().collect();
        lines.retain(|(_, event)| self.words.iter().all(|word| event.message.contains(word)));
        lines.sort_by_key(|(_, event)| event.timestamp);
        Ok(lines)
    }

    fn show(&self, source: &Source, event: &LogEvent) {
        if self.display.json {
            let message = event.message.trim_end();
            let fields: Option<serde_json::Value> = serde_json::from_str(message)
                .ok()
                .filter(serde_json::Value::is_object);
            let line = serde_json::json!({
                "version": 1,
                "time": DateTime::from_timestamp_millis(event.timestamp)
                    .map(|time| time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)),
                "stack": source.stack,
                "source": source.name,
                "logGroup": source.group,
                "message": message,
                "fields": fields,
            });
            self.display.result(&line.to_string());
            return;
        }
        let line = LogLine {
            timestamp: event.timestamp,
            source: source.label(),
            message: event.message.clone(),
        };
        if let Some(text) = render_log_line(&line, self.columns, self.display.results) {
            self.display.result(&text);
        }
    }
}

/// `10m` before `now`, or the moment itself.
fn since(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Ok(moment.to_utc());
    }
    let span = duration::parse(text).ok();
    let span = span.and_then(|span| chrono::TimeDelta::from_std(span).ok());
    span.and_then(|span| now.checked_sub_signed(span))
        .ok_or_else(|| format!("'{text}' is neither a span of time nor a moment"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_span_counts_from_now_and_a_moment_is_itself() {
        let now = DateTime::parse_from_rfc3339("2026-07-12T10:00:00Z")
            .unwrap()
            .to_utc();
        let at = |text: &str| since(text, now).map(|time| time.to_rfc3339());
        assert_eq!(at("90s").unwrap(), "2026-07-12T09:58:30+00:00");
        assert_eq!(at("10m").unwrap(), "2026-07-12T09:50:00+00:00");
        assert_eq!(at("1d").unwrap(), "2026-07-11T10:00:00+00:00");
        assert_eq!(
            at("2026-01-02T03:04:05+01:00").unwrap(),
            "2026-01-02T02:04:05+00:00"
        );
        for wrong in ["", "m", "-5m", "10 m", "ten", "999999999999999d", "é"] {
            assert!(at(wrong).is_err(), "{wrong}");
        }
    }
}
