//! The environment's lock as commands use it: who asks, how long it lasts, what is said.

use std::sync::Arc;
use std::time::Duration;

use shopctl_core::event::Event;
use shopctl_core::project::Environment;
use shopctl_deploy::lock::{self, Claim, FoundLock, Holder, LEASE, Lease, LockError};

use crate::duration;
use crate::error::{CommandError, Kind};
use crate::keep;
use crate::origin;
use crate::process;
use crate::run::Run;
use crate::session::Session;

/// How long a lock is good for: a minute, or what `SHOPCTL_LOCK_LEASE` says.
pub(crate) fn lease_time() -> Result<Duration, CommandError> {
    let Ok(text) = std::env::var("SHOPCTL_LOCK_LEASE") else {
        return Ok(LEASE);
    };
    match duration::parse(&text) {
        Ok(lease) if (2..=3600).contains(&lease.as_secs()) => Ok(lease),
        Ok(_) => Err("it has to be from 2s to 1h".to_owned()),
        Err(reason) => Err(reason),
    }
    .map_err(|reason| {
        CommandError::message(Kind::Input, format!("SHOPCTL_LOCK_LEASE: {reason}"), None)
    })
}

/// Asks for the lock.
pub(crate) fn claim(
    bucket: &str,
    command: &str,
    run: &str,
    since: String,
    wait: Option<Duration>,
) -> Result<Claim, CommandError> {
    let by = origin::origin(None);
    Ok(Claim {
        bucket: bucket.to_owned(),
        holder: Holder {
            user: by.user,
            host: by.host,
            pid: by.pid,
            process: process::mark(),
            command: command.to_owned(),
            run: run.to_owned(),
            run_url: by.run_url,
            since,
        },
        nonce: origin::nonce(),
        lease: lease_time()?,
        wait: wait.unwrap_or_default(),
        is_gone: process::is_gone,
    })
}

/// Takes the lock for a run, or waits for it. Says so when it waits, and when the run before
/// died.
pub(crate) async fn hold(
    session: &Session,
    run: &Run,
    environment: &Environment,
    bucket: &str,
    command: &str,
    wait: Option<Duration>,
) -> Result<Arc<Lease>, CommandError> {
    let since = keep::time(run.started);
    let claim = claim(bucket, command, &run.id, since, wait)?;
    let lease = lock::acquire(
        session.ports.objects.clone(),
        &claim,
        &run.cancel,
        |found| warn(run, format!("waiting for {}", text(found))),
    )
    .await
    .map_err(|error| refused(error, environment))?;
    if let Some(dead) = &lease.taken_over {
        warn(
            run,
            format!("{dead} ended without saying how; this run takes its lock over"),
        );
    }
    Ok(Arc::new(lease))
}

/// Gives the lock back; a lock that stays only costs the next run a minute.
pub(crate) async fn release(lease: &Lease, run: &Run) {
    if let Err(error) = lease.release().await {
        warn(
            run,
            format!("the lock was not removed and has to run out: {error}"),
        );
    }
}

/// The error of a run that lost its lock while it was at work.
pub(crate) fn lost(reason: &str) -> CommandError {
    CommandError::message(
        Kind::Locked,
        format!("this run no longer holds the lock: {reason}"),
        Some(
            "it stopped at once; what CloudFormation was doing goes on, and the next deploy \
             waits for it"
                .to_owned(),
        ),
    )
}

/// A lock for people.
pub(crate) fn text(found: &FoundLock) -> String {
    match &found.holder {
        Some(holder) => holder.to_string(),
        None => "a lock of another version of shopctl".to_owned(),
    }
}

pub(crate) fn refused(error: LockError, environment: &Environment) -> CommandError {
    match error {
        LockError::Held(found) => {
            let hints = vec![
                "--wait waits for it".to_owned(),
                format!(
                    "if that run is dead, its lock is free in {}, or at once with `shopctl unlock --env {} --force`",
                    seconds(found.lease.saturating_sub(found.age)),
                    environment.name
                ),
            ];
            CommandError {
                hints,
                ..CommandError::new(Kind::Locked, LockError::Held(found), None)
            }
        }
        LockError::Interrupted => CommandError::interrupted(),
        LockError::Cloud(error) => error.into(),
    }
}

pub(crate) fn seconds(duration: Duration) -> String {
    let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    shopctl_report::duration(milliseconds)
}

fn warn(run: &Run, message: String) {
    run.events.send(Event::Warned {
        message,
        location: None,
    });
}
