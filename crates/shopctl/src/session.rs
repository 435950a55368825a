//! Connects an environment to its cloud: starts the local one, or checks credentials and
//! account on AWS.

use std::ffi::OsStr;
use std::sync::Arc;

use shopctl_aws::{Cloud, Endpoint, RoleRequest, Surroundings, explain};
use shopctl_core::event::{Event, Phase};
use shopctl_core::names::{arn_is_at, partition};
use shopctl_core::planner::Observed;
use shopctl_core::project::{Environment, EnvironmentKind};
use shopctl_deploy::operations::SharedOperations;
use shopctl_deploy::ports::{CloudError, Ports, Refactoring};
use shopctl_local::{Folders, InstallStep, LocalCloud, LocalError, Progress, Running, Settings};

use crate::error::{CommandError, Kind};
use crate::probe::HttpProbe;
use crate::run::{self, Run};
use crate::workspace::Workspace;

/// The account of every local cloud.
pub(crate) const LOCAL_ACCOUNT: &str = "000000000000";

/// An environment's cloud.
pub(crate) struct Session {
    pub(crate) ports: Ports,
    /// Logs, alarms, drift.
    pub(crate) operations: SharedOperations,
    /// Moves resources between stacks.
    pub(crate) refactoring: Arc<dyn Refactoring>,
    pub(crate) account: String,
    /// The caller's ARN; not asked for on the local cloud.
    pub(crate) caller: Option<String>,
    /// The local cloud, in the local environment.
    pub(crate) local: Option<(LocalCloud, Running)>,
}

/// Set to `enforce`, functions of the local cloud may do what the policies of their roles allow and
/// nothing else. It counts when the local cloud starts.
const LOCAL_POLICIES: &str = "SHOPCTL_LOCAL_POLICIES";

fn enforces_policies(value: Option<&OsStr>) -> Result<bool, CommandError> {
    match value.map(OsStr::to_string_lossy).as_deref() {
        None | Some("") => Ok(false),
        Some("enforce") => Ok(true),
        Some(other) => {
            let message = format!("{LOCAL_POLICIES} is {other:?}");
            let hint = format!("leave {LOCAL_POLICIES} away, or set it to `enforce`");
            Err(CommandError::message(Kind::Input, message, Some(hint)))
        }
    }
}

/// The local cloud of a project.
pub(crate) fn local_cloud(
    workspace: &Workspace,
    port: Option<u16>,
) -> Result<LocalCloud, CommandError> {
    let folders = Folders::from_env(&|name| std::env::var_os(name)).map_err(local_error)?;
    Ok(LocalCloud::new(Settings {
        project: workspace.project.name().to_string(),
        root: workspace.root.clone(),
        folders,
        port,
        database: workspace.has_databases(),
        path: std::env::var_os("PATH").unwrap_or_default(),
        enforce_policies: enforces_policies(std::env::var_os(LOCAL_POLICIES).as_deref())?,
        die_with_parent: false,
    }))
}

/// Starts the local cloud if it does not run, and tells the run what is going on.
pub(crate) async fn start_local(
    workspace: &Workspace,
    run: &Run,
) -> Result<(LocalCloud, Running), CommandError> {
    let cloud = local_cloud(workspace, None)?;
    run.phase(Phase::LocalCloud, async {
        let mut installed = false;
        let running = cloud
            .ensure_running(&mut |progress| {
                installed |= matches!(progress, Progress::Installed { .. });
                report_progress(run, &progress);
            })
            .await
            .map_err(local_error)?;
        let summary = format!("{} (MiniStack {})", running.endpoint, running.version);
        Ok(((cloud.clone(), running), summary))
    })
    .await
}

fn report_progress(run: &Run, progress: &Progress) {
    if let Progress::Recovering { pid, saved_at } = progress {
        let state = match saved_at {
            Some(_) => "it comes back with its last saved state",
            None => "it had saved nothing and comes back empty",
        };
        run.events.send(Event::Warned {
            message: format!(
                "the local cloud (process {pid}) ended without being stopped; {state}"
            ),
            location: None,
        });
        return;
    }
    run.events.send(Event::PhaseProgressed {
        phase: Phase::LocalCloud,
        message: describe(progress),
        done: 0,
        total: None,
    });
}

/// A step of starting the local cloud, for people.
pub(crate) fn describe(progress: &Progress) -> String {
    match progress {
        Progress::Waiting { .. } => "waiting for another command that is starting it".to_owned(),
        Progress::Installing(InstallStep::Environment) => {
            "first use on this machine: making a private Python environment".to_owned()
        }
        Progress::Installing(InstallStep::Database) => {
            "first project with a database: fetching a MariaDB server".to_owned()
        }
        Progress::Installing(_) => "installing its pinned packages".to_owned(),
        Progress::Installed { .. } => "installed".to_owned(),
        Progress::Updating => "restarting it with this version".to_owned(),
        Progress::Starting { port } => format!("starting on port {port}"),
        Progress::Started { port, .. } => format!("listening on port {port}"),
        Progress::Recovering { .. } => "recovering".to_owned(),
        _ => String::new(),
    }
}

/// Connects to AWS with the user's credentials and checks that they are for the right account.
pub(crate) async fn connect_aws(
    workspace: &Workspace,
    environment: &Environment,
) -> Result<Session, CommandError> {
    let tag = |key: &str, value: &str| (format!("shopctl:{key}"), value.to_owned());
    let role = environment.role.as_ref().map(|role| {
        let run = run::announced_id();
        RoleRequest {
            arn: role.arn.to_string(),
            external_id: role.external_id.as_ref().map(ToString::to_string),
            session: format!("shopctl-{run}"),
            tags: vec![
                tag("project", workspace.project.name().as_str()),
                tag("environment", environment.name.as_str()),
                tag("run", &run),
            ],
        }
    });
    let cloud = Cloud::connect(&Endpoint::Aws { role }, environment.region.as_str()).await;
    let identity = cloud.identity().await.map_err(credentials_error)?;
    if let EnvironmentKind::Aws {
        account: Some(expected),
    } = &environment.kind
        && expected.value.as_str() != identity.account
    {
        return Err(CommandError::message(
            Kind::Credentials,
            format!(
                "environment '{}' belongs to account {}, but these credentials are for account {} ({})",
                environment.name, expected.value, identity.account, identity.arn
            ),
            Some(format!(
                "switch to credentials of account {}, or correct `account` at {}",
                expected.value, expected.location
            )),
        ));
    }
    check_partition(environment, &identity.arn)?;
    Ok(Session {
        operations: cloud.operations.clone(),
        refactoring: cloud.refactoring.clone(),
        ports: ports(&cloud)?,
        account: identity.account,
        caller: Some(identity.arn),
        local: None,
    })
}

/// Credentials of China, GovCloud and the others do not work for regions elsewhere; AWS
/// itself only says that the token is invalid.
fn check_partition(environment: &Environment, caller: &str) -> Result<(), CommandError> {
    let region = environment.region.as_str();
    let (expected, _) = partition(region);
    match caller.split(':').nth(1) {
        Some(found) if found != expected => Err(CommandError::message(
            Kind::Credentials,
            format!(
                "environment '{}' is in region {region} (partition {expected}), but these credentials are for partition {found} ({caller})",
                environment.name
            ),
            Some("switch to credentials of that partition, or correct `region`".to_owned()),
        )),
        _ => Ok(()),
    }
}

/// Stacks have to be where the environment says, whatever endpoint or profile is set.
pub(crate) fn check_place(
    environment: &Environment,
    account: &str,
    observed: &Observed,
) -> Result<(), CommandError> {
    let region = environment.region.as_str();
    let elsewhere = observed
        .stacks
        .values()
        .find(|stack| !arn_is_at(&stack.stack_id, account, region));
    match elsewhere {
        Some(stack) => Err(CommandError::message(
            Kind::Credentials,
            format!(
                "environment '{}' is account {account}, region {region}, but what answers has the stack {}",
                environment.name, stack.stack_id
            ),
            Some("check AWS_ENDPOINT_URL and the profile's endpoints".to_owned()),
        )),
        None => Ok(()),
    }
}

/// An error of the first call: its cause in the user's words, with the way out.
fn credentials_error(error: CloudError) -> CommandError {
    let surroundings = Surroundings::new(&|name| std::env::var(name).ok());
    match explain(&error, &surroundings) {
        Some((problem, hint)) => {
            let told = anyhow::Error::new(error).context(problem);
            CommandError::from_anyhow(Kind::Credentials, told, Some(hint))
        }
        None => error.into(),
    }
}

/// Connects to a local cloud that runs.
pub(crate) async fn connect_local(
    environment: &Environment,
    cloud: LocalCloud,
    running: Running,
) -> Result<Session, CommandError> {
    let endpoint = Endpoint::Local(running.endpoint.clone());
    let clients = Cloud::connect(&endpoint, environment.region.as_str()).await;
    Ok(Session {
        operations: clients.operations.clone(),
        refactoring: clients.refactoring.clone(),
        ports: ports(&clients)?,
        account: LOCAL_ACCOUNT.to_owned(),
        caller: None,
        local: Some((cloud, running)),
    })
}

fn ports(cloud: &Cloud) -> Result<Ports, CommandError> {
    let probe = HttpProbe::new().map_err(|error| CommandError::new(Kind::Failed, error, None))?;
    Ok(Ports {
        cloudformation: cloud.cloudformation.clone(),
        objects: cloud.objects.clone(),
        distributions: cloud.distributions.clone(),
        functions: cloud.functions.clone(),
        log_groups: cloud.log_groups.clone(),
        investigation: cloud.investigation.clone(),
        repair: cloud.repair.clone(),
        probe: Arc::new(probe),
    })
}

/// The local cloud's errors as the command's.
pub(crate) fn local_error(error: LocalError) -> CommandError {
    let hint = error.hint();
    let kind = match error {
        LocalError::PortTaken { .. } => Kind::Input,
        _ => Kind::Failed,
    };
    CommandError::new(kind, error, hint)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn policies_are_enforced_when_somebody_says_so_and_a_slip_is_told() {
        let of = |value: &str| enforces_policies(Some(OsStr::new(value)));
        assert!(!enforces_policies(None).unwrap());
        assert!(!of("").unwrap());
        assert!(of("enforce").unwrap());
        let error = of("on").unwrap_err().one_line();
        assert!(error.contains("SHOPCTL_LOCAL_POLICIES"), "{error}");
    }
}
