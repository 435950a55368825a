//! The engine under the project file's reader: every shape knows how to read itself
//! from a node and how to describe itself as JSON Schema, side by side, so that the
//! reader and the schema cannot drift apart.
//!
//! Reading never stops at the first finding. What the keys mean together is not
//! looked at here.

use serde_json::{Map, Value as Json, json};

use crate::diagnostic::{Diagnostic, Location, closest, did_you_mean};
use crate::yaml::{Node, Value};

use super::model::Located;

/// The findings of a reading so far.
#[derive(Debug, Default)]
pub(super) struct Findings(pub(super) Vec<Diagnostic>);

impl Findings {
    pub(super) fn push(&mut self, finding: Diagnostic) {
        self.0.push(finding);
    }

    pub(super) fn error(&mut self, location: &Location, message: impl Into<String>) {
        self.push(Diagnostic::error(location, message));
    }

    /// Says that `node` is not what is expected.
    pub(super) fn unexpected(&mut self, node: &Node, expected: &str) {
        self.error(&node.location, unexpected(node, expected));
    }
}

/// `expected X, there is Y`.
pub(super) fn unexpected(node: &Node, expected: &str) -> String {
    format!("expected {expected}, there is {}", describe(node))
}

/// What a node is, short enough for one line.
fn describe(node: &Node) -> String {
    let tag = match &node.tag {
        Some(tag) => format!(" with the tag {tag}"),
        None => String::new(),
    };
    match &node.value {
        Value::Sequence(_) => format!("a list{tag}"),
        Value::Mapping(entries) if entries.is_empty() => format!("an empty mapping{tag}"),
        Value::Mapping(_) => format!("a mapping{tag}"),
        Value::Scalar(_) if node.tag.is_none() && node.is_null() => "nothing".to_owned(),
        Value::Scalar(scalar) => format!("{}{tag}", quote(&scalar.text)),
    }
}

/// A text in quotes, cut where it would make a message unreadable.
pub(super) fn quote(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown: String = text
        .chars()
        .take(LONGEST)
        .flat_map(|c| {
            let escaped: Vec<char> = if c.is_control() {
                c.escape_default().collect()
            } else {
                vec![c]
            };
            escaped
        })
        .collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    format!("'{shown}'")
}

/// The named parts of the schema, each described once.
#[derive(Debug, Default)]
pub(super) struct Definitions(pub(super) Map<String, Json>);

/// Something that can be read from a node.
pub(super) trait Shape: Sized {
    /// Reads it; `None` after a finding.
    fn read(node: &Node, findings: &mut Findings) -> Option<Self>;

    /// Its JSON Schema.
    fn schema(definitions: &mut Definitions) -> Json;
}

/// A key of an object: its name and what editors show about it.
pub(super) struct Key {
    name: &'static str,
    about: &'static str,
    default: Option<Json>,
    example: Option<Json>,
}

/// A key with what it means.
pub(super) fn key(name: &'static str, about: &'static str) -> Key {
    Key {
        name,
        about,
        default: None,
        example: None,
    }
}

impl Key {
    pub(super) fn default(mut self, default: impl Into<Json>) -> Self {
        self.default = Some(default.into());
        self
    }

    pub(super) fn example(mut self, example: impl Into<Json>) -> Self {
        self.example = Some(example.into());
        self
    }

    fn line_to_add(&self) -> String {
        match &self.example {
            Some(Json::String(text)) => format!("add '{}: {text}'", self.name),
            Some(Json::Number(number)) => format!("add '{}: {number}'", self.name),
            _ => format!("add '{}:'", self.name),
        }
    }
}

/// A mapping with known keys. Its one list of keys serves reading and describing.
pub(super) trait Object: Sized {
    /// What messages call it, for instance `a stack`.
    const NAME: &'static str;
    /// Its name in the schema, for instance `stack`.
    const DEFINITION: &'static str;
    /// What it is.
    const ABOUT: &'static str;
    /// Whether nothing at all stands for a mapping without keys.
    const MAY_BE_NOTHING: bool = false;

    /// Takes each key once.
    fn fields(fields: &mut Fields<'_>) -> Self;
}

/// The keys of an object, while it is read or described.
pub(super) enum Fields<'a> {
    /// Values are taken from a mapping.
    Reading {
        entries: &'a [(Node, Node)],
        known: Vec<&'static str>,
        missing: Vec<Key>,
        findings: &'a mut Findings,
    },
    /// Keys are written down; there are no values.
    Describing {
        properties: Map<String, Json>,
        required: Vec<Json>,
        definitions: &'a mut Definitions,
    },
}

impl Fields<'_> {
    /// A key that has to be there. `None` after a finding.
    pub(super) fn required<T: Shape>(&mut self, key: Key) -> Option<T> {
        self.take(key, true)
    }

    /// A key that may be left out. `None` after a finding, too.
    pub(super) fn optional<T: Shape>(&mut self, key: Key) -> Option<T> {
        self.take(key, false)
    }

    fn take<T: Shape>(&mut self, key: Key, is_required: bool) -> Option<T> {
        match self {
            Self::Reading {
                entries,
                known,
                missing,
                findings,
            } => {
                known.push(key.name);
                match entries.iter().find(|(k, _)| k.as_str() == Some(key.name)) {
                    Some((_, node)) => T::read(node, findings),
                    None => {
                        if is_required {
                            missing.push(key);
                        }
                        None
                    }
                }
            }
            Self::Describing {
                properties,
                required,
                definitions,
            } => {
                let mut schema = T::schema(definitions);
                if let Some(schema) = schema.as_object_mut() {
                    schema.insert("description".to_owned(), json!(key.about));
                    if let Some(default) = key.default {
                        schema.insert("default".to_owned(), default);
                    }
                    if let Some(example) = key.example {
                        schema.insert("examples".to_owned(), json!([example]));
                    }
                }
                properties.insert(key.name.to_owned(), schema);
                if is_required {
                    required.push(json!(key.name));
                }
                None
            }
        }
    }
}

/// Reports the keys of a mapping that `known` does not have; tells which keys are most
/// likely meant by them.
pub(super) fn refuse_unknown_keys<'k>(
    object: &str,
    entries: &[(Node, Node)],
    known: &[&'k str],
    findings: &mut Findings,
) -> Vec<&'k str> {
    let is_given = |known: &&str| entries.iter().any(|(key, _)| key.as_str() == Some(*known));
    let free: Vec<&'k str> = known.iter().copied().filter(|key| !is_given(key)).collect();
    let mut meant = Vec::new();
    for (key, _) in entries {
        let text = key.as_str().unwrap_or_default();
        if known.contains(&text) {
            continue;
        }
        let mut finding = Diagnostic::error(
            &key.location,
            format!("unknown key {} in {object}", quote(text)),
        );
        // A near key is a better guess when it is not there yet.
        finding.hint = match closest(text, free.iter().copied()) {
            Some(near) => {
                meant.push(near);
                Some(format!("did you mean '{near}'?"))
            }
            None => did_you_mean(text, known.iter().copied()),
        };
        findings.push(finding);
    }
    meant
}

impl<T: Object> Shape for T {
    fn read(node: &Node, findings: &mut Findings) -> Option<Self> {
        let entries = match node.entries() {
            Some(entries) if node.tag.is_none() => entries,
            None if T::MAY_BE_NOTHING && node.tag.is_none() && node.is_null() => &[],
            _ => {
                findings.unexpected(node, &format!("{} (a mapping)", T::NAME));
                return None;
            }
        };
        let mut fields = Fields::Reading {
            entries,
            known: Vec::new(),
            missing: Vec::new(),
            findings,
        };
        let object = T::fields(&mut fields);
        if let Fields::Reading {
            known,
            missing,
            findings,
            ..
        } = fields
        {
            let meant = refuse_unknown_keys(T::NAME, entries, &known, findings);
            for key in missing.iter().filter(|key| !meant.contains(&key.name)) {
                let message = format!("missing key '{}' in {}", key.name, T::NAME);
                let finding = Diagnostic::error(&node.location, message);
                findings.push(finding.with_hint(key.line_to_add()));
            }
        }
        Some(object)
    }

    fn schema(definitions: &mut Definitions) -> Json {
        let reference = json!({ "$ref": format!("#/$defs/{}", T::DEFINITION) });
        if !definitions.0.contains_key(T::DEFINITION) {
            let description = describe_object::<T>(definitions);
            definitions.0.insert(T::DEFINITION.to_owned(), description);
        }
        reference
    }
}

/// The schema of an object itself, without a reference in between.
pub(super) fn describe_object<T: Object>(definitions: &mut Definitions) -> Json {
    let mut fields = Fields::Describing {
        properties: Map::new(),
        required: Vec::new(),
        definitions,
    };
    T::fields(&mut fields);
    let mut schema = Map::new();
    schema.insert("title".to_owned(), json!(T::DEFINITION));
    schema.insert("description".to_owned(), json!(T::ABOUT));
    let types = if T::MAY_BE_NOTHING {
        json!(["object", "null"])
    } else {
        json!("object")
    };
    schema.insert("type".to_owned(), types);
    if let Fields::Describing {
        properties,
        required,
        ..
    } = fields
    {
        schema.insert("properties".to_owned(), Json::Object(properties));
        if !required.is_empty() {
            schema.insert("required".to_owned(), Json::Array(required));
        }
    }
    schema.insert("additionalProperties".to_owned(), json!(false));
    Json::Object(schema)
}

impl<T: Shape> Shape for Located<T> {
    fn read(node: &Node, findings: &mut Findings) -> Option<Self> {
        T::read(node, findings).map(|value| Located {
            value,
            location: node.location.clone(),
        })
    }

    fn schema(definitions: &mut Definitions) -> Json {
        T::schema(definitions)
    }
}
