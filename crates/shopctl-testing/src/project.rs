//! A project of stacks for tests: its templates, and the values that the planner and the
//! executor take.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use shopctl_core::change::Allowance;
use shopctl_core::names::{CloudStackName, StackName};
use shopctl_core::plan::PlannedValue;
use shopctl_core::planner::{
    Desired, DesiredStack, INLINE_TEMPLATE_LIMIT, Observed, template_object_key,
};
use shopctl_core::record::digest;
use shopctl_core::template::RenderedTemplate;
use shopctl_deploy::ports::{Body, ObjectHeaders, Ports};
use shopctl_deploy::{
    Context, EventSender, Interrupt, Rules, SiteFile, SiteFileClass, SiteSource, State,
    UploadBodies, UrlCheck,
};

use crate::test_stack::{TestStack, code_key, parameter};

/// The bucket of artifacts and records of every test project.
pub const ARTIFACTS: &str = "shopctl-test-artifacts";

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
    /// What may happen to resources that hold data.
    pub allowed: Vec<Allowance>,
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
                termination_protection: self.termination_protection.then_some(true),
                settings: stack.settings.clone(),
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
            look_again: false,
            retry_paused: false,
        }
    }

    fn service_roles(&self) -> BTreeMap<StackName, String> {
        let named = self.stacks.iter().filter_map(|stack| {
            let role = stack.settings.service_role.clone()?;
            Some((stack.name.clone(), role))
        });
        named.collect()
    }

    /// What the steps of a run share.
    pub fn context(
        &self,
        ports: Ports,
        desired: &Desired,
        observed: &Observed,
        run: &str,
        events: EventSender,
        cancel: Interrupt,
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
            attach: "shopctl deploy --env test".to_owned(),
            run: run.to_owned(),
            environment: "test".into(),
            mode: shopctl_deploy::ports::DeploymentMode::Standard,
            consent: shopctl_deploy::Consent::default(),
            bucket: ARTIFACTS.to_owned(),
            cloud_names: self.names().into_iter().map(|(_, name)| name).collect(),
            service_roles: self.service_roles(),
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
            silence: Duration::from_secs(300),
            concurrency: match self.concurrency {
                0 => 8,
                given => given,
            },
            rules: Rules {
                allowed: self.allowed.clone(),
                ..Rules::default()
            },
            state: State::new(observed),
            lease: None,
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
                        content_encoding: None,
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
