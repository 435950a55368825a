//! The alarms that have CloudFormation roll an operation back, as the project file names them.

use serde_json::{Value as Json, json};

use crate::diagnostic::{Diagnostic, Location};
use crate::stack_settings::{LONGEST_MONITORING_MINUTES, MOST_ROLLBACK_ALARMS};
use crate::yaml::Node;

use super::containers::WholeNumber;
use super::model::Located;
use super::shape::{Definitions, Fields, Findings, Object, Shape, key};
use super::text::AlarmArn;
use super::value::{OutputKey, OutputReference};

/// Which alarms have CloudFormation roll a creation or an update back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollback {
    /// The alarms; with none nothing is watched.
    pub alarms: Vec<WatchedAlarm>,
    /// For how many minutes after the operation they are watched still.
    pub monitoring_minutes: u32,
}

/// An alarm that is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchedAlarm {
    /// Which.
    pub alarm: AlarmValue,
    /// Whether it is made of other alarms.
    pub composite: bool,
    /// Where it is named.
    pub location: Location,
}

/// How an alarm is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlarmValue {
    /// By its ARN.
    Arn(AlarmArn),
    /// By the output of a stack, which is the ARN.
    OutputOf(OutputReference),
}

impl Rollback {
    /// The outputs that are alarms.
    pub fn outputs(&self) -> impl Iterator<Item = (&OutputReference, &Location)> {
        self.alarms.iter().filter_map(|alarm| match &alarm.alarm {
            AlarmValue::OutputOf(from) => Some((from, &alarm.location)),
            AlarmValue::Arn(_) => None,
        })
    }
}

impl Shape for Located<AlarmValue> {
    fn read(node: &Node, findings: &mut Findings) -> Option<Self> {
        if node.entries().is_some() && node.tag.is_none() {
            let from = OutputKey::read(node, findings)?.output?;
            return Some(Self {
                value: AlarmValue::OutputOf(from.value),
                location: from.location,
            });
        }
        AlarmArn::read(node, findings).map(|arn| Self {
            value: AlarmValue::Arn(arn),
            location: node.location.clone(),
        })
    }

    fn schema(definitions: &mut Definitions) -> Json {
        json!({ "anyOf": [AlarmArn::schema(definitions), OutputKey::schema(definitions)] })
    }
}

/// `rollback` of a stack or an environment.
#[derive(Debug)]
pub(super) struct RollbackKeys {
    alarms: Option<Vec<Located<AlarmValue>>>,
    composite_alarms: Option<Vec<Located<AlarmValue>>>,
    monitoring_minutes: Option<WholeNumber<0, { LONGEST_MONITORING_MINUTES as u64 }>>,
}

impl Object for RollbackKeys {
    const NAME: &'static str = "the rollback rule";
    const DEFINITION: &'static str = "rollback";
    const ABOUT: &'static str = "Alarms that have CloudFormation roll back a creation or an update during which, or shortly \
         after which, they go off.";

    fn fields(fields: &mut Fields<'_>) -> Self {
        Self {
            alarms: fields.optional(
                key(
                    "alarms",
                    "The alarms by ARN, or as outputs of stacks that come first. An empty list \
                     has nothing watched any more.",
                )
                .example(json!([{ "output": "monitoring.ErrorAlarmArn" }])),
            ),
            composite_alarms: fields.optional(
                key(
                    "compositeAlarms",
                    "Alarms that are made of other alarms, named in the same ways.",
                )
                .example(json!([
                    "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:unwell"
                ])),
            ),
            monitoring_minutes: fields.optional(
                key(
                    "monitoringMinutes",
                    "For how many minutes after the operation the alarms are watched still; the \
                     deploy lasts so much longer.",
                )
                .default(0),
            ),
        }
    }
}

impl RollbackKeys {
    /// The rule, with a finding when CloudFormation would not take it.
    pub(super) fn checked(keys: Located<Self>, findings: &mut Findings) -> Rollback {
        let Located { value, location } = keys;
        let plain = value.alarms.unwrap_or_default().into_iter();
        let composite = value.composite_alarms.unwrap_or_default().into_iter();
        let alarms: Vec<WatchedAlarm> = plain
            .map(|alarm| (alarm, false))
            .chain(composite.map(|alarm| (alarm, true)))
            .map(|(alarm, composite)| WatchedAlarm {
                alarm: alarm.value,
                composite,
                location: alarm.location,
            })
            .collect();
        if alarms.len() > MOST_ROLLBACK_ALARMS {
            findings.push(
                Diagnostic::error(
                    &location,
                    format!(
                        "{} alarms; CloudFormation watches {MOST_ROLLBACK_ALARMS}",
                        alarms.len()
                    ),
                )
                .with_hint("make one composite alarm of them"),
            );
        }
        Rollback {
            alarms,
            monitoring_minutes: value.monitoring_minutes.map_or(0, |minutes| {
                u32::try_from(minutes.0).unwrap_or(LONGEST_MONITORING_MINUTES)
            }),
        }
    }
}
