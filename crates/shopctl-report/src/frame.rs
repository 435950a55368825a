//! The rows of a run: one for each phase, stack and step, in columns that do not move.
//!
//! A frame is a function of the run's state, the moment and the appearance; the terminal draws
//! it again and again and leaves the last one standing.

use shopctl_core::event::{Command, Outcome, StackOperation, StackResult};
use shopctl_core::names::StackName;
use shopctl_core::plan::{StackAction, StepId};

use crate::appearance::{Appearance, Glyph, Line, Role};
use crate::label::{is_upload, operation_word, phase_label, result_word, step_label, upload_label};
use crate::run::{PhaseState, Progress, Run, StackState, StepState};
use crate::text::{self, count, duration};

/// Narrower terminals get no bars.
const WIDTH_FOR_BARS: usize = 60;
/// From here on bars are longer and the resource's type is shown.
const WIDTH_FOR_TYPES: usize = 110;
/// A resource that takes longer than this has its time shown.
const SLOW_RESOURCE_MS: u64 = 5_000;

/// How much a row matters when not all fit on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Done,
    Waiting,
    Active,
}

struct Row {
    weight: Weight,
    text: String,
}

/// Draws rows of one run.
pub(crate) struct Frame<'a> {
    run: &'a Run,
    appearance: Appearance,
    name_columns: usize,
}

/// Glyph, its role and the role of the name beside it.
type Sign = (&'static str, Role, Role);

impl<'a> Frame<'a> {
    pub(crate) fn new(run: &'a Run, appearance: Appearance) -> Self {
        let longest = run
            .stacks
            .keys()
            .map(|name| text::width(name.as_str()))
            .max()
            .unwrap_or(0);
        let most = if appearance.width < WIDTH_FOR_BARS {
            14
        } else {
            appearance.width / 4
        };
        let name_columns = longest.max(15).min(most);
        Self {
            run,
            appearance,
            name_columns,
        }
    }

    /// The rows of phases that are not over.
    pub(crate) fn running_phases(&self) -> Vec<String> {
        self.run
            .phases
            .iter()
            .filter(|(_, state)| state.ended_ms.is_none())
            .map(|(phase, state)| self.phase(phase_label(*phase), state))
            .collect()
    }

    /// The row of a phase.
    pub(crate) fn phase(&self, name: &str, state: &PhaseState) -> String {
        let elapsed = state
            .ended_ms
            .unwrap_or(self.run.now_ms)
            .saturating_sub(state.started_ms);
        let (sign, role, detail) = match (state.ended_ms, &self.run.end) {
            (Some(_), _) => (
                self.sign(Glyph::Done),
                Role::Normal,
                text::one_line(&state.message),
            ),
            (None, Some(end)) if end.outcome == Outcome::Interrupted => (
                self.sign(Glyph::Attention),
                Role::Attention,
                "stopped".to_owned(),
            ),
            (None, Some(_)) => (self.sign(Glyph::Failed), Role::Bad, "failed".to_owned()),
            (None, None) => (self.active(), Role::Quiet, text::one_line(&state.message)),
        };
        let mut line = self.begin(sign, name, Some(elapsed));
        match state.total {
            Some(total) if state.ended_ms.is_none() && self.run.end.is_none() => {
                self.push_bar(&mut line, Role::Active, state.done, total);
                self.push_detail(&mut line, &detail);
            }
            _ => line.push(role, &detail),
        }
        line.finish()
    }

    /// The rows of steps and stacks. With `most`, rows that matter less are summed up in one.
    pub(crate) fn work(&self, most: Option<usize>) -> Vec<String> {
        let mut rows = Vec::new();
        rows.extend(self.steps(true));
        rows.extend(self.uploads());
        let mut unchanged = Vec::new();
        for (name, stack) in &self.run.stacks {
            let idle = stack.action == StackAction::None
                && matches!(
                    stack.progress,
                    Progress::Waiting | Progress::Done(StackResult::Unchanged)
                );
            if idle {
                unchanged.push(name.as_str());
            } else {
                rows.push(self.stack(name, stack));
            }
        }
        if !unchanged.is_empty() {
            let mut line = self.begin(self.sign(Glyph::Waiting), "unchanged", None);
            let text = format!(
                "{}: {}",
                count(unchanged.len(), "stack"),
                unchanged.join(", ")
            );
            line.push(Role::Quiet, &text);
            rows.push(Row {
                weight: Weight::Done,
                text: line.finish(),
            });
        }
        rows.extend(self.steps(false));
        self.fit(rows, most)
    }

    fn fit(&self, mut rows: Vec<Row>, most: Option<usize>) -> Vec<String> {
        let most = most.unwrap_or(usize::MAX).max(1);
        let mut hidden = [
            (Weight::Done, 0, "done"),
            (Weight::Waiting, 0, "waiting"),
            (Weight::Active, 0, "running"),
        ];
        for (weight, number, _) in &mut hidden {
            while rows.len() >= most {
                let Some(index) = rows.iter().position(|row| row.weight == *weight) else {
                    break;
                };
                rows.remove(index);
                *number += 1;
            }
        }
        let parts: Vec<String> = hidden
            .iter()
            .filter(|(_, number, _)| *number > 0)
            .map(|(_, number, word)| format!("{number} more {word}"))
            .collect();
        let mut lines: Vec<String> = rows.into_iter().map(|row| row.text).collect();
        if !parts.is_empty() {
            let mut line = Line::new(self.appearance);
            line.push(Role::Quiet, "  ");
            line.push(Role::Quiet, self.appearance.glyph(Glyph::Waiting));
            line.push(Role::Quiet, &format!(" {}", parts.join(", ")));
            lines.push(line.finish());
        }
        lines
    }

    fn steps(&self, first: bool) -> impl Iterator<Item = Row> {
        self.run
            .steps
            .iter()
            .filter(move |(id, _)| self.is_first(id) == first && !is_upload(id))
            .map(|(id, step)| self.step(id, step))
    }

    /// Whether a step's row stands above those of the stacks.
    fn is_first(&self, id: &StepId) -> bool {
        id.as_str() == "bucket" && self.run.command == Some(Command::Deploy)
    }

    fn step(&self, id: &StepId, step: &StepState) -> Row {
        let name = text::one_line(step_label(id, &step.title));
        let elapsed = step.elapsed(self.run.now_ms);
        let (sign, weight, role, detail) = match &step.progress {
            Progress::Waiting => (
                self.sign(Glyph::Waiting),
                Weight::Waiting,
                Role::Quiet,
                "waiting".to_owned(),
            ),
            Progress::Running if self.run.end.is_some() => (
                self.sign(Glyph::Attention),
                Weight::Active,
                Role::Normal,
                "not finished".to_owned(),
            ),
            Progress::Running => (self.active(), Weight::Active, Role::Quiet, String::new()),
            Progress::Done(result) => (
                self.sign(Glyph::Done),
                Weight::Done,
                Role::Normal,
                result.summary.clone(),
            ),
            Progress::Failed(failure) => (
                self.sign(Glyph::Failed),
                Weight::Active,
                Role::Bad,
                failure.message.clone(),
            ),
            Progress::Skipped(cause) => (
                self.sign(Glyph::Skipped),
                Weight::Waiting,
                Role::Quiet,
                match (cause, step.started_ms) {
                    (None, Some(_)) => "interrupted".to_owned(),
                    _ => skipped(cause.as_ref()),
                },
            ),
        };
        let mut line = self.begin(sign, &name, elapsed);
        line.push(role, &text::one_line(&detail));
        Row {
            weight,
            text: line.finish(),
        }
    }

    /// All uploads in one row.
    fn uploads(&self) -> Option<Row> {
        let uploads: Vec<&StepState> = self
            .run
            .steps
            .iter()
            .filter(|(id, _)| is_upload(id))
            .map(|(_, step)| step)
            .collect();
        if uploads.is_empty() {
            return None;
        }
        let (mut changed, mut present, mut failed, mut skipped) = (0, 0, 0, 0);
        let mut running = Vec::new();
        for upload in &uploads {
            match &upload.progress {
                Progress::Done(result) if result.changed => changed += 1,
                Progress::Done(_) => present += 1,
                Progress::Failed(_) => failed += 1,
                Progress::Skipped(_) => skipped += 1,
                Progress::Running => running.push(upload),
                Progress::Waiting => {}
            }
        }
        let total = self.run.uploads_planned.max(uploads.len());
        let done = changed + present;
        let over = self.run.end.is_some() || done + failed + skipped == total;
        let started = uploads.iter().filter_map(|upload| upload.started_ms).min();
        let ended = uploads.iter().filter_map(|upload| upload.ended_ms).max();
        let until = if over {
            ended.unwrap_or(self.run.now_ms)
        } else {
            self.run.now_ms
        };
        let elapsed = started.map(|started| until.saturating_sub(started));
        if over {
            let parts = [
                (changed, "uploaded"),
                (present, "already there"),
                (failed, "failed"),
                (total - done - failed, "left out"),
            ];
            let parts: Vec<String> = parts
                .iter()
                .filter(|(number, _)| *number > 0)
                .map(|(number, word)| format!("{number} {word}"))
                .collect();
            let (glyph, role, weight) = match (failed, done == total) {
                (0, true) => (Glyph::Done, Role::Normal, Weight::Done),
                (0, false) => (Glyph::Skipped, Role::Quiet, Weight::Done),
                _ => (Glyph::Failed, Role::Bad, Weight::Active),
            };
            let mut line = self.begin(self.sign(glyph), "uploads", elapsed);
            line.push(role, &parts.join(", "));
            return Some(Row {
                weight,
                text: line.finish(),
            });
        }
        let mut line = self.begin(self.active(), "uploads", elapsed);
        self.push_bar(&mut line, Role::Active, done as u64, total as u64);
        let titles: Vec<String> = running
            .iter()
            .map(|upload| text::one_line(upload_label(&upload.title)))
            .collect();
        self.push_detail(&mut line, &titles.join(", "));
        Some(Row {
            weight: Weight::Active,
            text: line.finish(),
        })
    }

    fn stack(&self, name: &StackName, stack: &StackState) -> Row {
        let elapsed = stack.elapsed(self.run.now_ms);
        let name = name.as_str();
        let (weight, line) = match &stack.progress {
            Progress::Waiting => {
                let mut line = self.begin(self.sign(Glyph::Waiting), name, None);
                line.push(
                    Role::Quiet,
                    if self.run.end.is_some() {
                        "not started"
                    } else {
                        "waiting"
                    },
                );
                (Weight::Waiting, line)
            }
            Progress::Running if self.run.end.is_some() => {
                let mut line = self.begin(self.sign(Glyph::Attention), name, elapsed);
                line.push(Role::Attention, "goes on in CloudFormation");
                (Weight::Active, line)
            }
            Progress::Running => (Weight::Active, self.running_stack(name, stack, elapsed)),
            Progress::Done(result) => {
                let mut line = self.begin(self.sign(Glyph::Done), name, elapsed);
                let number = match stack.done() {
                    0 => stack.total.unwrap_or(0),
                    done => done,
                };
                line.push(Role::Normal, result_word(*result));
                if number > 0 && *result != StackResult::Unchanged {
                    line.push(Role::Quiet, &format!(", {}", count(number, "resource")));
                }
                (Weight::Done, line)
            }
            Progress::Failed(failure) => {
                let mut line = self.begin(self.sign(Glyph::Failed), name, elapsed);
                line.push(Role::Bad, "failed");
                if let Some(resource) = &failure.resource {
                    line.push(Role::Bad, &format!(" at {}", resource.logical_id));
                }
                (Weight::Active, line)
            }
            // One that was begun is one that the user had undone.
            Progress::Skipped(_) if stack.started_ms.is_some() => {
                let mut line = self.begin(self.sign(Glyph::Attention), name, elapsed);
                line.push(Role::Attention, "cancelled and undone");
                (Weight::Active, line)
            }
            Progress::Skipped(cause) => {
                let mut line = self.begin(self.sign(Glyph::Skipped), name, None);
                line.push(Role::Quiet, &skipped(cause.as_ref()));
                (Weight::Waiting, line)
            }
        };
        Row {
            weight,
            text: line.finish(),
        }
    }

    fn running_stack(&self, name: &str, stack: &StackState, elapsed: Option<u64>) -> Line {
        let sign = if stack.rolling_back {
            (self.active().0, Role::Attention, Role::Strong)
        } else {
            self.active()
        };
        let mut line = self.begin(sign, name, elapsed);
        if stack.rolling_back {
            let text = match &stack.culprit {
                Some(culprit) => format!("{culprit} failed, rolling back"),
                None => "rolling back".to_owned(),
            };
            line.push(Role::Attention, &text);
            return line;
        }
        let busy = self.busy(stack);
        if stack.operation == Some(StackOperation::Wait) {
            line.push(Role::Quiet, "waiting for the operation that is running");
        } else if stack.resources.is_empty() {
            line.push(Role::Quiet, operation_word(stack.operation));
        } else if let Some(total) = stack.total {
            let total = total.max(stack.resources.len());
            self.push_bar(&mut line, Role::Active, stack.done() as u64, total as u64);
            self.push_detail(&mut line, &busy);
        } else {
            line.push(Role::Normal, &format!("{} done", stack.done()));
            self.push_detail(&mut line, &busy);
        }
        line
    }

    /// The resource that has been worked on for longest, and how many others are.
    fn busy(&self, stack: &StackState) -> String {
        let busy = stack.busy();
        let Some((id, resource)) = busy.first() else {
            return String::new();
        };
        let mut detail = id.to_string();
        if self.appearance.width >= WIDTH_FOR_TYPES {
            let short = resource.resource_type.trim_start_matches("AWS::");
            detail.push_str(&format!(" ({short})"));
        }
        let time = self.run.now_ms.saturating_sub(resource.started_ms);
        if time >= SLOW_RESOURCE_MS {
            detail.push_str(&format!(" {}", duration(time)));
        }
        if busy.len() > 1 {
            detail.push_str(&format!(" +{}", busy.len() - 1));
        }
        detail
    }

    /// Indent, glyph, name and time: the columns that all rows share.
    fn begin(&self, sign: Sign, name: &str, elapsed: Option<u64>) -> Line {
        let (glyph, glyph_role, name_role) = sign;
        let mut line = Line::new(self.appearance);
        line.push(Role::Normal, "  ");
        line.push(glyph_role, glyph);
        line.push(Role::Normal, " ");
        let ellipsis = self.appearance.glyph(Glyph::Ellipsis);
        line.push(
            name_role,
            &text::truncate(name, self.name_columns, ellipsis),
        );
        line.pad_to(4 + self.name_columns + 1);
        let elapsed = elapsed.map(duration).unwrap_or_default();
        line.push(Role::Quiet, &format!("{elapsed:>7}"));
        line.push(Role::Normal, "  ");
        line
    }

    fn push_bar(&self, line: &mut Line, role: Role, done: u64, total: u64) {
        let counter = format!("{done}/{total}");
        if self.appearance.width >= WIDTH_FOR_BARS {
            let columns = if self.appearance.width >= WIDTH_FOR_TYPES {
                24
            } else {
                16
            };
            let (filled, empty) = self.appearance.bar(columns, done, total);
            line.push(role, &filled);
            line.push(Role::Quiet, &empty);
            line.push(Role::Normal, &format!(" {counter:>7}"));
        } else {
            line.push(Role::Normal, &format!("{counter:>5}"));
        }
    }

    fn push_detail(&self, line: &mut Line, detail: &str) {
        // A few letters of a name help nobody.
        if line.room() >= 8 && !detail.is_empty() {
            line.push(Role::Quiet, &format!("  {detail}"));
        }
    }

    fn active(&self) -> Sign {
        (
            self.appearance.spinner(self.run.now_ms),
            Role::Active,
            Role::Strong,
        )
    }

    fn sign(&self, glyph: Glyph) -> Sign {
        let (glyph_role, name_role) = match glyph {
            Glyph::Done => (Role::Good, Role::Normal),
            Glyph::Failed => (Role::BadStrong, Role::Strong),
            Glyph::Attention => (Role::AttentionStrong, Role::Strong),
            Glyph::Waiting | Glyph::Skipped | Glyph::Ellipsis => (Role::Quiet, Role::Quiet),
        };
        (self.appearance.glyph(glyph), glyph_role, name_role)
    }
}

fn skipped(cause: Option<&StepId>) -> String {
    match cause {
        Some(cause) => format!("skipped, needs {}", step_label(cause, "")),
        None => "not started".to_owned(),
    }
}
