//! The answer to `shopctl plan` as text: what changes, from what to what, and what is
//! dangerous about it. Unchanged stacks share one line.

use std::collections::BTreeMap;

use shopctl_core::change::{
    Danger, DangerClass, Fate, Preview, PropertyChange, Recreation, Replacement, ResourceAction,
    ResourceChange, Shown, SitePreview, StackChange, StackEffect,
};

use crate::appearance::{Appearance, Glyph, Role};
use crate::diagnostics::join;
use crate::text::{self, count};

/// Columns that a value may take on a line of its own before it is cut.
const VALUE_COLUMNS: usize = 400;

/// How many files of the site are named.
const FILES_SHOWN: usize = 5;

/// Shows what a deploy would change.
pub fn render_preview(preview: &Preview, appearance: Appearance) -> String {
    let painter = Painter { appearance };
    let mut lines = vec![painter.strong(&format!(
        "{} in {} (account {}, {})",
        preview.project, preview.environment, preview.account, preview.region
    ))];
    let (changing, unchanged): (Vec<&StackChange>, Vec<&StackChange>) = preview
        .stacks
        .iter()
        .partition(|stack| stack.effect != StackEffect::Unchanged);
    for stack in &changing {
        lines.push(String::new());
        painter.stack(stack, &mut lines);
    }
    if !unchanged.is_empty() {
        let names: Vec<&str> = unchanged.iter().map(|stack| stack.stack.as_str()).collect();
        lines.push(String::new());
        painter.listed("unchanged", &names.join(", "), &mut lines);
    }
    let site = preview.site.as_ref().filter(|site| !site.is_empty());
    if let Some(site) = site {
        lines.push(String::new());
        painter.site(site, &mut lines);
    }
    if !preview.left_alone.is_empty() {
        let names: Vec<&str> = preview
            .left_alone
            .iter()
            .map(|name| name.as_str())
            .collect();
        lines.push(String::new());
        painter.listed(
            "no longer in the project, left alone",
            &names.join(", "),
            &mut lines,
        );
    }
    let mut dangers: BTreeMap<DangerClass, Vec<String>> = BTreeMap::new();
    for stack in &preview.stacks {
        for (resource, danger) in stack.dangers() {
            let named = dangers.entry(danger.class).or_default();
            let name = format!("{}.{}", stack.stack, resource.logical_id);
            if !named.contains(&name) {
                named.push(name);
            }
        }
    }
    if !dangers.is_empty() {
        lines.push(String::new());
        for (class, names) in dangers {
            painter.danger(class, &names.join(", "), 0, &mut lines);
        }
    }
    lines.push(String::new());
    painter.wrapped(Role::Strong, &summary(preview), 0, &mut lines);
    join(&lines)
}

/// One sentence on the whole.
pub(crate) fn summary(preview: &Preview) -> String {
    if !preview.changes {
        return "Nothing would change.".to_owned();
    }
    let number = |effect: fn(StackEffect) -> bool| {
        preview
            .stacks
            .iter()
            .filter(|stack| effect(stack.effect))
            .count()
    };
    let mut parts = Vec::new();
    let mut part = |number: usize, verb: &str| {
        if number > 0 {
            parts.push(format!("{} {verb}", count(number, "stack")));
        }
    };
    part(
        number(|e| matches!(e, StackEffect::Create | StackEffect::Recreate)),
        "to create",
    );
    part(number(|e| e == StackEffect::Update), "to update");
    part(
        number(|e| e == StackEffect::Undetermined),
        "known only during the deploy",
    );
    part(number(|e| e == StackEffect::Unchanged), "unchanged");
    let resources = |wanted: fn(&ResourceChange) -> bool| {
        preview
            .stacks
            .iter()
            .flat_map(|stack| &stack.resources)
            .filter(|resource| wanted(resource))
            .count()
    };
    let kinds: [(usize, &str); 4] = [
        (
            resources(|r| r.action == ResourceAction::Add || r.action == ResourceAction::Import),
            "+",
        ),
        (
            resources(|r| is_changed(r) && r.replacement == Replacement::No),
            "~",
        ),
        (
            resources(|r| is_changed(r) && r.replacement != Replacement::No),
            "±",
        ),
        (resources(|r| r.action == ResourceAction::Remove), "-"),
    ];
    let resources: Vec<String> = kinds
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, sign)| {
            let sign = if sign == "±" { "+/-" } else { sign };
            format!("{sign}{number}")
        })
        .collect();
    if !resources.is_empty() {
        parts.push(format!("resources {}", resources.join(" ")));
    }
    let site = preview.site.as_ref();
    let files = site.map_or(0, |site| {
        site.added.len() + site.changed.len() + site.removed.len()
    });
    if files > 0 {
        parts.push(format!("{} of the site", count(files, "file")));
    }
    format!("{}.", parts.join(", "))
}

fn is_changed(resource: &ResourceChange) -> bool {
    matches!(
        resource.action,
        ResourceAction::Modify | ResourceAction::Dynamic
    )
}

/// What happens to a stack, in words.
pub(crate) fn effect(stack: &StackChange) -> &'static str {
    match stack.effect {
        StackEffect::Create => "new",
        StackEffect::Recreate => "deleted and made again",
        StackEffect::Update => "changed",
        StackEffect::Undetermined => "known only during the deploy",
        StackEffect::Unchanged => "unchanged",
    }
}

/// What happens to a resource: a sign and words.
pub(crate) fn fate(resource: &ResourceChange) -> (&'static str, String) {
    let old = match resource.fate {
        Some(Fate::Retained) => ", the old one stays",
        Some(Fate::Snapshotted) => ", a snapshot of the old one stays",
        _ => "",
    };
    match (resource.action, resource.replacement) {
        (ResourceAction::Add, _) => ("+", String::new()),
        (ResourceAction::Import, _) => ("+", "taken into the stack".to_owned()),
        (ResourceAction::Remove, _) => match resource.fate {
            Some(Fate::Retained) => ("-", "leaves the stack and stays".to_owned()),
            Some(Fate::Snapshotted) => ("-", "deleted after a snapshot".to_owned()),
            _ => ("-", "deleted".to_owned()),
        },
        (_, Replacement::Yes) => ("+/-", format!("replaced{old}")),
        (_, Replacement::Maybe) => ("+/-", format!("may be replaced{old}")),
        (_, Replacement::No) => ("~", String::new()),
    }
}

/// A value on one line.
pub(crate) fn value(shown: Option<&Shown>) -> String {
    match shown {
        None => "(none)".to_owned(),
        Some(Shown::Hidden) => "(hidden)".to_owned(),
        Some(Shown::KnownAfter(what)) => format!("(known after {what})"),
        Some(Shown::Value(serde_json::Value::String(text))) => {
            let text = text::one_line(text);
            match text.is_empty() {
                true => "''".to_owned(),
                false => short_digests(&text),
            }
        }
        Some(Shown::Value(value)) => short_digests(&text::one_line(&value.to_string())),
    }
}

/// Digests are told apart by their beginnings.
fn short_digests(text: &str) -> String {
    const DIGEST: usize = 40;
    const SHOWN: usize = 12;
    let mut short = String::with_capacity(text.len());
    for part in text.split_inclusive(|c: char| !c.is_ascii_hexdigit()) {
        let digits = part.trim_end_matches(|c: char| !c.is_ascii_hexdigit());
        match digits.len() >= DIGEST && digits.is_ascii() {
            true => {
                short.push_str(&digits[..SHOWN]);
                short.push_str("..");
                short.push_str(&part[digits.len()..]);
            }
            false => short.push_str(part),
        }
    }
    short
}

/// Why a property changes, if it is not the template itself.
pub(crate) fn cause(change: &PropertyChange) -> Option<String> {
    let mut parts = Vec::new();
    if change.recreation == Recreation::Always {
        parts.push("makes it anew".to_owned());
    }
    if !change.causes.is_empty() {
        parts.push(format!("because of {}", change.causes.join(", ")));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

struct Painter {
    appearance: Appearance,
}

impl Painter {
    fn strong(&self, text: &str) -> String {
        self.appearance.paint(Role::Strong, text)
    }

    fn quiet(&self, text: &str) -> String {
        self.appearance.paint(Role::Quiet, text)
    }

    /// Wraps behind an indent, lines after the first a little further in.
    fn wrapped(&self, role: Role, text: &str, indent: usize, lines: &mut Vec<String>) {
        let columns = self.appearance.width.saturating_sub(indent + 2).max(20);
        for (index, part) in text::wrap(text, columns).into_iter().enumerate() {
            let indent = if index == 0 { indent } else { indent + 2 };
            lines.push(format!(
                "{}{}",
                " ".repeat(indent),
                self.appearance.paint(role, &part)
            ));
        }
    }

    fn listed(&self, title: &str, text: &str, lines: &mut Vec<String>) {
        self.wrapped(Role::Quiet, &format!("{title}: {text}"), 0, lines);
    }

    fn danger(&self, class: DangerClass, text: &str, indent: usize, lines: &mut Vec<String>) {
        let role = match class {
            DangerClass::DataLoss | DangerClass::PublicExposure => Role::BadStrong,
            DangerClass::SecurityBroadening
            | DangerClass::Replacement
            | DangerClass::DriftOverwritten => Role::Attention,
        };
        let sign = self.appearance.glyph(Glyph::Attention);
        let text = format!("{sign} {}: {}", class.label(), text::one_line(text));
        self.wrapped(role, &text, indent, lines);
    }

    fn stack(&self, stack: &StackChange, lines: &mut Vec<String>) {
        let role = match stack.effect {
            StackEffect::Create => Role::Good,
            StackEffect::Recreate => Role::Bad,
            StackEffect::Update => Role::Attention,
            _ => Role::Quiet,
        };
        let reason = match stack.effect {
            StackEffect::Create => String::new(),
            _ => format!("({})", text::one_line(&stack.reason)),
        };
        let head = format!(
            "{}  {}",
            self.strong(stack.stack.as_str()),
            self.appearance.paint(role, effect(stack)),
        );
        if text::width(&head) + 1 + text::width(&reason) <= self.appearance.width {
            lines.push(
                format!("{head} {}", self.quiet(&reason))
                    .trim_end()
                    .to_owned(),
            );
        } else {
            lines.push(head);
            self.wrapped(Role::Quiet, &reason, 2, lines);
        }
        let fresh = matches!(stack.effect, StackEffect::Create | StackEffect::Recreate);
        self.values("parameter", &stack.parameters, lines);
        let columns = stack
            .resources
            .iter()
            .map(|resource| text::width(resource.logical_id.as_str()))
            .max()
            .unwrap_or(0)
            .min(40);
        for resource in &stack.resources {
            self.resource(resource, columns, fresh, lines);
        }
        self.values("output", &stack.outputs, lines);
        self.values("tag", &stack.tags, lines);
        if let Some(on) = stack.termination_protection {
            let what = if on { "on" } else { "off" };
            lines.push(format!("  ~ termination protection: {what}"));
        }
        for export in &stack.exports {
            let text = format!(
                "{} export '{}' goes or changes, and is imported by {}",
                self.appearance.glyph(Glyph::Attention),
                export.name,
                export.importers.join(", ")
            );
            self.wrapped(Role::BadStrong, &text, 2, lines);
        }
        if !fresh {
            for known in &stack.known_after {
                let text = format!(
                    "{}: known after {} ({})",
                    known.parameter, known.stack, known.output
                );
                self.wrapped(Role::Quiet, &text, 2, lines);
            }
        }
        for note in &stack.notes {
            self.wrapped(Role::Quiet, &text::one_line(note), 2, lines);
        }
    }

    fn resource(
        &self,
        resource: &ResourceChange,
        columns: usize,
        fresh: bool,
        lines: &mut Vec<String>,
    ) {
        let (sign, words) = fate(resource);
        let role = match sign {
            "+" => Role::Good,
            "-" => Role::Bad,
            "+/-" => Role::BadStrong,
            _ => Role::Attention,
        };
        let gap = if fresh { 1 } else { 3 };
        let name = text::pad(resource.logical_id.as_str(), columns);
        let words = match words.is_empty() {
            true => String::new(),
            false => format!("  {}", self.appearance.paint(role, &words)),
        };
        lines.push(
            format!(
                "  {}{} {name}  {}{words}",
                self.appearance.paint(role, sign),
                " ".repeat(gap - text::width(sign).min(gap)),
                self.quiet(&resource.resource_type),
            )
            .trim_end()
            .to_owned(),
        );
        for property in &resource.properties {
            self.property(property, 6, lines);
        }
        for Danger { class, message } in &resource.dangers {
            self.danger(*class, message, 6, lines);
        }
    }

    fn values(&self, kind: &str, changes: &[PropertyChange], lines: &mut Vec<String>) {
        for change in changes {
            let named = PropertyChange {
                path: format!("{kind} {}", change.path),
                ..change.clone()
            };
            self.property(&named, 2, lines);
        }
    }

    /// `path: before -> after` on one line if it fits, else each value on its own.
    fn property(&self, change: &PropertyChange, indent: usize, lines: &mut Vec<String>) {
        let role = match change.recreation {
            Recreation::Always => Role::Bad,
            _ => Role::Normal,
        };
        let path = self.appearance.paint(role, &change.path);
        let (before, after) = (value(change.before.as_ref()), value(change.after.as_ref()));
        let cause = cause(change)
            .map(|cause| format!("  ({cause})"))
            .unwrap_or_default();
        let room = self.appearance.width.saturating_sub(indent);
        let wanted = text::width(&change.path)
            + 2
            + text::width(&before)
            + 4
            + text::width(&after)
            + text::width(&cause);
        let lead = " ".repeat(indent);
        if wanted <= room {
            lines.push(format!(
                "{lead}{path}: {} -> {}{}",
                self.appearance.paint(Role::Bad, &before),
                self.appearance.paint(Role::Good, &after),
                self.quiet(&cause)
            ));
            return;
        }
        lines.push(format!("{lead}{path}:{}", self.quiet(&cause)));
        for (sign, role, text) in [("-", Role::Bad, before), ("+", Role::Good, after)] {
            let ellipsis = self.appearance.glyph(Glyph::Ellipsis);
            let text = text::truncate(&text, VALUE_COLUMNS, ellipsis);
            let columns = room.saturating_sub(4).max(20);
            for (index, part) in text::wrap(&text, columns).into_iter().enumerate() {
                let sign = if index == 0 { sign } else { " " };
                lines.push(format!(
                    "{lead}  {} {}",
                    self.appearance.paint(role, sign),
                    self.appearance.paint(role, &part)
                ));
            }
        }
    }

    fn site(&self, site: &SitePreview, lines: &mut Vec<String>) {
        lines.push(format!(
            "{}  {}",
            self.strong("site files"),
            self.quiet(&format!("({} unchanged)", site.unchanged))
        ));
        for (sign, role, files) in [
            ("+", Role::Good, &site.added),
            ("~", Role::Attention, &site.changed),
            ("-", Role::Bad, &site.removed),
        ] {
            if files.is_empty() {
                continue;
            }
            let shown: Vec<&str> = files.iter().take(FILES_SHOWN).map(String::as_str).collect();
            let more = match files.len().saturating_sub(FILES_SHOWN) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let text = format!("{sign} {}{more}", text::one_line(&shown.join(", ")));
            self.wrapped(role, &text, 2, lines);
        }
    }
}
