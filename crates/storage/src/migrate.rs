//! Forward-only migrations: one list, with a text for each database.
//!
//! A database says of each migration that it has had the oldest one that a program has to know to run on it from then on.
//! So the version before the newest goes on running on a database that has been brought up to date, which is what an
//! upgrade without a pause and a way back need.

pub(crate) mod postgres;
pub(crate) mod sqlite;

use std::path::Path;

use crate::error::StorageError;
use crate::sqlite as file;
use crate::store::Place;

/// Never edited after release; new ones are appended and must run while the previous version still serves.
const MIGRATIONS: &[Migration] = &[Migration {
    name: "0001_first",
    needs: 1,
    sqlite: include_str!("../migrations/sqlite/0001_first.sql"),
    postgres: Postgres::AtOnce(include_str!("../migrations/postgres/0001_first.sql")),
}];

/// Brings a database up to date, and makes it if it is not there; says what was applied. Others may go on serving from it.
pub async fn migrate(place: &Place) -> Result<Vec<&'static str>, StorageError> {
    match place {
        Place::File(path) => {
            let missing = missing_in(path)?;
            file::open_writer(path)?;
            Ok(missing)
        }
        Place::Postgres(address) => postgres::migrate(&mut address.connect().await?).await,
    }
}

/// What [`migrate`] would apply.
pub async fn missing(place: &Place) -> Result<Vec<&'static str>, StorageError> {
    match place {
        Place::File(path) => missing_in(path),
        Place::Postgres(address) => postgres::missing(&address.connect().await?).await,
    }
}

fn missing_in(path: &Path) -> Result<Vec<&'static str>, StorageError> {
    if path.exists() { sqlite::missing(&file::open_reader(path)?) } else { Ok(names(MIGRATIONS.iter())) }
}

/// Where a database keeps what it has had.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY, needs BIGINT NOT NULL)";
const HAD: &str = "SELECT name, needs FROM migration ORDER BY name";
const NOTE: &str = "INSERT INTO migration (name, needs) VALUES ($1, $2)";

/// One step from a schema to the next.
struct Migration {
    /// Begins with its number, which is its place in the list, from 1.
    name: &'static str,
    /// The number of the oldest migration that a program has to know to run on the schema that this one leaves. One that
    /// only adds what the version before does not need to know of says what the one before it says.
    needs: i64,
    /// Statements that run in one transaction.
    sqlite: &'static str,
    postgres: Postgres,
}

/// How a migration is applied to PostgreSQL.
enum Postgres {
    /// Statements that run in one transaction.
    AtOnce(&'static str),
    /// Statements that no transaction may contain, such as CREATE INDEX CONCURRENTLY. They run one by one, and again from
    /// the first if they were cut off: each has to be harmless then, as DROP INDEX CONCURRENTLY IF EXISTS before it is.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "the first migration makes its indexes with its tables")
    )]
    OneByOne(&'static [&'static str]),
}

/// What a database says of a migration that it has had.
struct Had {
    name: String,
    needs: i64,
}

/// Those that a database with these has not had yet, in their order.
fn left<'m>(migrations: &'m [Migration], had: &[Had]) -> Result<Vec<&'m Migration>, StorageError> {
    let known = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    if let Some(beyond) = had.iter().find(|had| had.needs > known) {
        return Err(StorageError::Newer(beyond.name.clone()));
    }
    let is_missing = |migration: &&Migration| had.iter().all(|had| had.name != migration.name);
    Ok(migrations.iter().filter(is_missing).collect())
}

fn names<'m>(migrations: impl IntoIterator<Item = &'m Migration>) -> Vec<&'static str> {
    migrations.into_iter().map(|migration| migration.name).collect()
}

fn failed(migration: &Migration, error: &StorageError) -> StorageError {
    StorageError::Migration { name: migration.name, message: error.to_string() }
}

#[cfg(test)]
mod tests;
