//! Random projects in random weather: runs that die anywhere, and two at once.

use std::time::Duration;

use proptest::prelude::*;
use shopctl_testing::{Command, Ended, EventDelivery, FakeCloud, Fault, FaultRule, KillPoint};

use crate::graphs::{Case, case, simulate};
use crate::support::{assert_deployed, assert_gone, assert_nothing_to_do, errors};

#[derive(Debug, Clone)]
struct Weather {
    lag: u64,
    burst: Option<u64>,
    straggler: Option<(u64, u64)>,
    broken: u8,
    answers_lost: u8,
    /// In which calls the process dies, and before or after their effect.
    deaths: Vec<(usize, bool)>,
    /// Milliseconds until the second run begins.
    second: u64,
}

fn weather() -> impl Strategy<Value = Weather> {
    (
        0u64..6000,
        proptest::option::of(100u64..8000),
        proptest::option::of((2u64..5, 100u64..20_000)),
        0u8..15,
        0u8..15,
        proptest::collection::vec((0usize..150, any::<bool>()), 1..4),
        0u64..20_000,
    )
        .prop_map(
            |(lag, burst, straggler, broken, answers_lost, deaths, second)| Weather {
                lag,
                burst,
                straggler,
                broken,
                answers_lost,
                deaths,
                second,
            },
        )
}

impl Weather {
    fn begins(&self, cloud: &FakeCloud, case: &Case) {
        case.blur(cloud);
        cloud.configure(|settings| {
            settings.events = EventDelivery {
                lag: Duration::from_millis(self.lag),
                burst: self.burst.map(Duration::from_millis),
                straggler: self
                    .straggler
                    .map(|(every, later)| (every, Duration::from_millis(later))),
            };
        });
        for (fault, share) in [
            (Fault::Throttled, case.throttled),
            (Fault::ConnectionReset, self.broken),
            (Fault::AnswerLost, self.answers_lost),
        ] {
            cloud.inject(FaultRule::new(fault).percent(share));
        }
    }

    fn ends(cloud: &FakeCloud) {
        cloud.heal();
        cloud.configure(|settings| {
            settings.stale_reads = 0;
            settings.read_lag = Duration::ZERO;
            settings.events = EventDelivery::default();
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_run_may_die_anywhere_in_any_weather(case in case(), weather in weather()) {
        simulate(async {
            let cloud = case.cloud();
            let mut project = case.project();
            for command in [Command::Deploy, Command::Deploy, Command::Teardown] {
                weather.begins(&cloud, &case);
                for (call, after) in &weather.deaths {
                    cloud.forget_calls();
                    let point = if *after { KillPoint::AfterEffect } else { KillPoint::BeforeEffect };
                    cloud.kill_at(*call, point);
                    let run = project.runner(&cloud, command).run().await;
                    match &run.ended {
                        Ended::Died => {}
                        Ended::Ran(report) => assert!(!report.failed, "{}", errors(&run)),
                        other => panic!("{other:?}"),
                    }
                }
                Weather::ends(&cloud);
                let run = project.runner(&cloud, command).run().await;
                assert!(run.succeeded(), "{}", errors(&run));
                if command == Command::Teardown {
                    assert_gone(&cloud).await;
                } else {
                    assert_deployed(&cloud, &project).await;
                    assert_nothing_to_do(&cloud, &project).await;
                    for stack in &project.stacks {
                        for resource in &stack.resources {
                            let name = project.cloud_name(stack.name.as_str());
                            assert_eq!(cloud.times_made(name.as_str(), &resource.id), 1);
                        }
                    }
                }
                for stack in &mut project.stacks {
                    stack.bump();
                }
            }
        });
    }

    #[test]
    fn two_runs_may_work_at_once_in_any_weather(case in case(), weather in weather()) {
        simulate(async {
            let cloud = case.cloud();
            let mut project = case.project();
            for command in [Command::Deploy, Command::Deploy, Command::Teardown] {
                weather.begins(&cloud, &case);
                let second = async {
                    tokio::time::sleep(Duration::from_millis(weather.second)).await;
                    project.runner(&cloud, command).run().await
                };
                let (first, second) =
                    tokio::join!(project.runner(&cloud, command).run(), second);
                for run in [first, second] {
                    assert!(run.succeeded(), "{}", errors(&run));
                }
                Weather::ends(&cloud);
                if command == Command::Teardown {
                    assert_gone(&cloud).await;
                } else {
                    assert_deployed(&cloud, &project).await;
                    let run = project.deploy(&cloud).await;
                    assert!(run.succeeded(), "{}", errors(&run));
                    assert_nothing_to_do(&cloud, &project).await;
                }
                for stack in &mut project.stacks {
                    stack.bump();
                }
            }
        });
    }
}
