//! The texts themselves.

use std::fmt;
use std::sync::LazyLock;

use serde_json::Value as Json;

use super::Rule;
use crate::names::{EnvironmentName, StackName};
use crate::project::containers::KeyShape;
use crate::project::shape::{Definitions, Findings, Shape};
use crate::yaml::Node;

/// Declares a text type, or gives one of [`crate::names`] its rule.
macro_rules! text {
    ($(#[$doc:meta])* pub struct $name:ident = $rule:expr;) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// It as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                self.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        text!(impl $name, |text| $name(text.to_owned()), $rule);
    };
    (impl $name:ident, $make:expr, $rule:expr) => {
        impl $name {
            pub(in crate::project) fn rule() -> &'static Rule {
                static RULE: LazyLock<Rule> = LazyLock::new(|| $rule);
                &RULE
            }
        }

        impl Shape for $name {
            fn read(node: &Node, findings: &mut Findings) -> Option<Self> {
                Self::rule().read(node, findings).map(|text| Self::unchecked(&text))
            }

            fn schema(_: &mut Definitions) -> Json {
                Self::rule().schema()
            }
        }

        impl KeyShape for $name {
            fn unchecked(text: &str) -> Self {
                let make: fn(&str) -> Self = $make;
                make(text)
            }
        }
    };
}

/// Small letters, digits and single hyphens: what CloudFormation's stack names and S3's
/// bucket names have in common, so that names can be put together.
const NAME: &str = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$";

/// Longest names. With two hyphens between them they make the 128 characters that
/// CloudFormation allows a stack's name.
const LONGEST_PROJECT: usize = 32;
const LONGEST_ENVIRONMENT: usize = 32;
const LONGEST_STACK: usize = 62;

/// Folders and files inside the project: no root, no backslash, no part that starts
/// with two dots, so that none leads out.
const FOLDER: &str = r"^(\./)?(\.|\.?[^./\\][^/\\]*(/\.?[^./\\][^/\\]*)*/?)$";
const FILE: &str = r"^(\./)?\.?[^./\\][^/\\]*(/\.?[^./\\][^/\\]*)*$";

text! {
    /// The name of a project; begins the names of its stacks and buckets.
    pub struct ProjectName = Rule::new(
        "a project name of lower-case letters, digits and single hyphens",
        NAME,
        LONGEST_PROJECT,
    ).examples(&["shop"]);
}

text!(
    impl StackName,
    |text| StackName::new(text),
    Rule::new(
        "a stack name of lower-case letters, digits and single hyphens",
        NAME,
        LONGEST_STACK,
    )
    .examples(&["products"])
);

text!(
    impl EnvironmentName,
    |text| EnvironmentName::new(text),
    Rule::new(
        "an environment name of lower-case letters, digits and single hyphens",
        NAME,
        LONGEST_ENVIRONMENT,
    )
    .examples(&["local", "prod"])
);

text! {
    /// The name of a handler.
    pub struct HandlerName = Rule::new(
        "a handler name of lower-case letters, digits and single hyphens",
        NAME,
        64,
    ).examples(&["products"]);
}

text! {
    /// The name of a URL, for instance `site`.
    pub struct UrlName = Rule::new(
        "a URL name of lower-case letters, digits and single hyphens",
        NAME,
        64,
    ).examples(&["site", "api"]);
}

text! {
    /// A folder of the project: relative to the project file, `/` between its parts.
    pub struct FolderPath = Rule::new(
        "a folder inside the project, relative to the project file and without '..'",
        FOLDER,
        1024,
    ).examples(&["handlers/products"]);
}

text! {
    /// A file of the project: relative to the project file, `/` between its parts.
    pub struct FilePath = Rule::new(
        "a file inside the project, relative to the project file and without '..'",
        FILE,
        1024,
    ).examples(&["stacks/products/template.yaml"]);
}

text! {
    /// A file of the site, relative to its root.
    pub struct SiteFile = Rule::new(
        "a file of the site, relative to its root and without '..'",
        FILE,
        512,
    ).examples(&["config.json"]);
}

text! {
    /// The number of an AWS account.
    pub struct AccountId = Rule::new(
        "an account number of 12 digits",
        r"^[0-9]{12}$",
        12,
    ).digits().examples(&["123456789012"]);
}

text! {
    /// The ARN of an IAM role.
    pub struct RoleArn = Rule::new(
        "the ARN of an IAM role such as 'arn:aws:iam::123456789012:role/deployer'",
        r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$",
        2048,
    ).examples(&["arn:aws:iam::123456789012:role/deployer"]);
}

text! {
    /// What a role may ask for besides the right caller.
    pub struct ExternalId = Rule::new(
        "an external id of 2 or more letters, digits and _+=,.@:/-",
        r"^[A-Za-z0-9_+=,.@:/-]{2,}$",
        1224,
    ).any_scalar().examples(&["shop-deploys"]);
}

text! {
    /// The ARN of a CloudWatch alarm, plain or composite.
    pub struct AlarmArn = Rule::new(
        "the ARN of an alarm such as 'arn:aws:cloudwatch:eu-central-1:123456789012:alarm:errors'",
        r"^arn:aws[a-z-]*:cloudwatch:[a-z0-9-]+:[0-9]{12}:alarm:[^\x00]+$",
        1600,
    ).examples(&["arn:aws:cloudwatch:eu-central-1:123456789012:alarm:errors"]);
}

text! {
    /// The ARN of a managed policy, of an account or of AWS.
    pub struct PolicyArn = Rule::new(
        "the ARN of a managed policy such as 'arn:aws:iam::123456789012:policy/limit'",
        r"^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9_+=,.@/-]+$",
        2048,
    ).examples(&["arn:aws:iam::123456789012:policy/limit"]);
}

impl PolicyArn {
    /// The account that the policy belongs to; `None` when it is one of AWS itself.
    pub fn account(&self) -> Option<&str> {
        let account = self.as_str().split(':').nth(4)?;
        (account != "aws").then_some(account)
    }
}

impl AlarmArn {
    /// The region that the alarm is in.
    pub fn region(&self) -> &str {
        self.as_str().split(':').nth(3).unwrap_or_default()
    }

    /// The account that the alarm belongs to.
    pub fn account(&self) -> &str {
        self.as_str().split(':').nth(4).unwrap_or_default()
    }
}

impl RoleArn {
    /// The account that the role belongs to.
    pub fn account(&self) -> &str {
        self.as_str().split(':').nth(4).unwrap_or_default()
    }
}

text! {
    /// An AWS region.
    pub struct Region = Rule::new(
        "an AWS region such as 'eu-central-1'",
        r"^[a-z]{2,4}(-[a-z]+){1,2}-[0-9]{1,2}$",
        32,
    ).examples(&["us-east-1", "eu-central-1"]);
}

text! {
    /// A profile of cargo.
    pub struct CargoProfile = Rule::new(
        "the name of a cargo profile",
        r"^[A-Za-z0-9_-]+$",
        64,
    ).examples(&["dev", "release"]);
}

text! {
    /// The name of a template's parameter.
    pub struct ParameterName = Rule::new(
        "a parameter name of letters and digits",
        r"^[A-Za-z0-9]+$",
        255,
    ).examples(&["TableName"]);
}

text! {
    /// A key of the site's configuration.
    pub struct ConfigKey = Rule::new(
        "a configuration key of letters, digits, hyphens and underscores",
        r"^[A-Za-z_][A-Za-z0-9_-]*$",
        128,
    ).examples(&["apiUrl"]);
}

text! {
    /// The key of a tag.
    pub struct TagKey = Rule::new(
        "a tag key of letters, digits, spaces and _.:/=+-@",
        r"^[\p{L}\p{Z}\p{N}_.:/=+\-@]+$",
        128,
    )
    .reserved("^([aA][wW][sS]|shopctl):", "begins with a prefix that is reserved")
    .examples(&["cost-center"]);
}

text! {
    /// The value of a tag.
    pub struct TagValue = Rule::new(
        "a tag value of letters, digits, spaces and _.:/=+-@",
        r"^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$",
        256,
    ).any_scalar().examples(&["web"]);
}

text! {
    /// A resource type of CloudFormation; `*` stands for anything.
    pub struct ResourceTypePattern = Rule::new(
        "a resource type such as 'AWS::Events::Archive'",
        r"^[A-Za-z0-9]+::[A-Za-z0-9_@*-]+(::[A-Za-z0-9*]+){0,2}$",
        204,
    ).examples(&["AWS::Events::Archive", "AWS::XRay::*"]);
}

text! {
    /// A path of a URL.
    pub struct UrlPath = Rule::new(
        "a path that begins with '/'",
        r"^/[!-~]*$",
        1024,
    ).examples(&["/", "/products"]);
}

text! {
    /// A word of a command.
    pub struct Argument = Rule::new(
        "a word of the command",
        r"^[^\x00]*$",
        4096,
    ).any_scalar().examples(&["npm", "run", "build"]);
}

text! {
    /// A value of a parameter. CloudFormation takes 4096 characters at most.
    pub struct Literal = Rule::new(
        "a text, a number or a boolean",
        r"^[^\x00]*$",
        4096,
    ).any_scalar();
}

text! {
    /// An item of a list of values; CloudFormation joins and splits them at commas.
    pub struct ListItem = Rule::new(
        "a list item without a comma (CloudFormation splits lists at commas)",
        r"^[^\x00,]*$",
        4096,
    ).any_scalar();
}

text! {
    /// An output as it is written: stack, dot, output.
    pub struct OutputPath = Rule::new(
        "an output as 'stack.Output'",
        r"^[a-z][a-z0-9]*(-[a-z0-9]+)*\.[A-Za-z0-9]+$",
        320,
    ).examples(&["api.ApiId"]);
}

text! {
    /// The name of an environment variable, by POSIX.
    pub struct VariableName = Rule::new(
        "the name of an environment variable",
        r"^[A-Za-z_][A-Za-z0-9_]*$",
        255,
    ).examples(&["DB_PASSWORD"]);
}

impl FolderPath {
    /// The path with one spelling: no `./` in front, no `/` behind.
    pub(in crate::project) fn normalized(self) -> Self {
        let text = self.0.strip_prefix("./").unwrap_or(&self.0);
        Self(text.strip_suffix('/').unwrap_or(text).to_owned())
    }
}

impl SiteFile {
    /// The path with one spelling: no `./` in front.
    pub(in crate::project) fn normalized(self) -> Self {
        Self(self.0.strip_prefix("./").unwrap_or(&self.0).to_owned())
    }
}

impl FilePath {
    /// The path with one spelling: no `./` in front.
    pub(in crate::project) fn normalized(self) -> Self {
        Self(self.0.strip_prefix("./").unwrap_or(&self.0).to_owned())
    }

    /// Where a stack's template is unless the project file says otherwise.
    pub(in crate::project) fn of_template(stack: &StackName) -> Self {
        Self(format!("stacks/{stack}/template.yaml"))
    }
}
