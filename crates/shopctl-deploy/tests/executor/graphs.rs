//! Laws that hold for any project and any failures.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use shopctl_core::event::Event;
use shopctl_core::plan::{Plan, StepId};
use shopctl_testing::{
    FakeCloud, Fault, FaultRule, FaultStep, ResourceFault, Run, TestProject, TestResource,
    TestStack,
};

use crate::support::{assert_deployed, assert_gone, assert_nothing_to_do, errors};

/// What goes wrong with a stack.
#[derive(Debug, Clone, Copy)]
pub enum Trouble {
    Create,
    CreateAndRollback,
    ChangeSet,
    Denied,
    Update,
}

#[derive(Debug, Clone)]
pub struct Case {
    /// For each stack the stacks before it that it reads from, as bits.
    needs: Vec<u16>,
    resources: Vec<u8>,
    troubles: Vec<(u8, Trouble)>,
    pub throttled: u8,
    stale_reads: u32,
    /// Milliseconds.
    read_lag: u64,
    concurrency: usize,
    seed: u64,
}

pub fn case() -> impl Strategy<Value = Case> {
    let trouble = prop_oneof![
        Just(Trouble::Create),
        Just(Trouble::CreateAndRollback),
        Just(Trouble::ChangeSet),
        Just(Trouble::Denied),
        Just(Trouble::Update),
    ];
    (1usize..=12).prop_flat_map(move |count| {
        (
            proptest::collection::vec(any::<u16>(), count),
            proptest::collection::vec(1u8..4, count),
            proptest::collection::vec((0u8..12, trouble.clone()), 0..4),
            0u8..30,
            0u32..3,
            0u64..3000,
            1usize..9,
            any::<u64>(),
        )
            .prop_map(
                |(
                    edges,
                    resources,
                    troubles,
                    throttled,
                    stale_reads,
                    read_lag,
                    concurrency,
                    seed,
                )| {
                    let needs = edges
                        .iter()
                        .enumerate()
                        // A stack reads from few others, and only from those before it.
                        .map(|(index, bits)| bits & (bits >> 3) & ((1u16 << index) - 1))
                        .collect();
                    Case {
                        needs,
                        resources,
                        troubles,
                        throttled,
                        stale_reads,
                        read_lag,
                        concurrency,
                        seed,
                    }
                },
            )
    })
}

impl Case {
    pub fn project(&self) -> TestProject {
        let stacks = self.needs.iter().enumerate().map(|(index, needs)| {
            let mut stack = TestStack::new(&format!("s{index}"));
            for number in 1..self.resources[index] {
                let before = match number {
                    1 => "First".to_owned(),
                    _ => format!("R{}", number - 1),
                };
                stack = stack.with(TestResource::new(format!("R{number}")).after(&before));
            }
            for need in 0..index {
                if needs & (1 << need) != 0 {
                    stack = stack.after(&format!("s{need}"));
                }
            }
            stack
        });
        let mut project = TestProject::new(stacks);
        project.concurrency = self.concurrency;
        project
    }

    pub fn cloud(&self) -> FakeCloud {
        let cloud = FakeCloud::new(self.seed);
        self.blur(&cloud);
        cloud
    }

    /// Lets reads be late.
    pub fn blur(&self, cloud: &FakeCloud) {
        cloud.configure(|settings| {
            settings.stale_reads = self.stale_reads;
            settings.read_lag = Duration::from_millis(self.read_lag);
        });
    }

    fn harm(&self, cloud: &FakeCloud) {
        cloud.inject(FaultRule::new(Fault::Throttled).percent(self.throttled));
        for (stack, trouble) in &self.troubles {
            let name = format!("test-s{stack}");
            let fail = |step| cloud.fail(ResourceFault::new(&name, "First", step, "it broke"));
            match trouble {
                Trouble::Create => fail(FaultStep::Create),
                Trouble::CreateAndRollback => {
                    let last = match self.resources.get(usize::from(*stack)) {
                        Some(count) if *count > 1 => "R1",
                        _ => "First",
                    };
                    cloud.fail(ResourceFault::new(
                        &name,
                        last,
                        FaultStep::Create,
                        "it broke",
                    ));
                    fail(FaultStep::Rollback);
                }
                Trouble::ChangeSet => cloud.configure(|settings| {
                    let reasons = vec!["it is not allowed".to_owned()];
                    settings.failing_change_sets.insert(name.clone(), reasons);
                }),
                Trouble::Denied => cloud.inject(
                    FaultRule::new(Fault::AccessDenied)
                        .on("CreateChangeSet")
                        .of(name.as_str()),
                ),
                Trouble::Update => fail(FaultStep::Update),
            }
        }
    }
}

/// What must hold of every run, whatever happened.
fn assert_lawful(run: &Run, plan: &Plan) {
    let edges: BTreeMap<StepId, BTreeSet<StepId>> = plan
        .steps
        .iter()
        .map(|step| (step.id.clone(), step.after.clone()))
        .collect();
    let mut begun: BTreeSet<StepId> = BTreeSet::new();
    let mut ended: BTreeMap<StepId, &str> = BTreeMap::new();
    let mut skipped: Vec<(StepId, Option<StepId>)> = Vec::new();
    for event in &run.events {
        let (step, end) = match event {
            Event::StackStarted { stack, .. } => (StepId::stack(stack), None),
            Event::StepStarted { step, .. } => (step.clone(), None),
            Event::StackFinished { stack, .. } => (StepId::stack(stack), Some("done")),
            Event::StepFinished { step, .. } => (step.clone(), Some("done")),
            Event::StackFailed { stack, .. } => (StepId::stack(stack), Some("failed")),
            Event::StepFailed { step, .. } => (step.clone(), Some("failed")),
            Event::StepSkipped { step, cause, .. } => {
                skipped.push((step.clone(), cause.clone()));
                (step.clone(), Some("skipped"))
            }
            _ => continue,
        };
        match end {
            None => {
                for before in &edges[&step] {
                    assert_eq!(
                        ended.get(before),
                        Some(&"done"),
                        "{step} began before {before}"
                    );
                }
                begun.insert(step);
            }
            Some(end) => {
                let before = ended.insert(step.clone(), end);
                assert_eq!(before, None, "{step} ended twice");
                if end == "skipped" {
                    assert!(!begun.contains(&step), "{step} was skipped after it began");
                }
            }
        }
    }
    let planned: BTreeSet<&StepId> = edges.keys().collect();
    let told: BTreeSet<&StepId> = ended.keys().collect();
    assert_eq!(planned, told, "every step has an end");
    for (step, cause) in &skipped {
        let cause = cause.as_ref().expect("nobody interrupted");
        assert_eq!(ended.get(cause), Some(&"failed"), "{step} blames {cause}");
        assert!(
            reaches(&edges, step, cause),
            "{step} does not depend on {cause}"
        );
    }
    for (step, end) in &ended {
        let failed_before = edges
            .keys()
            .any(|other| ended[other] == "failed" && other != step && reaches(&edges, step, other));
        assert_eq!(failed_before, *end == "skipped", "{step} is {end}");
    }
}

/// Never more stacks at once than allowed.
fn assert_bounded(run: &Run, concurrency: usize) {
    let mut running: BTreeSet<String> = BTreeSet::new();
    for event in &run.events {
        match event {
            Event::StackStarted { stack, .. } => {
                running.insert(stack.to_string());
                assert!(running.len() <= concurrency, "{running:?}");
            }
            Event::StackFinished { stack, .. } | Event::StackFailed { stack, .. } => {
                running.remove(stack.as_str());
            }
            _ => {}
        }
    }
}

fn reaches(edges: &BTreeMap<StepId, BTreeSet<StepId>>, from: &StepId, to: &StepId) -> bool {
    from == to || edges[from].iter().any(|next| reaches(edges, next, to))
}

pub fn simulate(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(test);
}

/// Tries until all is done; each time the failures are gone.
async fn recover(cloud: &FakeCloud, project: &TestProject) {
    cloud.heal();
    cloud.configure(|settings| settings.failing_change_sets.clear());
    cloud.settle().await;
    cloud.configure(|settings| {
        settings.stale_reads = 0;
        settings.read_lag = Duration::ZERO;
    });
    // A rollback that failed is continued by the deploy itself.
    let run = project.deploy(cloud).await;
    assert!(run.succeeded(), "{}", errors(&run));
    assert_lawful(&run, run.plan.as_ref().unwrap());
    assert_deployed(cloud, project).await;
    assert_nothing_to_do(cloud, project).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_project_with_any_failures(case in case()) {
        simulate(async {
            let cloud = case.cloud();
            let mut project = case.project();
            case.harm(&cloud);
            let run = project.deploy(&cloud).await;
            assert_lawful(&run, run.plan.as_ref().unwrap());
            assert_bounded(&run, case.concurrency);
            recover(&cloud, &project).await;

            for stack in &mut project.stacks {
                stack.bump();
                stack.reads_version = true;
            }
            case.blur(&cloud);
            case.harm(&cloud);
            let run = project.deploy(&cloud).await;
            assert_lawful(&run, run.plan.as_ref().unwrap());
            recover(&cloud, &project).await;

            case.blur(&cloud);
            for (stack, _) in &case.troubles {
                let name = format!("test-s{stack}");
                cloud.fail(ResourceFault::new(&name, "First", FaultStep::Delete, "in use"));
            }
            let run = project.teardown(&cloud).await;
            assert_lawful(&run, run.plan.as_ref().unwrap());
            cloud.heal();
            let run = project.teardown(&cloud).await;
            assert!(run.succeeded(), "{}", errors(&run));
            assert_gone(&cloud).await;
        });
    }
}
