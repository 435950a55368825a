//! What stacks need, and the commands that help, as text and as JSON.

use std::fmt::Write as _;

use serde::Serialize;
use shopctl_core::event::Failure;
use shopctl_core::names::{CloudStackName, LogicalId, StackName};
use shopctl_core::project::Environment;
use shopctl_core::status::StackStatus;
use shopctl_deploy::ports::{Continuation, DeploymentMode};
use shopctl_deploy::{Assessment, Repair};

use crate::display::Display;
use crate::error::{CommandError, Kind};

/// Version of the JSON document.
const VERSION: u32 = 1;

/// A stack with what it needs.
pub(super) struct StackHelp {
    name: StackName,
    cloud_name: CloudStackName,
    found: Assessment,
    commands: Vec<Choice>,
}

impl StackHelp {
    pub(super) fn new(
        environment: &str,
        name: &StackName,
        cloud_name: CloudStackName,
        found: Assessment,
    ) -> Self {
        Self {
            commands: commands(environment, name, &found),
            name: name.clone(),
            cloud_name,
            found,
        }
    }
}

/// A command that helps, with what it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Choice {
    command: String,
    effect: String,
}

/// What can be done about a stack, the gentlest first.
fn commands(environment: &str, stack: &StackName, found: &Assessment) -> Vec<Choice> {
    let choice = |command: String, effect: &str| Choice {
        command,
        effect: effect.to_owned(),
    };
    let recover = format!("shopctl recover --env {environment} {stack}");
    let mut commands: Vec<Choice> = found
        .choices
        .iter()
        .map(|repair| match repair {
            Repair::Continue(Continuation::Whole) => choice(
                format!("{recover} --continue"),
                "continues the rollback, once what stands in its way is repaired",
            ),
            Repair::Continue(Continuation::Skipping(names)) => {
                let names: Vec<&str> = names.iter().map(LogicalId::as_str).collect();
                choice(
                    format!("{recover} --skip-resources {}", names.join(",")),
                    "continues it and leaves these resources as they are",
                )
            }
            Repair::Continue(Continuation::Force) => choice(
                format!("{recover} --force-rollback"),
                "continues it and leaves whatever CloudFormation cannot roll back",
            ),
            Repair::RollBack => choice(
                format!("{recover} --rollback"),
                "goes back to what was there before",
            ),
            Repair::Delete => choice(
                format!("{recover} --delete"),
                "deletes what is there; --retain-failed leaves what cannot be deleted",
            ),
        })
        .collect();
    match found.status {
        StackStatus::UpdateFailed => {
            commands.push(choice(
                format!("shopctl deploy --env {environment} --retry-paused"),
                "goes on from here with the template as it is now",
            ));
            if found.mode == DeploymentMode::Express {
                commands.push(choice(
                    format!("shopctl rollback --env {environment} --to RUN --retry-paused"),
                    "goes back to a run that ended well, as `shopctl history` lists them",
                ));
            }
        }
        StackStatus::CreateFailed | StackStatus::RollbackComplete | StackStatus::RollbackFailed => {
            commands.push(choice(
                format!("shopctl deploy --env {environment}"),
                "deletes what is left and creates the stack anew",
            ));
        }
        _ => {}
    }
    commands
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    environment: &'a str,
    stacks: Vec<StackDocument<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StackDocument<'a> {
    name: &'a StackName,
    stack_name: &'a CloudStackName,
    status: StackStatus,
    needs_help: bool,
    stuck: &'a [LogicalId],
    failure: Option<&'a Failure>,
    choices: &'a [Choice],
}

/// Shows what the stacks need; the exit code says whether one is stuck.
pub(super) fn show(
    stacks: &[StackHelp],
    environment: &Environment,
    display: &Display,
) -> Result<u8, CommandError> {
    let stuck = stacks
        .iter()
        .any(|stack| stack.found.status.obstacle().is_some());
    if display.json {
        let document = Document {
            version: VERSION,
            environment: environment.name.as_str(),
            stacks: stacks
                .iter()
                .map(|stack| StackDocument {
                    name: &stack.name,
                    stack_name: &stack.cloud_name,
                    status: stack.found.status,
                    needs_help: stack.found.failure.is_some(),
                    stuck: &stack.found.stuck,
                    failure: stack.found.failure.as_ref(),
                    choices: &stack.commands,
                })
                .collect(),
        };
        let text = serde_json::to_string(&document)
            .map_err(|error| CommandError::new(Kind::Failed, error, None))?;
        display.result(&text);
    } else {
        display.result(&text(stacks, environment.name.as_str()));
    }
    Ok(if stuck { Kind::Stuck.exit_code() } else { 0 })
}

fn text(stacks: &[StackHelp], environment: &str) -> String {
    let mut text = String::new();
    let mut well = 0;
    for stack in stacks {
        let found = &stack.found;
        let Some(failure) = &found.failure else {
            well += 1;
            continue;
        };
        let _ = writeln!(
            text,
            "{}: {} is {}",
            stack.name, stack.cloud_name, found.status
        );
        let cause = match &failure.resource {
            Some(resource) => format!(
                "{} ({}): {}",
                resource.logical_id, resource.resource_type, failure.reason
            ),
            None => failure.reason.clone(),
        };
        let _ = writeln!(text, "  cause: {cause}");
        if let Some(diagnosis) = &failure.diagnosis {
            if let Some(explanation) = &diagnosis.explanation {
                let _ = writeln!(text, "  means: {explanation}");
            }
            if let Some(policy) = &diagnosis.policy {
                let _ = writeln!(text, "  policy: {policy}");
            }
            for detail in &diagnosis.details {
                let lines = detail.text.replace('\n', "\n    ");
                let _ = writeln!(text, "  {}: {lines}", detail.topic);
            }
            for unknown in &diagnosis.unknown {
                let _ = writeln!(text, "  note: {unknown}");
            }
        }
        if !found.stuck.is_empty() {
            let names: Vec<&str> = found.stuck.iter().map(LogicalId::as_str).collect();
            let _ = writeln!(text, "  stuck: {}", names.join(", "));
        }
        for choice in &stack.commands {
            let _ = writeln!(text, "  {}\n      {}", choice.command, choice.effect);
        }
        text.push('\n');
    }
    match (well, stacks.len()) {
        (_, 0) => {
            let _ = writeln!(text, "nothing is deployed in environment '{environment}'");
        }
        (1, 1) => {
            let stack = &stacks[0];
            let _ = writeln!(
                text,
                "{}: {} is {}, nothing is to be repaired",
                stack.name, stack.cloud_name, stack.found.status
            );
        }
        (well, all) if well == all => {
            let _ = writeln!(text, "none of {all} stacks needs help");
        }
        (0, _) => {}
        (well, all) => {
            let _ = writeln!(text, "{well} of {all} stacks need no help");
        }
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
#[path = "help_tests.rs"]
mod tests;
