//! Puts code directly into functions: much faster than CloudFormation, which hears of it with
//! the next deploy.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use shopctl_core::event::{Event, StackOperation, StackResult};
use shopctl_core::fast::{self, FunctionCode, code_keys};
use shopctl_core::names::{CloudStackName, LogicalId, StackName};
use shopctl_core::planner::{Desired, Observed};

use crate::context::Work;
use crate::executor::{Done, StepError};
use crate::failure;
use crate::follow::Pause;
use crate::interrupt::Interrupt;
use crate::patience::patient;
use crate::ports::{CloudError, CloudErrorKind, Ports};

/// Looks at a function that another update is changing, before that counts as a failure.
const PATIENCE: usize = 200;

/// The code to be put into functions, by stack, of those stacks whose templates differ in
/// nothing else. One call for each stack whose template differs at all.
pub async fn code_changes(
    desired: &Desired,
    observed: &Observed,
    ports: &Ports,
) -> Result<BTreeMap<StackName, Vec<FunctionCode>>, CloudError> {
    let Some(record) = &observed.record else {
        return Ok(BTreeMap::new());
    };
    let ports = &patient(ports, &Interrupt::new(), None);
    let changes = desired.stacks.iter().filter_map(|stack| {
        let name = &stack.template.stack;
        let recorded = record.stacks.get(name)?;
        let seen = observed.stacks.get(name)?;
        let since = record.fast.get(name);
        let is_ours =
            recorded.stack_id == seen.stack_id && recorded.last_changed == seen.last_changed;
        let differs = recorded.template_digest != stack.template.digest || since.is_some();
        (is_ours && differs).then_some(async move {
            let deployed = ports.cloudformation.template(&seen.stack_id).await?;
            let changes = fast::code_changes(&deployed, &stack.template, since);
            Ok::<_, CloudError>(changes.map(|changes| (name.clone(), changes)))
        })
    });
    let changes = try_join_all(changes).await?;
    Ok(changes.into_iter().flatten().collect())
}

/// Puts code into functions of a stack, and remembers it; sends the stack's events.
pub(crate) async fn update(
    stack: &StackName,
    cloud_name: &CloudStackName,
    functions: &[FunctionCode],
    work: &Work,
) -> Result<Done, StepError> {
    work.events.send(Event::StackStarted {
        stack: stack.clone(),
        cloud_name: cloud_name.clone(),
        operation: StackOperation::Update,
        resources: Some(functions.len()),
    });
    let keys = functions
        .iter()
        .map(|code| (code.logical_id.clone(), code.key.clone()));
    put(stack, cloud_name, keys.collect(), work).await?;
    // It was announced before the run began; what was not put there stays in doubt.
    let Some(mut change) = work.state.fast(stack) else {
        return Err(StepError::Other {
            message: format!("the code of '{stack}' was put there and not written down"),
            hint: Some("deploy without --fast".to_owned()),
        });
    };
    for code in functions {
        let digest = Some(code.digest.clone());
        change.functions.insert(code.logical_id.clone(), digest);
    }
    work.state.set_fast(stack, Some(change));
    work.events.send(Event::StackFinished {
        stack: stack.clone(),
        status: work.state.status(stack),
        result: StackResult::Updated,
        outputs: work.state.outputs(stack),
    });
    Ok(Done {
        changed: true,
        summary: String::new(),
    })
}

/// Makes the functions that a fast deploy changed run what the template says, once
/// CloudFormation has done its part: it takes code that it put there itself for unchanged,
/// whatever runs there. Tells whether there were any.
pub(crate) async fn correct(
    stack: &StackName,
    cloud_name: &CloudStackName,
    work: &Work,
) -> Result<bool, StepError> {
    let Some(change) = work.state.fast(stack) else {
        return Ok(false);
    };
    let mut keys = work.templates.get(stack).map(code_keys).unwrap_or_default();
    keys.retain(|function, _| change.functions.contains_key(function));
    put(stack, cloud_name, keys, work).await?;
    work.state.set_fast(stack, None);
    Ok(true)
}

async fn put(
    stack: &StackName,
    cloud_name: &CloudStackName,
    keys: BTreeMap<LogicalId, String>,
    work: &Work,
) -> Result<(), StepError> {
    if keys.is_empty() {
        return Ok(());
    }
    let resources = work
        .ports
        .cloudformation
        .resources(cloud_name.as_str())
        .await?;
    try_join_all(keys.iter().map(|(function, key)| {
        let name = resources
            .iter()
            .find(|resource| resource.logical_id == *function)
            .and_then(|resource| resource.physical_id.clone());
        async move {
            let tell = |status: &str| {
                work.events.send(Event::ResourceChanged {
                    stack: stack.clone(),
                    logical_id: function.clone(),
                    resource_type: "AWS::Lambda::Function".to_owned(),
                    status: status.to_owned(),
                    reason: None,
                });
            };
            tell("UPDATE_IN_PROGRESS");
            let result = match name {
                Some(name) => put_one(&name, key, work).await?,
                None => Err("the stack has no such function any more".to_owned()),
            };
            result.map_err(|reason| {
                StepError::Stack(Box::new(failure::plain(
                    cloud_name,
                    None,
                    format!("the code of {} was not updated: {reason}", function),
                    Some("deploy without --fast".to_owned()),
                )))
            })?;
            tell("UPDATE_COMPLETE");
            Ok::<_, StepError>(())
        }
    }))
    .await?;
    Ok(())
}

/// Updates one function, and waits until it runs the new code. The inner error is what Lambda
/// says about the code.
async fn put_one(name: &str, key: &str, work: &Work) -> Result<Result<(), String>, StepError> {
    let functions = &work.ports.functions;
    let mut pause = Pause::new();
    for _ in 0..PATIENCE {
        match functions.update_code(name, &work.bucket, key).await {
            // Another update of the same function has to end first.
            Err(error) if error.kind == CloudErrorKind::Conflict => {
                tokio::time::sleep(pause.next()).await;
            }
            Err(error) => return Err(error.into()),
            Ok(()) => {
                let mut pause = Pause::new();
                loop {
                    match functions.state(name).await? {
                        Some(state) if state.last_update == "InProgress" => {
                            tokio::time::sleep(pause.next()).await;
                        }
                        Some(state) if state.last_update == "Failed" => {
                            return Ok(Err(state.reason.unwrap_or(state.last_update)));
                        }
                        Some(_) => return Ok(Ok(())),
                        None => return Ok(Err("the function is gone".to_owned())),
                    }
                }
            }
        }
    }
    Ok(Err("another update of it does not end".to_owned()))
}
