//! What the checks have found so far.

use std::collections::HashSet;

use crate::diagnostic::{Diagnostic, Location, closest};

/// How many names a hint lists when none is close to what was written.
const LISTED_NAMES: usize = 12;

/// Findings in the order of discovery.
#[derive(Default)]
pub(super) struct Findings(Vec<Diagnostic>);

impl Findings {
    pub(super) fn error(&mut self, location: &Location, message: impl Into<String>) {
        self.0.push(Diagnostic::error(location, message));
    }

    /// An error with what to do about it, if that is known.
    pub(super) fn error_with(
        &mut self,
        location: &Location,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        let mut finding = Diagnostic::error(location, message);
        finding.hint = hint;
        self.0.push(finding);
    }

    pub(super) fn warning_with(
        &mut self,
        location: &Location,
        message: impl Into<String>,
        hint: &str,
    ) {
        let mut finding = Diagnostic::warning(location, message);
        finding.hint = (!hint.is_empty()).then(|| hint.to_owned());
        self.0.push(finding);
    }

    pub(super) fn extend(&mut self, findings: impl IntoIterator<Item = Diagnostic>) {
        self.0.extend(findings);
    }

    /// All findings in the order of the file, each once: what is copied by a loop or an
    /// alias is found as often.
    pub(super) fn into_sorted(self) -> Vec<Diagnostic> {
        let mut seen = HashSet::new();
        let mut findings: Vec<Diagnostic> = self
            .0
            .into_iter()
            .filter(|finding| seen.insert((finding.location.clone(), finding.message.clone())))
            .collect();
        findings.sort_by(|a, b| a.location.cmp(&b.location));
        findings
    }
}

/// `did you mean 'x'?`, or the names that there are, if they are few.
pub(super) fn suggest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let names: Vec<&str> = names.into_iter().collect();
    let near = closest(word, names.iter().copied()).or_else(|| only_one_with(word, &names));
    if let Some(name) = near {
        return Some(format!("did you mean '{name}'?"));
    }
    (!names.is_empty() && names.len() <= LISTED_NAMES)
        .then(|| format!("there is: {}", names.join(", ")))
}

/// The only name that `word` is a part of, for instance `TopicArn` for `Arn`.
fn only_one_with<'a>(word: &str, names: &[&'a str]) -> Option<&'a str> {
    const SHORTEST: usize = 3;
    let word = word.to_lowercase();
    let mut with =
        (names.iter()).filter(|name| word.len() >= SHORTEST && name.to_lowercase().contains(&word));
    match (with.next(), with.next()) {
        (Some(name), None) => Some(name),
        _ => None,
    }
}
