//! Holds `SPEC.md` and the tests against each other.

use std::collections::BTreeSet;

/// Numbers in a text, each before the mark that ends it.
fn numbers(text: &str, is_number: impl Fn(&str) -> bool) -> BTreeSet<String> {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| is_number(word))
        .map(str::to_owned)
        .collect()
}

fn is_number(word: &str) -> bool {
    let mut letters = word.chars();
    letters
        .next()
        .is_some_and(|letter| "TSCERPXFOZM".contains(letter))
        && word.len() > 1
        && letters.all(|digit| digit.is_ascii_digit())
}

#[test]
fn every_number_has_a_test_and_every_test_a_number() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/spec");
    let spec = include_str!("../../SPEC.md");
    let specified: BTreeSet<String> = spec
        .lines()
        .filter_map(|line| line.strip_prefix("| "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|word| is_number(word))
        .map(str::to_owned)
        .collect();
    assert!(specified.len() > 70, "the table was read: {specified:?}");
    let mut tested = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        for line in text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("// "))
        {
            tested.extend(numbers(line, is_number));
        }
    }
    assert_eq!(specified, tested);
}
