//! A file of SQLite, filled.

use std::path::Path;

use domain::clock::Timestamp;
use rusqlite::{Connection, ToSql};

use super::copies::{Change, Duplicate, TABLES, Table};
use super::{CALLS, Filled, Filling, Originals};
use crate::error::StorageError;
use crate::sqlite;

/// Copies put into one transaction, each of all calls that the database had.
const COPIES_AT_ONCE: usize = 16;

const ORIGINALS: &str = "
    SELECT (SELECT MAX(received_at) FROM call_event),
           MAX((SELECT MAX(id) FROM call), (SELECT MAX(id) FROM delivery), (SELECT MAX(id) FROM raw_request))";

const BYTES: &str = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";

pub(super) fn fill(path: &Path, filling: &Filling) -> Result<Filled, StorageError> {
    let connection = sqlite::open_writer(path)?;
    // Nobody else is here, and what a crash spoils is made again.
    connection.pragma_update(None, "journal_mode", "OFF")?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.pragma_update(None, "cache_size", -1_000_000)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    let originals = set_aside(&connection)?;
    let copies: Vec<_> = Duplicate::all(originals, filling).collect();
    for some in copies.chunks(COPIES_AT_ONCE) {
        let transaction = connection.unchecked_transaction()?;
        for table in &TABLES {
            for copy in some.iter().filter(|copy| copy.has(table.of, filling)) {
                insert(copy, table, &connection)?;
            }
        }
        transaction.commit()?;
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let bytes: i64 = connection.query_row(BYTES, [], |row| row.get(0))?;
    Ok(Filled { bytes: bytes.unsigned_abs(), ..Filled::with(&copies, originals, filling) })
}

/// Moves what is to be copied into temporary tables.
fn set_aside(connection: &Connection) -> Result<Originals, StorageError> {
    let (calls, open) = connection.query_row(CALLS, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Originals::check(calls, open)?;
    let (newest, largest) = connection.query_row(ORIGINALS, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for Table { name, .. } in &TABLES {
        let sql = format!("CREATE TEMP TABLE copied_{name} AS SELECT * FROM {name}; DELETE FROM main.{name}");
        connection.execute_batch(&sql)?;
    }
    Ok(Originals { calls, newest: Timestamp::from_micros(newest), largest })
}

fn insert(copy: &Duplicate, table: &Table, connection: &Connection) -> Result<(), StorageError> {
    let columns = columns(table, connection)?;
    let values = columns.iter().map(|column| value(table, column));
    let values = values.collect::<Vec<_>>().join(", ");
    let (name, columns) = (table.name, columns.join(", "));
    let sql = format!("INSERT INTO main.{name} ({columns}) SELECT {values} FROM copied_{name}");
    let mut statement = connection.prepare_cached(&sql)?;
    let known: [(&str, &dyn ToSql); 3] =
        [("$offset", &copy.offset), ("$copy", &copy.number), ("$later", &copy.later)];
    for (parameter, value) in known {
        if let Some(index) = statement.parameter_index(parameter)? {
            statement.raw_bind_parameter(index, value)?;
        }
    }
    statement.raw_execute()?;
    Ok(())
}

/// What a copy has in a column.
fn value(table: &Table, column: &str) -> String {
    let Some(change) = table.change(column) else { return column.to_owned() };
    match change {
        Change::Row => format!("{column} + $offset"),
        Change::Time => format!("{column} + $later"),
        Change::Text { call } => format!("format('%08x-%d-%s', {}, $copy, {column})", scattered(call)),
        Change::Client { call } => format!("'7' || (9000000000 + {} % 2000000)", scattered(call)),
    }
}

/// A number without order, so that what indexes hold is spread over them.
fn scattered(call: &str) -> String {
    format!("(({call} + $offset) * 2654435761 & 4294967295)")
}

/// The columns that the table has now.
fn columns(table: &Table, connection: &Connection) -> Result<Vec<String>, StorageError> {
    let mut statement = connection.prepare_cached("SELECT name FROM pragma_table_info($1)")?;
    let names = statement.query_map([table.name], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}
