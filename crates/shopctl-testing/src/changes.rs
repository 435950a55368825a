//! What a template would change about a stack, and what the stack puts out afterwards.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::evaluate::{Missing, Scope};
use crate::operation::{Change, Kind, enumerate};
use crate::stack::{Deployed, Policy, Stack};
use crate::template::ResourceModel;
use crate::world::World;

/// Properties that name a resource. Another name is another resource.
pub(crate) const NAMES: [&str; 10] = [
    "BucketName",
    "FunctionName",
    "GroupName",
    "LogGroupName",
    "PolicyName",
    "QueueName",
    "RoleName",
    "TableName",
    "TopicName",
    "UserName",
];

/// Properties besides names that cannot be changed in place.
const FIXED: [&str; 2] = ["KeySchema", "Schema"];

/// Outputs and exports, each name with its value.
type Outputs = (IndexMap<String, String>, BTreeMap<String, String>);

impl World {
    pub(crate) fn with_scope<T>(
        &self,
        stack: &Stack,
        target: &Deployed,
        exports: &BTreeMap<String, String>,
        work: impl FnOnce(&Scope<'_>) -> T,
    ) -> T {
        let resources = |id: &str| stack.physical(id);
        work(&Scope {
            template: &target.template,
            parameters: &target.parameters,
            resources: &resources,
            exports,
            stack_name: &stack.name,
            stack_id: &stack.id,
        })
    }

    /// What a template would change about a stack.
    pub(crate) fn changes(&self, stack_id: &str, target: &Deployed) -> IndexMap<String, Change> {
        let mut changes = IndexMap::new();
        let Some(stack) = self.stacks.get(stack_id) else {
            return changes;
        };
        let exports = self.exports();
        let retagged = stack
            .deployed
            .as_ref()
            .is_some_and(|deployed| deployed.tags != target.tags);
        self.with_scope(stack, target, &exports, |scope| {
            for (id, model) in &target.template.resources {
                if !scope.holds(model.condition.as_deref()) {
                    continue;
                }
                let Some(old) = stack.resources.get(id).filter(|old| old.is_there()) else {
                    changes.insert(id.clone(), Change::Add);
                    continue;
                };
                let new = properties(scope, model).unwrap_or_default();
                if model.resource_type != old.resource_type || replaces(&old.properties, &new) {
                    changes.insert(id.clone(), Change::Replace);
                } else if old.properties != new || retagged || old.status.ends_with("_FAILED") {
                    changes.insert(id.clone(), Change::Modify);
                }
            }
        });
        // Who refers to a replaced resource changes with it.
        let replaced: BTreeSet<String> = changes
            .iter()
            .filter(|(_, change)| **change == Change::Replace)
            .map(|(id, _)| id.clone())
            .collect();
        for (id, model) in &target.template.resources {
            if !changes.contains_key(id)
                && stack.resources.contains_key(id)
                && !model.needs.is_disjoint(&replaced)
            {
                changes.insert(id.clone(), Change::Modify);
            }
        }
        for (id, old) in &stack.resources {
            let wanted = target.template.resources.get(id).is_some_and(|model| {
                self.with_scope(stack, target, &exports, |scope| {
                    scope.holds(model.condition.as_deref())
                })
            });
            if !wanted && old.is_there() {
                changes.insert(id.clone(), Change::Remove);
            }
        }
        changes
    }

    /// Whether a template would change anything at all, outputs and tags included.
    pub(crate) fn differs(&self, stack_id: &str, target: &Deployed) -> bool {
        let Some(stack) = self.stacks.get(stack_id) else {
            return true;
        };
        let Some(deployed) = &stack.deployed else {
            return true;
        };
        if deployed.tags != target.tags || !self.changes(stack_id, target).is_empty() {
            return true;
        }
        match self.outputs(stack_id, target) {
            Ok((outputs, exports)) => outputs != stack.outputs || exports != stack.exports,
            Err(_) => true,
        }
    }

    fn outputs(&self, stack_id: &str, target: &Deployed) -> Result<Outputs, Missing> {
        let mut outputs = IndexMap::new();
        let mut exported = BTreeMap::new();
        let Some(stack) = self.stacks.get(stack_id) else {
            return Ok((outputs, exported));
        };
        let exports = self.exports();
        self.with_scope(stack, target, &exports, |scope| {
            for (name, output) in &target.template.outputs {
                if !scope.holds(output.condition.as_deref()) {
                    continue;
                }
                let value = scope.text(&output.value)?;
                if let Some(export) = &output.export {
                    exported.insert(scope.text(export)?, value.clone());
                }
                outputs.insert(name.clone(), value);
            }
            Ok((outputs, exported))
        })
    }

    /// The first export that a template imports and that is not there.
    pub(crate) fn missing_import(&self, stack_id: &str, target: &Deployed) -> Option<String> {
        let stack = self.stacks.get(stack_id)?;
        let exports = self.exports();
        let found = self.with_scope(stack, target, &exports, |scope| {
            for model in target.template.resources.values() {
                if scope.holds(model.condition.as_deref()) {
                    properties(scope, model)?;
                }
            }
            for output in target.template.outputs.values() {
                scope.text(&output.value)?;
            }
            Ok(())
        });
        match found {
            Err(Missing::Export(name)) => Some(name),
            Ok(()) => None,
        }
    }

    /// Makes the template of a finished operation the stack's own, with outputs and exports.
    pub(crate) fn adopt_target(&mut self, stack_id: &str) -> Result<(), String> {
        let Some(target) = self.operation(stack_id).and_then(|op| op.target.clone()) else {
            return Ok(());
        };
        let (outputs, exports) = self
            .outputs(stack_id, &target)
            .map_err(|Missing::Export(name)| format!("No export named {name} found"))?;
        let taken = self.exports();
        let Some(stack) = self.stacks.get(stack_id) else {
            return Ok(());
        };
        for (name, old) in &stack.exports {
            let users = self.importers(name);
            if users.is_empty() || exports.get(name) == Some(old) {
                continue;
            }
            let verb = match exports.get(name) {
                Some(_) => "updated",
                None => "deleted",
            };
            return Err(format!(
                "Export {name} cannot be {verb} as it is in use by {}",
                enumerate(&users)
            ));
        }
        for name in exports.keys() {
            if taken.contains_key(name) && !stack.exports.contains_key(name) {
                return Err(format!("Export with name {name} is already exported"));
            }
        }
        let imports = imports(&target);
        if let Some(stack) = self.stacks.get_mut(stack_id) {
            stack.outputs = outputs;
            stack.exports = exports;
            stack.imports = imports;
            stack.deployed = Some(target);
        }
        Ok(())
    }

    /// How many resources a change set touches.
    pub(crate) fn count_changes(&self, stack_id: &str, target: &Deployed, kind: Kind) -> usize {
        let changes = self.changes(stack_id, target);
        match kind {
            Kind::Create => changes
                .values()
                .filter(|change| **change == Change::Add)
                .count(),
            _ => changes.len(),
        }
    }
}

pub(crate) fn properties(scope: &Scope<'_>, model: &ResourceModel) -> Result<Json, Missing> {
    match &model.properties {
        Some(node) => Ok(scope.value(node)?.unwrap_or_default()),
        None => Ok(Json::Null),
    }
}

pub(crate) fn policy(scope: &Scope<'_>, model: &ResourceModel) -> Policy {
    let policy = model
        .deletion_policy
        .as_ref()
        .or(model.update_replace_policy.as_ref())
        .and_then(|node| scope.text(node).ok());
    match policy.as_deref() {
        Some("Retain") => Policy::Retain,
        Some("RetainExceptOnCreate") => Policy::RetainExceptOnCreate,
        _ => Policy::Delete,
    }
}

/// Whether the change of some properties makes another resource.
fn replaces(old: &Json, new: &Json) -> bool {
    NAMES
        .iter()
        .chain(&FIXED)
        .any(|name| old.get(name) != new.get(name))
}

/// Names of the exports that a template imports by a literal name.
fn imports(target: &Deployed) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for model in target.template.resources.values() {
        if let Some(node) = &model.properties {
            collect_imports(node, &mut names);
        }
    }
    for output in target.template.outputs.values() {
        collect_imports(&output.value, &mut names);
    }
    names
}

fn collect_imports(node: &shopctl_core::yaml::Node, into: &mut BTreeSet<String>) {
    use shopctl_core::yaml::Value;
    if let Some(("ImportValue", argument)) = crate::template::function(node) {
        into.extend(argument.text());
    }
    match &node.value {
        Value::Sequence(items) => items.iter().for_each(|item| collect_imports(item, into)),
        Value::Mapping(entries) => entries
            .iter()
            .for_each(|(_, value)| collect_imports(value, into)),
        Value::Scalar(_) => {}
    }
}
