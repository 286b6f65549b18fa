//! Fills a database for measurements: the finished calls in it, again and again, as a long time of traffic and retention
//! would have left them. Not for a database that somebody serves from.

mod copies;

use std::path::Path;

use domain::clock::Timestamp;
use domain::retention::{Limit, Prunable, Retention};
use rusqlite::Connection;

use crate::error::StorageError;
use crate::sqlite;
use copies::{Duplicate, TABLES, Table};

/// Copies put into one transaction, each of all calls that the database had.
const COPIES_AT_ONCE: u64 = 16;

/// What to fill a database with.
#[derive(Debug, Clone, Copy)]
pub struct Filling {
    /// So many calls at least, spread evenly over the time that calls are kept.
    pub calls: u64,
    /// The present; nothing is younger.
    pub now: Timestamp,
    /// What is kept for how long: calls beyond it have no deliveries or no requests any more.
    pub retention: Retention,
}

/// What a database was filled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Filled {
    /// Calls.
    pub calls: u64,
    /// Of them, those that have their deliveries.
    pub with_deliveries: u64,
    /// Of them, those whose requests are there as they came.
    pub with_requests: u64,
}

/// Replaces the calls of the database by copies of them. All of them have to be over, handed on and told.
pub fn fill(path: &Path, filling: &Filling) -> Result<Filled, StorageError> {
    let connection = sqlite::open_writer(path)?;
    // Nobody else is here, and what a crash spoils is made again.
    connection.pragma_update(None, "journal_mode", "OFF")?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.pragma_update(None, "cache_size", -1_000_000)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    let filled = multiply(&connection, filling)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    Ok(filled)
}

fn multiply(connection: &Connection, filling: &Filling) -> Result<Filled, StorageError> {
    let calls = count(connection, "SELECT COUNT(*) FROM call")?;
    let open = count(
        connection,
        "SELECT COUNT(*) FROM call WHERE state = 'active' OR settle_at IS NOT NULL
         OR EXISTS (SELECT 1 FROM parked WHERE instance_id = call.instance_id AND call_id = call.id)
         OR EXISTS (SELECT 1 FROM delivery WHERE call_id = call.id AND state = 'pending')",
    )?;
    if calls == 0 || open > 0 {
        return Err(StorageError::Driver(format!(
            "{open} of the {calls} calls to be copied are not done with"
        )));
    }
    let copies = filling.calls.div_ceil(calls);
    let originals = set_aside(connection)?;
    let mut filled = Filled::default();
    for first in (1..=copies).step_by(usize::try_from(COPIES_AT_ONCE).unwrap_or(1)) {
        let transaction = connection.unchecked_transaction()?;
        for number in first..(first + COPIES_AT_ONCE).min(copies + 1) {
            // The last copy is the youngest; the first has a while to go before it is pruned.
            let age = kept(filling, Prunable::Calls) / signed(copies) * signed(copies - number);
            let copy = Duplicate::of(signed(number), age, &originals, filling);
            copy.insert(connection)?;
            filled.calls += calls;
            filled.with_deliveries += if copy.has_deliveries() { calls } else { 0 };
            filled.with_requests += if copy.has_requests() { calls } else { 0 };
        }
        transaction.commit()?;
    }
    Ok(filled)
}

/// What is copied.
struct Originals {
    /// The time of the youngest.
    newest: Timestamp,
    /// No row has a larger number.
    largest: i64,
}

/// Moves what is to be copied into temporary tables.
fn set_aside(connection: &Connection) -> Result<Originals, StorageError> {
    let sql = "SELECT (SELECT MAX(received_at) FROM call_event),
                      MAX((SELECT MAX(id) FROM call), (SELECT MAX(id) FROM delivery), (SELECT MAX(id) FROM raw_request))";
    let (newest, largest) = connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for Table { name, .. } in &TABLES {
        let sql = format!("CREATE TEMP TABLE copied_{name} AS SELECT * FROM {name}; DELETE FROM main.{name}");
        connection.execute_batch(&sql)?;
    }
    Ok(Originals { newest: Timestamp::from_micros(newest), largest })
}

fn count(connection: &Connection, sql: &str) -> Result<u64, StorageError> {
    let count: i64 = connection.query_row(sql, [], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// How long something is kept, in microseconds; a year if it is for ever.
fn kept(filling: &Filling, what: Prunable) -> i64 {
    let limit = filling.retention.limit(what, filling.now);
    let kept = limit.map(|Limit { before, now }| now.since(before));
    kept.map_or(365 * 24 * 3_600_000_000, |kept| i64::try_from(kept.as_micros()).unwrap_or(i64::MAX))
}
