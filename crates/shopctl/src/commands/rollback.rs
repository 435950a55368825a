//! `shopctl rollback`: deploys again what an earlier run deployed, from the templates, code
//! and site files that were kept of it. Nothing is built.

use std::collections::BTreeSet;

use futures::future::try_join_all;
use indexmap::IndexMap;
use shopctl_core::event::{Command, Event};
use shopctl_core::names::StackName;
use shopctl_core::plan::PlannedValue;
use shopctl_core::planner::INLINE_TEMPLATE_LIMIT;
use shopctl_core::project::{Environment, ParameterValue};
use shopctl_core::run_document::{
    self, RecordedConfig, RecordedValue, RunDocument, desired_again, site_object_key, template_key,
};
use shopctl_core::template::{RenderedTemplate, reread};
use shopctl_deploy::ports::{Body, ObjectHeaders, ObjectStore};
use shopctl_deploy::{SiteConfigValue, SiteFile, SiteFileClass, SiteSource, UploadBodies, runs};

use crate::cli::{Global, RollbackArguments};
use crate::commands::apply::{Application, Consent, Materials};
use crate::commands::{deploy, history, status};
use crate::display::{Display, Question};
use crate::error::{CommandError, Kind};
use crate::prepare::environment;
use crate::run::Run;
use crate::session::Session;
use crate::workspace::Workspace;
use crate::{settings, variables};

/// Goes back.
pub(crate) async fn run(
    global: &Global,
    arguments: &RollbackArguments,
    display: &Display,
) -> Result<u8, CommandError> {
    let workspace = Workspace::open(global)?;
    let environment = environment(&workspace, &arguments.environment.environment)?;
    let session = status::connect(&workspace, environment, display)
        .await?
        .ok_or_else(|| {
            CommandError::message(
                Kind::Input,
                format!("nothing was ever deployed to '{}'", environment.name),
                None,
            )
        })?;
    let bucket = workspace
        .project
        .artifact_bucket(environment, &session.account);
    let objects = session.ports.objects.as_ref();
    let names = runs::runs(objects, &bucket).await?;
    let name = environment.name.as_str();
    let document = history::one(Some(objects), &bucket, &names, &arguments.to, name).await?;
    let source = Source {
        workspace: &workspace,
        environment,
        session: &session,
        bucket: &bucket,
    };
    let mut materials = source.materials(document).await?;
    materials.desired.retry_paused = arguments.retry_paused;
    if !arguments.yes {
        ask(&materials, environment, &session, display).await?;
    }

    let run = Run::start(
        display,
        workspace.source(),
        Command::Rollback,
        workspace.project.name().as_str(),
        &environment.name,
        arguments.on_interrupt,
    );
    for stack in newer(&workspace, environment, &materials) {
        run.events.send(Event::Warned {
            message: format!("stack '{stack}' came after that run and stays as it is"),
            location: None,
        });
    }
    let application = Application {
        workspace: &workspace,
        environment,
        session: &session,
        run: &run,
        bucket,
        concurrency: arguments.stacks.concurrency,
        wait: arguments.turn.wait,
        consent: Consent {
            allow: arguments.consent.allow.clone(),
            retry_paused: arguments.retry_paused,
            ..Consent::default()
        },
        fast: false,
        after: None,
    };
    match application.apply(&materials).await {
        Ok(report) => Ok(deploy::finish(run, deploy::Ended::of(report)).await),
        Err(error) => Err(deploy::fail(run, error).await),
    }
}

/// Stacks of today that the run did not have.
fn newer(
    workspace: &Workspace,
    environment: &Environment,
    materials: &Materials,
) -> Vec<StackName> {
    let before: BTreeSet<&StackName> = materials
        .desired
        .stacks
        .iter()
        .map(|stack| &stack.template.stack)
        .collect();
    workspace
        .project
        .stacks_in(environment)
        .map(|stack| stack.name.clone())
        .filter(|name| !before.contains(name))
        .collect()
}

async fn ask(
    materials: &Materials,
    environment: &Environment,
    session: &Session,
    display: &Display,
) -> Result<(), CommandError> {
    let Some(run) = &materials.again else {
        return Ok(());
    };
    let commit = match &run.git {
        Some(git) => format!(
            ", commit {}",
            &git.commit.chars().take(7).collect::<String>()
        ),
        None => String::new(),
    };
    let what = format!(
        "'{}' in '{}' (account {}, {}) back to run {} of {}@{}{commit}",
        run.project,
        environment.name,
        session.account,
        environment.region,
        run.run,
        run.by.user,
        run.by.host
    );
    let question = Question {
        would: format!("this would bring {what}"),
        text: format!("Bring {what}?"),
        word: None,
        refused: "nothing was changed",
    };
    display.consent(question).await
}

struct Source<'a> {
    workspace: &'a Workspace,
    environment: &'a Environment,
    session: &'a Session,
    bucket: &'a str,
}

impl Source<'_> {
    async fn materials(&self, document: RunDocument) -> Result<Materials, CommandError> {
        let objects = self.session.ports.objects.as_ref();
        self.all_there(objects, &document).await?;
        let reads = document.stacks.iter().filter_map(|(name, stack)| {
            let digest = stack.template_digest.as_deref()?;
            Some(self.template(objects, name, digest))
        });
        let templates: IndexMap<StackName, RenderedTemplate> = try_join_all(reads)
            .await?
            .into_iter()
            .map(|template| (template.stack.clone(), template))
            .collect();
        let project = &self.workspace.project;
        let values = deploy::Values {
            project,
            environment: self.environment,
            session: self.session,
        };
        let of_stacks = settings::of_stacks(self.workspace, self.environment)?;
        let settings = |stack: &StackName| of_stacks.get(stack).cloned().unwrap_or_default();
        let secret = |stack: &StackName, name: &str| {
            let mut parameters = project.parameters_for(stack, self.environment);
            let given = parameters.shift_remove(name)?;
            // Without the variable there is no value, which is told.
            if let ParameterValue::Variable(name) = &given.value
                && !variables::is_set(name)
            {
                return None;
            }
            Some(values.parameter(given.value))
        };
        let mut desired = desired_again(&document, self.bucket, &templates, secret, settings)
            .map_err(|error| CommandError::new(Kind::Refused, error, None))?;
        let mut uploads = UploadBodies::default();
        for template in templates.values() {
            if template.body.len() > INLINE_TEMPLATE_LIMIT {
                let body = Body::Bytes(template.body.clone().into_bytes());
                uploads.0.insert(template_key(&template.digest), body);
            }
        }
        let urls = deploy::url_checks(project, self.environment)
            .into_iter()
            // Of stacks that the run did not have there may be nothing to ask.
            .filter(|check| match &check.url {
                PlannedValue::OutputOf { stack, .. } => templates.contains_key(stack),
                PlannedValue::Known(_) => true,
            })
            .collect::<Vec<_>>();
        desired.urls = !urls.is_empty();
        Ok(Materials {
            desired,
            uploads,
            site: document.site.as_ref().map(|site| self.site(site)),
            urls,
            again: Some(document),
        })
    }

    /// Refuses when something that the run used was deleted since.
    async fn all_there(
        &self,
        objects: &dyn ObjectStore,
        document: &RunDocument,
    ) -> Result<(), CommandError> {
        let mut there = BTreeSet::new();
        for prefix in ["artifacts/", "templates/", "site/"] {
            let listed = objects.list_under(self.bucket, prefix).await?;
            there.extend(listed.into_iter().map(|object| object.key));
        }
        let gone: Vec<String> = document
            .needs()
            .into_iter()
            .filter(|key| !there.contains(key))
            .collect();
        let Some(first) = gone.first() else {
            return Ok(());
        };
        let user = document.stacks.iter().find(|(_, stack)| {
            stack.artifacts.contains(first)
                || stack.template_digest.as_deref().map(template_key).as_ref() == Some(first)
        });
        let whose = match user {
            Some((name, _)) => format!("of stack '{name}'"),
            None => "of the site".to_owned(),
        };
        let more = match gone.len() {
            1 => String::new(),
            number => format!(" and {} more", number - 1),
        };
        Err(CommandError::message(
            Kind::Refused,
            format!(
                "run {} cannot be deployed again: '{first}' {whose}{more} is no longer in the bucket '{}'",
                document.run, self.bucket
            ),
            Some(match &document.git {
                Some(git) => format!(
                    "check out commit {} and deploy it",
                    git.commit.chars().take(12).collect::<String>()
                ),
                None => "check out that version of the project and deploy it".to_owned(),
            }),
        ))
    }

    async fn template(
        &self,
        objects: &dyn ObjectStore,
        stack: &StackName,
        digest: &str,
    ) -> Result<RenderedTemplate, CommandError> {
        let key = template_key(digest);
        let damaged = || {
            CommandError::message(
                Kind::Refused,
                format!(
                    "'{key}' in the bucket '{}' is not what was kept",
                    self.bucket
                ),
                None,
            )
        };
        let bytes = objects.get(self.bucket, &key).await?.ok_or_else(damaged)?;
        let text = String::from_utf8(bytes).map_err(|_| damaged())?;
        let template = reread(stack, &key, &text).map_err(|_| damaged())?;
        if template.digest == digest {
            Ok(template)
        } else {
            Err(damaged())
        }
    }

    fn site(&self, site: &run_document::RunSite) -> SiteSource {
        let planned = |value: &RecordedValue| match value {
            RecordedValue::Value(text) => PlannedValue::Known(text.clone()),
            RecordedValue::Output { stack, output } => PlannedValue::OutputOf {
                stack: stack.clone(),
                output: output.clone(),
            },
            RecordedValue::Secret => PlannedValue::Known(String::new()),
        };
        SiteSource {
            files: site
                .files
                .iter()
                .map(|(key, file)| SiteFile {
                    key: key.clone(),
                    body: Body::Object {
                        bucket: self.bucket.to_owned(),
                        key: site_object_key(&file.sha256),
                    },
                    digest: file.sha256.clone(),
                    headers: ObjectHeaders {
                        content_type: file.content_type.clone(),
                        cache_control: file.cache_control.clone(),
                        content_encoding: file.content_encoding.clone(),
                    },
                    class: SiteFileClass::of_word(&file.class),
                })
                .collect(),
            bucket: planned(&site.bucket),
            distribution: site.distribution.as_ref().map(planned),
            config: site.config_file.as_ref().map(|file| {
                let values = site
                    .config
                    .iter()
                    .map(|(name, value)| {
                        let value = match value {
                            RecordedConfig::Given(value) => SiteConfigValue::Given(value.clone()),
                            RecordedConfig::Output { stack, output } => {
                                SiteConfigValue::Planned(PlannedValue::OutputOf {
                                    stack: stack.clone(),
                                    output: output.clone(),
                                })
                            }
                        };
                        (name.clone(), value)
                    })
                    .collect();
                (file.clone(), values)
            }),
        }
    }
}
