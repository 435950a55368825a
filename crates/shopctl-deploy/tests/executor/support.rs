//! What a cloud has to look like when all is well.

use shopctl_core::event::Event;
use shopctl_core::plan::StackAction;
use shopctl_testing::{ARTIFACTS, FakeCloud, Run, TestProject, TestResource, TestStack};

/// Three stacks in a row and one beside them, with code.
pub fn shop() -> TestProject {
    TestProject::new([
        TestStack::new("network"),
        TestStack::new("database")
            .after("network")
            .with(TestResource::new("Second").after("First")),
        TestStack::new("api").after("database").with_code("api"),
        TestStack::new("mail"),
    ])
}

/// Everything is there as the project says, once, and nothing else is.
pub async fn assert_deployed(cloud: &FakeCloud, project: &TestProject) {
    cloud.settle().await;
    let stacks = cloud.stacks();
    assert_eq!(
        stacks.len(),
        project.stacks.len(),
        "other stacks than the project's: {stacks:?}"
    );
    let mut resources = 0;
    for stack in &project.stacks {
        let name = project.cloud_name(stack.name.as_str());
        let name = name.as_str();
        let status = cloud.status(name).expect("the stack is there");
        assert!(status.is_healthy(), "{name} is in {status}");
        assert_eq!(
            cloud.template_body(name).as_deref(),
            Some(stack.template().as_str()),
            "template of {name}"
        );
        let read = match stack.reads_version {
            true => "Version",
            false => "Value",
        };
        let given: Vec<String> = cloud.parameters(name).into_values().collect();
        let put_out: Vec<String> = stack
            .needs
            .iter()
            .map(|need| cloud.outputs(project.cloud_name(need.as_str()).as_str())[read].clone())
            .collect();
        // Both are in the order of the stacks' names.
        assert_eq!(given, put_out, "what {name} reads");
        for (change_set, execution) in cloud.change_sets(name) {
            assert_ne!(execution, "AVAILABLE", "{change_set} of {name} is left");
        }
        resources += stack.resources.len();
    }
    let inventory = cloud.inventory();
    assert_eq!(inventory.len(), resources, "{inventory:#?}");
    assert!(
        inventory.iter().all(|physical| physical.stack.is_some()),
        "no stack owns some of these: {inventory:#?}"
    );
}

/// Nothing is there any more.
pub async fn assert_gone(cloud: &FakeCloud) {
    cloud.settle().await;
    assert_eq!(cloud.stacks(), Default::default());
    assert_eq!(cloud.inventory(), []);
    assert_eq!(cloud.buckets(), Vec::<String>::new());
    assert_eq!(cloud.log_groups(), Vec::<String>::new());
}

/// Planning once more finds nothing to do, and doing it changes nothing.
pub async fn assert_nothing_to_do(cloud: &FakeCloud, project: &TestProject) {
    cloud.forget_calls();
    let run = project.deploy(cloud).await;
    assert!(run.succeeded(), "{run:#?}");
    assert!(
        run.actions()
            .iter()
            .all(|(_, action)| *action == StackAction::None),
        "{:?}",
        run.actions()
    );
    let calls = cloud.calls();
    let most = project.stacks.len() + 3;
    assert!(calls.len() <= most, "{:?}", calls.by_operation());
}

/// Everything that went wrong, for messages.
pub fn errors(run: &Run) -> String {
    let failures: Vec<String> = run
        .events
        .iter()
        .filter_map(|event| match event {
            Event::StackFailed { failure, .. } => {
                Some(format!("{}: {}", failure.cloud_name, failure.reason))
            }
            Event::StepFailed { title, message, .. } => Some(format!("{title}: {message}")),
            _ => None,
        })
        .collect();
    format!("{failures:#?} {:?}", run.ended)
}

/// Deploys, or says why not.
pub async fn deploy(cloud: &FakeCloud, project: &TestProject) -> Run {
    let run = project.deploy(cloud).await;
    assert!(run.succeeded(), "{}", errors(&run));
    run
}

/// Keys of the artifact bucket.
pub fn artifacts(cloud: &FakeCloud) -> Vec<String> {
    cloud.keys(ARTIFACTS)
}
