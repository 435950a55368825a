//! `shopctl recover`: which stacks are stuck, why, what can be done, and doing it.
//!
//! Looks at stacks and repairs one, which is written down as a run; templates and the record of what
//! is deployed are not its business.

mod help;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::try_join_all;
use shopctl_core::event::{Command, Phase};
use shopctl_core::names::{LogicalId, StackName};
use shopctl_core::planner::Observed;
use shopctl_core::project::{Environment, Project};
use shopctl_core::run_document::{RunCommand, RunStack};
use shopctl_deploy::lock::Lease;
use shopctl_deploy::ports::Continuation;
use shopctl_deploy::{
    Consent, Context, Repair, Rules, RunReport, State, UploadBodies, assess, repair, runs,
};

use self::help::StackHelp;
use crate::cli::{Global, RecoverArguments};
use crate::commands::{apply, deploy, status};
use crate::display::{Display, Question};
use crate::error::{CommandError, Kind};
use crate::lock::Lock;
use crate::prepare::environment;
use crate::run::Run;
use crate::session::Session;
use crate::workspace::Workspace;
use crate::{guard, keep, settings};

/// Shows what stacks need, or repairs one.
pub(crate) async fn run(
    global: &Global,
    arguments: &RecoverArguments,
    display: &Display,
) -> Result<u8, CommandError> {
    let workspace = Workspace::open(global)?;
    let environment = environment(&workspace, &arguments.environment.environment)?;
    let project = &workspace.project;
    let stack = match &arguments.stack {
        Some(name) => Some(known_stack(project, environment, name)?),
        None => None,
    };
    let Some(session) = status::connect(&workspace, environment, display).await? else {
        return help::show(&[], environment, display);
    };
    match (stack, wanted(arguments)) {
        (Some(stack), Some(wanted)) => {
            let target = Target {
                project,
                environment,
                session: &session,
                stack: &stack,
            };
            confirm(&target, &wanted, arguments, display).await?;
            let run = Run::start(
                display,
                workspace.source(),
                Command::Recover,
                project.name().as_str(),
                &environment.name,
                None,
            );
            match target.repair(&wanted, arguments, &workspace, &run).await {
                Ok(report) => Ok(deploy::finish(run, deploy::Ended::of(report)).await),
                Err(error) => Err(deploy::fail(run, error).await),
            }
        }
        (stack, _) => {
            let names: Vec<StackName> = match stack {
                Some(stack) => vec![stack],
                None => project
                    .stacks_in(environment)
                    .map(|stack| stack.name.clone())
                    .collect(),
            };
            let found = try_join_all(names.iter().map(|name| async {
                let cloud_name = project.cloud_stack_name(environment, name);
                let found =
                    assess(&session.ports, environment.name.as_str(), name, &cloud_name).await?;
                let environment = environment.name.as_str();
                Ok::<_, CommandError>(
                    found.map(|found| StackHelp::new(environment, name, cloud_name, found)),
                )
            }))
            .await?;
            let found: Vec<StackHelp> = found.into_iter().flatten().collect();
            help::show(&found, environment, display)
        }
    }
}

fn known_stack(
    project: &Project,
    environment: &Environment,
    name: &str,
) -> Result<StackName, CommandError> {
    let known = project
        .stacks_in(environment)
        .find(|stack| stack.name.as_str() == name);
    known.map(|stack| stack.name.clone()).ok_or_else(|| {
        let names: Vec<String> = project
            .stacks_in(environment)
            .map(|stack| stack.name.to_string())
            .collect();
        CommandError::message(
            Kind::Input,
            format!(
                "there is no stack '{name}' in environment '{}'",
                environment.name
            ),
            Some(format!("the stacks are {}", names.join(", "))),
        )
    })
}

/// The repair that the command line asks for.
fn wanted(arguments: &RecoverArguments) -> Option<Repair> {
    if arguments.r#continue {
        Some(Repair::Continue(Continuation::Whole))
    } else if !arguments.skip_resources.is_empty() {
        let names = arguments
            .skip_resources
            .iter()
            .map(LogicalId::new)
            .collect();
        Some(Repair::Continue(Continuation::Skipping(names)))
    } else if arguments.force_rollback {
        Some(Repair::Continue(Continuation::Force))
    } else if arguments.rollback {
        Some(Repair::RollBack)
    } else if arguments.delete {
        Some(Repair::Delete)
    } else {
        None
    }
}

struct Target<'a> {
    project: &'a Project,
    environment: &'a Environment,
    session: &'a Session,
    stack: &'a StackName,
}

impl Target<'_> {
    /// Repairs the stack while no other run is at work.
    async fn repair(
        &self,
        wanted: &Repair,
        arguments: &RecoverArguments,
        workspace: &Workspace,
        run: &Run,
    ) -> Result<RunReport, CommandError> {
        let _lock = Lock::acquire(workspace, run).await?;
        let bucket = self
            .project
            .artifact_bucket(self.environment, &self.session.account);
        let lease = run
            .phase(Phase::Plan, async {
                let command = "recover";
                let wait = arguments.turn.wait;
                let lease =
                    guard::hold(self.session, run, self.environment, &bucket, command, wait)
                        .await?;
                Ok((lease, format!("1 stack to repair: {}", self.stack)))
            })
            .await?;
        let context = Arc::new(self.context(arguments, run, lease.clone()));
        let report = self.recorded(wanted, workspace, run, &lease, context).await;
        guard::release(&lease, run).await;
        let report = report?;
        deploy::save_local(self.session, run).await;
        match lease.lost() {
            Some(reason) => Err(guard::lost(reason)),
            None => Ok(report),
        }
    }

    /// Repairs the stack and writes down that this run did, as every run that changes something.
    async fn recorded(
        &self,
        wanted: &Repair,
        workspace: &Workspace,
        run: &Run,
        lease: &Lease,
        context: Arc<Context>,
    ) -> Result<RunReport, CommandError> {
        let cloud_name = self.project.cloud_stack_name(self.environment, self.stack);
        let (objects, bucket) = (self.session.ports.objects.as_ref(), context.bucket.clone());
        let command = RunCommand::Recover;
        let mut document =
            apply::begun(workspace, self.environment, self.session, run, command).await;
        let stack = match wanted {
            Repair::Continue(_) | Repair::RollBack => RunStack::to_roll_back(cloud_name.clone()),
            Repair::Delete => RunStack::to_delete(cloud_name.clone()),
        };
        document.stacks.insert(self.stack.clone(), stack);
        runs::begin(objects, &bucket, lease, &mut document, std::iter::empty()).await?;
        let report = repair(self.stack, &cloud_name, wanted, context).await;
        document.state = deploy::outcome(&report).into();
        document.errors = report.errors.clone();
        if let Err(error) = keep::end(objects, &bucket, run, &mut document).await {
            keep::warn_unwritten(run, &error);
        }
        Ok(report)
    }

    fn context(&self, arguments: &RecoverArguments, run: &Run, lease: Arc<Lease>) -> Context {
        Context {
            ports: self.session.ports.clone(),
            events: run.events.clone(),
            cancel: run.cancel.clone(),
            run: run.id.clone(),
            environment: self.environment.name.clone(),
            mode: apply::mode(self.environment),
            attach: format!(
                "shopctl recover --env {} {}",
                self.environment.name, self.stack
            ),
            consent: Consent {
                retain_failed: arguments.retain_failed,
                force_delete: arguments.force,
                ..Consent::default()
            },
            bucket: self
                .project
                .artifact_bucket(self.environment, &self.session.account),
            cloud_names: Vec::new(),
            service_roles: settings::service_roles(self.project, self.environment),
            templates: BTreeMap::new(),
            uploads: UploadBodies::default(),
            site: None,
            urls: Vec::new(),
            url_deadline: Duration::ZERO,
            rules: Rules::default(),
            silence: apply::silence(self.environment),
            concurrency: 1,
            state: State::new(&Observed::default()),
            lease: Some(lease),
        }
    }
}

async fn confirm(
    target: &Target<'_>,
    wanted: &Repair,
    arguments: &RecoverArguments,
    display: &Display,
) -> Result<(), CommandError> {
    if arguments.yes {
        return Ok(());
    }
    let stack = target
        .project
        .cloud_stack_name(target.environment, target.stack);
    let what = match wanted {
        Repair::Continue(Continuation::Whole) => format!("continue the rollback of '{stack}'"),
        Repair::Continue(Continuation::Skipping(names)) => {
            let names: Vec<&str> = names.iter().map(LogicalId::as_str).collect();
            format!(
                "continue the rollback of '{stack}' and leave {} as they are; CloudFormation \
                 then believes that they were rolled back",
                names.join(", ")
            )
        }
        Repair::Continue(Continuation::Force) => {
            format!("continue the rollback of '{stack}' and leave whatever cannot be rolled back")
        }
        Repair::RollBack => format!("roll '{stack}' back to what it was"),
        Repair::Delete => format!("delete '{stack}' with everything in it"),
    };
    let question = Question {
        would: format!("this would {what} (account {})", target.session.account),
        text: format!("Shall shopctl {what}?"),
        word: None,
        refused: "nothing was changed",
    };
    display.consent(question).await
}
