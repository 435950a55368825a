//! `shopctl deploy --fast`: which stacks differ in nothing but the code of functions.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use shopctl_core::fast::{self, FunctionCode};
use shopctl_core::names::StackName;
use shopctl_core::planner::{Desired, Observed};
use shopctl_deploy::ports::Ports;

use crate::error::CommandError;

/// The code to be put into functions, by stack, of those stacks whose templates differ in
/// nothing else. One call for each stack whose template differs at all.
pub(crate) async fn code_changes(
    desired: &Desired,
    observed: &Observed,
    ports: &Ports,
) -> Result<BTreeMap<StackName, Vec<FunctionCode>>, CommandError> {
    let Some(record) = &observed.record else {
        return Ok(BTreeMap::new());
    };
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
            Ok::<_, CommandError>(changes.map(|changes| (name.clone(), changes)))
        })
    });
    let changes = try_join_all(changes).await?;
    Ok(changes.into_iter().flatten().collect())
}
