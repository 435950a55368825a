//! Part R: resources.

use std::time::Duration;

use shopctl_core::status::StackStatus as S;
use shopctl_deploy::ports::ObjectStore;
use shopctl_testing::{FakeCloud, FaultStep, ResourceFault};

use crate::support::{create, delete, resource, status, statuses, update};

fn order(cloud: &FakeCloud, id: &str, status: &str) -> Vec<String> {
    cloud
        .history(id)
        .iter()
        .filter(|event| event.status == status && event.physical_id.as_deref() != Some(id))
        .map(|event| event.logical_id.to_string())
        .collect()
}

const DIAMOND: &str = "
Resources:
  D: { Type: AWS::SQS::Queue, Properties: { From: [!Ref B, !GetAtt C.Arn] } }
  C: { Type: AWS::SQS::Queue, Properties: { From: !Sub \"${A.Arn}-${AWS::Region}\" } }
  B: { Type: AWS::SQS::Queue, DependsOn: A }
  A: { Type: AWS::SQS::Queue }
";

// R1 R2 R3
#[tokio::test(start_paused = true)]
async fn dependencies_decide_the_order_both_ways() {
    let cloud = FakeCloud::default();
    cloud.configure(|settings| {
        settings
            .durations
            .insert("AWS::SQS::Queue".to_owned(), Duration::from_secs(10));
        settings
            .durations
            .insert("s/C".to_owned(), Duration::from_secs(1));
    });
    let id = create(&cloud, "s", DIAMOND).await;
    assert_eq!(order(&cloud, &id, "CREATE_COMPLETE"), ["A", "C", "B", "D"]);
    // A and B and D one after the other, C beside B.
    let took = cloud.now();
    assert!(
        took > Duration::from_secs(30) && took < Duration::from_secs(34),
        "{took:?}"
    );
    delete(&cloud, "s").await;
    assert_eq!(order(&cloud, &id, "DELETE_COMPLETE"), ["D", "C", "B", "A"]);
}

// R4 R5
#[tokio::test(start_paused = true)]
async fn a_failure_is_told_by_resource_and_stack() {
    let cloud = FakeCloud::default();
    cloud.fail(ResourceFault::new("s", "B", FaultStep::Create, "Invalid queue name").times(1));
    let id = create(&cloud, "s", DIAMOND).await;
    assert_eq!(
        resource(&cloud, &id, "B")[1],
        "CREATE_FAILED: Invalid queue name"
    );
    let rollback = cloud
        .history(&id)
        .into_iter()
        .find(|event| event.status == "ROLLBACK_IN_PROGRESS")
        .unwrap();
    assert_eq!(
        rollback.reason.unwrap(),
        "The following resource(s) failed to create: [B]. Rollback requested by user."
    );
    delete(&cloud, "s").await;
    create(&cloud, "s", DIAMOND).await;
    assert_eq!(status(&cloud, "s"), S::CreateComplete);
}

// R6 R7
#[tokio::test(start_paused = true)]
async fn an_update_adds_changes_replaces_and_removes() {
    let before = "
Resources:
  Table: { Type: AWS::DynamoDB::Table, Properties: { KeySchema: a } }
  Reader: { Type: AWS::SQS::Queue, Properties: { From: !Ref Table } }
  Old: { Type: AWS::SQS::Queue }
  Same: { Type: AWS::SQS::Queue }
";
    let after = "
Resources:
  Table: { Type: AWS::DynamoDB::Table, Properties: { KeySchema: b } }
  Reader: { Type: AWS::SQS::Queue, Properties: { From: !Ref Table } }
  New: { Type: AWS::SQS::Queue }
  Same: { Type: AWS::SQS::Queue }
";
    let cloud = FakeCloud::default();
    let id = create(&cloud, "s", before).await;
    let old_table = cloud.physical_id("s", "Table").unwrap();
    let same = resource(&cloud, &id, "Same").len();
    update(&cloud, "s", after).await;
    assert_ne!(cloud.physical_id("s", "Table").unwrap(), old_table);
    assert_eq!(
        resource(&cloud, &id, "Table")[3..],
        [
            "UPDATE_IN_PROGRESS: Requested update requires the creation of a new physical resource; hence creating one.",
            "CREATE_IN_PROGRESS: Resource creation Initiated",
            "UPDATE_COMPLETE",
            "DELETE_IN_PROGRESS",
            "DELETE_COMPLETE"
        ]
    );
    assert_eq!(
        resource(&cloud, &id, "Reader")[3..],
        ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]
    );
    assert_eq!(
        resource(&cloud, &id, "Old")[3..],
        ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]
    );
    assert_eq!(resource(&cloud, &id, "Same").len(), same);
    let names: Vec<_> = cloud
        .inventory()
        .into_iter()
        .map(|physical| physical.logical_id)
        .collect();
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(!names.contains(&"Old".to_owned()));
}

// R8
#[tokio::test(start_paused = true)]
async fn a_named_resource_cannot_be_replaced_under_its_name() {
    let table = |schema: &str| {
        format!(
            "Resources:\n  T: {{ Type: AWS::DynamoDB::Table, Properties: {{ TableName: t, KeySchema: {schema} }} }}\n"
        )
    };
    let cloud = FakeCloud::default();
    let id = create(&cloud, "s", &table("a")).await;
    update(&cloud, "s", &table("b")).await;
    assert_eq!(status(&cloud, "s"), S::UpdateRollbackComplete);
    assert!(resource(&cloud, &id, "T").contains(
        &"UPDATE_FAILED: CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename t and update the stack again.".to_owned()
    ));
    assert_eq!(cloud.physical_id("s", "T").unwrap(), "t");
    assert_eq!(cloud.inventory().len(), 1);
}

// R9
#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_fails_the_creation() {
    let table = "Resources:\n  T: { Type: AWS::DynamoDB::Table, Properties: { TableName: t } }\n";
    let cloud = FakeCloud::default();
    cloud.person().make("AWS::DynamoDB::Table", "t");
    let id = create(&cloud, "s", table).await;
    assert_eq!(status(&cloud, "s"), S::RollbackComplete);
    assert!(resource(&cloud, &id, "T")[1].contains("\"t already exists\""));
    assert_eq!(
        cloud.inventory()[0].stack,
        None,
        "the other one is still there"
    );
}

// R10 R11
#[tokio::test(start_paused = true)]
async fn policies_keep_resources() {
    let template = "
Resources:
  Kept: { Type: AWS::DynamoDB::Table, DeletionPolicy: Retain }
  Careful: { Type: AWS::DynamoDB::Table, DeletionPolicy: RetainExceptOnCreate, DependsOn: Kept }
  Last: { Type: AWS::SQS::Queue, DependsOn: Careful }
";
    let cloud = FakeCloud::default();
    let id = create(&cloud, "s", template).await;
    delete(&cloud, "s").await;
    for name in ["Kept", "Careful"] {
        assert_eq!(
            resource(&cloud, &id, name).last().unwrap(),
            "DELETE_SKIPPED"
        );
    }
    let left = cloud.inventory();
    assert_eq!(left.len(), 2);
    assert!(left.iter().all(|physical| physical.stack.is_none()));

    let cloud = FakeCloud::default();
    cloud.fail(ResourceFault::new(
        "s",
        "Last",
        FaultStep::Create,
        "it broke",
    ));
    let id = create(&cloud, "s", template).await;
    assert_eq!(statuses(&cloud, &id).last().unwrap(), "ROLLBACK_COMPLETE");
    let left: Vec<_> = cloud
        .inventory()
        .into_iter()
        .map(|physical| physical.logical_id)
        .collect();
    assert_eq!(left, ["Kept"]);
}

// R12
#[tokio::test(start_paused = true)]
async fn the_cleanup_of_an_update_gives_up() {
    let two = "Resources:\n  A: { Type: AWS::SQS::Queue }\n  B: { Type: AWS::SQS::Queue }\n";
    let one = "Resources:\n  A: { Type: AWS::SQS::Queue }\n";
    for (times, left) in [(2, 1), (3, 2)] {
        let cloud = FakeCloud::default();
        create(&cloud, "s", two).await;
        cloud.fail(ResourceFault::new("s", "B", FaultStep::Delete, "it broke").times(times));
        update(&cloud, "s", one).await;
        assert_eq!(status(&cloud, "s"), S::UpdateComplete);
        assert_eq!(cloud.inventory().len(), left);
    }
}

// R13
#[tokio::test(start_paused = true)]
async fn a_bucket_has_to_be_empty_to_go() {
    let cloud = FakeCloud::default();
    let id = create(
        &cloud,
        "s",
        "Resources:\n  Files: { Type: AWS::S3::Bucket }\n",
    )
    .await;
    let bucket = cloud.physical_id("s", "Files").unwrap();
    assert!(cloud.write(&bucket, "a", b"a"));
    delete(&cloud, "s").await;
    assert_eq!(status(&cloud, "s"), S::DeleteFailed);
    assert!(
        resource(&cloud, &id, "Files")
            .last()
            .unwrap()
            .contains("The bucket you tried to delete is not empty")
    );
    cloud.empty(&bucket).await.unwrap();
    delete(&cloud, "s").await;
    assert_eq!(cloud.buckets(), Vec::<String>::new());
}
