//! From the project to what can be deployed: artifacts, the site's files, rendered templates.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;

use indexmap::IndexMap;
use shopctl_build::{
    Artifact, BuildError, BuildEvent, BuildRequest, HandlerSource, RunsOn, SiteError, SiteEvent,
    SiteRequest,
};
use shopctl_core::diagnostic::{Diagnostic, Diagnostics, Severity};
use shopctl_core::event::{Event, Phase};
use shopctl_core::names::{ArtifactDigest, StackName};
use shopctl_core::project::{Architecture, Environment, ParameterValue, check_wiring};
use shopctl_core::stack_settings::StackSettings;
use shopctl_core::template::{ArtifactLookup, RenderInput, RenderedTemplate, UploadSource, render};
use shopctl_deploy::ports::{Body, ObjectHeaders};
use shopctl_deploy::{SiteFile, SiteFileClass, UploadBodies};

use crate::display::Display;
use crate::error::{CommandError, Kind};
use crate::run::Run;
use crate::settings;
use crate::workspace::Workspace;

/// What can be deployed.
pub(crate) struct Prepared {
    /// Templates by stack, in the order of the project file.
    pub(crate) templates: IndexMap<StackName, RenderedTemplate>,
    /// Bytes of everything that templates refer to.
    pub(crate) uploads: UploadBodies,
    /// The site's files; `None` when the environment has no site.
    pub(crate) site: Option<Vec<SiteFile>>,
    /// How CloudFormation is to treat the stacks.
    pub(crate) settings: BTreeMap<StackName, StackSettings>,
}

/// The environment of that name.
pub(crate) fn environment<'a>(
    workspace: &'a Workspace,
    name: &str,
) -> Result<&'a Environment, CommandError> {
    workspace.project.environment(name).map_err(|error| {
        let hint = error.hint();
        CommandError::new(Kind::Input, error, hint)
    })
}

/// Builds handlers and site at the same time, then renders, as phases of a run.
pub(crate) async fn prepare(
    workspace: &Workspace,
    environment: &Environment,
    display: &Display,
    run: &Run,
) -> Result<Prepared, CommandError> {
    check_templates(workspace, environment)?;
    let settings = settings::of_stacks(workspace, environment)?;
    let handlers = async {
        if workspace.project.handlers().is_empty() {
            return Ok(Vec::new());
        }
        run.phase(Phase::Build, async {
            let artifacts = build_handlers(workspace, environment, None, display, &|event| {
                report_build(run, event);
            })
            .await?;
            let bytes: u64 = artifacts.iter().map(|artifact| artifact.zip_bytes).sum();
            let summary = format!(
                "{}, {} zipped",
                shopctl_report::count(artifacts.len(), "handler"),
                shopctl_report::size(bytes)
            );
            Ok((artifacts, summary))
        })
        .await
    };
    let site = async {
        if workspace.project.site_in(environment).is_none() {
            return Ok(None);
        }
        run.phase(Phase::Site, async {
            let files =
                build_site(workspace, environment, &|event| report_site(run, event)).await?;
            let summary = shopctl_report::count(files.len(), "file");
            Ok((Some(files), summary))
        })
        .await
    };
    let (artifacts, site) = tokio::try_join!(handlers, site)?;
    run.phase(Phase::Render, async {
        let (templates, uploads) = render_all(workspace, environment, &artifacts)?;
        for warning in templates.values().flat_map(|template| &template.warnings) {
            run.events.send(warned(warning));
        }
        let summary = shopctl_report::count(templates.len(), "template");
        Ok((
            Prepared {
                templates,
                uploads,
                site,
                settings,
            },
            summary,
        ))
    })
    .await
}

/// Renders with stand-ins for the handlers' artifacts, so that a mistake in a template is told
/// before anything is compiled.
fn check_templates(workspace: &Workspace, environment: &Environment) -> Result<(), CommandError> {
    let stand_ins: Vec<Artifact> = workspace
        .project
        .handlers()
        .keys()
        .map(|name| Artifact {
            handler: name.to_string(),
            digest: ArtifactDigest::new(shopctl_core::record::digest(name.as_str().as_bytes())),
            zip_path: PathBuf::new(),
            zip_bytes: 0,
            binary_bytes: 0,
            binary_digest: String::new(),
            architecture: shopctl_build::Architecture::X86_64,
        })
        .collect();
    render_all(workspace, environment, &stand_ins).map(|_| ())
}

/// A warning about a file as an event.
fn warned(warning: &Diagnostic) -> Event {
    let message = match &warning.hint {
        Some(hint) => format!("{} ({hint})", warning.message),
        None => warning.message.clone(),
    };
    Event::Warned {
        message,
        location: warning.location.clone(),
    }
}

/// Builds and packs the handlers, with `profile` instead of the environment's if one is given.
pub(crate) async fn build_handlers(
    workspace: &Workspace,
    environment: &Environment,
    profile: Option<&str>,
    display: &Display,
    progress: shopctl_build::BuildProgress<'_>,
) -> Result<Vec<Artifact>, CommandError> {
    let handlers: Vec<HandlerSource> = workspace
        .project
        .handlers()
        .iter()
        .map(|(name, path)| HandlerSource {
            name: name.to_string(),
            path: PathBuf::from(path.value.as_str()),
        })
        .collect();
    if handlers.is_empty() {
        return Ok(Vec::new());
    }
    let architecture = match environment.architecture {
        Some(Architecture::X86_64) => shopctl_build::Architecture::X86_64,
        Some(Architecture::Arm64) => shopctl_build::Architecture::Arm64,
        None => shopctl_build::Architecture::host().ok_or_else(|| {
            CommandError::message(
                Kind::Input,
                "Lambda has no functions for this machine's architecture",
                Some(format!(
                    "set `architecture` for environment '{}'",
                    environment.name
                )),
            )
        })?,
    };
    let request = BuildRequest {
        root: workspace.root.clone(),
        handlers,
        architecture,
        profile: profile.unwrap_or(environment.profile.as_str()).to_owned(),
        runs_on: if environment.is_local() {
            RunsOn::ThisMachine
        } else {
            RunsOn::Lambda
        },
        locked: std::env::var_os("CI").is_some(),
        color: display.appearance.colour,
        cache: workspace.cache().join("artifacts"),
        environment: tool_environment(),
    };
    shopctl_build::build_handlers(&request, progress)
        .await
        .map_err(build_error)
}

/// The environment that cargo and npm run in: the user's, without what `cargo run` added for
/// this process, which would make cargo think that inputs of build scripts changed.
pub(crate) fn tool_environment() -> shopctl_build::Environment {
    shopctl_build::Environment::new(std::env::vars_os())
}

fn build_error(error: BuildError) -> CommandError {
    let hint = error.hint();
    match error {
        BuildError::Compile { package, rendered } => CommandError::message(
            Kind::Input,
            format!("package '{package}' does not compile"),
            hint,
        )
        .with_transcript(rendered),
        error => CommandError::new(Kind::Input, error, hint),
    }
}

fn report_build(run: &Run, event: BuildEvent) {
    let progressed = |message: String, done: usize, total: Option<usize>| {
        run.events.send(Event::PhaseProgressed {
            phase: Phase::Build,
            message,
            done: done as u64,
            total: total.map(|total| total as u64),
        });
    };
    let warn = |message: String| {
        run.events.send(Event::Warned {
            message,
            location: None,
        })
    };
    match event {
        BuildEvent::PackageFinished {
            package,
            done,
            total,
            ..
        } => {
            progressed(package, done, total);
        }
        BuildEvent::LockAwaited { lock } => {
            progressed(format!("waiting for another cargo ({lock})"), 0, None);
        }
        BuildEvent::CompilerWarned { rendered, .. } => run.print(&rendered),
        BuildEvent::RebuildStarted { handler, problem } => {
            warn(format!(
                "handler '{handler}': {problem}; building again with cargo-zigbuild"
            ));
        }
        BuildEvent::BinaryWarned { handler, problem } => {
            warn(format!("handler '{handler}': {problem}"));
        }
        BuildEvent::PackagesCounted { .. }
        | BuildEvent::PackageDownloaded { .. }
        | BuildEvent::CompileStarted { .. }
        | BuildEvent::HandlerPacked { .. } => {}
    }
}

/// Builds the site and lists its files.
pub(crate) async fn build_site(
    workspace: &Workspace,
    environment: &Environment,
    progress: shopctl_build::SiteProgress<'_>,
) -> Result<Vec<SiteFile>, CommandError> {
    let Some(site) = workspace.project.site_in(environment) else {
        return Ok(Vec::new());
    };
    let output = workspace.root.join(site.output.value.as_str());
    let request = SiteRequest {
        folder: workspace.root.join(site.path.value.as_str()),
        build: site.build.clone().unwrap_or_default(),
        output: output.clone(),
        inputs: Vec::new(),
        cache: workspace.cache().join("site"),
        environment: tool_environment(),
    };
    shopctl_build::build_site(&request, progress)
        .await
        .map_err(site_error)?;
    let config = site.config.as_ref().map(|config| config.file.as_str());
    let files = shopctl_build::site_files(&output, config).map_err(site_error)?;
    Ok(files
        .into_iter()
        // What the deploy writes itself wins over what the build left under that name.
        .filter(|file| Some(file.path.as_str()) != config)
        .map(|file| SiteFile {
            key: file.path,
            body: Body::File(file.source),
            digest: file.sha256,
            headers: ObjectHeaders {
                content_type: file.content_type,
                cache_control: file.cache_control.to_owned(),
                content_encoding: file.content_encoding.map(str::to_owned),
            },
            class: match file.class {
                shopctl_build::SiteFileClass::Hashed => SiteFileClass::Hashed,
                shopctl_build::SiteFileClass::Plain => SiteFileClass::Plain,
                shopctl_build::SiteFileClass::Page => SiteFileClass::Page,
            },
        })
        .collect())
}

fn site_error(error: SiteError) -> CommandError {
    let hint = error.hint();
    CommandError::new(Kind::Input, error, hint)
}

fn report_site(run: &Run, event: SiteEvent) {
    let message = match event {
        SiteEvent::InstallStarted { command } | SiteEvent::BuildStarted { command } => command,
        SiteEvent::LineWritten { line } => line,
        SiteEvent::BuildSkipped => return,
    };
    run.events.send(Event::PhaseProgressed {
        phase: Phase::Site,
        message,
        done: 0,
        total: None,
    });
}

/// Renders and checks all templates of an environment; collects the bytes they refer to.
pub(crate) fn render_all(
    workspace: &Workspace,
    environment: &Environment,
    artifacts: &[Artifact],
) -> Result<(IndexMap<StackName, RenderedTemplate>, UploadBodies), CommandError> {
    let project = &workspace.project;
    let mut templates = IndexMap::new();
    let mut findings = Vec::new();
    let lookup = each_template(workspace, environment, artifacts, |input| {
        match render(input) {
            Ok(template) => {
                templates.insert(input.stack.clone(), template);
            }
            Err(Diagnostics(found)) => findings.extend(found),
        }
    });
    // Wiring to a template that is wrong itself would only repeat what was said.
    if findings.is_empty() {
        findings.extend(check_wiring(project, environment, &templates));
    }
    if findings
        .iter()
        .any(|finding| finding.severity == Severity::Error)
    {
        return Err(CommandError::findings(
            "the templates are wrong",
            Diagnostics(findings),
            &workspace.root,
        ));
    }

    let mut bodies = UploadBodies::default();
    for template in templates.values() {
        for upload in &template.uploads {
            let body = match &upload.source {
                UploadSource::Bytes(bytes) => Body::Bytes(bytes.clone()),
                UploadSource::Artifact => match lookup.zip(&upload.digest) {
                    Some(path) => Body::File(path),
                    None => continue,
                },
            };
            bodies.0.insert(upload.key.clone(), body);
        }
        if template.body.len() > shopctl_core::planner::INLINE_TEMPLATE_LIMIT {
            let key = shopctl_core::planner::template_object_key(template);
            bodies
                .0
                .insert(key, Body::Bytes(template.body.clone().into_bytes()));
        }
    }
    Ok((templates, bodies))
}

/// Hands over what rendering needs of each stack of an environment, in the order of the project
/// file; answers what was packed on the way.
pub(crate) fn each_template<'a>(
    workspace: &'a Workspace,
    environment: &Environment,
    artifacts: &'a [Artifact],
    mut visit: impl FnMut(&RenderInput<'_>),
) -> Lookup<'a> {
    let project = &workspace.project;
    let lookup = Lookup::new(workspace, artifacts);
    let architecture = match environment.architecture {
        Some(architecture) => architecture,
        None => host_architecture(),
    };
    let omit: Vec<String> = environment
        .omit
        .iter()
        .map(|kind| kind.value.as_str().to_owned())
        .collect();
    for stack in project.stacks_in(environment) {
        visit(&RenderInput {
            stack: &stack.name,
            template: stack.template.value.as_str(),
            files: workspace,
            artifacts: &lookup,
            architecture,
            omit: &omit,
            permissions_boundary: environment
                .permissions_boundary
                .as_ref()
                .map(|arn| arn.value.as_str()),
            project: project.name().as_str(),
            environment: environment.name.as_str(),
            parameters: &literals(workspace, &stack.name, environment),
        });
    }
    lookup
}

/// Artifacts that stand for handlers which were not built: templates render with them, but
/// cannot be deployed.
pub(crate) fn no_artifacts(workspace: &Workspace) -> Vec<Artifact> {
    let names = workspace.project.handlers().keys();
    let none = |name: String| Artifact {
        handler: name,
        digest: ArtifactDigest::new("0".repeat(64)),
        zip_path: PathBuf::new(),
        zip_bytes: 0,
        binary_bytes: 0,
        binary_digest: String::new(),
        architecture: shopctl_build::Architecture::X86_64,
    };
    names.map(|name| none(name.to_string())).collect()
}

/// The values that are written out in the project file.
fn literals(
    workspace: &Workspace,
    stack: &StackName,
    environment: &Environment,
) -> BTreeMap<String, String> {
    workspace
        .project
        .parameters_for(stack, environment)
        .into_iter()
        .filter_map(|(name, given)| match given.value {
            ParameterValue::Literal(text) => Some((name, text)),
            ParameterValue::List(items) => Some((name, items.join(","))),
            _ => None,
        })
        .collect()
}

fn host_architecture() -> Architecture {
    if cfg!(target_arch = "aarch64") {
        Architecture::Arm64
    } else {
        Architecture::X86_64
    }
}

/// Finds and packs what templates refer to.
pub(crate) struct Lookup<'a> {
    workspace: &'a Workspace,
    handlers: BTreeMap<String, &'a Artifact>,
    /// Folders and files that were packed on the way, by digest.
    packed: RefCell<BTreeMap<ArtifactDigest, PathBuf>>,
}

impl<'a> Lookup<'a> {
    fn new(workspace: &'a Workspace, artifacts: &'a [Artifact]) -> Self {
        let handlers = workspace
            .project
            .handlers()
            .iter()
            .filter_map(|(name, path)| {
                let artifact = artifacts.iter().find(|a| a.handler == name.as_str())?;
                Some((
                    path.value.as_str().trim_end_matches('/').to_owned(),
                    artifact,
                ))
            })
            .collect();
        Self {
            workspace,
            handlers,
            packed: RefCell::default(),
        }
    }

    /// The zip with this digest.
    fn zip(&self, digest: &ArtifactDigest) -> Option<PathBuf> {
        let handler = self
            .handlers
            .values()
            .find(|artifact| &artifact.digest == digest);
        match handler {
            Some(artifact) => Some(artifact.zip_path.clone()),
            None => self.packed.borrow().get(digest).cloned(),
        }
    }
}

impl ArtifactLookup for Lookup<'_> {
    fn handler(&self, folder: &str) -> Option<ArtifactDigest> {
        self.handlers
            .get(folder)
            .map(|artifact| artifact.digest.clone())
    }

    fn handlers(&self) -> Vec<String> {
        self.handlers.keys().cloned().collect()
    }

    fn pack(&self, path: &str) -> Result<ArtifactDigest, String> {
        let packed = shopctl_build::pack_folder(
            &self.workspace.root.join(path),
            shopctl_build::Compression::Small,
            &self.workspace.cache().join("artifacts"),
        )
        .map_err(|error| describe(&error))?;
        self.packed
            .borrow_mut()
            .insert(packed.digest.clone(), packed.zip_path);
        Ok(packed.digest)
    }
}

/// An error and its causes on one line.
fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}

/// A spinner for commands that are no run: one line on a terminal, nothing elsewhere but
/// warnings.
pub(crate) struct Progress {
    bar: indicatif::ProgressBar,
    quiet: bool,
}

impl Progress {
    pub(crate) fn new(display: &Display) -> Self {
        let bar = if display.interactive {
            indicatif::ProgressBar::new_spinner()
        } else {
            indicatif::ProgressBar::hidden()
        };
        bar.enable_steady_tick(std::time::Duration::from_millis(100));
        Self {
            bar,
            quiet: display.json,
        }
    }

    pub(crate) fn build(&self, event: BuildEvent) {
        match event {
            BuildEvent::PackageFinished {
                package,
                done,
                total,
                ..
            } => {
                let total = total.map(|total| format!("/{total}")).unwrap_or_default();
                self.bar
                    .set_message(format!("building {done}{total} {package}"));
            }
            BuildEvent::CompilerWarned { rendered, .. } if !self.quiet => {
                self.bar.suspend(|| eprint!("{rendered}"));
            }
            BuildEvent::BinaryWarned { handler, problem } if !self.quiet => {
                self.bar
                    .suspend(|| eprintln!("warning: handler '{handler}': {problem}"));
            }
            _ => {}
        }
    }

    pub(crate) fn site(&self, event: SiteEvent) {
        if let SiteEvent::InstallStarted { command } | SiteEvent::BuildStarted { command } = event {
            self.bar.set_message(format!("site: {command}"));
        }
    }

    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
