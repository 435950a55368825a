//! `shopctl prune`: deletes artifacts, templates, site files and records that nothing needs, and
//! on request published versions of functions.

use chrono::Utc;
use serde_json::json;
use shopctl_deploy::Interrupt;
use shopctl_deploy::lock;
use shopctl_deploy::prune::{PrunePlan, carry_out, plan_prune};
use shopctl_deploy::prune_versions::{OldVersion, delete_versions, plan_versions};

use crate::cli::{Global, PruneArguments};
use crate::commands::status;
use crate::display::Display;
use crate::error::CommandError;
use crate::prepare::environment;
use crate::session::Session;
use crate::workspace::Workspace;
use crate::{guard, keep, origin};

/// Deletes, or only says what would be deleted.
pub(crate) async fn run(
    global: &Global,
    arguments: &PruneArguments,
    display: &Display,
) -> Result<u8, CommandError> {
    let workspace = Workspace::open(global)?;
    let environment = environment(&workspace, &arguments.environment.environment)?;
    let Some(session) = status::connect(&workspace, environment, display).await? else {
        return Ok(answer(display, &Found::default(), arguments.dry_run));
    };
    let project = &workspace.project;
    let bucket = project.artifact_bucket(environment, &session.account);
    let stacks: Vec<_> = project
        .stacks_in(environment)
        .map(|stack| project.cloud_stack_name(environment, &stack.name))
        .collect();
    let plan = || async {
        let ports = &session.ports;
        let versions = match arguments.versions {
            Some(keep) => plan_versions(ports, &stacks, keep).await?,
            None => Vec::new(),
        };
        let bucket = plan_prune(ports, &bucket, &stacks, arguments.keep).await?;
        Ok::<_, CommandError>(Found { bucket, versions })
    };
    let found = plan().await?;
    if arguments.dry_run || found.is_empty() {
        return Ok(answer(display, &found, arguments.dry_run));
    }
    // A deploy at the same time may be about to use what is not used yet.
    let now = keep::time(Utc::now());
    let run = format!("prune-{}", &origin::nonce()[..6]);
    let claim = guard::claim(&bucket, "prune", &run, now, arguments.turn.wait)?;
    let cancel = Interrupt::new();
    let objects = session.ports.objects.clone();
    let lease = lock::acquire(objects, &claim, &cancel, |found| {
        display.say(&format!("waiting for {}", guard::text(found)));
    })
    .await
    .map_err(|error| guard::refused(error, environment))?;
    let pruned = tokio::select! {
        pruned = async {
            let mut found = plan().await?;
            delete(&session, &bucket, &mut found, display).await?;
            Ok(found)
        } => pruned,
        () = cancel.cancelled() => Err(guard::lost(lease.lost().unwrap_or("it was taken"))),
    };
    lease.release().await?;
    Ok(answer(display, &pruned?, false))
}

/// What can go.
#[derive(Default)]
struct Found {
    /// Of the bucket.
    bucket: PrunePlan,
    /// Published versions.
    versions: Vec<OldVersion>,
}

impl Found {
    fn is_empty(&self) -> bool {
        self.bucket.objects.is_empty() && self.versions.is_empty()
    }
}

/// Deletes what was found. Versions that Lambda keeps are told, and taken out of it.
async fn delete(
    session: &Session,
    bucket: &str,
    found: &mut Found,
    display: &Display,
) -> Result<(), CommandError> {
    let kept = delete_versions(&session.ports, &found.versions).await?;
    for (version, why) in &kept {
        display.say(&format!(
            "{}:{} stays: {why}",
            version.function, version.version
        ));
    }
    found
        .versions
        .retain(|version| kept.iter().all(|(kept, _)| kept != version));
    carry_out(&session.ports, bucket, &found.bucket).await?;
    Ok(())
}

fn answer(display: &Display, found: &Found, dry_run: bool) -> u8 {
    let plan = &found.bucket;
    if display.json {
        let objects: Vec<_> = plan
            .objects
            .iter()
            .map(|object| json!({ "key": object.key, "bytes": object.bytes }))
            .collect();
        let document = json!({
            "version": 1,
            "dryRun": dry_run,
            "runs": plan.runs,
            "objects": objects,
            "versions": found.versions.iter().map(|old| json!({
                "function": old.function, "version": old.version, "bytes": old.bytes,
            })).collect::<Vec<_>>(),
            "bytes": plan.bytes(),
            "keptRuns": plan.kept_runs,
            "keptObjects": plan.kept_objects,
        });
        display.result(&document.to_string());
        return 0;
    }
    let count = shopctl_report::count;
    let kept = format!(
        "{} and {} stay",
        count(plan.kept_objects, "object"),
        count(plan.kept_runs, "run")
    );
    if found.is_empty() {
        display.result(&format!("Nothing can go: {kept}."));
        return 0;
    }
    if dry_run {
        for object in &plan.objects {
            display.result(&format!(
                "{}  {}",
                object.key,
                shopctl_report::size(object.bytes)
            ));
        }
        for old in &found.versions {
            let size = shopctl_report::size(old.bytes);
            display.result(&format!("{}:{}  {size}", old.function, old.version));
        }
    }
    let (delete, forget) = if dry_run {
        ("Would delete", "forget")
    } else {
        ("Deleted", "forgot")
    };
    let versions = match found.versions.len() {
        0 => String::new(),
        number => format!(", {}", count(number, "version")),
    };
    display.result(&format!(
        "{delete} {} ({}){versions} and {forget} {}; {kept}.",
        count(plan.objects.len(), "object"),
        shopctl_report::size(plan.bytes()),
        count(plan.runs.len(), "run")
    ));
    0
}
