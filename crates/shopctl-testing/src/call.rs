//! The log of all calls, and the faults that a test puts into them.
//!
//! It decides whether a call goes wrong; what a call does is none of its business.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::random::Random;
use crate::refusal::Refusal;

/// A call that was made.
#[derive(Debug, Clone)]
pub struct Call {
    /// AWS's name of the operation, for instance `DescribeStacks`.
    pub operation: &'static str,
    /// What it was about: a stack's name, a bucket, a key; empty for none.
    pub subject: String,
    /// Simulated time when it began.
    pub began: Duration,
    /// Simulated time when it was answered; `None` while it runs, and for ever when the
    /// caller was killed in between.
    pub ended: Option<Duration>,
    /// The error's text, if it was answered with one.
    pub error: Option<String>,
}

/// The calls that were made, in the order in which they began.
#[derive(Debug, Clone, Default)]
pub struct Calls(pub Vec<Call>);

impl Calls {
    /// How many there were.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there were none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there were of one operation.
    pub fn count(&self, operation: &str) -> usize {
        self.0
            .iter()
            .filter(|call| call.operation == operation)
            .count()
    }

    /// How many there were of each operation.
    pub fn by_operation(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for call in &self.0 {
            *counts.entry(call.operation).or_default() += 1;
        }
        counts
    }

    /// How many round trips the calls took one after the other: the length of the longest
    /// chain of calls of which each began when the one before it was answered.
    pub fn rounds(&self) -> usize {
        let mut by_end: Vec<&Call> = self.0.iter().filter(|call| call.ended.is_some()).collect();
        by_end.sort_by_key(|call| call.ended);
        let mut rounds = 0;
        let mut free = Duration::ZERO;
        for call in by_end {
            if call.began >= free {
                rounds += 1;
                free = call.ended.unwrap_or_default();
            }
        }
        rounds
    }
}

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// `Rate exceeded`: the call had no effect.
    Throttled,
    /// HTTP 500 before the call had an effect.
    ServiceError,
    /// HTTP 500 although the call had its effect.
    ServiceErrorAfterEffect,
    /// The connection broke before the call had an effect.
    ConnectionReset,
    /// The connection broke before the answer came, but the call had its effect.
    AnswerLost,
    /// The caller may not do this.
    AccessDenied,
    /// The caller's credentials expired.
    ExpiredCredentials,
}

impl Fault {
    pub(crate) fn after_effect(self) -> bool {
        matches!(self, Fault::ServiceErrorAfterEffect | Fault::AnswerLost)
    }

    pub(crate) fn refusal(self, operation: &str) -> Refusal {
        match self {
            Fault::Throttled => Refusal::new("Throttling", "Rate exceeded"),
            Fault::ServiceError | Fault::ServiceErrorAfterEffect => Refusal::new(
                "InternalFailure",
                "We encountered an internal error. Please try again.",
            ),
            Fault::ConnectionReset | Fault::AnswerLost => {
                Refusal::new("", "connection reset by peer")
            }
            Fault::AccessDenied => Refusal::new(
                "AccessDenied",
                format!(
                    "User: arn:aws:iam::{}:user/deployer is not authorized to perform: {operation}",
                    crate::ACCOUNT
                ),
            ),
            Fault::ExpiredCredentials => Refusal::new(
                "ExpiredToken",
                "The security token included in the request is expired",
            ),
        }
    }
}

/// When a fault strikes: which calls, and how many of them.
#[derive(Debug, Clone)]
pub struct FaultRule {
    fault: Fault,
    operation: Option<&'static str>,
    subject: Option<String>,
    skip: u32,
    left: Option<u32>,
    chance: Option<u8>,
    from: Duration,
    until: Option<Duration>,
}

impl FaultRule {
    /// Strikes every call, unless it is narrowed.
    pub fn new(fault: Fault) -> Self {
        Self {
            fault,
            operation: None,
            subject: None,
            skip: 0,
            left: None,
            chance: None,
            from: Duration::ZERO,
            until: None,
        }
    }

    /// Only calls of this operation.
    #[must_use]
    pub fn on(mut self, operation: &'static str) -> Self {
        self.operation = Some(operation);
        self
    }

    /// Only calls about this subject: a stack by name, a bucket.
    #[must_use]
    pub fn of(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Leaves the first calls alone.
    #[must_use]
    pub fn after_calls(mut self, calls: u32) -> Self {
        self.skip = calls;
        self
    }

    /// Strikes this many times.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.left = Some(times);
        self
    }

    /// Strikes this share of the calls, drawn with the cloud's seed.
    #[must_use]
    pub fn percent(mut self, chance: u8) -> Self {
        self.chance = Some(chance);
        self
    }

    /// Strikes from this simulated time on.
    #[must_use]
    pub fn from(mut self, time: Duration) -> Self {
        self.from = time;
        self
    }

    /// Strikes until this simulated time.
    #[must_use]
    pub fn until(mut self, time: Duration) -> Self {
        self.until = Some(time);
        self
    }

    fn strikes(
        &mut self,
        operation: &str,
        subject: &str,
        now: Duration,
        random: &mut Random,
    ) -> bool {
        let matches = self.operation.is_none_or(|wanted| wanted == operation)
            && self
                .subject
                .as_deref()
                .is_none_or(|wanted| wanted == subject)
            && now >= self.from
            && self.until.is_none_or(|until| now < until);
        if !matches || self.left == Some(0) {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        if self.chance.is_some_and(|chance| !random.percent(chance)) {
            return false;
        }
        if let Some(left) = &mut self.left {
            *left -= 1;
        }
        true
    }
}

/// Where in a call the caller's process is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KillPoint {
    /// Before the call had its effect.
    BeforeEffect,
    /// After the effect, before the answer.
    AfterEffect,
}

/// A limit on the rate of an operation.
#[derive(Debug, Clone)]
struct RateLimit {
    per_second: f64,
    burst: f64,
    tokens: f64,
    filled: Duration,
}

/// The log and everything that makes calls go wrong.
#[derive(Debug)]
pub(crate) struct Traffic {
    pub(crate) calls: Calls,
    pub(crate) rules: Vec<FaultRule>,
    pub(crate) kill: Option<(usize, KillPoint)>,
    limits: BTreeMap<&'static str, RateLimit>,
    pub(crate) random: Random,
}

impl Traffic {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            calls: Calls::default(),
            rules: Vec::new(),
            kill: None,
            limits: BTreeMap::new(),
            random: Random::new(seed),
        }
    }

    pub(crate) fn limit(&mut self, operation: &'static str, per_second: f64, burst: f64) {
        self.limits.insert(
            operation,
            RateLimit {
                per_second,
                burst,
                tokens: burst,
                filled: Duration::ZERO,
            },
        );
    }

    /// Notes a call; answers its place in the log and the fault that strikes it.
    pub(crate) fn begin(
        &mut self,
        operation: &'static str,
        subject: &str,
        now: Duration,
    ) -> (usize, Option<Fault>) {
        self.calls.0.push(Call {
            operation,
            subject: subject.to_owned(),
            began: now,
            ended: None,
            error: None,
        });
        let mut fault = None;
        for rule in &mut self.rules {
            // All rules see the call, so that each counts by itself.
            if rule.strikes(operation, subject, now, &mut self.random) && fault.is_none() {
                fault = Some(rule.fault);
            }
        }
        if let Some(limit) = self.limits.get_mut(operation) {
            let passed = now.saturating_sub(limit.filled).as_secs_f64();
            limit.tokens = (limit.tokens + passed * limit.per_second).min(limit.burst);
            limit.filled = now;
            if limit.tokens < 1.0 {
                fault = fault.or(Some(Fault::Throttled));
            } else {
                limit.tokens -= 1.0;
            }
        }
        (self.calls.0.len() - 1, fault)
    }

    pub(crate) fn end(&mut self, call: usize, now: Duration, error: Option<String>) {
        if let Some(call) = self.calls.0.get_mut(call) {
            call.ended = Some(now);
            call.error = error;
        }
    }

    pub(crate) fn is_killed(&self, call: usize, point: KillPoint) -> bool {
        self.kill == Some((call, point))
    }
}
