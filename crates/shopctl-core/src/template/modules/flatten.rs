//! `Fn::Flatten`: items out of nested lists and mappings, shaped by a template.
//!
//! `Source` is where they come from, `Pattern` selects (`$.*.items[*]`), `Transform` makes
//! an item of each by `Template` (for every combination of its `Variables`), `GroupBy`
//! gathers them by an attribute.

use indexmap::IndexMap;

use crate::diagnostic::Diagnostic;
use crate::template::function::{is_call, scalar_text};
use crate::yaml::{Node, ScalarStyle, Value};

/// Evaluates the function's argument.
pub(super) fn flatten(argument: &Node) -> Result<Node, Diagnostic> {
    let location = &argument.location;
    if is_call(argument) {
        return Err(unknown(argument));
    }
    if argument.entries().is_none() {
        return Ok(match argument.items() {
            Some(_) => argument.clone(),
            None => Node::sequence(vec![argument.clone()], location),
        });
    }
    let Some(source) = argument.get("Source").filter(|source| !source.is_null()) else {
        return Err(Diagnostic::error(location, "Fn::Flatten needs a 'Source'"));
    };
    if is_call(source) {
        return Err(unknown(source));
    }
    let mut items = match argument.get("Pattern") {
        Some(pattern) => extract(source, text_of(pattern, "Pattern")?),
        None => items_of(source),
    };
    if let Some(transform) = argument.get("Transform") {
        items = transformed(&items, transform)?;
    }
    match argument.get("GroupBy") {
        Some(attribute) => Ok(grouped(&items, text_of(attribute, "GroupBy")?, argument)),
        None => Ok(Node::sequence(items, location)),
    }
}

fn unknown(node: &Node) -> Diagnostic {
    Diagnostic::error(
        &node.location,
        "Fn::Flatten can only flatten what is known when the template is rendered",
    )
}

fn text_of<'a>(node: &'a Node, what: &str) -> Result<&'a str, Diagnostic> {
    node.as_str().ok_or_else(|| {
        let message = format!("'{what}' of Fn::Flatten is a text, not {}", node.describe());
        Diagnostic::error(&node.location, message)
    })
}

/// The items of a source without a pattern: a mapping has one for each value, and one for
/// each item of a value that is a list.
fn items_of(source: &Node) -> Vec<Node> {
    let single =
        |key: &Node, value: &Node| Node::mapping(vec![(key.clone(), value.clone())], &key.location);
    match &source.value {
        Value::Sequence(items) => items.clone(),
        Value::Scalar(_) => vec![source.clone()],
        Value::Mapping(entries) => entries
            .iter()
            .flat_map(|(key, value)| match value.items() {
                Some(items) => items.iter().map(|item| single(key, item)).collect(),
                None => vec![single(key, value)],
            })
            .collect(),
    }
}

/// The values that a pattern such as `$.*.items[*]` selects.
fn extract(source: &Node, pattern: &str) -> Vec<Node> {
    let pattern = pattern.strip_prefix('$').unwrap_or(pattern);
    let mut values = vec![source.clone()];
    for segment in segments(pattern) {
        values = values
            .iter()
            .flat_map(|value| select(value, &segment))
            .collect();
    }
    values
}

/// `a[*].b` as `a`, `[*]`, `b`.
fn segments(pattern: &str) -> Vec<String> {
    let mut segments = vec![String::new()];
    let mut in_brackets = false;
    for c in pattern.chars() {
        match c {
            '[' if !in_brackets => {
                in_brackets = true;
                segments.push("[".to_owned());
                continue;
            }
            '.' if !in_brackets => {
                segments.push(String::new());
                continue;
            }
            ']' => in_brackets = false,
            _ => {}
        }
        if let Some(last) = segments.last_mut() {
            last.push(c);
        }
        if c == ']' {
            segments.push(String::new());
        }
    }
    segments.retain(|segment| !segment.is_empty());
    segments
}

fn select(value: &Node, segment: &str) -> Vec<Node> {
    let index = segment
        .strip_prefix('[')
        .and_then(|segment| segment.strip_suffix(']'));
    match (&value.value, index) {
        (Value::Mapping(entries), None) if segment == "*" => {
            entries.iter().map(|(_, value)| value.clone()).collect()
        }
        (Value::Mapping(_), _) => value.get(segment).cloned().into_iter().collect(),
        (Value::Sequence(items), Some("*")) => items.clone(),
        (Value::Sequence(items), Some(index)) => {
            let item = index
                .parse::<usize>()
                .ok()
                .and_then(|index| items.get(index));
            item.cloned().into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn transformed(items: &[Node], transform: &Node) -> Result<Vec<Node>, Diagnostic> {
    let Some(template) = transform.get("Template") else {
        return Err(Diagnostic::error(
            &transform.location,
            "'Transform' of Fn::Flatten needs a 'Template'",
        ));
    };
    let mut patterns = Vec::new();
    if let Some(variables) = transform.get("Variables") {
        for (name, pattern) in variables.entries().unwrap_or(&[]) {
            patterns.push((text_of(name, "Variables")?, text_of(pattern, "Variables")?));
        }
    }
    let mut out = Vec::new();
    for item in items.iter().flat_map(with_nested) {
        let item = unwrapped(&item);
        for combination in combinations(&item, &patterns) {
            out.push(apply(template, &combination));
        }
    }
    Ok(out)
}

/// An item, and what a mapping with a single key holds in lists.
fn with_nested(item: &Node) -> Vec<Node> {
    let mut out = vec![item.clone()];
    if let Some([(_, value)]) = item.entries() {
        match &value.value {
            Value::Sequence(items) => out.extend(items.iter().cloned()),
            Value::Mapping(entries) => {
                let lists = entries.iter().filter_map(|(_, value)| value.items());
                out.extend(lists.flatten().cloned());
            }
            Value::Scalar(_) => {}
        }
    }
    out
}

/// What a mapping with a single key holds, if that is a mapping.
fn unwrapped(item: &Node) -> Node {
    match item.entries() {
        Some([(_, value)]) if value.entries().is_some() => value.clone(),
        _ => item.clone(),
    }
}

type Variables<'a> = IndexMap<&'a str, Node>;

/// Every combination of the values of the variables; the first one changes slowest.
fn combinations<'a>(item: &Node, patterns: &[(&'a str, &'a str)]) -> Vec<Variables<'a>> {
    let mut out = vec![Variables::from_iter([("item", item.clone())])];
    for (name, pattern) in patterns {
        let values = extract(item, pattern.strip_prefix("$item.").unwrap_or(pattern));
        out = out
            .into_iter()
            .flat_map(|variables| {
                values.iter().map(move |value| {
                    let mut variables = variables.clone();
                    variables.insert(name, value.clone());
                    variables
                })
            })
            .collect();
    }
    out
}

fn apply(template: &Node, variables: &Variables<'_>) -> Node {
    let value = match &template.value {
        Value::Scalar(scalar) if template.tag.is_none() && scalar.text.contains('$') => {
            return filled(&scalar.text, template, variables);
        }
        Value::Scalar(_) => return template.clone(),
        Value::Sequence(items) => {
            Value::Sequence(items.iter().map(|item| apply(item, variables)).collect())
        }
        Value::Mapping(entries) => Value::Mapping(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), apply(value, variables)))
                .collect(),
        ),
    };
    Node {
        value,
        ..template.clone()
    }
}

/// A text with `$name`, `$name.path` and `${name.path}` filled in; a number when it then
/// is one. A text that is a variable and nothing else may stand for a list or a mapping,
/// of which the AWS CLI would write the Python text.
fn filled(text: &str, node: &Node, variables: &Variables<'_>) -> Node {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('$') {
        out.push_str(&rest[..start]);
        let after = &rest[start + 1..];
        let (path, end) = match after
            .strip_prefix('{')
            .and_then(|inner| inner.split_once('}'))
        {
            Some((path, tail)) => (path.trim(), tail),
            None => {
                let end = after
                    .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'))
                    .unwrap_or(after.len());
                after.split_at(end)
            }
        };
        let value = lookup(path, variables);
        match value.as_ref().map(|value| (scalar_text(value), value)) {
            Some((Some(value), _)) => out.push_str(&value),
            Some((None, value)) if out.is_empty() && end.is_empty() => return value.clone(),
            _ => out.push_str(&rest[start..rest.len() - end.len()]),
        }
        rest = end;
    }
    out.push_str(rest);
    let number = out.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
        && out.parse::<f64>().is_ok();
    let mut filled = Node::string(out, &node.location);
    if let Value::Scalar(scalar) = &mut filled.value
        && number
    {
        scalar.style = ScalarStyle::Plain;
    }
    filled
}

fn lookup(path: &str, variables: &Variables<'_>) -> Option<Node> {
    let mut names = path.split('.');
    let first = variables.get(names.next()?)?;
    names.try_fold(first, |node, name| node.get(name)).cloned()
}

fn grouped(items: &[Node], attribute: &str, argument: &Node) -> Node {
    let mut groups: IndexMap<String, Vec<Node>> = IndexMap::new();
    for item in items {
        if let Some(key) = item.get(attribute).and_then(scalar_text) {
            groups.entry(key).or_default().push(item.clone());
        }
    }
    let location = &argument.location;
    let entries = groups
        .into_iter()
        .map(|(key, items)| (Node::string(key, location), Node::sequence(items, location)))
        .collect();
    Node::mapping(entries, location)
}
