//! The block that says what is wrong in which line, in the manner of rustc:
//! a headline, the place, the source line with carets, notes.

use shopctl_core::diagnostic::Location;

use crate::appearance::{Appearance, Glyph, Line, Role};
use crate::text;

/// Prose is easier to read when its lines are not longer than this.
const PROSE_COLUMNS: usize = 100;

/// A place to show, with what is to be underlined there.
pub(crate) struct Place<'a> {
    pub location: &'a Location,
    /// The whole file, when it can be read.
    pub source: Option<String>,
    /// Text that is underlined when it is found at the place.
    pub offending: Vec<&'a str>,
}

/// A block under construction.
pub(crate) struct Block {
    appearance: Appearance,
    /// Columns of the line number, so that all bars are below each other.
    gutter: usize,
    lines: Vec<String>,
}

impl Block {
    /// Begins with `label: headline`.
    pub(crate) fn new(appearance: Appearance, label: (&str, Role), headline: &str) -> Self {
        let (label, role) = label;
        let label_columns = text::width(label) + 2;
        let mut lines = Vec::new();
        let columns = prose_columns(appearance).saturating_sub(label_columns);
        for (index, line) in text::wrap(&text::clean(headline), columns)
            .iter()
            .enumerate()
        {
            let line = appearance.paint(Role::Strong, line);
            lines.push(match index {
                0 => format!("{}{line}", appearance.paint(role, &format!("{label}: "))),
                _ => format!("{}{line}", " ".repeat(label_columns)),
            });
        }
        Self {
            appearance,
            gutter: 1,
            lines,
        }
    }

    /// Adds the place with its source line.
    pub(crate) fn place(&mut self, place: &Place<'_>, role: Role) {
        let location = place.location;
        let number = location.line.to_string();
        self.gutter = number.len();
        let arrow = format!("{}--> ", " ".repeat(self.gutter));
        self.lines.push(format!(
            "{}{location}",
            self.appearance.paint(Role::Active, &arrow)
        ));
        let source = place.source.as_deref().unwrap_or_default();
        let Some(source) = location
            .line
            .checked_sub(1)
            .and_then(|line| source.lines().nth(line))
        else {
            return;
        };
        let length = underlined(source, location.column, &place.offending);
        let room = self
            .appearance
            .width
            .saturating_sub(self.gutter + 3)
            .max(10);
        let ellipsis = self.appearance.glyph(Glyph::Ellipsis);
        let window = Window::around(source, location.column, length, room, ellipsis);
        self.push_gutter("", None);
        self.push_gutter(&number, Some((Role::Normal, &window.text)));
        let carets = format!("{}{}", " ".repeat(window.offset), "^".repeat(window.length));
        self.push_gutter("", Some((role, &carets)));
    }

    /// Adds `= label: text`.
    pub(crate) fn note(&mut self, label: &str, text: &str) {
        let label = match label {
            "" => String::new(),
            label => format!("{label}: "),
        };
        let lead = format!("{} = ", " ".repeat(self.gutter));
        // Where there is little room, further lines begin below the label.
        let hanging = match self.appearance.width {
            0..60 => lead.len(),
            _ => lead.len() + text::width(&label),
        };
        let columns = prose_columns(self.appearance).saturating_sub(hanging);
        let text = match hanging == lead.len() {
            true => format!("{label}{text}"),
            false => text.to_owned(),
        };
        for (index, line) in text::wrap(&text::clean(&text), columns).iter().enumerate() {
            self.lines.push(match index {
                0 => format!(
                    "{}{}{}",
                    self.appearance.paint(Role::Active, &lead),
                    self.appearance.paint(Role::Strong, &label),
                    line.strip_prefix(label.as_str()).unwrap_or(line),
                ),
                _ => format!("{}{line}", " ".repeat(hanging)),
            });
        }
    }

    /// Adds an empty line with the bar, between source and notes.
    pub(crate) fn space(&mut self) {
        self.push_gutter("", None);
    }

    pub(crate) fn finish(self) -> Vec<String> {
        self.lines
            .into_iter()
            .map(|line| line.trim_end().to_owned())
            .collect()
    }

    fn push_gutter(&mut self, number: &str, content: Option<(Role, &str)>) {
        let mut line = Line::new(self.appearance);
        line.push(
            Role::Active,
            &format!("{number:>width$} |", width = self.gutter),
        );
        if let Some((role, content)) = content {
            line.push(Role::Normal, " ");
            line.push(role, content);
        }
        self.lines.push(line.finish());
    }
}

fn prose_columns(appearance: Appearance) -> usize {
    appearance.width.clamp(20, PROSE_COLUMNS)
}

/// How many characters from `column` on are what the finding is about.
fn underlined(source: &str, column: usize, offending: &[&str]) -> usize {
    let rest: String = source.chars().skip(column.saturating_sub(1)).collect();
    let matching = offending
        .iter()
        .filter(|text| !text.is_empty() && rest.starts_with(**text));
    if let Some(length) = matching.map(|text| text.chars().count()).max() {
        return length;
    }
    let mut characters = rest.chars();
    let length = match characters.next() {
        Some(quote @ ('"' | '\'')) => 2 + characters.take_while(|c| *c != quote).count(),
        _ => rest
            .chars()
            .take_while(|c| !c.is_whitespace() && !",{}[]\"'".contains(*c))
            .collect::<String>()
            .trim_end_matches(':')
            .chars()
            .count(),
    };
    length.clamp(1, rest.chars().count().max(1))
}

/// The part of a source line that is shown.
struct Window {
    text: String,
    /// Columns before the carets.
    offset: usize,
    /// Columns of carets.
    length: usize,
}

impl Window {
    fn around(source: &str, column: usize, length: usize, room: usize, ellipsis: &str) -> Self {
        let visible = |text: String| text::clean(&text.replace('\t', "    "));
        let start = column.saturating_sub(1);
        let before = visible(source.chars().take(start).collect());
        let marked = visible(source.chars().skip(start).take(length).collect());
        let after = visible(source.chars().skip(start + length).collect());
        let marked_columns = text::width(&marked).clamp(1, room);
        // Long lines lose their beginning until the marked text is inside, with some air.
        let most_before = (room - marked_columns).min(room * 2 / 3);
        let mut shown = before;
        if text::width(&shown) > most_before {
            let keep = most_before.saturating_sub(text::width(ellipsis));
            while text::width(&shown) > keep {
                shown.remove(0);
            }
            if most_before > 0 {
                shown.insert_str(0, ellipsis);
            }
        }
        let offset = text::width(&shown);
        shown.push_str(&marked);
        shown.push_str(&after);
        Self {
            text: text::truncate(shown.trim_end(), room, ellipsis),
            offset,
            length: marked_columns,
        }
    }
}
