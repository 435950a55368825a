//! Dynamic references, `{{resolve:service:reference}}`: well-formed or not. What they
//! name is not looked up.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html>

use crate::diagnostic::{Diagnostic, Location};

use super::findings::suggest;

const SERVICES: &[&str] = &["ssm", "ssm-secure", "secretsmanager"];

/// Checks the references in a text and counts them. In a part of a `Join` a reference
/// may go on in the next part (`partial`).
pub(super) fn check(text: &str, partial: bool, location: &Location) -> (usize, Vec<Diagnostic>) {
    let mut count = 0;
    let mut findings = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        rest = &rest[start + 2..];
        let Some(inner) = rest.trim_start().strip_prefix("resolve:") else {
            continue;
        };
        let spaced = rest.starts_with(char::is_whitespace);
        count += 1;
        let Some(end) = inner.find("}}") else {
            if !partial {
                let message = format!("'{{{{resolve:{}' has no '}}}}' at its end", head(inner));
                findings.push(Diagnostic::error(location, message));
            }
            break;
        };
        let inner = &inner[..end];
        if spaced {
            let message = format!("'{{{{ resolve:{inner}}}}}' stays a text because of the space");
            findings.push(
                Diagnostic::error(location, message)
                    .with_hint(format!("write '{{{{resolve:{}}}}}'", inner.trim_end())),
            );
        } else if let Err((what, hint)) = check_reference(inner) {
            let mut finding =
                Diagnostic::error(location, format!("'{{{{resolve:{inner}}}}}' {what}"));
            finding.hint = hint;
            findings.push(finding);
        }
    }
    (count, findings)
}

fn head(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Checks `service:reference`; variables of a `Sub` stand for anything.
fn check_reference(inner: &str) -> Result<(), (String, Option<String>)> {
    let (service, reference) = inner.split_once(':').unwrap_or((inner, ""));
    if service.contains("${") {
        return Ok(());
    }
    if !SERVICES.contains(&service) {
        let hint = suggest(service, SERVICES.iter().copied());
        return Err((format!("names no service: '{service}'"), hint));
    }
    if reference.is_empty() {
        return Err(("names no value".to_owned(), None));
    }
    if reference.contains("${") {
        return Ok(());
    }
    if service == "secretsmanager" {
        return check_secret(reference);
    }
    let (name, version) = match reference.split_once(':') {
        Some((name, version)) => (name, Some(version)),
        None => (reference, None),
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
    if name.is_empty() || !name.chars().all(is_name) {
        let what = format!("has the name '{name}', which no SSM parameter can have");
        return Err((what, None));
    }
    match version {
        Some(version) if version.is_empty() || !version.chars().all(|c| c.is_ascii_digit()) => {
            let what = format!("has the version '{version}', which is no number");
            Err((what, None))
        }
        _ => Ok(()),
    }
}

/// `secret-id:SecretString:json-key:version-stage:version-id`, the id being a name or
/// an ARN, which itself has six colons.
fn check_secret(reference: &str) -> Result<(), (String, Option<String>)> {
    let fields: Vec<&str> = reference.split(':').collect();
    let id = if reference.starts_with("arn:") { 7 } else { 1 };
    let rest = fields.get(id..).unwrap_or_default();
    if fields[0].is_empty() {
        return Err(("names no secret".to_owned(), None));
    }
    if let Some(kind) = rest.first()
        && !kind.is_empty()
        && *kind != "SecretString"
    {
        let what = format!("asks for '{kind}' of the secret");
        return Err((what, Some("only SecretString can be read".to_owned())));
    }
    if rest.len() > 4 {
        return Err(("has too many fields".to_owned(), None));
    }
    if let [_, _, stage, version] = rest
        && !stage.is_empty()
        && !version.is_empty()
    {
        let what = "gives both a version stage and a version id".to_owned();
        return Err((what, None));
    }
    Ok(())
}
