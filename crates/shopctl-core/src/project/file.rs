//! The keys of the project file, level by level, with what each means: the only place
//! where a key is named. Keys with findings, and keys left out, are `None`.

use serde_json::{Value as Json, json};

use crate::diagnostic::Diagnostic;
use crate::names::{EnvironmentName, StackName};
use crate::yaml::{Node, ScalarStyle, Value};

use super::containers::{Choice, Distinct, Entries, NonEmpty, WholeNumber};
use super::model::{Architecture, Located};
use super::rollback::RollbackKeys;
use super::shape::{Definitions, Fields, Findings, Object, Shape, key, unexpected};
use super::text::{
    AccountId, Argument, CargoProfile, ConfigKey, ExternalId, FilePath, FolderPath, HandlerName,
    ParameterName, PolicyArn, ProjectName, Region, ResourceTypePattern, RoleArn, SiteFile, TagKey,
    TagValue, UrlName, UrlPath,
};
use super::value::{ConfigValue, OutputKey, OutputReference, ParameterValue, Placed};

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

impl Shape for Architecture {
    fn read(node: &Node, findings: &mut Findings) -> Option<Self> {
        Self::read_word(node, findings)
    }

    fn schema(_: &mut Definitions) -> Json {
        Self::words_schema()
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

/// A stack.
#[derive(Debug, Default)]
pub(super) struct StackKeys {
    pub(super) template: Option<Located<FilePath>>,
    pub(super) parameters: Option<Parameters>,
    pub(super) depends_on: Option<Distinct<StackName>>,
    pub(super) environments: Option<NonEmpty<Distinct<EnvironmentName>>>,
    pub(super) service_role: Option<Located<RoleArn>>,
    pub(super) rollback: Option<Located<RollbackKeys>>,
    pub(super) stack_policy: Option<Located<FilePath>>,
}

impl Object for StackKeys {
    const NAME: &'static str = "a stack";
    const DEFINITION: &'static str = "stack";
    const ABOUT: &'static str = "A CloudFormation stack.";
    const MAY_BE_NOTHING: bool = true;

    fn fields(fields: &mut Fields<'_>) -> Self {
        Self {
            template: fields.optional(
                key(
                    "template",
                    "The template's file. Default: stacks/<stack>/template.yaml.",
                )
                .example("stacks/products/template.yaml"),
            ),
            parameters: fields.optional(
                key(
                    "parameters",
                    "Values of the template's parameters, for all environments.",
                )
                .example(json!({ "ApiId": { "output": "api.ApiId" }, "RetentionDays": 30 })),
            ),
            depends_on: fields.optional(
                key(
                    "dependsOn",
                    "Stacks that come first although no output of theirs is taken.",
                )
                .example(json!(["platform"])),
            ),
            environments: fields.optional(
                key(
                    "environments",
                    "The only environments that have this stack. Default: all.",
                )
                .example(json!(["prod"])),
            ),
            service_role: fields.optional(
                key(
                    "serviceRole",
                    "The IAM role that CloudFormation takes on for the resources of this stack, \
                     in every environment on AWS. It wins over that of the environment.",
                )
                .example("arn:aws:iam::123456789012:role/cloudformation"),
            ),
            rollback: fields.optional(key(
                "rollback",
                "The alarms that roll this stack back on AWS, in place of those of the \
                 environment.",
            )),
            stack_policy: fields.optional(
                key(
                    "stackPolicy",
                    "The JSON file of the stack policy, which says what updates may not do, on \
                     AWS. Without it the policy stays as it is.",
                )
                .example("stacks/orders/policy.json"),
            ),
        }
    }
}

/// The site.
#[derive(Debug)]
pub(super) struct SiteKeys {
    pub(super) path: Option<Located<FolderPath>>,
    pub(super) build: Option<NonEmpty<Vec<Argument>>>,
    pub(super) output: Option<Located<FolderPath>>,
    pub(super) bucket: Option<OutputKey>,
    pub(super) distribution: Option<OutputKey>,
    pub(super) config: Option<SiteConfigKeys>,
}

impl Object for SiteKeys {
    const NAME: &'static str = "the site";
    const DEFINITION: &'static str = "site";
    const ABOUT: &'static str = "A web site: built, and its files brought into a bucket, in the environments that have \
         the bucket's stack.";

    fn fields(fields: &mut Fields<'_>) -> Self {
        Self {
            path: fields.required(
                key("path", "The folder where the build command runs.").example("frontend"),
            ),
            build: fields.optional(
                key(
                    "build",
                    "The build command, word by word; no shell reads it. Without it the files \
                     are taken as they are.",
                )
                .example(json!(["npm", "run", "build"])),
            ),
            output: fields.required(
                key("output", "The folder of the finished files.").example("frontend/dist"),
            ),
            bucket: fields.required(
                key("bucket", "The bucket that holds the files.")
                    .example(json!({ "output": "site.BucketName" })),
            ),
            distribution: fields.optional(
                key(
                    "distribution",
                    "The id of the CloudFront distribution whose changed paths are invalidated.",
                )
                .example(json!({ "output": "site.DistributionId" })),
            ),
            config: fields.optional(key(
                "config",
                "A JSON file that the deploy writes beside the site's files and the page reads \
                 when it runs.",
            )),
        }
    }
}

/// The site's configuration.
#[derive(Debug)]
pub(super) struct SiteConfigKeys {
    pub(super) file: Option<SiteFile>,
    pub(super) values: Option<ConfigValues>,
}

impl Object for SiteConfigKeys {
    const NAME: &'static str = "the site's configuration";
    const DEFINITION: &'static str = "siteConfig";
    const ABOUT: &'static str = "The file that tells the page what it is connected to.";

    fn fields(fields: &mut Fields<'_>) -> Self {
        Self {
            file: fields
                .required(key("file", "The file's path in the site.").example("config.json")),
            values: fields.required(
                key("values", "The keys of the JSON object and their values.").example(json!({
                    "apiUrl": "/api",
                    "region": { "pseudo": "region" },
                    "userPoolId": { "output": "identity.UserPoolId" },
                })),
            ),
        }
    }
}

/// A URL.
#[derive(Debug)]
pub(super) struct UrlKeys {
    pub(super) output: Option<Located<OutputReference>>,
    pub(super) check: Option<UrlPath>,
}

impl Object for UrlKeys {
    const NAME: &'static str = "a URL";
    const DEFINITION: &'static str = "url";
    const ABOUT: &'static str = "A URL that a stack puts out.";

    fn fields(fields: &mut Fields<'_>) -> Self {
        Self {
            output: fields.required(
                key("output", "The stack and the output that is the URL.").example("site.SiteUrl"),
            ),
            check: fields.optional(
                key(
                    "check",
                    "The path, behind the URL, that the health check asks for. Without it the \
                     URL itself is asked.",
                )
                .example("/products"),
            ),
        }
    }
}

/// Commands around what shopctl does.
#[derive(Debug, Default)]
pub(super) struct HookKeys {
    pub(super) before_deploy: Option<NonEmpty<Vec<Argument>>>,
    pub(super) after_deploy: Option<NonEmpty<Vec<Argument>>>,
    pub(super) before_teardown: Option<NonEmpty<Vec<Argument>>>,
    pub(super) after_teardown: Option<NonEmpty<Vec<Argument>>>,
}

impl Object for HookKeys {
    const NAME: &'static str = "the hooks";
    const DEFINITION: &'static str = "hooks";
    const ABOUT: &'static str =
        "Commands, word by word, that run in the project's folder; no shell reads them.";

    fn fields(fields: &mut Fields<'_>) -> Self {
        Self {
            before_deploy: fields.optional(
                key(
                    "beforeDeploy",
                    "Runs before anything is built. When it fails, nothing is deployed.",
                )
                .example(json!(["make", "generate"])),
            ),
            after_deploy: fields.optional(
                key(
                    "afterDeploy",
                    "Runs when all stacks are deployed and the site and the URLs are well. When \
                     it fails, the deploy has failed.",
                )
                .example(json!(["npm", "run", "smoke"])),
            ),
            before_teardown: fields.optional(
                key(
                    "beforeTeardown",
                    "Runs before anything is deleted. When it fails, nothing is.",
                )
                .example(json!(["make", "backup"])),
            ),
            after_teardown: fields.optional(
                key(
                    "afterTeardown",
                    "Runs when all is deleted. When it fails, the teardown has failed.",
                )
                .example(json!(["make", "forget"])),
            ),
        }
    }
}

/// An environment.
#[derive(Debug, Default)]
pub(super) struct EnvironmentKeys {
    /// `Some(None)` when it is there and wrong.
    pub(super) local: Option<Option<bool>>,
    pub(super) account: Option<Located<AccountId>>,
    pub(super) role: Option<Located<RoleArn>>,
    pub(super) external_id: Option<Located<ExternalId>>,
    pub(super) service_role: Option<Located<RoleArn>>,
    pub(super) rollback: Option<Located<RollbackKeys>>,
    pub(super) permissions_boundary: Option<Located<PolicyArn>>,
    pub(super) region: Option<Located<Region>>,
    pub(super) architecture: Option<Architecture>,
    pub(super) profile: Option<CargoProfile>,
    pub(super) parameters: Option<Entries<StackName, Parameters>>,
    pub(super) config: Option<Located<ConfigValues>>,
    pub(super) tags: Option<Tags>,
    pub(super) protected: Option<bool>,
    pub(super) termination_protection: Option<bool>,
    pub(super) keep_runs: Option<RunCount>,
    pub(super) express: Option<Located<bool>>,
    pub(super) omit: Option<Distinct<ResourceTypePattern>>,
}

impl Object for EnvironmentKeys {
    const NAME: &'static str = "an environment";
    const DEFINITION: &'static str = "environment";
    const ABOUT: &'static str = "A place where the project is deployed to.";
    const MAY_BE_NOTHING: bool = true;

    fn fields(fields: &mut Fields<'_>) -> Self {
        Self {
            local: fields.optional(
                key(
                    "local",
                    "Whether it is the local cloud on this machine instead of AWS.",
                )
                .default(false),
            ),
            account: fields.optional(
                key(
                    "account",
                    "The only AWS account that may be deployed to: 12 digits.",
                )
                .example("123456789012"),
            ),
            role: fields.optional(
                key(
                    "role",
                    "The IAM role that everything is done as, taken on with the credentials at \
                     hand, or in a GitHub workflow with the runner's own token.",
                )
                .example("arn:aws:iam::123456789012:role/deployer"),
            ),
            external_id: fields.optional(
                key(
                    "externalId",
                    "The external id that the role's trust policy asks for.",
                )
                .example("shop-deploys"),
            ),
            service_role: fields.optional(
                key(
                    "serviceRole",
                    "The IAM role that CloudFormation takes on for the resources of the stacks. \
                     Whoever deploys then needs no rights to the resources themselves, but \
                     iam:PassRole for this role. AWS only.",
                )
                .example("arn:aws:iam::123456789012:role/cloudformation"),
            ),
            rollback: fields.optional(key(
                "rollback",
                "The alarms that roll stacks back: of the stacks that name none themselves all \
                 that come after those whose outputs the alarms are. AWS only.",
            )),
            permissions_boundary: fields.optional(
                key(
                    "permissionsBoundary",
                    "The managed policy that bounds what roles and users of the stacks may do: \
                     rendering gives it to all that name none. AWS only.",
                )
                .example("arn:aws:iam::123456789012:policy/limit"),
            ),
            region: fields.optional(
                key("region", "The AWS region. Default: the project's region.")
                    .example("eu-central-1"),
            ),
            architecture: fields.optional(
                key(
                    "architecture",
                    "The processor that the handlers are built for. Default: x86_64 on AWS, this \
                     machine's own on the local cloud.",
                )
                .example("arm64"),
            ),
            profile: fields.optional(
                key(
                    "profile",
                    "The cargo profile that the handlers are built with (not a profile of AWS \
                     credentials). Default: release on AWS, dev on the local cloud.",
                )
                .example("release"),
            ),
            parameters: fields.optional(
                key(
                    "parameters",
                    "Values of parameters for this environment, stack by stack. They win over \
                     those of the stack.",
                )
                .example(json!({ "products": { "RetentionDays": 90 } })),
            ),
            config: fields.optional(
                key(
                    "config",
                    "Values of the site's configuration for this environment. They win over \
                     those of the site.",
                )
                .example(json!({ "showTestCards": true })),
            ),
            tags: fields.optional(
                key(
                    "tags",
                    "Tags of the environment's stacks. They win over those of the project.",
                )
                .example(json!({ "stage": "production" })),
            ),
            protected: fields.optional(
                key(
                    "protected",
                    "Whether commands that destroy something ask for the environment's name first.",
                )
                .default(false),
            ),
            termination_protection: fields.optional(key(
                "terminationProtection",
                "Whether CloudFormation refuses to delete the stacks. Default: the value of \
                 protected.",
            )),
            keep_runs: fields.optional(
                key(
                    "keepRuns",
                    "How many runs that ended well are kept to go back to: a deploy that ends \
                     well deletes what only older ones need. Default: nothing is deleted.",
                )
                .example(20),
            ),
            express: fields.optional(
                key(
                    "express",
                    "Whether stacks are deployed in CloudFormation's EXPRESS mode, which does not \
                     wait until resources are ready: faster, and for environments in which a \
                     minute of errors harms nobody. AWS only.",
                )
                .default(false),
            ),
            omit: fields.optional(
                key(
                    "omit",
                    "Resource types that the environment lacks; * stands for anything. Resources \
                     of these types are left out of its templates, and each is listed.",
                )
                .example(json!(["AWS::Events::Archive"])),
            ),
        }
    }
}

impl Choice for Architecture {
    const WORDS: &'static [(&'static str, Self)] =
        &[("x86_64", Self::X86_64), ("arm64", Self::Arm64)];
    const ALIASES: &'static [(&'static str, &'static str)] = &[
        ("amd64", "x86_64"),
        ("x64", "x86_64"),
        ("aarch64", "arm64"),
        ("graviton", "arm64"),
    ];
}
