//! Waits for a refactor of stacks.

use crate::follow::Pause;
use crate::ports::{CloudError, RefactorState, Refactoring};

/// Waits until CloudFormation has looked at a refactor, or has carried it out.
pub async fn settled(refactoring: &dyn Refactoring, id: &str) -> Result<RefactorState, CloudError> {
    let mut pause = Pause::new();
    loop {
        match refactoring.state(id).await? {
            RefactorState::Pending => tokio::time::sleep(pause.next()).await,
            state => return Ok(state),
        }
    }
}
