//! The texts that a project file holds, each with its rule: what it looks like, how
//! long it may be, how it is named in a message. The same rule reads and describes.

use std::fmt;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value as Json, json};

use crate::diagnostic::Diagnostic;
use crate::names::{EnvironmentName, StackName};
use crate::yaml::{Node, ScalarStyle, Value};

use super::containers::KeyShape;
use super::shape::{Definitions, Findings, Shape, quote, unexpected};

/// What a text has to look like.
pub(super) struct Rule {
    /// Completes `expected ...`.
    expected: &'static str,
    /// Regular expression in the part of the syntax that JSON Schema shares.
    pattern: Regex,
    /// What it must not match, with the reason.
    reserved: Option<(Regex, &'static str)>,
    /// Longest text in characters.
    longest: usize,
    scalars: Scalars,
    examples: &'static [&'static str],
}

/// Which scalars are taken as the text they are written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scalars {
    /// What YAML takes for a number or a boolean has to be in quotes.
    Text,
    /// Digits go without quotes; leading zeros are kept.
    TextOrDigits,
    /// Numbers and booleans as well.
    Any,
}

impl Rule {
    #[expect(
        clippy::expect_used,
        reason = "patterns are constants of this file; a test compiles each"
    )]
    fn compile(pattern: &str) -> Regex {
        Regex::new(pattern).expect("a constant pattern compiles")
    }

    fn new(expected: &'static str, pattern: &str, longest: usize) -> Self {
        Self {
            expected,
            pattern: Self::compile(pattern),
            reserved: None,
            longest,
            scalars: Scalars::Text,
            examples: &[],
        }
    }

    fn examples(mut self, examples: &'static [&'static str]) -> Self {
        self.examples = examples;
        self
    }

    fn any_scalar(mut self) -> Self {
        self.scalars = Scalars::Any;
        self
    }

    fn digits(mut self) -> Self {
        self.scalars = Scalars::TextOrDigits;
        self
    }

    fn reserved(mut self, pattern: &str, reason: &'static str) -> Self {
        self.reserved = Some((Self::compile(pattern), reason));
        self
    }

    /// Reads a scalar under this rule.
    fn read(&self, node: &Node, findings: &mut Findings) -> Option<String> {
        let Some(text) = node.as_str() else {
            let mut finding = Diagnostic::error(&node.location, unexpected(node, self.expected));
            if self.accepts("") && node.tag.is_none() && node.is_null() {
                finding = finding.with_hint("write \"\" for an empty text");
            }
            findings.push(finding);
            return None;
        };
        if self.scalars == Scalars::Text && is_number_or_boolean(node) {
            findings.push(
                Diagnostic::error(&node.location, unexpected(node, self.expected))
                    .with_hint(format!("write \"{text}\" to have it as a text")),
            );
            return None;
        }
        if let Some(problem) = self.problem(text) {
            let mut finding = Diagnostic::error(&node.location, problem);
            if let Some(near) = self.near(text) {
                finding = finding.with_hint(format!("did you mean '{near}'?"));
            }
            findings.push(finding);
            return None;
        }
        Some(text.to_owned())
    }

    fn problem(&self, text: &str) -> Option<String> {
        let length = text.chars().count();
        if !self.pattern.is_match(text) {
            Some(format!(
                "expected {}, there is {}",
                self.expected,
                quote(text)
            ))
        } else if length > self.longest {
            Some(format!(
                "{} has {length} characters, more than {}",
                quote(text),
                self.longest
            ))
        } else if let Some((pattern, reason)) = &self.reserved
            && pattern.is_match(text)
        {
            Some(format!("{} {reason}", quote(text)))
        } else {
            None
        }
    }

    fn accepts(&self, text: &str) -> bool {
        self.problem(text).is_none()
    }

    /// The text in the spelling that the rule wants, if that is all that is wrong.
    fn near(&self, text: &str) -> Option<String> {
        let lower = text.trim().to_lowercase();
        [
            text.trim().to_owned(),
            lower.replace(['_', ' '], "-"),
            text.trim_start_matches('/').to_owned(),
        ]
        .into_iter()
        .find(|candidate| candidate != text && !candidate.is_empty() && self.accepts(candidate))
    }

    fn schema(&self) -> Json {
        let mut schema = Map::new();
        let types = match self.scalars {
            Scalars::Text => json!("string"),
            Scalars::TextOrDigits => json!(["string", "integer"]),
            Scalars::Any => json!(["string", "number", "boolean"]),
        };
        schema.insert("type".to_owned(), types);
        schema.insert("pattern".to_owned(), json!(self.pattern.as_str()));
        schema.insert("maxLength".to_owned(), json!(self.longest));
        if let Some((pattern, _)) = &self.reserved {
            schema.insert(
                "not".to_owned(),
                json!({
                    "type": "string",
                    "pattern": pattern.as_str(),
                }),
            );
        }
        if !self.examples.is_empty() {
            schema.insert("examples".to_owned(), json!(self.examples));
        }
        Json::Object(schema)
    }
}

/// Whether YAML's core schema takes the scalar for a number or a boolean.
pub(super) fn is_number_or_boolean(node: &Node) -> bool {
    node.as_bool().is_some() || number(node).is_some()
}

/// The number that a plain scalar is in YAML's core schema; infinities and not-a-numbers,
/// which JSON does not have, are null.
pub(super) fn number(node: &Node) -> Option<Json> {
    static DECIMAL: LazyLock<Regex> =
        LazyLock::new(|| Rule::compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$"));
    static SPECIAL: LazyLock<Regex> =
        LazyLock::new(|| Rule::compile(r"^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$"));
    let Value::Scalar(scalar) = &node.value else {
        return None;
    };
    if scalar.style != ScalarStyle::Plain || node.tag.is_some() {
        return None;
    }
    let text = scalar.text.as_str();
    let based = |prefix: &str, radix: u32| {
        let digits = text.strip_prefix(prefix)?;
        u64::from_str_radix(digits, radix).ok().map(Json::from)
    };
    if SPECIAL.is_match(text) {
        return Some(Json::Null);
    }
    if DECIMAL.is_match(text) {
        let unsigned = text.strip_prefix('+').unwrap_or(text);
        let integer = unsigned.parse::<i64>().ok().map(Json::from);
        let float = || unsigned.parse::<f64>().ok().map(Json::from);
        return integer.or_else(float);
    }
    based("0x", 16).or_else(|| based("0o", 8))
}

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
            pub(super) fn rule() -> &'static Rule {
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
    pub(super) fn normalized(self) -> Self {
        let text = self.0.strip_prefix("./").unwrap_or(&self.0);
        Self(text.strip_suffix('/').unwrap_or(text).to_owned())
    }
}

impl SiteFile {
    /// The path with one spelling: no `./` in front.
    pub(super) fn normalized(self) -> Self {
        Self(self.0.strip_prefix("./").unwrap_or(&self.0).to_owned())
    }
}

impl FilePath {
    /// The path with one spelling: no `./` in front.
    pub(super) fn normalized(self) -> Self {
        Self(self.0.strip_prefix("./").unwrap_or(&self.0).to_owned())
    }

    /// Where a stack's template is unless the project file says otherwise.
    pub(super) fn of_template(stack: &StackName) -> Self {
        Self(format!("stacks/{stack}/template.yaml"))
    }
}
