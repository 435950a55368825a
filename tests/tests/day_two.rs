//! Looking after what is deployed: health, logs, drawings, checks.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use shopctl_tests::{Http, Output, TestProject, eventually};

/// The lines of NDJSON.
fn documents(output: &Output) -> Vec<Value> {
    let lines = output.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_function_is_watched_its_logs_are_followed_and_the_run_is_drawn() {
    let project = TestProject::small("greeter");
    let deployed = project.deploy().run().expect_code(0);
    let status = project.status();
    let url = format!("{}/greeting", status["urls"]["greeting"].as_str().unwrap());
    let http = Http::new();
    let greet = || http.get(&url).expect(200);
    greet();

    function_and_run_are_told(&project, &status);
    logs_are_told_by_service_and_followed(&project, &greet);
    runs_are_drawn(&project, &deployed);
    a_function_that_somebody_deleted_is_missed(&project);
    project.teardown().run().expect_code(0);
}

fn function_and_run_are_told(project: &TestProject, status: &Value) {
    assert_eq!(status["healthy"], true, "{status}");
    let function = &status["functions"][0];
    assert_eq!(function["logicalId"], "Function", "{status}");
    assert_eq!(function["state"], "Active", "{status}");
    assert_eq!(status["lastRun"]["command"], "deploy", "{status}");
    assert_eq!(status["lastRun"]["state"], "succeeded", "{status}");
    assert_eq!(status["probes"][0]["status"], 200, "{status}");
    assert!(status["probes"][0]["elapsedMs"].is_u64(), "{status}");
    let text = project.run(&["status", "--env", "local"]).stdout;
    for part in ["1 function active", "Last run", "deploy succeeded"] {
        assert!(text.contains(part), "{part:?} in\n{text}");
    }

    let watch = ["status", "--env", "local", "--watch", "--output", "json"];
    let mut watch = project.command(&watch).start();
    for _ in 0..2 {
        let look: Value = serde_json::from_str(&watch.next_line().unwrap()).unwrap();
        assert_eq!(look["healthy"], true, "{look}");
    }
    watch.signal(Signal::SIGINT);
    watch.wait().expect_code(0);
}

fn logs_are_told_by_service_and_followed(
    project: &TestProject,
    greet: &dyn Fn() -> shopctl_tests::Answer,
) {
    let logs = ["logs", "--env", "local", "--output", "json"];
    // CloudWatch hands out lines late.
    let lines = eventually("the function's log", || {
        let lines = documents(&project.run(&logs));
        (!lines.is_empty()).then_some(lines)
    });
    for line in &lines {
        assert_eq!(line["version"], 1, "{line}");
        assert_eq!(line["stack"], "greeting", "{line}");
        assert_eq!(line["source"], "Function", "{line}");
    }
    let with = |more: &[&'static str]| [&logs[..], more].concat();
    assert_eq!(project.run(&with(&["--service", "other"])).stdout, "");
    assert_eq!(project.run(&with(&["--order", "no-such-order"])).stdout, "");
    let unknown = project.command(&with(&["--service", "greting"])).run();
    let unknown = unknown.expect_code(4);
    unknown.expect_stderr(&["no service 'greting'", "'greeting'"]);
    let report = lines.iter().find_map(|line| {
        let (_, rest) = line["message"].as_str()?.split_once("REPORT RequestId: ")?;
        rest.split_whitespace().next()
    });
    let request = report.unwrap_or_else(|| panic!("no report in {lines:?}"));
    let of_request = [&logs[..], &["--request", request]].concat();
    let of_request = documents(&project.run(&of_request));
    assert!(!of_request.is_empty() && of_request.len() <= lines.len());
    for line in &of_request {
        assert!(
            line["message"].as_str().unwrap().contains(request),
            "{line}"
        );
    }

    let mut follow = project
        .command(&with(&["--follow", "--since", "1s"]))
        .start();
    // Begun before or after the first look: the line comes either way, and only once.
    greet();
    assert!(follow.read_until("REPORT RequestId"));
    follow.signal(Signal::SIGINT);
    let followed = follow.wait().expect_code(0);
    let lines = documents(&followed);
    let mut told: Vec<String> = lines.iter().map(Value::to_string).collect();
    let number = told.len();
    told.sort();
    told.dedup();
    assert_eq!(told.len(), number, "{followed}");
}

fn runs_are_drawn(project: &TestProject, deployed: &Output) {
    let folder = project.beside("drawings");
    let page = folder.join("run.html");
    let out = page.to_str().unwrap();
    project.run(&["timeline", "--env", "local", "--out", out]);
    let page = std::fs::read_to_string(&page).unwrap();
    for part in [
        "<!doctype html>",
        "deploy of greeter in local",
        "AWS::Lambda::Function",
        "build",
    ] {
        assert!(page.contains(part), "{part:?} in {page}");
    }
    let events = folder.join("deploy.ndjson");
    std::fs::write(&events, &deployed.stdout).unwrap();
    let svg = project
        .run(&["timeline", "--events", events.to_str().unwrap()])
        .stdout;
    for part in [
        "<svg ",
        "deploy of greeter in local",
        "AWS::Lambda::Function",
    ] {
        assert!(svg.contains(part), "{part:?} in {svg}");
    }
    let unknown = project
        .command(&["timeline", "--env", "local", "1999"])
        .run();
    unknown
        .expect_code(4)
        .expect_stderr(&["no run '1999'", "history"]);
    let other = folder.join("other.txt");
    std::fs::write(&other, "nonsense").unwrap();
    let wrong = project
        .command(&["timeline", "--events", other.to_str().unwrap()])
        .run();
    wrong
        .expect_code(4)
        .expect_stderr(&["line 1 is no event", "--output json"]);
}

fn a_function_that_somebody_deleted_is_missed(project: &TestProject) {
    let status = project.status();
    let name = &status["functions"][0]["functionName"];
    project
        .emulator()
        .call("lambda", "delete_function", &json!({"FunctionName": name}));
    let status = project
        .command(&["status", "--env", "local"])
        .run()
        .expect_code(1);
    assert!(
        status.stdout.contains("greeting.Function  Missing"),
        "{status}"
    );
    assert!(status.stdout.contains("somebody deleted it"), "{status}");
}

#[test]
fn stacks_and_wiring_are_drawn_without_a_cloud() {
    let project = TestProject::small("chain");
    let graph = |more: &[&str]| {
        project
            .run(&[&["graph", "--env", "local"], more].concat())
            .stdout
    };
    assert!(graph(&[]).starts_with("flowchart"), "{}", graph(&[]));
    assert!(graph(&["--format", "dot"]).starts_with("digraph"));
    let svg = graph(&["--format", "svg"]);
    let document: Value = serde_json::from_str(&graph(&["--output", "json"])).unwrap();
    assert_eq!(document["version"], 1);
    for name in ["first", "second", "third"] {
        assert!(svg.contains(&format!(">{name}<")), "{name} in {svg}");
        assert!(document.to_string().contains(name));
    }
    assert_eq!(
        project.run(&["local", "status", "--output", "json"]).json()["status"],
        "stopped"
    );
}

#[test]
fn templates_are_checked_where_they_are_written() {
    let project = TestProject::small("loops");
    let module = "stacks/modules/worker.yaml";
    let text = project.read(module);
    let wrong = "\n  Files:\n    Type: AWS::S3::Bucket\n    Properties:\n      BucketNam: x\n";
    project.write(
        module,
        &text.replacen("\nResources:\n", &format!("\nResources:{wrong}\n"), 1),
    );
    let file = project.root().join("lint.sarif");
    let lint = ["lint", "--env", "local", "--output", "json", "--sarif"];
    let lint = [&lint[..], &[file.to_str().unwrap()]].concat();

    let first = project.command(&lint).run().expect_code(4);
    let report = first.json();
    let line = 1 + project
        .read(module)
        .lines()
        .position(|line| line.contains("BucketNam"))
        .unwrap();
    let findings = report["findings"].as_array().unwrap();
    let of = |checker: &str, rule: &str| {
        let fits = |f: &&Value| f["checker"] == checker && f["rule"] == rule;
        let found: Vec<&Value> = findings.iter().filter(fits).collect();
        assert!(!found.is_empty(), "{checker} {rule}: {report}");
        found[0].clone()
    };
    let unknown = of("cfn-lint", "E3002");
    assert_eq!(unknown["location"]["file"], module, "{unknown}");
    assert_eq!(unknown["location"]["line"], line, "{unknown}");
    let public = of("shopctl", "bucket-public");
    assert_eq!(public["location"]["file"], module, "{public}");
    let sarif: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    assert!(sarif.to_string().contains("\"E3002\""), "{sarif}");
    let text = project
        .command(&["lint", "--env", "local", "--own"])
        .run()
        .expect_code(4);
    let place = format!("{module}:");
    assert!(
        text.stdout.contains(&place) && text.stdout.contains("bucket-public"),
        "{text}"
    );

    // What did not change is not checked again.
    let kept = || {
        std::fs::read_dir(project.root().join(".shopctl/lint"))
            .unwrap()
            .count()
    };
    let before = kept();
    let again = project.command(&lint).run().expect_code(4);
    assert_eq!((again.json(), kept()), (report, before));
}

#[test]
fn rules_of_the_project_are_held_against_what_is_rendered() {
    let project = TestProject::small("loops");
    let lint = ["lint", "--env", "local", "--output", "json"];
    let before = project.run(&lint).json();
    assert_eq!(before["checkers"].as_array().unwrap().len(), 2, "{before}");

    let rules = "\
let queues = Resources.*[ Type == 'AWS::SQS::Queue' ]
rule queues_are_encrypted when %queues !empty {
  %queues.Properties.SqsManagedSseEnabled == true
  <<
    Violation: a queue is not encrypted
    Fix: set SqsManagedSseEnabled
  >>
}
";
    project.write("stacks/lint/own.guard", rules);
    let report = project.command(&lint).run().expect_code(4).json();
    let findings = report["findings"].as_array().unwrap();
    let own: Vec<&Value> = findings
        .iter()
        .filter(|f| f["checker"] == "cfn-guard")
        .collect();
    // Two queues of a module that is used twice: one finding for each line that somebody wrote.
    assert_eq!(own.len(), 2, "{report}");
    for finding in own {
        assert_eq!(finding["rule"], "queues_are_encrypted", "{finding}");
        assert_eq!(finding["message"], "a queue is not encrypted", "{finding}");
        assert_eq!(finding["remedy"], "set SqsManagedSseEnabled", "{finding}");
        assert_eq!(
            finding["location"]["file"], "stacks/modules/worker.yaml",
            "{finding}"
        );
        assert_eq!(
            finding["resources"].as_array().unwrap().len(),
            2,
            "{finding}"
        );
    }
    project.run(&["lint", "--env", "local", "--own"]);

    project.write("stacks/lint/wrong.guard", "rule x {");
    let unread = project.command(&lint).run().expect_code(4);
    unread.expect_stderr(&["wrong.guard", "cfn-guard", "--own"]);
}
