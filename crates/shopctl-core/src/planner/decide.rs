//! What a deploy does with one stack, and why.

use indexmap::IndexMap;

use super::{DesiredStack, ObservedStack};
use crate::plan::{PlannedValue, StackAction};
use crate::record::{StackRecord, inputs_digest};
use crate::stack_settings::{RollbackRule, StackSettings};
use crate::status::{DeployApproach, Obstacle};

/// The action, with the reason that is shown.
pub(super) fn decide(
    stack: &DesiredStack,
    parameters: &IndexMap<String, PlannedValue>,
    settings: &StackSettings,
    seen: Option<&ObservedStack>,
    recorded: Option<&StackRecord>,
) -> (StackAction, String) {
    let Some(seen) = seen else {
        return (StackAction::Create, "it is not there".to_owned());
    };
    match seen.status.deploy_approach() {
        DeployApproach::Create => (StackAction::Create, "it was never created".to_owned()),
        DeployApproach::DeleteThenCreate => (
            StackAction::Recreate,
            format!("its creation ended in {}", seen.status),
        ),
        DeployApproach::Wait => (
            StackAction::Decide,
            format!("an operation is running ({})", seen.status),
        ),
        DeployApproach::ContinueRollback => (
            StackAction::Update,
            format!("its last update could not be rolled back ({})", seen.status),
        ),
        DeployApproach::Stop(Obstacle::UpdatePaused) => (
            StackAction::Update,
            format!("its last update stopped half way ({})", seen.status),
        ),
        // Stacks that block were answered before; updating is the harmless reading.
        DeployApproach::Update | DeployApproach::Stop(_) => {
            let Some(recorded) = recorded else {
                return (
                    StackAction::Update,
                    "no record tells how it was deployed".to_owned(),
                );
            };
            if recorded.stack_id != seen.stack_id || recorded.last_changed != seen.last_changed {
                return (
                    StackAction::Update,
                    "it was changed by somebody else".to_owned(),
                );
            }
            if recorded.template_digest != stack.template.digest {
                return (
                    StackAction::Update,
                    "its template or code changed".to_owned(),
                );
            }
            let known: Option<Vec<(&str, &str)>> = parameters
                .iter()
                .map(|(name, value)| match value {
                    PlannedValue::Known(text) => Some((name.as_str(), text.as_str())),
                    PlannedValue::OutputOf { .. } => None,
                })
                .collect();
            let rollback = settings.rollback.as_ref();
            let known_rollback = rollback.and_then(RollbackRule::known);
            let (Some(known), false) = (known, rollback.is_some() && known_rollback.is_none())
            else {
                return (
                    StackAction::Decide,
                    "it reads outputs of a stack that changes".to_owned(),
                );
            };
            let digest = inputs_digest(
                &stack.template.digest,
                known,
                &stack.tags,
                stack.template.capabilities.iter().copied(),
            );
            let protection = stack.termination_protection;
            if protection.is_some_and(|wanted| wanted != seen.termination_protection) {
                (
                    StackAction::Update,
                    "its protection from deletion changes".to_owned(),
                )
            } else if known_rollback.is_some_and(|wanted| wanted != seen.rollback) {
                (
                    StackAction::Update,
                    "the alarms that roll it back change".to_owned(),
                )
            } else if settings
                .policy
                .as_ref()
                .is_some_and(|wanted| !wanted.is(seen.policy.as_deref()))
            {
                (StackAction::Update, "its stack policy changes".to_owned())
            } else if recorded.inputs_digest == digest {
                (StackAction::None, "nothing differs".to_owned())
            } else {
                (
                    StackAction::Update,
                    "its parameters or tags changed".to_owned(),
                )
            }
        }
    }
}
