//! Text to tree: one document, with places, tags and scalar styles kept.
//!
//! Stricter than a YAML loader where a template would otherwise mean something else
//! than it says: a key may come once, keys are texts, and the types that
//! CloudFormation leaves out of YAML 1.1 (`!!binary`, `!!set`, `!!omap`, `!!pairs`,
//! `!!timestamp`) are refused. CloudFormation refuses aliases and merge keys as well
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html>);
//! they are resolved here, so that what is rendered holds none.
//!
//! What the document means is not looked at.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle as Written, Tag};

use super::scan_error;
use super::{Node, Scalar, ScalarStyle, Value};
use crate::diagnostic::{Diagnostic, Diagnostics, Location};

/// How deep lists and mappings may nest. No template comes near; code that walks a
/// tree may recurse because of it.
pub const MAX_DEPTH: usize = 128;

/// How many nodes all aliases of a document together may add.
const MAX_ALIASED_NODES: usize = 100_000;

/// Parses one YAML document (JSON is YAML too). `file` is the path that messages name.
pub fn parse(file: &str, text: &str) -> Result<Node, Diagnostics> {
    let mut builder = Builder::new(file);
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match builder.read(text) {
        Err(fatal) => builder.findings.push(fatal),
        Ok(()) if builder.findings.is_empty() => {
            if let Some(root) = builder.root {
                return Ok(root);
            }
            let start = builder.location(&Marker::new(0, 1, 0));
            builder
                .findings
                .push(Diagnostic::error(&start, "the file is empty"));
        }
        Ok(()) => {}
    }
    Err(Diagnostics(builder.findings))
}

/// A list or mapping whose end is still to come.
struct Open {
    tag: Option<String>,
    location: Location,
    anchor: usize,
    content: Content,
}

enum Content {
    Sequence(Vec<Node>),
    Mapping(Entries),
}

#[derive(Default)]
struct Entries {
    entries: Vec<(Node, Node)>,
    /// The key whose value is still to come.
    key: Option<Node>,
    seen: HashMap<String, Location>,
    /// Values of `<<`.
    merges: Vec<Node>,
}

struct Anchored {
    node: Node,
    nodes: usize,
    height: usize,
}

struct Builder {
    file: Arc<str>,
    open: Vec<Open>,
    anchors: HashMap<usize, Anchored>,
    aliased_nodes: usize,
    documents: usize,
    root: Option<Node>,
    /// Findings after which reading goes on.
    findings: Vec<Diagnostic>,
}

impl Builder {
    fn new(file: &str) -> Self {
        Self {
            file: file.into(),
            open: Vec::new(),
            anchors: HashMap::new(),
            aliased_nodes: 0,
            documents: 0,
            root: None,
            findings: Vec::new(),
        }
    }

    fn location(&self, marker: &Marker) -> Location {
        Location {
            file: Arc::clone(&self.file),
            line: marker.line(),
            column: marker.col() + 1,
        }
    }

    /// Reads all events; an `Err` is a finding after which nothing more can be said.
    fn read(&mut self, text: &str) -> Result<(), Diagnostic> {
        let mut parser = Parser::new_from_str(text);
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(|error| {
                let location = self.location(error.marker());
                let open = self.open.last().map(|open| &open.location);
                scan_error::explain(&location, error.info(), text, open)
            })?;
            let location = self.location(&span.start);
            match event {
                Event::Nothing | Event::StreamStart | Event::DocumentEnd => {}
                Event::StreamEnd => break,
                Event::DocumentStart(_) => self.start_document(&location)?,
                Event::Scalar(text, style, anchor, tag) => {
                    // What is neither written nor tagged is a missing value: null.
                    let tag = self.local_tag(tag.as_deref(), &location)?;
                    let (tag, style) = resolve_scalar_tag(tag, style);
                    let node = Node {
                        tag,
                        value: Value::Scalar(Scalar {
                            text: text.into_owned(),
                            style,
                        }),
                        location,
                    };
                    self.complete(node, anchor)?;
                }
                Event::Alias(anchor) => self.alias(anchor, &location)?,
                Event::SequenceStart(anchor, tag) => {
                    let content = Content::Sequence(Vec::new());
                    self.open(content, anchor, tag.as_deref(), location)?;
                }
                Event::MappingStart(anchor, tag) => {
                    let content = Content::Mapping(Entries::default());
                    self.open(content, anchor, tag.as_deref(), location)?;
                }
                Event::SequenceEnd | Event::MappingEnd => self.close()?,
            }
        }
        Ok(())
    }

    fn start_document(&mut self, location: &Location) -> Result<(), Diagnostic> {
        self.documents += 1;
        if self.documents > 1 {
            return Err(Diagnostic::error(location, "a second document starts here")
                .with_hint("a file holds one document; remove the '---'"));
        }
        Ok(())
    }

    fn open(
        &mut self,
        content: Content,
        anchor: usize,
        tag: Option<&Tag>,
        location: Location,
    ) -> Result<(), Diagnostic> {
        self.check_depth(1, &location)?;
        let tag = match self.local_tag(tag, &location)? {
            Some(LocalTag::Named(tag)) => Some(tag),
            Some(LocalTag::Core(_) | LocalTag::NonSpecific) | None => None,
        };
        self.open.push(Open {
            tag,
            location,
            anchor,
            content,
        });
        Ok(())
    }

    /// Refuses what would nest too deep with `height` more levels.
    fn check_depth(&self, height: usize, location: &Location) -> Result<(), Diagnostic> {
        if self.open.len() + height > MAX_DEPTH {
            let message = format!("nested more than {MAX_DEPTH} levels deep");
            return Err(Diagnostic::error(location, message));
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), Diagnostic> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let value = match open.content {
            Content::Sequence(items) => Value::Sequence(items),
            Content::Mapping(entries) => Value::Mapping(self.merged(entries)),
        };
        let node = Node {
            tag: open.tag,
            value,
            location: open.location,
        };
        self.complete(node, open.anchor)
    }

    /// The entries of a mapping with those of its merge keys, which never replace a
    /// key of the mapping itself; the first of several merged mappings wins.
    fn merged(&mut self, mapping: Entries) -> Vec<(Node, Node)> {
        let Entries {
            mut entries,
            mut seen,
            merges,
            ..
        } = mapping;
        for source in merges {
            let sources = match source.value {
                Value::Sequence(sources) => sources,
                _ => vec![source],
            };
            for source in sources {
                let Value::Mapping(more) = source.value else {
                    self.findings.push(Diagnostic::error(
                        &source.location,
                        format!("'<<' merges mappings, not {}", source.describe()),
                    ));
                    continue;
                };
                for (key, value) in more {
                    let text = key.as_str().unwrap_or_default().to_owned();
                    if let Entry::Vacant(place) = seen.entry(text) {
                        place.insert(key.location.clone());
                        entries.push((key, value));
                    }
                }
            }
        }
        entries
    }

    /// Puts a finished node where it belongs.
    fn complete(&mut self, node: Node, anchor: usize) -> Result<(), Diagnostic> {
        if anchor > 0 {
            let (nodes, height) = measure(&node);
            let anchored = Anchored {
                node: node.clone(),
                nodes,
                height,
            };
            self.anchors.insert(anchor, anchored);
        }
        let Some(parent) = self.open.last_mut() else {
            let absent = node.is_null() && node.tag.is_none();
            self.root = (!absent).then_some(node);
            return Ok(());
        };
        match &mut parent.content {
            Content::Sequence(items) => items.push(node),
            Content::Mapping(mapping) => match mapping.key.take() {
                None => mapping.key = Some(checked_key(node)?),
                Some(key) => {
                    if let Some(finding) = mapping.add(key, node) {
                        self.findings.push(finding);
                    }
                }
            },
        }
        Ok(())
    }

    fn alias(&mut self, anchor: usize, location: &Location) -> Result<(), Diagnostic> {
        // The anchor is known but its node has not ended: the alias is inside of it.
        let Some(anchored) = self.anchors.get(&anchor) else {
            return Err(Diagnostic::error(
                location,
                "an alias inside of the node that it names",
            ));
        };
        self.check_depth(anchored.height, location)?;
        self.aliased_nodes = self.aliased_nodes.saturating_add(anchored.nodes);
        if self.aliased_nodes > MAX_ALIASED_NODES {
            let message = format!("aliases add more than {MAX_ALIASED_NODES} nodes");
            return Err(Diagnostic::error(location, message));
        }
        let node = anchored.node.clone();
        self.complete(node, 0)
    }

    fn local_tag(
        &self,
        tag: Option<&Tag>,
        location: &Location,
    ) -> Result<Option<LocalTag>, Diagnostic> {
        let Some(tag) = tag else { return Ok(None) };
        if tag.is_yaml_core_schema() {
            return match tag.suffix.as_str() {
                "str" | "null" | "bool" | "int" | "float" | "seq" | "map" => {
                    Ok(Some(LocalTag::Core(tag.suffix.clone())))
                }
                other => Err(Diagnostic::error(
                    location,
                    format!("CloudFormation does not know the YAML type '!!{other}'"),
                )),
            };
        }
        match (tag.handle.as_str(), tag.suffix.as_str()) {
            ("!", "") | ("", "!") => Ok(Some(LocalTag::NonSpecific)),
            ("!", name) => Ok(Some(LocalTag::Named(format!("!{name}")))),
            // `!<!Ref>` is the long spelling of `!Ref`.
            ("", name) if name.starts_with('!') => Ok(Some(LocalTag::Named(name.to_owned()))),
            (handle, name) => Err(Diagnostic::error(
                location,
                format!("unknown tag '{handle}{name}'"),
            )
            .with_hint("tags are CloudFormation's short forms such as !Ref and !Sub")),
        }
    }
}

impl Entries {
    /// Adds an entry, or says why not.
    fn add(&mut self, key: Node, value: Node) -> Option<Diagnostic> {
        let Value::Scalar(scalar) = &key.value else {
            return None;
        };
        if scalar.text == "<<" && scalar.style == ScalarStyle::Plain {
            self.merges.push(value);
            return None;
        }
        if let Some(first) = self.seen.get(&scalar.text) {
            let message = format!("key '{}' is already given at {first}", scalar.text);
            return Some(Diagnostic::error(&key.location, message));
        }
        self.seen.insert(scalar.text.clone(), key.location.clone());
        self.entries.push((key, value));
        None
    }
}

/// A tag that is not refused.
enum LocalTag {
    /// `!Sub`
    Named(String),
    /// `!!str`
    Core(String),
    /// `!`
    NonSpecific,
}

/// What a tag leaves of a scalar: core tags become a style, local ones stay.
fn resolve_scalar_tag(tag: Option<LocalTag>, written: Written) -> (Option<String>, ScalarStyle) {
    let style = match written {
        Written::Plain => ScalarStyle::Plain,
        Written::SingleQuoted | Written::DoubleQuoted => ScalarStyle::Quoted,
        Written::Literal | Written::Folded => ScalarStyle::Block,
    };
    match tag {
        None => (None, style),
        Some(LocalTag::Named(tag)) => (Some(tag), style),
        Some(LocalTag::Core(name)) if name != "str" => (None, ScalarStyle::Plain),
        Some(LocalTag::Core(_) | LocalTag::NonSpecific) => match style {
            ScalarStyle::Plain => (None, ScalarStyle::Quoted),
            kept => (None, kept),
        },
    }
}

fn checked_key(node: Node) -> Result<Node, Diagnostic> {
    if node.as_str().is_some() {
        return Ok(node);
    }
    let message = match node.value {
        Value::Scalar(scalar) if node.tag.is_none() && scalar.text.is_empty() => {
            "a key is missing before ':'".to_owned()
        }
        _ => format!("a key has to be a text, not {}", node.describe()),
    };
    Err(Diagnostic::error(&node.location, message))
}

/// How many nodes a tree has, and how many levels.
fn measure(node: &Node) -> (usize, usize) {
    let children: Vec<(usize, usize)> = match &node.value {
        Value::Scalar(_) => return (1, 0),
        Value::Sequence(items) => items.iter().map(measure).collect(),
        Value::Mapping(entries) => entries
            .iter()
            .flat_map(|(key, value)| [measure(key), measure(value)])
            .collect(),
    };
    let nodes = children.iter().map(|(nodes, _)| nodes).sum::<usize>() + 1;
    let height = children.iter().map(|(_, height)| *height).max();
    (nodes, height.unwrap_or(0) + 1)
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
