//! Whatever a file holds, there is an answer: no panic, and findings with places.

use proptest::prelude::*;

use super::check;
use super::fine::TEMPLATES;
use crate::yaml::{Node, Value, emit, parse};

fn check_text(text: &str) {
    match parse("t.yaml", text) {
        Ok(document) => {
            let report = check(&document);
            for finding in &report.diagnostics {
                assert!(finding.location.is_some(), "{finding}");
                assert!(!finding.message.is_empty());
            }
            // What was checked can be written and is then the same template.
            let written = parse("t.yaml", &emit(&document)).expect("what is emitted is YAML");
            assert_eq!(report.has_errors(), check(&written).has_errors());
        }
        Err(findings) => assert!(!findings.0.is_empty()),
    }
}

/// Snippets that change the meaning of what is around them.
const SNIPPETS: &[&str] = &[
    "!Ref ",
    "!Sub ",
    "!If ",
    "Fn::Sub",
    "Fn::ForEach::X",
    "${",
    "}",
    "[",
    "]",
    "{",
    "*a",
    "&a ",
    "<<: ",
    "- ",
    ": ",
    "\n",
    "  ",
    "\t",
    "'",
    "\"",
    "|",
    "null",
    "{{resolve:",
    "AWS::",
    "é",
    "\u{0}",
];

fn change(template: &str, at: usize, length: usize, snippet: &str) -> String {
    let boundary = |mut at: usize| {
        at = at.min(template.len());
        while !template.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (start, end) = (boundary(at), boundary(at + length));
    format!("{}{snippet}{}", &template[..start], &template[end..])
}

/// Puts `with` in place of the `n`th node, counted as they are met.
fn replace(node: &mut Node, n: &mut usize, with: &Node) {
    if *n == 0 {
        let location = node.location.clone();
        *node = with.clone();
        node.location = location;
        *n = usize::MAX;
        return;
    }
    *n -= 1;
    match &mut node.value {
        Value::Scalar(_) => {}
        Value::Sequence(items) => items.iter_mut().for_each(|item| replace(item, n, with)),
        Value::Mapping(entries) => entries
            .iter_mut()
            .for_each(|(_, value)| replace(value, n, with)),
    }
}

/// The `n`th node.
fn pick(node: &Node, n: &mut usize) -> Option<Node> {
    if *n == 0 {
        return Some(node.clone());
    }
    *n -= 1;
    match &node.value {
        Value::Scalar(_) => None,
        Value::Sequence(items) => items.iter().find_map(|item| pick(item, n)),
        Value::Mapping(entries) => entries.iter().find_map(|(_, value)| pick(value, n)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn any_text(text in "\\PC{0,80}") {
        check_text(&text);
    }

    #[test]
    fn a_template_with_a_snippet_in_it(
        template in prop::sample::select(TEMPLATES),
        at in 0..5000usize,
        length in 0..12usize,
        snippet in prop::sample::select(SNIPPETS),
    ) {
        check_text(&change(template, at % template.len(), length, snippet));
    }

    #[test]
    fn a_template_with_one_part_in_place_of_another(
        template in prop::sample::select(TEMPLATES),
        from in 0..200usize,
        to in 1..200usize,
    ) {
        let mut document = parse("t.yaml", template).unwrap();
        let part = pick(&document, &mut from.clone());
        if let Some(part) = part {
            replace(&mut document, &mut to.clone(), &part);
            check_text(&emit(&document));
        }
    }
}
