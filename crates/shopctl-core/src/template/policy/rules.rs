//! The rules, and holding a template against them.

use super::resource::{Resource, one_or_more, resources, text};
use super::{access, data, operation};
use crate::diagnostic::{Severity, closest};
use crate::template::RenderedFile;
use crate::yaml::{Node, parse};

/// A rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name, by which a resource can ask to be left alone.
    pub id: &'static str,
    /// How bad a violation is.
    pub severity: Severity,
    /// What it demands.
    pub summary: &'static str,
    /// What to do about a violation.
    pub remedy: &'static str,
}

/// A rule that a template breaks.
#[derive(Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which rule.
    pub rule: &'static Rule,
    /// The logical ID of the resource or parameter.
    pub subject: String,
    /// What is wrong.
    pub message: String,
    /// Line in the rendered template.
    pub line: usize,
    /// Column in the rendered template.
    pub column: usize,
}

macro_rules! rules {
    ($($name:ident $severity:ident $id:literal, $summary:literal, $remedy:literal;)+) => {
        $(
            pub(super) const $name: &Rule = &Rule {
                id: $id,
                severity: Severity::$severity,
                summary: $summary,
                remedy: $remedy,
            };
        )+

        /// All rules.
        pub const RULES: &[&Rule] = &[$($name),+];
    };
}

rules! {
    BUCKET_PUBLIC Error "bucket-public",
        "A bucket blocks public access in all four ways",
        "set all four of PublicAccessBlockConfiguration to true";
    POLICY_PUBLIC Error "policy-public",
        "A resource's policy allows nothing to everybody without a condition",
        "name the principal, or add a Condition such as aws:SourceArn";
    IAM_WILDCARD Error "iam-wildcard",
        "An identity is not allowed all actions of a service on everything",
        "name the actions and the resources that are needed";
    PORT_OPEN Error "port-open",
        "Only ports 80 and 443 are open to the whole internet",
        "name the network that may connect, or use a security group as source";
    DATABASE_PUBLIC Error "database-public",
        "A database has no public address",
        "set PubliclyAccessible to false";
    SECRET_PLAIN Error "secret-plain",
        "A password is not written into a template",
        "use {{resolve:secretsmanager:...}} or let the service generate it";
    PARAMETER_ECHO Warning "parameter-echo",
        "A parameter with a secret has NoEcho",
        "add `NoEcho: true`";
    URL_PUBLIC Warning "url-public",
        "A function's URL wants a signature",
        "set AuthType to AWS_IAM, or put the function behind an API with an authorizer";
    TLS_OLD Warning "tls-old",
        "A distribution wants TLS 1.2 or newer",
        "set MinimumProtocolVersion to TLSv1.2_2021";
    DATA_KEPT Warning "data-kept",
        "What holds data says what becomes of it",
        "set DeletionPolicy and UpdateReplacePolicy, for instance to Retain";
    IMAGES_LEFT Warning "images-left",
        "A repository that goes with its stack takes its images along",
        "set EmptyOnDelete to true, or DeletionPolicy to Retain";
    DATA_ENCRYPTED Warning "data-encrypted",
        "Databases and file systems are encrypted",
        "encrypt it; this cannot be changed later without replacing it";
    TABLE_RECOVERY Warning "table-recovery",
        "A table that is kept can be restored to any point in time",
        "set PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled to true";
    LOG_RETENTION Warning "log-retention",
        "A log group forgets",
        "set RetentionInDays";
    FUNCTION_LOG Warning "function-log",
        "A function writes to a log group of the template",
        "add an AWS::Logs::LogGroup and name it in LoggingConfig.LogGroup: Lambda's own is never deleted";
    QUEUE_DEAD_LETTERS Warning "queue-dead-letters",
        "A queue that a function reads keeps what cannot be processed",
        "set RedrivePolicy";
    QUEUE_VISIBILITY Error "queue-visibility",
        "A message stays hidden while the function works on it",
        "set VisibilityTimeout to six times the function's Timeout; Lambda refuses less than once";
    STAGE_LOG Warning "stage-log",
        "An API writes an access log",
        "set AccessLogSettings";
    UNKNOWN_RULE Warning "unknown-rule",
        "Metadata names rules that there are",
        "remove the name";
}

/// Takes violations while a template is looked at.
pub(super) struct Findings {
    found: Vec<Violation>,
}

impl Findings {
    pub(super) fn add(
        &mut self,
        rule: &'static Rule,
        subject: &str,
        at: &Node,
        message: impl Into<String>,
    ) {
        self.found.push(Violation {
            rule,
            subject: subject.to_owned(),
            message: message.into(),
            line: at.location.line,
            column: at.location.column,
        });
    }
}

/// Everything that a rendered template breaks, in the order of its lines.
pub fn check_policies(file: &RenderedFile) -> Vec<Violation> {
    // What was rendered parses; if it did not, the checks before would have said so.
    let Ok(document) = parse("", &file.body) else {
        return Vec::new();
    };
    let mut findings = Findings { found: Vec::new() };
    let resources = resources(&document);
    access::parameters(&document, &mut findings);
    for resource in &resources {
        access::check(resource, &mut findings);
        data::check(resource, &mut findings);
        operation::check(resource, &resources, &mut findings);
    }
    let mut ignored = Vec::new();
    for resource in &resources {
        for name in ignore_list(resource) {
            let Some(word) = text(&name) else { continue };
            if RULES.iter().any(|rule| rule.id == word) {
                ignored.push((resource.id.to_owned(), word.to_owned()));
                continue;
            }
            let near = closest(word, RULES.iter().map(|rule| rule.id));
            let hint = near.map(|near| format!("; did you mean '{near}'?"));
            let message = format!("there is no rule '{word}'{}", hint.unwrap_or_default());
            findings.add(UNKNOWN_RULE, resource.id, &name, message);
        }
    }
    let mut found = findings.found;
    found.retain(|violation| {
        let is_it =
            |(id, rule): &(String, String)| *id == violation.subject && rule == violation.rule.id;
        !ignored.iter().any(is_it)
    });
    found.sort_by_key(|violation| (violation.line, violation.column));
    found
}

fn ignore_list(resource: &Resource<'_>) -> Vec<Node> {
    let list = resource.node.get("Metadata").and_then(|metadata| {
        let own = metadata.get("shopctl")?;
        own.get("ignore")
    });
    list.map(one_or_more).unwrap_or_default()
}
