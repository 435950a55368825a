//! Functions that only exist when rendering (`Fn::Merge`, `Fn::InsertFile`, `Fn::Flatten`,
//! `Fn::Invoke`), and those that are collapsed when their arguments are known
//! (`Fn::Select`, `Fn::Join`).

use super::flatten::flatten;
use super::foreach::finished;
use super::merge::merge;
use super::scope::{Expander, Instance, ScopeId};
use crate::diagnostic::Diagnostic;
use crate::template::files::{path_at, read_text};
use crate::template::function::{is_call, is_no_value, rebuild, scalar_text};
use crate::yaml::{Node, Value};

impl Expander<'_> {
    /// The call of `name` with a resolved argument. Functions of CloudFormation are only
    /// collapsed when something was `changed`, so that a template without modules stays as
    /// it is written.
    pub(super) fn evaluate(
        &mut self,
        node: &Node,
        name: &str,
        argument: &Node,
        resolved: Node,
        changed: bool,
    ) -> Node {
        let value = match name {
            "Fn::Merge" => self.merged(node, &resolved),
            "Fn::InsertFile" => self.file_text(&resolved),
            "Fn::Flatten" => match flatten(&resolved) {
                Ok(value) => Some(value),
                Err(diagnostic) => {
                    self.report(diagnostic);
                    None
                }
            },
            "Fn::Select" if changed => self.selected_item(&resolved),
            "Fn::Join" if changed => joined(&resolved),
            _ => None,
        };
        match value {
            Some(value) => value,
            None if changed => rebuild(node, name, resolved),
            None => rebuild(node, name, argument.clone()),
        }
    }

    fn merged(&mut self, node: &Node, argument: &Node) -> Option<Node> {
        let parts = argument.items().unwrap_or(&[]);
        let [first, second, more @ ..] = parts else {
            self.error(
                &node.location,
                "Fn::Merge takes a list of two or more values",
            );
            return None;
        };
        if let Some(open) = parts.iter().find(|part| is_call(part)) {
            self.error(
                &open.location,
                "Fn::Merge can only merge what is known when the template is rendered",
            );
            return None;
        }
        let is_list = |node: &Node| matches!(node.value, Value::Sequence(_));
        let is_scalar = |node: &Node| matches!(node.value, Value::Scalar(_));
        if let Some(other) = parts
            .iter()
            .find(|part| is_scalar(part) || is_list(part) != is_list(first))
        {
            let message = format!(
                "Fn::Merge takes only lists or only mappings, not {}",
                other.describe()
            );
            self.error(&other.location, message);
            return None;
        }
        let mut merged = merge(first, second);
        for part in more {
            merged = merge(&merged, part);
        }
        Some(merged)
    }

    /// The text of a file; its path is relative to the file that names it.
    fn file_text(&mut self, argument: &Node) -> Option<Node> {
        let Some(reference) = argument.as_str() else {
            let message = format!("Fn::InsertFile takes a path, not {}", argument.describe());
            self.error(&argument.location, message);
            return None;
        };
        let text = path_at(&argument.location, reference)
            .and_then(|path| read_text(self.files, &path, &argument.location));
        match text {
            Ok(text) => Some(Node::string(text, &argument.location)),
            Err(diagnostic) => {
                self.report(diagnostic);
                None
            }
        }
    }

    fn selected_item(&mut self, argument: &Node) -> Option<Node> {
        let [index, list] = argument.items()? else {
            return None;
        };
        let wanted: usize = scalar_text(index)?.parse().ok()?;
        let items = list.items().filter(|_| list.tag.is_none())?;
        if items.iter().any(|item| scalar_text(item).is_none()) {
            return None;
        }
        if wanted >= items.len() {
            let message = format!(
                "Fn::Select wants item {wanted} (from 0) of a list of {}",
                items.len()
            );
            self.error(&argument.location, message);
        }
        items.get(wanted).cloned()
    }

    /// `Fn::Invoke: [Module, Inputs, Outputs]`: outputs of a module with other inputs.
    pub(super) fn invoke(&mut self, scope: ScopeId, node: &Node, argument: &Node) -> Option<Node> {
        let parts = match argument.items() {
            Some([name, inputs, outputs]) => name
                .as_str()
                .zip(inputs.entries())
                .map(|(name, inputs)| (name, inputs, outputs)),
            _ => None,
        };
        let Some((name, inputs, outputs)) = parts else {
            self.error(
                &node.location,
                "Fn::Invoke takes a list of a module's name, inputs and output names",
            );
            return None;
        };
        let Some((owner, mut entry)) = self.find_import(scope, name) else {
            let known: Vec<String> = self.scopes[scope].groups.keys().cloned().collect();
            let message = format!("unknown module '{name}'");
            let known = known.iter().map(String::as_str);
            self.unknown(&node.location, message, name, known);
            return None;
        };
        if entry.get("Properties").is_none() {
            entry.set("Properties", Node::mapping(Vec::new(), &argument.location));
        }
        for (key, value) in inputs {
            let value = self.resolve(scope, value).map(finished);
            if let (Some(key), Some(value), Some(properties)) =
                (key.as_str(), value, entry.get_mut("Properties"))
            {
                properties.set(key, value);
            }
        }
        let invoked = self.once(owner, "the call of module", name, &node.location, |this| {
            this.import(owner, name, &entry, &node.location)
        });
        let instance = Instance {
            key: String::new(),
            name: name.to_owned(),
            scope: Some(invoked?),
        };
        let mut values = Vec::new();
        for output in outputs.items().unwrap_or(std::slice::from_ref(outputs)) {
            let Some(output_name) = output.as_str() else {
                let message = format!("an output is a name, not {}", output.describe());
                self.report(Diagnostic::error(&output.location, message));
                return None;
            };
            values.push(self.output_named(&instance, output_name, &output.location)?);
        }
        if values.len() == 1 {
            return values.pop().filter(|value| !is_no_value(value));
        }
        Some(Node::sequence(values, &node.location))
    }
}

/// The text of a `Join` whose items are all known.
fn joined(argument: &Node) -> Option<Node> {
    let [delimiter, list] = argument.items()? else {
        return None;
    };
    let delimiter = match &delimiter.value {
        Value::Scalar(scalar) if delimiter.tag.is_none() => &scalar.text,
        _ => return None,
    };
    let items = list.items().filter(|_| list.tag.is_none())?;
    let texts: Option<Vec<String>> = items.iter().map(scalar_text).collect();
    Some(Node::string(texts?.join(delimiter), &argument.location))
}
