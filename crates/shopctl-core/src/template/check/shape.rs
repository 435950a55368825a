//! Shapes that recur in every section: mappings with known keys, names, texts.

use super::findings::{Findings, suggest};
use super::limits::NAME_CHARACTERS;
use crate::yaml::Node;

/// The entries of what has to be a mapping. Null is reported elsewhere, once for the
/// whole document.
pub(super) fn mapping<'a>(
    node: &'a Node,
    what: &str,
    findings: &mut Findings,
) -> Option<&'a [(Node, Node)]> {
    let entries = node.entries().filter(|_| node.tag.is_none());
    if entries.is_none() && !is_null(node) {
        let message = format!("{what} has to be a mapping, not {}", node.describe());
        findings.error(&node.location, message);
    }
    entries
}

/// The text of what has to be a literal text, number or boolean.
pub(super) fn text<'a>(node: &'a Node, what: &str, findings: &mut Findings) -> Option<&'a str> {
    let text = node.as_str();
    if text.is_none() && !is_null(node) {
        let what_it_is = match &node.tag {
            Some(tag) => format!("the function {tag}"),
            None if node.entries().is_some_and(is_long_call) => "a function".to_owned(),
            None => node.describe(),
        };
        let message = format!("{what} has to be a literal text, not {what_it_is}");
        findings.error(&node.location, message);
    }
    text
}

fn is_long_call(entries: &[(Node, Node)]) -> bool {
    matches!(entries, [(key, _)]
        if key.as_str().is_some_and(|key| key == "Ref" || key.starts_with("Fn::")))
}

pub(super) fn is_null(node: &Node) -> bool {
    node.tag.is_none() && node.is_null()
}

/// Reports keys of a mapping that are not among `known`.
pub(super) fn check_keys(node: &Node, what: &str, known: &[&str], findings: &mut Findings) {
    for (key, name) in unknown_keys(node, known) {
        let message = format!("unknown {what} '{name}'");
        findings.error_with(&key.location, message, suggest(name, known.iter().copied()));
    }
}

/// The same where CloudFormation does not mind, though it was hardly meant so.
pub(super) fn doubt_keys(node: &Node, what: &str, known: &[&str], findings: &mut Findings) {
    for (key, name) in unknown_keys(node, known) {
        let message = format!("unknown {what} '{name}'");
        let hint = suggest(name, known.iter().copied()).unwrap_or_default();
        findings.warning_with(&key.location, message, &hint);
    }
}

fn unknown_keys<'a>(node: &'a Node, known: &[&str]) -> impl Iterator<Item = (&'a Node, &'a str)> {
    node.entries()
        .unwrap_or_default()
        .iter()
        .map(|(key, _)| (key, key.as_str().unwrap_or_default()))
        .filter(|(_, name)| !known.contains(name))
}

/// The name that a key is, which has to be of letters and digits.
pub(super) fn check_name<'a>(key: &'a Node, what: &str, findings: &mut Findings) -> &'a str {
    let name = key.as_str().unwrap_or_default();
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric()) {
        findings.error(
            &key.location,
            format!("{what} '{name}' has to be of the letters A-Z, a-z and digits"),
        );
    }
    check_length(key, what, findings);
    name
}

/// Reports a name that is too long.
pub(super) fn check_length(key: &Node, what: &str, findings: &mut Findings) {
    let length = key.as_str().unwrap_or_default().chars().count();
    if length > NAME_CHARACTERS {
        findings.error(
            &key.location,
            format!("{what} of {length} characters; CloudFormation takes {NAME_CHARACTERS}"),
        );
    }
}
