#![allow(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};

use super::*;

fn told(resource_type: &str, before: Value, after: Value) -> Vec<String> {
    let (before, after) = (Tree::from_json(&before), Tree::from_json(&after));
    of_security(resource_type, before.as_ref(), after.as_ref())
        .into_iter()
        .map(|danger| format!("{}: {}", danger.class.label(), danger.message))
        .collect()
}

#[test]
fn security_of_each_type() {
    let blocked = json!({"PublicAccessBlockConfiguration": {
        "BlockPublicAcls": true, "BlockPublicPolicy": true,
        "IgnorePublicAcls": true, "RestrictPublicBuckets": true}});
    let half = json!({"PublicAccessBlockConfiguration": {
        "BlockPublicAcls": true, "IgnorePublicAcls": true}});
    let ingress = |cidr: &str, port: u16| json!({"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": cidr});
    let cases = [
        (
            "AWS::S3::Bucket",
            blocked.clone(),
            half,
            vec!["public: public access is not blocked (BlockPublicPolicy, RestrictPublicBuckets)"],
        ),
        ("AWS::S3::Bucket", Value::Null, blocked.clone(), vec![]),
        ("AWS::S3::Bucket", blocked, json!({}), vec![]),
        (
            "AWS::S3::Bucket",
            json!({}),
            json!({"AccessControl": "PublicRead"}),
            vec!["public: its access control list is PublicRead"],
        ),
        (
            "AWS::EC2::SecurityGroup",
            json!({"SecurityGroupIngress": [ingress("10.0.0.0/8", 443)]}),
            json!({"SecurityGroupIngress": [ingress("10.0.0.0/8", 443), ingress("0.0.0.0/0", 22)]}),
            vec!["public: opens port 22 from 0.0.0.0/0"],
        ),
        (
            "AWS::EC2::SecurityGroupIngress",
            Value::Null,
            json!({"IpProtocol": -1, "SourceSecurityGroupId": "${Peer}"}),
            vec!["broader access: opens all ports from ${Peer}"],
        ),
        (
            "AWS::Lambda::Permission",
            Value::Null,
            json!({"Principal": "apigateway.amazonaws.com", "SourceArn": "arn:x", "FunctionName": "f"}),
            vec![],
        ),
        (
            "AWS::Lambda::Permission",
            Value::Null,
            json!({"Principal": "123456789012", "FunctionName": "f"}),
            vec!["broader access: 123456789012 may invoke f"],
        ),
        (
            "AWS::Lambda::Permission",
            Value::Null,
            json!({"Principal": "*", "FunctionName": "f"}),
            vec!["public: everybody may invoke f"],
        ),
        (
            "AWS::Lambda::Url",
            json!({"AuthType": "AWS_IAM"}),
            json!({"AuthType": "NONE"}),
            vec!["public: everybody may call the function by its URL"],
        ),
        (
            "AWS::RDS::DBInstance",
            json!({}),
            json!({"PubliclyAccessible": true}),
            vec!["public: the database gets a public address"],
        ),
        (
            "AWS::ApiGatewayV2::Route",
            json!({"AuthorizationType": "JWT"}),
            json!({}),
            vec!["public: requests need no authorization any more (was JWT)"],
        ),
        ("AWS::ApiGatewayV2::Route", Value::Null, json!({}), vec![]),
        (
            "AWS::IAM::Role",
            json!({"PermissionsBoundary": "arn:b"}),
            json!({"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]}),
            vec![
                "broader access: gets what arn:aws:iam::aws:policy/AdministratorAccess allows",
                "broader access: has no permissions boundary any more",
            ],
        ),
        (
            "AWS::IAM::Role",
            json!({"Policies": [{"PolicyName": "a", "PolicyDocument": {"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}}]}),
            json!({"Policies": [
                {"PolicyName": "b", "PolicyDocument": {"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}},
                {"PolicyName": "c", "PolicyDocument": {"Statement": {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}}}]}),
            vec!["broader access: allows sqs:* on *"],
        ),
        (
            "AWS::S3::BucketPolicy",
            Value::Null,
            json!({"PolicyDocument": {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "b/*"}]}}),
            vec!["public: everybody may s3:GetObject on b/*"],
        ),
        (
            "AWS::DynamoDB::Table",
            Value::Null,
            json!({"ResourcePolicy": {"PolicyDocument": {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "1"}, "Action": "dynamodb:*", "Resource": "*"}]}}}),
            vec!["broader access: allows dynamodb:* on * for 1"],
        ),
        (
            "AWS::Cognito::UserPool",
            json!({"AdminCreateUserConfig": {"AllowAdminCreateUserOnly": true}}),
            json!({}),
            vec!["broader access: everybody may sign up"],
        ),
    ];
    for (resource_type, before, after, expected) in cases {
        assert_eq!(
            told(resource_type, before, after),
            expected,
            "{resource_type}"
        );
    }
}

#[test]
fn data_is_lost_where_nothing_keeps_it() {
    use DangerClass as D;
    use Fate as F;
    use Replacement as R;
    use ResourceAction as A;
    let cases = [
        (
            "AWS::DynamoDB::Table",
            A::Remove,
            R::No,
            F::Deleted,
            Some(D::DataLoss),
        ),
        ("AWS::DynamoDB::Table", A::Remove, R::No, F::Retained, None),
        (
            "AWS::RDS::DBInstance",
            A::Remove,
            R::No,
            F::Snapshotted,
            Some(D::DataLoss),
        ),
        ("AWS::Lambda::Function", A::Remove, R::No, F::Deleted, None),
        ("AWS::DynamoDB::Table", A::Modify, R::No, F::Deleted, None),
        (
            "AWS::DynamoDB::Table",
            A::Modify,
            R::Yes,
            F::Deleted,
            Some(D::DataLoss),
        ),
        (
            "AWS::DynamoDB::Table",
            A::Modify,
            R::Maybe,
            F::Deleted,
            Some(D::DataLoss),
        ),
        (
            "AWS::DynamoDB::Table",
            A::Modify,
            R::Yes,
            F::Retained,
            Some(D::Replacement),
        ),
        (
            "AWS::Lambda::Function",
            A::Modify,
            R::Yes,
            F::Deleted,
            Some(D::Replacement),
        ),
        (
            "AWS::Lambda::Function",
            A::Dynamic,
            R::Maybe,
            F::Deleted,
            Some(D::Replacement),
        ),
        ("AWS::S3::Bucket", A::Add, R::No, F::Deleted, None),
        ("AWS::S3::Bucket", A::Import, R::No, F::Deleted, None),
    ];
    for (kind, action, replacement, fate, expected) in cases {
        let found = of_lifecycle(kind, action, replacement, Some(fate));
        assert_eq!(
            found.first().map(|d| d.class),
            expected,
            "{kind} {action:?} {replacement:?} {fate:?}"
        );
    }
}

#[test]
fn a_version_gives_way_to_the_next() {
    let dangers = |fate| {
        let (action, replacement) = (ResourceAction::Modify, Replacement::Yes);
        of_lifecycle("AWS::Lambda::Version", action, replacement, Some(fate))
    };
    assert_eq!(dangers(Fate::Retained), []);
    let deleted = dangers(Fate::Deleted);
    assert_eq!(deleted[0].class, DangerClass::Replacement);
    assert!(deleted[0].message.contains("UpdateReplacePolicy: Retain"));
}
