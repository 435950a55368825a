//! What a teardown leaves, and what it takes with it.

use nix::sys::signal::Signal;
use serde_json::json;
use shopctl_tests::TestProject;

#[test]
fn what_is_to_be_kept_is_listed() {
    let project = TestProject::small("minimal");
    let template = "stacks/messages/template.yaml";
    project.edit(
        template,
        "    Type: AWS::SQS::Queue\n",
        "    Type: AWS::SQS::Queue\n    DeletionPolicy: Retain\n",
    );
    project.deploy().run().expect_code(0);
    let kept = project.emulator().inventory()["queues"].clone();

    let done = project
        .teardown()
        .run()
        .expect_code(0)
        .expect_outcome("succeeded");
    let left = done.finished()["left"].clone();
    assert_eq!(left.as_array().map(Vec::len), Some(1), "{left}");
    assert_eq!(left[0]["kind"], "AWS::SQS::Queue", "{left}");
    let name = kept[0].as_str().unwrap();
    assert!(left[0]["name"].as_str().unwrap().contains(name), "{left}");
    assert_eq!(project.emulator().inventory(), json!({"queues": kept}));
}

#[test]
fn a_bucket_with_files_goes_too() {
    let project = TestProject::small("page");
    project.deploy().run().expect_code(0);
    let done = project.teardown().run().expect_code(0);
    assert_eq!(done.finished()["left"], json!([]));
    assert_eq!(project.emulator().inventory(), json!({}));
}

#[test]
fn stacks_that_left_the_project_file_go_too() {
    let project = TestProject::small("chain");
    project.deploy().run().expect_code(0);
    project.edit("shopctl.yaml", "  alone: {}\n", "");
    project.teardown().run().expect_code(0);
    assert_eq!(project.emulator().inventory(), json!({}));
}

#[test]
fn a_stack_that_somebody_deleted_by_hand_is_made_again_or_not_missed() {
    let project = TestProject::small("chain");
    project.deploy().run().expect_code(0);
    let emulator = project.emulator();
    let third = json!({"StackName": "chain-local-third"});
    emulator.call("cloudformation", "delete_stack", &third);
    shopctl_tests::eventually("it is gone", || {
        let stacks = emulator.inventory()["stacks"].clone();
        stacks["chain-local-third"].is_null().then_some(())
    });

    let status = project.status();
    assert_eq!(status["healthy"], false);
    assert_eq!(status["missing"], json!(["third"]));
    let done = project
        .deploy()
        .run()
        .expect_code(0)
        .expect_outcome("succeeded");
    assert_eq!(
        done.stack_result("third").as_deref(),
        Some("created"),
        "{done}"
    );
    assert_eq!(project.status()["healthy"], true);

    emulator.call("cloudformation", "delete_stack", &third);
    project.teardown().run().expect_code(0);
    assert_eq!(emulator.inventory(), json!({}));
}

#[test]
fn a_teardown_that_is_stopped_at_any_point_is_finished_by_the_next_one() {
    let project = TestProject::small("chain");
    project.run(&["local", "start"]);
    let emulator = project.emulator();
    for position in 1.. {
        project.deploy().run().expect_code(0);
        let mut teardown = project.teardown().start();
        let events = (0..position).map_while(|_| teardown.next_line()).count();
        let (signal, ended) = match position % 3 {
            0 => (Signal::SIGINT, Some(130)),
            1 => (Signal::SIGTERM, Some(130)),
            _ => (Signal::SIGKILL, None),
        };
        teardown.signal(signal);
        let stopped = teardown.wait();
        // The signal may come when all is done already.
        assert!(
            stopped.code() == ended || stopped.code() == Some(0),
            "after event {position}\n{stopped}"
        );
        project.teardown().run().expect_code(0);
        assert_eq!(
            emulator.inventory(),
            json!({}),
            "after event {position}\n{stopped}"
        );
        if events < position {
            break;
        }
    }
}
