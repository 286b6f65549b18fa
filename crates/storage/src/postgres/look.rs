//! Those of this process that look.

use std::cell::{Cell, RefCell};

use super::address::Address;
use super::connection::Connection;
use super::session::read_all;
use crate::error::StorageError;
use crate::session::{Ids, Read, Session, Value};

/// All statements of a look see the same state, and change nothing.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Looks at a database.
pub(crate) struct Looking {
    address: Address,
    connection: RefCell<Connection>,
    has_begun: Cell<bool>,
}

impl Looking {
    /// Connects. Blocks.
    pub(crate) fn open(address: &Address) -> Result<Self, StorageError> {
        let connection = RefCell::new(Connection::open(address)?);
        Ok(Self { address: address.clone(), connection, has_begun: Cell::new(false) })
    }

    /// Whether it is of no use any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.connection.borrow().is_closed()
    }

    /// Ends a look.
    pub(crate) fn end(&self) {
        if self.has_begun.take() {
            self.connection.borrow().run_unheard("COMMIT");
        }
    }
}

impl Session for Looking {
    fn execute(&self, sql: &'static str, parameters: &[Value<'_>]) -> Result<usize, StorageError> {
        self.connection.borrow().execute(sql, parameters)
    }

    fn query(
        &self,
        sql: &'static str,
        parameters: &[Value<'_>],
        read: &mut Read<'_>,
    ) -> Result<(), StorageError> {
        if self.has_begun.get() {
            let rows = self.connection.borrow().query(sql, parameters);
            return read_all(&rows?, read);
        }
        let begin = || self.connection.borrow().query_after(BEGIN, sql, parameters);
        let rows = match begin() {
            // It rested, and the server was started again meanwhile.
            Err(StorageError::Away(_)) => {
                self.connection.replace(Connection::open(&self.address)?);
                begin()
            }
            rows => rows,
        };
        self.has_begun.set(true);
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
