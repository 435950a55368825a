//! A project of stacks for tests: its templates, and the values that the planner and the
//! executor take.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use shopctl_core::diagnostic::Location;
use shopctl_core::names::{ArtifactDigest, CloudStackName, LogicalId, StackName};
use shopctl_core::plan::PlannedValue;
use shopctl_core::planner::{
    Desired, DesiredStack, INLINE_TEMPLATE_LIMIT, Observed, template_object_key,
};
use shopctl_core::record::digest;
use shopctl_core::template::{
    Capability, RenderedTemplate, ResourceDeclaration, Upload, UploadSource,
};
use shopctl_deploy::ports::{Body, ObjectHeaders, Ports};
use shopctl_deploy::{
    Context, EventSender, SiteFile, SiteFileClass, SiteSource, State, UploadBodies, UrlCheck,
};
use tokio_util::sync::CancellationToken;

/// The bucket of artifacts and records of every test project.
pub const ARTIFACTS: &str = "shopctl-test-artifacts";

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

    fn read_output(&self) -> &'static str {
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
                if let Some(code) = &self.code {
                    writeln!(text, "      Code: {}", code_key(code))?;
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

    fn rendered(&self) -> RenderedTemplate {
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
            uploads: code.collect(),
            warnings: Vec::new(),
        }
    }
}

fn parameter(stack: &StackName) -> String {
    let letters: String = stack
        .as_str()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    format!("From{letters}")
}

fn code_key(code: &[u8]) -> String {
    format!("artifacts/{}.zip", digest(code))
}

/// The site of a test project.
#[derive(Debug, Clone)]
pub struct TestSite {
    /// The stack that puts out `Bucket`, the bucket's name, and `Distribution`.
    pub stack: StackName,
    /// Files: key and content. Those below `assets/` never change under one name.
    pub files: BTreeMap<String, String>,
}

/// A project of stacks.
#[derive(Debug, Clone, Default)]
pub struct TestProject {
    /// The stacks, each after those it reads from.
    pub stacks: Vec<TestStack>,
    /// The site.
    pub site: Option<TestSite>,
    /// A URL that has to answer: its stack and output.
    pub url: Option<(StackName, String)>,
    /// Whether stacks are protected from deletion.
    pub termination_protection: bool,
    /// Tags of all stacks.
    pub tags: BTreeMap<String, String>,
    /// Stacks that are worked on at once; 0 means 8.
    pub concurrency: usize,
}

impl TestProject {
    /// A project with some stacks, each after those it reads from.
    pub fn new(stacks: impl IntoIterator<Item = TestStack>) -> Self {
        Self {
            stacks: stacks.into_iter().collect(),
            ..Self::default()
        }
    }

    /// A stack, to be changed.
    ///
    /// # Panics
    /// When there is none of that name.
    #[expect(clippy::expect_used, reason = "a test names its own stacks")]
    pub fn stack(&mut self, name: &str) -> &mut TestStack {
        self.stacks
            .iter_mut()
            .find(|stack| stack.name.as_str() == name)
            .expect("a stack of this project")
    }

    /// A stack's name in CloudFormation.
    pub fn cloud_name(&self, stack: &str) -> CloudStackName {
        CloudStackName::new(format!("test-{stack}"))
    }

    /// Names of the stacks, as observing takes them.
    pub fn names(&self) -> Vec<(StackName, CloudStackName)> {
        self.stacks
            .iter()
            .map(|stack| (stack.name.clone(), self.cloud_name(stack.name.as_str())))
            .collect()
    }

    /// Names with dependencies, as planning a teardown takes them.
    pub fn dependents(&self) -> Vec<(StackName, CloudStackName, BTreeSet<StackName>)> {
        self.stacks
            .iter()
            .map(|stack| {
                (
                    stack.name.clone(),
                    self.cloud_name(stack.name.as_str()),
                    stack.needs.clone(),
                )
            })
            .collect()
    }

    /// What is to be deployed.
    pub fn desired(&self) -> Desired {
        let stacks = self
            .stacks
            .iter()
            .map(|stack| DesiredStack {
                cloud_name: self.cloud_name(stack.name.as_str()),
                template: stack.rendered(),
                parameters: stack
                    .needs
                    .iter()
                    .map(|from| {
                        let value = PlannedValue::OutputOf {
                            stack: from.clone(),
                            output: stack.read_output().to_owned(),
                        };
                        (parameter(from), value)
                    })
                    .collect(),
                depends_on: stack.needs.clone(),
                tags: self.tags.clone(),
                termination_protection: self.termination_protection,
            })
            .collect();
        Desired {
            project: "test".to_owned(),
            environment: "test".into(),
            bucket: ARTIFACTS.to_owned(),
            stacks,
            site: self
                .site
                .as_ref()
                .map(|site| BTreeSet::from([site.stack.clone()])),
            urls: self.url.is_some(),
            retry_paused: false,
        }
    }

    /// What the steps of a run share.
    pub fn context(
        &self,
        ports: Ports,
        desired: &Desired,
        observed: &Observed,
        run: &str,
        events: EventSender,
        cancel: CancellationToken,
    ) -> Context {
        let templates: BTreeMap<StackName, RenderedTemplate> = desired
            .stacks
            .iter()
            .map(|stack| (stack.template.stack.clone(), stack.template.clone()))
            .collect();
        let mut uploads = UploadBodies::default();
        for stack in &self.stacks {
            if let Some(code) = &stack.code {
                uploads.0.insert(code_key(code), Body::Bytes(code.clone()));
            }
        }
        for template in templates.values() {
            if template.body.len() > INLINE_TEMPLATE_LIMIT {
                let body = Body::Bytes(template.body.clone().into_bytes());
                uploads.0.insert(template_object_key(template), body);
            }
        }
        Context {
            ports,
            events,
            cancel,
            run: run.to_owned(),
            environment: "test".into(),
            mode: shopctl_deploy::ports::DeploymentMode::Standard,
            consent: shopctl_deploy::Consent::default(),
            bucket: ARTIFACTS.to_owned(),
            cloud_names: self.names().into_iter().map(|(_, name)| name).collect(),
            templates,
            uploads,
            site: self.site.as_ref().map(site_source),
            urls: self
                .url
                .iter()
                .map(|(stack, output)| UrlCheck {
                    name: "site".to_owned(),
                    url: PlannedValue::OutputOf {
                        stack: stack.clone(),
                        output: output.clone(),
                    },
                    check: Some("/".to_owned()),
                })
                .collect(),
            url_deadline: Duration::from_secs(60),
            concurrency: match self.concurrency {
                0 => 8,
                given => given,
            },
            state: State::new(observed),
        }
    }
}

fn site_source(site: &TestSite) -> SiteSource {
    let output = |output: &str| PlannedValue::OutputOf {
        stack: site.stack.clone(),
        output: output.to_owned(),
    };
    SiteSource {
        files: site
            .files
            .iter()
            .map(|(key, content)| {
                let class = if key.starts_with("assets/") {
                    SiteFileClass::Hashed
                } else if key.ends_with(".html") {
                    SiteFileClass::Page
                } else {
                    SiteFileClass::Plain
                };
                SiteFile {
                    key: key.clone(),
                    body: Body::Bytes(content.clone().into_bytes()),
                    digest: digest(content.as_bytes()),
                    headers: ObjectHeaders {
                        content_type: "text/plain".to_owned(),
                        cache_control: "no-cache".to_owned(),
                    },
                    class,
                }
            })
            .collect(),
        bucket: output("Bucket"),
        distribution: Some(output("Distribution")),
        config: None,
    }
}
