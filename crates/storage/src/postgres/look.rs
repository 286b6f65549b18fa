//! Those of this process that look.

use std::cell::Cell;

use super::address::Address;
use super::connection::Connection;
use super::session::read_all;
use crate::error::StorageError;
use crate::session::{Ids, Read, Session, Value};

/// All statements of a look see the same state, and change nothing.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Looks at a database.
pub(crate) struct Looking {
    connection: Connection,
    has_begun: Cell<bool>,
}

impl Looking {
    /// Connects. Blocks.
    pub(crate) fn open(address: &Address) -> Result<Self, StorageError> {
        Ok(Self { connection: Connection::open(address)?, has_begun: Cell::new(false) })
    }

    /// Whether it is of no use any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.connection.is_closed()
    }

    /// Ends a look.
    pub(crate) fn end(&self) {
        if self.has_begun.take() {
            self.connection.run_unheard("COMMIT");
        }
    }
}

impl Session for Looking {
    fn execute(&self, sql: &'static str, parameters: &[Value<'_>]) -> Result<usize, StorageError> {
        self.connection.execute(sql, parameters)
    }

    fn query(
        &self,
        sql: &'static str,
        parameters: &[Value<'_>],
        read: &mut Read<'_>,
    ) -> Result<(), StorageError> {
        let rows = if self.has_begun.replace(true) {
            self.connection.query(sql, parameters)
        } else {
            self.connection.query_after(BEGIN, sql, parameters)
        };
        read_all(&rows?, read)
    }

    fn next_id(&self, _of: Ids) -> Result<Option<i64>, StorageError> {
        Ok(None)
    }

    fn is_postgres(&self) -> bool {
        true
    }

    fn last_id(&self) -> i64 {
        0 // whoever looks inserts nothing
    }
}
