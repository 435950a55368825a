//! The table of texts: a pattern, the kind of cause, what it means and what to do.
//!
//! The first rule that matches wins, so what is special stands above what is general.
//! `${name}` stands for a group of the pattern, `{env}`, `{stack}` and `{cloud}` for the
//! place. Services word their messages anew now and then: patterns hold to the words that
//! carry the meaning.

mod deletion;
mod operation;
mod request;
mod service;

use super::kind::CauseKind;

/// What tells more about a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cause) enum Follow {
    Nothing,
    Validation,
    Hooks,
    NestedStack,
    NestedChangeSet,
    FunctionLog,
    Owner,
    Importers,
    EncodedMessage,
}

/// One row.
#[derive(Debug)]
pub(in crate::cause) struct Rule {
    pub(in crate::cause) kind: CauseKind,
    pub(in crate::cause) pattern: &'static str,
    pub(in crate::cause) explanation: &'static str,
    pub(in crate::cause) next: &'static str,
    pub(in crate::cause) follow: Follow,
}

const fn rule(
    kind: CauseKind,
    pattern: &'static str,
    explanation: &'static str,
    next: &'static str,
) -> Rule {
    Rule {
        kind,
        pattern,
        explanation,
        next,
        follow: Follow::Nothing,
    }
}

const fn lead(
    kind: CauseKind,
    pattern: &'static str,
    explanation: &'static str,
    next: &'static str,
    follow: Follow,
) -> Rule {
    Rule {
        kind,
        pattern,
        explanation,
        next,
        follow,
    }
}

const AGAIN: &str = "run `shopctl deploy --env {env}` again";
const WAIT_AND_AGAIN: &str =
    "wait a minute and run `shopctl deploy --env {env}` again; what is done stays done";
const CORRECT: &str = "correct the template and run `shopctl deploy --env {env}` again";

/// All rows, in the order in which they are tried.
pub(in crate::cause) fn all() -> impl Iterator<Item = &'static Rule> {
    [
        service::RULES,
        request::RULES,
        deletion::RULES,
        operation::RULES,
    ]
    .into_iter()
    .flatten()
}
