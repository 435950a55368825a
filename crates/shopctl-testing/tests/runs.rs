//! Locks, documents of runs and retention on the in-memory cloud.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::collections::BTreeMap;

use shopctl_core::plan::StackAction;
use shopctl_core::planner::plan_deploy;
use shopctl_core::record::digest;
use shopctl_core::run_document::{
    Origin, RunCommand, RunDocument, RunStack, RunState, VERSION, template_key,
};
use shopctl_deploy::prune::{carry_out, plan_prune};
use shopctl_deploy::prune_versions::{delete_versions, plan_versions};
use shopctl_deploy::{EventSender, Interrupt, changes_nothing, observe, runs};
use shopctl_testing::{
    ARTIFACTS, Command, FakeCloud, TestProject, TestResource, TestSite, TestStack,
};
use tokio::sync::mpsc;

fn project(stacks: usize) -> TestProject {
    let stacks = (0..stacks)
        .map(|number| TestStack::new(&format!("s{number}")).with(TestResource::new("Queue")));
    let mut project = TestProject::new(stacks);
    project.stacks.push(
        TestStack::new("page")
            .with(TestResource::new("Site").of_type("AWS::S3::Bucket"))
            .with_output("Bucket", "{ Ref: Site }")
            .with_output("Distribution", "D1"),
    );
    project.site = Some(TestSite {
        stack: "page".into(),
        files: BTreeMap::from([("index.html".to_owned(), "<p>hello</p>".to_owned())]),
    });
    project
}

#[tokio::test(start_paused = true)]
async fn looking_at_what_needs_no_change_costs_a_call_a_stack_and_two() {
    let cloud = FakeCloud::default();
    let project = project(12);
    let first = project.deploy(&cloud).await;
    assert!(first.succeeded(), "{:?}", first.report().errors);
    cloud.forget_calls();
    let again = project.runner(&cloud, Command::Deploy).run().await;
    assert!(again.succeeded() && !again.report().changed);
    let calls = cloud.calls();
    // `GetCallerIdentity` comes on top and makes N + 3 calls in three round trips.
    assert_eq!(
        calls.by_operation(),
        BTreeMap::from([
            ("DescribeStacks", 13),
            ("GetObject", 1),
            ("ListObjectsV2", 1)
        ])
    );
    assert_eq!(calls.rounds(), 2);
}

#[tokio::test(start_paused = true)]
async fn only_a_run_that_changes_something_asks_for_the_lock() {
    let cloud = FakeCloud::default();
    let mut project = project(2);
    let nothing = async |project: &TestProject| {
        let ports = cloud.ports();
        let observed = observe(&ports, ARTIFACTS, &project.names()).await.unwrap();
        let desired = project.desired();
        let plan = plan_deploy(&desired, &observed).unwrap();
        let (sender, _receiver) = mpsc::unbounded_channel();
        let cancel = Interrupt::new();
        let events = EventSender::new(sender);
        let context = project.context(ports, &desired, &observed, "run", events, cancel);
        changes_nothing(&plan, &context, &observed)
    };
    assert!(!nothing(&project).await, "nothing is there yet");
    assert!(project.deploy(&cloud).await.succeeded());
    assert!(nothing(&project).await);

    project.stack("s1").bump();
    assert!(!nothing(&project).await, "a stack differs");
    assert!(project.deploy(&cloud).await.succeeded());
    assert!(nothing(&project).await);

    let site = project.site.as_mut().unwrap();
    site.files
        .insert("about.html".to_owned(), "<p>us</p>".to_owned());
    assert!(!nothing(&project).await, "a file of the site is new");
    assert!(project.deploy(&cloud).await.succeeded());
    assert!(nothing(&project).await);

    let bucket = cloud.outputs("test-page")["Bucket"].clone();
    assert!(cloud.erase(&bucket, "about.html"));
    assert!(
        !nothing(&project).await,
        "somebody deleted a file of the site"
    );
}

/// Writes the document that a run of `project` leaves.
async fn keep(cloud: &FakeCloud, project: &TestProject, run: &str) {
    let desired = project.desired();
    let ports = cloud.ports();
    let objects = ports.objects.as_ref();
    let mut document = RunDocument {
        version: VERSION,
        run: run.to_owned(),
        command: RunCommand::Deploy,
        state: RunState::Succeeded,
        project: "test".to_owned(),
        environment: "test".into(),
        account: String::new(),
        region: String::new(),
        tool: String::new(),
        started: String::new(),
        finished: None,
        elapsed_ms: None,
        by: Origin::default(),
        git: None,
        project_digest: None,
        fast: false,
        rollback_to: None,
        took_over: None,
        found_dead_by: None,
        stacks: indexmap::IndexMap::new(),
        site: None,
        steps: Vec::new(),
        errors: Vec::new(),
    };
    for stack in &desired.stacks {
        let planned = RunStack::planned(stack, StackAction::Update);
        document
            .stacks
            .insert(stack.template.stack.clone(), planned);
        let key = template_key(&stack.template.digest);
        cloud.write(ARTIFACTS, &key, stack.template.body.as_bytes());
    }
    runs::write(objects, ARTIFACTS, &document).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_a_stack_a_kept_run_or_a_version_uses_is_never_pruned() {
    let cloud = FakeCloud::default();
    let key = |code: &str| format!("artifacts/{}.zip", digest(code.as_bytes()));
    let mut project =
        TestProject::new([TestStack::new("api")
            .with(TestResource::new("Function").of_type("AWS::Lambda::Function"))]);
    for code in ["one", "two", "three", "four"] {
        project.stack("api").code = Some(code.as_bytes().to_vec());
        assert!(project.deploy(&cloud).await.succeeded());
        keep(&cloud, &project, code).await;
    }
    let function = cloud.physical_id("test-api", "Function").unwrap();
    cloud.publish_version(&function, &digest(b"one"));
    // Runs sort by name: four, one, three, two. The newest is `two`.
    let ports = cloud.ports();
    let names: Vec<_> = project.names().into_iter().map(|(_, name)| name).collect();
    let plan = plan_prune(&ports, ARTIFACTS, &names, 1).await.unwrap();
    assert_eq!(plan.runs, ["four", "one", "three"]);
    carry_out(&ports, ARTIFACTS, &plan).await.unwrap();
    let left = cloud.keys(ARTIFACTS);
    assert!(
        left.contains(&key("two")),
        "the kept run needs it: {left:?}"
    );
    assert!(left.contains(&key("four")), "it is deployed: {left:?}");
    assert!(left.contains(&key("one")), "a version has it: {left:?}");
    assert!(!left.contains(&key("three")), "nobody needs it: {left:?}");
    assert!(left.contains(&"records/latest.json".to_owned()));
    assert!(left.contains(&"records/runs/two.json".to_owned()));
    assert!(!left.contains(&"records/runs/three.json".to_owned()));
    let again = plan_prune(&ports, ARTIFACTS, &names, 1).await.unwrap();
    assert_eq!(again.objects, []);
    assert!(project.deploy(&cloud).await.succeeded());
}

#[tokio::test(start_paused = true)]
async fn versions_that_nothing_needs_are_deleted() {
    let cloud = FakeCloud::default();
    let project =
        TestProject::new([TestStack::new("api")
            .with(TestResource::new("Function").of_type("AWS::Lambda::Function"))]);
    assert!(project.deploy(&cloud).await.succeeded());
    let function = cloud.physical_id("test-api", "Function").unwrap();
    for code in ["a", "b", "c", "d", "e", "f"] {
        cloud.publish_version(&function, &digest(code.as_bytes()));
    }
    cloud.use_version(&function, 2);
    let ports = cloud.ports();
    let names: Vec<_> = project.names().into_iter().map(|(_, name)| name).collect();
    let numbers = async |keep| {
        let old = plan_versions(&ports, &names, keep).await.unwrap();
        old.iter().map(|old| old.version).collect::<Vec<_>>()
    };
    assert_eq!(numbers(2).await, [1, 3, 4]);
    assert_eq!(numbers(0).await, [1, 3, 4, 5, 6]);
    assert_eq!(numbers(6).await, Vec::<u64>::new());

    // An alias that came meanwhile: Lambda keeps the version, and says why.
    let old = plan_versions(&ports, &names, 2).await.unwrap();
    cloud.use_version(&function, 3);
    let kept = delete_versions(&ports, &old).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert!(kept[0].1.contains("aliases reference it"), "{}", kept[0].1);
    assert_eq!(cloud.published(&function), [2, 3, 5, 6]);
}
