//! Who may do what: public access, broad permissions, secrets.

use super::resource::{Resource, alternatives, is, one_or_more, text};
use super::rules::{
    BUCKET_PUBLIC, DATABASE_PUBLIC, Findings, IAM_WILDCARD, PARAMETER_ECHO, POLICY_PUBLIC,
    PORT_OPEN, SECRET_PLAIN, TLS_OLD, URL_PUBLIC,
};
use crate::yaml::Node;

/// The four ways of public access to a bucket.
const PUBLIC_ACCESS: [&str; 4] = [
    "BlockPublicAcls",
    "BlockPublicPolicy",
    "IgnorePublicAcls",
    "RestrictPublicBuckets",
];

/// Properties that hold a secret.
const SECRETS: [&str; 4] = [
    "MasterUserPassword",
    "SecretString",
    "Password",
    "AuthToken",
];

/// Security policies of CloudFront that speak TLS 1.1 or older.
const OLD_TLS: [&str; 4] = ["SSLv3", "TLSv1", "TLSv1_2016", "TLSv1.1_2016"];

pub(super) fn check(resource: &Resource<'_>, findings: &mut Findings) {
    match resource.kind {
        "AWS::S3::Bucket" => bucket(resource, findings),
        "AWS::EC2::SecurityGroup" | "AWS::EC2::SecurityGroupIngress" => ingress(resource, findings),
        "AWS::RDS::DBInstance" if resource.is_true("PubliclyAccessible") => findings.add(
            DATABASE_PUBLIC,
            resource.id,
            resource.key,
            "the database has a public address",
        ),
        "AWS::Lambda::Url" => {
            if let Some(kind) = resource
                .property("AuthType")
                .filter(|kind| is(kind, "NONE"))
            {
                let message = "everybody who knows the URL can call the function";
                findings.add(URL_PUBLIC, resource.id, kind, message);
            }
        }
        "AWS::CloudFront::Distribution" => {
            let version = "DistributionConfig.ViewerCertificate.MinimumProtocolVersion";
            for version in resource
                .property(version)
                .map(alternatives)
                .unwrap_or_default()
            {
                if let Some(name) = text(&version).filter(|name| OLD_TLS.contains(name)) {
                    let message = format!("viewers may speak '{name}'");
                    findings.add(TLS_OLD, resource.id, &version, message);
                }
            }
        }
        _ => {}
    }
    if let Some(properties) = resource.node.get("Properties") {
        secrets(resource, properties, findings);
        policies(resource, properties, findings);
    }
}

/// Parameters that look like secrets and are shown to everybody who may see the stack.
pub(super) fn parameters(document: &Node, findings: &mut Findings) {
    let entries = document.get("Parameters").and_then(Node::entries);
    for (key, parameter) in entries.unwrap_or(&[]) {
        let Some(name) = text(key) else { continue };
        let lower = name.to_ascii_lowercase();
        let is_secret = ["password", "secret", "token", "apikey", "privatekey"]
            .iter()
            .any(|word| lower.ends_with(word));
        let is_hidden = parameter
            .get("NoEcho")
            .is_some_and(|hidden| is(hidden, "true"));
        let is_plain = parameter.get("Type").is_some_and(|kind| is(kind, "String"));
        if is_secret && is_plain && !is_hidden {
            let message = format!("the value of parameter '{name}' is shown with the stack");
            findings.add(PARAMETER_ECHO, name, key, message);
        }
    }
}

fn bucket(resource: &Resource<'_>, findings: &mut Findings) {
    if let Some(acl) = resource.property("AccessControl")
        && text(acl).is_some_and(|acl| acl.starts_with("Public"))
    {
        let message = "the bucket's access control list lets everybody in";
        findings.add(BUCKET_PUBLIC, resource.id, acl, message);
    }
    let block = "PublicAccessBlockConfiguration";
    if resource.is_computed(block) {
        return;
    }
    let missing: Vec<&str> = PUBLIC_ACCESS
        .into_iter()
        .filter(|name| {
            let path = format!("{block}.{name}");
            !resource.is_true(&path) && !resource.is_computed(&path)
        })
        .collect();
    if !missing.is_empty() {
        let message = format!("public access is not blocked: {}", missing.join(", "));
        findings.add(BUCKET_PUBLIC, resource.id, resource.key, message);
    }
}

fn ingress(resource: &Resource<'_>, findings: &mut Findings) {
    let rules = match resource.kind {
        "AWS::EC2::SecurityGroup" => resource
            .property("SecurityGroupIngress")
            .map(one_or_more)
            .unwrap_or_default(),
        _ => resource
            .node
            .get("Properties")
            .cloned()
            .into_iter()
            .collect(),
    };
    for rule in rules {
        let open = ["CidrIp", "CidrIpv6"].into_iter().find_map(|name| {
            let cidr = rule.get(name)?;
            text(cidr)
                .filter(|cidr| ["0.0.0.0/0", "::/0"].contains(cidr))
                .map(|_| cidr)
        });
        let port = |name: &str| rule.get(name).and_then(text);
        let is_web = matches!(
            (port("FromPort"), port("ToPort")),
            (Some("80"), Some("80")) | (Some("443"), Some("443"))
        );
        if let Some(cidr) = open.filter(|_| !is_web) {
            let ports = match (port("FromPort"), port("ToPort")) {
                (Some(from), Some(to)) if from == to => format!("port {from}"),
                (Some(from), Some(to)) => format!("ports {from} to {to}"),
                _ => "every port".to_owned(),
            };
            let message = format!("{ports} is open to the whole internet");
            findings.add(PORT_OPEN, resource.id, cidr, message);
        }
    }
}

fn secrets(resource: &Resource<'_>, properties: &Node, findings: &mut Findings) {
    for (key, value) in properties.entries().unwrap_or(&[]) {
        let is_secret = text(key).is_some_and(|name| SECRETS.contains(&name));
        let is_plain =
            text(value).is_some_and(|text| !text.is_empty() && !text.contains("{{resolve:"));
        if is_secret && is_plain {
            let message = format!("'{}' is written out", text(key).unwrap_or_default());
            findings.add(SECRET_PLAIN, resource.id, key, message);
        }
    }
}

/// Looks at every policy document below a node, wherever a type keeps it.
fn policies(resource: &Resource<'_>, node: &Node, findings: &mut Findings) {
    for (key, value) in node.entries().unwrap_or(&[]) {
        match text(key) {
            Some("AssumeRolePolicyDocument") => statements(resource, value, true, findings),
            Some("PolicyDocument" | "KeyPolicy" | "ResourcePolicy") => {
                let is_identity = resource.kind.starts_with("AWS::IAM::");
                statements(resource, value, !is_identity, findings);
            }
            _ => policies(resource, value, findings),
        }
    }
    for item in node.items().unwrap_or(&[]) {
        policies(resource, item, findings);
    }
}

/// `has_principals`: the policy says who; otherwise it belongs to an identity and says what.
fn statements(
    resource: &Resource<'_>,
    document: &Node,
    has_principals: bool,
    findings: &mut Findings,
) {
    let statements = document
        .get("Statement")
        .map(one_or_more)
        .unwrap_or_default();
    for statement in &statements {
        if !statement
            .get("Effect")
            .is_some_and(|effect| is(effect, "Allow"))
        {
            continue;
        }
        if has_principals {
            if let Some(principal) = statement.get("Principal")
                && is_everybody(principal)
                && statement.get("Condition").is_none()
            {
                let message = "the policy allows something to everybody";
                findings.add(POLICY_PUBLIC, resource.id, principal, message);
            }
            continue;
        }
        let on_everything = statement
            .get("Resource")
            .map(one_or_more)
            .is_some_and(|resources| resources.iter().any(|resource| is(resource, "*")));
        let actions = statement.get("Action").map(one_or_more).unwrap_or_default();
        for action in &actions {
            let Some(name) = text(action) else { continue };
            if name == "*" || name.ends_with(":*") && on_everything {
                let message = match on_everything {
                    true => format!("'{name}' is allowed on everything"),
                    false => format!("every action ('{name}') is allowed"),
                };
                findings.add(IAM_WILDCARD, resource.id, action, message);
            }
        }
    }
}

fn is_everybody(principal: &Node) -> bool {
    let star = |node: &Node| one_or_more(node).iter().any(|node| is(node, "*"));
    star(principal) || principal.get("AWS").is_some_and(star)
}
