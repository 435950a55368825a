//! The project held against its rendered templates: what is taken exists, what is asked
//! for is given, what is given fits. Whether the templates are right in themselves is
//! checked elsewhere.

use indexmap::IndexMap;

use crate::diagnostic::{Diagnostic, Location, closest, did_you_mean};
use crate::names::StackName;
use crate::template::check::check_value;
use crate::template::{ParameterDeclaration, RenderedTemplate};

use super::model::{Environment, EnvironmentKind, Given, Project};
use super::rollback::Rollback;
use super::shape::quote;
use super::value::{ConfigValue, OutputReference, ParameterValue, PseudoValue};

/// Everything that is wrong between the project file and the templates of one environment.
/// Stacks whose template is not in `templates` are passed over: theirs are other findings.
pub fn check_wiring(
    project: &Project,
    environment: &Environment,
    templates: &IndexMap<StackName, RenderedTemplate>,
) -> Vec<Diagnostic> {
    let mut wiring = Wiring {
        project,
        environment,
        templates,
        findings: Vec::new(),
    };
    for stack in project.stacks_in(environment) {
        if let Some(template) = templates.get(&stack.name) {
            wiring.stack(&stack.name, &stack.location, template);
        }
    }
    wiring.site_and_urls();
    wiring.findings
}

struct Wiring<'p> {
    project: &'p Project,
    environment: &'p Environment,
    templates: &'p IndexMap<StackName, RenderedTemplate>,
    findings: Vec<Diagnostic>,
}

impl Wiring<'_> {
    fn stack(&mut self, stack: &StackName, place: &Location, template: &RenderedTemplate) {
        let given = self.project.parameters_for(stack, self.environment);
        for (name, given) in &given {
            match template.parameters.get(name) {
                Some(declaration) => self.value(stack, name, declaration, given),
                None => self.no_such_parameter(stack, name, template, &given.name_location),
            }
            if let ParameterValue::OutputOf(from) = &given.value {
                self.output(from, &given.location, Some(stack));
            }
        }
        let rollback = self.project.rollback_for(stack, self.environment);
        for (from, location) in rollback.into_iter().flat_map(Rollback::outputs) {
            self.output(from, location, Some(stack));
        }
        for (name, declaration) in &template.parameters {
            if declaration.default.is_none() && !given.contains_key(name) {
                self.no_value(stack, name, declaration, place);
            }
        }
    }

    fn no_such_parameter(
        &mut self,
        stack: &StackName,
        name: &str,
        template: &RenderedTemplate,
        location: &Location,
    ) {
        let mut finding = Diagnostic::error(
            location,
            format!(
                "the template of stack '{stack}' has no parameter {}",
                quote(name)
            ),
        );
        finding.hint = did_you_mean(name, template.parameters.keys().map(String::as_str))
            .or_else(|| Some(format!("remove '{name}' here, or declare it there")));
        self.findings.push(finding);
    }

    fn no_value(
        &mut self,
        stack: &StackName,
        name: &str,
        declaration: &ParameterDeclaration,
        place: &Location,
    ) {
        // An output of the same name is most likely what is meant.
        let source = self
            .templates
            .iter()
            .find(|(other, template)| {
                *other != stack && template.outputs.iter().any(|output| output == name)
            })
            .map(|(other, _)| format!("{{ output: {other}.{name} }}"));
        let value = source.unwrap_or_else(|| "<value>".to_owned());
        self.findings.push(
            Diagnostic::error(
                &declaration.location,
                format!("parameter '{name}' of stack '{stack}' has no value and no default"),
            )
            .with_hint(format!(
                "add '{name}: {value}' to 'parameters' of '{stack}' at {place}"
            )),
        );
    }

    /// Values that are known before anything is deployed fit their declarations.
    fn value(
        &mut self,
        stack: &StackName,
        name: &str,
        declaration: &ParameterDeclaration,
        given: &Given<ParameterValue>,
    ) {
        if matches!(given.value, ParameterValue::List(_)) && !takes_list(declaration) {
            self.findings.push(
                Diagnostic::error(
                    &given.location,
                    format!(
                        "parameter '{name}' of stack '{stack}' has the type {} and takes one \
                         value, there is a list",
                        declaration.parameter_type
                    ),
                )
                .with_hint(format!("declared at {}", declaration.location)),
            );
            return;
        }
        let known = match &given.value {
            ParameterValue::Pseudo(pseudo) => self.pseudo(*pseudo),
            value => value.as_written(),
        };
        let Some(known) = known else { return };
        let is_written = matches!(given.value, ParameterValue::Literal(_));
        if declaration.no_echo && is_written && !known.is_empty() && !self.environment.is_local() {
            self.findings.push(
                Diagnostic::warning(
                    &given.location,
                    format!(
                        "parameter '{name}' of stack '{stack}' is secret (NoEcho), and its value \
                         is written here"
                    ),
                )
                .with_hint("let the template take it from Secrets Manager or SSM"),
            );
        }
        if let Err(problem) = check_value(declaration, &known) {
            self.findings.push(
                Diagnostic::error(
                    &given.location,
                    format!("parameter '{name}' of stack '{stack}': {problem}"),
                )
                .with_hint(format!("declared at {}", declaration.location)),
            );
        }
    }

    fn pseudo(&self, pseudo: PseudoValue) -> Option<String> {
        match pseudo {
            PseudoValue::Region => Some(self.environment.region.to_string()),
            PseudoValue::Environment => Some(self.environment.name.to_string()),
            PseudoValue::Project => Some(self.project.name().to_string()),
            PseudoValue::Account => match &self.environment.kind {
                EnvironmentKind::Aws { account } => account.as_ref().map(ToString::to_string),
                EnvironmentKind::Local => None,
            },
        }
    }

    fn site_and_urls(&mut self) {
        if let Some(site) = self.project.site_in(self.environment) {
            for from in site.outputs() {
                self.output(from, &from.location, None);
            }
        }
        if let Some(config) = self.project.site_config_for(self.environment) {
            for given in config.values.values() {
                if let ConfigValue::OutputOf(from) = &given.value {
                    self.output(from, &given.location, None);
                }
            }
        }
        let project = self.project;
        for (_, url) in project.urls_in(self.environment) {
            self.output(&url.output, &url.output.location, None);
        }
    }

    /// What is taken from a template is there. A stack that takes it itself cannot be what
    /// was meant.
    fn output(&mut self, from: &OutputReference, location: &Location, taker: Option<&StackName>) {
        let Some(template) = self.templates.get(&from.stack) else {
            return;
        };
        if template.outputs.contains(&from.output) {
            return;
        }
        let outputs = || template.outputs.iter().map(String::as_str);
        let elsewhere = || {
            self.templates
                .iter()
                .filter(|(stack, _)| Some(*stack) != taker)
                .find(|(_, template)| template.outputs.contains(&from.output))
                .map(|(stack, _)| format!("did you mean '{stack}.{}'?", from.output))
        };
        let hint = match closest(&from.output, outputs()) {
            Some(near) => Some(format!("did you mean '{}.{near}'?", from.stack)),
            None => elsewhere().or_else(|| did_you_mean(&from.output, outputs())),
        };
        let mut finding = Diagnostic::error(
            location,
            format!(
                "the template of stack '{}' has no output '{}'",
                from.stack, from.output
            ),
        );
        finding.hint = hint.or_else(|| Some("declare it under Outputs there".to_owned()));
        self.findings.push(finding);
    }
}

/// Whether a parameter takes several values. One of an SSM type takes a name, even if
/// that names a list.
fn takes_list(declaration: &ParameterDeclaration) -> bool {
    let kind = declaration.parameter_type.as_str();
    kind == "CommaDelimitedList" || kind.starts_with("List<")
}
