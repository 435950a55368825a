//! What a name in `Ref`, `GetAtt` and `Sub` stands for: an input, a resource, an output of
//! a module. A name is looked up in its own file, then in the file that imports it; one
//! that is found nowhere stays as it is, and the check of the template has the last word.

use super::conditions::Verdict;
use super::path::{Path, Selector, show, within};
use super::scope::{Copy, Expander, Instance, ROOT, ScopeId};
use crate::diagnostic::{Diagnostic, Location};
use crate::template::function::{attribute, reference};
use crate::yaml::Node;

/// How a name is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// `Ref`, and `${Name}` in a `Sub`.
    Ref,
    /// `GetAtt`, and `${Name.Attribute}` in a `Sub`.
    Attribute,
}

impl Expander<'_> {
    /// What stands in place of the reference `text` at `location`; `None` when it stays.
    pub(super) fn find(
        &mut self,
        scope: ScopeId,
        text: &str,
        usage: Use,
        location: &Location,
    ) -> Option<Node> {
        if text.starts_with("AWS::") {
            return None;
        }
        let path = Path::parse(text)?;
        let mut at = Some(scope);
        while let Some(id) = at {
            let found = self
                .find_input(id, &path, location)
                .or_else(|| self.find_output(id, &path, usage, location))
                .or_else(|| self.find_resource(id, &path, usage, location))
                .or_else(|| self.find_nested(id, &path, usage, location));
            if found.is_some() {
                return found;
            }
            at = self.scopes[id].parent;
        }
        None
    }

    /// An input, or what is within it: `Map[Key].Property`, `Map[*]`, `Object.Property`.
    fn find_input(&mut self, id: ScopeId, path: &Path<'_>, location: &Location) -> Option<Node> {
        let declared = self.scopes[id].parameters.contains_key(path.base)
            || self.scopes[id].schema.contains_key(path.base);
        if !declared || id == ROOT && !self.render_time {
            return None;
        }
        // What is wrong with an input has been reported; the name stays as it is.
        let value = self.input(id, path.base, location)?;
        if path.selector.is_none() && path.rest.is_none() {
            return Some(value);
        }
        match within(&value, path) {
            Some(found) => Some(found),
            None => {
                let message = format!("the input '{}' has nothing at '{}'", path.base, show(path));
                let hint = format!("its value is {}", value.describe());
                self.report(Diagnostic::error(location, message).with_hint(hint));
                Some(Node::string(path.base, location))
            }
        }
    }

    fn find_resource(
        &mut self,
        id: ScopeId,
        path: &Path<'_>,
        usage: Use,
        location: &Location,
    ) -> Option<Node> {
        let prefix = self.scopes[id].prefix.clone();
        if let Some(selector) = path.selector {
            if !self.is_loop(id, path.base) {
                return None;
            }
            let copies = self.resource_copies(id, path.base)?;
            let picked = |(index, copy): &(usize, &Copy)| selector.picks(*index, &copy.key);
            let nodes: Vec<Node> = copies
                .iter()
                .enumerate()
                .filter(picked)
                .map(|(_, copy)| named(&format!("{prefix}{}", copy.id), path.rest, usage, location))
                .collect();
            return self.selected(nodes, path, location, || {
                copies.iter().map(|copy| copy.key.clone()).collect()
            });
        }
        if self.is_loop(id, path.base) {
            let hint = format!(
                "use {}[*]{rest} for all, {}[key]{rest} for one",
                path.base,
                path.base,
                rest = path.rest.map(|rest| format!(".{rest}")).unwrap_or_default(),
            );
            let message = format!("'{}' is a loop of resources", path.base);
            self.report(Diagnostic::error(location, message).with_hint(hint));
            return None;
        }
        self.own_resource(id, path.base)?;
        self.refuse_left_out(id, path.base, location);
        if id == ROOT {
            return None;
        }
        Some(named(
            &format!("{prefix}{}", path.base),
            path.rest,
            usage,
            location,
        ))
    }

    /// Whether `name` is a resource of this file, or a copy of one.
    pub(super) fn own_resource(&mut self, id: ScopeId, name: &str) -> Option<()> {
        if self.scopes[id].resources.contains_key(name) {
            return Some(());
        }
        let loops: Vec<String> = self.scopes[id]
            .resources
            .keys()
            .filter(|loop_name| is_numbered(name, loop_name))
            .cloned()
            .collect();
        let found = loops.iter().any(|loop_name| {
            self.is_loop(id, loop_name)
                && self
                    .resource_copies(id, loop_name)
                    .is_some_and(|copies| copies.iter().any(|copy| copy.id == name))
        });
        found.then_some(())
    }

    /// Reports a reference to a resource that its condition leaves out for good.
    fn refuse_left_out(&mut self, id: ScopeId, name: &str, location: &Location) {
        if !self.is_left_out(id, name) {
            return;
        }
        let message = format!(
            "'{name}' of {} is left out here, because its condition does not hold",
            self.describe(id)
        );
        let hint = "guard the reference with Fn::If and the same condition";
        self.report(Diagnostic::error(location, message).with_hint(hint));
    }

    /// Whether a condition of a module leaves a resource out for good.
    pub(super) fn is_left_out(&mut self, id: ScopeId, name: &str) -> bool {
        let condition = self.scopes[id]
            .resources
            .get(name)
            .and_then(|resource| resource.value.get("Condition"))
            .and_then(|condition| condition.as_str().map(str::to_owned));
        condition
            .is_some_and(|condition| self.verdict(id, &condition) == Some(Verdict::Known(false)))
    }

    /// A resource of a nested module under the name that it will have in this file.
    fn find_nested(
        &mut self,
        id: ScopeId,
        path: &Path<'_>,
        usage: Use,
        location: &Location,
    ) -> Option<Node> {
        // In the template such a name is the final one already.
        if id == ROOT || path.selector.is_some() {
            return None;
        }
        let name = self.nested_resource(id, path.base)?;
        Some(named(&name, path.rest, usage, location))
    }

    /// The final name of `name` as a resource of this scope or of one within it.
    pub(super) fn logical_id(&mut self, id: ScopeId, name: &str) -> Option<String> {
        if self.own_resource(id, name).is_some() {
            return Some(format!("{}{name}", self.scopes[id].prefix));
        }
        self.nested_resource(id, name)
    }

    fn nested_resource(&mut self, id: ScopeId, name: &str) -> Option<String> {
        let groups: Vec<String> = self.scopes[id].groups.keys().cloned().collect();
        for group in groups {
            // The instances of `Fn::ForEach` need not begin with the loop's name.
            for instance in self.instances(id, &group).iter() {
                if let (Some(rest), Some(scope)) =
                    (name.strip_prefix(&instance.name), instance.scope)
                    && let Some(found) = self.logical_id(scope, rest)
                {
                    return Some(found);
                }
            }
        }
        None
    }

    /// An output of a module: `Module.Output`, `Module[Key].Output`, `Module[*].Output`.
    fn find_output(
        &mut self,
        id: ScopeId,
        path: &Path<'_>,
        usage: Use,
        location: &Location,
    ) -> Option<Node> {
        if usage == Use::Ref {
            return None;
        }
        let rest = path.rest?;
        if !self.scopes[id].groups.contains_key(path.base) {
            let instance = self.instance_named(id, path.base)?;
            return self.output_named(&instance, rest, location);
        }
        let instances = self.instances(id, path.base);
        let looped = match &*instances {
            [only] => !only.key.is_empty() || path.selector.is_some(),
            _ => true,
        };
        if !looped {
            let instance = instances.first()?;
            if self.own_resource(id, path.base).is_some() && !self.has_output(instance, rest) {
                return None;
            }
            return self.output_named(instance, rest, location);
        }
        let (selector, rest) = match path.selector {
            Some(selector) => (selector, rest),
            // `Module.Key.Output`
            None => match rest.split_once('.') {
                Some((key, rest)) => (Selector::parse(key), rest),
                None => {
                    let base = path.base;
                    let message = format!("'{base}' is a loop of modules");
                    let hint = format!("use {base}[*].{rest} for all, {base}[key].{rest} for one");
                    self.report(Diagnostic::error(location, message).with_hint(hint));
                    return None;
                }
            },
        };
        let mut nodes = Vec::new();
        // A loop may make several modules for a key; those without the output are not meant.
        let with_output = instances.iter().any(|i| self.has_output(i, rest));
        for (index, instance) in instances.iter().enumerate() {
            if selector.picks(index, &instance.key)
                && (!with_output || self.has_output(instance, rest))
            {
                nodes.push(self.output_named(instance, rest, location)?);
            }
        }
        self.selected(nodes, path, location, || {
            instances.iter().map(|i| i.key.clone()).collect()
        })
    }

    /// An import by the name that a loop gave it.
    fn instance_named(&mut self, id: ScopeId, name: &str) -> Option<Instance> {
        let groups: Vec<String> = self.scopes[id].groups.keys().cloned().collect();
        groups.iter().find_map(|group| {
            let instances = self.instances(id, group);
            instances.iter().find(|i| i.name == name).cloned()
        })
    }

    fn has_output(&self, instance: &Instance, name: &str) -> bool {
        instance.scope.is_none_or(|scope| {
            let scope = &self.scopes[scope];
            scope.outputs.contains_key(name) || scope.given.contains_key(name)
        })
    }

    /// An output of an import, else what the import gives to the parameter of that name.
    pub(super) fn output_named(
        &mut self,
        instance: &Instance,
        name: &str,
        location: &Location,
    ) -> Option<Node> {
        let scope = instance.scope?;
        if let Some((_, output)) = self.scopes[scope].outputs.get(name).cloned() {
            return self.output(scope, name, &output, location);
        }
        if self.scopes[scope].given.contains_key(name) {
            return self.input(scope, name, location);
        }
        let message = format!("{} has no output '{name}'", self.describe(scope));
        let known: Vec<String> = self.scopes[scope].outputs.keys().cloned().collect();
        self.unknown(location, message, name, known.iter().map(String::as_str));
        // What was meant is reported; anything that is no dangling name will do.
        Some(Node::string(name, location))
    }

    fn output(
        &mut self,
        scope: ScopeId,
        name: &str,
        output: &Node,
        location: &Location,
    ) -> Option<Node> {
        let condition = output.get("Condition").and_then(Node::as_str);
        let left_out = condition
            .is_some_and(|condition| self.verdict(scope, condition) == Some(Verdict::Known(false)));
        if left_out {
            let message = format!(
                "the output '{name}' of {} is left out here, because its condition does not hold",
                self.describe(scope)
            );
            self.error(location, message);
            return None;
        }
        // One without a value has been reported.
        let value = output.get("Value").cloned()?;
        self.once(scope, "the output", name, location, |this| {
            // Loops of the reader's must not make the module's names mean something else.
            let before = std::mem::replace(&mut this.render_time, false);
            let resolved = this.resolve(scope, &value);
            this.render_time = before;
            Some(resolved.unwrap_or_else(|| reference("AWS::NoValue", location)))
        })
    }

    /// One node for a key or a number, a list for all.
    fn selected(
        &mut self,
        mut nodes: Vec<Node>,
        path: &Path<'_>,
        location: &Location,
        keys: impl FnOnce() -> Vec<String>,
    ) -> Option<Node> {
        if path.selector == Some(Selector::All) {
            return Some(Node::sequence(nodes, location));
        }
        if !nodes.is_empty() {
            return Some(nodes.swap_remove(0));
        }
        let keys = keys();
        let wanted = show(&Path {
            rest: None,
            ..*path
        });
        let message = format!("the loop '{}' has no item '{wanted}'", path.base);
        self.unknown(location, message, &wanted, keys.iter().map(String::as_str));
        None
    }

    /// The import with the name `name`, seen from `scope`.
    pub(super) fn find_import(&mut self, scope: ScopeId, name: &str) -> Option<(ScopeId, Node)> {
        let mut at = Some(scope);
        while let Some(id) = at {
            if let Some(group) = self.scopes[id].groups.get(name) {
                return Some((id, group.entry.clone()));
            }
            at = self.scopes[id].parent.filter(|_| id != ROOT);
        }
        None
    }
}

/// A reference to the resource with the final name `id`.
fn named(id: &str, rest: Option<&str>, usage: Use, location: &Location) -> Node {
    match (usage, rest) {
        (Use::Attribute, Some(rest)) => attribute(&format!("{id}.{rest}"), location),
        _ => reference(id, location),
    }
}

/// Whether `name` is `base` with a number behind it.
fn is_numbered(name: &str, base: &str) -> bool {
    name.strip_prefix(base)
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
}
