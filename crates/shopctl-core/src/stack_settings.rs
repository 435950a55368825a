//! What CloudFormation is told about a stack beside its template, parameters and tags.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value as Json;

use crate::plan::PlannedValue;

/// The most alarms that CloudFormation watches for a stack.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_RollbackConfiguration.html>
pub const MOST_ROLLBACK_ALARMS: usize = 5;

/// The longest time in minutes for which it watches them after an operation (same page).
pub const LONGEST_MONITORING_MINUTES: u32 = 180;

/// The most bytes of a stack policy.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_SetStackPolicy.html>
pub const STACK_POLICY_BYTES: usize = 16_384;

/// How CloudFormation is to treat a stack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct StackSettings {
    /// ARN of the role that CloudFormation takes on for the stack's resources; without one it
    /// goes on with the role that it was given last, if ever, else with the caller's rights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_role: Option<String>,
    /// The alarms that have it roll back; `None` leaves them as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollback: Option<RollbackRule<PlannedValue>>,
    /// Which updates it refuses; `None` leaves the policy as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<StackPolicy>,
}

/// A stack policy: which updates of which resources CloudFormation refuses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct StackPolicy(String);

impl StackPolicy {
    /// Reads a policy as CloudFormation takes it: JSON with statements, of at most
    /// [`STACK_POLICY_BYTES`]. Why it would not be taken as error.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > STACK_POLICY_BYTES {
            return Err(format!(
                "it has {} bytes; CloudFormation takes {STACK_POLICY_BYTES}",
                text.len()
            ));
        }
        let policy: Json = serde_json::from_str(text).map_err(|error| error.to_string())?;
        match policy.get("Statement") {
            Some(Json::Array(_) | Json::Object(_)) => Ok(Self(text.to_owned())),
            _ => Err("it has no 'Statement'".to_owned()),
        }
    }

    /// The policy as it is sent.
    pub fn body(&self) -> &str {
        &self.0
    }

    /// Whether a stack has this policy, however it is laid out.
    pub fn is(&self, deployed: Option<&str>) -> bool {
        let read = |text: &str| serde_json::from_str::<Json>(text).ok();
        deployed.is_some_and(|deployed| read(deployed) == read(&self.0))
    }
}

/// Which alarms have CloudFormation roll a creation or an update back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RollbackRule<Arn: Ord = String> {
    /// The alarms; with none nothing is watched.
    pub alarms: BTreeSet<RollbackAlarm<Arn>>,
    /// For how many minutes after the operation they are watched still.
    pub monitoring_minutes: u32,
}

/// An alarm of a [`RollbackRule`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RollbackAlarm<Arn: Ord = String> {
    /// Its ARN.
    pub arn: Arn,
    /// Whether it is made of other alarms.
    pub composite: bool,
}

impl Default for RollbackRule {
    fn default() -> Self {
        Self {
            alarms: BTreeSet::new(),
            monitoring_minutes: 0,
        }
    }
}

impl RollbackRule<PlannedValue> {
    /// The rule with each ARN put through `change`; the first value for which there is none as
    /// error.
    pub fn resolved<Arn: Ord>(
        &self,
        change: impl Fn(&PlannedValue) -> Option<Arn>,
    ) -> Result<RollbackRule<Arn>, &PlannedValue> {
        let alarms = self.alarms.iter().map(|alarm| {
            let arn = change(&alarm.arn).ok_or(&alarm.arn)?;
            Ok(RollbackAlarm {
                arn,
                composite: alarm.composite,
            })
        });
        Ok(RollbackRule {
            alarms: alarms.collect::<Result<_, _>>()?,
            monitoring_minutes: self.monitoring_minutes,
        })
    }

    /// The rule when all its ARNs are known already.
    pub fn known(&self) -> Option<RollbackRule> {
        let known = |value: &PlannedValue| match value {
            PlannedValue::Known(text) => Some(text.clone()),
            PlannedValue::OutputOf { .. } => None,
        };
        self.resolved(known).ok()
    }
}

impl StackSettings {
    /// The values in it that may be outputs of other stacks.
    pub fn values(&self) -> impl Iterator<Item = &PlannedValue> {
        let alarms = self.rollback.iter().flat_map(|rule| &rule.alarms);
        alarms.map(|alarm| &alarm.arn)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_policy_is_what_it_says_and_not_how_it_is_laid_out() {
        let policy = StackPolicy::parse(r#"{"Statement": [{"Effect": "Allow"}]}"#).unwrap();
        assert!(policy.is(Some("{ \"Statement\":\n [{\"Effect\":\"Allow\"}] }")));
        assert!(!policy.is(Some(r#"{"Statement": [{"Effect": "Deny"}]}"#)));
        assert!(!policy.is(None));
    }

    #[test]
    fn what_cloudformation_would_not_take_is_told() {
        let why = |text: &str| StackPolicy::parse(text).unwrap_err();
        assert_eq!(why("{}"), "it has no 'Statement'");
        assert_eq!(why("{"), "EOF while parsing an object at line 1 column 1");
        let long = format!(r#"{{"Statement": ["{}"]}}"#, "x".repeat(STACK_POLICY_BYTES));
        assert_eq!(why(&long), "it has 16403 bytes; CloudFormation takes 16384");
    }
}
