//! How CloudFormation is to treat the stacks of an environment, as the project file says.

use std::collections::BTreeMap;

use shopctl_core::diagnostic::{Diagnostic, Diagnostics};
use shopctl_core::names::StackName;
use shopctl_core::plan::PlannedValue;
use shopctl_core::project::{AlarmValue, Environment, FilePath, Located, Project, Rollback};
use shopctl_core::stack_settings::{RollbackAlarm, RollbackRule, StackPolicy, StackSettings};

use crate::commands::deploy::output_of;
use crate::error::CommandError;
use crate::workspace::Workspace;

/// How CloudFormation is to treat an environment's stacks. Files that are named are read, and
/// those that CloudFormation would not take are told with their place.
pub(crate) fn of_stacks(
    workspace: &Workspace,
    environment: &Environment,
) -> Result<BTreeMap<StackName, StackSettings>, CommandError> {
    let project = &workspace.project;
    let mut findings = Vec::new();
    let mut settings = BTreeMap::new();
    for stack in project.stacks_in(environment) {
        // The local cloud lets everybody do everything.
        let policy = stack
            .stack_policy
            .as_ref()
            .filter(|_| !environment.is_local());
        let policy = match policy.map(|file| stack_policy(workspace, file)) {
            Some(Err(finding)) => {
                findings.push(finding);
                None
            }
            Some(Ok(policy)) => Some(policy),
            None => None,
        };
        let rollback = project.rollback_for(&stack.name, environment);
        let of_stack = StackSettings {
            service_role: service_role(project, environment, &stack.name),
            rollback: rollback.map(rollback_rule),
            policy,
        };
        settings.insert(stack.name.clone(), of_stack);
    }
    if findings.is_empty() {
        return Ok(settings);
    }
    Err(CommandError::findings(
        "the stack policies are wrong",
        Diagnostics(findings),
        &workspace.root,
    ))
}

fn stack_policy(
    workspace: &Workspace,
    file: &Located<FilePath>,
) -> Result<StackPolicy, Diagnostic> {
    let path = file.value.as_str();
    let text =
        std::fs::read_to_string(workspace.root.join(path)).map_err(|error| error.to_string());
    text.and_then(|text| StackPolicy::parse(&text))
        .map_err(|why| {
            Diagnostic::error(
                &file.location,
                format!("'{path}' is no stack policy: {why}"),
            )
        })
}

/// The roles that CloudFormation takes on for an environment's stacks, as far as there are any.
pub(crate) fn service_roles(
    project: &Project,
    environment: &Environment,
) -> BTreeMap<StackName, String> {
    project
        .stacks_in(environment)
        .filter_map(|stack| {
            let role = service_role(project, environment, &stack.name)?;
            Some((stack.name.clone(), role))
        })
        .collect()
}

fn service_role(project: &Project, environment: &Environment, stack: &StackName) -> Option<String> {
    let role = project.service_role_for(stack, environment)?;
    Some(role.as_str().to_owned())
}

fn rollback_rule(rollback: &Rollback) -> RollbackRule<PlannedValue> {
    let alarms = rollback.alarms.iter().map(|alarm| RollbackAlarm {
        arn: match &alarm.alarm {
            AlarmValue::Arn(arn) => PlannedValue::Known(arn.as_str().to_owned()),
            AlarmValue::OutputOf(output) => output_of(output),
        },
        composite: alarm.composite,
    });
    RollbackRule {
        alarms: alarms.collect(),
        monitoring_minutes: rollback.monitoring_minutes,
    }
}
