//! A table in SQLite, as `cdr_sqlite3_custom` fills it (contract Providers §c.4). It is only read.

use std::path::PathBuf;
use std::time::Duration;

use chrono_tz::Tz;
use domain::clock::Timestamp;
use domain::port::{RemoteError, RemoteErrorKind};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, params_from_iter};

use super::page::{Listed, Mark};
use super::row::{Record, read};
use super::sql::{self, Dialect, Table};
use crate::provider::asterisk::fault;

/// How long Asterisk may be writing.
const BUSY: Duration = Duration::from_secs(5);

/// A table whose times are of a zone.
#[derive(Debug, Clone)]
pub(super) struct SqliteTable {
    path: PathBuf,
    table: String,
    zone: Tz,
}

impl SqliteTable {
    pub(super) fn new(path: PathBuf, table: String, zone: Tz) -> Self {
        Self { path, table, zone }
    }

    /// A page of the calls after a mark that began before `to`.
    pub(super) async fn next(&self, after: &Mark, to: Timestamp) -> Result<Listed, RemoteError> {
        let (parameters, zone) = (sql::next_parameters(after, to, self.zone), self.zone);
        self.ask(move |connection, table| {
            let mut statement = connection.prepare(&table.next())?;
            let rows = statement.query_map(params_from_iter(&parameters), |row| {
                Ok((text(row.get_ref(0)?), text(row.get_ref(1)?)))
            })?;
            Ok(sql::listed(rows.collect::<Result<_, _>>()?, zone))
        })
        .await
    }

    /// The records of some calls that began between two times.
    pub(super) async fn records(
        &self,
        linkedids: &[String],
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Record>, RemoteError> {
        let parameters = sql::rows_parameters(linkedids, from, to, self.zone);
        self.read(Table::rows, parameters.to_vec()).await
    }

    /// The records that began last, if the columns are there that are needed.
    pub(super) async fn latest(&self) -> Result<Vec<Record>, RemoteError> {
        self.read(Table::latest, Vec::new()).await
    }

    async fn read(
        &self,
        statement: fn(&Table) -> String,
        parameters: Vec<String>,
    ) -> Result<Vec<Record>, RemoteError> {
        let zone = self.zone;
        self.ask(move |connection, table| {
            let known: Vec<&str> = table.known().collect();
            let mut statement = connection.prepare(&statement(table))?;
            let records = statement.query_map(params_from_iter(&parameters), |row| {
                let texts: Vec<String> =
                    (0..known.len()).map(|index| row.get_ref(index).map(text)).collect::<Result<_, _>>()?;
                let column = |name: &str| known.iter().position(|known| *known == name);
                Ok(read(|name| column(name).map(|index| texts[index].as_str()), zone))
            })?;
            records.collect()
        })
        .await
    }

    async fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Connection, &Table) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, RemoteError> {
        let asked = self.clone();
        let asking = tokio::task::spawn_blocking(move || {
            let broken = |error| asked.broken(&error);
            let connection = asked.open().map_err(broken)?;
            let columns: Vec<String> = {
                let statement = connection.prepare(&sql::columns(&asked.table)).map_err(broken)?;
                statement.column_names().map(str::to_owned).collect()
            };
            let table = Table::new(Dialect::Sqlite, &asked.table, &columns)?;
            ask(&connection, &table).map_err(broken)
        });
        asking.await.unwrap_or_else(|error| {
            Err(fault("read history", RemoteErrorKind::Unavailable, format!("reading was cut off: {error}")))
        })
    }

    fn open(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(BUSY)?;
        Ok(connection)
    }

    fn broken(&self, error: &rusqlite::Error) -> RemoteError {
        let (kind, hint) = match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (RemoteErrorKind::Unavailable, ""),
            Some(ErrorCode::CannotOpen) => {
                (RemoteErrorKind::Unreachable, "; check cdr.path, and that this server may read it")
            }
            _ => (RemoteErrorKind::Unreachable, "; check cdr.path and cdr.table"),
        };
        let message = format!("{} cannot be read: {error}{hint}", self.path.display());
        fault("read history", kind, message)
    }
}

fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

#[cfg(test)]
mod tests;
