//! Policy documents: who may do more than before, and whether everybody may.
//!
//! A document is taken apart into single grants (one principal, one action, one
//! resource), and a grant of the new document that no grant of the old one covers is
//! more than before. Conditions are compared, not understood, but for the keys that
//! keep strangers out.

use std::collections::BTreeSet;

use super::tree::Tree;

/// How many grants are written out; the rest is counted.
const SHOWN: usize = 4;

/// Condition keys that keep everybody but some out.
const RESTRICTING_KEYS: &[&str] = &[
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "kms:calleraccount",
    "kms:viaservice",
    "s3:dataaccesspointaccount",
];

/// What a new document gives that the old one did not.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Broadening {
    /// Grants to everybody, as fragments.
    pub(crate) public: Vec<String>,
    /// Other grants, as fragments.
    pub(crate) more: Vec<String>,
}

/// Compares two documents; `None` is a document that is not there.
pub(crate) fn broadening(before: Option<&Tree>, after: Option<&Tree>) -> Broadening {
    let old = grants(before);
    let new = grants(after);
    let mut found = Broadening::default();
    let mut public = BTreeSet::new();
    let mut more: Vec<(String, Vec<&str>)> = Vec::new();
    let allowed = |grant: &&Grant| grant.allow;
    for grant in new.iter().filter(allowed) {
        if old.iter().filter(allowed).any(|other| other.covers(grant)) {
            continue;
        }
        if grant.is_public() {
            public.insert(format!(
                "everybody may {} on {}",
                grant.action, grant.resource
            ));
            continue;
        }
        let target = match &grant.principal {
            Some(principal) if grant.resource.is_empty() => format!(" for {principal}"),
            Some(principal) => format!(" on {} for {principal}", grant.resource),
            None => format!(" on {}", grant.resource),
        };
        match more.iter_mut().find(|(other, _)| *other == target) {
            Some((_, actions)) => actions.push(&grant.action),
            None => more.push((target, vec![&grant.action])),
        }
    }
    found.public.extend(public);
    for (target, actions) in more {
        found
            .more
            .push(format!("allows {}{target}", enumerate(&actions)));
    }
    let denied = |grant: &&Grant| !grant.allow;
    let lifted: Vec<String> = old
        .iter()
        .filter(denied)
        .filter(|grant| !new.iter().filter(denied).any(|other| other.covers(grant)))
        .map(|grant| format!("{} on {}", grant.action, grant.resource))
        .collect();
    // Without any statement left, what was denied is not allowed by this document either.
    if !lifted.is_empty() && after.is_some() {
        let lifted: Vec<&str> = lifted.iter().map(String::as_str).collect();
        found
            .more
            .push(format!("no longer denies {}", enumerate(&lifted)));
    }
    found
}

fn enumerate(items: &[&str]) -> String {
    let shown: Vec<&str> = items.iter().take(SHOWN).copied().collect();
    match items.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        rest => format!("{} and {rest} more", shown.join(", ")),
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Grant {
    allow: bool,
    /// `None` in policies of identities, which have no principal.
    principal: Option<String>,
    action: String,
    resource: String,
    condition: Option<Tree>,
}

impl Grant {
    fn covers(&self, other: &Grant) -> bool {
        let principal = match (&self.principal, &other.principal) {
            (Some(own), Some(other)) => own == "*" || own == other,
            (own, other) => own == other,
        };
        principal
            && matches(&self.action.to_lowercase(), &other.action.to_lowercase())
            && matches(&self.resource, &other.resource)
            && (self.condition.is_none() || self.condition == other.condition)
    }

    fn is_public(&self) -> bool {
        self.principal.as_deref() == Some("*") && !self.condition.as_ref().is_some_and(restricts)
    }
}

/// Whether a condition keeps strangers out.
fn restricts(condition: &Tree) -> bool {
    let Tree::Map(operators) = condition else {
        return false;
    };
    operators.iter().any(|(operator, keys)| {
        let Tree::Map(keys) = keys else { return false };
        // `...IfExists` lets requests through that lack the key; negations keep few out.
        let selects = !operator.ends_with("IfExists") && !operator.contains("Not");
        selects
            && keys.iter().any(|(key, value)| {
                let open = value
                    .items()
                    .iter()
                    .any(|item| matches!(item.as_text(), Some("*" | "0.0.0.0/0" | "::/0")));
                !open && RESTRICTING_KEYS.contains(&key.to_lowercase().as_str())
            })
    })
}

fn grants(document: Option<&Tree>) -> Vec<Grant> {
    let parsed;
    let document = match document {
        // Some properties take the document as text.
        Some(Tree::Text(text)) => {
            parsed = serde_json::from_str(text)
                .ok()
                .and_then(|json| Tree::from_json(&json));
            parsed.as_ref()
        }
        other => other,
    };
    let Some(statements) = document.and_then(|document| document.get("Statement")) else {
        return Vec::new();
    };
    statements.items().into_iter().flat_map(statement).collect()
}

fn statement(statement: &Tree) -> Vec<Grant> {
    let allow = statement.get("Effect").and_then(Tree::as_text) != Some("Deny");
    let principals = match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(principal), _) => principals(principal),
        // Everybody but some is everybody.
        (None, Some(_)) => vec![Some("*".to_owned())],
        (None, None) => vec![None],
    };
    let words = |positive: &str, negative: &str| -> Vec<String> {
        match (statement.get(positive), statement.get(negative)) {
            (Some(value), _) => value.items().into_iter().map(word).collect(),
            (None, Some(value)) => {
                let names: Vec<String> = value.items().into_iter().map(word).collect();
                vec![format!("all but {}", names.join(", "))]
            }
            (None, None) => vec![String::new()],
        }
    };
    let actions = words("Action", "NotAction");
    let resources = words("Resource", "NotResource");
    let condition = statement.get("Condition").cloned();
    let mut grants = Vec::new();
    for principal in &principals {
        for resource in &resources {
            for action in &actions {
                grants.push(Grant {
                    allow,
                    principal: principal.clone(),
                    action: action.clone(),
                    resource: resource.clone(),
                    condition: condition.clone(),
                });
            }
        }
    }
    grants
}

fn principals(principal: &Tree) -> Vec<Option<String>> {
    match principal {
        Tree::Map(kinds) => kinds
            .iter()
            .flat_map(|(kind, names)| {
                names.items().into_iter().map(move |name| match word(name) {
                    name if name == "*" && kind == "AWS" => Some("*".to_owned()),
                    name => Some(name),
                })
            })
            .collect(),
        other => other.items().into_iter().map(|n| Some(word(n))).collect(),
    }
}

fn word(tree: &Tree) -> String {
    match tree {
        Tree::Text(text) => text.clone(),
        other => other.to_json().to_string(),
    }
}

/// Whether `text` is one of those that `pattern` stands for (`*` any text, `?` any letter).
fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where to go on when the last `*` has to take one letter more.
    let mut back: Option<(usize, usize)> = None;
    while t < text.len() {
        if p < pattern.len() && pattern[p] == '*' {
            back = Some((p, t));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == text[t] || pattern[p] == '?') {
            p += 1;
            t += 1;
        } else if let Some((star, taken)) = back {
            p = star + 1;
            t = taken + 1;
            back = Some((star, taken + 1));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn document(statements: Value) -> Tree {
        Tree::from_json(&json!({"Version": "2012-10-17", "Statement": statements})).unwrap()
    }

    fn told(before: Value, after: Value) -> (Vec<String>, Vec<String>) {
        let (before, after) = (document(before), document(after));
        let found = broadening(Some(&before), Some(&after));
        (found.public, found.more)
    }

    #[test]
    fn what_is_more_than_before() {
        let allow = |action: Value, resource: Value| json!([{"Effect": "Allow", "Action": action, "Resource": resource}]);
        let none = json!([]);
        let cases = [
            // before, after, what is told
            (
                none.clone(),
                allow(json!("s3:GetObject"), json!("*")),
                vec!["allows s3:GetObject on *"],
            ),
            (
                allow(json!(["s3:GetObject"]), json!("arn:a")),
                allow(json!(["s3:GetObject", "s3:PutObject"]), json!("arn:a")),
                vec!["allows s3:PutObject on arn:a"],
            ),
            (
                allow(json!("s3:*"), json!("*")),
                allow(json!("s3:Get*"), json!("arn:a")),
                vec![],
            ),
            (
                allow(json!("s3:Get*"), json!("*")),
                allow(json!("s3:*"), json!("*")),
                vec!["allows s3:* on *"],
            ),
            (
                allow(json!("S3:getobject"), json!("*")),
                allow(json!("s3:GetObject"), json!("*")),
                vec![],
            ),
            (
                allow(json!("s3:GetObject"), json!("*")),
                none.clone(),
                vec![],
            ),
            (
                json!([{"Effect": "Allow", "Action": "a:B", "Resource": "*", "Condition": {"Bool": {"x": "true"}}}]),
                allow(json!("a:B"), json!("*")),
                vec!["allows a:B on *"],
            ),
            (
                json!([{"Effect": "Deny", "Action": "a:B", "Resource": "*"}]),
                none.clone(),
                vec!["no longer denies a:B on *"],
            ),
            (
                none.clone(),
                json!([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]),
                vec!["allows all but iam:* on *"],
            ),
            (
                none,
                json!([{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sts:AssumeRole"}]),
                vec!["allows sts:AssumeRole for sns.amazonaws.com"],
            ),
        ];
        for (before, after, expected) in cases {
            let (public, more) = told(before.clone(), after.clone());
            assert_eq!(more, expected, "{before} -> {after}");
            assert!(public.is_empty());
        }
    }

    #[test]
    fn everybody_is_told_apart_from_somebody() {
        let open = |principal: Value, condition: Value| {
            let mut statement = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:b/*", "Principal": principal});
            if !condition.is_null() {
                statement["Condition"] = condition;
            }
            !told(json!([]), json!([statement])).0.is_empty()
        };
        assert!(open(json!("*"), Value::Null));
        assert!(open(json!({"AWS": "*"}), Value::Null));
        assert!(open(
            json!({"AWS": ["arn:aws:iam::1:root", "*"]}),
            Value::Null
        ));
        assert!(open(
            json!("*"),
            json!({"Bool": {"aws:SecureTransport": "true"}})
        ));
        assert!(open(
            json!("*"),
            json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}})
        ));
        assert!(open(
            json!("*"),
            json!({"StringEqualsIfExists": {"aws:SourceAccount": "1"}})
        ));
        assert!(!open(
            json!("*"),
            json!({"StringEquals": {"aws:SourceAccount": "1"}})
        ));
        assert!(!open(
            json!("*"),
            json!({"ArnLike": {"AWS:SourceArn": "arn:x"}})
        ));
        assert!(!open(json!({"AWS": "arn:aws:iam::1:root"}), Value::Null));
        assert!(!open(
            json!({"Service": "cloudfront.amazonaws.com"}),
            Value::Null
        ));
    }

    #[test]
    fn long_lists_are_cut() {
        let actions: Vec<String> = (0..9).map(|n| format!("s3:A{n}")).collect();
        let (_, more) = told(
            json!([]),
            json!([{"Effect": "Allow", "Action": actions, "Resource": "*"}]),
        );
        assert_eq!(more, ["allows s3:A0, s3:A1, s3:A2, s3:A3 and 5 more on *"]);
    }

    #[test]
    fn documents_may_be_texts() {
        let text = Tree::text(
            r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "es:*", "Resource": "x"}}"#,
        );
        assert_eq!(
            broadening(None, Some(&text)).public,
            ["everybody may es:* on x"]
        );
        assert_eq!(
            broadening(None, Some(&Tree::text("no json"))),
            Broadening::default()
        );
    }

    fn any_statement() -> impl Strategy<Value = Value> {
        (
            prop::bool::ANY,
            prop::sample::subsequence(vec!["s3:Get", "s3:*", "sqs:Send", "*"], 1..3),
            prop::sample::subsequence(vec!["arn:a", "arn:*", "*"], 1..3),
            prop::option::of(prop::sample::select(vec!["*", "arn:x"])),
        )
            .prop_map(|(allow, actions, resources, principal)| {
                let effect = if allow { "Allow" } else { "Deny" };
                let mut statement =
                    json!({"Effect": effect, "Action": actions, "Resource": resources});
                if let Some(principal) = principal {
                    statement["Principal"] = json!(principal);
                }
                statement
            })
    }

    proptest! {
        #[test]
        fn the_same_document_gives_nothing_new(a in prop::collection::vec(any_statement(), 0..4)) {
            let (public, more) = told(json!(a), json!(a));
            prop_assert!(public.is_empty() && more.is_empty());
        }

        #[test]
        fn taking_an_allow_away_or_denying_more_gives_nothing_new(
            a in prop::collection::vec(any_statement(), 1..4), denied in any_statement()
        ) {
            let kept: Vec<_> = a.iter().skip(1).cloned().collect();
            let first_denies = a[0]["Effect"] == "Deny";
            let (public, more) = told(json!(a), json!(kept));
            prop_assert!(public.is_empty());
            prop_assert!(first_denies || more.is_empty());

            let mut more_denied = a.clone();
            let mut denied = denied;
            denied["Effect"] = json!("Deny");
            more_denied.push(denied);
            let (public, more) = told(json!(a), json!(more_denied));
            prop_assert!(public.is_empty() && more.is_empty());
        }

        #[test]
        fn a_star_stands_for_every_text(text in "[a-z:*/]{0,12}", prefix in 0usize..12) {
            prop_assert!(matches("*", &text));
            prop_assert!(matches(&text, &text));
            let prefix = prefix.min(text.len());
            let pattern = format!("{}*", &text[..prefix]);
            prop_assert!(matches(&pattern, &text));
        }
    }
}
