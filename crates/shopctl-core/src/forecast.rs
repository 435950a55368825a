//! What a plan says to those who watch: its stacks, and how long they are likely to take.

use std::collections::BTreeMap;

use crate::event::{PlannedStack, StackOperation};
use crate::names::StackName;
use crate::plan::{Action, Plan, StackAction, StepId};
use crate::run_document::RunDocument;

/// The stacks of a plan as the first events tell them.
pub fn planned_stacks(
    plan: &Plan,
    resources: &BTreeMap<StackName, usize>,
    expected: &BTreeMap<StackName, u64>,
) -> Vec<PlannedStack> {
    let stack_of: BTreeMap<&StepId, &StackName> = plan
        .steps
        .iter()
        .filter_map(|step| Some((&step.id, stack_work(&step.action)?.0)))
        .collect();
    plan.steps
        .iter()
        .filter_map(|step| {
            let (stack, action) = stack_work(&step.action)?;
            Some(PlannedStack {
                stack: stack.clone(),
                action,
                reason: step.reason.clone(),
                resources: resources.get(stack).copied().unwrap_or_default(),
                after: step
                    .after
                    .iter()
                    .filter_map(|step| stack_of.get(step).copied().cloned())
                    .collect(),
                expected_ms: expected.get(stack).copied(),
            })
        })
        .collect()
}

/// The stack that a step works on, and what it does with it.
pub fn stack_work(action: &Action) -> Option<(&StackName, StackAction)> {
    match action {
        Action::DeployStack(deployment) => Some((&deployment.stack, deployment.action)),
        Action::DeleteStack { stack, .. } => Some((stack, StackAction::Delete)),
        Action::UpdateCode { stack, .. } => Some((stack, StackAction::Update)),
        _ => None,
    }
}

/// How long the work on each stack is likely to take, in milliseconds: the median of what the
/// same operation took in `earlier` runs, failed ones left out.
pub fn expected_times(plan: &Plan, earlier: &[RunDocument]) -> BTreeMap<StackName, u64> {
    plan.steps
        .iter()
        .filter_map(|step| {
            let (stack, action) = stack_work(&step.action)?;
            let operation = match action {
                StackAction::Create | StackAction::Recreate => StackOperation::Create,
                StackAction::Update | StackAction::Decide => StackOperation::Update,
                StackAction::Delete => StackOperation::Delete,
                StackAction::None => return None,
            };
            // What goes directly into functions says nothing of CloudFormation's times.
            let fast = matches!(step.action, Action::UpdateCode { .. });
            let mut times: Vec<u64> = earlier
                .iter()
                .filter(|run| run.fast == fast)
                .filter_map(|run| run.stacks.get(stack))
                .filter(|told| !told.failed)
                .filter_map(|told| told.timing.as_ref())
                .filter(|timing| timing.operation == operation)
                .filter_map(|timing| timing.elapsed_ms)
                .collect();
            times.sort_unstable();
            let median = times.get(times.len() / 2)?;
            Some((stack.clone(), *median))
        })
        .collect()
}
