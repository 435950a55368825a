//! cfn-guard: rules of the project's own, in `stacks/lint/*.guard`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use shopctl_core::guard::{GuardViolation, read_guard};
use shopctl_core::names::StackName;
use shopctl_core::template::RenderedFile;
use shopctl_local::{Folders, NpmProgram, npm_program};
use tokio::process::Command;

use super::SETTINGS;
use super::kept::{cannot, checked};
use super::tool::{Tool, tell};
use crate::display::Display;
use crate::error::{CommandError, Kind};
use crate::session::local_error;
use crate::workspace::Workspace;

/// AWS's own build, in the package of a validator for the CDK (docs/decisions/008).
const PROGRAM: NpmProgram = NpmProgram {
    name: "cfn-guard",
    package: "@cdklabs/cdk-validator-cfnguard@0.0.62",
    sha256: "660c14562d4c79d524d0623d80d494e41797acae9da23ecb10915d7f66ada80c",
    member: MEMBER,
};
const VERSION: &str = "3.1.1";
/// How the package names platforms; the builds for Linux are static.
const MEMBER: &str = match (cfg!(target_os = "macos"), cfg!(target_arch = "aarch64")) {
    (true, true) => "package/bin/macos/aarch64/cfn-guard",
    (true, false) => "package/bin/macos/x86_64/cfn-guard",
    (false, true) => "package/bin/ubuntu/aarch64/cfn-guard",
    (false, false) => "package/bin/ubuntu/x86_64/cfn-guard",
};
/// It ends so when a template does not keep a rule.
const NOT_COMPLIANT: i32 = 19;

const UNREAD: &str = "Parsing error handling rule file";

/// A cfn-guard that runs, with rules.
pub(crate) struct CfnGuard {
    tool: Tool,
    /// Files of rules with their texts.
    rules: BTreeMap<PathBuf, String>,
}

impl CfnGuard {
    /// The pinned one; `None` when the project has no rules.
    pub(crate) async fn find(
        workspace: &Workspace,
        display: &Display,
    ) -> Result<Option<Self>, CommandError> {
        let folder = workspace.root.join(SETTINGS);
        let mut rules = BTreeMap::new();
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|ending| ending == "guard") {
                let text = fs::read_to_string(&path);
                let text = text.map_err(|error| cannot("read", &path, &error))?;
                rules.insert(path, text);
            }
        }
        if rules.is_empty() {
            return Ok(None);
        }
        let folders = Folders::from_env(&|name| std::env::var_os(name)).map_err(local_error)?;
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut tell = tell("cfn-guard", display);
        let installed = npm_program(&folders, &PROGRAM, &path, &mut tell).await;
        let tool = Tool::of("cfn-guard", VERSION, installed, &[], display).await?;
        Ok(Some(Self { tool, rules }))
    }

    /// Its name and version.
    pub(crate) fn name(&self) -> &str {
        &self.tool.name
    }

    /// What it says about each template, by the template's digest.
    pub(crate) async fn check(
        &self,
        workspace: &Workspace,
        files: &IndexMap<StackName, Vec<RenderedFile>>,
    ) -> Result<BTreeMap<String, Vec<GuardViolation>>, CommandError> {
        let rules: Vec<&str> = self.rules.values().map(String::as_str).collect();
        let settings = [&[self.name()], &rules[..]].concat();
        checked(workspace, &settings, files, async |files| {
            self.run(&files).await
        })
        .await
    }

    async fn run(
        &self,
        files: &[&Path],
    ) -> Result<BTreeMap<PathBuf, Vec<GuardViolation>>, CommandError> {
        let mut command = Command::new(&self.tool.program);
        command
            .args(["validate", "--structured", "--output-format", "json"])
            .args(["--show-summary", "none", "--rules"])
            .args(self.rules.keys())
            .arg("--data")
            .args(files)
            .stdin(std::process::Stdio::null())
            .kill_on_drop(true);
        let output = command.output().await;
        let output = output.map_err(|error| cannot("run", &self.tool.program, &error))?;
        // Rules that it cannot read it only mentions, and goes on without them.
        let unread = String::from_utf8_lossy(&output.stderr).contains(UNREAD);
        let ended = matches!(output.status.code(), Some(0 | NOT_COMPLIANT)) && !unread;
        match read_guard(&output.stdout) {
            Ok(found) if ended => Ok(found
                .into_iter()
                .map(|(file, found)| (PathBuf::from(file), found))
                .collect()),
            // What it wrote names the rule's file and line.
            _ => Err(self.tool.failed(Kind::Input, &output)),
        }
    }
}
