//! The times in call detail records: of the PBX's wall clock, unless they say otherwise (contract Providers §c.4).

use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone as _, Timelike as _};
use chrono_tz::Tz;
use domain::clock::Timestamp;

/// How a wall clock's time is written; the fraction may be missing.
const LOCAL: [&str; 2] = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"];

/// How databases write a time with its offset; RFC 3339 is another way.
const WITH_OFFSET: &str = "%Y-%m-%d %H:%M:%S%.f%#z";

/// Clocks were never put forward by more than a day.
const LONGEST_GAP_MINUTES: i64 = 24 * 60;

/// Reads a time. Of the two instants that one time of the clock is in autumn, the earlier; for one that never was in
/// spring, the next that was. So later texts never give earlier instants.
pub(super) fn instant(text: &str, zone: Tz) -> Option<Timestamp> {
    let text = text.trim();
    let local = LOCAL.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    if let Some(local) = local {
        return resolve(local, zone);
    }
    let with_offset = || DateTime::parse_from_str(text, WITH_OFFSET).ok();
    let at = DateTime::parse_from_rfc3339(text).ok().or_else(with_offset)?;
    Some(Timestamp::from_micros(at.timestamp_micros()))
}

fn resolve(local: NaiveDateTime, zone: Tz) -> Option<Timestamp> {
    let earliest = |local: &NaiveDateTime| zone.from_local_datetime(local).earliest();
    let after_gap = || {
        let minute = local.with_second(0)?.with_nanosecond(0)?;
        (1..=LONGEST_GAP_MINUTES)
            .find_map(|minutes| earliest(&minute.checked_add_signed(TimeDelta::minutes(minutes))?))
    };
    let at = earliest(&local).or_else(after_gap)?;
    Some(Timestamp::from_micros(at.timestamp_micros()))
}

/// What the PBX's clock showed, as its records write it.
pub(super) fn local(at: Timestamp, zone: Tz) -> String {
    at.utc().with_timezone(&zone).format("%Y-%m-%d %H:%M:%S%.f").to_string()
}

/// The day on the PBX's clock, as folders are named after it: `2026/11/22`.
pub(super) fn day(at: Timestamp, zone: Tz) -> String {
    at.utc().with_timezone(&zone).format("%Y/%m/%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str, zone: Tz) -> Option<String> {
        instant(text, zone).map(Timestamp::rfc3339)
    }

    #[test]
    fn times_are_of_the_zone_unless_they_say_otherwise() {
        let zone = chrono_tz::Europe::Moscow;
        let expected = Some("2026-11-23T02:57:02+00:00".to_owned());
        for text in [
            "2026-11-23 05:57:02",
            " 2026-11-23T05:57:02 ",
            "2026-11-23T02:57:02Z",
            "2026-11-23T05:57:02+03:00",
            "2026-11-23 02:57:02+00",
            "2026-11-23 04:57:02.000+0200",
        ] {
            assert_eq!(at(text, zone), expected, "{text}");
        }
        for text in ["", "yesterday", "0000-00-00 00:00:00", "2026-11-23", "2026-11-23 25:00:00"] {
            assert_eq!(at(text, zone), None, "{text}");
        }
    }

    #[test]
    fn an_hour_that_was_twice_is_the_first_one_and_one_that_never_was_is_over() {
        let zone = chrono_tz::Europe::Berlin;
        assert_eq!(at("2026-10-25 02:30:00", zone).as_deref(), Some("2026-10-25T00:30:00+00:00"));
        assert_eq!(at("2026-03-29 02:30:00", zone).as_deref(), Some("2026-03-29T01:00:00+00:00"));
        assert_eq!(at("2026-03-29 03:00:00", zone).as_deref(), Some("2026-03-29T01:00:00+00:00"));
    }

    proptest! {
        #[test]
        fn later_texts_never_give_earlier_instants(seconds in 0_i64..4_000_000_000, step in 0_i64..200_000) {
            let zone = chrono_tz::Europe::Berlin;
            let text = |seconds| DateTime::from_timestamp(seconds, 0).unwrap().format("%Y-%m-%d %H:%M:%S").to_string();
            let (earlier, later) = (instant(&text(seconds), zone), instant(&text(seconds + step), zone));
            prop_assert!(earlier <= later && earlier.is_some());
        }

        #[test]
        fn what_the_clock_showed_is_read_as_that_or_an_hour_before(micros in 0_i64..4_000_000_000_000_000) {
            let (zone, at) = (chrono_tz::Europe::Berlin, Timestamp::from_micros(micros));
            let read = instant(&local(at, zone), zone).unwrap();
            prop_assert!(read == at || read.micros() == micros - 3_600_000_000);
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,40}") {
            let _ = instant(&text, chrono_tz::Asia::Tehran);
        }
    }
}
