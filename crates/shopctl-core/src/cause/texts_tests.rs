//! What is made of the texts.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::kind::CauseKind::{self, *};
use super::recognise::{Cause, Lead, Place, is_cascade, is_summary, recognise};
use super::texts::{DELETING, REFUSED, RUNNING};

const PLACE: Place<'_> = Place {
    environment: "prod",
    stack: "orders",
    cloud_name: "shop-prod-orders",
};

const ARN: &str = "arn:aws:cloudformation:us-east-1:123456789012:stack/shop-prod-orders/4f1a";

fn cause(text: &str) -> Cause {
    recognise(text, PLACE).unwrap_or_else(|| panic!("not recognised: {text}"))
}

#[test]
fn every_text_has_its_cause() {
    for (text, kind, explanation, next) in REFUSED.iter().chain(RUNNING).chain(DELETING) {
        let cause = cause(text);
        assert_eq!(cause.kind, *kind, "{text}");
        assert!(
            explanation
                .split('|')
                .any(|word| cause.explanation.contains(word)),
            "{text}\nexplained as: {}",
            cause.explanation
        );
        assert!(cause.next.contains(next), "{text}\nnext: {}", cause.next);
        for part in [&cause.explanation, &cause.next] {
            assert!(!part.is_empty() && !part.contains("{env}"), "{part}");
            assert!(!part.ends_with('.'), "{part}");
        }
    }
}

#[test]
fn every_kind_has_a_text() {
    for kind in CauseKind::ALL {
        let shown = REFUSED
            .iter()
            .chain(RUNNING)
            .chain(DELETING)
            .any(|(_, shown, _, _)| shown == kind);
        assert!(shown, "no text shows {kind}");
    }
}

#[test]
fn words_in_between_change_nothing() {
    // Tools and services wrap texts; upper and lower case differ between regions.
    let cause = cause("wrapped: RATE EXCEEDED, sorry");
    assert_eq!(cause.kind, Throttled);
}

#[test]
fn what_nobody_knows_is_not_guessed() {
    assert_eq!(recognise("The moon is in the wrong house", PLACE), None);
    assert_eq!(recognise("", PLACE), None);
}

#[test]
fn leads_name_where_to_look() {
    let lead = |text: &str| cause(text).lead;
    assert_eq!(
        lead(
            "Received response status [FAILED] from custom resource. Message returned: x (RequestId: 8d6f-01)"
        ),
        Some(Lead::FunctionLog {
            request_id: Some("8d6f-01".to_owned())
        })
    );
    assert_eq!(
        lead(
            "CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId [8d6f-01]."
        ),
        Some(Lead::FunctionLog {
            request_id: Some("8d6f-01".to_owned())
        })
    );
    assert_eq!(
        lead(&format!(
            "Embedded stack {ARN} was not successfully updated: x"
        )),
        Some(Lead::NestedStack {
            stack_id: Some(ARN.to_owned())
        })
    );
    assert_eq!(
        lead("Nested change set arn:aws:x:changeSet/n/1 was not successfully created: y"),
        Some(Lead::NestedChangeSet {
            change_set: "arn:aws:x:changeSet/n/1".to_owned()
        })
    );
    assert_eq!(
        lead("Resource of type 'AWS::S3::Bucket' with identifier 'shop-site' already exists."),
        Some(Lead::Owner {
            identifier: "shop-site".to_owned()
        })
    );
    assert_eq!(
        lead(
            "Resource handler returned message: \"Role with name shop-role already exists.\" (HandlerErrorCode: AlreadyExists)"
        ),
        Some(Lead::Owner {
            identifier: "shop-role".to_owned()
        })
    );
    assert_eq!(
        lead("Export A cannot be deleted as it is in use by B"),
        Some(Lead::Importers {
            export: "A".to_owned()
        })
    );
    assert_eq!(
        lead("Encoded authorization failure message: abcdefghijklmnopqrstuvwxyz"),
        Some(Lead::EncodedMessage {
            message: "abcdefghijklmnopqrstuvwxyz".to_owned()
        })
    );
    assert_eq!(
        lead("The following hook(s) failed: [A::B::C]"),
        Some(Lead::Hooks)
    );
    assert_eq!(lead("Rate exceeded"), None);
}

#[test]
fn the_cascade_and_the_summary_are_no_causes() {
    for text in [
        "Resource creation cancelled",
        "Resource update cancelled",
        "Resource creation Canceled",
    ] {
        assert!(is_cascade(text), "{text}");
    }
    assert!(is_summary(
        "The following resource(s) failed to create: [A, B]. Rollback requested by user."
    ));
    assert!(!is_cascade("Invalid queue name") && !is_summary("Invalid queue name"));
}

#[test]
fn only_failures_of_the_moment_are_worth_another_try() {
    assert!(cause("Rate exceeded").kind.may_pass_by_itself());
    assert!(
        !cause("Limit (LimitExceededException)")
            .kind
            .may_pass_by_itself()
    );
}
