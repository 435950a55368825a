//! A run's events as rows with bars. Reads NDJSON, so that files of older and newer versions of
//! the tool do as well: events and fields that it does not know are passed over.

use indexmap::IndexMap;
use serde_json::Value;

/// A run with what took how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// For instance `deploy of shop to prod`.
    pub(super) title: String,
    /// The run's name.
    pub(super) run: String,
    /// How it ended, `None` when the events break off.
    pub(super) outcome: Option<String>,
    /// Milliseconds from the first event to the last.
    pub(super) total: u64,
    pub(super) rows: Vec<Row>,
}

/// What took time: something with a name, once or several times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// The resource's type, or the result.
    pub(super) detail: String,
    pub(super) bars: Vec<Bar>,
}

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Phase,
    Step,
    Stack,
    /// A resource of the stack above it.
    Resource,
}

/// A span of time in milliseconds since the run began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bar {
    pub(super) begin: u64,
    /// `None` while it goes on.
    pub(super) end: Option<u64>,
    pub(super) failed: bool,
}

/// Text that is no stream of events.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimelineError {
    /// A line is no JSON object.
    #[error("line {line} is no event: {reason}")]
    NoEvent {
        /// The line, from 1.
        line: usize,
        /// What the JSON reader said.
        reason: String,
    },
    /// No line says that a run began.
    #[error("there is no run in it: the event 'run_started' is missing")]
    NoRun,
}

impl Timeline {
    /// Reads what `--output json` wrote.
    pub fn read(text: &str) -> Result<Self, TimelineError> {
        let mut reader = Reader::default();
        for (index, line) in text.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let event: Value =
                serde_json::from_str(line).map_err(|error| TimelineError::NoEvent {
                    line: index + 1,
                    reason: error.to_string(),
                })?;
            reader.event(&event);
        }
        reader.finish()
    }

    /// How long a bar is.
    pub(super) fn length(&self, bar: &Bar) -> u64 {
        bar.end.unwrap_or(self.total).saturating_sub(bar.begin)
    }

    /// What took longest, longest first: a stack counts by its resources, if it has any.
    pub(super) fn slowest(&self, count: usize) -> Vec<(&Row, u64)> {
        let mut all: Vec<(&Row, u64)> = Vec::new();
        for (index, row) in self.rows.iter().enumerate() {
            let next = self.rows.get(index + 1).map(|row| row.kind);
            if row.kind == Kind::Stack && next == Some(Kind::Resource) {
                continue;
            }
            all.push((row, row.bars.iter().map(|bar| self.length(bar)).sum()));
        }
        all.retain(|(_, length)| *length > 0);
        all.sort_by_key(|(_, length)| std::cmp::Reverse(*length));
        all.truncate(count);
        all
    }
}

#[derive(Default)]
struct Reader {
    title: Option<String>,
    run: String,
    outcome: Option<String>,
    total: u64,
    /// Phases and steps by what names them in events, stacks by their name.
    rows: IndexMap<String, Row>,
    /// Resources of each stack.
    resources: IndexMap<String, IndexMap<String, Row>>,
}

impl Reader {
    fn event(&mut self, event: &Value) {
        let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
        let at = event
            .get("elapsed_ms")
            .and_then(Value::as_u64)
            .unwrap_or(self.total);
        self.total = self.total.max(at);
        let step = || event.get("step").map(Value::to_string).unwrap_or_default();
        match text("type") {
            "run_started" => {
                let (command, project) = (text("command"), text("project"));
                self.title = Some(format!("{command} of {project} in {}", text("environment")));
                self.run = text("run").to_owned();
            }
            "phase_started" => {
                let phase = text("phase");
                let name = phase.replace('_', " ");
                self.begin(&format!("phase {phase}"), Kind::Phase, &name, at);
            }
            "phase_finished" => self.end(
                &format!("phase {}", text("phase")),
                at,
                text("summary"),
                false,
            ),
            "step_started" => self.begin(&step(), Kind::Step, text("title"), at),
            "step_finished" => self.end(&step(), at, text("summary"), false),
            "step_failed" => self.end(&step(), at, "failed", true),
            "stack_started" => {
                let stack = text("stack");
                self.begin(&format!("stack {stack}"), Kind::Stack, stack, at);
            }
            "stack_finished" => self.end(
                &format!("stack {}", text("stack")),
                at,
                text("result"),
                false,
            ),
            "stack_failed" => self.end(&format!("stack {}", text("stack")), at, "failed", true),
            "resource_changed" => self.resource(
                text("stack"),
                text("logical_id"),
                text("resource_type"),
                text("status"),
                at,
            ),
            "run_finished" => self.outcome = Some(text("outcome").to_owned()),
            _ => {}
        }
    }

    fn begin(&mut self, key: &str, kind: Kind, name: &str, at: u64) {
        let row = self.rows.entry(key.to_owned()).or_insert_with(|| Row {
            kind,
            name: name.to_owned(),
            detail: String::new(),
            bars: Vec::new(),
        });
        row.bars.push(Bar {
            begin: at,
            end: None,
            failed: false,
        });
    }

    /// What never began, as a stack without changes, took no time and has no row.
    fn end(&mut self, key: &str, at: u64, detail: &str, failed: bool) {
        if let Some(row) = self.rows.get_mut(key) {
            row.detail = detail.to_owned();
            if let Some(bar) = row.bars.last_mut() {
                bar.end = Some(at);
                bar.failed = failed;
            }
        }
    }

    fn resource(&mut self, stack: &str, id: &str, kind: &str, status: &str, at: u64) {
        if kind == "AWS::CloudFormation::Stack" && id.contains(stack) {
            return; // the stack itself
        }
        let rows = self.resources.entry(stack.to_owned()).or_default();
        let row = rows.entry(id.to_owned()).or_insert_with(|| Row {
            kind: Kind::Resource,
            name: id.to_owned(),
            detail: kind.to_owned(),
            bars: Vec::new(),
        });
        let open = row.bars.last_mut().filter(|bar| bar.end.is_none());
        match (status.ends_with("_IN_PROGRESS"), open) {
            (true, None) => row.bars.push(Bar {
                begin: at,
                end: None,
                failed: false,
            }),
            // CloudFormation says it twice: begun, and known by its ID.
            (true, Some(_)) => {}
            (false, Some(bar)) => {
                bar.end = Some(at);
                bar.failed = status.ends_with("_FAILED");
            }
            (false, None) => row.bars.push(Bar {
                begin: at,
                end: Some(at),
                failed: status.ends_with("_FAILED"),
            }),
        }
    }

    fn finish(mut self) -> Result<Timeline, TimelineError> {
        let mut rows = Vec::new();
        for (_, row) in self.rows {
            let resources = match row.kind {
                Kind::Stack => self.resources.shift_remove(&row.name),
                _ => None,
            };
            rows.push(row);
            rows.extend(resources.into_iter().flat_map(IndexMap::into_values));
        }
        Ok(Timeline {
            title: self.title.ok_or(TimelineError::NoRun)?,
            run: self.run,
            outcome: self.outcome,
            total: self.total,
            rows,
        })
    }
}
