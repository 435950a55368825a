//! Conditions of modules: decided here where everything is known, else emitted under the
//! module's name. Conditions of the template itself are left to CloudFormation.

use super::scope::{Expander, ROOT, ScopeId};
use crate::template::function::{call, make, same, scalar_text};
use crate::yaml::Node;

/// What is known of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It holds or not, whatever happens at deploy time.
    Known(bool),
    /// CloudFormation decides; this is its final name.
    Emitted(String),
}

enum Truth {
    Known(bool),
    Open(Node),
}

impl Expander<'_> {
    /// What is known of the condition `name` as seen from `scope`; `None` when no module on
    /// the way up has one, so that it can only be the template's.
    pub(super) fn verdict(&mut self, scope: ScopeId, name: &str) -> Option<Verdict> {
        let mut at = scope;
        while at != ROOT {
            if let Some((key, value)) = self.scopes[at].conditions.get(name).cloned() {
                return Some(self.decide(at, name, &key, &value));
            }
            at = self.scopes[at].parent.unwrap_or(ROOT);
        }
        None
    }

    /// What is known of a condition that is written in place of a name, as modules may.
    pub(super) fn verdict_here(&mut self, scope: ScopeId, node: &Node) -> Option<Verdict> {
        if scope == ROOT {
            return None;
        }
        match self.truth(scope, node) {
            Truth::Known(known) => Some(Verdict::Known(known)),
            Truth::Open(_) => None,
        }
    }

    fn decide(&mut self, scope: ScopeId, name: &str, key: &Node, value: &Node) -> Verdict {
        if let Some(verdict) = self.scopes[scope].verdicts.get(name) {
            return verdict.clone();
        }
        let truth = self.once(scope, "condition", name, &key.location, |this| {
            Some(this.truth(scope, value))
        });
        let verdict = match truth {
            // It depends on itself, which has been reported.
            None => return Verdict::Known(false),
            Some(Truth::Known(known)) => Verdict::Known(known),
            // Another condition under another name.
            Some(Truth::Open(node)) if condition_name(&node).is_some() => {
                Verdict::Emitted(condition_name(&node).unwrap_or_default())
            }
            Some(Truth::Open(node)) => {
                let name = format!("{}{name}", self.scopes[scope].prefix);
                self.emit_condition(&name, key, node);
                Verdict::Emitted(name)
            }
        };
        let verdicts = &mut self.scopes[scope].verdicts;
        verdicts.insert(name.to_owned(), verdict.clone());
        verdict
    }

    fn emit_condition(&mut self, name: &str, key: &Node, node: Node) {
        if let Some((_, other)) = self.conditions.get(name) {
            if !same(other, &node) {
                self.error(
                    &key.location,
                    format!("two different conditions would be named '{name}'"),
                );
            }
            return;
        }
        let entry = (key.location.clone(), node);
        self.conditions.insert(name.to_owned(), entry);
    }

    fn truth(&mut self, scope: ScopeId, node: &Node) -> Truth {
        if let Some(name) = condition_name(node) {
            return match self.verdict(scope, &name) {
                Some(Verdict::Known(known)) => Truth::Known(known),
                Some(Verdict::Emitted(name)) => {
                    let name = Node::string(name, &node.location);
                    Truth::Open(make("Condition", name, &node.location))
                }
                None => Truth::Open(node.clone()),
            };
        }
        let Some(call) = call(node) else {
            let what = node.describe();
            self.error(
                &node.location,
                format!("a condition is a function such as Fn::Equals, not {what}"),
            );
            return Truth::Known(false);
        };
        let items = call.argument.items().unwrap_or(&[]).to_vec();
        match (&*call.name, items.as_slice()) {
            ("Fn::Equals", [a, b]) => self.equals(scope, node, a, b),
            ("Fn::Not", [inner]) => match self.truth(scope, inner) {
                Truth::Known(known) => Truth::Known(!known),
                Truth::Open(inner) => {
                    let argument = Node::sequence(vec![inner], &node.location);
                    Truth::Open(make("Fn::Not", argument, &node.location))
                }
            },
            ("Fn::And", [_, ..]) => self.all(scope, node, &items, "Fn::And", true),
            ("Fn::Or", [_, ..]) => self.all(scope, node, &items, "Fn::Or", false),
            ("Fn::Equals" | "Fn::Not" | "Fn::And" | "Fn::Or", _) => {
                let expected = match &*call.name {
                    "Fn::Equals" => "two values",
                    "Fn::Not" => "one condition",
                    _ => "two or more conditions",
                };
                self.error(
                    &node.location,
                    format!("{} takes a list of {expected}", call.name),
                );
                Truth::Known(false)
            }
            _ => {
                let resolved = self.resolve(scope, node);
                Truth::Open(resolved.unwrap_or_else(|| node.clone()))
            }
        }
    }

    /// Values are compared as CloudFormation does, as texts: `true` equals `'true'`, which
    /// the AWS CLI takes to differ.
    fn equals(&mut self, scope: ScopeId, node: &Node, a: &Node, b: &Node) -> Truth {
        let mut side = |side: &Node| self.resolve(scope, side).unwrap_or_else(|| side.clone());
        let (a, b) = (side(a), side(b));
        if let (Some(a), Some(b)) = (scalar_text(&a), scalar_text(&b)) {
            return Truth::Known(a == b);
        }
        if same(&a, &b) {
            return Truth::Known(true);
        }
        let argument = Node::sequence(vec![a, b], &node.location);
        Truth::Open(make("Fn::Equals", argument, &node.location))
    }

    /// `Fn::And` (`neutral` true) and `Fn::Or` (`neutral` false).
    fn all(
        &mut self,
        scope: ScopeId,
        node: &Node,
        items: &[Node],
        name: &str,
        neutral: bool,
    ) -> Truth {
        let mut open = Vec::new();
        for item in items {
            match self.truth(scope, item) {
                Truth::Known(known) if known == neutral => {}
                Truth::Known(known) => return Truth::Known(known),
                Truth::Open(item) => open.push(item),
            }
        }
        match open.len() {
            0 => Truth::Known(neutral),
            1 => Truth::Open(open.remove(0)),
            _ => {
                let argument = Node::sequence(open, &node.location);
                Truth::Open(make(name, argument, &node.location))
            }
        }
    }
}

/// The name in `!Condition name` or `{Condition: name}`.
fn condition_name(node: &Node) -> Option<String> {
    if let Some(call) = call(node) {
        let name = call.argument.as_str();
        return name.filter(|_| call.name == "Condition").map(str::to_owned);
    }
    match node.entries()? {
        [(key, value)] if key.as_str() == Some("Condition") => value.as_str().map(str::to_owned),
        _ => None,
    }
}
