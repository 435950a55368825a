#![allow(clippy::unwrap_used, reason = "tests")]

mod reported;

use super::*;
use crate::change::{Fate, ReportedDetail, ResourceAction};
use crate::diagnostic::Location;
use crate::plan::PlannedValue;
use crate::template::ParameterDeclaration;
use crate::yaml::{Node, parse};

/// A stack before and after, told with few words.
#[derive(Default)]
struct Case<'a> {
    before: Option<&'a str>,
    after: &'a str,
    old_parameters: &'a [(&'a str, &'a str)],
    parameters: &'a [(&'a str, PlannedValue)],
    secrets: &'a [&'a str],
    assumed: &'a [(&'a str, &'a str, &'a str)],
    reported: Option<Vec<ReportedChange>>,
}

fn known(text: &str) -> PlannedValue {
    PlannedValue::Known(text.to_owned())
}

fn output(stack: &str, output: &str) -> PlannedValue {
    PlannedValue::OutputOf {
        stack: stack.into(),
        output: output.to_owned(),
    }
}

fn compared(case: Case<'_>) -> Compared {
    named("orders", case)
}

fn named(stack: &str, case: Case<'_>) -> Compared {
    let document = parse("after", case.after).unwrap();
    let location = || Location {
        ..document.location.clone()
    };
    let parameters = document
        .get("Parameters")
        .and_then(Node::entries)
        .unwrap_or(&[])
        .iter()
        .map(|(name, declaration)| {
            let name = name.as_str().unwrap();
            let declared = ParameterDeclaration {
                parameter_type: "String".to_owned(),
                default: declaration
                    .get("Default")
                    .and_then(Node::as_str)
                    .map(str::to_owned),
                no_echo: case.secrets.contains(&name),
                allowed_values: Vec::new(),
                allowed_pattern: None,
                min_length: None,
                max_length: None,
                min_value: None,
                max_value: None,
                constraint_description: None,
                location: location(),
            };
            (name.to_owned(), declared)
        })
        .collect();
    let template = RenderedTemplate {
        stack: stack.into(),
        body: case.after.to_owned(),
        digest: "d".to_owned(),
        parameters,
        outputs: Vec::new(),
        capabilities: BTreeSet::new(),
        resources: IndexMap::new(),
        omitted: Vec::new(),
        nested: std::collections::BTreeMap::new(),
        uploads: Vec::new(),
        warnings: Vec::new(),
    };
    let deployment = StackDeployment {
        stack: stack.into(),
        cloud_name: format!("shop-prod-{stack}").as_str().into(),
        action: match case.before {
            Some(_) => StackAction::Update,
            None => StackAction::Create,
        },
        template_digest: "d".to_owned(),
        template_key: None,
        parameters: case
            .parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
        tags: BTreeMap::new(),
        capabilities: BTreeSet::new(),
        termination_protection: None,
        settings: Default::default(),
    };
    let deployed = case.before.map(|template| Deployed {
        template: template.to_owned(),
        parameters: case
            .old_parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        ..Deployed::default()
    });
    let assumed = case
        .assumed
        .iter()
        .map(|(stack, output, value)| {
            (((*stack).into(), (*output).to_owned()), (*value).to_owned())
        })
        .collect();
    stack_change(&StackInput {
        deployment: &deployment,
        reason: "its template or code changed",
        template: &template,
        deployed: deployed.as_ref(),
        reported: case.reported.as_deref(),
        assumed: &assumed,
        pseudo: &Pseudo {
            account: "123456789012".to_owned(),
            region: "eu-central-1".to_owned(),
            partition: "aws".to_owned(),
            url_suffix: "amazonaws.com".to_owned(),
        },
    })
}

/// The change in a few lines.
fn told(compared: &Compared) -> String {
    let show = |shown: &Option<Shown>| match shown {
        None => "-".to_owned(),
        Some(Shown::Hidden) => "(hidden)".to_owned(),
        Some(Shown::KnownAfter(what)) => format!("(known after {what})"),
        Some(Shown::Value(serde_json::Value::String(text))) => text.clone(),
        Some(Shown::Value(value)) => value.to_string(),
    };
    let line = |kind: &str, change: &PropertyChange| {
        let causes = match change.causes.is_empty() {
            true => String::new(),
            false => format!(" because of {}", change.causes.join(", ")),
        };
        format!(
            "{kind}{}: {} -> {}{causes}",
            change.path,
            show(&change.before),
            show(&change.after)
        )
    };
    let change = &compared.change;
    let mut lines = vec![format!("{:?}", change.effect)];
    lines.extend(change.parameters.iter().map(|p| line("parameter ", p)));
    for resource in &change.resources {
        let replacement = match resource.replacement {
            Replacement::No => String::new(),
            other => format!(" replaced: {other:?}"),
        };
        lines.push(format!(
            "{:?} {}{replacement}",
            resource.action, resource.logical_id
        ));
        lines.extend(resource.properties.iter().map(|p| line("  ", p)));
        for danger in &resource.dangers {
            lines.push(format!("  ! {}: {}", danger.class.label(), danger.message));
        }
    }
    lines.extend(change.outputs.iter().map(|p| line("output ", p)));
    for known in &change.known_after {
        lines.push(format!(
            "{} known after {}.{}",
            known.parameter, known.stack, known.output
        ));
    }
    lines.extend(change.notes.iter().map(|note| format!("note: {note}")));
    lines.join("\n")
}

const TABLE: &str = "
Parameters: {Size: {Type: Number, Default: 5}}
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PROVISIONED
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
      ProvisionedThroughput: {ReadCapacityUnits: !Ref Size}
  Reader:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: !Sub '${Table}-reader'
      Environment: {Variables: {TABLE: !GetAtt Table.Arn}}
Outputs:
  TableArn: {Value: !GetAtt Table.Arn}
  Region: {Value: !Ref AWS::Region}
";

#[test]
fn the_same_template_changes_nothing() {
    let compared = compared(Case {
        before: Some(TABLE),
        after: TABLE,
        old_parameters: &[("Size", "5")],
        ..Case::default()
    });
    assert_eq!(told(&compared), "Unchanged");
    assert_eq!(compared.settled.len(), 2);
}

#[test]
fn a_new_stack_lists_what_it_makes() {
    let compared = compared(Case {
        after: TABLE,
        ..Case::default()
    });
    insta::assert_snapshot!(told(&compared), @r"
    Create
    Add Table
    Add Reader
    ");
}

#[test]
fn a_replacement_is_followed_to_those_who_name_the_resource() {
    let after = TABLE.replace("AttributeName: pk", "AttributeName: id");
    let compared = compared(Case {
        before: Some(TABLE),
        after: &after,
        old_parameters: &[("Size", "5")],
        ..Case::default()
    });
    insta::assert_snapshot!(told(&compared), @r"
    Update
    Modify Table replaced: Yes
      KeySchema[0].AttributeName: pk -> id
      ! data loss: a new, empty one takes its place; the old one is deleted with all that it holds
    Modify Reader replaced: Yes
      FunctionName: ${Table}-reader -> (known after Table is replaced) because of Table
      Environment.Variables.TABLE: ${Table.Arn} -> (known after Table is replaced) because of Table
      ! replacement: it is made anew
    ");
    assert_eq!(compared.settled, BTreeSet::from(["Region".to_owned()]));
}

#[test]
fn a_parameter_is_named_as_the_cause() {
    let compared = compared(Case {
        before: Some(TABLE),
        after: TABLE,
        old_parameters: &[("Size", "5")],
        parameters: &[("Size", known("9"))],
        ..Case::default()
    });
    insta::assert_snapshot!(told(&compared), @r"
    Update
    parameter Size: 5 -> 9
    Modify Table
      ProvisionedThroughput.ReadCapacityUnits: 5 -> 9 because of parameter Size
    ");
}

#[test]
fn adding_an_index_is_no_replacement_but_another_key_type_is() {
    let table = |definitions: &str| {
        format!(
            "Resources: {{Table: {{Type: 'AWS::DynamoDB::Table', Properties: {{AttributeDefinitions: {definitions}}}}}}}"
        )
    };
    let replaced = |after: &str| {
        let compared = compared(Case {
            before: Some(&table("[{AttributeName: pk, AttributeType: S}]")),
            after: &table(after),
            ..Case::default()
        });
        compared.change.resources[0].replacement
    };
    assert_eq!(
        replaced("[{AttributeName: sk, AttributeType: S}, {AttributeName: pk, AttributeType: S}]"),
        Replacement::No
    );
    assert_eq!(
        replaced("[{AttributeName: pk, AttributeType: N}]"),
        Replacement::Yes
    );
}

#[test]
fn conditions_mappings_and_functions_are_worked_out() {
    let template = "
Parameters: {Stage: {Type: String}}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsSmall: !Not [Condition: IsProd]
Mappings: {Sizes: {prod: {Memory: 1024}, dev: {Memory: 128}}}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      DelaySeconds: !If [IsProd, 0, !Ref AWS::NoValue]
      QueueName: !Join ['-', [shop, !Ref Stage]]
      KmsMasterKeyId: !Select [1, !Split [',', 'a,b']]
      MaximumMessageSize: !FindInMap [Sizes, !Ref Stage, Memory]
  Spare:
    Type: AWS::SQS::Queue
    Condition: IsSmall
";
    let compared = compared(Case {
        before: Some(template),
        after: template,
        old_parameters: &[("Stage", "dev")],
        parameters: &[("Stage", known("prod"))],
        ..Case::default()
    });
    insta::assert_snapshot!(told(&compared), @r"
    Update
    parameter Stage: dev -> prod
    Modify Queue replaced: Yes
      QueueName: shop-dev -> shop-prod because of parameter Stage
      MaximumMessageSize: 128 -> 1024 because of parameter Stage
      DelaySeconds: - -> 0 because of parameter Stage
      ! data loss: a new, empty one takes its place; the old one is deleted with all that it holds
    Remove Spare
      ! data loss: it is deleted with all that it holds
    ");
}

#[test]
fn policies_decide_what_stays() {
    let before = "Resources: {Bucket: {Type: 'AWS::S3::Bucket', DeletionPolicy: Retain}, Topic: {Type: 'AWS::SNS::Topic'}}";
    let compared = compared(Case {
        before: Some(before),
        after: "Resources: {Topic: {Type: 'AWS::SNS::Topic'}}",
        ..Case::default()
    });
    let bucket = &compared.change.resources[0];
    assert_eq!(bucket.fate, Some(Fate::Retained));
    assert!(bucket.dangers.is_empty());
}

#[test]
fn loops_are_written_out() {
    let with = |names: &str| {
        format!(
            "
Transform: AWS::LanguageExtensions
Resources:
  Fn::ForEach::Topics:
    - Name
    - [{names}]
    - Topic${{Name}}: {{Type: 'AWS::SNS::Topic', Properties: {{DisplayName: !Ref Name}}}}
"
        )
    };
    let compared = compared(Case {
        before: Some(&with("A, B")),
        after: &with("B, C"),
        ..Case::default()
    });
    insta::assert_snapshot!(told(&compared), @r"
    Update
    Add TopicC
    Remove TopicA
    ");
}

const SECRET: &str = "
Parameters: {Password: {Type: String, NoEcho: true}}
Resources:
  Database:
    Type: AWS::RDS::DBInstance
    Properties:
      MasterUserPassword: !Ref Password
      Tags: [{Key: url, Value: !Sub 'mysql://u:${Password}@db'}]
Outputs:
  Url: {Value: !Ref Password}
";

#[test]
fn secrets_are_neither_shown_nor_guessed_at() {
    let after = SECRET.replace("mysql://u", "mysql://v") + "  Other: {Value: !Ref Password}\n";
    let compared = compared(Case {
        before: Some(SECRET),
        after: &after,
        old_parameters: &[("Password", "****")],
        parameters: &[("Password", known("hunter2"))],
        secrets: &["Password"],
        ..Case::default()
    });
    let text = told(&compared);
    insta::assert_snapshot!(text, @r"
    Update
    Modify Database
      Tags[0].Value: mysql://u:(hidden)@db -> mysql://v:(hidden)@db
    output Other: - -> (hidden)
    note: parameter Password is secret: CloudFormation does not tell its value, so whether it changes is not known
    ");
    let json = serde_json::to_string(&compared.change).unwrap();
    assert!(!json.contains("hunter2") && !json.contains("****"));
}

const PRODUCER: &str = "
Resources: {Bus: {Type: 'AWS::Events::EventBus', Properties: {Name: shop}}, Topic: {Type: 'AWS::SNS::Topic'}}
Outputs: {BusName: {Value: !Ref Bus}, TopicArn: {Value: !Ref Topic}}
";
const CONSUMER: &str = "
Parameters: {Input: {Type: String}}
Resources: {Queue: {Type: 'AWS::SQS::Queue', Properties: {QueueName: !Ref Input}}}
Outputs: {Name: {Value: !Ref Input}}
";

fn chain(producer_after: &str, read: &str) -> Vec<Compared> {
    let consumer = |stack, parameters: &[(&str, PlannedValue)], from: &str, output: &str| {
        named(
            stack,
            Case {
                before: Some(CONSUMER),
                after: CONSUMER,
                old_parameters: &[("Input", "today")],
                parameters,
                assumed: &[(from, output, "today")],
                ..Case::default()
            },
        )
    };
    let mut all = vec![
        named(
            "platform",
            Case {
                before: Some(PRODUCER),
                after: producer_after,
                ..Case::default()
            },
        ),
        consumer(
            "orders",
            &[("Input", output("platform", read))],
            "platform",
            read,
        ),
        consumer(
            "reports",
            &[("Input", output("orders", "Name"))],
            "orders",
            "Name",
        ),
    ];
    settle(&mut all);
    all
}

#[test]
fn a_change_that_leaves_outputs_alone_reaches_nobody() {
    let after = PRODUCER.replace(
        "'AWS::SNS::Topic'",
        "'AWS::SNS::Topic', Properties: {DisplayName: x}",
    );
    let all = chain(&after, "BusName");
    let effects: Vec<_> = all.iter().map(|c| c.change.effect).collect();
    assert_eq!(
        effects,
        [
            StackEffect::Update,
            StackEffect::Unchanged,
            StackEffect::Unchanged
        ]
    );
}

#[test]
fn what_an_output_is_made_of_leaves_its_readers_undetermined() {
    let after = PRODUCER.replace(
        "'AWS::SNS::Topic'",
        "'AWS::SNS::Topic', Properties: {DisplayName: x}",
    );
    let all = chain(&after, "TopicArn");
    insta::assert_snapshot!(told(&all[1]), @r"
    Undetermined
    Input known after platform.TopicArn
    ");
    assert_eq!(all[2].change.effect, StackEffect::Undetermined);
}

#[test]
fn exports_that_go_or_change_are_found() {
    let export = |value: &str, name: &str| {
        format!(
            "Resources: {{T: {{Type: 'AWS::SNS::Topic'}}}}\nOutputs: {{Bus: {{Value: {value}, Export: {{Name: !Sub '${{AWS::StackName}}-{name}'}}}}}}"
        )
    };
    let lost = |after: &str| {
        let compared = compared(Case {
            before: Some(&export("a", "bus")),
            after,
            ..Case::default()
        });
        let names = compared
            .change
            .exports
            .into_iter()
            .map(|export| export.name);
        names.collect::<Vec<_>>()
    };
    assert!(lost(&export("a", "bus")).is_empty());
    assert_eq!(lost(&export("b", "bus")), ["shop-prod-orders-bus"]);
    assert_eq!(lost(&export("a", "other")), ["shop-prod-orders-bus"]);
    assert_eq!(
        lost("Resources: {T: {Type: 'AWS::SNS::Topic'}}"),
        ["shop-prod-orders-bus"]
    );
}
