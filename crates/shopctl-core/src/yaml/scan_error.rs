//! The scanner's complaints in words that say what to change.

use crate::diagnostic::{Diagnostic, Location};

/// What the scanner says (a part of it), what we say, and what to do.
const EXPLANATIONS: &[(&str, &str, &str)] = &[
    ("tab", "a tab is used as indentation", "indent with spaces"),
    (
        "expected alphabetic or numeric character",
        "'*' or '&' without a name after it",
        "quote the text: '*'",
    ),
    (
        "unknown anchor",
        "this alias names no anchor before it",
        "quote the text if it is none",
    ),
    (
        "mapping values are not allowed",
        "a key is not possible here",
        "check the indentation, or quote the value if it holds ': '",
    ),
    (
        "illegal placement of ':'",
        "a key is not possible here",
        "check the indentation, or quote the value if it holds ': '",
    ),
    (
        "block sequence entries are not allowed",
        "a list item is not possible here",
        "start the list in a new line, or quote the value if it begins with '-'",
    ),
    (
        "quoted scalar, found unexpected end of stream",
        "a quotation mark is opened and not closed",
        "close it",
    ),
    (
        "invalid indentation in quoted scalar",
        "this text in quotation marks is not closed, or goes on in a line that is not indented",
        "close it, or indent its lines deeper than its key",
    ),
    (
        "invalid trailing content after double-quoted",
        "text after a closing quotation mark",
        "quote the whole value, and write '\\\"' for a quotation mark in it",
    ),
    (
        "unknown escape character",
        "unknown escape in a text in double quotes",
        "write '\\\\' for a backslash, or use single quotes",
    ),
    (
        "did not find expected key",
        "this line does not fit the mapping that it is in",
        "compare its indentation with the lines above",
    ),
    (
        "did not find expected '-'",
        "this line does not fit the list that it is in",
        "compare its indentation with the lines above",
    ),
    (
        "invalid indentation in flow construct",
        "what is between brackets has to be indented deeper than the key before them",
        "indent this line",
    ),
    (
        "invalid indentation",
        "the indentation does not fit",
        "compare with the lines above; what is between brackets is indented deeper than its key",
    ),
    (
        "simple key expect",
        "a key without ':' after it",
        "write 'key: value' in one line",
    ),
    (
        "expected ',' or '}'",
        "the '{' at OPEN is not closed",
        "there has to be ',' or '}' here",
    ),
    (
        "expected ',' or ']'",
        "the '[' at OPEN is not closed",
        "there has to be ',' or ']' here",
    ),
    (
        "misplaced bracket",
        "this bracket closes nothing",
        "remove it, or quote the text",
    ),
    (
        "recursion limit exceeded",
        "brackets are nested too deep",
        "write this part in lines with indentation",
    ),
];

/// The finding for what the scanner found at `location` of `text`.
/// `open` is where the innermost open list or mapping starts.
pub(super) fn explain(
    location: &Location,
    info: &str,
    text: &str,
    open: Option<&Location>,
) -> Diagnostic {
    // `@` and `` ` `` are reserved: nothing may start with them.
    if info.starts_with("unexpected character") {
        let character = character_at(location, text);
        let shown = character.map(|c| format!(" {c:?}")).unwrap_or_default();
        return Diagnostic::error(location, format!("a value cannot start with{shown}"))
            .with_hint("quote the text");
    }
    for (part, message, hint) in EXPLANATIONS {
        if info.contains(part) {
            let open = open.map(|open| format!(" at {open}")).unwrap_or_default();
            let message = message.replace(" at OPEN", &open);
            return Diagnostic::error(location, message).with_hint(*hint);
        }
    }
    let info = match info.split_once(", ") {
        Some((context, what)) if context.starts_with("while ") => what,
        _ => info,
    };
    Diagnostic::error(location, format!("this is not YAML: {info}"))
}

fn character_at(location: &Location, text: &str) -> Option<char> {
    let line = text.lines().nth(location.line.checked_sub(1)?)?;
    line.chars().nth(location.column.checked_sub(1)?)
}
