//! The local cloud in trouble, and several users of it at once.

use std::net::{Ipv4Addr, TcpListener};

use serde_json::{Value, json};
use shopctl_tests::{Http, TestProject};

use crate::gate;
use crate::rollback::pass;

#[test]
fn a_local_cloud_that_was_killed_comes_back_with_what_was_deployed() {
    let project = TestProject::small("greeter");
    project.deploy().run().expect_code(0);
    let before = project.emulator();
    before.kill();

    let status = project.run(&["local", "status", "--output", "json"]).json();
    assert_eq!(status["status"], "dead", "{status}");

    // Whichever command comes next starts it again.
    let status = project.status();
    assert_eq!(status["healthy"], true, "{status}");
    let after = project.emulator();
    assert_ne!(after.pid, before.pid);
    assert_eq!(after.port, before.port);
    let url = format!("{}/greeting", status["urls"]["greeting"].as_str().unwrap());
    assert_eq!(Http::new().get(&url).expect(200).body, "hello");

    after.kill();
    project
        .deploy()
        .run()
        .expect_code(0)
        .expect_outcome("unchanged");
    project.emulator().kill();
    let gone = project.teardown().run().expect_code(0);
    assert_eq!(gone.finished()["left"], json!([]));
}

#[test]
fn a_local_cloud_that_is_killed_in_the_middle_of_a_deploy_is_told_and_mended() {
    let project = TestProject::small("gate");
    let mut deploy = project.deploy().start();
    gate::wait_until_reached(&mut deploy);
    project.emulator().kill();
    let failed = deploy.wait().expect_code(1).expect_outcome("failed");
    let told = failed.finished()["errors"].to_string();
    assert!(told.contains("gate"), "{failed}");

    pass(&project);
    assert_eq!(project.status()["healthy"], true);
    let inventory = project.emulator().inventory();
    assert_eq!(
        inventory["queues"].as_array().map(Vec::len),
        Some(3),
        "{inventory}"
    );
}

#[test]
fn a_port_that_is_taken_is_told_with_who_has_it() {
    let project = TestProject::small("minimal");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let refused = project.command(&["local", "start", "--port", &port]).run();
    let process = std::process::id().to_string();
    refused
        .expect_code(4)
        .expect_stderr(&[&format!("port {port} is taken"), &process]);

    drop(listener);
    project.run(&["local", "start", "--port", &port]);
    assert_eq!(project.emulator().port.to_string(), port);
    project
        .deploy()
        .run()
        .expect_code(0)
        .expect_outcome("succeeded");
}

#[test]
fn a_port_that_somebody_took_meanwhile_is_no_obstacle() {
    let project = TestProject::small("greeter");
    project.deploy().run().expect_code(0);
    let before = project.emulator();
    project.run(&["local", "stop"]);
    let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, before.port)).unwrap();

    // The URLs hold the port, so the stack that builds them is deployed anew.
    project
        .deploy()
        .run()
        .expect_code(0)
        .expect_outcome("succeeded");
    assert_ne!(project.emulator().port, before.port);
    assert_eq!(project.status()["healthy"], true);
}

#[test]
fn an_output_that_is_added_alone_is_deployed() {
    let project = TestProject::small("minimal");
    project.deploy().run().expect_code(0);
    let template = project.read("stacks/messages/template.yaml");
    project.write(
        "stacks/messages/template.yaml",
        &format!("{template}  QueueName:\n    Value: !GetAtt Queue.QueueName\n"),
    );
    let done = project
        .deploy()
        .run()
        .expect_code(0)
        .expect_outcome("succeeded");
    assert_eq!(
        done.stack_result("messages").as_deref(),
        Some("updated"),
        "{done}"
    );
    let outputs = &project.status()["stacks"][0]["outputs"];
    assert!(outputs["QueueName"].is_string(), "{outputs}");
}

#[test]
fn checkouts_of_one_project_do_not_meet() {
    let project = TestProject::small("minimal");
    let second = project.second_checkout();
    let deploy = ["deploy", "--env", "local", "--yes", "--output", "json"];
    let (one, two) = (
        project.deploy().start(),
        project.command_in(&second, &deploy).start(),
    );
    one.wait().expect_code(0).expect_outcome("succeeded");
    two.wait().expect_code(0).expect_outcome("succeeded");

    project.teardown().run().expect_code(0);
    let status = ["status", "--env", "local", "--output", "json"];
    let other = project
        .command_in(&second, &status)
        .run()
        .expect_code(0)
        .json();
    assert_eq!(other["healthy"], true, "{other}");
    assert_eq!(project.status()["stacks"], json!([]));
}

#[test]
fn two_deploys_of_one_checkout_at_once_come_one_after_the_other() {
    let project = TestProject::small("chain");
    let (one, two) = (project.deploy().start(), project.deploy().start());
    let both = [one.wait().expect_code(0), two.wait().expect_code(0)];
    let mut outcomes = both
        .each_ref()
        .map(|done| done.finished()["outcome"].to_string());
    outcomes.sort();
    assert_eq!(outcomes, ["\"succeeded\"", "\"unchanged\""]);
    let waited = both.iter().flat_map(|done| done.events_of("warned"));
    let told: Vec<String> = waited.map(|event| event["message"].to_string()).collect();
    assert!(
        told.iter()
            .any(|text| text.contains("another shopctl (process ")),
        "{told:?}"
    );
    project.deploy().run().expect_code(0);
    assert_eq!(project.status()["healthy"], true);
    let inventory = project.emulator().inventory();
    assert_eq!(
        inventory["queues"].as_array().map(Vec::len),
        Some(3),
        "{inventory}"
    );
    for status in inventory["stacks"].as_object().unwrap().values() {
        assert_eq!(status, "CREATE_COMPLETE", "{inventory}");
    }
}

#[test]
fn the_local_cloud_is_started_stopped_and_reset_by_hand() {
    let project = TestProject::small("minimal");
    let state = || -> Value {
        project.run(&["local", "status", "--output", "json"]).json()["status"].clone()
    };
    assert_eq!(state(), "stopped");
    project.run(&["local", "start"]);
    project.run(&["local", "start"]);
    assert_eq!(state(), "running");
    project.deploy().run().expect_code(0);

    // What is deployed outlives a stop.
    project.run(&["local", "stop"]);
    project.run(&["local", "stop"]);
    assert_eq!(state(), "stopped");
    assert_eq!(project.status()["healthy"], true);

    let refused = project.command(&["local", "reset"]).run().expect_code(3);
    refused.expect_stderr(&["--yes"]);
    project.run(&["local", "reset", "--yes"]);
    assert_eq!(project.status()["stacks"], json!([]));
    let log = project.run(&["local", "logs"]);
    assert_eq!(log.code(), Some(0));
}
