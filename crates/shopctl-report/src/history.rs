//! What is kept of runs, as text: a table of many, the details of one.

use shopctl_core::event::StackResult;
use shopctl_core::run_document::{Git, RecordedValue, RunDocument, RunStack, RunState};

use crate::appearance::{Appearance, Glyph, Line, Role};
use crate::diagnostics::join;
use crate::text::{self, count, duration};

/// Resources that a stack's details name, slowest first.
const SLOWEST: usize = 3;

/// A table of runs, newest first.
pub fn render_history(runs: &[RunDocument], appearance: Appearance) -> String {
    if runs.is_empty() {
        return "No run is recorded here.\n".to_owned();
    }
    let rows: Vec<[(Role, String); 7]> = runs.iter().map(|run| row(run, appearance)).collect();
    let header = ["RUN", "STATE", "COMMAND", "TOOK", "COMMIT", "BY", "STACKS"];
    let columns: Vec<usize> = (0..header.len())
        .map(|column| {
            let cells = rows.iter().map(|row| text::width(&row[column].1));
            cells.max().unwrap_or(0).max(header[column].len())
        })
        .collect();
    let mut lines = Vec::new();
    let mut heading = Line::new(appearance);
    let mut at = 0;
    for (title, width) in header.iter().zip(&columns) {
        heading.pad_to(at);
        heading.push(Role::Quiet, title);
        at += width + 2;
    }
    lines.push(heading.finish());
    for row in &rows {
        let mut line = Line::new(appearance);
        let mut at = 0;
        for ((role, cell), width) in row.iter().zip(&columns) {
            line.pad_to(at);
            line.push(*role, cell);
            at += width + 2;
        }
        lines.push(line.finish());
    }
    join(&lines)
}

fn row(run: &RunDocument, appearance: Appearance) -> [(Role, String); 7] {
    let (glyph, role) = look(run.state);
    [
        (Role::Strong, run.run.clone()),
        (
            role,
            format!("{} {}", appearance.glyph(glyph), run.state.as_str()),
        ),
        (Role::Normal, command(run)),
        (
            Role::Normal,
            run.elapsed_ms.map_or_else(|| "-".to_owned(), duration),
        ),
        (
            Role::Normal,
            run.git.as_ref().map_or_else(|| "-".to_owned(), commit),
        ),
        (Role::Normal, format!("{}@{}", run.by.user, run.by.host)),
        (Role::Quiet, changes(run)),
    ]
}

/// `deploy`, or `deploy --fast`.
fn command(run: &RunDocument) -> String {
    let fast = if run.fast { " --fast" } else { "" };
    format!("{}{fast}", run.command.as_str())
}

pub(crate) fn look(state: RunState) -> (Glyph, Role) {
    match state {
        RunState::Succeeded | RunState::Unchanged => (Glyph::Done, Role::Good),
        RunState::Failed => (Glyph::Failed, Role::Bad),
        RunState::Running => (Glyph::Waiting, Role::Active),
        RunState::Interrupted | RunState::Abandoned => (Glyph::Attention, Role::Attention),
    }
}

/// `0123abc main`, with a star when files differed.
pub(crate) fn commit(git: &Git) -> String {
    let short: String = git.commit.chars().take(7).collect();
    let dirty = if git.dirty { "*" } else { "" };
    match &git.branch {
        Some(branch) => format!("{short}{dirty} {branch}"),
        None => format!("{short}{dirty}"),
    }
}

/// `2 created, 1 failed`; what was not touched is left out.
fn changes(run: &RunDocument) -> String {
    let number = |wanted: &dyn Fn(&RunStack) -> bool| {
        run.stacks.values().filter(|stack| wanted(stack)).count()
    };
    let result = |result| move |stack: &RunStack| stack.result == Some(result);
    let parts = [
        (number(&result(StackResult::Created)), "created"),
        (number(&result(StackResult::Updated)), "updated"),
        (number(&result(StackResult::Deleted)), "deleted"),
        (number(&result(StackResult::RolledBack)), "rolled back"),
        (number(&|stack| stack.failed), "failed"),
    ];
    let told: Vec<String> = parts
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, verb)| format!("{number} {verb}"))
        .collect();
    if told.is_empty() {
        "none changed".to_owned()
    } else {
        told.join(", ")
    }
}

/// One run with all that is kept of it but its parameters' secrets, which are not kept.
pub fn render_run(run: &RunDocument, appearance: Appearance) -> String {
    let (glyph, role) = look(run.state);
    let mut lines = vec![format!(
        "{} {}",
        appearance.paint(role, appearance.glyph(glyph)),
        appearance.paint(
            Role::Strong,
            &format!(
                "{} of {} in {}: {}",
                command(run),
                run.project,
                run.environment,
                run.state.as_str()
            )
        ),
    )];
    let mut fact = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let mut line = Line::new(appearance);
            line.push(Role::Quiet, &format!("  {name}"));
            line.pad_to(14);
            line.push(Role::Normal, &value);
            lines.push(line.finish());
        }
    };
    fact("run", Some(run.run.clone()));
    let took = run.elapsed_ms.map(duration);
    fact(
        "began",
        Some(match took {
            Some(took) => format!("{}, took {took}", run.started),
            None => run.started.clone(),
        }),
    );
    fact(
        "by",
        Some(format!(
            "{}@{}, process {}",
            run.by.user, run.by.host, run.by.pid
        )),
    );
    fact("as", run.by.arn.clone());
    fact("at", run.by.run_url.clone());
    fact("account", Some(format!("{}, {}", run.account, run.region)));
    fact(
        "commit",
        run.git.as_ref().map(|git| {
            let text = commit(git);
            if git.dirty {
                format!("{text}, with changes that were not committed")
            } else {
                text
            }
        }),
    );
    fact("shopctl", Some(run.tool.clone()));
    fact("back to", run.rollback_to.clone());
    fact(
        "took over",
        run.took_over
            .clone()
            .map(|dead| format!("the lock of {dead}, which had died")),
    );
    fact(
        "found dead",
        run.found_dead_by.clone().map(|by| format!("by {by}")),
    );
    for error in &run.errors {
        lines.push(String::new());
        for part in text::wrap(&text::clean(error), appearance.width.clamp(20, 100) - 2) {
            lines.push(format!("  {}", appearance.paint(Role::Bad, &part)));
        }
    }
    if !run.stacks.is_empty() {
        lines.push(String::new());
        lines.push(appearance.paint(Role::Strong, "Stacks"));
        for (name, stack) in &run.stacks {
            lines.extend(stack_lines(name.as_str(), stack, appearance));
        }
    }
    if let Some(site) = &run.site {
        lines.push(String::new());
        lines.push(format!(
            "{}  {}",
            appearance.paint(Role::Strong, "Site"),
            count(site.files.len(), "file")
        ));
    }
    if !run.steps.is_empty() {
        lines.push(String::new());
        lines.push(appearance.paint(Role::Strong, "Steps"));
        for step in &run.steps {
            let mut line = Line::new(appearance);
            line.push(Role::Normal, &format!("  {}", step.step));
            line.pad_to(40);
            line.push(
                if step.failed { Role::Bad } else { Role::Quiet },
                &match (step.failed, step.elapsed_ms) {
                    (true, _) => "failed".to_owned(),
                    (false, Some(elapsed)) => duration(elapsed),
                    (false, None) => "no end".to_owned(),
                },
            );
            lines.push(line.finish());
        }
    }
    join(&lines)
}

fn stack_lines(name: &str, stack: &RunStack, appearance: Appearance) -> Vec<String> {
    let (glyph, role, state) = match (stack.result, stack.failed) {
        (_, true) => (Glyph::Failed, Role::Bad, "failed"),
        (Some(StackResult::Created), _) => (Glyph::Done, Role::Good, "created"),
        (Some(StackResult::Updated), _) => (Glyph::Done, Role::Good, "updated"),
        (Some(StackResult::Deleted), _) => (Glyph::Done, Role::Good, "deleted"),
        (Some(StackResult::RolledBack), _) => (Glyph::Done, Role::Good, "rolled back"),
        (Some(StackResult::Unchanged), _) => (Glyph::Waiting, Role::Quiet, "unchanged"),
        (None, _) if stack.timing.is_some() => (Glyph::Attention, Role::Attention, "not finished"),
        (None, _) => (Glyph::Skipped, Role::Attention, "not reached"),
    };
    let mut line = Line::new(appearance);
    line.push(role, &format!("  {} ", appearance.glyph(glyph)));
    line.push(Role::Normal, name);
    line.push(role, &format!("  {state}"));
    let timing = stack.timing.as_ref();
    if let Some(elapsed) = timing.and_then(|timing| timing.elapsed_ms) {
        line.push(Role::Quiet, &format!(" in {}", duration(elapsed)));
    }
    if let Some(digest) = &stack.template_digest {
        let short: String = digest.chars().take(12).collect();
        line.push(Role::Quiet, &format!("  template {short}"));
    }
    let mut lines = vec![line.finish()];
    for (parameter, value) in &stack.parameters {
        let mut line = Line::new(appearance);
        line.push(Role::Quiet, &format!("      {parameter} = "));
        let (role, text) = match value {
            RecordedValue::Value(text) => (Role::Normal, text.clone()),
            RecordedValue::Output { stack, output } => {
                (Role::Normal, format!("output {stack}.{output}"))
            }
            RecordedValue::Secret => (Role::Quiet, "(secret, not kept)".to_owned()),
        };
        line.push(role, &text);
        lines.push(line.finish());
    }
    let mut slow: Vec<_> = timing
        .iter()
        .flat_map(|timing| &timing.resources)
        .filter(|resource| resource.elapsed_ms >= 1000)
        .collect();
    slow.sort_by_key(|resource| std::cmp::Reverse(resource.elapsed_ms));
    for resource in slow.into_iter().take(SLOWEST) {
        let mut line = Line::new(appearance);
        line.push(
            Role::Quiet,
            &format!(
                "      {} {} took {}",
                resource.logical_id,
                resource.resource_type,
                duration(resource.elapsed_ms)
            ),
        );
        lines.push(line.finish());
    }
    lines
}
