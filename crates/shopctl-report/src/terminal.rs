//! A run on a terminal: rows that live while work goes on, and a summary that stays.
//!
//! The rows below the cursor are redrawn by indicatif; everything that is final is written
//! once, above them, as ordinary lines that can be scrolled and copied.

use std::fmt;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};
use shopctl_core::event::{Command, Event, Numbered};

use crate::appearance::{Appearance, Glyph, Role};
use crate::diagnostics;
use crate::frame::Frame;
use crate::label::phase_label;
use crate::reporter::Reporter;
use crate::run::Run;
use crate::summary::{self, Sources};
use crate::text::{self, count, duration, roughly};

/// Redraws are at least this far apart, in the run's own time.
const REDRAW_MS: u64 = 50;
/// Rows that the terminal keeps free: the total below the rows, an empty line, the cursor's.
const SPARE_ROWS: usize = 4;

/// Shows a run on a terminal.
pub struct Terminal<T> {
    terminal: T,
    appearance: Appearance,
    sources: Sources,
    run: Run,
    live: ProgressBar,
    drawn_ms: Option<u64>,
    /// Whether what the plan says was written.
    plan_told: bool,
    /// Whether the last line that was written is empty.
    spaced: bool,
}

impl<T> fmt::Debug for Terminal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminal")
            .field("appearance", &self.appearance)
            .finish_non_exhaustive()
    }
}

impl<T: TermLike + Clone + 'static> Terminal<T> {
    /// Draws on `terminal`, which also tells how wide and high it is: `appearance.width` is not
    /// used, so that a window may be resized. `sources` yields a file's text by the name that
    /// events use; it is asked when a failure or warning has a place.
    pub fn new(
        terminal: T,
        appearance: Appearance,
        sources: impl Fn(&str) -> Option<String> + Send + 'static,
    ) -> Self {
        // This reporter decides itself when to draw.
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(terminal.clone()), u8::MAX);
        let live = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            live.set_style(style);
        }
        Self {
            terminal,
            appearance,
            sources: Box::new(sources),
            run: Run::default(),
            live,
            drawn_ms: None,
            plan_told: false,
            spaced: true,
        }
    }

    fn appearance(&self) -> Appearance {
        self.appearance
            .with_width(usize::from(self.terminal.width()))
    }

    /// Writes lines that stay.
    fn write(&mut self, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        self.spaced = lines.last().is_some_and(String::is_empty);
        let terminal = &self.terminal;
        // A terminal that went away is not the run's problem.
        self.live.suspend(|| {
            for line in lines {
                if terminal.write_line(line).is_err() {
                    return;
                }
            }
            terminal.flush().ok();
        });
    }

    fn redraw(&mut self, force: bool) {
        let now = self.run.now_ms;
        let recent = self.drawn_ms.is_some_and(|drawn| now < drawn + REDRAW_MS);
        if recent && !force {
            return;
        }
        self.drawn_ms = Some(now);
        let lines = self.live_lines();
        self.live.set_message(lines.join("\n"));
        self.live.force_draw();
    }

    fn live_lines(&self) -> Vec<String> {
        let appearance = self.appearance();
        let frame = Frame::new(&self.run, appearance);
        let mut lines = frame.running_phases();
        if self.plan_told {
            let height = usize::from(self.terminal.height());
            lines.extend(frame.work(Some(height.saturating_sub(SPARE_ROWS))));
            lines.push(String::new());
            lines.push(self.total(appearance));
        }
        lines
    }

    /// What is done of all, and the time so far.
    fn total(&self, appearance: Appearance) -> String {
        let (done, all) = self.run.stacks_done();
        let mut text = format!(
            "  {done} of {} done, {}",
            count(all, "stack"),
            duration(self.run.now_ms)
        );
        if let Some(left) = self.run.left_ms() {
            text.push_str(&format!(", {} left", roughly(left)));
        }
        let text = text::truncate(&text, appearance.width, appearance.glyph(Glyph::Ellipsis));
        appearance.paint(Role::Quiet, &text)
    }

    fn tell_plan(&mut self) {
        if self.plan_told {
            return;
        }
        self.plan_told = true;
        let appearance = self.appearance();
        let mut lines = Vec::new();
        if let Some((account, region)) = &self.run.place {
            let text = format!("  account {account} in {region}");
            lines.push(appearance.paint(Role::Quiet, &text));
        }
        lines.extend(omitted_lines(&self.run, appearance));
        if !lines.is_empty() {
            lines.push(String::new());
        }
        if !self.spaced {
            lines.insert(0, String::new());
        }
        self.write(&lines);
    }

    fn finish(&mut self) {
        let appearance = self.appearance();
        let frame = Frame::new(&self.run, appearance);
        let mut lines = frame.running_phases();
        if self.plan_told {
            lines.extend(frame.work(None));
        }
        lines.push(String::new());
        lines.extend(summary::lines(&self.run, &self.sources, appearance));
        self.live.finish_and_clear();
        self.write(&lines);
    }
}

fn omitted_lines(run: &Run, appearance: Appearance) -> Vec<String> {
    let Some(text) = summary::omitted(run) else {
        return Vec::new();
    };
    let sign = appearance.paint(Role::Attention, appearance.glyph(Glyph::Attention));
    text::wrap(&text, appearance.width.clamp(20, 100) - 4)
        .iter()
        .enumerate()
        .map(|(index, line)| match index {
            0 => format!("  {sign} {line}"),
            _ => format!("    {line}"),
        })
        .collect()
}

impl<T: TermLike + Clone + 'static> Reporter for Terminal<T> {
    fn report(&mut self, event: &Numbered) {
        self.run.apply(event);
        let appearance = self.appearance();
        match &event.event {
            Event::RunStarted {
                command,
                project,
                environment,
                ..
            } => {
                let title = match command {
                    Command::Deploy => format!("Deploying {project} to {environment}"),
                    Command::Teardown => format!("Removing {project} from {environment}"),
                    Command::Rollback => format!("Rolling {project} back in {environment}"),
                    Command::Recover => format!("Recovering {project} in {environment}"),
                };
                self.write(&[appearance.paint(Role::Strong, &title), String::new()]);
            }
            Event::PhaseFinished { phase, .. } => {
                let row = self.run.phases.get(phase).map(|state| {
                    Frame::new(&self.run, appearance).phase(phase_label(*phase), state)
                });
                self.live.set_message(self.live_lines().join("\n"));
                self.write(row.as_slice());
            }
            Event::Warned { message, location } => {
                let mut lines =
                    diagnostics::warning(message, location.as_ref(), &self.sources, appearance);
                if lines.len() > 1 && !self.spaced {
                    lines.insert(0, String::new());
                }
                if lines.len() > 1 {
                    lines.push(String::new());
                }
                self.write(&lines);
            }
            Event::StepStarted { .. }
            | Event::StepFinished { .. }
            | Event::StepSkipped { .. }
            | Event::StepFailed { .. }
            | Event::StackStarted { .. }
            | Event::StackFinished { .. }
            | Event::StackFailed { .. }
            | Event::StackInterrupted { .. } => self.tell_plan(),
            Event::RunFinished { .. } => return self.finish(),
            Event::PhaseStarted { .. }
            | Event::PhaseProgressed { .. }
            | Event::Planned { .. }
            | Event::ResourceChanged { .. } => {}
        }
        self.redraw(false);
    }

    fn tick(&mut self, elapsed_ms: u64) {
        if self.run.end.is_none() {
            self.run.advance(elapsed_ms);
            self.redraw(false);
        }
    }

    fn print(&mut self, text: &str) {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        self.write(&lines);
    }
}
