//! What statements run on: a connection to SQLite or to PostgreSQL, as [`Tx`] sees it.

mod row;
mod unit;
mod value;

use crate::error::StorageError;
#[cfg(doc)]
use crate::tx::Tx;

pub use row::Row;
pub(crate) use unit::Unit;
pub use unit::{About, Knowledge};
pub use value::Value;

/// A connection that statements run on.
pub(crate) trait Session {
    /// Runs a change; says how many rows it touched.
    fn execute(&self, sql: &'static str, parameters: &[Value<'_>]) -> Result<usize, StorageError>;

    /// Asks; `read` gets row after row until it has enough.
    fn query(
        &self,
        sql: &'static str,
        parameters: &[Value<'_>],
        read: &mut Read<'_>,
    ) -> Result<(), StorageError>;

    /// Makes a change of which nobody asks how many rows it touched. It may be made later, together with others like it,
    /// but before anything that could see it.
    fn put(&self, sql: &'static str, parameters: &[Value<'_>]) -> Result<(), StorageError> {
        self.execute(sql, parameters).map(drop)
    }

    /// The same for a change that overwrites what an earlier one with the same last parameter did: that one need not be
    /// made.
    fn put_latest(&self, sql: &'static str, parameters: &[Value<'_>]) -> Result<(), StorageError> {
        self.put(sql, parameters)
    }

    /// The number of a new row, where whoever inserts it chooses it; otherwise the database does.
    fn next_id(&self, of: Ids) -> Result<Option<i64>, StorageError>;

    /// The number that the database chose for the row that was inserted last.
    fn last_id(&self) -> i64;

    /// Whether it is PostgreSQL, where a question is none of SQL's.
    fn is_postgres(&self) -> bool {
        false
    }

    /// What the transaction knows because it was looked up in advance; none where nobody else changes anything.
    fn unit(&self) -> Option<&Unit> {
        None
    }
}

/// Takes a row.
pub(crate) type Read<'r> = dyn FnMut(&Row<'_>) -> Result<Next, StorageError> + 'r;

/// Whether there is more to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// The next row, if there is one.
    Row,
    /// Nothing more.
    Enough,
}

/// Tables that number their rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Ids {
    /// `call`.
    Calls,
    /// `delivery`: within a call, a later one has a larger number.
    Deliveries,
    /// `raw_request`.
    RawRequests,
    /// `instance`.
    Instances,
    /// `status_change`.
    StatusChanges,
    /// `sync_job`.
    SyncJobs,
    /// `reconciliation`.
    Reconciliations,
}
