//! What it takes to move resources between stacks without making them anew.

use async_trait::async_trait;
use shopctl_core::names::{CloudStackName, LogicalId};

use super::{CloudError, TemplateSource};

/// A stack as it is to be when resources have moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefactoredStack {
    /// The stack.
    pub cloud_name: CloudStackName,
    /// Its template.
    pub template: TemplateSource,
}

/// A resource that moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefactoredResource {
    /// Stack and logical ID where it is.
    pub from: (CloudStackName, LogicalId),
    /// Stack and logical ID where it goes.
    pub to: (CloudStackName, LogicalId),
}

/// How far a refactor is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefactorState {
    /// CloudFormation looks at it, or carries it out.
    Pending,
    /// It can be executed.
    Ready,
    /// It was carried out.
    Done,
    /// CloudFormation does not take it, or could not carry it out and undid it.
    Failed {
        /// Its reason.
        reason: String,
    },
}

/// CloudFormation's stack refactoring.
#[async_trait]
pub trait Refactoring: Send + Sync {
    /// Asks for a refactor; answers its ID. Stacks that are not there are made when
    /// `makes_stacks`.
    async fn create(
        &self,
        stacks: &[RefactoredStack],
        resources: &[RefactoredResource],
        makes_stacks: bool,
        description: &str,
    ) -> Result<String, CloudError>;
    /// How far it is.
    async fn state(&self, id: &str) -> Result<RefactorState, CloudError>;
    /// What it would do, a line each.
    async fn actions(&self, id: &str) -> Result<Vec<String>, CloudError>;
    /// Starts it.
    async fn execute(&self, id: &str) -> Result<(), CloudError>;
}
