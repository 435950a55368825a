//! What CloudFormation is told about a stack beside its template, parameters and tags.

use serde::Serialize;

/// How CloudFormation is to treat a stack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct StackSettings {
    /// ARN of the role that CloudFormation takes on for the stack's resources; without one it
    /// goes on with the role that it was given last, if ever, else with the caller's rights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_role: Option<String>,
}
