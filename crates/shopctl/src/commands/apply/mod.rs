//! What deploy and rollback have in common: observe, plan, lock, carry out, keep the record.

mod document;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use shopctl_core::change::Allowance;
use shopctl_core::event::{Event, Phase};
use shopctl_core::fast::announce;
use shopctl_core::forecast::{self, planned_stacks};
use shopctl_core::names::StackName;
use shopctl_core::plan::{self, Plan, StackAction};
use shopctl_core::planner::{Desired, Observed, plan_deploy, plan_fast_deploy};
use shopctl_core::project::Environment;
use shopctl_core::run_document::{RunCommand, RunDocument};
use shopctl_core::template::{OmittedResource, RenderedTemplate};
use shopctl_deploy::lock::Lease;
use shopctl_deploy::ports::{ChangeSetOptions, DeploymentMode};
use shopctl_deploy::{
    Context, Rules, RunReport, SiteSource, State, UploadBodies, UrlCheck, changes_nothing,
    code_changes, execute, observe, observe_policies, prune, runs,
};

use crate::commands::deploy::{blocked, save_local, verify};
use crate::commands::plan::{Gate, place};
use crate::error::CommandError;
use crate::hooks::Hook;
use crate::run::Run;
use crate::session::{Session, check_place};
use crate::workspace::Workspace;
use crate::{guard, settings};

pub(crate) use document::begun;

/// A new distribution takes a few minutes until its name resolves everywhere.
const URL_DEADLINE: Duration = Duration::from_secs(300);

/// On this machine an answer comes soon or never, but for a machine that is busy with other work.
const LOCAL_URL_DEADLINE: Duration = Duration::from_secs(60);

/// How long a cloud that answered before is waited for when it does not answer any more: on AWS
/// CloudFormation goes on meanwhile, on this machine a process that is gone does not come back.
pub(crate) fn silence(environment: &Environment) -> Duration {
    Duration::from_secs(if environment.is_local() { 2 } else { 300 })
}

/// So many earlier runs are asked how long things take.
const RUNS_ASKED: usize = 5;

/// How long the stacks are likely to take. A run goes on without it as well.
pub(crate) async fn expected_times(
    session: &Session,
    bucket: &str,
    plan: &Plan,
) -> BTreeMap<StackName, u64> {
    let objects = session.ports.objects.as_ref();
    let documents = async {
        let names = runs::runs(objects, bucket).await?;
        let newest = names.get(names.len().saturating_sub(RUNS_ASKED)..);
        runs::documents(objects, bucket, newest.unwrap_or_default()).await
    };
    match documents.await {
        Ok(documents) => {
            let documents: Vec<RunDocument> = documents.into_values().collect();
            forecast::expected_times(plan, &documents)
        }
        Err(_) => BTreeMap::new(),
    }
}

/// Whether CloudFormation is to wait for resources to be ready.
pub(crate) fn mode(environment: &Environment) -> DeploymentMode {
    if environment.express {
        DeploymentMode::Express
    } else {
        DeploymentMode::Standard
    }
}

/// What is to be deployed, whole.
pub(crate) struct Materials {
    pub(crate) desired: Desired,
    pub(crate) uploads: UploadBodies,
    pub(crate) site: Option<SiteSource>,
    pub(crate) urls: Vec<UrlCheck>,
    /// The run that is gone back to.
    pub(crate) again: Option<RunDocument>,
}

/// What the user agreed to beyond what does no harm.
#[derive(Debug, Default)]
pub(crate) struct Consent {
    /// The saved plan that is to be carried out, and nothing else.
    pub(crate) plan: Option<PathBuf>,
    /// What may happen to resources that hold data.
    pub(crate) allow: Vec<Allowance>,
    /// What change sets may do beyond what the templates say.
    pub(crate) change_sets: ChangeSetOptions,
    /// Whether stacks that stopped half way are gone on with.
    pub(crate) retry_paused: bool,
}

/// Where and how it is deployed.
pub(crate) struct Application<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) environment: &'a Environment,
    pub(crate) session: &'a Session,
    pub(crate) run: &'a Run,
    pub(crate) bucket: String,
    pub(crate) concurrency: u8,
    /// How long to wait for another run; not at all without.
    pub(crate) wait: Option<Duration>,
    pub(crate) consent: Consent,
    /// Whether code that is all that changed goes directly into functions.
    pub(crate) fast: bool,
    /// What runs when all is well.
    pub(crate) after: Option<Hook<'a>>,
}

impl Application<'_> {
    /// Deploys `materials`.
    pub(crate) async fn apply(&self, materials: &Materials) -> Result<RunReport, CommandError> {
        let held = OnceLock::new();
        let result = self.carry_out(materials, &held).await;
        let Some(lease) = held.get() else {
            save_local(self.session, self.run).await;
            return result;
        };
        guard::release(lease, self.run).await;
        save_local(self.session, self.run).await;
        match lease.lost() {
            Some(reason) => Err(guard::lost(reason)),
            None => result,
        }
    }

    async fn carry_out(
        &self,
        materials: &Materials,
        held: &OnceLock<Arc<Lease>>,
    ) -> Result<RunReport, CommandError> {
        let run = self.run;
        let (mut observed, plan, changes) = run
            .phase(Phase::Plan, async {
                let (mut observed, mut plan) = self.look(materials).await?;
                let changes = |plan: &Plan, observed: &Observed| {
                    let context = self.context(materials, observed, None);
                    !changes_nothing(plan, &context, observed)
                };
                // A run that changes nothing needs no lock, and no call for one.
                if changes(&plan, &observed) {
                    let lease = guard::hold(
                        self.session,
                        run,
                        self.environment,
                        &self.bucket,
                        command(materials).as_str(),
                        self.wait,
                    )
                    .await?;
                    let _ = held.set(lease);
                    // Another run may have ended between the look and the lock.
                    (observed, plan) = self.look(materials).await?;
                }
                self.pass_gate(materials, &observed, &plan).await?;
                let stacks = materials.desired.stacks.len();
                let summary = format!("{} of {stacks} stacks to deploy", changing(&plan));
                let changes = changes(&plan, &observed);
                Ok(((observed, plan, changes), summary))
            })
            .await?;
        let templates = || materials.desired.stacks.iter().map(|stack| &stack.template);
        let resources = templates()
            .map(|template| (template.stack.clone(), template.resources.len()))
            .collect();
        let omitted: Vec<OmittedResource> = templates()
            .flat_map(|template| template.omitted.clone())
            .collect();
        let expected = match held.get() {
            Some(_) => expected_times(self.session, &self.bucket, &plan).await,
            None => BTreeMap::new(),
        };
        run.events.send(Event::Planned {
            account: self.session.account.clone(),
            region: self.environment.region.to_string(),
            stacks: planned_stacks(&plan, &resources, &expected),
            uploads: plan
                .steps
                .iter()
                .filter(|step| matches!(step.action, plan::Action::Upload { .. }))
                .count(),
            omitted: omitted.clone(),
        });

        let Some(lease) = held.get().filter(|_| changes).cloned() else {
            let context = self.context(materials, &observed, None);
            let mut report = execute(&plan, Arc::new(context)).await;
            self.after(&mut report).await;
            return Ok(report);
        };
        let objects = self.session.ports.objects.as_ref();
        let mut document = self.document(materials, &plan).await;
        let changed = changed_templates(materials, &plan);
        run.unless_interrupted(async {
            runs::begin(objects, &self.bucket, &lease, &mut document, changed).await?;
            if let Some(record) = &mut observed.record
                && announce(record, &plan, &run.id)
            {
                runs::write_record(objects, &self.bucket, record).await?;
            }
            Ok(())
        })
        .await?;
        let context = self.context(materials, &observed, Some(lease.clone()));
        let mut report = execute(&plan, Arc::new(context)).await;
        self.after(&mut report).await;
        self.keep(&observed, &report, &lease, document, omitted)
            .await;
        if let (Some(keep), false) = (
            self.environment.keep_runs,
            report.failed || report.interrupted || lease.lost().is_some(),
        ) {
            self.prune(materials, keep).await;
        }
        Ok(report)
    }

    async fn after(&self, report: &mut RunReport) {
        if let Some(hook) = &self.after {
            hook.after(self.run, report).await;
        }
    }

    /// Refuses what nobody agreed to, before anything is changed.
    async fn pass_gate(
        &self,
        materials: &Materials,
        observed: &Observed,
        plan: &Plan,
    ) -> Result<(), CommandError> {
        let gate = Gate {
            workspace: self.workspace,
            environment: self.environment,
            session: self.session,
            materials,
            observed,
            plan,
            run: &self.run.id,
            cancel: &self.run.cancel,
            consent: &self.consent,
            concurrency: self.concurrency,
        };
        for message in gate.check().await? {
            let location = None;
            self.run.events.send(Event::Warned { message, location });
        }
        Ok(())
    }

    /// Deletes what only older runs need, as the environment asks for. What works already is
    /// not failed for it.
    async fn prune(&self, materials: &Materials, keep: usize) {
        let ports = &self.session.ports;
        let stacks = materials.desired.stacks.iter();
        let stacks: Vec<_> = stacks.map(|stack| stack.cloud_name.clone()).collect();
        let pruned = async {
            let plan = prune::plan_prune(ports, &self.bucket, &stacks, keep).await?;
            prune::carry_out(ports, &self.bucket, &plan).await
        };
        if let Err(error) = pruned.await {
            self.run.events.send(Event::Warned {
                message: format!("older runs and artifacts could not be deleted: {error}"),
                location: None,
            });
        }
    }

    /// Reads what is there and plans.
    async fn look(&self, materials: &Materials) -> Result<(Observed, Plan), CommandError> {
        let pairs: Vec<_> = materials
            .desired
            .stacks
            .iter()
            .map(|stack| (stack.template.stack.clone(), stack.cloud_name.clone()))
            .collect();
        let desired = &materials.desired;
        let mut observed = observe(&self.session.ports, &self.bucket, &pairs).await?;
        check_place(self.environment, &self.session.account, &observed)?;
        observe_policies(&self.session.ports, desired, &mut observed).await?;
        let plan = if self.fast {
            let changes = code_changes(desired, &observed, &self.session.ports).await?;
            plan_fast_deploy(desired, &observed, changes)
        } else {
            plan_deploy(desired, &observed)
        };
        let plan = plan.map_err(|stacks| blocked(self.environment, stacks))?;
        verify(&plan)?;
        Ok((observed, plan))
    }

    fn context(
        &self,
        materials: &Materials,
        observed: &Observed,
        lease: Option<Arc<Lease>>,
    ) -> Context {
        let desired = &materials.desired;
        Context {
            ports: self.session.ports.clone(),
            events: self.run.events.clone(),
            cancel: self.run.cancel.clone(),
            attach: self.attach(materials),
            run: self.run.id.clone(),
            environment: self.environment.name.clone(),
            mode: mode(self.environment),
            consent: shopctl_deploy::Consent {
                retry_paused: self.consent.retry_paused,
                ..shopctl_deploy::Consent::default()
            },
            bucket: self.bucket.clone(),
            cloud_names: desired
                .stacks
                .iter()
                .map(|stack| stack.cloud_name.clone())
                .collect(),
            service_roles: settings::service_roles(&self.workspace.project, self.environment),
            templates: desired
                .stacks
                .iter()
                .map(|stack| (stack.template.stack.clone(), stack.template.clone()))
                .collect::<BTreeMap<StackName, RenderedTemplate>>(),
            uploads: materials.uploads.clone(),
            site: materials.site.clone(),
            urls: materials.urls.clone(),
            silence: silence(self.environment),
            url_deadline: if self.environment.is_local() {
                LOCAL_URL_DEADLINE
            } else {
                URL_DEADLINE
            },
            concurrency: usize::from(self.concurrency),
            rules: Rules {
                allowed: self.consent.allow.clone(),
                change_sets: self.consent.change_sets,
                place: place(self.environment, &self.session.account),
            },
            state: State::new(observed),
            lease,
        }
    }

    /// The command that goes on where an interrupted run stopped.
    fn attach(&self, materials: &Materials) -> String {
        let environment = &self.environment.name;
        match &materials.again {
            Some(again) => format!("shopctl rollback --env {environment} --to {}", again.run),
            None => format!("shopctl deploy --env {environment}"),
        }
    }
}

fn command(materials: &Materials) -> RunCommand {
    if materials.again.is_some() {
        RunCommand::Rollback
    } else {
        RunCommand::Deploy
    }
}

/// What is done to each stack of a plan.
fn actions(plan: &Plan) -> impl Iterator<Item = (&StackName, StackAction)> {
    let actions = plan.steps.iter().map(|step| &step.action);
    actions.filter_map(forecast::stack_work)
}

fn action(plan: &Plan, stack: &StackName) -> StackAction {
    actions(plan)
        .find(|(name, _)| *name == stack)
        .map_or(StackAction::None, |(_, action)| action)
}

fn changing(plan: &Plan) -> usize {
    actions(plan)
        .filter(|(_, action)| *action != StackAction::None)
        .count()
}

/// Templates that were not deployed as they are by the run before, and so may not be kept yet.
fn changed_templates<'a>(
    materials: &'a Materials,
    plan: &Plan,
) -> impl Iterator<Item = &'a RenderedTemplate> {
    materials
        .desired
        .stacks
        .iter()
        .map(|stack| &stack.template)
        .filter(|template| action(plan, &template.stack) != StackAction::None)
}
