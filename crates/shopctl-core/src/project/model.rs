//! The project as the rest of the tool sees it: checked, typed, every reference
//! known to lead somewhere. Reading it from a file is elsewhere.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;

use indexmap::IndexMap;

use crate::diagnostic::{Location, did_you_mean};
use crate::names::{self, CloudStackName, EnvironmentName, StackName};

use super::graph::Graph;
use super::rollback::Rollback;
use super::text::{
    AccountId, CargoProfile, ExternalId, FilePath, FolderPath, HandlerName, PolicyArn, ProjectName,
    Region, ResourceTypePattern, RoleArn, SiteFile, UrlName, UrlPath,
};
use super::value::{ConfigValue, OutputReference, ParameterValue};

/// A value with its place in the project file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it is written, for messages.
    pub location: Location,
}

impl<T> Deref for Located<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Display> fmt::Display for Located<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

/// A value given to a parameter or to a key of the site's configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Given<T> {
    /// The value.
    pub value: T,
    /// Where the value is; of a reference, where the text inside of it is.
    pub location: Location,
    /// Where the name is that it is given to.
    pub name_location: Location,
}

/// A project: what `shopctl.yaml` says.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    pub(super) file: String,
    pub(super) name: ProjectName,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) stacks: IndexMap<StackName, Stack>,
    pub(super) handlers: IndexMap<HandlerName, Located<FolderPath>>,
    pub(super) site: Option<Site>,
    pub(super) urls: IndexMap<UrlName, Url>,
    pub(super) hooks: Hooks,
    pub(super) environments: IndexMap<EnvironmentName, Environment>,
}

/// A stack of the project.
#[derive(Debug, Clone, PartialEq)]
pub struct Stack {
    /// Its name.
    pub name: StackName,
    /// Where it begins in the project file.
    pub location: Location,
    /// Its template.
    pub template: Located<FilePath>,
    /// Values for all environments; [`Project::parameters_for`] has those of one environment.
    pub parameters: IndexMap<String, Given<ParameterValue>>,
    /// Stacks that come first although no output of theirs is taken.
    pub depends_on: Vec<Located<StackName>>,
    /// The only environments that have it; `None` stands for all.
    pub environments: Option<Vec<Located<EnvironmentName>>>,
    /// The role that CloudFormation takes on for it on AWS; [`Project::service_role_for`] has
    /// that of one environment.
    pub service_role: Option<Located<RoleArn>>,
    /// The alarms that roll it back on AWS; [`Project::rollback_for`] has those of one
    /// environment.
    pub rollback: Option<Rollback>,
    /// The file of its stack policy, which it has on AWS.
    pub stack_policy: Option<Located<FilePath>>,
}

/// The web site.
#[derive(Debug, Clone, PartialEq)]
pub struct Site {
    /// Where the build command runs.
    pub path: Located<FolderPath>,
    /// The build command, word by word; `None` when there is nothing to build.
    pub build: Option<Vec<String>>,
    /// The folder of the finished files.
    pub output: Located<FolderPath>,
    /// The bucket that holds the files.
    pub bucket: Located<OutputReference>,
    /// The id of the CloudFront distribution in front of the bucket.
    pub distribution: Option<Located<OutputReference>>,
    /// What the page reads when it runs.
    pub config: Option<SiteConfig>,
    /// Where it begins in the project file.
    pub location: Location,
}

/// A JSON file that is written beside the site's files.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteConfig {
    /// Its path in the site.
    pub file: SiteFile,
    /// Values for all environments; [`Project::site_config_for`] has those of one environment.
    pub values: IndexMap<String, Given<ConfigValue>>,
}

/// A URL of the project.
#[derive(Debug, Clone, PartialEq)]
pub struct Url {
    /// The output that is the URL.
    pub output: Located<OutputReference>,
    /// What the health check asks for behind the URL; `None` stands for the URL itself.
    pub check: Option<UrlPath>,
}

/// Commands, word by word, that run around what the tool does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hooks {
    /// Before anything of a deploy is built.
    pub before_deploy: Option<Vec<String>>,
    /// When a deploy has ended well.
    pub after_deploy: Option<Vec<String>>,
    /// Before anything is deleted.
    pub before_teardown: Option<Vec<String>>,
    /// When all is deleted.
    pub after_teardown: Option<Vec<String>>,
}

/// What kind of cloud an environment is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvironmentKind {
    /// The local cloud on this machine.
    Local,
    /// AWS.
    Aws {
        /// The only account that may be deployed to, when it is named.
        account: Option<Located<AccountId>>,
    },
}

/// The role that a run takes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its ARN.
    pub arn: Located<RoleArn>,
    /// What its trust policy asks for besides the right caller.
    pub external_id: Option<ExternalId>,
}

/// What handlers are built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Architecture {
    /// 64-bit x86; `x86_64` in Lambda.
    X86_64,
    /// 64-bit ARM; `arm64` in Lambda.
    Arm64,
}

impl Architecture {
    /// The word that CloudFormation and Lambda use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A place where the project is deployed to.
#[derive(Debug, Clone, PartialEq)]
pub struct Environment {
    /// Its name.
    pub name: EnvironmentName,
    /// Where it begins in the project file.
    pub location: Location,
    /// On the local cloud or on AWS.
    pub kind: EnvironmentKind,
    /// The role that everything is done as; `None` stands for whoever the credentials are.
    pub role: Option<Role>,
    /// The role that CloudFormation takes on for stacks that name none themselves.
    pub service_role: Option<Located<RoleArn>>,
    /// The alarms that roll back stacks that name none themselves.
    pub rollback: Option<Rollback>,
    /// The policy that bounds roles and users that name none.
    pub permissions_boundary: Option<Located<PolicyArn>>,
    /// Its region: its own, else the project's.
    pub region: Region,
    /// What handlers are built for; `None`, which only the local cloud may have, stands for
    /// the machine that it runs on.
    pub architecture: Option<Architecture>,
    /// The cargo profile that handlers are built with.
    pub profile: CargoProfile,
    /// Values of parameters, which win over those of the stacks; with the place of each
    /// stack's name.
    pub parameters: IndexMap<StackName, Located<IndexMap<String, Given<ParameterValue>>>>,
    /// Values of the site's configuration, which win over those of the site.
    pub config: IndexMap<String, Given<ConfigValue>>,
    /// Its tags, which win over the project's; [`Project::tags_for`] has all.
    pub tags: BTreeMap<String, String>,
    /// Whether commands that destroy something ask for the environment's name.
    pub protected: bool,
    /// Whether CloudFormation refuses to delete the stacks; `None` leaves that as it is.
    pub termination_protection: Option<bool>,
    /// How many runs that ended well a deploy keeps; all of them without.
    pub keep_runs: Option<usize>,
    /// Whether CloudFormation need not wait until resources are ready.
    pub express: bool,
    /// Resource types that it lacks; `*` stands for anything.
    pub omit: Vec<Located<ResourceTypePattern>>,
}

impl Environment {
    /// Whether it is on the local cloud.
    pub fn is_local(&self) -> bool {
        self.kind == EnvironmentKind::Local
    }
}

/// The project has no environment of that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no environment '{name}' in {file}")]
pub struct UnknownEnvironment {
    /// The name that was asked for.
    pub name: String,
    /// The project file.
    pub file: String,
    /// The names that there are.
    pub known: Vec<EnvironmentName>,
}

impl UnknownEnvironment {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        did_you_mean(&self.name, self.known.iter().map(EnvironmentName::as_str))
    }
}

impl Project {
    /// Its name.
    pub fn name(&self) -> &ProjectName {
        &self.name
    }

    /// The project file, as messages name it.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// All stacks, in the order of the file.
    pub fn stacks(&self) -> impl Iterator<Item = &Stack> {
        self.stacks.values()
    }

    /// A stack.
    pub fn stack(&self, name: &str) -> Option<&Stack> {
        self.stacks.get(name)
    }

    /// The stacks that an environment has, in the order of the file.
    pub fn stacks_in(&self, environment: &Environment) -> impl Iterator<Item = &Stack> {
        self.stacks.values().filter(|s| s.is_in(environment))
    }

    /// The folders of handlers by the handlers' names.
    pub fn handlers(&self) -> &IndexMap<HandlerName, Located<FolderPath>> {
        &self.handlers
    }

    /// The site.
    pub fn site(&self) -> Option<&Site> {
        self.site.as_ref()
    }

    /// The site, as far as the environment has its bucket's stack.
    pub fn site_in(&self, environment: &Environment) -> Option<&Site> {
        let has_stack = |site: &&Site| self.has(environment, &site.bucket.stack);
        self.site.as_ref().filter(has_stack)
    }

    /// The URLs whose stacks the environment has.
    pub fn urls_in(&self, environment: &Environment) -> impl Iterator<Item = (&UrlName, &Url)> {
        let has_stack = |(_, url): &(&UrlName, &Url)| self.has(environment, &url.output.stack);
        self.urls.iter().filter(has_stack)
    }

    /// The commands around deploys and teardowns.
    pub fn hooks(&self) -> &Hooks {
        &self.hooks
    }

    /// All environments, in the order of the file.
    pub fn environments(&self) -> impl Iterator<Item = &Environment> {
        self.environments.values()
    }

    /// The environment of that name.
    pub fn environment(&self, name: &str) -> Result<&Environment, UnknownEnvironment> {
        self.environments
            .get(name)
            .ok_or_else(|| UnknownEnvironment {
                name: name.to_owned(),
                file: self.file.clone(),
                known: self.environments.keys().cloned().collect(),
            })
    }

    /// The name that a stack has in CloudFormation.
    pub fn cloud_stack_name(&self, environment: &Environment, stack: &StackName) -> CloudStackName {
        CloudStackName::new(format!("{}-{}-{stack}", self.name, environment.name))
    }

    /// The values of a stack's parameters in an environment: the stack's own, in their
    /// order, with the environment's in their place or behind them.
    pub fn parameters_for(
        &self,
        stack: &StackName,
        environment: &Environment,
    ) -> IndexMap<String, Given<ParameterValue>> {
        let mut parameters = match self.stacks.get(stack) {
            Some(stack) => stack.parameters.clone(),
            None => IndexMap::new(),
        };
        if let Some(own) = environment.parameters.get(stack) {
            parameters.extend(own.value.clone());
        }
        parameters
    }

    /// The site's configuration in an environment; `None` when the site has none, or the
    /// environment no site.
    pub fn site_config_for(&self, environment: &Environment) -> Option<SiteConfig> {
        let mut config = self.site_in(environment)?.config.clone()?;
        config.values.extend(environment.config.clone());
        Some(config)
    }

    /// The stacks that a stack waits for in an environment: those whose outputs it takes
    /// and those it names, in the order of the file.
    pub fn dependencies_of(&self, stack: &StackName, environment: &Environment) -> Vec<&StackName> {
        Graph::of(self, environment).dependencies(stack)
    }

    /// The stacks of an environment, each after those it waits for, otherwise in the order
    /// of the file.
    pub fn stack_names_in_order(&self, environment: &Environment) -> Vec<&StackName> {
        Graph::of(self, environment).order().0
    }

    /// The tags of an environment's stacks, with those that say whose they are.
    pub fn tags_for(&self, environment: &Environment) -> BTreeMap<String, String> {
        let mut tags = self.tags.clone();
        tags.extend(environment.tags.clone());
        tags.insert("shopctl:project".to_owned(), self.name.to_string());
        tags.insert(
            "shopctl:environment".to_owned(),
            environment.name.to_string(),
        );
        tags
    }

    /// The role that CloudFormation takes on for a stack: the stack's own, else the
    /// environment's. The local cloud has none.
    pub fn service_role_for<'a>(
        &'a self,
        stack: &StackName,
        environment: &'a Environment,
    ) -> Option<&'a Located<RoleArn>> {
        if environment.is_local() {
            return None;
        }
        let own = self.stacks.get(stack)?.service_role.as_ref();
        own.or(environment.service_role.as_ref())
    }

    /// The alarms that roll a stack back: the stack's own, else the environment's unless the
    /// stack comes before them. On the local cloud there are none.
    pub fn rollback_for<'a>(
        &'a self,
        stack: &StackName,
        environment: &'a Environment,
    ) -> Option<&'a Rollback> {
        if environment.is_local() {
            return None;
        }
        if let Some(own) = &self.stacks.get(stack)?.rollback {
            return Some(own);
        }
        let common = environment.rollback.as_ref()?;
        let before = Graph::of(self, environment).before(common);
        (!before.contains(stack)).then_some(common)
    }

    /// The bucket that holds an environment's artifacts and records.
    pub fn artifact_bucket(&self, environment: &Environment, account: &str) -> String {
        names::artifact_bucket(
            self.name.as_str(),
            environment.name.as_str(),
            account,
            environment.region.as_str(),
        )
    }

    /// Whether an environment has a stack.
    pub(super) fn has(&self, environment: &Environment, stack: &StackName) -> bool {
        self.stacks.get(stack).is_some_and(|s| s.is_in(environment))
    }
}

impl Stack {
    /// Whether an environment has it.
    pub fn is_in(&self, environment: &Environment) -> bool {
        match &self.environments {
            None => true,
            Some(names) => names.iter().any(|name| name.value == environment.name),
        }
    }
}

impl Site {
    /// The outputs that the site itself needs; those of its configuration come on top.
    pub fn outputs(&self) -> impl Iterator<Item = &Located<OutputReference>> {
        std::iter::once(&self.bucket).chain(&self.distribution)
    }
}
