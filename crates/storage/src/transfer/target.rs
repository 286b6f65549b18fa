//! Where it is copied to: a PostgreSQL database.

use std::collections::HashMap;
use std::io::Cursor;
use std::pin::pin;
use std::time::Duration;

use futures_util::SinkExt as _;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement};

use super::error::{Side, TransferError};
use super::source::Chunk;
use super::table::{Part, Range, Table};
use super::tally::{self, Tally};
use crate::error::StorageError;
use crate::migrate;
use crate::postgres::Address;

/// What fails is copied again, so no range waits for the disk; the last commit does, and all before it with it. Ranges are
/// found by their keys, whatever is known of tables that were empty a moment ago.
const SETTINGS: &str = "SET synchronous_commit = off; SET statement_timeout = 0; SET lock_timeout = '1min';
     SET idle_in_transaction_session_timeout = 0; SET enable_seqscan = off; SET jit = off;
     SET client_min_messages = warning";

/// A lock of the session, by a number of ours. That of a copy which was cut off may live for a moment more than it.
pub(super) const LOCK: &str = "SELECT pg_try_advisory_lock(7107022)";
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// Whoever served from the source may have had deliveries under way, as a replica that died may have.
const UNHELD: &str = "INSERT INTO claim (instance_id, released)
                      SELECT id, FALSE FROM instance WHERE NOT deleted UNION ALL SELECT 0, FALSE
                      ON CONFLICT (instance_id) DO UPDATE SET released = FALSE";

/// What became of a range.
pub(super) struct Written {
    /// Rows that were not there, or otherwise.
    pub(super) rows: u64,
    pub(super) there: Tally,
}

/// A PostgreSQL database that is copied to, or compared.
pub(super) struct Target {
    pub(super) client: Client,
    prepared: HashMap<String, Statement>,
}

impl Target {
    /// Connects.
    pub(super) async fn open(address: &Address) -> Result<Self, TransferError> {
        let client = address.connect().await?;
        client.batch_execute(SETTINGS).await.map_err(StorageError::from)?;
        let target = Self { client, prepared: HashMap::new() };
        match target.text("SELECT current_setting('server_encoding')").await?.as_str() {
            "UTF8" => Ok(target),
            other => Err(TransferError::Encoding(other.to_owned())),
        }
    }

    /// Nobody else copies into it until this is dropped.
    pub(super) async fn lock(&self) -> Result<(), TransferError> {
        for _ in 0..TRIES {
            if self.flag(LOCK).await? {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(TransferError::UnderWay)
    }

    /// Makes its tables, or brings them up to date.
    pub(super) async fn migrate(&mut self) -> Result<(), TransferError> {
        migrate::postgres::migrate(&mut self.client).await?;
        Ok(())
    }

    /// Fails if that would change anything.
    pub(super) async fn check_migrated(&self) -> Result<(), TransferError> {
        let missing = migrate::postgres::missing(&self.client).await?;
        if missing.is_empty() { Ok(()) } else { Err(TransferError::OutOfDate(Side::Target)) }
    }

    /// Whether a table has rows.
    pub(super) async fn has_rows(&self, table: &Table) -> Result<bool, StorageError> {
        self.flag(&format!("SELECT EXISTS (SELECT FROM \"{}\")", table.name)).await
    }

    /// What it has in a range.
    pub(super) async fn tally(&mut self, table: &Table, range: &Range) -> Result<Tally, StorageError> {
        let sql = tally::query(table) + &table.within(range);
        let statement = self.prepare(sql).await?;
        let row = self.client.query_one(&statement, &parameters(range)).await?;
        let (rows, sum): (i64, &str) = (row.try_get(0)?, row.try_get(1)?);
        let unreadable = |_| StorageError::Driver(format!("the sum of {} is no number", table.name));
        Ok(Tally { rows: rows.unsigned_abs(), sum: sum.parse().map_err(unreadable)? })
    }

    /// Makes a range of a table as the chunk has it, and says what was written and what there is then; `is_empty` if
    /// nothing was there.
    pub(super) async fn write(
        &mut self,
        table: &Table,
        chunk: Chunk,
        is_empty: bool,
    ) -> Result<Written, StorageError> {
        // What refers to a row that goes and comes again is not looked at in between.
        self.client.batch_execute("BEGIN; SET CONSTRAINTS ALL DEFERRED").await?;
        let rows = if is_empty {
            self.take_in(table, &table.name, chunk.rows).await?
        } else {
            self.merge(table, &chunk.range, chunk.rows).await?
        };
        let there = self.tally(table, &chunk.range).await?;
        self.client.batch_execute("COMMIT").await?;
        Ok(Written { rows, there })
    }

    /// Rows that are as they should be are left alone: of a table in whose ranges a little is new everywhere, little is
    /// written.
    async fn merge(&mut self, table: &Table, range: &Range, rows: Vec<u8>) -> Result<u64, StorageError> {
        let Table { name, .. } = table;
        let (aside, keys, columns) = (format!("copied_{name}"), table.key_list(), table.column_list());
        let make = format!(
            "CREATE TEMP TABLE IF NOT EXISTS \"{aside}\" (LIKE \"{name}\", PRIMARY KEY ({keys})) ON COMMIT DELETE ROWS"
        );
        self.client.batch_execute(&make).await?;
        self.take_in(table, &aside, rows).await?;
        let same_key = table.same_key("given", "there");
        let delete = format!(
            "DELETE FROM \"{name}\" there WHERE {} AND NOT EXISTS
             (SELECT FROM \"{aside}\" given WHERE {same_key} AND given.* IS NOT DISTINCT FROM there.*)",
            table.within(range)
        );
        let delete = self.prepare(delete).await?;
        self.client.execute(&delete, &parameters(range)).await?;
        let insert = format!(
            "INSERT INTO \"{name}\" ({columns}) SELECT {columns} FROM \"{aside}\" given
             WHERE NOT EXISTS (SELECT FROM \"{name}\" there WHERE {same_key})"
        );
        let insert = self.prepare(insert).await?;
        Ok(self.client.execute(&insert, &[]).await?)
    }

    /// Copies rows of a table into it, or into one like it.
    async fn take_in(&mut self, table: &Table, into: &str, rows: Vec<u8>) -> Result<u64, StorageError> {
        let copy = format!("COPY \"{into}\" ({}) FROM STDIN (FORMAT binary)", table.column_list());
        let statement = self.prepare(copy).await?;
        let mut sink = pin!(self.client.copy_in(&statement).await?);
        sink.send(Cursor::new(rows)).await?;
        Ok(sink.finish().await?)
    }

    /// New rows get numbers beyond those that were copied, pending deliveries are looked up before they are sent, and
    /// statements are planned by what there is.
    pub(super) async fn finish(&self, tables: &[Table]) -> Result<(), StorageError> {
        self.client.batch_execute(UNHELD).await?;
        for Table { name, .. } in tables.iter().filter(|table| table.is_numbered()) {
            let sequence = format!("pg_get_serial_sequence('\"{name}\"', 'id')");
            let beyond = format!("SELECT setval({sequence}, max(id)) FROM \"{name}\" HAVING count(*) > 0");
            self.client.batch_execute(&beyond).await?;
        }
        let names: Vec<String> = tables.iter().map(|table| format!("\"{}\"", table.name)).collect();
        Ok(self.client.batch_execute(&format!("ANALYZE {}", names.join(", "))).await?)
    }

    /// A flag that is asked for.
    pub(super) async fn flag(&self, query: &str) -> Result<bool, StorageError> {
        Ok(self.client.query_one(query, &[]).await?.try_get(0)?)
    }

    async fn text(&self, query: &str) -> Result<String, StorageError> {
        Ok(self.client.query_one(query, &[]).await?.try_get(0)?)
    }

    async fn prepare(&mut self, sql: String) -> Result<Statement, StorageError> {
        if let Some(known) = self.prepared.get(&sql) {
            return Ok(known.clone());
        }
        let statement = self.client.prepare(&sql).await?;
        self.prepared.insert(sql, statement.clone());
        Ok(statement)
    }
}

fn parameters(range: &Range) -> Vec<&(dyn ToSql + Sync)> {
    range.parameters().map(parameter).collect()
}

fn parameter(part: &Part) -> &(dyn ToSql + Sync) {
    match part {
        Part::Int(number) => number,
        Part::Text(text) => text,
    }
}
