//! How CloudFormation is to treat the stacks of an environment, as the project file says.

use std::collections::BTreeMap;

use shopctl_core::names::StackName;
use shopctl_core::plan::PlannedValue;
use shopctl_core::project::{AlarmValue, Environment, Project, Rollback};
use shopctl_core::stack_settings::{RollbackAlarm, RollbackRule, StackSettings};

use crate::commands::deploy::output_of;

/// How CloudFormation is to treat a stack.
pub(crate) fn of_stack(
    project: &Project,
    environment: &Environment,
    stack: &StackName,
) -> StackSettings {
    StackSettings {
        service_role: service_role(project, environment, stack),
        rollback: project.rollback_for(stack, environment).map(rollback_rule),
    }
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
