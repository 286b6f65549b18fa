//! Fills a database for measurements: the finished calls in it, again and again, as a long time of traffic and retention
//! would have left them. Not for a database that somebody serves from.

mod copies;
mod postgres;
mod sqlite;

use domain::clock::Timestamp;
use domain::retention::{Limit, Prunable, Retention};

use crate::error::StorageError;
use crate::store::Place;

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
    /// What the whole database takes on the disk.
    pub bytes: u64,
}

/// Replaces the calls of the database by copies of them. All of them have to be over, handed on and told. Blocks.
pub fn fill(place: &Place, filling: &Filling) -> Result<Filled, StorageError> {
    match place {
        Place::File(path) => sqlite::fill(path, filling),
        Place::Postgres(address) => postgres::fill(address, filling),
    }
}

/// How many calls there are, and how many of them are not done with.
const CALLS: &str = "
    SELECT COUNT(*),
           COUNT(CASE WHEN state = 'active' OR settle_at IS NOT NULL
                        OR EXISTS (SELECT 1 FROM parked WHERE instance_id = call.instance_id AND call_id = call.id)
                        OR EXISTS (SELECT 1 FROM delivery WHERE call_id = call.id AND state = 'pending')
                      THEN 1 END)
    FROM call";

/// What is copied.
#[derive(Debug, Clone, Copy)]
struct Originals {
    calls: i64,
    /// The time of the youngest.
    newest: Timestamp,
    /// No row has a larger number.
    largest: i64,
}

impl Originals {
    /// Fails unless there are calls and all of them are done with.
    fn check(calls: i64, open: i64) -> Result<(), StorageError> {
        if calls == 0 || open > 0 {
            let message = format!("{open} of the {calls} calls to be copied are not done with");
            return Err(StorageError::Driver(message));
        }
        Ok(())
    }
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
