//! `Fn::FindInMap`: its form, and whether the keys that it names are there.

use std::collections::HashSet;

use super::expression::{Call, Expression};
use super::findings::suggest;
use super::names::sorted;
use super::walk::{Scope, Walk};
use crate::yaml::Node;

impl<'a> Walk<'_, 'a> {
    pub(super) fn check_find_in_map(&mut self, call: &Call<'a>, scope: Scope<'a>) {
        let extensions = self.names.extensions;
        if !extensions && call.argument.items().is_some_and(|items| items.len() == 4) {
            let message = format!(
                "the default value of {} needs 'Transform: AWS::LanguageExtensions'",
                call.name
            );
            self.findings.error(call.argument.location(), message);
            return;
        }
        let most = if extensions { 4 } else { 3 };
        let Some(items) = self.list(call, 3, most, "[mapping, key, key of that]") else {
            return;
        };
        for item in items {
            self.value(Expression::new(item), scope);
        }
        let default = items.get(3).map(|item| {
            let is_default = item.get("DefaultValue").is_some() && item.tag.is_none();
            if !is_default {
                let message = format!("the fourth item of {} is {{DefaultValue: ...}}", call.name);
                self.findings.error(&item.location, message);
            }
        });
        self.look_up(items, default.is_some());
    }

    /// Looks literal keys up in a mapping.
    fn look_up(&mut self, items: &'a [Node], has_default: bool) {
        let [map, first, second] = [0, 1, 2].map(|at| Expression::new(&items[at]));
        let Some(name) = map.text() else {
            self.uses.any_mapping = true;
            return;
        };
        let names = self.names;
        let Some(mapping) = names.mappings.get(name) else {
            if !names.incomplete {
                let hint = match names.kind(name) {
                    Some(kind) => Some(format!("'{name}' is {kind}")),
                    None => suggest(name, sorted(names.mappings.keys())),
                };
                let message = format!("FindInMap names '{name}', which is no mapping");
                self.findings.error_with(map.location(), message, hint);
            }
            return;
        };
        self.uses.mappings.insert(name);
        let rows = mapping.entries().unwrap_or_default();
        // An include or macro may bring any key.
        if has_default
            || rows
                .iter()
                .any(|(key, _)| key.as_str() == Some("Fn::Transform"))
        {
            return;
        }
        let row = first.text().map(|key| (key, mapping.get(key)));
        let columns: HashSet<&str> = match row {
            Some((key, None)) => {
                let hint = suggest(key, rows.iter().filter_map(|(key, _)| key.as_str()));
                let message = format!("mapping '{name}' has no key '{key}'");
                self.findings.error_with(first.location(), message, hint);
                return;
            }
            Some((_, Some(row))) => keys(row).collect(),
            None => rows.iter().flat_map(|(_, row)| keys(row)).collect(),
        };
        if let Some(column) = second.text()
            && !columns.contains(column)
            && !columns.contains("Fn::Transform")
        {
            let message = match row {
                Some((key, _)) => format!("'{key}' of mapping '{name}' has no key '{column}'"),
                None => format!("no key of mapping '{name}' has a '{column}'"),
            };
            let hint = suggest(column, sorted(columns.iter()));
            self.findings.error_with(second.location(), message, hint);
        }
    }
}

fn keys(node: &Node) -> impl Iterator<Item = &str> {
    node.entries()
        .unwrap_or_default()
        .iter()
        .filter_map(|(key, _)| key.as_str())
}
