//! Days of a clock on a wall: when one begins and ends, also where clocks are
//! put forward or back.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// How far clocks are put forward at most: a day, when a country changes sides of the date line.
const LARGEST_GAP: TimeDelta = TimeDelta::hours(25);

/// When `date` begins (inclusive) and ends (exclusive) in `zone`. A day that the zone left out has
/// no length.
pub fn bounds(date: NaiveDate, zone: Tz) -> (DateTime<Utc>, DateTime<Utc>) {
    let next = date.checked_add_days(Days::new(1)).unwrap_or(date);
    (begin(date, zone), begin(next, zone))
}

/// The first moment of `date`: midnight, the earlier one of two, or the moment to which clocks were
/// put forward when there was no midnight.
fn begin(date: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let midnight = date.and_time(NaiveTime::MIN);
    let mut time = midnight;
    while time <= midnight + LARGEST_GAP {
        if let Some(found) = zone.from_local_datetime(&time).earliest() {
            return found.to_utc();
        }
        time += TimeDelta::minutes(1);
    }
    // No zone has such a gap.
    midnight.and_utc()
}

/// The date that a clock in `zone` shows at `time`.
pub fn date_at(time: DateTime<Utc>, zone: Tz) -> NaiveDate {
    time.with_timezone(&zone).date_naive()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn day(date: &str, zone: &str) -> (String, String, i64) {
        let (begin, end) = bounds(date.parse().unwrap(), zone.parse().unwrap());
        let text = |time: DateTime<Utc>| time.format("%m-%dT%H:%MZ").to_string();
        (text(begin), text(end), (end - begin).num_minutes())
    }

    #[test]
    fn a_day_is_as_long_as_clocks_make_it() {
        for (date, zone, begin, end, hours) in [
            (
                "2026-05-01",
                "Europe/Berlin",
                "04-30T22:00Z",
                "05-01T22:00Z",
                24,
            ),
            (
                "2026-03-29",
                "Europe/Berlin",
                "03-28T23:00Z",
                "03-29T22:00Z",
                23,
            ),
            (
                "2026-10-25",
                "Europe/Berlin",
                "10-24T22:00Z",
                "10-25T23:00Z",
                25,
            ),
            (
                "2026-03-08",
                "America/Toronto",
                "03-08T05:00Z",
                "03-09T04:00Z",
                23,
            ),
            (
                "2026-11-01",
                "America/Toronto",
                "11-01T04:00Z",
                "11-02T05:00Z",
                25,
            ),
            (
                "2026-02-28",
                "Pacific/Auckland",
                "02-27T11:00Z",
                "02-28T11:00Z",
                24,
            ),
            ("2024-02-29", "UTC", "02-29T00:00Z", "03-01T00:00Z", 24),
            // Clocks went from 24:00 to 1:00: there was no midnight.
            (
                "2024-04-26",
                "Africa/Cairo",
                "04-25T22:00Z",
                "04-26T21:00Z",
                23,
            ),
            // And back from 24:00 to 23:00: the day before had the hour twice.
            (
                "2024-10-31",
                "Africa/Cairo",
                "10-30T21:00Z",
                "10-31T22:00Z",
                25,
            ),
            // A day that was left out, and those beside it.
            (
                "2011-12-29",
                "Pacific/Apia",
                "12-29T10:00Z",
                "12-30T10:00Z",
                24,
            ),
            (
                "2011-12-30",
                "Pacific/Apia",
                "12-30T10:00Z",
                "12-30T10:00Z",
                0,
            ),
            (
                "2011-12-31",
                "Pacific/Apia",
                "12-30T10:00Z",
                "12-31T10:00Z",
                24,
            ),
        ] {
            let expected = (begin.to_owned(), end.to_owned(), hours * 60);
            assert_eq!(day(date, zone), expected, "{date} in {zone}");
        }
    }

    #[test]
    fn every_moment_belongs_to_the_day_that_the_clock_shows() {
        for zone in [
            "Europe/Berlin",
            "America/Toronto",
            "Africa/Cairo",
            "Asia/Kathmandu",
        ] {
            let zone: Tz = zone.parse().unwrap();
            let mut time: DateTime<Utc> = "2024-01-01T00:07:00Z".parse().unwrap();
            let end: DateTime<Utc> = "2025-01-02T00:00:00Z".parse().unwrap();
            while time < end {
                let date = date_at(time, zone);
                let (begin, end) = bounds(date, zone);
                assert!(begin <= time && time < end, "{time} in {zone}");
                time += TimeDelta::minutes(31);
            }
        }
    }
}
