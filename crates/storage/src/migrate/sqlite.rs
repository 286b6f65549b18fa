//! Migrations of SQLite.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{HAD, Had, MIGRATIONS, Migration, NOTE, TABLE, failed, names};
use crate::error::StorageError;

/// Applies what is missing, each migration in its own transaction; says what that was.
pub(crate) fn migrate(connection: &Connection) -> Result<Vec<&'static str>, StorageError> {
    apply(connection, MIGRATIONS)
}

/// What [`migrate`] would apply.
pub(crate) fn missing(connection: &Connection) -> Result<Vec<&'static str>, StorageError> {
    Ok(names(super::left(MIGRATIONS, &had(connection)?)?))
}

pub(super) fn apply(
    connection: &Connection,
    migrations: &[Migration],
) -> Result<Vec<&'static str>, StorageError> {
    let mut applied = Vec::new();
    // Most starts find nothing to do, and need not wait for whoever writes.
    while !super::left(migrations, &had(connection)?)?.is_empty() {
        applied.extend(apply_next(connection, migrations)?);
    }
    Ok(applied)
}

/// Another process may have been faster, which the transaction finds out.
fn apply_next(
    connection: &Connection,
    migrations: &[Migration],
) -> Result<Option<&'static str>, StorageError> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    transaction.execute_batch(TABLE)?;
    let missing = super::left(migrations, &had(connection)?)?;
    let Some(next) = missing.first() else { return Ok(None) };
    transaction.execute_batch(next.sqlite).map_err(|error| failed(next, &error.into()))?;
    transaction.execute(NOTE, (next.name, next.needs))?;
    transaction.commit()?;
    Ok(Some(next.name))
}

fn had(connection: &Connection) -> Result<Vec<Had>, StorageError> {
    if !connection.table_exists(None, "migration")? {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare(HAD)?;
    let had = statement.query_map([], |row| Ok(Had { name: row.get(0)?, needs: row.get(1)? }))?;
    Ok(had.collect::<Result<_, _>>()?)
}
