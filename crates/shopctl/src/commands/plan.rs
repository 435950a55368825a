//! `shopctl plan`: what a deploy would change. Also what stands between a plan and its
//! deploy: saved plans, and changes that need to be allowed by name.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::Utc;
use shopctl_core::change::{
    Fingerprint, Preview, SAVED_VERSION, SavedPlan, StackEffect, UploadPreview, VERSION,
    mention_moves, moved, refusals, unused,
};
use shopctl_core::names::partition;
use shopctl_core::plan::{Action, Plan};
use shopctl_core::planner::{Observed, plan_deploy};
use shopctl_core::project::Environment;
use shopctl_deploy::ports::ChangeSetOptions;
use shopctl_deploy::{
    Interrupt, Method, PreviewRequest, SiteFile, observe, observe_policies, preview, preview_site,
};

use super::deploy::{blocked, desired, verify};
use crate::cli::{ChangeSetArguments, Global, Output, PlanArguments};
use crate::commands::apply::{Consent, Materials};
use crate::display::Display;
use crate::error::{CommandError, Kind};
use crate::prepare::{self, Prepared, environment};
use crate::run::next_id;
use crate::session::{
    Session, check_place, connect_aws, connect_local, describe, local_cloud, local_error,
};
use crate::signals::{interrupting, unless_interrupted};
use crate::workspace::Workspace;
use crate::{settings, variables};

/// The exit code of `--exit-code` when a deploy would change something.
const CHANGES: u8 = 2;

/// How many times saved plans are this large at most; a file beyond that is none.
const LARGEST_PLAN_BYTES: u64 = 64 * 1024 * 1024;

/// Plans.
pub(crate) async fn run(
    global: &Global,
    arguments: &PlanArguments,
    display: &Display,
) -> Result<u8, CommandError> {
    let workspace = Workspace::open(global)?;
    let environment = environment(&workspace, &arguments.environment.environment)?;
    variables::check(&workspace, environment)?;
    let cancel = Interrupt::new();
    // Change sets that were made are deleted before the command ends.
    let work = plan(&workspace, environment, arguments, display, &cancel);
    let saved = interrupting(&cancel, work).await?;
    if let Some(file) = &arguments.save {
        save(file, &saved)?;
    }
    let preview = &saved.preview;
    match global.output {
        Output::Json => {
            let document = serde_json::to_string(preview)
                .map_err(|error| CommandError::new(Kind::Failed, error, None))?;
            display.result(&document);
        }
        Output::Markdown => display.result(&shopctl_report::preview_markdown(preview)),
        Output::Text => {
            display.result(&shopctl_report::render_preview(preview, display.results));
        }
    }
    if let Some(file) = &arguments.save
        && !display.json
    {
        display.say(&format!(
            "saved; `shopctl deploy --env {} --plan {}` carries it out as long as nothing moves",
            environment.name,
            file.display()
        ));
    }
    Ok(if arguments.exit_code && preview.changes {
        CHANGES
    } else {
        0
    })
}

async fn plan(
    workspace: &Workspace,
    environment: &Environment,
    arguments: &PlanArguments,
    display: &Display,
    cancel: &Interrupt,
) -> Result<SavedPlan, CommandError> {
    // Nothing is left behind until here: it can be dropped anywhere.
    let Groundwork {
        session,
        prepared,
        observed,
        plan,
    } = unless_interrupted(
        cancel,
        groundwork(workspace, environment, arguments, display),
    )
    .await?;
    let project = &workspace.project;
    let started = Utc::now();
    let run = next_id();
    let mut stacks = preview(
        &session.ports,
        &PreviewRequest {
            plan: &plan,
            observed: &observed,
            templates: &prepared.templates,
            run: &run,
            place: &place(environment, &session.account),
            method: match arguments.no_change_sets {
                true => Method::Templates,
                false => Method::ChangeSets,
            },
            options: change_set_options(arguments.change_sets),
            concurrency: usize::from(arguments.stacks.concurrency),
            cancel,
        },
    )
    .await?;
    let record = observed.record.as_ref();
    let config = project.site_config_for(environment);
    let site = prepared.site.as_ref().map(|files| {
        let config = config.as_ref().map(|config| config.file.as_str());
        preview_site(
            files,
            record.and_then(|record| record.site.as_ref()),
            config,
        )
    });
    if !environment.is_local() {
        mention_moves(&mut stacks, environment.name.as_str());
    }
    let changes = stacks
        .iter()
        .any(|stack| stack.effect != StackEffect::Unchanged)
        || site.as_ref().is_some_and(|site| !site.is_empty());
    let preview = Preview {
        version: VERSION,
        project: project.name().to_string(),
        environment: environment.name.clone(),
        account: session.account.clone(),
        region: environment.region.to_string(),
        changes,
        uploads: uploads(&plan),
        site,
        left_alone: record
            .into_iter()
            .flat_map(|record| &record.stacks)
            .filter(|(name, _)| !prepared.templates.contains_key(*name))
            .map(|(_, stack)| stack.cloud_name.clone())
            .collect(),
        stacks,
    };
    Ok(SavedPlan {
        saved_version: SAVED_VERSION,
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        created: started.to_rfc3339(),
        fingerprint: fingerprint(
            &plan,
            &observed,
            environment,
            &session,
            prepared.site.as_deref(),
        ),
        preview,
    })
}

/// What a comparison needs.
struct Groundwork {
    session: Session,
    prepared: Prepared,
    observed: Observed,
    plan: Plan,
}

async fn groundwork(
    workspace: &Workspace,
    environment: &Environment,
    arguments: &PlanArguments,
    display: &Display,
) -> Result<Groundwork, CommandError> {
    // Wrong credentials are told before anything is built.
    let session = connect(workspace, environment, display).await?;
    let prepared = build(workspace, environment, display).await?;
    let project = &workspace.project;
    let bucket = project.artifact_bucket(environment, &session.account);
    let pairs: Vec<_> = prepared
        .templates
        .keys()
        .map(|name| (name.clone(), project.cloud_stack_name(environment, name)))
        .collect();
    let mut observed = observe(&session.ports, &bucket, &pairs).await?;
    check_place(environment, &session.account, &observed)?;
    let again = arguments.change_sets.revert_drift;
    let desired = desired(project, environment, &prepared, &session, &bucket, again);
    observe_policies(&session.ports, &desired, &mut observed).await?;
    let plan = plan_deploy(&desired, &observed).map_err(|stacks| blocked(environment, stacks))?;
    verify(&plan)?;
    Ok(Groundwork {
        session,
        prepared,
        observed,
        plan,
    })
}

/// Connects; the local cloud is started, because its stacks are only known to it.
async fn connect(
    workspace: &Workspace,
    environment: &Environment,
    display: &Display,
) -> Result<Session, CommandError> {
    if !environment.is_local() {
        return connect_aws(workspace, environment).await;
    }
    let cloud = local_cloud(workspace, None)?;
    let running = cloud
        .ensure_running(&mut |progress| {
            let text = describe(&progress);
            if !display.json && !text.is_empty() {
                display.say(&format!("local cloud: {text}"));
            }
        })
        .await
        .map_err(local_error)?;
    connect_local(environment, cloud, running).await
}

/// Builds and renders: digests of what is built are part of the templates.
pub(crate) async fn build(
    workspace: &Workspace,
    environment: &Environment,
    display: &Display,
) -> Result<Prepared, CommandError> {
    let settings = settings::of_stacks(workspace, environment)?;
    let progress = prepare::Progress::new(display);
    let has_site = workspace.project.site_in(environment).is_some();
    let told = |event| progress.build(event);
    let built = tokio::try_join!(
        prepare::build_handlers(workspace, environment, None, display, &told),
        async {
            if !has_site {
                return Ok(None);
            }
            prepare::build_site(workspace, environment, &|event| progress.site(event))
                .await
                .map(Some)
        }
    );
    progress.clear();
    let (artifacts, site) = built?;
    let (templates, uploads) = prepare::render_all(workspace, environment, &artifacts)?;
    Ok(Prepared {
        templates,
        uploads,
        site,
        settings,
    })
}

fn uploads(plan: &Plan) -> Vec<UploadPreview> {
    plan.steps
        .iter()
        .filter_map(|step| match &step.action {
            Action::Upload { key, label, .. } => Some(UploadPreview {
                key: key.clone(),
                label: label.clone(),
            }),
            _ => None,
        })
        .collect()
}

fn fingerprint(
    plan: &Plan,
    observed: &Observed,
    environment: &Environment,
    session: &Session,
    site: Option<&[SiteFile]>,
) -> Fingerprint {
    let site: Option<BTreeMap<String, String>> = site.map(|files| {
        files
            .iter()
            .map(|file| (file.key.clone(), file.digest.clone()))
            .collect()
    });
    Fingerprint::new(
        plan,
        observed,
        &session.account,
        environment.region.as_str(),
        site.as_ref(),
    )
}

/// The account and region as templates read them.
pub(crate) fn place(environment: &Environment, account: &str) -> shopctl_core::change::Pseudo {
    let region = environment.region.as_str();
    let (partition, url_suffix) = partition(region);
    shopctl_core::change::Pseudo {
        account: account.to_owned(),
        region: region.to_owned(),
        partition: partition.to_owned(),
        url_suffix: url_suffix.to_owned(),
    }
}

/// The options of change sets.
pub(crate) fn change_set_options(arguments: ChangeSetArguments) -> ChangeSetOptions {
    ChangeSetOptions {
        revert_drift: arguments.revert_drift,
        import_existing: arguments.import_existing,
    }
}

fn save(file: &Path, saved: &SavedPlan) -> Result<(), CommandError> {
    let cannot = |error: String| {
        CommandError::message(
            Kind::Failed,
            format!("cannot write '{}': {error}", file.display()),
            None,
        )
    };
    let bytes = serde_json::to_vec_pretty(saved).map_err(|error| cannot(error.to_string()))?;
    std::fs::write(file, bytes).map_err(|error| cannot(error.to_string()))
}

fn load(file: &Path) -> Result<SavedPlan, CommandError> {
    let wrong = |problem: String| {
        CommandError::message(
            Kind::Input,
            format!("cannot read the plan '{}': {problem}", file.display()),
            Some("make one with `shopctl plan --save FILE`".to_owned()),
        )
    };
    let size = std::fs::metadata(file).map_err(|error| wrong(error.to_string()))?;
    if size.len() > LARGEST_PLAN_BYTES {
        return Err(wrong("it is too large to be one".to_owned()));
    }
    let bytes = std::fs::read(file).map_err(|error| wrong(error.to_string()))?;
    let version = serde_json::from_slice::<serde_json::Value>(&bytes)
        .map_err(|error| wrong(error.to_string()))?["savedVersion"]
        .as_u64();
    if version != Some(u64::from(SAVED_VERSION)) {
        return Err(wrong(
            "it was written by another version of shopctl".to_owned(),
        ));
    }
    serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))
}

/// What a run has to pass before it changes anything.
pub(crate) struct Gate<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) environment: &'a Environment,
    pub(crate) session: &'a Session,
    pub(crate) materials: &'a Materials,
    pub(crate) observed: &'a Observed,
    pub(crate) plan: &'a Plan,
    pub(crate) run: &'a str,
    pub(crate) cancel: &'a Interrupt,
    pub(crate) consent: &'a Consent,
    pub(crate) concurrency: u8,
}

impl Gate<'_> {
    /// Refuses a saved plan that is out of date, and changes that nobody allowed; answers
    /// warnings.
    pub(crate) async fn check(&self) -> Result<Vec<String>, CommandError> {
        let consent = self.consent;
        if let Some(file) = &consent.plan {
            self.check_saved(file)?;
        }
        let stacks = self.materials.desired.stacks.iter();
        let templates = stacks
            .map(|stack| (stack.template.stack.clone(), stack.template.clone()))
            .collect();
        // Change sets are checked again one by one right before they are executed; this
        // finds most of it before anything is changed at all.
        let mut stacks = preview(
            &self.session.ports,
            &PreviewRequest {
                plan: self.plan,
                observed: self.observed,
                templates: &templates,
                run: self.run,
                place: &place(self.environment, &self.session.account),
                method: Method::Templates,
                options: consent.change_sets,
                concurrency: usize::from(self.concurrency),
                cancel: self.cancel,
            },
        )
        .await?;
        let moved = mention_moves(&mut stacks, self.environment.name.as_str());
        let refused = refusals(&stacks, &consent.allow);
        if refused.is_empty() {
            return Ok(unused(&stacks, &consent.allow)
                .into_iter()
                .map(|allowance| {
                    format!("--allow {allowance} is not needed: nothing like it happens")
                })
                .collect());
        }
        let lines: Vec<String> = refused.iter().map(ToString::to_string).collect();
        let mut hints: Vec<String> = refused.iter().map(|refusal| refusal.hint()).collect();
        if moved && !self.environment.is_local() {
            hints.push(format!(
                "what only moved stays: `shopctl refactor --env {} --dry-run` tells",
                self.environment.name
            ));
        }
        hints.push(format!(
            "`shopctl plan --env {}` shows all that changes",
            self.environment.name
        ));
        Err(CommandError {
            hints,
            ..CommandError::message(
                Kind::Refused,
                format!("nothing was deployed: {}", lines.join("; ")),
                None,
            )
        })
    }

    fn check_saved(&self, file: &Path) -> Result<(), CommandError> {
        let saved = load(file)?;
        let now = fingerprint(
            self.plan,
            self.observed,
            self.environment,
            self.session,
            self.materials
                .site
                .as_ref()
                .map(|site| site.files.as_slice()),
        );
        let moved = moved(&saved.fingerprint, &now);
        if moved.is_empty() {
            return Ok(());
        }
        Err(CommandError::message(
            Kind::Refused,
            format!(
                "nothing was deployed: the plan of {} does not fit any more: {}",
                saved.created,
                moved.join("; ")
            ),
            Some(format!(
                "make a new one: `shopctl plan --env {} --save {}`",
                self.environment.name,
                self.workspace_relative(file)
            )),
        ))
    }

    fn workspace_relative(&self, file: &Path) -> String {
        let shown = file.strip_prefix(&self.workspace.root).unwrap_or(file);
        shown.display().to_string()
    }
}
