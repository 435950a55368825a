//! cfn-lint: CloudFormation's schemas and good practice.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use shopctl_core::lint::CfnLintMatch;
use shopctl_core::names::StackName;
use shopctl_core::template::RenderedFile;
use shopctl_local::{Folders, python_tool};
use tokio::process::Command;

use super::SETTINGS;
use super::kept::{cannot, checked};
use super::tool::{Tool, tell};
use crate::display::Display;
use crate::error::{CommandError, Kind};
use crate::session::local_error;
use crate::workspace::Workspace;

/// What is installed for projects that pin nothing themselves.
const REQUIREMENTS: &str = include_str!("../../../../stacks/lint/requirements.txt");
/// Its entry point; the script of the environment names a folder that was moved.
const START: &str = "import sys; from cfnlint.runner import main; sys.exit(main())";

/// A cfn-lint that runs.
pub(crate) struct CfnLint(Tool);

impl CfnLint {
    /// The one that the project or the tool pins.
    pub(crate) async fn find(
        workspace: &Workspace,
        display: &Display,
    ) -> Result<Self, CommandError> {
        let own = fs::read_to_string(workspace.root.join(SETTINGS).join("requirements.txt"));
        let requirements = own.unwrap_or_else(|_| REQUIREMENTS.to_owned());
        let version = requirements
            .lines()
            .find_map(|line| line.strip_prefix("cfn-lint==")?.split([' ', '\\']).next())
            .unwrap_or("of unknown version");
        let folders = Folders::from_env(&|name| std::env::var_os(name)).map_err(local_error)?;
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut tell = tell("cfn-lint", display);
        let installed = python_tool(&folders, "cfn-lint", &requirements, &path, &mut tell).await;
        let start = ["-I", "-c", START];
        Tool::of("cfn-lint", version, installed, &start, display)
            .await
            .map(Self)
    }

    /// Its name and version.
    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    /// What it says about each template, by the template's digest.
    pub(crate) async fn check(
        &self,
        workspace: &Workspace,
        region: &str,
        files: &IndexMap<StackName, Vec<RenderedFile>>,
    ) -> Result<BTreeMap<String, Vec<CfnLintMatch>>, CommandError> {
        let own = workspace.root.join(SETTINGS).join("cfn-lint.yaml");
        let settings = [own.clone(), workspace.root.join(".cfnlintrc")]
            .map(|path| fs::read_to_string(path).unwrap_or_default());
        let config = own.is_file().then_some(own);
        let settings = [self.name(), region, &settings[0], &settings[1]];
        checked(workspace, &settings, files, async |files| {
            self.run(workspace, region, config.as_deref(), &files).await
        })
        .await
    }

    async fn run(
        &self,
        workspace: &Workspace,
        region: &str,
        config: Option<&Path>,
        files: &[&Path],
    ) -> Result<BTreeMap<PathBuf, Vec<CfnLintMatch>>, CommandError> {
        let mut command = Command::new(&self.0.program);
        command
            .args(&self.0.start)
            .args(["--format", "json", "--non-zero-exit-code", "none"])
            .args(["--include-checks", "I", "--regions", region])
            .current_dir(&workspace.root)
            .stdin(std::process::Stdio::null())
            .kill_on_drop(true);
        if let Some(config) = config {
            command.arg("--config-file").arg(config);
        }
        let output = command.arg("--").args(files).output().await;
        let output = output.map_err(|error| cannot("run", &self.0.program, &error))?;
        let matches: Result<Vec<CfnLintMatch>, _> = serde_json::from_slice(&output.stdout);
        let matches = match matches {
            Ok(matches) if output.status.success() => matches,
            _ => return Err(self.0.failed(Kind::Failed, &output)),
        };
        let mut by_file: BTreeMap<PathBuf, Vec<CfnLintMatch>> = BTreeMap::new();
        for found in matches {
            let file = PathBuf::from(&found.filename);
            by_file.entry(file).or_default().push(found);
        }
        Ok(by_file)
    }
}
