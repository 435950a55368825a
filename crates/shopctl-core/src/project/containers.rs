//! The general shapes: yes or no, lists, mappings with names of the user's choice, a word
//! out of a few.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::diagnostic::{Diagnostic, closest};
use crate::yaml::{Node, ScalarStyle, Value};

use super::model::Located;
use super::shape::{Definitions, Findings, Shape, quote, unexpected};

impl Shape for bool {
    fn read(node: &Node, findings: &mut Findings) -> Option<Self> {
        let value = node.as_bool();
        if value.is_none() {
            let mut finding = Diagnostic::error(&node.location, unexpected(node, "true or false"));
            let meant = node
                .as_str()
                .and_then(|text| match text.to_lowercase().as_str() {
                    "yes" | "y" | "on" | "1" | "true" => Some(true),
                    "no" | "n" | "off" | "0" | "false" => Some(false),
                    _ => None,
                });
            finding.hint = meant.map(|meant| format!("write {meant}"));
            findings.push(finding);
        }
        value
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "boolean" })
    }
}

/// A whole number within bounds, both included.
#[derive(Debug, Clone, Copy)]
pub(super) struct WholeNumber<const LEAST: u64, const MOST: u64>(pub(super) u64);

impl<const LEAST: u64, const MOST: u64> Shape for WholeNumber<LEAST, MOST> {
    fn read(node: &Node, findings: &mut Findings) -> Option<Self> {
        let number = match &node.value {
            Value::Scalar(scalar) if scalar.style == ScalarStyle::Plain && node.tag.is_none() => {
                // `010` and `+1` are other things to other readers of YAML.
                let digits = scalar.text.as_str();
                let plain = digits == "0"
                    || digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
                digits.parse().ok().filter(|_| plain)
            }
            _ => None,
        };
        let number = number.filter(|number| (LEAST..=MOST).contains(number));
        if number.is_none() {
            findings.unexpected(node, &format!("a number from {LEAST} to {MOST}"));
        }
        number.map(Self)
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "integer", "minimum": LEAST, "maximum": MOST })
    }
}

/// Tells a key with a finding (`Some(None)`) from one that is left out (`None`).
impl<T: Shape> Shape for Option<T> {
    fn read(node: &Node, findings: &mut Findings) -> Option<Self> {
        Some(T::read(node, findings))
    }

    fn schema(definitions: &mut Definitions) -> Json {
        T::schema(definitions)
    }
}

impl<T: Shape> Shape for Vec<T> {
    /// Items with findings are left out.
    fn read(node: &Node, findings: &mut Findings) -> Option<Self> {
        let Some(items) = node.items().filter(|_| node.tag.is_none()) else {
            let mut finding = Diagnostic::error(&node.location, unexpected(node, "a list"));
            finding.hint = node.as_str().and_then(as_list);
            findings.push(finding);
            return None;
        };
        Some(
            items
                .iter()
                .filter_map(|item| T::read(item, findings))
                .collect(),
        )
    }

    fn schema(definitions: &mut Definitions) -> Json {
        json!({ "type": "array", "items": T::schema(definitions) })
    }
}

/// How a text of plain words would be written as a list.
fn as_list(text: &str) -> Option<String> {
    let is_plain = |c: char| c.is_alphanumeric() || " -_./:".contains(c);
    let words: Vec<&str> = text.split_whitespace().collect();
    (!words.is_empty() && text.chars().all(is_plain))
        .then(|| format!("write [{}]", words.join(", ")))
}

/// A list whose items differ.
#[derive(Debug)]
pub(super) struct Distinct<T>(pub(super) Vec<Located<T>>);

impl<T: Shape + Borrow<str>> Shape for Distinct<T> {
    fn read(node: &Node, findings: &mut Findings) -> Option<Self> {
        let items = Vec::<Located<T>>::read(node, findings)?;
        let mut seen: BTreeMap<&str, &Located<T>> = BTreeMap::new();
        for item in &items {
            let text = item.value.borrow();
            if let Some(first) = seen.get(text) {
                findings.push(
                    Diagnostic::error(
                        &item.location,
                        format!("{} is in the list twice", quote(text)),
                    )
                    .with_hint(format!("first at {}", first.location)),
                );
            } else {
                seen.insert(text, item);
            }
        }
        Some(Self(items))
    }

    fn schema(definitions: &mut Definitions) -> Json {
        let mut schema = Vec::<T>::schema(definitions);
        schema["uniqueItems"] = json!(true);
        schema
    }
}

/// A list or mapping that holds something.
#[derive(Debug)]
pub(super) struct NonEmpty<T>(pub(super) T);

impl<T: Shape> Shape for NonEmpty<T> {
    fn read(node: &Node, findings: &mut Findings) -> Option<Self> {
        let is_empty = match &node.value {
            Value::Sequence(items) => items.is_empty(),
            Value::Mapping(entries) => entries.is_empty(),
            Value::Scalar(_) => false,
        };
        if is_empty {
            findings.error(&node.location, "expected at least one entry, there is none");
            return None;
        }
        T::read(node, findings).map(Self)
    }

    fn schema(definitions: &mut Definitions) -> Json {
        let mut schema = T::schema(definitions);
        let bound = if schema["type"] == "array" {
            "minItems"
        } else {
            "minProperties"
        };
        schema[bound] = json!(1);
        schema
    }
}

/// A mapping from names that the user chooses. Keys are kept, in the order of the
/// file, when their value has a finding (then it is `None`), so that what refers to
/// them is not reported as well.
#[derive(Debug)]
pub(super) struct Entries<K, V>(pub(super) Vec<(Located<K>, Option<V>)>);

impl<K, V> Default for Entries<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// A text that may be a key of [`Entries`].
pub(super) trait KeyShape: Shape {
    /// The key, whether it is well formed or not.
    fn unchecked(text: &str) -> Self;
}

impl<K: KeyShape, V: Shape> Shape for Entries<K, V> {
    fn read(node: &Node, findings: &mut Findings) -> Option<Self> {
        let Some(entries) = node.entries().filter(|_| node.tag.is_none()) else {
            findings.unexpected(node, "a mapping");
            return None;
        };
        let read = |(key, value): &(Node, Node)| {
            let name = K::read(key, findings)
                .unwrap_or_else(|| K::unchecked(key.as_str().unwrap_or_default()));
            let name = Located {
                value: name,
                location: key.location.clone(),
            };
            (name, V::read(value, findings))
        };
        Some(Self(entries.iter().map(read).collect()))
    }

    fn schema(definitions: &mut Definitions) -> Json {
        json!({
            "type": "object",
            "propertyNames": K::schema(definitions),
            "additionalProperties": V::schema(definitions),
        })
    }
}

/// One of a few words.
pub(super) trait Choice: Sized + Copy + 'static {
    /// The words and what they stand for.
    const WORDS: &'static [(&'static str, Self)];
    /// Other people's words for the same.
    const ALIASES: &'static [(&'static str, &'static str)] = &[];

    /// Reads one of the words.
    fn read_word(node: &Node, findings: &mut Findings) -> Option<Self> {
        let text = node.as_str();
        if let Some((_, value)) = Self::WORDS.iter().find(|(word, _)| Some(*word) == text) {
            return Some(*value);
        }
        let words: Vec<&str> = Self::WORDS.iter().map(|(word, _)| *word).collect();
        let expected = match words.split_last() {
            Some((last, others)) if !others.is_empty() => {
                format!("{} or {last}", others.join(", "))
            }
            _ => words.concat(),
        };
        let mut finding = Diagnostic::error(&node.location, unexpected(node, &expected));
        let alias = Self::ALIASES.iter().find(|(alias, _)| Some(*alias) == text);
        let near = alias
            .map(|(_, word)| *word)
            .or_else(|| text.and_then(|text| closest(text, words.iter().copied())));
        if let Some(near) = near {
            finding = finding.with_hint(format!("did you mean '{near}'?"));
        }
        findings.push(finding);
        None
    }

    /// The words as schema.
    fn words_schema() -> Json {
        let words: Vec<&str> = Self::WORDS.iter().map(|(word, _)| *word).collect();
        json!({ "type": "string", "enum": words })
    }
}
