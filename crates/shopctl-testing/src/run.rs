//! Runs of a test project, as the commands make them: observe, observe_policies, plan, carry out, keep the record.

use std::pin::pin;

use shopctl_core::event::{Event, Outcome, StackResult};
use shopctl_core::fast::announce;
use shopctl_core::names::StackName;
use shopctl_core::plan::{self, Action, Plan, StackAction, StepId};
use shopctl_core::planner::{BlockedStack, Observed, plan_deploy, plan_fast_deploy, plan_teardown};
use shopctl_core::record::{Record, VERSION};
use shopctl_deploy::ports::{CloudError, Ports};
use shopctl_deploy::{
    Consent, Context, EventSender, Interrupt, RunReport, code_changes, execute, observe,
    observe_policies, runs,
};
use tokio::sync::mpsc;

use crate::cloud::FakeCloud;
use crate::project::{ARTIFACTS, TestProject};

/// What a run does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Brings the stacks to what their templates say.
    Deploy,
    /// Deletes them.
    Teardown,
}

/// How a run is stopped in the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The user interrupts it, and leaves the cloud to its work.
    Cancel,
    /// The user interrupts it, and has the cloud undo its work.
    CancelStacks,
    /// Its process dies.
    Kill,
}

/// What came of a run.
#[expect(
    clippy::large_enum_variant,
    reason = "a test has a handful of these, and takes them apart"
)]
#[derive(Debug)]
pub enum Ended {
    /// Observing failed.
    Unobserved(CloudError),
    /// Stacks block it.
    Blocked(Vec<BlockedStack>),
    /// It was carried out.
    Ran(RunReport),
    /// Its process died.
    Died,
}

/// A run that ended.
#[derive(Debug)]
pub struct Run {
    /// How.
    pub ended: Ended,
    /// Its plan, if it came to one.
    pub plan: Option<Plan>,
    /// Its events, in their order.
    pub events: Vec<Event>,
}

impl Run {
    /// The report.
    ///
    /// # Panics
    /// When the plan was not carried out to its end.
    #[expect(clippy::panic, reason = "a test says what it expects")]
    pub fn report(&self) -> &RunReport {
        match &self.ended {
            Ended::Ran(report) => report,
            other => panic!("the plan was not carried out: {other:?}"),
        }
    }

    /// Whether everything that was planned was done.
    pub fn succeeded(&self) -> bool {
        matches!(&self.ended, Ended::Ran(report) if !report.failed && !report.interrupted)
    }

    /// What the plan does with each stack.
    pub fn actions(&self) -> Vec<(StackName, StackAction)> {
        let steps = self.plan.iter().flat_map(|plan| &plan.steps);
        steps
            .filter_map(|step| match &step.action {
                Action::DeployStack(deployment) => {
                    Some((deployment.stack.clone(), deployment.action))
                }
                _ => None,
            })
            .collect()
    }

    /// What came of the work on a stack; `None` when it was not finished.
    pub fn result(&self, stack: &str) -> Option<StackResult> {
        self.events.iter().find_map(|event| match event {
            Event::StackFinished {
                stack: finished,
                result,
                ..
            } if finished.as_str() == stack => Some(*result),
            _ => None,
        })
    }

    /// Why the work on a stack failed.
    pub fn failure(&self, stack: &str) -> Option<&shopctl_core::event::Failure> {
        self.events.iter().find_map(|event| match event {
            Event::StackFailed {
                stack: failed,
                failure,
            } if failed.as_str() == stack => Some(failure),
            _ => None,
        })
    }

    /// The steps that were skipped, each with the step that is to blame.
    pub fn skipped(&self) -> Vec<(StepId, Option<StepId>)> {
        self.events
            .iter()
            .filter_map(|event| match event {
                Event::StepSkipped { step, cause, .. } => Some((step.clone(), cause.clone())),
                _ => None,
            })
            .collect()
    }
}

/// A run that is to be made.
pub struct Runner<'a> {
    project: &'a TestProject,
    cloud: &'a FakeCloud,
    command: Command,
    ports: Ports,
    consent: Consent,
    stop: Option<(usize, Stop)>,
    /// Whether code alone goes directly into functions.
    fast: bool,
}

impl TestProject {
    /// A run of this project, to be started with [`Runner::run`].
    pub fn runner<'a>(&'a self, cloud: &'a FakeCloud, command: Command) -> Runner<'a> {
        Runner {
            project: self,
            cloud,
            command,
            ports: cloud.ports(),
            consent: Consent::default(),
            stop: None,
            fast: false,
        }
    }

    /// Deploys the project.
    pub async fn deploy(&self, cloud: &FakeCloud) -> Run {
        self.runner(cloud, Command::Deploy).run().await
    }

    /// Deploys it, with code alone going directly into functions.
    pub async fn fast_deploy(&self, cloud: &FakeCloud) -> Run {
        let runner = Runner {
            fast: true,
            ..self.runner(cloud, Command::Deploy)
        };
        runner.run().await
    }

    /// Tears it down.
    pub async fn teardown(&self, cloud: &FakeCloud) -> Run {
        self.runner(cloud, Command::Teardown).run().await
    }
}

impl Runner<'_> {
    /// What the user of this run agrees to.
    #[must_use]
    pub fn consenting(mut self, consent: Consent) -> Self {
        self.consent = consent;
        self
    }

    /// Stops the run when it has sent this many events.
    #[must_use]
    pub fn stop_after(mut self, events: usize, stop: Stop) -> Self {
        self.stop = Some((events, stop));
        self
    }

    /// Makes the run. It ends early when the cloud kills its process, see
    /// [`FakeCloud::kill_at`].
    pub async fn run(self) -> Run {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let cancel = Interrupt::new();
        let mut events = Vec::new();
        let mut stop = self.stop;
        let (ended, plan) = {
            let mut run = pin!(self.carry_out(EventSender::new(sender), cancel.clone()));
            let mut killed = pin!(self.cloud.killed());
            loop {
                if let Some((count, how)) = stop
                    && events.len() >= count
                {
                    stop = None;
                    match how {
                        Stop::Cancel => cancel.detach(),
                        Stop::CancelStacks => cancel.cancel_stacks(),
                        Stop::Kill => break (Ended::Died, None),
                    }
                }
                tokio::select! {
                    biased;
                    Some(event) = receiver.recv() => events.push(event),
                    () = &mut killed => break (Ended::Died, None),
                    ended = &mut run => break ended,
                }
            }
        };
        while let Ok(event) = receiver.try_recv() {
            events.push(event);
        }
        Run {
            ended,
            plan,
            events,
        }
    }

    async fn carry_out(&self, events: EventSender, cancel: Interrupt) -> (Ended, Option<Plan>) {
        let mut observed = match observe(&self.ports, ARTIFACTS, &self.project.names()).await {
            Ok(observed) => observed,
            Err(error) => return (Ended::Unobserved(error), None),
        };
        let desired = self.project.desired();
        if let Err(error) = observe_policies(&self.ports, &desired, &mut observed).await {
            return (Ended::Unobserved(error), None);
        }
        let plan = match self.command {
            Command::Deploy if self.fast => {
                match code_changes(&desired, &observed, &self.ports)
                    .await
                    .map(|changes| plan_fast_deploy(&desired, &observed, changes))
                {
                    Ok(Ok(plan)) => plan,
                    Ok(Err(blocked)) => return (Ended::Blocked(blocked), None),
                    Err(error) => return (Ended::Unobserved(error), None),
                }
            }
            Command::Deploy => match plan_deploy(&desired, &observed) {
                Ok(plan) => plan,
                Err(blocked) => return (Ended::Blocked(blocked), None),
            },
            Command::Teardown => {
                let mut names = self.project.dependents();
                names.retain(|(name, _, _)| observed.stacks.contains_key(name));
                plan_teardown("test", &"test".into(), ARTIFACTS, &names)
            }
        };
        assert_eq!(plan::check(&plan), Ok(()), "the plan keeps its own rules");
        let run = format!("run{}", self.cloud.next_run());
        if let Some(record) = &mut observed.record
            && announce(record, &plan, &run)
            && let Err(error) = self.write_record(record).await
        {
            return (Ended::Unobserved(error), Some(plan));
        }
        // Nothing of a teardown is compared with a record.
        let known = match self.command {
            Command::Deploy => observed.clone(),
            Command::Teardown => Observed {
                record: None,
                ..observed.clone()
            },
        };
        let mut context =
            self.project
                .context(self.ports.clone(), &desired, &known, &run, events, cancel);
        context.consent = self.consent;
        let report = execute(
            &plan,
            std::sync::Arc::new(context) as std::sync::Arc<Context>,
        )
        .await;
        if self.command == Command::Deploy {
            self.keep_record(&observed, &report, &run).await;
        }
        (Ended::Ran(report), Some(plan))
    }

    async fn keep_record(&self, observed: &Observed, report: &RunReport, run: &str) {
        let same = observed.record.as_ref().is_some_and(|record| {
            record.stacks == report.stacks
                && record.site == report.site
                && record.fast == report.fast
        });
        if same || (report.stacks.is_empty() && !observed.bucket_exists && !report.changed) {
            return;
        }
        let record = Record {
            version: VERSION,
            run: run.to_owned(),
            project: "test".to_owned(),
            environment: "test".into(),
            tool: String::new(),
            started: String::new(),
            finished: String::new(),
            outcome: match (report.failed, report.interrupted) {
                (true, _) => Outcome::Failed,
                (_, true) => Outcome::Interrupted,
                _ => Outcome::Succeeded,
            },
            stacks: report.stacks.clone(),
            site: report.site.clone(),
            fast: report.fast.clone(),
            omitted: Vec::new(),
        };
        // A record that cannot be written costs the next run time, nothing else.
        let _ = self.write_record(&record).await;
    }

    async fn write_record(&self, record: &Record) -> Result<(), CloudError> {
        runs::write_record(self.ports.objects.as_ref(), ARTIFACTS, record).await
    }
}
