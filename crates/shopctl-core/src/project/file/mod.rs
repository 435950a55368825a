//! The keys of the project file, level by level, with what each means: the only place
//! where a key is named. Keys with findings, and keys left out, are `None`.

mod environment;
mod hooks;
mod site;
mod stack;
mod url;

use serde_json::{Value as Json, json};

use crate::diagnostic::Diagnostic;
use crate::names::{EnvironmentName, StackName};
use crate::yaml::{Node, ScalarStyle, Value};

use super::containers::{Entries, NonEmpty, WholeNumber};
use super::model::Located;
use super::shape::{Definitions, Fields, Findings, Object, Shape, key, unexpected};
use super::text::{
    ConfigKey, FolderPath, HandlerName, ParameterName, ProjectName, Region, TagKey, TagValue,
    UrlName,
};
use super::value::{ConfigValue, ParameterValue, Placed};

pub(super) use environment::EnvironmentKeys;
pub(super) use hooks::HookKeys;
pub(super) use site::SiteKeys;
pub(super) use stack::StackKeys;
pub(super) use url::UrlKeys;

pub(super) type Parameters = Entries<ParameterName, Placed<ParameterValue>>;
pub(super) type ConfigValues = Entries<ConfigKey, Placed<ConfigValue>>;
pub(super) type Tags = Entries<TagKey, TagValue>;

/// The version of the file's format.
#[derive(Debug)]
pub(super) struct Version;

impl Shape for Version {
    fn read(node: &Node, findings: &mut Findings) -> Option<Self> {
        match &node.value {
            Value::Scalar(scalar)
                if scalar.style == ScalarStyle::Plain
                    && node.tag.is_none()
                    && scalar.text == "1" =>
            {
                Some(Self)
            }
            _ => {
                findings.push(
                    Diagnostic::error(&node.location, unexpected(node, "version 1"))
                        .with_hint("this shopctl reads version 1 of the project file"),
                );
                None
            }
        }
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "integer", "const": 1 })
    }
}

/// How many runs a deploy keeps.
pub(super) type RunCount = WholeNumber<1, 10_000>;

/// The whole file.
#[derive(Debug)]
pub(super) struct ProjectFile {
    pub(super) project: Option<Located<ProjectName>>,
    pub(super) region: Option<Located<Region>>,
    pub(super) tags: Option<Tags>,
    pub(super) stacks: Option<NonEmpty<Entries<StackName, StackKeys>>>,
    pub(super) handlers: Option<Entries<HandlerName, Located<FolderPath>>>,
    pub(super) site: Option<Located<SiteKeys>>,
    pub(super) urls: Option<Entries<UrlName, UrlKeys>>,
    pub(super) hooks: Option<HookKeys>,
    pub(super) environments: Option<NonEmpty<Entries<EnvironmentName, EnvironmentKeys>>>,
}

impl Object for ProjectFile {
    const NAME: &'static str = "the project file";
    const DEFINITION: &'static str = "shopctl.yaml";
    const ABOUT: &'static str =
        "What shopctl deploys: stacks and how they are wired, handlers, the site, environments.";

    fn fields(fields: &mut Fields<'_>) -> Self {
        fields.required::<Version>(key("version", "The version of this file's format.").example(1));
        Self {
            project: fields.required(
                key(
                    "project",
                    "The project's name. Its stacks are named <project>-<environment>-<stack>.",
                )
                .example("shop"),
            ),
            region: fields.optional(
                key(
                    "region",
                    "The AWS region of environments that do not name one themselves.",
                )
                .example("us-east-1"),
            ),
            tags: fields.optional(
                key(
                    "tags",
                    "Tags of every stack, and with them of its resources. shopctl adds \
                     shopctl:project and shopctl:environment.",
                )
                .example(json!({ "cost-center": "web" })),
            ),
            stacks: fields.required(
                key(
                    "stacks",
                    "The CloudFormation stacks. A stack is deployed once those whose outputs it \
                     takes are done, whatever the order here.",
                )
                .example(json!({
                    "api": {},
                    "products": { "parameters": { "ApiId": { "output": "api.ApiId" } } },
                })),
            ),
            handlers: fields.optional(
                key(
                    "handlers",
                    "The Lambda handlers: a name and the folder of a cargo package whose binary \
                     is packed as bootstrap. Templates refer to the folder.",
                )
                .example(json!({ "products": "handlers/products" })),
            ),
            site: fields.optional(key("site", "The web site.")),
            urls: fields.optional(
                key(
                    "urls",
                    "The URLs that `shopctl status` prints and the health check asks. A URL \
                     belongs to the environments that have its stack.",
                )
                .example(json!({ "site": { "output": "site.SiteUrl", "check": "/" } })),
            ),
            hooks: fields.optional(key(
                "hooks",
                "Commands that run before and after a deploy or a teardown.",
            )),
            environments: fields.required(
                key("environments", "Where the project is deployed to.")
                    .example(json!({ "local": { "local": true } })),
            ),
        }
    }
}
