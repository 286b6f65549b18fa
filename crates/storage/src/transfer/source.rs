//! What is copied: a SQLite database, as it was at one moment, while somebody may go on serving from it.

use std::borrow::Cow;
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use tokio::sync::mpsc::Sender;

use super::error::{Side, TransferError};
use super::rows::Rows;
use super::table::{Kind, Part, Range, Table};
use super::tally::{Counter, Tally, Value};
use crate::error::StorageError;
use crate::postgres::INSTEAD_OF_NUL;
use crate::{migrate, sqlite};

/// What is compared, and replaced, at once: rows, of which tests have few, and bytes.
const LARGEST_ROWS: u64 = if cfg!(test) { 100 } else { 8192 };
const LARGEST_BYTES: usize = 4 * 1024 * 1024;

/// The rows of a range.
pub(super) struct Chunk {
    /// Which of the tables.
    pub(super) table: usize,
    pub(super) range: Range,
    pub(super) tally: Tally,
    /// The rows, for PostgreSQL's COPY.
    pub(super) rows: Vec<u8>,
}

/// A SQLite database that is looked at.
pub(super) struct Source {
    connection: Connection,
    pub(super) tables: Vec<Table>,
}

impl Source {
    /// Opens it. From now on it looks as it does now.
    pub(super) fn open(path: &Path) -> Result<Self, TransferError> {
        let connection = sqlite::open_reader(path)?;
        if !migrate::sqlite::missing(&connection)?.is_empty() {
            return Err(TransferError::OutOfDate(Side::Source));
        }
        connection.execute_batch("BEGIN").map_err(StorageError::from)?;
        // The first look decides what all of them see.
        let tables = Table::all(&connection)?;
        Ok(Self { connection, tables })
    }

    /// How many rows all tables have.
    pub(super) fn count(&self) -> Result<u64, StorageError> {
        let mut sum = 0;
        for table in &self.tables {
            let sql = format!("SELECT COUNT(*) FROM \"{}\"", table.name);
            sum += self.connection.query_row(&sql, [], |row| row.get::<_, i64>(0))?.unsigned_abs();
        }
        Ok(sum)
    }

    /// The workspaces of the integrations, by their numbers.
    pub(super) fn workspaces(&self) -> Result<Vec<(i64, String)>, StorageError> {
        let mut statement = self.connection.prepare("SELECT id, workspace FROM instance")?;
        let workspaces = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(workspaces.collect::<Result<_, _>>()?)
    }

    /// Hands out all rows of all tables, until nobody takes them any more.
    pub(super) fn read(&self, chunks: &Sender<Result<Chunk, TransferError>>) {
        for (index, table) in self.tables.iter().enumerate() {
            let read = self.read_table(index, table, &mut |chunk| chunks.blocking_send(Ok(chunk)).is_ok());
            if let Err(error) = read {
                // Whoever took the rows may have gone for a reason of its own.
                drop(chunks.blocking_send(Err(error)));
                return;
            }
        }
    }

    /// The last range of a table is open: what else the target has there does not belong there.
    fn read_table(
        &self,
        index: usize,
        table: &Table,
        take: &mut dyn FnMut(Chunk) -> bool,
    ) -> Result<(), TransferError> {
        let (columns, keys, name) = (table.column_list(), table.key_list(), &table.name);
        let sql = format!("SELECT {columns} FROM \"{name}\" ORDER BY {keys}");
        let mut statement = self.connection.prepare(&sql).map_err(StorageError::from)?;
        let mut found = statement.query([]).map_err(StorageError::from)?;
        let (mut rows, mut counter, mut after, mut count) = (Rows::default(), Counter::default(), None, 0);
        while let Some(row) = found.next().map_err(StorageError::from)? {
            read_row(table, row, &mut rows, &mut counter)?;
            count += 1;
            if count == LARGEST_ROWS || rows.size() >= LARGEST_BYTES {
                let to = key(table, row)?;
                let range = Range { after: after.replace(to.clone()), to: Some(to) };
                if !take(Chunk { table: index, range, tally: counter.take(), rows: rows.take() }) {
                    return Ok(());
                }
                count = 0;
            }
        }
        take(Chunk {
            table: index,
            range: Range { after, to: None },
            tally: counter.take(),
            rows: rows.take(),
        });
        Ok(())
    }
}

fn read_row(
    table: &Table,
    row: &Row<'_>,
    rows: &mut Rows,
    counter: &mut Counter,
) -> Result<(), TransferError> {
    rows.begin_row(table.columns.len());
    for (index, column) in table.columns.iter().enumerate() {
        let stored = row.get_ref(index).map_err(StorageError::from)?;
        let text;
        let value = match (column.kind, stored) {
            (_, ValueRef::Null) => Value::Null,
            (Kind::Int, ValueRef::Integer(number)) => Value::Int(number),
            (Kind::Flag, ValueRef::Integer(flag)) => Value::Flag(flag != 0),
            // Keys are in the same order in both databases, which they would not be with something else in its place.
            (Kind::Text, ValueRef::Text(bytes)) if table.key.contains(&index) && bytes.contains(&0) => {
                return Err(misplaced(table, index, row));
            }
            (Kind::Text, ValueRef::Text(bytes)) => {
                text = without_nul(bytes);
                Value::Text(&text)
            }
            (Kind::Bytes, ValueRef::Blob(bytes) | ValueRef::Text(bytes)) => Value::Bytes(bytes),
            _ => return Err(misplaced(table, index, row)),
        };
        rows.value(value);
        counter.value(value);
    }
    counter.end_row();
    Ok(())
}

fn without_nul(bytes: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(bytes);
    if text.contains('\0') { text.replace('\0', INSTEAD_OF_NUL).into() } else { text }
}

fn key(table: &Table, row: &Row<'_>) -> Result<Vec<Part>, TransferError> {
    let part = |index: &usize| match row.get_ref(*index).map_err(StorageError::from)? {
        ValueRef::Integer(number) => Ok(Part::Int(number)),
        ValueRef::Text(bytes) => Ok(Part::Text(without_nul(bytes).into_owned())),
        _ => Err(misplaced(table, *index, row)),
    };
    table.key.iter().map(part).collect()
}

fn misplaced(table: &Table, column: usize, row: &Row<'_>) -> TransferError {
    let key = &table.columns[table.key[0]].name;
    let number = row.get::<_, i64>(table.key[0]).unwrap_or_default();
    let column = table.columns[column].name.clone();
    TransferError::Value { table: table.name.clone(), column, row: format!("{key} {number}") }
}
