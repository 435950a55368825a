//! Part P: exports and imports.

use shopctl_core::status::StackStatus as S;
use shopctl_testing::FakeCloud;

use crate::support::{create, delete, resource, status, statuses, update};

const PRODUCER: &str = "
Resources:
  Q: { Type: AWS::SQS::Queue }
Outputs:
  Name: { Value: one, Export: { Name: shop-name } }
";

const CONSUMER: &str = "
Resources:
  Q: { Type: AWS::SQS::Queue, Properties: { From: !ImportValue shop-name } }
Outputs:
  Got: { Value: !ImportValue shop-name }
";

// P1
#[tokio::test(start_paused = true)]
async fn an_export_is_imported() {
    let cloud = FakeCloud::default();
    create(&cloud, "producer", PRODUCER).await;
    create(&cloud, "consumer", CONSUMER).await;
    assert_eq!(cloud.outputs("consumer")["Got"], "one");
}

// P2
#[tokio::test(start_paused = true)]
async fn a_missing_export_fails_before_any_resource() {
    let cloud = FakeCloud::default();
    let id = create(&cloud, "consumer", CONSUMER).await;
    assert_eq!(status(&cloud, "consumer"), S::RollbackComplete);
    assert_eq!(resource(&cloud, &id, "Q"), Vec::<String>::new());
    let reasons: Vec<_> = cloud
        .history(&id)
        .into_iter()
        .filter_map(|event| event.reason)
        .collect();
    assert!(
        reasons
            .contains(&"No export named shop-name found. Rollback requested by user.".to_owned())
    );
}

// P3
#[tokio::test(start_paused = true)]
async fn an_export_in_use_can_neither_go_nor_change() {
    let removed = PRODUCER.split("Outputs:").next().unwrap().to_owned();
    for (template, verb) in [
        (removed, "deleted"),
        (PRODUCER.replace("one", "two"), "updated"),
    ] {
        let cloud = FakeCloud::default();
        let id = create(&cloud, "producer", PRODUCER).await;
        create(&cloud, "consumer", CONSUMER).await;
        update(&cloud, "producer", &template).await;
        assert_eq!(status(&cloud, "producer"), S::UpdateRollbackComplete);
        let rollback = cloud
            .history(&id)
            .into_iter()
            .find(|event| event.status == "UPDATE_ROLLBACK_IN_PROGRESS")
            .unwrap();
        assert_eq!(
            rollback.reason.unwrap(),
            format!("Export shop-name cannot be {verb} as it is in use by consumer")
        );
        assert!(
            cloud
                .history(&id)
                .iter()
                .all(|event| !event.status.ends_with("_FAILED"))
        );
        delete(&cloud, "consumer").await;
        update(&cloud, "producer", &template).await;
        assert_eq!(status(&cloud, "producer"), S::UpdateComplete);
    }
}

// P4 S14
#[tokio::test(start_paused = true)]
async fn a_stack_whose_export_is_in_use_is_not_deleted() {
    let cloud = FakeCloud::default();
    let id = create(&cloud, "producer", PRODUCER).await;
    create(&cloud, "consumer", CONSUMER).await;
    delete(&cloud, "producer").await;
    assert_eq!(
        statuses(&cloud, &id)[3..],
        ["DELETE_IN_PROGRESS", "CREATE_COMPLETE"]
    );
    assert_eq!(
        cloud.status_reason("producer").unwrap(),
        "Delete canceled. Cannot delete export shop-name as it is in use by consumer."
    );
    delete(&cloud, "consumer").await;
    delete(&cloud, "producer").await;
    assert_eq!(cloud.inventory(), []);
}

// P5
#[tokio::test(start_paused = true)]
async fn a_name_is_exported_once() {
    let cloud = FakeCloud::default();
    create(&cloud, "producer", PRODUCER).await;
    create(&cloud, "other", PRODUCER).await;
    assert_eq!(status(&cloud, "other"), S::RollbackComplete);
}
