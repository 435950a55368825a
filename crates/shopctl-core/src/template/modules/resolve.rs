//! Resolving: every name and every function that is known when rendering is replaced by
//! what it stands for; all else stays as it is written.

use super::conditions::Verdict;
use super::foreach::FINAL;
use super::lookup::Use;
use super::scope::{Expander, ROOT, ScopeId};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::template::function::{
    attribute_path, call, is_no_value, rebuild, reference, same, scalar_text,
};
use crate::yaml::{Node, Value};

impl Expander<'_> {
    /// `node` as it is after rendering; `None` when a condition takes it away.
    pub(super) fn resolve(&mut self, scope: ScopeId, node: &Node) -> Option<Node> {
        if node.tag.as_deref() == Some(FINAL) {
            return node.items()?.first().cloned();
        }
        if !self.enter(&node.location) {
            return Some(node.clone());
        }
        let resolved = match call(node) {
            Some(call) => self.resolve_call(scope, node, &call.name, &call.argument),
            None => Some(self.resolve_children(scope, node)),
        };
        self.leave();
        resolved
    }

    pub(super) fn resolve_children(&mut self, scope: ScopeId, node: &Node) -> Node {
        let value = match &node.value {
            Value::Scalar(_) => return node.clone(),
            Value::Sequence(items) => Value::Sequence(
                items
                    .iter()
                    .filter_map(|item| self.resolve(scope, item))
                    .collect(),
            ),
            Value::Mapping(entries) => Value::Mapping(
                entries
                    .iter()
                    .filter_map(|(key, value)| Some((key.clone(), self.resolve(scope, value)?)))
                    .collect(),
            ),
        };
        Node {
            tag: node.tag.clone(),
            value,
            location: node.location.clone(),
        }
    }

    fn resolve_call(
        &mut self,
        scope: ScopeId,
        node: &Node,
        name: &str,
        argument: &Node,
    ) -> Option<Node> {
        match name {
            "Ref" => Some(self.resolve_ref(scope, node, argument)),
            "Fn::GetAtt" => Some(self.resolve_attribute(scope, node, argument)),
            "Fn::Sub" => Some(self.resolve_sub(scope, node, argument)),
            "Fn::If" => self.resolve_if(scope, node, argument),
            "Condition" => Some(self.resolve_condition_name(scope, node, argument)),
            "Fn::FindInMap" => Some(self.resolve_find_in_map(scope, node, argument)),
            "Fn::Invoke" => self.invoke(scope, node, argument),
            _ => {
                let resolved = self.resolve(scope, argument)?;
                let changed = scope != ROOT || !same(argument, &resolved);
                Some(self.evaluate(node, name, argument, resolved, changed))
            }
        }
    }

    fn resolve_ref(&mut self, scope: ScopeId, node: &Node, argument: &Node) -> Node {
        let Some(name) = argument.as_str() else {
            return node.clone();
        };
        match self.find(scope, name, Use::Ref, &node.location) {
            Some(found) => self.typed(scope, name, found),
            None => node.clone(),
        }
    }

    /// A parameter's value as the type of the parameter says, in the scope that declares it.
    fn typed(&self, scope: ScopeId, name: &str, value: Node) -> Node {
        let mut at = Some(scope);
        while let Some(id) = at {
            if self.scopes[id].parameters.contains_key(name) {
                return self.as_list(id, name, value);
            }
            at = self.scopes[id].parent;
        }
        value
    }

    fn resolve_attribute(&mut self, scope: ScopeId, node: &Node, argument: &Node) -> Node {
        if let Some(path) = attribute_path(argument) {
            let found = self.find(scope, &path, Use::Attribute, &node.location);
            return found.unwrap_or_else(|| node.clone());
        }
        // The attribute is computed: `[Name, !Ref Attribute]`.
        let Some([name, attribute]) = argument.items() else {
            return node.clone();
        };
        let Some(attribute) = self.resolve(scope, attribute) else {
            return node.clone();
        };
        let mut name = name.clone();
        if let (Some(text), Some(known)) = (name.as_str(), scalar_text(&attribute)) {
            let path = format!("{text}.{known}");
            if let Some(found) = self.find(scope, &path, Use::Attribute, &node.location) {
                return found;
            }
        } else if let Some(text) = name.as_str().map(str::to_owned)
            && let Some(found) = self.find(scope, &text, Use::Ref, &node.location)
            && let Some(call) = call(&found)
            && let Some(id) = call.argument.as_str()
        {
            name = Node::string(id, &name.location);
        }
        let argument = Node::sequence(vec![name, attribute], &argument.location);
        rebuild(node, "Fn::GetAtt", argument)
    }

    fn resolve_if(&mut self, scope: ScopeId, node: &Node, argument: &Node) -> Option<Node> {
        let Some([name, yes, no]) = argument.items() else {
            return Some(node.clone());
        };
        let verdict = match name.as_str() {
            Some(name) => self.verdict(scope, name),
            None => self.verdict_here(scope, name),
        };
        if let Some(Verdict::Known(known)) = verdict {
            let taken = self.resolve(scope, if known { yes } else { no })?;
            return (!is_no_value(&taken)).then_some(taken);
        }
        let mut branch = |branch: &Node| {
            self.resolve(scope, branch)
                .unwrap_or_else(|| reference("AWS::NoValue", &branch.location))
        };
        let (yes, no) = (branch(yes), branch(no));
        let name = match verdict {
            Some(Verdict::Emitted(emitted)) => Node::string(emitted, &name.location),
            _ => name.clone(),
        };
        let argument = Node::sequence(vec![name, yes, no], &argument.location);
        Some(rebuild(node, "Fn::If", argument))
    }

    /// `!Condition name` where a template has no other place for it than a condition.
    fn resolve_condition_name(&mut self, scope: ScopeId, node: &Node, argument: &Node) -> Node {
        let verdict = argument.as_str().and_then(|name| self.verdict(scope, name));
        match verdict {
            Some(Verdict::Emitted(name)) => {
                let name = Node::string(name, &argument.location);
                rebuild(node, "Condition", name)
            }
            _ => node.clone(),
        }
    }

    /// A value of a module's mapping, or the mapping itself under the module's name.
    fn resolve_find_in_map(&mut self, scope: ScopeId, node: &Node, argument: &Node) -> Node {
        let argument = self.resolve_children(scope, argument);
        let unresolved = rebuild(node, "Fn::FindInMap", argument.clone());
        let Some([name, first, second, more @ ..]) = argument.items() else {
            return unresolved;
        };
        let Some(map) = name.as_str() else {
            return unresolved;
        };
        let mut at = scope;
        while at != ROOT && !self.scopes[at].mappings.contains_key(map) {
            at = self.scopes[at].parent.unwrap_or(ROOT);
        }
        let Some((key, mapping)) = self.scopes[at].mappings.get(map).cloned() else {
            return unresolved;
        };
        if at == ROOT {
            return unresolved;
        }
        if let (Some(first_text), Some(second_text)) = (scalar_text(first), scalar_text(second)) {
            let row = mapping.get(&first_text);
            if let Some(value) = row.and_then(|row| row.get(&second_text)) {
                return value.clone();
            }
            if let Some(default) = more.first().and_then(|more| more.get("DefaultValue")) {
                return default.clone();
            }
            let (known, word, place) = match row {
                None => (&mapping, first_text, first),
                Some(row) => (row, second_text, second),
            };
            let known: Vec<&str> = known
                .entries()
                .unwrap_or(&[])
                .iter()
                .filter_map(|(key, _)| key.as_str())
                .collect();
            let mut found = Diagnostic::error(
                &place.location,
                format!("the mapping '{map}' has no key '{word}'"),
            );
            found.hint = did_you_mean(&word, known.iter().copied());
            self.report(found);
            return unresolved;
        }
        let final_name = format!("{}{map}", self.scopes[at].prefix);
        let entry = (key.location.clone(), mapping);
        self.mappings.entry(final_name.clone()).or_insert(entry);
        let mut items = vec![Node::string(final_name, &name.location)];
        items.extend([first, second].into_iter().chain(more).cloned());
        let argument = Node::sequence(items, &argument.location);
        rebuild(node, "Fn::FindInMap", argument)
    }
}
