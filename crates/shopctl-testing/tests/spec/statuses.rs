//! Part S: statuses of stacks.

use std::collections::BTreeSet;
use std::time::Duration;

use shopctl_core::status::StackStatus as S;
use shopctl_deploy::ports::{ChangeSetType, CloudFormation};
use shopctl_testing::{FakeCloud, FaultStep, ResourceFault};

use crate::support::{
    CHANGED, PAIR, alarm, apply, computed, create, delete, request, resource, status, statuses,
    update, watching,
};

fn fault(id: &str, step: FaultStep) -> ResourceFault {
    ResourceFault::new("s", id, step, "it broke")
}

// S2
#[tokio::test(start_paused = true)]
async fn a_create_goes_through_review() {
    let cloud = FakeCloud::default();
    let id = create(&cloud, "s", PAIR).await;
    assert_eq!(
        statuses(&cloud, &id),
        [
            "REVIEW_IN_PROGRESS",
            "CREATE_IN_PROGRESS",
            "CREATE_COMPLETE"
        ]
    );
    assert!(cloud.outputs("s")["Url"].starts_with("https://sqs."));
}

// S3
#[tokio::test(start_paused = true)]
async fn a_failed_create_is_rolled_back() {
    let cloud = FakeCloud::default();
    cloud.fail(fault("B", FaultStep::Create));
    let id = create(&cloud, "s", PAIR).await;
    assert_eq!(
        statuses(&cloud, &id)[1..],
        [
            "CREATE_IN_PROGRESS",
            "ROLLBACK_IN_PROGRESS",
            "ROLLBACK_COMPLETE"
        ]
    );
    assert_eq!(cloud.inventory(), []);
    assert!(cloud.outputs("s").is_empty());
}

// S4
#[tokio::test(start_paused = true)]
async fn a_rollback_that_fails_is_told() {
    let cloud = FakeCloud::default();
    cloud.fail(fault("B", FaultStep::Create));
    cloud.fail(fault("A", FaultStep::Rollback));
    create(&cloud, "s", PAIR).await;
    assert_eq!(status(&cloud, "s"), S::RollbackFailed);
    assert_eq!(cloud.inventory().len(), 1);
}

// S5
#[tokio::test(start_paused = true)]
async fn without_rollback_a_failed_create_stays_until_it_is_rolled_back() {
    let cloud = FakeCloud::default();
    cloud.fail(fault("B", FaultStep::Create));
    cloud.person().create_stack("s", PAIR, &[], true).unwrap();
    cloud.settle().await;
    assert_eq!(status(&cloud, "s"), S::CreateFailed);
    assert_eq!(cloud.inventory().len(), 1);
    cloud.person().rollback_stack("s").unwrap();
    cloud.settle().await;
    assert_eq!(status(&cloud, "s"), S::RollbackComplete);
    assert_eq!(cloud.inventory(), []);
}

// S6
#[tokio::test(start_paused = true)]
async fn an_updates_outputs_are_final_when_the_cleanup_begins() {
    let cloud = FakeCloud::default();
    let id = create(&cloud, "s", PAIR).await;
    apply(&cloud, "s", ChangeSetType::Update, CHANGED)
        .await
        .unwrap();
    let cleaning =
        |cloud: &FakeCloud| cloud.status("s") == Some(S::UpdateCompleteCleanupInProgress);
    assert!(cloud.wait_until(cleaning).await);
    assert_eq!(cloud.outputs("s")["Version"], "two");
    cloud.settle().await;
    assert_eq!(
        statuses(&cloud, &id)[3..],
        [
            "UPDATE_IN_PROGRESS",
            "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
            "UPDATE_COMPLETE"
        ]
    );
}

// S7
#[tokio::test(start_paused = true)]
async fn a_failed_update_is_rolled_back_to_what_was() {
    let cloud = FakeCloud::default();
    let id = create(&cloud, "s", PAIR).await;
    let before = cloud.inventory();
    cloud.fail(fault("B", FaultStep::Update));
    update(&cloud, "s", CHANGED).await;
    assert_eq!(
        statuses(&cloud, &id)[3..],
        [
            "UPDATE_IN_PROGRESS",
            "UPDATE_ROLLBACK_IN_PROGRESS",
            "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
            "UPDATE_ROLLBACK_COMPLETE"
        ]
    );
    assert_eq!(cloud.inventory(), before);
    assert!(!cloud.outputs("s").contains_key("Version"));
    assert_eq!(cloud.template_body("s").unwrap(), PAIR);
    // What was rolled back is a change again.
    cloud.heal();
    update(&cloud, "s", CHANGED).await;
    assert_eq!(cloud.outputs("s")["Version"], "two");
}

// S8
#[tokio::test(start_paused = true)]
async fn a_stuck_rollback_can_be_continued() {
    for skip in [&["A"][..], &[]] {
        let cloud = FakeCloud::default();
        create(&cloud, "s", PAIR).await;
        cloud.fail(fault("B", FaultStep::Update));
        cloud.fail(fault("A", FaultStep::Rollback));
        update(&cloud, "s", CHANGED).await;
        assert_eq!(status(&cloud, "s"), S::UpdateRollbackFailed);
        if skip.is_empty() {
            cloud.person().continue_update_rollback("s", &[]).unwrap();
            cloud.settle().await;
            assert_eq!(status(&cloud, "s"), S::UpdateRollbackFailed);
            cloud.heal();
        }
        cloud.person().continue_update_rollback("s", skip).unwrap();
        cloud.settle().await;
        assert_eq!(status(&cloud, "s"), S::UpdateRollbackComplete);
    }
}

// S9
#[tokio::test(start_paused = true)]
async fn without_rollback_a_failed_update_stays_until_it_is_rolled_back() {
    let cloud = FakeCloud::default();
    create(&cloud, "s", PAIR).await;
    cloud.fail(fault("B", FaultStep::Update));
    cloud
        .person()
        .update_stack("s", CHANGED, &[], true)
        .unwrap();
    cloud.settle().await;
    assert_eq!(status(&cloud, "s"), S::UpdateFailed);
    cloud.person().rollback_stack("s").unwrap();
    cloud.settle().await;
    assert_eq!(status(&cloud, "s"), S::UpdateRollbackComplete);
}

// S10 S17
#[tokio::test(start_paused = true)]
async fn a_deleted_stack_is_told_by_its_arn_only() {
    let cloud = FakeCloud::default();
    let first = create(&cloud, "s", PAIR).await;
    delete(&cloud, "s").await;
    assert_eq!(
        statuses(&cloud, &first)[3..],
        ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]
    );
    assert_eq!(cloud.describe("s").await.unwrap(), None);
    let told = cloud.describe(&first).await.unwrap().unwrap();
    assert_eq!(told.status, S::DeleteComplete);
    assert_eq!(cloud.inventory(), []);
    let second = create(&cloud, "s", PAIR).await;
    assert_ne!(first, second);
    assert_eq!(cloud.generations("s"), [first, second]);
}

// S11
#[tokio::test(start_paused = true)]
async fn a_failed_delete_goes_on_with_the_rest() {
    let cloud = FakeCloud::default();
    create(&cloud, "s", PAIR).await;
    cloud.fail(fault("A", FaultStep::Delete).times(1));
    delete(&cloud, "s").await;
    assert_eq!(status(&cloud, "s"), S::DeleteFailed);
    assert_eq!(
        cloud.status_reason("s").unwrap(),
        "The following resource(s) failed to delete: [A]. "
    );
    assert_eq!(cloud.inventory().len(), 1);
    delete(&cloud, "s").await;
    assert_eq!(cloud.stacks().len(), 0);
    let id = &cloud.generations("s")[0];
    assert_eq!(resource(&cloud, id, "B").last().unwrap(), "DELETE_COMPLETE");
}

// S12
#[tokio::test(start_paused = true)]
async fn imports_end_in_three_ways() {
    let with_table = format!(
        "{}  T: {{ Type: AWS::DynamoDB::Table, DeletionPolicy: Retain, Properties: {{ TableName: kept }} }}\n",
        PAIR.split("Outputs:").next().unwrap()
    );
    let cloud = FakeCloud::default();
    let id = create(&cloud, "s", PAIR).await;
    cloud.person().import("s", &with_table).unwrap();
    cloud.settle().await;
    assert_eq!(
        statuses(&cloud, &id)[3..],
        [
            "IMPORT_IN_PROGRESS",
            "IMPORT_ROLLBACK_IN_PROGRESS",
            "IMPORT_ROLLBACK_COMPLETE"
        ]
    );
    cloud.fail(fault("T", FaultStep::Rollback));
    cloud.person().import("s", &with_table).unwrap();
    cloud.settle().await;
    assert_eq!(status(&cloud, "s"), S::ImportRollbackFailed);

    let cloud = FakeCloud::default();
    let id = create(&cloud, "s", PAIR).await;
    cloud.person().make("AWS::DynamoDB::Table", "kept");
    cloud.person().import("s", &with_table).unwrap();
    cloud.settle().await;
    assert_eq!(
        statuses(&cloud, &id)[3..],
        ["IMPORT_IN_PROGRESS", "IMPORT_COMPLETE"]
    );
    assert_eq!(cloud.physical_id("s", "T").unwrap(), "kept");
}

// S13
#[tokio::test(start_paused = true)]
async fn a_running_update_can_be_cancelled() {
    let cloud = FakeCloud::default();
    let id = create(&cloud, "s", PAIR).await;
    assert!(cloud.person().cancel_update("s").is_err());
    apply(&cloud, "s", ChangeSetType::Update, CHANGED)
        .await
        .unwrap();
    let busy =
        |cloud: &FakeCloud| resource(cloud, &id, "A").contains(&"UPDATE_IN_PROGRESS".to_owned());
    assert!(cloud.wait_until(busy).await);
    cloud.person().cancel_update("s").unwrap();
    cloud.settle().await;
    assert_eq!(status(&cloud, "s"), S::UpdateRollbackComplete);
    assert!(
        resource(&cloud, &id, "A").contains(&"UPDATE_FAILED: Resource update cancelled".to_owned())
    );
}

// S15
#[tokio::test(start_paused = true)]
async fn a_new_status_can_be_told_late() {
    let cloud = FakeCloud::default();
    cloud.configure(|settings| settings.stale_reads = 2);
    let id = apply(&cloud, "s", ChangeSetType::Create, PAIR)
        .await
        .unwrap();
    let mut told = Vec::new();
    for _ in 0..3 {
        told.push(cloud.describe(&id.stack).await.unwrap().unwrap().status);
    }
    assert_eq!(
        told,
        [
            S::ReviewInProgress,
            S::ReviewInProgress,
            S::CreateInProgress
        ]
    );
    cloud.settle().await;
    let late = cloud.describe(&id.stack).await.unwrap().unwrap();
    assert_eq!((late.status, late.outputs.len()), (S::CreateInProgress, 0));

    let review = cloud.person().review("t", PAIR);
    assert!(review.is_ok());
    assert_eq!(cloud.describe("t").await.unwrap(), None);
    assert_eq!(cloud.describe("t").await.unwrap(), None);
    assert!(cloud.describe("t").await.unwrap().is_some());
}

// S19
#[tokio::test(start_paused = true)]
async fn reads_can_be_older_than_the_ones_before() {
    let cloud = FakeCloud::default();
    cloud.configure(|settings| settings.read_lag = Duration::from_secs(5));
    let first = create(&cloud, "s", PAIR).await;
    delete(&cloud, "s").await;
    create(&cloud, "s", PAIR).await;
    let mut told = Vec::new();
    for _ in 0..200 {
        let seen = cloud.describe("s").await.unwrap();
        told.push(seen.map(|seen| (seen.stack_id == first, seen.status)));
    }
    let newest = Some((false, S::CreateComplete));
    let older = Some((false, S::CreateInProgress));
    let place = |wanted| told.iter().position(|seen| *seen == wanted);
    let back = told.iter().rposition(|seen| *seen == older);
    assert!(place(newest) < back, "{told:?}");
    tokio::time::sleep(Duration::from_secs(5)).await;
    let seen = cloud.describe("s").await.unwrap();
    assert_eq!(seen.unwrap().status, S::CreateComplete);
}

// S16
#[tokio::test(start_paused = true)]
async fn the_time_of_the_last_change_is_that_of_the_operations_begin() {
    let cloud = FakeCloud::default();
    let id = create(&cloud, "s", PAIR).await;
    let changed = async || {
        cloud
            .describe(&id)
            .await
            .unwrap()
            .unwrap()
            .last_changed
            .unwrap()
    };
    let created = changed().await;
    assert!(created.starts_with("2026-01-01T00:00:0"), "{created}");
    apply(&cloud, "s", ChangeSetType::Update, CHANGED)
        .await
        .unwrap();
    let begun = changed().await;
    assert!(begun > created);
    cloud.settle().await;
    assert_eq!(changed().await, begun);
    delete(&cloud, "s").await;
    assert_eq!(changed().await, begun);
}

// S18 X13
#[tokio::test(start_paused = true)]
async fn a_delete_can_break_into_a_create_but_not_into_an_update() {
    let cloud = FakeCloud::default();
    apply(&cloud, "s", ChangeSetType::Create, PAIR)
        .await
        .unwrap();
    assert_eq!(status(&cloud, "s"), S::CreateInProgress);
    delete(&cloud, "s").await;
    assert_eq!(cloud.stacks().len(), 0);
    assert_eq!(cloud.inventory(), []);

    cloud.person().review("s", PAIR).unwrap();
    delete(&cloud, "s").await;
    assert_eq!(cloud.stacks().len(), 0);

    let id = create(&cloud, "s", PAIR).await;
    apply(&cloud, "s", ChangeSetType::Update, CHANGED)
        .await
        .unwrap();
    let error = cloud.delete_stack(&id, None, "delete").await.unwrap_err();
    assert_eq!(
        error.message,
        format!(
            "Stack [{id}] cannot be deleted while in status UPDATE_IN_PROGRESS (ValidationError)"
        )
    );
    cloud.settle().await;
    cloud.delete_stack(&id, None, "first").await.unwrap();
    cloud.delete_stack(&id, None, "second").await.unwrap();
    cloud.settle().await;
    assert_eq!(
        statuses(&cloud, &id)
            .iter()
            .filter(|status| *status == "DELETE_IN_PROGRESS")
            .count(),
        1
    );
}

// S1
#[tokio::test(start_paused = true)]
async fn every_status_can_be_reached() {
    let mut seen = BTreeSet::new();
    for (create_fault, update_fault, rollback_fault, import) in [
        (false, false, false, false),
        (false, false, false, true),
        (false, false, true, true),
        (true, false, false, false),
        (true, false, true, false),
        (false, true, false, false),
        (false, true, true, false),
    ] {
        for disable_rollback in [false, true] {
            let cloud = FakeCloud::default();
            let person = cloud.person();
            if create_fault {
                cloud.fail(fault("B", FaultStep::Create));
            }
            if update_fault {
                cloud.fail(fault("B", FaultStep::Update));
            }
            if rollback_fault {
                cloud.fail(fault("A", FaultStep::Rollback));
                cloud.fail(fault("T", FaultStep::Rollback));
            }
            person.review("s", PAIR).unwrap();
            person
                .create_stack("s", PAIR, &[], disable_rollback)
                .unwrap();
            cloud.settle().await;
            let _ = person.update_stack("s", CHANGED, &[], disable_rollback);
            cloud.settle().await;
            if import {
                let with_table = format!(
                    "{}  T: {{ Type: AWS::DynamoDB::Table, Properties: {{ TableName: kept }} }}\n",
                    CHANGED.split("Outputs:").next().unwrap()
                );
                if !rollback_fault && disable_rollback {
                    person.make("AWS::DynamoDB::Table", "kept");
                }
                person.import("s", &with_table).unwrap();
                cloud.settle().await;
            }
            cloud.fail(fault("A", FaultStep::Delete).times(1));
            for _ in 0..2 {
                if let Some(id) = cloud.stack_id("s") {
                    cloud
                        .delete_stack(&id, None, &format!("d{}", cloud.next_run()))
                        .await
                        .unwrap();
                    cloud.settle().await;
                }
            }
            let id = &cloud.generations("s")[0];
            seen.extend(statuses(&cloud, id));
        }
    }
    let all: BTreeSet<String> = S::ALL.iter().map(|status| status.to_string()).collect();
    assert_eq!(seen, all);
}

// S20
#[tokio::test(start_paused = true)]
async fn an_alarm_rolls_back_what_it_watches() {
    let cloud = FakeCloud::default();
    create(&cloud, "s", PAIR).await;
    let mut wanted = request("s", ChangeSetType::Update, CHANGED);
    wanted.rollback = Some(watching("errors", 0));
    let id = cloud.create_change_set(&wanted).await.unwrap();
    computed(&cloud, &id).await;
    cloud.execute_change_set(&id, "first").await.unwrap();
    cloud.person().alarm("s", "another").unwrap();
    assert_eq!(status(&cloud, "s"), S::UpdateInProgress);
    cloud.person().alarm("s", &alarm("errors")).unwrap();
    assert_eq!(status(&cloud, "s"), S::UpdateRollbackInProgress);
    cloud.settle().await;
    assert_eq!(status(&cloud, "s"), S::UpdateRollbackComplete);
}

// S21
#[tokio::test(start_paused = true)]
async fn a_policy_refuses_updates_of_what_it_names() {
    let cloud = FakeCloud::default();
    create(&cloud, "s", PAIR).await;
    assert_eq!(cloud.stack_policy("s").await.unwrap(), None);
    let statement = |effect: &str, resource: &str| {
        format!(
            r#"{{"Effect":"{effect}","Action":"Update:*","Principal":"*","Resource":"{resource}"}}"#
        )
    };
    let allow = statement("Allow", "*");
    let deny = statement("Deny", "LogicalResourceId/B");
    let policy = format!(r#"{{"Statement":[{allow},{deny}]}}"#);
    cloud.set_stack_policy("s", &policy).await.unwrap();
    update(&cloud, "s", CHANGED).await;
    cloud.settle().await;
    assert_eq!(status(&cloud, "s"), S::UpdateRollbackComplete);
    let told = cloud.history("s").into_iter().any(|event| {
        event.reason.as_deref().is_some_and(|reason| {
            reason.contains(
                "Statement [#2] does not allow [Update:Modify] for resource [LogicalResourceId/B]",
            )
        })
    });
    assert!(told);
    let policy = format!(r#"{{"Statement":[{allow}]}}"#);
    cloud.set_stack_policy("s", &policy).await.unwrap();
    update(&cloud, "s", CHANGED).await;
    cloud.settle().await;
    assert_eq!(status(&cloud, "s"), S::UpdateComplete);
}
