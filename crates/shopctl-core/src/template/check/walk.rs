//! Goes through the values of a template: which function stands where, and what
//! every name refers to. The form of each function's argument is in `functions`.

use super::attributes;
use super::dynamic;
use super::expression::{Call, Expected, Expression, Function, LOOP_PREFIX, closest_function};
use super::findings::{Findings, suggest};
use super::names::{Link, Names, PSEUDO_PARAMETERS, Uses, sorted};
use crate::diagnostic::Location;

/// Collects findings and uses while going through values.
pub(super) struct Walk<'n, 'a> {
    pub(super) names: &'n Names<'a>,
    pub(super) findings: &'n mut Findings,
    pub(super) uses: Uses<'a>,
}

/// Where a value stands.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) section: Section,
    /// The resource or condition whose value it is.
    pub(super) owner: Option<&'a str>,
    /// Below an `Fn::If`.
    pub(super) conditional: bool,
    /// A part of a `Join`.
    pub(super) joined: bool,
}

/// The section of a value, as far as it matters for what is allowed there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Resources,
    Outputs,
    /// Known before any resource: the name of an export or import, a deletion policy.
    Early(&'static str),
    Conditions,
    Rules,
}

impl<'a> Scope<'a> {
    pub(super) fn new(section: Section, owner: Option<&'a str>) -> Self {
        Self {
            section,
            owner,
            conditional: false,
            joined: false,
        }
    }

    fn plain(self) -> Self {
        Self {
            joined: false,
            ..self
        }
    }

    /// Why resources cannot be referred to, if they cannot.
    fn no_resources(self) -> Option<&'static str> {
        match self.section {
            Section::Resources | Section::Outputs => None,
            Section::Early(what) => Some(what),
            Section::Conditions => Some("conditions are decided before there are resources"),
            Section::Rules => Some("rules are decided before there are resources"),
        }
    }
}

impl<'n, 'a> Walk<'n, 'a> {
    pub(super) fn new(names: &'n Names<'a>, findings: &'n mut Findings) -> Self {
        Self {
            names,
            findings,
            uses: Uses::default(),
        }
    }

    /// Checks a value with all that is in it.
    pub(super) fn value(&mut self, value: Expression<'a>, scope: Scope<'a>) {
        if let Some(call) = value.call(Expected::Value) {
            self.call(&call, scope);
        } else if let Some(items) = value.items() {
            for item in items {
                self.value(Expression::new(item), scope.plain());
            }
        } else if let Some(entries) = value.entries() {
            for (key, value) in entries {
                let key_text = key.as_str().unwrap_or_default();
                if key_text.starts_with("Fn::")
                    && !key_text.starts_with(LOOP_PREFIX)
                    && key_text != "Fn::Transform"
                {
                    let message = format!("{key_text} has other keys beside it");
                    let hint = "a function is the only key of its mapping".to_owned();
                    self.findings.error_with(&key.location, message, Some(hint));
                }
                self.value(Expression::new(value), scope.plain());
            }
        } else if let Some(text) = value.text() {
            self.text(text, value.location(), scope);
        }
    }

    pub(super) fn text(&mut self, text: &str, location: &Location, scope: Scope<'a>) {
        let (count, findings) = dynamic::check(text, scope.joined, location);
        self.uses.dynamic_references += count;
        self.findings.extend(findings);
    }

    fn call(&mut self, call: &Call<'a>, scope: Scope<'a>) {
        let Some(function) = self.known(call) else {
            // Names within what nobody knows may still be used.
            self.argument(call.argument, scope);
            return;
        };
        let misplaced = if function.is_condition() && function != Function::Condition {
            Some("name it in the section Conditions and use that with Fn::If")
        } else if function == Function::Condition {
            Some("use Fn::If to choose between values")
        } else if (function.is_rule() || function.is_rule_value())
            && scope.section != Section::Rules
        {
            Some("it is for the section Rules")
        } else {
            None
        };
        if let Some(hint) = misplaced {
            let message = format!("{} yields no value to use here", call.name);
            self.findings
                .error_with(call.location, message, Some(hint.to_owned()));
            return;
        }
        let in_condition = matches!(scope.section, Section::Conditions | Section::Rules);
        if in_condition
            && matches!(
                function,
                Function::GetAtt | Function::ImportValue | Function::GetStackOutput
            )
        {
            let why = scope.no_resources().unwrap_or_default();
            let message = format!("{} is not possible here: {why}", call.name);
            self.findings.error(call.location, message);
            return;
        }
        self.check_call(function, call, scope.plain());
    }

    /// The function of a call, or a finding.
    fn known(&mut self, call: &Call<'a>) -> Option<Function> {
        let known = call.function;
        match known {
            None => {
                let message = format!("unknown function {}", call.name);
                let hint = closest_function(call.name).map(|name| format!("did you mean {name}?"));
                self.findings.error_with(call.location, message, hint);
            }
            Some(function) if function.is_extension() && !self.names.extensions => {
                let message = format!("{} needs 'Transform: AWS::LanguageExtensions'", call.name);
                self.findings.error(call.location, message);
            }
            Some(function) if function.is_extension() && call.name.starts_with('!') => {
                let long = format!("Fn::{}", call.name.trim_start_matches('!'));
                let message = format!("{} has no short spelling", call.name);
                let hint = format!("write '{long}:'");
                self.findings.error_with(call.location, message, Some(hint));
            }
            Some(_) => {}
        }
        known
    }

    /// Goes through an argument of which nothing is known.
    pub(super) fn argument(&mut self, argument: Expression<'a>, scope: Scope<'a>) {
        self.value(argument, scope.plain());
    }

    /// Checks an expression that is true or false.
    pub(super) fn condition(&mut self, condition: Expression<'a>, scope: Scope<'a>) {
        let Some(call) = condition.call(Expected::Condition) else {
            if !condition.is_null() {
                let message = format!(
                    "a condition is one of Fn::Equals, Fn::And, Fn::Or, Fn::Not, Condition, not {}",
                    condition.describe()
                );
                self.findings.error(condition.location(), message);
            }
            return;
        };
        let Some(function) = self.known(&call) else {
            return;
        };
        let allowed =
            function.is_condition() || (scope.section == Section::Rules && function.is_rule());
        if allowed {
            self.check_call(function, &call, scope);
            return;
        }
        let message = format!("{} is neither true nor false", call.name);
        let hint = format!("compare it: !Equals [{} ..., 'value']", short(call.name));
        self.findings.error_with(call.location, message, Some(hint));
    }

    /// A use of a parameter, pseudo parameter or resource.
    pub(super) fn reference(
        &mut self,
        name: &'a str,
        how: &'static str,
        location: &'a Location,
        scope: Scope<'a>,
    ) {
        let names = self.names;
        if names.parameters.contains_key(name) {
            self.uses.parameters.insert(name);
        } else if names.resources.contains_key(name) {
            self.resource(name, how, location, scope);
        } else if PSEUDO_PARAMETERS.contains(&name) || names.incomplete {
        } else if name.starts_with("AWS::") {
            let message = format!("{how} names '{name}', which is no pseudo parameter");
            let hint = suggest(name, PSEUDO_PARAMETERS.iter().copied());
            self.findings.error_with(location, message, hint);
        } else {
            let hint = match names.kind(name) {
                Some(kind) => Some(format!("'{name}' is {kind}")),
                None => suggest(name, names.referable()),
            };
            let message = format!("{how} names '{name}', which is no parameter or resource");
            self.findings.error_with(location, message, hint);
        }
    }

    fn resource(
        &mut self,
        name: &'a str,
        how: &'static str,
        location: &'a Location,
        scope: Scope<'a>,
    ) {
        if let Some(why) = scope.no_resources() {
            let message = format!("{how} names the resource '{name}', but {why}");
            self.findings.error(location, message);
        } else if let Some(owner) = scope.owner {
            self.uses.between_resources.push(Link {
                from: owner,
                to: name,
                how,
                location,
                conditional: scope.conditional,
            });
        }
    }

    /// A use of an attribute of a resource.
    pub(super) fn attribute(
        &mut self,
        resource: &'a str,
        attribute: Option<&str>,
        how: &'static str,
        location: &'a Location,
        scope: Scope<'a>,
    ) {
        let names = self.names;
        match names.resources.get(resource) {
            Some(resource_type) => {
                self.resource(resource, how, location, scope);
                if let (Some(resource_type), Some(attribute)) = (resource_type, attribute) {
                    self.attribute_of_type(resource, resource_type, attribute, location);
                }
            }
            None if names.incomplete => {}
            None => {
                let hint = match names.kind(resource) {
                    Some(kind) => Some(format!("'{resource}' is {kind}")),
                    None => suggest(resource, sorted(names.resources.keys())),
                };
                let message = format!("{how} names '{resource}', which is no resource");
                self.findings.error_with(location, message, hint);
            }
        }
    }

    fn attribute_of_type(
        &mut self,
        resource: &str,
        resource_type: &str,
        attribute: &str,
        location: &Location,
    ) {
        if resource_type == "AWS::CloudFormation::Stack" && !attribute.starts_with("Outputs.") {
            let message = format!("the nested stack '{resource}' has no attribute '{attribute}'");
            let hint = format!("an output is 'Outputs.{attribute}'");
            self.findings.error_with(location, message, Some(hint));
        } else if let Some(known) = attributes::lacking(resource_type, attribute) {
            let message = format!("'{attribute}' is no known attribute of {resource_type}");
            let hint = suggest(attribute, known.iter().copied()).unwrap_or_default();
            self.findings.warning_with(location, message, &hint);
        }
    }

    /// A use of a condition.
    pub(super) fn condition_name(
        &mut self,
        name: &'a str,
        location: &'a Location,
        scope: Scope<'a>,
    ) {
        if self.names.conditions.contains(name) {
            self.uses.conditions.insert(name);
            if let (Section::Conditions, Some(owner)) = (scope.section, scope.owner) {
                self.uses.between_conditions.push(Link {
                    from: owner,
                    to: name,
                    how: "Condition",
                    location,
                    conditional: false,
                });
            }
        } else if !self.names.incomplete {
            let hint = match self.names.kind(name) {
                Some(kind) => Some(format!("'{name}' is {kind}")),
                None => suggest(name, sorted(self.names.conditions.iter())),
            };
            let message = format!("'{name}' is no condition of this template");
            self.findings.error_with(location, message, hint);
        }
    }
}

fn short(name: &str) -> String {
    match name.strip_prefix("Fn::") {
        Some(name) => format!("!{name}"),
        None if name.starts_with('!') => name.to_owned(),
        None => format!("!{name}"),
    }
}
