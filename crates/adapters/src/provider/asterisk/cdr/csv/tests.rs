use super::*;
use std::io::{Cursor, Write as _};

use proptest::prelude::*;
use tempfile::NamedTempFile;

use crate::provider::asterisk::cdr::page::{Mark, Next};

const UTC: Tz = chrono_tz::UTC;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn time(seconds: i64) -> String {
    super::super::time::local(at(seconds), UTC)
}

/// A line as Asterisk writes it.
fn line(call: usize, start: i64, end: i64) -> String {
    let (start, end) = (time(start), time(end));
    format!(
        "\"\",\"79990001122\",\"74950000001\",\"from-trunk\",\"\"\"\"\" <79990001122>\",\"PJSIP/trunk-{call:08x}\",\
         \"PJSIP/101-{call:08x}\",\"Dial\",\"PJSIP/101,20\",\"{start}\",,\"{end}\",{},0,\"NO ANSWER\",\
         \"DOCUMENTATION\",\"{call}.0\",\"\",\"\",\"{call}.0\",{call}\n",
        3
    )
}

fn file(text: impl AsRef<[u8]>) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_ref()).unwrap();
    file
}

/// Calls that end in turn, one a minute; each began up to two hours before, and some have an older record.
fn many(count: usize) -> String {
    let mut text = String::new();
    for call in 0..count {
        let end = i64::try_from(call).unwrap() * 60;
        let start = end - i64::try_from(call * 7_919 % 7_200).unwrap();
        if call % 5 == 0 {
            text.push_str(&line(call, start, start + 10));
        }
        text.push_str(&line(call, start, end));
    }
    text
}

fn next(file: impl AsRef<[u8]>, place: u64, window: (i64, i64)) -> Vec<Mark> {
    let reader = Next::new(Mark::before(at(window.0)), at(window.1));
    scan(&mut Cursor::new(file), place, UTC, reader).unwrap().listed().marks
}

#[test]
fn what_is_read_from_the_place_that_was_found_is_what_is_read_from_the_beginning() {
    let many = many(10_000);
    let mut places = Vec::new();
    for day in -1..8 {
        let from = day * 86_400;
        let place = place::find(&mut Cursor::new(&many), at(from), UTC).unwrap();
        let window = (from, from + 10_000);
        assert_eq!(next(&many, place, window), next(&many, 0, window), "day {day}");
        assert!(day == 7 || day == -1 || !next(&many, place, window).is_empty(), "day {day}");
        places.push(place);
    }
    assert!(places.is_sorted() && places.first() == Some(&0) && places[5] > 1_000_000, "{places:?}");
}

#[test]
fn reading_ends_soon_after_what_is_asked_for() {
    struct Counting(usize);
    impl Reader for Counting {
        fn take(&mut self, _: Record) {
            self.0 += 1;
        }
        fn until(&self) -> Timestamp {
            at(3_600)
        }
    }
    let read = scan(&mut Cursor::new(many(5_000)), 0, UTC, Counting(0)).unwrap().0;
    assert!((61..61 + 2 * BEYOND).contains(&read), "{read}");
}

#[test]
fn a_clock_that_was_wrong_for_a_while_does_not_hide_what_comes_after() {
    let text = [line(1, 100, 110), line(2, 4_000_000_000, 4_000_000_001), line(3, 120, 130)].concat();
    let marks = next(text, 0, (0, 1_000));
    assert_eq!(marks.iter().map(|mark| mark.linkedid.as_str()).collect::<Vec<_>>(), ["1.0", "3.0"]);
}

#[test]
fn a_line_that_is_half_written_is_left_for_later() {
    let second = line(2, 120, 130);
    for cut in 0..second.len() {
        let text = line(1, 100, 110) + &second[..cut];
        let marks = next(text, 0, (0, 1_000));
        assert_eq!(marks.len(), 1, "{cut}");
    }
}

#[test]
fn a_line_that_was_cut_off_takes_one_other_along_at_most() {
    let first = line(1, 100, 110);
    for cut in 1..first.len() - 1 {
        let text = [&first[..cut], &line(2, 120, 130), &line(3, 140, 150)].concat();
        let marks = next(text, 0, (0, 1_000));
        assert!(marks.iter().any(|mark| mark.linkedid == "3.0"), "{cut}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_file_is_said() {
    let missing = CsvFile::new("/nonexistent/Master.csv".into(), UTC).latest().await.unwrap_err();
    assert_eq!(missing.kind, RemoteErrorKind::Unreachable);
    assert!(missing.message.contains("check cdr.path"), "{}", missing.message);

    let old = file(line(1, 100, 110).replace(",\"1.0\",\"\",\"\",\"1.0\",1\n", "\n"));
    let old = CsvFile::new(old.path().to_owned(), UTC).latest().await.unwrap_err();
    assert!(
        old.message.contains("has 16 columns") && old.message.contains("newcdrcolumns=yes"),
        "{}",
        old.message
    );

    let folder = tempfile::tempdir().unwrap();
    let not_yet = CsvFile::new(folder.path().join("Master.csv"), UTC);
    assert_eq!(not_yet.latest().await, Ok(Vec::new()), "nobody has called yet");

    for text in [String::new(), line(1, 100, 110)] {
        let good = file(text);
        assert!(CsvFile::new(good.path().to_owned(), UTC).latest().await.is_ok());
    }
}

#[test]
fn without_the_file_of_the_recording_the_other_columns_are_where_they_were() {
    let mut lines = Lines::new(UTC);
    let whole = lines.read(line(7, 100, 110).as_bytes()).unwrap();
    let shorter = line(7, 100, 110).replace("\"7.0\",\"\",\"\",", "\"7.0\",\"\",");
    assert_eq!(lines.read(shorter.as_bytes()).unwrap(), whole);
    assert!(whole.is_ok());
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_left_out(bytes in prop::collection::vec(any::<u8>(), 0..400), place in 0..500_u64) {
        place::find(&mut Cursor::new(&bytes), at(0), UTC).unwrap();
        prop_assert_eq!(next(&bytes, place, (0, 1_000)), Vec::new());
    }

    #[test]
    fn any_text_between_commas_is_read_or_left_out(line in "([\"a-z0-9 :-]{0,12},){14,24}[0-9]{0,3}\n") {
        let _ = Lines::new(UTC).read(line.as_bytes());
    }
}
