//! Text measures: durations, sizes, widths, wrapping. No colours.

/// A duration as people read it: `0.4s`, `12.3s`, `2m 05s`, `1h 02m`.
pub fn duration(milliseconds: u64) -> String {
    let tenths = milliseconds.saturating_add(50) / 100;
    if tenths < 600 {
        return format!("{}.{}s", tenths / 10, tenths % 10);
    }
    let seconds = milliseconds.saturating_add(500) / 1000;
    if seconds < 3600 {
        return format!("{}m {:02}s", seconds / 60, seconds % 60);
    }
    let minutes = seconds / 60;
    format!("{}h {:02}m", minutes / 60, minutes % 60)
}

/// An estimate, no finer than it can be: `about 25s`, `about 3m`, `about 2h`.
pub(crate) fn roughly(milliseconds: u64) -> String {
    let seconds = milliseconds.div_ceil(1000);
    if seconds <= 55 {
        return format!("about {}s", seconds.div_ceil(5).max(1) * 5);
    }
    let minutes = seconds.div_ceil(60);
    match minutes {
        1..=90 => format!("about {minutes}m"),
        _ => format!("about {}h", minutes.div_ceil(60)),
    }
}

/// A size as people read it: `512 B`, `1.2 MB`.
pub fn size(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = "kB";
    for next in ["MB", "GB", "TB"] {
        // What would be written as `1000.0` belongs to the next unit.
        if value < 999.95 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    format!("{value:.1} {unit}")
}

/// `1 stack`, `3 stacks`.
pub fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

/// Columns that a text takes.
pub(crate) fn width(text: &str) -> usize {
    console::measure_text_width(text)
}

fn char_width(character: char) -> usize {
    width(character.encode_utf8(&mut [0; 4]))
}

/// The longest beginning of `text` that takes at most `columns`, and the rest.
fn split_at_width(text: &str, columns: usize) -> (&str, &str) {
    let mut used = 0;
    for (index, character) in text.char_indices() {
        used += char_width(character);
        if used > columns {
            return text.split_at(index);
        }
    }
    (text, "")
}

/// `text`, or as much of it as fits into `columns` with a sign that it goes on.
pub(crate) fn truncate(text: &str, columns: usize, ellipsis: &str) -> String {
    let (all, rest) = split_at_width(text, columns);
    if rest.is_empty() {
        return all.to_owned();
    }
    let sign = width(ellipsis);
    if columns <= sign {
        return split_at_width(text, columns).0.to_owned();
    }
    let (start, _) = split_at_width(text, columns - sign);
    format!("{}{ellipsis}", start.trim_end())
}

/// `text` filled with spaces on the right.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// Lines of at most `columns` columns. Line breaks of the text are kept; a word that is
/// longer than a line is cut.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(2);
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for mut word in paragraph.split_whitespace() {
            if !line.is_empty() && width(&line) + 1 + width(word) > columns {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            while width(word) > columns {
                let (start, rest) = split_at_width(word, columns);
                lines.push(start.to_owned());
                word = rest;
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// Text from elsewhere, made harmless: no escape sequences, no control characters but line
/// breaks, nothing that turns the direction of writing.
pub(crate) fn clean(text: &str) -> String {
    console::strip_ansi_codes(text)
        .replace("\r\n", "\n")
        .chars()
        .filter_map(|character| match character {
            '\n' => Some('\n'),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => None,
            _ if character.is_control() => Some(' '),
            _ => Some(character),
        })
        .collect()
}

/// Clean text on one line.
pub(crate) fn one_line(text: &str) -> String {
    let clean = clean(text);
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_read_well_at_every_scale() {
        let cases = [
            (0, "0.0s"),
            (49, "0.0s"),
            (400, "0.4s"),
            (12_345, "12.3s"),
            (59_949, "59.9s"),
            (59_950, "1m 00s"),
            (125_000, "2m 05s"),
            (3_599_499, "59m 59s"),
            (3_599_500, "1h 00m"),
            (3_720_000, "1h 02m"),
        ];
        for (milliseconds, expected) in cases {
            assert_eq!(duration(milliseconds), expected);
        }
        assert!(duration(u64::MAX).ends_with('m'));
    }

    #[test]
    fn estimates_are_no_finer_than_they_can_be() {
        let cases = [
            (1, "about 5s"),
            (5_000, "about 5s"),
            (5_001, "about 10s"),
            (55_000, "about 55s"),
            (55_001, "about 1m"),
            (61_000, "about 2m"),
            (90 * 60_000, "about 90m"),
            (91 * 60_000, "about 2h"),
        ];
        for (milliseconds, expected) in cases {
            assert_eq!(roughly(milliseconds), expected);
        }
    }

    #[test]
    fn sizes_change_unit_before_they_reach_a_thousand() {
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (1_234_567, "1.2 MB"),
            (5_000_000_000, "5.0 GB"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(size(bytes), expected);
        }
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(truncate("日本語テキスト", 7, "…"), "日本語…");
        assert_eq!(wrap("日本語テキスト", 6), ["日本語", "テキス", "ト"]);
    }

    #[test]
    fn foreign_text_cannot_steer_the_terminal() {
        assert_eq!(
            clean("a\u{1b}[2J\u{1b}[31mb\r\nc\td\u{202e}e\u{7}"),
            "ab\nc de "
        );
        assert_eq!(one_line(" a\n\n  b "), "a b");
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_allowed(text in "\\PC{0,60}", columns in 0usize..40) {
            prop_assert!(width(&truncate(&text, columns, "…")) <= columns);
            for line in wrap(&text, columns) {
                prop_assert!(width(&line) <= columns.max(2), "{line:?}");
            }
        }

        #[test]
        fn wrapping_loses_no_letter(text in "[a-z \n日]{0,80}", columns in 2usize..30) {
            let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(letters(&wrap(&text, columns).concat()), letters(&text));
        }
    }
}
