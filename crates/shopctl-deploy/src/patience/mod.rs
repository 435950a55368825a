//! Ports that wait for a cloud that throttles, breaks off or fails for a while.
//!
//! A stack that is being deployed goes on without us: a run that only loses sight of it must
//! not fail. Every call of the ports can be made again (reads, and writes with a token, a
//! digest or a name that is used once), so all of them are. How long is worth waiting depends
//! on the kind of error; what the service means (wrong request, no permission, credentials) is
//! answered at once. The SDK's own retries, a second or two, come before these.

mod pace;
mod ports;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use self::pace::Pace;
use crate::interrupt::Interrupt;
use crate::ports::{CloudError, CloudErrorKind, Ports};

/// The ports, each with patience. `silence` is how long a cloud that answered before is waited
/// for when it cannot be reached; without it the cloud has not answered yet.
pub(crate) fn patient(ports: &Ports, cancel: &Interrupt, silence: Option<Duration>) -> Ports {
    let patience = Arc::new(Patience {
        reached: AtomicBool::new(silence.is_some()),
        silence: silence.unwrap_or(LOOKING),
        at_most: Duration::MAX,
        cancel: cancel.clone(),
        pace: Mutex::new(Pace::default()),
        jitter: AtomicU32::new(0),
    });
    let curiosity = Arc::new(Patience {
        reached: AtomicBool::new(true),
        silence: patience.silence,
        at_most: CURIOSITY,
        cancel: cancel.clone(),
        pace: Mutex::new(Pace::default()),
        jitter: AtomicU32::new(0),
    });
    fn with<P: ?Sized>(port: &Arc<P>, patience: &Arc<Patience>) -> Arc<Patient<P>> {
        Arc::new(Patient {
            port: port.clone(),
            patience: patience.clone(),
        })
    }
    Ports {
        cloudformation: with(&ports.cloudformation, &patience),
        objects: with(&ports.objects, &patience),
        distributions: with(&ports.distributions, &patience),
        functions: with(&ports.functions, &patience),
        log_groups: with(&ports.log_groups, &patience),
        investigation: with(&ports.investigation, &curiosity),
        repair: with(&ports.repair, &patience),
        // Its errors are answers.
        probe: ports.probe.clone(),
    }
}

struct Patient<P: ?Sized> {
    port: Arc<P>,
    patience: Arc<Patience>,
}

/// What all calls of a run know of each other.
struct Patience {
    /// Whether the cloud ever answered.
    reached: AtomicBool,
    /// How long it is waited for when it cannot be reached.
    silence: Duration,
    /// No error is borne longer.
    at_most: Duration,
    cancel: Interrupt,
    pace: Mutex<Pace>,
    jitter: AtomicU32,
}

/// How long a cloud is waited for that never answered: more likely than a broken line is a wrong
/// one, or none.
const UNREACHED: Duration = Duration::from_secs(2);

/// How long a cloud is waited for that answered some calls of the first look at it, but not all.
pub(crate) const LOOKING: Duration = Duration::from_secs(15);

/// How long is waited for what only tells more about a failure.
const CURIOSITY: Duration = Duration::from_secs(15);

/// The longest pause between two tries, and how many of them have to fail at least.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
const TRIES: u32 = 8;

/// How long an error is borne.
fn limit(kind: CloudErrorKind, silence: Duration) -> Option<Duration> {
    match kind {
        CloudErrorKind::Throttled => Some(Duration::from_secs(600)),
        CloudErrorKind::Unreachable => Some(silence),
        CloudErrorKind::Service => Some(Duration::from_secs(120)),
        _ => None,
    }
}

impl Patience {
    async fn call<T, F>(&self, call: impl Fn() -> F) -> Result<T, CloudError>
    where
        F: Future<Output = Result<T, CloudError>>,
    {
        // Each kind of error has its own patience: a refusal, say, proves that the line works.
        let mut failing: Option<(CloudErrorKind, Instant, u32)> = None;
        let mut pause = Duration::from_millis(100);
        loop {
            let error = match call().await {
                Ok(answer) => {
                    self.reached.store(true, Ordering::Relaxed);
                    return Ok(answer);
                }
                Err(error) => error,
            };
            if error.kind != CloudErrorKind::Unreachable {
                self.reached.store(true, Ordering::Relaxed);
            }
            let Some(mut limit) = limit(error.kind, self.silence) else {
                return Err(error);
            };
            limit = limit.min(self.at_most);
            if !self.reached.load(Ordering::Relaxed) {
                limit = limit.min(UNREACHED);
            }
            let (since, tries) = match failing {
                Some((kind, since, tries)) if kind == error.kind => (since, tries + 1),
                _ => (Instant::now(), 1),
            };
            failing = Some((error.kind, since, tries));
            // Where calls wait for their turn, few of them fit into a time.
            let borne = since.elapsed() >= limit && tries >= TRIES;
            if borne || self.cancel.is_cancelled() {
                return Err(error);
            }
            // That many fit into every limit, however long the pause has become by other errors.
            tokio::time::sleep(self.spread(pause.min(limit / TRIES))).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Between half of a pause and all of it, so that calls that failed together do not come
    /// back together.
    fn spread(&self, pause: Duration) -> Duration {
        // Weyl's sequence of the golden ratio: neighbours are far apart, no two are alike.
        let step = self.jitter.fetch_add(0x9e37_79b9, Ordering::Relaxed);
        pause / 2 + (pause / 2).mul_f64(f64::from(step) / f64::from(u32::MAX))
    }

    /// A call of CloudFormation, which has a rate for all calls of an operation in an account.
    async fn paced<T, F>(
        &self,
        operation: &'static str,
        call: impl Fn() -> F,
    ) -> Result<T, CloudError>
    where
        F: Future<Output = Result<T, CloudError>>,
    {
        let call = &call;
        self.call(move || async move {
            let turn = self.with_pace(|pace| pace.turn(operation, Instant::now()));
            tokio::time::sleep_until(turn).await;
            let answer = call().await;
            let throttled =
                matches!(&answer, Err(error) if error.kind == CloudErrorKind::Throttled);
            self.with_pace(|pace| pace.learn(operation, throttled));
            answer
        })
        .await
    }

    fn with_pace<T>(&self, change: impl FnOnce(&mut Pace) -> T) -> T {
        change(&mut self.pace.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
