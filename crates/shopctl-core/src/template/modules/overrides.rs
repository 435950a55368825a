//! `Overrides` of an import: changes to the resources of a module by who uses it.
//!
//! A resource of the module itself is changed as it is written there, so that a list which
//! the module computes is replaced and one that it writes out is added to. A resource of
//! a module within the module, named as it is called there, is changed as it came out.

use super::emit::Entries;
use super::merge::merge;
use super::scope::{Expander, ScopeId};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::yaml::Node;

/// What an override may give to a resource.
const ATTRIBUTES: [&str; 8] = [
    "Properties",
    "CreationPolicy",
    "Metadata",
    "UpdatePolicy",
    "DeletionPolicy",
    "Condition",
    "UpdateReplacePolicy",
    "DependsOn",
];

impl Expander<'_> {
    /// A resource as it is written, with its overrides. An override of a loop is for all
    /// its copies, one of a copy for that alone.
    pub(super) fn overridden(
        &mut self,
        scope: ScopeId,
        name: &str,
        id: &str,
        resource: Node,
    ) -> Node {
        let mut names = vec![name];
        if id != name {
            names.push(id);
        }
        names.into_iter().fold(resource, |resource, name| {
            match self.scopes[scope].overrides.get(name).cloned() {
                Some((_, change)) => {
                    self.check_attributes(name, &change);
                    merge(&resource, &change)
                }
                None => resource,
            }
        })
    }

    /// Overrides resources of the modules within a module, and reports those of nothing.
    pub(super) fn override_nested(&mut self, scope: ScopeId, out: &mut Entries) {
        let overrides = self.scopes[scope].overrides.clone();
        let prefix = self.scopes[scope].prefix.clone();
        for (name, (key, change)) in &overrides {
            if self.own_resource(scope, name).is_some() {
                continue;
            }
            let wanted = format!("{prefix}{name}");
            let place = out.iter().position(|(id, _)| id.as_str() == Some(&wanted));
            let Some(place) = place else {
                let message = format!("{} has no resource '{name}'", self.describe(scope));
                let known: Vec<&str> = out
                    .iter()
                    .filter_map(|(id, _)| id.as_str()?.strip_prefix(&prefix))
                    .collect();
                let mut found = Diagnostic::error(&key.location, message);
                found.hint = did_you_mean(name, known);
                self.report(found);
                continue;
            };
            self.check_attributes(name, change);
            match self.resource_value(scope, change) {
                Some(change) => out[place].1 = merge(&out[place].1, &change),
                None => {
                    out.remove(place);
                }
            }
        }
    }

    fn check_attributes(&mut self, name: &str, change: &Node) {
        for (key, _) in change.entries().unwrap_or(&[]) {
            let word = key.as_str().unwrap_or("");
            if !ATTRIBUTES.contains(&word) {
                let message = format!("'{word}' of '{name}' cannot be overridden");
                self.unknown(&key.location, message, word, ATTRIBUTES);
            }
        }
    }
}
