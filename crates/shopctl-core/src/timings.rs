//! How long what took in a run, gathered from its events.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::event::{Event, StackOperation, StackResult};
use crate::names::{LogicalId, StackName};
use crate::plan::StepId;

/// A step that is not a stack, or a phase before the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepTiming {
    /// Its name, for instance `site` or `phase:build`.
    pub step: StepId,
    /// Milliseconds from the run's beginning to its own.
    pub started_ms: u64,
    /// How long it took; `None` when it had no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elapsed_ms: Option<u64>,
    /// Whether it failed.
    #[serde(default)]
    pub failed: bool,
}

/// The work on a stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StackTiming {
    /// What was done last.
    pub operation: StackOperation,
    /// Milliseconds from the run's beginning to its own.
    pub started_ms: u64,
    /// How long it took; `None` when it had no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elapsed_ms: Option<u64>,
    /// Its resources, in the order in which they began.
    #[serde(default)]
    pub resources: Vec<ResourceTiming>,
}

/// The work on a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceTiming {
    /// Its logical ID.
    pub logical_id: LogicalId,
    /// Its type.
    pub resource_type: String,
    /// Its last status.
    pub status: String,
    /// Milliseconds from the run's beginning to its first event.
    pub started_ms: u64,
    /// From its first event to its last.
    pub elapsed_ms: u64,
}

/// What came of a stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StackTold {
    /// What was done.
    pub result: Option<StackResult>,
    /// Whether it failed.
    pub failed: bool,
    /// Its times.
    pub timing: Option<StackTiming>,
}

/// Gathers times.
#[derive(Debug, Clone, Default)]
pub struct Timings {
    steps: Vec<StepTiming>,
    stacks: IndexMap<StackName, StackTold>,
    resources: BTreeMap<(StackName, LogicalId), usize>,
}

impl Timings {
    /// Hears of an event, that many milliseconds after the run began.
    pub fn observe(&mut self, event: &Event, at: u64) {
        match event {
            Event::PhaseStarted { phase } => self.begin(phase_step(*phase), at),
            Event::PhaseFinished { phase, .. } => self.end(&phase_step(*phase), at, false),
            Event::StepStarted { step, .. } => self.begin(step.clone(), at),
            Event::StepFinished { step, .. } => self.end(step, at, false),
            Event::StepFailed { step, .. } => self.end(step, at, true),
            Event::StackStarted {
                stack, operation, ..
            } => {
                let told = self.stacks.entry(stack.clone()).or_default();
                match &mut told.timing {
                    // Another operation on the same stack, for instance after waiting.
                    Some(timing) => timing.operation = *operation,
                    None => {
                        told.timing = Some(StackTiming {
                            operation: *operation,
                            started_ms: at,
                            elapsed_ms: None,
                            resources: Vec::new(),
                        });
                    }
                }
            }
            Event::ResourceChanged {
                stack,
                logical_id,
                resource_type,
                status,
                ..
            } => self.resource(stack, logical_id, resource_type, status, at),
            Event::StackFinished { stack, result, .. } => {
                let told = self.stacks.entry(stack.clone()).or_default();
                told.result = Some(*result);
                told.end(at);
            }
            Event::StackFailed { stack, .. } => {
                let told = self.stacks.entry(stack.clone()).or_default();
                told.failed = true;
                told.end(at);
            }
            _ => {}
        }
    }

    /// The steps in the order in which they began.
    pub fn steps(&self) -> &[StepTiming] {
        &self.steps
    }

    /// What came of a stack; `None` when nothing was heard of it.
    pub fn stack(&self, stack: &StackName) -> Option<&StackTold> {
        self.stacks.get(stack)
    }

    fn begin(&mut self, step: StepId, at: u64) {
        self.steps.push(StepTiming {
            step,
            started_ms: at,
            elapsed_ms: None,
            failed: false,
        });
    }

    fn end(&mut self, step: &StepId, at: u64, failed: bool) {
        if let Some(timing) = self.steps.iter_mut().rev().find(|t| t.step == *step) {
            timing.elapsed_ms = Some(at.saturating_sub(timing.started_ms));
            timing.failed = failed;
        }
    }

    fn resource(
        &mut self,
        stack: &StackName,
        logical_id: &LogicalId,
        resource_type: &str,
        status: &str,
        at: u64,
    ) {
        let told = self.stacks.entry(stack.clone()).or_default();
        let Some(timing) = &mut told.timing else {
            return;
        };
        let key = (stack.clone(), logical_id.clone());
        if let Some(resource) = self
            .resources
            .get(&key)
            .and_then(|index| timing.resources.get_mut(*index))
        {
            resource.status = status.to_owned();
            resource.elapsed_ms = at.saturating_sub(resource.started_ms);
            return;
        }
        self.resources.insert(key, timing.resources.len());
        timing.resources.push(ResourceTiming {
            logical_id: logical_id.clone(),
            resource_type: resource_type.to_owned(),
            status: status.to_owned(),
            started_ms: at,
            elapsed_ms: 0,
        });
    }
}

impl StackTold {
    fn end(&mut self, at: u64) {
        if let Some(timing) = &mut self.timing {
            timing.elapsed_ms = Some(at.saturating_sub(timing.started_ms));
        }
    }
}

fn phase_step(phase: crate::event::Phase) -> StepId {
    // The word that the event format uses.
    let word = serde_json::to_value(phase).ok();
    let word = word.as_ref().and_then(serde_json::Value::as_str);
    StepId::single(&format!("phase:{}", word.unwrap_or("other")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;
    use crate::event::Phase;

    fn resource(status: &str) -> Event {
        Event::ResourceChanged {
            stack: "api".into(),
            logical_id: "Queue".into(),
            resource_type: "AWS::SQS::Queue".to_owned(),
            status: status.to_owned(),
            reason: None,
        }
    }

    #[test]
    fn phases_stacks_and_resources_have_their_times() {
        let mut timings = Timings::default();
        timings.observe(
            &Event::PhaseStarted {
                phase: Phase::Build,
            },
            10,
        );
        timings.observe(
            &Event::PhaseFinished {
                phase: Phase::Build,
                summary: String::new(),
            },
            250,
        );
        let started = |operation| Event::StackStarted {
            stack: "api".into(),
            cloud_name: "shop-prod-api".into(),
            operation,
            resources: None,
        };
        timings.observe(&started(StackOperation::Wait), 300);
        timings.observe(&started(StackOperation::Update), 400);
        timings.observe(&resource("UPDATE_IN_PROGRESS"), 410);
        timings.observe(&resource("UPDATE_COMPLETE"), 900);
        timings.observe(
            &Event::StackFinished {
                stack: "api".into(),
                status: None,
                result: StackResult::Updated,
                outputs: IndexMap::new(),
            },
            1000,
        );
        assert_eq!(timings.steps()[0].step.as_str(), "phase:build");
        assert_eq!(timings.steps()[0].elapsed_ms, Some(240));
        let told = timings.stack(&"api".into()).unwrap();
        assert_eq!(told.result, Some(StackResult::Updated));
        let timing = told.timing.as_ref().unwrap();
        assert_eq!(timing.operation, StackOperation::Update);
        assert_eq!((timing.started_ms, timing.elapsed_ms), (300, Some(700)));
        assert_eq!(timing.resources.len(), 1);
        assert_eq!(timing.resources[0].status, "UPDATE_COMPLETE");
        assert_eq!(timing.resources[0].elapsed_ms, 490);
    }
}
