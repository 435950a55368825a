//! What goes over the wire, and what comes of its answers.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use aws_sdk_cloudformation::config::{BehaviorVersion, Credentials, Region};
use indexmap::IndexMap;
use shopctl_core::names::ArtifactDigest;
use shopctl_core::stack_settings::{RollbackAlarm, RollbackRule};
use shopctl_core::status::StackStatus;
use shopctl_deploy::ports::{
    Body, ChangeSetOptions, ChangeSetRequest, ChangeSetType, CloudFormation, Continuation,
    DeleteMode, DeploymentMode, Functions, ObjectStore, RefactorState, RefactoredResource,
    RefactoredStack, Refactoring, StackRepair, TemplateSource,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::cloudformation::CloudFormationClient;
use crate::lambda::LambdaClient;
use crate::recovery::RepairClient;
use crate::refactor::RefactoringClient;
use crate::s3::S3Client;

/// A server that answers one request after the other; what it was sent is kept.
pub(crate) struct Server {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) async fn answering(answers: &[(u16, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = requests.clone();
        let mut answers: VecDeque<(u16, String)> = answers
            .iter()
            .map(|(status, body)| (*status, (*body).to_owned()))
            .collect();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let request = read(&mut stream).await;
                kept.lock().unwrap().push(request);
                let Some((status, body)) = answers.pop_front() else {
                    return;
                };
                let answer = format!(
                    "HTTP/1.1 {status} X\r\ncontent-type: text/xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { url, requests }
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    fn cloudformation(&self) -> aws_sdk_cloudformation::Client {
        let config = aws_sdk_cloudformation::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .endpoint_url(&self.url)
            .build();
        aws_sdk_cloudformation::Client::from_conf(config)
    }

    fn repair(&self) -> RepairClient {
        RepairClient {
            cloudformation: self.cloudformation(),
            region: "us-east-1".to_owned(),
        }
    }
}

async fn read(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut part = vec![0; 65536];
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some(end) = text.find("\r\n\r\n") {
            let length = text
                .to_lowercase()
                .lines()
                .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok())
                .unwrap_or(0);
            if request.len() >= end + 4 + length {
                return text;
            }
        }
        match stream.read(&mut part).await {
            Ok(read) if read > 0 => request.extend_from_slice(&part[..read]),
            _ => return text,
        }
    }
}

fn request(mode: DeploymentMode, paused: bool) -> ChangeSetRequest {
    ChangeSetRequest {
        cloud_name: "shop-prod-orders".into(),
        name: "shopctl-1".to_owned(),
        change_set_type: ChangeSetType::Update,
        template: TemplateSource::Inline("Resources: {}".to_owned()),
        parameters: IndexMap::new(),
        tags: BTreeMap::new(),
        capabilities: BTreeSet::new(),
        description: String::new(),
        options: ChangeSetOptions::default(),
        mode,
        paused,
        service_role: None,
        rollback: None,
        token: "token-1".to_owned(),
    }
}

const CHANGE_SET: &str = "<CreateChangeSetResponse><CreateChangeSetResult><Id>a</Id><StackId>b</StackId></CreateChangeSetResult></CreateChangeSetResponse>";

const UPDATED: &str = "<UpdateStackResponse><UpdateStackResult><StackId>b</StackId></UpdateStackResult></UpdateStackResponse>";

async fn asked(mode: DeploymentMode, paused: bool) -> String {
    let server = Server::answering(&[(200, CHANGE_SET)]).await;
    let client = CloudFormationClient::new(server.cloudformation(), "us-east-1");
    let wanted = request(mode, paused);
    client.create_change_set(&wanted).await.unwrap();
    server.requests().remove(0)
}

#[tokio::test]
async fn change_sets_have_a_token_and_keep_rollback_on_in_express_mode() {
    let standard = asked(DeploymentMode::Standard, false).await;
    assert!(standard.contains("ClientToken=token-1"), "{standard}");
    assert!(!standard.contains("DeploymentConfig"), "{standard}");
    let express = asked(DeploymentMode::Express, false).await;
    assert!(
        express.contains("DeploymentConfig.Mode=EXPRESS"),
        "{express}"
    );
    let on = "DeploymentConfig.DisableRollback=false";
    assert!(express.contains(on), "{express}");
    // What stopped half way takes nothing else.
    let paused = asked(DeploymentMode::Express, true).await;
    let off = "DeploymentConfig.DisableRollback=true";
    assert!(paused.contains(off), "{paused}");
}

#[tokio::test]
async fn the_service_role_goes_with_every_operation() {
    let role = "arn:aws:iam::123456789012:role/cloudformation";
    let on_the_wire = "RoleARN=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fcloudformation";
    let server = Server::answering(&[
        (200, CHANGE_SET),
        (200, UPDATED),
        (200, "<DeleteStackResponse></DeleteStackResponse>"),
        (200, "<DeleteStackResponse></DeleteStackResponse>"),
        (
            200,
            "<ContinueUpdateRollbackResponse><ContinueUpdateRollbackResult/></ContinueUpdateRollbackResponse>",
        ),
        (
            200,
            "<RollbackStackResponse><RollbackStackResult><StackId>b</StackId></RollbackStackResult></RollbackStackResponse>",
        ),
    ])
    .await;
    let client = CloudFormationClient::new(server.cloudformation(), "us-east-1");
    let repair = server.repair();
    let wanted = ChangeSetRequest {
        service_role: Some(role.to_owned()),
        ..request(DeploymentMode::Standard, false)
    };
    let role = Some(role);
    client.create_change_set(&wanted).await.unwrap();
    repair.update_directly(&wanted, "t").await.unwrap();
    client.delete_stack("b", role, "t").await.unwrap();
    let (mode, waits) = (DeleteMode::Force, DeploymentMode::Standard);
    repair.delete("b", &mode, waits, role, "t").await.unwrap();
    let how = Continuation::Whole;
    repair
        .continue_rollback("b", &how, role, "t")
        .await
        .unwrap();
    repair.roll_back("b", role, "t").await.unwrap();
    let requests = server.requests();
    assert_eq!(requests.len(), 6);
    for sent in requests {
        assert!(sent.contains(on_the_wire), "{sent}");
    }
}

#[tokio::test]
async fn rollback_alarms_are_named_removed_and_read() {
    let alarm = |name: &str, composite| RollbackAlarm {
        arn: format!("arn:{name}"),
        composite,
    };
    let rule = RollbackRule {
        alarms: BTreeSet::from([alarm("errors", false), alarm("unwell", true)]),
        monitoring_minutes: 5,
    };
    let server = Server::answering(&[(200, CHANGE_SET), (200, CHANGE_SET)]).await;
    let client = CloudFormationClient::new(server.cloudformation(), "us-east-1");
    for rollback in [rule.clone(), RollbackRule::default()] {
        let wanted = ChangeSetRequest {
            rollback: Some(rollback),
            ..request(DeploymentMode::Standard, false)
        };
        client.create_change_set(&wanted).await.unwrap();
    }
    let requests = server.requests();
    for part in [
        "RollbackConfiguration.RollbackTriggers.member.1.Arn=arn%3Aerrors",
        "RollbackConfiguration.RollbackTriggers.member.1.Type=AWS%3A%3ACloudWatch%3A%3AAlarm",
        "RollbackConfiguration.RollbackTriggers.member.2.Type=AWS%3A%3ACloudWatch%3A%3ACompositeAlarm",
        "RollbackConfiguration.MonitoringTimeInMinutes=5",
    ] {
        assert!(requests[0].contains(part), "{part}: {}", requests[0]);
    }
    // Without the empty list the alarms of before would stay.
    let none = "RollbackConfiguration.RollbackTriggers=";
    assert!(requests[1].contains(none), "{}", requests[1]);

    let stack = "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>s</StackName><StackId>b</StackId><CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus><RollbackConfiguration><MonitoringTimeInMinutes>5</MonitoringTimeInMinutes><RollbackTriggers><member><Arn>arn:unwell</Arn><Type>AWS::CloudWatch::CompositeAlarm</Type></member><member><Arn>arn:errors</Arn><Type>AWS::CloudWatch::Alarm</Type></member></RollbackTriggers></RollbackConfiguration></member></Stacks></DescribeStacksResult></DescribeStacksResponse>";
    let server = Server::answering(&[(200, stack)]).await;
    let client = CloudFormationClient::new(server.cloudformation(), "us-east-1");
    let found = client.describe("s").await.unwrap().unwrap();
    assert_eq!(found.rollback, rule);
}

#[tokio::test]
async fn imports_and_drift_are_asked_for_only_when_wanted() {
    let server = Server::answering(&[(200, CHANGE_SET), (200, CHANGE_SET)]).await;
    let client = CloudFormationClient::new(server.cloudformation(), "us-east-1");
    let plain = request(DeploymentMode::Standard, false);
    let wanted = ChangeSetRequest {
        options: ChangeSetOptions {
            import_existing: true,
            revert_drift: true,
        },
        ..plain.clone()
    };
    for request in [&plain, &wanted] {
        client.create_change_set(request).await.unwrap();
    }
    let requests = server.requests();
    for part in [
        "ImportExistingResources=true",
        "DeploymentMode=REVERT_DRIFT",
    ] {
        assert!(!requests[0].contains(part), "{}", requests[0]);
        assert!(requests[1].contains(part), "{}", requests[1]);
    }
}

#[tokio::test]
async fn a_refactor_is_asked_for_looked_at_and_carried_out() {
    let described = |status: &str, execution: &str, reason: &str| {
        format!(
            "<DescribeStackRefactorResponse><DescribeStackRefactorResult><StackRefactorId>r</StackRefactorId><Status>{status}</Status><StatusReason>{reason}</StatusReason><ExecutionStatus>{execution}</ExecutionStatus></DescribeStackRefactorResult></DescribeStackRefactorResponse>"
        )
    };
    let created = "<CreateStackRefactorResponse><CreateStackRefactorResult><StackRefactorId>r</StackRefactorId></CreateStackRefactorResult></CreateStackRefactorResponse>";
    let actions = "<ListStackRefactorActionsResponse><ListStackRefactorActionsResult><StackRefactorActions><member><Action>MOVE</Action><Description>Queue goes to b</Description></member></StackRefactorActions></ListStackRefactorActionsResult></ListStackRefactorActionsResponse>";
    let answers = [
        created.to_owned(),
        described("CREATE_IN_PROGRESS", "UNAVAILABLE", ""),
        described("CREATE_COMPLETE", "AVAILABLE", ""),
        actions.to_owned(),
        "<ExecuteStackRefactorResponse></ExecuteStackRefactorResponse>".to_owned(),
        described("CREATE_COMPLETE", "EXECUTE_IN_PROGRESS", ""),
        described("CREATE_COMPLETE", "EXECUTE_COMPLETE", ""),
        described("CREATE_FAILED", "UNAVAILABLE", "Stack a has a policy"),
    ];
    let answers: Vec<(u16, &str)> = answers.iter().map(|text| (200, text.as_str())).collect();
    let server = Server::answering(&answers).await;
    let client = RefactoringClient {
        cloudformation: server.cloudformation(),
        region: "us-east-1".to_owned(),
    };
    let stack = |name: &str| RefactoredStack {
        cloud_name: name.into(),
        template: TemplateSource::Inline("Resources: {}".to_owned()),
    };
    let resource = RefactoredResource {
        from: ("a".into(), "Queue".into()),
        to: ("b".into(), "Waiting".into()),
    };
    let stacks = [stack("a"), stack("b")];
    let id = client
        .create(&stacks, &[resource], true, "why")
        .await
        .unwrap();
    assert_eq!(client.state(&id).await.unwrap(), RefactorState::Pending);
    assert_eq!(client.state(&id).await.unwrap(), RefactorState::Ready);
    assert_eq!(client.actions(&id).await.unwrap(), ["move Queue goes to b"]);
    client.execute(&id).await.unwrap();
    assert_eq!(client.state(&id).await.unwrap(), RefactorState::Pending);
    assert_eq!(client.state(&id).await.unwrap(), RefactorState::Done);
    let reason = "Stack a has a policy".to_owned();
    assert_eq!(
        client.state(&id).await.unwrap(),
        RefactorState::Failed { reason }
    );
    let sent = server.requests().remove(0);
    for part in [
        "EnableStackCreation=true",
        "ResourceMappings.member.1.Source.StackName=a",
        "ResourceMappings.member.1.Source.LogicalResourceId=Queue",
        "ResourceMappings.member.1.Destination.StackName=b",
        "ResourceMappings.member.1.Destination.LogicalResourceId=Waiting",
        "StackDefinitions.member.2.StackName=b",
        "StackDefinitions.member.2.TemplateBody=Resources",
    ] {
        assert!(sent.contains(part), "{part}: {sent}");
    }
}

#[tokio::test]
async fn a_stack_policy_is_set_and_read() {
    let body = r#"{"Statement":[]}"#;
    let answer = format!(
        "<GetStackPolicyResponse><GetStackPolicyResult><StackPolicyBody>{body}</StackPolicyBody></GetStackPolicyResult></GetStackPolicyResponse>"
    );
    let none = "<GetStackPolicyResponse><GetStackPolicyResult></GetStackPolicyResult></GetStackPolicyResponse>";
    let server = Server::answering(&[
        (200, "<SetStackPolicyResponse></SetStackPolicyResponse>"),
        (200, &answer),
        (200, none),
    ])
    .await;
    let client = CloudFormationClient::new(server.cloudformation(), "us-east-1");
    client.set_stack_policy("s", body).await.unwrap();
    assert_eq!(
        client.stack_policy("s").await.unwrap().as_deref(),
        Some(body)
    );
    assert_eq!(client.stack_policy("s").await.unwrap(), None);
    let sent = server.requests().remove(0);
    let part = "StackPolicyBody=%7B%22Statement%22%3A%5B%5D%7D";
    assert!(sent.contains(part), "{sent}");
}

#[tokio::test]
async fn what_express_left_half_way_is_updated_without_a_change_set() {
    let server = Server::answering(&[(200, UPDATED)]).await;
    let wanted = request(DeploymentMode::Express, true);
    let repair = server.repair();
    repair.update_directly(&wanted, "token-2").await.unwrap();
    let sent = server.requests().remove(0);
    for part in [
        "Action=UpdateStack",
        "ClientRequestToken=token-2",
        "DeploymentConfig.Mode=EXPRESS",
        "DeploymentConfig.DisableRollback=true",
    ] {
        assert!(sent.contains(part), "{part}: {sent}");
    }
    // Beside the other it would be refused.
    assert!(!sent.contains("&DisableRollback="), "{sent}");
}

#[tokio::test]
async fn a_delete_says_what_stays_and_how() {
    let answer = "<DeleteStackResponse></DeleteStackResponse>";
    for (mode, waits, part) in [
        (
            DeleteMode::Retaining(vec!["Queue".into()]),
            DeploymentMode::Standard,
            "RetainResources.member.1=Queue",
        ),
        (
            DeleteMode::Force,
            DeploymentMode::Standard,
            "DeletionMode=FORCE_DELETE_STACK",
        ),
        (
            DeleteMode::Plain,
            DeploymentMode::Express,
            "DeploymentConfig.Mode=EXPRESS",
        ),
    ] {
        let server = Server::answering(&[(200, answer)]).await;
        let repair = server.repair();
        repair
            .delete("b", &mode, waits, None, "token-3")
            .await
            .unwrap();
        let sent = server.requests().remove(0);
        assert!(sent.contains(part), "{part}: {sent}");
        assert!(sent.contains("ClientRequestToken=token-3"), "{sent}");
    }
}

#[tokio::test]
async fn a_status_of_a_later_day_is_no_error() {
    let answer = "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>s</StackName><StackId>b</StackId><CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>MERGE_IN_PROGRESS</StackStatus></member></Stacks></DescribeStacksResult></DescribeStacksResponse>";
    let server = Server::answering(&[(200, answer)]).await;
    let client = CloudFormationClient::new(server.cloudformation(), "us-east-1");
    let found = client.describe("s").await.unwrap().unwrap();
    assert_eq!(found.status, StackStatus::Unknown);
    let reason = found.status_reason.unwrap();
    assert!(reason.contains("MERGE_IN_PROGRESS"), "{reason}");
}

#[tokio::test]
async fn versions_in_use_are_those_of_aliases_and_provisioned_concurrency() {
    let versions = r#"{"Versions":[{"Version":"$LATEST"},{"Version":"3","FunctionArn":"arn:f:3","CodeSize":7}]}"#;
    let aliases = r#"{"Aliases":[{"FunctionVersion":"5","RoutingConfig":{"AdditionalVersionWeights":{"6":0.1}}},{"FunctionVersion":"$LATEST"}]}"#;
    let concurrency = r#"{"ProvisionedConcurrencyConfigs":[{"FunctionArn":"arn:aws:lambda:r:1:function:f:2"},{"FunctionArn":"arn:aws:lambda:r:1:function:f:live"}]}"#;
    let server = Server::answering(&[
        (200, versions),
        (200, aliases),
        (200, concurrency),
        (204, ""),
    ])
    .await;
    let config = aws_sdk_lambda::Config::builder()
        .behavior_version(aws_sdk_lambda::config::BehaviorVersion::latest())
        .region(aws_sdk_lambda::config::Region::new("us-east-1"))
        .credentials_provider(aws_sdk_lambda::config::Credentials::new(
            "test", "test", None, None, "test",
        ))
        .endpoint_url(&server.url)
        .build();
    let client = LambdaClient(aws_sdk_lambda::Client::from_conf(config));
    let published = client.versions("f").await.unwrap();
    assert_eq!(published.len(), 1);
    assert_eq!((published[0].number, published[0].bytes), (3, 7));
    let used = client.used_versions("f").await.unwrap();
    assert_eq!(used, BTreeSet::from([2, 5, 6]));
    client.delete_version("f", 3).await.unwrap();
    let sent = server.requests().pop().unwrap();
    assert!(
        sent.starts_with("DELETE /2015-03-31/functions/f?Qualifier=3"),
        "{sent}"
    );
}

#[tokio::test]
async fn an_upload_that_met_another_is_tried_again() {
    let conflict = "<Error><Code>ConditionalRequestConflict</Code><Message>no</Message></Error>";
    let there = "<Error><Code>PreconditionFailed</Code><Message>no</Message></Error>";
    let server = Server::answering(&[(409, conflict), (412, there)]).await;
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
        .region(aws_sdk_s3::config::Region::new("us-east-1"))
        .credentials_provider(aws_sdk_s3::config::Credentials::new(
            "test", "test", None, None, "test",
        ))
        .endpoint_url(&server.url)
        .force_path_style(true)
        .build();
    let store = S3Client::new(aws_sdk_s3::Client::from_conf(config), "us-east-1");
    let digest = ArtifactDigest::new("00".repeat(32));
    let body = Body::Bytes(b"zip".to_vec());
    let put = store.put_if_absent("artifacts", "key", body, &digest).await;
    assert!(!put.unwrap());
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    for request in requests {
        let request = request.to_lowercase();
        // S3 refuses what is there, and what was damaged on the way.
        assert!(request.contains("if-none-match: *"), "{request}");
        let checksum = format!("x-amz-checksum-sha256: {}=", "a".repeat(43));
        assert!(request.contains(&checksum), "{request}");
    }
}
