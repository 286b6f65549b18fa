//! When calls began by their ids, which Asterisk makes of the time in UTC: what a `linkedid` says needs no zone
//! (contract Providers §c.2).

use domain::clock::Timestamp;

use super::row::Record;

/// Zones are apart by quarters of an hour at least.
const ALIKE_SECONDS: i64 = 10 * 60;

/// When a call began: `[SYSTEM-]SECONDS.COUNT`. Ids that were given to Asterisk do not tell.
pub(super) fn of(linkedid: &str) -> Option<Timestamp> {
    let (began, _) = linkedid.rsplit_once('.')?;
    let seconds = began.rsplit_once('-').map_or(began, |(_, seconds)| seconds);
    let seconds: u32 = seconds.parse().ok()?;
    Some(Timestamp::from_micros(i64::from(seconds) * 1_000_000))
}

/// By how many minutes the times of records are later than they should be, if that can only be the wrong zone. A record may
/// begin hours after its call did, but never before, and the first one of a call begins with it.
pub(super) fn minutes_late(records: &[Record]) -> Option<i64> {
    let rows = records.iter().filter_map(|record| record.as_ref().ok());
    let late = rows.filter_map(|row| Some(row.start.seconds() - of(&row.linkedid)?.seconds()));
    let least = late.min().filter(|seconds| seconds.abs() > ALIKE_SECONDS)?;
    Some((least + least.signum() * 30) / 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::provider::asterisk::cdr::row::read;

    #[test]
    fn an_id_tells_when_its_call_began() {
        let began = Some(Timestamp::from_micros(1_795_402_616_000_000));
        assert_eq!(of("1795402616.0"), began);
        assert_eq!(of("pbx-1-1795402616.17"), began);
        for other in ["kontur-click-1", "", "1795402616", "x.1"] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    fn record(linkedid: &str, start: &str, zone: chrono_tz::Tz) -> Record {
        let columns = [("linkedid", linkedid), ("start", start), ("duration", "1")];
        read(|name| columns.iter().find(|(known, _)| *known == name).map(|(_, text)| *text), zone)
    }

    #[test]
    fn another_zone_is_told_from_a_call_that_has_gone_on_for_hours() {
        let late = |zone| {
            let first = record("1795402616.0", "2026-11-23 05:56:57", zone);
            let hours_later = record("1795392000.7", "2026-11-23 05:59:00", zone);
            minutes_late(&[hours_later, first, record("kontur-1", "2026-11-01 00:00:00", zone)])
        };
        assert_eq!(late(chrono_tz::Europe::Moscow), None);
        assert_eq!(late(chrono_tz::UTC), Some(180));
        assert_eq!(late(chrono_tz::Asia::Novosibirsk), Some(-240));
        assert_eq!(minutes_late(&[]), None);
    }
}
