//! SQLite: opening, migrating, running statements.

mod prepared;
mod session;

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::error::StorageError;
use crate::migrate;
pub(crate) use prepared::Statements;

/// Statements kept prepared per connection: more than there are.
const PREPARED_STATEMENTS: usize = 128;

/// How long a database that somebody holds is waited for: whoever sent the event, or Kontur (3 s), waits as well.
const HELD_FOR: Duration = Duration::from_secs(2);

/// What is left of the log of changes once it has been taken over into the file: a long look, such as a backup, lets it
/// grow, and it would keep that size.
const LOG_BYTES: i64 = 64 * 1024 * 1024;

/// Pages that the writer keeps at hand, in KiB: the upper levels of the indexes of millions of calls. The lowest level
/// is left to the system's cache.
const CACHE_KIB: i64 = 8 * 1024;

/// Opens the database for writing, makes it if it is not there, and brings it up to date.
pub(crate) fn open_writer(path: &Path) -> Result<Connection, StorageError> {
    let connection = Connection::open(path)?;
    // Must precede the first table: space of pruned rows can then be given back in small steps.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // An acknowledged event survives a power cut: each commit waits for the disk.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    configure(&connection)?;
    migrate::sqlite::migrate(&connection)?;
    Ok(connection)
}

/// Opens the database for looking on.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, StorageError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(path, flags)?;
    configure(&connection)?;
    Ok(connection)
}

/// Takes the log of changes over into the file, as far as nobody stands in the way; the file then ends with its last
/// page. On a connection of its own, so that the writer goes on.
pub(crate) fn take_log_over(path: &Path) -> Result<(), StorageError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    Ok(connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?)
}

fn configure(connection: &Connection) -> Result<(), StorageError> {
    connection.busy_timeout(HELD_FOR)?;
    // Else a statement with a parameter that a partial index might be chosen by is read anew for each value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
    Ok(())
}

#[cfg(test)]
pub(crate) fn fresh_for_tests() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    migrate::sqlite::migrate(&connection).unwrap();
    connection
}
