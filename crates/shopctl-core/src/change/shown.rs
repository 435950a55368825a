//! Values as they may be shown: secrets are not.

use super::model::Shown;
use super::tree::{HIDDEN, Tree};

/// Properties that hold secrets.
const SECRET_PROPERTIES: &[&str] = &[
    "AdminUserPassword",
    "AuthToken",
    "AuthenticationToken",
    "ClientSecret",
    "MasterUserPassword",
    "OAuthToken",
    "Password",
    "PrivateKey",
    "SecretBinary",
    "SecretString",
    "SecretToken",
    "client_secret",
];

/// Words in names of environment variables whose values are secrets.
const SECRET_WORDS: &[&str] = &[
    "APIKEY",
    "API_KEY",
    "CREDENTIAL",
    "PASSPHRASE",
    "PASSWD",
    "PASSWORD",
    "PRIVATE_KEY",
    "SECRET_KEY",
    "TOKEN",
];

/// A value as it may be shown at this place.
pub(crate) fn shown(path: &str, tree: &Tree) -> Shown {
    let key = path.rsplit('.').next().unwrap_or(path);
    match tree {
        Tree::Hidden(_) => Shown::Hidden,
        Tree::Text(text) if is_masked(text) || is_secret(path, key, text) => Shown::Hidden,
        other => Shown::Value(json(path, other)),
    }
}

fn json(path: &str, tree: &Tree) -> serde_json::Value {
    match tree {
        Tree::Map(entries) => entries
            .iter()
            .map(|(key, value)| {
                let path = format!("{path}.{key}");
                let value = match shown(&path, value) {
                    Shown::Value(value) => value,
                    _ => serde_json::Value::String(HIDDEN.to_owned()),
                };
                (key.clone(), value)
            })
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Tree::List(items) => items
            .iter()
            .map(|item| match shown(path, item) {
                Shown::Value(value) => value,
                _ => serde_json::Value::String(HIDDEN.to_owned()),
            })
            .collect(),
        other => other.to_json(),
    }
}

/// Whether CloudFormation has put stars in place of a value.
pub(crate) fn is_masked(text: &str) -> bool {
    text.len() >= 4 && text.chars().all(|c| c == '*')
}

/// A name, a reference or a pointer to a secret is no secret.
fn is_secret(path: &str, key: &str, text: &str) -> bool {
    let key = key.split('[').next().unwrap_or(key);
    let points_elsewhere = text.starts_with("{{resolve:") || text.starts_with("${");
    if points_elsewhere || text.is_empty() {
        return false;
    }
    if SECRET_PROPERTIES.contains(&key) {
        return true;
    }
    let name = key.to_uppercase();
    let in_environment = path.contains("Environment.Variables.");
    in_environment && SECRET_WORDS.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_hidden_wherever_they_stand() {
        let cases = [
            ("MasterUserPassword", "hunter2", true),
            ("MasterUserPassword", "{{resolve:secretsmanager:x}}", false),
            ("MasterUserPassword", "${Secret.Value}", false),
            ("Environment.Variables.DB_PASSWORD", "x", true),
            ("Environment.Variables.STRIPE_API_KEY", "x", true),
            ("Environment.Variables.TABLE_NAME", "x", false),
            ("Any", "****", true),
            ("Any", "**", false),
            ("TokenValidity", "60", false),
        ];
        for (path, text, hidden) in cases {
            let found = shown(path, &Tree::text(text));
            assert_eq!(found == Shown::Hidden, hidden, "{path} {text}");
        }
        let tree = Tree::from_json(&json!({
            "Variables": {"API_KEY": "x", "TABLE": "t"},
            "Users": [{"Password": "x"}],
        }))
        .unwrap();
        assert_eq!(
            shown("Environment", &tree),
            Shown::Value(json!({
                "Variables": {"API_KEY": "(hidden)", "TABLE": "t"},
                "Users": [{"Password": "(hidden)"}],
            }))
        );
    }
}
