//! Tree to JSON without a blank: what is left when a template is too large to be pleasant to
//! read. CloudFormation reads the same from it as from the YAML text.
//!
//! Functions are written in their long form, because JSON has no tags. A plain scalar that YAML
//! reads as a boolean or a number, and that JSON can spell in the same way, stays one; every
//! other one is a text, which CloudFormation takes for the same.

use super::{Node, Scalar, ScalarStyle, Value};

/// The document as JSON in one line, with a line break at its end; tells of every key and value
/// at which byte of the text it begins.
pub fn emit_compact(document: &Node, tell: &mut dyn FnMut(usize, &Node)) -> String {
    let mut text = String::new();
    write(&mut text, document, tell);
    text.push('\n');
    text
}

fn write(out: &mut String, node: &Node, tell: &mut dyn FnMut(usize, &Node)) {
    tell(out.len(), node);
    let Some(tag) = &node.tag else {
        return content(out, node, tell);
    };
    let short = tag.trim_start_matches('!');
    let name = match short {
        "Ref" | "Condition" => short.to_owned(),
        _ => format!("Fn::{short}"),
    };
    out.push('{');
    quoted(out, &name);
    out.push(':');
    match &node.value {
        // In JSON its parts are a list.
        Value::Scalar(scalar) if short == "GetAtt" => {
            let (resource, attribute) = scalar.text.split_once('.').unwrap_or((&scalar.text, ""));
            out.push('[');
            quoted(out, resource);
            out.push(',');
            quoted(out, attribute);
            out.push(']');
        }
        // `!GetAZs` alone.
        Value::Scalar(scalar) if scalar.text.is_empty() => quoted(out, ""),
        _ => content(out, node, tell),
    }
    out.push('}');
}

/// Writes a node without its tag.
fn content(out: &mut String, node: &Node, tell: &mut dyn FnMut(usize, &Node)) {
    match &node.value {
        Value::Scalar(scalar) => write_scalar(out, scalar),
        Value::Sequence(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(out, item, tell);
            }
            out.push(']');
        }
        Value::Mapping(entries) => {
            out.push('{');
            for (index, (key, value)) in entries.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                tell(out.len(), key);
                match &key.value {
                    Value::Scalar(scalar) => quoted(out, &scalar.text),
                    // The parser refuses such keys and nobody makes them.
                    Value::Sequence(_) | Value::Mapping(_) => quoted(out, ""),
                }
                out.push(':');
                write(out, value, tell);
            }
            out.push('}');
        }
    }
}

fn write_scalar(out: &mut String, scalar: &Scalar) {
    let text = scalar.text.as_str();
    if scalar.style == ScalarStyle::Plain {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return out.push_str("null"),
            "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => {
                return out.push_str("true");
            }
            "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
                return out.push_str("false");
            }
            _ if is_number(text) => return out.push_str(text),
            _ => {}
        }
    }
    quoted(out, text);
}

/// Whether JSON reads the text as the number that it is in YAML: no leading zeros or signs, and
/// not so long that a reader would round it.
fn is_number(text: &str) -> bool {
    let number = serde_json::from_str::<serde_json::Number>(text);
    number.is_ok_and(|number| number.to_string() == text)
}

fn quoted(out: &mut String, text: &str) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::yaml::parse;

    fn compact(yaml: &str) -> String {
        emit_compact(&parse("t", yaml).unwrap(), &mut |_, _| {})
    }

    #[test]
    fn what_yaml_reads_is_what_json_reads() {
        for (yaml, json) in [
            ("a: 1", r#"{"a":1}"#),
            ("a: '1'", r#"{"a":"1"}"#),
            ("a: 007", r#"{"a":"007"}"#),
            ("a: 1.50", r#"{"a":"1.50"}"#),
            (
                "a: 123456789012345678901234",
                r#"{"a":"123456789012345678901234"}"#,
            ),
            ("a: yes", r#"{"a":true}"#),
            ("a: 'yes'", r#"{"a":"yes"}"#),
            ("a: 2012-10-17", r#"{"a":"2012-10-17"}"#),
            ("a:", r#"{"a":null}"#),
            ("on: [x, {}, []]", r#"{"on":["x",{},[]]}"#),
            ("a: |\n  one\n  \"two\"\n", r#"{"a":"one\n\"two\"\n"}"#),
            ("a: !Ref B", r#"{"a":{"Ref":"B"}}"#),
            ("a: !GetAtt B.C.D", r#"{"a":{"Fn::GetAtt":["B","C.D"]}}"#),
            ("a: !GetAtt [B, C]", r#"{"a":{"Fn::GetAtt":["B","C"]}}"#),
            ("a: !GetAZs", r#"{"a":{"Fn::GetAZs":""}}"#),
            (
                "a: !If [C, !Sub x, !Condition D]",
                r#"{"a":{"Fn::If":["C",{"Fn::Sub":"x"},{"Condition":"D"}]}}"#,
            ),
        ] {
            assert_eq!(compact(yaml), format!("{json}\n"), "{yaml}");
        }
    }
}
