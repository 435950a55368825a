//! Reading: a file becomes a scope, an entry of `Modules` one or more imports.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::conditions::Verdict;
use super::constants;
use super::scope::{Copy, Expander, Group, Instance, Resource, Scope, ScopeId, Section};
use crate::diagnostic::{Diagnostic, Location, closest};
use crate::template::files::{FileKind, path_at, read_text};
use crate::template::function::same;
use crate::yaml::{Node, Value, parse};

const IMPORT_KEYS: [&str; 6] = [
    "Source",
    "Properties",
    "Overrides",
    "ForEach",
    "Map",
    "Condition",
];

const MODULE_SECTIONS: [&str; 16] = [
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "ParameterSchema",
    "Constants",
    "Packages",
    "Mappings",
    "Conditions",
    "Transform",
    "Modules",
    "Resources",
    "Outputs",
    "Rules",
    "Hooks",
    "Globals",
];

/// Sections that only mean something in a template.
const TEMPLATE_ONLY: [&str; 3] = ["Rules", "Hooks", "Globals"];

impl Expander<'_> {
    /// Makes a scope of a document whose constants have been put in.
    pub(super) fn add_scope(
        &mut self,
        document: &Node,
        parent: Option<ScopeId>,
        name: &str,
        file: &str,
        import: &Location,
    ) -> ScopeId {
        let prefix = match parent {
            Some(parent) => format!("{}{name}", self.scopes[parent].prefix),
            None => String::new(),
        };
        let resources = self.resources(document);
        let groups = self.groups(document);
        let scope = Scope {
            parent,
            prefix,
            name: name.to_owned(),
            file: file.to_owned(),
            import: import.clone(),
            parameters: self.section(document, "Parameters"),
            schema: self.section(document, "ParameterSchema"),
            conditions: self.section(document, "Conditions"),
            mappings: self.section(document, "Mappings"),
            outputs: self.section(document, "Outputs"),
            packages: self.section(document, "Packages"),
            resources,
            groups,
            given: Section::new(),
            overrides: Section::new(),
            inputs: HashMap::new(),
            verdicts: HashMap::new(),
        };
        self.scopes.push(scope);
        self.scopes.len() - 1
    }

    fn section(&mut self, document: &Node, name: &str) -> Section {
        match document.get(name) {
            Some(value) => self.entries(name, value),
            None => Section::new(),
        }
    }

    fn entries(&mut self, name: &str, value: &Node) -> Section {
        if value.is_null() {
            return Section::new();
        }
        let Some(entries) = value.entries() else {
            let what = value.describe();
            self.error(
                &value.location,
                format!("'{name}' is a mapping, not {what}"),
            );
            return Section::new();
        };
        entries
            .iter()
            .filter_map(|(key, value)| {
                Some((key.as_str()?.to_owned(), (key.clone(), value.clone())))
            })
            .collect()
    }

    fn resources(&mut self, document: &Node) -> IndexMap<String, Resource> {
        let mut resources = IndexMap::new();
        for (name, (key, value)) in self.section(document, "Resources") {
            if value.get("Type").and_then(Node::as_str) == Some("LocalModule") {
                let diagnostic =
                    Diagnostic::error(&key.location, format!("'{name}' is not a resource"));
                self.report(diagnostic.with_hint("move it to the section 'Modules', without Type"));
            }
            let resource = Resource {
                key,
                value,
                copies: None,
            };
            resources.insert(name, resource);
        }
        resources
    }

    fn groups(&mut self, document: &Node) -> IndexMap<String, Group> {
        let mut groups = IndexMap::new();
        for (name, (key, entry)) in self.section(document, "Modules") {
            let group = Group {
                key,
                entry,
                instances: None,
            };
            // `Fn::ForEach::Name` is referred to as `Name`.
            let name = name.strip_prefix("Fn::ForEach::").unwrap_or(&name);
            groups.insert(name.to_owned(), group);
        }
        groups
    }

    /// The imports that an entry of `Modules` makes.
    pub(super) fn instances(&mut self, scope: ScopeId, group: &str) -> Arc<[Instance]> {
        let Some(found) = self.scopes[scope].groups.get(group).cloned() else {
            return Arc::new([]);
        };
        if let Some(instances) = found.instances {
            return instances;
        }
        let location = found.key.location.clone();
        let made = self.once(scope, "the loop", group, &location, |this| {
            Some(this.make_instances(scope, group, &found))
        });
        let Some(made) = made else {
            return Arc::new([]);
        };
        let made: Arc<[Instance]> = made.into();
        if let Some(group) = self.scopes[scope].groups.get_mut(group) {
            group.instances = Some(Arc::clone(&made));
        }
        made
    }

    fn make_instances(&mut self, scope: ScopeId, name: &str, group: &Group) -> Vec<Instance> {
        let location = &group.key.location;
        let copies = if group
            .key
            .as_str()
            .is_some_and(|key| key.starts_with("Fn::"))
        {
            self.loop_copies(scope, name, &group.entry)
        } else if let Some(copies) = self.copies(scope, name, &group.entry) {
            copies
        } else {
            let scope = self.import(scope, name, &group.entry, location);
            return vec![Instance {
                key: String::new(),
                name: name.to_owned(),
                scope,
            }];
        };
        copies
            .into_iter()
            .map(|copy| Instance {
                scope: self.import(scope, &copy.id, &copy.value, location),
                key: copy.key,
                name: copy.id,
            })
            .collect()
    }

    /// The copies of a resource with `ForEach`; `None` when it has none.
    pub(super) fn resource_copies(&mut self, scope: ScopeId, id: &str) -> Option<Arc<[Copy]>> {
        let resource = self.scopes[scope].resources.get(id)?.clone();
        if resource.copies.is_some() {
            return resource.copies;
        }
        resource.value.get("ForEach")?;
        let location = resource.key.location.clone();
        let made = self.once(scope, "the loop", id, &location, |this| {
            this.copies(scope, id, &resource.value)
        });
        let made: Arc<[Copy]> = made.unwrap_or_default().into();
        if let Some(resource) = self.scopes[scope].resources.get_mut(id) {
            resource.copies = Some(Arc::clone(&made));
        }
        Some(made)
    }

    /// Reads the module of an import.
    pub(super) fn import(
        &mut self,
        parent: ScopeId,
        name: &str,
        entry: &Node,
        location: &Location,
    ) -> Option<ScopeId> {
        let entries = self.entries(name, entry);
        entry.entries()?;
        for (word, (key, _)) in &entries {
            if !IMPORT_KEYS.contains(&word.as_str()) {
                let message = format!("unknown key '{word}' of module '{name}'");
                self.unknown(&key.location, message, word, IMPORT_KEYS);
            }
        }
        if let Some((_, condition)) = entries.get("Condition")
            && !self.import_is_wanted(parent, name, condition)
        {
            return None;
        }
        let path = self.source(parent, name, entries.get("Source"), location)?;
        let from = &entries.get("Source")?.1.location;
        self.refuse_cycle(parent, &path, from)?;
        let document = self.read(&path, from)?;
        let id = self.add_scope(&document, Some(parent), name, &path, location);
        if let Some(transform) = document.get("Transform") {
            self.add_transform(transform);
        }
        self.scopes[id].given = self.section(entry, "Properties");
        self.scopes[id].overrides = self.section(entry, "Overrides");
        self.check_given(id);
        self.check_outputs(id);
        Some(id)
    }

    /// Decides the condition of an import. The AWS CLI ignores one that it cannot decide.
    fn import_is_wanted(&mut self, parent: ScopeId, name: &str, condition: &Node) -> bool {
        let verdict = condition
            .as_str()
            .and_then(|condition| self.verdict(parent, condition));
        if let Some(Verdict::Known(known)) = verdict {
            return known;
        }
        let message = format!(
            "whether module '{name}' is wanted has to be known when the template is rendered"
        );
        let hint = "put the condition on the module's resources, \
                    or pass it as an input and use it there";
        self.report(Diagnostic::error(&condition.location, message).with_hint(hint));
        false
    }

    fn check_outputs(&mut self, id: ScopeId) {
        let outputs = &self.scopes[id].outputs;
        let wrong: Vec<Diagnostic> = outputs
            .iter()
            .filter(|(_, (_, output))| output.get("Value").is_none())
            .map(|(name, (key, _))| {
                Diagnostic::error(&key.location, format!("the output '{name}' has no 'Value'"))
            })
            .collect();
        wrong.into_iter().for_each(|found| self.report(found));
    }

    fn check_given(&mut self, id: ScopeId) {
        let scope = &self.scopes[id];
        let known: Vec<String> = scope
            .parameters
            .keys()
            .chain(scope.schema.keys())
            .cloned()
            .collect();
        let unknown: Vec<(String, Location)> = scope
            .given
            .iter()
            .filter(|(name, _)| !known.contains(name))
            .map(|(name, (key, _))| (name.clone(), key.location.clone()))
            .collect();
        for (name, location) in unknown {
            let message = format!("{} has no parameter '{name}'", self.describe(id));
            self.unknown(&location, message, &name, known.iter().map(String::as_str));
        }
    }

    /// The project path of a module's source.
    fn source(
        &mut self,
        parent: ScopeId,
        name: &str,
        source: Option<&(Node, Node)>,
        location: &Location,
    ) -> Option<String> {
        let Some((_, source)) = source else {
            self.report(
                Diagnostic::error(location, format!("module '{name}' has no 'Source'"))
                    .with_hint("'Source' is the path of the module, relative to this file"),
            );
            return None;
        };
        let Some(text) = source.as_str() else {
            let what = source.describe();
            self.error(
                &source.location,
                format!("the source of module '{name}' is a path, not {what}"),
            );
            return None;
        };
        match text.strip_prefix('$') {
            Some(alias) => self.packaged(parent, alias, &source.location),
            None => self.local(text, &source.location),
        }
    }

    fn local(&mut self, text: &str, location: &Location) -> Option<String> {
        if text.contains("://") {
            let message = format!("the source '{text}' is on the network");
            let hint = "rendering reads local files only; keep a copy in the project";
            self.report(Diagnostic::error(location, message).with_hint(hint));
            return None;
        }
        match path_at(location, text) {
            Ok(path) => Some(path),
            Err(diagnostic) => {
                self.report(diagnostic);
                None
            }
        }
    }

    /// The path of `alias/module.yaml` in the folder that `Packages` names.
    fn packaged(&mut self, scope: ScopeId, text: &str, location: &Location) -> Option<String> {
        let (alias, module) = text.split_once('/').unwrap_or((text, ""));
        let mut at = Some(scope);
        while let Some(id) = at {
            if let Some((_, package)) = self.scopes[id].packages.get(alias).cloned() {
                let Some(source) = package.get("Source") else {
                    self.error(
                        &package.location,
                        format!("package '{alias}' has no 'Source'"),
                    );
                    return None;
                };
                let folder = self.local(source.as_str().unwrap_or(""), &source.location)?;
                if self.files.kind(&folder) == Some(FileKind::File) {
                    let message = format!("package '{alias}' is a file");
                    let hint = "zipped packages are not read; unpack it and name the folder";
                    self.report(Diagnostic::error(&source.location, message).with_hint(hint));
                    return None;
                }
                return Some(format!("{folder}/{module}"));
            }
            at = self.scopes[id].parent;
        }
        let known: Vec<String> = self.scopes[scope].packages.keys().cloned().collect();
        let message = format!("unknown package '{alias}'");
        self.unknown(location, message, alias, known.iter().map(String::as_str));
        None
    }

    fn refuse_cycle(&mut self, parent: ScopeId, path: &str, location: &Location) -> Option<()> {
        let mut chain = vec![path.to_owned()];
        let mut at = Some(parent);
        while let Some(id) = at {
            let scope = &self.scopes[id];
            chain.push(scope.file.clone());
            if scope.file == path {
                chain.reverse();
                self.error(
                    location,
                    format!("a module imports itself: {}", chain.join(" -> ")),
                );
                return None;
            }
            at = scope.parent;
        }
        Some(())
    }

    /// The document of a module file, read once.
    fn read(&mut self, path: &str, location: &Location) -> Option<Arc<Node>> {
        if let Some(document) = self.sources.get(path) {
            return document.clone();
        }
        let document = self.parse_module(path, location).map(Arc::new);
        self.sources.insert(path.to_owned(), document.clone());
        document
    }

    fn parse_module(&mut self, path: &str, location: &Location) -> Option<Node> {
        let parsed = read_text(self.files, path, location)
            .map_err(Into::into)
            .and_then(|text| parse(path, &text));
        let mut document = match parsed {
            Ok(document) => document,
            Err(found) => {
                found.0.into_iter().for_each(|found| self.report(found));
                return None;
            }
        };
        let Value::Mapping(sections) = &document.value else {
            let what = document.describe();
            self.error(
                &document.location,
                format!("a module is a mapping, not {what}"),
            );
            return None;
        };
        for (key, _) in sections {
            let word = key.as_str().unwrap_or("");
            if TEMPLATE_ONLY.contains(&word) {
                self.report(Diagnostic::warning(
                    &key.location,
                    format!("the section '{word}' of a module has no effect"),
                ));
            } else if !MODULE_SECTIONS.contains(&word) {
                let mut found =
                    Diagnostic::error(&key.location, format!("unknown section '{word}'"));
                found.hint = closest(word, MODULE_SECTIONS)
                    .map(|candidate| format!("did you mean '{candidate}'?"));
                self.report(found);
            }
        }
        constants::apply(&mut document, &mut self.diagnostics);
        Some(document)
    }

    /// Collects the transforms of modules; they run before those of the template.
    fn add_transform(&mut self, transform: &Node) {
        let one = [transform.clone()];
        for item in transform.items().unwrap_or(&one) {
            let known = |other: &Node| same(other, item);
            if !self.transforms.iter().any(known) {
                self.transforms.push(item.clone());
            }
        }
    }

    /// Whether a resource is a loop that makes copies.
    pub(super) fn is_loop(&self, scope: ScopeId, id: &str) -> bool {
        self.scopes[scope]
            .resources
            .get(id)
            .is_some_and(|resource| resource.value.get("ForEach").is_some())
    }
}
