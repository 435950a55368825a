//! How fast calls of one operation follow each other.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

/// The rate of calls that CloudFormation is found to allow, by operation.
///
/// Nothing is held back until it throttles (an account's limits are not published, a local
/// cloud has none); then the rate is halved with every refusal and grows slowly again.
#[derive(Default)]
pub(super) struct Pace(BTreeMap<&'static str, Lane>);

struct Lane {
    per_second: f64,
    next: Instant,
}

impl Pace {
    /// Below what users saw allowed: five `DescribeStacks` a second.
    /// <https://github.com/aws/aws-sam-cli/issues/2671>
    const FIRST: f64 = 8.0;
    const LEAST: f64 = 0.5;
    /// From this rate on nothing is held back any more.
    const FREE: f64 = 20.0;

    pub(super) fn turn(&mut self, operation: &'static str, now: Instant) -> Instant {
        let Some(lane) = self.0.get_mut(operation) else {
            return now;
        };
        let turn = lane.next.max(now);
        lane.next = turn + Duration::from_secs_f64(1.0 / lane.per_second);
        turn
    }

    pub(super) fn learn(&mut self, operation: &'static str, throttled: bool) {
        if throttled {
            let lane = self.0.entry(operation).or_insert_with(|| Lane {
                per_second: Self::FIRST,
                next: Instant::now(),
            });
            lane.per_second = (lane.per_second / 2.0).max(Self::LEAST);
        } else if let Some(lane) = self.0.get_mut(operation) {
            lane.per_second += 0.1;
            if lane.per_second > Self::FREE {
                self.0.remove(operation);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_found_by_halving_and_given_up_when_it_was_not_needed() {
        let mut pace = Pace::default();
        let now = Instant::now();
        assert_eq!(pace.turn("DescribeStacks", now), now);
        pace.learn("DescribeStacks", false);
        assert!(
            pace.0.is_empty(),
            "nothing is held back before it is refused"
        );
        pace.learn("DescribeStacks", true);
        let now = Instant::now();
        let first = pace.turn("DescribeStacks", now);
        let second = pace.turn("DescribeStacks", now);
        assert_eq!(second - first, Duration::from_millis(250));
        assert_eq!(pace.turn("DescribeChangeSet", now), now, "each has its own");
        for _ in 0..10 {
            pace.learn("DescribeStacks", true);
        }
        let first = pace.turn("DescribeStacks", now);
        let second = pace.turn("DescribeStacks", now);
        assert_eq!(second - first, Duration::from_secs(2));
        for _ in 0..200 {
            pace.learn("DescribeStacks", false);
        }
        assert_eq!(pace.turn("DescribeStacks", now), now);
    }
}
