//! SQLite as what statements run on.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Statement, ToSql, params_from_iter};

use super::prepared::Statements;
use crate::calls::RecentCalls;
use crate::error::StorageError;
use crate::session::{About, Ids, Next, Read, Row, Session, Value};
use crate::store::writer::Database;

/// Where statements come from, and what they run on.
pub(crate) trait Prepare {
    fn connection(&self) -> &Connection;

    /// Runs something with a statement.
    fn with<T>(
        &self,
        sql: &'static str,
        run: impl FnOnce(&mut Statement<'_>) -> Result<T, StorageError>,
    ) -> Result<T, StorageError>;
}

/// By text, for whoever has only the connection.
impl Prepare for Connection {
    fn connection(&self) -> &Connection {
        self
    }

    fn with<T>(
        &self,
        sql: &'static str,
        run: impl FnOnce(&mut Statement<'_>) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        run(&mut *self.prepare_cached(sql)?)
    }
}

impl Prepare for Statements<'_> {
    fn connection(&self) -> &Connection {
        Statements::connection(self)
    }

    fn with<T>(
        &self,
        sql: &'static str,
        run: impl FnOnce(&mut Statement<'_>) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        Statements::with(self, sql, |statement| run(statement))
    }
}

impl<P: Prepare> Session for P {
    fn execute(&self, sql: &'static str, parameters: &[Value<'_>]) -> Result<usize, StorageError> {
        self.with(sql, |statement| Ok(statement.execute(params_from_iter(parameters))?))
    }

    fn query(
        &self,
        sql: &'static str,
        parameters: &[Value<'_>],
        read: &mut Read<'_>,
    ) -> Result<(), StorageError> {
        self.with(sql, |statement| {
            let mut rows = statement.query(params_from_iter(parameters))?;
            while let Some(row) = rows.next()? {
                if read(&Row::Sqlite(row))? == Next::Enough {
                    break;
                }
            }
            Ok(())
        })
    }

    fn next_id(&self, _of: Ids) -> Result<Option<i64>, StorageError> {
        Ok(None)
    }

    fn last_id(&self) -> i64 {
        self.connection().last_insert_rowid()
    }
}

impl<P: Prepare> Database for P {
    fn begin(
        &self,
        _about: &mut dyn Iterator<Item = &About>,
        _recent: &RecentCalls,
    ) -> Result<(), StorageError> {
        // Whoever begins to write waits for others here, and not in the middle of it.
        Ok(self.connection().execute_batch("BEGIN IMMEDIATE")?)
    }

    fn commit(&self) -> Result<(), StorageError> {
        Ok(self.connection().execute_batch("COMMIT")?)
    }

    fn roll_back(&self) {
        // SQLite may have done so by itself.
        if !self.connection().is_autocommit()
            && let Err(error) = self.connection().execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "a transaction cannot be rolled back");
        }
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}
