//! Statements that are prepared once. The writer runs some for each event, and looking each up by its text (as
//! `prepare_cached` does) would cost a copy and two hashes of that text every time.

use std::cell::RefCell;
use std::collections::HashMap;

use rusqlite::{Connection, Statement};

use crate::error::StorageError;

/// Where prepared statements come from.
pub(crate) trait Prepare {
    /// Runs something with a statement.
    fn with(
        &self,
        sql: &'static str,
        run: &mut dyn FnMut(&mut Statement<'_>) -> Result<(), StorageError>,
    ) -> Result<(), StorageError>;

    /// What they run on.
    fn connection(&self) -> &Connection;
}

/// By text, for whoever has only the connection.
impl Prepare for Connection {
    fn with(
        &self,
        sql: &'static str,
        run: &mut dyn FnMut(&mut Statement<'_>) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        run(&mut *self.prepare_cached(sql)?)
    }

    fn connection(&self) -> &Connection {
        self
    }
}

/// By where the text is in the program.
pub(crate) struct Statements<'c> {
    connection: &'c Connection,
    prepared: RefCell<HashMap<(usize, usize), Statement<'c>>>,
}

impl<'c> Statements<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Self {
        Self { connection, prepared: RefCell::default() }
    }
}

impl Prepare for Statements<'_> {
    fn with(
        &self,
        sql: &'static str,
        run: &mut dyn FnMut(&mut Statement<'_>) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        let place = (sql.as_ptr().addr(), sql.len());
        // Taken out meanwhile: what runs may need another statement, or this one again.
        let known = self.prepared.borrow_mut().remove(&place);
        let mut statement = known.map_or_else(|| self.connection.prepare(sql), Ok)?;
        let ran = run(&mut statement);
        self.prepared.borrow_mut().insert(place, statement);
        ran
    }

    fn connection(&self) -> &Connection {
        self.connection
    }
}
