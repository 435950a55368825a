//! Every finding with its text, and templates that have none.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod fine;
mod functions;
mod mutations;
mod parameters;
mod sections;
mod whole;

use super::check;
use crate::diagnostic::Diagnostic;
use crate::yaml::parse;

/// The findings of a template, one a line.
fn said(template: &str) -> String {
    let document = parse("t.yaml", template).expect("the template is YAML");
    lines(&check(&document).diagnostics)
}

fn lines(diagnostics: &[Diagnostic]) -> String {
    diagnostics
        .iter()
        .map(|finding| format!("{finding}\n"))
        .collect()
}

/// What is said of each value, given to a property of a queue in a template with a
/// parameter, a condition, a mapping and a table.
fn said_of_values(values: &[&str]) -> String {
    values
        .iter()
        .map(|value| {
            let template = format!(
                "Parameters: {{Stage: {{Type: String}}}}\n\
                 Conditions: {{IsLocal: !Equals [!Ref Stage, local]}}\n\
                 Mappings: {{Sizes: {{small: {{Cpu: 1, Memory: 128}}, large: {{Cpu: 2}}}}}}\n\
                 Resources:\n\
                 \x20 Table: {{Type: AWS::DynamoDB::Table, Condition: IsLocal}}\n\
                 \x20 Used: {{Type: AWS::SNS::Topic, Metadata: {{a: !FindInMap [Sizes, small, Cpu]}}}}\n\
                 \x20 Queue:\n\
                 \x20   Type: AWS::SQS::Queue\n\
                 \x20   Properties:\n\
                 \x20     Value: {value}\n"
            );
            let findings = said(&template);
            let findings = findings.replace("t.yaml:", "");
            match findings.is_empty() {
                true => format!("{value}\n    fine\n"),
                false => format!("{value}\n    {}\n", findings.trim_end().replace('\n', "\n    ")),
            }
        })
        .collect()
}
