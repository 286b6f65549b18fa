//! A table in PostgreSQL, as `cdr_pgsql` or `cdr_adaptive_odbc` fills it (contract Providers §c.4). It is only read, by a
//! connection for each question: there are few.

use std::time::Duration;

use chrono_tz::Tz;
use domain::clock::Timestamp;
use domain::port::{RemoteError, RemoteErrorKind};
use domain::secret::Secret;
use tls::postgres::Rustls;
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Error, Row};

use super::page::{Listed, Mark};
use super::row::{Record, read};
use super::sql::{self, Dialect, Table};
use crate::provider::asterisk::fault;
use crate::provider::asterisk::tls::unverifiable;

/// Until a connection stands.
const CONNECT: Duration = Duration::from_secs(10);

/// Until a question is answered, the connection included.
const ANSWER: Duration = Duration::from_mins(2);

/// Class 28: who asks is not let in.
const NOT_LET_IN: &str = "28";

/// A table whose times are of a zone, unless they are with time zone.
pub(super) struct PostgresTable {
    config: Config,
    table: String,
    zone: Tz,
}

impl std::fmt::Debug for PostgresTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresTable").field("table", &self.table).finish_non_exhaustive()
    }
}

impl PostgresTable {
    pub(super) fn new(url: &Secret, table: String, zone: Tz) -> Result<Self, String> {
        // Why it is none may quote its password.
        let none = |_| {
            "cdr.database_url is none of PostgreSQL; expected postgres://user:password@host/database"
                .to_owned()
        };
        let mut config: Config = url.expose().parse().map_err(none)?;
        // What would be secured if it can: most databases are on the same machine, with a certificate that nobody trusts.
        if config.get_ssl_mode() == SslMode::Prefer {
            config.ssl_mode(SslMode::Disable);
        }
        config.connect_timeout(CONNECT).application_name(env!("CARGO_PKG_NAME"));
        Ok(Self { config, table, zone })
    }

    /// A page of the calls after a mark that began before `to`.
    pub(super) async fn next(&self, after: &Mark, to: Timestamp) -> Result<Listed, RemoteError> {
        let parameters = sql::next_parameters(after, to, self.zone);
        let texts = |_: &Table, row: &Row| Ok((row.try_get(0)?, row.try_get(1)?));
        Ok(sql::listed(self.ask(Table::next, &parameters, texts).await?, self.zone))
    }

    /// The records of some calls that began between two times.
    pub(super) async fn records(
        &self,
        linkedids: &[String],
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Record>, RemoteError> {
        let parameters = sql::rows_parameters(linkedids, from, to, self.zone);
        self.ask(Table::rows, &parameters, |table, row| Ok(self.record(table, row))).await
    }

    /// The records that began last, if the columns are there that are needed.
    pub(super) async fn latest(&self) -> Result<Vec<Record>, RemoteError> {
        self.ask(Table::latest, &[], |table, row| Ok(self.record(table, row))).await
    }

    fn record(&self, table: &Table, row: &Row) -> Record {
        let column = |name: &str| {
            let index = table.known().position(|known| known == name)?;
            row.try_get::<_, Option<&str>>(index).ok().flatten()
        };
        read(column, self.zone)
    }

    async fn ask<T>(
        &self,
        statement: impl Fn(&Table) -> String,
        parameters: &[String],
        read: impl Fn(&Table, &Row) -> Result<T, Error>,
    ) -> Result<Vec<T>, RemoteError> {
        let asking = async {
            let client = self.connect().await?;
            let columns = client.prepare(&sql::columns(&self.table)).await.map_err(|error| broken(&error))?;
            let columns: Vec<String> =
                columns.columns().iter().map(|column| column.name().to_owned()).collect();
            let table = Table::new(Dialect::Postgres, &self.table, &columns)?;
            let parameters: Vec<&(dyn ToSql + Sync)> =
                parameters.iter().map(|text| text as &(dyn ToSql + Sync)).collect();
            let rows = client.query(&statement(&table), &parameters).await.map_err(|error| broken(&error))?;
            rows.iter().map(|row| read(&table, row)).collect::<Result<_, _>>().map_err(|error| broken(&error))
        };
        let late =
            || fault("read history", RemoteErrorKind::Interrupted, "the database did not answer in time");
        timeout(ANSWER, asking).await.unwrap_or_else(|_| Err(late()))
    }

    async fn connect(&self) -> Result<Client, RemoteError> {
        let secured = Rustls::of(self.config.get_ssl_mode()).map_err(|_| unverifiable("read history"))?;
        let (client, connection) = self.config.connect(secured).await.map_err(|error| broken(&error))?;
        tokio::spawn(connection);
        let session = format!(
            "SET TIME ZONE '{}'; SET DateStyle = ISO; SET default_transaction_read_only = on",
            self.zone.name()
        );
        client.batch_execute(&session).await.map_err(|error| broken(&error))?;
        Ok(client)
    }
}

fn broken(error: &Error) -> RemoteError {
    let (kind, message) = match error.as_db_error() {
        Some(refusal) if refusal.code().code().starts_with(NOT_LET_IN) => {
            (RemoteErrorKind::Unauthorized, format!("{}; check cdr.database_url", refusal.message()))
        }
        Some(refusal) => (
            RemoteErrorKind::Unavailable,
            format!("{}; check cdr.database_url and cdr.table", refusal.message()),
        ),
        None => {
            let why =
                std::error::Error::source(error).map(|source| format!(": {source}")).unwrap_or_default();
            (RemoteErrorKind::Unreachable, format!("the database cannot be reached: {error}{why}"))
        }
    };
    fault("read history", kind, message)
}

#[cfg(test)]
mod tests;
