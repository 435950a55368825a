//! A deploy that is stopped, at every point where something was told, and run again: the same
//! end as without the interruption.

use std::collections::BTreeMap;

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use shopctl_tests::{Emulator, Latch, Output, Process, Relay, TestProject, eventually};

use crate::aws::Aws;
use crate::gate;

/// How a deploy is stopped.
#[derive(Clone, Copy)]
enum Stop {
    /// Ctrl-C on the terminal: everything in the foreground gets it.
    Interrupt,
    /// A supervisor ends the command.
    Terminate,
    /// It has no chance to say or to do anything.
    Kill,
}

impl Stop {
    fn send(self, process: &Process) {
        match self {
            Self::Interrupt => process.signal_group(Signal::SIGINT),
            Self::Terminate => process.signal(Signal::SIGTERM),
            Self::Kill => process.signal(Signal::SIGKILL),
        }
    }

    /// The exit status that tells of it.
    fn code(self) -> Option<i32> {
        match self {
            Self::Interrupt | Self::Terminate => Some(130),
            Self::Kill => None,
        }
    }
}

#[test]
fn ctrl_c_and_sigterm_at_any_point_are_mended_by_the_next_run() {
    let chain = Chain::new();
    let wanted = chain.deployed();
    chain.stopped_at_every_point(
        |position| match position % 2 {
            0 => Stop::Interrupt,
            _ => Stop::Terminate,
        },
        |ended| {
            chain.project.deploy().run().expect_code(0);
            assert_eq!(chain.shape(), wanted, "{ended}");
            chain.project.teardown().run().expect_code(0);
        },
    );
}

#[test]
fn sigkill_at_any_point_is_mended_by_the_next_run() {
    let chain = Chain::new();
    let wanted = chain.deployed();
    chain.stopped_at_every_point(
        |_| Stop::Kill,
        |ended| {
            chain.project.deploy().run().expect_code(0);
            assert_eq!(chain.shape(), wanted, "{ended}");
            chain.project.teardown().run().expect_code(0);
        },
    );
}

#[test]
fn what_was_killed_at_any_point_is_torn_down_whole() {
    let chain = Chain::new();
    chain.stopped_at_every_point(
        |_| Stop::Kill,
        |ended| {
            chain.project.teardown().run().expect_code(0);
            assert_eq!(chain.emulator.inventory(), json!({}), "{ended}");
        },
    );
}

/// The project `chain` with a local cloud that runs.
struct Chain {
    project: TestProject,
    emulator: Emulator,
}

impl Chain {
    fn new() -> Self {
        let project = TestProject::small("chain");
        project.run(&["local", "start"]);
        let emulator = project.emulator();
        Self { project, emulator }
    }

    /// What an undisturbed deploy comes to; it is taken down again.
    fn deployed(&self) -> BTreeMap<String, Value> {
        self.project.deploy().run().expect_code(0);
        let shape = self.shape();
        self.project.teardown().run().expect_code(0);
        shape
    }

    /// How many there are of each kind, and which state each stack is in.
    fn shape(&self) -> BTreeMap<String, Value> {
        let inventory = self.emulator.inventory();
        let count = |(kind, found): (&String, &Value)| match found.as_array() {
            Some(names) => (kind.clone(), names.len().into()),
            None => (kind.clone(), found.clone()),
        };
        inventory.as_object().unwrap().iter().map(count).collect()
    }

    /// Stops a deploy after its first event, the next one after its second and so on, until
    /// one has no further events; what comes `then` leaves nothing deployed.
    fn stopped_at_every_point(&self, stop: impl Fn(usize) -> Stop, then: impl Fn(&Output)) {
        let mut stopped = 0;
        for position in 1.. {
            let stop = stop(position);
            let mut deploy = self.project.deploy().start();
            let events = (0..position).map_while(|_| deploy.next_line()).count();
            let is_last = events < position;
            if !is_last {
                stop.send(&deploy);
            }
            let ended = deploy.wait();
            assert!(!ended.stderr.contains("panicked"), "{ended}");
            // The signal may come when all is done already.
            if ended.code() != Some(0) {
                assert_eq!(ended.code(), stop.code(), "after event {position}\n{ended}");
                stopped += 1;
                if ended.code().is_some() {
                    assert_eq!(ended.finished()["outcome"], "interrupted", "{ended}");
                }
            }
            then(&ended);
            if is_last {
                break;
            }
        }
        assert!(stopped > 5, "only {stopped} deploys were stopped");
    }
}

#[test]
fn a_deploy_that_is_stopped_while_a_stack_is_made_is_taken_up_by_the_next_run() {
    let project = TestProject::small("gate");
    let mut deploy = project.deploy().start();
    gate::wait_until_reached(&mut deploy);
    deploy.signal_group(Signal::SIGINT);
    deploy.wait().expect_code(130).expect_outcome("interrupted");

    let status = project.status();
    assert_eq!(status["healthy"], false);
    assert_eq!(status["missing"], serde_json::json!(["after"]));

    let mut again = project.deploy().start();
    assert!(
        again.read_until("\"operation\":\"wait\""),
        "it waits for what goes on"
    );
    gate::signal(&project.emulator(), "SUCCESS");
    again.wait().expect_code(0).expect_outcome("succeeded");
    assert_eq!(project.status()["healthy"], true);
}

/// A deploy that has CloudFormation undo its work when it is interrupted.
#[rustfmt::skip]
const CANCELLING: &[&str] = &[
    "deploy", "--env", "local", "--yes", "--output", "json", "--on-interrupt", "cancel",
];

/// The statuses that a stopped run told of stacks that it had CloudFormation cancel.
fn cancelled(ended: &Output) -> Vec<(Value, Value)> {
    let told = ended.events_of("stack_interrupted");
    told.into_iter()
        .inspect(|event| assert_eq!(event["cancelled"], true, "{ended}"))
        .map(|event| (event["stack"].clone(), event["status"].clone()))
        .collect()
}

#[test]
fn a_creation_that_is_cancelled_leaves_neither_stack_nor_lock() {
    let project = TestProject::small("gate");
    let mut deploy = project.command(CANCELLING).start();
    gate::wait_until_reached(&mut deploy);
    deploy.signal_group(Signal::SIGINT);
    let stopped = deploy.wait().expect_code(130).expect_outcome("interrupted");
    assert_eq!(
        cancelled(&stopped),
        [
            (json!("gate"), Value::Null),
            (json!("gate"), json!("DELETE_COMPLETE"))
        ]
    );
    assert_eq!(project.status()["missing"], json!(["gate", "after"]));

    let mut again = project.deploy().start();
    gate::wait_until_reached(&mut again);
    gate::signal(&project.emulator(), "SUCCESS");
    again.wait().expect_code(0).expect_outcome("succeeded");
    let history = project
        .run(&["history", "--env", "local", "--output", "json"])
        .json();
    assert_eq!(history["runs"][0]["tookOver"], Value::Null, "{history}");
    assert_eq!(history["runs"][1]["state"], "interrupted", "{history}");
}

#[test]
fn an_update_that_is_cancelled_is_rolled_back_and_done_by_the_next_run() {
    let project = TestProject::small("gate");
    let mut deploy = project.deploy().start();
    gate::wait_until_reached(&mut deploy);
    gate::signal(&project.emulator(), "SUCCESS");
    deploy.wait().expect_code(0);

    // A second gate behind the first one, and something behind it: the local cloud cancels
    // between two resources.
    let template = "stacks/gate/template.yaml";
    let resources = project.read(template);
    let (_, first) = resources.split_once("\n  Handle:").unwrap();
    let (first, _) = first.split_once("\nOutputs:").unwrap();
    let second = format!("\n  Handle:{first}")
        .replace("Handle:\n", "Handle2:\n")
        .replace("!Ref Handle", "!Ref Handle2")
        .replace("Opened:", "Opened2:")
        .replace("DependsOn: Queue", "DependsOn: Opened");
    let last = "\n  Last:\n    Type: AWS::SQS::Queue\n    DependsOn: Opened2\n";
    project.edit(template, "\nOutputs:", &format!("{second}{last}\nOutputs:"));
    let mut deploy = project.command(CANCELLING).start();
    gate::wait_until_reached_at("Opened2", &mut deploy);
    deploy.signal_group(Signal::SIGINT);
    assert!(deploy.read_until("stack_interrupted"));
    gate::signal_at("Opened2", &project.emulator(), "SUCCESS");
    let stopped = deploy.wait().expect_code(130).expect_outcome("interrupted");
    assert_eq!(
        cancelled(&stopped),
        [
            (json!("gate"), Value::Null),
            (json!("gate"), json!("UPDATE_ROLLBACK_COMPLETE"))
        ]
    );
    assert_eq!(project.status()["healthy"], true);

    let mut again = project.deploy().start();
    gate::wait_until_reached_at("Opened2", &mut again);
    gate::signal_at("Opened2", &project.emulator(), "SUCCESS");
    again.wait().expect_code(0).expect_outcome("succeeded");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let project = TestProject::small("page");
    // A build that takes no notice of anybody.
    project.write(
        "site/build.sh",
        "trap '' INT TERM\nwhile :; do sleep 1; done\n",
    );
    let mut deploy = project.deploy().start();
    assert!(deploy.read_until("\"phase\":\"site\""));
    deploy.signal(Signal::SIGTERM);
    deploy.signal(Signal::SIGTERM);
    deploy.wait().expect_code(130);
}

#[test]
fn a_build_that_is_stopped_leaves_no_process_behind() {
    let project = TestProject::small("page");
    project.write(
        "site/build.sh",
        "echo $$ > started\nwhile :; do sleep 1; done\n",
    );
    let started = project.root().join("site/started");
    for (command, stop) in [
        ("deploy", Stop::Terminate),
        ("plan", Stop::Terminate),
        ("plan", Stop::Interrupt),
        ("build", Stop::Interrupt),
    ] {
        let process = project.command(&[command, "--env", "local"]).start();
        let pid = eventually("the build runs", || {
            let text = std::fs::read_to_string(&started).ok()?;
            text.trim().parse::<u32>().ok()
        });
        stop.send(&process);
        process.wait().expect_code(130);
        eventually("the build has ended", || {
            (!std::path::Path::new(&format!("/proc/{pid}")).exists()).then_some(())
        });
        std::fs::remove_file(&started).unwrap();
    }
}

/// Whoever ends a plan while CloudFormation computes its change sets finds none of them later.
#[test]
fn a_plan_that_is_stopped_deletes_its_change_sets() {
    let aws = Aws::new();
    let deploy = ["deploy", "--env", "staging", "--yes"];
    aws.command(&deploy).run().expect_code(0);
    let template = "stacks/alone/template.yaml";
    let text = aws.project.read(template);
    aws.project.write(
        template,
        &format!("{text}  Second:\n    Type: AWS::SNS::Topic\n"),
    );
    for stop in [Stop::Interrupt, Stop::Terminate] {
        let latch = Latch::default();
        let at = latch.clone();
        let relay = Relay::before(&aws.emulator.endpoint, move |form| {
            if form.contains("Action=DescribeChangeSet&") {
                at.reach();
            }
            None
        });
        let plan = aws
            .command(&["plan", "--env", "staging"])
            .env("AWS_ENDPOINT_URL", &relay.endpoint)
            .start();
        latch.wait_until_reached();
        assert_eq!(aws.plans_change_sets().len(), 1);
        stop.send(&plan);
        latch.open();
        plan.wait().expect_code(130);
        assert_eq!(aws.plans_change_sets(), Vec::<String>::new());
    }
}
