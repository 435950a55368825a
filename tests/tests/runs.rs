//! What is kept of runs, and going back to one of them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use shopctl_tests::TestProject;

#[test]
fn a_deploy_is_recorded_and_can_be_gone_back_to_and_pruned() {
    let project = TestProject::small("minimal");
    project.deploy().run().expect_code(0);
    let template = "stacks/messages/template.yaml";
    project.edit(
        template,
        "MessageRetentionPeriod: 3600",
        "MessageRetentionPeriod: 7200",
    );
    project.deploy().run().expect_code(0);
    // What changes nothing leaves no record.
    project
        .deploy()
        .run()
        .expect_code(0)
        .expect_outcome("unchanged");

    let history = project
        .run(&["history", "--env", "local", "--output", "json"])
        .json();
    assert_eq!(history["version"], 1);
    let runs = history["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 2, "{history}");
    for run in runs {
        assert_eq!(run["state"], "succeeded", "{run}");
        assert!(run["stacks"]["messages"]["timing"]["resources"][0]["logicalId"].is_string());
    }
    assert_eq!(runs[0]["stacks"]["messages"]["result"], "updated");
    let table = project.run(&["history", "--env", "local"]);
    assert!(table.stdout.contains("1 updated") && table.stdout.contains("1 created"));
    let details = project.run(&["history", "--env", "local", "previous"]);
    assert!(details.stdout.contains("messages  created"), "{details}");

    let rollback = ["rollback", "--env", "local", "--to", "previous"];
    project
        .command(&rollback)
        .run()
        .expect_code(3)
        .expect_stderr(&["--yes"]);
    let back = [&rollback[..], &["--yes", "--output", "json"]].concat();
    let back = project.command(&back).run().expect_code(0);
    assert_eq!(back.stack_result("messages").as_deref(), Some("updated"));
    let planned = &back.events_of("planned")[0]["stacks"][0];
    assert!(planned["expected_ms"].is_number(), "{planned}");
    let queue = project.emulator().call(
        "sqs",
        "get_queue_attributes",
        &serde_json::json!({
            "QueueUrl": project.status()["stacks"][0]["outputs"]["QueueUrl"],
            "AttributeNames": ["MessageRetentionPeriod"],
        }),
    );
    assert_eq!(queue["Attributes"]["MessageRetentionPeriod"], "3600");
    let latest = project
        .run(&["history", "--env", "local", "latest", "--output", "json"])
        .json();
    assert_eq!(latest["command"], "rollback");
    assert_eq!(latest["rollbackTo"], runs[1]["run"]);

    let prune = ["prune", "--env", "local", "--keep", "1", "--output", "json"];
    let dry = project.run(&[&prune[..], &["--dry-run"]].concat()).json();
    assert_eq!(dry["runs"].as_array().unwrap().len(), 2, "{dry}");
    let pruned = project.run(&prune).json();
    assert_eq!(pruned["objects"], dry["objects"]);
    assert_eq!(project.run(&prune).json()["objects"], serde_json::json!([]));
    // The template that is deployed is still there, the other one is not.
    let unknown = [
        "rollback",
        "--env",
        "local",
        "--yes",
        "--to",
        runs[0]["run"].as_str().unwrap(),
    ];
    project
        .command(&unknown)
        .run()
        .expect_code(4)
        .expect_stderr(&["there is no run", "history"]);
    project.run(&["rollback", "--env", "local", "--yes", "--to", "latest"]);
    project.teardown().run().expect_code(0);
}
