//! Inputs of a module: `Properties` of the import for `Parameters` of the module.

use super::foreach::split_list;
use super::scope::{Expander, ROOT, ScopeId};
use crate::diagnostic::{Diagnostic, Location};
use crate::template::function::scalar_text;
use crate::yaml::{Node, Value};

impl Expander<'_> {
    /// The value of a parameter; `None` when there is none, which has been reported.
    ///
    /// As in the AWS CLI, an input that is missing only matters where it is used, so that a
    /// module may have parameters for a part of it that a condition leaves out.
    pub(super) fn input(
        &mut self,
        scope: ScopeId,
        name: &str,
        location: &Location,
    ) -> Option<Node> {
        if scope == ROOT {
            return self.template_parameter(name, location);
        }
        // Within the list of a loop an input may stand for something else.
        if !self.render_time
            && let Some(known) = self.scopes[scope].inputs.get(name)
        {
            return known.clone();
        }
        let value = self.once(scope, "the input", name, location, |this| {
            this.work_out(scope, name, location)
        });
        if !self.render_time {
            let inputs = &mut self.scopes[scope].inputs;
            inputs.insert(name.to_owned(), value.clone());
        }
        value
    }

    fn work_out(&mut self, scope: ScopeId, name: &str, location: &Location) -> Option<Node> {
        let parent = self.scopes[scope].parent?;
        let given = self.scopes[scope].given.get(name).cloned();
        // `!Ref AWS::NoValue` in a branch that is taken means that nothing is given.
        let given = given.and_then(|(_, value)| self.resolve(parent, &value));
        let declaration = self.scopes[scope].parameters.get(name).cloned();
        let schema = self.scopes[scope].schema.get(name).cloned();
        let default = || {
            let declared = declaration.as_ref().and_then(|(_, d)| d.get("Default"));
            let described = || schema.as_ref().and_then(|(_, s)| s.get("Default"));
            declared.or_else(described).cloned()
        };
        let Some(value) = given.or_else(default) else {
            self.missing(scope, name, location);
            return None;
        };
        let found = self.diagnostics.len();
        let value = match &schema {
            Some((_, schema)) => self.conform(name, schema, &value),
            None => value,
        };
        // What uses a value of the wrong shape would only repeat that.
        if self.diagnostics.len() > found {
            return None;
        }
        if let Some((_, declaration)) = &declaration {
            self.check_allowed(scope, name, declaration, &value);
        }
        Some(value)
    }

    fn missing(&mut self, scope: ScopeId, name: &str, used: &Location) {
        let import = self.scopes[scope].import.clone();
        let message = format!("{} needs the input '{name}'", self.describe(scope));
        let hint = format!("set it under 'Properties'; it is used at {used}");
        // Several uses are one mistake.
        let known = |d: &Diagnostic| d.location.as_ref() == Some(&import) && d.message == message;
        if !self.diagnostics.iter().any(known) {
            self.report(Diagnostic::error(&import, message).with_hint(hint));
        }
    }

    fn check_allowed(&mut self, scope: ScopeId, name: &str, declaration: &Node, value: &Node) {
        let Some(text) = scalar_text(value) else {
            return;
        };
        let Some(allowed) = declaration.get("AllowedValues").and_then(Node::items) else {
            return;
        };
        let allowed: Vec<String> = allowed.iter().filter_map(scalar_text).collect();
        if !allowed.contains(&text) {
            let message = format!(
                "'{text}' is not an allowed value of '{name}' of {}",
                self.describe(scope)
            );
            let allowed = allowed.iter().map(String::as_str);
            self.unknown(&value.location, message, &text, allowed);
        }
    }

    /// The value of a parameter of the template, where it has to be known when rendering.
    fn template_parameter(&mut self, name: &str, location: &Location) -> Option<Node> {
        if let Some((key, _)) = self.scopes[0].parameters.get(name) {
            self.used.push(key.location.clone());
        }
        if let Some(value) = self.values.get(name) {
            return Some(Node::string(value, location));
        }
        let declaration = self.scopes[0].parameters.get(name).cloned();
        let default = declaration.and_then(|(_, declaration)| declaration.get("Default").cloned());
        if default.is_none() {
            let message = format!(
                "the value of parameter '{name}' has to be known when the template is rendered"
            );
            let hint = "give the parameter a default, or a literal value in the environment";
            self.report(Diagnostic::error(location, message).with_hint(hint));
        }
        default
    }

    /// A text that is the value of a parameter of a list type, as list.
    pub(super) fn as_list(&self, scope: ScopeId, name: &str, value: Node) -> Node {
        let declared = self.scopes[scope].parameters.get(name);
        let is_list = declared
            .and_then(|(_, declaration)| declaration.get("Type")?.as_str())
            .is_some_and(|kind| kind == "CommaDelimitedList" || kind.starts_with("List<"));
        match &value.value {
            Value::Scalar(scalar) if is_list && value.tag.is_none() => {
                let item = |text: &str| Node::string(text, &value.location);
                let items = split_list(&scalar.text).map(item).collect();
                Node::sequence(items, &value.location)
            }
            _ => value,
        }
    }
}
