//! `shopctl prune`: deletes artifacts, templates, site files and records that nothing needs.

use chrono::Utc;
use serde_json::json;
use shopctl_deploy::Interrupt;
use shopctl_deploy::lock;
use shopctl_deploy::prune::{PrunePlan, carry_out, plan_prune};

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
        return Ok(answer(display, &PrunePlan::default(), arguments.dry_run));
    };
    let project = &workspace.project;
    let bucket = project.artifact_bucket(environment, &session.account);
    let stacks: Vec<_> = project
        .stacks_in(environment)
        .map(|stack| project.cloud_stack_name(environment, &stack.name))
        .collect();
    let plan = || plan_prune(&session.ports, &bucket, &stacks, arguments.keep);
    let found = plan().await?;
    if arguments.dry_run || found.objects.is_empty() {
        return Ok(answer(display, &found, arguments.dry_run));
    }
    // A deploy at the same time may be about to use what is not used yet.
    let now = keep::time(Utc::now());
    let run = format!("prune-{}", &origin::nonce()[..6]);
    let claim = guard::claim(&bucket, "prune", &run, now, arguments.wait)?;
    let cancel = Interrupt::new();
    let objects = session.ports.objects.clone();
    let lease = lock::acquire(objects, &claim, &cancel, |found| {
        display.say(&format!("waiting for {}", guard::text(found)));
    })
    .await
    .map_err(|error| guard::refused(error, environment))?;
    let pruned = tokio::select! {
        pruned = async {
            let found = plan().await?;
            delete(&session, &bucket, &found).await?;
            Ok(found)
        } => pruned,
        () = cancel.cancelled() => Err(guard::lost(lease.lost().unwrap_or("it was taken"))),
    };
    lease.release().await?;
    Ok(answer(display, &pruned?, false))
}

async fn delete(session: &Session, bucket: &str, plan: &PrunePlan) -> Result<(), CommandError> {
    carry_out(&session.ports, bucket, plan).await?;
    Ok(())
}

fn answer(display: &Display, plan: &PrunePlan, dry_run: bool) -> u8 {
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
    if plan.objects.is_empty() {
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
    }
    let (delete, forget) = if dry_run {
        ("Would delete", "forget")
    } else {
        ("Deleted", "forgot")
    };
    display.result(&format!(
        "{delete} {} ({}) and {forget} {}; {kept}.",
        count(plan.objects.len(), "object"),
        shopctl_report::size(plan.bytes()),
        count(plan.runs.len(), "run")
    ));
    0
}
