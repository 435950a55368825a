#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use insta::assert_snapshot;

use super::{RULES, check_policies};
use crate::template::test_project::TestProject;

/// The violations of a template with these resources, a line each.
fn violations(sections: &str) -> String {
    let project = TestProject::new(&format!("=== template.yaml\n{sections}"));
    let (_, files) = project.render_with_sources("template.yaml").unwrap();
    let lines = check_policies(&files[0]).into_iter().map(|violation| {
        let source = files[0]
            .source_of(violation.line, violation.column)
            .unwrap();
        let (rule, subject) = (violation.rule.id, violation.subject);
        format!("{source} {rule} {subject}: {}\n", violation.message)
    });
    lines.collect()
}

const BAD: &str = r#"
Parameters:
  DatabasePassword: {Type: String, Default: x}
  Hidden: {Type: String, Default: x}
  ApiToken: {Type: String, NoEcho: true, Default: x}
Resources:
  Files:
    Type: AWS::S3::Bucket
    DeletionPolicy: Retain
    Properties:
      AccessControl: PublicRead
      PublicAccessBlockConfiguration: {BlockPublicAcls: true, BlockPublicPolicy: false}
  FilesPolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Files
      PolicyDocument:
        Statement:
          - {Effect: Allow, Principal: '*', Action: s3:GetObject, Resource: !Sub '${Files.Arn}/*'}
          - {Effect: Deny, Principal: '*', Action: s3:*, Resource: '*'}
          - Effect: Allow
            Principal: {AWS: ['*']}
            Action: s3:GetObject
            Resource: '*'
            Condition: {StringEquals: {'aws:SourceAccount': '1'}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {AWS: '*'}, Action: sts:AssumeRole}]
      Policies:
        - PolicyName: a
          PolicyDocument:
            Statement:
              - {Effect: Allow, Action: [dynamodb:*, s3:GetObject], Resource: '*'}
              - {Effect: Allow, Action: '*', Resource: !GetAtt Files.Arn}
              - {Effect: Allow, Action: dynamodb:*, Resource: !GetAtt Table.Arn}
  Group:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: g
      SecurityGroupIngress:
        - {IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0}
        - {IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0}
        - {IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 10.0.0.0/8}
  Database:
    Type: AWS::RDS::DBInstance
    DeletionPolicy: Snapshot
    UpdateReplacePolicy: Snapshot
    Properties: {PubliclyAccessible: true, MasterUserPassword: geheim, DBInstanceClass: db.t4g.micro}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      KeySchema: [{AttributeName: id, KeyType: HASH}]
  Log:
    Type: AWS::Logs::LogGroup
  Function:
    Type: AWS::Lambda::Function
    Properties: {Code: {ZipFile: x}, Role: !GetAtt Role.Arn, Runtime: python3.13, Handler: a.b, Timeout: 60}
  Url:
    Type: AWS::Lambda::Url
    Properties: {AuthType: NONE, TargetFunctionArn: !GetAtt Function.Arn}
  Queue:
    Type: AWS::SQS::Queue
  Reads:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: !GetAtt Queue.Arn, FunctionName: !Ref Function}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: a, StageName: b}
  Site:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        ViewerCertificate: {MinimumProtocolVersion: TLSv1, AcmCertificateArn: a}
  Wait:
    Type: AWS::CloudFormation::WaitConditionHandle
    Metadata: {shopctl: {ignore: [log-retension]}}
  Images:
    Type: AWS::ECR::Repository
    DeletionPolicy: Delete
    UpdateReplacePolicy: Delete
"#;

#[test]
fn every_rule_finds_what_breaks_it_and_shows_the_place() {
    let found = violations(BAD);
    let rules: BTreeSet<&str> = found
        .lines()
        .filter_map(|line| line.split(' ').nth(1))
        .collect();
    assert_eq!(rules, RULES.iter().map(|rule| rule.id).collect());
    assert_snapshot!(found, @"
    template.yaml:3:3 parameter-echo DatabasePassword: the value of parameter 'DatabasePassword' is shown with the stack
    template.yaml:7:3 bucket-public Files: public access is not blocked: BlockPublicPolicy, IgnorePublicAcls, RestrictPublicBuckets
    template.yaml:7:3 data-kept Files: AWS::S3::Bucket holds data and does not say what becomes of it: UpdateReplacePolicy
    template.yaml:11:22 bucket-public Files: the bucket's access control list lets everybody in
    template.yaml:19:40 policy-public FilesPolicy: the policy allows something to everybody
    template.yaml:30:49 policy-public Role: the policy allows something to everybody
    template.yaml:35:42 iam-wildcard Role: 'dynamodb:*' is allowed on everything
    template.yaml:36:41 iam-wildcard Role: every action ('*') is allowed
    template.yaml:43:63 port-open Group: port 22 is open to the whole internet
    template.yaml:46:3 database-public Database: the database has a public address
    template.yaml:46:3 data-encrypted Database: AWS::RDS::DBInstance is not encrypted
    template.yaml:50:44 secret-plain Database: 'MasterUserPassword' is written out
    template.yaml:51:3 data-kept Table: AWS::DynamoDB::Table holds data and does not say what becomes of it: DeletionPolicy and UpdateReplacePolicy
    template.yaml:51:3 table-recovery Table: the table cannot be restored to an earlier time
    template.yaml:55:3 log-retention Log: the log group keeps everything for ever
    template.yaml:57:3 function-log Function: Lambda makes the function's log group, which outlives the stack
    template.yaml:62:28 url-public Url: everybody who knows the URL can call the function
    template.yaml:63:3 queue-dead-letters Queue: 'Reads' reads it, and what fails goes round for days
    template.yaml:63:3 queue-visibility Queue: messages are hidden for 30 s, but 'Function' may work for 60 s
    template.yaml:68:3 stage-log Stage: the stage writes no access log
    template.yaml:75:53 tls-old Site: viewers may speak 'TLSv1'
    template.yaml:78:35 unknown-rule Wait: there is no rule 'log-retension'; did you mean 'log-retention'?
    template.yaml:79:3 images-left Images: a teardown stops at the repository as long as it has images
    ");
}

#[test]
fn what_is_well_made_or_computed_or_allowed_is_left_alone() {
    let good = r#"
Parameters:
  Policy: {Type: String, Default: Retain}
Conditions:
  Keeps: !Equals [!Ref Policy, Retain]
Resources:
  Files:
    Type: AWS::S3::Bucket
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      PublicAccessBlockConfiguration:
        BlockPublicAcls: true
        BlockPublicPolicy: true
        IgnorePublicAcls: 'true'
        RestrictPublicBuckets: !If [Keeps, true, false]
  Table:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: !If [Keeps, true, false]}
  Log:
    Type: AWS::Logs::LogGroup
    Metadata: {shopctl: {ignore: [log-retention]}}
  Named:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: !Sub '/aws/lambda/${Other}', RetentionInDays: 3}
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Code: {ZipFile: x}
      Role: arn:aws:iam::123456789012:role/r
      Runtime: python3.13
      Handler: a.b
      Timeout: 5
      LoggingConfig: {LogGroup: !Ref Log}
  Other:
    Type: AWS::Lambda::Function
    Properties: {Code: {ZipFile: x}, Role: 'arn:aws:iam::123456789012:role/r', Runtime: python3.13, Handler: a.b}
  Queue:
    Type: AWS::SQS::Queue
    Properties: {RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}}
  Dead:
    Type: AWS::SQS::Queue
  Reads:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: !GetAtt Queue.Arn, FunctionName: !Ref Function}
"#;
    assert_snapshot!(violations(good), @"");
}

#[test]
fn every_rule_is_documented() {
    let page = include_str!("../../../../../docs/lint.md");
    for rule in RULES {
        let severity = format!("{:?}", rule.severity).to_lowercase();
        let row = format!("| `{}` | {severity} | ", rule.id);
        assert!(page.contains(&row), "docs/lint.md lacks: {row}");
    }
}

#[test]
fn a_repository_goes_with_its_images_or_stays() {
    let found = violations(
        "\
Resources:
  Stuck: {Type: AWS::ECR::Repository, DeletionPolicy: Delete, UpdateReplacePolicy: Retain}
  Silent: {Type: AWS::ECR::Repository, UpdateReplacePolicy: Retain, Metadata: {shopctl: {ignore: data-kept}}}
  Kept: {Type: AWS::ECR::Repository, DeletionPolicy: Retain, UpdateReplacePolicy: Retain}
  Emptied: {Type: AWS::ECR::Repository, DeletionPolicy: Delete, UpdateReplacePolicy: Delete, Properties: {EmptyOnDelete: true}}
",
    );
    assert_snapshot!(found, @"
    template.yaml:2:3 images-left Stuck: a teardown stops at the repository as long as it has images
    template.yaml:3:3 images-left Silent: a teardown stops at the repository as long as it has images
    ");
}
