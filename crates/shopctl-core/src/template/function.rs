//! Calls of intrinsic functions in either spelling, `!Sub text` or `Fn::Sub: text`.
//! What a function means is not looked at.

use std::borrow::Cow;

use crate::diagnostic::Location;
use crate::yaml::{Node, Scalar, ScalarStyle, Value};

/// A call: the function's long name (`Ref`, `Fn::Sub`, `Condition`) and its argument.
pub(crate) struct Call<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) argument: Cow<'a, Node>,
}

/// Reads a node as a call; `None` when it is data.
pub(crate) fn call(node: &Node) -> Option<Call<'_>> {
    if let Some(tag) = &node.tag {
        let short = tag.strip_prefix('!')?;
        let mut argument = node.clone();
        argument.tag = None;
        return Some(Call {
            name: Cow::Owned(long_name(short)),
            argument: Cow::Owned(argument),
        });
    }
    let [(key, argument)] = node.entries()? else {
        return None;
    };
    let name = key.as_str()?;
    // A loop is a key of its surroundings, not the value of them.
    let function = name == "Ref" || name.starts_with("Fn::") && !name.starts_with("Fn::ForEach");
    function.then_some(Call {
        name: Cow::Borrowed(name),
        argument: Cow::Borrowed(argument),
    })
}

/// Whether a node is a call.
pub(crate) fn is_call(node: &Node) -> bool {
    node.tag.is_some() || call(node).is_some()
}

/// The argument of a call of the function `name`.
pub(crate) fn argument_of<'a>(node: &'a Node, name: &str) -> Option<Cow<'a, Node>> {
    call(node)
        .filter(|call| call.name == name)
        .map(|call| call.argument)
}

/// Whether a node is `!Ref AWS::NoValue`.
pub(crate) fn is_no_value(node: &Node) -> bool {
    argument_of(node, "Ref").is_some_and(|argument| argument.as_str() == Some("AWS::NoValue"))
}

fn long_name(short: &str) -> String {
    match short {
        "Ref" | "Condition" => short.to_owned(),
        _ => format!("Fn::{short}"),
    }
}

/// A call in the short spelling, or in the long one where YAML does not allow the short.
pub(crate) fn make(name: &str, argument: Node, location: &Location) -> Node {
    let mut node = if argument.tag.is_some() {
        let key = Node::plain(name, location);
        Node::mapping(vec![(key, argument)], location)
    } else {
        let short = name.strip_prefix("Fn::").unwrap_or(name);
        argument.tagged(&format!("!{short}"))
    };
    node.location = location.clone();
    node
}

/// The call `original` with another argument, in the same spelling if that is possible.
pub(crate) fn rebuild(original: &Node, name: &str, argument: Node) -> Node {
    match (&original.tag, original.entries()) {
        (None, Some([(key, _)])) => Node {
            tag: None,
            value: Value::Mapping(vec![(key.clone(), argument)]),
            location: original.location.clone(),
        },
        _ => make(name, argument, &original.location),
    }
}

/// The path of a `GetAtt`, for instance `Bucket.Arn`; `None` when a part is computed.
pub(crate) fn attribute_path(argument: &Node) -> Option<String> {
    match argument.items() {
        Some(items) => {
            let parts: Option<Vec<&str>> = items.iter().map(Node::as_str).collect();
            Some(parts?.join("."))
        }
        None => argument.as_str().map(str::to_owned),
    }
}

/// `!Ref name`
pub(crate) fn reference(name: &str, location: &Location) -> Node {
    make("Ref", Node::string(name, location), location)
}

/// `!GetAtt path`
pub(crate) fn attribute(path: &str, location: &Location) -> Node {
    make("Fn::GetAtt", Node::string(path, location), location)
}

/// The text of an untagged scalar as CloudFormation sees it: booleans in lower case.
pub(crate) fn scalar_text(node: &Node) -> Option<String> {
    if node.tag.is_some() {
        return None;
    }
    if let Some(boolean) = node.as_bool() {
        return Some(boolean.to_string());
    }
    match &node.value {
        Value::Scalar(scalar) if !node.is_null() => Some(scalar.text.clone()),
        _ => None,
    }
}

/// Whether two nodes say the same, wherever and in whichever spelling they are written.
pub(crate) fn same(a: &Node, b: &Node) -> bool {
    if let (Some(a), Some(b)) = (call(a), call(b)) {
        if a.name != b.name {
            return false;
        }
        if a.name == "Fn::GetAtt" {
            let paths = (attribute_path(&a.argument), attribute_path(&b.argument));
            if let (Some(a), Some(b)) = paths {
                return a == b;
            }
        }
        return same(&a.argument, &b.argument);
    }
    if a.tag != b.tag {
        return false;
    }
    match (&a.value, &b.value) {
        (Value::Scalar(x), Value::Scalar(y)) => same_scalar(x, y),
        (Value::Sequence(x), Value::Sequence(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same(x, y))
        }
        (Value::Mapping(x), Value::Mapping(y)) => {
            x.len() == y.len()
                && x.iter().all(|(key, value)| {
                    key.as_str()
                        .and_then(|key| b.get(key))
                        .is_some_and(|other| same(value, other))
                })
        }
        _ => false,
    }
}

fn same_scalar(a: &Scalar, b: &Scalar) -> bool {
    let plain = |scalar: &Scalar| scalar.style == ScalarStyle::Plain;
    // A plain scalar and a text differ only where the plain one may be something else.
    a.text == b.text && (plain(a) == plain(b) || a.text.starts_with(char::is_alphabetic))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::yaml::parse;

    #[test]
    fn both_spellings_are_the_same_call() {
        for (short, long) in [
            ("!Ref A", "{Ref: A}"),
            ("!GetAtt A.B.C", "{Fn::GetAtt: [A, B.C]}"),
            (
                "!Join ['-', [a, !Ref B]]",
                "{Fn::Join: ['-', [a, {Ref: B}]]}",
            ),
        ] {
            let short = parse("t", short).unwrap();
            let long = parse("t", long).unwrap();
            assert!(same(&short, &long));
            assert!(is_call(&long));
        }
        let data = parse("t", "{Fn::ForEach::X: [a, b, {}]}").unwrap();
        assert!(!is_call(&data));
    }
}
