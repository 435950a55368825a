//! `shopctl history`: the runs that changed something, or one of them in detail.

use serde_json::json;
use shopctl_core::run_document::{RunDocument, find_run};
use shopctl_deploy::ports::ObjectStore;
use shopctl_deploy::runs;

use crate::cli::{Global, HistoryArguments};
use crate::commands::status;
use crate::display::Display;
use crate::error::{CommandError, Kind};
use crate::prepare::environment;
use crate::workspace::Workspace;

/// Shows runs.
pub(crate) async fn run(
    global: &Global,
    arguments: &HistoryArguments,
    display: &Display,
) -> Result<u8, CommandError> {
    let workspace = Workspace::open(global)?;
    let environment = environment(&workspace, &arguments.environment.environment)?;
    let session = status::connect(&workspace, environment, display).await?;
    let (objects, bucket) = match &session {
        Some(session) => {
            let project = &workspace.project;
            let bucket = project.artifact_bucket(environment, &session.account);
            (Some(session.ports.objects.as_ref()), bucket)
        }
        None => (None, String::new()),
    };
    let names = match objects {
        Some(objects) => runs::runs(objects, &bucket).await?,
        None => Vec::new(),
    };
    if let Some(wanted) = &arguments.run {
        let document = one(objects, &bucket, &names, wanted, environment.name.as_str()).await?;
        if display.json {
            display.result(&to_json(&document)?);
        } else {
            display.result(&shopctl_report::render_run(&document, display.results));
        }
        return Ok(0);
    }
    let newest: Vec<String> = names.iter().rev().take(arguments.limit).cloned().collect();
    let documents: Vec<RunDocument> = match objects {
        Some(objects) => {
            let found = runs::documents(objects, &bucket, &newest).await?;
            found.into_values().collect()
        }
        None => Vec::new(),
    };
    if display.json {
        let document = json!({
            "version": 1,
            "project": workspace.project.name().as_str(),
            "environment": environment.name,
            "runs": documents,
        });
        display.result(&document.to_string());
    } else {
        display.result(&shopctl_report::render_history(&documents, display.results));
    }
    Ok(0)
}

/// The run that `wanted` names.
pub(crate) async fn one(
    objects: Option<&dyn ObjectStore>,
    bucket: &str,
    names: &[String],
    wanted: &str,
    environment: &str,
) -> Result<RunDocument, CommandError> {
    let hint = || Some(format!("`shopctl history --env {environment}` lists them"));
    let name =
        find_run(names, wanted).map_err(|error| CommandError::new(Kind::Input, error, hint()))?;
    let document = match objects {
        Some(objects) => runs::read(objects, bucket, name).await?,
        None => None,
    };
    document.ok_or_else(|| {
        CommandError::message(
            Kind::Input,
            format!("run '{name}' was recorded by another version of shopctl"),
            hint(),
        )
    })
}

fn to_json(document: &RunDocument) -> Result<String, CommandError> {
    serde_json::to_string(document).map_err(|error| CommandError::new(Kind::Failed, error, None))
}
