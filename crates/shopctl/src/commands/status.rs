//! `shopctl status`: what is deployed, and whether it is well. Changes nothing.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use futures::future::{join_all, try_join_all};
use indexmap::IndexMap;
use shopctl_core::fast::FastChange;
use shopctl_core::names::{CloudStackName, LogicalId, StackName};
use shopctl_core::project::{Environment, Project};
use shopctl_core::report::{
    AlarmReport, DriftReport, FunctionReport, LastRun, ProbeReport, StabilisingReport, StackReport,
    StatusReport,
};
use shopctl_deploy::operations::Detection;
use shopctl_deploy::ports::{CloudError, Ports, ProbeAnswer, StackResource};
use shopctl_deploy::runs;
use shopctl_local::CloudStatus;

use crate::cli::{Global, StatusArguments};
use crate::display::Display;
use crate::error::{CommandError, Kind};
use crate::interrupt::until_interrupted;
use crate::prepare::environment;
use crate::session::{Session, connect_aws, connect_local, describe, local_cloud, local_error};
use crate::workspace::Workspace;

/// Between two looks of `--watch`.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// Between two questions whether CloudFormation has found drift, and when to give up.
const ASK_AGAIN: Duration = Duration::from_secs(2);
const DRIFT_TAKES: Duration = Duration::from_secs(600);

/// Shows the status; the exit code is 1 when something that is deployed is not well.
pub(crate) async fn run(
    global: &Global,
    arguments: &StatusArguments,
    display: &Display,
) -> Result<u8, CommandError> {
    let workspace = Workspace::open(global)?;
    let environment = environment(&workspace, &arguments.environment.environment)?;
    let project = &workspace.project;
    let Some(session) = connect(&workspace, environment, display).await? else {
        let name = environment.name.clone();
        let report = StatusReport::empty(project.name().as_str(), name);
        return show(&report, display, false).map(|()| 0);
    };
    if arguments.watch {
        return until_interrupted(async {
            loop {
                show(
                    &report(project, environment, &session).await?,
                    display,
                    true,
                )?;
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        })
        .await;
    }
    let mut report = report(project, environment, &session).await?;
    if arguments.drift {
        detect(project, environment, &session, &mut report, display).await?;
    }
    show(&report, display, false)?;
    let drifted = arguments.drift && report.drift.iter().any(|d| d.status == "DRIFTED");
    let well = report.healthy && !drifted || report.is_empty();
    Ok(if well { 0 } else { 1 })
}

fn show(report: &StatusReport, display: &Display, again: bool) -> Result<(), CommandError> {
    if display.json {
        let document = serde_json::to_string(report)
            .map_err(|error| CommandError::new(Kind::Failed, error, None))?;
        display.result(&document);
        return Ok(());
    }
    let mut text = shopctl_report::render_status(report, display.results);
    if again {
        let terminal = console::Term::stdout();
        if terminal.is_term() {
            // What cannot be cleared is written below the last look.
            let _ = terminal.clear_screen();
        }
        text.push_str(&format!(
            "\n{}\n",
            Utc::now().format("%H:%M:%S UTC, Ctrl-C ends it")
        ));
    }
    display.result(&text);
    Ok(())
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
        let resources: Vec<StackResource> = resources
            .into_iter()
            .filter(|resource| resource.status != "DELETE_COMPLETE")
            .collect();
        let report = description.map(|description| StackReport {
            name: name.clone(),
            stack_name: cloud_name,
            status: description.status,
            status_reason: description.status_reason,
            resources: resources.len(),
            last_changed: description.last_changed,
            outputs: description.outputs,
        });
        Ok::<_, CommandError>((report, resources))
    }));
    let observed = async { Ok(shopctl_deploy::observe(ports, &bucket, &[]).await?) };
    let (stacks, observed) = tokio::try_join!(stacks, observed)?;

    let mut report = StatusReport::empty(project.name().as_str(), environment.name.clone());
    let mut resources = Vec::new();
    for (name, (stack, own)) in names.iter().zip(stacks) {
        match stack {
            Some(stack) => report.stacks.push(stack),
            None => report.missing.push(name.clone()),
        }
        resources.extend(own.into_iter().map(|resource| (name.clone(), resource)));
    }
    if report.stacks.is_empty() {
        report.missing.clear();
        return Ok(report);
    }
    let mut fast = IndexMap::new();
    if let Some(record) = observed.record {
        report.omitted = record.omitted.into_iter().map(Into::into).collect();
        fast = record.fast;
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
    let probes = join_all(
        checks
            .into_iter()
            .map(|(name, url)| probe(ports, name, url)),
    );
    let functions = try_join_all(
        of_type(&resources, "AWS::Lambda::Function")
            .map(|(stack, id, name)| function(session, &fast, stack, id, name)),
    );
    let (last_run, probes, functions, stabilising, alarms, drift) = tokio::join!(
        last_run(ports, &bucket),
        probes,
        functions,
        stabilising(ports, &resources),
        alarms(session, &resources),
        drift(project, environment, session, &report.stacks),
    );
    report.probes = probes;
    // That an alarm cannot be read is no reason to say nothing of the stacks.
    let mut known = |what: &str, error: CloudError| report.unknown.push(format!("{what}: {error}"));
    match last_run {
        Ok(last) => report.last_run = last,
        Err(error) => known("the last run", error),
    }
    match functions {
        Ok(functions) => report.functions = functions,
        Err(error) => known("functions", error),
    }
    match stabilising {
        Ok(stabilising) => report.stabilising = stabilising,
        Err(error) => known("distributions", error),
    }
    match alarms {
        Ok(alarms) => report.alarms = alarms,
        Err(error) => known("alarms", error),
    }
    match drift {
        Ok(drift) => report.drift = drift,
        Err(error) => known("drift", error),
    }
    Ok(report.assessed())
}

async fn last_run(ports: &Ports, bucket: &str) -> Result<Option<LastRun>, CloudError> {
    let objects = ports.objects.as_ref();
    let Some(newest) = runs::runs(objects, bucket).await?.pop() else {
        return Ok(None);
    };
    let document = runs::read(objects, bucket, &newest).await?;
    Ok(document.map(LastRun::from))
}

/// Stack, logical ID and physical ID of the resources of a type.
fn of_type<'a>(
    resources: &'a [(StackName, StackResource)],
    kind: &'a str,
) -> impl Iterator<Item = (StackName, LogicalId, String)> + 'a {
    let fitting = resources
        .iter()
        .filter(move |(_, resource)| resource.resource_type == kind);
    fitting.filter_map(|(stack, resource)| {
        let physical_id = resource.physical_id.clone()?;
        Some((stack.clone(), resource.logical_id.clone(), physical_id))
    })
}

async fn function(
    session: &Session,
    fast: &IndexMap<StackName, FastChange>,
    stack: StackName,
    logical_id: LogicalId,
    function_name: String,
) -> Result<FunctionReport, CloudError> {
    let state = session.ports.functions.state(&function_name).await?;
    let (state, last_update, reason) = match state {
        Some(state) => (state.state, state.last_update, state.reason),
        None => {
            let reason = "the stack has it, Lambda does not: somebody deleted it";
            (
                "Missing".to_owned(),
                "Failed".to_owned(),
                Some(reason.to_owned()),
            )
        }
    };
    let change = fast.get(&stack);
    let change = change.filter(|change| change.functions.contains_key(&logical_id));
    Ok(FunctionReport {
        fast_run: change.map(|change| change.run.clone()),
        stack,
        logical_id,
        function_name,
        state,
        last_update,
        reason,
    })
}

/// Distributions whose configuration still spreads to CloudFront's edge locations.
async fn stabilising(
    ports: &Ports,
    resources: &[(StackName, StackResource)],
) -> Result<Vec<StabilisingReport>, CloudError> {
    const DISTRIBUTION: &str = "AWS::CloudFront::Distribution";
    let looked_at = of_type(resources, DISTRIBUTION).map(|(stack, logical_id, id)| async move {
        let status = ports.distributions.status(&id).await?;
        let spreads = status.filter(|status| status != "Deployed");
        Ok::<_, CloudError>(spreads.map(|state| StabilisingReport {
            stack,
            logical_id,
            resource_type: DISTRIBUTION.to_owned(),
            state,
        }))
    });
    Ok(try_join_all(looked_at)
        .await?
        .into_iter()
        .flatten()
        .collect())
}

async fn alarms(
    session: &Session,
    resources: &[(StackName, StackResource)],
) -> Result<Vec<AlarmReport>, CloudError> {
    let own: Vec<_> = of_type(resources, "AWS::CloudWatch::Alarm").collect();
    if own.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<String> = own.iter().map(|(_, _, name)| name.clone()).collect();
    let states = session.operations.alarms(&names).await?;
    let report = |(stack, logical_id, alarm_name): (StackName, LogicalId, String)| {
        let alarm = states
            .iter()
            .find(|alarm| alarm.name == alarm_name)?
            .clone();
        Some(AlarmReport {
            stack,
            logical_id,
            alarm_name,
            state: alarm.state,
            reason: alarm.reason,
            since: alarm.since,
        })
    };
    Ok(own.into_iter().filter_map(report).collect())
}

/// What CloudFormation knows of drift; stacks that it never looked at are left out.
async fn drift(
    project: &Project,
    environment: &Environment,
    session: &Session,
    stacks: &[StackReport],
) -> Result<Vec<DriftReport>, CloudError> {
    let of_stack = |stack: StackName| async move {
        let name = project.cloud_stack_name(environment, &stack);
        let drift = session.operations.drift(name.as_str()).await?;
        Ok::<_, CloudError>(
            drift
                .filter(|drift| drift.status != "NOT_CHECKED")
                .map(|drift| DriftReport {
                    stack,
                    status: drift.status,
                    age_seconds: drift.checked.as_deref().and_then(age),
                    checked: drift.checked,
                    drifted_resources: None,
                }),
        )
    };
    let all = try_join_all(stacks.iter().map(|stack| of_stack(stack.name.clone()))).await?;
    Ok(all.into_iter().flatten().collect())
}

fn age(moment: &str) -> Option<u64> {
    let moment = DateTime::parse_from_rfc3339(moment).ok()?;
    u64::try_from((Utc::now() - moment.to_utc()).num_seconds()).ok()
}

/// Looks for drift in all stacks at once and puts what was found into the report.
async fn detect(
    project: &Project,
    environment: &Environment,
    session: &Session,
    report: &mut StatusReport,
    display: &Display,
) -> Result<(), CommandError> {
    if !display.json {
        let stacks = shopctl_report::count(report.stacks.len(), "stack");
        display.say(&format!(
            "looking for drift in {stacks}; this may take minutes"
        ));
    }
    let found = join_all(report.stacks.iter().map(|stack| async move {
        let name = project.cloud_stack_name(environment, &stack.name);
        (stack.name.clone(), detect_in(session, &name).await)
    }))
    .await;
    report.drift.clear();
    for (stack, found) in found {
        match found {
            Ok(Detection::Done { status, drifted }) => report.drift.push(DriftReport {
                stack,
                status,
                checked: Some(Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true)),
                age_seconds: Some(0),
                drifted_resources: Some(drifted),
            }),
            Ok(Detection::Failed { reason }) => {
                report.unknown.push(format!("drift of {stack}: {reason}"));
            }
            Ok(Detection::Running) => {
                let minutes = DRIFT_TAKES.as_secs() / 60;
                report.unknown.push(format!(
                    "drift of {stack}: not known after {minutes} minutes"
                ));
            }
            Err(error) => report.unknown.push(format!("drift of {stack}: {error}")),
        }
    }
    Ok(())
}

async fn detect_in(session: &Session, stack: &CloudStackName) -> Result<Detection, CloudError> {
    let begin = Instant::now();
    let id = session.operations.detect_drift(stack.as_str()).await?;
    loop {
        match session.operations.detection(&id).await? {
            Detection::Running if begin.elapsed() < DRIFT_TAKES => {
                tokio::time::sleep(ASK_AGAIN).await;
            }
            done => return Ok(done),
        }
    }
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
