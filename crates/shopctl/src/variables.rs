//! Environment variables that the project file names as values.

use shopctl_core::diagnostic::{Diagnostic, Diagnostics, Location};
use shopctl_core::project::{ConfigValue, Environment, ParameterValue};

use crate::error::CommandError;
use crate::workspace::Workspace;

/// Refuses when one that the environment needs is not set: an empty text in its place would
/// overwrite what is deployed.
pub(crate) fn check(workspace: &Workspace, environment: &Environment) -> Result<(), CommandError> {
    let project = &workspace.project;
    let mut findings = Vec::new();
    for stack in project.stacks_in(environment) {
        for (parameter, given) in project.parameters_for(&stack.name, environment) {
            if let ParameterValue::Variable(name) = &given.value {
                let reader = format!("parameter '{parameter}' of stack '{}'", stack.name);
                findings.extend(missing(name, &reader, &given.location));
            }
        }
    }
    let config = project.site_config_for(environment);
    for (key, given) in config.into_iter().flat_map(|config| config.values) {
        if let ConfigValue::Variable(name) = &given.value {
            let reader = format!("'{key}' of the site's configuration");
            findings.extend(missing(name, &reader, &given.location));
        }
    }
    if findings.is_empty() {
        return Ok(());
    }
    Err(CommandError::findings(
        "values are missing",
        Diagnostics(findings),
        &workspace.root,
    ))
}

/// The value of a variable that [`check`] has found.
pub(crate) fn value(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// Whether a variable has a value.
pub(crate) fn is_set(name: &str) -> bool {
    std::env::var(name).is_ok()
}

fn missing(name: &str, reader: &str, location: &Location) -> Option<Diagnostic> {
    let problem = match std::env::var(name) {
        Ok(_) => return None,
        Err(std::env::VarError::NotPresent) => "is not set",
        Err(std::env::VarError::NotUnicode(_)) => "is no text",
    };
    let message = format!("the environment variable '{name}' {problem}; {reader} takes its value");
    Some(Diagnostic::error(location, message).with_hint(format!("set {name}")))
}
