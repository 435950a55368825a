//! A run that is stopped anywhere and made again ends as one that was not.

use shopctl_testing::{
    ARTIFACTS, Command, Ended, FakeCloud, KillPoint, Run, Stop, TestProject, TestResource,
    TestStack,
};

use crate::support::{assert_deployed, assert_gone, assert_nothing_to_do, deploy, errors};

fn small() -> TestProject {
    TestProject::new([
        TestStack::new("a")
            .with(TestResource::new("Second").after("First"))
            .with_code("code"),
        TestStack::new("b").after("a"),
        TestStack::new("c").with(TestResource::new("Files").of_type("AWS::S3::Bucket")),
    ])
}

/// The project with something added, changed and removed.
fn changed() -> TestProject {
    let mut project = small();
    project.stack("a").bump();
    project.stack("a").code = Some(b"other code".to_vec());
    project.stack("b").reads_version = true;
    project.stack("c").resources.push(TestResource::new("More"));
    project
}

/// Where a run starts from.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Start {
    Nothing,
    Deployed,
    /// As after a create that was rolled back.
    RolledBack,
}

async fn start(start: Start) -> FakeCloud {
    let cloud = FakeCloud::default();
    if start == Start::RolledBack {
        cloud.fail(shopctl_testing::ResourceFault::new(
            "test-a",
            "Second",
            shopctl_testing::FaultStep::Create,
            "it broke",
        ));
        assert!(small().deploy(&cloud).await.report().failed);
        cloud.heal();
    } else if start == Start::Deployed {
        deploy(&cloud, &small()).await;
        cloud.write(&cloud.physical_id("test-c", "Files").unwrap(), "a", b"a");
    }
    cloud.settle().await;
    cloud.forget_calls();
    cloud
}

const SCENARIOS: [(Start, Command); 5] = [
    (Start::Nothing, Command::Deploy),
    (Start::Deployed, Command::Deploy),
    (Start::RolledBack, Command::Deploy),
    (Start::Deployed, Command::Teardown),
    (Start::RolledBack, Command::Teardown),
];

fn project(from: Start) -> TestProject {
    match from {
        Start::Deployed => changed(),
        _ => small(),
    }
}

/// Makes the run again, at once or when the cloud has come to rest, and looks at the end.
async fn again(cloud: &FakeCloud, project: &TestProject, command: Command, rest: bool, at: &str) {
    cloud.heal();
    if rest {
        cloud.settle().await;
    }
    let run = project.runner(cloud, command).run().await;
    assert!(run.succeeded(), "{at}: {}", errors(&run));
    match command {
        Command::Deploy => {
            assert_deployed(cloud, project).await;
            assert_nothing_to_do(cloud, project).await;
            for stack in cloud.stacks().keys() {
                let generations = cloud.generations(stack);
                let living = generations
                    .iter()
                    .filter(|id| !cloud.status(id).unwrap().as_str().starts_with("DELETE"));
                assert_eq!(living.count(), 1, "{at}: {stack} is there twice");
            }
        }
        Command::Teardown => assert_gone(cloud).await,
    }
}

fn died_or_done(run: &Run, at: &str) -> bool {
    match &run.ended {
        Ended::Died => true,
        Ended::Ran(report) => {
            assert!(!report.failed, "{at}: {}", errors(run));
            report.interrupted
        }
        other => panic!("{at}: {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn stopped_at_every_event() {
    for (from, command) in SCENARIOS {
        for how in [Stop::Cancel, Stop::Kill] {
            for rest in [false, true] {
                let mut stopped = 0;
                for position in 0.. {
                    let at = format!("{from:?} {command:?} {how:?} after {position} events");
                    let cloud = start(from).await;
                    let project = project(from);
                    let run = project
                        .runner(&cloud, command)
                        .stop_after(position, how)
                        .run()
                        .await;
                    let ended_early = died_or_done(&run, &at);
                    again(&cloud, &project, command, rest, &at).await;
                    if !ended_early {
                        break;
                    }
                    stopped += 1;
                }
                assert!(stopped > 10, "{from:?} {command:?} {how:?}: {stopped}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn killed_in_every_call() {
    for (from, command) in SCENARIOS {
        for point in [KillPoint::BeforeEffect, KillPoint::AfterEffect] {
            let mut killed = 0;
            for call in 0.. {
                let cloud = start(from).await;
                let project = project(from);
                cloud.kill_at(call, point);
                let run = project.runner(&cloud, command).run().await;
                let operation = cloud.calls().0.get(call).map(|call| call.operation);
                let at = format!("{from:?} {command:?} {point:?} call {call} {operation:?}");
                let ended_early = died_or_done(&run, &at);
                again(&cloud, &project, command, false, &at).await;
                if !ended_early {
                    break;
                }
                killed += 1;
            }
            assert!(killed > 20, "{from:?} {command:?} {point:?}: {killed}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_dies_again_and_again_gets_there() {
    for command in [Command::Deploy, Command::Teardown] {
        let cloud = start(match command {
            Command::Deploy => Start::Nothing,
            Command::Teardown => Start::Deployed,
        })
        .await;
        let project = small();
        let mut runs = 0;
        loop {
            runs += 1;
            assert!(runs < 200, "it never gets there");
            cloud.forget_calls();
            cloud.kill_at(60, KillPoint::AfterEffect);
            let run = project.runner(&cloud, command).run().await;
            if !died_or_done(&run, "again and again") {
                break;
            }
        }
        assert!(runs > 1, "{runs}");
        again(&cloud, &project, command, false, "the last run").await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_run_keeps_what_it_learned() {
    let cloud = FakeCloud::default();
    let project = small();
    let run = project
        .runner(&cloud, Command::Deploy)
        .stop_after(25, Stop::Cancel)
        .run()
        .await;
    let report = run.report();
    assert!(report.interrupted && !report.failed);
    assert!(!report.stacks.is_empty(), "a stack was done by then");
    assert!(
        cloud
            .keys(ARTIFACTS)
            .contains(&"records/latest.json".to_owned())
    );
    let skipped = run.skipped();
    assert!(
        skipped.iter().all(|(_, cause)| cause.is_none()),
        "{skipped:?}"
    );
}
