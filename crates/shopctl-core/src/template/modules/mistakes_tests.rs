//! What is wrong with modules is told with its place and what to do about it.
#![allow(clippy::unwrap_used, reason = "tests")]

use crate::template::test_project::{TestProject, shown};

#[test]
fn mistakes_have_a_place_and_a_way_out() {
    let good = "\n=== m.yaml\nParameters: { Name: { Type: String, AllowedValues: [a, bb] } }\n\
                Resources:\n  Queue: { Type: AWS::SQS::Queue, Properties: { Q: !Ref Name } }\n\
                Outputs: { QueueArn: { Value: !GetAtt Queue.Arn } }\n";
    let used = "Resources:\n  T: { Type: AWS::SNS::Topic, Properties: { TopicName: ";
    let mut report = String::new();
    for (name, text) in [
        ("unknown input", format!("\nModules:\n  M: {{ Source: m.yaml, Properties: {{ Nmae: x }} }}{good}")),
        ("missing input", format!("\nModules:\n  M: {{ Source: m.yaml }}{good}")),
        ("value not allowed", format!("\nModules:\n  M: {{ Source: m.yaml, Properties: {{ Name: bbb }} }}{good}")),
        ("unknown output", format!("\nModules:\n  M: {{ Source: m.yaml, Properties: {{ Name: a }} }}\n{used}!GetAtt M.QueueAnr }} }}{good}")),
        ("unknown key", format!("\nModules:\n  M: {{ Sorce: m.yaml }}{good}")),
        ("missing file", format!("\nModules:\n  M: {{ Source: mm.yaml }}{good}")),
        ("outside", format!("\nModules:\n  M: {{ Source: ../m.yaml }}{good}")),
        ("network", format!("\nModules:\n  M: {{ Source: https://example.com/m.yaml }}{good}")),
        ("zip", "\nPackages: { p: { Source: p.zip } }\nModules:\n  M: { Source: $p/m.yaml }\n=== p.zip\nPK\n".to_owned()),
        ("unknown package", "\nPackages: { kit: { Source: kit } }\nModules:\n  M: { Source: $kti/m.yaml }\n".to_owned()),
        ("cycle", "\nModules: { A: { Source: a.yaml } }\n=== a.yaml\nModules: { B: { Source: b.yaml } }\n=== b.yaml\nModules: { A: { Source: ./a.yaml } }\n".to_owned()),
        ("unknown override", format!("\nModules:\n  M:\n    Source: m.yaml\n    Properties: {{ Name: a }}\n    Overrides: {{ Queu: {{ Properties: {{}} }}, Queue: {{ Propertys: {{}} }} }}{good}")),
        ("unknown constant", "\nConstants: { Stem: x }\nResources:\n  T: { Type: AWS::SNS::Topic, Properties: { TopicName: !Sub '${Const::Stm}' } }\n".to_owned()),
        ("unknown section", "\nModules: { A: { Source: a.yaml } }\n=== a.yaml\nResource: {}\nRules: {}\n".to_owned()),
        ("condition of an import", format!("\nParameters: {{ S: {{ Type: String }} }}\nConditions: {{ C: !Equals [!Ref S, a] }}\nModules:\n  M: {{ Source: m.yaml, Condition: C, Properties: {{ Name: a }} }}{good}")),
        ("no such item", format!("\nModules:\n  M: {{ Source: m.yaml, ForEach: 'x,y', Properties: {{ Name: a }} }}\n{used}!GetAtt 'M[z].QueueArn' }} }}{good}")),
        ("a loop without item", format!("\nModules:\n  M: {{ Source: m.yaml, ForEach: 'x,y', Properties: {{ Name: a }} }}\n{used}!GetAtt M.QueueArn }} }}{good}")),
        ("unknown loop", format!("\nModules:\n  M: {{ Source: m.yaml, ForEach: !GetAZs '', Properties: {{ Name: a }} }}{good}")),
        ("no default", format!("\nParameters: {{ L: {{ Type: CommaDelimitedList }} }}\nModules:\n  M: {{ Source: m.yaml, ForEach: !Ref L, Properties: {{ Name: a }} }}{good}")),
        ("same name twice", format!("\nModules:\n  M: {{ Source: m.yaml, Properties: {{ Name: a }} }}\nResources:\n  MQueue: {{ Type: AWS::SNS::Topic }}{good}")),
        ("needs itself", "\nModules:\n  A: { Source: e.yaml, Properties: { In: !GetAtt B.Out } }\n  B: { Source: e.yaml, Properties: { In: !GetAtt A.Out } }\n=== e.yaml\nParameters: { In: { Type: String } }\nResources: { T: { Type: AWS::SNS::Topic, Properties: { TopicName: !Ref In } } }\nOutputs: { Out: { Value: !Ref In } }\n".to_owned()),
        ("list in text", "\nModules:\n  A: { Source: e.yaml, Properties: { In: [a] } }\n=== e.yaml\nParameters: { In: { Type: List } }\nResources: { T: { Type: AWS::SNS::Topic, Properties: { TopicName: !Sub 'x${In}' } } }\n".to_owned()),
        ("left out", "\nModules:\n  A: { Source: e.yaml }\n=== e.yaml\nConditions: { No: !Equals [a, b] }\nResources:\n  Q: { Type: AWS::SQS::Queue, Condition: No }\n  T: { Type: AWS::SNS::Topic, Properties: { TopicName: !GetAtt Q.QueueName } }\n".to_owned()),
        ("merge of the unknown", "\nResources:\n  T: { Type: AWS::SNS::Topic, Properties: { Tags: !Merge [!Ref T, []] } }\n".to_owned()),
        ("invoke of nothing", format!("\nModules:\n  Label: {{ Source: m.yaml, Properties: {{ Name: a }} }}\n{used}!Invoke [Lable, {{}}, Id] }} }}{good}")),
        ("bad mapping key", "\nModules: { A: { Source: e.yaml } }\n=== e.yaml\nMappings: { Sizes: { small: { Memory: 1 } } }\nResources: { T: { Type: AWS::SNS::Topic, Properties: { TopicName: !FindInMap [Sizes, smal, Memory] } } }\n".to_owned()),
        ("old syntax", "\nResources:\n  M: { Type: LocalModule, Source: m.yaml }\n".to_owned()),
        ("yaml of a module", "\nModules: { A: { Source: e.yaml } }\n=== e.yaml\nResources:\n  A: {}\n  A: {}\n".to_owned()),
    ] {
        report.push_str(&format!("# {name}\n{}\n", shown(&text)));
    }
    insta::assert_snapshot!(report, @r"
    # unknown input
    template.yaml:3:38: module 'M' (m.yaml) has no parameter 'Nmae' (did you mean 'Name'?)
    template.yaml:3:3: module 'M' (m.yaml) needs the input 'Name' (set it under 'Properties'; it is used at m.yaml:3:52)
    # missing input
    template.yaml:3:3: module 'M' (m.yaml) needs the input 'Name' (set it under 'Properties'; it is used at m.yaml:3:52)
    # value not allowed
    template.yaml:3:44: 'bbb' is not an allowed value of 'Name' of module 'M' (m.yaml) (did you mean 'bb'?)
    # unknown output
    template.yaml:5:56: module 'M' (m.yaml) has no output 'QueueAnr' (did you mean 'QueueArn'?)
    # unknown key
    template.yaml:3:8: unknown key 'Sorce' of module 'M' (did you mean 'Source'?)
    template.yaml:3:3: module 'M' has no 'Source' ('Source' is the path of the module, relative to this file)
    # missing file
    template.yaml:3:16: 'mm.yaml' does not exist (did you mean 'm.yaml'?)
    # outside
    template.yaml:3:16: the path '../m.yaml' leads out of the project (paths are relative to the file in which they are written and use '/')
    # network
    template.yaml:3:16: the source 'https://example.com/m.yaml' is on the network (rendering reads local files only; keep a copy in the project)
    # zip
    template.yaml:2:26: package 'p' is a file (zipped packages are not read; unpack it and name the folder)
    # unknown package
    template.yaml:4:16: unknown package 'kti' (there is: kit)
    # cycle
    b.yaml:1:25: a module imports itself: a.yaml -> b.yaml -> a.yaml
    # unknown override
    template.yaml:6:53: 'Propertys' of 'Queue' cannot be overridden (did you mean 'Properties'?)
    template.yaml:6:18: module 'M' (m.yaml) has no resource 'Queu' (did you mean 'Queue'?)
    # unknown constant
    template.yaml:4:56: unknown constant 'Stm' (did you mean 'Stem'?)
    # unknown section
    a.yaml:1:1: unknown section 'Resource' (did you mean 'Resources'?)
    a.yaml:2:1: warning: the section 'Rules' of a module has no effect
    # condition of an import
    template.yaml:5:35: whether module 'M' is wanted has to be known when the template is rendered (put the condition on the module's resources, or pass it as an input and use it there)
    # no such item
    template.yaml:5:56: the loop 'M' has no item 'z' (there is: x, y)
    # a loop without item
    template.yaml:5:56: 'M' is a loop of modules (use M[*].QueueArn for all, M[key].QueueArn for one)
    # unknown loop
    template.yaml:3:33: what 'M' loops over has to be known when the template is rendered
    # no default
    template.yaml:4:33: the value of parameter 'L' has to be known when the template is rendered (give the parameter a default, or a literal value in the environment)
    # same name twice
    m.yaml:3:3: two resources would be named 'MQueue'; the other is at template.yaml:5:3 (give the module or the resource another name)
    # needs itself
    e.yaml:3:26: the input 'In' of module 'A' (e.yaml) depends on itself
    # list in text
    e.yaml:2:67: 'In' is a list and cannot be put in a text
    # left out
    e.yaml:4:56: 'Q' of module 'A' (e.yaml) is left out here, because its condition does not hold (guard the reference with Fn::If and the same condition)
    # merge of the unknown
    template.yaml:3:59: Fn::Merge can only merge what is known when the template is rendered
    # invoke of nothing
    template.yaml:5:56: unknown module 'Lable' (did you mean 'Label'?)
    # bad mapping key
    e.yaml:2:86: the mapping 'Sizes' has no key 'smal' (did you mean 'small'?)
    # old syntax
    template.yaml:3:3: 'M' is not a resource (move it to the section 'Modules', without Type)
    # yaml of a module
    e.yaml:3:3: key 'A' is already given at e.yaml:2:3
    ");
}

#[test]
fn a_schema_fills_and_refuses() {
    let module = r#"
=== m.yaml
Parameters: { Net: { Type: Object }, Size: { Type: Number } }
ParameterSchema:
  Net:
    Type: Object
    Required: [Cidr]
    Properties:
      Cidr: { Type: String, Pattern: '\d+\.\d+\.0\.0/16' }
      Dns: { Type: Boolean, Default: true }
      Tags: { Type: Array, MaxItems: 1, Items: { Type: Object, Required: [Key] } }
  Size: { Type: Number, Minimum: 1, Maximum: 5, Default: 2 }
Resources:
  Vpc:
    Type: AWS::EC2::VPC
    Properties: { CidrBlock: !Ref Net.Cidr, EnableDnsSupport: !GetAtt Net.Dns, Size: !Ref Size }
"#;
    let with = |properties: &str| {
        shown(&format!(
            "\nModules:\n  M:\n    Source: m.yaml\n    Properties: {properties}\n{module}"
        ))
    };
    insta::assert_snapshot!(with("{ Net: { Cidr: 10.1.0.0/16 } }"), @r"
    Resources:
      MVpc:
        Type: AWS::EC2::VPC
        Properties:
          CidrBlock: 10.1.0.0/16
          EnableDnsSupport: true
          Size: 2
    ");
    insta::assert_snapshot!(with("{ Net: { Cdir: 10.1.0.0/16 }, Size: 9 }"), @r"
    template.yaml:5:24: the input 'Net' needs the property 'Cidr' (it has 'Cdir')
    template.yaml:5:53: the input 'Size' is at most 5, not 9
    ");
    insta::assert_snapshot!(with("{ Net: { Cidr: 10.1.2.0/24, Dns: maybe, Tags: [{ Value: x }] } }"), @r"
    template.yaml:5:32: the input 'Net.Cidr' does not match \d+\.\d+\.0\.0/16: '10.1.2.0/24'
    template.yaml:5:50: the input 'Net.Dns' is of type Boolean, not 'maybe'
    template.yaml:5:64: the input 'Net.Tags[0]' needs the property 'Key'
    ");
    insta::assert_snapshot!(with("{ Net: none, Size: many }"), @r"
    template.yaml:5:24: the input 'Net' is of type Object, not 'none'
    template.yaml:5:36: the input 'Size' is of type Number, not 'many'
    ");
}

#[test]
fn long_chains_of_modules() {
    let chain = |length: usize| {
        let mut text = "\nModules:\n".to_owned();
        for number in 0..length {
            let next = match number + 1 {
                next if next < length => format!("!GetAtt M{next}X.Out"),
                _ => "end".to_owned(),
            };
            text.push_str(&format!(
                "  M{number}X: {{ Source: m.yaml, Properties: {{ In: {next} }} }}\n"
            ));
        }
        text.push_str(
            "=== m.yaml\nParameters: { In: { Type: String } }\n\
             Resources: { T: { Type: AWS::SNS::Topic, Properties: { TopicName: !Sub 'x${In}' } } }\n\
             Outputs: { Out: { Value: !Sub 'x${In}' } }\n",
        );
        TestProject::new(&text).render("template.yaml")
    };
    assert!(chain(60).is_ok());
    let error = chain(400).unwrap_err().to_string();
    assert!(error.contains("in too long a chain"), "{error}");
}
