use super::said;

/// The findings for one parameter each.
fn said_of_parameters(parameters: &[&str]) -> String {
    parameters
        .iter()
        .map(|parameter| {
            let template = format!(
                "Parameters: {{P: {parameter}}}\n\
                 Resources: {{Q: {{Type: AWS::SQS::Queue, Properties: {{A: !Ref P}}}}}}\n"
            );
            let findings = said(&template).replace("t.yaml:", "");
            match findings.is_empty() {
                true => format!("{parameter}\n    fine\n"),
                false => format!(
                    "{parameter}\n    {}\n",
                    findings.trim_end().replace('\n', "\n    ")
                ),
            }
        })
        .collect()
}

#[test]
fn declarations() {
    insta::assert_snapshot!(said_of_parameters(&[
        "{Type: String, Default: '', Description: d, NoEcho: true}",
        "{Type: AWS::SSM::Parameter::Value<List<AWS::EC2::Subnet::Id>>, Default: /a/b}",
        "{Type: Number, Default: 5, MinValue: 1, MaxValue: 10.5}",
        "{}",
        "text",
        "{Type: string}",
        "{Type: AWS::EC2::Vpc::Id}",
        "{Type: !Ref A}",
        "{Type: String, Defualt: a}",
        "{Type: String, Default: [a, b]}",
        "{Type: String, Default: !Ref AWS::Region}",
        "{Type: String, Default: {Ref: AWS::Region}}",
        "{Type: String, Default: null}",
        "{Type: String, NoEcho: maybe}",
        "{Type: String, AllowedValues: a}",
        "{Type: String, AllowedValues: []}",
        "{Type: String, AllowedValues: [a, !Ref B]}",
        "{Type: String, MinLength: -1}",
        "{Type: Number, MaxValue: ten}",
        "{Type: Number, MinLength: 1}",
        "{Type: String, MinValue: 1}",
        "{Type: String, MinLength: 5, MaxLength: 3}",
        "{Type: Number, MinValue: 5, MaxValue: 3}",
        "{Type: String, AllowedPattern: '(?!x).*'}",
        "{Type: String, AllowedPattern: '[a-z'}",
    ]), @r"
    {Type: String, Default: '', Description: d, NoEcho: true}
        fine
    {Type: AWS::SSM::Parameter::Value<List<AWS::EC2::Subnet::Id>>, Default: /a/b}
        fine
    {Type: Number, Default: 5, MinValue: 1, MaxValue: 10.5}
        fine
    {}
        1:14: parameter 'P' has no Type (for instance Type: String)
    text
        1:17: parameter 'P' has to be a mapping, not 'text'
    {Type: string}
        1:24: unknown parameter type 'string' (did you mean 'String'?)
    {Type: AWS::EC2::Vpc::Id}
        1:24: unknown parameter type 'AWS::EC2::Vpc::Id' (did you mean 'AWS::EC2::VPC::Id'?)
    {Type: !Ref A}
        1:24: Type has to be a literal text, not the function !Ref
    {Type: String, Defualt: a}
        1:32: unknown parameter attribute 'Defualt' (did you mean 'Default'?)
    {Type: String, Default: [a, b]}
        1:41: Default has to be a literal text, not a list
    {Type: String, Default: !Ref AWS::Region}
        1:41: Default has to be a literal text, not the function !Ref
    {Type: String, Default: {Ref: AWS::Region}}
        1:41: Default has to be a literal text, not a function
    {Type: String, Default: null}
        1:41: 'Default' has no value, which CloudFormation refuses (remove it, or write '' for an empty text)
    {Type: String, NoEcho: maybe}
        1:40: NoEcho is true or false, not 'maybe'
    {Type: String, AllowedValues: a}
        1:47: AllowedValues is a list of values, not 'a'
    {Type: String, AllowedValues: []}
        1:47: AllowedValues is a list of values, not an empty one
    {Type: String, AllowedValues: [a, !Ref B]}
        1:51: an allowed value has to be a literal text, not the function !Ref
    {Type: String, MinLength: -1}
        1:43: MinLength is a whole number, not '-1'
    {Type: Number, MaxValue: ten}
        1:42: MaxValue is a number, not 'ten'
    {Type: Number, MinLength: 1}
        1:43: MinLength is for parameters of type String, not Number
    {Type: String, MinValue: 1}
        1:42: MinValue is for parameters of type Number, not String
    {Type: String, MinLength: 5, MaxLength: 3}
        1:43: MinLength 5 is more than MaxLength 3
    {Type: Number, MinValue: 5, MaxValue: 3}
        1:42: MinValue 5 is more than MaxValue 3
    {Type: String, AllowedPattern: '(?!x).*'}
        fine
    {Type: String, AllowedPattern: '[a-z'}
        1:48: warning: values are not checked against '[a-z', which cannot be read here (it is no regular expression, or one that only Java knows)
    ");
}

#[test]
fn defaults() {
    insta::assert_snapshot!(said_of_parameters(&[
        "{Type: String, Default: dev, AllowedValues: [dev, prod]}",
        "{Type: String, Default: dve, AllowedValues: [dev, prod]}",
        "{Type: CommaDelimitedList, Default: 'dev,prd', AllowedValues: [dev, prod]}",
        "{Type: String, Default: x1, AllowedPattern: '[a-z]+', ConstraintDescription: letters}",
        "{Type: String, Default: '', MinLength: 1}",
        "{Type: Number, Default: many}",
        "{Type: Number, Default: 11, MaxValue: 10}",
        "{Type: List<Number>, Default: '1,b'}",
        "{Type: String, NoEcho: true, Default: hunter2, MaxLength: 3}",
    ]), @r"
    {Type: String, Default: dev, AllowedValues: [dev, prod]}
        fine
    {Type: String, Default: dve, AllowedValues: [dev, prod]}
        1:41: the default does not fit: 'dve' is not one of 'dev', 'prod'
    {Type: CommaDelimitedList, Default: 'dev,prd', AllowedValues: [dev, prod]}
        1:53: the default does not fit: 'prd' is not one of 'dev', 'prod'
    {Type: String, Default: x1, AllowedPattern: '[a-z]+', ConstraintDescription: letters}
        1:41: the default does not fit: 'x1' does not match the pattern '[a-z]+': letters
    {Type: String, Default: '', MinLength: 1}
        1:41: the default does not fit: '' has 0 characters; at least 1 are needed
    {Type: Number, Default: many}
        1:41: the default does not fit: 'many' is not a number
    {Type: Number, Default: 11, MaxValue: 10}
        1:41: the default does not fit: '11' is more than 10
    {Type: List<Number>, Default: '1,b'}
        1:47: the default does not fit: 'b' is not a number
    {Type: String, NoEcho: true, Default: hunter2, MaxLength: 3}
        1:55: the default does not fit: the value has 7 characters; at most 3 are allowed
    ");
}

#[test]
fn names_and_sizes() {
    let long = "d".repeat(4001);
    let many: String = (0..201)
        .map(|i| format!("  P{i}: {{Type: String}}\n"))
        .collect();
    let findings = said(&format!(
        "Parameters:\n{many}Resources:\n  Q: {{Type: A::B::C}}\n"
    ));
    assert!(
        findings.contains("t.yaml:2:3: 201 parameters; CloudFormation takes 200 (split"),
        "{findings}"
    );
    insta::assert_snapshot!(said(&format!("
Parameters:
  snake_case: {{Type: String}}
  {name}: {{Type: String}}
  Text: {{Type: String, Description: {long}}}
  Default: {{Type: String, Default: {long}{long}}}
Resources:
  Q: {{Type: AWS::SQS::Queue, Properties: {{A: [!Ref {name}, !Ref Text, !Ref Default, !Ref snake_case]}}}}
", name = "n".repeat(256))).replace(&"n".repeat(256), "nnn"), @r"
    t.yaml:3:3: parameter name 'snake_case' has to be of the letters A-Z, a-z and digits
    t.yaml:4:3: parameter name of 256 characters; CloudFormation takes 255
    t.yaml:5:37: a description of more than 4000 bytes
    t.yaml:6:36: a default of more than 4096 bytes
    ");
}
