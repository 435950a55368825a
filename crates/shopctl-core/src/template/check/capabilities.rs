//! What CloudFormation wants acknowledged before it deploys a template.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html>
//!
//! One that is not needed does no harm, one that is missing fails the deployment; so
//! what cannot be seen from here (nested stacks, what macros make) counts as if it had
//! everything. `CAPABILITY_AUTO_EXPAND` has no effect on a change set, where the
//! result of a macro can be reviewed; it is named for whoever creates a stack directly,
//! and for every macro, `AWS::LanguageExtensions` included.

use std::collections::BTreeSet;

use super::sections::Transforms;
use crate::template::Capability;
use crate::yaml::{Node, Value};

/// IAM types with the property that gives their resources a name of their own.
const NAMED: &[(&str, &str)] = &[
    ("AWS::IAM::Group", "GroupName"),
    ("AWS::IAM::InstanceProfile", "InstanceProfileName"),
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"),
    ("AWS::IAM::Role", "RoleName"),
    ("AWS::IAM::User", "UserName"),
];

/// The capabilities that a document without loops needs.
pub(super) fn of(document: &Node, transforms: &Transforms<'_>) -> BTreeSet<Capability> {
    let mut capabilities = BTreeSet::new();
    if transforms.any() {
        capabilities.insert(Capability::AutoExpand);
    }
    if transforms.opaque() {
        capabilities.insert(Capability::NamedIam);
    }
    if has_transform(document) {
        capabilities.extend([Capability::NamedIam, Capability::AutoExpand]);
    }
    let resources = document.get("Resources").and_then(Node::entries);
    for (_, resource) in resources.unwrap_or_default() {
        let Some(resource_type) = resource.get("Type").and_then(Node::as_str) else {
            continue;
        };
        if resource_type == "AWS::CloudFormation::Stack" || resource_type.ends_with("::MODULE") {
            capabilities.extend([Capability::NamedIam, Capability::AutoExpand]);
        } else if resource_type.starts_with("AWS::IAM::") {
            let properties = resource.get("Properties");
            let named = NAMED.iter().any(|(named_type, property)| {
                *named_type == resource_type
                    && properties.is_some_and(|properties| properties.get(property).is_some())
            });
            capabilities.insert(match named {
                true => Capability::NamedIam,
                false => Capability::Iam,
            });
        }
    }
    // The greater one includes the lesser.
    if capabilities.contains(&Capability::NamedIam) {
        capabilities.remove(&Capability::Iam);
    }
    capabilities
}

/// Whether there is an embedded macro, in either spelling.
pub(super) fn has_transform(node: &Node) -> bool {
    if node.tag.as_deref() == Some("!Transform") {
        return true;
    }
    match &node.value {
        Value::Scalar(_) => false,
        Value::Sequence(items) => items.iter().any(has_transform),
        Value::Mapping(entries) => entries
            .iter()
            .any(|(key, value)| key.as_str() == Some("Fn::Transform") || has_transform(value)),
    }
}
