//! From scopes to one document: the resources of all modules, with their overrides, in
//! place of the section `Modules`.

use std::collections::{BTreeMap, HashSet};

use indexmap::IndexMap;

use super::conditions::Verdict;
use super::constants;
use super::scope::{Expander, ROOT, ScopeId};
use super::sub_text;
use crate::diagnostic::{Diagnostic, Location, Severity};
use crate::template::files::Files;
use crate::template::function::{is_call, same};
use crate::yaml::{Node, Value};

/// A template without modules, and the warnings on the way to it.
#[derive(Debug)]
pub(crate) struct Expanded {
    pub(crate) document: Node,
    /// Where names are declared that modules and loops used up.
    pub(crate) used: Vec<Location>,
    pub(crate) warnings: Vec<Diagnostic>,
}

/// Puts the modules of the template `document` in place. `values` are the values that the
/// environment gives to parameters; loops over a parameter use them.
pub(crate) fn expand(
    mut document: Node,
    file: &str,
    files: &dyn Files,
    values: &BTreeMap<String, String>,
) -> Result<Expanded, Vec<Diagnostic>> {
    let mut expander = Expander::new(files, values);
    let start = document.location.clone();
    constants::apply(&mut document, &mut expander.diagnostics);
    expander.add_scope(&document, None, "", file, &start);
    expander.note_used(&document);
    let document = expander.document(&document);
    let used = expander.used;
    let warnings = expander.diagnostics;
    let failed = warnings.iter().any(|d| d.severity == Severity::Error);
    if failed {
        return Err(warnings);
    }
    Ok(Expanded {
        document,
        used,
        warnings,
    })
}

pub(super) type Entries = Vec<(Node, Node)>;

impl Expander<'_> {
    fn document(&mut self, document: &Node) -> Node {
        let Value::Mapping(sections) = &document.value else {
            return document.clone();
        };
        let resources = self.emit(ROOT);
        let resources = self.without_clashes(resources);
        let mut out = document.clone();
        if let Value::Mapping(entries) = &mut out.value {
            entries.retain(|(key, _)| !matches!(key.as_str(), Some("Modules" | "Packages")));
        }
        // The order of sections means nothing; new ones come where they are looked for.
        let has_modules = sections
            .iter()
            .any(|(key, _)| key.as_str() == Some("Modules"));
        if let Some(old) = document.get("Outputs") {
            let outputs = self.resolve_children(ROOT, old);
            out.set("Outputs", outputs);
        }
        match out.get_mut("Resources") {
            Some(section) if section.entries().is_some() || section.is_null() && has_modules => {
                section.value = Value::Mapping(resources);
            }
            Some(_) => {}
            None if has_modules => {
                let section = Node::mapping(resources, &document.location);
                insert_before_outputs(&mut out, "Resources", section);
            }
            None => {}
        }
        self.drop_unused_conditions(&out);
        self.add_section(&mut out, "Conditions", |this| &this.conditions);
        self.add_section(&mut out, "Mappings", |this| &this.mappings);
        self.add_transforms(&mut out);
        out
    }

    /// What is given to a module is used, even if the module makes nothing of it here.
    fn note_used(&mut self, document: &Node) {
        let mut texts = HashSet::new();
        if let Some(modules) = document.get("Modules") {
            collect_texts(modules, &mut texts);
        }
        let variables: Vec<String> = texts.iter().flat_map(|t| sub_text::variables(t)).collect();
        texts.extend(variables);
        for section in ["Parameters", "Conditions", "Mappings"] {
            let entries = document.get(section).and_then(Node::entries);
            for (key, _) in entries.unwrap_or(&[]) {
                if key.as_str().is_some_and(|name| texts.contains(name)) {
                    self.used.push(key.location.clone());
                }
            }
        }
    }

    /// Drops conditions of modules that nothing refers to; they would be reported, and who
    /// uses a module cannot mend that.
    fn drop_unused_conditions(&mut self, document: &Node) {
        let mut texts = HashSet::new();
        for section in ["Resources", "Outputs", "Conditions"] {
            if let Some(node) = document.get(section) {
                collect_texts(node, &mut texts);
            }
        }
        let mut kept = IndexMap::new();
        // A condition that is kept may keep others.
        while let Some(name) = self.conditions.keys().find(|name| texts.contains(*name)) {
            let name = name.clone();
            if let Some(entry) = self.conditions.shift_remove(&name) {
                collect_texts(&entry.1, &mut texts);
                kept.insert(name, entry);
            }
        }
        self.conditions = kept;
    }

    fn add_section(
        &mut self,
        document: &mut Node,
        name: &str,
        emitted: impl Fn(&Self) -> &IndexMap<String, (Location, Node)>,
    ) {
        let emitted: Vec<(String, Location, Node)> = emitted(self)
            .iter()
            .map(|(name, (location, value))| (name.clone(), location.clone(), value.clone()))
            .collect();
        let Some((_, first, _)) = emitted.first() else {
            return;
        };
        if document.get(name).is_none() {
            let section = Node::mapping(Vec::new(), first);
            insert_before_outputs(document, name, section);
        }
        for (entry, location, value) in emitted {
            let Some(section) = document.get_mut(name) else {
                return;
            };
            match section.get(&entry) {
                Some(other) if same(other, &value) => {}
                Some(other) => {
                    let message = format!(
                        "'{entry}' in '{name}' comes from a module and from {}",
                        other.location
                    );
                    self.error(&location, message);
                }
                None => {
                    if let Value::Mapping(entries) = &mut section.value {
                        entries.push((Node::string(entry, &location), value));
                    }
                }
            }
        }
    }

    fn add_transforms(&mut self, document: &mut Node) {
        let mut all = std::mem::take(&mut self.transforms);
        let Some(first) = all.first().cloned() else {
            return;
        };
        if let Some(own) = document.get("Transform") {
            let one = [own.clone()];
            for item in own.items().unwrap_or(&one) {
                if !all.iter().any(|o| same(o, item)) {
                    all.push(item.clone());
                }
            }
        }
        let section = match all.as_slice() {
            [only] if only.as_str().is_some() => only.clone(),
            _ => Node::sequence(all, &first.location),
        };
        if document.get("Transform").is_some() {
            document.set("Transform", section);
        } else {
            insert_before_outputs(document, "Transform", section);
        }
    }

    /// The resources of a scope and of all modules within it, under their final names.
    fn emit(&mut self, scope: ScopeId) -> Entries {
        let conditions: Vec<String> = self.scopes[scope].conditions.keys().cloned().collect();
        for condition in conditions {
            // Conditions that CloudFormation decides are emitted whether used or not.
            self.verdict(scope, &condition);
        }
        // What is given is looked at whether used or not, as far as a schema describes it.
        let described: Vec<String> = self.scopes[scope].schema.keys().cloned().collect();
        for name in described {
            if let Some((key, _)) = self.scopes[scope].given.get(&name).cloned() {
                self.input(scope, &name, &key.location);
            }
        }
        let names: Vec<String> = self.scopes[scope].resources.keys().cloned().collect();
        let mut out = Vec::new();
        for name in names {
            self.emit_resource(scope, &name, &mut out);
        }
        let groups: Vec<String> = self.scopes[scope].groups.keys().cloned().collect();
        for group in groups {
            for instance in self.instances(scope, &group).iter() {
                if let Some(inner) = instance.scope {
                    out.extend(self.emit(inner));
                }
            }
        }
        self.override_nested(scope, &mut out);
        out
    }

    fn emit_resource(&mut self, scope: ScopeId, name: &str, out: &mut Entries) {
        let Some(resource) = self.scopes[scope].resources.get(name).cloned() else {
            return;
        };
        if name.starts_with("Fn::ForEach::") {
            if scope == ROOT {
                out.push((resource.key, self.resolve_children(ROOT, &resource.value)));
            } else {
                let message = "Fn::ForEach cannot make the resources of a module";
                let hint = "use the attribute ForEach of a resource, or a loop of modules";
                let found = Diagnostic::error(&resource.key.location, message);
                self.report(found.with_hint(hint));
            }
            return;
        }
        let prefix = self.scopes[scope].prefix.clone();
        let single = [(name.to_owned(), resource.value.clone())];
        let copies: Vec<(String, Node)> = match self.resource_copies(scope, name) {
            Some(copies) => copies
                .iter()
                .map(|copy| (copy.id.clone(), copy.value.clone()))
                .collect(),
            None => single.to_vec(),
        };
        for (id, value) in copies {
            let value = self.overridden(scope, name, &id, value);
            if let Some(value) = self.resource_value(scope, &value) {
                let key = Node {
                    location: resource.key.location.clone(),
                    ..Node::string(format!("{prefix}{id}"), &resource.key.location)
                };
                out.push((key, value));
            }
        }
    }

    /// A resource, or what overrides one; `None` when its condition leaves it out.
    pub(super) fn resource_value(&mut self, scope: ScopeId, value: &Node) -> Option<Node> {
        if is_call(value) {
            return self.resolve(scope, value);
        }
        let Value::Mapping(entries) = &value.value else {
            return Some(value.clone());
        };
        let mut out = Vec::new();
        for (key, attribute) in entries {
            let resolved = match (key.as_str(), attribute.as_str()) {
                (Some("Condition"), Some(name)) => match self.verdict(scope, name) {
                    Some(Verdict::Known(false)) => return None,
                    Some(Verdict::Known(true)) => continue,
                    Some(Verdict::Emitted(name)) => Node::string(name, &attribute.location),
                    None => attribute.clone(),
                },
                (Some("DependsOn"), _) => match self.depends_on(scope, attribute) {
                    Some(resolved) => resolved,
                    None => continue,
                },
                _ => match self.resolve(scope, attribute) {
                    Some(resolved) => resolved,
                    None => continue,
                },
            };
            out.push((key.clone(), resolved));
        }
        Some(Node {
            value: Value::Mapping(out),
            ..value.clone()
        })
    }

    /// `DependsOn` under final names, without what a condition leaves out for good.
    fn depends_on(&mut self, scope: ScopeId, node: &Node) -> Option<Node> {
        if scope == ROOT {
            return Some(node.clone());
        }
        let Some(items) = node.items() else {
            return self.dependency(scope, node);
        };
        let items: Vec<Node> = items
            .iter()
            .filter_map(|item| self.dependency(scope, item))
            .collect();
        (!items.is_empty()).then(|| Node {
            value: Value::Sequence(items),
            ..node.clone()
        })
    }

    fn dependency(&mut self, scope: ScopeId, item: &Node) -> Option<Node> {
        let Some(name) = item.as_str() else {
            return Some(item.clone());
        };
        let mut at = scope;
        while at != ROOT {
            if self.is_left_out(at, name) {
                return None;
            }
            if let Some(id) = self.logical_id(at, name) {
                return Some(Node::string(id, &item.location));
            }
            at = self.scopes[at].parent.unwrap_or(ROOT);
        }
        Some(item.clone())
    }

    /// Reports resources that would have the same name.
    fn without_clashes(&mut self, resources: Entries) -> Entries {
        let mut seen: BTreeMap<String, Location> = BTreeMap::new();
        for (key, _) in &resources {
            let Some(id) = key.as_str() else { continue };
            if let Some(other) = seen.get(id).cloned() {
                let message =
                    format!("two resources would be named '{id}'; the other is at {other}");
                self.report(
                    Diagnostic::error(&key.location, message)
                        .with_hint("give the module or the resource another name"),
                );
            } else {
                seen.insert(id.to_owned(), key.location.clone());
            }
        }
        resources
    }
}

fn insert_before_outputs(document: &mut Node, name: &str, section: Node) {
    let Value::Mapping(entries) = &mut document.value else {
        return;
    };
    let late = |(key, _): &(Node, Node)| {
        let key = key.as_str();
        key == Some("Outputs") || key == Some("Resources") && name != "Resources"
    };
    let index = entries.iter().position(late).unwrap_or(entries.len());
    let key = Node::plain(name, &section.location);
    entries.insert(index, (key, section));
}

fn collect_texts(node: &Node, texts: &mut HashSet<String>) {
    match &node.value {
        Value::Scalar(scalar) => {
            texts.insert(scalar.text.clone());
        }
        Value::Sequence(items) => items.iter().for_each(|item| collect_texts(item, texts)),
        Value::Mapping(entries) => entries
            .iter()
            .for_each(|(_, value)| collect_texts(value, texts)),
    }
}
