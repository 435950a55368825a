//! `shopctl deploy`: builds, renders, plans and carries the plan out.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use shopctl_core::event::{Command, Event, Outcome};
use shopctl_core::names::StackName;
use shopctl_core::plan::{self, Plan, PlannedValue};
use shopctl_core::planner::{Desired, DesiredStack};
use shopctl_core::project::{
    ConfigValue, Environment, LocalValue, ParameterValue, Project, PseudoValue,
};
use shopctl_deploy::{RunReport, SiteConfigValue, SiteSource, UrlCheck};
use shopctl_local::LocalError;

use crate::cli::{DeployArguments, Global};
use crate::commands::apply::{Application, Consent, Materials};
use crate::commands::plan::change_set_options;
use crate::display::{Display, Question};
use crate::error::{CommandError, Kind};
use crate::hooks::{self, Hook};
use crate::lock::Lock;
use crate::prepare::{self, Prepared, environment};
use crate::run::Run;
use crate::session::{Session, connect_aws, connect_local, local_error, start_local};
use crate::variables;
use crate::workspace::Workspace;

/// Deploys.
pub(crate) async fn run(
    global: &Global,
    arguments: &DeployArguments,
    display: &Display,
) -> Result<u8, CommandError> {
    let workspace = Workspace::open(global)?;
    let environment = environment(&workspace, &arguments.environment.environment)?;
    variables::check(&workspace, environment)?;
    let project = &workspace.project;
    if arguments.fast && environment.protected {
        return Err(CommandError::message(
            Kind::Refused,
            format!(
                "environment '{}' is protected: code goes there by CloudFormation only",
                environment.name
            ),
            Some("deploy without --fast".to_owned()),
        ));
    }
    // Wrong credentials are told before anything is built.
    let aws = if environment.is_local() {
        None
    } else {
        Some(connect_aws(&workspace, environment).await?)
    };
    if environment.protected && !arguments.yes {
        ask(project, environment, aws.as_ref(), display).await?;
    }
    let run = Run::start(
        display,
        workspace.source(),
        Command::Deploy,
        project.name().as_str(),
        &environment.name,
        arguments.on_interrupt,
    );
    let deployment = Deployment {
        workspace: &workspace,
        environment,
        arguments,
        display,
        run: &run,
    };
    let result = deployment.run(aws).await;
    match result {
        Ok(ended) => Ok(finish(run, ended).await),
        Err(error) => Err(fail(run, error).await),
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
        "'{}' to the protected environment '{}' (account {account}, {})",
        project.name(),
        environment.name,
        environment.region
    );
    let question = Question {
        would: format!("this would deploy {what}"),
        text: format!("This deploys {what}."),
        word: Some(environment.name.as_str()),
        refused: "nothing was deployed",
    };
    display.consent(question).await
}

struct Deployment<'a> {
    workspace: &'a Workspace,
    environment: &'a Environment,
    arguments: &'a DeployArguments,
    display: &'a Display,
    run: &'a Run,
}

impl Deployment<'_> {
    async fn run(&self, aws: Option<Session>) -> Result<Ended, CommandError> {
        let Self {
            workspace,
            environment,
            run,
            ..
        } = *self;
        let project = &workspace.project;
        let _lock = Lock::acquire(workspace, run).await?;
        self.hook(hooks::BEFORE_DEPLOY).before(run).await?;

        // The cloud starts while handlers and site are built.
        let session = async {
            match aws {
                Some(session) => Ok(session),
                None => {
                    let (cloud, running) = start_local(workspace, run).await?;
                    connect_local(environment, cloud, running).await
                }
            }
        };
        let prepared = prepare::prepare(workspace, environment, self.display, run);
        let (session, prepared) = tokio::try_join!(session, prepared)?;

        let bucket = project.artifact_bucket(environment, &session.account);
        let materials = self.materials(prepared, &session, &bucket);
        let application = Application {
            workspace,
            environment,
            session: &session,
            run,
            bucket,
            concurrency: self.arguments.stacks.concurrency,
            wait: self.arguments.turn.wait,
            consent: Consent {
                plan: self.arguments.plan.clone(),
                allow: self.arguments.consent.allow.clone(),
                change_sets: change_set_options(self.arguments.change_sets),
                retry_paused: self.arguments.retry_paused,
            },
            fast: self.arguments.fast,
            after: Some(self.hook(hooks::AFTER_DEPLOY)),
        };
        Ok(Ended::of(application.apply(&materials).await?))
    }

    fn hook(&self, name: &'static str) -> Hook<'_> {
        Hook {
            workspace: self.workspace,
            environment: self.environment,
            name,
        }
    }

    fn materials(&self, prepared: Prepared, session: &Session, bucket: &str) -> Materials {
        let project = &self.workspace.project;
        let environment = self.environment;
        let values = Values {
            project,
            environment,
            session,
        };
        let look_again = self.arguments.change_sets.revert_drift;
        let mut desired = desired(project, environment, &prepared, session, bucket, look_again);
        desired.retry_paused = self.arguments.retry_paused;
        let site = prepared
            .site
            .zip(project.site_in(environment))
            .map(|(files, site)| SiteSource {
                files,
                bucket: output_of(&site.bucket),
                distribution: site.distribution.as_ref().map(|output| output_of(output)),
                config: project.site_config_for(environment).map(|config| {
                    let map: IndexMap<String, SiteConfigValue> = config
                        .values
                        .into_iter()
                        .map(|(key, given)| (key, values.config(given.value)))
                        .collect();
                    (config.file.as_str().to_owned(), map)
                }),
            });
        Materials {
            desired,
            uploads: prepared.uploads,
            site,
            urls: url_checks(project, environment),
            again: None,
        }
    }
}

/// The URLs of an environment.
pub(crate) fn url_checks(project: &Project, environment: &Environment) -> Vec<UrlCheck> {
    project
        .urls_in(environment)
        .map(|(name, url)| UrlCheck {
            name: name.to_string(),
            url: output_of(&url.output),
            check: url.check.as_ref().map(|path| path.as_str().to_owned()),
        })
        .collect()
}

/// What is to be deployed.
pub(crate) fn desired(
    project: &Project,
    environment: &Environment,
    prepared: &Prepared,
    session: &Session,
    bucket: &str,
    look_again: bool,
) -> Desired {
    let tags = project.tags_for(environment);
    let values = Values {
        project,
        environment,
        session,
    };
    let stacks = project
        .stack_names_in_order(environment)
        .into_iter()
        .filter_map(|name| Some((name, prepared.templates.get(name)?)))
        .map(|(name, template)| DesiredStack {
            cloud_name: project.cloud_stack_name(environment, name),
            template: template.clone(),
            parameters: project
                .parameters_for(name, environment)
                .into_iter()
                .map(|(parameter, given)| (parameter, values.parameter(given.value)))
                .collect(),
            depends_on: project
                .dependencies_of(name, environment)
                .into_iter()
                .cloned()
                .collect(),
            tags: tags.clone(),
            termination_protection: environment.termination_protection,
            settings: prepared.settings.get(name).cloned().unwrap_or_default(),
        })
        .collect();
    Desired {
        project: project.name().to_string(),
        environment: environment.name.clone(),
        bucket: bucket.to_owned(),
        stacks,
        site: prepared
            .site
            .as_ref()
            .and_then(|_| project.site_in(environment))
            .map(|site| {
                let mut needs: BTreeSet<StackName> =
                    site.outputs().map(|output| output.stack.clone()).collect();
                let config = project.site_config_for(environment);
                needs.extend(
                    config
                        .iter()
                        .flat_map(|config| config.values.values())
                        .filter_map(|given| match &given.value {
                            ConfigValue::OutputOf(output) => Some(output.stack.clone()),
                            _ => None,
                        }),
                );
                needs
            }),
        urls: project.urls_in(environment).next().is_some(),
        look_again,
        retry_paused: false,
    }
}

/// Values of the project file as the planner takes them.
pub(crate) struct Values<'a> {
    pub(crate) project: &'a Project,
    pub(crate) environment: &'a Environment,
    pub(crate) session: &'a Session,
}

impl Values<'_> {
    pub(crate) fn parameter(&self, value: ParameterValue) -> PlannedValue {
        match value {
            ParameterValue::Literal(text) => PlannedValue::Known(text),
            ParameterValue::List(items) => PlannedValue::Known(items.join(",")),
            ParameterValue::OutputOf(output) => output_of(&output),
            ParameterValue::Local(value) => PlannedValue::Known(self.local(value)),
            ParameterValue::Pseudo(value) => PlannedValue::Known(self.pseudo(value)),
            ParameterValue::Variable(name) => PlannedValue::Known(variables::value(&name)),
        }
    }

    fn config(&self, value: ConfigValue) -> SiteConfigValue {
        match value {
            ConfigValue::Literal(value) => SiteConfigValue::Given(value),
            ConfigValue::OutputOf(output) => SiteConfigValue::Planned(output_of(&output)),
            ConfigValue::Local(value) => SiteConfigValue::Given(self.local(value).into()),
            ConfigValue::Pseudo(value) => SiteConfigValue::Given(self.pseudo(value).into()),
            ConfigValue::Variable(name) => SiteConfigValue::Given(variables::value(&name).into()),
        }
    }

    /// The project file allows these only where there is a local cloud.
    fn local(&self, value: LocalValue) -> String {
        let Some((_, running)) = &self.session.local else {
            return String::new();
        };
        match value {
            LocalValue::Host => "127.0.0.1".to_owned(),
            LocalValue::Port => running.port.to_string(),
            LocalValue::Endpoint => running.endpoint.clone(),
            LocalValue::DatabasePort => running
                .database_port
                .map_or_else(String::new, |port| port.to_string()),
        }
    }

    fn pseudo(&self, value: PseudoValue) -> String {
        match value {
            PseudoValue::Region => self.environment.region.to_string(),
            PseudoValue::Account => self.session.account.clone(),
            PseudoValue::Environment => self.environment.name.to_string(),
            PseudoValue::Project => self.project.name().to_string(),
        }
    }
}

pub(crate) fn output_of(output: &shopctl_core::project::OutputReference) -> PlannedValue {
    PlannedValue::OutputOf {
        stack: output.stack.clone(),
        output: output.output.clone(),
    }
}

pub(crate) fn blocked(
    environment: &Environment,
    stacks: Vec<shopctl_core::planner::BlockedStack>,
) -> CommandError {
    let mut lines = Vec::new();
    let mut hints = Vec::new();
    for stack in stacks {
        lines.push(stack.to_string());
        hints.push(
            stack
                .obstacle
                .hint(environment.name.as_str(), stack.stack.as_str()),
        );
    }
    CommandError {
        hints,
        ..CommandError::message(Kind::Stuck, lines.join("; "), None)
    }
}

/// A plan that breaks its own rules must not be carried out.
pub(crate) fn verify(plan: &Plan) -> Result<(), CommandError> {
    plan::check(plan).map_err(|error| {
        CommandError::new(
            Kind::Failed,
            error,
            Some("this is a defect of shopctl: please report it with the project file".to_owned()),
        )
    })
}

/// Has the local cloud save what it holds, so that nothing is lost when it is killed.
pub(crate) async fn save_local(session: &Session, run: &Run) {
    let Some((cloud, _)) = &session.local else {
        return;
    };
    match cloud.snapshot().await {
        Ok(_) => {}
        // What an interrupted run left going is saved once it has settled.
        Err(LocalError::Busy { .. }) if run.cancel.is_cancelled() => {}
        Err(error) => {
            run.events.send(Event::Warned {
                message: format!(
                    "the local cloud's state was not saved: {}",
                    local_error(error).one_line()
                ),
                location: None,
            });
        }
    }
}

/// How a run ended, for its last event.
pub(crate) struct Ended {
    report: RunReport,
}

impl Ended {
    pub(crate) fn of(report: RunReport) -> Self {
        Self { report }
    }

    /// There was nothing at all.
    pub(crate) fn nothing() -> Self {
        Self {
            report: RunReport::default(),
        }
    }
}

pub(crate) fn outcome(report: &RunReport) -> Outcome {
    if report.failed {
        Outcome::Failed
    } else if report.interrupted {
        Outcome::Interrupted
    } else if report.changed {
        Outcome::Succeeded
    } else {
        Outcome::Unchanged
    }
}

/// What a script learns of a run whose plan was carried out.
fn exit_code(report: &RunReport) -> u8 {
    let kind = match outcome(report) {
        Outcome::Succeeded | Outcome::Unchanged => return 0,
        Outcome::Interrupted => Kind::Interrupted,
        // A stack that needs a person needs that person whoever logs in.
        Outcome::Failed if report.stuck => Kind::Stuck,
        Outcome::Failed if report.credentials => Kind::Credentials,
        Outcome::Failed if report.refused => Kind::Refused,
        Outcome::Failed => Kind::Failed,
    };
    kind.exit_code()
}

/// Sends the last event of a run whose plan was carried out; answers the exit code.
pub(crate) async fn finish(run: Run, ended: Ended) -> u8 {
    let report = ended.report;
    let outcome = outcome(&report);
    let exit_code = exit_code(&report);
    run.finish(Event::RunFinished {
        outcome,
        exit_code,
        urls: report.urls,
        left: report.leftovers,
        errors: report.errors,
    })
    .await;
    exit_code
}

/// Sends the last event of a run that ended before its plan; the caller shows the error.
pub(crate) async fn fail(run: Run, error: CommandError) -> CommandError {
    let outcome = match error.kind {
        Kind::Interrupted => Outcome::Interrupted,
        _ => Outcome::Failed,
    };
    run.finish(Event::RunFinished {
        outcome,
        exit_code: error.kind.exit_code(),
        urls: BTreeMap::new(),
        left: Vec::new(),
        errors: vec![error.one_line()],
    })
    .await;
    CommandError {
        reported: true,
        ..error
    }
}

#[cfg(test)]
#[path = "deploy_tests.rs"]
mod tests;
