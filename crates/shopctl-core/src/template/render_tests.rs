//! Rendering as a whole: omissions, snippets, local references.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::test_project::{TestProject, shown};
use super::{Capability, UploadSource};

const PRODUCTS: &str = r#"
=== stacks/products/template.yaml
Modules:
  Api: { Source: ../modules/function.yaml, Properties: { Code: ../../handlers/products } }
Resources:
  Own:
    Type: AWS::Lambda::Function
    Properties: { Code: ../../handlers/products, Architectures: [arm64] }
  Layer: { Type: AWS::Lambda::LayerVersion, Properties: { Content: layer } }
  Script: { Type: AWS::Lambda::Function, Properties: { Code: script.py } }
  Inline: { Type: AWS::Lambda::Function, Properties: { Code: { ZipFile: "x" } } }
  Zip: { Type: AWS::Lambda::Function, Properties: { Code: ready.zip } }
  Computed: { Type: AWS::Lambda::Function, Properties: { Code: !Ref Own } }
  Remote: { Type: AWS::Serverless::Function, Properties: { CodeUri: "s3://bucket/key" } }
  Schema: { Type: AWS::AppSync::GraphQLSchema, Properties: { DefinitionS3Location: ./schema.graphql } }
  Machine: { Type: AWS::StepFunctions::StateMachine, Properties: { DefinitionS3Location: ../shared/machine.asl.json } }
  Rest: { Type: AWS::ApiGateway::RestApi, Properties: { BodyS3Location: schema.graphql } }
  Job: { Type: AWS::Glue::Job, Properties: { Command: { Name: glueetl, ScriptLocation: script.py } } }
  Elsewhere: { Type: AWS::SQS::Queue, Properties: { Code: script.py } }
Transform: AWS::Serverless-2016-10-31
=== stacks/products/schema.graphql
type Query { a: Int }
=== stacks/products/layer/lib.txt
x
=== stacks/products/script.py
print()
=== stacks/products/ready.zip
=== stacks/shared/machine.asl.json
{}
=== stacks/modules/function.yaml
Parameters: { Code: { Type: String } }
Resources:
  Function: { Type: AWS::Lambda::Function, Properties: { Code: !Ref Code } }
  Mapper: { Type: AWS::AppSync::Resolver, Properties: { CodeS3Location: resolver.js } }
=== stacks/modules/resolver.js
export {}
=== handlers/products/Cargo.toml
=== handlers/orders/Cargo.toml
"#;

#[test]
fn local_references_become_artifacts() {
    let project = TestProject::new(&PRODUCTS.replace(
        "=== stacks/products/ready.zip\n",
        "=== stacks/products/ready.zip\nPK\u{3}\u{4}\n",
    ));
    insta::assert_snapshot!(project.shown("stacks/products/template.yaml"), @r"
    Resources:
      Own:
        Type: AWS::Lambda::Function
        Properties:
          Code:
            S3Bucket: !Sub shopctl-shop-local-${AWS::AccountId}-${AWS::Region}
            S3Key: artifacts/digest-of-products.zip
          Architectures:
            - arm64
      Layer:
        Type: AWS::Lambda::LayerVersion
        Properties:
          Content:
            S3Bucket: !Sub shopctl-shop-local-${AWS::AccountId}-${AWS::Region}
            S3Key: artifacts/digest-of-zipped-stacks-products-layer.zip
      Script:
        Type: AWS::Lambda::Function
        Properties:
          Code:
            S3Bucket: !Sub shopctl-shop-local-${AWS::AccountId}-${AWS::Region}
            S3Key: artifacts/digest-of-zipped-stacks-products-script.py.zip
      Inline:
        Type: AWS::Lambda::Function
        Properties:
          Code:
            ZipFile: x
      Zip:
        Type: AWS::Lambda::Function
        Properties:
          Code:
            S3Bucket: !Sub shopctl-shop-local-${AWS::AccountId}-${AWS::Region}
            S3Key: artifacts/4dec01182504ab331701fe29816d0764e5e6b23f944fcfe4493a601bd30a2f1c.zip
      Computed:
        Type: AWS::Lambda::Function
        Properties:
          Code: !Ref Own
      Remote:
        Type: AWS::Serverless::Function
        Properties:
          CodeUri: s3://bucket/key
      Schema:
        Type: AWS::AppSync::GraphQLSchema
        Properties:
          DefinitionS3Location: !Sub s3://shopctl-shop-local-${AWS::AccountId}-${AWS::Region}/artifacts/82e8d2c761cc9bd486063f92290afbc2b6ab913eb044fe14a1b0095c8186d0f2.graphql
      Machine:
        Type: AWS::StepFunctions::StateMachine
        Properties:
          DefinitionS3Location:
            Bucket: !Sub shopctl-shop-local-${AWS::AccountId}-${AWS::Region}
            Key: artifacts/ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356.json
      Rest:
        Type: AWS::ApiGateway::RestApi
        Properties:
          BodyS3Location:
            Bucket: !Sub shopctl-shop-local-${AWS::AccountId}-${AWS::Region}
            Key: artifacts/82e8d2c761cc9bd486063f92290afbc2b6ab913eb044fe14a1b0095c8186d0f2.graphql
      Job:
        Type: AWS::Glue::Job
        Properties:
          Command:
            Name: glueetl
            ScriptLocation: !Sub s3://shopctl-shop-local-${AWS::AccountId}-${AWS::Region}/artifacts/d8594fa1268ecabc62af7c9e2449b8c46db0f426cd9aad384c67efe59e582b3e.py
      Elsewhere:
        Type: AWS::SQS::Queue
        Properties:
          Code: script.py
      ApiFunction:
        Type: AWS::Lambda::Function
        Properties:
          Code:
            S3Bucket: !Sub shopctl-shop-local-${AWS::AccountId}-${AWS::Region}
            S3Key: artifacts/digest-of-products.zip
          Architectures:
            - arm64
      ApiMapper:
        Type: AWS::AppSync::Resolver
        Properties:
          CodeS3Location: !Sub s3://shopctl-shop-local-${AWS::AccountId}-${AWS::Region}/artifacts/7992a39d6cde5e050eb78461a8bf9ad986175a94826e835c110b3967290bd249.js
    Transform: AWS::Serverless-2016-10-31
    ");
    let rendered = project.render("stacks/products/template.yaml").unwrap();
    let uploads: Vec<String> = rendered
        .uploads
        .iter()
        .map(|upload| {
            let source = match &upload.source {
                UploadSource::Artifact => "artifact".to_owned(),
                UploadSource::Bytes(bytes) => format!("{} bytes", bytes.len()),
            };
            format!("{} <- {} ({source})", upload.key, upload.label)
        })
        .collect();
    insta::assert_snapshot!(uploads.join("\n"), @r"
    artifacts/4dec01182504ab331701fe29816d0764e5e6b23f944fcfe4493a601bd30a2f1c.zip <- stacks/products/ready.zip (5 bytes)
    artifacts/7992a39d6cde5e050eb78461a8bf9ad986175a94826e835c110b3967290bd249.js <- stacks/modules/resolver.js (10 bytes)
    artifacts/82e8d2c761cc9bd486063f92290afbc2b6ab913eb044fe14a1b0095c8186d0f2.graphql <- stacks/products/schema.graphql (22 bytes)
    artifacts/ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356.json <- stacks/shared/machine.asl.json (3 bytes)
    artifacts/d8594fa1268ecabc62af7c9e2449b8c46db0f426cd9aad384c67efe59e582b3e.py <- stacks/products/script.py (8 bytes)
    artifacts/digest-of-products.zip <- handlers/products (artifact)
    artifacts/digest-of-zipped-stacks-products-layer.zip <- stacks/products/layer (artifact)
    artifacts/digest-of-zipped-stacks-products-script.py.zip <- stacks/products/script.py (artifact)
    ");
    for upload in &rendered.uploads {
        assert!(upload.key.contains(upload.digest.as_str()));
    }
}

#[test]
fn mistakes_in_local_references() {
    let function = |properties: &str| {
        format!(
            "\n=== stacks/a/template.yaml\nResources:\n  F:\n    Type: AWS::Lambda::Function\n    \
             Properties: {properties}\n\
             === stacks/a/schema.graphql\nx\n=== stacks/a/huge/x\nx\n\
             === handlers/products/Cargo.toml\n=== crates/tool/Cargo.toml\n"
        )
    };
    let mut report = String::new();
    for properties in [
        "{ Code: ../../handlers/prodcts }",
        "{ Code: products }",
        "{ Code: schema.graphqls }",
        "{ Code: ../../crates/tool }",
        "{ Code: ../../../tool }",
        "{ Code: /tool }",
        "{ Code: huge }",
        "{ Code: ../../handlers/products, Architectures: [x86_64] }",
    ] {
        let project = TestProject::new(&function(properties));
        let shown = project.shown("stacks/a/template.yaml");
        report.push_str(&format!("# {properties}\n{shown}\n"));
    }
    insta::assert_snapshot!(report, @r"
    # { Code: ../../handlers/prodcts }
    stacks/a/template.yaml:4:25: 'handlers/prodcts' does not exist (did you mean the handler '../../handlers/products'?)
    # { Code: products }
    stacks/a/template.yaml:4:25: 'stacks/a/products' does not exist (did you mean the handler '../../handlers/products'?)
    # { Code: schema.graphqls }
    stacks/a/template.yaml:4:25: 'stacks/a/schema.graphqls' does not exist (did you mean 'schema.graphql'?)
    # { Code: ../../crates/tool }
    stacks/a/template.yaml:4:25: 'crates/tool' is a cargo package, but no handler of the project (name it under 'handlers' in the project file, so that it is built)
    # { Code: ../../../tool }
    stacks/a/template.yaml:4:25: the path '../../../tool' leads out of the project (paths are relative to the file in which they are written and use '/')
    # { Code: /tool }
    stacks/a/template.yaml:4:25: the path '/tool' leads out of the project (paths are relative to the file in which they are written and use '/')
    # { Code: huge }
    stacks/a/template.yaml:4:25: cannot pack 'stacks/a/huge': it has more than 250 MB
    # { Code: ../../handlers/products, Architectures: [x86_64] }
    stacks/a/template.yaml:4:66: the function wants 'x86_64', but handlers are built for 'arm64' here (leave 'Architectures' out: it is set to what is built)
    ");
}

#[test]
fn nested_templates_are_rendered_too() {
    let project = TestProject::new(
        r#"
=== stacks/a/template.yaml
Resources:
  Inner: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: ../inner.yaml } }
  Same: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: ../inner.yaml } }
  Remote: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: "https://example.com/t" } }
=== stacks/inner.yaml
Modules: { M: { Source: m.yaml } }
=== stacks/m.yaml
Resources:
  Role: { Type: AWS::IAM::Role, Properties: { RoleName: fixed } }
  F: { Type: AWS::Lambda::Function, Properties: { Code: ../handlers/products } }
  Archive: { Type: AWS::Events::Archive, Properties: {} }
=== handlers/products/Cargo.toml
"#,
    );
    let mut project = project;
    project.omit = vec!["AWS::Events::*".to_owned()];
    let rendered = project.render("stacks/a/template.yaml").unwrap();
    let inner = rendered
        .uploads
        .iter()
        .find(|upload| upload.label == "stacks/inner.yaml")
        .unwrap();
    let UploadSource::Bytes(bytes) = &inner.source else {
        panic!("a nested template is made by rendering");
    };
    let inner_text = String::from_utf8(bytes.clone()).unwrap();
    insta::assert_snapshot!(inner_text, @r"
    # Rendered by shopctl from stacks/inner.yaml; change it there.
    Resources:
      MRole:
        Type: AWS::IAM::Role
        Properties:
          RoleName: fixed
      MF:
        Type: AWS::Lambda::Function
        Properties:
          Code:
            S3Bucket: !Sub shopctl-shop-local-${AWS::AccountId}-${AWS::Region}
            S3Key: artifacts/digest-of-products.zip
          Architectures:
            - arm64
    ");
    let body = rendered.body.replace(inner.digest.as_str(), "DIGEST");
    insta::assert_snapshot!(body, @r"
    # Rendered by shopctl from stacks/a/template.yaml; change it there.
    Resources:
      Inner:
        Type: AWS::CloudFormation::Stack
        Properties:
          TemplateURL: !Sub https://s3.${AWS::Region}.${AWS::URLSuffix}/shopctl-shop-local-${AWS::AccountId}-${AWS::Region}/artifacts/DIGEST.yaml
      Same:
        Type: AWS::CloudFormation::Stack
        Properties:
          TemplateURL: !Sub https://s3.${AWS::Region}.${AWS::URLSuffix}/shopctl-shop-local-${AWS::AccountId}-${AWS::Region}/artifacts/DIGEST.yaml
      Remote:
        Type: AWS::CloudFormation::Stack
        Properties:
          TemplateURL: https://example.com/t
    ");
    assert_eq!(rendered.uploads.len(), 2, "handler and nested template");
    assert!(rendered.capabilities.contains(&Capability::NamedIam));
    let omitted: Vec<&str> = rendered
        .omitted
        .iter()
        .map(|omitted| omitted.logical_id.as_str())
        .collect();
    assert_eq!(omitted, ["Inner.MArchive", "Same.MArchive"]);
}

#[test]
fn nested_templates_get_the_parameters_they_have() {
    let text = "\nResources:\n  A: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: b.yaml, Parameters: { Nmae: x } } }\n\
                === b.yaml\nParameters: { Name: { Type: String }, Other: { Type: String, Default: x } }\n\
                Resources:\n  T: { Type: AWS::SNS::Topic, Properties: { TopicName: !Sub '${Name}${Other}' } }\n";
    insta::assert_snapshot!(shown(text), @r"
    template.yaml:3:91: 'b.yaml' has no parameter 'Nmae' (did you mean 'Name'?)
    template.yaml:3:69: 'b.yaml' needs a value for its parameter 'Name' (set it under 'Parameters' of the resource)
    ");
}

#[test]
fn a_template_that_nests_itself() {
    let text = "\nResources:\n  A: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: b.yaml } }\n\
                === b.yaml\nResources:\n  A: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: template.yaml } }\n";
    insta::assert_snapshot!(shown(text), @"b.yaml:2:69: a template nests itself: template.yaml -> b.yaml -> template.yaml");
}

#[test]
fn snippets_are_put_in_place() {
    insta::assert_snapshot!(shown(r#"
Transform:
  - AWS::LanguageExtensions
  - { Name: AWS::Include, Parameters: { Location: parts/sections.yaml } }
Resources:
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties:
      Name: api
      Body:
        Fn::Transform: { Name: AWS::Include, Parameters: { Location: openapi.yaml } }
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      Fn::Transform: { Name: AWS::Include, Parameters: { Location: parts/keys.yaml } }
  Short:
    Type: AWS::SSM::Parameter
    Properties: !Transform { Name: AWS::Include, Parameters: { Location: parts/keys.yaml } }
  Remote:
    Type: AWS::SSM::Parameter
    Properties:
      Fn::Transform: { Name: AWS::Include, Parameters: { Location: "s3://bucket/key" } }
=== openapi.yaml
openapi: 3.0.1
paths:
  /x: { get: { uri: !Sub "arn:${AWS::Region}" } }
=== parts/keys.yaml
KeySchema:
  Fn::Transform: { Name: AWS::Include, Parameters: { Location: list.json } }
=== parts/list.json
[{"AttributeName": "id", "KeyType": "HASH"}]
=== parts/sections.yaml
Outputs: { A: { Value: !Ref Api } }
Resources: { Extra: { Type: AWS::SNS::Topic } }
"#), @r"
    Transform:
      - AWS::LanguageExtensions
    Resources:
      Api:
        Type: AWS::ApiGateway::RestApi
        Properties:
          Name: api
          Body:
            openapi: 3.0.1
            paths:
              /x:
                get:
                  uri: !Sub arn:${AWS::Region}
      Table:
        Type: AWS::DynamoDB::Table
        Properties:
          BillingMode: PAY_PER_REQUEST
          KeySchema:
            - AttributeName: id
              KeyType: HASH
      Short:
        Type: AWS::SSM::Parameter
        Properties:
          KeySchema:
            - AttributeName: id
              KeyType: HASH
      Remote:
        Type: AWS::SSM::Parameter
        Properties:
          Fn::Transform:
            Name: AWS::Include
            Parameters:
              Location: s3://bucket/key
      Extra:
        Type: AWS::SNS::Topic
    Outputs:
      A:
        Value: !Ref Api
    ");
    insta::assert_snapshot!(shown(r#"
Resources:
  A: { Type: AWS::SNS::Topic, Properties: { TopicName: x, Fn::Transform: { Name: AWS::Include, Parameters: { Location: a.yaml } } } }
  B: { Type: AWS::SNS::Topic, Properties: { Fn::Transform: { Name: AWS::Include, Parameters: { Location: aa.yaml } } } }
  C: { Type: AWS::SNS::Topic, Properties: { Fn::Transform: { Name: AWS::Include, Parameters: { Location: c.yaml } } } }
=== a.yaml
TopicName: y
=== c.yaml
Fn::Transform: { Name: AWS::Include, Parameters: { Location: c.yaml } }
"#), @r"
    a.yaml:1:1: 'TopicName' of the snippet is at template.yaml:3:45 already
    template.yaml:4:106: 'aa.yaml' does not exist (did you mean 'a.yaml'?)
    c.yaml:1:62: a snippet includes itself: c.yaml -> c.yaml
    ");
}

#[test]
fn what_an_environment_lacks_is_left_out_and_listed() {
    let template = r#"
Parameters: { P: { Type: String } }
Conditions: { C: !Equals [!Ref P, a] }
Resources:
  Bus: { Type: AWS::Events::EventBus, Properties: { Name: b } }
  Archive: { Type: AWS::Events::Archive, Properties: { SourceArn: !GetAtt Bus.Arn } }
  Acl: { Type: AWS::WAFv2::WebACL }
  After: { Type: AWS::SNS::Topic, DependsOn: [Bus, Archive] }
  Alone:
    Type: AWS::SNS::Topic
    DependsOn: Archive
    Properties: { Name: !If [C, !GetAtt Archive.Arn, !Sub "${AWS::Region}"] }
Outputs:
  ArchiveName: { Value: !Ref Archive }
  BusName: { Value: !Ref Bus }
"#;
    let mut project = TestProject::new(template);
    project.omit = vec![
        "AWS::Events::Archive".to_owned(),
        "AWS::WAFv2::*".to_owned(),
    ];
    insta::assert_snapshot!(project.shown("template.yaml"), @r"
    Parameters:
      P:
        Type: String
    Conditions:
      C: !Equals
        - !Ref P
        - a
    Resources:
      Bus:
        Type: AWS::Events::EventBus
        Properties:
          Name: b
      After:
        Type: AWS::SNS::Topic
        DependsOn:
          - Bus
      Alone:
        Type: AWS::SNS::Topic
        Properties:
          Name: !If
            - C
            - !Ref AWS::NoValue
            - !Sub ${AWS::Region}
    Outputs:
      BusName:
        Value: !Ref Bus
    template.yaml:14:3: warning: the output 'ArchiveName' is left out with 'Archive'
    ");
    let rendered = project.render("template.yaml").unwrap();
    let omitted: Vec<&str> = rendered
        .omitted
        .iter()
        .map(|omitted| omitted.logical_id.as_str())
        .collect();
    assert_eq!(omitted, ["Acl", "Archive"]);

    let mut project = TestProject::new(
        "\nResources:\n  Archive: { Type: AWS::Events::Archive }\n  Bus: { Type: AWS::Events::EventBus }\n  \
         T:\n    Type: AWS::SNS::Topic\n    Properties:\n      A: !Ref Archive\n      B: !Sub '${Archive.Arn} x'\n\
         Outputs:\n  Both: { Value: !Sub '${Archive} ${Bus}' }\n",
    );
    project.omit = vec!["AWS::Events::Archive".to_owned()];
    insta::assert_snapshot!(project.shown("template.yaml"), @r"
    template.yaml:8:10: 'Archive' is left out here, because the environment omits AWS::Events::Archive (guard the reference with Fn::If and a condition that does not hold there)
    template.yaml:9:10: 'Archive' is left out here, because the environment omits AWS::Events::Archive (guard the reference with Fn::If and a condition that does not hold there)
    template.yaml:11:18: 'Archive' is left out here, because the environment omits AWS::Events::Archive (guard the reference with Fn::If and a condition that does not hold there)
    ");
}

#[test]
fn a_template_that_is_too_large() {
    let description = "x".repeat(1_100_000);
    let text = format!(
        "\nResources:\n  A: {{ Type: AWS::SSM::Parameter, Properties: {{ Value: {description} }} }}\n"
    );
    insta::assert_snapshot!(shown(&text), @"template.yaml:1:1: the rendered template has 1100077 bytes without any blank; CloudFormation takes 1000000 (move a part of it into a template of its own and nest that (AWS::CloudFormation::Stack with a local TemplateURL), or into another stack)");
}

/// The repository's own stacks, as the environments want them.
#[test]
fn the_shop_renders_for_every_kind_of_environment() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut text = String::new();
    let mut templates = Vec::new();
    let mut folders = vec!["stacks".to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root.join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{folder}/{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
                continue;
            }
            text.push_str(&format!("=== {path}\n"));
            text.push_str(&std::fs::read_to_string(entry.path()).unwrap());
            if path.ends_with("/template.yaml") {
                templates.push(path);
            }
        }
    }
    for entry in std::fs::read_dir(root.join("handlers")).unwrap() {
        let name = entry.unwrap().file_name();
        text.push_str(&format!(
            "=== handlers/{}/Cargo.toml\n",
            name.to_str().unwrap()
        ));
    }
    assert!(templates.len() >= 7, "{templates:?}");
    for omit in [vec![], vec!["AWS::Events::Archive".to_owned()]] {
        let mut project = TestProject::new(&text);
        project.omit = omit;
        for template in &templates {
            let rendered = project.render(template).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(rendered.warnings, [], "{template}");
            assert!(!rendered.body.contains("handlers/"), "{template}");
        }
    }
}

#[test]
fn roles_and_users_without_a_boundary_get_that_of_the_environment() {
    let mut project = TestProject::new(
        "\
=== template.yaml
Transform: AWS::LanguageExtensions
Resources:
  Role: { Type: AWS::IAM::Role, Properties: { AssumeRolePolicyDocument: {} } }
  Own: { Type: AWS::IAM::Role, Properties: { AssumeRolePolicyDocument: {}, PermissionsBoundary: !Ref Policy } }
  User: { Type: AWS::IAM::User }
  Policy: { Type: AWS::IAM::ManagedPolicy, Properties: { PolicyDocument: {} } }
  Fn::ForEach::Roles:
    - Name
    - [A, B]
    - Role${Name}: { Type: AWS::IAM::Role, Properties: { AssumeRolePolicyDocument: {} } }
  Inner: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: inner.yaml } }
=== inner.yaml
Resources:
  Deep: { Type: AWS::IAM::Role, Properties: { AssumeRolePolicyDocument: {} } }
",
    );
    project.boundary = Some("arn:aws:iam::123456789012:policy/limit".to_owned());
    let (_, files) = project.render_with_sources("template.yaml").unwrap();
    let [inner, outer] = files.as_slice() else {
        panic!("two templates");
    };
    let boundary = "PermissionsBoundary: arn:aws:iam::123456789012:policy/limit";
    let bounded = |text: &str| text.matches(boundary).count();
    assert_eq!(bounded(&inner.body), 1, "{}", inner.body);
    assert_eq!(bounded(&outer.body), 3, "{}", outer.body);
    let own = "PermissionsBoundary: !Ref Policy";
    assert!(outer.body.contains(own), "{}", outer.body);
    // What is put in has the place of the resource, for whoever asks where a line comes from.
    let lines = outer.body.lines();
    let line = 1 + lines.take_while(|line| !line.contains(boundary)).count();
    let source = outer.source_of(line, 9).unwrap();
    assert_eq!(source.to_string(), "template.yaml:3:9");
}

#[test]
fn versions_have_the_digest_of_their_functions_code() {
    let project = TestProject::new(
        "\
=== template.yaml
Resources:
  Function: { Type: AWS::Lambda::Function, Properties: { Code: code.zip } }
  Remote: { Type: AWS::Lambda::Function, Properties: { Code: { ZipFile: x } } }
  ByRef: { Type: AWS::Lambda::Version, Properties: { FunctionName: !Ref Function } }
  ByArn: { Type: AWS::Lambda::Version, Properties: { FunctionName: !GetAtt Function.Arn } }
  BySub: { Type: AWS::Lambda::Version, Properties: { FunctionName: !Sub '${Function}' } }
  Given: { Type: AWS::Lambda::Version, Properties: { FunctionName: !Ref Function, CodeSha256: mine } }
  OfRemote: { Type: AWS::Lambda::Version, Properties: { FunctionName: !Ref Remote } }
=== code.zip
PK\u{3}\u{4}
",
    );
    let body = project.render("template.yaml").unwrap().body;
    // echo -e 'PK\x03\x04' | sha256sum | xxd -r -p | base64
    let digest = "CodeSha256: TewBGCUEqzMXAf4pgW0HZOXmsj+UT8/kSTpgG9MKLxw=";
    assert_eq!(body.matches(digest).count(), 3, "{body}");
    assert_eq!(body.matches("CodeSha256: mine").count(), 1, "{body}");
    assert_eq!(body.matches("CodeSha256").count(), 4, "{body}");
}
