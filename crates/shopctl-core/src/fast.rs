//! Tells whether a stack differs from what is deployed in nothing but the code of functions,
//! so that the code alone can be put there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::names::{ArtifactDigest, LogicalId};
use crate::plan::{Action, Plan};
use crate::record::Record;
use crate::template::RenderedTemplate;
use crate::yaml::{self, Node, Value, canonical};

const FUNCTION: &str = "AWS::Lambda::Function";

/// The code of a function as a template wants it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FunctionCode {
    /// The function.
    pub logical_id: LogicalId,
    /// Key of the artifact in the artifact bucket.
    pub key: String,
    /// SHA-256 of the artifact.
    pub digest: ArtifactDigest,
}

/// What was put directly into the functions of a stack since CloudFormation last changed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FastChange {
    /// The run that did it last.
    pub run: String,
    /// The artifact that each of these functions runs; `None` when a run was about to change
    /// it and has not said that it did.
    pub functions: BTreeMap<LogicalId, Option<ArtifactDigest>>,
}

/// Writes into `record`, before anything is changed, which functions a plan puts code into: a
/// run that dies is corrected like one that ends. Tells whether there are any.
pub fn announce(record: &mut Record, plan: &Plan, run: &str) -> bool {
    let mut any = false;
    for step in &plan.steps {
        let Action::UpdateCode {
            stack, functions, ..
        } = &step.action
        else {
            continue;
        };
        any = true;
        let change = record
            .fast
            .entry(stack.clone())
            .or_insert_with(|| FastChange {
                run: String::new(),
                functions: BTreeMap::new(),
            });
        run.clone_into(&mut change.run);
        let functions = functions.iter().map(|code| (code.logical_id.clone(), None));
        change.functions.extend(functions);
    }
    any
}

/// The keys of the artifacts that a template's functions run.
pub fn code_keys(template: &RenderedTemplate) -> BTreeMap<LogicalId, String> {
    yaml::parse("template", &template.body)
        .map(|document| keys(&document))
        .unwrap_or_default()
}

/// The code of all functions of a template that come from the artifact bucket.
fn function_code(template: &RenderedTemplate) -> Vec<FunctionCode> {
    code_keys(template)
        .into_iter()
        .filter_map(|(logical_id, key)| {
            let upload = template.uploads.iter().find(|upload| upload.key == key)?;
            Some(FunctionCode {
                logical_id,
                key,
                digest: upload.digest.clone(),
            })
        })
        .collect()
}

/// Functions whose code in `rendered` is another than what runs, given the template that is
/// deployed and what was put there directly since; `None` when anything else differs, or when
/// functions have versions, which new code would not reach.
pub fn code_changes(
    deployed: &str,
    rendered: &RenderedTemplate,
    since: Option<&FastChange>,
) -> Option<Vec<FunctionCode>> {
    let deployed = yaml::parse("deployed template", deployed).ok()?;
    let wanted = yaml::parse("template", &rendered.body).ok()?;
    if has_versions(&wanted) || differs(&deployed, &wanted) {
        return None;
    }
    let running = keys(&deployed);
    let mut changes = function_code(rendered);
    changes.retain(|code| {
        let direct = since.and_then(|since| since.functions.get(&code.logical_id));
        match direct {
            Some(digest) => digest.as_ref() != Some(&code.digest),
            None => running.get(&code.logical_id) != Some(&code.key),
        }
    });
    Some(changes)
}

/// Whether anything but the code of functions differs.
fn differs(deployed: &Node, wanted: &Node) -> bool {
    canonical(&without_code(deployed.clone())) != canonical(&without_code(wanted.clone()))
}

/// The artifact keys of a template's functions.
fn keys(document: &Node) -> BTreeMap<LogicalId, String> {
    resources(document)
        .filter(|(_, resource)| kind(resource) == Some(FUNCTION))
        .filter_map(|(name, resource)| {
            let key = resource.get("Properties")?.get("Code")?.get("S3Key")?;
            Some((LogicalId::new(name), key.as_str()?.to_owned()))
        })
        .collect()
}

fn has_versions(document: &Node) -> bool {
    resources(document).any(|(_, resource)| kind(resource) == Some("AWS::Lambda::Version"))
}

fn resources(document: &Node) -> impl Iterator<Item = (&str, &Node)> {
    let entries: &[(Node, Node)] = match document.get("Resources").map(|node| &node.value) {
        Some(Value::Mapping(entries)) => entries,
        _ => &[],
    };
    entries
        .iter()
        .filter_map(|(name, resource)| Some((name.as_str()?, resource)))
}

fn kind(resource: &Node) -> Option<&str> {
    resource.get("Type").and_then(Node::as_str)
}

/// A document without the code of its functions.
fn without_code(mut document: Node) -> Node {
    let functions: Vec<LogicalId> = keys(&document).into_keys().collect();
    for function in functions {
        let code = document
            .get_mut("Resources")
            .and_then(|resources| resources.get_mut(function.as_str()))
            .and_then(|resource| resource.get_mut("Properties"))
            .and_then(|properties| properties.get_mut("Code"));
        if let Some(code) = code {
            let nothing = Node::string("", &code.location);
            code.set("S3Key", nothing);
        }
    }
    document
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use indexmap::IndexMap;

    use super::*;
    use crate::template::{Upload, UploadSource};

    fn template(key: &str, memory: u32) -> RenderedTemplate {
        let upload = |key: &str| Upload {
            key: key.to_owned(),
            digest: ArtifactDigest::new(key.trim_start_matches("artifacts/")),
            label: "handlers/api".to_owned(),
            source: UploadSource::Artifact,
        };
        RenderedTemplate {
            stack: "api".into(),
            body: format!(
                "Resources:\n  Api:\n    Type: AWS::Lambda::Function\n    Properties:\n      \
                 Code: {{ S3Bucket: !Sub \"x-${{AWS::Region}}\", S3Key: {key} }}\n      \
                 MemorySize: {memory}\n  Table: {{ Type: AWS::DynamoDB::Table }}\n"
            ),
            digest: String::new(),
            parameters: IndexMap::new(),
            outputs: Vec::new(),
            capabilities: Default::default(),
            resources: IndexMap::new(),
            nested: BTreeMap::new(),
            omitted: Vec::new(),
            uploads: vec![upload(key)],
            warnings: Vec::new(),
        }
    }

    fn changed(deployed: &str, wanted: &RenderedTemplate, since: Option<&str>) -> Option<usize> {
        let since = since.map(|digest| FastChange {
            run: "r".to_owned(),
            functions: BTreeMap::from([("Api".into(), Some(ArtifactDigest::new(digest)))]),
        });
        code_changes(deployed, wanted, since.as_ref()).map(|changes| changes.len())
    }

    #[test]
    fn only_code_may_differ() {
        let old = template("artifacts/a", 128).body;
        assert_eq!(changed(&old, &template("artifacts/b", 128), None), Some(1));
        assert_eq!(changed(&old, &template("artifacts/a", 128), None), Some(0));
        assert_eq!(changed(&old, &template("artifacts/b", 256), None), None);
        assert_eq!(changed("{", &template("artifacts/b", 128), None), None);
        let version = "  Live: { Type: AWS::Lambda::Version }\n";
        let mut wanted = template("artifacts/b", 128);
        wanted.body.push_str(version);
        assert_eq!(changed(&format!("{old}{version}"), &wanted, None), None);
    }

    #[test]
    fn what_runs_is_what_was_put_there_last() {
        let old = template("artifacts/a", 128).body;
        // In place already.
        assert_eq!(
            changed(&old, &template("artifacts/b", 128), Some("b")),
            Some(0)
        );
        assert_eq!(
            changed(&old, &template("artifacts/c", 128), Some("b")),
            Some(1)
        );
        // Back to what CloudFormation knows: that is a change, too.
        assert_eq!(
            changed(&old, &template("artifacts/a", 128), Some("b")),
            Some(1)
        );
    }

    #[test]
    fn form_has_no_meaning() {
        let json = r#"{"Resources": {"Table": {"Type": "AWS::DynamoDB::Table"},
            "Queue": {"Type": "AWS::SQS::Queue"}}}"#;
        let mut wanted = template("artifacts/a", 128);
        wanted.body = "Resources:\n  Queue:\n    Type: 'AWS::SQS::Queue'\n  Table:\n    \
                       Type: AWS::DynamoDB::Table # the one\n"
            .to_owned();
        assert_eq!(changed(json, &wanted, None), Some(0));
    }
}
