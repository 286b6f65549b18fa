//! A database in PostgreSQL, filled.
//!
//! One transaction empties the tables first: where `wal_level = minimal`, what it then puts into them is written once, and not to the
//! log as well. Indexes are made last, in one go each; so they are what the system has in its cache, as those of a database that is
//! in use are. Where that does not come to its end, the database is of no use.

use domain::clock::Timestamp;
use tokio::runtime::Builder;
use tokio_postgres::{Client, Error, Transaction};

use super::copies::{Change, Duplicate, TABLES, Table};
use super::{CALLS, Filled, Filling, Originals};
use crate::error::StorageError;
use crate::postgres::Address;

/// Nobody waits for it, and it is alone.
const SETTINGS: &str = "SET statement_timeout = 0; SET jit = off; SET maintenance_work_mem = '1GB'";

/// Copies put into one statement, each of all calls that the database had.
const COPIES_AT_ONCE: usize = 50;

const ORIGINALS: &str = "
    SELECT (SELECT MAX(received_at) FROM call_event),
           GREATEST((SELECT MAX(id) FROM call), (SELECT MAX(id) FROM delivery), (SELECT MAX(id) FROM raw_request))";

/// What has to be run to be rid of the indexes of tables, and to have them again, in the order in which they were made.
const INDEXES: &str = "
    SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
           format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)), conindid AS made
    FROM pg_constraint WHERE contype = 'p' AND conrelid = ANY ($1::text[]::regclass[])
    UNION ALL
    SELECT format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid), indexrelid
    FROM pg_index WHERE indrelid = ANY ($1::text[]::regclass[]) AND NOT indisprimary
    ORDER BY made";

const COLUMNS: &str = "
    SELECT attname::text FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped
    ORDER BY attnum";

/// Rows that come later have larger numbers.
const NUMBERS: &str = "
    SELECT setval('call_id_seq', GREATEST((SELECT MAX(id) FROM call), 1)),
           setval('delivery_id_seq', GREATEST((SELECT MAX(id) FROM delivery), 1)),
           setval('raw_request_id_seq', GREATEST((SELECT MAX(id) FROM raw_request), 1))";

pub(super) fn fill(address: &Address, filling: &Filling) -> Result<Filled, StorageError> {
    let failed =
        |error: std::io::Error| StorageError::Driver(format!("no runtime for a connection: {error}"));
    let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
    runtime.block_on(async {
        let mut client = address.connect().await?;
        client.batch_execute(SETTINGS).await?;
        let transaction = client.transaction().await?;
        let originals = set_aside(&transaction).await?;
        let indexes = drop_indexes(&transaction).await?;
        let copies: Vec<_> = Duplicate::all(originals, filling).collect();
        insert_all(&copies, filling, &transaction).await?;
        transaction.commit().await?;
        client.batch_execute(&format!("VACUUM (ANALYZE) {}", names().join(", "))).await?;
        for index in indexes {
            client.batch_execute(&index).await?;
        }
        client.query(NUMBERS, &[]).await?;
        Ok(Filled { bytes: size(&client).await?, ..Filled::with(&copies, originals, filling) })
    })
}

async fn insert_all(
    copies: &[Duplicate],
    filling: &Filling,
    transaction: &Transaction<'_>,
) -> Result<(), StorageError> {
    for table in &TABLES {
        let sql = insert(table, &columns(table, transaction).await?);
        let statement = transaction.prepare(&sql).await?;
        let copies: Vec<_> = copies.iter().filter(|copy| copy.has(table.of, filling)).collect();
        for some in copies.chunks(COPIES_AT_ONCE) {
            let column = |of: fn(&Duplicate) -> i64| some.iter().map(|copy| of(copy)).collect::<Vec<_>>();
            let (numbers, offsets) = (column(|copy| copy.number), column(|copy| copy.offset));
            transaction.execute(&statement, &[&numbers, &offsets, &column(|copy| copy.later)]).await?;
        }
    }
    Ok(())
}

/// Gives what makes them again, in the order in which they were made.
async fn drop_indexes(transaction: &Transaction<'_>) -> Result<Vec<String>, StorageError> {
    let indexes = transaction.query(INDEXES, &[&names()]).await?;
    for index in &indexes {
        transaction.batch_execute(index.try_get(0)?).await?;
    }
    Ok(indexes.iter().map(|index| index.try_get(1)).collect::<Result<_, _>>()?)
}

/// Moves what is to be copied into temporary tables.
async fn set_aside(transaction: &Transaction<'_>) -> Result<Originals, StorageError> {
    let row = transaction.query_one(CALLS, &[]).await?;
    let calls = row.try_get(0)?;
    Originals::check(calls, row.try_get(1)?)?;
    let row = transaction.query_one(ORIGINALS, &[]).await?;
    let originals =
        Originals { calls, newest: Timestamp::from_micros(row.try_get(0)?), largest: row.try_get(1)? };
    for name in names() {
        let sql = format!("CREATE TEMP TABLE copied_{name} ON COMMIT DROP AS TABLE {name}; TRUNCATE {name}");
        transaction.batch_execute(&sql).await?;
    }
    Ok(originals)
}

fn names() -> Vec<&'static str> {
    TABLES.iter().map(|table| table.name).collect()
}

/// The statement that puts copies into a table: their numbers, what is added to those of rows, and to times.
fn insert(table: &Table, columns: &[String]) -> String {
    let values = columns.iter().map(|column| value(table, column));
    let values = values.collect::<Vec<_>>().join(", ");
    format!(
        "INSERT INTO {name} ({columns}) SELECT {values}
         FROM UNNEST($1::bigint[], $2::bigint[], $3::bigint[]) AS copy(copy_number, copy_offset, copy_later)
              CROSS JOIN copied_{name}",
        name = table.name,
        columns = columns.join(", ")
    )
}

/// What a copy has in a column.
fn value(table: &Table, column: &str) -> String {
    let Some(change) = table.change(column) else { return column.to_owned() };
    match change {
        Change::Row => format!("{column} + copy_offset"),
        Change::Time => format!("{column} + copy_later"),
        Change::Text { call } => {
            format!("lpad(to_hex({}), 8, '0') || '-' || copy_number || '-' || {column}", scattered(call))
        }
        Change::Client { call } => format!("'7' || (9000000000 + {} % 2000000)", scattered(call)),
    }
}

/// A number without order, so that what indexes hold is spread over them. One of 63 bits is the largest there is.
fn scattered(call: &str) -> String {
    format!("((({call} + copy_offset) & 2147483647) * 2654435761 & 4294967295)")
}

/// The columns that the table has now.
async fn columns(table: &Table, transaction: &Transaction<'_>) -> Result<Vec<String>, Error> {
    transaction.query(COLUMNS, &[&table.name]).await?.iter().map(|row| row.try_get(0)).collect()
}

async fn size(client: &Client) -> Result<u64, StorageError> {
    let row = client.query_one("SELECT pg_database_size(current_database())", &[]).await?;
    Ok(row.try_get::<_, i64>(0)?.unsigned_abs())
}
