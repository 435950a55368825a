//! What was not allowed, and the policy statement that would allow it.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};

/// A call that was not allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// Who asked, as an ARN.
    pub principal: Option<String>,
    /// What was asked for, as policies name it: `s3:CreateBucket`.
    pub action: String,
    /// What it was asked of; `None` when the service does not say.
    pub resource: Option<String>,
    /// Which kind of policy stands in the way.
    pub barrier: Barrier,
}

/// What stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Barrier {
    /// No policy allows it: a statement is enough.
    NothingAllows,
    /// A statement denies it: allowing it elsewhere does not help.
    ExplicitDeny,
    /// The permissions boundary does not allow it.
    Boundary,
    /// A policy of the organization does not allow it.
    Organization,
    /// The policy of the session does not allow it.
    Session,
}

/// Actions that services call otherwise in messages than policies do.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>
const OTHER_NAMES: &[(&str, &str)] = &[
    ("s3:SetBucketEncryption", "s3:PutEncryptionConfiguration"),
    ("s3:PutBucketEncryption", "s3:PutEncryptionConfiguration"),
    ("s3:PutBucketLifecycle", "s3:PutLifecycleConfiguration"),
    ("s3:PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
    (
        "s3:PutBucketNotificationConfiguration",
        "s3:PutBucketNotification",
    ),
    ("s3:PutBucketReplication", "s3:PutReplicationConfiguration"),
    ("s3:HeadBucket", "s3:ListBucket"),
    ("s3:ListObjects", "s3:ListBucket"),
    ("s3:ListObjectsV2", "s3:ListBucket"),
    ("s3:HeadObject", "s3:GetObject"),
    ("lambda:Invoke", "lambda:InvokeFunction"),
];

static PERFORM: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?is)(?:User:\s*(?P<user>\S+)\s+)?is not authorized to perform:?\s*(?P<action>[a-z0-9-]+:\w+)(?:\s+on\s+(?:the\s+)?resource:?\s*"?(?P<resource>arn:[^\s"'()]+?|\*)"?(?:[\s.,;)]|$))?"#,
    )
    .ok()
});

static API: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"API:\s*(?P<action>[a-z0-9-]+:\w+)").ok());

/// The denial that a text tells; `None` when it names no action.
pub fn denial_of(text: &str) -> Option<Denial> {
    if let Some(found) = PERFORM.as_ref().and_then(|pattern| pattern.captures(text)) {
        let group = |name: &str| found.name(name).map(|group| group.as_str().to_owned());
        return Some(Denial {
            principal: group("user"),
            action: policy_action(&group("action")?),
            resource: group("resource").filter(|resource| resource != "*"),
            barrier: barrier(text),
        });
    }
    let found = API.as_ref()?.captures(text)?;
    Some(Denial {
        principal: None,
        action: policy_action(&found["action"]),
        resource: None,
        barrier: barrier(text),
    })
}

/// The denial that STS decoded: the JSON of `DecodeAuthorizationMessage`.
pub fn denial_of_decoded(decoded: &str) -> Option<Denial> {
    let decoded: Value = serde_json::from_str(decoded).ok()?;
    let context = decoded.get("context")?;
    let text = |value: Option<&Value>| Some(value?.as_str()?.to_owned());
    Some(Denial {
        principal: text(context.pointer("/principal/arn")),
        action: policy_action(&text(context.get("action"))?),
        resource: text(context.get("resource")).filter(|resource| resource != "*"),
        barrier: match decoded.get("explicitDeny").and_then(Value::as_bool) {
            Some(true) => Barrier::ExplicitDeny,
            _ => Barrier::NothingAllows,
        },
    })
}

impl Denial {
    /// The statement that allows it, ready for a policy; `None` when a statement does not
    /// help because another one denies.
    pub fn statement(&self) -> Option<Value> {
        match self.barrier {
            Barrier::ExplicitDeny => None,
            _ => Some(json!({
                "Effect": "Allow",
                "Action": self.action,
                "Resource": self.resource.as_deref().unwrap_or("*"),
            })),
        }
    }

    /// What was refused, in plain words.
    pub fn explanation(&self) -> String {
        let who = self.principal.as_deref().unwrap_or("the caller");
        let on = match &self.resource {
            Some(resource) => format!(" on {resource}"),
            None => String::new(),
        };
        let why = match self.barrier {
            Barrier::NothingAllows => "",
            Barrier::ExplicitDeny => ": a policy denies it explicitly",
            Barrier::Boundary => ": its permissions boundary does not allow it",
            Barrier::Organization => ": a policy of the organization does not allow it",
            Barrier::Session => ": the policy of its session does not allow it",
        };
        format!("{who} may not call {}{on}{why}", self.action)
    }

    /// What to do.
    pub fn next(&self, environment: &str) -> String {
        let change = match self.barrier {
            Barrier::NothingAllows => "add this statement to a policy of the role or user",
            Barrier::ExplicitDeny => "take the denying statement out of the policy that has it",
            Barrier::Boundary => "add this statement to the permissions boundary",
            Barrier::Organization => "ask who runs the organization for this statement",
            Barrier::Session => "add this statement to the policy that the session is made with",
        };
        format!("{change}, then run `shopctl deploy --env {environment}` again")
    }
}

fn policy_action(action: &str) -> String {
    let known = OTHER_NAMES
        .iter()
        .find(|(spoken, _)| spoken.eq_ignore_ascii_case(action));
    match known {
        Some((_, name)) => (*name).to_owned(),
        None => action.to_owned(),
    }
}

fn barrier(text: &str) -> Barrier {
    let text = text.to_lowercase();
    if text.contains("explicit deny") {
        Barrier::ExplicitDeny
    } else if text.contains("permissions boundary") {
        Barrier::Boundary
    } else if text.contains("service control policy") || text.contains("resource control policy") {
        Barrier::Organization
    } else if text.contains("session policy") {
        Barrier::Session
    } else {
        Barrier::NothingAllows
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use insta::assert_snapshot;

    use super::*;

    fn told(text: &str) -> String {
        let denial = denial_of(text).unwrap();
        let statement = denial.statement().map_or("-".to_owned(), |s| s.to_string());
        format!("{}\n{statement}", denial.explanation())
    }

    #[test]
    fn who_what_and_on_what_are_read() {
        assert_snapshot!(told(
            r#"Resource handler returned message: "User: arn:aws:sts::123456789012:assumed-role/deploy/ci is not authorized to perform: dynamodb:CreateTable on resource: arn:aws:dynamodb:eu-central-1:123456789012:table/products because no identity-based policy allows the dynamodb:CreateTable action (Service: DynamoDb, Status Code: 400, Request ID: X)" (RequestToken: 1, HandlerErrorCode: AccessDenied)"#
        ), @r#"
        arn:aws:sts::123456789012:assumed-role/deploy/ci may not call dynamodb:CreateTable on arn:aws:dynamodb:eu-central-1:123456789012:table/products
        {"Effect":"Allow","Action":"dynamodb:CreateTable","Resource":"arn:aws:dynamodb:eu-central-1:123456789012:table/products"}
        "#);
    }

    #[test]
    fn quotes_around_the_resource_do_not_belong_to_it() {
        assert_snapshot!(told(
            r#"API: s3:CreateBucket User: arn:aws:iam::123456789012:user/ci is not authorized to perform: s3:CreateBucket on resource: "arn:aws:s3:::shop-site" because no permissions boundary allows the s3:CreateBucket action"#
        ), @r#"
        arn:aws:iam::123456789012:user/ci may not call s3:CreateBucket on arn:aws:s3:::shop-site: its permissions boundary does not allow it
        {"Effect":"Allow","Action":"s3:CreateBucket","Resource":"arn:aws:s3:::shop-site"}
        "#);
    }

    #[test]
    fn names_of_calls_become_names_of_actions() {
        assert_snapshot!(told("API: s3:SetBucketEncryption Access Denied"), @r#"
        the caller may not call s3:PutEncryptionConfiguration
        {"Effect":"Allow","Action":"s3:PutEncryptionConfiguration","Resource":"*"}
        "#);
    }

    #[test]
    fn an_explicit_deny_needs_no_further_statement() {
        assert_snapshot!(told(
            "User: arn:aws:iam::1:user/a is not authorized to perform: iam:CreateRole on resource: role x with an explicit deny in a service control policy"
        ), @r"
        arn:aws:iam::1:user/a may not call iam:CreateRole: a policy denies it explicitly
        -
        ");
    }

    #[test]
    fn a_decoded_message_gives_the_same() {
        let denial = denial_of_decoded(
            r#"{"allowed":false,"explicitDeny":false,"matchedStatements":{"items":[]},"failures":{"items":[]},"context":{"principal":{"id":"A","arn":"arn:aws:iam::1:role/deploy"},"action":"ec2:RunInstances","resource":"arn:aws:ec2:eu-central-1:1:instance/*","conditions":{"items":[]}}}"#,
        )
        .unwrap();
        assert_eq!(denial.action, "ec2:RunInstances");
        assert_eq!(
            denial.statement().unwrap()["Resource"],
            "arn:aws:ec2:eu-central-1:1:instance/*"
        );
        assert_eq!(denial_of_decoded("no JSON"), None);
        assert_eq!(denial_of("all is well"), None);
    }
}
