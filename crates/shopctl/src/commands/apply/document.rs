//! What is kept of a run: its document, and the record of what is deployed.

use chrono::Utc;
use indexmap::IndexMap;
use shopctl_core::names::StackName;
use shopctl_core::plan::{Plan, PlannedValue};
use shopctl_core::planner::Observed;
use shopctl_core::project::Environment;
use shopctl_core::record::{self, Record};
use shopctl_core::run_document::{
    self, RecordedConfig, RunCommand, RunDocument, RunSite, RunSiteFile, RunStack, RunState,
};
use shopctl_core::template::OmittedResource;
use shopctl_deploy::lock::Lease;
use shopctl_deploy::{RunReport, SiteConfigValue, SiteSource, runs};

use super::{Application, Materials, action, command};
use crate::commands::deploy::outcome;
use crate::run::Run;
use crate::session::Session;
use crate::workspace::Workspace;
use crate::{keep, origin};

impl Application<'_> {
    /// The run's document as it is when the run begins to change things.
    pub(super) async fn document(&self, materials: &Materials, plan: &Plan) -> RunDocument {
        let mut stacks: IndexMap<StackName, RunStack> = materials
            .desired
            .stacks
            .iter()
            .map(|stack| {
                let name = &stack.template.stack;
                (name.clone(), RunStack::planned(stack, action(plan, name)))
            })
            .collect();
        if let Some(again) = &materials.again {
            // A template that was read back does not say which of its keys are uploads.
            for (name, stack) in &mut stacks {
                let before = again.stacks.get(name);
                stack.artifacts = before.map_or_else(Vec::new, |stack| stack.artifacts.clone());
            }
        }
        let mut document = begun(
            self.workspace,
            self.environment,
            self.session,
            self.run,
            command(materials),
        )
        .await;
        document.fast = self.fast;
        document.rollback_to = materials.again.as_ref().map(|again| again.run.clone());
        document.stacks = stacks;
        document.site = materials.site.as_ref().map(recorded_site);
        document
    }

    /// Writes the run's document and, when it says something new, the record.
    pub(super) async fn keep(
        &self,
        observed: &Observed,
        report: &RunReport,
        lease: &Lease,
        mut document: RunDocument,
        omitted: Vec<OmittedResource>,
    ) {
        let run = self.run;
        let objects = self.session.ports.objects.as_ref();
        document.state = outcome(report).into();
        document.errors = report.errors.clone();
        if let Some(reason) = lease.lost() {
            document.state = RunState::Interrupted;
            document.errors.push(format!("the lock was lost: {reason}"));
        }
        let written = keep::end(objects, &self.bucket, run, &mut document).await;
        let same = observed.record.as_ref().is_some_and(|record| {
            record.stacks == report.stacks
                && record.fast == report.fast
                && record.site == report.site
                && record.omitted == omitted
        });
        // Without the lock another run may have written a newer one.
        let recorded = if same || lease.lost().is_some() {
            Ok(())
        } else {
            let record = Record {
                version: record::VERSION,
                run: run.id.clone(),
                project: document.project,
                environment: document.environment,
                tool: document.tool,
                started: document.started,
                finished: keep::time(Utc::now()),
                outcome: outcome(report),
                stacks: report.stacks.clone(),
                fast: report.fast.clone(),
                site: report.site.clone(),
                omitted,
            };
            runs::write_record(objects, &self.bucket, &record).await
        };
        if let Err(error) = written.and(recorded) {
            keep::warn_unwritten(run, &error);
        }
    }
}

/// A document with what is known of every run at its beginning.
pub(crate) async fn begun(
    workspace: &Workspace,
    environment: &Environment,
    session: &Session,
    run: &Run,
    command: RunCommand,
) -> RunDocument {
    let file = std::fs::read(workspace.root.join(workspace.project.file())).ok();
    RunDocument {
        version: run_document::VERSION,
        run: run.id.clone(),
        command,
        state: RunState::Running,
        project: workspace.project.name().to_string(),
        environment: environment.name.clone(),
        account: session.account.clone(),
        region: environment.region.to_string(),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        started: keep::time(run.started),
        finished: None,
        elapsed_ms: None,
        by: origin::origin(session.caller.clone()),
        git: origin::git(&workspace.root).await,
        project_digest: file.as_deref().map(record::digest),
        fast: false,
        rollback_to: None,
        took_over: None,
        found_dead_by: None,
        stacks: IndexMap::new(),
        site: None,
        steps: Vec::new(),
        errors: Vec::new(),
    }
}

fn recorded_site(site: &SiteSource) -> RunSite {
    let (config_file, config) = match &site.config {
        Some((file, values)) => (Some(file.clone()), values.clone()),
        None => (None, IndexMap::new()),
    };
    RunSite {
        bucket: (&site.bucket).into(),
        distribution: site.distribution.as_ref().map(Into::into),
        config_file,
        config: config
            .into_iter()
            .map(|(name, value)| {
                let value = match value {
                    SiteConfigValue::Given(value) => RecordedConfig::Given(value),
                    SiteConfigValue::Planned(PlannedValue::Known(text)) => {
                        RecordedConfig::Given(text.into())
                    }
                    SiteConfigValue::Planned(PlannedValue::OutputOf { stack, output }) => {
                        RecordedConfig::Output { stack, output }
                    }
                };
                (name, value)
            })
            .collect(),
        files: site
            .files
            .iter()
            .map(|file| {
                (
                    file.key.clone(),
                    RunSiteFile {
                        sha256: file.digest.clone(),
                        content_type: file.headers.content_type.clone(),
                        cache_control: file.headers.cache_control.clone(),
                        content_encoding: file.headers.content_encoding.clone(),
                        class: file.class.as_str().to_owned(),
                    },
                )
            })
            .collect(),
    }
}
