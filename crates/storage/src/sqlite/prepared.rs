//! Statements that are prepared once. The writer runs some for each event, and looking each up by its text (as
//! `prepare_cached` does) would cost a copy and two hashes of that text every time.

use std::cell::RefCell;
use std::collections::HashMap;

use rusqlite::{Connection, Statement};

use crate::error::StorageError;

/// Prepared statements, by where their texts are in the program.
pub(crate) struct Statements<'c> {
    connection: &'c Connection,
    prepared: RefCell<HashMap<(usize, usize), Statement<'c>>>,
}

impl<'c> Statements<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Self {
        Self { connection, prepared: RefCell::default() }
    }

    /// What they run on.
    pub(super) fn connection(&self) -> &'c Connection {
        self.connection
    }

    /// Runs something with a statement.
    pub(super) fn with<T>(
        &self,
        sql: &'static str,
        run: impl FnOnce(&mut Statement<'c>) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let place = (sql.as_ptr().addr(), sql.len());
        // Taken out meanwhile: what runs may need another statement, or this one again.
        let known = self.prepared.borrow_mut().remove(&place);
        let mut statement = known.map_or_else(|| self.connection.prepare(sql), Ok)?;
        let ran = run(&mut statement);
        self.prepared.borrow_mut().insert(place, statement);
        ran
    }
}
