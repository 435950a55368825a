//! Stacks of test projects and their templates.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use indexmap::IndexMap;
use shopctl_core::diagnostic::Location;
use shopctl_core::names::{ArtifactDigest, LogicalId, StackName};
use shopctl_core::record::digest;
use shopctl_core::stack_settings::StackSettings;
use shopctl_core::template::{
    Capability, RenderedTemplate, ResourceDeclaration, Upload, UploadSource,
};

use crate::project::ARTIFACTS;

/// The type of what runs code.
const FUNCTION: &str = "AWS::Lambda::Function";

/// A resource of a test project.
#[derive(Debug, Clone)]
pub struct TestResource {
    /// Its logical ID.
    pub id: String,
    /// Its type.
    pub resource_type: String,
    /// Another number is a change that CloudFormation makes in place.
    pub version: u32,
    /// Its own name; another one is a replacement.
    pub name: Option<String>,
    /// `DeletionPolicy`
    pub policy: Option<&'static str>,
    /// Logical IDs that it refers to.
    pub needs: Vec<String>,
}

impl TestResource {
    /// A queue.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            resource_type: "AWS::SQS::Queue".to_owned(),
            version: 1,
            name: None,
            policy: None,
            needs: Vec::new(),
        }
    }

    /// Of another type.
    #[must_use]
    pub fn of_type(mut self, resource_type: &str) -> Self {
        self.resource_type = resource_type.to_owned();
        self
    }

    /// With a `DeletionPolicy`.
    #[must_use]
    pub fn policy(mut self, policy: &'static str) -> Self {
        self.policy = Some(policy);
        self
    }

    /// With a name of its own, in the property that its type has for that.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Refers to another resource.
    #[must_use]
    pub fn after(mut self, id: &str) -> Self {
        self.needs.push(id.to_owned());
        self
    }

    fn name_property(&self) -> &'static str {
        match self.resource_type.as_str() {
            "AWS::S3::Bucket" => "BucketName",
            "AWS::DynamoDB::Table" => "TableName",
            "AWS::Lambda::Function" => "FunctionName",
            "AWS::Logs::LogGroup" => "LogGroupName",
            "AWS::SNS::Topic" => "TopicName",
            _ => "QueueName",
        }
    }
}

/// A stack of a test project.
#[derive(Debug, Clone)]
pub struct TestStack {
    /// Its name in the project.
    pub name: StackName,
    /// Its resources.
    pub resources: Vec<TestResource>,
    /// Stacks of which it reads an output.
    pub needs: BTreeSet<StackName>,
    /// Whether it reads the output that changes with every change of the other stack.
    pub reads_version: bool,
    /// Outputs besides `Value` and `Version`: name and value as they stand in the template.
    pub outputs: IndexMap<String, String>,
    /// Exports: name and value as they stand in the template.
    pub exports: IndexMap<String, String>,
    /// Names of exports that it imports.
    pub imports: Vec<String>,
    /// Bytes of its code, which are uploaded before it is deployed.
    pub code: Option<Vec<u8>>,
    /// Adds this many bytes of description, so that the template becomes large.
    pub padding: usize,
    /// How CloudFormation is to treat it.
    pub settings: StackSettings,
}

impl TestStack {
    /// A stack with one queue, `First`.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            resources: vec![TestResource::new("First")],
            needs: BTreeSet::new(),
            reads_version: false,
            outputs: IndexMap::new(),
            exports: IndexMap::new(),
            imports: Vec::new(),
            code: None,
            padding: 0,
            settings: StackSettings::default(),
        }
    }

    /// With one more resource.
    #[must_use]
    pub fn with(mut self, resource: TestResource) -> Self {
        self.resources.push(resource);
        self
    }

    /// Reads an output of another stack.
    #[must_use]
    pub fn after(mut self, stack: &str) -> Self {
        self.needs.insert(stack.into());
        self
    }

    /// With an export.
    #[must_use]
    pub fn exporting(mut self, name: &str, value: &str) -> Self {
        self.exports.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Imports an export.
    #[must_use]
    pub fn importing(mut self, name: &str) -> Self {
        self.imports.push(name.to_owned());
        self
    }

    /// With code to be uploaded.
    #[must_use]
    pub fn with_code(mut self, code: &str) -> Self {
        self.code = Some(code.as_bytes().to_vec());
        self
    }

    /// With an output.
    #[must_use]
    pub fn with_output(mut self, name: &str, value: &str) -> Self {
        self.outputs.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Changes all its resources in place.
    pub fn bump(&mut self) {
        for resource in &mut self.resources {
            resource.version += 1;
        }
    }

    pub(crate) fn read_output(&self) -> &'static str {
        if self.reads_version {
            "Version"
        } else {
            "Value"
        }
    }

    /// The template's text.
    pub fn template(&self) -> String {
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        if self.padding > 0 {
            writeln!(text, "# {}", "-".repeat(self.padding))?;
        }
        if !self.needs.is_empty() {
            writeln!(text, "Parameters:")?;
            for stack in &self.needs {
                writeln!(text, "  {}: {{ Type: String }}", parameter(stack))?;
            }
        }
        writeln!(text, "Resources:")?;
        let is_function = |resource: &TestResource| resource.resource_type == FUNCTION;
        // Code is a function's, if there is one.
        let coded = self.resources.iter().position(is_function).or(Some(0));
        for (index, resource) in self.resources.iter().enumerate() {
            writeln!(text, "  {}:", resource.id)?;
            writeln!(text, "    Type: {}", resource.resource_type)?;
            if let Some(policy) = resource.policy {
                writeln!(text, "    DeletionPolicy: {policy}")?;
            }
            writeln!(text, "    Properties:")?;
            writeln!(text, "      Version: \"{}\"", resource.version)?;
            if let Some(name) = &resource.name {
                writeln!(text, "      {}: {name}", resource.name_property())?;
            }
            if !resource.needs.is_empty() {
                writeln!(text, "      Needs:")?;
                for need in &resource.needs {
                    writeln!(text, "        - !Ref {need}")?;
                }
            }
            if index == 0 {
                for stack in &self.needs {
                    let name = parameter(stack);
                    writeln!(text, "      {name}: !Ref {name}")?;
                }
                for name in &self.imports {
                    writeln!(text, "      {name}: !ImportValue {name}")?;
                }
            }
            if Some(index) == coded
                && let Some(code) = &self.code
            {
                let key = code_key(code);
                if resource.resource_type == FUNCTION {
                    writeln!(
                        text,
                        "      Code: {{ S3Bucket: {ARTIFACTS}, S3Key: {key} }}"
                    )?;
                } else {
                    writeln!(text, "      Code: {key}")?;
                }
            }
        }
        writeln!(text, "Outputs:")?;
        if let Some(first) = self.resources.first() {
            writeln!(text, "  Value: {{ Value: !Ref {} }}", first.id)?;
            writeln!(text, "  Version: {{ Value: \"{}\" }}", first.version)?;
        }
        for (name, value) in &self.outputs {
            writeln!(text, "  {name}: {{ Value: {value} }}")?;
        }
        for (index, (name, value)) in self.exports.iter().enumerate() {
            writeln!(
                text,
                "  Export{index}: {{ Value: {value}, Export: {{ Name: {name} }} }}"
            )?;
        }
        Ok(())
    }

    pub(crate) fn rendered(&self) -> RenderedTemplate {
        let body = self.template();
        let location = Location {
            file: Arc::from(format!("stacks/{}/template.yaml", self.name)),
            line: 1,
            column: 1,
        };
        let iam = self
            .resources
            .iter()
            .any(|resource| resource.resource_type.starts_with("AWS::IAM::"));
        let code = self.code.iter().map(|code| Upload {
            key: code_key(code),
            digest: ArtifactDigest::new(digest(code)),
            label: format!("code of {}", self.name),
            source: UploadSource::Artifact,
        });
        let outputs = ["Value".to_owned(), "Version".to_owned()];
        RenderedTemplate {
            stack: self.name.clone(),
            digest: digest(body.as_bytes()),
            body,
            parameters: IndexMap::new(),
            outputs: outputs
                .into_iter()
                .chain(self.outputs.keys().cloned())
                .collect(),
            capabilities: iam.then_some(Capability::NamedIam).into_iter().collect(),
            resources: self
                .resources
                .iter()
                .map(|resource| {
                    let declaration = ResourceDeclaration {
                        resource_type: resource.resource_type.clone(),
                        deletion_policy: resource.policy.map(str::to_owned),
                        location: location.clone(),
                    };
                    (LogicalId::new(resource.id.clone()), declaration)
                })
                .collect(),
            omitted: Vec::new(),
            nested: std::collections::BTreeMap::new(),
            uploads: code.collect(),
            warnings: Vec::new(),
        }
    }
}

pub(crate) fn parameter(stack: &StackName) -> String {
    let letters: String = stack
        .as_str()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    format!("From{letters}")
}

pub(crate) fn code_key(code: &[u8]) -> String {
    format!("artifacts/{}.zip", digest(code))
}
