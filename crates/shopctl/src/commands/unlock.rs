//! `shopctl unlock`: removes the lock that a dead run left.

use serde_json::json;
use shopctl_deploy::lock::{self, FoundLock};
use shopctl_deploy::runs;

use crate::cli::{Global, UnlockArguments};
use crate::commands::status;
use crate::display::Display;
use crate::error::{CommandError, Kind};
use crate::guard;
use crate::prepare::environment;
use crate::process;
use crate::workspace::Workspace;

/// Removes the lock when its holder no longer renews it, or when it is to be forced.
pub(crate) async fn run(
    global: &Global,
    arguments: &UnlockArguments,
    display: &Display,
) -> Result<u8, CommandError> {
    let workspace = Workspace::open(global)?;
    let environment = environment(&workspace, &arguments.environment.environment)?;
    let Some(session) = status::connect(&workspace, environment, display).await? else {
        return Ok(answer(display, None));
    };
    let bucket = workspace
        .project
        .artifact_bucket(environment, &session.account);
    let objects = session.ports.objects.as_ref();
    let Some(found) = lock::find(objects, &bucket).await? else {
        return Ok(answer(display, None));
    };
    if !found.is_free(process::is_gone) && !arguments.force {
        let left = guard::seconds(found.lease.saturating_sub(found.age));
        return Err(CommandError {
            hints: vec![
                format!("if it is dead, its lock is free in {left} by itself"),
                "--force removes the lock now; a run that is at work after all stops at its next step".to_owned(),
            ],
            ..CommandError::message(
                Kind::Locked,
                format!(
                    "the lock was renewed {} ago by {}",
                    guard::seconds(found.age),
                    guard::text(&found)
                ),
                None,
            )
        });
    }
    if !lock::remove(objects, &bucket, &found).await? {
        return Err(CommandError::message(
            Kind::Locked,
            "the lock changed hands while it was looked at",
            Some("look again with the same command".to_owned()),
        ));
    }
    if let Some(holder) = &found.holder {
        runs::bury(objects, &bucket, &holder.run, "unlock").await?;
    }
    Ok(answer(display, Some(&found)))
}

fn answer(display: &Display, removed: Option<&FoundLock>) -> u8 {
    if display.json {
        let document = json!({
            "version": 1,
            "unlocked": removed.is_some(),
            "holder": removed.and_then(|found| found.holder.as_ref()),
        });
        display.result(&document.to_string());
    } else {
        display.result(&match removed {
            Some(found) => format!("Removed the lock of {}.", guard::text(found)),
            None => "Nothing is locked.".to_owned(),
        });
    }
    0
}
