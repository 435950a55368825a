//! Whether a value satisfies what a parameter's declaration demands of it.
//!
//! Whether the thing that a value names exists in the account is left to
//! CloudFormation, and so is the value behind the name of an SSM parameter.

use fancy_regex::Regex;

use super::limits::PARAMETER_VALUE_BYTES;
use super::parameter_type::{Shape, shape};
use crate::template::ParameterDeclaration;

/// Checks `value` as it would be sent to CloudFormation; a list is one text with commas.
///
/// The error is a fragment that fits behind the parameter's name and a colon. It does
/// not quote the value of a `NoEcho` parameter.
pub fn check_value(declaration: &ParameterDeclaration, value: &str) -> Result<(), String> {
    if value.len() > PARAMETER_VALUE_BYTES {
        return Err(format!(
            "the value has {} bytes; CloudFormation takes {PARAMETER_VALUE_BYTES}",
            value.len()
        ));
    }
    let shape = shape(&declaration.parameter_type).unwrap_or(Shape::Text);
    let result = match shape {
        // An allowed value may be a list itself.
        Shape::Texts
            if declaration
                .allowed_values
                .iter()
                .any(|allowed| allowed == value) =>
        {
            Ok(())
        }
        Shape::Texts | Shape::Numbers => {
            items(value).try_for_each(|item| check_item(declaration, shape, item))
        }
        Shape::Text | Shape::Number | Shape::SsmName => check_item(declaration, shape, value),
    };
    result.map_err(|what| match &declaration.constraint_description {
        Some(description) => format!("{what}: {description}"),
        None => what,
    })
}

/// The items of a list value. An empty text is an empty list.
fn items(value: &str) -> impl Iterator<Item = &str> {
    value
        .split(',')
        .map(str::trim)
        .filter(move |_| !value.is_empty())
}

fn check_item(declaration: &ParameterDeclaration, shape: Shape, value: &str) -> Result<(), String> {
    let shown = if declaration.no_echo {
        "the value".to_owned()
    } else {
        format!("'{value}'")
    };
    if matches!(shape, Shape::Number | Shape::Numbers) {
        check_number(declaration, value).map_err(|what| format!("{shown} {what}"))?;
    }
    if shape == Shape::Text {
        check_length(declaration, value).map_err(|what| format!("{shown} {what}"))?;
    }
    let allowed = &declaration.allowed_values;
    if !allowed.is_empty() && !allowed.iter().any(|allowed| allowed == value) {
        let allowed = allowed
            .iter()
            .map(|allowed| format!("'{allowed}'"))
            .collect::<Vec<_>>()
            .join(", ");
        return Err(format!("{shown} is not one of {allowed}"));
    }
    match declaration.allowed_pattern.as_deref() {
        // A pattern that cannot be read is reported once, where it is declared; one that
        // takes for ever is left to CloudFormation.
        Some(pattern)
            if compile(pattern).is_ok_and(|regex| !regex.is_match(value).unwrap_or(true)) =>
        {
            Err(format!("{shown} does not match the pattern '{pattern}'"))
        }
        _ => Ok(()),
    }
}

fn check_number(declaration: &ParameterDeclaration, value: &str) -> Result<(), String> {
    let Some(number) = number(value) else {
        return Err("is not a number".to_owned());
    };
    match (declaration.min_value, declaration.max_value) {
        (Some(min), _) if number < min => Err(format!("is less than {min}")),
        (_, Some(max)) if number > max => Err(format!("is more than {max}")),
        _ => Ok(()),
    }
}

fn check_length(declaration: &ParameterDeclaration, value: &str) -> Result<(), String> {
    let length = value.chars().count();
    match (declaration.min_length, declaration.max_length) {
        (Some(min), _) if length < min => Err(format!(
            "has {length} characters; at least {min} are needed"
        )),
        (_, Some(max)) if length > max => Err(format!(
            "has {length} characters; at most {max} are allowed"
        )),
        _ => Ok(()),
    }
}

/// A decimal number; `inf` and `nan`, which Rust would read, are none here.
pub(super) fn number(text: &str) -> Option<f64> {
    text.chars()
        .all(|c| c.is_ascii_digit() || "+-.eE".contains(c))
        .then(|| text.parse().ok())
        .flatten()
}

/// Compiles an `AllowedPattern`, which has to match the whole value.
///
/// CloudFormation's patterns are Java's: there is look-around, and `\d`, `\w` and `\s`
/// mean ASCII. What Java has and this crate has not is an error.
pub(super) fn compile(pattern: &str) -> Result<Regex, Box<fancy_regex::Error>> {
    Regex::new(&format!(r"\A(?:{})\z", ascii_classes(pattern))).map_err(Box::new)
}

fn ascii_classes(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        // A class within brackets is fine for both: `[\d.]` is `[[0-9].]`.
        match rest.next() {
            Some('d') => out.push_str("[0-9]"),
            Some('D') => out.push_str("[^0-9]"),
            Some('w') => out.push_str("[0-9A-Za-z_]"),
            Some('W') => out.push_str("[^0-9A-Za-z_]"),
            Some('s') => out.push_str(r"[ \t\n\x0B\f\r]"),
            Some('S') => out.push_str(r"[^ \t\n\x0B\f\r]"),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out
}

#[cfg(test)]
#[path = "value_tests.rs"]
mod tests;
