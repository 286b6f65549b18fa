//! A line of `Master.csv`. Each is read by itself, so that one that was cut off does not take the rest along.

use std::borrow::Cow;

use chrono_tz::Tz;
use csv_core::{ReadRecordResult, Reader};

use crate::provider::asterisk::cdr::row::{Record, read};

/// The columns that are always there; then `uniqueid` and `userfield`, if they are asked for, and the new ones.
const FIRST: [&str; 16] = [
    "accountcode",
    "src",
    "dst",
    "dcontext",
    "clid",
    "channel",
    "dstchannel",
    "lastapp",
    "lastdata",
    "start",
    "answer",
    "end",
    "duration",
    "billsec",
    "disposition",
    "amaflags",
];

/// The last ones, with `newcdrcolumns`.
const NEW: [&str; 3] = ["peeraccount", "linkedid", "sequence"];

/// More are of no record.
const MOST: usize = 64;

/// Whether so many columns can be with `uniqueid` and the new ones; `userfield` may be missing.
pub(super) const fn is_complete(columns: usize) -> bool {
    columns > FIRST.len() + NEW.len() && columns <= FIRST.len() + NEW.len() + 2
}

/// Reads line after line.
#[derive(Debug)]
pub(in crate::provider::asterisk::cdr) struct Lines {
    reader: Reader,
    text: Vec<u8>,
    ends: [usize; MOST],
    zone: Tz,
}

impl Lines {
    pub(in crate::provider::asterisk::cdr) fn new(zone: Tz) -> Self {
        Self { reader: Reader::new(), text: Vec::new(), ends: [0; MOST], zone }
    }

    /// The record in a line; none if it is empty.
    pub(in crate::provider::asterisk::cdr) fn read(&mut self, line: &[u8]) -> Option<Record> {
        let columns = self.split(line);
        if columns == 0 {
            return None;
        }
        let text = |index: usize| {
            let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
            String::from_utf8_lossy(&self.text[start..self.ends[index]])
        };
        let texts: Vec<Cow<'_, str>> = (0..columns).map(text).collect();
        Some(read(
            |name| place(name, columns).and_then(|index| texts.get(index)).map(|text| &**text),
            self.zone,
        ))
    }

    /// How many columns a line has; their texts are one after the other then.
    pub(super) fn split(&mut self, line: &[u8]) -> usize {
        self.reader.reset();
        // What is unquoted is never longer.
        self.text.resize(line.len() + 1, 0);
        let (mut input, mut written, mut columns) = (line, 0, 0);
        loop {
            let (result, read, wrote, ended) =
                self.reader.read_record(input, &mut self.text[written..], &mut self.ends[columns..]);
            (input, written, columns) = (&input[read..], written + wrote, columns + ended);
            match result {
                // The second time it is told that nothing comes any more.
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::Record => return columns,
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull | ReadRecordResult::End => {
                    return 0;
                }
            }
        }
    }
}

/// Where a column is in a record of so many. Where one of `uniqueid` and `userfield` is missing, the other is in its place:
/// what is no name of a recording is not taken for one.
fn place(name: &str, columns: usize) -> Option<usize> {
    if let Some(index) = FIRST.iter().position(|first| *first == name) {
        return Some(index);
    }
    let new = columns.checked_sub(NEW.len()).filter(|new| (FIRST.len()..=FIRST.len() + 2).contains(new))?;
    match name {
        "userfield" => new.checked_sub(1).filter(|index| *index >= FIRST.len()),
        name => NEW.iter().position(|known| *known == name).map(|index| new + index),
    }
}
