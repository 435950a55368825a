//! What change sets and deployed stacks tell to those who compare. Values of properties are
//! not among it, as in a change set that was read without them.

use shopctl_core::change::{
    Deployed, Fate, Recreation, Replacement, ReportedChange, ReportedDetail, ResourceAction,
};
use shopctl_core::names::LogicalId;
use shopctl_deploy::ports::ChangeSetId;

use crate::operation::Change;
use crate::refusal::{Refusal, no_such_stack};
use crate::stack::Policy;
use crate::world::World;

impl World {
    /// `DescribeChangeSet`: its resources.
    pub(crate) fn reported_changes(
        &self,
        id: &ChangeSetId,
    ) -> Result<Vec<ReportedChange>, Refusal> {
        let (stack, set) = self.find_change_set(id)?;
        let changes = self.changes(&stack.id, &set.target);
        Ok(changes
            .into_iter()
            .map(|(name, change)| {
                let old = stack.resources.get(&name);
                let new = set.target.template.resources.get(&name);
                let resource_type = new
                    .map(|model| model.resource_type.clone())
                    .or_else(|| old.map(|old| old.resource_type.clone()))
                    .unwrap_or_default();
                let (action, replacement) = match change {
                    Change::Add => (ResourceAction::Add, Replacement::No),
                    Change::Modify => (ResourceAction::Modify, Replacement::No),
                    Change::Replace => (ResourceAction::Modify, Replacement::Yes),
                    Change::Remove => (ResourceAction::Remove, Replacement::No),
                };
                let goes = matches!(change, Change::Replace | Change::Remove);
                ReportedChange {
                    logical_id: LogicalId::new(name),
                    physical_id: old.and_then(|old| old.physical.clone()),
                    resource_type,
                    action,
                    replacement,
                    fate: old.filter(|_| goes).map(|old| match old.policy {
                        Policy::Delete => Fate::Deleted,
                        Policy::Retain | Policy::RetainExceptOnCreate => Fate::Retained,
                    }),
                    details: match change {
                        Change::Replace => vec![ReportedDetail {
                            attribute: "Properties".to_owned(),
                            name: None,
                            path: None,
                            recreation: Recreation::Always,
                            before: None,
                            after: None,
                            causing_entity: None,
                            dynamic: false,
                            drift: None,
                        }],
                        _ => Vec::new(),
                    },
                    before: None,
                    after: None,
                    drifted: false,
                }
            })
            .collect())
    }

    /// `DescribeStacks` and `GetTemplate`.
    pub(crate) fn deployed(&self, name: &str) -> Result<Deployed, Refusal> {
        let stack = self.find(name).ok_or_else(|| no_such_stack(name))?;
        let deployed = stack.deployed.as_ref();
        Ok(Deployed {
            template: deployed.map(|d| d.body.clone()).unwrap_or_default(),
            parameters: deployed.map(|d| d.parameters.clone()).unwrap_or_default(),
            tags: deployed.map(|d| d.tags.clone()).unwrap_or_default(),
            outputs: stack.outputs.clone(),
            termination_protection: stack.protected,
        })
    }
}
