//! What the parts of a project file mean together: references that lead nowhere,
//! circles, values that an environment cannot give, names that do not fit.
//! Templates are not looked at here.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use crate::diagnostic::{Diagnostic, Location, did_you_mean};
use crate::names::{CloudStackName, StackName};

use super::graph::Graph;
use super::model::{Environment, EnvironmentKind, Given, Project};
use super::rollback::{AlarmValue, Rollback};
use super::shape::{Findings, quote};
use super::value::{ConfigValue, OutputReference, ParameterValue};

/// The most tags a stack may have.
const MOST_TAGS: usize = 50;

/// Adds what is wrong. The names of stacks and environments have to be known.
pub(super) fn check(project: &Project, findings: &mut Findings) {
    references(project, findings);
    handlers(project, findings);
    for environment in project.environments() {
        absent_stacks(project, environment, findings);
        local_values(project, environment, findings);
        accounts(project, environment, findings);
        alarm_places(project, environment, findings);
        for circle in Graph::of(project, environment).circles() {
            findings.push(circle);
        }
    }
    // What follows would blame a key that is missing only because its value is wrong.
    if findings.0.is_empty() {
        site_config(project, findings);
        regions(project, findings);
        tag_counts(project, findings);
        stack_names(project, findings);
    }
}

/// Every stack and environment that is named exists.
fn references(project: &Project, findings: &mut Findings) {
    let mut known = |name: &StackName, location: &Location| {
        // References are in small letters: if only the case differs, the stack's own name is
        // wrong, and that has been said.
        let mut names = project.stacks().map(|stack| stack.name.as_str());
        if !names.any(|known| known.eq_ignore_ascii_case(name.as_str())) {
            let mut finding = Diagnostic::error(
                location,
                format!("there is no stack {}", quote(name.as_str())),
            );
            let names = project.stacks().map(|stack| stack.name.as_str());
            let names: Vec<&str> = names.collect();
            finding.hint = did_you_mean(name.as_str(), names.iter().copied());
            findings.push(finding);
        }
    };
    let mut known_in_values = |values: &IndexMap<String, Given<ParameterValue>>| {
        for given in values.values() {
            if let ParameterValue::OutputOf(from) = &given.value {
                known(&from.stack, &given.location);
            }
        }
    };
    for stack in project.stacks() {
        known_in_values(&stack.parameters);
    }
    for environment in project.environments() {
        for values in environment.parameters.values() {
            known_in_values(values);
        }
    }
    for stack in project.stacks() {
        for other in &stack.depends_on {
            known(other, &other.location);
        }
    }
    for environment in project.environments() {
        for (stack, values) in &environment.parameters {
            known(stack, &values.location);
        }
    }
    let of_stacks = project.stacks().filter_map(|s| s.rollback.as_ref());
    let of_environments = project.environments().filter_map(|e| e.rollback.as_ref());
    for (from, location) in of_stacks.chain(of_environments).flat_map(Rollback::outputs) {
        known(&from.stack, location);
    }
    for (from, location) in site_outputs(project, None) {
        known(&from.stack, location);
    }
    for url in project.urls.values() {
        known(&url.output.stack, &url.output.location);
    }
    let environments = || project.environments().map(|e| e.name.as_str());
    for stack in project.stacks() {
        for name in stack.environments.iter().flatten() {
            if project.environment(name.as_str()).is_err() {
                let mut finding = Diagnostic::error(
                    &name.location,
                    format!("there is no environment {}", quote(name.as_str())),
                );
                let names: Vec<&str> = environments().collect();
                finding.hint = did_you_mean(name.as_str(), names.iter().copied());
                findings.push(finding);
            }
        }
    }
}

/// All outputs that the site takes: of all environments, or those that count in one.
fn site_outputs<'p>(
    project: &'p Project,
    environment: Option<&'p Environment>,
) -> Vec<(&'p OutputReference, &'p Location)> {
    let mut outputs = Vec::new();
    if let Some(site) = &project.site {
        outputs.extend(site.outputs().map(|from| (&from.value, &from.location)));
        let overridden =
            |key: &str| environment.is_some_and(|environment| environment.config.contains_key(key));
        let config = site.config.iter().flat_map(|config| &config.values);
        outputs.extend(
            config
                .filter(|(key, _)| !overridden(key))
                .filter_map(|(_, given)| config_output(given)),
        );
    }
    let own = project
        .environments()
        .filter(|e| environment.is_none_or(|wanted| wanted.name == e.name))
        .flat_map(|e| e.config.values());
    outputs.extend(own.filter_map(config_output));
    outputs
}

fn config_output(given: &Given<ConfigValue>) -> Option<(&OutputReference, &Location)> {
    match &given.value {
        ConfigValue::OutputOf(from) => Some((from, &given.location)),
        _ => None,
    }
}

/// No two handlers are the same package.
fn handlers(project: &Project, findings: &mut Findings) {
    let mut seen = BTreeMap::new();
    for (name, path) in &project.handlers {
        match seen.get(path.as_str()) {
            None => {
                seen.insert(path.as_str(), (name, &path.location));
            }
            Some((other, place)) => findings.push(
                Diagnostic::error(
                    &path.location,
                    format!(
                        "handlers '{other}' and '{name}' are the same folder {}",
                        quote(path.as_str())
                    ),
                )
                .with_hint(format!(
                    "keep one of them; first at {place}. One binary may hold several functions"
                )),
            ),
        }
    }
}

/// An environment's values are for stacks that it has, and so are the outputs they take.
fn absent_stacks(project: &Project, environment: &Environment, findings: &mut Findings) {
    // Stacks that do not exist at all are reported elsewhere.
    let is_absent = |name: &StackName| {
        project.stack(name.as_str()).is_some() && !project.has(environment, name)
    };
    for (stack, values) in &environment.parameters {
        if is_absent(stack) {
            findings.push(
                Diagnostic::error(
                    &values.location,
                    format!("environment '{}' has no stack '{stack}'", environment.name),
                )
                .with_hint(format!(
                    "add '{}' to 'environments' of the stack, or remove its values here",
                    environment.name
                )),
            );
        }
    }
    for stack in project.stacks_in(environment) {
        for (name, given) in project.parameters_for(&stack.name, environment) {
            if let ParameterValue::OutputOf(from) = &given.value
                && is_absent(&from.stack)
            {
                findings.push(
                    Diagnostic::error(
                        &given.location,
                        format!(
                            "environment '{}' has stack '{}' but not '{}', whose output it takes",
                            environment.name, stack.name, from.stack
                        ),
                    )
                    .with_hint(format!(
                        "give '{name}' another value under \
                         environments.{}.parameters.{}, or let both stacks have the same \
                         environments",
                        environment.name, stack.name
                    )),
                );
            }
        }
    }
    for stack in project.stacks_in(environment) {
        let rollback = project.rollback_for(&stack.name, environment);
        for (from, location) in rollback.into_iter().flat_map(Rollback::outputs) {
            if is_absent(&from.stack) {
                findings.push(
                    Diagnostic::error(
                        location,
                        format!(
                            "environment '{}' has stack '{}' but not '{}', whose alarm watches it",
                            environment.name, stack.name, from.stack
                        ),
                    )
                    .with_hint("let both stacks have the same environments"),
                );
            }
        }
    }
    if project.site_in(environment).is_some() {
        for (from, location) in site_outputs(project, Some(environment)) {
            if is_absent(&from.stack) {
                findings.push(
                    Diagnostic::error(
                        location,
                        format!(
                            "environment '{}' has the site but not the stack '{}', whose output \
                             it takes",
                            environment.name, from.stack
                        ),
                    )
                    .with_hint("let both stacks have the same environments"),
                );
            }
        }
    }
}

/// Facts of the local cloud count on the local cloud alone.
fn local_values(project: &Project, environment: &Environment, findings: &mut Findings) {
    if environment.is_local() {
        return;
    }
    let mut refuse = |location: &Location, instead: String| {
        findings.push(
            Diagnostic::error(
                location,
                format!(
                    "a local value means nothing in environment '{}', which is on AWS",
                    environment.name
                ),
            )
            .with_hint(instead),
        );
    };
    for stack in project.stacks_in(environment) {
        for (name, given) in project.parameters_for(&stack.name, environment) {
            if let ParameterValue::Local(_) = given.value {
                let instead = format!(
                    "give '{name}' under environments.<name>.parameters.{} of a local environment",
                    stack.name
                );
                refuse(&given.location, instead);
            }
        }
    }
    if let Some(config) = project.site_config_for(environment) {
        for (key, given) in &config.values {
            if let ConfigValue::Local(_) = given.value {
                let instead =
                    format!("give '{key}' under environments.<name>.config of a local environment");
                refuse(&given.location, instead);
            }
        }
    }
}

/// What is named by ARN belongs to the account that is deployed to.
fn accounts(project: &Project, environment: &Environment, findings: &mut Findings) {
    let EnvironmentKind::Aws {
        account: Some(account),
    } = &environment.kind
    else {
        return;
    };
    let of_stacks = project
        .stacks_in(environment)
        .filter_map(|stack| project.service_role_for(&stack.name, environment));
    let roles = environment.role.iter().map(|role| &role.arn);
    let roles = roles
        .chain(environment.service_role.as_ref())
        .chain(of_stacks)
        .map(|arn| ("role", arn.account(), &arn.location));
    let boundary = environment.permissions_boundary.as_ref();
    let boundary = boundary.and_then(|arn| Some(("policy", arn.account()?, &arn.location)));
    for (what, of, location) in roles.chain(boundary) {
        if of != account.as_str() {
            findings.push(
                Diagnostic::error(
                    location,
                    format!(
                        "the {what} belongs to account {of}, the environment '{}' to {account}",
                        environment.name
                    ),
                )
                .with_hint(format!(
                    "correct one of them; the account is at {}",
                    account.location
                )),
            );
        }
    }
}

/// An alarm watches over stacks in its own region and account.
fn alarm_places(project: &Project, environment: &Environment, findings: &mut Findings) {
    let EnvironmentKind::Aws { account } = &environment.kind else {
        return;
    };
    let watched = project
        .stacks_in(environment)
        .filter_map(|stack| project.rollback_for(&stack.name, environment));
    for alarm in watched.flat_map(|rollback| &rollback.alarms) {
        let AlarmValue::Arn(arn) = &alarm.alarm else {
            continue;
        };
        let region = environment.region.as_str();
        let differs = match account {
            // A region that is missing is told as that.
            _ if !region.is_empty() && arn.region() != region => Some(("in", arn.region(), region)),
            Some(account) if arn.account() != account.as_str() => {
                Some(("of account", arn.account(), account.as_str()))
            }
            _ => None,
        };
        if let Some((what, there, here)) = differs {
            findings.push(
                Diagnostic::error(
                    &alarm.location,
                    format!(
                        "the alarm is {what} {there}, the environment '{}' {what} {here}",
                        environment.name
                    ),
                )
                .with_hint(
                    "name an alarm in the place that is deployed to, or an output that is one",
                ),
            );
        }
    }
}

/// Who gives values to the site's configuration has a site that has one.
fn site_config(project: &Project, findings: &mut Findings) {
    if project.site.as_ref().is_some_and(|s| s.config.is_some()) {
        return;
    }
    for environment in project.environments() {
        if let Some(given) = environment.config.values().next() {
            findings.push(
                Diagnostic::error(
                    &given.name_location,
                    format!(
                        "environment '{}' gives values to a configuration that the site does \
                         not have",
                        environment.name
                    ),
                )
                .with_hint("add 'config:' with 'file' and 'values' to 'site'"),
            );
        }
    }
}

fn regions(project: &Project, findings: &mut Findings) {
    for environment in project.environments() {
        if environment.region.as_str().is_empty() {
            findings.push(
                Diagnostic::error(
                    &environment.location,
                    format!("environment '{}' has no region", environment.name),
                )
                .with_hint("add 'region: us-east-1' to it, or to the project for all environments"),
            );
        }
    }
}

fn tag_counts(project: &Project, findings: &mut Findings) {
    for environment in project.environments() {
        let count = project.tags_for(environment).len();
        if count > MOST_TAGS {
            findings.error(
                &environment.location,
                format!(
                    "stacks of environment '{}' would have {count} tags with the two that \
                     shopctl adds, more than {MOST_TAGS}",
                    environment.name
                ),
            );
        }
    }
}

/// No two environments in one place have a stack of the same name, as `eu-api` in `prod`
/// and `api` in `prod-eu` would.
fn stack_names(project: &Project, findings: &mut Findings) {
    let mut seen: BTreeMap<CloudStackName, Vec<(&Environment, &StackName)>> = BTreeMap::new();
    for environment in project.environments() {
        for stack in project.stacks_in(environment) {
            let name = project.cloud_stack_name(environment, &stack.name);
            let holders = seen.entry(name.clone()).or_default();
            let clash = holders
                .iter()
                .find(|(other, _)| may_share_an_account(other, environment));
            if let Some((other, other_stack)) = clash {
                findings.push(
                    Diagnostic::error(
                        &environment.location,
                        format!(
                            "stack '{}' in environment '{}' and '{other_stack}' in '{}' would \
                             both be '{name}' in CloudFormation",
                            stack.name, environment.name, other.name
                        ),
                    )
                    .with_hint("rename one of the environments or stacks"),
                );
            }
            holders.push((environment, &stack.name));
        }
    }
}

fn may_share_an_account(one: &Environment, other: &Environment) -> bool {
    match (&one.kind, &other.kind) {
        (EnvironmentKind::Local, EnvironmentKind::Local) => one.region == other.region,
        (EnvironmentKind::Aws { account: a }, EnvironmentKind::Aws { account: b }) => {
            let accounts_differ = match (a, b) {
                (Some(a), Some(b)) => a.value != b.value,
                _ => false,
            };
            one.region == other.region && !accounts_differ
        }
        _ => false,
    }
}
