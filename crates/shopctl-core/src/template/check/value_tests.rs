#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::sync::Arc;

use super::*;
use crate::diagnostic::Location;

fn declaration(parameter_type: &str) -> ParameterDeclaration {
    ParameterDeclaration {
        parameter_type: parameter_type.to_owned(),
        default: None,
        no_echo: false,
        allowed_values: Vec::new(),
        allowed_pattern: None,
        min_length: None,
        max_length: None,
        min_value: None,
        max_value: None,
        constraint_description: None,
        location: Location {
            file: Arc::from("t.yaml"),
            line: 1,
            column: 1,
        },
    }
}

fn said(declaration: &ParameterDeclaration, values: &[&str]) -> String {
    values
        .iter()
        .map(|value| match check_value(declaration, value) {
            Ok(()) => format!("{value:?}: fine\n"),
            Err(what) => format!("{value:?}: {what}\n"),
        })
        .collect()
}

#[test]
fn numbers_are_within_their_bounds() {
    let mut number = declaration("Number");
    number.min_value = Some(1.0);
    number.max_value = Some(2.5);
    insta::assert_snapshot!(
        said(&number, &["1", "2.5", "2e0", "0", "3", "", "one", "inf", "NaN", "0x1"]), @r#"
    "1": fine
    "2.5": fine
    "2e0": fine
    "0": '0' is less than 1
    "3": '3' is more than 2.5
    "": '' is not a number
    "one": 'one' is not a number
    "inf": 'inf' is not a number
    "NaN": 'NaN' is not a number
    "0x1": '0x1' is not a number
    "#);
    let mut numbers = declaration("List<Number>");
    numbers.allowed_values = vec!["1".to_owned(), "2".to_owned()];
    insta::assert_snapshot!(said(&numbers, &["1,2", "1, 2", "", "1,x", "1,3"]), @r#"
    "1,2": fine
    "1, 2": fine
    "": fine
    "1,x": 'x' is not a number
    "1,3": '3' is not one of '1', '2'
    "#);
}

#[test]
fn texts_keep_their_length_and_pattern() {
    let mut text = declaration("String");
    text.min_length = Some(2);
    text.max_length = Some(3);
    insta::assert_snapshot!(said(&text, &["ab", "äöü", "a", "abcd"]), @r#"
    "ab": fine
    "äöü": fine
    "a": 'a' has 1 characters; at least 2 are needed
    "abcd": 'abcd' has 4 characters; at most 3 are allowed
    "#);
    let mut port = declaration("String");
    port.allowed_pattern = Some("[0-9]{0,5}".to_owned());
    port.constraint_description = Some("a port, or nothing".to_owned());
    insta::assert_snapshot!(said(&port, &["", "4566", "4566x", "456789", "4566\n"]), @r#"
    "": fine
    "4566": fine
    "4566x": '4566x' does not match the pattern '[0-9]{0,5}': a port, or nothing
    "456789": '456789' does not match the pattern '[0-9]{0,5}': a port, or nothing
    "4566\n": '4566
    ' does not match the pattern '[0-9]{0,5}': a port, or nothing
    "#);
}

#[test]
fn a_pattern_holds_for_every_item_of_a_list() {
    let mut zones = declaration("CommaDelimitedList");
    zones.allowed_pattern = Some(r"[a-z]+-\d".to_owned());
    insta::assert_snapshot!(said(&zones, &["eu-1,us-2", "eu-1, us-2", "eu-1,us", ""]), @r#"
    "eu-1,us-2": fine
    "eu-1, us-2": fine
    "eu-1,us": 'us' does not match the pattern '[a-z]+-\d'
    "": fine
    "#);
}

#[test]
fn a_secret_is_not_shown() {
    let mut secret = declaration("String");
    secret.no_echo = true;
    secret.min_length = Some(20);
    secret.allowed_pattern = Some("x*".to_owned());
    let what = check_value(&secret, "hunter2").unwrap_err();
    assert!(!what.contains("hunter2"), "{what}");
    secret.min_length = None;
    let what = check_value(&secret, "hunter2").unwrap_err();
    assert!(!what.contains("hunter2"), "{what}");
}

#[test]
fn a_value_has_a_size() {
    let text = declaration("String");
    assert_eq!(check_value(&text, &"x".repeat(4096)), Ok(()));
    let what = check_value(&text, &"x".repeat(4097)).unwrap_err();
    assert_eq!(what, "the value has 4097 bytes; CloudFormation takes 4096");
}

#[test]
fn the_name_of_an_ssm_parameter_is_not_taken_for_its_value() {
    assert_eq!(
        check_value(
            &declaration("AWS::SSM::Parameter::Value<Number>"),
            "/shop/limit"
        ),
        Ok(())
    );
}

#[test]
fn patterns_are_those_of_java() {
    let matches = |pattern: &str, text: &str| compile(pattern).unwrap().is_match(text).unwrap();
    assert!(!matches(r"\d", "٣"), "digits are ASCII");
    assert!(!matches(r"[\w.]+", "é"));
    assert!(matches(r"[\w.-]+@[\w-]+", "a.b@c-d"));
    assert!(matches(r"\\d", r"\d"));
    assert!(
        matches("a|b", "b") && !matches("a|b", "ab"),
        "the whole value"
    );
    assert!(matches(r"[^\d]+\S", "ab"));
    assert!(matches("(?!xn--)[a-z]+", "abc") && !matches("(?!xn--).+", "xn--a"));
    assert!(compile("(").is_err());
    assert!(compile("\\").is_err());
}
