use super::*;
use proptest::prelude::*;

use crate::provider::asterisk::cdr::row::read;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn record(call: u16, start: i64) -> Record {
    let (call, start) = (format!("{call:03}"), at(start).rfc3339());
    let columns = [("linkedid", call.as_str()), ("start", start.as_str()), ("duration", "5")];
    read(|name| columns.iter().find(|(known, _)| *known == name).map(|(_, text)| *text), chrono_tz::UTC)
}

/// Page after page, each read from the beginning.
fn pages(rows: &[(u16, i64)], from: i64, to: i64) -> Vec<Mark> {
    let mut all = Vec::new();
    let mut after = Mark::before(at(from));
    loop {
        let mut next = Next::new(after.clone(), at(to));
        for (call, start) in rows {
            next.take(record(*call, *start));
        }
        let listed = next.listed();
        assert!(listed.marks.len() <= PAGE);
        all.extend(listed.marks.iter().cloned());
        match listed.marks.last().filter(|_| listed.has_more) {
            Some(last) => after = Mark::parse(&last.to_string()).unwrap(),
            None => return all,
        }
    }
}

fn all_at_once(rows: &[(u16, i64)], from: i64, to: i64) -> Vec<Mark> {
    let mut began: HashMap<u16, i64> = HashMap::new();
    for (call, start) in rows {
        began.entry(*call).and_modify(|known| *known = (*known).min(*start)).or_insert(*start);
    }
    let within = began.into_iter().filter(|(_, start)| (from..to).contains(start));
    let mut marks: Vec<Mark> =
        within.map(|(call, start)| Mark { began_at: at(start), linkedid: format!("{call:03}") }).collect();
    marks.sort();
    marks
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn pages_have_every_call_once_in_whatever_order_records_come(
        rows in prop::collection::vec((0..700_u16, 0..60_i64), 0..1_800),
    ) {
        prop_assert_eq!(pages(&rows, 5, 55), all_at_once(&rows, 5, 55));
    }

    #[test]
    fn any_cursor_is_read_or_refused(text in ".{0,20}") {
        let _ = Mark::parse(&text);
    }
}

#[test]
fn what_no_record_of_a_full_page_can_be_in_is_not_read() {
    let mut next = Next::new(Mark::before(at(0)), at(1_000_000));
    assert_eq!(next.until(), at(1_000_000).plus(LONGEST_CALL));
    (0..200).for_each(|call| next.take(record(call, i64::from(call))));
    assert_eq!(next.until(), at(199).plus(LONGEST_CALL));
}
