//! The form of each function's argument, as
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>
//! describes it. Which function may stand within which is left to CloudFormation
//! where its documentation and its behaviour differ.

use std::collections::HashSet;

use super::expression::{Call, Expected, Expression, Function};
use super::findings::suggest;
use super::sub_text::{Variable, variables};
use super::walk::{Scope, Section, Walk};
use crate::yaml::Node;

impl<'a> Walk<'_, 'a> {
    /// Checks the argument of a known function that may stand where it stands.
    pub(super) fn check_call(&mut self, function: Function, call: &Call<'a>, scope: Scope<'a>) {
        match function {
            Function::Ref => self.check_ref(call, scope),
            Function::GetAtt => self.check_get_att(call, scope),
            Function::Sub => self.check_sub(call, scope),
            Function::If => self.check_if(call, scope),
            Function::Join => self.check_join(call, scope),
            Function::Select => self.check_select(call, scope),
            Function::Split => self.check_split(call, scope),
            Function::FindInMap => self.check_find_in_map(call, scope),
            Function::Cidr => self.check_cidr(call, scope),
            Function::Base64 | Function::GetAZs => self.check_one(call, "one text", scope),
            Function::ImportValue => {
                let section = Section::Early("imports are looked up before there are resources");
                self.check_one(call, "the name of an export", Scope { section, ..scope });
            }
            Function::GetStackOutput => self.check_get_stack_output(call, scope),
            Function::Transform => self.check_transform(call, scope),
            Function::Length | Function::ToJsonString => {
                if call.argument.text().is_some() || call.argument.is_null() {
                    self.wrong(call, "a list or a mapping");
                }
                self.argument(call.argument, scope);
            }
            Function::Condition => match call.argument.text() {
                Some(name) => self.condition_name(name, call.argument.location(), scope),
                None => self.wrong(call, "the name of a condition"),
            },
            Function::And | Function::Or => self.check_conditions(call, 2, 10, scope),
            Function::Not => self.check_conditions(call, 1, 1, scope),
            Function::Equals | Function::Contains => {
                self.check_members(call, 2, "[value, value]", scope);
            }
            Function::EachMemberEquals | Function::EachMemberIn => {
                self.check_members(call, 2, "[list, value or list]", scope);
            }
            Function::RefAll | Function::ValueOf | Function::ValueOfAll => {
                self.check_rule_value(function, call, scope);
            }
        }
    }

    /// Says what a function takes.
    fn wrong(&mut self, call: &Call<'a>, takes: &str) {
        let message = format!(
            "{} takes {takes}, not {}",
            call.name,
            call.argument.describe()
        );
        self.findings.error(call.argument.location(), message);
    }

    /// The items of a list of `least` to `most`, or a finding.
    pub(super) fn list(
        &mut self,
        call: &Call<'a>,
        least: usize,
        most: usize,
        takes: &str,
    ) -> Option<&'a [Node]> {
        let items = call.argument.items();
        match items {
            Some(items) if (least..=most).contains(&items.len()) => return Some(items),
            Some(items) => {
                let message = format!(
                    "{} takes {takes}; this list has {} {}",
                    call.name,
                    items.len(),
                    if items.len() == 1 { "item" } else { "items" },
                );
                self.findings.error(call.argument.location(), message);
            }
            None => self.wrong(call, takes),
        }
        None
    }

    fn check_ref(&mut self, call: &Call<'a>, scope: Scope<'a>) {
        if let Some(name) = call.argument.text().filter(|name| !name.is_empty()) {
            self.reference(name, "Ref", call.argument.location(), scope);
        } else if self.names.extensions && call.argument.call(Expected::Value).is_some() {
            self.argument(call.argument, scope);
        } else {
            self.wrong(call, "one name");
        }
    }

    fn check_get_att(&mut self, call: &Call<'a>, scope: Scope<'a>) {
        const TAKES: &str = "'Resource.Attribute'";
        if let Some(path) = call.argument.text() {
            match path.split_once('.') {
                Some((resource, attribute)) if !resource.is_empty() && !attribute.is_empty() => {
                    let location = call.argument.location();
                    self.attribute(resource, Some(attribute), "GetAtt", location, scope);
                }
                _ => self.wrong(call, TAKES),
            }
            return;
        }
        let Some(items) = self.list(call, 2, 2, "[resource, attribute]") else {
            return;
        };
        let [resource, attribute] = [&items[0], &items[1]].map(Expression::new);
        self.value(attribute, scope);
        match resource.text() {
            Some(name) => {
                self.attribute(name, attribute.text(), "GetAtt", resource.location(), scope);
            }
            None if self.names.extensions => self.value(resource, scope),
            None => {
                let message = format!(
                    "{} takes the name of a resource, not {}",
                    call.name,
                    resource.describe()
                );
                self.findings.error(resource.location(), message);
            }
        }
    }

    fn check_sub(&mut self, call: &Call<'a>, scope: Scope<'a>) {
        const TAKES: &str = "a text, or [text, mapping of its variables]";
        let (text, own) = match (call.argument.text(), call.argument.items()) {
            (Some(_), _) => (call.argument, &[][..]),
            // A macro may yield the text.
            _ if is_transform(call.argument) => {
                self.argument(call.argument, scope);
                return;
            }
            (None, Some([text, own]))
                if Expression::new(text).text().is_some()
                    && Expression::new(own).entries().is_some() =>
            {
                (Expression::new(text), own.entries().unwrap_or_default())
            }
            _ => {
                self.wrong(call, TAKES);
                return;
            }
        };
        let location = text.location();
        let text = text.text().unwrap_or_default();
        self.text(text, location, scope);
        let mut unused: HashSet<&str> = own.iter().filter_map(|(key, _)| key.as_str()).collect();
        let own_names: HashSet<&str> = unused.clone();
        for variable in variables(text) {
            match variable {
                Variable::Named(name) if own_names.contains(name) => {
                    unused.remove(name);
                }
                Variable::Named(name) => match name.split_once('.') {
                    Some((resource, attribute)) => {
                        self.attribute(resource, Some(attribute), "Sub", location, scope);
                    }
                    None => self.reference(name, "Sub", location, scope),
                },
                Variable::Malformed(name) => {
                    let message = format!("'${{{name}}}' holds no name that Sub could replace");
                    let hint = (!name.is_empty())
                        .then(|| format!("'${{!{name}}}' stands for the text itself"));
                    self.findings.error_with(location, message, hint);
                }
                Variable::Unclosed(rest) => {
                    let shown = rest.trim_end();
                    let message = format!("'{shown}' has no '}}' at its end");
                    self.findings.error(location, message);
                }
            }
        }
        for (key, value) in own {
            let name = key.as_str().unwrap_or_default();
            if unused.contains(name) {
                let message = format!("the text of this Sub has no '${{{name}}}'");
                self.findings
                    .warning_with(&key.location, message, "remove it");
            }
            self.value(Expression::new(value), scope);
        }
    }

    fn check_if(&mut self, call: &Call<'a>, scope: Scope<'a>) {
        let takes = "[condition, value if true, value if not]";
        let Some(items) = self.list(call, 3, 3, takes) else {
            return;
        };
        let condition = Expression::new(&items[0]);
        match condition.text() {
            Some(name) => self.condition_name(name, condition.location(), scope),
            None => {
                let message = format!(
                    "{} takes the name of a condition, not {}",
                    call.name,
                    condition.describe()
                );
                let hint = "name it in the section Conditions".to_owned();
                self.findings
                    .error_with(condition.location(), message, Some(hint));
            }
        }
        for value in &items[1..] {
            let scope = Scope {
                conditional: true,
                ..scope
            };
            self.value(Expression::new(value), scope);
        }
    }

    fn check_join(&mut self, call: &Call<'a>, scope: Scope<'a>) {
        let Some(items) = self.list(call, 2, 2, "[delimiter, list of texts]") else {
            return;
        };
        self.delimiter(call, &items[0]);
        let parts = Expression::new(&items[1]);
        if self.needs_list(call, parts) {
            match parts.items() {
                Some(parts) => {
                    let scope = Scope {
                        joined: true,
                        ..scope
                    };
                    for part in parts {
                        let part = Expression::new(part);
                        if part.entries().is_some() && part.call(Expected::Value).is_none() {
                            let message = format!("{} joins texts, not mappings", call.name);
                            self.findings.error(part.location(), message);
                        }
                        self.value(part, scope);
                    }
                }
                None => self.value(parts, scope),
            }
        }
    }

    fn delimiter(&mut self, call: &Call<'a>, node: &'a Node) {
        let delimiter = Expression::new(node);
        if delimiter.text().is_none() && !delimiter.is_null() {
            let message = format!(
                "{} takes a literal delimiter, not {}",
                call.name,
                delimiter.describe()
            );
            self.findings.error(delimiter.location(), message);
        }
    }

    /// Whether an argument can be a list; else reports it.
    fn needs_list(&mut self, call: &Call<'a>, list: Expression<'a>) -> bool {
        let inner = list.call(Expected::Value);
        let is_text = match &inner {
            Some(inner) => inner.function.is_some_and(Function::yields_text),
            None => list.items().is_none(),
        };
        if is_text && !list.is_null() {
            let message = format!("{} takes a list here, not {}", call.name, list.describe());
            self.findings.error(list.location(), message);
        }
        !is_text
    }

    fn check_select(&mut self, call: &Call<'a>, scope: Scope<'a>) {
        let Some(items) = self.list(call, 2, 2, "[index, list]") else {
            return;
        };
        let [index, list] = [&items[0], &items[1]].map(Expression::new);
        self.value(index, scope);
        if let Some(text) = index.text() {
            let length = list.items().map(<[Node]>::len);
            match (text.parse::<usize>(), length) {
                (Err(_), _) => {
                    let message = format!("{} takes an index from 0, not '{text}'", call.name);
                    self.findings.error(index.location(), message);
                }
                (Ok(number), Some(length)) if number >= length => {
                    let message =
                        format!("index {number} is beyond a list of {length}: the first is 0");
                    self.findings.error(index.location(), message);
                }
                _ => {}
            }
        }
        if self.needs_list(call, list) {
            self.value(list, scope);
        }
    }

    fn check_split(&mut self, call: &Call<'a>, scope: Scope<'a>) {
        let Some(items) = self.list(call, 2, 2, "[delimiter, text]") else {
            return;
        };
        self.delimiter(call, &items[0]);
        if Expression::new(&items[0]).text() == Some("") {
            let message = format!("{} takes a delimiter that is not empty", call.name);
            self.findings.error(&items[0].location, message);
        }
        self.one_value(call, Expression::new(&items[1]), "a text", scope);
    }

    fn check_cidr(&mut self, call: &Call<'a>, scope: Scope<'a>) {
        let takes = "[address block, count, bits of each block]";
        let Some(items) = self.list(call, 2, 3, takes) else {
            return;
        };
        self.one_value(call, Expression::new(&items[0]), "an address block", scope);
        for (item, most) in items[1..].iter().zip([256, 128]) {
            let number = Expression::new(item);
            self.one_value(call, number, "a number", scope);
            let in_range = |text: &str| text.parse().is_ok_and(|n: usize| (1..=most).contains(&n));
            if let Some(text) = number.text()
                && !in_range(text)
            {
                let message = format!(
                    "{} takes a number from 1 to {most}, not '{text}'",
                    call.name
                );
                self.findings.error(number.location(), message);
            }
        }
    }

    /// The argument is one text or a call that yields one.
    fn check_one(&mut self, call: &Call<'a>, takes: &str, scope: Scope<'a>) {
        self.one_value(call, call.argument, takes, scope);
    }

    fn one_value(&mut self, call: &Call<'a>, value: Expression<'a>, takes: &str, scope: Scope<'a>) {
        let data = value.call(Expected::Value).is_none() && value.text().is_none();
        // `Fn::GetAZs: ""` is the region's; a bare `!GetAZs` says the same.
        if data && !value.is_null() {
            let message = format!("{} takes {takes}, not {}", call.name, value.describe());
            self.findings.error(value.location(), message);
        }
        self.value(value, scope);
    }

    fn check_get_stack_output(&mut self, call: &Call<'a>, scope: Scope<'a>) {
        const KEYS: [&str; 4] = ["StackName", "OutputName", "Region", "RoleArn"];
        let Some(entries) = call.argument.entries() else {
            self.wrong(call, "a mapping with StackName and OutputName");
            return;
        };
        let given: Vec<&str> = entries.iter().filter_map(|(key, _)| key.as_str()).collect();
        for key in &KEYS[..2] {
            if !given.contains(key) {
                let message = format!("{} has no {key}", call.name);
                self.findings.error(call.location, message);
            }
        }
        for (key, value) in entries {
            let name = key.as_str().unwrap_or_default();
            if !KEYS.contains(&name) {
                let message = format!("{} does not take '{name}'", call.name);
                self.findings
                    .error_with(&key.location, message, suggest(name, KEYS));
            }
            self.value(Expression::new(value), scope);
        }
    }

    fn check_transform(&mut self, call: &Call<'a>, scope: Scope<'a>) {
        let has_name =
            |entries: &[(Node, Node)]| entries.iter().any(|(key, _)| key.as_str() == Some("Name"));
        // Several macros run one after the other.
        let is_list = (call.argument.items()).is_some_and(|items| {
            items
                .iter()
                .all(|item| item.entries().is_some_and(has_name))
        });
        if !is_list && !call.argument.entries().is_some_and(has_name) {
            self.wrong(
                call,
                "a mapping with the Name of a macro and its Parameters",
            );
        }
        self.argument(call.argument, scope);
    }

    fn check_conditions(&mut self, call: &Call<'a>, least: usize, most: usize, scope: Scope<'a>) {
        let takes = match (least, most) {
            (1, _) => "a list of one condition".to_owned(),
            _ => format!("a list of {least} to {most} conditions"),
        };
        for item in self.list(call, least, most, &takes).unwrap_or_default() {
            self.condition(Expression::new(item), scope);
        }
    }

    fn check_members(&mut self, call: &Call<'a>, count: usize, takes: &str, scope: Scope<'a>) {
        for item in self.list(call, count, count, takes).unwrap_or_default() {
            self.value(Expression::new(item), scope);
        }
    }

    /// `RefAll` and `ValueOfAll` are about all parameters of a type, `ValueOf` about one.
    fn check_rule_value(&mut self, function: Function, call: &Call<'a>, scope: Scope<'a>) {
        if function == Function::RefAll {
            match call.argument.text() {
                Some(parameter_type) => self.use_parameters_of(parameter_type),
                None => self.wrong(call, "a parameter type"),
            }
            return;
        }
        let Some(items) = self.list(call, 2, 2, "[parameter, attribute of its value]") else {
            return;
        };
        let first = Expression::new(&items[0]);
        match first.text() {
            Some(name) if function == Function::ValueOf => {
                self.reference(name, "ValueOf", first.location(), scope);
            }
            Some(parameter_type) => self.use_parameters_of(parameter_type),
            None => self.wrong(call, "the name of a parameter or its type"),
        }
    }

    fn use_parameters_of(&mut self, parameter_type: &str) {
        let of_type = self
            .names
            .parameters
            .iter()
            .filter(|(_, its_type)| **its_type == parameter_type)
            .map(|(name, _)| *name);
        self.uses.parameters.extend(of_type);
    }
}

fn is_transform(expression: Expression<'_>) -> bool {
    expression
        .call(Expected::Value)
        .is_some_and(|call| call.function == Some(Function::Transform))
}
