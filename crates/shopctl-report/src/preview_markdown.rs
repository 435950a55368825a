//! The answer to `shopctl plan` as Markdown, for pull requests.

use std::fmt::Write as _;

use shopctl_core::change::{DangerClass, Preview, PropertyChange, StackChange, StackEffect};

use crate::markdown::escape;
use crate::preview::{cause, effect, fate, summary, value};
use crate::text;

/// A comment of a pull request holds 65,536 characters; long values are cut.
const VALUE_COLUMNS: usize = 120;

/// Shows what a deploy would change.
pub fn preview_markdown(preview: &Preview) -> String {
    let mut text = String::new();
    let mut push = |line: &str| {
        let _ = writeln!(text, "{line}");
    };
    push(&format!(
        "### Plan for {} in {}",
        escape(&preview.project),
        escape(preview.environment.as_str())
    ));
    push("");
    push(&format!(
        "{} Account {}, {}.",
        summary(preview),
        escape(&preview.account),
        escape(&preview.region)
    ));
    let mut dangers: Vec<_> = preview
        .stacks
        .iter()
        .flat_map(|stack| stack.dangers().map(move |(r, d)| (stack, r, d)))
        .collect();
    dangers.sort_by_key(|(_, _, danger)| danger.class);
    if !dangers.is_empty() {
        let worst = dangers[0].2.class;
        let kind = match worst {
            DangerClass::DataLoss | DangerClass::PublicExposure => "CAUTION",
            _ => "WARNING",
        };
        push("");
        push(&format!("> [!{kind}]"));
        for (stack, resource, danger) in dangers {
            push(&format!(
                "> - **{}** {}: {}",
                danger.class.label(),
                code(&format!("{}.{}", stack.stack, resource.logical_id)),
                escape(&danger.message)
            ));
        }
    }
    for stack in &preview.stacks {
        if stack.effect != StackEffect::Unchanged {
            push("");
            push(&section(stack));
        }
    }
    let unchanged: Vec<&str> = preview
        .stacks
        .iter()
        .filter(|stack| stack.effect == StackEffect::Unchanged)
        .map(|stack| stack.stack.as_str())
        .collect();
    if !unchanged.is_empty() {
        push("");
        push(&format!("Unchanged: {}.", escape(&unchanged.join(", "))));
    }
    if let Some(site) = preview.site.as_ref().filter(|site| !site.is_empty()) {
        push("");
        push(&format!(
            "Site files: {} new, {} changed, {} removed, {} unchanged.",
            site.added.len(),
            site.changed.len(),
            site.removed.len(),
            site.unchanged
        ));
    }
    text
}

fn section(stack: &StackChange) -> String {
    let mut text = format!(
        "<details open><summary><b>{}</b> {}</summary>\n\n",
        escape(stack.stack.as_str()),
        effect(stack)
    );
    if !stack.resources.is_empty() {
        text.push_str("| | Resource | Type | |\n|---|---|---|---|\n");
        for resource in &stack.resources {
            let (sign, words) = fate(resource);
            let _ = writeln!(
                text,
                "| `{sign}` | {} | {} | {} |",
                code(resource.logical_id.as_str()),
                escape(&resource.resource_type),
                words
            );
        }
        text.push('\n');
    }
    let mut rows = Vec::new();
    rows.extend(stack.parameters.iter().map(|p| row("parameter", p)));
    for resource in &stack.resources {
        let properties = resource.properties.iter();
        rows.extend(properties.map(|p| row(resource.logical_id.as_str(), p)));
    }
    rows.extend(stack.outputs.iter().map(|p| row("output", p)));
    rows.extend(stack.tags.iter().map(|p| row("tag", p)));
    if !rows.is_empty() {
        text.push_str("| Of | Property | Before | After | Why |\n|---|---|---|---|---|\n");
        for row in rows {
            text.push_str(&row);
        }
        text.push('\n');
    }
    let mut notes: Vec<String> = Vec::new();
    if let Some(on) = stack.termination_protection {
        notes.push(format!(
            "termination protection: {}",
            if on { "on" } else { "off" }
        ));
    }
    notes.extend(stack.exports.iter().map(|export| {
        format!(
            "export '{}' goes or changes, and is imported by {}",
            export.name,
            export.importers.join(", ")
        )
    }));
    if stack.effect != StackEffect::Create {
        notes.extend(stack.known_after.iter().map(|known| {
            format!(
                "{}: known after {} ({})",
                known.parameter, known.stack, known.output
            )
        }));
    }
    notes.extend(stack.notes.iter().cloned());
    for note in notes {
        let _ = writeln!(text, "- {}", escape(&note));
    }
    text.push_str("\n</details>");
    text
}

fn row(of: &str, change: &PropertyChange) -> String {
    let cell = |text: String| code(&text::truncate(&text, VALUE_COLUMNS, "…"));
    format!(
        "| {} | {} | {} | {} | {} |\n",
        escape(of),
        code(&change.path),
        cell(value(change.before.as_ref())),
        cell(value(change.after.as_ref())),
        escape(&cause(change).unwrap_or_default())
    )
}

/// Text as code within a table: no backtick and no bar may end it.
fn code(text: &str) -> String {
    let text = text::one_line(text).replace('`', "'").replace('|', "\\|");
    format!("`{text}`")
}
