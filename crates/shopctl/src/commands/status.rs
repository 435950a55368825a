//! `shopctl status`: what is deployed, and whether it is well. Changes nothing.

use std::time::Instant;

use futures::future::{join_all, try_join_all};
use shopctl_core::project::{Environment, Project};
use shopctl_core::report::{ProbeReport, StackReport, StatusReport};
use shopctl_deploy::ports::{Ports, ProbeAnswer};
use shopctl_local::CloudStatus;

use crate::cli::{EnvironmentArguments, Global};
use crate::display::Display;
use crate::error::CommandError;
use crate::prepare::environment;
use crate::session::{Session, connect_aws, connect_local, describe, local_cloud, local_error};
use crate::workspace::Workspace;

/// Shows the status; the exit code is 1 when something that is deployed is not well.
pub(crate) async fn run(
    global: &Global,
    arguments: &EnvironmentArguments,
    display: &Display,
) -> Result<u8, CommandError> {
    let workspace = Workspace::open(global)?;
    let environment = environment(&workspace, &arguments.environment)?;
    let report = match connect(&workspace, environment, display).await? {
        Some(session) => report(&workspace.project, environment, &session).await?,
        None => StatusReport::empty(workspace.project.name().as_str(), environment.name.clone()),
    };
    if display.json {
        let document = serde_json::to_string(&report)
            .map_err(|error| CommandError::new(crate::error::Kind::Failed, error, None))?;
        display.result(&document);
    } else {
        display.result(&shopctl_report::render_status(&report, display.results));
    }
    Ok(if report.healthy || report.stacks.is_empty() {
        0
    } else {
        1
    })
}

/// Connects to the environment's cloud; `None` when that is a local cloud that holds nothing.
pub(crate) async fn connect(
    workspace: &Workspace,
    environment: &Environment,
    display: &Display,
) -> Result<Option<Session>, CommandError> {
    if !environment.is_local() {
        return connect_aws(workspace, environment).await.map(Some);
    }
    let cloud = local_cloud(workspace, None)?;
    let idle = matches!(
        cloud.status().await.map_err(local_error)?,
        CloudStatus::Stopped
    );
    if idle && !cloud.folder().exists() {
        return Ok(None);
    }
    let running = cloud
        .ensure_running(&mut |progress| {
            let text = describe(&progress);
            if !display.json && !text.is_empty() {
                display.say(&format!("local cloud: {text}"));
            }
        })
        .await
        .map_err(local_error)?;
    connect_local(environment, cloud, running).await.map(Some)
}

async fn report(
    project: &Project,
    environment: &Environment,
    session: &Session,
) -> Result<StatusReport, CommandError> {
    let ports = &session.ports;
    let bucket = project.artifact_bucket(environment, &session.account);
    let names: Vec<_> = project
        .stacks_in(environment)
        .map(|stack| stack.name.clone())
        .collect();
    let stacks = try_join_all(names.iter().map(|name| async move {
        let cloud_name = project.cloud_stack_name(environment, name);
        let (description, resources) =
            tokio::try_join!(ports.cloudformation.describe(cloud_name.as_str()), async {
                match ports.cloudformation.resources(cloud_name.as_str()).await {
                    Err(error) if error.kind == shopctl_deploy::ports::CloudErrorKind::NotFound => {
                        Ok(Vec::new())
                    }
                    answer => answer,
                }
            },)?;
        Ok::<_, CommandError>(description.map(|description| {
            StackReport {
                name: name.clone(),
                stack_name: cloud_name,
                status: description.status,
                status_reason: description.status_reason,
                resources: resources
                    .iter()
                    .filter(|resource| resource.status != "DELETE_COMPLETE")
                    .count(),
                last_changed: description.last_changed,
                outputs: description.outputs,
            }
        }))
    }));
    let observed = async { Ok(shopctl_deploy::observe(ports, &bucket, &[]).await?) };
    let (stacks, observed) = tokio::try_join!(stacks, observed)?;

    let mut report = StatusReport::empty(project.name().as_str(), environment.name.clone());
    for (name, stack) in names.iter().zip(stacks) {
        match stack {
            Some(stack) => report.stacks.push(stack),
            None => report.missing.push(name.clone()),
        }
    }
    if report.stacks.is_empty() {
        report.missing.clear();
        return Ok(report);
    }
    if let Some(record) = observed.record {
        report.omitted = record.omitted.into_iter().map(Into::into).collect();
    }
    let mut checks = Vec::new();
    for (name, url) in project.urls_in(environment) {
        let value = report
            .stacks
            .iter()
            .find(|stack| stack.name == url.output.stack)
            .and_then(|stack| stack.outputs.get(&url.output.output));
        if let Some(value) = value {
            report.urls.insert(name.to_string(), value.clone());
            let path = url.check.as_ref().map_or("", |path| path.as_str());
            checks.push((name.to_string(), shopctl_deploy::join_url(value, path)));
        }
    }
    report.probes = join_all(
        checks
            .into_iter()
            .map(|(name, url)| probe(ports, name, url)),
    )
    .await;
    report.healthy = report.missing.is_empty()
        && report.stacks.iter().all(|stack| stack.status.is_healthy())
        && report.probes.iter().all(|probe| probe.ok);
    Ok(report)
}

async fn probe(ports: &Ports, name: String, url: String) -> ProbeReport {
    let begin = Instant::now();
    let answer = ports.probe.get(&url).await;
    let (ok, status, error) = match answer {
        ProbeAnswer::Status(status) => ((200..300).contains(&status), Some(status), None),
        ProbeAnswer::Unreachable(reason) => (false, None, Some(reason)),
    };
    ProbeReport {
        name,
        url,
        ok,
        status,
        elapsed_ms: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
        error,
    }
}
