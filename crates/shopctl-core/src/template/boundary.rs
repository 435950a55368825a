//! Permissions boundaries: every role and user of a template that names none gets the
//! environment's, so that nothing which a deploy makes may do more than the boundary says.

use super::function::is_call;
use super::resources;
use crate::yaml::Node;

/// Types that take a boundary: identities, and what the serverless transform makes a role for.
const BOUNDED: [&str; 4] = [
    "AWS::IAM::Role",
    "AWS::IAM::User",
    "AWS::Serverless::Function",
    "AWS::Serverless::StateMachine",
];

const PROPERTY: &str = "PermissionsBoundary";

/// Gives the managed policy `arn` as boundary to all that names none in `document`.
pub(super) fn apply(document: &mut Node, arn: &str) {
    let Some(section) = document.get_mut("Resources") else {
        return;
    };
    resources::visit(section, &mut |_, resource| {
        let kind = resource.get("Type").and_then(Node::as_str);
        if !kind.is_some_and(|kind| BOUNDED.contains(&kind)) {
            return;
        }
        let location = resource.location.clone();
        if resource.get("Properties").is_none_or(Node::is_null) {
            resource.set("Properties", Node::mapping(Vec::new(), &location));
        }
        // Properties that are computed as a whole are the template's own business.
        if let Some(properties) = resource.get_mut("Properties")
            && !is_call(properties)
            && properties.get(PROPERTY).is_none()
        {
            properties.set(PROPERTY, Node::string(arn, &location));
        }
    });
}
