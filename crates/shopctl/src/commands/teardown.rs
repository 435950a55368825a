//! `shopctl teardown`: deletes everything that was deployed and says what is left.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use shopctl_core::event::{Command, Event, Phase};
use shopctl_core::forecast::planned_stacks;
use shopctl_core::names::{CloudStackName, StackName};
use shopctl_core::planner::{Observed, plan_teardown};
use shopctl_core::project::{Environment, Project};
use shopctl_core::run_document::{RunCommand, RunStack};
use shopctl_deploy::lock::{self, Lease};
use shopctl_deploy::{Consent, Context, Rules, State, UploadBodies, execute, observe, runs};

use crate::cli::{Global, TeardownArguments};
use crate::commands::{apply, deploy, status};
use crate::display::{Display, Question};
use crate::error::{CommandError, Kind};
use crate::hooks::{self, Hook};
use crate::lock::Lock;
use crate::prepare::environment;
use crate::run::Run;
use crate::session::Session;
use crate::workspace::Workspace;
use crate::{guard, keep, settings};

/// Tears down.
pub(crate) async fn run(
    global: &Global,
    arguments: &TeardownArguments,
    display: &Display,
) -> Result<u8, CommandError> {
    let workspace = Workspace::open(global)?;
    let environment = environment(&workspace, &arguments.environment.environment)?;
    let project = &workspace.project;
    if environment.protected && !arguments.disable_protection {
        return Err(CommandError::message(
            Kind::Refused,
            format!("environment '{}' is protected", environment.name),
            Some("say --disable-protection if it is really to be deleted".to_owned()),
        ));
    }
    let session = status::connect(&workspace, environment, display).await?;
    if !arguments.yes {
        ask(project, environment, session.as_ref(), display).await?;
    }

    let run = Run::start(
        display,
        workspace.source(),
        Command::Teardown,
        project.name().as_str(),
        &environment.name,
        None,
    );
    let Some(session) = session else {
        return Ok(deploy::finish(run, deploy::Ended::nothing()).await);
    };
    let teardown = Teardown {
        workspace: &workspace,
        environment,
        session: &session,
        arguments,
        run: &run,
    };
    let held = OnceLock::new();
    let mut result = async {
        let _lock = Lock::acquire(&workspace, &run).await?;
        teardown.run(&held).await
    }
    .await;
    if let Some(lease) = held.get() {
        guard::release(lease, &run).await;
        if let Some(reason) = lease.lost() {
            result = Err(guard::lost(reason));
        }
    }
    deploy::save_local(&session, &run).await;
    match result {
        Ok(report) => Ok(deploy::finish(run, deploy::Ended::of(report)).await),
        Err(error) => Err(deploy::fail(run, error).await),
    }
}

async fn ask(
    project: &Project,
    environment: &Environment,
    session: Option<&Session>,
    display: &Display,
) -> Result<(), CommandError> {
    let account = session.map_or("-", |session| session.account.as_str());
    let what = format!(
        "everything of '{}' in environment '{}' (account {account}, {})",
        project.name(),
        environment.name,
        environment.region
    );
    let question = Question {
        would: format!("a teardown deletes {what}"),
        text: format!("Delete {what}?"),
        word: None,
        refused: "nothing was deleted",
    };
    display.consent(question).await
}

struct Teardown<'a> {
    workspace: &'a Workspace,
    environment: &'a Environment,
    session: &'a Session,
    arguments: &'a TeardownArguments,
    run: &'a Run,
}

/// What there is to delete.
struct Found {
    observed: Observed,
    names: Vec<Dependent>,
    resources: BTreeMap<StackName, usize>,
}

impl Teardown<'_> {
    fn hook(&self, name: &'static str) -> Hook<'_> {
        Hook {
            workspace: self.workspace,
            environment: self.environment,
            name,
        }
    }

    async fn run(
        &self,
        held: &OnceLock<Arc<Lease>>,
    ) -> Result<shopctl_deploy::RunReport, CommandError> {
        let Self {
            environment,
            session,
            arguments,
            run,
            ..
        } = *self;
        let project = &self.workspace.project;
        let bucket = project.artifact_bucket(environment, &session.account);
        let ports = &session.ports;
        let found = run
            .phase(Phase::Plan, async {
                let mut found = self.look(&bucket).await?;
                // A first deploy that has just begun has left nothing but its lock.
                let objects = ports.objects.as_ref();
                if !found.names.is_empty()
                    || found.observed.bucket_exists
                    || lock::find(objects, &bucket).await?.is_some()
                {
                    let lease = guard::hold(
                        session,
                        run,
                        environment,
                        &bucket,
                        RunCommand::Teardown.as_str(),
                        arguments.turn.wait,
                    )
                    .await?;
                    let _ = held.set(lease);
                    // Another run may have ended between the look and the lock.
                    found = self.look(&bucket).await?;
                }
                let summary = format!("{} stacks to delete", found.names.len());
                Ok((found, summary))
            })
            .await?;
        let Found {
            observed,
            names,
            resources,
        } = found;
        if !names.is_empty() {
            self.hook(hooks::BEFORE_TEARDOWN).before(run).await?;
        }
        let lease = held.get().cloned();
        let mut document = None;
        if let Some(lease) = &lease {
            let command = RunCommand::Teardown;
            let mut begun = apply::begun(self.workspace, environment, session, run, command).await;
            begun.stacks = names
                .iter()
                .map(|(name, cloud_name, _)| {
                    (name.clone(), RunStack::to_delete(cloud_name.clone()))
                })
                .collect();
            let objects = ports.objects.as_ref();
            runs::begin(objects, &bucket, lease, &mut begun, std::iter::empty()).await?;
            document = Some(begun);
        }
        if arguments.disable_protection {
            for (_, cloud_name, _) in &names {
                ports
                    .cloudformation
                    .set_termination_protection(cloud_name, false)
                    .await?;
            }
        }
        let plan = plan_teardown(project.name().as_str(), &environment.name, &bucket, &names);
        deploy::verify(&plan)?;
        let expected = apply::expected_times(session, &bucket, &plan).await;
        run.events.send(Event::Planned {
            account: session.account.clone(),
            region: environment.region.to_string(),
            stacks: planned_stacks(&plan, &resources, &expected),
            uploads: 0,
            omitted: Vec::new(),
        });
        let context = Context {
            ports: ports.clone(),
            events: run.events.clone(),
            cancel: run.cancel.clone(),
            attach: format!("shopctl teardown --env {}", environment.name),
            run: run.id.clone(),
            environment: environment.name.clone(),
            mode: apply::mode(environment),
            consent: Consent {
                retain_failed: arguments.retain_failed,
                force_delete: arguments.force,
                ..Consent::default()
            },
            bucket: bucket.clone(),
            // Also of stacks that an interrupted teardown deleted before.
            cloud_names: project
                .stacks_in(environment)
                .map(|stack| project.cloud_stack_name(environment, &stack.name))
                .chain(names.iter().map(|(_, cloud_name, _)| cloud_name.clone()))
                .collect::<BTreeSet<CloudStackName>>()
                .into_iter()
                .collect(),
            service_roles: settings::service_roles(project, environment),
            templates: BTreeMap::new(),
            uploads: UploadBodies::default(),
            site: None,
            urls: Vec::new(),
            url_deadline: Duration::ZERO,
            silence: apply::silence(environment),
            concurrency: usize::from(arguments.stacks.concurrency),
            rules: Rules::default(),
            state: State::new(&Observed {
                record: None,
                ..observed
            }),
            lease,
        };
        let mut report = execute(&plan, Arc::new(context)).await;
        if !names.is_empty() {
            self.hook(hooks::AFTER_TEARDOWN)
                .after(run, &mut report)
                .await;
        }
        if let Some(mut document) = document
            && (report.failed || report.interrupted)
        {
            // After a whole teardown the bucket is gone, and the document with it.
            document.state = deploy::outcome(&report).into();
            document.errors = report.errors.clone();
            let objects = ports.objects.as_ref();
            if let Err(error) = keep::end(objects, &bucket, run, &mut document).await {
                keep::warn_unwritten(run, &error);
            }
        }
        Ok(report)
    }

    /// The stacks that are there, with those that only the record knows.
    async fn look(&self, bucket: &str) -> Result<Found, CommandError> {
        let ports = &self.session.ports;
        let mut names = stacks(&self.workspace.project, self.environment);
        let mut observed = observe(ports, bucket, &pairs(&names)).await?;
        // Stacks that are no longer in the project file were deployed by it once.
        let record = observed.record.take();
        let recorded = record.iter().flat_map(|record| &record.stacks);
        let mut forgotten: Vec<_> = recorded
            .filter(|(name, _)| names.iter().all(|(known, _, _)| known != *name))
            .map(|(name, stack)| (name.clone(), stack.cloud_name.clone(), BTreeSet::new()))
            .collect();
        if !forgotten.is_empty() {
            let more = observe(ports, bucket, &pairs(&forgotten)).await?;
            observed.stacks.extend(more.stacks);
            names.append(&mut forgotten);
        }
        observed.record = record;
        names.retain(|(name, _, _)| observed.stacks.contains_key(name));
        let mut resources = BTreeMap::new();
        for (name, cloud_name, _) in &names {
            let found = ports.cloudformation.resources(cloud_name.as_str()).await?;
            resources.insert(name.clone(), found.len());
        }
        Ok(Found {
            observed,
            names,
            resources,
        })
    }
}

type Dependent = (StackName, CloudStackName, BTreeSet<StackName>);

/// The environment's stacks in the order of a deploy, each with those it depends on.
fn stacks(project: &Project, environment: &Environment) -> Vec<Dependent> {
    project
        .stack_names_in_order(environment)
        .into_iter()
        .map(|name| {
            (
                name.clone(),
                project.cloud_stack_name(environment, name),
                project
                    .dependencies_of(name, environment)
                    .into_iter()
                    .cloned()
                    .collect(),
            )
        })
        .collect()
}

fn pairs(stacks: &[Dependent]) -> Vec<(StackName, CloudStackName)> {
    stacks
        .iter()
        .map(|(name, cloud_name, _)| (name.clone(), cloud_name.clone()))
        .collect()
}
