//! What cfn-guard says, from its JSON (`validate --structured --output-format json`). Runs nothing.
//!
//! It has no levels, so what its rules refuse is an error; and it tells places only within its
//! sentences, as `[Path=/Resources/A/Properties[L:4,C:6] Value=...]`, lines and columns from 0.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A clause of a rule that a template does not keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardViolation {
    /// The rule's name.
    pub rule: String,
    /// What is wrong, in the words of the rule's author if there are any.
    pub message: String,
    /// What to do: what the author wrote behind `Fix:`.
    pub remedy: Option<String>,
    /// The logical ID that it is about.
    pub resource: Option<String>,
    /// Line and column in the checked file, both from 1.
    pub place: Option<(usize, usize)>,
}

/// Violations by the name of the file that was checked.
///
/// # Errors
/// When the text is no answer of cfn-guard's.
pub fn read_guard(json: &[u8]) -> Result<BTreeMap<String, Vec<GuardViolation>>, serde_json::Error> {
    #[derive(Deserialize)]
    struct File {
        name: String,
        not_compliant: Vec<Value>,
    }
    let files: Vec<File> = serde_json::from_slice(json)?;
    let mut found: BTreeMap<String, Vec<GuardViolation>> = BTreeMap::new();
    for file in files {
        let known = found.entry(file.name).or_default();
        for rule in &file.not_compliant {
            let name = rule.pointer("/Rule/name").and_then(Value::as_str);
            clauses(rule, &mut |messages| {
                let violation = violation(name.unwrap_or_default(), messages);
                if !known.contains(&violation) {
                    known.push(violation);
                }
            });
        }
    }
    Ok(found)
}

/// Visits the messages of every clause that failed, however deep in blocks and alternatives.
fn clauses(value: &Value, visit: &mut dyn FnMut(&Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            let messages = object.get("messages").and_then(Value::as_object);
            let failed = messages.filter(|messages| messages.values().any(Value::is_string));
            match failed {
                Some(messages) => visit(messages),
                None => object.values().for_each(|value| clauses(value, visit)),
            }
        }
        Value::Array(values) => values.iter().for_each(|value| clauses(value, visit)),
        _ => {}
    }
}

fn violation(rule: &str, messages: &Map<String, Value>) -> GuardViolation {
    let text = |name| {
        messages
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or("")
            .trim()
    };
    let own = text("error_message");
    let (message, remedy) = match text("custom_message") {
        "" => (sentence(own), None),
        authors => {
            let (message, remedy) = match authors.split_once("Fix:") {
                Some((message, remedy)) => (message, Some(words(remedy))),
                None => (authors, None),
            };
            let message = message.trim();
            (
                words(message.strip_prefix("Violation:").unwrap_or(message)),
                remedy,
            )
        }
    };
    let (path, place) = place(own).map_or(("", None), |(path, place)| (path, Some(place)));
    let mut keys = path.split('/').skip(1);
    let in_resources = keys.next() == Some("Resources");
    GuardViolation {
        rule: rule.to_owned(),
        message,
        remedy,
        resource: keys.next().filter(|_| in_resources).map(str::to_owned),
        place,
    }
}

/// The first path of the text with the place behind it.
fn place(text: &str) -> Option<(&str, (usize, usize))> {
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once("[L:")?;
        let numbers = after.split_once(']').and_then(|(numbers, _)| {
            let (line, column) = numbers.split_once(",C:")?;
            Some((line.parse::<usize>().ok()?, column.parse::<usize>().ok()?))
        });
        let begin = before.rfind(['=', '[', ' ']).map_or(0, |at| at + 1);
        let path = &before[begin..];
        // What the rule's author wrote out has a place too: 0, 0 of no path.
        if let (Some((line, column)), true) = (numbers, path.starts_with('/')) {
            return Some((path, (line + 1, column + 1)));
        }
        rest = after;
    }
}

/// cfn-guard's own sentence without the value that it repeats, which may be a whole resource.
fn sentence(text: &str) -> String {
    let end = text.find(". Value traversed to").unwrap_or(text.len());
    words(&text[..end])
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use insta::assert_snapshot;
    use serde_json::json;

    use super::*;

    fn told(checks: Value) -> String {
        let messages = json!({"custom_message": null, "error_message": null});
        let rule = json!({"Rule": {"name": "tidy", "messages": messages, "checks": checks}});
        let answer = json!([{"name": "a.yaml", "status": "FAIL", "not_compliant": [rule]}]);
        let found = read_guard(&serde_json::to_vec(&answer).unwrap()).unwrap();
        let lines = found["a.yaml"].iter().map(|found| {
            let (line, column) = found.place.unwrap_or_default();
            format!(
                "{line}:{column} {} [{}] {}; {}",
                found.resource.as_deref().unwrap_or("-"),
                found.rule,
                found.message,
                found.remedy.as_deref().unwrap_or("-")
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    fn clause(custom: Value, error: &str) -> Value {
        let messages = json!({"custom_message": custom, "error_message": error});
        json!({"Clause": {"Unary": {"context": "x", "messages": messages}}})
    }

    const MISSING: &str = "Check was not compliant as property [Encryption] is missing. Value \
        traversed to [Path=/Resources/A/Properties[L:4,C:6] Value={\"Name\":\"[L:9,C:9]\"}].";

    #[test]
    fn the_authors_words_are_told_with_the_place_in_the_template() {
        let text = "\n  Violation: a bucket\n    is encrypted\n  Fix: set it\n";
        assert_snapshot!(told(json!([clause(json!(text), MISSING)])), @"5:7 A [tidy] a bucket is encrypted; set it");
        assert_snapshot!(told(json!([clause(json!("so it is"), MISSING)])), @"5:7 A [tidy] so it is; -");
    }

    #[test]
    fn without_words_of_the_author_the_checkers_own_are_told_in_short() {
        let different = "Check was not compliant as property value \
            [Path=/Outputs/B/Value[L:2,C:10] Value=\"x\"] not equal to value [Path=[L:0,C:0] Value=\"y\"].";
        let among = "Check was not compliant as property [/Resources/F/Type[L:9,C:15]] was not \
            present in [(resolved, Path=[L:0,C:0] Value=[\"a\"])]";
        let rule =
            "Check was not compliant as dependent rule [base] did not PASS. Context [Rule(base)]";
        assert_snapshot!(told(json!([
            clause(Value::Null, MISSING),
            clause(json!(""), different),
            {"Disjunctions": {"checks": [clause(json!(""), among), clause(json!(""), among)]}},
            clause(json!(""), rule),
        ])), @r#"
        5:7 A [tidy] Check was not compliant as property [Encryption] is missing; -
        3:11 - [tidy] Check was not compliant as property value [Path=/Outputs/B/Value[L:2,C:10] Value="x"] not equal to value [Path=[L:0,C:0] Value="y"].; -
        10:16 F [tidy] Check was not compliant as property [/Resources/F/Type[L:9,C:15]] was not present in [(resolved, Path=[L:0,C:0] Value=["a"])]; -
        0:0 - [tidy] Check was not compliant as dependent rule [base] did not PASS. Context [Rule(base)]; -
        "#);
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        assert!(read_guard(b"Parsing error").is_err());
        assert!(read_guard(b"[]").unwrap().is_empty());
    }
}
