//! `Master.csv`, which Asterisk writes at the end of (contract Providers §c.4). It may be of any size: the place from which
//! to read is looked for, and no more is read than is asked for.

pub(super) mod line;
mod place;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono_tz::Tz;
use domain::clock::Timestamp;
use domain::port::{RemoteError, RemoteErrorKind};

use super::page::Reader;
use super::row::Record;
use crate::provider::asterisk::fault;
use line::Lines;

/// Longer lines are no records.
const LONGEST_LINE: usize = 64 * 1024;

/// Records beyond what is asked for, in a row, until nothing else is expected: a clock that was wrong for a while may have
/// written some.
const BEYOND: usize = 256;

/// What is read to find the last records.
const TAIL: u64 = 256 * 1024;

/// A `Master.csv` whose times are of a zone.
#[derive(Debug, Clone)]
pub(super) struct CsvFile {
    path: PathBuf,
    zone: Tz,
}

impl CsvFile {
    pub(super) fn new(path: PathBuf, zone: Tz) -> Self {
        Self { path, zone }
    }

    /// Has `reader` take in what was written from `from` on, and maybe something older.
    pub(super) async fn scan<R: Reader>(&self, from: Timestamp, reader: R) -> Result<R, RemoteError> {
        self.read(move |file, zone| {
            let place = place::find(file, from, zone)?;
            scan(file, place, zone, reader)
        })
        .await
    }

    /// Has `reader` take in what was written in the last of so much time.
    pub(super) async fn scan_last<R: Reader>(&self, span: Duration, reader: R) -> Result<R, RemoteError> {
        self.read(move |file, zone| {
            let (_, latest) = place::last(file, TAIL, zone)?;
            let last = latest.iter().flatten().map(|row| row.end).max();
            let place = last.map_or(Ok(0), |last| place::find(file, last.minus(span), zone))?;
            scan(file, place, zone, reader)
        })
        .await
    }

    /// The last records, if they tell of which call they are. A file in which nothing is yet may be right.
    pub(super) async fn latest(&self) -> Result<Vec<Record>, RemoteError> {
        let (columns, records) = self.read(|file, zone| place::last(file, TAIL, zone)).await?;
        match columns {
            Some(count) if !line::is_complete(count) => {
                let message = format!(
                    "the last record has {count} columns, and not 21; set loguniqueid=yes and newcdrcolumns=yes in \
                     section [csv] of cdr.conf, reload cdr_csv.so, and begin a new file"
                );
                Err(fault("check", RemoteErrorKind::Rejected, message))
            }
            _ => Ok(records),
        }
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Box<dyn Bytes>, Tz) -> io::Result<T> + Send + 'static,
    ) -> Result<T, RemoteError> {
        let (path, zone) = (self.path.clone(), self.zone);
        let reading = tokio::task::spawn_blocking(move || read(&mut open(&path)?, zone)).await;
        reading
            .unwrap_or_else(|error| Err(io::Error::other(error)))
            .map_err(|error| broken(&self.path, &error))
    }
}

/// What a file is to whoever reads it.
trait Bytes: Read + Seek {}

impl<T: Read + Seek> Bytes for T {}

/// The file. Asterisk makes it with its first record, or with the first after it was rotated: until then it is empty.
fn open(path: &Path) -> io::Result<Box<dyn Bytes>> {
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && path.parent().is_some_and(Path::is_dir) => {
            Ok(Box::new(io::empty()))
        }
        opened => Ok(Box::new(opened?)),
    }
}

/// Reads records from a place on; a last line that has no end yet is left for later.
fn scan<R: Reader>(file: &mut (impl Read + Seek), place: u64, zone: Tz, mut reader: R) -> io::Result<R> {
    file.seek(SeekFrom::Start(place))?;
    let mut input = BufReader::with_capacity(LONGEST_LINE, file);
    let mut lines = Lines::new(zone);
    let (mut line, mut beyond) = (Vec::new(), 0);
    while beyond < BEYOND && next_line(&mut input, &mut line)? {
        let Some(record) = lines.read(&line) else { continue };
        beyond = if is_beyond(&record, reader.until()) { beyond + 1 } else { 0 };
        reader.take(record);
    }
    Ok(reader)
}

fn is_beyond(record: &Record, until: Timestamp) -> bool {
    record.as_ref().is_ok_and(|row| row.end > until)
}

/// The next whole line; of one that is too long, a piece. False at the end.
fn next_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let limit = u64::try_from(LONGEST_LINE).unwrap_or(u64::MAX);
    let read = input.take(limit).read_until(b'\n', line)?;
    Ok(line.ends_with(b"\n") || read == LONGEST_LINE)
}

fn broken(path: &Path, error: &io::Error) -> RemoteError {
    let hint = match error.kind() {
        io::ErrorKind::NotFound => "; check cdr.path: there is no such folder",
        io::ErrorKind::PermissionDenied => "; let the user that this server runs as read it",
        _ => "",
    };
    let message = format!("{} cannot be read: {error}{hint}", path.display());
    fault("read history", RemoteErrorKind::Unreachable, message)
}

#[cfg(test)]
mod tests;
