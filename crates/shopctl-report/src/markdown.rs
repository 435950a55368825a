//! A run as Markdown, for the summary of a CI job.

use std::fmt::Write as _;

use shopctl_core::event::{Command, Failure, Outcome, StackResult};
use shopctl_core::plan::StepId;
use shopctl_core::price::total;

use crate::label::{result_word, step_label};
use crate::run::{Progress, Run, StackState};
use crate::summary::{changes, pretty, state};
use crate::text::{self, duration};

pub(crate) fn summary(run: &Run) -> String {
    let mut text = String::new();
    let Some(end) = &run.end else { return text };
    let (sign, verb) = match (end.outcome, run.command) {
        (Outcome::Succeeded, Some(Command::Teardown)) => ("✅", "removed"),
        (Outcome::Succeeded, Some(Command::Recover)) => ("✅", "recovered"),
        (Outcome::Succeeded, _) => ("✅", "deployed"),
        (Outcome::Unchanged, _) => ("✅", "up to date"),
        (Outcome::Failed, _) => ("❌", "failed"),
        (Outcome::Interrupted, _) => ("⚠️", "stopped"),
    };
    let mut push = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    push(format!(
        "## {sign} {} in {}: {verb} ({})",
        escape(&run.project),
        escape(&run.environment),
        duration(end.elapsed_ms)
    ));
    push(String::new());
    let changes = changes(run);
    if !changes.is_empty() {
        push(format!("{changes}."));
        push(String::new());
    }
    for (name, url) in &end.urls {
        push(format!("- **{}**: <{}>", escape(name), text::one_line(url)));
    }
    if !end.urls.is_empty() {
        push(String::new());
    }
    for block in failures(run) {
        push(block);
    }
    if !run.has_failures() {
        for error in &end.errors {
            push(fenced(error));
        }
    }
    let rows: Vec<String> = run
        .stacks
        .iter()
        .filter_map(|(name, stack)| row(run, name.as_str(), stack))
        .collect();
    if !rows.is_empty() {
        push("| Stack | Result | Time | Resources | Slowest |".to_owned());
        push("|---|---|--:|--:|---|".to_owned());
        rows.into_iter().for_each(&mut push);
        push(String::new());
    }
    if !end.left.is_empty() {
        push("### Left behind".to_owned());
        push(String::new());
        push("| Kind | Name | Why | Cost |".to_owned());
        push("|---|---|---|---|".to_owned());
        for item in &end.left {
            push(format!(
                "| {} | {} | {} | {} |",
                escape(&item.kind),
                escape(&item.name),
                escape(&item.reason),
                escape(item.cost.as_ref().map_or("", |cost| &cost.text))
            ));
        }
        let total = total(end.left.iter().map(|item| item.cost.as_ref()));
        let is_priced = end.left.iter().any(|item| item.cost.is_some());
        if is_priced && !total.is_empty() {
            push(String::new());
            push(format!("In all {}.", escape(&total)));
        }
        push(String::new());
    }
    text
}

fn failures(run: &Run) -> Vec<String> {
    let mut blocks = Vec::new();
    for (name, stack) in &run.stacks {
        let Progress::Failed(failure) = &stack.progress else {
            continue;
        };
        let mut block = format!("### {} failed", escape(name.as_str()));
        if let Some(resource) = &failure.resource {
            let _ = write!(
                block,
                " at `{}` (`{}`)",
                resource.logical_id, resource.resource_type
            );
            if let Some(location) = &resource.location {
                let _ = write!(block, "\n\n`{location}`");
            }
        }
        let _ = write!(block, "\n\n{}", fenced(&failure.reason));
        diagnosis(&mut block, failure);
        if let Some(status) = failure.status {
            let _ = writeln!(
                block,
                "{}\n",
                escape(&state(failure.cloud_name.as_str(), status))
            );
        }
        finish_block(
            &mut block,
            run,
            &StepId::stack(name),
            failure.hint.as_deref(),
        );
        blocks.push(block);
    }
    for (id, step) in &run.steps {
        let Progress::Failed(failure) = &step.progress else {
            continue;
        };
        let mut block = format!("### {} failed\n\n", escape(step_label(id, &step.title)));
        block.push_str(&fenced(&failure.message));
        finish_block(&mut block, run, id, failure.hint.as_deref());
        blocks.push(block);
    }
    blocks
}

/// What was found out about the cause.
fn diagnosis(block: &mut String, failure: &Failure) {
    let Some(found) = &failure.diagnosis else {
        return;
    };
    if let Some(explanation) = &found.explanation {
        let _ = writeln!(block, "{}\n", escape(explanation));
    }
    if !found.within.is_empty() {
        let path: Vec<String> = found.within.iter().map(|id| format!("`{id}`")).collect();
        let _ = writeln!(block, "In nested stack {}\n", path.join(" › "));
    }
    if let Some(policy) = &found.policy {
        let _ = writeln!(
            block,
            "Statement that a policy lacks:\n\n{}",
            fenced(&pretty(policy))
        );
    }
    for detail in &found.details {
        let _ = writeln!(
            block,
            "{}:\n\n{}",
            escape(&detail.topic),
            fenced(&detail.text)
        );
    }
    for unknown in &found.unknown {
        let _ = writeln!(block, "_{}_\n", escape(unknown));
    }
}

fn finish_block(block: &mut String, run: &Run, id: &StepId, hint: Option<&str>) {
    let skipped = run.skipped_because_of(id);
    if !skipped.is_empty() {
        let _ = writeln!(
            block,
            "Skipped because of it: {}\n",
            escape(&skipped.join(", "))
        );
    }
    if let Some(hint) = hint {
        let _ = writeln!(block, "**Next**: {}\n", text::one_line(hint));
    }
}

fn row(run: &Run, name: &str, stack: &StackState) -> Option<String> {
    let result = match &stack.progress {
        Progress::Waiting => return None,
        Progress::Running => "not finished",
        Progress::Done(StackResult::Unchanged) => return None,
        Progress::Done(result) => result_word(*result),
        Progress::Failed(_) => "**failed**",
        Progress::Skipped(_) if stack.started_ms.is_some() => "cancelled and undone",
        Progress::Skipped(_) => "skipped",
    };
    let time = stack.elapsed(run.now_ms).map(duration).unwrap_or_default();
    let resources = match stack.resources.len() {
        0 => String::new(),
        number => number.to_string(),
    };
    let slowest = match stack.slowest() {
        Some((id, time)) if time > 0 => format!("`{id}` {}", duration(time)),
        _ => String::new(),
    };
    Some(format!(
        "| {} | {result} | {time} | {resources} | {slowest} |",
        escape(name)
    ))
}

/// Text in a table or a heading, with nothing that Markdown takes for itself.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for character in text::one_line(text).chars() {
        if "\\`*_[]<>|#".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// Text as it is, in a fence longer than any in it.
fn fenced(text: &str) -> String {
    let text = text::clean(text);
    let mut fence = "```".to_owned();
    while text.contains(&fence) {
        fence.push('`');
    }
    format!("{fence}\n{}\n{fence}\n", text.trim())
}
