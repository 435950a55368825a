//! What checks say about an environment's templates, whoever made them, as scripts read it:
//! camelCase JSON with a version. Runs no checker.

use serde::{Deserialize, Serialize};

use crate::diagnostic::{Diagnostic, Location, Severity};
use crate::guard::GuardViolation;
use crate::names::{EnvironmentName, StackName};
use crate::template::RenderedFile;
use crate::template::policy::check_policies;

/// Version of the document's format.
pub const VERSION: u32 = 1;

/// All that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LintReport {
    /// Version of the format, [`VERSION`].
    pub version: u32,
    /// The project's name.
    pub project: String,
    /// The environment's name.
    pub environment: EnvironmentName,
    /// Who checked, with versions.
    pub checkers: Vec<String>,
    /// Templates that were checked, nested ones included.
    pub templates: usize,
    /// Findings that make the command fail.
    pub errors: usize,
    /// Findings that do not.
    pub warnings: usize,
    /// The findings: errors first, then by place.
    pub findings: Vec<Finding>,
}

/// Who found something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Checker {
    /// This tool.
    Shopctl,
    /// cfn-lint.
    CfnLint,
    /// cfn-guard, with rules of the project's.
    CfnGuard,
}

impl Checker {
    /// The checker's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shopctl => "shopctl",
            Self::CfnLint => "cfn-lint",
            Self::CfnGuard => "cfn-guard",
        }
    }
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The command fails.
    Error,
    /// Worth a change.
    Warning,
    /// Worth a look.
    Note,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Who found it.
    pub checker: Checker,
    /// The rule, for instance `bucket-public` or `E3002`.
    pub rule: String,
    /// How bad it is.
    pub level: Level,
    /// What is wrong.
    pub message: String,
    /// What to do, when the checker says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// Where the rule is explained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The place in the file that somebody wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// The logical IDs that it is about: a module's resource is one in each use of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// The stacks that have it; a module's findings are those of many stacks.
    pub stacks: Vec<StackName>,
}

impl Finding {
    /// The finding as the tool shows its own.
    pub fn diagnostic(&self) -> Diagnostic {
        let hint = match (&self.remedy, &self.help) {
            (Some(remedy), _) => Some(remedy.clone()),
            (None, help) => help.clone(),
        };
        Diagnostic {
            severity: match self.level {
                Level::Error => Severity::Error,
                Level::Warning | Level::Note => Severity::Warning,
            },
            location: self.location.clone(),
            message: format!("{} [{}]", self.message, self.rule),
            hint,
        }
    }
}

/// Collects findings, each once.
#[derive(Debug, Default)]
pub struct Collector {
    findings: Vec<Finding>,
}

impl Collector {
    /// Findings of rendering: what is wrong with a template in itself.
    pub fn rendering(
        &mut self,
        diagnostics: impl IntoIterator<Item = Diagnostic>,
        stack: Option<&StackName>,
    ) {
        for found in diagnostics {
            self.add(Finding {
                checker: Checker::Shopctl,
                rule: "template".to_owned(),
                level: level(found.severity),
                message: found.message,
                remedy: found.hint,
                help: None,
                location: found.location,
                resources: Vec::new(),
                stacks: stack.into_iter().cloned().collect(),
            });
        }
    }

    /// Holds a rendered template against the policies.
    pub fn policies(&mut self, file: &RenderedFile, stack: &StackName) {
        for violation in check_policies(file) {
            self.add(Finding {
                checker: Checker::Shopctl,
                rule: violation.rule.id.to_owned(),
                level: level(violation.rule.severity),
                message: violation.message,
                remedy: Some(violation.rule.remedy.to_owned()),
                help: None,
                location: file.source_of(violation.line, violation.column).cloned(),
                resources: vec![violation.subject],
                stacks: vec![stack.clone()],
            });
        }
    }

    /// What cfn-lint said about a rendered template.
    pub fn cfn_lint(&mut self, file: &RenderedFile, stack: &StackName, matches: &[CfnLintMatch]) {
        for found in matches {
            let start = &found.location.start;
            let mut path = found.location.path.iter().flatten();
            let section = path.next().and_then(serde_json::Value::as_str);
            let resource = path.next().and_then(serde_json::Value::as_str);
            self.add(Finding {
                checker: Checker::CfnLint,
                rule: found.rule.id.clone(),
                level: match found.level.as_str() {
                    "Error" => Level::Error,
                    "Warning" => Level::Warning,
                    _ => Level::Note,
                },
                message: found.message.clone(),
                remedy: None,
                help: found.rule.source.clone(),
                location: file.source_of(start.line, start.column).cloned(),
                resources: resource
                    .filter(|_| section == Some("Resources"))
                    .map(str::to_owned)
                    .into_iter()
                    .collect(),
                stacks: vec![stack.clone()],
            });
        }
    }

    /// What cfn-guard said about a rendered template.
    pub fn guard(&mut self, file: &RenderedFile, stack: &StackName, found: &[GuardViolation]) {
        for violation in found {
            // A rule without a place is about the template as a whole.
            let (line, column) = violation.place.unwrap_or((1, 1));
            self.add(Finding {
                checker: Checker::CfnGuard,
                rule: violation.rule.clone(),
                level: Level::Error,
                message: violation.message.clone(),
                remedy: violation.remedy.clone(),
                help: None,
                location: file.source_of(line, column).cloned(),
                resources: violation.resource.iter().cloned().collect(),
                stacks: vec![stack.clone()],
            });
        }
    }

    fn add(&mut self, finding: Finding) {
        let same = |other: &&mut Finding| {
            other.rule == finding.rule
                && other.message == finding.message
                && other.location == finding.location
                && other.checker == finding.checker
        };
        match self.findings.iter_mut().find(same) {
            Some(known) => {
                add_new(&mut known.stacks, finding.stacks);
                add_new(&mut known.resources, finding.resources);
            }
            None => self.findings.push(finding),
        }
    }

    /// The findings: errors first, then by place.
    pub fn finish(mut self) -> Vec<Finding> {
        self.findings.sort_by(|a, b| {
            let key = |finding: &Finding| {
                (
                    finding.level,
                    finding.location.clone(),
                    finding.rule.clone(),
                )
            };
            key(a).cmp(&key(b))
        });
        self.findings
    }
}

fn add_new<T: PartialEq>(known: &mut Vec<T>, more: Vec<T>) {
    for one in more {
        if !known.contains(&one) {
            known.push(one);
        }
    }
}

fn level(severity: Severity) -> Level {
    match severity {
        Severity::Error => Level::Error,
        Severity::Warning => Level::Warning,
    }
}

/// A finding as `cfn-lint --format json` writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CfnLintMatch {
    /// The file that was checked.
    pub filename: String,
    /// `Error`, `Warning` or `Informational`.
    pub level: String,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub location: CfnLintLocation,
    /// The rule.
    pub rule: CfnLintRule,
}

/// A place in the checked file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CfnLintLocation {
    /// Where it begins.
    pub start: CfnLintPosition,
    /// The keys and numbers that lead there.
    #[serde(default)]
    pub path: Option<Vec<serde_json::Value>>,
}

/// A line and a column, from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CfnLintPosition {
    /// The line.
    #[serde(rename = "LineNumber")]
    pub line: usize,
    /// The column.
    #[serde(rename = "ColumnNumber")]
    pub column: usize,
}

/// A rule of cfn-lint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CfnLintRule {
    /// For instance `E3002`.
    pub id: String,
    /// Where it is explained.
    #[serde(default)]
    pub source: Option<String>,
}
