//! The keys of a stack.

use serde_json::json;

use crate::names::{EnvironmentName, StackName};

use super::Parameters;
use crate::project::containers::{Distinct, NonEmpty};
use crate::project::model::Located;
use crate::project::rollback::RollbackKeys;
use crate::project::shape::{Fields, Object, key};
use crate::project::text::{FilePath, RoleArn};

/// A stack.
#[derive(Debug, Default)]
pub(in crate::project) struct StackKeys {
    pub(in crate::project) template: Option<Located<FilePath>>,
    pub(in crate::project) parameters: Option<Parameters>,
    pub(in crate::project) depends_on: Option<Distinct<StackName>>,
    pub(in crate::project) environments: Option<NonEmpty<Distinct<EnvironmentName>>>,
    pub(in crate::project) service_role: Option<Located<RoleArn>>,
    pub(in crate::project) rollback: Option<Located<RollbackKeys>>,
    pub(in crate::project) stack_policy: Option<Located<FilePath>>,
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
