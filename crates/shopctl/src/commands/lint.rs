//! `shopctl lint`: what the tool's own rules and cfn-lint say about the templates as they would
//! be deployed. Needs no credentials and compiles no handler.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use shopctl_core::diagnostic::Severity;
use shopctl_core::lint::{CfnLintMatch, Collector, Level, LintReport, VERSION};
use shopctl_core::names::StackName;
use shopctl_core::project::{Environment, check_wiring};
use shopctl_core::record;
use shopctl_core::template::{RenderedFile, render_with_sources};
use shopctl_local::{Folders, Progress, python_tool};
use tokio::process::Command;

use crate::cli::{Global, LintArguments};
use crate::display::Display;
use crate::error::{CommandError, Kind};
use crate::prepare::{self, environment};
use crate::session::{describe, local_error};
use crate::workspace::Workspace;

/// The folder of the project's own settings for checkers.
const SETTINGS: &str = "stacks/lint";
/// What is installed for projects that pin nothing themselves.
const REQUIREMENTS: &str = include_str!("../../../../stacks/lint/requirements.txt");
/// cfn-lint's entry point; the script of the environment names a folder that was moved.
const START: &str = "import sys; from cfnlint.runner import main; sys.exit(main())";

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
        checkers.push(cfn_lint.name.clone());
        let region = environment.region.as_str();
        let matches = cfn_lint.check(&workspace, region, &files).await?;
        for (stack, files) in &files {
            for file in files {
                if let Some(matches) = matches.get(&file.digest) {
                    collector.cfn_lint(file, stack, matches);
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

/// A cfn-lint that runs.
struct CfnLint {
    /// Its name and version.
    name: String,
    program: PathBuf,
    /// Arguments that come first.
    start: Vec<OsString>,
}

impl CfnLint {
    /// The pinned one, installed if need be; else the one on the search path, if there is one.
    async fn find(workspace: &Workspace, display: &Display) -> Result<Self, CommandError> {
        let own = fs::read_to_string(workspace.root.join(SETTINGS).join("requirements.txt"));
        let requirements = own.unwrap_or_else(|_| REQUIREMENTS.to_owned());
        let version = requirements
            .lines()
            .find_map(|line| line.strip_prefix("cfn-lint==")?.split([' ', '\\']).next())
            .unwrap_or("of unknown version");
        let folders = Folders::from_env(&|name| std::env::var_os(name)).map_err(local_error)?;
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut tell = |progress: Progress| {
            let tells = matches!(progress, Progress::Installing(_) | Progress::Waiting { .. });
            if tells && !display.json {
                display.say(&format!("cfn-lint {version}: {}", describe(&progress)));
            }
        };
        let installed = python_tool(&folders, "cfn-lint", &requirements, &path, &mut tell);
        let error = match installed.await {
            Ok(python) => {
                return Ok(Self {
                    name: format!("cfn-lint {version}"),
                    program: python,
                    start: ["-I", "-c", START].map(OsString::from).to_vec(),
                });
            }
            Err(error) => error,
        };
        let asked = Command::new("cfn-lint").arg("--version").output().await;
        match asked {
            Ok(answer) if answer.status.success() => {
                let name = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
                display.say(&format!(
                    "warning: the pinned cfn-lint cannot be installed ({error}); using {name} from PATH"
                ));
                Ok(Self {
                    name,
                    program: "cfn-lint".into(),
                    start: Vec::new(),
                })
            }
            _ => {
                let mut failed = local_error(error);
                failed.hints.push(
                    "or check with the tool's own rules alone: shopctl lint --own".to_owned(),
                );
                Err(failed)
            }
        }
    }

    /// What it says about each template, by the template's digest. Templates that it has seen
    /// with the same settings are not checked again.
    async fn check(
        &self,
        workspace: &Workspace,
        region: &str,
        files: &IndexMap<StackName, Vec<RenderedFile>>,
    ) -> Result<BTreeMap<String, Vec<CfnLintMatch>>, CommandError> {
        let folder = workspace.cache().join("lint");
        fs::create_dir_all(&folder).map_err(|error| cannot("create", &folder, &error))?;
        let settings = settings(workspace);
        let mut known = BTreeMap::new();
        let mut unknown: BTreeMap<PathBuf, &RenderedFile> = BTreeMap::new();
        let kept = |file: &RenderedFile| {
            let parts = [&self.name, region, &settings.1, &file.digest];
            let key = record::digest(parts.join("\u{0}").as_bytes());
            folder.join(format!("{key}.json"))
        };
        for file in files.values().flatten() {
            let found = fs::read(kept(file)).ok();
            match found.and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
                Some(matches) => {
                    known.insert(file.digest.clone(), matches);
                }
                None => {
                    let path = folder.join(format!("{}.yaml", file.digest));
                    fs::write(&path, &file.body).map_err(|error| cannot("write", &path, &error))?;
                    unknown.insert(path, file);
                }
            }
        }
        if unknown.is_empty() {
            return Ok(known);
        }
        let mut by_file = self
            .run(workspace, region, settings.0.as_deref(), unknown.keys())
            .await?;
        for (path, file) in &unknown {
            let matches = by_file.remove(path.as_path()).unwrap_or_default();
            // A lost entry only costs time.
            let _ = serde_json::to_vec(&matches).map(|bytes| fs::write(kept(file), bytes));
            let _ = fs::remove_file(path);
            known.insert(file.digest.clone(), matches);
        }
        Ok(known)
    }

    async fn run(
        &self,
        workspace: &Workspace,
        region: &str,
        config: Option<&Path>,
        files: impl Iterator<Item = &PathBuf>,
    ) -> Result<BTreeMap<PathBuf, Vec<CfnLintMatch>>, CommandError> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.start)
            .args(["--format", "json", "--non-zero-exit-code", "none"])
            .args(["--include-checks", "I", "--regions", region])
            .current_dir(&workspace.root)
            .stdin(std::process::Stdio::null())
            .kill_on_drop(true);
        if let Some(config) = config {
            command.arg("--config-file").arg(config);
        }
        let output = command.arg("--").args(files).output().await;
        let output = output.map_err(|error| cannot("run", &self.program, &error))?;
        let matches: Result<Vec<CfnLintMatch>, _> = serde_json::from_slice(&output.stdout);
        let matches = match matches {
            Ok(matches) if output.status.success() => matches,
            _ => {
                let said = [output.stdout, output.stderr].concat();
                return Err(CommandError::message(
                    Kind::Failed,
                    format!("{} ended with {}", self.name, output.status),
                    Some("check with the tool's own rules alone: shopctl lint --own".to_owned()),
                )
                .with_transcript(String::from_utf8_lossy(&said)));
            }
        };
        let mut by_file: BTreeMap<PathBuf, Vec<CfnLintMatch>> = BTreeMap::new();
        for found in matches {
            let file = PathBuf::from(&found.filename);
            by_file.entry(file).or_default().push(found);
        }
        Ok(by_file)
    }
}

/// The project's settings of cfn-lint: the file, and a text that changes with them.
fn settings(workspace: &Workspace) -> (Option<PathBuf>, String) {
    let own = workspace.root.join(SETTINGS).join("cfn-lint.yaml");
    let texts = [own.clone(), workspace.root.join(".cfnlintrc")]
        .map(|path| fs::read_to_string(path).unwrap_or_default());
    (own.is_file().then_some(own), texts.join("\u{0}"))
}

fn cannot(action: &str, path: &Path, error: &std::io::Error) -> CommandError {
    CommandError::message(
        Kind::Failed,
        format!("cannot {action} '{}': {error}", path.display()),
        None,
    )
}
