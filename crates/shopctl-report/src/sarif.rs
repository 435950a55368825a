//! Findings about templates in SARIF 2.1.0, which code hosts show beside the changed lines.
//!
//! Reference: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.

use serde_json::{Value, json};
use shopctl_core::lint::{Checker, Finding, Level, LintReport};
use shopctl_core::template::policy::RULES;

/// The findings as one document with a run for each checker; `version` is the tool's.
pub fn lint_sarif(report: &LintReport, version: &str) -> String {
    let runs: Vec<Value> = [Checker::Shopctl, Checker::CfnLint, Checker::CfnGuard]
        .into_iter()
        .filter_map(|checker| {
            let name = checker.as_str();
            let own = |known: &&String| known.split(' ').next() == Some(name);
            let known = report.checkers.iter().find(own)?;
            let version = match checker {
                Checker::Shopctl => version,
                _ => known.split(' ').nth(1).unwrap_or_default(),
            };
            Some(run(report, checker, version))
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": runs,
    })
    .to_string()
}

fn run(report: &LintReport, checker: Checker, version: &str) -> Value {
    let findings = || report.findings.iter().filter(|f| f.checker == checker);
    let mut rules: Vec<Value> = Vec::new();
    let mut ids: Vec<&str> = Vec::new();
    for finding in findings() {
        if !ids.contains(&finding.rule.as_str()) {
            ids.push(&finding.rule);
            rules.push(rule(finding));
        }
    }
    let results: Vec<Value> = findings()
        .map(|finding| {
            let index = ids.iter().position(|id| *id == finding.rule);
            result(finding, index.unwrap_or(0))
        })
        .collect();
    json!({
        "tool": { "driver": {
            "name": checker.as_str(),
            "semanticVersion": version,
            "rules": rules,
        }},
        "automationDetails": { "id": format!("{}/{}/", checker.as_str(), report.environment) },
        "columnKind": "unicodeCodePoints",
        "results": results,
    })
}

fn rule(finding: &Finding) -> Value {
    let mut rule = json!({ "id": finding.rule });
    if let Some(own) = RULES.iter().find(|rule| rule.id == finding.rule) {
        rule["shortDescription"] = json!({ "text": own.summary });
        rule["help"] = json!({ "text": own.remedy });
    }
    if let Some(help) = &finding.help {
        rule["helpUri"] = json!(help);
    }
    rule
}

fn result(finding: &Finding, rule: usize) -> Value {
    let message = match &finding.remedy {
        Some(remedy) => format!("{} ({remedy})", finding.message),
        None => finding.message.clone(),
    };
    let mut location = json!({});
    if let Some(place) = &finding.location {
        location["physicalLocation"] = json!({
            "artifactLocation": { "uri": uri(&place.file), "uriBaseId": "%SRCROOT%" },
            "region": { "startLine": place.line, "startColumn": place.column },
        });
    }
    if !finding.resources.is_empty() {
        let named = finding.resources.iter();
        let named = named.map(|resource| json!({ "name": resource, "kind": "resource" }));
        location["logicalLocations"] = named.collect();
    }
    let level = match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    };
    json!({
        "ruleId": finding.rule,
        "ruleIndex": rule,
        "level": level,
        "message": { "text": message },
        "locations": if location == json!({}) { json!([]) } else { json!([location]) },
        "properties": { "stacks": finding.stacks },
    })
}

/// A relative path as URI reference.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use insta::assert_snapshot;
    use shopctl_core::diagnostic::Location;

    use super::*;

    fn finding(checker: Checker, rule: &str, level: Level) -> Finding {
        Finding {
            checker,
            rule: rule.to_owned(),
            level,
            message: "public access is not blocked".to_owned(),
            remedy: (checker == Checker::Shopctl).then(|| "block it".to_owned()),
            help: (checker == Checker::CfnLint).then(|| "https://example.org/E3002".to_owned()),
            location: Some(Location {
                file: "stacks/my site/template.yaml".into(),
                line: 7,
                column: 3,
            }),
            resources: vec!["Files".to_owned()],
            stacks: vec!["site".into()],
        }
    }

    #[test]
    fn every_finding_has_its_rule_its_level_and_its_place() {
        let report = LintReport {
            version: 1,
            project: "shop".to_owned(),
            environment: "prod".into(),
            checkers: vec!["shopctl".to_owned(), "cfn-lint 1.58.0".to_owned()],
            templates: 2,
            errors: 2,
            warnings: 0,
            findings: vec![
                finding(Checker::Shopctl, "bucket-public", Level::Error),
                finding(Checker::CfnLint, "E3002", Level::Error),
                finding(Checker::CfnLint, "I3011", Level::Note),
            ],
        };
        let sarif: Value = serde_json::from_str(&lint_sarif(&report, "0.1.0")).unwrap();
        assert_snapshot!(serde_json::to_string_pretty(&sarif).unwrap(), @r#"
        {
          "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
          "version": "2.1.0",
          "runs": [
            {
              "tool": {
                "driver": {
                  "name": "shopctl",
                  "semanticVersion": "0.1.0",
                  "rules": [
                    {
                      "id": "bucket-public",
                      "shortDescription": {
                        "text": "A bucket blocks public access in all four ways"
                      },
                      "help": {
                        "text": "set all four of PublicAccessBlockConfiguration to true"
                      }
                    }
                  ]
                }
              },
              "automationDetails": {
                "id": "shopctl/prod/"
              },
              "columnKind": "unicodeCodePoints",
              "results": [
                {
                  "ruleId": "bucket-public",
                  "ruleIndex": 0,
                  "level": "error",
                  "message": {
                    "text": "public access is not blocked (block it)"
                  },
                  "locations": [
                    {
                      "physicalLocation": {
                        "artifactLocation": {
                          "uri": "stacks/my%20site/template.yaml",
                          "uriBaseId": "%SRCROOT%"
                        },
                        "region": {
                          "startLine": 7,
                          "startColumn": 3
                        }
                      },
                      "logicalLocations": [
                        {
                          "name": "Files",
                          "kind": "resource"
                        }
                      ]
                    }
                  ],
                  "properties": {
                    "stacks": [
                      "site"
                    ]
                  }
                }
              ]
            },
            {
              "tool": {
                "driver": {
                  "name": "cfn-lint",
                  "semanticVersion": "1.58.0",
                  "rules": [
                    {
                      "id": "E3002",
                      "helpUri": "https://example.org/E3002"
                    },
                    {
                      "id": "I3011",
                      "helpUri": "https://example.org/E3002"
                    }
                  ]
                }
              },
              "automationDetails": {
                "id": "cfn-lint/prod/"
              },
              "columnKind": "unicodeCodePoints",
              "results": [
                {
                  "ruleId": "E3002",
                  "ruleIndex": 0,
                  "level": "error",
                  "message": {
                    "text": "public access is not blocked"
                  },
                  "locations": [
                    {
                      "physicalLocation": {
                        "artifactLocation": {
                          "uri": "stacks/my%20site/template.yaml",
                          "uriBaseId": "%SRCROOT%"
                        },
                        "region": {
                          "startLine": 7,
                          "startColumn": 3
                        }
                      },
                      "logicalLocations": [
                        {
                          "name": "Files",
                          "kind": "resource"
                        }
                      ]
                    }
                  ],
                  "properties": {
                    "stacks": [
                      "site"
                    ]
                  }
                },
                {
                  "ruleId": "I3011",
                  "ruleIndex": 1,
                  "level": "note",
                  "message": {
                    "text": "public access is not blocked"
                  },
                  "locations": [
                    {
                      "physicalLocation": {
                        "artifactLocation": {
                          "uri": "stacks/my%20site/template.yaml",
                          "uriBaseId": "%SRCROOT%"
                        },
                        "region": {
                          "startLine": 7,
                          "startColumn": 3
                        }
                      },
                      "logicalLocations": [
                        {
                          "name": "Files",
                          "kind": "resource"
                        }
                      ]
                    }
                  ],
                  "properties": {
                    "stacks": [
                      "site"
                    ]
                  }
                }
              ]
            }
          ]
        }
        "#);
    }
}
