//! Tree to text: the same text for the same tree, which parses to the same tree.
//!
//! Written for two readers who disagree: YAML 1.2, and YAML 1.1 as CloudFormation,
//! PyYAML and cfn-lint read it, where `yes` is a boolean, `0123` a number and
//! `2012-10-17` a date. What was a text stays one for both; what the user wrote plain
//! (`yes`, `1e3`) stays plain, so that CloudFormation reads what it would have read
//! from the user's file. Short tags stay, aliases and merge keys are gone.
//!
//! No YAML library writes this: they resolve scalars by one of the two versions.
//! Comments are not kept; they do not reach the tree.

use std::fmt::Write as _;

use super::{Node, Scalar, ScalarStyle, Value};

/// A key longer than this cannot stand before its `:` in one line (YAML allows 1024).
const LONGEST_SIMPLE_KEY: usize = 1000;

/// The document as YAML text that ends with a line break.
pub fn emit(document: &Node) -> String {
    emit_telling(document, &mut |_, _| {})
}

/// As [`emit`], and tells of every key and value at which byte of the text it begins.
pub fn emit_telling(document: &Node, tell: &mut dyn FnMut(usize, &Node)) -> String {
    let mut out = Out {
        text: String::new(),
        tell,
    };
    tag(&mut out, document);
    content(&mut out, document, 0, Place::Root);
    // A document that is one keeping block scalar ends with its own line breaks.
    if !out.text.ends_with('\n') {
        out.text.push('\n');
    }
    out.text
}

/// The text so far, and who is told of places in it.
struct Out<'a> {
    text: String,
    tell: &'a mut dyn FnMut(usize, &Node),
}

impl Out<'_> {
    fn tell(&mut self, node: &Node) {
        (self.tell)(self.text.len(), node);
    }
}

/// Where a node stands.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Root,
    /// After `key:`
    Value,
    /// After `-`
    Item,
}

fn tag(out: &mut Out<'_>, node: &Node) {
    out.tell(node);
    if let Some(tag) = &node.tag {
        out.text.push_str(tag);
    }
}

/// Writes a node after its tag; `indent` is that of its children.
fn content(out: &mut Out<'_>, node: &Node, indent: usize, place: Place) {
    let tagged = node.tag.is_some();
    match &node.value {
        // `!GetAZs` alone.
        Value::Scalar(scalar)
            if tagged && scalar.style == ScalarStyle::Plain && scalar.text.is_empty() => {}
        Value::Scalar(scalar) => {
            space(&mut out.text, tagged || place != Place::Root);
            write_scalar(&mut out.text, scalar, indent);
        }
        Value::Sequence(items) if items.is_empty() => {
            space(&mut out.text, tagged || place != Place::Root);
            out.text.push_str("[]");
        }
        Value::Mapping(entries) if entries.is_empty() => {
            space(&mut out.text, tagged || place != Place::Root);
            out.text.push_str("{}");
        }
        Value::Sequence(items) => {
            let mut separator = Separator::first(tagged, place);
            for item in items {
                separator.write(&mut out.text, indent);
                out.text.push('-');
                space(&mut out.text, item.tag.is_some());
                tag(out, item);
                content(out, item, indent + 2, Place::Item);
            }
        }
        Value::Mapping(entries) => {
            let mut separator = Separator::first(tagged, place);
            for (key, value) in entries {
                separator.write(&mut out.text, indent);
                out.tell(key);
                write_key(&mut out.text, key, indent);
                space(&mut out.text, value.tag.is_some());
                tag(out, value);
                content(out, value, indent + 2, Place::Value);
            }
        }
    }
}

fn space(out: &mut String, wanted: bool) {
    if wanted {
        out.push(' ');
    }
}

/// What comes before an entry of a list or mapping.
enum Separator {
    Nothing,
    /// `- key: value`, `- - item`
    Space,
    Line,
}

impl Separator {
    /// The separator before the first entry.
    fn first(tagged: bool, place: Place) -> Self {
        match place {
            Place::Root if !tagged => Self::Nothing,
            Place::Item if !tagged => Self::Space,
            Place::Root | Place::Item | Place::Value => Self::Line,
        }
    }

    fn write(&mut self, out: &mut String, indent: usize) {
        match self {
            Self::Nothing => {}
            Self::Space => out.push(' '),
            Self::Line => line(out, indent),
        }
        *self = Self::Line;
    }
}

/// Starts a new line, unless a block scalar that keeps its line breaks just did.
fn line(out: &mut String, indent: usize) {
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out.extend(std::iter::repeat_n(' ', indent));
}

fn write_key(out: &mut String, key: &Node, indent: usize) {
    // A key is a text for every consumer of a template, so none is left plain that a
    // reader could take for something else.
    let text = match &key.value {
        Value::Scalar(scalar) => scalar.text.as_str(),
        // The parser refuses such keys and nobody makes them.
        Value::Sequence(_) | Value::Mapping(_) => "",
    };
    let written = text_in_line(text);
    if written.len() > LONGEST_SIMPLE_KEY {
        let _ = write!(out, "? {written}");
        line(out, indent);
    } else {
        out.push_str(&written);
    }
    out.push(':');
}

fn write_scalar(out: &mut String, scalar: &Scalar, indent: usize) {
    let text = &scalar.text;
    let plain = scalar.style == ScalarStyle::Plain;
    if plain && text.is_empty() {
        out.push_str("null");
    } else if plain && is_special(text) && has_plain_syntax(text) {
        out.push_str(text);
    } else if is_block(text) {
        write_block(out, text, indent);
    } else {
        out.push_str(&text_in_line(text));
    }
}

/// A text that stays a text, in one line.
fn text_in_line(text: &str) -> String {
    let starts_plainly = text.starts_with(|c: char| c.is_alphanumeric() || "_/$.(^\\;".contains(c))
        && !text.starts_with("...");
    if starts_plainly && has_plain_syntax(text) && !is_special(text) {
        text.to_owned()
    } else if text.chars().all(is_printable) {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        double_quoted(text)
    }
}

/// Whether nothing within `text` ends a plain scalar in block context.
fn has_plain_syntax(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && !text.ends_with(':')
        && !text.contains(": ")
        && !text.contains(" #")
        && text.chars().all(is_printable)
}

/// Printable within one line for YAML 1.1 and 1.2.
fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{d7ff}'
        | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
}

/// Whether YAML 1.1 or 1.2 may read a plain scalar as something else than a text.
/// Too many are fine: they are quoted.
fn is_special(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    if matches!(
        lower.as_str(),
        "" | "~" | "null" | "y" | "yes" | "n" | "no" | "true" | "false" | "on" | "off" | "=" | "<<"
    ) {
        return true;
    }
    let unsigned = lower.strip_prefix(['-', '+']).unwrap_or(&lower);
    if matches!(unsigned, ".inf" | ".nan") {
        return true;
    }
    // Decimal, octal, hexadecimal, binary, base 60, exponents, dates and times.
    unsigned
        .strip_prefix('.')
        .unwrap_or(unsigned)
        .starts_with(|c: char| c.is_ascii_digit())
        && unsigned
            .chars()
            .all(|c| c.is_ascii_hexdigit() || "xo_.:+-tz ".contains(c))
}

/// Whether a text is easier to read as literal block.
fn is_block(text: &str) -> bool {
    text.trim_end_matches('\n').contains('\n')
        && !text.starts_with([' ', '\n', '\t'])
        && text
            .chars()
            .all(|c| matches!(c, '\n' | '\t') || is_printable(c))
}

fn write_block(out: &mut String, text: &str, indent: usize) {
    let body = text.trim_end_matches('\n');
    out.push_str(match text.len() - body.len() {
        0 => "|-",
        1 => "|",
        _ => "|+",
    });
    // A root scalar's lines would otherwise begin in the first column, where `---` ends it.
    let indent = indent.max(2);
    for content in body.split('\n') {
        out.push('\n');
        if !content.is_empty() {
            out.extend(std::iter::repeat_n(' ', indent));
            out.push_str(content);
        }
    }
    out.push_str(&text[body.len()..]);
}

fn double_quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if is_printable(c) => out.push(c),
            c => {
                let code = u32::from(c);
                let _ = match code {
                    0..=0xff => write!(out, "\\x{code:02x}"),
                    0x100..=0xffff => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
#[path = "emit_tests.rs"]
mod tests;
