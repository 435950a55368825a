//! A teardown.

use std::collections::BTreeSet;

use crate::names::{CloudStackName, EnvironmentName, StackName};
use crate::plan::{Action, Plan, Step, StepId};

/// Plans a teardown of `stacks`, given each with the stacks that it depends on.
pub fn plan_teardown(
    project: &str,
    environment: &EnvironmentName,
    bucket: &str,
    stacks: &[(StackName, CloudStackName, BTreeSet<StackName>)],
) -> Plan {
    let present: BTreeSet<&StackName> = stacks.iter().map(|(stack, _, _)| stack).collect();
    let mut steps: Vec<Step> = stacks
        .iter()
        .rev()
        .map(|(stack, cloud_name, _)| Step {
            id: StepId::stack(stack),
            action: Action::DeleteStack {
                stack: stack.clone(),
                cloud_name: cloud_name.clone(),
            },
            // A stack goes once all that depend on it are gone.
            after: stacks
                .iter()
                .filter(|(_, _, needs)| needs.contains(stack))
                .map(|(dependant, _, _)| StepId::stack(dependant))
                .collect(),
            reason: "teardown".to_owned(),
        })
        .collect();
    let all: BTreeSet<StepId> = present.into_iter().map(StepId::stack).collect();
    let logs = StepId::single("logs");
    steps.push(Step {
        id: logs.clone(),
        action: Action::DeleteLogGroups,
        after: all.clone(),
        reason: "functions leave log groups that no stack owns".to_owned(),
    });
    let mut after = all;
    after.insert(logs);
    steps.push(Step {
        id: StepId::single("bucket"),
        action: Action::DeleteBucket,
        after,
        reason: "nothing refers to the artifacts any more".to_owned(),
    });
    Plan {
        project: project.to_owned(),
        environment: environment.clone(),
        bucket: bucket.to_owned(),
        steps,
    }
}
