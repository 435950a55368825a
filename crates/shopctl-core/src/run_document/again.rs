//! From what is kept of a run to what is to be deployed, to be where it was.

use indexmap::IndexMap;

use super::{RecordedConfig, RecordedValue, RunCommand, RunDocument, RunState};
use crate::names::StackName;
use crate::plan::PlannedValue;
use crate::planner::{Desired, DesiredStack};
use crate::stack_settings::StackSettings;
use crate::template::RenderedTemplate;

/// Why a run cannot be deployed again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RollbackError {
    /// It deployed nothing.
    #[error("run {run} was a {}: there is nothing to go back to", command.as_str())]
    NoDeploy {
        /// The run.
        run: String,
        /// What it did instead.
        command: RunCommand,
    },
    /// It did not do all that it was to do.
    #[error("run {run} {}, so what it left is no state to go back to", state_text(*state))]
    NotWhole {
        /// The run.
        run: String,
        /// How it ended.
        state: RunState,
    },
    /// A secret parameter has no value by now.
    #[error(
        "parameter '{parameter}' of stack '{stack}' is a secret, which is not kept, and the project file has no value for it"
    )]
    Secret {
        /// The stack.
        stack: StackName,
        /// The parameter.
        parameter: String,
    },
}

fn state_text(state: RunState) -> &'static str {
    match state {
        RunState::Running => "has not ended",
        RunState::Failed => "failed",
        RunState::Interrupted => "was interrupted",
        RunState::Abandoned => "died",
        RunState::Succeeded | RunState::Unchanged => "succeeded",
    }
}

/// What is to be deployed to be again where `document` was, given its templates as they were
/// read from the bucket. `secret` knows the values of secret parameters of today, `settings`
/// how CloudFormation is to treat a stack today.
pub fn desired_again(
    document: &RunDocument,
    bucket: &str,
    templates: &IndexMap<StackName, RenderedTemplate>,
    secret: impl Fn(&StackName, &str) -> Option<PlannedValue>,
    settings: impl Fn(&StackName) -> StackSettings,
) -> Result<Desired, RollbackError> {
    if !document.command.deploys() {
        return Err(RollbackError::NoDeploy {
            run: document.run.clone(),
            command: document.command,
        });
    }
    if !matches!(document.state, RunState::Succeeded | RunState::Unchanged) {
        return Err(RollbackError::NotWhole {
            run: document.run.clone(),
            state: document.state,
        });
    }
    let mut stacks = Vec::new();
    for (name, stack) in &document.stacks {
        let Some(template) = templates.get(name) else {
            continue;
        };
        let mut parameters = IndexMap::new();
        for (parameter, value) in &stack.parameters {
            let value = match value {
                RecordedValue::Value(text) => PlannedValue::Known(text.clone()),
                RecordedValue::Output { stack, output } => PlannedValue::OutputOf {
                    stack: stack.clone(),
                    output: output.clone(),
                },
                RecordedValue::Secret => {
                    secret(name, parameter).ok_or_else(|| RollbackError::Secret {
                        stack: name.clone(),
                        parameter: parameter.clone(),
                    })?
                }
            };
            parameters.insert(parameter.clone(), value);
        }
        stacks.push(DesiredStack {
            cloud_name: stack.cloud_name.clone(),
            template: RenderedTemplate {
                // Those of nested templates too, which this one does not show.
                capabilities: stack.capabilities.clone(),
                ..template.clone()
            },
            parameters,
            depends_on: stack.depends_on.clone(),
            tags: stack.tags.clone(),
            termination_protection: stack.termination_protection,
            // How CloudFormation treats a stack is as it is to be today.
            settings: settings(name),
        });
    }
    let site = document.site.as_ref().map(|site| {
        let outputs = [Some(&site.bucket), site.distribution.as_ref()];
        let own = outputs
            .into_iter()
            .flatten()
            .filter_map(|value| match value {
                RecordedValue::Output { stack, .. } => Some(stack.clone()),
                _ => None,
            });
        let config = site.config.values().filter_map(|value| match value {
            RecordedConfig::Output { stack, .. } => Some(stack.clone()),
            RecordedConfig::Given(_) => None,
        });
        own.chain(config).collect()
    });
    Ok(Desired {
        project: document.project.clone(),
        environment: document.environment.clone(),
        bucket: bucket.to_owned(),
        stacks,
        site,
        urls: false,
        look_again: false,
        retry_paused: false,
    })
}
