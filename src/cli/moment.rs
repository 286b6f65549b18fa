//! Times on the command line: exact ones, and days of a workspace.

use std::str::FromStr;

use anyhow::Context;
use chrono::NaiveDate;
use domain::clock::Timestamp;
use domain::schedule::{Zone, midnight};

/// A time as people give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// RFC 3339.
    Moment(Timestamp),
    /// Where this day begins.
    Day(NaiveDate),
}

/// The text is neither.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a date such as 2026-11-22, or a time with its offset such as 2026-11-22T10:00:00+03:00")]
pub(super) struct InvalidWhen;

impl FromStr for When {
    type Err = InvalidWhen;

    fn from_str(text: &str) -> Result<Self, InvalidWhen> {
        if let Ok(moment) = Timestamp::parse(text) {
            return Ok(Self::Moment(moment));
        }
        NaiveDate::parse_from_str(text, "%Y-%m-%d").map(Self::Day).map_err(|_| InvalidWhen)
    }
}

impl When {
    /// The point in time, by the clocks of `zone`.
    pub(super) fn in_zone(self, zone: Zone) -> anyhow::Result<Timestamp> {
        match self {
            Self::Moment(moment) => Ok(moment),
            Self::Day(date) => {
                midnight(date, zone).with_context(|| format!("{date} does not begin in {zone}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found = text.parse::<When>().unwrap().in_zone(Zone::Europe__Moscow).unwrap();
        assert_eq!(found, Timestamp::parse(expected).unwrap(), "{text}");
    }

    #[test]
    fn a_date_is_where_the_day_begins_there() {
        check("2026-11-22", "2026-11-21T21:00:00Z");
        check("2026-11-22T10:00:00+05:00", "2026-11-22T05:00:00Z");
        check("2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z");
    }

    #[test]
    fn a_time_without_offset_is_refused() {
        for text in ["2026-11-22T10:00:00", "2026-11-22 10:00", "22.11.2026", "2026-02-30", "yesterday", ""] {
            assert_eq!(text.parse::<When>(), Err(InvalidWhen), "{text}");
        }
    }
}
