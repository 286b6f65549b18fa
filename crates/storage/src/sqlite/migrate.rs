//! Forward-only migrations, each in its own transaction.

use rusqlite::Connection;

use crate::error::StorageError;

/// Never edited after release; new ones are appended and must run while the previous version still serves.
const MIGRATIONS: &[(&str, &str)] = &[("0001_first", include_str!("../../migrations/sqlite/0001_first.sql"))];

/// Applies what is missing.
pub(crate) fn migrate(connection: &Connection) -> Result<(), StorageError> {
    connection.execute_batch("CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY) WITHOUT ROWID")?;
    let mut applied = connection.prepare("SELECT name FROM migration ORDER BY name")?;
    let applied: Vec<String> = applied.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    if let Some(unknown) = applied.iter().find(|name| MIGRATIONS.iter().all(|(known, _)| known != name)) {
        return Err(StorageError::Newer(unknown.clone()));
    }
    for (name, sql) in MIGRATIONS.iter().filter(|(name, _)| !applied.iter().any(|done| done == name)) {
        let transaction = connection.unchecked_transaction()?;
        transaction.execute_batch(sql)?;
        transaction.execute("INSERT INTO migration (name) VALUES ($1)", [name])?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::fresh_for_tests;

    #[test]
    fn migrating_twice_changes_nothing() {
        let connection = fresh_for_tests();
        assert_eq!(migrate(&connection), Ok(()));
    }

    #[test]
    fn a_database_of_a_newer_version_is_refused() {
        let connection = fresh_for_tests();
        connection.execute("INSERT INTO migration (name) VALUES ('9999_future')", []).unwrap();
        assert_eq!(migrate(&connection), Err(StorageError::Newer("9999_future".into())));
    }
}
