//! Work that goes on until the user ends it.

use tokio::signal::unix::{SignalKind, signal};

use crate::error::{CommandError, Kind};

/// Does `work`, which has no end of its own; Ctrl-C ends it well, whatever it is doing.
pub(crate) async fn until_interrupted(
    work: impl Future<Output = Result<u8, CommandError>>,
) -> Result<u8, CommandError> {
    // Listened to from the beginning: a signal that comes between two waits is not lost.
    let mut interrupt = signal(SignalKind::interrupt())
        .map_err(|error| CommandError::new(Kind::Failed, error, None))?;
    tokio::select! {
        result = work => result,
        _ = interrupt.recv() => Ok(0),
    }
}
