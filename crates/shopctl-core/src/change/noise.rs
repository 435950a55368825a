//! What a change set says only to be on the safe side.
//!
//! CloudFormation marks everything that names a changing resource as changing too, to be
//! evaluated during the update. A name and an ARN only change when the resource is made
//! anew, so such a mark means nothing while it is changed in place.

use std::collections::BTreeSet;

use super::model::{Recreation, Replacement, ResourceAction};
use super::reported::{ReportedChange, ReportedDetail};
use crate::names::LogicalId;

/// The changes without marks that mean nothing. `decide` sharpens what "conditionally"
/// means for a property of a resource, `is_resource` tells causes that are resources,
/// `is_known` resources that change for reasons of their own.
pub(crate) fn without_noise(
    reported: &[ReportedChange],
    decide: impl Fn(&ReportedChange, &ReportedDetail) -> Recreation,
    is_resource: impl Fn(&str) -> bool,
    is_known: impl Fn(&LogicalId) -> bool,
) -> Vec<ReportedChange> {
    let mut replaced: BTreeSet<&str> = BTreeSet::new();
    let follows = |detail: &ReportedDetail, replaced: &BTreeSet<&str>| -> bool {
        match cause(detail, &is_resource) {
            Some((resource, stable)) => !stable || replaced.contains(resource),
            None => true,
        }
    };
    loop {
        let more: Vec<&str> = reported
            .iter()
            .filter(|change| change.replacement != Replacement::No)
            .filter(|change| !replaced.contains(change.logical_id.as_str()))
            .filter(|change| {
                let matters = |detail: &ReportedDetail| {
                    let recreation = match detail.dynamic {
                        true => detail.recreation,
                        false => decide(change, detail),
                    };
                    recreation >= Recreation::Conditionally && follows(detail, &replaced)
                };
                // Without details, CloudFormation's word stands.
                !change
                    .details
                    .iter()
                    .any(|detail| detail.recreation >= Recreation::Conditionally)
                    || change.details.iter().any(matters)
            })
            .map(|change| change.logical_id.as_str())
            .collect();
        if more.is_empty() {
            break;
        }
        replaced.extend(more);
    }
    reported
        .iter()
        .filter_map(|change| {
            let mut kept = change.clone();
            kept.details.retain(|detail| follows(detail, &replaced));
            if !replaced.contains(change.logical_id.as_str()) {
                kept.replacement = Replacement::No;
            }
            let only_noise = kept.details.is_empty()
                && !change.details.is_empty()
                && matches!(
                    change.action,
                    ResourceAction::Modify | ResourceAction::Dynamic
                )
                && !change.drifted
                && !is_known(&change.logical_id);
            (!only_noise).then_some(kept)
        })
        .collect()
}

/// Attributes that say which resource it is: they change when it is replaced and at no other time
/// (their descriptions in the AWS resource reference).
const OF_THE_IDENTITY: &[&str] = &[
    "ApiEndpoint",
    "ApiId",
    "Arn",
    "DomainName",
    "GroupId",
    "Id",
    "Name",
    "ProviderName",
    "ProviderURL",
    "QueueName",
    "QueueUrl",
    "RegionalDomainName",
    "RestApiId",
    "RoleId",
    "RootResourceId",
    "TopicArn",
    "TopicName",
    "UserPoolId",
];

/// The resource that causes a dynamic change, and whether what is read of it stays the same
/// as long as the resource is not made anew.
fn cause(detail: &ReportedDetail, is_resource: impl Fn(&str) -> bool) -> Option<(&str, bool)> {
    let entity = detail
        .causing_entity
        .as_deref()
        .filter(|_| detail.dynamic)?;
    let (resource, attribute) = match entity.split_once('.') {
        Some((resource, attribute)) => (resource, Some(attribute)),
        None => (entity, None),
    };
    let stable = attribute.is_none_or(|attribute| OF_THE_IDENTITY.contains(&attribute));
    is_resource(resource).then_some((resource, stable))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(
        name: &str,
        replacement: Replacement,
        details: Vec<ReportedDetail>,
    ) -> ReportedChange {
        ReportedChange {
            logical_id: name.into(),
            physical_id: None,
            resource_type: "AWS::SQS::Queue".to_owned(),
            action: ResourceAction::Modify,
            replacement,
            fate: None,
            details,
            before: None,
            after: None,
            drifted: false,
        }
    }

    fn detail(recreation: Recreation, cause: Option<&str>) -> ReportedDetail {
        ReportedDetail {
            attribute: "Properties".to_owned(),
            name: Some("P".to_owned()),
            path: None,
            recreation,
            before: None,
            after: None,
            causing_entity: cause.map(str::to_owned),
            dynamic: cause.is_some(),
            drift: None,
        }
    }

    fn kept(reported: &[ReportedChange]) -> Vec<(String, Replacement)> {
        without_noise(reported, |_, detail| detail.recreation, |_| true, |_| false)
            .into_iter()
            .map(|change| (change.logical_id.to_string(), change.replacement))
            .collect()
    }

    #[test]
    fn who_names_a_resource_that_stays_does_not_change() {
        use Recreation::{Always, Conditionally, Never};
        use Replacement::{Maybe, No, Yes};
        let first =
            |replacement, recreation| change("A", replacement, vec![detail(recreation, None)]);
        let chain = |attribute: &str| {
            vec![
                change("B", Maybe, vec![detail(Conditionally, Some(attribute))]),
                change("C", Maybe, vec![detail(Conditionally, Some("B.Arn"))]),
            ]
        };
        let all = |first, rest: Vec<ReportedChange>| [vec![first], rest].concat();
        let name = |name: &str, replacement| (name.to_owned(), replacement);
        assert_eq!(
            kept(&all(first(No, Never), chain("A.QueueName"))),
            [name("A", No)]
        );
        assert_eq!(
            kept(&all(first(No, Never), chain("A.Arn"))),
            [name("A", No)]
        );
        assert_eq!(
            kept(&all(first(Yes, Always), chain("A"))),
            [name("A", Yes), name("B", Maybe), name("C", Maybe)]
        );
        assert_eq!(
            kept(&all(first(No, Never), chain("A.LatestVersionNumber"))),
            [name("A", No), name("B", Maybe), name("C", Maybe)]
        );
    }

    #[test]
    fn a_circle_of_marks_holds_nothing_up() {
        let around = [
            change(
                "A",
                Replacement::Maybe,
                vec![detail(Recreation::Always, Some("B"))],
            ),
            change(
                "B",
                Replacement::Maybe,
                vec![detail(Recreation::Always, Some("A"))],
            ),
        ];
        assert!(kept(&around).is_empty());
    }

    #[test]
    fn without_details_the_word_of_the_service_stands() {
        assert_eq!(
            kept(&[change("A", Replacement::Maybe, Vec::new())]),
            [("A".to_owned(), Replacement::Maybe)]
        );
    }
}
