//! Puts code directly into functions: much faster than CloudFormation, which hears of it with
//! the next deploy.

use futures::future::try_join_all;
use shopctl_core::event::{Event, StackOperation, StackResult};
use shopctl_core::fast::{FastChange, FunctionCode, function_code};
use shopctl_core::names::{CloudStackName, StackName};

use crate::context::Work;
use crate::executor::{Done, StepError};
use crate::failure;
use crate::follow::Pause;
use crate::ports::CloudErrorKind;

/// Looks at a function that another update is changing, before that counts as a failure.
const PATIENCE: usize = 200;

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
    put(stack, cloud_name, functions, work).await?;
    let mut change = work.state.fast(stack).unwrap_or_else(|| FastChange {
        run: String::new(),
        functions: std::collections::BTreeMap::new(),
    });
    change.run.clone_from(&work.run);
    for code in functions {
        change
            .functions
            .insert(code.logical_id.clone(), code.digest.clone());
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
    let mut functions = work
        .templates
        .get(stack)
        .map(function_code)
        .unwrap_or_default();
    functions.retain(|code| change.functions.contains_key(&code.logical_id));
    put(stack, cloud_name, &functions, work).await?;
    work.state.set_fast(stack, None);
    Ok(true)
}

async fn put(
    stack: &StackName,
    cloud_name: &CloudStackName,
    functions: &[FunctionCode],
    work: &Work,
) -> Result<(), StepError> {
    if functions.is_empty() {
        return Ok(());
    }
    let resources = work
        .ports
        .cloudformation
        .resources(cloud_name.as_str())
        .await?;
    try_join_all(functions.iter().map(|code| {
        let name = resources
            .iter()
            .find(|resource| resource.logical_id == code.logical_id)
            .and_then(|resource| resource.physical_id.clone());
        async move {
            let tell = |status: &str| {
                work.events.send(Event::ResourceChanged {
                    stack: stack.clone(),
                    logical_id: code.logical_id.clone(),
                    resource_type: "AWS::Lambda::Function".to_owned(),
                    status: status.to_owned(),
                    reason: None,
                });
            };
            tell("UPDATE_IN_PROGRESS");
            let result = match name {
                Some(name) => put_one(&name, code, work).await?,
                None => Err("the stack has no such function any more".to_owned()),
            };
            result.map_err(|reason| {
                StepError::Stack(Box::new(failure::plain(
                    cloud_name,
                    None,
                    format!("the code of {} was not updated: {reason}", code.logical_id),
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
async fn put_one(
    name: &str,
    code: &FunctionCode,
    work: &Work,
) -> Result<Result<(), String>, StepError> {
    let functions = &work.ports.functions;
    let mut pause = Pause::new();
    for _ in 0..PATIENCE {
        match functions.update_code(name, &work.bucket, &code.key).await {
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
