//! A run as plain lines: one for each transition, each with the time since the start.
//!
//! For pipes and CI logs. No line is ever rewritten.

use std::fmt;
use std::io::{self, Write};

use shopctl_core::event::{Command, Event, Failure, Numbered, StackResult};
use shopctl_core::names::StackName;
use shopctl_core::plan::{StackAction, StepId};

use crate::appearance::{Appearance, Role};
use crate::label::{
    interrupted, is_cascade, is_upload, operation_word, phase_label, result_word, stack_of,
    step_label, upload_label,
};
use crate::reporter::Reporter;
use crate::run::{Progress, Run};
use crate::summary::{self, Sources};
use crate::text::{self, count, duration};

/// Silence is broken after this time.
const HEARTBEAT_MS: u64 = 30_000;

/// Writes that fail once and are silent ever after: a reader that went away does not stop a run.
pub(crate) struct Output<W> {
    writer: W,
    gone: bool,
}

impl<W: Write> Output<W> {
    pub(crate) fn new(writer: W) -> Self {
        Self {
            writer,
            gone: false,
        }
    }

    pub(crate) fn write(&mut self, write: impl FnOnce(&mut W) -> io::Result<()>) {
        if !self.gone {
            let written = write(&mut self.writer).and_then(|()| self.writer.flush());
            self.gone = written.is_err();
        }
    }
}

/// Shows a run as lines.
pub struct Plain<W> {
    output: Output<W>,
    appearance: Appearance,
    sources: Sources,
    /// Applied to each line before it is written.
    guard: fn(&str) -> String,
    run: Run,
    spoke_ms: u64,
}

impl<W> fmt::Debug for Plain<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plain")
            .field("appearance", &self.appearance)
            .finish_non_exhaustive()
    }
}

impl<W: Write + Send> Plain<W> {
    /// Writes to `writer`. Transitions are never wrapped; `appearance.width` is for the summary.
    /// `sources` yields a file's text by the name that events use.
    pub fn new(
        writer: W,
        appearance: Appearance,
        sources: impl Fn(&str) -> Option<String> + Send + 'static,
    ) -> Self {
        Self {
            output: Output::new(writer),
            appearance,
            sources: Box::new(sources),
            guard: str::to_owned,
            run: Run::default(),
            spoke_ms: 0,
        }
    }

    pub(crate) fn with_guard(mut self, guard: fn(&str) -> String) -> Self {
        self.guard = guard;
        self
    }

    pub(crate) fn run(&self) -> &Run {
        &self.run
    }

    /// Writes a line as it is.
    pub(crate) fn raw(&mut self, line: &str) {
        self.output.write(|writer| writeln!(writer, "{line}"));
    }

    fn lines(&mut self, lines: &[String]) {
        for line in lines {
            self.raw(&(self.guard)(line));
        }
    }

    fn say(&mut self, role: Role, subject: &str, text: &str) {
        let now = self.run.now_ms;
        self.spoke_ms = now;
        let stamp = self
            .appearance
            .paint(Role::Quiet, &format!("[{:>7}]", duration(now)));
        let text = self.appearance.paint(role, &text::one_line(text));
        self.lines(&[format!("{stamp} {}: {text}", text::one_line(subject))]);
    }

    fn planned(&mut self, event: &Event) {
        let Event::Planned {
            account,
            region,
            stacks,
            uploads,
            ..
        } = event
        else {
            return;
        };
        self.say(
            Role::Normal,
            "plan",
            &format!("account {account} in {region}"),
        );
        let mut unchanged = Vec::new();
        for planned in stacks {
            let verb = match planned.action {
                StackAction::None => {
                    unchanged.push(planned.stack.as_str());
                    continue;
                }
                StackAction::Create => "create",
                StackAction::Recreate => "delete and create",
                StackAction::Update => "update",
                StackAction::Decide => "look at",
                StackAction::Delete => "delete",
            };
            let resources = count(planned.resources, "resource");
            let text = format!("{verb} {} ({resources}): {}", planned.stack, planned.reason);
            self.say(Role::Normal, "plan", &text);
        }
        if !unchanged.is_empty() {
            let text = format!("unchanged: {}", unchanged.join(", "));
            self.say(Role::Normal, "plan", &text);
        }
        if *uploads > 0 {
            self.say(
                Role::Normal,
                "plan",
                &format!("at most {} to upload", count(*uploads, "object")),
            );
        }
        if let Some(text) = summary::omitted(&self.run) {
            self.say(Role::Attention, "plan", &text);
        }
    }

    fn resource(&mut self, event: &Event) {
        let Event::ResourceChanged {
            stack,
            logical_id,
            resource_type,
            status,
            reason,
        } = event
        else {
            return;
        };
        // Beginnings are left to the heartbeat: they would double the log.
        if status.ends_with("_IN_PROGRESS") {
            return;
        }
        let failed = status.ends_with("_FAILED");
        if failed && is_cascade(reason.as_deref()) {
            return;
        }
        let Some(state) = self.run.stacks.get(stack) else {
            return;
        };
        let mut text = format!("{logical_id} {resource_type} {status}");
        match (state.total, failed || state.rolling_back) {
            (Some(total), false) => {
                let total = total.max(state.resources.len());
                text.push_str(&format!(" ({}/{total})", state.done()));
            }
            _ => {
                if let Some(reason) = reason {
                    text.push_str(&format!(": {reason}"));
                }
            }
        }
        let role = if failed { Role::Bad } else { Role::Normal };
        self.say(role, stack.as_str(), &text);
    }

    fn stack_finished(&mut self, stack: &StackName, result: StackResult) {
        let Some(state) = self.run.stacks.get(stack) else {
            return;
        };
        if state.action == StackAction::None && result == StackResult::Unchanged {
            // The plan has said so.
            return;
        }
        let mut text = result_word(result).to_owned();
        if let Some(elapsed) = state.elapsed(self.run.now_ms) {
            text.push_str(&format!(" in {}", duration(elapsed)));
        }
        self.say(Role::Good, stack.as_str(), &text);
    }

    fn stack_failed(&mut self, stack: &StackName, failure: &Failure) {
        // The resource's own line has told the reason.
        let text = match &failure.resource {
            Some(resource) => format!("failed at {}", resource.logical_id),
            None => format!("failed: {}", failure.reason),
        };
        self.say(Role::Bad, stack.as_str(), &text);
    }

    fn step(&mut self, role: Role, id: &StepId, text: &str) {
        let label = match is_upload(id) {
            true => "uploads".to_owned(),
            false => {
                let title = self.run.steps.get(id).map(|step| step.title.clone());
                step_label(id, title.as_deref().unwrap_or_default()).to_owned()
            }
        };
        self.say(role, &label, text);
    }

    /// What is going on, for a sign of life.
    fn heartbeat(&self) -> Option<String> {
        let now = self.run.now_ms;
        let mut parts = Vec::new();
        for (phase, state) in &self.run.phases {
            if state.ended_ms.is_none() {
                let mut part = phase_label(*phase).to_lowercase();
                if let Some(total) = state.total {
                    part.push_str(&format!(" {}/{total}", state.done));
                }
                if !state.message.is_empty() {
                    part.push_str(&format!(" ({})", text::one_line(&state.message)));
                }
                parts.push(part);
            }
        }
        for (id, step) in &self.run.steps {
            if step.progress == Progress::Running {
                parts.push(text::one_line(step_label(id, &step.title)));
            }
        }
        for (name, stack) in &self.run.stacks {
            if stack.progress == Progress::Running {
                let mut part = name.to_string();
                if let Some((id, resource)) = stack.busy().first() {
                    let time = duration(now.saturating_sub(resource.started_ms));
                    part.push_str(&format!(" ({id} for {time})"));
                }
                parts.push(part);
            }
        }
        if parts.is_empty() {
            return None;
        }
        let mut text = parts.join(", ");
        if let Some(left) = self.run.left_ms() {
            text.push_str(&format!("; {} left", text::roughly(left)));
        }
        Some(text)
    }
}

impl<W: Write + Send> Reporter for Plain<W> {
    fn report(&mut self, numbered: &Numbered) {
        self.run.apply(numbered);
        match &numbered.event {
            Event::RunStarted {
                run,
                command,
                project,
                environment,
                ..
            } => {
                let (verb, preposition) = match command {
                    Command::Deploy => ("deploy", "to"),
                    Command::Teardown => ("teardown", "from"),
                    Command::Rollback => ("rollback", "in"),
                    Command::Recover => ("recover", "in"),
                };
                self.say(
                    Role::Strong,
                    verb,
                    &format!("{project} {preposition} {environment}, run {run}"),
                );
            }
            Event::PhaseStarted { phase } => {
                self.say(Role::Normal, &phase_label(*phase).to_lowercase(), "started");
            }
            Event::PhaseProgressed { .. } => {}
            Event::PhaseFinished { phase, summary } => {
                self.say(Role::Normal, &phase_label(*phase).to_lowercase(), summary);
            }
            Event::Warned { message, location } => {
                let place = location
                    .as_ref()
                    .map(|place| format!("{place}: "))
                    .unwrap_or_default();
                self.say(Role::Attention, "warning", &format!("{place}{message}"));
            }
            Event::Planned { .. } => self.planned(&numbered.event),
            Event::StepStarted { step, .. } => {
                // Uploads are quick and many: their ends are enough.
                if !is_upload(step) {
                    self.step(Role::Normal, step, "started");
                }
            }
            Event::StepFinished { step, summary, .. } => self.step(Role::Normal, step, summary),
            Event::StepSkipped { step, title, cause } => {
                let running = stack_of(step)
                    .and_then(|stack| self.run.stacks.get(stack))
                    .is_some_and(|stack| stack.progress == Progress::Running);
                let text = match cause {
                    Some(cause) => format!("skipped, needs {}", step_label(cause, "")),
                    None if running => "goes on in CloudFormation".to_owned(),
                    None => "not finished".to_owned(),
                };
                match stack_of(step) {
                    Some(stack) => self.say(Role::Attention, stack, &text),
                    None if is_upload(step) => {
                        self.step(
                            Role::Attention,
                            step,
                            &format!("{}: {text}", upload_label(title)),
                        );
                    }
                    None => self.step(Role::Attention, step, &text),
                }
            }
            Event::StepFailed { step, message, .. } => {
                self.step(Role::Bad, step, &format!("failed: {message}"));
            }
            Event::StackStarted {
                stack,
                operation,
                resources,
                ..
            } => {
                let mut text = operation_word(Some(*operation)).to_owned();
                if let Some(resources) = resources {
                    text.push_str(&format!(", {}", count(*resources, "resource")));
                }
                self.say(Role::Normal, stack.as_str(), &text);
            }
            Event::ResourceChanged { .. } => self.resource(&numbered.event),
            Event::StackFinished { stack, result, .. } => self.stack_finished(stack, *result),
            Event::StackFailed { stack, failure } => self.stack_failed(stack, failure),
            Event::StackInterrupted { stack, .. } => {
                let text = interrupted(&numbered.event);
                self.say(Role::Attention, stack.as_str(), &text);
            }
            Event::RunFinished { .. } => {
                let mut lines = vec![String::new()];
                lines.extend(summary::lines(&self.run, &self.sources, self.appearance));
                self.lines(&lines);
            }
        }
    }

    fn tick(&mut self, elapsed_ms: u64) {
        if self.run.end.is_some() {
            return;
        }
        self.run.advance(elapsed_ms);
        if self.run.now_ms.saturating_sub(self.spoke_ms) >= HEARTBEAT_MS
            && let Some(text) = self.heartbeat()
        {
            self.say(Role::Quiet, "still at work", &text);
        }
    }

    fn print(&mut self, text: &str) {
        self.spoke_ms = self.run.now_ms;
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        self.lines(&lines);
    }
}
