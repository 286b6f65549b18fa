//! A transaction: the only way to read or change rows.

use domain::clock::Timestamp;
use domain::port::crash::{CrashPoint, CrashPoints};
use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};

use crate::calls::RecentCalls;
use crate::error::StorageError;
use crate::sqlite::Prepare;

/// A parameter of a statement.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// NULL.
    Null,
    /// BIGINT, and BOOLEAN as 0 or 1.
    Int(i64),
    /// TEXT.
    Text(&'a str),
    /// BLOB or BYTEA.
    Bytes(&'a [u8]),
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

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Self::Int(number.into())
    }
}

impl From<u16> for Value<'_> {
    fn from(number: u16) -> Self {
        Self::Int(number.into())
    }
}

impl From<bool> for Value<'_> {
    fn from(flag: bool) -> Self {
        Self::Int(flag.into())
    }
}

impl From<Timestamp> for Value<'_> {
    fn from(at: Timestamp) -> Self {
        Self::Int(at.micros())
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value<'_> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// One row of a result; columns count from 0.
pub struct Row<'a>(&'a rusqlite::Row<'a>);

impl Row<'_> {
    /// A number.
    pub fn int(&self, column: usize) -> Result<i64, StorageError> {
        Ok(self.0.get(column)?)
    }

    /// A number or NULL.
    pub fn opt_int(&self, column: usize) -> Result<Option<i64>, StorageError> {
        Ok(self.0.get(column)?)
    }

    /// A flag.
    pub fn flag(&self, column: usize) -> Result<bool, StorageError> {
        Ok(self.0.get(column)?)
    }

    /// A point in time.
    pub fn time(&self, column: usize) -> Result<Timestamp, StorageError> {
        self.int(column).map(Timestamp::from_micros)
    }

    /// A point in time or NULL.
    pub fn opt_time(&self, column: usize) -> Result<Option<Timestamp>, StorageError> {
        Ok(self.opt_int(column)?.map(Timestamp::from_micros))
    }

    /// A text.
    pub fn text(&self, column: usize) -> Result<String, StorageError> {
        Ok(self.0.get(column)?)
    }

    /// A text or NULL.
    pub fn opt_text(&self, column: usize) -> Result<Option<String>, StorageError> {
        Ok(self.0.get(column)?)
    }

    /// Bytes or NULL.
    pub fn opt_bytes(&self, column: usize) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.0.get(column)?)
    }

    /// A JSON column as a domain type.
    pub fn json<T: serde::de::DeserializeOwned>(
        &self,
        column: usize,
        table: &'static str,
        name: &'static str,
    ) -> Result<T, StorageError> {
        let text = self.0.get_ref(column)?;
        let bytes = text.as_bytes().map_err(|error| StorageError::Driver(error.to_string()))?;
        serde_json::from_slice(bytes).map_err(|error| StorageError::Inconsistent {
            table,
            column: name,
            row: self
                .0
                .get_ref(0)
                .ok()
                .and_then(|id| id.as_i64().ok())
                .map_or_else(String::new, |id| id.to_string()),
            message: error.to_string(),
        })
    }
}

/// A transaction. Dropping it without the writer's commit leaves nothing behind.
pub struct Tx<'a> {
    statements: &'a dyn Prepare,
    /// Only the writer's.
    recent_calls: Option<&'a RecentCalls>,
    crash_points: Option<&'a CrashPoints>,
    after_commit: Vec<Box<dyn FnOnce() + Send>>,
}

impl<'a> Tx<'a> {
    /// A look at what is stored.
    pub(crate) fn reader(statements: &'a dyn Prepare) -> Self {
        Self { statements, recent_calls: None, crash_points: None, after_commit: Vec::new() }
    }

    /// A change of what is stored.
    pub(crate) fn writer(
        statements: &'a dyn Prepare,
        recent_calls: &'a RecentCalls,
        crash_points: &'a CrashPoints,
    ) -> Self {
        Self {
            statements,
            recent_calls: Some(recent_calls),
            crash_points: Some(crash_points),
            after_commit: Vec::new(),
        }
    }

    /// Passes a crash point inside the transaction.
    pub fn pass(&self, point: CrashPoint) {
        if let Some(crash_points) = self.crash_points {
            crash_points.pass(point);
        }
    }

    pub(crate) fn recent_calls(&self) -> Option<&RecentCalls> {
        self.recent_calls
    }

    /// Runs `hook` once the transaction is durable, before the caller of `Store::write` hears of it; never if it is
    /// not. For handing committed work on in the order of commits, even if the caller has gone away.
    pub fn after_commit(&mut self, hook: impl FnOnce() + Send + 'static) {
        self.after_commit.push(Box::new(hook));
    }

    pub(crate) fn into_hooks(self) -> Vec<Box<dyn FnOnce() + Send>> {
        self.after_commit
    }

    /// Runs a statement; says how many rows it touched.
    pub(crate) fn execute(&self, sql: &'static str, parameters: &[Value<'_>]) -> Result<usize, StorageError> {
        let mut touched = 0;
        self.statements.with(sql, &mut |statement| {
            touched = statement.execute(rusqlite::params_from_iter(parameters))?;
            Ok(())
        })?;
        Ok(touched)
    }

    /// Runs an `INSERT` into a table with an `id`; gives that id.
    pub(crate) fn insert(&self, sql: &'static str, parameters: &[Value<'_>]) -> Result<i64, StorageError> {
        self.execute(sql, parameters)?;
        Ok(self.statements.connection().last_insert_rowid())
    }

    /// The first row, if there is one.
    pub(crate) fn one<T>(
        &self,
        sql: &'static str,
        parameters: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, StorageError>,
    ) -> Result<Option<T>, StorageError> {
        let mut found = None;
        self.statements.with(sql, &mut |statement| {
            let mut rows = statement.query(rusqlite::params_from_iter(parameters))?;
            if let Some(row) = rows.next()? {
                found = Some(read(&Row(row))?);
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// All rows.
    pub(crate) fn all<T>(
        &self,
        sql: &'static str,
        parameters: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, StorageError>,
    ) -> Result<Vec<T>, StorageError> {
        let mut found = Vec::new();
        self.statements.with(sql, &mut |statement| {
            let mut rows = statement.query(rusqlite::params_from_iter(parameters))?;
            while let Some(row) = rows.next()? {
                found.push(read(&Row(row))?);
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// Asks for so many rows, for the sake of what each row's making does.
    pub(crate) fn ask_rows(&self, sql: &'static str, rows: u64) -> Result<(), StorageError> {
        self.statements.with(sql, &mut |statement| {
            let mut made = statement.query([])?;
            for _ in 0..rows {
                if made.next()?.is_none() {
                    break;
                }
            }
            Ok(())
        })
    }
}

/// What most JSON of a call takes, in bytes: growing a text costs more than the room.
const ROOM: usize = 1_000;

/// JSON of a domain type. These types serialise without fail; an empty text would be found out when it is read.
pub(crate) fn json(value: &impl serde::Serialize) -> String {
    let mut written = Vec::with_capacity(ROOM);
    match serde_json::to_writer(&mut written, value) {
        Ok(()) => String::from_utf8(written).unwrap_or_default(),
        Err(_) => String::new(),
    }
}
