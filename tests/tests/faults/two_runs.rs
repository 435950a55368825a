//! Two runs at once in one environment, from two checkouts; a run that dies with the lock.

use nix::sys::signal::Signal;
use shopctl_tests::{Emulator, Invocation, Process, TestProject};

use crate::gate;

/// The project `gate` in two checkouts: one starts its own local cloud, the other one reaches
/// the same environment as a runner of CI reaches AWS.
struct Team {
    project: TestProject,
    emulator: Emulator,
    other: std::path::PathBuf,
}

impl Team {
    fn new() -> Self {
        let project = TestProject::small("gate");
        project.run(&["local", "start"]);
        let emulator = project.emulator();
        let other = project.second_checkout();
        let file = other.join("shopctl.yaml");
        let text = std::fs::read_to_string(&file).unwrap();
        let text = text.replace("local: { local: true }", "local: { region: us-east-1 }");
        std::fs::write(file, text).unwrap();
        Self {
            project,
            emulator,
            other,
        }
    }

    /// A call in the other checkout.
    fn elsewhere(&self, arguments: &[&str]) -> Invocation {
        self.project
            .command_in(&self.other, arguments)
            .env("AWS_ENDPOINT_URL", &self.emulator.endpoint)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("USER", "grace")
    }

    /// A deploy that holds the lock and waits at the gate.
    fn at_the_gate(&self) -> Process {
        let mut deploy = self.project.deploy().env("USER", "ada").start();
        gate::wait_until_reached(&mut deploy);
        deploy
    }
}

const DEPLOY: &[&str] = &["deploy", "--env", "local", "--yes"];

#[test]
fn the_second_run_hears_of_the_first_or_waits_for_it() {
    let team = Team::new();
    let first = team.at_the_gate();
    let refused = team.elsewhere(DEPLOY).run().expect_code(6);
    refused.expect_stderr(&["another run is at work: run ", "deploy by ada@", "--wait"]);
    let teardown = team.elsewhere(&["teardown", "--env", "local", "--yes"]);
    teardown.run().expect_code(6);
    let unlock = team.elsewhere(&["unlock", "--env", "local"]);
    unlock
        .run()
        .expect_code(6)
        .expect_stderr(&["renewed", "ada@", "--force"]);
    let mut waiting = team
        .elsewhere(&[
            "deploy", "--env", "local", "--yes", "--wait", "100s", "--output", "json",
        ])
        .start();
    assert!(waiting.read_until("waiting for run "));
    gate::signal(&team.emulator, "SUCCESS");
    first.wait().expect_code(0);
    waiting.wait().expect_code(0).expect_outcome("unchanged");
}

#[test]
fn the_lock_of_a_killed_run_is_taken_over_and_the_run_written_down() {
    let team = Team::new();
    let first = team.at_the_gate();
    first.signal(Signal::SIGKILL);
    first.wait();
    // CloudFormation goes on; the next run waits for it.
    let mut second = team
        .elsewhere(&["deploy", "--env", "local", "--yes", "--output", "json"])
        .start();
    assert!(second.read_until("takes its lock over"));
    gate::signal(&team.emulator, "SUCCESS");
    second.wait().expect_code(0);
    let history = team
        .project
        .run(&["history", "--env", "local", "--output", "json"])
        .json();
    assert_eq!(history["runs"][0]["state"], "succeeded", "{history}");
    assert_eq!(history["runs"][1]["state"], "abandoned", "{history}");
    assert_eq!(history["runs"][0]["tookOver"], history["runs"][1]["run"]);
    assert_eq!(history["runs"][1]["by"]["user"], "ada");
    let unlock = team
        .project
        .run(&["unlock", "--env", "local", "--output", "json"]);
    assert_eq!(unlock.json()["unlocked"], false);
}

#[test]
fn a_run_whose_lock_is_forced_away_stops_at_once() {
    let team = Team::new();
    let mut first = team
        .project
        .deploy()
        .env("SHOPCTL_LOCK_LEASE", "4s")
        .start();
    gate::wait_until_reached(&mut first);
    team.elsewhere(&["unlock", "--env", "local", "--force"])
        .run()
        .expect_code(0);
    let stopped = first.wait().expect_code(6);
    assert!(
        stopped.finished()["errors"]
            .to_string()
            .contains("no longer holds the lock"),
        "{stopped}"
    );
}
