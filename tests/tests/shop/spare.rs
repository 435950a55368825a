//! What the roles of the functions allow although no step of the test needs it, and why it stays.
//!
//! A line is role, action and resource, as the templates call them; `*` stands for anything. Whatever
//! else is not needed has to leave its template.

use std::collections::BTreeSet;

use crate::roles::matches;

/// Whether a permission is ever needed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Here {
    /// No step needs it: when one does, the line is to go.
    Never,
    /// It depends on what happens at the same time.
    Sometimes,
}

/// The exceptions, and the reason of each.
const SPARE: [(&str, Here, &str); 10] = [
    (
        "* xray:* *",
        Here::Never,
        "the daemon of Lambda sends the segments with the role of the function, and there is none here",
    ),
    (
        "accounts.PostConfirmationRole dynamodb:* accounts.Table",
        Here::Never,
        "the user pool of AWS calls the function when an address is verified, this cloud's does not",
    ),
    (
        "sales-report.ScheduleRole lambda:InvokeFunction *",
        Here::Never,
        "the scheduler takes this role, at night",
    ),
    (
        "admin.ToolRole dynamodb:* *",
        Here::Never,
        "administrators may look into four tables, and a look into one shows that they can",
    ),
    (
        "products.SeedRole dynamodb:DeleteItem products.WordTable",
        Here::Never,
        "a product of the seed loses words when its text changes from one version to the next",
    ),
    (
        "products.ValidateRole dynamodb:BatchGetItem products.Table",
        Here::Never,
        "the function is there for services that keep products of their own; this shop has none",
    ),
    (
        "notifications.EventsConsumeRole dynamodb:DeleteItem notifications.SentTable",
        Here::Sometimes,
        "what could not be sent is released, so that the next delivery of the event sends it",
    ),
    (
        "*.BaseRelayInsideRole dynamodb:PutItem *.BaseOutboxTable",
        Here::Sometimes,
        "events leave the outbox right after their transaction, unless a function ended before that",
    ),
    (
        "listener.EventsConsumeRole dynamodb:* listener.Table*",
        Here::Sometimes,
        "a connection that broke without a word is forgotten when the next event does not reach it",
    ),
    (
        "sales-report.EventsInsideRole dynamodb:PutItem sales-report.BaseOutboxTable",
        Here::Sometimes,
        "each function takes along what another one left in the outbox; this one puts nothing there",
    ),
];

/// Fails on a permission that nothing needs and that is not in the list, and on a line of the list
/// that is about nothing.
pub(crate) fn only_what_is_written_down(spare: &BTreeSet<String>) {
    let unexplained: Vec<_> = spare
        .iter()
        .filter(|permission| !SPARE.iter().any(|(line, ..)| matches(line, permission)))
        .collect();
    assert!(
        unexplained.is_empty(),
        "allowed, and called for by nobody: {unexplained:#?}"
    );
    let idle: Vec<_> = SPARE
        .iter()
        .filter(|(_, here, _)| *here == Here::Never)
        .filter(|(line, ..)| !spare.iter().any(|permission| matches(line, permission)))
        .collect();
    assert!(idle.is_empty(), "needed after all, or not there: {idle:#?}");
}
