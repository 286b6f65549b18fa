//! Where in a `Master.csv` to begin. Records come in the order in which calls ended; those of one call together, the last of
//! which has just ended. So the latest end among some neighbours is about when they were written.

use std::io::{self, Read, Seek, SeekFrom};
use std::time::Duration;

use chrono_tz::Tz;
use domain::clock::Timestamp;

use super::line::Lines;
use crate::provider::asterisk::cdr::row::Record;

/// So many bytes of neighbours are looked at.
const NEIGHBOURS: u64 = 32 * 1024;

/// Of a caller who waits in a queue there may be more records than neighbours, the first of them as much older than when
/// they were written as he waited; and a wall clock is put back by an hour in autumn.
const OLDER: Duration = Duration::from_hours(6);

/// The beginning of a line before which nothing was written at `from` or later.
pub(super) fn find(file: &mut (impl Read + Seek), from: Timestamp, zone: Tz) -> io::Result<u64> {
    let from = from.minus(OLDER);
    let mut earlier = 0;
    let mut later = file.seek(SeekFrom::End(0))?;
    while later.saturating_sub(earlier) > NEIGHBOURS {
        let middle = earlier.midpoint(later);
        match latest_end_at(file, middle, NEIGHBOURS, zone)? {
            Some(end) if end < from => earlier = middle,
            // What cannot be read says nothing: rather too much is read than too little.
            _ => later = middle,
        }
    }
    next_line(file, earlier)
}

/// The records in the last `bytes`, and how many columns the last one has.
pub(super) fn last(
    file: &mut (impl Read + Seek),
    bytes: u64,
    zone: Tz,
) -> io::Result<(Option<usize>, Vec<Record>)> {
    let size = file.seek(SeekFrom::End(0))?;
    let text = lines_at(file, size.saturating_sub(bytes), bytes)?;
    let mut lines = Lines::new(zone);
    let columns =
        text.rsplit(|byte| *byte == b'\n').map(|line| lines.split(line)).find(|columns| *columns > 0);
    let records = text.split(|byte| *byte == b'\n').filter_map(|line| lines.read(line)).collect();
    Ok((columns, records))
}

fn latest_end_at(
    file: &mut (impl Read + Seek),
    place: u64,
    bytes: u64,
    zone: Tz,
) -> io::Result<Option<Timestamp>> {
    let text = lines_at(file, place, bytes)?;
    let mut lines = Lines::new(zone);
    let ends = text.split(|byte| *byte == b'\n').filter_map(|line| lines.read(line)?.ok());
    Ok(ends.map(|row| row.end).max())
}

/// The whole lines that begin within `bytes` from `place` on, as far as they lie there.
fn lines_at(file: &mut (impl Read + Seek), place: u64, bytes: u64) -> io::Result<Vec<u8>> {
    let start = next_line(file, place)?;
    file.seek(SeekFrom::Start(start))?;
    let mut text = Vec::new();
    file.take(bytes).read_to_end(&mut text)?;
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    text.truncate(whole);
    Ok(text)
}

/// Where the line begins that comes next at `place`, or that begins there.
fn next_line(file: &mut (impl Read + Seek), place: u64) -> io::Result<u64> {
    let Some(before) = place.checked_sub(1) else { return Ok(0) };
    file.seek(SeekFrom::Start(before))?;
    let mut at = before;
    let mut chunk = [0; 4096];
    loop {
        let read = file.read(&mut chunk)?;
        let end = chunk[..read].iter().position(|byte| *byte == b'\n');
        let passed = end.map_or(read, |end| end + 1);
        at += u64::try_from(passed).unwrap_or_default();
        if end.is_some() || read == 0 {
            return Ok(at);
        }
    }
}
