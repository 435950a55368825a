//! The keys of an environment.

use serde_json::{Value as Json, json};

use crate::names::StackName;
use crate::yaml::Node;

use super::{ConfigValues, Parameters, RunCount, Tags};
use crate::project::containers::{Choice, Distinct, Entries};
use crate::project::model::{Architecture, Located};
use crate::project::rollback::RollbackKeys;
use crate::project::shape::{Definitions, Fields, Findings, Object, Shape, key};
use crate::project::text::{
    AccountId, CargoProfile, ExternalId, PolicyArn, Region, ResourceTypePattern, RoleArn,
};

/// An environment.
#[derive(Debug, Default)]
pub(in crate::project) struct EnvironmentKeys {
    /// `Some(None)` when it is there and wrong.
    pub(in crate::project) local: Option<Option<bool>>,
    pub(in crate::project) account: Option<Located<AccountId>>,
    pub(in crate::project) role: Option<Located<RoleArn>>,
    pub(in crate::project) external_id: Option<Located<ExternalId>>,
    pub(in crate::project) service_role: Option<Located<RoleArn>>,
    pub(in crate::project) rollback: Option<Located<RollbackKeys>>,
    pub(in crate::project) permissions_boundary: Option<Located<PolicyArn>>,
    pub(in crate::project) region: Option<Located<Region>>,
    pub(in crate::project) architecture: Option<Architecture>,
    pub(in crate::project) profile: Option<CargoProfile>,
    pub(in crate::project) parameters: Option<Entries<StackName, Parameters>>,
    pub(in crate::project) config: Option<Located<ConfigValues>>,
    pub(in crate::project) tags: Option<Tags>,
    pub(in crate::project) protected: Option<bool>,
    pub(in crate::project) termination_protection: Option<bool>,
    pub(in crate::project) keep_runs: Option<RunCount>,
    pub(in crate::project) express: Option<Located<bool>>,
    pub(in crate::project) omit: Option<Distinct<ResourceTypePattern>>,
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

impl Shape for Architecture {
    fn read(node: &Node, findings: &mut Findings) -> Option<Self> {
        Self::read_word(node, findings)
    }

    fn schema(_: &mut Definitions) -> Json {
        Self::words_schema()
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
