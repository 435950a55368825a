//! A project as boxes and lines: stacks, and which output goes into which parameter.
//! How it is drawn is the reporter's part.

use serde::Serialize;

use crate::names::{CloudStackName, EnvironmentName, StackName};
use crate::project::{ConfigValue, Environment, OutputReference, ParameterValue, Project};

/// Version of the document's format.
pub const VERSION: u32 = 1;

/// What the site's files are called beside stacks; no stack can have this name.
const SITE: &str = "site files";

/// The stacks of an environment and their wiring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Diagram {
    /// Version of the format, [`VERSION`].
    pub version: u32,
    /// The project's name.
    pub project: String,
    /// The environment's name.
    pub environment: EnvironmentName,
    /// The boxes, in the order of the project file; the site's files come last.
    pub nodes: Vec<Node>,
    /// The lines, in the order of the project file.
    pub links: Vec<Link>,
}

/// A box.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    /// Its name: the stack's, or `site files`.
    pub id: String,
    /// What it is.
    pub kind: NodeKind,
    /// The stack's name in CloudFormation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stack_name: Option<CloudStackName>,
}

/// What a box is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeKind {
    /// A stack.
    Stack,
    /// The files of the web site.
    Site,
}

/// A line from a stack to what waits for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// The box that comes first.
    pub from: String,
    /// The box that waits for it.
    pub to: String,
    /// The value that flows; `None` when one only has to come after the other.
    #[serde(flatten)]
    pub wire: Option<Wire>,
}

/// A value that one stack puts out and something else takes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Wire {
    /// The output.
    pub output: String,
    /// The parameter that gets it; of the site, what it is used for.
    pub parameter: String,
}

impl Diagram {
    /// The diagram of an environment. What its stacks are wired to but it lacks is left out.
    pub fn of(project: &Project, environment: &Environment) -> Self {
        let stacks: Vec<&StackName> = project
            .stacks_in(environment)
            .map(|stack| &stack.name)
            .collect();
        let mut diagram = Self {
            version: VERSION,
            project: project.name().to_string(),
            environment: environment.name.clone(),
            nodes: stacks
                .iter()
                .map(|name| Node {
                    id: name.to_string(),
                    kind: NodeKind::Stack,
                    stack_name: Some(project.cloud_stack_name(environment, name)),
                })
                .collect(),
            links: Vec::new(),
        };
        for stack in &stacks {
            for (name, given) in project.parameters_for(stack, environment) {
                if let ParameterValue::OutputOf(from) = &given.value {
                    diagram.wire(from, stack.as_str(), &name);
                }
            }
            // A named dependency that a value goes along says nothing new.
            for before in project.dependencies_of(stack, environment) {
                let known = |link: &Link| link.from == before.as_str() && link.to == stack.as_str();
                if !diagram.links.iter().any(known) {
                    diagram.links.push(Link {
                        from: before.to_string(),
                        to: stack.to_string(),
                        wire: None,
                    });
                }
            }
        }
        diagram.site(project, environment);
        diagram
    }

    fn site(&mut self, project: &Project, environment: &Environment) {
        let Some(site) = project.site_in(environment) else {
            return;
        };
        self.nodes.push(Node {
            id: SITE.to_owned(),
            kind: NodeKind::Site,
            stack_name: None,
        });
        self.wire(&site.bucket, SITE, "bucket");
        if let Some(distribution) = &site.distribution {
            self.wire(distribution, SITE, "distribution");
        }
        let Some(config) = project.site_config_for(environment) else {
            return;
        };
        for (name, given) in &config.values {
            if let ConfigValue::OutputOf(from) = &given.value {
                self.wire(from, SITE, name);
            }
        }
    }

    fn wire(&mut self, from: &OutputReference, to: &str, parameter: &str) {
        if self.nodes.iter().any(|node| node.id == from.stack.as_str()) {
            self.links.push(Link {
                from: from.stack.to_string(),
                to: to.to_owned(),
                wire: Some(Wire {
                    output: from.output.clone(),
                    parameter: parameter.to_owned(),
                }),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use insta::assert_snapshot;

    use super::*;

    const PROJECT: &str = "
version: 1
project: shop
region: eu-central-1
stacks:
  data: {}
  extra:
    environments: [prod]
  api:
    dependsOn: [data, audit]
    parameters:
      Table: { output: data.TableName }
      Extra: { output: extra.Name }
      Size: 3
  audit: {}
site:
  path: web
  output: web
  bucket: { output: data.Bucket }
  config:
    file: config.json
    values: { api: { output: api.Url }, region: { pseudo: region } }
environments:
  local: { local: true, parameters: { api: { Extra: none } } }
  prod: { account: '123456789012', architecture: arm64 }
";

    fn lines(environment: &str) -> String {
        let project = Project::parse("shopctl.yaml", PROJECT).unwrap();
        let environment = project.environment(environment).unwrap();
        let links = Diagram::of(&project, environment).links;
        let line = |link: Link| match link.wire {
            Some(wire) => format!(
                "{}.{} -> {}.{}",
                link.from, wire.output, link.to, wire.parameter
            ),
            None => format!("{} -> {}", link.from, link.to),
        };
        links.into_iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn every_value_is_a_line_and_a_bare_dependency_is_one_too() {
        assert_snapshot!(lines("prod"), @r"
        data.TableName -> api.Table
        extra.Name -> api.Extra
        audit -> api
        data.Bucket -> site files.bucket
        api.Url -> site files.api
        ");
    }

    #[test]
    fn what_the_environment_lacks_or_overrides_is_not_there() {
        assert_snapshot!(lines("local"), @r"
        data.TableName -> api.Table
        audit -> api
        data.Bucket -> site files.bucket
        api.Url -> site files.api
        ");
    }

    #[test]
    fn the_document_has_the_names_that_scripts_rely_on() {
        let project = Project::parse("shopctl.yaml", PROJECT).unwrap();
        let mut diagram = Diagram::of(&project, project.environment("local").unwrap());
        diagram.nodes.truncate(1);
        diagram.links.truncate(2);
        assert_snapshot!(
            serde_json::to_string(&diagram).unwrap(),
            @r#"{"version":1,"project":"shop","environment":"local","nodes":[{"id":"data","kind":"stack","stackName":"shop-local-data"}],"links":[{"from":"data","to":"api","output":"TableName","parameter":"Table"},{"from":"audit","to":"api"}]}"#
        );
    }
}
