//! Which changes a person should look at: data loss, public exposure, more rights.

use super::model::{Danger, DangerClass, Fate, Replacement, ResourceAction};
use super::policy;
use super::recreation::is_stateful;
use super::tree::Tree;

/// Properties that hold a policy document.
const DOCUMENTS: &[&str] = &[
    "AccessPolicies",
    "AssumeRolePolicyDocument",
    "FileSystemPolicy",
    "KeyPolicy",
    "Policy",
    "PolicyDocument",
    "RepositoryPolicyText",
    "ResourcePolicy",
];

/// The four switches that keep a bucket private.
const PUBLIC_ACCESS_BLOCK: &[&str] = &[
    "BlockPublicAcls",
    "BlockPublicPolicy",
    "IgnorePublicAcls",
    "RestrictPublicBuckets",
];

/// What becomes of a resource and its data.
pub(crate) fn of_lifecycle(
    resource_type: &str,
    action: ResourceAction,
    replacement: Replacement,
    fate: Option<Fate>,
) -> Vec<Danger> {
    let stateful = is_stateful(resource_type);
    let danger = |class, message: &str| {
        vec![Danger {
            class,
            message: message.to_owned(),
        }]
    };
    let fate = fate.unwrap_or(Fate::Deleted);
    use DangerClass as Class;
    // A version never changes: another one is published beside it, which is what it is for.
    if resource_type == "AWS::Lambda::Version" {
        return match (replacement, fate) {
            (Replacement::No, _) | (_, Fate::Retained | Fate::Snapshotted) => Vec::new(),
            (Replacement::Yes | Replacement::Maybe, Fate::Deleted) => danger(
                Class::Replacement,
                "a new version is published and the old one is deleted: nothing can be shifted \
                 back to it (`UpdateReplacePolicy: Retain` keeps it)",
            ),
        };
    }
    match (action, replacement, stateful, fate) {
        (ResourceAction::Remove, _, true, Fate::Deleted) => {
            danger(Class::DataLoss, "it is deleted with all that it holds")
        }
        (ResourceAction::Remove, _, true, Fate::Snapshotted) => danger(
            Class::DataLoss,
            "it is deleted; only a snapshot of its data stays",
        ),
        (ResourceAction::Add | ResourceAction::Remove | ResourceAction::Import, ..)
        | (_, Replacement::No, ..) => Vec::new(),
        (_, Replacement::Yes, true, Fate::Deleted) => danger(
            Class::DataLoss,
            "a new, empty one takes its place; the old one is deleted with all that it holds",
        ),
        (_, Replacement::Maybe, true, Fate::Deleted) => danger(
            Class::DataLoss,
            "a new, empty one may take its place; the old one would be deleted with all that it holds",
        ),
        (_, Replacement::Yes, true, Fate::Snapshotted) => danger(
            Class::DataLoss,
            "a new one takes its place; only a snapshot of the old one's data stays",
        ),
        (_, Replacement::Maybe, true, Fate::Snapshotted) => danger(
            Class::DataLoss,
            "a new one may take its place; only a snapshot of the old one's data would stay",
        ),
        (_, Replacement::Yes, true, Fate::Retained) => danger(
            Class::Replacement,
            "a new, empty one takes its place; the old one stays outside the stack",
        ),
        (_, Replacement::Yes, false, _) => danger(Class::Replacement, "it is made anew"),
        (_, Replacement::Maybe, ..) => danger(Class::Replacement, "it may be made anew"),
    }
}

/// What somebody may do afterwards that nobody could before. `None` is a resource that is
/// not there.
pub(crate) fn of_security(
    resource_type: &str,
    before: Option<&Tree>,
    after: Option<&Tree>,
) -> Vec<Danger> {
    let Some(after) = after else {
        return Vec::new();
    };
    let mut dangers = Dangers(Vec::new());
    for property in DOCUMENTS {
        let old = before.and_then(|tree| tree.get(property));
        if let Some(new) = after.get(property) {
            // Table and bucket resources have their document one level deeper.
            let nested = |tree: &Tree| tree.get("PolicyDocument").is_some();
            match nested(new) {
                true => dangers.document(
                    old.and_then(|tree| tree.get("PolicyDocument")),
                    new.get("PolicyDocument"),
                ),
                false => dangers.document(old, Some(new)),
            }
        }
    }
    match resource_type {
        "AWS::IAM::Role" | "AWS::IAM::User" | "AWS::IAM::Group" => {
            dangers.inline_policies(before, after);
            dangers.attachments(before, after);
        }
        "AWS::IAM::Policy" | "AWS::IAM::ManagedPolicy" if before.is_some() => {
            for kind in ["Roles", "Users", "Groups"] {
                for name in added(before, after, kind) {
                    dangers.broader(format!("applies to {name} as well"));
                }
            }
        }
        "AWS::EC2::SecurityGroup" => {
            for rule in added_items(before, after, "SecurityGroupIngress") {
                dangers.rule("from", rule);
            }
            for rule in added_items(before, after, "SecurityGroupEgress") {
                if before.is_some() {
                    dangers.rule("to", rule);
                }
            }
        }
        "AWS::EC2::SecurityGroupIngress" if before != Some(after) => dangers.rule("from", after),
        "AWS::Lambda::Permission" if before != Some(after) => dangers.permission(after),
        "AWS::Lambda::Url" if becomes(before, after, "AuthType", "NONE") => {
            dangers.public("everybody may call the function by its URL".to_owned());
        }
        "AWS::S3::Bucket" => dangers.bucket(before, after),
        "AWS::RDS::DBInstance" | "AWS::RDS::DBCluster"
            if becomes(before, after, "PubliclyAccessible", "true") =>
        {
            dangers.public("the database gets a public address".to_owned());
        }
        "AWS::ApiGatewayV2::Route" | "AWS::ApiGateway::Method" => {
            let authorization = |tree: Option<&Tree>| {
                let kind = text(tree?, "AuthorizationType")?;
                (kind != "NONE").then(|| kind.to_owned())
            };
            if let (Some(old), None) = (authorization(before), authorization(Some(after))) {
                dangers.public(format!(
                    "requests need no authorization any more (was {old})"
                ));
            }
        }
        "AWS::Cognito::UserPool" => {
            let closed = |tree: &Tree| {
                tree.get("AdminCreateUserConfig")
                    .and_then(|config| text(config, "AllowAdminCreateUserOnly"))
                    == Some("true")
            };
            if before.is_some_and(closed) && !closed(after) {
                dangers.broader("everybody may sign up".to_owned());
            }
        }
        "AWS::Cognito::IdentityPool"
            if becomes(before, after, "AllowUnauthenticatedIdentities", "true") =>
        {
            dangers.public("guests get AWS credentials without a login".to_owned());
        }
        _ => {}
    }
    dangers.0
}

struct Dangers(Vec<Danger>);

impl Dangers {
    fn public(&mut self, message: String) {
        self.add(DangerClass::PublicExposure, message);
    }

    fn broader(&mut self, message: String) {
        self.add(DangerClass::SecurityBroadening, message);
    }

    fn add(&mut self, class: DangerClass, message: String) {
        let danger = Danger { class, message };
        if !self.0.contains(&danger) {
            self.0.push(danger);
        }
    }

    fn document(&mut self, before: Option<&Tree>, after: Option<&Tree>) {
        let found = policy::broadening(before, after);
        found.public.into_iter().for_each(|text| self.public(text));
        found.more.into_iter().for_each(|text| self.broader(text));
    }

    /// `Policies` of a role: what it may do is what all of them say together.
    fn inline_policies(&mut self, before: Option<&Tree>, after: &Tree) {
        let all = |tree: &Tree| {
            let statements = tree
                .get("Policies")
                .map(Tree::items)
                .unwrap_or_default()
                .into_iter()
                .filter_map(|policy| policy.get("PolicyDocument")?.get("Statement"))
                .flat_map(Tree::items)
                .cloned()
                .collect();
            Tree::Map([("Statement".to_owned(), Tree::List(statements))].into())
        };
        self.document(before.map(all).as_ref(), Some(&all(after)));
    }

    fn attachments(&mut self, before: Option<&Tree>, after: &Tree) {
        for policy in added(before, after, "ManagedPolicyArns") {
            self.broader(format!("gets what {policy} allows"));
        }
        let boundary = |tree: &Tree| tree.get("PermissionsBoundary").is_some();
        if before.is_some_and(boundary) && !boundary(after) {
            self.broader("has no permissions boundary any more".to_owned());
        }
    }

    fn rule(&mut self, direction: &str, rule: &Tree) {
        let peer = [
            "CidrIp",
            "CidrIpv6",
            "SourceSecurityGroupId",
            "DestinationSecurityGroupId",
            "SourcePrefixListId",
            "DestinationPrefixListId",
        ]
        .iter()
        .find_map(|key| text(rule, key))
        .unwrap_or("somewhere");
        let ports = match (text(rule, "FromPort"), text(rule, "ToPort")) {
            _ if text(rule, "IpProtocol") == Some("-1") => "all ports".to_owned(),
            (Some(from), Some(to)) if from == to => format!("port {from}"),
            (Some(from), Some(to)) => format!("ports {from} to {to}"),
            _ => "all ports".to_owned(),
        };
        let message = format!("opens {ports} {direction} {peer}");
        if direction == "from" && matches!(peer, "0.0.0.0/0" | "::/0") {
            self.public(message);
        } else {
            self.broader(message);
        }
    }

    /// A service that is named together with the resource that it acts for is how things
    /// are wired; anything else is somebody from outside.
    fn permission(&mut self, after: &Tree) {
        let principal = text(after, "Principal").unwrap_or("somebody");
        let bound = [
            "SourceArn",
            "SourceAccount",
            "PrincipalOrgID",
            "EventSourceToken",
        ]
        .iter()
        .any(|key| after.get(key).is_some());
        let function = text(after, "FunctionName").unwrap_or("the function");
        if principal == "*" && !bound {
            self.public(format!("everybody may invoke {function}"));
        } else if !bound || !principal.contains(".amazonaws.com") {
            self.broader(format!("{principal} may invoke {function}"));
        }
    }

    fn bucket(&mut self, before: Option<&Tree>, after: &Tree) {
        let blocks = |tree: Option<&Tree>, switch: &str| match tree
            .and_then(|tree| tree.get("PublicAccessBlockConfiguration"))
        {
            // Buckets are private by default since April 2023.
            None => true,
            Some(block) => text(block, switch) == Some("true"),
        };
        let opened: Vec<&str> = PUBLIC_ACCESS_BLOCK
            .iter()
            .filter(|switch| blocks(before, switch) && !blocks(Some(after), switch))
            .copied()
            .collect();
        if !opened.is_empty() {
            self.public(format!(
                "public access is not blocked ({})",
                opened.join(", ")
            ));
        }
        let list = text(after, "AccessControl");
        let was = before.and_then(|tree| text(tree, "AccessControl"));
        if list != was
            && let Some(list @ ("PublicRead" | "PublicReadWrite" | "AuthenticatedRead")) = list
        {
            self.public(format!("its access control list is {list}"));
        }
    }
}

fn text<'a>(tree: &'a Tree, key: &str) -> Option<&'a str> {
    tree.get(key).and_then(Tree::as_text)
}

fn becomes(before: Option<&Tree>, after: &Tree, key: &str, value: &str) -> bool {
    text(after, key) == Some(value) && before.and_then(|tree| text(tree, key)) != Some(value)
}

fn added_items<'a>(before: Option<&Tree>, after: &'a Tree, key: &str) -> Vec<&'a Tree> {
    let old = before.and_then(|tree| tree.get(key));
    let old = old.map(Tree::items).unwrap_or_default();
    let new = after.get(key).map(Tree::items).unwrap_or_default();
    new.into_iter().filter(|item| !old.contains(item)).collect()
}

fn added(before: Option<&Tree>, after: &Tree, key: &str) -> Vec<String> {
    added_items(before, after, key)
        .into_iter()
        .filter_map(|item| item.as_text().map(str::to_owned))
        .collect()
}

#[cfg(test)]
#[path = "danger_tests.rs"]
mod tests;
