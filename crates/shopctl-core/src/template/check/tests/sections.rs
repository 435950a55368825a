use super::said;
use crate::template::check::{TEMPLATE_BYTES, check_size};
use crate::yaml::parse;

#[test]
fn top_level() {
    let templates = [
        "- a",
        "text",
        "!Sub {Resources: {}}",
        "{}",
        "Resources: {}",
        "Resources: []",
        "Resources:",
        "{AWSTemplateFormatVersion: 2010-09-10, Resource: {Q: {Type: A::B::C}}}",
        "{Resources: {Q: {Type: A::B::C}}, Modules: {}, outputs: {}}",
        "{Resources: {Q: {Type: A::B::C}}, Globals: {}}",
        "{Transform: AWS::Serverless-2016-10-31, Resources: {Q: {Type: A::B::C}}, Globals: {}}",
        "{Description: !Sub a, Outputs: [], Conditions: a, Mappings: a, Parameters: a, Rules: a, Resources: {Q: {Type: A::B::C}}}",
    ];
    let mut said_of_all = String::new();
    for template in templates {
        let findings = said(template).replace("t.yaml:", "");
        let shown = if findings.is_empty() {
            "fine"
        } else {
            findings.trim_end()
        };
        said_of_all += &format!("{template}\n    {}\n", shown.replace('\n', "\n    "));
    }
    insta::assert_snapshot!(said_of_all, @r"
    - a
        1:1: a template is a mapping with Resources, not a list
    text
        1:1: a template is a mapping with Resources, not 'text'
    !Sub {Resources: {}}
        1:1: a template is a mapping with Resources, not a mapping
    {}
        1:1: the template has no Resources
    Resources: {}
        1:12: Resources is empty
    Resources: []
        1:12: Resources has to be a mapping, not a list
    Resources:
        1:10: 'Resources' has no value, which CloudFormation refuses (remove it, or write '' for an empty text)
    {AWSTemplateFormatVersion: 2010-09-10, Resource: {Q: {Type: A::B::C}}}
        1:1: the template has no Resources
        1:28: unknown AWSTemplateFormatVersion '2010-09-10' (the only one is '2010-09-09')
        1:40: unknown section 'Resource' (did you mean 'Resources'?)
    {Resources: {Q: {Type: A::B::C}}, Modules: {}, outputs: {}}
        1:35: unknown section 'Modules' (there is: AWSTemplateFormatVersion, Description, Metadata, Parameters, Rules, Mappings, Conditions, Transform, Resources, Outputs, Hooks)
        1:48: unknown section 'outputs' (did you mean 'Outputs'?)
    {Resources: {Q: {Type: A::B::C}}, Globals: {}}
        1:35: unknown section 'Globals' (there is: AWSTemplateFormatVersion, Description, Metadata, Parameters, Rules, Mappings, Conditions, Transform, Resources, Outputs, Hooks)
    {Transform: AWS::Serverless-2016-10-31, Resources: {Q: {Type: A::B::C}}, Globals: {}}
        fine
    {Description: !Sub a, Outputs: [], Conditions: a, Mappings: a, Parameters: a, Rules: a, Resources: {Q: {Type: A::B::C}}}
        1:15: Description has to be a literal text, not the function !Sub
        1:32: Outputs has to be a mapping, not a list
        1:48: Conditions has to be a mapping, not 'a'
        1:61: Mappings has to be a mapping, not 'a'
        1:76: Parameters has to be a mapping, not 'a'
        1:86: Rules has to be a mapping, not 'a'
    ");
}

#[test]
fn resources() {
    insta::assert_snapshot!(said("
Resources:
  order-queue: {Type: AWS::SQS::Queue}
  NoType: {Properties: {}}
  NoMapping: AWS::SQS::Queue
  BadType: {Type: Queue}
  Computed: {Type: !Sub 'AWS::${AWS::Region}'}
  Sam: {Type: AWS::Serverless::Function}
  Misspelt:
    Type: AWS::SQS::Queue
    Propertys: {}
    DependOn: NoType
    DeletionPolicy: Retian
    UpdateReplacePolicy: RetainExceptOnCreate
    Condition: Nowhere
  Shapes:
    Type: AWS::SQS::Queue
    Properties: [a]
    Metadata: text
    DependsOn: [NoTyp, NoType, NoType, {a: b}]
    Condition: !Not [a]
    DeletionPolicy: !If [a, b, c]
  Empty:
    Type: AWS::SQS::Queue
    Properties:
      QueueName:
      Tags: [~]
  Custom: {Type: Custom::Seed, Version: 1.0, Properties: {ServiceToken: a}}
"), @r"
    t.yaml:3:3: logical ID 'order-queue' has to be of the letters A-Z, a-z and digits
    t.yaml:4:3: resource 'NoType' has no Type (for instance Type: AWS::SQS::Queue)
    t.yaml:5:14: resource 'NoMapping' has to be a mapping, not 'AWS::SQS::Queue'
    t.yaml:6:19: 'Queue' is no resource type (for instance AWS::SQS::Queue or Custom::Seed)
    t.yaml:7:20: Type has to be a literal text, not the function !Sub
    t.yaml:8:15: AWS::Serverless::Function needs 'Transform: AWS::Serverless-2016-10-31'
    t.yaml:11:5: unknown resource attribute 'Propertys' (did you mean 'Properties'?)
    t.yaml:12:5: unknown resource attribute 'DependOn' (did you mean 'DependsOn'?)
    t.yaml:13:21: unknown DeletionPolicy 'Retian' (did you mean 'Retain'?)
    t.yaml:14:26: unknown UpdateReplacePolicy 'RetainExceptOnCreate' (did you mean 'Retain'?)
    t.yaml:15:16: 'Nowhere' is no condition of this template
    t.yaml:18:17: Properties of 'Shapes' has to be a mapping, not a list
    t.yaml:19:15: Metadata of 'Shapes' has to be a mapping, not 'text'
    t.yaml:20:17: DependsOn names 'NoTyp', which is no resource (did you mean 'NoType'?)
    t.yaml:20:32: warning: DependsOn names 'NoType' twice (remove one)
    t.yaml:20:40: DependsOn has to be a literal text, not a mapping
    t.yaml:21:16: Condition has to be a literal text, not the function !Not
    t.yaml:22:21: a function in DeletionPolicy needs 'Transform: AWS::LanguageExtensions'
    t.yaml:22:26: 'a' is no condition of this template
    t.yaml:26:16: 'QueueName' has no value, which CloudFormation refuses (remove it, or write '' for an empty text)
    t.yaml:27:14: a list item has no value, which CloudFormation refuses (remove it, or write '' for an empty text)
    ");
}

#[test]
fn outputs() {
    insta::assert_snapshot!(said("
Resources:
  Queue: {Type: AWS::SQS::Queue}
Outputs:
  Url: {Value: !Ref Queue, Description: d, Export: {Name: !Sub '${AWS::StackName}-url'}}
  Number: {Value: 5}
  No_Value: {Description: d}
  List: {Value: [a, b]}
  Map: {Value: {a: b}}
  Text: text
  Exported: {Value: a, Export: {Name: !GetAtt Queue.Arn, Nmae: b}}
  Nameless: {Value: a, Export: {}}
  Plain: {Value: a, Export: name}
  Described: {Value: a, Description: !Ref Queue}
  Sometimes: {Value: a, Condition: Never}
  Typo: {Vlaue: a}
"), @r"
    t.yaml:7:3: output name 'No_Value' has to be of the letters A-Z, a-z and digits
    t.yaml:7:3: output 'No_Value' has no Value
    t.yaml:8:17: the value of output 'List' has to be one text, not a list (a list becomes a text by Fn::Join)
    t.yaml:9:16: the value of output 'Map' has to be one text, not a mapping
    t.yaml:10:9: output 'Text' has to be a mapping, not 'text'
    t.yaml:11:39: GetAtt names the resource 'Queue', but the names of exports are decided before there are resources
    t.yaml:11:58: unknown export attribute 'Nmae' (did you mean 'Name'?)
    t.yaml:12:32: the export of 'Nameless' has no Name
    t.yaml:13:29: Export of 'Plain' has to be a mapping, not 'name'
    t.yaml:14:38: Description has to be a literal text, not the function !Ref
    t.yaml:15:36: 'Never' is no condition of this template
    t.yaml:16:3: output 'Typo' has no Value
    t.yaml:16:10: unknown output attribute 'Vlaue' (did you mean 'Value'?)
    ");
}

#[test]
fn mappings() {
    insta::assert_snapshot!(said("
Mappings:
  Good: {eu-central-1: {Ami: a, Zones: [a, b]}}
  bad_name: {a: {B: c}}
  Flat: {a: b}
  Deep: {a: {B: {C: d}}}
  Computed: {a: {B: !Ref AWS::Region, C: [!Ref AWS::Region]}}
  Text: text
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {A: !FindInMap [!Ref AWS::Region, a, b]}
"), @r"
    t.yaml:4:3: mapping name 'bad_name' has to be of the letters A-Z, a-z and digits
    t.yaml:5:13: 'a' of mapping 'Flat' has to be a mapping, not 'b'
    t.yaml:6:17: a value of a mapping has to be a literal text, not a mapping
    t.yaml:7:21: a value of a mapping has to be a literal text, not the function !Ref
    t.yaml:7:43: a value of a mapping has to be a literal text, not the function !Ref
    t.yaml:8:9: mapping 'Text' has to be a mapping, not 'text'
    ");
}

#[test]
fn conditions() {
    insta::assert_snapshot!(said("
Parameters:
  Stage: {Type: String}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  Both: !And [!Condition IsProd, {Condition: IsProd}, !Not [!Equals [a, b]]]
  Bad-Name: !Equals [a, b]
  Text: 'true'
  Value: !Ref Stage
  OfResource: !Equals [!Ref Queue, !GetAtt Queue.Arn]
  Imported: !Equals [!ImportValue a, b]
  Unknown: !Not [!Condition IsPord]
  One: !Equals [a]
  Few: !And [!Condition IsProd]
  Two: !Not [!Condition IsProd, !Condition IsProd]
  NoName: !Condition [a]
  Nothing: !Xor [a, b]
  InRules: !Contains [[a], a]
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Condition: Both
    Properties:
      A: [!If [Text, a, b], !If [Value, a, b], !If [OfResource, a, b], !If [Imported, a, b],
        !If [Unknown, a, b], !If [One, a, b], !If [Few, a, b], !If [Two, a, b],
        !If [NoName, a, b], !If [Nothing, a, b], !If [InRules, a, b], !If [Bad-Name, a, b]]
"), @r"
    t.yaml:7:3: condition name 'Bad-Name' has to be of letters and digits
    t.yaml:8:9: a condition is one of Fn::Equals, Fn::And, Fn::Or, Fn::Not, Condition, not 'true'
    t.yaml:9:10: !Ref is neither true nor false (compare it: !Equals [!Ref ..., 'value'])
    t.yaml:10:24: Ref names the resource 'Queue', but conditions are decided before there are resources
    t.yaml:10:36: !GetAtt is not possible here: conditions are decided before there are resources
    t.yaml:11:22: !ImportValue is not possible here: conditions are decided before there are resources
    t.yaml:12:18: 'IsPord' is no condition of this template (did you mean 'IsProd'?)
    t.yaml:13:8: !Equals takes [value, value]; this list has 1 item
    t.yaml:14:8: !And takes a list of 2 to 10 conditions; this list has 1 item
    t.yaml:15:8: !Not takes a list of one condition; this list has 2 items
    t.yaml:16:11: !Condition takes the name of a condition, not a list
    t.yaml:17:12: unknown function !Xor
    t.yaml:18:12: !Contains is neither true nor false (compare it: !Equals [!Contains ..., 'value'])
    ");
}

#[test]
fn rules() {
    insta::assert_snapshot!(said("
Parameters:
  Stage: {Type: String}
  Subnets: {Type: 'List<AWS::EC2::Subnet::Id>'}
  Vpc: {Type: AWS::EC2::VPC::Id}
Rules:
  Good:
    RuleCondition: !Equals [!Ref Stage, prod]
    Assertions:
      - Assert: !Contains [[a, b], !Ref Stage]
        AssertDescription: a or b
      - Assert: !EachMemberIn [!ValueOfAll ['AWS::EC2::Subnet::Id', VpcId], !RefAll 'AWS::EC2::VPC::Id']
      - Assert: !EachMemberEquals [!ValueOf [Subnets, Tags.Department], IT]
  Bad:
    RuleConditions: a
    Assertions:
      - Asert: a
      - Assert: !Ref Stage
      - Assert: !Equals [!Ref Queue, a]
  Empty: {}
  List: []
Resources:
  Queue: {Type: AWS::SQS::Queue}
"), @r"
    t.yaml:15:5: warning: unknown rule attribute 'RuleConditions' (did you mean 'RuleCondition'?)
    t.yaml:17:9: warning: unknown assertion attribute 'Asert' (did you mean 'Assert'?)
    t.yaml:17:9: an assertion of rule 'Bad' has no Assert
    t.yaml:18:17: !Ref is neither true nor false (compare it: !Equals [!Ref ..., 'value'])
    t.yaml:19:26: Ref names the resource 'Queue', but rules are decided before there are resources
    t.yaml:20:3: rule 'Empty' needs a list of Assertions
    t.yaml:21:9: rule 'List' has to be a mapping, not a list
    ");
}

#[test]
fn limits() {
    let resources = |count: usize| -> String {
        (0..count)
            .map(|i| format!("  R{i}: {{Type: AWS::SQS::Queue}}\n"))
            .collect()
    };
    assert_eq!(said(&format!("Resources:\n{}", resources(500))), "");
    assert_eq!(
        said(&format!("Resources:\n{}", resources(501))),
        "t.yaml:2:3: 501 resources; CloudFormation takes 500 (split the template into two stacks)\n"
    );
    let references: String = (0..61)
        .map(|i| format!("      P{i}: '{{{{resolve:ssm:a}}}}'\n"))
        .collect();
    assert_eq!(
        said(&format!(
            "Resources:\n  Q:\n    Type: AWS::SQS::Queue\n    Properties:\n{references}"
        )),
        "t.yaml:1:1: 61 dynamic references; CloudFormation takes 60 (split the template into two stacks)\n"
    );
    let long = "x".repeat(1025);
    insta::assert_snapshot!(said(&format!("
Description: {long}
Resources:
  {name}: {{Type: AWS::SQS::Queue}}
Outputs:
  A: {{Value: a, Description: {long}}}
", name = "n".repeat(256))), @r"
    t.yaml:2:14: a description of 1025 bytes; CloudFormation takes 1024
    t.yaml:4:3: logical ID of 256 characters; CloudFormation takes 255
    t.yaml:6:30: a description of 1025 bytes; CloudFormation takes 1024
    ");
    let start = parse("t.yaml", "a: b").unwrap().location;
    assert_eq!(check_size(&start, &"x".repeat(TEMPLATE_BYTES)), None);
    assert_eq!(
        check_size(&start, &"x".repeat(TEMPLATE_BYTES + 1))
            .unwrap()
            .to_string(),
        "t.yaml:1:1: the rendered template has 1000001 bytes without any blank; CloudFormation takes 1000000 (move a part of it into a template of its own and nest that (AWS::CloudFormation::Stack with a local TemplateURL), or into another stack)"
    );
}

#[test]
fn the_console_description_names_parameters() {
    insta::assert_snapshot!(said("
Metadata:
  AWS::CloudFormation::Interface:
    ParameterGroups:
      - Label: {default: Network}
        Parameters: [Stage, Stge]
    ParameterLabels:
      Satge: {default: Stage}
Parameters:
  Stage: {Type: String}
Resources:
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref Stage}}
"), @r"
    t.yaml:6:29: warning: 'Stge' is no parameter of this template (did you mean 'Stage'?)
    t.yaml:8:7: warning: 'Satge' is no parameter of this template (did you mean 'Stage'?)
    ");
}
