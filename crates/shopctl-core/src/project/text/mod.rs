//! The texts that a project file holds, each with its rule: what it looks like, how
//! long it may be, how it is named in a message. The same rule reads and describes.

mod names;

pub use names::{
    AccountId, AlarmArn, CargoProfile, ExternalId, FilePath, FolderPath, HandlerName, PolicyArn,
    ProjectName, Region, ResourceTypePattern, RoleArn, SiteFile, UrlName, UrlPath,
};
pub(super) use names::{
    Argument, ConfigKey, ListItem, Literal, OutputPath, ParameterName, TagKey, TagValue,
    VariableName,
};

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value as Json, json};

use crate::diagnostic::Diagnostic;
use crate::yaml::{Node, ScalarStyle, Value};

use super::shape::{Findings, quote, unexpected};

/// What a text has to look like.
pub(in crate::project) struct Rule {
    /// Completes `expected ...`.
    expected: &'static str,
    /// Regular expression in the part of the syntax that JSON Schema shares.
    pattern: Regex,
    /// What it must not match, with the reason.
    reserved: Option<(Regex, &'static str)>,
    /// Longest text in characters.
    longest: usize,
    scalars: Scalars,
    examples: &'static [&'static str],
}

/// Which scalars are taken as the text they are written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scalars {
    /// What YAML takes for a number or a boolean has to be in quotes.
    Text,
    /// Digits go without quotes; leading zeros are kept.
    TextOrDigits,
    /// Numbers and booleans as well.
    Any,
}

impl Rule {
    #[expect(
        clippy::expect_used,
        reason = "patterns are constants of this file; a test compiles each"
    )]
    fn compile(pattern: &str) -> Regex {
        Regex::new(pattern).expect("a constant pattern compiles")
    }

    pub(super) fn new(expected: &'static str, pattern: &str, longest: usize) -> Self {
        Self {
            expected,
            pattern: Self::compile(pattern),
            reserved: None,
            longest,
            scalars: Scalars::Text,
            examples: &[],
        }
    }

    fn examples(mut self, examples: &'static [&'static str]) -> Self {
        self.examples = examples;
        self
    }

    fn any_scalar(mut self) -> Self {
        self.scalars = Scalars::Any;
        self
    }

    fn digits(mut self) -> Self {
        self.scalars = Scalars::TextOrDigits;
        self
    }

    fn reserved(mut self, pattern: &str, reason: &'static str) -> Self {
        self.reserved = Some((Self::compile(pattern), reason));
        self
    }

    /// Reads a scalar under this rule.
    fn read(&self, node: &Node, findings: &mut Findings) -> Option<String> {
        let Some(text) = node.as_str() else {
            let mut finding = Diagnostic::error(&node.location, unexpected(node, self.expected));
            if self.accepts("") && node.tag.is_none() && node.is_null() {
                finding = finding.with_hint("write \"\" for an empty text");
            }
            findings.push(finding);
            return None;
        };
        if self.scalars == Scalars::Text && is_number_or_boolean(node) {
            findings.push(
                Diagnostic::error(&node.location, unexpected(node, self.expected))
                    .with_hint(format!("write \"{text}\" to have it as a text")),
            );
            return None;
        }
        if let Some(problem) = self.problem(text) {
            let mut finding = Diagnostic::error(&node.location, problem);
            if let Some(near) = self.near(text) {
                finding = finding.with_hint(format!("did you mean '{near}'?"));
            }
            findings.push(finding);
            return None;
        }
        Some(text.to_owned())
    }

    fn problem(&self, text: &str) -> Option<String> {
        let length = text.chars().count();
        if !self.pattern.is_match(text) {
            Some(format!(
                "expected {}, there is {}",
                self.expected,
                quote(text)
            ))
        } else if length > self.longest {
            Some(format!(
                "{} has {length} characters, more than {}",
                quote(text),
                self.longest
            ))
        } else if let Some((pattern, reason)) = &self.reserved
            && pattern.is_match(text)
        {
            Some(format!("{} {reason}", quote(text)))
        } else {
            None
        }
    }

    fn accepts(&self, text: &str) -> bool {
        self.problem(text).is_none()
    }

    /// The text in the spelling that the rule wants, if that is all that is wrong.
    fn near(&self, text: &str) -> Option<String> {
        let lower = text.trim().to_lowercase();
        [
            text.trim().to_owned(),
            lower.replace(['_', ' '], "-"),
            text.trim_start_matches('/').to_owned(),
        ]
        .into_iter()
        .find(|candidate| candidate != text && !candidate.is_empty() && self.accepts(candidate))
    }

    fn schema(&self) -> Json {
        let mut schema = Map::new();
        let types = match self.scalars {
            Scalars::Text => json!("string"),
            Scalars::TextOrDigits => json!(["string", "integer"]),
            Scalars::Any => json!(["string", "number", "boolean"]),
        };
        schema.insert("type".to_owned(), types);
        schema.insert("pattern".to_owned(), json!(self.pattern.as_str()));
        schema.insert("maxLength".to_owned(), json!(self.longest));
        if let Some((pattern, _)) = &self.reserved {
            schema.insert(
                "not".to_owned(),
                json!({
                    "type": "string",
                    "pattern": pattern.as_str(),
                }),
            );
        }
        if !self.examples.is_empty() {
            schema.insert("examples".to_owned(), json!(self.examples));
        }
        Json::Object(schema)
    }
}

/// Whether YAML's core schema takes the scalar for a number or a boolean.
pub(in crate::project) fn is_number_or_boolean(node: &Node) -> bool {
    node.as_bool().is_some() || number(node).is_some()
}

/// The number that a plain scalar is in YAML's core schema; infinities and not-a-numbers,
/// which JSON does not have, are null.
pub(in crate::project) fn number(node: &Node) -> Option<Json> {
    static DECIMAL: LazyLock<Regex> =
        LazyLock::new(|| Rule::compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$"));
    static SPECIAL: LazyLock<Regex> =
        LazyLock::new(|| Rule::compile(r"^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$"));
    let Value::Scalar(scalar) = &node.value else {
        return None;
    };
    if scalar.style != ScalarStyle::Plain || node.tag.is_some() {
        return None;
    }
    let text = scalar.text.as_str();
    let based = |prefix: &str, radix: u32| {
        let digits = text.strip_prefix(prefix)?;
        u64::from_str_radix(digits, radix).ok().map(Json::from)
    };
    if SPECIAL.is_match(text) {
        return Some(Json::Null);
    }
    if DECIMAL.is_match(text) {
        let unsigned = text.strip_prefix('+').unwrap_or(text);
        let integer = unsigned.parse::<i64>().ok().map(Json::from);
        let float = || unsigned.parse::<f64>().ok().map(Json::from);
        return integer.or_else(float);
    }
    based("0x", 16).or_else(|| based("0o", 8))
}
