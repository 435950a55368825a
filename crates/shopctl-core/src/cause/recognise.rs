//! Finds the rule that a text follows.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::kind::CauseKind;
use super::rules::{self, Follow, Rule};

/// Which stack a text is about; the commands that a cause names are for it.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The environment's name.
    pub environment: &'a str,
    /// The stack's name in the project file.
    pub stack: &'a str,
    /// Its name in CloudFormation.
    pub cloud_name: &'a str,
}

/// What a text means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The kind of cause.
    pub kind: CauseKind,
    /// What it means, in plain words.
    pub explanation: String,
    /// What to do, with the command.
    pub next: String,
    /// What tells more about it.
    pub lead: Option<Lead>,
}

/// Where more about a cause is to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lead {
    /// The change set's validation events.
    Validation,
    /// The results of hooks.
    Hooks,
    /// A nested stack's events.
    NestedStack {
        /// Its ARN, when the text has it.
        stack_id: Option<String>,
    },
    /// A nested change set.
    NestedChangeSet {
        /// Its ARN.
        change_set: String,
    },
    /// The log of a custom resource's function.
    FunctionLog {
        /// The request that failed, when the text has it.
        request_id: Option<String>,
    },
    /// The stack that owns what exists already.
    Owner {
        /// What exists, as the text names it.
        identifier: String,
    },
    /// Stacks that read an export.
    Importers {
        /// The export.
        export: String,
    },
    /// A message that only STS can decode.
    EncodedMessage {
        /// The encoded text.
        message: String,
    },
}

struct Compiled {
    rule: &'static Rule,
    pattern: Regex,
}

static COMPILED: LazyLock<Vec<Compiled>> = LazyLock::new(|| {
    rules::all()
        .filter_map(|rule| {
            // A test compiles every pattern of the table.
            let pattern = Regex::new(&format!("(?is){}", rule.pattern)).ok()?;
            Some(Compiled { rule, pattern })
        })
        .collect()
});

/// What `text` means; `None` when no rule knows it.
pub fn recognise(text: &str, place: Place<'_>) -> Option<Cause> {
    COMPILED.iter().find_map(|compiled| {
        let found = compiled.pattern.captures(text)?;
        let expand = |template: &str| fill(template, &found, place);
        Some(Cause {
            kind: compiled.rule.kind,
            explanation: expand(compiled.rule.explanation),
            next: expand(compiled.rule.next),
            lead: lead(compiled.rule.follow, &found),
        })
    })
}

/// What there is to say about a text that no rule knows.
pub fn unrecognised(place: Place<'_>) -> String {
    format!(
        "correct the cause and run `shopctl deploy --env {}` again",
        place.environment
    )
}

/// Whether a resource's reason only says that it was stopped because of another one.
pub fn is_cascade(reason: &str) -> bool {
    let reason = reason.to_lowercase();
    reason.contains("cancelled") || reason.contains("canceled")
}

/// Whether a text only lists resources that failed.
pub fn is_summary(reason: &str) -> bool {
    let reason = reason.to_lowercase();
    reason.contains("the following resource(s) failed to")
}

fn fill(template: &str, found: &Captures<'_>, place: Place<'_>) -> String {
    let mut text = String::new();
    found.expand(template, &mut text);
    text.replace("{env}", place.environment)
        .replace("{stack}", place.stack)
        .replace("{cloud}", place.cloud_name)
}

fn lead(follow: Follow, found: &Captures<'_>) -> Option<Lead> {
    let group = |name: &str| {
        found
            .name(name)
            .map(|found| found.as_str().trim().to_owned())
            .filter(|text| !text.is_empty())
    };
    match follow {
        Follow::Nothing => None,
        Follow::Validation => Some(Lead::Validation),
        Follow::Hooks => Some(Lead::Hooks),
        Follow::NestedStack => Some(Lead::NestedStack {
            stack_id: group("arn"),
        }),
        Follow::NestedChangeSet => {
            group("arn").map(|change_set| Lead::NestedChangeSet { change_set })
        }
        Follow::FunctionLog => Some(Lead::FunctionLog {
            request_id: group("request"),
        }),
        Follow::Owner => group("id").map(|identifier| Lead::Owner { identifier }),
        Follow::Importers => group("export").map(|export| Lead::Importers { export }),
        Follow::EncodedMessage => group("encoded").map(|message| Lead::EncodedMessage { message }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_of_the_table_compiles() {
        assert_eq!(COMPILED.len(), rules::all().count());
    }
}
