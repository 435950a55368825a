//! One run at a time in a checkout: two would build into the same folders, and each would plan
//! with what the other is about to change. Runs on other machines are not seen.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::time::Duration;

use shopctl_core::event::Event;

use crate::error::CommandError;
use crate::run::Run;
use crate::workspace::Workspace;

const PAUSE: Duration = Duration::from_millis(100);

/// Held while a run goes on; the system releases it when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "held, not read")] Option<File>);

impl Lock {
    /// Waits until no other run is going on in this checkout, and says so.
    pub(crate) async fn acquire(workspace: &Workspace, run: &Run) -> Result<Self, CommandError> {
        // Where nothing can be written nobody builds, and a teardown is no reason to insist.
        let Some(mut file) = open(workspace) else {
            return Ok(Self(None));
        };
        let mut told = false;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {}
                // Some network file systems have no locks.
                Err(TryLockError::Error(_)) => return Ok(Self(None)),
            }
            if !told {
                told = true;
                run.events.send(Event::Warned {
                    message: format!(
                        "another shopctl{} is at work in this checkout; waiting for it",
                        holder(&mut file)
                    ),
                    location: None,
                });
            }
            let pause = async {
                tokio::time::sleep(PAUSE).await;
                Ok(())
            };
            run.unless_interrupted(pause).await?;
        }
        // For whoever waits; without it the message is shorter.
        let _ = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| write!(file, "{}", std::process::id()));
        Ok(Self(Some(file)))
    }
}

fn open(workspace: &Workspace) -> Option<File> {
    let folder = workspace.cache();
    fs::create_dir_all(&folder).ok()?;
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(folder.join("lock"))
        .ok()
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.read_to_string(&mut text));
    match (read, text.trim().parse::<u32>()) {
        (Ok(_), Ok(process)) => format!(" (process {process})"),
        _ => String::new(),
    }
}
