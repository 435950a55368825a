//! The tree: nodes with their place in the file. No parsing, no meaning.

use crate::diagnostic::Location;

/// A node of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Local tag with its exclamation mark, for instance `!Sub`; `None` for core tags.
    pub tag: Option<String>,
    /// What it holds.
    pub value: Value,
    /// Where it starts.
    pub location: Location,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A scalar as it is written.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<Node>),
    /// A mapping in the order of the file; keys are unique.
    Mapping(Vec<(Node, Node)>),
}

/// A scalar as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    /// The text, without quotes, escapes resolved.
    pub text: String,
    /// How it is written; only a plain scalar may be null, a boolean or a number.
    pub style: ScalarStyle,
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalarStyle {
    /// `text`
    Plain,
    /// `'text'` or `"text"`
    Quoted,
    /// `|` or `>`
    Block,
}

impl Node {
    /// A plain scalar made by the tool at the place of something the user wrote.
    pub fn plain(text: impl Into<String>, location: &Location) -> Self {
        Self::scalar(text, ScalarStyle::Plain, location)
    }

    /// A text that stays a text, whatever it looks like.
    pub fn string(text: impl Into<String>, location: &Location) -> Self {
        Self::scalar(text, ScalarStyle::Quoted, location)
    }

    fn scalar(text: impl Into<String>, style: ScalarStyle, location: &Location) -> Self {
        Self {
            tag: None,
            value: Value::Scalar(Scalar {
                text: text.into(),
                style,
            }),
            location: location.clone(),
        }
    }

    /// A mapping made by the tool.
    pub fn mapping(entries: Vec<(Node, Node)>, location: &Location) -> Self {
        Self {
            tag: None,
            value: Value::Mapping(entries),
            location: location.clone(),
        }
    }

    /// A list made by the tool.
    pub fn sequence(items: Vec<Node>, location: &Location) -> Self {
        Self {
            tag: None,
            value: Value::Sequence(items),
            location: location.clone(),
        }
    }

    /// The same node with a local tag, for instance `!Ref`.
    #[must_use]
    pub fn tagged(mut self, tag: &str) -> Self {
        self.tag = Some(tag.to_owned());
        self
    }

    /// The text of an untagged scalar, of any style; `None` for null.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(scalar) if self.tag.is_none() && !self.is_null() => Some(&scalar.text),
            _ => None,
        }
    }

    /// The entries of a mapping, whatever its tag.
    pub fn entries(&self) -> Option<&[(Node, Node)]> {
        match &self.value {
            Value::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// The items of a list, whatever its tag.
    pub fn items(&self) -> Option<&[Node]> {
        match &self.value {
            Value::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// The value under `key` of a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        let entries = self.entries()?;
        entries
            .iter()
            .find(|(k, _)| k.as_str() == Some(key))
            .map(|(_, value)| value)
    }

    /// The value under `key` of a mapping, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        match &mut self.value {
            Value::Mapping(entries) => entries
                .iter_mut()
                .find(|(k, _)| k.as_str() == Some(key))
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// Puts `value` under `key` of a mapping: in place if the key is there, else at the end.
    /// Does nothing to other nodes.
    pub fn set(&mut self, key: &str, value: Node) {
        if let Value::Mapping(entries) = &mut self.value {
            match entries.iter_mut().find(|(k, _)| k.as_str() == Some(key)) {
                Some((_, old)) => *old = value,
                None => {
                    let location = value.location.clone();
                    entries.push((Node::plain(key, &location), value));
                }
            }
        }
    }

    /// Whether this is the plain scalar that YAML's core schema reads as null.
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(Scalar { text, style: ScalarStyle::Plain })
            if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The boolean that a plain scalar is in YAML's core schema.
    pub fn as_bool(&self) -> Option<bool> {
        match &self.value {
            Value::Scalar(Scalar {
                text,
                style: ScalarStyle::Plain,
            }) if self.tag.is_none() => match text.as_str() {
                "true" | "True" | "TRUE" => Some(true),
                "false" | "False" | "FALSE" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// What kind of node it is, for messages: `a list`, `a mapping`, `null`, or `'text'`.
    pub fn describe(&self) -> String {
        match &self.value {
            Value::Sequence(_) => "a list".to_owned(),
            Value::Mapping(_) => "a mapping".to_owned(),
            Value::Scalar(_) if self.is_null() => "null".to_owned(),
            Value::Scalar(scalar) => {
                let tag = self
                    .tag
                    .as_deref()
                    .map(|tag| format!("{tag} "))
                    .unwrap_or_default();
                format!("'{tag}{}'", scalar.text)
            }
        }
    }
}
