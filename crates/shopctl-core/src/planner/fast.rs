//! A deploy that puts code directly into functions.

use std::collections::{BTreeMap, BTreeSet};

use super::{BlockedStack, Desired, Observed, plan_deploy};
use crate::fast::FunctionCode;
use crate::names::StackName;
use crate::plan::{Action, Plan, StackAction, Step, StepId};

/// Plans a deploy that puts code directly into functions where nothing else of their stack
/// differs. `candidates` are stacks of which only code is known to differ in the template;
/// those whose parameters or tags differ as well are deployed as always.
pub fn plan_fast_deploy(
    desired: &Desired,
    observed: &Observed,
    mut candidates: BTreeMap<StackName, Vec<FunctionCode>>,
) -> Result<Plan, Vec<BlockedStack>> {
    loop {
        let mut pretended = desired.clone();
        let mut known = observed.clone();
        if let Some(record) = &mut known.record {
            for stack in &mut pretended.stacks {
                let name = &stack.template.stack;
                if let (true, Some(recorded)) =
                    (candidates.contains_key(name), record.stacks.get(name))
                {
                    stack.template.digest.clone_from(&recorded.template_digest);
                }
            }
            record.fast.retain(|name, _| !candidates.contains_key(name));
        }
        let mut plan = plan_deploy(&pretended, &known)?;
        let before = candidates.len();
        for step in &plan.steps {
            if let Action::DeployStack(deployment) = &step.action
                && deployment.action != StackAction::None
            {
                candidates.remove(&deployment.stack);
            }
        }
        if candidates.len() == before {
            put_code(&mut plan, desired, &candidates);
            return Ok(plan);
        }
    }
}

/// Replaces steps that do nothing by those that put code into functions.
fn put_code(
    plan: &mut Plan,
    desired: &Desired,
    candidates: &BTreeMap<StackName, Vec<FunctionCode>>,
) {
    let mut uploads: BTreeSet<StepId> = plan.steps.iter().map(|step| step.id.clone()).collect();
    let mut steps = Vec::new();
    for mut step in std::mem::take(&mut plan.steps) {
        let change = match &step.action {
            Action::DeployStack(deployment) => candidates
                .get(&deployment.stack)
                .filter(|functions| !functions.is_empty())
                .map(|functions| {
                    (
                        deployment.stack.clone(),
                        deployment.cloud_name.clone(),
                        functions,
                    )
                }),
            _ => None,
        };
        if let Some((stack, cloud_name, functions)) = change {
            let template = desired
                .stacks
                .iter()
                .find(|other| other.template.stack == stack);
            for code in functions {
                let id = StepId::upload(&code.key);
                let label = template
                    .and_then(|other| other.template.uploads.iter().find(|u| u.key == code.key))
                    .map_or_else(|| code.key.clone(), |upload| upload.label.clone());
                if uploads.insert(id.clone()) {
                    steps.push(Step {
                        id: id.clone(),
                        action: Action::Upload {
                            key: code.key.clone(),
                            digest: code.digest.clone(),
                            label,
                        },
                        after: BTreeSet::new(),
                        reason: format!("functions of stack '{stack}' need it"),
                    });
                }
                step.after.insert(id);
            }
            let names: Vec<&str> = functions
                .iter()
                .map(|code| code.logical_id.as_str())
                .collect();
            step.reason = format!("only the code of {} changed", names.join(", "));
            step.action = Action::UpdateCode {
                stack,
                cloud_name,
                functions: functions.clone(),
            };
        }
        steps.push(step);
    }
    plan.steps = steps;
}
