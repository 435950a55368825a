use super::{said, said_of_values};

#[test]
fn references() {
    insta::assert_snapshot!(said_of_values(&[
        "!Ref Stage",
        "{Ref: Table}",
        "!Ref AWS::Region",
        "!Ref Tabel",
        "!Ref AWS::Regoin",
        "!Ref IsLocal",
        "!Ref Sizes",
        "!Ref [Stage]",
        "!Ref",
        "{Ref: !Sub Stage}",
        "!GetAtt Table.Arn",
        "!GetAtt [Table, Arn]",
        "{Fn::GetAtt: [Table, !Ref Stage]}",
        "!GetAtt Tabel.Arn",
        "!GetAtt Stage.Arn",
        "!GetAtt Table",
        "!GetAtt .Arn",
        "!GetAtt [Table, Stream, Arn]",
        "!GetAtt [!Ref Table, Arn]",
    ]), @r"
    !Ref Stage
        fine
    {Ref: Table}
        fine
    !Ref AWS::Region
        fine
    !Ref Tabel
        10:14: Ref names 'Tabel', which is no parameter or resource (did you mean 'Table'?)
    !Ref AWS::Regoin
        10:14: Ref names 'AWS::Regoin', which is no pseudo parameter (did you mean 'AWS::Region'?)
    !Ref IsLocal
        10:14: Ref names 'IsLocal', which is no parameter or resource ('IsLocal' is a condition)
    !Ref Sizes
        10:14: Ref names 'Sizes', which is no parameter or resource ('Sizes' is a mapping)
    !Ref [Stage]
        10:14: !Ref takes one name, not a list
    !Ref
        10:14: !Ref takes one name, not nothing
    {Ref: !Sub Stage}
        10:20: Ref takes one name, not !Sub
    !GetAtt Table.Arn
        fine
    !GetAtt [Table, Arn]
        fine
    {Fn::GetAtt: [Table, !Ref Stage]}
        fine
    !GetAtt Tabel.Arn
        10:14: GetAtt names 'Tabel', which is no resource (did you mean 'Table'?)
    !GetAtt Stage.Arn
        10:14: GetAtt names 'Stage', which is no resource ('Stage' is a parameter)
    !GetAtt Table
        10:14: !GetAtt takes 'Resource.Attribute', not 'Table'
    !GetAtt .Arn
        10:14: !GetAtt takes 'Resource.Attribute', not '.Arn'
    !GetAtt [Table, Stream, Arn]
        10:14: !GetAtt takes [resource, attribute]; this list has 3 items
    !GetAtt [!Ref Table, Arn]
        10:23: !GetAtt takes the name of a resource, not !Ref
    ");
}

#[test]
fn attributes() {
    insta::assert_snapshot!(said_of_values(&[
        "!GetAtt Table.StreamArn",
        "!GetAtt Table.StremArn",
        "!Sub '${Used.Arn}'",
        "!GetAtt [Used, TopicName]",
    ]), @r"
    !GetAtt Table.StreamArn
        fine
    !GetAtt Table.StremArn
        10:14: warning: 'StremArn' is no known attribute of AWS::DynamoDB::Table (did you mean 'StreamArn'?)
    !Sub '${Used.Arn}'
        10:14: warning: 'Arn' is no known attribute of AWS::SNS::Topic (did you mean 'TopicArn'?)
    !GetAtt [Used, TopicName]
        fine
    ");
}

#[test]
fn texts_with_variables() {
    insta::assert_snapshot!(said_of_values(&[
        "!Sub '${Stage}-${Table}-${Table.Arn}-${AWS::Region}-${!Literal}'",
        "!Sub ['${A}-${B.C}-${Stage}', {A: !Ref Table, B.C: x}]",
        "{Fn::Sub: ['${A}', {A: {Ref: Table}}]}",
        "!Sub '${Sage}'",
        "!Sub '${Tabel.Arn}'",
        "!Sub '${Stage.Arn}'",
        "!Sub '${AWS::Acount}'",
        "!Sub '${Stage'",
        "!Sub 'name=${NAME:-none} and ${}'",
        "!Sub ['${A}', {A: 1, B: 2}]",
        "!Sub ['${A}', {A: !Ref Nothing}]",
        "!Sub [!Ref Stage, {}]",
        "!Sub ['${A}']",
        "!Sub {A: 1}",
        "!Sub",
    ]), @r"
    !Sub '${Stage}-${Table}-${Table.Arn}-${AWS::Region}-${!Literal}'
        fine
    !Sub ['${A}-${B.C}-${Stage}', {A: !Ref Table, B.C: x}]
        fine
    {Fn::Sub: ['${A}', {A: {Ref: Table}}]}
        fine
    !Sub '${Sage}'
        10:14: Sub names 'Sage', which is no parameter or resource (did you mean 'Stage'?)
    !Sub '${Tabel.Arn}'
        10:14: Sub names 'Tabel', which is no resource (did you mean 'Table'?)
    !Sub '${Stage.Arn}'
        10:14: Sub names 'Stage', which is no resource ('Stage' is a parameter)
    !Sub '${AWS::Acount}'
        10:14: Sub names 'AWS::Acount', which is no pseudo parameter (did you mean 'AWS::AccountId'?)
    !Sub '${Stage'
        10:14: '${Stage' has no '}' at its end
    !Sub 'name=${NAME:-none} and ${}'
        10:14: '${NAME:-none}' holds no name that Sub could replace ('${!NAME:-none}' stands for the text itself)
        10:14: '${}' holds no name that Sub could replace
    !Sub ['${A}', {A: 1, B: 2}]
        10:35: warning: the text of this Sub has no '${B}' (remove it)
    !Sub ['${A}', {A: !Ref Nothing}]
        10:32: Ref names 'Nothing', which is no parameter or resource (there is: Queue, Stage, Table, Used)
    !Sub [!Ref Stage, {}]
        10:14: !Sub takes a text, or [text, mapping of its variables], not a list
    !Sub ['${A}']
        10:14: !Sub takes a text, or [text, mapping of its variables], not a list
    !Sub {A: 1}
        10:14: !Sub takes a text, or [text, mapping of its variables], not a mapping
    !Sub
        10:14: !Sub takes a text, or [text, mapping of its variables], not nothing
    ");
}

#[test]
fn conditions_in_values() {
    insta::assert_snapshot!(said_of_values(&[
        "!If [IsLocal, a, !Ref AWS::NoValue]",
        "!If [IsLocl, a, b]",
        "!If [Stage, a, b]",
        "!If [IsLocal, a]",
        "!If [!Equals [a, b], a, b]",
        "!If IsLocal",
        "!Equals [a, b]",
        "{Fn::And: [a, b]}",
        "!Condition IsLocal",
        "{Condition: {StringEquals: {a: b}}}",
        "!Contains [[a], b]",
        "!ValueOf [Stage, x]",
    ]), @r"
    !If [IsLocal, a, !Ref AWS::NoValue]
        fine
    !If [IsLocl, a, b]
        10:19: 'IsLocl' is no condition of this template (did you mean 'IsLocal'?)
    !If [Stage, a, b]
        10:19: 'Stage' is no condition of this template ('Stage' is a parameter)
    !If [IsLocal, a]
        10:14: !If takes [condition, value if true, value if not]; this list has 2 items
    !If [!Equals [a, b], a, b]
        10:19: !If takes the name of a condition, not !Equals (name it in the section Conditions)
    !If IsLocal
        10:14: !If takes [condition, value if true, value if not], not 'IsLocal'
    !Equals [a, b]
        10:14: !Equals yields no value to use here (name it in the section Conditions and use that with Fn::If)
    {Fn::And: [a, b]}
        10:14: Fn::And yields no value to use here (name it in the section Conditions and use that with Fn::If)
    !Condition IsLocal
        10:14: !Condition yields no value to use here (use Fn::If to choose between values)
    {Condition: {StringEquals: {a: b}}}
        fine
    !Contains [[a], b]
        10:14: !Contains yields no value to use here (it is for the section Rules)
    !ValueOf [Stage, x]
        10:14: !ValueOf yields no value to use here (it is for the section Rules)
    ");
}

#[test]
fn lists_and_texts() {
    insta::assert_snapshot!(said_of_values(&[
        "!Join [',', [a, !Ref Stage]]",
        "!Join ['', !Split [',', a]]",
        "!Join [',', a]",
        "!Join [',', !Sub a]",
        "!Join [!Ref Stage, [a]]",
        "!Join [',', [{a: b}]]",
        "!Join [a, b, c]",
        "!Join a",
        "!Select [0, [a]]",
        "!Select [!Ref Stage, !GetAZs '']",
        "!Select [1, [a]]",
        "!Select [-1, [a]]",
        "!Select [x, [a]]",
        "!Select [0, a]",
        "!Select [0]",
        "!Split [',', !Ref Stage]",
        "!Split ['', a]",
        "!Split [',', [a]]",
        "{Fn::Base64: !Sub '${Stage}'}",
        "!Base64 [a]",
        "!GetAZs {Ref: AWS::Region}",
        "!GetAZs",
        "!GetAZs [a]",
        "!Cidr [10.0.0.0/16, 6, 8]",
        "!Cidr [!GetAtt Table.Cidr, 300]",
        "!Cidr [10.0.0.0/16]",
    ]), @r"
    !Join [',', [a, !Ref Stage]]
        fine
    !Join ['', !Split [',', a]]
        fine
    !Join [',', a]
        10:26: !Join takes a list here, not 'a'
    !Join [',', !Sub a]
        10:26: !Join takes a list here, not !Sub
    !Join [!Ref Stage, [a]]
        10:21: !Join takes a literal delimiter, not !Ref
    !Join [',', [{a: b}]]
        10:27: !Join joins texts, not mappings
    !Join [a, b, c]
        10:14: !Join takes [delimiter, list of texts]; this list has 3 items
    !Join a
        10:14: !Join takes [delimiter, list of texts], not 'a'
    !Select [0, [a]]
        fine
    !Select [!Ref Stage, !GetAZs '']
        fine
    !Select [1, [a]]
        10:23: index 1 is beyond a list of 1: the first is 0
    !Select [-1, [a]]
        10:23: !Select takes an index from 0, not '-1'
    !Select [x, [a]]
        10:23: !Select takes an index from 0, not 'x'
    !Select [0, a]
        10:26: !Select takes a list here, not 'a'
    !Select [0]
        10:14: !Select takes [index, list]; this list has 1 item
    !Split [',', !Ref Stage]
        fine
    !Split ['', a]
        10:22: !Split takes a delimiter that is not empty
    !Split [',', [a]]
        10:27: !Split takes a text, not a list
    {Fn::Base64: !Sub '${Stage}'}
        fine
    !Base64 [a]
        10:14: !Base64 takes one text, not a list
    !GetAZs {Ref: AWS::Region}
        fine
    !GetAZs
        fine
    !GetAZs [a]
        10:14: !GetAZs takes one text, not a list
    !Cidr [10.0.0.0/16, 6, 8]
        fine
    !Cidr [!GetAtt Table.Cidr, 300]
        10:21: warning: 'Cidr' is no known attribute of AWS::DynamoDB::Table (there is: Arn, StreamArn)
        10:41: !Cidr takes a number from 1 to 256, not '300'
    !Cidr [10.0.0.0/16]
        10:14: !Cidr takes [address block, count, bits of each block]; this list has 1 item
    ");
}

#[test]
fn look_ups() {
    insta::assert_snapshot!(said_of_values(&[
        "!FindInMap [Sizes, small, Cpu]",
        "!FindInMap [Sizes, !Ref Stage, Memory]",
        "!FindInMap [!Ref Stage, a, b]",
        "!FindInMap [Size, small, Cpu]",
        "!FindInMap [Stage, small, Cpu]",
        "!FindInMap [Sizes, smal, Cpu]",
        "!FindInMap [Sizes, large, Memory]",
        "!FindInMap [Sizes, !Ref Stage, Disk]",
        "!FindInMap [Sizes, small]",
        "!FindInMap [Sizes, small, Cpu, {DefaultValue: 1}]",
    ]), @r"
    !FindInMap [Sizes, small, Cpu]
        fine
    !FindInMap [Sizes, !Ref Stage, Memory]
        fine
    !FindInMap [!Ref Stage, a, b]
        fine
    !FindInMap [Size, small, Cpu]
        10:26: FindInMap names 'Size', which is no mapping (did you mean 'Sizes'?)
    !FindInMap [Stage, small, Cpu]
        10:26: FindInMap names 'Stage', which is no mapping ('Stage' is a parameter)
    !FindInMap [Sizes, smal, Cpu]
        10:33: mapping 'Sizes' has no key 'smal' (did you mean 'small'?)
    !FindInMap [Sizes, large, Memory]
        10:40: 'large' of mapping 'Sizes' has no key 'Memory' (there is: Cpu)
    !FindInMap [Sizes, !Ref Stage, Disk]
        10:45: no key of mapping 'Sizes' has a 'Disk' (there is: Cpu, Memory)
    !FindInMap [Sizes, small]
        10:14: !FindInMap takes [mapping, key, key of that]; this list has 2 items
    !FindInMap [Sizes, small, Cpu, {DefaultValue: 1}]
        10:14: the default value of !FindInMap needs 'Transform: AWS::LanguageExtensions'
    ");
}

#[test]
fn other_stacks_and_macros() {
    insta::assert_snapshot!(said_of_values(&[
        "!ImportValue shop-queue",
        "!ImportValue {Fn::Sub: '${Stage}-queue'}",
        "!ImportValue {Fn::Sub: '${Table}-queue'}",
        "!ImportValue [a]",
        "!GetStackOutput {StackName: a, OutputName: b}",
        "!GetStackOutput {StackName: a, Outputname: b}",
        "!GetStackOutput a",
        "!Transform {Name: AWS::Include, Parameters: {Location: a}}",
        "!Transform AWS::Include",
        "{Fn::Transform: {Name: Mine}, a: b}",
    ]), @r"
    !ImportValue shop-queue
        fine
    !ImportValue {Fn::Sub: '${Stage}-queue'}
        fine
    !ImportValue {Fn::Sub: '${Table}-queue'}
        10:37: Sub names the resource 'Table', but imports are looked up before there are resources
    !ImportValue [a]
        10:14: !ImportValue takes the name of an export, not a list
    !GetStackOutput {StackName: a, OutputName: b}
        fine
    !GetStackOutput {StackName: a, Outputname: b}
        10:14: !GetStackOutput has no OutputName
        10:45: !GetStackOutput does not take 'Outputname' (did you mean 'OutputName'?)
    !GetStackOutput a
        10:14: !GetStackOutput takes a mapping with StackName and OutputName, not 'a'
    !Transform {Name: AWS::Include, Parameters: {Location: a}}
        fine
    !Transform AWS::Include
        10:14: !Transform takes a mapping with the Name of a macro and its Parameters, not 'AWS::Include'
    {Fn::Transform: {Name: Mine}, a: b}
        fine
    ");
}

#[test]
fn unknown_functions() {
    insta::assert_snapshot!(said_of_values(&[
        "!Reff Stage",
        "!GetAttr Table.Arn",
        "!sub a",
        "{Fn::FindinMap: [a, b, c]}",
        "{Fn::Xyz: !Ref Nothing}",
        "!Fn::Sub a",
        "{Fn::Sub: a, Other: b}",
        "{Fn::Length: [a]}",
        "!ToJsonString {a: b}",
    ]), @r"
    !Reff Stage
        10:14: unknown function !Reff (did you mean !Ref?)
    !GetAttr Table.Arn
        10:14: unknown function !GetAttr (did you mean !GetAtt?)
    !sub a
        10:14: unknown function !sub (did you mean !Sub?)
    {Fn::FindinMap: [a, b, c]}
        10:14: unknown function Fn::FindinMap (did you mean Fn::FindInMap?)
    {Fn::Xyz: !Ref Nothing}
        10:14: unknown function Fn::Xyz
        10:24: Ref names 'Nothing', which is no parameter or resource (there is: Queue, Stage, Table, Used)
    !Fn::Sub a
        10:14: unknown function !Fn::Sub (did you mean !Sub?)
    {Fn::Sub: a, Other: b}
        10:15: Fn::Sub has other keys beside it (a function is the only key of its mapping)
    {Fn::Length: [a]}
        10:14: Fn::Length needs 'Transform: AWS::LanguageExtensions'
    !ToJsonString {a: b}
        10:14: !ToJsonString needs 'Transform: AWS::LanguageExtensions'
    ");
}

#[test]
fn dynamic_references() {
    insta::assert_snapshot!(said_of_values(&[
        "'{{resolve:ssm:/shop/name}}'",
        "'{{resolve:ssm:/shop/name:3}} and {{resolve:ssm-secure:x}}'",
        "'{{resolve:secretsmanager:shop/db:SecretString:password}}'",
        "'{{resolve:secretsmanager:arn:aws:secretsmanager:eu-central-1:123456789012:secret:db-a1b2c3:SecretString:password:AWSCURRENT}}'",
        "!Sub '{{resolve:ssm:/${Stage}/name}}'",
        "!Join ['', ['{{resolve:ssm:', !Ref Stage, '}}']]",
        "'{{mustache}}'",
        "'{{resolve:smm:/shop/name}}'",
        "'{{resolve:ssm:/shop/name}'",
        "'{{ resolve:ssm:/shop/name }}'",
        "'{{resolve:ssm:}}'",
        "'{{resolve:ssm:/shop/n ame}}'",
        "'{{resolve:ssm:/shop/name:x}}'",
        "'{{resolve:secretsmanager::SecretString}}'",
        "'{{resolve:secretsmanager:db:SecretBinary}}'",
        "'{{resolve:secretsmanager:db:SecretString:a:b:c}}'",
    ]), @r"
    '{{resolve:ssm:/shop/name}}'
        fine
    '{{resolve:ssm:/shop/name:3}} and {{resolve:ssm-secure:x}}'
        fine
    '{{resolve:secretsmanager:shop/db:SecretString:password}}'
        fine
    '{{resolve:secretsmanager:arn:aws:secretsmanager:eu-central-1:123456789012:secret:db-a1b2c3:SecretString:password:AWSCURRENT}}'
        fine
    !Sub '{{resolve:ssm:/${Stage}/name}}'
        fine
    !Join ['', ['{{resolve:ssm:', !Ref Stage, '}}']]
        fine
    '{{mustache}}'
        fine
    '{{resolve:smm:/shop/name}}'
        10:14: '{{resolve:smm:/shop/name}}' names no service: 'smm' (there is: ssm, ssm-secure, secretsmanager)
    '{{resolve:ssm:/shop/name}'
        10:14: '{{resolve:ssm:/shop/name}' has no '}}' at its end
    '{{ resolve:ssm:/shop/name }}'
        10:14: '{{ resolve:ssm:/shop/name }}' stays a text because of the space (write '{{resolve:ssm:/shop/name}}')
    '{{resolve:ssm:}}'
        10:14: '{{resolve:ssm:}}' names no value
    '{{resolve:ssm:/shop/n ame}}'
        10:14: '{{resolve:ssm:/shop/n ame}}' has the name '/shop/n ame', which no SSM parameter can have
    '{{resolve:ssm:/shop/name:x}}'
        10:14: '{{resolve:ssm:/shop/name:x}}' has the version 'x', which is no number
    '{{resolve:secretsmanager::SecretString}}'
        10:14: '{{resolve:secretsmanager::SecretString}}' names no secret
    '{{resolve:secretsmanager:db:SecretBinary}}'
        10:14: '{{resolve:secretsmanager:db:SecretBinary}}' asks for 'SecretBinary' of the secret (only SecretString can be read)
    '{{resolve:secretsmanager:db:SecretString:a:b:c}}'
        10:14: '{{resolve:secretsmanager:db:SecretString:a:b:c}}' gives both a version stage and a version id
    ");
}

#[test]
fn the_language_extensions_allow_more() {
    let template = "
Transform: AWS::LanguageExtensions
Parameters:
  Stage: {Type: String}
  Names: {Type: CommaDelimitedList}
Mappings:
  Sizes: {small: {Cpu: 1}}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    DeletionPolicy: !Ref Stage
    Properties:
      A: {Fn::Length: !Ref Names}
      B: {Fn::ToJsonString: {a: !Ref Stage}}
      C: !FindInMap [Sizes, !Ref Stage, Disk, {DefaultValue: none}]
      D: {Ref: {Fn::Sub: 'Topic${Stage}'}}
      E: !GetAtt [!Sub 'Topic${Stage}', Arn]
";
    assert_eq!(said(template), "");
    insta::assert_snapshot!(said("
Transform: AWS::LanguageExtensions
Resources:
  Queue:
    Type: AWS::SQS::Queue
    DeletionPolicy: !GetAtt Queue.Arn
    Properties:
      A: !Length [a]
      B: {Fn::Length: text}
      C: !FindInMap [Sizes, a, b, none]
"), @r"
    t.yaml:6:21: GetAtt names the resource 'Queue', but policies are decided before there are resources
    t.yaml:8:10: !Length has no short spelling (write 'Fn::Length:')
    t.yaml:9:23: Fn::Length takes a list or a mapping, not 'text'
    t.yaml:10:22: FindInMap names 'Sizes', which is no mapping
    t.yaml:10:35: the fourth item of !FindInMap is {DefaultValue: ...}
    ");
}
