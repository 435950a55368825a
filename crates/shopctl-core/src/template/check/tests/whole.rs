use super::{check, lines, said};
use crate::template::Capability;
use crate::yaml::parse;

#[test]
fn circles_of_resources() {
    insta::assert_snapshot!(said("
Resources:
  A:
    Type: AWS::SQS::Queue
    Properties: {Name: !GetAtt B.Arn}
  B:
    Type: AWS::SQS::Queue
    Properties: {Name: !Sub '${C}-x'}
  C:
    Type: AWS::SQS::Queue
    DependsOn: A
  Self:
    Type: AWS::SQS::Queue
    Properties: {Policy: {Resource: {Ref: Self}}}
  NeedsA: {Type: AWS::SQS::Queue, DependsOn: A}
"), @r"
    t.yaml:5:24: resources need each other in a circle: A -> B (GetAtt at 5:24) -> C (Sub at 8:24) -> A (DependsOn at 11:16) (remove one of these links, or move what both need into a third)
    t.yaml:14:43: resources need each other in a circle: Self -> Self (Ref at 14:43) (remove one of these links, or move what both need into a third)
    ");
}

#[test]
fn circles_that_conditions_may_prevent_are_warnings() {
    insta::assert_snapshot!(said("
Parameters:
  Stage: {Type: String}
Conditions:
  X: !Equals [!Ref Stage, x]
  NotX: !Not [!Condition X]
Resources:
  A:
    Type: AWS::SQS::Queue
    Properties: {Name: !If [X, !Ref B, b]}
  B:
    Type: AWS::SQS::Queue
    Properties: {Name: !If [X, a, !Ref A]}
  C: {Type: AWS::SQS::Queue, Condition: X, DependsOn: D}
  D: {Type: AWS::SQS::Queue, Condition: NotX, DependsOn: C}
  E: {Type: AWS::SQS::Queue, Condition: X, DependsOn: F}
  F: {Type: AWS::SQS::Queue, Condition: X, DependsOn: E}
"), @r"
    t.yaml:10:32: warning: resources need each other in a circle: A -> B (Ref at 10:32) -> A (Ref at 13:35) (it is refused if the conditions on the way come true together)
    t.yaml:14:55: warning: resources need each other in a circle: C -> D (DependsOn at 14:55) -> C (DependsOn at 15:58) (it is refused if the conditions on the way come true together)
    t.yaml:16:55: resources need each other in a circle: E -> F (DependsOn at 16:55) -> E (DependsOn at 17:55) (remove one of these links, or move what both need into a third)
    ");
}

#[test]
fn circles_of_conditions() {
    insta::assert_snapshot!(said("
Conditions:
  A: !Not [!Condition B]
  B: !Or [!Condition A, !Equals [a, b]]
  C: !Condition C
Resources:
  Queue: {Type: AWS::SQS::Queue, Condition: C}
"), @r"
    t.yaml:3:12: conditions need each other in a circle: A -> B (Condition at 3:12) -> A (Condition at 4:11) (remove one of these links, or move what both need into a third)
    t.yaml:5:6: conditions need each other in a circle: C -> C (Condition at 5:6) (remove one of these links, or move what both need into a third)
    ");
}

#[test]
fn what_nothing_uses() {
    insta::assert_snapshot!(said("
Parameters:
  Used: {Type: String}
  UsedInCondition: {Type: String}
  Unused: {Type: String}
Mappings:
  Unused: {a: {B: c}}
Conditions:
  Used: !Equals [!Ref UsedInCondition, a]
  UsedByOther: !Equals [a, b]
  Unused: !Not [!Condition UsedByOther]
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Condition: Used
    Properties: {Name: !Sub '${Used}'}
"), @r"
    t.yaml:5:3: warning: nothing uses the parameter 'Unused' (remove it)
    t.yaml:7:3: warning: nothing uses the mapping 'Unused' (remove it)
    t.yaml:11:3: warning: nothing uses the condition 'Unused' (remove it)
    ");
}

#[test]
fn one_name_is_one_thing() {
    insta::assert_snapshot!(said("
Parameters:
  Queue: {Type: String}
Resources:
  Queue: {Type: AWS::SQS::Queue, Properties: {Name: !Ref Queue}}
"), @"t.yaml:5:3: 'Queue' is a parameter and a resource");
}

#[test]
fn nested_stacks_have_outputs() {
    insta::assert_snapshot!(said("
Resources:
  Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: a}}
Outputs:
  Good: {Value: !GetAtt Nested.Outputs.Url}
  Bad: {Value: !GetAtt Nested.Url}
"), @"t.yaml:6:16: the nested stack 'Nested' has no attribute 'Url' (an output is 'Outputs.Url')");
}

#[test]
fn loops_are_written_out() {
    let template = "
Transform: AWS::LanguageExtensions
Conditions:
  Fn::ForEach::Flags:
    - Name
    - [Orders, Payments]
    - Is${Name}: !Equals [!Ref AWS::Region, 'x${Name}']
Resources:
  Fn::ForEach::Topics:
    - Name
    - [Orders, Payments]
    - Topic${Name}:
        Type: AWS::SNS::Topic
        Condition: Is${Name}
        Properties:
          TopicName: !Ref Name
          Fn::ForEach::Tags:
            - Key
            - [a-b, c]
            - '${Key}': !Sub '${Name}-${Key}-${AWS::Region}'
      Fn::ForEach::Queues:
        - Kind
        - [a-b, c]
        - 'Queue${Name}&{Kind}':
            Type: AWS::SQS::Queue
            Properties: {Topic: !Ref 'Topic${Name}'}
Outputs:
  First: {Value: !GetAtt TopicOrders.TopicName}
  Second: {Value: !GetAtt QueuePaymentsab.Arn}
";
    let report = check(&parse("t.yaml", template).unwrap());
    assert_eq!(lines(&report.diagnostics), "");
    let names: Vec<&str> = report.resources.keys().map(|name| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "TopicOrders",
            "QueueOrdersab",
            "QueueOrdersc",
            "TopicPayments",
            "QueuePaymentsab",
            "QueuePaymentsc"
        ]
    );
}

#[test]
fn faults_in_loops() {
    insta::assert_snapshot!(said("
Transform: AWS::LanguageExtensions
Resources:
  Fn::ForEach::Same:
    - Name
    - [a, b]
    - Queue: {Type: AWS::SQS::Queue}
  Fn::ForEach::Body:
    - Name
    - [A, B]
    - Topic${Name}: {Type: AWS::SNS::Topic, Properties: {A: !Ref 'Topics${Name}'}}
  Fn::ForEach::Topics: [Name, text, {}]
  Fn::ForEach::Short: [Name, [a]]
  Fn::ForEach::Topics: [Name, [a], {}]
  Fn::ForEach::bad-name: [Name, [a], {}]
".replace("  Fn::ForEach::Topics: [Name, [a], {}]\n", "").as_str()), @r"
    t.yaml:7:7: the loop makes the key 'Queue' a second time
    t.yaml:12:31: a loop goes through a list, not 'text'
    t.yaml:13:23: Fn::ForEach::Short takes an identifier, a list of values and a mapping (for instance Fn::ForEach::Short: [Name, [A, B], {'Topic${Name}': {...}}])
    t.yaml:14:3: the loop name 'bad-name' has to be of letters and digits
    ");
    assert_eq!(
        said("Resources: {Fn::ForEach::Q: [N, [A], {'Q${N}': {Type: AWS::SQS::Queue}}]}"),
        "t.yaml:1:13: Fn::ForEach needs 'Transform: AWS::LanguageExtensions'\n"
    );
}

#[test]
fn a_loop_over_unknown_values_may_make_any_name() {
    assert_eq!(
        said(
            "
Transform: AWS::LanguageExtensions
Parameters:
  Names: {Type: CommaDelimitedList}
  Used: {Type: String}
Resources:
  Fn::ForEach::Topics:
    - Name
    - !Ref Names
    - Topic${Name}: {Type: AWS::SNS::Topic, Properties: {A: !Ref Used}}
  Queue: {Type: AWS::SQS::Queue, DependsOn: TopicA, Properties: {A: !Ref TopicB}}
"
        ),
        ""
    );
}

#[test]
fn nested_loops_do_not_flood() {
    let values = (0..100)
        .map(|i| format!("v{i}"))
        .collect::<Vec<_>>()
        .join(",");
    let mut body = "{Type: AWS::SQS::Queue}".to_owned();
    for level in 0..5 {
        body = format!(
            "{{'Fn::ForEach::L{level}': [N{level}, [{values}], {{'Q${{N{level}}}': {body}}}]}}"
        );
    }
    let findings = said(&format!(
        "Transform: AWS::LanguageExtensions\nResources: {body}\n"
    ));
    assert!(
        findings.contains("the loops make more than 200000 nodes"),
        "{findings}"
    );
}

#[test]
fn capabilities() {
    use Capability::{AutoExpand, Iam, NamedIam};
    let of = |resources: &str, transform: &str| -> Vec<Capability> {
        let template = format!("{transform}\nResources: {resources}\n");
        let report = check(&parse("t.yaml", &template).unwrap());
        report.capabilities.into_iter().collect()
    };
    assert_eq!(of("{Q: {Type: AWS::SQS::Queue}}", ""), []);
    assert_eq!(
        of(
            "{R: {Type: AWS::IAM::Role, Properties: {Policies: [{PolicyName: a}]}}}",
            ""
        ),
        [Iam]
    );
    assert_eq!(
        of(
            "{R: {Type: AWS::IAM::Policy, Properties: {PolicyName: a}}}",
            ""
        ),
        [Iam]
    );
    for (resource_type, property) in [
        ("Role", "RoleName"),
        ("User", "UserName"),
        ("Group", "GroupName"),
        ("ManagedPolicy", "ManagedPolicyName"),
        ("InstanceProfile", "InstanceProfileName"),
    ] {
        let resources = format!(
            "{{P: {{Type: AWS::IAM::Policy}}, R: {{Type: AWS::IAM::{resource_type}, Properties: {{{property}: !Ref AWS::Region}}}}}}"
        );
        assert_eq!(of(&resources, ""), [NamedIam], "{resource_type}");
    }
    assert_eq!(
        of("{N: {Type: AWS::CloudFormation::Stack}}", ""),
        [NamedIam, AutoExpand]
    );
    assert_eq!(
        of(
            "{Q: {Type: AWS::SQS::Queue}}",
            "Transform: AWS::LanguageExtensions"
        ),
        [AutoExpand]
    );
    assert_eq!(
        of("{Q: {Type: AWS::SQS::Queue}}", "Transform: [Mine]"),
        [NamedIam, AutoExpand]
    );
    assert_eq!(
        of(
            "{Q: {Type: AWS::SQS::Queue, Properties: {Fn::Transform: {Name: AWS::Include}}}}",
            ""
        ),
        [NamedIam, AutoExpand]
    );
}

#[test]
fn a_macro_may_make_names_that_are_not_seen() {
    for transform in [
        "Mine",
        "AWS::Serverless-2016-10-31",
        "{Name: AWS::Include, Parameters: {Location: a}}",
    ] {
        assert_eq!(
            said(&format!("
Transform: {transform}
Parameters: {{Unused: {{Type: String}}}}
Resources:
  Q: {{Type: AWS::SQS::Queue, Condition: Made, DependsOn: MadeToo, Properties: {{A: !Ref Made, B: !GetAtt Made.Arn}}}}
")),
            "",
            "{transform}"
        );
    }
}

#[test]
fn the_report_tells_what_a_template_declares() {
    let report = check(
        &parse(
            "t.yaml",
            "
Parameters:
  Stage: {Type: String, Default: dev, AllowedValues: [dev, prod], ConstraintDescription: c}
  Port: {Type: Number, MinValue: 1, MaxValue: 65535}
  Secret: {Type: String, NoEcho: true, MinLength: 8, MaxLength: 64, AllowedPattern: '.+'}
Resources:
  Table: {Type: AWS::DynamoDB::Table, DeletionPolicy: Retain}
  Queue: {Type: AWS::SQS::Queue, Properties: {A: !Ref Stage, B: !Ref Port, C: !Ref Secret}}
Outputs:
  Url: {Value: !Ref Queue}
  Arn: {Value: !GetAtt Table.Arn}
",
        )
        .unwrap(),
    );
    assert_eq!(lines(&report.diagnostics), "");
    assert!(!report.has_errors());
    assert_eq!(report.outputs, ["Url", "Arn"]);
    let stage = &report.parameters["Stage"];
    assert_eq!(stage.default.as_deref(), Some("dev"));
    assert_eq!(stage.allowed_values, ["dev", "prod"]);
    assert_eq!(stage.location.to_string(), "t.yaml:3:3");
    let secret = &report.parameters["Secret"];
    assert!(secret.no_echo);
    assert_eq!((secret.min_length, secret.max_length), (Some(8), Some(64)));
    assert_eq!(report.parameters["Port"].max_value, Some(65535.0));
    let table = &report.resources["Table"];
    assert_eq!(table.resource_type, "AWS::DynamoDB::Table");
    assert_eq!(table.deletion_policy.as_deref(), Some("Retain"));
    assert_eq!(report.resources["Queue"].deletion_policy, None);
}

#[test]
fn a_json_template_is_checked_alike() {
    assert_eq!(
        said(
            "{\"Resources\": {\"Q\": {\"Type\": \"AWS::SQS::Queue\",\n  \"Properties\": {\"A\": {\"Ref\": \"Qu\"}}}}}"
        ),
        "t.yaml:2:31: Ref names 'Qu', which is no parameter or resource (did you mean 'Q'?)\n"
    );
}
