//! Findings about templates as text.

use shopctl_core::diagnostic::Diagnostic;
use shopctl_core::lint::{Level, LintReport};

use crate::appearance::{Appearance, Glyph, Role};
use crate::diagnostics::render_diagnostics;
use crate::text::count;

/// Shows findings with their source lines, and one line that sums them up. `source` yields a
/// file's text by the name that the findings use. Notes are only counted.
pub fn render_lint(
    report: &LintReport,
    source: impl Fn(&str) -> Option<String>,
    appearance: Appearance,
) -> String {
    let diagnostics: Vec<Diagnostic> = report
        .findings
        .iter()
        .filter(|finding| finding.level != Level::Note)
        .map(|finding| finding.diagnostic())
        .collect();
    let mut out = String::new();
    for diagnostic in &diagnostics {
        let one = std::slice::from_ref(diagnostic);
        out.push_str(&render_diagnostics(one, &source, appearance));
        out.push('\n');
    }
    let (glyph, role) = match (report.errors, report.warnings) {
        (0, 0) => (Glyph::Done, Role::Good),
        (0, _) => (Glyph::Attention, Role::Attention),
        _ => (Glyph::Failed, Role::BadStrong),
    };
    let notes = report.findings.len() - diagnostics.len();
    let mut parts = vec![
        count(report.errors, "error"),
        count(report.warnings, "warning"),
    ];
    if notes > 0 {
        parts.push(format!(
            "{} (--output json shows them)",
            count(notes, "note")
        ));
    }
    out.push_str(&format!(
        "{} {} in {}, checked by {}\n",
        appearance.paint(role, appearance.glyph(glyph)),
        appearance.paint(Role::Strong, &parts.join(", ")),
        count(report.templates, "template"),
        report.checkers.join(", ")
    ));
    out
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use shopctl_core::diagnostic::Location;
    use shopctl_core::lint::{Checker, Finding};

    use super::*;

    #[test]
    fn findings_are_shown_where_they_can_be_mended() {
        let finding = |level, rule: &str| Finding {
            checker: Checker::Shopctl,
            rule: rule.to_owned(),
            level,
            message: "'Files' lets everybody in".to_owned(),
            remedy: Some("block public access".to_owned()),
            help: None,
            location: Some(Location {
                file: "modules/bucket.yaml".into(),
                line: 2,
                column: 3,
            }),
            resources: vec!["Files".to_owned()],
            stacks: vec!["site".into(), "data".into()],
        };
        let report = LintReport {
            version: 1,
            project: "shop".to_owned(),
            environment: "prod".into(),
            checkers: vec!["shopctl 0.1.0".to_owned(), "cfn-lint 1.58.0".to_owned()],
            templates: 2,
            errors: 1,
            warnings: 0,
            findings: vec![
                finding(Level::Error, "bucket-public"),
                finding(Level::Note, "I1"),
            ],
        };
        let source = |_: &str| Some("Resources:\n  Files:\n    Type: AWS::S3::Bucket\n".to_owned());
        assert_snapshot!(render_lint(&report, source, Appearance::plain(80)), @"
        error: 'Files' lets everybody in [bucket-public]
         --> modules/bucket.yaml:2:3
          |
        2 |   Files:
          |   ^^^^^
          |
          = help: block public access

        x 1 error, 0 warnings, 1 note (--output json shows them) in 2 templates, checked by shopctl 0.1.0, cfn-lint 1.58.0
        ");
    }
}
