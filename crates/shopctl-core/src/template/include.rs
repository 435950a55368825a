//! `AWS::Include` of a local file: the snippet is put in place when rendering. The result
//! is what CloudFormation's macro makes of an uploaded snippet, without the upload; and
//! short tags work in it, which the macro does not understand.
//!
//! Locations on S3 and computed locations are left to CloudFormation.

use super::files::{Files, path_at, read_text};
use super::function::call;
use crate::diagnostic::Diagnostic;
use crate::yaml::{Node, Value, parse};

/// Puts the snippets in place.
pub(crate) fn inline(document: Node, files: &dyn Files) -> Result<Node, Vec<Diagnostic>> {
    let mut includer = Includer {
        files,
        chain: Vec::new(),
        errors: Vec::new(),
    };
    let document = includer.inline(&document);
    let document = includer.inline_section(document);
    if includer.errors.is_empty() {
        Ok(document)
    } else {
        Err(includer.errors)
    }
}

struct Includer<'a> {
    files: &'a dyn Files,
    /// Snippets that are being read.
    chain: Vec<String>,
    errors: Vec<Diagnostic>,
}

impl Includer<'_> {
    fn inline(&mut self, node: &Node) -> Node {
        // `!Transform {Name: AWS::Include, ...}`
        if node.tag.is_some()
            && let Some(call) = call(node)
            && call.name == "Fn::Transform"
            && let Some(location) = local_location(&call.argument)
        {
            return self.snippet(location).unwrap_or_else(|| node.clone());
        }
        let value = match &node.value {
            Value::Scalar(_) => return node.clone(),
            Value::Sequence(items) => {
                Value::Sequence(items.iter().map(|item| self.inline(item)).collect())
            }
            Value::Mapping(entries) => return self.inline_mapping(node, entries),
        };
        Node {
            value,
            ..node.clone()
        }
    }

    fn inline_mapping(&mut self, node: &Node, entries: &[(Node, Node)]) -> Node {
        let mut out: Vec<(Node, Node)> = Vec::new();
        for (key, value) in entries {
            let location = (key.as_str() == Some("Fn::Transform"))
                .then(|| local_location(value))
                .flatten();
            let Some(location) = location else {
                out.push((key.clone(), self.inline(value)));
                continue;
            };
            let Some(snippet) = self.snippet(location) else {
                continue;
            };
            match &snippet.value {
                Value::Mapping(more) => self.add(&mut out, more),
                _ if entries.len() == 1 => return snippet,
                _ => self.errors.push(Diagnostic::error(
                    &snippet.location,
                    "a snippet beside other keys is a mapping",
                )),
            }
        }
        Node {
            value: Value::Mapping(out),
            ..node.clone()
        }
    }

    fn add(&mut self, out: &mut Vec<(Node, Node)>, more: &[(Node, Node)]) {
        for (key, value) in more {
            let known = |(other, _): &&(Node, Node)| other.as_str() == key.as_str();
            if let Some((other, _)) = out.iter().find(known) {
                let name = key.as_str().unwrap_or("");
                self.errors.push(Diagnostic::error(
                    &key.location,
                    format!("'{name}' of the snippet is at {} already", other.location),
                ));
            } else {
                out.push((key.clone(), value.clone()));
            }
        }
    }

    /// The section `Transform` may include a snippet with sections.
    fn inline_section(&mut self, document: Node) -> Node {
        let Some(section) = document.get("Transform").cloned() else {
            return document;
        };
        let one = [section.clone()];
        let (local, rest): (Vec<Node>, Vec<Node>) = section
            .items()
            .unwrap_or(&one)
            .iter()
            .cloned()
            .partition(|item| local_location(item).is_some());
        if local.is_empty() {
            return document;
        }
        let mut document = document;
        let snippets: Vec<Node> = local
            .iter()
            .filter_map(|item| self.snippet(local_location(item)?))
            .collect();
        let Value::Mapping(sections) = &mut document.value else {
            return document;
        };
        sections.retain(|(key, _)| key.as_str() != Some("Transform") || !rest.is_empty());
        for (key, value) in sections.iter_mut() {
            if key.as_str() == Some("Transform") {
                *value = Node::sequence(rest.clone(), &section.location);
            }
        }
        for snippet in snippets {
            for (key, value) in snippet.entries().unwrap_or(&[]) {
                let known = |(other, _): &&mut (Node, Node)| other.as_str() == key.as_str();
                match sections
                    .iter_mut()
                    .find(known)
                    .map(|(_, old)| &mut old.value)
                {
                    Some(Value::Mapping(old)) => {
                        self.add(old, value.entries().unwrap_or(&[]));
                    }
                    Some(_) => self.errors.push(Diagnostic::error(
                        &key.location,
                        "the template has this section already",
                    )),
                    None => sections.push((key.clone(), value.clone())),
                }
            }
        }
        document
    }

    /// The content of the snippet that is named at `location`.
    fn snippet(&mut self, location: &Node) -> Option<Node> {
        let result = path_at(&location.location, location.as_str()?)
            .map_err(|error| vec![error])
            .and_then(|path| {
                if self.chain.contains(&path) {
                    let chain = self.chain.join(" -> ");
                    let message = format!("a snippet includes itself: {chain} -> {path}");
                    return Err(vec![Diagnostic::error(&location.location, message)]);
                }
                let text = read_text(self.files, &path, &location.location)
                    .map_err(|error| vec![error])?;
                let snippet = parse(&path, &text).map_err(|errors| errors.0)?;
                self.chain.push(path);
                let snippet = self.inline(&snippet);
                self.chain.pop();
                Ok(snippet)
            });
        match result {
            Ok(snippet) => Some(snippet),
            Err(errors) => {
                self.errors.extend(errors);
                None
            }
        }
    }
}

/// The location of an include of a local file.
fn local_location(transform: &Node) -> Option<&Node> {
    if transform.get("Name")?.as_str()? != "AWS::Include" {
        return None;
    }
    let location = transform.get("Parameters")?.get("Location")?;
    let text = location.as_str()?;
    (!text.contains("://")).then_some(location)
}
