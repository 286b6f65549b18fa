//! One call detail record, whatever it was kept in (contract Providers §c.4).

use std::time::Duration;

use chrono_tz::Tz;
use domain::clock::Timestamp;

use super::recording;
use super::time::instant;

/// The columns that are read, where there are such. `calldate` stands for `start` in older tables.
pub(super) const COLUMNS: [&str; 19] = [
    "start",
    "calldate",
    "answer",
    "end",
    "duration",
    "billsec",
    "disposition",
    "src",
    "dst",
    "did",
    "outbound_cnum",
    "channel",
    "dstchannel",
    "lastapp",
    "lastdata",
    "linkedid",
    "sequence",
    "userfield",
    "recordingfile",
];

/// A channel's time with another one, or alone in an application. Ordered by when it began.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    pub(super) start: Timestamp,
    /// Counts the records of an Asterisk since it was started.
    pub(super) sequence: u64,
    /// What all records of a call have in common.
    pub(super) linkedid: String,
    /// The caller's channel.
    pub(super) channel: String,
    /// The channel that was dialled; empty if none was.
    pub(super) dstchannel: String,
    pub(super) src: String,
    pub(super) dst: String,
    /// What was dialled from outside, where the dialplan notes it.
    pub(super) did: String,
    /// The number that was shown outside, where the dialplan notes it.
    pub(super) outbound_cnum: String,
    pub(super) lastapp: String,
    pub(super) lastdata: String,
    /// When it was picked up; of a caller who was talking to a menu or a queue before, when it began to ring.
    pub(super) answer: Option<Timestamp>,
    pub(super) end: Timestamp,
    /// When it was picked up, or whether, is not what it says: the caller had been answered before, or whoever talked did
    /// so for less than a second.
    pub(super) is_rough: bool,
    /// The file of its recording, within the folder `monitor`.
    pub(super) file: Option<String>,
}

/// A record without its call or its times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unreadable {
    /// The call; empty if that is what is missing.
    pub(super) linkedid: String,
}

/// A record as far as it could be read.
pub(super) type Record = Result<Row, Unreadable>;

/// The call that a record is of; empty if that is not known.
pub(super) fn linkedid(record: &Record) -> &str {
    record.as_ref().map_or_else(|unreadable| &unreadable.linkedid, |row| &row.linkedid)
}

/// Reads a record of which `column` gives the columns by name. Times without an offset are of `zone`.
pub(super) fn read<'a>(column: impl Fn(&str) -> Option<&'a str>, zone: Tz) -> Record {
    let text = |name: &str| column(name).unwrap_or_default().trim().to_owned();
    let linkedid = text("linkedid");
    let unreadable = || Unreadable { linkedid: linkedid.clone() };
    let time = |name: &str| column(name).and_then(|text| instant(text, zone));
    let seconds = |name: &str| column(name).and_then(duration);
    let start = time("start").or_else(|| time("calldate")).ok_or_else(unreadable)?;
    let end = time("end").or_else(|| Some(start.plus(seconds("duration")?))).ok_or_else(unreadable)?;
    if linkedid.is_empty() {
        return Err(unreadable());
    }
    let talked = seconds("billsec").unwrap_or_default();
    let is_answered = text("disposition").eq_ignore_ascii_case("ANSWERED");
    let answer = time("answer").unwrap_or_else(|| end.minus(talked));
    Ok(Row {
        start,
        sequence: text("sequence").parse().unwrap_or_default(),
        channel: text("channel"),
        dstchannel: text("dstchannel"),
        src: text("src"),
        dst: text("dst"),
        did: text("did"),
        outbound_cnum: text("outbound_cnum"),
        lastapp: text("lastapp"),
        lastdata: text("lastdata"),
        answer: (is_answered && !talked.is_zero()).then_some(answer),
        is_rough: is_answered && (talked.is_zero() || answer <= start),
        end: end.max(start),
        file: recording::file(&text("userfield"), &text("recordingfile"), start, zone),
        linkedid,
    })
}

/// Seconds, some write with a fraction.
fn duration(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.trim().parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(columns: &[(&str, &str)]) -> Record {
        let column = |name: &str| columns.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
        read(column, chrono_tz::Europe::Moscow)
    }

    #[test]
    fn an_older_table_has_when_it_began_and_how_long_it_lasted() {
        let columns = [
            ("calldate", "2026-11-22 10:00:00"),
            ("duration", "12"),
            ("billsec", "9"),
            ("disposition", "ANSWERED"),
            ("linkedid", "1.0"),
        ];
        let row = row(&columns).unwrap();
        assert_eq!(row.answer.map(Timestamp::rfc3339).as_deref(), Some("2026-11-22T07:00:03+00:00"));
        assert_eq!(row.end.rfc3339(), "2026-11-22T07:00:12+00:00");
    }

    #[test]
    fn who_was_answered_for_no_time_was_not_as_far_as_is_known() {
        let columns = [
            ("start", "2026-11-22 10:00:00"),
            ("answer", "2026-11-22 10:00:01"),
            ("end", "2026-11-22 10:00:01"),
            ("billsec", "0"),
            ("disposition", "ANSWERED"),
            ("linkedid", "1.0"),
        ];
        let row = row(&columns).unwrap();
        assert_eq!((row.answer, row.is_rough), (None, true));
    }

    #[test]
    fn without_its_call_or_its_times_it_cannot_be_read() {
        let whole = [("start", "2026-11-22 10:00:00"), ("duration", "1"), ("linkedid", "1.0")];
        assert!(row(&whole).is_ok());
        for (missing, linkedid) in [(0, "1.0"), (1, "1.0"), (2, "")] {
            let mut columns = whole;
            columns[missing].1 = "";
            assert_eq!(row(&columns), Err(Unreadable { linkedid: linkedid.to_owned() }));
        }
    }
}
