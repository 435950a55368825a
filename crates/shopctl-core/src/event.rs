//! What happens during a run, as one ordered stream of events in the past tense.
//!
//! Reporters turn it into bars, lines or NDJSON; the JSON form is a contract with
//! scripts: fields are added, never renamed or removed.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::cause::CauseKind;
use crate::diagnostic::Location;
use crate::names::{CloudStackName, EnvironmentName, LogicalId, StackName};
use crate::plan::{StackAction, StepId};
use crate::status::StackStatus;
use crate::template::OmittedResource;

/// Version of the event format that this tool writes.
pub const VERSION: u32 = 1;

/// An event with its place in the stream.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Numbered {
    /// Version of the event format, [`VERSION`].
    pub version: u32,
    /// Position in the run, from 1.
    pub sequence: u64,
    /// Milliseconds since the run began.
    pub elapsed_ms: u64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// The command that a run carries out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// `shopctl deploy`
    Deploy,
    /// `shopctl teardown`
    Teardown,
    /// `shopctl rollback`
    Rollback,
    /// `shopctl recover`
    Recover,
}

/// A part of a run that comes before or after the plan's steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Installing and starting the local cloud.
    LocalCloud,
    /// Compiling and packing handlers.
    Build,
    /// Building the site.
    Site,
    /// Rendering and checking templates.
    Render,
    /// Reading what is deployed and planning.
    Plan,
    /// A command of the project, before or after all else.
    Hook,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Something was changed and all of it worked.
    Succeeded,
    /// There was nothing to change.
    Unchanged,
    /// Something failed.
    Failed,
    /// The user stopped it.
    Interrupted,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// The run began. First event of every stream.
    RunStarted {
        /// Identifier of the run.
        run: String,
        /// What it does.
        command: Command,
        /// The project's name.
        project: String,
        /// The environment's name.
        environment: EnvironmentName,
    },
    /// A phase before the plan began.
    PhaseStarted {
        /// Which.
        phase: Phase,
    },
    /// A phase went on.
    PhaseProgressed {
        /// Which.
        phase: Phase,
        /// What is being done, for instance a crate's name.
        message: String,
        /// Units done.
        done: u64,
        /// Units in all, when known.
        total: Option<u64>,
    },
    /// A phase ended well.
    PhaseFinished {
        /// Which.
        phase: Phase,
        /// One line about the result.
        summary: String,
    },
    /// Something the user should know that stops nothing.
    Warned {
        /// The text.
        message: String,
        /// Where, when it is about a file.
        location: Option<Location>,
    },
    /// The plan was made.
    Planned {
        /// The account that the run works on.
        account: String,
        /// Its region.
        region: String,
        /// Each stack with what is to be done.
        stacks: Vec<PlannedStack>,
        /// Objects to be uploaded at most; those already there are skipped.
        uploads: usize,
        /// Resources that this environment leaves out.
        omitted: Vec<OmittedResource>,
    },
    /// A step that is not a stack began.
    StepStarted {
        /// Which.
        step: StepId,
        /// What it does, for people.
        title: String,
    },
    /// A step that is not a stack ended well.
    StepFinished {
        /// Which.
        step: StepId,
        /// Whether it changed anything.
        changed: bool,
        /// One line about the result.
        summary: String,
    },
    /// A step was left out because another failed or the run was interrupted.
    StepSkipped {
        /// Which.
        step: StepId,
        /// What it would have done.
        title: String,
        /// The step whose failure is the cause; `None` after an interruption.
        cause: Option<StepId>,
    },
    /// A step that is not a stack failed.
    StepFailed {
        /// Which.
        step: StepId,
        /// What it does.
        title: String,
        /// Why, innermost cause last.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// Work on a stack began.
    StackStarted {
        /// Which.
        stack: StackName,
        /// Its name in CloudFormation.
        cloud_name: CloudStackName,
        /// What is done.
        operation: StackOperation,
        /// Resources that the operation will touch, when known.
        resources: Option<usize>,
    },
    /// A resource of a stack changed its status.
    ResourceChanged {
        /// The stack.
        stack: StackName,
        /// The resource.
        logical_id: LogicalId,
        /// Its type.
        resource_type: String,
        /// Its status, for instance `CREATE_COMPLETE`.
        status: String,
        /// CloudFormation's reason, mostly of failures.
        reason: Option<String>,
    },
    /// Work on a stack ended well, or there was nothing to do.
    StackFinished {
        /// Which.
        stack: StackName,
        /// Its status now; `None` when it is gone.
        status: Option<StackStatus>,
        /// What was done.
        result: StackResult,
        /// Its outputs.
        outputs: IndexMap<String, String>,
    },
    /// Work on a stack failed.
    StackFailed {
        /// Which.
        stack: StackName,
        /// Why.
        failure: Failure,
    },
    /// The user stopped the run while CloudFormation was working on a stack. Of one that is
    /// cancelled there are two: when CloudFormation was asked, and at the end.
    StackInterrupted {
        /// Which.
        stack: StackName,
        /// Whether CloudFormation was made to undo its work; else it goes on with it.
        cancelled: bool,
        /// The stack's status afterwards; `None` when the run did not wait for the end.
        status: Option<StackStatus>,
        /// The command that waits for the end and goes on from there.
        attach: Option<String>,
    },
    /// The run ended. Last event of every stream.
    RunFinished {
        /// How.
        outcome: Outcome,
        /// The process's exit status.
        exit_code: u8,
        /// The URLs of what is deployed.
        urls: BTreeMap<String, String>,
        /// What a teardown left behind.
        left: Vec<Leftover>,
        /// Why it failed, one line each.
        errors: Vec<String>,
    },
}

/// A stack in the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedStack {
    /// Which.
    pub stack: StackName,
    /// What is to be done.
    pub action: StackAction,
    /// Why.
    pub reason: String,
    /// Its resources in the template (deploy) or on AWS (teardown).
    pub resources: usize,
    /// The stacks that it waits for.
    pub after: Vec<StackName>,
    /// How long the same operation took in earlier runs, in milliseconds; `None` when no run
    /// that is kept tells.
    pub expected_ms: Option<u64>,
}

/// What CloudFormation does with a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StackOperation {
    /// It is created.
    Create,
    /// It is updated.
    Update,
    /// It is deleted.
    Delete,
    /// An operation that somebody else began is waited for.
    Wait,
    /// It is rolled back to what it was.
    Rollback,
}

/// What came of the work on a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StackResult {
    /// It was created.
    Created,
    /// It was updated.
    Updated,
    /// It was deleted.
    Deleted,
    /// There was nothing to change.
    Unchanged,
    /// It was rolled back to what it was.
    RolledBack,
}

/// Why the work on a stack failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The stack's name in CloudFormation.
    pub cloud_name: CloudStackName,
    /// The stack's status afterwards, when it is known.
    pub status: Option<StackStatus>,
    /// The first resource that failed by itself.
    pub resource: Option<FailedResource>,
    /// The cause in CloudFormation's or the tool's words.
    pub reason: String,
    /// What to do.
    pub hint: Option<String>,
    /// What was found out about the cause.
    pub diagnosis: Option<Box<Diagnosis>>,
}

/// What was found out about the cause of a failure.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Diagnosis {
    /// The kind of cause, when the tool knows it.
    pub kind: Option<CauseKind>,
    /// What it means, in plain words.
    pub explanation: Option<String>,
    /// The nested stacks that lead to the failed resource, outermost first.
    pub within: Vec<LogicalId>,
    /// The statement that a policy lacks.
    pub policy: Option<serde_json::Value>,
    /// What the services say about it.
    pub details: Vec<Detail>,
    /// What could not be looked up, and why.
    pub unknown: Vec<String>,
}

/// Something that a service says about a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Detail {
    /// What it is: `check`, `hook`, `log`, `owner`, `reader` or `rollback`.
    pub topic: String,
    /// The text, maybe of several lines.
    pub text: String,
}

/// The resource that began a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailedResource {
    /// Its logical ID.
    pub logical_id: LogicalId,
    /// Its type.
    pub resource_type: String,
    /// Where the template declares it.
    pub location: Option<Location>,
}

/// Something that a teardown did not remove.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leftover {
    /// What kind of thing, for instance `AWS::DynamoDB::Table` or `log group`.
    pub kind: String,
    /// Its name or physical ID.
    pub name: String,
    /// Why it is still there.
    pub reason: String,
    /// What it costs, when the tool knows prices of its kind.
    #[serde(default)]
    pub cost: Option<Cost>,
}

/// About what something costs that was left behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// US cents a month; `null` when it depends on how much is in it.
    pub monthly_cents: Option<u32>,
    /// The price in words, for instance `about $0.25 a GB and month`.
    pub text: String,
}
