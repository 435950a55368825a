//! The answer to `shopctl status`, as scripts read it: camelCase JSON with a version.
//!
//! Fields are added, never renamed or removed. How it looks for people is the reporter's part.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::names::{CloudStackName, EnvironmentName, LogicalId, StackName};
use crate::run_document::{Git, Origin, RunCommand, RunDocument, RunState};
use crate::status::StackStatus;
use crate::template::OmittedResource;

/// Version of the document's format.
pub const VERSION: u32 = 1;

/// What is deployed, and whether it is well.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusReport {
    /// Version of the format.
    pub version: u32,
    /// The project's name.
    pub project: String,
    /// The environment's name.
    pub environment: EnvironmentName,
    /// Whether everything is deployed, every stack is whole and every probe was answered.
    pub healthy: bool,
    /// The stacks that are there, in the order of the project file.
    pub stacks: Vec<StackReport>,
    /// The URLs by their name in the project file; only those whose stack is there.
    pub urls: IndexMap<String, String>,
    /// What the URLs answered.
    #[serde(default)]
    pub probes: Vec<ProbeReport>,
    /// Stacks of the project file that are not there, when others are.
    #[serde(default)]
    pub missing: Vec<StackName>,
    /// Resources that this environment leaves out.
    #[serde(default)]
    pub omitted: Vec<OmittedReport>,
    /// The functions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub functions: Vec<FunctionReport>,
    /// What still becomes what was deployed, besides functions, which tell it themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stabilising: Vec<StabilisingReport>,
    /// The alarms.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alarms: Vec<AlarmReport>,
    /// Stacks whose drift was looked at, now or at some other time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<DriftReport>,
    /// The last run that changed something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run: Option<LastRun>,
    /// What could not be found out, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
}

/// A Lambda function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionReport {
    /// Its stack.
    pub stack: StackName,
    /// Its logical ID.
    pub logical_id: LogicalId,
    /// Its name in Lambda.
    pub function_name: String,
    /// `Active`, `Pending`, `Inactive`, `Failed`; `Missing` when it is not there.
    pub state: String,
    /// `Successful`, `InProgress`, `Failed`.
    pub last_update: String,
    /// Why it is not well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The fast deploy whose code it runs; CloudFormation knows of another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fast_run: Option<String>,
}

/// A resource that still becomes what was deployed, after CloudFormation was done with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StabilisingReport {
    /// Its stack.
    pub stack: StackName,
    /// Its logical ID.
    pub logical_id: LogicalId,
    /// Its type.
    pub resource_type: String,
    /// What its service says of it.
    pub state: String,
}

impl FunctionReport {
    /// Whether it can be called, or will soon.
    pub fn is_well(&self) -> bool {
        !["Failed", "Missing"].contains(&self.state.as_str()) && self.last_update != "Failed"
    }

    /// Whether it is still becoming what was deployed.
    pub fn is_stabilising(&self) -> bool {
        self.state == "Pending" || self.last_update == "InProgress"
    }
}

/// A CloudWatch alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AlarmReport {
    /// Its stack.
    pub stack: StackName,
    /// Its logical ID.
    pub logical_id: LogicalId,
    /// Its name in CloudWatch.
    pub alarm_name: String,
    /// `OK`, `ALARM`, `INSUFFICIENT_DATA`.
    pub state: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Since when, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
}

impl AlarmReport {
    /// Whether it rings.
    pub fn rings(&self) -> bool {
        self.state == "ALARM"
    }
}

/// Whether a stack still is what its template says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DriftReport {
    /// The stack.
    pub stack: StackName,
    /// `IN_SYNC`, `DRIFTED`, `UNKNOWN`.
    pub status: String,
    /// When it was looked at, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked: Option<String>,
    /// How long ago that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_seconds: Option<u64>,
    /// Resources that differ, when it was counted just now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drifted_resources: Option<usize>,
}

/// A recorded run; `shopctl history` has more of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastRun {
    /// Its name.
    pub run: String,
    /// When it began, RFC 3339.
    pub started: String,
    /// When it ended, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<String>,
    /// What it was to do.
    pub command: RunCommand,
    /// How it ended, or that it goes on.
    pub state: RunState,
    /// Who ran it and where.
    pub by: Origin,
    /// The commit that was deployed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<Git>,
    /// Version of the tool.
    pub tool: String,
}

impl From<RunDocument> for LastRun {
    fn from(run: RunDocument) -> Self {
        Self {
            run: run.run,
            started: run.started,
            finished: run.finished,
            command: run.command,
            state: run.state,
            by: run.by,
            git: run.git,
            tool: run.tool,
        }
    }
}

/// A stack that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StackReport {
    /// Its name in the project file.
    pub name: StackName,
    /// Its name in CloudFormation.
    pub stack_name: CloudStackName,
    /// Its status.
    pub status: StackStatus,
    /// Why it has this status, when CloudFormation says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_reason: Option<String>,
    /// How many resources it has.
    pub resources: usize,
    /// When it was created or changed last, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_changed: Option<String>,
    /// Its outputs.
    pub outputs: IndexMap<String, String>,
}

/// What a URL answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProbeReport {
    /// The URL's name in the project file.
    pub name: String,
    /// What was asked for: the URL with the path to check.
    pub url: String,
    /// Whether the answer is a good one.
    pub ok: bool,
    /// The HTTP status, when there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How long the answer took, in milliseconds.
    pub elapsed_ms: u64,
    /// Why there was no good answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A resource that this environment leaves out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OmittedReport {
    /// The stack it would be in.
    pub stack: StackName,
    /// Its logical ID.
    pub logical_id: LogicalId,
    /// Its type.
    pub resource_type: String,
}

impl From<OmittedResource> for OmittedReport {
    fn from(omitted: OmittedResource) -> Self {
        Self {
            stack: omitted.stack,
            logical_id: omitted.logical_id,
            resource_type: omitted.resource_type,
        }
    }
}

impl StatusReport {
    /// A report about an environment where nothing is deployed.
    pub fn empty(project: impl Into<String>, environment: EnvironmentName) -> Self {
        Self {
            version: VERSION,
            project: project.into(),
            environment,
            healthy: false,
            stacks: Vec::new(),
            urls: IndexMap::new(),
            probes: Vec::new(),
            missing: Vec::new(),
            omitted: Vec::new(),
            functions: Vec::new(),
            stabilising: Vec::new(),
            alarms: Vec::new(),
            drift: Vec::new(),
            last_run: None,
            unknown: Vec::new(),
        }
    }

    /// Decides [`healthy`](Self::healthy) from the rest.
    #[must_use]
    pub fn assessed(mut self) -> Self {
        self.healthy = !self.stacks.is_empty()
            && self.missing.is_empty()
            && self.stacks.iter().all(|stack| stack.status.is_healthy())
            && self.probes.iter().all(|probe| probe.ok)
            && self.functions.iter().all(FunctionReport::is_well)
            && !self.alarms.iter().any(AlarmReport::rings);
        self
    }

    /// Whether nothing is deployed.
    pub fn is_empty(&self) -> bool {
        self.stacks.is_empty()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use insta::assert_snapshot;

    use super::*;

    fn stack(status: StackStatus) -> StackReport {
        StackReport {
            name: "products".into(),
            stack_name: "shop-local-products".into(),
            status,
            status_reason: None,
            resources: 12,
            last_changed: None,
            outputs: IndexMap::from([("TableName".to_owned(), "products".to_owned())]),
        }
    }

    fn report() -> StatusReport {
        let mut report = StatusReport::empty("shop", "local".into());
        report.stacks.push(stack(StackStatus::CreateComplete));
        report
            .urls
            .insert("site".to_owned(), "http://site.localhost/".to_owned());
        report
    }

    #[test]
    fn the_document_has_the_names_that_scripts_rely_on() {
        assert_snapshot!(
            serde_json::to_string(&report().assessed()).unwrap(),
            @r#"{"version":1,"project":"shop","environment":"local","healthy":true,"stacks":[{"name":"products","stackName":"shop-local-products","status":"CREATE_COMPLETE","resources":12,"outputs":{"TableName":"products"}}],"urls":{"site":"http://site.localhost/"},"probes":[],"missing":[],"omitted":[]}"#
        );
    }

    #[test]
    fn with_nothing_deployed_the_document_is_empty_and_not_healthy() {
        let empty = StatusReport::empty("shop", "local".into()).assessed();
        assert_snapshot!(
            serde_json::to_string(&empty).unwrap(),
            @r#"{"version":1,"project":"shop","environment":"local","healthy":false,"stacks":[],"urls":{},"probes":[],"missing":[],"omitted":[]}"#
        );
    }

    #[test]
    fn one_bad_part_makes_it_unhealthy() {
        assert!(report().assessed().healthy);

        let mut broken = report();
        broken.stacks.push(stack(StackStatus::UpdateRollbackFailed));
        assert!(!broken.assessed().healthy);

        let mut missing = report();
        missing.missing.push("orders".into());
        assert!(!missing.assessed().healthy);

        let mut silent = report();
        silent.probes.push(ProbeReport {
            name: "site".to_owned(),
            url: "http://site.localhost/".to_owned(),
            ok: false,
            status: Some(502),
            elapsed_ms: 3,
            error: None,
        });
        assert!(!silent.assessed().healthy);

        let function = |state: &str, last_update: &str| {
            let mut report = report();
            report.functions.push(FunctionReport {
                stack: "orders".into(),
                logical_id: "Process".into(),
                function_name: "f".to_owned(),
                state: state.to_owned(),
                last_update: last_update.to_owned(),
                reason: None,
                fast_run: None,
            });
            report.assessed().healthy
        };
        assert!(function("Active", "Successful") && function("Pending", "InProgress"));
        assert!(!function("Failed", "Successful") && !function("Active", "Failed"));
        assert!(!function("Missing", "Successful"));

        let alarm = |state: &str| {
            let mut report = report();
            report.alarms.push(AlarmReport {
                stack: "orders".into(),
                logical_id: "Errors".into(),
                alarm_name: "a".to_owned(),
                state: state.to_owned(),
                reason: None,
                since: None,
            });
            report.assessed().healthy
        };
        assert!(alarm("OK") && alarm("INSUFFICIENT_DATA") && !alarm("ALARM"));
    }
}
