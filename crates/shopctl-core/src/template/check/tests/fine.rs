//! Templates as people write them: nothing is found.

use super::said;

/// The templates, for mutations too.
pub(super) const TEMPLATES: &[&str] = &[SERVICE, SITE, NETWORK, LOOPS];

const SERVICE: &str = r#"
AWSTemplateFormatVersion: 2010-09-09
Description: Orders
Parameters:
  LocalPort:
    Type: String
    Default: ""
    AllowedPattern: "[0-9]*"
  ApiId: {Type: String}
  UserPoolArn: {Type: String, Default: ""}
  LogRetention: {Type: Number, Default: 14, AllowedValues: [1, 14, 365]}
  Alarms: {Type: CommaDelimitedList, Default: ""}
Conditions:
  IsLocal: !Not [!Equals [!Ref LocalPort, ""]]
  HasAlarms: !And
    - !Not [!Condition IsLocal]
    - !Not [!Equals [!Join ["", !Ref Alarms], ""]]
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: RetainExceptOnCreate
    UpdateReplacePolicy: Retain
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      PointInTimeRecoverySpecification:
        PointInTimeRecoveryEnabled: !If [IsLocal, false, true]
  DeadLetters:
    Type: AWS::SQS::Queue
    Properties: {FifoQueue: true, MessageRetentionPeriod: 1209600}
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      FifoQueue: true
      RedrivePolicy:
        deadLetterTargetArn: !GetAtt DeadLetters.Arn
        maxReceiveCount: 3
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {Service: !Sub "lambda.${AWS::URLSuffix}"}
            Action: sts:AssumeRole
      Policies:
        - PolicyName: queue
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - Effect: Allow
                Action: [sqs:ReceiveMessage, "sqs:Delete*"]
                Resource: !GetAtt Queue.Arn
                Condition: {StringEquals: {aws:SourceAccount: !Ref AWS::AccountId}}
              - Fn::If:
                  - IsLocal
                  - !Ref AWS::NoValue
                  - {Effect: Deny, Action: "dynamodb:DeleteTable", Resource: "*"}
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: provided.al2023
      Handler: api
      Code: ../../handlers/orders
      Role: !GetAtt Role.Arn
      Environment:
        Variables:
          TABLE: !Ref Table
          QUEUE: !GetAtt Queue.QueueUrl
          SECRET: "{{resolve:secretsmanager:shop/stripe:SecretString:key}}"
          GREETING: !Sub
            - "Hello ${Name}, ${!NotThis} costs $5"
            - Name: !Select [0, !Split ["/", !Ref UserPoolArn]]
  Logs:
    Type: AWS::Logs::LogGroup
    Properties:
      LogGroupName: !Sub /aws/lambda/${Function}
      RetentionInDays: !Ref LogRetention
  Route:
    Type: AWS::ApiGatewayV2::Route
    DependsOn: [Permission]
    Properties:
      ApiId: !Ref ApiId
      RouteKey: GET /api/orders
      Target: !Sub integrations/${Integration}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref ApiId
      IntegrationType: AWS_PROXY
      IntegrationUri: !GetAtt Function.Arn
      PayloadFormatVersion: "2.0"
  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref Function
      Principal: apigateway.amazonaws.com
      SourceArn: !Sub arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${ApiId}/*
  Errors:
    Type: AWS::CloudWatch::Alarm
    Condition: HasAlarms
    Properties:
      AlarmActions: !Ref Alarms
      Namespace: AWS/Lambda
      Dimensions: [{Name: FunctionName, Value: !Ref Function}]
  Seed:
    Type: Custom::Seed
    Properties: {ServiceToken: !GetAtt Function.Arn}
Outputs:
  TableName:
    Description: The table
    Value: !Ref Table
    Export: {Name: !Sub "${AWS::StackName}-table"}
  AlarmName:
    Condition: HasAlarms
    Value: !GetAtt Errors.Arn
"#;

const SITE: &str = r#"
AWSTemplateFormatVersion: "2010-09-09"
Metadata:
  AWS::CloudFormation::Interface:
    ParameterGroups:
      - Label: {default: Names}
        Parameters: [DomainName]
Parameters:
  DomainName: {Type: String, Default: ""}
  ApiId: {Type: String}
  Environment: {Type: String, Default: local}
Mappings:
  Limits:
    local: {Price: PriceClass_100, Methods: [GET, HEAD]}
    prod: {Price: PriceClass_All, Methods: [GET, HEAD, OPTIONS]}
Conditions:
  HasDomain: !Not [!Equals [!Ref DomainName, ""]]
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    DeletionPolicy: Delete
    Properties:
      BucketName: !Join ["-", [site, !Ref AWS::AccountId, !Ref AWS::Region]]
  Distribution:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Aliases: !If [HasDomain, [!Ref DomainName], !Ref "AWS::NoValue"]
        PriceClass: !FindInMap [Limits, !Ref Environment, Price]
        Origins:
          - {Id: site, DomainName: !GetAtt Bucket.RegionalDomainName}
          - Id: api
            DomainName: !Sub ${ApiId}.execute-api.${AWS::Region}.${AWS::URLSuffix}
        DefaultCacheBehavior:
          AllowedMethods: !FindInMap [Limits, prod, Methods]
          FunctionAssociations:
            - {EventType: viewer-request, FunctionARN: !GetAtt Rewrite.FunctionMetadata.FunctionARN}
  Rewrite:
    Type: AWS::CloudFront::Function
    Properties:
      Name: !Sub ${AWS::StackName}-rewrite
      FunctionCode: |
        function handler(event) {
          var uri = event.request.uri;
          return `${uri}/{{name}}`;
        }
  BucketPolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Bucket
      PolicyDocument:
        Statement:
          Effect: Allow
          Resource: !Sub "${Bucket.Arn}/*"
          Condition:
            StringEquals:
              AWS:SourceArn: !Sub arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}
Outputs:
  SiteUrl: {Value: !Sub "https://${Distribution.DomainName}"}
"#;

const NETWORK: &str = r##"{
  "AWSTemplateFormatVersion": "2010-09-09",
  "Parameters": {
    "Cidr": {"Type": "String", "Default": "10.0.0.0/16", "AllowedPattern": "^[\\d.]+/\\d+$"},
    "ImageId": {"Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", "Default": "/aws/service/ami"},
    "Zones": {"Type": "List<AWS::EC2::AvailabilityZone::Name>"},
    "Class": {"Type": "String", "Default": "small"}
  },
  "Rules": {
    "Zones": {"Assertions": [{
      "Assert": {"Fn::EachMemberIn": [{"Ref": "Zones"}, ["eu-central-1a", "eu-central-1b"]]},
      "AssertDescription": "two zones"}]}
  },
  "Conditions": {
    "Large": {"Fn::Or": [{"Fn::Equals": [{"Ref": "Class"}, "large"]}, {"Condition": "Huge"}]},
    "Huge": {"Fn::Equals": [{"Ref": "Class"}, "huge"]}
  },
  "Resources": {
    "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": {"Ref": "Cidr"}}},
    "Subnet": {"Type": "AWS::EC2::Subnet", "DependsOn": "Vpc", "Properties": {
      "VpcId": {"Ref": "Vpc"},
      "AvailabilityZone": {"Fn::Select": ["0", {"Fn::GetAZs": {"Ref": "AWS::Region"}}]},
      "CidrBlock": {"Fn::Select": [0, {"Fn::Cidr": [{"Fn::GetAtt": ["Vpc", "CidrBlock"]}, 4, 8]}]}}},
    "Host": {"Type": "AWS::EC2::Instance", "Condition": "Large",
      "CreationPolicy": {"ResourceSignal": {"Timeout": "PT5M"}},
      "Properties": {
        "ImageId": {"Ref": "ImageId"}, "SubnetId": {"Ref": "Subnet"},
        "AvailabilityZone": {"Fn::Select": ["1", {"Ref": "Zones"}]},
        "UserData": {"Fn::Base64": {"Fn::Join": ["", ["#!/bin/sh\n", "echo ", {"Ref": "AWS::StackId"}]]}},
        "Role": {"Fn::ImportValue": {"Fn::Sub": "${Class}-role"}}}}
  },
  "Outputs": {"Vpc": {"Value": {"Ref": "Vpc"}}}
}
"##;

const LOOPS: &str = r#"
Transform: [AWS::LanguageExtensions]
Parameters:
  Stage: {Type: String, Default: dev}
Mappings:
  Sizes: {dev: {Memory: 128}}
Resources:
  Fn::ForEach::Queues:
    - Name
    - [Orders, Payments]
    - Queue${Name}:
        Type: AWS::SQS::Queue
        DeletionPolicy: !If [IsDev, Delete, Retain]
        Properties:
          QueueName: !Sub "${Stage}-${Name}"
          Size: !FindInMap [Sizes, !Ref Stage, Memory, {DefaultValue: 256}]
          Policy: {Fn::ToJsonString: {name: "${Name}", arn: !Sub "arn:${AWS::Partition}:${Stage}"}}
Conditions:
  IsDev: !Equals [!Ref Stage, dev]
Outputs:
  Fn::ForEach::Urls:
    - Name
    - [Orders, Payments]
    - Url${Name}: {Value: !GetAtt [!Sub "Queue${Name}", QueueUrl]}
  Count: {Value: {Fn::Length: [a, b]}}
"#;

#[test]
fn nothing_is_found() {
    for template in TEMPLATES {
        assert_eq!(said(template), "");
    }
}
