//! Moves what a SQLite database holds to PostgreSQL, while somebody may go on serving from it.
//!
//! Each table is walked in ranges of its primary key. A range of which both sides have as many rows with the same sum is
//! left as it is; in another, the rows that differ are replaced. So the first copy brings all, another what has changed
//! since, and the same walk without replacing anything verifies.

mod error;
mod mark;
mod report;
mod rows;
mod source;
mod table;
mod tally;
mod target;

use std::path::Path;

use tokio::sync::mpsc;

pub use self::error::{Side, TransferError};
pub(crate) use self::mark::check_whole;
pub use self::report::{Progress, Report, TableReport};
use self::source::{Chunk, Source};
use self::table::Table;
use self::tally::Tally;
use self::target::Target;
use crate::error::StorageError;
use crate::postgres::Address;

/// Ranges that are read while one is written.
const AHEAD: usize = 2;

/// Copies the database file `from` into the PostgreSQL database `to`, which is empty or an earlier copy of it,
/// and proves that it is there. `told` hears of each range.
pub async fn copy(
    from: &Path,
    to: &Address,
    told: &mut dyn FnMut(Progress<'_>),
) -> Result<Report, TransferError> {
    let (source, mut target) = (Source::open(from)?, Target::open(to).await?);
    target.lock().await?;
    target.migrate().await?;
    mark::begin(&target, &source).await?;
    let tables = source.tables.clone();
    let report = walk(source, &mut target, Duty::Replace, told).await?;
    target.finish(&tables).await?;
    mark::finish(&target).await?;
    Ok(report)
}

/// Says where the PostgreSQL database `to` is not as the database file `from`.
pub async fn verify(
    from: &Path,
    to: &Address,
    told: &mut dyn FnMut(Progress<'_>),
) -> Result<Report, TransferError> {
    let (source, mut target) = (Source::open(from)?, Target::open(to).await?);
    target.check_migrated().await?;
    walk(source, &mut target, Duty::Compare, told).await
}

/// What is done with a range that differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Duty {
    Compare,
    Replace,
}

async fn walk(
    source: Source,
    target: &mut Target,
    duty: Duty,
    told: &mut dyn FnMut(Progress<'_>),
) -> Result<Report, TransferError> {
    let tables = source.tables.clone();
    let mut report = Report::of(&tables, source.count()?);
    let mut is_empty = Vec::new();
    for table in &tables {
        is_empty.push(!target.has_rows(table).await?);
    }
    let (sender, mut chunks) = mpsc::channel(AHEAD);
    let reading = tokio::task::spawn_blocking(move || source.read(&sender));
    while let Some(chunk) = chunks.recv().await {
        let chunk = chunk?;
        let index = chunk.table;
        visit(&tables[index], chunk, is_empty[index], target, duty, &mut report.tables[index]).await?;
        told(report.progress(index));
    }
    let ended = |_| StorageError::Driver("the source was not read to its end; see the log".to_owned());
    reading.await.map_err(ended)?;
    Ok(report)
}

async fn visit(
    table: &Table,
    chunk: Chunk,
    is_empty: bool,
    target: &mut Target,
    duty: Duty,
    report: &mut TableReport,
) -> Result<(), TransferError> {
    let (expected, range) = (chunk.tally, chunk.range.clone());
    let there = if is_empty { Tally::default() } else { target.tally(table, &range).await? };
    report.visited(table, &range, expected, there);
    if there == expected || duty == Duty::Compare {
        return Ok(());
    }
    let written = target.write(table, chunk, is_empty).await?;
    if written.there != expected {
        return Err(TransferError::NotTaken {
            table: table.name.clone(),
            rows: report::shown(table, &range),
        });
    }
    report.copied += written.rows;
    Ok(())
}

#[cfg(test)]
mod tests;
