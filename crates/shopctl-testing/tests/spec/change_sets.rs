//! Part C: change sets.

use shopctl_core::status::StackStatus as S;
use shopctl_deploy::ports::{
    ChangeSetState, ChangeSetType, CloudErrorKind, CloudFormation, EventScope, Investigation,
    OperationEventKind,
};
use shopctl_testing::FakeCloud;

use crate::support::{
    CHANGED, PAIR, apply, computed, create, delete, request, status, update, watching,
};

// C1 C2 C3
#[tokio::test(start_paused = true)]
async fn a_change_set_is_computed_in_a_stack_in_review() {
    let cloud = FakeCloud::default();
    let first = request("s", ChangeSetType::Create, PAIR);
    let id = cloud.create_change_set(&first).await.unwrap();
    assert_eq!(
        cloud.change_set(&id).await.unwrap(),
        ChangeSetState::Pending
    );
    assert_eq!(
        computed(&cloud, &id).await,
        ChangeSetState::Ready { changes: 2 }
    );
    assert_eq!(status(&cloud, "s"), S::ReviewInProgress);
    assert_eq!(cloud.resources("s").await.unwrap(), []);
    assert_eq!(cloud.template("s").await.unwrap(), "");
    let second = request("s", ChangeSetType::Create, CHANGED);
    let second = cloud
        .create_change_set(&shopctl_deploy::ports::ChangeSetRequest {
            name: "second".to_owned(),
            ..second
        })
        .await
        .unwrap();
    assert_eq!(second.stack, id.stack);
}

// C4 C5
#[tokio::test(start_paused = true)]
async fn one_without_changes_is_told_as_empty_whatever_its_text() {
    let cloud = FakeCloud::default();
    create(&cloud, "s", PAIR).await;
    let id = cloud
        .create_change_set(&request("s", ChangeSetType::Update, PAIR))
        .await
        .unwrap();
    assert_eq!(computed(&cloud, &id).await, ChangeSetState::Empty);
    let error = cloud.execute_change_set(&id, "token").await.unwrap_err();
    assert!(
        error.message.contains("in its current status of [FAILED]"),
        "{error}"
    );

    let transformed = format!("Transform: AWS::Serverless-2016-10-31\n{PAIR}");
    let mut with_transform = request("t", ChangeSetType::Create, &transformed);
    with_transform
        .capabilities
        .insert(shopctl_core::template::Capability::AutoExpand);
    let id = cloud.create_change_set(&with_transform).await.unwrap();
    computed(&cloud, &id).await;
    cloud.execute_change_set(&id, "t").await.unwrap();
    cloud.settle().await;
    with_transform.change_set_type = ChangeSetType::Update;
    with_transform.name = "again".to_owned();
    let id = cloud.create_change_set(&with_transform).await.unwrap();
    assert_eq!(computed(&cloud, &id).await, ChangeSetState::Empty);
}

// C6
#[tokio::test(start_paused = true)]
async fn one_can_fail_with_a_reason() {
    let cloud = FakeCloud::default();
    let reason =
        "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck].";
    cloud.configure(|settings| {
        settings
            .failing_change_sets
            .insert("s".to_owned(), vec![reason.to_owned()]);
    });
    let id = cloud
        .create_change_set(&request("s", ChangeSetType::Create, PAIR))
        .await
        .unwrap();
    let state = computed(&cloud, &id).await;
    assert_eq!(
        state,
        ChangeSetState::Failed {
            reason: reason.to_owned()
        }
    );
    assert_eq!(status(&cloud, "s"), S::ReviewInProgress);
}

// C7
#[tokio::test(start_paused = true)]
async fn one_that_is_not_ready_is_not_executed() {
    let cloud = FakeCloud::default();
    let id = cloud
        .create_change_set(&request("s", ChangeSetType::Create, PAIR))
        .await
        .unwrap();
    let error = cloud.execute_change_set(&id, "token").await.unwrap_err();
    assert_eq!(error.kind, CloudErrorKind::Conflict);
    assert!(
        error
            .message
            .contains("in its current status of [CREATE_IN_PROGRESS]"),
        "{error}"
    );
}

// C8 C9
#[tokio::test(start_paused = true)]
async fn executing_one_makes_the_others_obsolete() {
    let cloud = FakeCloud::default();
    create(&cloud, "s", PAIR).await;
    let ready = cloud
        .create_change_set(&request("s", ChangeSetType::Update, CHANGED))
        .await
        .unwrap();
    computed(&cloud, &ready).await;
    let mut late = request("s", ChangeSetType::Update, CHANGED);
    late.name = "late".to_owned();
    let late = cloud.create_change_set(&late).await.unwrap();
    cloud
        .person()
        .update_stack("s", CHANGED, &[], false)
        .unwrap();
    for id in [&ready, &late] {
        computed(&cloud, id).await;
        let error = cloud.execute_change_set(id, "token").await.unwrap_err();
        assert!(
            error
                .message
                .contains("in its current execution status of [OBSOLETE]"),
            "{error}"
        );
    }
}

// C10
#[tokio::test(start_paused = true)]
async fn a_token_makes_an_execution_repeatable() {
    let cloud = FakeCloud::default();
    let id = apply(&cloud, "s", ChangeSetType::Create, PAIR)
        .await
        .unwrap();
    let (_, execution) = cloud.change_sets("s")[0].clone();
    assert_eq!(execution, "EXECUTE_IN_PROGRESS");
    let token = cloud.change_sets("s")[0].0.clone();
    cloud.execute_change_set(&id, &token).await.unwrap();
    let error = cloud.execute_change_set(&id, "another").await.unwrap_err();
    assert!(error.message.contains("[EXECUTE_IN_PROGRESS]"), "{error}");
    cloud.settle().await;
    cloud.execute_change_set(&id, &token).await.unwrap();
    cloud.settle().await;
    assert_eq!(cloud.times_made("s", "A"), 1);
    let error = cloud
        .delete_stack(&id.stack, None, &token)
        .await
        .unwrap_err();
    assert!(
        error.message.contains("TokenAlreadyExistsException"),
        "{error}"
    );
}

// C11
#[tokio::test(start_paused = true)]
async fn deleting_one_takes_a_while() {
    let cloud = FakeCloud::default();
    let wanted = request("s", ChangeSetType::Create, PAIR);
    let id = cloud.create_change_set(&wanted).await.unwrap();
    computed(&cloud, &id).await;
    cloud.delete_change_set(&id).await.unwrap();
    let error = cloud.create_change_set(&wanted).await.unwrap_err();
    assert_eq!(error.kind, CloudErrorKind::Conflict);
    assert!(
        error
            .message
            .starts_with("An operation on this ChangeSet is currently in progress")
    );
    cloud.settle().await;
    cloud.delete_change_set(&id).await.unwrap();
    cloud.create_change_set(&wanted).await.unwrap();
}

// C12
#[tokio::test(start_paused = true)]
async fn outputs_and_tags_are_changes() {
    let cloud = FakeCloud::default();
    create(&cloud, "s", PAIR).await;
    let more = format!("{PAIR}  More: {{ Value: output }}\n");
    update(&cloud, "s", &more).await;
    assert_eq!(cloud.outputs("s")["More"], "output");
    let mut tagged = request("s", ChangeSetType::Update, &more);
    tagged.tags.insert("team".to_owned(), "shop".to_owned());
    let id = cloud.create_change_set(&tagged).await.unwrap();
    assert_eq!(
        computed(&cloud, &id).await,
        ChangeSetState::Ready { changes: 2 }
    );
    cloud.execute_change_set(&id, "tags").await.unwrap();
    cloud.settle().await;
    assert_eq!(cloud.tags("s")["team"], "shop");
}

// C13 X14
#[tokio::test(start_paused = true)]
async fn a_deleted_stack_has_none() {
    let cloud = FakeCloud::default();
    let id = cloud
        .create_change_set(&request("s", ChangeSetType::Create, PAIR))
        .await
        .unwrap();
    computed(&cloud, &id).await;
    delete(&cloud, "s").await;
    let error = cloud.change_set(&id).await.unwrap_err();
    assert_eq!(error.kind, CloudErrorKind::NotFound);
    assert!(
        error
            .message
            .ends_with("does not exist (ChangeSetNotFound)"),
        "{error}"
    );
}

// C14
#[tokio::test(start_paused = true)]
async fn a_name_is_taken_once() {
    let cloud = FakeCloud::default();
    let wanted = request("s", ChangeSetType::Create, PAIR);
    let id = cloud.create_change_set(&wanted).await.unwrap();
    let error = cloud.create_change_set(&wanted).await.unwrap_err();
    assert_eq!(error.kind, CloudErrorKind::Conflict);
    assert_eq!(
        error.message,
        format!(
            "ChangeSet [{}] already exists (AlreadyExistsException)",
            id.change_set
        )
    );
}

// C15
#[tokio::test(start_paused = true)]
async fn what_validation_found_is_told_of_the_failed_change_set() {
    let cloud = FakeCloud::default();
    cloud.configure(|settings| {
        let reasons = vec!["hooks failed".to_owned()];
        settings.failing_change_sets.insert("s".to_owned(), reasons);
        let found = ["A", "AWS::SQS::Queue", "it exists"].map(str::to_owned);
        let [id, resource_type, reason] = found;
        settings
            .validation_errors
            .insert("s".to_owned(), vec![(id, resource_type, reason)]);
    });
    let wanted = request("s", ChangeSetType::Create, PAIR);
    let id = cloud.create_change_set(&wanted).await.unwrap();
    let told = async || {
        let scope = EventScope::ChangeSet(&id.change_set);
        cloud.failed_events(scope).await.unwrap()
    };
    assert_eq!(told().await, []);
    computed(&cloud, &id).await;
    let told = told().await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].logical_id, Some("A".into()));
    assert_eq!(told[0].kind, OperationEventKind::Validation);
    assert_eq!(told[0].reason.as_deref(), Some("it exists"));
}

// C16
#[tokio::test(start_paused = true)]
async fn other_alarms_are_a_change_and_stay() {
    let cloud = FakeCloud::default();
    create(&cloud, "s", PAIR).await;
    let rule = watching("errors", 5);
    let mut wanted = request("s", ChangeSetType::Update, PAIR);
    wanted.rollback = Some(rule.clone());
    let id = cloud.create_change_set(&wanted).await.unwrap();
    assert_eq!(
        computed(&cloud, &id).await,
        ChangeSetState::Ready { changes: 0 }
    );
    cloud.execute_change_set(&id, "first").await.unwrap();
    cloud.settle().await;
    update(&cloud, "s", CHANGED).await;
    cloud.settle().await;
    let seen = cloud.describe("s").await.unwrap().unwrap();
    assert_eq!(seen.rollback, rule);

    cloud.configure(|settings| settings.alarms_alone_are_no_change = true);
    let mut wanted = request("s", ChangeSetType::Update, CHANGED);
    wanted.name = "again".to_owned();
    wanted.rollback = Some(watching("latency", 0));
    let id = cloud.create_change_set(&wanted).await.unwrap();
    assert_eq!(computed(&cloud, &id).await, ChangeSetState::Empty);
}
