//! `shopctl lint`: what the tool's own rules, cfn-lint and cfn-guard say about the templates as they
//! would be deployed. Needs no credentials and compiles no handler.

use std::collections::BTreeMap;
use std::fs;

use indexmap::IndexMap;
use shopctl_core::diagnostic::Severity;
use shopctl_core::lint::{Collector, Level, LintReport, VERSION};
use shopctl_core::names::StackName;
use shopctl_core::project::{Environment, check_wiring};
use shopctl_core::template::{RenderedFile, render_with_sources};

use crate::checkers::{CfnGuard, CfnLint, cannot};
use crate::cli::{Global, LintArguments};
use crate::display::Display;
use crate::error::{CommandError, Kind};
use crate::prepare::{self, environment};
use crate::workspace::Workspace;

/// Checks everything; the exit code is 4 when there are errors.
pub(crate) async fn run(
    global: &Global,
    arguments: &LintArguments,
    display: &Display,
) -> Result<u8, CommandError> {
    let workspace = Workspace::open(global)?;
    let environment = environment(&workspace, &arguments.environment.environment)?;
    let mut collector = Collector::default();
    let files = render_files(&workspace, environment, &mut collector)?;
    let mut checkers = vec![format!("shopctl {}", env!("CARGO_PKG_VERSION"))];
    for (stack, files) in &files {
        for file in files {
            collector.policies(file, stack);
        }
    }
    if !arguments.own {
        let cfn_lint = CfnLint::find(&workspace, display).await?;
        checkers.push(cfn_lint.name().to_owned());
        let region = environment.region.as_str();
        let matches = cfn_lint.check(&workspace, region, &files).await?;
        let mut violations = BTreeMap::new();
        if let Some(cfn_guard) = CfnGuard::find(&workspace, display).await? {
            checkers.push(cfn_guard.name().to_owned());
            violations = cfn_guard.check(&workspace, &files).await?;
        }
        for (stack, files) in &files {
            for file in files {
                if let Some(found) = matches.get(&file.digest) {
                    collector.cfn_lint(file, stack, found);
                }
                if let Some(found) = violations.get(&file.digest) {
                    collector.guard(file, stack, found);
                }
            }
        }
    }
    let findings = collector.finish();
    let number = |level| findings.iter().filter(|f| f.level == level).count();
    let report = LintReport {
        version: VERSION,
        project: workspace.project.name().to_string(),
        environment: environment.name.clone(),
        checkers,
        templates: files.values().map(Vec::len).sum(),
        errors: number(Level::Error),
        warnings: number(Level::Warning),
        findings,
    };
    show(&workspace, arguments, display, &report)?;
    Ok(if report.errors > 0 {
        Kind::Input.exit_code()
    } else {
        0
    })
}

fn show(
    workspace: &Workspace,
    arguments: &LintArguments,
    display: &Display,
    report: &LintReport,
) -> Result<(), CommandError> {
    if let Some(path) = &arguments.sarif {
        let document = shopctl_report::lint_sarif(report, env!("CARGO_PKG_VERSION"));
        if path.as_os_str() == "-" {
            display.result(&document);
            return Ok(());
        }
        fs::write(path, document).map_err(|error| cannot("write", path, &error))?;
    }
    if display.json {
        let document = serde_json::to_string(report)
            .map_err(|error| CommandError::new(Kind::Failed, error, None))?;
        display.result(&document);
    } else {
        let shown: Vec<_> = report
            .findings
            .iter()
            .filter(|finding| finding.level != Level::Note)
            .map(|finding| finding.diagnostic())
            .collect();
        display.annotate(&shown);
        display.result(&shopctl_report::render_lint(
            report,
            workspace.source(),
            display.results,
        ));
    }
    Ok(())
}

/// The templates of each stack, nested ones first. What is wrong in themselves is a finding,
/// and so is what does not fit the project file.
fn render_files(
    workspace: &Workspace,
    environment: &Environment,
    collector: &mut Collector,
) -> Result<IndexMap<StackName, Vec<RenderedFile>>, CommandError> {
    let mut files = IndexMap::new();
    let mut templates = IndexMap::new();
    let mut wrong = false;
    // Code has no say in what a template is: its digest is left out, so that a template that did
    // not change is not checked again because a handler did.
    let artifacts = prepare::no_artifacts(workspace);
    prepare::each_template(
        workspace,
        environment,
        &artifacts,
        |input| match render_with_sources(input) {
            Ok((template, written)) => {
                collector.rendering(template.warnings.clone(), Some(input.stack));
                templates.insert(input.stack.clone(), template);
                files.insert(input.stack.clone(), written);
            }
            Err(found) => {
                wrong |= found
                    .0
                    .iter()
                    .any(|found| found.severity == Severity::Error);
                collector.rendering(found.0, Some(input.stack));
            }
        },
    );
    if !wrong {
        let found = check_wiring(&workspace.project, environment, &templates);
        collector.rendering(found, None);
    }
    Ok(files)
}
