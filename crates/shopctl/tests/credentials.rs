//! What a user sees when credentials are missing, wrong or run out: the whole tool against a
//! server on this machine that answers as STS and CloudFormation do.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A call as it arrived.
#[derive(Debug, Clone)]
struct Call {
    path: String,
    authorization: String,
    body: String,
}

impl Call {
    fn action(&self) -> &str {
        let action = self
            .body
            .split('&')
            .find_map(|pair| pair.strip_prefix("Action="));
        action.unwrap_or(&self.path)
    }

    /// The access key that signed it.
    fn key(&self) -> &str {
        let credential = self
            .authorization
            .split("Credential=")
            .nth(1)
            .unwrap_or_default();
        credential.split('/').next().unwrap_or_default()
    }
}

type Answer = (u16, String);

/// A server that answers each call by a function of it.
struct Server {
    port: u16,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Server {
    fn start(answer: impl Fn(&Call, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let seen: Arc<Mutex<Vec<Call>>> = calls.clone();
        let answer = Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (seen, answer) = (seen.clone(), answer.clone());
                std::thread::spawn(move || serve(stream, &seen, &*answer));
            }
        });
        Self { port, calls }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }
}

fn serve(
    stream: TcpStream,
    seen: &Mutex<Vec<Call>>,
    answer: &(dyn Fn(&Call, usize) -> Answer + Send + Sync),
) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    if reader.read_line(&mut line).unwrap_or(0) == 0 {
        return;
    }
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let (mut authorization, mut length) = (String::new(), 0);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).unwrap();
        let Some((name, value)) = header.trim().split_once(": ") else {
            break;
        };
        match name.to_lowercase().as_str() {
            "authorization" => authorization = value.to_owned(),
            "content-length" => length = value.parse().unwrap(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let call = Call {
        path,
        authorization,
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let number = {
        let mut seen = seen.lock().unwrap();
        seen.push(call.clone());
        seen.iter()
            .filter(|other| other.action() == call.action())
            .count()
    };
    let (status, text) = answer(&call, number);
    let _ = write!(
        reader.get_mut(),
        "HTTP/1.1 {status} -\r\ncontent-type: text/xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
        text.len()
    );
}

fn refusal(code: &str, message: &str) -> Answer {
    let status = if code == "ValidationError" { 400 } else { 403 };
    (
        status,
        format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>\
             <Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
             <RequestId>0</RequestId></ErrorResponse>"
        ),
    )
}

/// STS's answer to taking on a role; the credentials run out at `expiry`.
fn credentials(operation: &str, key: &str, expiry: &str) -> Answer {
    (
        200,
        format!(
            "<{operation}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
             <{operation}Result><Credentials><AccessKeyId>{key}</AccessKeyId>\
             <SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>\
             <Expiration>{expiry}</Expiration></Credentials></{operation}Result>\
             </{operation}Response>"
        ),
    )
}

fn identity() -> Answer {
    (
        200,
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <GetCallerIdentityResult><Arn>arn:aws:sts::123456789012:assumed-role/deployer/x</Arn>\
         <UserId>x</UserId><Account>123456789012</Account></GetCallerIdentityResult>\
         </GetCallerIdentityResponse>"
            .to_owned(),
    )
}

/// Everything but STS: nothing is deployed.
fn nothing_deployed(call: &Call) -> Answer {
    if call.body.contains("Action=") {
        refusal(
            "ValidationError",
            "Stack with id shop-prod-queue does not exist",
        )
    } else {
        (
            404,
            "<Error><Code>NoSuchBucket</Code><Message>none</Message></Error>".to_owned(),
        )
    }
}

struct Project(tempfile::TempDir);

impl Project {
    fn new(role: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join("shopctl.yaml"),
            format!(
                "version: 1\nproject: shop\nstacks: {{ queue: {{ template: queue.yaml }} }}\n\
                 environments:\n  prod:\n    account: 123456789012\n    region: eu-central-1\n{role}"
            ),
        )
        .unwrap();
        std::fs::write(
            folder.path().join("queue.yaml"),
            "Resources: { Queue: { Type: AWS::SQS::Queue } }\n",
        )
        .unwrap();
        Self(folder)
    }

    /// Runs `shopctl status --env prod` with nothing in its environment but `variables`.
    fn status(&self, variables: &[(&str, &str)]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_shopctl"))
            .args(["status", "--env", "prod"])
            .current_dir(self.0.path())
            .env_clear()
            .env("HOME", self.0.path())
            .envs(variables.iter().copied())
            .output()
            .unwrap()
    }

    fn configure(&self, text: &str) {
        std::fs::create_dir_all(self.0.path().join(".aws")).unwrap();
        std::fs::write(self.0.path().join(".aws/config"), text).unwrap();
    }
}

const KEYS: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "ASIAOLD"),
    ("AWS_SECRET_ACCESS_KEY", "secret"),
    ("AWS_SESSION_TOKEN", "token"),
];

const ROLE: &str =
    "    role: arn:aws:iam::123456789012:role/deployer\n    externalId: shop-deploys\n";

/// Asserts that a command ended over credentials with these words, and fast.
fn assert_told(output: &Output, begin: Instant, words: &[&str]) {
    let took = begin.elapsed();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(5), "{text}");
    for word in words {
        assert!(text.contains(word), "'{word}' is not in: {text}");
    }
    // A second is the promise; the rest is for machines that do much else at the same time.
    assert!(took < Duration::from_secs(3), "{took:?}");
}

#[test]
fn what_sts_refuses_is_told_with_the_way_out_and_not_tried_again() {
    let cases: [(&str, &str, &[&str]); 4] = [
        (
            "ExpiredToken",
            "The security token included in the request is expired",
            &["the AWS credentials have expired", "AWS_SESSION_TOKEN"],
        ),
        (
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
            &["AWS does not know the access key", "AWS_ACCESS_KEY_ID"],
        ),
        (
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided.",
            &["does not belong to the access key", "copy the secret"],
        ),
        (
            "SignatureDoesNotMatch",
            "Signature expired: 20260101T000000Z is now earlier than 20260101T001500Z \
             (20260101T002000Z - 5 min.)",
            &["clock is wrong: 20 minutes behind AWS", "timedatectl"],
        ),
    ];
    for (code, message, words) in cases {
        let (code, message) = (code.to_owned(), message.to_owned());
        let server = Server::start(move |_, _| refusal(&code, &message));
        let url = server.url();
        let mut variables = vec![("AWS_ENDPOINT_URL", url.as_str())];
        variables.extend(KEYS);
        let begin = Instant::now();
        let output = Project::new("").status(&variables);
        assert_told(&output, begin, words);
        assert_eq!(server.calls().len(), 1);
    }
}

#[test]
fn missing_credentials_are_told_without_waiting_for_an_instance_that_is_none() {
    let project = Project::new("");
    // An address that never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let metadata = format!("http://{}", silent.local_addr().unwrap());
    let variables = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.as_str())];
    let begin = Instant::now();
    let output = project.status(&variables);
    assert_told(
        &output,
        begin,
        &["there are no AWS credentials", "aws configure sso"],
    );

    project.configure("[profile shop]\naws_access_key_id = A\naws_secret_access_key = b\n");
    let begin = Instant::now();
    let output = project.status(&variables);
    assert_told(&output, begin, &["AWS_PROFILE=shop"]);

    let begin = Instant::now();
    let output = project.status(&[variables[0], ("AWS_PROFILE", "shap")]);
    assert_told(
        &output,
        begin,
        &["there is no AWS profile 'shap'", "did you mean 'shop'?"],
    );

    let begin = Instant::now();
    let output = project.status(&[variables[0], ("GITHUB_ACTIONS", "true")]);
    assert_told(&output, begin, &["id-token: write"]);
}

#[test]
fn an_sso_login_that_ran_out_names_the_command_that_renews_it() {
    let project = Project::new("");
    project.configure(
        "[sso-session my]\nsso_start_url = https://my.awsapps.example/start\nsso_region = eu-central-1\n\
         sso_registration_scopes = sso:account:access\n\
         [profile shop]\nsso_session = my\nsso_account_id = 123456789012\nsso_role_name = deployer\n",
    );
    // Without a login there is no token; the file's name is the SHA-1 of the session's.
    let begin = Instant::now();
    let output = project.status(&[("AWS_PROFILE", "shop")]);
    assert_told(&output, begin, &["aws sso login --profile shop"]);

    let cache = project.0.path().join(".aws/sso/cache");
    std::fs::create_dir_all(&cache).unwrap();
    std::fs::write(
        cache.join("3ece1471f44f63177cbc35ba0b904e0c096b6783.json"),
        "{\"accessToken\":\"t\",\"expiresAt\":\"2024-01-01T00:00:00Z\",\"region\":\"eu-central-1\"}",
    )
    .unwrap();
    let begin = Instant::now();
    let output = project.status(&[("AWS_PROFILE", "shop")]);
    assert_told(
        &output,
        begin,
        &["has expired", "aws sso login --profile shop"],
    );
}

#[test]
fn a_role_is_taken_on_with_the_run_in_the_sessions_name_and_tags() {
    let server = Server::start(|call, _| match call.action() {
        "AssumeRole" => credentials("AssumeRole", "ASIAROLE", "2099-01-01T00:00:00Z"),
        "GetCallerIdentity" => identity(),
        _ => nothing_deployed(call),
    });
    let url = server.url();
    let mut variables = vec![("AWS_ENDPOINT_URL", url.as_str())];
    variables.extend(KEYS);
    let output = Project::new(ROLE).status(&variables);
    assert_succeeded(&output);

    let calls = server.calls();
    let taken = &calls[0];
    assert_eq!((taken.action(), taken.key()), ("AssumeRole", "ASIAOLD"));
    for part in [
        "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fdeployer",
        "RoleSessionName=shopctl-20",
        "ExternalId=shop-deploys",
        "Tags.member.1.Key=shopctl%3Aproject&Tags.member.1.Value=shop",
        "Tags.member.2.Value=prod",
        "Tags.member.3.Key=shopctl%3Arun",
    ] {
        assert!(taken.body.contains(part), "{part} is not in {}", taken.body);
    }
    // Taken on once, and everything else is done as the role.
    assert!(calls[1..].iter().all(|call| call.action() != "AssumeRole"));
    let signed = calls[1..]
        .iter()
        .filter(|call| !call.authorization.is_empty());
    assert!(signed.clone().count() >= 2);
    assert!(signed.into_iter().all(|call| call.key() == "ASIAROLE"));
}

#[test]
fn a_role_that_takes_no_tags_is_taken_on_without_them() {
    let server = Server::start(|call, number| match call.action() {
        "AssumeRole" if number == 1 => refusal(
            "AccessDenied",
            "User: arn:aws:iam::123456789012:user/a is not authorized to perform: sts:TagSession \
             on resource: arn:aws:iam::123456789012:role/deployer",
        ),
        "AssumeRole" => credentials("AssumeRole", "ASIAROLE", "2099-01-01T00:00:00Z"),
        "GetCallerIdentity" => identity(),
        _ => nothing_deployed(call),
    });
    let url = server.url();
    let mut variables = vec![("AWS_ENDPOINT_URL", url.as_str())];
    variables.extend(KEYS);
    let output = Project::new(ROLE).status(&variables);
    assert_succeeded(&output);
    let calls = server.calls();
    assert!(calls[0].body.contains("Tags.member"));
    assert!(!calls[1].body.contains("Tags.member"));
    assert!(calls[1].body.contains("RoleSessionName=shopctl-"));
}

#[test]
fn a_role_that_does_not_trust_the_caller_is_told() {
    let server = Server::start(|_, _| {
        refusal(
            "AccessDenied",
            "User: arn:aws:iam::123456789012:user/a is not authorized to perform: sts:AssumeRole",
        )
    });
    let url = server.url();
    let mut variables = vec![("AWS_ENDPOINT_URL", url.as_str())];
    variables.extend(KEYS);
    let begin = Instant::now();
    let output = Project::new(ROLE).status(&variables);
    assert_told(
        &output,
        begin,
        &["role cannot be taken on", "trust policy", "role/deployer"],
    );
}

/// A server that is GitHub's runner and AWS in one; credentials run out at `expiry`.
fn workflow(expiry: &'static str) -> Server {
    Server::start(move |call, number| match call.action() {
        path if path.starts_with("/token?") => {
            (200, format!("{{\"value\":\"a.github.token-{number}\"}}"))
        }
        "AssumeRoleWithWebIdentity" => credentials(
            "AssumeRoleWithWebIdentity",
            &format!("ASIA{number}"),
            expiry,
        ),
        "GetCallerIdentity" => identity(),
        _ => nothing_deployed(call),
    })
}

/// `shopctl status` in a job of GitHub Actions that may ask for tokens.
fn status_in_a_job(server: &Server, more: &[(&str, &str)]) -> Output {
    let url = server.url();
    let tokens = format!("{url}/token?api-version=2.0");
    let variables = [
        ("AWS_ENDPOINT_URL", url.as_str()),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", tokens.as_str()),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "bearer"),
    ];
    Project::new(ROLE).status(&[&variables, more].concat())
}

fn assert_succeeded(output: &Output) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
}

#[test]
fn a_github_job_takes_on_the_role_with_its_own_token() {
    let server = workflow("2099-01-01T00:00:00Z");
    assert_succeeded(&status_in_a_job(&server, &[]));
    let calls = server.calls();
    assert_eq!(
        calls[0].path,
        "/token?api-version=2.0&audience=sts.amazonaws.com"
    );
    assert_eq!(calls[0].authorization, "Bearer bearer");
    assert_eq!(calls[1].action(), "AssumeRoleWithWebIdentity");
    assert!(calls[1].body.contains("WebIdentityToken=a.github.token-1"));
    assert!(calls[1].body.contains("RoleSessionName=shopctl-"));
    assert_eq!(calls[1].authorization, "");
    assert!(calls[2..].iter().all(|call| call.key() == "ASIA1"));
}

#[test]
fn credentials_that_run_out_during_the_run_are_renewed_with_a_new_token() {
    // They are about to run out whenever they are looked at.
    let server = workflow("2024-01-01T00:00:00Z");
    assert_succeeded(&status_in_a_job(&server, &[]));
    let calls = server.calls();
    let taken = |call: &&Call| call.action() == "AssumeRoleWithWebIdentity";
    let taken: Vec<&Call> = calls.iter().filter(taken).collect();
    assert!(taken.len() >= 2, "{calls:?}");
    assert!(taken[1].body.contains("WebIdentityToken=a.github.token-2"));
    assert!(calls.iter().any(|call| call.key() == "ASIA2"));
}

#[test]
fn a_role_that_trusts_only_the_jobs_other_credentials_is_taken_on_with_those() {
    let server = Server::start(|call, _| match call.action() {
        path if path.starts_with("/token?") => (200, "{\"value\":\"a.b.c\"}".to_owned()),
        "AssumeRoleWithWebIdentity" => refusal(
            "AccessDenied",
            "Not authorized to perform sts:AssumeRoleWithWebIdentity",
        ),
        "AssumeRole" => credentials("AssumeRole", "ASIAROLE", "2099-01-01T00:00:00Z"),
        "GetCallerIdentity" => identity(),
        _ => nothing_deployed(call),
    });
    // Without other credentials it is an error that says what to trust.
    let begin = Instant::now();
    let output = status_in_a_job(&server, &[]);
    assert_told(&output, begin, &["token.actions.githubusercontent.com"]);
    assert_succeeded(&status_in_a_job(&server, &KEYS));
}
