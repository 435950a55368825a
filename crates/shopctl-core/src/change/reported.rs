//! What CloudFormation says of a resource in a change set.

use serde::{Deserialize, Serialize};

use super::model::{Fate, Recreation, Replacement, ResourceAction};
use crate::names::LogicalId;

/// A resource of a change set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedChange {
    /// Its logical ID.
    pub logical_id: LogicalId,
    /// Its physical ID, when there is one.
    pub physical_id: Option<String>,
    /// Its type.
    pub resource_type: String,
    /// What is done.
    pub action: ResourceAction,
    /// Whether it is made anew.
    pub replacement: Replacement,
    /// What becomes of the old resource (from `PolicyAction`), when it goes.
    pub fate: Option<Fate>,
    /// The single changes, with reasons.
    pub details: Vec<ReportedDetail>,
    /// The resource as it is, as JSON, when values were asked for.
    pub before: Option<String>,
    /// The resource as it will be, as JSON, when values were asked for.
    pub after: Option<String>,
    /// Whether somebody changed the resource by hand, when CloudFormation looked.
    pub drifted: bool,
}

/// One change of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedDetail {
    /// `Properties`, `Metadata`, `Tags`, ...
    pub attribute: String,
    /// The property's name; `None` for other attributes.
    pub name: Option<String>,
    /// Its JSON pointer, `/Properties/KeySchema/0`, when CloudFormation says it.
    pub path: Option<String>,
    /// What it means for the resource.
    pub recreation: Recreation,
    /// Its value.
    pub before: Option<String>,
    /// Its value afterwards.
    pub after: Option<String>,
    /// What causes it, for instance `Table.Arn`.
    pub causing_entity: Option<String>,
    /// Whether the change happens only if the cause turns out so.
    pub dynamic: bool,
    /// The value that somebody set by hand and that is overwritten.
    pub drift: Option<String>,
}

/// CloudFormation's own words for a change set in which resources are missing.
const INCOMPLETE: &str =
    "[WARN] --include-property-values option can return incomplete ChangeSet data";

/// Whether a change set's reason says that resources are missing from it, so that it has
/// to be read again without values.
pub fn is_incomplete(status_reason: &str) -> bool {
    status_reason.contains(INCOMPLETE)
}

/// All resources of the reading without values, with the values of the other where it has
/// them.
pub fn merge_incomplete(
    with_values: Vec<ReportedChange>,
    without_values: Vec<ReportedChange>,
) -> Vec<ReportedChange> {
    let same = |a: &ReportedChange, b: &ReportedChange| {
        a.logical_id == b.logical_id && a.action == b.action && a.physical_id == b.physical_id
    };
    let mut merged = with_values;
    for change in without_values {
        if !merged.iter().any(|other| same(other, &change)) {
            merged.push(change);
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(name: &str, before: Option<&str>) -> ReportedChange {
        ReportedChange {
            logical_id: name.into(),
            physical_id: None,
            resource_type: "AWS::SQS::Queue".to_owned(),
            action: ResourceAction::Modify,
            replacement: Replacement::No,
            fate: None,
            details: Vec::new(),
            before: before.map(str::to_owned),
            after: None,
            drifted: false,
        }
    }

    #[test]
    fn resources_that_the_first_reading_dropped_come_from_the_second() {
        let merged = merge_incomplete(
            vec![change("Queue", Some("{}"))],
            vec![change("Topic", None), change("Queue", None)],
        );
        let names: Vec<_> = merged.iter().map(|c| c.logical_id.as_str()).collect();
        assert_eq!(names, ["Queue", "Topic"]);
        assert_eq!(merged[0].before.as_deref(), Some("{}"));
    }

    #[test]
    fn the_marker_is_found_within_the_reason() {
        assert!(is_incomplete(
            "[WARN] --include-property-values option can return incomplete ChangeSet data because: x"
        ));
        assert!(!is_incomplete(
            "The submitted information didn't contain changes."
        ));
    }
}
