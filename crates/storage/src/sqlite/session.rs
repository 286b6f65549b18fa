//! SQLite as what statements run on.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Statement, ToSql, params_from_iter};

use super::prepared::Statements;
use crate::calls::RecentCalls;
use crate::error::StorageError;
use crate::session::{About, Ids, Next, Read, Row, Session, Value};
use crate::store::writer::Database;

/// By text, for whoever has only the connection.
impl Session for Connection {
    fn execute(&self, sql: &'static str, parameters: &[Value<'_>]) -> Result<usize, StorageError> {
        execute(&mut *self.prepare_cached(sql)?, parameters)
    }

    fn query(
        &self,
        sql: &'static str,
        parameters: &[Value<'_>],
        read: &mut Read<'_>,
    ) -> Result<(), StorageError> {
        query(&mut *self.prepare_cached(sql)?, parameters, read)
    }

    fn next_id(&self, _of: Ids) -> Result<Option<i64>, StorageError> {
        Ok(None)
    }

    fn last_id(&self) -> i64 {
        self.last_insert_rowid()
    }
}

impl Session for Statements<'_> {
    fn execute(&self, sql: &'static str, parameters: &[Value<'_>]) -> Result<usize, StorageError> {
        self.with(sql, |statement| execute(statement, parameters))
    }

    fn query(
        &self,
        sql: &'static str,
        parameters: &[Value<'_>],
        read: &mut Read<'_>,
    ) -> Result<(), StorageError> {
        self.with(sql, |statement| query(statement, parameters, read))
    }

    fn next_id(&self, _of: Ids) -> Result<Option<i64>, StorageError> {
        Ok(None)
    }

    fn last_id(&self) -> i64 {
        self.connection().last_insert_rowid()
    }
}

fn execute(statement: &mut Statement<'_>, parameters: &[Value<'_>]) -> Result<usize, StorageError> {
    Ok(statement.execute(params_from_iter(parameters))?)
}

fn query(
    statement: &mut Statement<'_>,
    parameters: &[Value<'_>],
    read: &mut Read<'_>,
) -> Result<(), StorageError> {
    let mut rows = statement.query(params_from_iter(parameters))?;
    while let Some(row) = rows.next()? {
        if read(&Row::Sqlite(row))? == Next::Enough {
            break;
        }
    }
    Ok(())
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

impl<T: Transactional + Session> Database for T {
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

/// What has a connection to begin and end transactions on.
pub(super) trait Transactional {
    fn connection(&self) -> &Connection;
}

impl Transactional for Connection {
    fn connection(&self) -> &Connection {
        self
    }
}

impl Transactional for Statements<'_> {
    fn connection(&self) -> &Connection {
        Statements::connection(self)
    }
}
