//! What one needs from the cloud to look after what is deployed: logs, alarms, drift. Kept apart
//! from the ports of the executor, which needs none of it.

use std::sync::Arc;

use async_trait::async_trait;

use crate::ports::CloudError;

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEvent {
    /// Its unique name.
    pub id: String,
    /// When, in milliseconds since 1970.
    pub timestamp: i64,
    /// What was written.
    pub message: String,
}

/// Which lines of a log group are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogQuery {
    /// The log group.
    pub group: String,
    /// Not before this time, in milliseconds since 1970.
    pub from: i64,
    /// Only lines that hold all these texts.
    pub words: Vec<String>,
}

/// An alarm that is not well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// `OK`, `ALARM`, `INSUFFICIENT_DATA`.
    pub state: String,
    /// Why.
    pub reason: Option<String>,
    /// Since when, RFC 3339.
    pub since: Option<String>,
}

/// What CloudFormation knows of a stack's drift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// `IN_SYNC`, `DRIFTED`, `NOT_CHECKED`, `UNKNOWN`.
    pub status: String,
    /// When it was looked at, RFC 3339.
    pub checked: Option<String>,
}

/// How far a detection of drift is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detection {
    /// It goes on.
    Running,
    /// It is done.
    Done {
        /// `IN_SYNC` or `DRIFTED`.
        status: String,
        /// Resources that differ from their template.
        drifted: usize,
    },
    /// It could not look at everything.
    Failed {
        /// Why.
        reason: String,
    },
}

/// Logs, alarms and drift.
#[async_trait]
pub trait Operations: Send + Sync {
    /// The log group that a function writes to; `None` when there is no such function.
    async fn log_group(&self, function: &str) -> Result<Option<String>, CloudError>;
    /// Lines of a log group, oldest first; none when the group is not there (yet).
    async fn log_events(&self, query: &LogQuery) -> Result<Vec<LogEvent>, CloudError>;
    /// The state of alarms by their names; those that are not there are left out.
    async fn alarms(&self, names: &[String]) -> Result<Vec<Alarm>, CloudError>;
    /// What is known of a stack's drift; `None` when there is no such stack.
    async fn drift(&self, stack: &str) -> Result<Option<Drift>, CloudError>;
    /// Starts to look for drift; answers the detection's name.
    async fn detect_drift(&self, stack: &str) -> Result<String, CloudError>;
    /// How far a detection is.
    async fn detection(&self, id: &str) -> Result<Detection, CloudError>;
}

/// As the wiring hands it around.
pub type SharedOperations = Arc<dyn Operations>;
