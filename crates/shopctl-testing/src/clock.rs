//! Simulated time: how far tokio's clock went since the cloud began.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use tokio::time::Instant;

/// Reads the runtime's clock; under a paused one no real time passes.
#[derive(Debug, Default)]
pub(crate) struct Clock(Mutex<Option<(Instant, Duration)>>);

impl Clock {
    /// Time since the cloud began.
    pub(crate) fn now(&self) -> Duration {
        let now = Instant::now();
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, elapsed) = state.unwrap_or((now, Duration::ZERO));
        // The clock of another runtime may be behind; the cloud's own never goes back.
        let elapsed = elapsed + now.saturating_duration_since(last);
        *state = Some((now, elapsed));
        elapsed
    }
}

/// A time as CloudFormation writes it. The cloud begins at midnight, 1 January 2026.
pub(crate) fn timestamp(time: Duration) -> String {
    let begin = DateTime::<Utc>::from_timestamp(1_767_225_600, 0).unwrap_or_default();
    let passed = TimeDelta::from_std(time).unwrap_or_default();
    (begin + passed).to_rfc3339_opts(SecondsFormat::Millis, true)
}
