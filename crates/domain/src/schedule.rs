//! When something is done by itself: a `cron` expression, read in a time zone.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
pub use chrono_tz::Tz as Zone;
use croner::Cron;
use croner::parser::{CronParser, Seconds};
use serde::Deserialize;

use crate::clock::Timestamp;

/// Five fields (minute, hour, day of the month, month, day of the week), or `never`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule(Option<Box<Cron>>);

/// The text is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no schedule; expected five cron fields such as \"*/5 * * * *\", or \"never\"")]
pub struct InvalidSchedule {
    text: String,
}

/// The word for what is never done by itself.
const NEVER: &str = "never";

impl Schedule {
    /// Not by itself.
    pub const NEVER: Self = Self(None);

    /// The first time after `now`, by the wall clocks of `zone`; none if there is none.
    pub fn next_after(&self, now: Timestamp, zone: Zone) -> Option<Timestamp> {
        let next = self.0.as_ref()?.find_next_occurrence(&now.utc().with_timezone(&zone), false);
        next.ok().map(|at| at.to_utc().into())
    }
}

impl FromStr for Schedule {
    type Err = InvalidSchedule;

    fn from_str(text: &str) -> Result<Self, InvalidSchedule> {
        if text == NEVER {
            return Ok(Self::NEVER);
        }
        let read = CronParser::builder().seconds(Seconds::Disallowed).build().parse(text);
        let invalid = |_| InvalidSchedule { text: text.chars().take(40).collect() };
        read.map(|cron| Self(Some(Box::new(cron)))).map_err(invalid)
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_ref().map_or(NEVER, |cron| cron.as_str()))
    }
}

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// When a day begins by the clocks of `zone`: later than usual where they are put forward at midnight. None if there is
/// no such day.
pub fn midnight(date: NaiveDate, zone: Zone) -> Option<Timestamp> {
    let mut hours = (0..3).filter_map(|hour| date.and_hms_opt(hour, 0, 0));
    let begins = hours.find_map(|time| time.and_local_timezone(zone).earliest())?;
    Some(begins.to_utc().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(schedule: &str, now: &str, next: &str) {
        let (schedule, now) = (schedule.parse::<Schedule>().unwrap(), Timestamp::parse(now).unwrap());
        let found = schedule.next_after(now, chrono_tz::Europe::Moscow);
        assert_eq!(found, Some(Timestamp::parse(next).unwrap()), "{schedule}");
    }

    #[test]
    fn the_next_time_by_the_clocks_of_the_zone() {
        check("*/5 * * * *", "2026-11-22T10:01:30+03:00", "2026-11-22T10:05:00+03:00");
        check("*/5 * * * *", "2026-11-22T10:05:00+03:00", "2026-11-22T10:10:00+03:00");
        check("17 3 * * *", "2026-11-22T02:00:00Z", "2026-11-23T03:17:00+03:00");
        check("0 9 * * MON", "2026-11-22T10:00:00+03:00", "2026-11-23T09:00:00+03:00");
    }

    #[test]
    fn a_day_begins_later_where_the_clocks_are_put_forward_at_midnight() {
        let begins = |day: &str, zone| midnight(day.parse().unwrap(), zone).unwrap().rfc3339();
        assert_eq!(begins("2026-11-22", Zone::Europe__Moscow), "2026-11-21T21:00:00+00:00");
        assert_eq!(begins("2026-03-08", Zone::America__Havana), "2026-03-08T05:00:00+00:00");
    }

    #[test]
    fn never_is_never() {
        let never: Schedule = "never".parse().unwrap();
        assert_eq!(never.next_after(Timestamp::default(), chrono_tz::UTC), None);
        assert_eq!(never.to_string(), "never");
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for text in ["", "5", "61 * * * *", "* * * * * *", "every day", "0 0 30 2"] {
            let error = text.parse::<Schedule>().unwrap_err().to_string();
            assert!(error.contains("expected five cron fields"), "{text}: {error}");
        }
    }

    #[test]
    fn a_day_that_never_comes_is_never() {
        let schedule: Schedule = "0 0 30 2 *".parse().unwrap();
        assert_eq!(schedule.next_after(Timestamp::default(), chrono_tz::UTC), None);
    }
}
