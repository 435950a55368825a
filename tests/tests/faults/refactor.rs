//! `refactor` as a whole. The local cloud moves nothing: a server before it answers for CloudFormation
//! what it does not know, and hands all else on.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use shopctl_tests::{Invocation, Output};

use crate::aws::Aws;

const TEMPLATE: &str = "stacks/alone/template.yaml";

/// CloudFormation with `*StackRefactor`. What was asked of these is kept, as forms.
struct Mover {
    endpoint: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Mover {
    /// Before `cloud`; `refusal` is why it moves nothing.
    fn new(cloud: &str, refusal: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (cloud, kept) = (cloud.replace("http://", ""), asked.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (cloud, kept) = (cloud.clone(), kept.clone());
                std::thread::spawn(move || serve(stream, &cloud, &kept, refusal));
            }
        });
        Self { endpoint, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// One request to a connection.
fn serve(mut stream: TcpStream, cloud: &str, asked: &Mutex<Vec<String>>, refusal: Option<&str>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let lower = line.to_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
        if !lower.starts_with("connection:") {
            head.push_str(&line);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let form = String::from_utf8(body).unwrap();
    let action = form
        .split('&')
        .find_map(|pair| pair.strip_prefix("Action="));
    let action = action.unwrap_or_default();
    if action.contains("StackRefactor") {
        let answer = moved(action, asked, refusal);
        asked.lock().unwrap().push(form);
        let length = answer.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
        );
        let _ = stream.write_all(format!("{head}{answer}").as_bytes());
        return;
    }
    let mut behind = TcpStream::connect(cloud).unwrap();
    let request = format!("{head}connection: close\r\n\r\n{form}");
    behind.write_all(request.as_bytes()).unwrap();
    let _ = std::io::copy(&mut behind, &mut stream);
}

fn moved(action: &str, asked: &Mutex<Vec<String>>, refusal: Option<&str>) -> String {
    let executed = |form: &String| form.contains("Action=ExecuteStackRefactor");
    let result = match action {
        "CreateStackRefactor" => "<StackRefactorId>r-1</StackRefactorId>".to_owned(),
        "DescribeStackRefactor" => match refusal {
            Some(reason) => format!(
                "<Status>CREATE_FAILED</Status><StatusReason>{reason}</StatusReason>\
                 <ExecutionStatus>UNAVAILABLE</ExecutionStatus>"
            ),
            None => {
                let done = asked.lock().unwrap().iter().any(executed);
                let execution = if done {
                    "EXECUTE_COMPLETE"
                } else {
                    "AVAILABLE"
                };
                format!(
                    "<Status>CREATE_COMPLETE</Status><ExecutionStatus>{execution}</ExecutionStatus>"
                )
            }
        },
        "ListStackRefactorActions" => "<StackRefactorActions><member><Action>MOVE</Action>\
             <Description>Topic becomes News</Description></member></StackRefactorActions>"
            .to_owned(),
        _ => String::new(),
    };
    format!("<{action}Response><{action}Result>{result}</{action}Result></{action}Response>")
}

fn refactor(aws: &Aws, mover: &Mover, options: &[&str]) -> Output {
    let words = [&["refactor", "--env", "staging"], options].concat();
    let command: Invocation = aws.command(&words);
    command
        .env("AWS_ENDPOINT_URL_CLOUDFORMATION", &mover.endpoint)
        .run()
}

/// The stacks are there, and a topic has another name in its template by now.
fn renamed() -> Aws {
    let aws = Aws::new();
    aws.command(&["deploy", "--env", "staging", "--yes"])
        .run()
        .expect_code(0);
    aws.project.edit(TEMPLATE, "Topic:", "News:");
    aws
}

#[test]
fn a_resource_under_another_name_is_moved_when_that_is_meant() {
    let aws = renamed();
    let mover = Mover::new(&aws.emulator.endpoint, None);
    let found = refactor(&aws, &mover, &["--dry-run"]).expect_code(0);
    assert!(
        found.stdout.contains("alone.Topic -> alone.News"),
        "{found}"
    );
    refactor(&aws, &mover, &[])
        .expect_code(3)
        .expect_stderr(&["1 resource", "staging", "--yes"]);
    assert_eq!(
        mover.asked(),
        [""; 0],
        "nothing is asked for without a word"
    );

    let done = refactor(&aws, &mover, &["--yes"])
        .expect_code(0)
        .expect_stderr(&["move Topic becomes News"]);
    assert!(done.stdout.contains("Moved."), "{done}");
    let asked = mover.asked();
    for part in [
        "ResourceMappings.member.1.Source.StackName=chain-staging-alone",
        "ResourceMappings.member.1.Source.LogicalResourceId=Topic",
        "ResourceMappings.member.1.Destination.StackName=chain-staging-alone",
        "ResourceMappings.member.1.Destination.LogicalResourceId=News",
        "EnableStackCreation=false",
    ] {
        assert!(asked[0].contains(part), "{part}: {}", asked[0]);
    }
    let executed = asked
        .iter()
        .filter(|form| form.contains("Action=ExecuteStackRefactor"));
    assert_eq!(executed.count(), 1, "{asked:?}");
    // The lock is free again.
    aws.command(&["teardown", "--env", "staging", "--yes"])
        .run()
        .expect_code(0);
}

#[test]
fn what_cloudformation_does_not_move_stays_where_it_is() {
    let aws = renamed();
    let mover = Mover::new(&aws.emulator.endpoint, Some("Stack has a policy"));
    refactor(&aws, &mover, &["--yes"])
        .expect_code(1)
        .expect_stderr(&["CloudFormation does not move them: Stack has a policy"]);
    let executed = mover
        .asked()
        .iter()
        .any(|form| form.contains("Action=Execute"));
    assert!(!executed);

    // With anything else in the same change it is not even asked.
    let asked = mover.asked().len();
    let other = "  Other:\n    Type: AWS::SQS::Queue\n";
    aws.project
        .edit(TEMPLATE, "Resources:\n", &format!("Resources:\n{other}"));
    refactor(&aws, &mover, &["--yes"])
        .expect_code(3)
        .expect_stderr(&["alone.Other", "nothing else changes"]);
    assert_eq!(mover.asked().len(), asked);
}

#[test]
fn the_local_cloud_moves_nothing_and_says_so() {
    let project = shopctl_tests::TestProject::small("chain");
    project
        .command(&["refactor", "--env", "local", "--yes"])
        .run()
        .expect_code(4)
        .expect_stderr(&["the local cloud cannot move resources"]);
}
