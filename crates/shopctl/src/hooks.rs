//! Commands of the project that run before and after a deploy or a teardown.
//!
//! What is a hook's to know, it reads from its environment: beside the user's own variables
//! those that [`Hook::environment`] sets. Nothing secret is added to it.

use shopctl_build::{HookError, run_hook};
use shopctl_core::event::{Event, Phase};
use shopctl_core::project::Environment;
use shopctl_deploy::RunReport;

use crate::error::{CommandError, Kind};
use crate::prepare::tool_environment;
use crate::run::Run;
use crate::workspace::Workspace;

/// When a hook runs, and where.
#[derive(Clone, Copy)]
pub(crate) struct Hook<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) environment: &'a Environment,
    /// The hook's key in the project file.
    pub(crate) name: &'static str,
}

impl Hook<'_> {
    /// The hook's command, if the project has one.
    fn command(&self) -> Option<&[String]> {
        let hooks = self.workspace.project.hooks();
        let command = match self.name {
            BEFORE_DEPLOY => &hooks.before_deploy,
            AFTER_DEPLOY => &hooks.after_deploy,
            BEFORE_TEARDOWN => &hooks.before_teardown,
            _ => &hooks.after_teardown,
        };
        command.as_deref()
    }

    /// What the hook is told.
    fn environment(&self, run: &Run) -> shopctl_build::Environment {
        let project = &self.workspace.project;
        tool_environment()
            .with("SHOPCTL_HOOK", self.name)
            .with("SHOPCTL_PROJECT", project.name().as_str())
            .with("SHOPCTL_ENV", self.environment.name.as_str())
            .with("SHOPCTL_REGION", self.environment.region.as_str())
            .with("SHOPCTL_RUN", &run.id)
    }

    /// Runs the hook before anything is done; nothing is when it fails.
    pub(crate) async fn before(&self, run: &Run) -> Result<(), CommandError> {
        let environment = self.environment(run);
        self.run(run, &environment).await
    }

    /// Runs the hook after all was done; a report of something that failed or was interrupted
    /// stays as it is. A hook that fails makes it one that failed.
    pub(crate) async fn after(&self, run: &Run, report: &mut RunReport) {
        if report.failed || report.interrupted || self.command().is_none() {
            return;
        }
        let done = async {
            let outputs = outputs_file(report)?;
            let outcome = if report.changed {
                "succeeded"
            } else {
                "unchanged"
            };
            let environment = self
                .environment(run)
                .with("SHOPCTL_OUTCOME", outcome)
                .with("SHOPCTL_OUTPUTS", outputs.path());
            self.run(run, &environment).await
        };
        match done.await {
            Ok(()) => {}
            Err(error) if error.kind == Kind::Interrupted => report.interrupted = true,
            Err(error) => {
                report.failed = true;
                report.errors.push(error.one_line());
            }
        }
    }

    fn failed(&self, error: &HookError) -> CommandError {
        let (why, transcript) = match error {
            HookError::Command { output, .. } => {
                let last = output.lines().next_back().unwrap_or("it wrote nothing");
                (format!("{error}: {last}"), Some(output.clone()))
            }
            HookError::Tool(error) => (error.to_string(), None),
        };
        let message = format!("hook '{}': {why}", self.name);
        let failed = CommandError::message(Kind::Failed, message, error.hint());
        match transcript {
            Some(output) => failed.with_transcript(output),
            None => failed,
        }
    }

    async fn run(
        &self,
        run: &Run,
        environment: &shopctl_build::Environment,
    ) -> Result<(), CommandError> {
        let Some(command) = self.command() else {
            return Ok(());
        };
        run.phase(Phase::Hook, async {
            let told = |line| {
                run.events.send(Event::PhaseProgressed {
                    phase: Phase::Hook,
                    message: line,
                    done: 0,
                    total: None,
                });
            };
            run_hook(command, &self.workspace.root, environment, &told)
                .await
                .map_err(|error| self.failed(&error))?;
            Ok(((), format!("{} is done", self.name)))
        })
        .await
    }
}

pub(crate) const BEFORE_DEPLOY: &str = "beforeDeploy";
pub(crate) const AFTER_DEPLOY: &str = "afterDeploy";
pub(crate) const BEFORE_TEARDOWN: &str = "beforeTeardown";
pub(crate) const AFTER_TEARDOWN: &str = "afterTeardown";

/// The outputs of all stacks as JSON, `{ stack: { output: value } }`, in a file that is gone
/// when this is dropped.
fn outputs_file(report: &RunReport) -> Result<tempfile::NamedTempFile, CommandError> {
    let failed = |error: std::io::Error| CommandError::new(Kind::Failed, error, None);
    let file = tempfile::Builder::new()
        .prefix("shopctl-outputs-")
        .suffix(".json")
        .tempfile()
        .map_err(failed)?;
    serde_json::to_writer(&file, &report.outputs).map_err(|error| failed(error.into()))?;
    Ok(file)
}
