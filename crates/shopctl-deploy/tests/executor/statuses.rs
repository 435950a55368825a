//! Every status that a stack can be found in, for a deploy and for a teardown.

use std::time::Duration;

use shopctl_core::event::StackResult;
use shopctl_core::status::StackStatus as S;
use shopctl_testing::{
    Command, Ended, FakeCloud, FaultStep, ResourceFault, TestProject, TestResource, TestStack,
};

use crate::support::{assert_deployed, assert_gone, assert_nothing_to_do, errors};

const NAME: &str = "test-a";

fn project() -> TestProject {
    TestProject {
        // What somebody imported.
        allowed: vec!["delete:a.Table".parse().unwrap()],
        ..TestProject::new([TestStack::new("a").with(TestResource::new("Second").after("First"))])
    }
}

/// The project's stack as somebody deployed it before, with rollback off if that is told.
async fn create(cloud: &FakeCloud, disable_rollback: bool) {
    let mut old = project();
    old.stack("a").resources[0].version = 0;
    let body = old.stacks[0].template();
    cloud
        .person()
        .create_stack(NAME, &body, &[], disable_rollback)
        .unwrap();
}

fn update(cloud: &FakeCloud, disable_rollback: bool) {
    let mut changed = project();
    for resource in &mut changed.stack("a").resources {
        resource.version = 50;
    }
    let body = changed.stacks[0].template();
    cloud
        .person()
        .update_stack(NAME, &body, &[], disable_rollback)
        .unwrap();
}

fn import(cloud: &FakeCloud) {
    let mut more = project();
    more.stack("a").resources[0].version = 0;
    more.stack("a").resources.push(
        TestResource::new("Table")
            .of_type("AWS::DynamoDB::Table")
            .named("kept"),
    );
    cloud
        .person()
        .import(NAME, &more.stacks[0].template())
        .unwrap();
}

fn fail(cloud: &FakeCloud, id: &str, step: FaultStep) {
    cloud.fail(ResourceFault::new(NAME, id, step, "it broke"));
}

/// Brings the stack into a status by what leads there on AWS. The cause of failures is gone
/// when this returns.
async fn stage(status: S) -> FakeCloud {
    let cloud = FakeCloud::default();
    match status {
        S::ReviewInProgress => {
            let body = project().stacks[0].template();
            cloud.person().review(NAME, &body).unwrap();
        }
        S::CreateInProgress | S::CreateComplete => create(&cloud, false).await,
        S::CreateFailed => {
            fail(&cloud, "Second", FaultStep::Create);
            create(&cloud, true).await;
        }
        S::RollbackInProgress | S::RollbackComplete => {
            fail(&cloud, "Second", FaultStep::Create);
            create(&cloud, false).await;
        }
        S::RollbackFailed => {
            fail(&cloud, "Second", FaultStep::Create);
            fail(&cloud, "First", FaultStep::Rollback);
            create(&cloud, false).await;
        }
        _ => {
            create(&cloud, false).await;
            cloud.settle().await;
        }
    }
    match status {
        S::DeleteInProgress | S::DeleteComplete => cloud.person().delete_stack(NAME).unwrap(),
        S::DeleteFailed => {
            fail(&cloud, "First", FaultStep::Delete);
            cloud.person().delete_stack(NAME).unwrap();
        }
        S::UpdateInProgress | S::UpdateComplete => update(&cloud, false),
        S::UpdateCompleteCleanupInProgress => {
            let body =
                "Resources:\n  First: { Type: AWS::SQS::Queue, Properties: { Version: \"9\" } }\n";
            cloud.person().update_stack(NAME, body, &[], false).unwrap();
        }
        S::UpdateFailed => {
            fail(&cloud, "Second", FaultStep::Update);
            update(&cloud, true);
        }
        S::UpdateRollbackInProgress | S::UpdateRollbackComplete => {
            fail(&cloud, "Second", FaultStep::Update);
            update(&cloud, false);
        }
        S::UpdateRollbackCompleteCleanupInProgress => {
            let mut more = project();
            more.stack("a").resources[0].version = 50;
            more.stack("a").resources.push(TestResource::new("More"));
            more.stack("a")
                .resources
                .push(TestResource::new("Last").after("More"));
            fail(&cloud, "Last", FaultStep::Create);
            let body = more.stacks[0].template();
            cloud
                .person()
                .update_stack(NAME, &body, &[], false)
                .unwrap();
        }
        S::UpdateRollbackFailed => {
            fail(&cloud, "Second", FaultStep::Update);
            fail(&cloud, "First", FaultStep::Rollback);
            update(&cloud, false);
        }
        S::ImportInProgress | S::ImportComplete => {
            cloud.person().make("AWS::DynamoDB::Table", "kept");
            import(&cloud);
        }
        S::ImportRollbackInProgress | S::ImportRollbackComplete => import(&cloud),
        S::ImportRollbackFailed => {
            fail(&cloud, "Table", FaultStep::Rollback);
            import(&cloud);
        }
        _ => {}
    }
    if status.is_in_progress() {
        let reached = |cloud: &FakeCloud| cloud.status(NAME) == Some(status);
        assert!(cloud.wait_until(reached).await, "{status} is not reached");
    } else {
        cloud.settle().await;
        let id = cloud.generations(NAME).remove(0);
        assert_eq!(cloud.status(&id), Some(status));
    }
    cloud.heal();
    cloud
}

/// What a deploy is to do with a stack that it finds in a status.
enum Expected {
    Created,
    Updated,
    Refused(&'static str),
}

fn expected(status: S) -> Expected {
    match status {
        S::ReviewInProgress
        | S::DeleteComplete
        | S::DeleteInProgress
        | S::CreateFailed
        | S::RollbackInProgress
        | S::RollbackComplete
        | S::RollbackFailed => Expected::Created,
        S::DeleteFailed => Expected::Refused("`shopctl recover --env test a --delete`"),
        S::UpdateFailed => Expected::Refused("`shopctl recover --env test a --rollback`"),
        S::ImportRollbackFailed => Expected::Refused("correct it in the CloudFormation console"),
        // The rollback is continued first: what stood in its way is gone.
        _ => Expected::Updated,
    }
}

#[tokio::test(start_paused = true)]
async fn a_deploy_knows_what_to_do_in_every_status() {
    for status in S::ALL {
        let cloud = stage(*status).await;
        let project = project();
        let run = project.deploy(&cloud).await;
        let result = match expected(*status) {
            Expected::Created => StackResult::Created,
            Expected::Updated => StackResult::Updated,
            Expected::Refused(hint) => {
                let Ended::Blocked(blocked) = &run.ended else {
                    panic!("{status}: {}", errors(&run));
                };
                let told = blocked[0].obstacle.hint("test", blocked[0].stack.as_str());
                assert!(told.contains(hint), "{status}: {told}");
                assert_eq!(cloud.status(NAME), Some(*status), "it was left alone");
                continue;
            }
        };
        assert!(run.succeeded(), "{status}: {}", errors(&run));
        assert_eq!(run.result("a"), Some(result), "{status}");
        let end = match result {
            StackResult::Created => S::CreateComplete,
            _ => S::UpdateComplete,
        };
        cloud.settle().await;
        assert_eq!(cloud.status(NAME), Some(end), "{status}");
        assert_deployed(&cloud, &project).await;
        assert_nothing_to_do(&cloud, &project).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_teardown_knows_what_to_do_in_every_status() {
    for status in S::ALL {
        let cloud = stage(*status).await;
        let run = project().teardown(&cloud).await;
        if *status == S::ImportRollbackFailed {
            assert!(run.report().failed && run.report().stuck);
            let failure = run.failure("a").unwrap();
            assert_eq!(failure.status, Some(*status));
            assert_eq!(failure.reason, "kept does not exist");
            assert!(failure.hint.as_ref().unwrap().contains("console"));
            assert_eq!(cloud.status(NAME), Some(*status), "it was left alone");
            continue;
        }
        assert!(run.succeeded(), "{status}: {}", errors(&run));
        // The table that an import claims stays nobody's when the import was rolled back.
        assert_gone(&cloud).await;
        assert!(
            !project().teardown(&cloud).await.report().changed,
            "{status}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_somebody_elses_operation_leads_to_is_looked_at_again() {
    for (step, hint) in [
        (FaultStep::Rollback, "--skip-resources First"),
        (FaultStep::Create, ""),
    ] {
        let cloud = FakeCloud::default();
        create(&cloud, false).await;
        cloud.settle().await;
        fail(&cloud, "Second", FaultStep::Update);
        fail(&cloud, "First", step);
        update(&cloud, false);
        let mut ours = project();
        ours.stack("a").bump();
        let run = ours.deploy(&cloud).await;
        let failure = run
            .failure("a")
            .unwrap_or_else(|| panic!("{}", errors(&run)));
        if hint.is_empty() {
            // Rolled back: ours is tried, and fails over the same resource.
            assert_eq!(
                failure.resource.as_ref().unwrap().logical_id.as_str(),
                "Second"
            );
            assert_eq!(failure.reason, "it broke");
        } else {
            // The rollback was continued once, in vain.
            assert_eq!(failure.status, Some(S::UpdateRollbackFailed));
            assert_eq!(cloud.calls().count("ContinueUpdateRollback"), 1);
            assert!(failure.hint.as_ref().unwrap().contains(hint));
            assert!(run.report().stuck);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stack_in_cleanup_already_feeds_its_dependants() {
    let mut project = TestProject::new([
        // Something that holds no data, so that it may go.
        TestStack::new("a").with(TestResource::new("Second").of_type("AWS::SNS::Topic")),
        TestStack::new("b").after("a"),
    ]);
    project.stack("b").reads_version = true;
    let cloud = FakeCloud::default();
    assert!(project.deploy(&cloud).await.succeeded());
    project.stack("a").resources.pop();
    project.stack("a").resources[0].version = 2;
    cloud.configure(|settings| {
        let hour = Duration::from_secs(3600);
        settings.durations.insert("test-a/Second".to_owned(), hour);
    });
    let began = cloud.now();
    let run = project.runner(&cloud, Command::Deploy).run().await;
    assert!(run.succeeded(), "{}", errors(&run));
    assert_eq!(run.result("b"), Some(StackResult::Updated));
    assert!(cloud.now() - began < Duration::from_secs(120));
    assert_eq!(
        cloud.status("test-a"),
        Some(S::UpdateCompleteCleanupInProgress)
    );
    assert_deployed(&cloud, &project).await;
}
