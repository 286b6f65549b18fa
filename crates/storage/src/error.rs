//! How storing fails.

/// Why the store did not do what was asked. Nothing of the request was kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// The queue to the writer is full: come again.
    #[error("the store is busy")]
    Busy,
    /// The database does not answer.
    #[error("the database is away: {0}")]
    Away(String),
    /// Others who change the same stood in the way until it was given up.
    #[error("others change the same at the same time: {0}")]
    Contended(String),
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// Another process serves from this database.
    #[error(
        "another kontur-telephony serves from this database; stop it first, or give this one a database of its own"
    )]
    InUse,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// A stored value cannot be what it is.
    #[error("{table}.{column} of row {row} cannot be read: {message}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row.
        row: String,
        /// What is wrong with it.
        message: String,
    },
    /// The database was made by a newer version.
    #[error(
        "the database has migration {0}, after which this version cannot use it; use the newer version again"
    )]
    Newer(String),
    /// The database could not be brought up to date. What came before this migration was applied.
    #[error("migration {name} cannot be applied: {message}")]
    Migration {
        /// The migration.
        name: &'static str,
        /// Why.
        message: String,
    },
    /// The database is the beginning of a copy.
    #[error("a copy into the database did not come to its end; run `kontur-telephony database copy` again")]
    HalfCopied,
    /// The database's own error.
    #[error("database: {0}")]
    Driver(String),
}

impl StorageError {
    /// Whether the same transaction may succeed when it is run again.
    pub(crate) const fn may_pass(&self) -> bool {
        matches!(self, Self::Away(_) | Self::Contended(_))
    }

    /// Whether any other change would fare no better.
    pub(crate) const fn is_of_the_database(&self) -> bool {
        matches!(self, Self::Away(_))
    }
}

impl From<rusqlite::Error> for StorageError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::Full,
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => Self::Busy,
            _ => Self::Driver(error.to_string()),
        }
    }
}
