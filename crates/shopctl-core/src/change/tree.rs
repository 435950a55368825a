//! Values of a template after its functions were worked out: nothing but texts, lists
//! and maps. What only the deploy finds out is a placeholder within a text, `${Table.Arn}`.

use indexmap::IndexMap;

/// A value.
///
/// Scalars are texts, because CloudFormation takes `30` and `"30"` for the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tree {
    Text(String),
    /// The value of a `NoEcho` parameter, which nobody can read back.
    Hidden(String),
    List(Vec<Tree>),
    Map(IndexMap<String, Tree>),
}

/// What stands for a secret within a longer text.
pub(super) const HIDDEN: &str = "(hidden)";

impl Tree {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn empty() -> Self {
        Self::Map(IndexMap::new())
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Tree> {
        match self {
            Tree::Map(entries) => entries.get(key),
            _ => None,
        }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Tree::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Items of a list; a single value is a list of one, as in IAM policies.
    pub(crate) fn items(&self) -> Vec<&Tree> {
        match self {
            Tree::List(items) => items.iter().collect(),
            other => vec![other],
        }
    }

    /// From a change set's JSON.
    pub(crate) fn from_json(value: &serde_json::Value) -> Option<Self> {
        use serde_json::Value as Json;
        Some(match value {
            Json::Null => return None,
            Json::Bool(boolean) => Tree::text(boolean.to_string()),
            Json::Number(number) => Tree::text(number.to_string()),
            Json::String(text) => Tree::text(text.clone()),
            Json::Array(items) => Tree::List(items.iter().filter_map(Tree::from_json).collect()),
            Json::Object(entries) => Tree::Map(
                entries
                    .iter()
                    .filter_map(|(key, value)| Some((key.clone(), Tree::from_json(value)?)))
                    .collect(),
            ),
        })
    }

    pub(crate) fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match self {
            Tree::Text(text) => Json::String(text.clone()),
            Tree::Hidden(_) => Json::String(HIDDEN.to_owned()),
            Tree::List(items) => Json::Array(items.iter().map(Tree::to_json).collect()),
            Tree::Map(entries) => Json::Object(
                entries
                    .iter()
                    .map(|(key, value)| (key.clone(), value.to_json()))
                    .collect(),
            ),
        }
    }

    /// The names in placeholders, `Table` of `${Table.Arn}`, whole: `Table.Arn`.
    pub(crate) fn placeholders(&self) -> Vec<&str> {
        let mut found = Vec::new();
        self.collect_placeholders(&mut found);
        found
    }

    fn collect_placeholders<'a>(&'a self, found: &mut Vec<&'a str>) {
        match self {
            Tree::Text(text) => found.extend(placeholders(text)),
            Tree::Hidden(_) => {}
            Tree::List(items) => items
                .iter()
                .for_each(|item| item.collect_placeholders(found)),
            Tree::Map(entries) => entries
                .values()
                .for_each(|value| value.collect_placeholders(found)),
        }
    }
}

/// The names in the placeholders of a text.
pub(super) fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split("${")
        .skip(1)
        .filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

/// The resource that a placeholder names.
pub(super) fn resource_of(placeholder: &str) -> &str {
    placeholder.split('.').next().unwrap_or(placeholder)
}
