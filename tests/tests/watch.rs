//! `deploy --fast` and `watch` on a function behind an HTTP API: what the API answers changes
//! with its source, without CloudFormation, until a real deploy corrects what it knows.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use nix::sys::signal::Signal;
use serde_json::Value;
use shopctl_tests::{Http, TestProject, eventually};

const SOURCE: &str = "handlers/greeter/src/main.rs";

fn greeting(project: &TestProject) -> String {
    let url = project.status()["urls"]["greeting"]
        .as_str()
        .unwrap()
        .to_owned();
    Http::new().get(&format!("{url}/greeting")).body
}

/// How many stack operations the local cloud has seen, by the time of the last one.
fn last_changed(project: &TestProject) -> Value {
    let status = project.status();
    let stacks = status["stacks"].as_array().unwrap().iter();
    stacks.map(|stack| stack["lastChanged"].clone()).collect()
}

/// The fast deploy whose code the function runs.
fn fast_run(project: &TestProject) -> Value {
    project.status()["functions"][0]["fastRun"].clone()
}

#[test]
fn a_fast_deploy_changes_the_answer_and_the_next_deploy_corrects_it() {
    let project = TestProject::small("greeter");
    project.deploy().run().expect_code(0);
    assert_eq!(greeting(&project), "hello");
    let deployed = last_changed(&project);

    project.edit(SOURCE, "\"hello\"", "\"good morning\"");
    let fast = ["deploy", "--env", "local", "--fast", "--output", "json"];
    project
        .command(&fast)
        .run()
        .expect_code(0)
        .expect_outcome("succeeded");
    assert_eq!(greeting(&project), "good morning");
    assert!(fast_run(&project).is_string(), "status tells of it");
    assert_eq!(
        last_changed(&project),
        deployed,
        "CloudFormation did nothing"
    );
    project
        .command(&fast)
        .run()
        .expect_code(0)
        .expect_outcome("unchanged");

    // To CloudFormation the old source is no change at all.
    project.edit(SOURCE, "\"good morning\"", "\"hello\"");
    project
        .deploy()
        .run()
        .expect_code(0)
        .expect_outcome("succeeded");
    assert_eq!(greeting(&project), "hello");
    assert!(fast_run(&project).is_null(), "it is corrected");
    project
        .deploy()
        .run()
        .expect_code(0)
        .expect_outcome("unchanged");

    let history = project
        .run(&["history", "--env", "local", "--output", "json"])
        .json();
    let fast_runs: Vec<&Value> = history["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| &run["fast"])
        .collect();
    assert_eq!(fast_runs, [&Value::Null, &Value::from(true), &Value::Null]);
}

#[test]
fn going_back_also_undoes_what_a_fast_deploy_put_there() {
    let project = TestProject::small("greeter");
    project.deploy().run().expect_code(0);
    project.edit(SOURCE, "\"hello\"", "\"good morning\"");
    let fast = ["deploy", "--env", "local", "--fast", "--output", "json"];
    project.run(&fast);
    assert_eq!(greeting(&project), "good morning");
    let rollback = ["rollback", "--env", "local", "--yes", "--to"];
    project.run(&[&rollback[..], &["previous"]].concat());
    assert_eq!(greeting(&project), "hello");
    // A fast deploy is a run like any other, and CloudFormation can do it again.
    project.run(&[&rollback[..], &["previous"]].concat());
    assert_eq!(greeting(&project), "good morning");
    project
        .deploy()
        .run()
        .expect_code(0)
        .expect_outcome("unchanged");
}

#[test]
fn a_protected_environment_takes_code_from_cloudformation_only() {
    let project = TestProject::small("greeter");
    project.edit(
        "shopctl.yaml",
        "local: true",
        "local: true\n    protected: true",
    );
    project
        .command(&["deploy", "--env", "local", "--yes", "--fast"])
        .run()
        .expect_code(3)
        .expect_stderr(&["is protected", "deploy without --fast"]);
}

#[test]
fn watch_brings_each_change_shows_what_does_not_compile_and_goes_on() {
    let project = TestProject::small("greeter");
    let mut watch = project.command(&["watch", "--output", "json"]).start();
    assert!(watch.read_until("\"run_finished\""));
    assert_eq!(greeting(&project), "hello");

    project.edit(SOURCE, "\"hello\"", "\"good evening\"");
    eventually("the new greeting", || {
        (greeting(&project) == "good evening").then_some(())
    });
    assert!(watch.read_until("\"run_finished\""));

    project.edit(SOURCE, "fn main()", "fn main(wrong");
    assert!(watch.read_until("\"outcome\":\"failed\""));
    assert_eq!(greeting(&project), "good evening");

    project.edit(SOURCE, "fn main(wrong", "fn main()");
    project.edit(SOURCE, "\"good evening\"", "\"good night\"");
    eventually("the newest greeting", || {
        (greeting(&project) == "good night").then_some(())
    });
    watch.signal(Signal::SIGINT);
    let ended = watch.wait();
    assert!(ended.stderr.contains("does not compile"), "{ended}");
}
