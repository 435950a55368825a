//! How output looks: width, colour and glyphs, decided once by the caller.
//!
//! Nothing here asks the environment or the terminal.

use console::Style;

use crate::text;

/// The resolved display configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appearance {
    /// Columns that a line may take.
    pub width: usize,
    /// Whether colour and bold type are used.
    pub colour: bool,
    /// Whether glyphs beyond ASCII are used.
    pub unicode: bool,
}

impl Appearance {
    /// No colour, ASCII glyphs, `width` columns.
    pub fn plain(width: usize) -> Self {
        Self {
            width,
            colour: false,
            unicode: false,
        }
    }

    /// The same with other columns.
    #[must_use]
    pub fn with_width(self, width: usize) -> Self {
        Self { width, ..self }
    }

    pub(crate) fn glyph(self, glyph: Glyph) -> &'static str {
        let (unicode, ascii) = match glyph {
            Glyph::Done => ("✓", "*"),
            Glyph::Failed => ("✗", "x"),
            Glyph::Attention => ("!", "!"),
            Glyph::Waiting => ("·", "."),
            Glyph::Skipped => ("○", "-"),
            Glyph::Ellipsis => ("…", ".."),
        };
        if self.unicode { unicode } else { ascii }
    }

    /// The spinner's picture at a moment. All spinners of a frame turn together.
    pub(crate) fn spinner(self, now_ms: u64) -> &'static str {
        let pictures: &[&str] = if self.unicode {
            &["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]
        } else {
            &["|", "/", "-", "\\"]
        };
        let index = (now_ms / 100) % pictures.len() as u64;
        pictures[usize::try_from(index).unwrap_or_default()]
    }

    /// A bar of `columns` columns: its filled and its empty part.
    pub(crate) fn bar(self, columns: usize, done: u64, total: u64) -> (String, String) {
        let halves = columns as u64 * 2;
        let filled = match total {
            0 => 0,
            _ => (u128::from(halves) * u128::from(done.min(total)) / u128::from(total)) as usize,
        };
        let (full, half, empty) = if self.unicode {
            ("━", "╸", "─")
        } else {
            ("=", ">", "-")
        };
        let mut bar = full.repeat(filled / 2);
        if filled % 2 == 1 {
            bar.push_str(half);
        }
        (bar, empty.repeat(columns - filled.div_ceil(2)))
    }

    pub(crate) fn paint(self, role: Role, text: &str) -> String {
        if !self.colour || role == Role::Normal || text.is_empty() {
            return text.to_owned();
        }
        let style = Style::new().force_styling(true);
        let style = match role {
            Role::Normal => style,
            Role::Strong => style.bold(),
            Role::Quiet => style.dim(),
            Role::Good => style.green(),
            Role::Bad => style.red(),
            Role::BadStrong => style.red().bold(),
            Role::Attention => style.yellow(),
            Role::AttentionStrong => style.yellow().bold(),
            Role::Active => style.cyan(),
            Role::Link => style.cyan().underlined(),
        };
        style.apply_to(text).to_string()
    }
}

/// A sign with a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Glyph {
    Done,
    Failed,
    Attention,
    Waiting,
    Skipped,
    Ellipsis,
}

/// What a piece of text is, from which its colour follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Normal,
    Strong,
    Quiet,
    Good,
    Bad,
    BadStrong,
    Attention,
    AttentionStrong,
    Active,
    Link,
}

/// A line under construction that never grows beyond the width.
pub(crate) struct Line {
    appearance: Appearance,
    text: String,
    used: usize,
}

impl Line {
    pub(crate) fn new(appearance: Appearance) -> Self {
        Self {
            appearance,
            text: String::new(),
            used: 0,
        }
    }

    /// Columns that are left.
    pub(crate) fn room(&self) -> usize {
        self.appearance.width.saturating_sub(self.used)
    }

    /// Appends text, shortened to what there is room for.
    pub(crate) fn push(&mut self, role: Role, text: &str) {
        let ellipsis = self.appearance.glyph(Glyph::Ellipsis);
        let text = text::truncate(text, self.room(), ellipsis);
        self.used += text::width(&text);
        self.text.push_str(&self.appearance.paint(role, &text));
    }

    /// Appends spaces up to a column.
    pub(crate) fn pad_to(&mut self, column: usize) {
        let column = column.min(self.appearance.width);
        if column > self.used {
            self.text.push_str(&" ".repeat(column - self.used));
            self.used = column;
        }
    }

    pub(crate) fn finish(self) -> String {
        self.text.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_fills_from_empty_to_full_and_keeps_its_length() {
        let unicode = Appearance {
            unicode: true,
            ..Appearance::plain(80)
        };
        let bar = |done, total| {
            let (filled, empty) = unicode.bar(6, done, total);
            filled + &empty
        };
        assert_eq!(bar(0, 12), "──────");
        assert_eq!(bar(1, 12), "╸─────");
        assert_eq!(bar(6, 12), "━━━───");
        assert_eq!(bar(12, 12), "━━━━━━");
        assert_eq!(bar(13, 12), "━━━━━━", "more done than planned is full");
        assert_eq!(bar(0, 0), "──────");
        assert_eq!(bar(u64::MAX, u64::MAX), "━━━━━━");
        let (filled, empty) = Appearance::plain(80).bar(6, 5, 12);
        assert_eq!(filled + &empty, "==>---");
    }

    #[test]
    fn colour_appears_only_when_asked_for() {
        let coloured = Appearance {
            colour: true,
            ..Appearance::plain(80)
        };
        assert_eq!(coloured.paint(Role::Bad, "no"), "\u{1b}[31mno\u{1b}[0m");
        assert_eq!(Appearance::plain(80).paint(Role::Bad, "no"), "no");
    }
}
