//! What is not done to a stack unless the user allowed it by name.
//!
//! It looks at the change set that is about to be executed, so nothing slips through
//! between a plan and its deploy.

use std::collections::BTreeMap;

use shopctl_core::change::{
    Allowance, Fate, Pseudo, Refusal, Replacement, ReportedChange, ResourceAction, StackChange,
    StackInput, is_stateful, refusals, stack_change,
};
use shopctl_core::event::{FailedResource, Failure};
use shopctl_core::plan::StackDeployment;

use crate::context::Work;
use crate::executor::StepError;
use crate::ports::{ChangeSetId, ChangeSetOptions, CloudError, CloudFormation};

/// What may be done to stacks.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// What the user allowed by name.
    pub allowed: Vec<Allowance>,
    /// What change sets may do beyond what the templates say.
    pub change_sets: ChangeSetOptions,
    /// The account and region, as templates read them.
    pub place: Pseudo,
}

/// Whether a value is what CloudFormation shows in place of a secret.
pub(crate) fn is_masked(value: &str) -> bool {
    value.len() >= 4 && value.bytes().all(|byte| byte == b'*')
}

/// The failure that a change set is refused with, if it is.
pub(crate) async fn refused(
    deployment: &StackDeployment,
    id: &ChangeSetId,
    work: &Work,
) -> Result<Option<Failure>, StepError> {
    let cloudformation = work.ports.cloudformation.as_ref();
    let reported = cloudformation.reported_changes(id).await?;
    let Some(template) = work.templates.get(&deployment.stack) else {
        return Ok(None);
    };
    // The deployed template is only read when it matters.
    if !reported.iter().any(touches_data) {
        return Ok(None);
    }
    let deployed = cloudformation.deployed(&id.stack).await?;
    let assumed = BTreeMap::new();
    let mut deployment = deployment.clone();
    for value in deployment.parameters.values_mut() {
        if let Some(text) = work.state.value(value) {
            *value = shopctl_core::plan::PlannedValue::Known(text);
        }
    }
    let change = stack_change(&StackInput {
        deployment: &deployment,
        reason: "",
        template,
        deployed: deployed.as_ref(),
        reported: Some(&reported),
        assumed: &assumed,
        pseudo: &work.rules.place,
    })
    .change;
    let refused = refusals(&[change], &work.rules.allowed);
    let Some(first) = refused.first() else {
        return Ok(None);
    };
    let resource = match first {
        Refusal::Resource {
            logical_id,
            resource_type,
            ..
        } => Some(FailedResource {
            logical_id: logical_id.clone(),
            resource_type: resource_type.clone(),
            location: template
                .resources
                .get(logical_id)
                .map(|resource| resource.location.clone()),
        }),
        Refusal::Export { .. } => None,
    };
    let hints: Vec<String> = refused.iter().map(Refusal::hint).collect();
    Ok(Some(Failure {
        cloud_name: deployment.cloud_name.clone(),
        status: None,
        resource,
        reason: refused
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; "),
        hint: Some(hints.join("; ")),
        diagnosis: None,
    }))
}

fn touches_data(change: &ReportedChange) -> bool {
    let goes = change.action == ResourceAction::Remove && change.fate != Some(Fate::Retained);
    is_stateful(&change.resource_type) && (goes || change.replacement != Replacement::No)
        // A service that overlooks a replacement is doubted as well.
        || is_stateful(&change.resource_type) && !change.details.is_empty()
}

/// Fills in who imports the exports that go, and forgets those that nobody imports.
pub(crate) async fn find_importers(
    cloudformation: &dyn CloudFormation,
    change: &mut StackChange,
) -> Result<(), CloudError> {
    for export in &mut change.exports {
        export.importers = cloudformation.importers(&export.name).await?;
    }
    change.exports.retain(|export| !export.importers.is_empty());
    Ok(())
}
