//! Names in `GetAtt` and the like, taken apart. What they stand for is not looked up.

use crate::yaml::{Node, Value};

/// A name taken apart: `Content[A].Arn`, `Content.*.Arn`, `Bucket.Arn`, `Bucket`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Path<'a> {
    pub(super) base: &'a str,
    /// `[A]`, `[0]`, `[*]`
    pub(super) selector: Option<Selector<'a>>,
    /// What comes after the dot.
    pub(super) rest: Option<&'a str>,
}

/// Which items of a loop or a map are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Selector<'a> {
    All,
    Index(usize),
    Key(&'a str),
}

impl<'a> Path<'a> {
    /// Takes a text apart; `None` when it is no path.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let end = text.find(['.', '[']).unwrap_or(text.len());
        let (base, tail) = text.split_at(end);
        let (selector, tail) = match tail.strip_prefix('[') {
            Some(tail) => {
                let (inner, tail) = tail.split_once(']')?;
                (Some(Selector::parse(inner)), tail)
            }
            None => (None, tail),
        };
        let rest = match tail.strip_prefix('.') {
            Some(rest) => Some(rest),
            None if tail.is_empty() => None,
            None => return None,
        };
        match rest.and_then(|rest| rest.strip_prefix("*.")) {
            Some(rest) if selector.is_none() => Some(Self {
                base,
                selector: Some(Selector::All),
                rest: Some(rest),
            }),
            _ => Some(Self {
                base,
                selector,
                rest,
            }),
        }
    }
}

impl<'a> Selector<'a> {
    /// Reads what is between brackets.
    pub(super) fn parse(inner: &'a str) -> Self {
        let inner = inner.trim().trim_matches(['"', '\'']);
        match inner {
            // `[]` is the older spelling.
            "" | "*" => Self::All,
            _ => inner.parse().map_or(Self::Key(inner), Self::Index),
        }
    }

    /// Whether an item is meant.
    pub(super) fn picks(self, index: usize, key: &str) -> bool {
        match self {
            Self::All => true,
            Self::Index(wanted) => wanted == index,
            Self::Key(wanted) => wanted == key,
        }
    }
}

/// What of a path comes after its base.
pub(super) fn show(path: &Path<'_>) -> String {
    let selector = match path.selector {
        None => String::new(),
        Some(Selector::All) => "*".to_owned(),
        Some(Selector::Index(index)) => index.to_string(),
        Some(Selector::Key(key)) => key.to_owned(),
    };
    match path.rest {
        Some(rest) if selector.is_empty() => rest.to_owned(),
        Some(rest) => format!("{selector}.{rest}"),
        None => selector,
    }
}

/// What is at a path within the value of an input.
pub(super) fn within(value: &Node, path: &Path<'_>) -> Option<Node> {
    let dotted = |node: &Node| {
        let mut names = path.rest.map(|rest| rest.split('.')).into_iter().flatten();
        names.try_fold(node, |node, name| node.get(name)).cloned()
    };
    match path.selector {
        None => dotted(value),
        Some(Selector::All) => {
            let nodes = match (&value.value, path.rest) {
                _ if value.tag.is_some() => return None,
                (Value::Mapping(entries), None) => {
                    entries.iter().map(|(key, _)| key.clone()).collect()
                }
                (Value::Mapping(entries), Some(_)) => entries
                    .iter()
                    .filter_map(|(_, value)| dotted(value))
                    .collect(),
                (Value::Sequence(items), _) => items.iter().filter_map(dotted).collect(),
                (Value::Scalar(_), _) => return None,
            };
            Some(Node::sequence(nodes, &value.location))
        }
        Some(Selector::Key(key)) => dotted(value.get(key)?),
        Some(Selector::Index(index)) => {
            let by_key = value.get(&index.to_string());
            dotted(by_key.or_else(|| value.items()?.get(index))?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_paths_apart() {
        for (text, base, selector, rest) in [
            ("Bucket", "Bucket", None, None),
            ("Bucket.Arn", "Bucket", None, Some("Arn")),
            ("A[*].B", "A", Some(Selector::All), Some("B")),
            ("A[].B", "A", Some(Selector::All), Some("B")),
            ("A.*.B", "A", Some(Selector::All), Some("B")),
            ("A[0].B.C", "A", Some(Selector::Index(0)), Some("B.C")),
            ("A['x.y'].B", "A", Some(Selector::Key("x.y")), Some("B")),
            ("A[k]", "A", Some(Selector::Key("k")), None),
        ] {
            let expected = Path {
                base,
                selector,
                rest,
            };
            assert_eq!(Path::parse(text), Some(expected), "{text}");
        }
        assert_eq!(Path::parse("A[0"), None);
        assert_eq!(Path::parse("A[0]x"), None);
    }
}
