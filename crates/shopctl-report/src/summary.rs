//! What stands at the end of a run: failures with their cause, what changed, what is left,
//! the URLs.

use shopctl_core::event::{Command, Diagnosis, Failure, Leftover, Outcome, StackResult};
use shopctl_core::names::{LogicalId, StackName};
use shopctl_core::plan::StepId;
use shopctl_core::price;
use shopctl_core::status::StackStatus;

use crate::appearance::{Appearance, Glyph, Line, Role};
use crate::excerpt::{Block, Place};
use crate::label::step_label;
use crate::run::{End, Progress, Run, StepFailure};
use crate::text::{self, count, duration};

/// Yields a file's text by the name that locations use.
pub(crate) type Sources = Box<dyn Fn(&str) -> Option<String> + Send>;

/// All blocks, separated by empty lines. Empty while the run goes on.
pub(crate) fn lines(run: &Run, sources: &Sources, appearance: Appearance) -> Vec<String> {
    let Some(end) = &run.end else {
        return Vec::new();
    };
    let mut blocks = failures(run, sources, appearance);
    blocks.push(headline(run, end, appearance));
    blocks.push(leftovers(&end.left, appearance));
    blocks.push(links(run, end, appearance));
    blocks.retain(|block| !block.is_empty());
    let mut lines = blocks.join(&String::new());
    if run.place.is_none() && !end.errors.is_empty() {
        // The command's error follows.
        lines.push(String::new());
    }
    lines
}

fn failures(run: &Run, sources: &Sources, appearance: Appearance) -> Vec<Vec<String>> {
    let stacks = run
        .stacks
        .iter()
        .filter_map(|(name, stack)| match &stack.progress {
            Progress::Failed(failure) => Some(stack_failure(name, failure, sources, appearance)),
            _ => None,
        });
    let steps = run
        .steps
        .iter()
        .filter_map(|(id, step)| match &step.progress {
            Progress::Failed(failure) => Some(step_failure(id, &step.title, failure, appearance)),
            _ => None,
        });
    stacks.chain(steps).collect()
}

fn stack_failure(
    name: &StackName,
    failure: &Failure,
    sources: &Sources,
    appearance: Appearance,
) -> Vec<String> {
    let headline = match &failure.resource {
        Some(resource) => format!(
            "stack '{name}' failed at {} ({})",
            resource.logical_id, resource.resource_type
        ),
        None => format!("stack '{name}' failed"),
    };
    let mut block = Block::new(appearance, ("error", Role::BadStrong), &headline);
    let location = failure
        .resource
        .as_ref()
        .and_then(|resource| resource.location.as_ref());
    if let (Some(location), Some(resource)) = (location, &failure.resource) {
        let place = Place {
            location,
            source: sources(&location.file),
            offending: vec![resource.logical_id.as_str()],
        };
        block.place(&place, Role::BadStrong);
        block.space();
    }
    block.note("cause", &failure.reason);
    if let Some(found) = &failure.diagnosis {
        diagnosis(&mut block, found);
    }
    if let Some(status) = failure.status {
        block.note("state", &state(&failure.cloud_name.to_string(), status));
    }
    if let Some(hint) = &failure.hint {
        block.note("help", hint);
    }
    block.finish()
}

/// What was found out about the cause.
fn diagnosis(block: &mut Block, found: &Diagnosis) {
    if !found.within.is_empty() {
        let path: Vec<&str> = found.within.iter().map(LogicalId::as_str).collect();
        block.note("in", &format!("nested stack {}", path.join(" > ")));
    }
    if let Some(explanation) = &found.explanation {
        block.note("means", explanation);
    }
    for detail in &found.details {
        block.note(&detail.topic, &detail.text);
    }
    if let Some(policy) = &found.policy {
        block.note("policy", &pretty(policy));
    }
    for unknown in &found.unknown {
        block.note("note", unknown);
    }
}

/// A policy statement as people write it.
pub(crate) fn pretty(policy: &serde_json::Value) -> String {
    serde_json::to_string_pretty(policy).unwrap_or_else(|_| policy.to_string())
}

fn step_failure(
    id: &StepId,
    title: &str,
    failure: &StepFailure,
    appearance: Appearance,
) -> Vec<String> {
    let headline = format!("{} failed", step_label(id, title));
    let mut block = Block::new(appearance, ("error", Role::BadStrong), &headline);
    block.note("cause", &failure.message);
    if let Some(hint) = &failure.hint {
        block.note("help", hint);
    }
    block.finish()
}

/// What a status after a failure means for the user.
pub(crate) fn state(cloud_name: &str, status: StackStatus) -> String {
    use StackStatus as S;
    let meaning = match status {
        S::RollbackComplete => "what had been created was removed again",
        S::UpdateRollbackComplete => "rolled back; the stack is as it was before",
        S::RollbackFailed | S::UpdateRollbackFailed => "rolling back failed as well",
        S::CreateFailed | S::UpdateFailed => "left as it was when it failed",
        S::DeleteFailed => "deleted in part",
        status if status.is_in_progress() => "CloudFormation is still at work",
        _ => "",
    };
    match meaning {
        "" => format!("{cloud_name} is {status}"),
        meaning => format!("{cloud_name} is {status}: {meaning}"),
    }
}

fn headline(run: &Run, end: &End, appearance: Appearance) -> Vec<String> {
    let target = format!("{} to {}", run.project, run.environment);
    let from = format!("{} from {}", run.project, run.environment);
    let teardown = run.command == Some(Command::Teardown);
    let time = duration(end.elapsed_ms);
    let changes = changes(run);
    let (glyph, role, title, detail) = match (end.outcome, teardown) {
        (Outcome::Succeeded, false) => {
            let title = match run.command {
                Some(Command::Rollback) => {
                    format!(
                        "Rolled {} back in {}, in {time}",
                        run.project, run.environment
                    )
                }
                Some(Command::Recover) => {
                    format!("Recovered {} in {} in {time}", run.project, run.environment)
                }
                _ => format!("Deployed {target} in {time}"),
            };
            (Glyph::Done, Role::Good, title, changes)
        }
        (Outcome::Succeeded, true) if end.left.is_empty() => {
            let detail = join_parts(&[changes, "nothing is left".to_owned()]);
            (
                Glyph::Done,
                Role::Good,
                format!("Removed {from} in {time}"),
                detail,
            )
        }
        (Outcome::Succeeded, true) => {
            let left = format!("{} left", things(end.left.len()));
            let detail = join_parts(&[changes, left]);
            (
                Glyph::Attention,
                Role::Attention,
                format!("Removed {from} in {time}"),
                detail,
            )
        }
        (Outcome::Unchanged, false) => {
            let title = format!("{} in {} is up to date", run.project, run.environment);
            let number = run.stacks.len();
            let detail = match number {
                0 => format!("checked in {time}"),
                _ => format!("{} unchanged, checked in {time}", count(number, "stack")),
            };
            (Glyph::Done, Role::Good, title, detail)
        }
        (Outcome::Unchanged, true) => {
            let title = format!(
                "Nothing of {} is deployed to {}",
                run.project, run.environment
            );
            let detail = match end.left.len() {
                0 => "nothing is left".to_owned(),
                number => format!("{} left", things(number)),
            };
            (Glyph::Done, Role::Good, title, detail)
        }
        (Outcome::Failed, _) => {
            let verb = verb(run);
            let place = place(run);
            let title = format!("{verb} of {place} failed after {time}");
            (Glyph::Failed, Role::BadStrong, title, changes)
        }
        (Outcome::Interrupted, _) => {
            let verb = verb(run);
            let place = place(run);
            let title = format!("{verb} of {place} stopped after {time}");
            (Glyph::Attention, Role::AttentionStrong, title, changes)
        }
    };
    let glyph = appearance.glyph(glyph);
    let mut lines = wrapped(appearance, (glyph, role), &title, &detail);
    if tells_errors(run) {
        for error in &end.errors {
            lines.extend(hanging(appearance, "  ", &text::clean(error)));
        }
    }
    if end.outcome == Outcome::Interrupted {
        let next = match run.command {
            Some(Command::Teardown) => format!("`shopctl teardown --env {}`", run.environment),
            Some(Command::Rollback | Command::Recover) => "the same command".to_owned(),
            _ => format!("`shopctl deploy --env {}`", run.environment),
        };
        let hint = format!("{next} goes on from here");
        lines.extend(hanging(appearance, "  ", &hint));
    }
    lines
}

fn verb(run: &Run) -> &'static str {
    match run.command {
        Some(Command::Teardown) => "Teardown",
        Some(Command::Rollback) => "Rollback",
        Some(Command::Recover) => "Recovery",
        _ => "Deploy",
    }
}

/// What a run was about.
fn place(run: &Run) -> String {
    let preposition = match run.command {
        Some(Command::Teardown) => "from",
        Some(Command::Recover) => "in",
        _ => "to",
    };
    format!("{} {preposition} {}", run.project, run.environment)
}

/// Whether the errors of the last event are shown: not those that have a block of their own, and
/// not the one that ended a run before its plan, which the command shows with all its causes.
fn tells_errors(run: &Run) -> bool {
    run.place.is_some() && !run.has_failures()
}

/// `✓ title: detail`, the detail below when it does not fit.
fn wrapped(appearance: Appearance, sign: (&str, Role), title: &str, detail: &str) -> Vec<String> {
    let (glyph, role) = sign;
    let painted = format!(
        "{} {}",
        appearance.paint(role, glyph),
        appearance.paint(Role::Strong, title)
    );
    let whole = match detail {
        "" => painted,
        detail => format!("{painted}: {detail}"),
    };
    if text::width(&whole) <= appearance.width {
        vec![whole]
    } else {
        let mut lines = hanging(appearance, "  ", title);
        for (index, line) in lines.iter_mut().enumerate() {
            let lead = if index == 0 { glyph } else { "" };
            let lead = appearance.paint(role, &text::pad(lead, 2));
            *line = format!(
                "{lead}{}",
                appearance.paint(Role::Strong, line.trim_start())
            );
        }
        lines.extend(hanging(appearance, "  ", detail));
        lines
    }
}

fn hanging(appearance: Appearance, indent: &str, text: &str) -> Vec<String> {
    let columns = appearance.width.clamp(20, 100) - indent.len();
    text::wrap(text, columns)
        .into_iter()
        .map(|line| format!("{indent}{line}"))
        .collect()
}

/// What the environment leaves out.
pub(crate) fn omitted(run: &Run) -> Option<String> {
    let names: Vec<String> = run
        .omitted
        .iter()
        .map(|item| {
            format!(
                "{}.{} ({})",
                item.stack, item.logical_id, item.resource_type
            )
        })
        .collect();
    (!names.is_empty()).then(|| format!("left out in this environment: {}", names.join(", ")))
}

/// What became of the stacks: `2 stacks created, 1 updated, 3 unchanged`.
pub(crate) fn changes(run: &Run) -> String {
    let failed = run
        .stacks
        .values()
        .filter(|stack| matches!(stack.progress, Progress::Failed(_)))
        .count();
    let not_done = run
        .stacks
        .values()
        .filter(|stack| {
            matches!(stack.progress, Progress::Skipped(_) | Progress::Running)
                || (stack.progress == Progress::Waiting
                    && stack.action != shopctl_core::plan::StackAction::None)
        })
        .count();
    let unchanged = run
        .stacks
        .values()
        .filter(|stack| is_unchanged(stack))
        .count();
    let numbers = [
        (run.with_result(StackResult::Created), "created"),
        (run.with_result(StackResult::Updated), "updated"),
        (run.with_result(StackResult::Deleted), "deleted"),
        (run.with_result(StackResult::RolledBack), "rolled back"),
        (unchanged, "unchanged"),
        (failed, "failed"),
        (not_done, "not done"),
    ];
    let mut parts: Vec<String> = Vec::new();
    for (number, word) in numbers.into_iter().filter(|(number, _)| *number > 0) {
        parts.push(match parts.len() {
            0 => format!("{} {word}", count(number, "stack")),
            _ => format!("{number} {word}"),
        });
    }
    if run.warnings > 0 {
        parts.push(count(run.warnings, "warning"));
    }
    parts.join(", ")
}

fn is_unchanged(stack: &crate::run::StackState) -> bool {
    match stack.progress {
        Progress::Done(StackResult::Unchanged) => true,
        Progress::Waiting => stack.action == shopctl_core::plan::StackAction::None,
        _ => false,
    }
}

fn join_parts(parts: &[String]) -> String {
    let parts: Vec<&str> = parts
        .iter()
        .map(String::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    parts.join(", ")
}

fn things(number: usize) -> String {
    match number {
        1 => "1 thing is".to_owned(),
        _ => format!("{number} things are"),
    }
}

/// What a teardown left, as a table that becomes a list where there is little room.
pub(crate) fn leftovers(left: &[Leftover], appearance: Appearance) -> Vec<String> {
    let why = |item: &Leftover| {
        let reason = text::one_line(&item.reason);
        match &item.cost {
            Some(cost) => format!("{reason}; costs {}", text::one_line(&cost.text)),
            None => reason,
        }
    };
    let widest = |column: &dyn Fn(&Leftover) -> String| {
        left.iter()
            .map(|item| text::width(&column(item)))
            .max()
            .unwrap_or(0)
    };
    let kind = widest(&|item| text::one_line(&item.kind));
    let name = widest(&|item| text::one_line(&item.name));
    let reason = widest(&why);
    let table = 2 + kind + 2 + name + 2 + reason <= appearance.width;
    let mut lines = Vec::new();
    for item in left {
        let mut line = Line::new(appearance);
        line.push(Role::Normal, "  ");
        if table {
            line.push(
                Role::Normal,
                &text::pad(&text::one_line(&item.kind), kind + 2),
            );
            line.push(
                Role::Strong,
                &text::pad(&text::one_line(&item.name), name + 2),
            );
            line.push(Role::Quiet, &why(item));
            lines.push(line.finish());
        } else {
            line.push(Role::Normal, &text::one_line(&item.kind));
            lines.push(line.finish());
            // A name is there to be copied: it is never shortened.
            lines.push(format!(
                "    {}",
                appearance.paint(Role::Strong, &text::one_line(&item.name))
            ));
            lines.extend(
                hanging(appearance, "    ", &why(item))
                    .iter()
                    .map(|line| appearance.paint(Role::Quiet, line)),
            );
        }
    }
    if left.iter().any(|item| item.cost.is_some()) {
        let total = price::total(left.iter().map(|item| item.cost.as_ref()));
        if !total.is_empty() {
            let total = format!("left behind costs {total}");
            lines.extend(hanging(appearance, "  ", &total));
        }
    }
    lines
}

/// The project's URLs; for a project that names none, the outputs that look like one.
/// URLs are never shortened.
fn links(run: &Run, end: &End, appearance: Appearance) -> Vec<String> {
    let mut links: Vec<(String, String)> = Vec::new();
    if end.urls.is_empty() {
        for (stack, state) in &run.stacks {
            for (key, value) in &state.outputs {
                if value.starts_with("https://") || value.starts_with("http://") {
                    links.push((format!("{stack}.{key}"), text::one_line(value)));
                }
            }
        }
    }
    let urls = end
        .urls
        .iter()
        .map(|(name, url)| (name.clone(), text::one_line(url)));
    // The page that people want to open stands last, right above the prompt.
    let (site, others): (Vec<_>, Vec<_>) = urls.partition(|(name, _)| name == "site");
    links.extend(others);
    links.extend(site);
    let columns = links
        .iter()
        .map(|(name, _)| text::width(name))
        .max()
        .unwrap_or(0);
    links
        .into_iter()
        .map(|(name, url)| {
            format!(
                "  {}  {}",
                text::pad(&name, columns),
                appearance.paint(Role::Link, &url)
            )
        })
        .collect()
}
