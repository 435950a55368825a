//! `ParameterSchema` of a module: the shape of the values that its inputs may have.

use regex::Regex;

use super::scope::Expander;
use crate::diagnostic::{Diagnostic, closest, did_you_mean};
use crate::template::function::{is_call, same, scalar_text};
use crate::yaml::{Node, ScalarStyle, Value};

impl Expander<'_> {
    /// `value` with the defaults of its schema; what does not fit is reported. What
    /// CloudFormation will only know at deploy time fits.
    pub(super) fn conform(&mut self, name: &str, schema: &Node, value: &Node) -> Node {
        if is_call(value) {
            return value.clone();
        }
        let value = with_boolean(schema, value);
        let problem = wrong_type(schema, &value)
            .or_else(|| wrong_scalar(schema, &value))
            .or_else(|| wrong_length(schema, &value));
        if let Some(problem) = problem {
            self.error(&value.location, format!("the input '{name}' {problem}"));
            return value;
        }
        self.check_enum(name, schema, &value);
        match &value.value {
            Value::Scalar(_) => value,
            Value::Sequence(items) => {
                let Some(items_schema) = schema.get("Items") else {
                    return value;
                };
                let items = items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| {
                        self.conform(&format!("{name}[{index}]"), items_schema, item)
                    })
                    .collect();
                Node {
                    value: Value::Sequence(items),
                    ..value.clone()
                }
            }
            Value::Mapping(_) => self.conform_object(name, schema, &value),
        }
    }

    fn conform_object(&mut self, name: &str, schema: &Node, value: &Node) -> Node {
        for required in schema.get("Required").and_then(Node::items).unwrap_or(&[]) {
            let Some(required) = required.as_str() else {
                continue;
            };
            if value.get(required).is_none() {
                let message = format!("the input '{name}' needs the property '{required}'");
                let known = value.entries().unwrap_or(&[]);
                let known = known.iter().filter_map(|(key, _)| key.as_str());
                let mut found = Diagnostic::error(&value.location, message);
                found.hint = closest(required, known).map(|near| format!("it has '{near}'"));
                self.report(found);
            }
        }
        let mut value = value.clone();
        for (key, property) in schema
            .get("Properties")
            .and_then(Node::entries)
            .unwrap_or(&[])
        {
            let Some(word) = key.as_str() else { continue };
            let given = value.get(word).or_else(|| property.get("Default")).cloned();
            if let Some(given) = given {
                let given = self.conform(&format!("{name}.{word}"), property, &given);
                value.set(word, given);
            }
        }
        value
    }

    fn check_enum(&mut self, name: &str, schema: &Node, value: &Node) {
        let Some(allowed) = schema.get("Enum").and_then(Node::items) else {
            return;
        };
        let text = scalar_text(value);
        let fits = |item: &Node| same(item, value) || text.is_some() && scalar_text(item) == text;
        if allowed.iter().any(fits) {
            return;
        }
        let text = text.unwrap_or_else(|| value.describe());
        let allowed: Vec<String> = allowed.iter().filter_map(scalar_text).collect();
        let message = format!("the input '{name}' may not be '{text}'");
        let mut found = Diagnostic::error(&value.location, message);
        found.hint = did_you_mean(&text, allowed.iter().map(String::as_str));
        self.report(found);
    }
}

/// Texts such as `yes` are booleans where the schema wants one.
fn with_boolean(schema: &Node, value: &Node) -> Node {
    let wanted = schema.get("Type").and_then(Node::as_str) == Some("Boolean");
    let boolean = value.as_str().filter(|_| wanted).and_then(|text| {
        match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Some("true"),
            "false" | "no" | "off" => Some("false"),
            _ => None,
        }
    });
    match boolean {
        Some(boolean) => Node::plain(boolean, &value.location),
        None => value.clone(),
    }
}

fn wrong_type(schema: &Node, value: &Node) -> Option<String> {
    let wanted = schema.get("Type")?.as_str()?;
    let fits = match (wanted, &value.value) {
        _ if value.is_null() => true,
        ("String", Value::Scalar(scalar)) => {
            scalar.style != ScalarStyle::Plain
                || value.as_bool().is_none() && scalar.text.parse::<f64>().is_err()
        }
        ("Number", Value::Scalar(scalar)) => scalar.text.parse::<f64>().is_ok(),
        ("Boolean", Value::Scalar(_)) => value.as_bool().is_some(),
        ("Array", Value::Sequence(_)) | ("Object", Value::Mapping(_)) => true,
        ("String" | "Number" | "Boolean" | "Array" | "Object", _) => false,
        _ => true,
    };
    (!fits).then(|| format!("is of type {wanted}, not {}", value.describe()))
}

fn wrong_scalar(schema: &Node, value: &Node) -> Option<String> {
    let text = scalar_text(value)?;
    match schema.get("Type")?.as_str()? {
        "String" => {
            let pattern = schema.get("Pattern")?.as_str()?;
            let regex = match Regex::new(&format!("^(?:{pattern})")) {
                Ok(regex) => regex,
                Err(error) => return Some(format!("has a pattern that is wrong: {error}")),
            };
            (!regex.is_match(&text)).then(|| format!("does not match {pattern}: '{text}'"))
        }
        "Number" => {
            let number: f64 = text.parse().ok()?;
            let bound = |key: &str| scalar_text(schema.get(key)?)?.parse::<f64>().ok();
            let wrong = |key: &str, fits: fn(f64, f64) -> bool, words: &str| {
                let bound = bound(key)?;
                (!fits(number, bound)).then(|| format!("is {words} {bound}, not {text}"))
            };
            wrong("Minimum", |n, b| n >= b, "at least")
                .or_else(|| wrong("Maximum", |n, b| n <= b, "at most"))
                .or_else(|| wrong("ExclusiveMinimum", |n, b| n > b, "more than"))
                .or_else(|| wrong("ExclusiveMaximum", |n, b| n < b, "less than"))
        }
        _ => None,
    }
}

fn wrong_length(schema: &Node, value: &Node) -> Option<String> {
    let (length, least, most, what) = match &value.value {
        Value::Scalar(scalar) if schema.get("Type")?.as_str()? == "String" => {
            let length = scalar.text.chars().count();
            (length, "MinLength", "MaxLength", "characters")
        }
        Value::Sequence(items) => (items.len(), "MinItems", "MaxItems", "items"),
        _ => return None,
    };
    let bound = |key: &str| scalar_text(schema.get(key)?)?.parse::<usize>().ok();
    if let Some(least) = bound(least).filter(|least| length < *least) {
        return Some(format!("has {length} {what}, at least {least} are needed"));
    }
    bound(most)
        .filter(|most| length > *most)
        .map(|most| format!("has {length} {what}, at most {most} are allowed"))
}
