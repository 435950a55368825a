//! What CloudFormation's change set says beside what the templates say.

use serde_json::json;

use super::*;

fn report(replacement: Replacement, details: Vec<ReportedDetail>) -> ReportedChange {
    ReportedChange {
        logical_id: "Table".into(),
        physical_id: Some("table-1".to_owned()),
        resource_type: "AWS::DynamoDB::Table".to_owned(),
        action: ResourceAction::Modify,
        replacement,
        fate: None,
        details,
        before: None,
        after: None,
        drifted: false,
    }
}

fn detail(name: &str, recreation: Recreation) -> ReportedDetail {
    ReportedDetail {
        attribute: "Properties".to_owned(),
        name: Some(name.to_owned()),
        path: None,
        recreation,
        before: None,
        after: None,
        causing_entity: None,
        dynamic: false,
        drift: None,
    }
}

#[test]
fn what_cloudformation_says_wins() {
    let after = TABLE.replace("PROVISIONED", "PAY_PER_REQUEST");
    let told_with = |reported: Vec<ReportedChange>| {
        told(&compared(Case {
            before: Some(TABLE),
            after: &after,
            old_parameters: &[("Size", "5")],
            reported: Some(reported),
            ..Case::default()
        }))
    };
    insta::assert_snapshot!(
        told_with(vec![ReportedChange {
            fate: Some(Fate::Retained),
            ..report(Replacement::Yes, vec![detail("BillingMode", Recreation::Always)])
        }]),
        @r"
    Update
    Modify Table replaced: Yes
      BillingMode: PROVISIONED -> PAY_PER_REQUEST
      ! replacement: a new, empty one takes its place; the old one stays outside the stack
    "
    );
    assert_eq!(told_with(Vec::new()), "Unchanged");
}

#[test]
fn values_of_a_change_set_are_shown_with_their_causes_and_drift() {
    let mut change = report(
        Replacement::No,
        vec![
            ReportedDetail {
                causing_entity: Some("Size".to_owned()),
                ..detail("ProvisionedThroughput", Recreation::Never)
            },
            ReportedDetail {
                drift: Some("7".to_owned()),
                ..detail("BillingMode", Recreation::Never)
            },
        ],
    );
    change.before = Some(
        json!({"Properties": {"ProvisionedThroughput": {"ReadCapacityUnits": 5}, "Key": "****"}})
            .to_string(),
    );
    change.after = Some(
        json!({"Properties": {"ProvisionedThroughput": {"ReadCapacityUnits": 6}, "Key": "***** "}})
            .to_string(),
    );
    let compared = compared(Case {
        before: Some(TABLE),
        after: TABLE,
        old_parameters: &[("Size", "5")],
        reported: Some(vec![change]),
        ..Case::default()
    });
    insta::assert_snapshot!(told(&compared), @r"
    Update
    Modify Table
      ProvisionedThroughput.ReadCapacityUnits: 5 -> 6 because of Size
      Key: (hidden) -> ***** 
      BillingMode: - -> -
      ! drift overwritten: BillingMode was set to '7' by hand
    ");
}

#[test]
fn conditionally_is_decided_where_the_values_tell() {
    let template = |kind: &str| {
        format!(
            "Resources: {{Table: {{Type: 'AWS::DynamoDB::Table', Properties: {{AttributeDefinitions: [{{AttributeName: pk, AttributeType: {kind}}}, {{AttributeName: x, AttributeType: S}}]}}}}}}"
        )
    };
    let before = "Resources: {Table: {Type: 'AWS::DynamoDB::Table', Properties: {AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]}}}";
    let replaced = |after: &str, dynamic: bool| {
        let conditional = ReportedDetail {
            dynamic,
            ..detail("AttributeDefinitions", Recreation::Conditionally)
        };
        let compared = compared(Case {
            before: Some(before),
            after,
            reported: Some(vec![report(Replacement::Maybe, vec![conditional])]),
            ..Case::default()
        });
        compared.change.resources[0].replacement
    };
    assert_eq!(replaced(&template("S"), false), Replacement::No);
    assert_eq!(replaced(&template("N"), false), Replacement::Yes);
    assert_eq!(replaced(&template("S"), true), Replacement::Maybe);
}

#[test]
fn a_service_that_overlooks_a_replacement_of_data_is_doubted() {
    let after = TABLE.replace("AttributeName: pk", "AttributeName: id");
    let compared = compared(Case {
        before: Some(TABLE),
        after: &after,
        old_parameters: &[("Size", "5")],
        reported: Some(vec![report(
            Replacement::No,
            vec![detail("KeySchema", Recreation::Never)],
        )]),
        ..Case::default()
    });
    assert_eq!(compared.change.resources[0].replacement, Replacement::Maybe);
}
