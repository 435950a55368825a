//! Part E: events.

use std::time::Duration;

use shopctl_deploy::ports::{ChangeSetType, CloudFormation};
use shopctl_testing::{EventDelivery, FakeCloud, FaultStep, ResourceFault};

use crate::support::{CHANGED, PAIR, apply, create, delete, line, resource, update};

// E1
#[tokio::test(start_paused = true)]
async fn events_are_read_back_to_a_known_one_on_pages() {
    let cloud = FakeCloud::default();
    let id = create(&cloud, "s", PAIR).await;
    cloud.configure(|settings| settings.events_page = 4);
    cloud.forget_calls();
    let all = cloud.events(&id, None).await.unwrap();
    assert_eq!(all, cloud.history(&id));
    assert_eq!(all.len(), 9);
    assert_eq!(cloud.calls().count("DescribeStackEvents"), 3);
    let since = cloud.events(&id, Some(&all[6].event_id)).await.unwrap();
    assert_eq!(since, all[7..]);
    assert_eq!(cloud.calls().count("DescribeStackEvents"), 4);
    let latest = cloud.latest_event(&id).await.unwrap();
    assert_eq!(latest.as_ref(), Some(&all[8].event_id));
    assert_eq!(cloud.events(&id, latest.as_deref()).await.unwrap(), []);
}

// E2 E3
#[tokio::test(start_paused = true)]
async fn a_created_resource_has_three_events() {
    let cloud = FakeCloud::default();
    let id = create(&cloud, "s", PAIR).await;
    assert_eq!(
        resource(&cloud, &id, "A"),
        [
            "CREATE_IN_PROGRESS",
            "CREATE_IN_PROGRESS: Resource creation Initiated",
            "CREATE_COMPLETE"
        ]
    );
    let events = cloud.history(&id);
    let of_a: Vec<_> = events
        .iter()
        .filter(|e| e.logical_id.as_str() == "A")
        .collect();
    assert_eq!(of_a[0].physical_id, None);
    assert_eq!(of_a[1].physical_id, cloud.physical_id("s", "A"));
    let own = events.last().unwrap();
    assert_eq!(own.physical_id.as_deref(), Some(id.as_str()));
    assert_eq!(own.resource_type, "AWS::CloudFormation::Stack");
    assert_eq!(
        (own.logical_id.as_str(), line(own).as_str()),
        ("s", "CREATE_COMPLETE")
    );
}

// E4
#[tokio::test(start_paused = true)]
async fn a_deleted_stacks_events_are_told_by_its_arn() {
    let cloud = FakeCloud::default();
    let id = create(&cloud, "s", PAIR).await;
    delete(&cloud, "s").await;
    assert!(cloud.events("s", None).await.is_err());
    let events = cloud.events(&id, None).await.unwrap();
    assert_eq!(events.last().unwrap().status, "DELETE_COMPLETE");
}

// E5
#[tokio::test(start_paused = true)]
async fn events_can_come_late_and_together() {
    let cloud = FakeCloud::default();
    cloud.configure(|settings| {
        settings.events = EventDelivery {
            lag: Duration::from_secs(5),
            burst: Some(Duration::from_secs(10)),
            straggler: None,
        };
    });
    let id = create(&cloud, "s", PAIR).await;
    assert!(cloud.now() < Duration::from_secs(10));
    assert_eq!(cloud.events(&id, None).await.unwrap(), []);
    let mut counts = Vec::new();
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_secs(5)).await;
        counts.push(cloud.events(&id, None).await.unwrap().len());
    }
    assert_eq!(*counts.last().unwrap(), 9);
    counts.dedup();
    assert!(counts.len() <= 3, "{counts:?}");
    assert_eq!(cloud.events(&id, None).await.unwrap(), cloud.history(&id));
}

// E6
#[tokio::test(start_paused = true)]
async fn single_events_can_be_overtaken() {
    let cloud = FakeCloud::default();
    cloud.configure(|settings| settings.events.straggler = Some((2, Duration::from_secs(60))));
    let id = create(&cloud, "s", PAIR).await;
    let all = cloud.history(&id);
    let early = cloud.events(&id, None).await.unwrap();
    assert!(early.len() < all.len() && !early.is_empty());
    // Reading on from the newest never tells the ones that were overtaken.
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_eq!(cloud.events(&id, None).await.unwrap(), all);
    let newest = early.last().unwrap();
    let later = cloud.events(&id, Some(&newest.event_id)).await.unwrap();
    assert!(later.len() + early.len() < all.len());
}

// E7
#[tokio::test(start_paused = true)]
async fn a_failure_cancels_what_runs() {
    let template = "
Resources:
  Bad: { Type: AWS::SQS::Queue, Properties: { Version: V } }
  Slow: { Type: AWS::SQS::Queue, Properties: { Version: V } }
";
    let cloud = FakeCloud::default();
    cloud.configure(|settings| {
        settings
            .durations
            .insert("s/Slow".to_owned(), Duration::from_secs(60));
    });
    let bad = ResourceFault::new("s", "Bad", FaultStep::Create, "it broke").times(1);
    cloud.fail(bad);
    let id = create(&cloud, "s", template).await;
    assert_eq!(
        resource(&cloud, &id, "Slow")[..2],
        [
            "CREATE_IN_PROGRESS",
            "CREATE_FAILED: Resource creation cancelled"
        ]
    );
    delete(&cloud, "s").await;
    let id = create(&cloud, "s", template).await;
    cloud.fail(ResourceFault::new(
        "s",
        "Bad",
        FaultStep::Update,
        "it broke",
    ));
    apply(
        &cloud,
        "s",
        ChangeSetType::Update,
        &template.replace('V', "W"),
    )
    .await
    .unwrap();
    cloud.settle().await;
    assert!(
        resource(&cloud, &id, "Slow")
            .contains(&"UPDATE_FAILED: Resource update cancelled".to_owned())
    );
    cloud.heal();
    update(&cloud, "s", &template.replace('V', "W")).await;
    assert!(CHANGED.contains("two"));
}
